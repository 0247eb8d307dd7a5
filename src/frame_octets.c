/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * Framers for NBD's messages, for TPKT (RFC 1006 section 6) and for telnet's
 * commands (RFC 854, RFC 855).
 *
 * Whatever cannot become legal any more is so at its first byte, and a length
 * is judged as soon as it is there, before anything of what it counts is waited
 * for.  A unit's line is all of the message.
 */

#include "config.h"

#include "frame.h"

#include <string.h>

#include "starttls.h"

#define MALFORMED STARTTLS_E_PROTOCOL
/* What an engine can hold, be it the library's or that of the logins. */
#define MAX_MESSAGE 4000

static ssize_t
cut(const uint8_t *data, size_t len, ssize_t n, struct unit *ret_unit)
{
	size_t there = n > 0 && (size_t)n < len ? (size_t)n : len;

	*ret_unit = (struct unit){
		.line = { data, there },
		.text = { data, there },
		.first = true,
		.last = true,
	};
	return n > 0 && (size_t)n > len ? 0 : n;
}

static bool
may_be(const uint8_t *data, size_t len, const char *magic, size_t magic_len)
{
	return memcmp(data, magic, len < magic_len ? len : magic_len) == 0;
}

/* ---- NBD ---- */

#define MAX_TEXT 4096              /* of an error */
#define IS_ERROR 0x80000000u

/* A text that we cannot hold is cut off, and its rest passed over. */
static ssize_t
measure_reply(const uint8_t *data, size_t len)
{
	uint32_t type, length;

	if (!may_be(data, len, "\x00\x03\xe8\x89\x04\x55\x65\xa9", 8))
		return MALFORMED;
	if (len < NBD_REPLY)
		return NBD_REPLY;
	type = bytes_be(data + 12, 4);
	length = bytes_be(data + 16, 4);
	if (length <= MAX_MESSAGE - NBD_REPLY)
		return NBD_REPLY + (ssize_t)length;
	return (type & IS_ERROR) != 0 && length <= MAX_TEXT ? MAX_MESSAGE :
	    STARTTLS_E_LIMIT;
}

ssize_t
starttls_frame_nbd(struct framer *f, const uint8_t *data, size_t len,
		   struct unit *ret_unit)
{
	ssize_t n = MALFORMED;

	if (f->rest > 0) {
		n = (ssize_t)(f->rest < len ? f->rest : len);
		f->rest -= (size_t)n;
		cut(data, len, n, ret_unit);
		ret_unit->blank = true;
		return n;
	}
	if (data[0] != 'N')
		n = measure_reply(data, len);
	else if (may_be(data, len, "NBDMAGICIHAVEOPT", 16))
		n = NBD_GREETING;
	else if (may_be(data, len,
	    "NBDMAGIC\x00\x00\x42\x02\x81\x86\x12\x53", 16))
		n = 16;            /* the old style */
	if (n == MAX_MESSAGE && len >= MAX_MESSAGE)
		f->rest = NBD_REPLY + bytes_be(data + 16, 4) - MAX_MESSAGE;
	return cut(data, len, n, ret_unit);
}

/* ---- TPKT ---- */

ssize_t
starttls_frame_tpkt(struct framer *f, const uint8_t *data, size_t len,
		    struct unit *ret_unit)
{
	ssize_t n = 4;
	uint32_t length;

	(void)f;
	if (!may_be(data, len, "\x03\x00", 2))
		n = MALFORMED;
	if (n > 0 && len >= 4) {
		length = bytes_be(data + 2, 2);
		n = length < 7 ? MALFORMED : length > MAX_MESSAGE ?
		    STARTTLS_E_LIMIT : (ssize_t)length;
	}
	return cut(data, len, n, ret_unit);
}

/* ---- telnet ---- */

enum { SE = 0xf0, NOP = 0xf1, GA = 0xf9, SB = 0xfa, WILL = 0xfb, IAC = 0xff };

/* From IAC SB to IAC SE; IAC IAC stands for one octet. */
static ssize_t
measure_option(struct framer *f, const uint8_t *data, size_t len)
{
	size_t i = f->searched < 2 ? 2 : f->searched;

	while (i < len) {
		if (data[i] != IAC) {
			i++;
			continue;
		}
		if (i + 1 == len)
			break;
		if (data[i + 1] != IAC && data[i + 1] != SE)
			return MALFORMED;
		i += 2;
		if (data[i - 1] == SE) {
			f->searched = 0;
			return (ssize_t)i;
		}
	}
	f->searched = i;
	return (ssize_t)len + 1;
}

static size_t
length_of_text(const uint8_t *data, size_t len)
{
	const uint8_t *end = memchr(data, IAC, len);

	return end == NULL ? len : (size_t)(end - data);
}

/* Text is a unit as far as it is there, as there is nothing to wait for. */
ssize_t
starttls_frame_telnet(struct framer *f, const uint8_t *data, size_t len,
		      struct unit *ret_unit)
{
	ssize_t n;

	if (data[0] != IAC)
		n = (ssize_t)length_of_text(data, len);
	else if (len == 1)
		n = 2;
	else if (data[1] == SB)
		n = measure_option(f, data, len);
	else if (data[1] > SB)     /* two of them are one of text */
		n = data[1] == IAC ? 2 : 3;
	else
		n = data[1] >= NOP ? 2 : MALFORMED;
	return cut(data, len, n, ret_unit);
}
