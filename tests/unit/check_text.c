/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/* Text of the peer made safe to show, and base64: src/text.c. */

#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness.h"
#include "text.h"

#define GUARD 0x5a
#define MAX_LEN 64

/* Always the same bytes, and every kind of them. */
static uint8_t
next_byte(uint32_t *state)
{
	*state = *state * 1664525u + 1013904223u;
	return (uint8_t)(*state >> 24);
}

/* Whether nobody wrote here. */
static bool
is_untouched(const void *data, size_t len)
{
	const uint8_t *at = data;

	while (len > 0 && *at == GUARD) {
		at++;
		len--;
	}
	return len == 0;
}

static bool
is_kept(int c)
{
	return c >= 0x20 && c <= 0x7e && c != '\\';
}

/* What one byte becomes. */
static size_t
clean_byte(char *dst, uint8_t c)
{
	static const char hex[] = "0123456789abcdef";

	if (is_kept(c)) {
		dst[0] = (char)c;
		dst[1] = '\0';
		return 1;
	}
	memcpy(dst, "\\x", 2);
	dst[2] = hex[c / 16];
	dst[3] = hex[c % 16];
	dst[4] = '\0';
	return 4;
}

START_TEST(test_text_clean_escapes_all_but_printable_ascii)
{
	char out[16], want[8];
	uint8_t in;
	int c;

	for (c = 0; c < 256; c++) {
		in = (uint8_t)c;
		clean_byte(want, in);
		ck_assert_uint_eq(starttls_text_clean(out, sizeof(out), &in,
		    1), strlen(want));
		ck_assert_str_eq(out, want);
	}
}
END_TEST

/* @out, of @size, made of the bytes @in: prefix, dots, NUL, nothing else. */
static void
expect_clean(const char *out, size_t size, size_t n, const uint8_t *in,
	     size_t len)
{
	char whole[4 * MAX_LEN + 1] = "";
	size_t used = 0, ends[MAX_LEN + 1] = { 0 }, i;

	for (i = 0; i < len; i++) {
		used += clean_byte(whole + used, in[i]);
		ends[i + 1] = used;
	}
	ck_assert_uint_lt(n, size);
	ck_assert_uint_eq(strlen(out), n);
	ck_assert(n == 0 || is_plain_line(out));
	if (used < size) {
		ck_assert_msg(n == used && strcmp(out, whole) == 0,
		    "%zu bytes fit into %zu but became \"%s\"", used, size,
		    out);
		return;
	}
	ck_assert_uint_ge(n, 3);
	ck_assert_str_eq(out + n - 3, "...");
	ck_assert_mem_eq(out, whole, n - 3);
	/* no escape is torn, and no room is wasted */
	for (i = 0; i < len && ends[i] != n - 3; i++)
		continue;
	ck_assert_uint_lt(i, len);
	ck_assert_uint_ge(ends[i + 1] + 3, size);
}

START_TEST(test_text_clean_truncates_at_every_size)
{
	char out[MAX_LEN + 2];
	uint8_t in[MAX_LEN];
	size_t size, len, i, n;
	uint32_t state = 1;

	memset(in, 0, sizeof(in));
	for (size = 4; size < MAX_LEN; size++) {
		for (len = 0; len <= MAX_LEN; len++) {
			for (i = 0; i < len; i++) {
				in[i] = next_byte(&state);
				/* runs of letters, too */
				if ((len & 3) == 0 || (len & 3) == i % 4)
					in[i] = 'a' + in[i] % 26;
			}
			memset(out, GUARD, sizeof(out));
			n = starttls_text_clean(out, size, in, len);
			ck_assert(is_untouched(out + size,
			    sizeof(out) - size));
			expect_clean(out, size, n, in, len);
		}
	}
}
END_TEST

