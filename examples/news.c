/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * Post an article over NNTP and read it back: AUTHINFO inside TLS, POST with
 * the dots doubled, ARTICLE with the dots taken away again.
 *
 *	cc news.c -o news $(pkg-config --cflags --libs libstarttls)
 *	./news nntp://news.example.org ca.pem user password-file \
 *	    '<1234.abcd@my.example.org>' <article
 *
 * The article, on standard input, has no Message-ID: it is the last argument.
 * The password is the first line of the file, or, as env:NAME, the value of
 * an environment variable.  Status 0: it was posted, and all of it read back.
 */

#define _POSIX_C_SOURCE 200809L

#include "dotted.h"
#include "secret.h"

/* Every reply is one line.  0: it begins with @want. */
static int
expect(struct lines *l, const char *want)
{
	char line[1024];

	if (lines_get(l, line, sizeof(line)) != 0)
		return -1;
	return strncmp(line, want, strlen(want)) == 0 ? 0 :
	    lines_fail(l, line);
}

/* Some servers need no password for this user, and say 281 at once. */
static int
log_in(struct lines *l, const char *user, const char *password)
{
	char line[1024];

	if (lines_put(l, "AUTHINFO USER %s", user) != 0 ||
	    lines_get(l, line, sizeof(line)) != 0)
		return -1;
	if (strncmp(line, "281", 3) == 0)
		return 0;
	if (strncmp(line, "381", 3) != 0)
		return lines_fail(l, line);
	if (lines_put(l, "AUTHINFO PASS %s", password) != 0)
		return -1;
	return expect(l, "281");
}

static int
post(struct lines *l, const char *id)
{
	if (lines_put(l, "POST") != 0 || expect(l, "340") != 0 ||
	    lines_put(l, "Message-ID: %s", id) != 0 ||
	    dotted_put(l, stdin, 1) != 0)
		return -1;
	return expect(l, "240");
}

/* The line with only a dot is the end; of others that begin with one it is
   taken away. */
static int
read_back(struct lines *l, const char *id)
{
	char line[8192], *text;

	if (lines_put(l, "ARTICLE %s", id) != 0 || expect(l, "220") != 0)
		return -1;
	for (;;) {
		if (lines_get(l, line, sizeof(line)) != 0)
			return -1;
		if (strcmp(line, ".") == 0)
			return 0;
		text = line[0] == '.' ? line + 1 : line;
		lines_show(stdout, text, strlen(text));
		putchar('\n');
	}
}

/* RFC 5536 section 3.1.3, as far as it keeps the command one command. */
static int
is_message_id(const char *id)
{
	size_t len = strlen(id);

	return len > 4 && len <= 250 && id[0] == '<' &&
	    strcspn(id + 1, "<> \t\r\n") == len - 2 && id[len - 1] == '>';
}

/* What was said before TLS does not count any more.  On the dedicated port
   the greeting comes now. */
static int
converse(struct lines *l, char **argv, const char *password)
{
	struct starttls_report report = { .size = sizeof(report) };

	if (!is_message_id(argv[5]))
		return lines_fail(l, "not a message-id");
	starttls_session_report(l->session, &report);
	if (!report.upgraded && expect(l, "20") != 0)
		return -1;
	if (log_in(l, argv[3], password) != 0 || post(l, argv[5]) != 0 ||
	    read_back(l, argv[5]) != 0)
		return -1;
	lines_put(l, "QUIT");      /* all is done in any case */
	return 0;
}

int
main(int argc, char **argv)
{
	struct starttls_policy *policy;
	struct starttls_error error;
	struct lines l = { .session = NULL };
	char password[256];
	int rc = -1;

	if (argc != 6 || secret_read(argv[4], password, sizeof(password)) ||
	    starttls_policy_new(&policy, STARTTLS_CLIENT) != 0)
		return 2;
	if (starttls_policy_add_trust_file(policy, argv[2], &error) != 0 ||
	    starttls_open(&l.session, policy, argv[1], 10000, NULL, &error))
		fprintf(stderr, "%s\n", error.message);
	else
		rc = converse(&l, argv, password);
	starttls_session_end(l.session);
	starttls_policy_unref(policy);
	return rc == 0 && fflush(stdout) == 0 ? 0 : 1;
}
