/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/* TLS for local clients that know nothing of it. */

#ifndef RELAY_PROXY_H
#define RELAY_PROXY_H

#include "front.h"
#include "relay.h"

/* Whom to trust and reach, and for whom. */
struct proxy_settings {
	struct front_settings front;
	bool quiet;
	struct starttls_policy *policy;
	const struct starttls_options *options;
	/* SIGHUP, as serve's */
	struct starttls_policy *(*reload)(void *context);
	void *context;
	const char *target;        /* the URL as it was given, */
	struct starttls_url url;   /* and taken apart */
	struct patience patience;  /* with the end of a client's input */
};

/* Until a signal ends it.  Returns the exit status, and has complained. */
int proxy(const struct proxy_settings *settings);

#endif