START_TEST(test_text_clean_keeps_what_just_fits)
{
	char out[9];

	ck_assert_uint_eq(starttls_text_clean(out, 9, "12345678", 8), 8);
	ck_assert_str_eq(out, "12345678");
	ck_assert_uint_eq(starttls_text_clean(out, 9, "\r\n", 2), 8);
	ck_assert_str_eq(out, "\\x0d\\x0a");
	ck_assert_uint_eq(starttls_text_clean(out, 9, "123456789", 9), 8);
	ck_assert_str_eq(out, "12345...");
	ck_assert_uint_eq(starttls_text_clean(out, 4, "abc", 3), 3);
	ck_assert_str_eq(out, "abc");
	ck_assert_uint_eq(starttls_text_clean(out, 4, "abcd", 4), 3);
	ck_assert_str_eq(out, "...");
}
END_TEST

START_TEST(test_text_clean_does_not_stop_at_nul)
{
	char out[32];

	starttls_text_clean(out, sizeof(out), "a\0b", 3);
	ck_assert_str_eq(out, "a\\x00b");
	ck_assert_uint_eq(starttls_text_clean(out, sizeof(out), "", 0), 0);
	ck_assert_str_eq(out, "");
	ck_assert_uint_eq(starttls_text_clean(out, sizeof(out), NULL, 0), 0);
	ck_assert_str_eq(out, "");
}
END_TEST

/* What is escaped cannot be confused with what was sent. */
START_TEST(test_text_clean_is_unambiguous)
{
	char out[32];

	starttls_text_clean(out, sizeof(out), "\\x0d", 4);
	ck_assert_str_eq(out, "\\x5cx0d");
}
END_TEST

START_TEST(test_text_is_plain_for_printable_ascii_only)
{
	char text[] = "a?b";
	int c;

	for (c = 1; c < 256; c++) {
		text[1] = (char)c;
		ck_assert_int_eq(starttls_text_is_plain(text),
		    c >= 0x20 && c < 0x7f);
	}
	ck_assert(starttls_text_is_plain(""));
}
END_TEST

/* RFC 4648 section 10. */
static const struct {
	const char *plain, *encoded;
} vectors[] = {
	{ "", "" }, { "f", "Zg==" }, { "fo", "Zm8=" }, { "foo", "Zm9v" },
	{ "foob", "Zm9vYg==" }, { "fooba", "Zm9vYmE=" },
	{ "foobar", "Zm9vYmFy" },
};

START_TEST(test_base64_agrees_with_rfc4648)
{
	const char *plain = vectors[_i].plain, *encoded = vectors[_i].encoded;
	uint8_t out[16];
	char text[16];
	size_t end;

	starttls_base64_encode(text, (const uint8_t *)plain, strlen(plain));
	ck_assert_str_eq(text, encoded);
	ck_assert_int_eq(starttls_base64_decode(out, encoded, strlen(encoded),
	    &end), (ptrdiff_t)strlen(plain));
	ck_assert_mem_eq(out, plain, strlen(plain));
	ck_assert_uint_eq(end, strlen(encoded));
}
END_TEST

/* Encode, break into lines, decode, also in place; nothing beyond touched. */
static void
round_trip(const uint8_t *in, size_t len, size_t width, const char *eol)
{
	char encoded[2 * MAX_LEN + 2], text[20 * MAX_LEN];
	uint8_t out[MAX_LEN + 8];
	size_t count = (len + 2) / 3 * 4, i, n = 0, end;

	memset(encoded, GUARD, sizeof(encoded));
	starttls_base64_encode(encoded, in, len);
	ck_assert_uint_eq(strlen(encoded), count);
	ck_assert_int_eq(encoded[count + 1], GUARD);

	for (i = 0; i < count; i++) {
		if (i > 0 && i % width == 0) {
			memcpy(text + n, eol, strlen(eol));
			n += strlen(eol);
		}
		text[n++] = encoded[i];
	}
	memset(out, GUARD, sizeof(out));
	ck_assert_int_eq(starttls_base64_decode(out, text, n, &end),
	    (ptrdiff_t)len);
	ck_assert_uint_eq(end, n);
	ck_assert_mem_eq(out, in, len);
	ck_assert(is_untouched(out + count / 4 * 3,
	    sizeof(out) - count / 4 * 3));

	ck_assert_int_eq(starttls_base64_decode((uint8_t *)text, text, n,
	    &end), (ptrdiff_t)len);
	ck_assert_uint_eq(end, n);
	ck_assert_mem_eq(text, in, len);
}

