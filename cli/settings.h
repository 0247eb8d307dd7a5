/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/* All that options can say: the sum of what the rooms want to know. */

#ifndef CLI_SETTINGS_H
#define CLI_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>

#include "check/batch.h"
#include "check/format.h"
#include "check/probe.h"
#include "relay/front.h"
#include "relay/relay.h"
#include "starttls.h"

struct subcommand;

struct settings {
	/* whom to trust and reach, and how to log in */
	struct starttls_policy *policy;
	struct starttls_options options;
	char *connect_host;        /* owned; options points to them */
	char *connect_port;
	struct account account;
	int timeout_ms;

	/* each room's */
	struct format_settings format;
	struct batch_settings batch;
	struct probe_settings probe;
	struct front_settings front; /* what it points to is owned */
	struct patience patience;  /* of proxy's, and of the tunnel's */
	bool ends_lines, greets;   /* the tunnel */
	char **command;            /* what follows "--"; NULL: none */
	char *to_host;             /* owned; NULL: no backend */
	char *to_port;
	long max_running;

	/* the command's own */
	bool quiet;
	bool trace;
	bool pem;
	bool resumes;
	bool client_ca, client_cert; /* options that were given */
	char **urls;               /* what follows the options */
	char **own_urls;           /* those among them that are owned */
	int url_count;
	const struct subcommand *subcommands; /* all, to one without a name */
	const struct subcommand *subcommand; /* to do it once more */
	int argc;
	char **argv;
};

/* What a check wants to know; points into @settings. */
struct check_settings check_settings_of(const struct settings *settings);

#endif
