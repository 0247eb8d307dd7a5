/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * Framers for lines, for three-digit replies as SMTP (RFC 5321 section 4.2),
 * FTP (RFC 959 section 4.2) and NNTP (RFC 3977 section 3.1) have them, and for
 * protocols that count bytes.
 *
 * A multi-line reply is handed on line by line, marked first and last, so
 * that a long one needs no more memory than its longest line.
 */

#include "config.h"

#include "frame.h"

#include <string.h>

#include "starttls.h"

#define MALFORMED STARTTLS_E_PROTOCOL
#define FRAME_MAX 4096             /* more than fits is never whole */

static bool
is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

/* The dot alone ends a block; other dots are stuffed, RFC 3977 3.1.1. */
static void
place_in_block(struct framer *f, struct unit *u)
{
	bool dot = u->line.len > 0 && u->line.data[0] == '.';

	u->first = false;
	u->last = dot && u->line.len == 1;
	if (u->last)
		f->in_block = false;
	else if (dot) {
		u->text.data++;
		u->text.len--;
	}
}

/* Some servers and clients say CR CR LF. */
static size_t
without_cr(const uint8_t *data, size_t len)
{
	while (len > 0 && data[len - 1] == '\r')
		len--;
	return len;
}

ssize_t
starttls_frame_line(struct framer *f, const uint8_t *data, size_t len,
		    struct unit *ret_unit)
{
	const uint8_t *end;
	size_t line_len;

	end = memchr(data + f->searched, '\n', len - f->searched);
	if (end == NULL) {
		*ret_unit = (struct unit){ .line = { data, len } };
		/* messages of others have no line end to be waited for */
		if (memchr(data + f->searched, '\0', len - f->searched) != NULL)
			return MALFORMED;
		f->searched = len;
		return 0;
	}
	f->searched = 0;
	line_len = without_cr(data, (size_t)(end - data));
	*ret_unit = (struct unit){
		.line = { data, line_len },
		.text = { data, line_len },
		.first = true,
		.last = true,
	};
	if (memchr(data, '\r', line_len) != NULL ||
	    memchr(data, '\0', line_len) != NULL)
		return MALFORMED;
	if (f->in_block)
		place_in_block(f, ret_unit);
	return end - data + 1;
}

/* What fills the buffer is a piece, but not the CR at its end, if any. */
ssize_t
starttls_frame_pieces(struct framer *f, const uint8_t *data, size_t len,
		      struct unit *ret_unit)
{
	ssize_t n = starttls_frame_line(f, data, len, ret_unit);

	if (n != 0 || len < FRAME_MAX)
		return n;
	len = without_cr(data, len);
	f->searched = 0;
	*ret_unit = (struct unit){
		.line = { data, len },
		.text = { data, len },
		.first = true,
	};
	return memchr(data, '\r', len) != NULL ||
	    memchr(data, '\0', len) != NULL ? MALFORMED : (ssize_t)len;
}

/*
 * A server is strict: a bare LF, a bare CR or a NUL is malformed as soon as
 * it is seen, not when its line ends, which it may never do.
 */
static ssize_t
cut_command(struct framer *f, const uint8_t *data, size_t len, bool may_lack_cr,
	    struct unit *ret_unit)
{
	bool had_cr = f->searched > 0 && data[f->searched - 1] == '\r';
	size_t i;

	for (i = f->searched; i < len; i++) {
		if (data[i] == '\0' || data[i] == '\n' ||
		    (had_cr && data[i] != '\r'))
			break;
		had_cr = data[i] == '\r';
	}
	f->searched = i;
	if (i == len)
		return 0;
	f->searched = 0;
	*ret_unit = (struct unit){
		.line = { data, without_cr(data, i) },
		.text = { data, without_cr(data, i) },
		.first = true,
		.last = true,
	};
	return data[i] == '\n' && (had_cr || may_lack_cr) ? (ssize_t)i + 1 :
	    MALFORMED;
}

ssize_t
starttls_frame_command(struct framer *f, const uint8_t *data, size_t len,
		       struct unit *ret_unit)
{
	return cut_command(f, data, len, false, ret_unit);
}

ssize_t
starttls_frame_command_lf(struct framer *f, const uint8_t *data, size_t len,
			  struct unit *ret_unit)
{
	return cut_command(f, data, len, true, ret_unit);
}

/* Whether a line goes on behind a literal, of how many bytes. */
enum line_end { ENDS, LITERAL, BROKEN };

static enum line_end
end_of(const uint8_t *line, size_t len, size_t *ret_octets)
{
	bool quoted = false;
	size_t i, brace = len, octets = 0;

	for (i = 0; i < len; i++) {
		if (line[i] == '\r' || line[i] == '\0')
			return BROKEN;
		if (quoted && line[i] == '\\')
			i++;
		else if (line[i] == '"')
			quoted = !quoted;
		else if (!quoted && line[i] == '{')
			brace = i;
	}
	if (quoted || i > len)
		return BROKEN;
	if (brace == len || line[len - 1] != '}')
		return ENDS;
	for (i = brace + 1; i < len - 1 && is_digit(line[i]); i++)
		if (octets < SIZE_MAX / 16)
			octets = octets * 10 + (size_t)(line[i] - '0');
	*ret_octets = octets;
	return i == len - 1 && i > brace + 1 ? LITERAL : BROKEN;
}

