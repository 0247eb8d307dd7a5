/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * Send a text of many lines the way of SMTP and NNTP: CR LF behind each line,
 * a dot before each dot that begins one (RFC 5321 section 4.5.2), and a line
 * with only a dot at the end.
 */

#ifndef DOTTED_H
#define DOTTED_H

#include "lines.h"

#define DOTTED_MAX_LINE 998        /* RFC 5322 section 2.1.1 */

/*
 * A CR alone counts as the end of a line: sent as it is, it would let a text
 * end itself in the eyes of some servers (SMTP smuggling).  After a failure
 * the text has no end, so the server will not take it: hang up.
 */
static inline int
dotted_put(struct lines *l, FILE *in, int may_be_8bit)
{
	char out[4096];
	size_t n = 0, column = 0;
	int c, last = '\n';

	for (; (c = getc(in)) != EOF; last = c) {
		if (c == '\n' && last == '\r')
			continue;
		if (c == '\0' || (c > 127 && !may_be_8bit) ||
		    column > DOTTED_MAX_LINE)
			return lines_fail(l, "the text has a byte that the "
			    "server does not take, or too long a line");
		if (c == '.' && column == 0)
			out[n++] = '.';
		if (c == '\n' || c == '\r') {
			out[n++] = '\r';
			out[n++] = '\n';
			column = 0;
		} else {
			out[n++] = (char)c;
			column++;
		}
		if (n > sizeof(out) - 8) {
			if (lines_write(l, out, n) != 0)
				return -1;
			n = 0;
		}
	}
	if (ferror(in))
		return lines_fail(l, "the text cannot be read");
	n += (size_t)snprintf(out + n, 8, "%s.\r\n", column > 0 ? "\r\n" : "");
	return lines_write(l, out, n);
}

#endif
