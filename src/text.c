/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * Text of the peer made safe to show, and base64.
 *
 * Base64 is ours for speed only: the system's trust store is decoded in every
 * process, and this takes a seventh of the instructions of the general
 * decoders.
 */

#include "config.h"

#include "text.h"

#include <arpa/inet.h>
#include <string.h>

#define INVALID 0xff000000u        /* outside the alphabet */
#define SKIP 0xfe000000u           /* blanks and line ends */

/*
 * Values of the base64 alphabet, RFC 4648 section 4, by character.  The four
 * places of a group are four shifts of one table, so that a group costs four
 * look-ups and one test: a byte that is no value sets the top bit of each.
 */
#define X4(s) INVALID, INVALID, INVALID, INVALID
#define X16(s) X4(s), X4(s), X4(s), X4(s)
#define V(n, s) (uint32_t)(n) << (s)
#define V4(n, s) V(n, s), V((n) + 1, s), V((n) + 2, s), V((n) + 3, s)
#define V13(n, s) V4(n, s), V4((n) + 4, s), V4((n) + 8, s), V((n) + 12, s)
#define TABLE(s) { \
	X4(s), X4(s), INVALID, SKIP, SKIP, INVALID, INVALID, SKIP, INVALID, \
	INVALID, X16(s), SKIP, INVALID, INVALID, INVALID, X4(s), INVALID, \
	INVALID, INVALID, V(62, s), INVALID, INVALID, INVALID, V(63, s), \
	V4(52, s), V4(56, s), V(60, s), V(61, s), INVALID, INVALID, X4(s), \
	INVALID, V13(0, s), V13(13, s), INVALID, X4(s), \
	INVALID, V13(26, s), V13(39, s), INVALID, X4(s), \
	X16(s), X16(s), X16(s), X16(s), X16(s), X16(s), X16(s), X16(s) }

static const uint32_t base64_value[4][256] = {
	TABLE(18), TABLE(12), TABLE(6), TABLE(0)
};

static const char base64_alphabet[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static bool
is_shown(uint8_t byte)
{
	return byte >= 0x20 && byte < 0x7f && byte != '\\';
}

/* How many bytes of @in fit into @room when shown. */
static size_t
count_fitting(const uint8_t *in, size_t len, size_t room)
{
	size_t i, need;

	for (i = 0; i < len; i++) {
		need = is_shown(in[i]) ? 1 : 4;
		if (need > room)
			break;
		room -= need;
	}
	return i;
}

size_t
starttls_text_clean(char *dst, size_t size, const void *src, size_t len)
{
	static const char hex[] = "0123456789abcdef";
	const uint8_t *in = src;
	size_t out = 0, fits = count_fitting(in, len, size - 1), i;
	bool cut = fits < len;

	if (cut)
		fits = count_fitting(in, len, size - 4);
	for (i = 0; i < fits; i++) {
		if (is_shown(in[i])) {
			dst[out++] = (char)in[i];
			continue;
		}
		dst[out++] = '\\';
		dst[out++] = 'x';
		dst[out++] = hex[in[i] >> 4];
		dst[out++] = hex[in[i] & 15];
	}
	if (cut) {
		memcpy(dst + out, "...", 3);
		out += 3;
	}
	dst[out] = '\0';
	return out;
}

bool
starttls_text_is_plain(const char *text)
{
	for (; *text != '\0'; text++)
		if ((unsigned char)*text < 0x20 || (unsigned char)*text >= 0x7f)
			return false;
	return true;
}

static uint32_t
value_of(const uint8_t *p)
{
	return base64_value[0][p[0]] | base64_value[1][p[1]] |
	    base64_value[2][p[2]] | base64_value[3][p[3]];
}

static void
store(uint8_t *q, uint32_t v)
{
	v = htonl(v << 8);
	memcpy(q, &v, sizeof(v)); /* the fourth is overwritten */
}

/*
 * Whole groups of four, two at a time, the bulk of the work; stops at anything
 * else, and before the last group, so that a store of four bytes has room.
 */
static void
decode_groups(const uint8_t **in, const uint8_t *end, uint8_t **out)
{
	const uint8_t *p = *in, *stop;
	uint8_t *q = *out;

	if (end - p < 12)
		return;
	stop = p + (end - p - 4) / 8 * 8;
	for (; p != stop; p += 8, q += 6) {
		uint32_t first = value_of(p), second = value_of(p + 4);

		if ((first | second) >= SKIP)
			break;
		store(q, first);
		store(q + 3, second);
	}
	*in = p;
	*out = q;
}

ptrdiff_t
starttls_base64_decode(uint8_t *dst, const char *src, size_t len,
		       size_t *ret_end)
{
	const uint8_t *in = (const uint8_t *)src, *end = in + len;
	uint8_t *out = dst;
	uint32_t acc = 0;
	unsigned have = 0, pad = 0;

	for (;;) {
		uint32_t v;

		if (have == 0)
			decode_groups(&in, end, &out);
		if (in == end)
			break;
		v = base64_value[3][*in];
		if (v == INVALID)
			break;
		in++;
		if (v == SKIP)
			continue;
		acc = acc << 6 | v;
		if (++have == 4) {
			*out++ = (uint8_t)(acc >> 16);
			*out++ = (uint8_t)(acc >> 8);
			*out++ = (uint8_t)acc;
			have = 0;
		}
	}
	while (in < end && (*in == '=' || base64_value[3][*in] == SKIP))
		pad += *in++ == '=';
	*ret_end = (size_t)(in - (const uint8_t *)src);
	if (have == 1 || pad != (have == 0 ? 0 : 4 - have))
		return -1;
	if (have == 2) {
		*out++ = (uint8_t)(acc >> 4);
	} else if (have == 3) {
		*out++ = (uint8_t)(acc >> 10);
		*out++ = (uint8_t)(acc >> 2);
	}
	return out - dst;
}

void
starttls_base64_encode(char *dst, const uint8_t *src, size_t len)
{
	size_t i, k;

	for (i = 0; i < len; i += 3) {
		uint32_t acc = 0;
		size_t n = len - i < 3 ? len - i : 3;

		for (k = 0; k < 3; k++)
			acc = acc << 8 | (k < n ? src[i + k] : 0);
		for (k = 0; k < 4; k++)
			*dst++ = k <= n ?
			    base64_alphabet[acc >> (18 - 6 * k) & 63] : '=';
	}
	*dst = '\0';
}
