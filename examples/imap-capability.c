/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * Ask an IMAP server for its capabilities, inside TLS.
 *
 * One policy, one session, one deadline of ten seconds for all of it.  The
 * first error of a session stays with it, so it is enough to look once, at the
 * end.
 */

#include <stdio.h>

#include <starttls.h>

int
main(int argc, char **argv)
{
	static const char commands[] = "a1 CAPABILITY\r\na2 LOGOUT\r\n";
	struct starttls_error error = { .message = "out of memory" };
	struct starttls_policy *policy = NULL;
	struct starttls_session *session = NULL;
	char data[4096];
	ssize_t n;
	int rc;

	if (argc < 2) {
		fprintf(stderr, "usage: imap-capability URL [CA-FILE]\n");
		return 1;
	}
	rc = starttls_policy_new(&policy, STARTTLS_CLIENT);
	if (rc == 0 && argc > 2)
		rc = starttls_policy_trust_file(policy, argv[2], &error);
	if (rc == 0)
		rc = starttls_open(&session, policy, argv[1], 10000, NULL,
		    &error);
	if (rc == 0) {
		n = starttls_session_write(session, commands,
		    sizeof(commands) - 1);
		while (n > 0) {
			n = starttls_session_read(session, data, sizeof(data));
			if (n > 0)
				fwrite(data, 1, (size_t)n, stdout);
		}
		if (starttls_session_close(session) != 0)
			rc = starttls_session_error(session, &error);
	}
	if (rc != 0)
		fprintf(stderr, "%s\n", error.message);
	starttls_session_free(session);
	starttls_policy_unref(policy);
	return rc == 0 ? 0 : 1;
}
