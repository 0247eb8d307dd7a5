/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * Whether a text of the peer repeats our password or token.
 *
 * A server knows both, and can say them in whatever form it likes, by mistake
 * or to have them end up in somebody's log.  The forms that programs use are
 * looked for; a text that has one of them in it is not shown at all, as its
 * rest may tell more.  What is hidden without need costs some words of a
 * server, so nothing here is exact: blanks, quotes and case do not count.
 *
 * What cannot be found: secrets in parts, or in a cipher of the server's own.
 */

#include "config.h"

#include "veil.h"

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "compat.h"

/* That much of a secret at the end of a text that was cut is the secret. */
#define CUT_MIN 4
/* Base64 of JSON with escapes has two. */
#define LAYERS 2

/* Text as bytes, in which a NUL is one. */
struct text {
	const char *at, *end;
	bool is_cut;               /* there was more */
};

/* What may be put between the characters of a secret, or left out: blanks,
   quotes and escapes, and the plus that is a blank in a form. */
static bool
is_filler(char c)
{
	return (unsigned char)c <= ' ' || c == 0x7f || c == '"' || c == '\\' ||
	    c == '\'' || c == '+';
}

static char
lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

static bool
is_filler_only(const char *text)
{
	while (*text != '\0' && is_filler(*text))
		text++;
	return *text == '\0';
}

static bool
begins_with(struct text t, const char *secret)
{
	size_t matched;

	for (matched = 0;; matched++) {
		while (*secret != '\0' && is_filler(*secret))
			secret++;
		if (*secret == '\0')
			return true;
		while (t.at < t.end && is_filler(*t.at))
			t.at++;
		if (t.at == t.end)
			return t.is_cut && matched >= CUT_MIN;
		if (lower(*t.at) != lower(*secret))
			return false;
		t.at++;
		secret++;
	}
}

static bool
contains(struct text t, const char *secret)
{
	if (is_filler_only(secret))
		return memmem(t.at, (size_t)(t.end - t.at), secret,
		    strlen(secret)) != NULL;
	for (; t.at < t.end; t.at++)
		if (!is_filler(*t.at) && begins_with(t, secret))
			return true;
	return false;
}

/* -1: no digit. */
static int
hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = lower(c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* So many digits, or up to a semicolon; *@ret_end is behind it.  -1: no. */
static int
number(struct text t, int base, size_t digits, const char **ret_end)
{
	int value = 0;
	size_t n;

	for (n = 0; n < (digits > 0 ? digits : 6) && t.at < t.end; n++) {
		if (hex_value(*t.at) < 0 || hex_value(*t.at) >= base)
			break;
		value = value * base + hex_value(*t.at++);
	}
	if (n == 0 || n < digits || value > 0xffff)
		return -1;
	if (digits == 0 && (t.at == t.end || *t.at++ != ';'))
		return -1;
	*ret_end = t.at;
	return value;
}

/* In UTF-8, which is never longer than the escape was. */
static size_t
put(char *dst, int c)
{
	size_t n = 0;

	if (c >= 0x800)
		dst[n++] = (char)(0xe0 | c >> 12);
	if (c >= 0x80)
		dst[n++] = (char)(c >= 0x800 ? 0x80 | (c >> 6 & 0x3f) :
		    0xc0 | c >> 6);
	dst[n++] = (char)(c >= 0x80 ? 0x80 | (c & 0x3f) : c);
	return n;
}

static bool
starts(struct text t, const char *with)
{
	size_t len = strlen(with);

	return (size_t)(t.end - t.at) >= len && memcmp(t.at, with, len) == 0;
}

/* Those with a number, in UTF-8 or as it is; 0 digits: up to a semicolon. */
static const struct {
	const char *start;
	int base;
	size_t digits;
	bool is_byte;
} numbers[] = {
	{ "%", 16, 2, true }, { "=", 16, 2, true }, { "\\x", 16, 2, true },
	{ "\\", 8, 3, true }, { "\\u", 16, 4, false }, { "&#x", 16, 0, false },
	{ "&#", 10, 0, false },
};

static const struct {
	const char *name;
	char c;
} names[] = {
	{ "&amp;", '&' }, { "&lt;", '<' }, { "&gt;", '>' }, { "&quot;", '"' },
	{ "&apos;", '\'' },
};

/*
 * One character of @t, without its escape: %41 of URLs, =41 of mail and SCRAM,
 * \x41 and \101 of text made safe to show, \u0041 of JSON, &#65; and &amp; of
 * HTML.
 */
static size_t
take_one(char *dst, struct text *t)
{
	struct text digits = *t;
	size_t i;
	int c;

	for (i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		if (!starts(*t, numbers[i].start))
			continue;
		digits.at = t->at + strlen(numbers[i].start);
		c = number(digits, numbers[i].base, numbers[i].digits, &t->at);
		if (c < 0)
			continue;
		if (!numbers[i].is_byte)
			return put(dst, c);
		*dst = (char)c;
		return 1;
	}
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (starts(*t, names[i].name)) {
			t->at += strlen(names[i].name);
			*dst = names[i].c;
			return 1;
		}
	*dst = *t->at++;
	return 1;
}

static size_t
unescape(char *dst, struct text t)
{
	char *to = dst;

	while (t.at < t.end)
		to += take_one(to, &t);
	return (size_t)(to - dst);
}

/* Of both alphabets; -1: of none. */
static int
base64_value(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == '+' || c == '-')
		return 62;
	return c == '/' || c == '_' ? 63 : -1;
}

