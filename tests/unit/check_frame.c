/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/* The framers, with every way of cutting the stream: src/frame.c. */

#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "frame.h"
#include "harness.h"

#define MAX_UNITS 8

struct want {
	const char *line;          /* without its end; NULL: no more units */
	unsigned code;
	const char *text;          /* NULL: as the line */
	bool first, last;
};

struct row {
	const char *name;
	frame_fn *frame;
	const char *stream;
	size_t len;                /* 0: strlen(stream) */
	struct want units[MAX_UNITS];
	bool malformed;            /* behind the units */
	size_t left;               /* or: bytes of an unfinished line */
	bool block;                /* a block follows the first line (NNTP) */
};

#define COMMAND starttls_frame_command
#define LINE starttls_frame_line
#define SMTP starttls_frame_smtp
#define FTP starttls_frame_ftp
#define NNTP starttls_frame_nntp

#define WHOLE(line, code, text) { line, code, text, true, true }
#define FIRST(line, code, text) { line, code, text, true, false }
#define INNER(line, code, text) { line, code, text, false, false }
#define LAST(line, code, text) { line, code, text, false, true }

static const struct row rows[] = {
	{ "line", LINE, "* OK hi\r\n", .units = {
	    WHOLE("* OK hi", 0, NULL) } },
	{ "line, bare LF", LINE, "a\nb\n", .units = { WHOLE("a", 0, NULL),
	    WHOLE("b", 0, NULL) } },
	{ "line, empty ones", LINE, "\r\n\n\r\n", .units = {
	    WHOLE("", 0, NULL), WHOLE("", 0, NULL), WHOLE("", 0, NULL) } },
	{ "line, 8 bit", LINE, "\xff\x80\x01\r\n", .units = {
	    WHOLE("\xff\x80\x01", 0, NULL) } },
	{ "line, unfinished", LINE, "a\r\nbc\r", .units = {
	    WHOLE("a", 0, NULL) }, .left = 3 },
	{ "line, nothing", LINE, "", .left = 0 },
	{ "line, NUL in one that does not end", LINE, "NBDMAGIC\0\3", 10,
	  .malformed = true },
	{ "line, NUL behind one", LINE, "a\r\nb\0", 5, .units = {
	    WHOLE("a", 0, NULL) }, .malformed = true },
	{ "line, CR inside", LINE, "a\rb\r\n", .malformed = true },
	{ "line, CR first", LINE, "\ra\r\n", .malformed = true },
	{ "line, CR CR LF", LINE, "a\r\r\nb\r\r\r\r\n\r\r\n", .units = {
	    WHOLE("a", 0, NULL), WHOLE("b", 0, NULL), WHOLE("", 0, NULL) } },
	{ "line, mixed ends", LINE, "a\nb\r\nc\r\r\n", .units = {
	    WHOLE("a", 0, NULL), WHOLE("b", 0, NULL), WHOLE("c", 0, NULL) } },
	{ "line, unfinished CR CR", LINE, "a\r\r", .left = 3 },
	{ "line, CR CR inside", LINE, "a\r\rb\r\n", .malformed = true },
	{ "line, CR NUL LF", LINE, "a\r\0\n", 4, .malformed = true },
	{ "line, NUL", LINE, "a\0b\r\n", 5, .malformed = true },
	{ "line, NUL only", LINE, "\0\n", 2, .malformed = true },
	{ "line, NUL in the second", LINE, "a\r\n\0\r\n", 6, .units = {
	    WHOLE("a", 0, NULL) }, .malformed = true },

	{ "smtp", SMTP, "220 hi there\r\n", .units = {
	    WHOLE("220 hi there", 220, "hi there") } },
	{ "smtp, code only", SMTP, "220\r\n", .units = {
	    WHOLE("220", 220, "") } },
	{ "smtp, code and blank", SMTP, "220 \r\n", .units = {
	    WHOLE("220 ", 220, "") } },
	{ "smtp, blanks in the text", SMTP, "220  a \r\n", .units = {
	    WHOLE("220  a ", 220, " a ") } },
	{ "smtp, two lines", SMTP, "250-a\r\n250 b\r\n", .units = {
	    FIRST("250-a", 250, "a"), LAST("250 b", 250, "b") } },
	{ "smtp, four lines", SMTP, "250-a\n250-\n250-c\n250\n", .units = {
	    FIRST("250-a", 250, "a"), INNER("250-", 250, ""),
	    INNER("250-c", 250, "c"), LAST("250", 250, "") } },
	{ "smtp, two replies", SMTP, "220 a\r\n250-b\r\n250 c\r\n354 d\r\n",
	  .units = { WHOLE("220 a", 220, "a"), FIRST("250-b", 250, "b"),
	    LAST("250 c", 250, "c"), WHOLE("354 d", 354, "d") } },
	{ "smtp, lowest and highest code", SMTP, "100 a\r\n699 b\r\n",
	  .units = { WHOLE("100 a", 100, "a"), WHOLE("699 b", 699, "b") } },
	{ "smtp, unfinished reply", SMTP, "250-a\r\n250-b\r\n25", .units = {
	    FIRST("250-a", 250, "a"), INNER("250-b", 250, "b") },
	  .left = 2 },
	{ "smtp, code changes", SMTP, "250-a\r\n220 b\r\n", .units = {
	    FIRST("250-a", 250, "a") }, .malformed = true },
	{ "smtp, code changes in the middle", SMTP, "250-a\r\n251-b\r\n",
	  .units = { FIRST("250-a", 250, "a") }, .malformed = true },
	{ "smtp, CR CR LF", SMTP, "250-a\r\r\n250\r\r\r\n", .units = {
	    FIRST("250-a", 250, "a"), LAST("250", 250, "") } },
	{ "smtp, text inside", SMTP, "250-a\r\nb\r\n250 c\r\n", .units = {
	    FIRST("250-a", 250, "a") }, .malformed = true },
	{ "smtp, empty line inside", SMTP, "250-a\r\n\r\n250 c\r\n",
	  .units = { FIRST("250-a", 250, "a") }, .malformed = true },
	{ "smtp, empty", SMTP, "\r\n", .malformed = true },
	{ "smtp, two digits", SMTP, "22\r\n", .malformed = true },
	{ "smtp, two digits and text", SMTP, "22 a\r\n", .malformed = true },
	{ "smtp, four digits", SMTP, "2200 a\r\n", .malformed = true },
	{ "smtp, letter", SMTP, "22a b\r\n", .malformed = true },
	{ "smtp, separator", SMTP, "220_a\r\n", .malformed = true },
	{ "smtp, tab", SMTP, "220\ta\r\n", .malformed = true },
	{ "smtp, 0xx", SMTP, "020 a\r\n", .malformed = true },
	{ "smtp, 7xx", SMTP, "720 a\r\n", .malformed = true },
	{ "smtp, blank first", SMTP, " 220 a\r\n", .malformed = true },
	{ "smtp, words", SMTP, "HTTP/1.1 400\r\n", .malformed = true },
	{ "smtp, 8 bit digits", SMTP, "\xb2\xb2\xb0 a\r\n",
	  .malformed = true },
	{ "smtp, bare CR", SMTP, "220 a\r220 b\r\n", .malformed = true },
	{ "smtp, NUL", SMTP, "220 a\0\r\n", 8, .malformed = true },

	{ "ftp", FTP, "220 hi\r\n", .units = { WHOLE("220 hi", 220, "hi") } },
	{ "ftp, code only", FTP, "220\r\n", .units = {
	    WHOLE("220", 220, "") } },
	{ "ftp, code on every line", FTP, "220-a\r\n220-b\r\n220 c\r\n",
	  .units = { FIRST("220-a", 220, "a"), INNER("220-b", 220, NULL),
	    LAST("220 c", 220, "c") } },
	{ "ftp, text", FTP, "220-a\r\nb\r\n c\r\n\r\n220 d\r\n", .units = {
	    FIRST("220-a", 220, "a"), INNER("b", 220, NULL),
	    INNER(" c", 220, NULL), INNER("", 220, NULL),
	    LAST("220 d", 220, "d") } },
	{ "ftp, other codes inside", FTP, "220-a\r\n234 b\r\n221 c\r\n"
	  "220 d\r\n", .units = { FIRST("220-a", 220, "a"),
	    INNER("234 b", 220, NULL), INNER("221 c", 220, NULL),
	    LAST("220 d", 220, "d") } },
	{ "ftp, almost the end", FTP, "220-a\r\n220x\r\n 220 b\r\n2200 c\r\n"
	  "220\r\n", .units = { FIRST("220-a", 220, "a"),
	    INNER("220x", 220, NULL), INNER(" 220 b", 220, NULL),
	    INNER("2200 c", 220, NULL), LAST("220", 220, "") } },
	{ "ftp, two replies", FTP, "220-a\n220 b\n234 c\n", .units = {
	    FIRST("220-a", 220, "a"), LAST("220 b", 220, "b"),
	    WHOLE("234 c", 234, "c") } },
	{ "ftp, CR CR LF", FTP, "220-a\r\r\nb\r\r\n\r\r\n220\r\r\n",
	  .units = { FIRST("220-a", 220, "a"), INNER("b", 220, NULL),
	    INNER("", 220, NULL), LAST("220", 220, "") } },
	{ "ftp, unfinished reply", FTP, "220-a\r\n221 b\r\n", .units = {
	    FIRST("220-a", 220, "a"), INNER("221 b", 220, NULL) } },
	{ "ftp, text first", FTP, "hi\r\n220 a\r\n", .malformed = true },
	{ "ftp, empty first", FTP, "\r\n220 a\r\n", .malformed = true },
	{ "ftp, text behind", FTP, "220 a\r\nb\r\n", .units = {
	    WHOLE("220 a", 220, "a") }, .malformed = true },
	{ "ftp, bare CR inside", FTP, "220-a\r\nb\rc\r\n220 d\r\n",
	  .units = { FIRST("220-a", 220, "a") }, .malformed = true },
	{ "ftp, NUL inside", FTP, "220-a\r\n\0\r\n220 d\r\n", 17, .units = {
	    FIRST("220-a", 220, "a") }, .malformed = true },

	{ "nntp", NNTP, "200 hi\r\n", .units = { WHOLE("200 hi", 200, "hi") } },
	{ "nntp, code only", NNTP, "382\r\n", .units = {
	    WHOLE("382", 382, "") } },
	{ "nntp, two", NNTP, "200 a\r\n382 b\r\n", .units = {
	    WHOLE("200 a", 200, "a"), WHOLE("382 b", 382, "b") } },
	{ "nntp, no multi-line reply", NNTP, "200-a\r\n200 b\r\n",
	  .malformed = true },
	{ "nntp, words", NNTP, "hello\r\n", .malformed = true },
	{ "nntp, a dot", NNTP, ".\r\n", .malformed = true },
	{ "nntp, empty", NNTP, "\r\n", .malformed = true },
	{ "nntp, block", NNTP, "101 a\r\nVERSION 2\r\nSTARTTLS\r\n.\r\n"
	  "205 b\r\n", .block = true, .units = { WHOLE("101 a", 101, "a"),
	    INNER("VERSION 2", 0, NULL), INNER("STARTTLS", 0, NULL),
	    LAST(".", 0, NULL), WHOLE("205 b", 205, "b") } },
	{ "nntp, empty block", NNTP, "101 a\r\n.\r\n205\r\n", .block = true,
	  .units = { WHOLE("101 a", 101, "a"), LAST(".", 0, NULL),
	    WHOLE("205", 205, "") } },
	{ "nntp, dots", NNTP, "101 a\r\n..\r\n..b\r\n. \r\n...\r\n\r\n.\r\n",
	  .block = true, .units = { WHOLE("101 a", 101, "a"),
	    INNER("..", 0, "."), INNER("..b", 0, ".b"), INNER(". ", 0, " "),
	    INNER("...", 0, ".."), INNER("", 0, NULL), LAST(".", 0, NULL) } },
	{ "nntp, CR CR LF", NNTP, "101\r\r\n..b\r\r\n.\r\r\n205\r\r\n",
	  .block = true, .units = { WHOLE("101", 101, ""),
	    INNER("..b", 0, ".b"), LAST(".", 0, NULL),
	    WHOLE("205", 205, "") } },
	{ "nntp, codes in a block", NNTP, "101 a\n382 b\n382-c\n.\n",
	  .block = true, .units = { WHOLE("101 a", 101, "a"),
	    INNER("382 b", 0, NULL), INNER("382-c", 0, NULL),
	    LAST(".", 0, NULL) } },
	{ "nntp, unfinished block", NNTP, "101 a\r\nb\r\n.", .block = true,
	  .units = { WHOLE("101 a", 101, "a"), INNER("b", 0, NULL) },
	  .left = 1 },
	{ "nntp, bare CR in a block", NNTP, "101 a\r\n.\r.\r\n",
	  .block = true, .units = { WHOLE("101 a", 101, "a") },
	  .malformed = true },

	{ "command", COMMAND, "NOOP\r\nQUIT\r\n", .units = {
	    WHOLE("NOOP", 0, NULL), WHOLE("QUIT", 0, NULL) } },
	{ "command, CR CR LF", COMMAND, "a\r\r\nb\r\r\r\r\n\r\r\n", .units = {
	    WHOLE("a", 0, NULL), WHOLE("b", 0, NULL), WHOLE("", 0, NULL) } },
	{ "command, unfinished", COMMAND, "a\r\nb\r\r", .units = {
	    WHOLE("a", 0, NULL) }, .left = 3 },
	{ "command, bare LF", COMMAND, "a\n", .malformed = true },
	{ "command, LF alone", COMMAND, "\n", .malformed = true },
	{ "command, LF behind a line", COMMAND, "a\r\n\nb\r\n", .units = {
	    WHOLE("a", 0, NULL) }, .malformed = true },
	{ "command, CR inside", COMMAND, "a\rb", .malformed = true },
	{ "command, CR first", COMMAND, "\ra\r\n", .malformed = true },
	{ "command, CR CR inside", COMMAND, "a\r\rb", .malformed = true },
	{ "command, NUL", COMMAND, "a\0", 2, .malformed = true },
	{ "command, CR NUL", COMMAND, "a\r\0", 3, .malformed = true },
};

