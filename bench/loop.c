/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * Upgrades with the library, one after the other, under one policy.
 *
 * usage: loop CAFILE imap|smtp PORT 1.2|1.3 COUNT full|resume
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "starttls.h"

#define TIMEOUT_MS 20000

static void
die(const struct starttls_error *error)
{
	fprintf(stderr, "loop: %s\n", error->message);
	exit(1);
}

static void
upgrade(struct starttls_policy *policy, const char *protocol,
	const char *port, int want_resumed)
{
	struct starttls_options options = STARTTLS_OPTIONS_INIT;
	struct starttls_report report = { .size = sizeof(report) };
	struct starttls_session *session;
	struct starttls_error error;
	char url[64];

	snprintf(url, sizeof(url), "%s://localhost:%s", protocol, port);
	options.connect_host = "127.0.0.1";
	if (starttls_open(&session, policy, url, TIMEOUT_MS, &options,
	    &error) != 0 || starttls_session_check(session, &error) != 0)
		die(&error);
	if (want_resumed && (starttls_session_report(session, &report) != 0 ||
	    !report.resumed)) {
		fprintf(stderr, "loop: not resumed\n");
		exit(1);
	}
	starttls_session_free(session);
}

int
main(int argc, char **argv)
{
	struct starttls_policy *policy;
	struct starttls_error error;
	int i, count, resume;

	if (argc != 7) {
		fprintf(stderr, "usage: loop CAFILE imap|smtp PORT 1.2|1.3 "
		    "COUNT full|resume\n");
		return 1;
	}
	count = atoi(argv[5]);
	resume = strcmp(argv[6], "resume") == 0;
	if (starttls_policy_new(&policy, STARTTLS_CLIENT) != 0)
		return 1;
	if (starttls_policy_trust_file(policy, argv[1], &error) != 0 ||
	    starttls_policy_set_resumption(policy, resume, &error) != 0)
		die(&error);
	if (strcmp(argv[4], "1.2") == 0 &&
	    starttls_policy_restrict(policy, "-VERS-TLS1.3", &error) != 0)
		die(&error);
	/* a report is not for free: the last one stands for all */
	for (i = 1; i <= count; i++)
		upgrade(policy, argv[2], argv[3], resume && i == count);
	starttls_policy_unref(policy);
	return 0;
}