/* The bytes of a run of base64, which may have begun before it. */
static size_t
decode(char *dst, struct text run)
{
	uint32_t bits = 0;
	unsigned have = 0;
	char *to = dst;

	for (; run.at < run.end; run.at++) {
		bits = bits << 6 | (uint32_t)base64_value(*run.at);
		have += 6;
		if (have >= 8) {
			have -= 8;
			*to++ = (char)(bits >> have & 0xff);
		}
	}
	return (size_t)(to - dst);
}

/* Pairs of digits, and what stands between them; up to @ret_end. */
static size_t
decode_hex(char *dst, struct text t, const char **ret_end)
{
	char *to = dst;

	for (;;) {
		while (t.at < t.end && (is_filler(*t.at) || *t.at == ':'))
			t.at++;
		if (t.end - t.at < 2 || hex_value(t.at[0]) < 0 ||
		    hex_value(t.at[1]) < 0)
			break;
		*to++ = (char)(hex_value(t.at[0]) * 16 + hex_value(t.at[1]));
		t.at += 2;
	}
	*ret_end = t.at;
	return (size_t)(to - dst);
}

/* Where to look, and room for what is decoded in it. */
struct search {
	const char *secret;
	char *scratch;
	size_t size;
	unsigned layers;           /* that may still be taken off */
};

static bool
is_within(struct text t, const struct search *s);

static bool
is_within_decoded(size_t len, bool is_cut, const struct search *s)
{
	struct search inner = *s;

	inner.scratch += s->size;
	inner.layers--;
	return is_within((struct text){ s->scratch, s->scratch + len, is_cut },
	    &inner);
}

/* A group of four may begin at any character. */
static bool
is_in_base64(struct text t, const struct search *s)
{
	struct text run;
	int skip;

	for (; t.at < t.end; t.at = run.end + (run.end < t.end)) {
		run = t;
		while (t.at < t.end && base64_value(*t.at) >= 0)
			t.at++;
		run.end = t.at;
		for (skip = 0; skip < 4 && run.at < run.end; skip++) {
			if (is_within_decoded(decode(s->scratch, run),
			    t.is_cut && run.end == t.end, s))
				return true;
			run.at++;
		}
	}
	return false;
}

/* And a pair at each of two. */
static bool
is_in_hex(struct text t, const struct search *s)
{
	const char *end, *odd_end;
	struct text odd;
	size_t len;

	for (;;) {
		while (t.at < t.end && hex_value(*t.at) < 0)
			t.at++;
		if (t.at == t.end)
			return false;
		odd = t;
		odd.at++;
		len = decode_hex(s->scratch, t, &end);
		if (is_within_decoded(len, t.is_cut && end == t.end, s))
			return true;
		len = decode_hex(s->scratch, odd, &odd_end);
		if (is_within_decoded(len, t.is_cut && odd_end == t.end, s))
			return true;
		t.at = end > odd_end ? end : odd_end;
	}
}

static bool
is_within(struct text t, const struct search *s)
{
	if (contains(t, s->secret))
		return true;
	return s->layers > 0 &&
	    (is_within_decoded(unescape(s->scratch, t), t.is_cut, s) ||
	    is_in_base64(t, s) || is_in_hex(t, s));
}

bool
veil_repeats(const char *text, const char *secret)
{
	const size_t size = strlen(text) + 1;
	struct text t = { text, text + size - 1, false };
	struct search s = { .secret = secret, .size = size, .layers = LAYERS };
	bool found;

	if (secret[0] == '\0')
		return false;
	if (size > 3 && strcmp(t.end - 3, "...") == 0) {
		t.end -= 3;
		t.is_cut = true;
	}
	s.scratch = calloc(LAYERS, size);
	if (s.scratch == NULL)
		return true;       /* who knows */
	found = is_within(t, &s);
	explicit_bzero(s.scratch, LAYERS * size);
	free(s.scratch);
	return found;
}