START_TEST(test_base64_round_trips_every_length)
{
	static const char *const eols[] = { "\n", "\r\n", " ", "\t", "\r",
		" \r\n\t" };
	static const size_t widths[] = { 1, 2, 3, 4, 5, 64, 76, 1000 };
	uint8_t in[MAX_LEN];
	uint32_t state = 1;
	size_t len, i, k;

	for (len = 0; len <= MAX_LEN; len++) {
		for (i = 0; i < sizeof(in); i++)
			in[i] = next_byte(&state);
		for (i = 0; i < ARRAY_LEN(eols); i++)
			for (k = 0; k < ARRAY_LEN(widths); k++)
				round_trip(in, len, widths[k], eols[i]);
	}
}
END_TEST

/* The alphabet, by its definition. */
static int
value_of(int c)
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "abcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *at = c == 0 ? NULL : strchr(alphabet, c);

	return at == NULL ? -1 : (int)(at - alphabet);
}

static void
expect_byte(int c)
{
	char in[8] = { 'A', 'A', 'A', (char)c, 'B', 'B', 'B', 'B' };
	bool is_blank = c == '\n' || c == '\r' || c == ' ' || c == '\t';
	int value = value_of(c);
	uint8_t out[8];
	size_t end;
	ptrdiff_t n = starttls_base64_decode(out, in, 4, &end);

	if (value >= 0)
		ck_assert(n == 3 && end == 4 && out[2] == value);
	else if (c == '=')
		ck_assert(n == 2 && end == 4);
	else if (is_blank)
		ck_assert(n == -1 && end == 4); /* the group is short */
	else
		ck_assert(n == -1 && end == 3);

	/* at the start of a group: it ends there, or goes on */
	in[3] = 'A';
	in[4] = (char)c;
	n = starttls_base64_decode(out, in, 8, &end);
	if (value >= 0)
		ck_assert(n == 6 && end == 8);
	else if (c == '=' || is_blank)
		ck_assert(n == -1);
	else
		ck_assert(n == 3 && end == 4);
}

START_TEST(test_base64_knows_every_byte)
{
	int c;

	for (c = 0; c < 256; c++)
		expect_byte(c);
}
END_TEST

static const struct {
	const char *text;
	ptrdiff_t len;             /* -1: refused */
	size_t end;
} pads[] = {
	{ "Q", -1, 1 }, { "Q=", -1, 2 }, { "Q==", -1, 3 },
	{ "Q===", -1, 4 }, { "QQ", -1, 2 }, { "QQ=", -1, 3 },
	{ "QQ==", 1, 4 }, { "QQ===", -1, 5 }, { "QQ====", -1, 6 },
	{ "QUI", -1, 3 }, { "QUI=", 2, 4 }, { "QUI==", -1, 5 },
	{ "QUJD", 3, 4 }, { "QUJD=", -1, 5 }, { "QUJD====", -1, 8 },
	{ "=", -1, 1 }, { "====", -1, 4 }, { "", 0, 0 }, { "\n\n", 0, 2 },
	{ "QQ=\n=", 1, 5 }, { "QQ\n==", 1, 5 }, { "QQ==\n", 1, 5 },
	{ "\nQQ==", 1, 5 }, { "Q\nQ==\r\n", 1, 7 },
	/* nothing goes on behind the padding */
	{ "QQ==QQ==", 1, 4 }, { "QUI=QUJD", 2, 4 },
	{ "QUJD-----END", 3, 4 }, { "QQ==-----END", 1, 4 },
	{ "QQ==\n-----END", 1, 5 }, { "QU-JD", -1, 2 }, { "-", 0, 0 },
	{ "-QUJD", 0, 0 }, { "QUJDQ-", -1, 5 }, { "QUJDQQ-", -1, 6 },
	{ "QUJDQUI-", -1, 7 }, { "QU_D", -1, 2 }, { "QU=D", -1, 3 },
};

