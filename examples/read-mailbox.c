/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * Print date, sender and subject of each message of an INBOX over IMAP: LOGIN,
 * SELECT, FETCH, LOGOUT, with literals in both directions.
 *
 *	cc read-mailbox.c -o read-mailbox \
 *	    $(pkg-config --cflags --libs libstarttls)
 *	./read-mailbox imap://mail.example.org ca.pem user password-file
 *
 * The password is the first line of the file, or, as env:NAME, the value of
 * an environment variable.  Status 0: all of it was read.
 */

#define _POSIX_C_SOURCE 200809L

#include <errno.h>

#include "lines.h"
#include "secret.h"

/* The size of the literal that follows a line, "{123}" at its end. */
static int
literal_size(const char *line, unsigned long *ret_size)
{
	const char *brace = strrchr(line, '{');
	char *end;

	if (brace == NULL || brace[1] < '0' || brace[1] > '9')
		return 0;
	errno = 0;
	*ret_size = strtoul(brace + 1, &end, 10);
	return errno == 0 && strcmp(end, "}") == 0;
}

static int
print_literal(struct lines *l, unsigned long size)
{
	char byte;
	int c;

	for (; size > 0; size--) {
		c = lines_getc(l);
		if (c < 0)
			return -1;
		byte = (char)c;
		lines_show(stdout, &byte, 1);
	}
	return 0;
}

/*
 * Read until the line that begins with the tag.  Literals are taken by their
 * size, so that nothing in a message can pass for a reply.
 */
static int
finish(struct lines *l, const char *tag, unsigned long *ret_exists)
{
	size_t tag_len = strlen(tag);
	unsigned long size;
	char line[8192], *end;
	int is_start = 1;          /* of a reply, not behind a literal */

	while (lines_get(l, line, sizeof(line)) == 0) {
		if (is_start && strncmp(line, tag, tag_len) == 0 &&
		    line[tag_len] == ' ')
			return strncmp(line + tag_len, " OK", 3) == 0 ? 0 :
			    lines_fail(l, line);
		if (is_start && ret_exists != NULL &&
		    strncmp(line, "* ", 2) == 0) {
			size = strtoul(line + 2, &end, 10);
			if (strcmp(end, " EXISTS") == 0)
				*ret_exists = size;
		}
		is_start = !literal_size(line, &size);
		if (!is_start && print_literal(l, size) != 0)
			return -1;
	}
	return -1;
}

/* The server is ready for a literal; anything else is its refusal. */
static int
go_on(struct lines *l)
{
	char line[8192];

	do {
		if (lines_get(l, line, sizeof(line)) != 0)
			return -1;
	} while (strncmp(line, "* ", 2) == 0);
	return line[0] == '+' ? 0 : lines_fail(l, line);
}

/* As literals, which need no quoting, user and password may be anything. */
static int
log_in(struct lines *l, const char *user, const char *password)
{
	if (lines_put(l, "a LOGIN {%zu}", strlen(user)) != 0 ||
	    go_on(l) != 0 ||
	    lines_put(l, "%s {%zu}", user, strlen(password)) != 0 ||
	    go_on(l) != 0 || lines_put(l, "%s", password) != 0)
		return -1;
	return finish(l, "a", NULL);
}

/* PEEK leaves the messages unseen. */
static int
converse(struct lines *l, const char *user, const char *password)
{
	unsigned long exists = 0;

	if (log_in(l, user, password) != 0 ||
	    lines_put(l, "b SELECT INBOX") != 0 ||
	    finish(l, "b", &exists) != 0)
		return -1;
	if (exists > 0 && (lines_put(l, "c FETCH 1:* "
	    "(BODY.PEEK[HEADER.FIELDS (DATE FROM SUBJECT)])") != 0 ||
	    finish(l, "c", NULL) != 0))
		return -1;
	return lines_put(l, "d LOGOUT") != 0 ? -1 : finish(l, "d", NULL);
}

int
main(int argc, char **argv)
{
	struct starttls_policy *policy;
	struct starttls_error error;
	struct lines l = { .session = NULL };
	char password[256];
	int rc = -1;

	if (argc != 5 || secret_read(argv[4], password, sizeof(password)) ||
	    starttls_policy_new(&policy, STARTTLS_CLIENT) != 0)
		return 2;
	if (starttls_policy_add_trust_file(policy, argv[2], &error) != 0 ||
	    starttls_open(&l.session, policy, argv[1], 10000, NULL, &error))
		fprintf(stderr, "%s\n", error.message);
	else
		rc = converse(&l, argv[3], password);
	starttls_session_end(l.session);
	starttls_policy_unref(policy);
	return rc == 0 && fflush(stdout) == 0 ? 0 : 1;
}
