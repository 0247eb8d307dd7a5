/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * Lines of a server inside TLS.  They end in CRLF; a bare LF, a bare CR or a
 * NUL is malformed as soon as it is seen, and so is a reply without its code,
 * or with another one in its middle.
 */

#include "config.h"

#include <string.h>

#include "login_engine.h"

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* ' ', '-', or 0 if there is no reply code. */
static char
split_reply(struct login_line *line)
{
	const char *p = line->text;

	if (p[0] < '1' || p[0] > '6' || !is_digit(p[1]) || !is_digit(p[2]) ||
	    (p[3] != '\0' && p[3] != ' ' && p[3] != '-'))
		return 0;
	line->code = (unsigned)(p[0] - '0') * 100u +
	    (unsigned)(p[1] - '0') * 10u + (unsigned)(p[2] - '0');
	line->rest = p[3] == '\0' ? p + 3 : p + 4;
	return p[3] == '\0' ? ' ' : p[3];
}

/* The dot alone ends a block; other dots are stuffed. */
static void
place_in_block(struct login *l, struct login_line *line)
{
	line->first = false;
	line->last = strcmp(line->text, ".") == 0;
	if (line->last)
		l->in_block = false;
	else if (line->text[0] == '.')
		line->rest = line->text + 1;
}

static bool
place(struct login *l, struct login_line *line)
{
	const bool loose = l->protocol->framing == LOGIN_LOOSE_REPLIES;
	char kind;

	line->code = 0;
	line->rest = line->text;
	line->first = line->last = true;
	if (l->in_block) {
		place_in_block(l, line);
		return true;
	}
	if (l->protocol->framing == LOGIN_LINES)
		return true;
	kind = split_reply(line);
	if (l->open_code != 0 && (kind == 0 || line->code != l->open_code)) {
		/* in FTP anything but "ddd " with the first code is text */
		line->code = l->open_code;
		line->rest = line->text;
		kind = loose ? '-' : 0;
	}
	line->first = l->open_code == 0;
	line->last = kind == ' ';
	l->open_code = line->last ? 0 : line->code;
	return kind != 0 && (line->last ||
	    l->protocol->framing != LOGIN_REPLY);
}

int
login_cut(struct login *l, struct login_line *ret_line)
{
	size_t i;
	bool good;

	for (i = l->searched; i < l->in_len; i++)
		if (l->in[i] == '\0' || l->in[i] == '\n' || l->in[i] == '\r')
			break;
	l->searched = i;
	if (i + 1 >= sizeof(l->in)) {
		login_fail(l, STARTTLS_E_LIMIT, NULL,
		    "a line of the peer is too long (%s)",
		    login_state_name(l));
		return -1;
	}
	if (i == l->in_len || (l->in[i] == '\r' && i + 1 == l->in_len))
		return 0;
	good = l->in[i] == '\r' && l->in[i + 1] == '\n';
	l->in[i] = '\0';
	l->searched = 0;
	ret_line->text = l->in;
	if (!good || !place(l, ret_line)) {
		ret_line->code = 0;
		login_malformed(&l->d, ret_line);
		return -1;
	}
	return (int)i + 2;
}