/*
 * RFC 5804 section 4: "{123}" at the end of a line outside of quotes, and 123
 * octets behind it, which may have line ends but no NUL in them.  As nothing is
 * let go of before all is there, the whole is as bounded as a line.
 */
ssize_t
starttls_frame_literals(struct framer *f, const uint8_t *data, size_t len,
			struct unit *ret_unit)
{
	size_t at = 0, line_len, octets = 0;
	const uint8_t *end;

	*ret_unit = (struct unit){
		.line = { data, len },
		.first = true,
		.last = true,
	};
	if (memchr(data + f->searched, '\n', len - f->searched) == NULL &&
	    !f->in_block) {
		if (memchr(data + f->searched, '\0', len - f->searched) != NULL)
			return MALFORMED;
		f->searched = len;
		return 0;
	}
	for (;;) {
		end = memchr(data + at, '\n', len - at);
		if (end == NULL)
			return 0;
		line_len = without_cr(data + at, (size_t)(end - data) - at);
		switch (end_of(data + at, line_len, &octets)) {
		case BROKEN:
			ret_unit->line.len = at + line_len;
			return MALFORMED;
		case ENDS:
			f->searched = 0;
			f->in_block = false;
			ret_unit->line.len = at + line_len;
			ret_unit->text = ret_unit->line;
			return end - data + 1;
		case LITERAL:
			break;
		}
		f->in_block = true;
		at = (size_t)(end - data) + 1;
		if (octets > len - at)
			return octets > FRAME_MAX ? MALFORMED : 0;
		if (memchr(data + at, '\0', octets) != NULL)
			return MALFORMED;
		at += octets;
	}
}

ssize_t
starttls_frame_exact(struct framer *f, const uint8_t *data, size_t len,
		     struct unit *ret_unit)
{
	/* nothing is wanted: whatever comes is too much */
	*ret_unit = (struct unit){ .line = { data, len } };
	if (f->wanted == 0)
		return MALFORMED;
	if (len < f->wanted)
		return 0;
	*ret_unit = (struct unit){
		.line = { data, f->wanted },
		.text = { data, f->wanted },
		.first = true,
		.last = true,
	};
	return (ssize_t)f->wanted;
}

/*
 * "ddd", "ddd text" or "ddd-text": fill in code and text, say which.
 * Returns ' ', '-', or 0 if the line does not start with a reply code.
 */
static char
split_reply(struct unit *u)
{
	const uint8_t *p = u->line.data;
	size_t len = u->line.len;

	if (len < 3 || p[0] < '1' || p[0] > '6' || !is_digit(p[1]) ||
	    !is_digit(p[2]) || (len > 3 && p[3] != ' ' && p[3] != '-'))
		return 0;
	u->code = (p[0] - '0') * 100u + (p[1] - '0') * 10u + (p[2] - '0');
	u->text = (struct bytes){ p + (len > 3 ? 4 : 3),
	    len > 3 ? len - 4 : 0 };
	return len > 3 ? (char)p[3] : ' ';
}

/* Mark the place of a line in its reply, and remember the open code. */
static void
place_line(struct framer *f, struct unit *u, bool last)
{
	u->first = f->code == 0;
	u->last = last;
	f->code = last ? 0 : u->code;
}

ssize_t
starttls_frame_smtp(struct framer *f, const uint8_t *data, size_t len,
		    struct unit *ret_unit)
{
	ssize_t n = starttls_frame_line(f, data, len, ret_unit);
	char kind;

	if (n <= 0)
		return n;
	kind = split_reply(ret_unit);
	if (kind == 0 || (f->code != 0 && f->code != ret_unit->code))
		return MALFORMED;
	place_line(f, ret_unit, kind == ' ');
	return n;
}

ssize_t
starttls_frame_ftp(struct framer *f, const uint8_t *data, size_t len,
		   struct unit *ret_unit)
{
	ssize_t n = starttls_frame_line(f, data, len, ret_unit);
	char kind;

	if (n <= 0)
		return n;
	kind = split_reply(ret_unit);
	if (f->code == 0) {
		if (kind == 0)
			return MALFORMED;
		place_line(f, ret_unit, kind == ' ');
		return n;
	}
	/* inside, anything but "ddd " with the first code is text */
	if (kind != ' ' || ret_unit->code != f->code) {
		ret_unit->text = ret_unit->line;
		ret_unit->code = f->code;
		place_line(f, ret_unit, false);
	} else {
		place_line(f, ret_unit, true);
	}
	return n;
}

ssize_t
starttls_frame_nntp(struct framer *f, const uint8_t *data, size_t len,
		    struct unit *ret_unit)
{
	bool in_block = f->in_block;
	ssize_t n = starttls_frame_line(f, data, len, ret_unit);

	if (n <= 0 || in_block)
		return n;
	return split_reply(ret_unit) == ' ' ? n : MALFORMED;
}
