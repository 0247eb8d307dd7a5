/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/* Print the capabilities that an IMAP server has inside TLS. */

#include <stdio.h>
#include <starttls.h>

/* What a server says must not steer the terminal. */
static void print(const char *data, ssize_t n)
{
	for (; n > 0; data++, n--)
		putchar((*data >= ' ' && *data <= '~') || *data == '\r' ||
		    *data == '\n' ? *data : '?');
}

int main(int argc, char **argv)
{
	struct starttls_policy *policy;
	struct starttls_session *session;
	struct starttls_error error;
	char data[4096];
	ssize_t n;

	if (argc != 3 || starttls_policy_new(&policy, STARTTLS_CLIENT) != 0)
		return 1;
	if (starttls_policy_add_trust_file(policy, argv[2], &error) != 0 ||
	    starttls_open(&session, policy, argv[1], 10000, NULL, &error) != 0) {
		fprintf(stderr, "%s\n", error.message);
		return 1;
	}
	n = starttls_session_write(session, "a CAPABILITY\r\nb LOGOUT\r\n", 24);
	while (n > 0 && (n = starttls_session_read(session, data, sizeof(data))) > 0)
		print(data, n);
	starttls_session_free(session);
	starttls_policy_unref(policy);
	return n == 0 ? 0 : 1; /* 0: the peer said that this was all */
}
