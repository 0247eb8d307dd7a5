/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * Lines over a session, for the other examples: bounded, with a deadline for
 * each.  Where something fails the cause is printed, and -1 is returned.
 */

#ifndef LINES_H
#define LINES_H

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <starttls.h>

#define LINES_TIMEOUT_MS 60000

struct lines {
	struct starttls_session *session;
	size_t at, len;
	unsigned char in[4096];
};

/* What others wrote is not let loose on a terminal: only printable ASCII. */
static inline void
lines_show(FILE *out, const char *text, size_t len)
{
	const char *end = text + len;

	for (; text < end; text++)
		if (*text != '\r')
			putc((*text >= ' ' && *text <= '~') || *text == '\t' ||
			    *text == '\n' ? *text : '?', out);
}

/* The reason is the server's, too, where it is a reply. */
static inline int
lines_fail(const struct lines *l, const char *why)
{
	struct starttls_error error;

	if (starttls_session_error(l->session, &error) != 0)
		why = error.message;
	lines_show(stderr, why, strlen(why));
	putc('\n', stderr);
	return -1;
}

/* The next byte.  An end without close_notify is an error of the session. */
static inline int
lines_getc(struct lines *l)
{
	ssize_t n;

	if (l->at == l->len) {
		n = starttls_session_read(l->session, l->in, sizeof(l->in));
		if (n <= 0)
			return lines_fail(l, "the server closed the session");
		l->at = 0;
		l->len = (size_t)n;
	}
	return l->in[l->at++];
}

/* The next line, without its end. */
static inline int
lines_get(struct lines *l, char *line, size_t size)
{
	size_t n = 0;
	int c;

	if (starttls_session_set_deadline(l->session, LINES_TIMEOUT_MS) != 0)
		return lines_fail(l, "no deadline can be set");
	while ((c = lines_getc(l)) != '\n') {
		if (c < 0)
			return -1;
		if (c == '\0' || n + 1 == size)
			return lines_fail(l, "a line too long, or with a NUL");
		line[n++] = (char)c;
	}
	line[n > 0 && line[n - 1] == '\r' ? n - 1 : n] = '\0';
	return 0;
}

/* With a deadline, all of it is written, or none of it counts. */
static inline int
lines_write(struct lines *l, const void *data, size_t len)
{
	if (starttls_session_set_deadline(l->session, LINES_TIMEOUT_MS) != 0 ||
	    starttls_session_write(l->session, data, len) < 0)
		return lines_fail(l, "the line cannot be sent");
	return 0;
}

/* One line, and never two: what is formatted in may come from anywhere. */
static inline int
lines_put(struct lines *l, const char *format, ...)
{
	char line[1024];
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(line, sizeof(line) - 2, format, args);
	va_end(args);
	if (n < 0 || (size_t)n >= sizeof(line) - 2 ||
	    strpbrk(line, "\r\n") != NULL)
		return lines_fail(l, "a line too long, or with a line end");
	memcpy(line + n, "\r\n", 2);
	return lines_write(l, line, (size_t)n + 2);
}

#endif