/* A stream on its way through a framer. */
struct reader {
	const struct row *row;
	const char *how;
	struct framer framer;
	uint8_t data[256];         /* not framed yet */
	size_t len;
	size_t units;
	bool malformed;
};

static bool
is_text(struct bytes b, const char *text)
{
	return b.len == strlen(text) && memcmp(b.data, text, b.len) == 0;
}

static void
expect_unit(const struct reader *r, const struct unit *u)
{
	const struct want *w = &r->row->units[r->units];

	ck_assert_msg(r->units < MAX_UNITS && w->line != NULL,
	    "%s, %s: an unexpected unit", r->row->name, r->how);
	ck_assert_msg(is_text(u->line, w->line) && u->code == w->code &&
	    is_text(u->text, w->text != NULL ? w->text : w->line) &&
	    u->first == w->first && u->last == w->last,
	    "%s, %s: unit %zu is \"%.*s\", code %u, text \"%.*s\"%s%s",
	    r->row->name, r->how, r->units, (int)u->line.len,
	    (const char *)u->line.data, u->code, (int)u->text.len,
	    (const char *)u->text.data, u->first ? ", first" : "",
	    u->last ? ", last" : "");
}

static void
receive(struct reader *r, const char *data, size_t len)
{
	struct unit unit;
	uint8_t *exact;
	ssize_t n;

	if (r->malformed)
		return;
	memcpy(r->data + r->len, data, len);
	r->len += len;
	while (r->len > 0) {
		exact = malloc(r->len); /* an overrun shows */
		memcpy(exact, r->data, r->len);
		memset(&unit, 0, sizeof(unit));
		n = r->row->frame(&r->framer, exact, r->len, &unit);
		if (n > 0) {
			ck_assert_uint_le((size_t)n, r->len);
			expect_unit(r, &unit);
			if (r->units++ == 0)
				r->framer.in_block = r->row->block;
			r->len -= (size_t)n;
			memmove(r->data, r->data + n, r->len);
		}
		free(exact);
		if (n < 0) {
			ck_assert_int_eq(n, STARTTLS_E_PROTOCOL);
			r->malformed = true;
		}
		if (n <= 0)
			return;
	}
}

