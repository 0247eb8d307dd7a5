/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * Takes lines of ManageSieve apart, see managesieve.h.  What is no line of the
 * grammar is malformed as a whole.
 */

#include "config.h"

#include "managesieve.h"

#include <string.h>
#include <strings.h>

static bool
is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

static bool
is_word(struct bytes b, const char *word)
{
	return strlen(word) == b.len &&
	    strncasecmp((const char *)b.data, word, b.len) == 0;
}

static void
skip(struct bytes *rest, size_t len)
{
	rest->data += len;
	rest->len -= len;
}

/* The framer has seen to the end of a literal. */
bool
starttls_sieve_string(struct bytes *rest, struct bytes *ret_string)
{
	size_t i = 1, len = 0;

	if (rest->len == 0 || (rest->data[0] != '"' && rest->data[0] != '{'))
		return false;
	if (rest->data[0] == '"') {
		while (i < rest->len && rest->data[i] != '"')
			i += rest->data[i] == '\\' ? 2 : 1;
		if (i >= rest->len)
			return false;
		*ret_string = (struct bytes){ rest->data + 1, i - 1 };
		skip(rest, i + 1);
		return true;
	}
	while (i < rest->len && is_digit(rest->data[i]))
		len = len * 10 + (size_t)(rest->data[i++] - '0');
	while (i < rest->len && rest->data[i] != '\n')
		i++;
	if (i >= rest->len || rest->len - i - 1 < len)
		return false;
	*ret_string = (struct bytes){ rest->data + i + 1, len };
	skip(rest, i + 1 + len);
	return true;
}

/* A response code, with strings and other parentheses in it. */
static bool
cut_code(struct bytes *rest, struct bytes *ret_code)
{
	const uint8_t *begin = rest->data;
	struct bytes ignored;
	unsigned depth = 0;

	if (rest->len < 3 || rest->data[0] != '(' || rest->data[1] == ')')
		return false;
	do {
		if (rest->len == 0)
			return false;
		if (rest->data[0] == '"' || rest->data[0] == '{') {
			if (!starttls_sieve_string(rest, &ignored))
				return false;
			continue;
		}
		depth += rest->data[0] == '(';
		depth -= rest->data[0] == ')';
		skip(rest, 1);
	} while (depth > 0);
	*ret_code = (struct bytes){ begin + 1,
	    (size_t)(rest->data - begin) - 2 };
	return true;
}

static bool
cut_blank(struct bytes *rest)
{
	if (rest->len < 2 || rest->data[0] != ' ')
		return false;
	skip(rest, 1);
	return true;
}

/* [ SP code ] [ SP string ], and nothing else. */
static bool
is_response(struct bytes rest, struct bytes *ret_code)
{
	struct bytes ignored;

	if (rest.len == 0)
		return true;
	if (!cut_blank(&rest))
		return false;
	if (rest.data[0] == '(' && (!cut_code(&rest, ret_code) ||
	    (rest.len > 0 && !cut_blank(&rest))))
		return false;
	return rest.len == 0 || (starttls_sieve_string(&rest, &ignored) &&
	    rest.len == 0);
}

void
starttls_sieve_read(struct bytes rest, struct sieve_line *ret_line)
{
	struct sieve_line l = { .kind = SIEVE_MALFORMED };
	struct bytes word = { rest.data, 0 };

	if (starttls_sieve_string(&rest, &l.name)) {
		if (rest.len == 0 || (cut_blank(&rest) &&
		    starttls_sieve_string(&rest, &l.value) && rest.len == 0))
			l.kind = SIEVE_LISTED;
	} else {
		while (word.len < rest.len && rest.data[word.len] != ' ')
			word.len++;
		skip(&rest, word.len);
		if (!is_response(rest, &l.code))
			l.kind = SIEVE_MALFORMED;
		else if (is_word(word, "OK"))
			l.kind = SIEVE_OK;
		else if (is_word(word, "NO") || is_word(word, "BYE"))
			l.kind = SIEVE_NO;
	}
	*ret_line = l;
}
