/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * A program that speaks through stdio, before TLS and inside: it prints the
 * capabilities that an IMAP server has inside TLS.
 *
 *	cc stdio.c -o stdio $(pkg-config --cflags --libs libstarttls)
 *	./stdio mail.example.org 143 ca.pem
 *
 * Before TLS the streams have no buffers, as what stdio has read ahead nobody
 * else can see.  Inside, fopencookie(3) makes streams of the session, one for
 * each direction, as a stream for both may lose what it holds when it turns
 * round.  BSD and macOS have funopen(3) instead, with int in place of size_t
 * and ssize_t, and -1 from a write that failed.
 */

#define _GNU_SOURCE                /* fopencookie, strcasestr */

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <starttls.h>

#include "lines.h"

#define TIMEOUT_MS 10000

struct peer {
	FILE *in, *out;
};

/* The detail is in starttls_session_error. */
static ssize_t
failed(ssize_t code, ssize_t result)
{
	errno = code == STARTTLS_E_TIMEOUT ? ETIMEDOUT : EIO;
	return result;
}

/* Only close_notify is an end of file; a stream that was cut is an error. */
static ssize_t
read_session(void *session, char *data, size_t size)
{
	ssize_t n;

	if (starttls_session_set_deadline(session, TIMEOUT_MS) != 0)
		return -1;
	n = starttls_session_read(session, data, size);
	return n >= 0 ? n : failed(n, -1);
}

/* With a deadline it is all or nothing; 0 is what stdio takes for failure. */
static ssize_t
write_session(void *session, const char *data, size_t len)
{
	ssize_t n;

	if (starttls_session_set_deadline(session, TIMEOUT_MS) != 0)
		return 0;
	n = starttls_session_write(session, data, len);
	return n >= 0 ? n : failed(n, 0);
}

static int
open_streams(struct peer *p, struct starttls_session *session)
{
	cookie_io_functions_t reads = { read_session, NULL, NULL, NULL };
	cookie_io_functions_t writes = { NULL, write_session, NULL, NULL };

	p->in = fopencookie(session, "r", reads);
	p->out = fopencookie(session, "w", writes);
	return p->in != NULL && p->out != NULL ? 0 : -1;
}

/* The descriptor stays the caller's. */
static int
open_cleartext(struct peer *p, int fd)
{
	int in = dup(fd), out = dup(fd);

	p->in = in < 0 ? NULL : fdopen(in, "r");
	p->out = out < 0 ? NULL : fdopen(out, "w");
	if (p->in == NULL || p->out == NULL)
		return -1;
	setvbuf(p->in, NULL, _IONBF, 0);
	setvbuf(p->out, NULL, _IOLBF, 0);
	return 0;
}

static int
close_streams(struct peer *p)
{
	int rc = p->in != NULL && fclose(p->in) != 0 ? -1 : 0;

	if (p->out != NULL && fclose(p->out) != 0)
		rc = -1;
	p->in = p->out = NULL;
	return rc;
}

static int
get_line(struct peer *p, char *line, int size)
{
	return fgets(line, size, p->in) != NULL &&
	    strchr(line, '\n') != NULL ? 0 : -1;
}

/* Ask for capabilities; @ret_line is the list. */
static int
ask(struct peer *p, char *ret_line, int size)
{
	char line[1024];

	ret_line[0] = '\0';
	if (fputs("a CAPABILITY\r\n", p->out) == EOF || fflush(p->out) != 0)
		return -1;
	while (get_line(p, line, sizeof(line)) == 0) {
		if (strncasecmp(line, "* CAPABILITY ", 13) == 0)
			snprintf(ret_line, (size_t)size, "%s", line);
		if (strncasecmp(line, "a ", 2) == 0)
			return ret_line[0] != '\0' ? 0 : -1;
	}
	return -1;
}

/* Up to the upgrade, whose command the library says. */
static int
speak_cleartext(int fd)
{
	struct peer p = { NULL, NULL };
	char line[1024];
	int rc = open_cleartext(&p, fd);

	if (rc == 0)
		rc = get_line(&p, line, sizeof(line)); /* the greeting */
	if (rc == 0)
		rc = ask(&p, line, sizeof(line));
	/* the library does not see this list, so it is ours to look at */
	if (rc == 0 && strcasestr(line, " STARTTLS") == NULL)
		rc = -1;
	if (close_streams(&p) != 0 || rc != 0) {
		fprintf(stderr, "the server does not offer STARTTLS\n");
		return -1;
	}
	return 0;
}

static int
speak_inside(struct starttls_session *session)
{
	struct starttls_error error = STARTTLS_ERROR_INIT;
	struct peer p = { NULL, NULL };
	char line[1024];
	int rc = open_streams(&p, session);

	if (rc == 0)
		rc = ask(&p, line, sizeof(line));
	if (rc == 0)
		lines_show(stdout, line, strlen(line));
	if (rc == 0 && (fputs("b LOGOUT\r\n", p.out) == EOF ||
	    fflush(p.out) != 0))
		rc = -1;
	while (rc == 0 && get_line(&p, line, sizeof(line)) == 0)
		continue;
	if (rc == 0 && ferror(p.in))
		rc = -1;           /* the end was not the server's */
	if (rc != 0)
		fprintf(stderr, "%s\n", starttls_session_error(session,
		    &error) != 0 ? error.message : "no legal reply");
	return close_streams(&p) != 0 ? -1 : rc;
}

int
main(int argc, char **argv)
{
	struct starttls_error error = STARTTLS_ERROR_INIT;
	struct starttls_policy *policy = NULL;
	struct starttls_upgrade *upgrade = NULL;
	struct starttls_session *session = NULL;
	int fd = -1, rc = -1;

	if (argc != 4 || starttls_policy_new(&policy, STARTTLS_CLIENT) != 0)
		return 2;
	if (starttls_policy_add_trust_file(policy, argv[3], &error) == 0 &&
	    starttls_dial(argv[1], argv[2], STARTTLS_ANY, TIMEOUT_MS, &fd,
	    &error) == 0 && speak_cleartext(fd) == 0 &&
	    starttls_upgrade_new(&upgrade, policy,
	    starttls_protocol_find("imap"), STARTTLS_COMMAND, argv[1], fd,
	    NULL, &error) == 0 &&
	    starttls_upgrade_run(upgrade, TIMEOUT_MS, &error) == 0) {
		session = starttls_upgrade_take(upgrade);
		upgrade = NULL;
		rc = speak_inside(session);
	}
	if (error.code != 0)
		fprintf(stderr, "%s\n", error.message);
	starttls_session_free(session);
	starttls_upgrade_free(upgrade);
	starttls_policy_unref(policy);
	if (fd >= 0)
		close(fd);
	return rc == 0 ? 0 : 1;
}