static void
expect_end(const struct reader *r)
{
	const struct row *row = r->row;

	ck_assert_msg(r->units == MAX_UNITS ||
	    row->units[r->units].line == NULL, "%s, %s: only %zu units",
	    row->name, r->how, r->units);
	ck_assert_msg(r->malformed == row->malformed, "%s, %s: %s", row->name,
	    r->how, r->malformed ? "malformed" : "accepted");
	if (!row->malformed)
		ck_assert_msg(r->len == row->left, "%s, %s: %zu bytes left",
		    row->name, r->how, r->len);
}

START_TEST(test_frame_at_every_split)
{
	const struct row *row = &rows[_i];
	size_t len = row->len != 0 ? row->len : strlen(row->stream);
	size_t a, b, i;
	char how[64];

	/* all cuts into three parts, so into two and one as well */
	for (a = 0; a <= len; a++)
		for (b = a; b <= len; b++) {
			struct reader r = { .row = row, .how = how };

			snprintf(how, sizeof(how), "cut at %zu and %zu", a,
			    b);
			receive(&r, row->stream, a);
			receive(&r, row->stream + a, b - a);
			receive(&r, row->stream + b, len - b);
			expect_end(&r);
		}
	for (i = 1; i < 4; i++) {
		struct reader r = { .row = row, .how = how };

		snprintf(how, sizeof(how), "in pieces of %zu", i);
		for (a = 0; a < len; a += i)
			receive(&r, row->stream + a,
			    len - a < i ? len - a : i);
		expect_end(&r);
	}
}
END_TEST

/* A line that grows byte by byte is searched once. */
START_TEST(test_frame_remembers_what_was_searched)
{
	static frame_fn *const framers[] = { LINE, SMTP, FTP, NNTP, COMMAND };
	uint8_t data[] = "220 abcdefg\r\n";
	struct framer framer = { 0 };
	struct unit unit;
	size_t len;

	for (len = 1; len < 13; len++) {
		ck_assert_int_eq(framers[_i](&framer, data, len, &unit), 0);
		ck_assert_uint_eq(framer.searched, len);
		data[0] = '\n';        /* is not looked at again */
	}
	data[0] = '2';
	ck_assert_int_eq(framers[_i](&framer, data, 13, &unit), 13);
	ck_assert_uint_eq(framer.searched, 0);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("frame");
	TCase *units = tcase_create("units");

	tcase_add_loop_test(units, test_frame_at_every_split, 0,
	    ARRAY_LEN(rows));
	tcase_add_loop_test(units, test_frame_remembers_what_was_searched, 0,
	    5);
	suite_add_tcase(suite, units);
	return run_suite(suite);
}
