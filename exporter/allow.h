/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/* Patterns for targets: SCHEME://HOST[:PORT]. */

#ifndef ALLOW_H
#define ALLOW_H

#include <stdbool.h>
#include <stddef.h>

#include "starttls.h"

struct pattern {
	char scheme[16];           /* "*": any */
	char host[256];            /* for fnmatch(3), lower case */
	bool any_port;
	long port;                 /* 0: that of the scheme */
};

/* False: it is none, with the words in @why. */
bool pattern_parse(const char *text, struct pattern *ret_pattern, char *why,
		   size_t why_size);
/* On what a URL means, never on its text. */
bool pattern_matches(const struct pattern *pattern,
		     const struct starttls_url *url);

#endif
