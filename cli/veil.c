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

/* %41 of URLs, =41 of mail and SCRAM, \x41 of text made safe to show. */
static size_t
unescape(char *dst, struct text t)
{
	char *to = dst;

	while (t.at < t.end) {
		const char *digits = t.at + 1;

		if (*t.at == '\\' && t.end - t.at > 1 && t.at[1] == 'x')
			digits++;
		if ((*t.at == '%' || *t.at == '=' || digits - t.at == 2) &&
		    t.end - digits >= 2 && hex_value(digits[0]) >= 0 &&
		    hex_value(digits[1]) >= 0) {
			*to++ = (char)(hex_value(digits[0]) * 16 +
			    hex_value(digits[1]));
			t.at = digits + 2;
		} else {
			*to++ = *t.at++;
		}
	}
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

/* A group of four may begin at any character. */
static bool
has_base64(struct text t, const char *secret, char *scratch)
{
	struct text run, decoded = { .at = scratch };
	int skip;

	for (; t.at < t.end; t.at = run.end + (run.end < t.end)) {
		run = t;
		while (t.at < t.end && base64_value(*t.at) >= 0)
			t.at++;
		run.end = t.at;
		for (skip = 0; skip < 4 && run.at < run.end; skip++) {
			decoded.end = scratch + decode(scratch, run);
			decoded.is_cut = t.is_cut && run.end == t.end;
			if (contains(decoded, secret))
				return true;
			run.at++;
		}
	}
	return false;
}

bool
veil_repeats(const char *text, const char *secret)
{
	const size_t size = strlen(text) + 1;
	struct text t = { text, text + size - 1, false }, plain;
	char *scratch;
	size_t len;
	bool found;

	if (secret[0] == '\0')
		return false;
	if (size > 3 && strcmp(t.end - 3, "...") == 0) {
		t.end -= 3;
		t.is_cut = true;
	}
	if (contains(t, secret))
		return true;
	scratch = calloc(1, size);
	if (scratch == NULL)
		return true;       /* who knows */
	len = unescape(scratch, t);
	plain = (struct text){ scratch, scratch + len, t.is_cut };
	found = contains(plain, secret) || has_base64(t, secret, scratch);
	explicit_bzero(scratch, size);
	free(scratch);
	return found;
}