START_TEST(test_base64_refuses_wrong_padding)
{
	size_t room = strlen(pads[_i].text) / 4 * 3 + 3, end = 99;
	uint8_t out[32];

	memset(out, GUARD, sizeof(out));
	ck_assert_msg(starttls_base64_decode(out, pads[_i].text,
	    strlen(pads[_i].text), &end) == pads[_i].len, "\"%s\"",
	    pads[_i].text);
	ck_assert_msg(end == pads[_i].end, "\"%s\" ends at %zu",
	    pads[_i].text, end);
	ck_assert(is_untouched(out + room, sizeof(out) - room));
}
END_TEST

/* Slow and obviously right. */
static ptrdiff_t
decode_slowly(uint8_t *dst, const char *src, size_t len, size_t *ret_end)
{
	uint32_t acc = 0;
	size_t have = 0, pad = 0, out = 0, i;

	for (i = 0; i < len; i++) {
		int v = value_of((unsigned char)src[i]);

		if (v < 0 && strchr(" \t\r\n", src[i]) != NULL &&
		    src[i] != '\0')
			continue;
		if (src[i] == '=')
			pad++;
		else if (v < 0 || pad > 0)
			break;
		else if (++have % 4 == 0) {
			acc = acc << 6 | (uint32_t)v;
			dst[out++] = (uint8_t)(acc >> 16);
			dst[out++] = (uint8_t)(acc >> 8);
			dst[out++] = (uint8_t)acc;
		} else {
			acc = acc << 6 | (uint32_t)v;
		}
	}
	*ret_end = i;
	if (have % 4 == 1 || pad != (4 - have % 4) % 4)
		return -1;
	if (have % 4 == 2)
		dst[out++] = (uint8_t)(acc >> 4);
	if (have % 4 == 3) {
		dst[out++] = (uint8_t)(acc >> 10);
		dst[out++] = (uint8_t)(acc >> 2);
	}
	return (ptrdiff_t)out;
}

START_TEST(test_base64_agrees_with_a_slow_decoder)
{
	static const char likely[] = "ABCDwxyz0189+/AAAA==\n\r \t-";
	uint8_t want[64], got[64];
	uint32_t state = 77;
	size_t round, len, i, want_end, got_end;
	ptrdiff_t want_len, got_len;
	char text[40];

	for (round = 0; round < 50000; round++) {
		len = next_byte(&state) % sizeof(text);
		for (i = 0; i < len; i++)
			text[i] = likely[next_byte(&state) %
			    (i + 6 < len ? 18 : sizeof(likely))];
		want_len = decode_slowly(want, text, len, &want_end);
		got_len = starttls_base64_decode(got, text, len, &got_end);
		if (got_len != want_len || got_end != want_end ||
		    (want_len > 0 && memcmp(got, want, (size_t)want_len) !=
		    0))
			ck_abort_msg("\"%.*s\": %td, not %td", (int)len,
			    text, got_len, want_len);
	}
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("text");
	TCase *clean = tcase_create("clean");
	TCase *base64 = tcase_create("base64");

	tcase_add_test(clean, test_text_clean_escapes_all_but_printable_ascii);
	tcase_add_test(clean, test_text_clean_truncates_at_every_size);
	tcase_add_test(clean, test_text_clean_keeps_what_just_fits);
	tcase_add_test(clean, test_text_clean_does_not_stop_at_nul);
	tcase_add_test(clean, test_text_clean_is_unambiguous);
	tcase_add_test(clean, test_text_is_plain_for_printable_ascii_only);
	suite_add_tcase(suite, clean);

	tcase_add_loop_test(base64, test_base64_agrees_with_rfc4648, 0,
	    ARRAY_LEN(vectors));
	tcase_add_test(base64, test_base64_round_trips_every_length);
	tcase_add_test(base64, test_base64_knows_every_byte);
	tcase_add_loop_test(base64, test_base64_refuses_wrong_padding, 0,
	    ARRAY_LEN(pads));
	tcase_add_test(base64, test_base64_agrees_with_a_slow_decoder);
	suite_add_tcase(suite, base64);
	return run_suite(suite);
}
