/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * Names of X.500 in DER, RFC 5280 sections 4.1.2.4 and 7.1.
 *
 * Name ::= SEQUENCE OF SET OF SEQUENCE { type OID, value ANY }; all functions
 * take what is inside the outermost SEQUENCE.
 */

#include "config.h"

#include "dirname.h"

#include <string.h>

#define MAX_ATTRIBUTES 16          /* of an RDN; it has one, rarely two */

enum string_tag {
	UTF8_STRING = 0x0c,
	NUMERIC_STRING = 0x12,
	PRINTABLE_STRING = 0x13,
	TELETEX_STRING = 0x14,
	IA5_STRING = 0x16,
	VISIBLE_STRING = 0x1a,
	UNIVERSAL_STRING = 0x1c,
	BMP_STRING = 0x1e
};

struct attribute {
	struct slice type;
	uint8_t tag;
	struct slice value;
};

#define END UINT32_MAX             /* of a string */

static bool
take_attribute(struct slice *rdn, struct attribute *ret)
{
	struct slice attribute;

	if (!starttls_der_take(rdn, DER_SEQUENCE, false, &attribute) ||
	    !starttls_der_take(&attribute, DER_OID, false, &ret->type) ||
	    attribute.len == 0)
		return false;
	ret->tag = attribute.data[0];
	return starttls_der_take(&attribute, ret->tag, false, &ret->value) &&
	    attribute.len == 0;
}

bool
starttls_dirname_is_valid(struct slice name)
{
	struct attribute ignored;
	struct slice rdn;
	size_t count;

	while (name.len > 0) {
		if (!starttls_der_take(&name, DER_SET, false, &rdn) ||
		    rdn.len == 0)
			return false;
		for (count = 0; rdn.len > 0; count++)
			if (count == MAX_ATTRIBUTES ||
			    !take_attribute(&rdn, &ignored))
				return false;
	}
	return true;
}

static bool
is_string(uint8_t tag)
{
	return tag == UTF8_STRING || tag == NUMERIC_STRING ||
	    tag == PRINTABLE_STRING || tag == TELETEX_STRING ||
	    tag == IA5_STRING || tag == VISIBLE_STRING ||
	    tag == UNIVERSAL_STRING || tag == BMP_STRING;
}

/* The octets of the next character. */
static size_t
character_size(uint8_t tag, uint8_t first)
{
	if (tag == UNIVERSAL_STRING)
		return 4;
	if (tag == BMP_STRING)
		return 2;
	if (tag != UTF8_STRING || first < 0xc0)
		return 1;
	return first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
}

/* The next character, in lower case, or END.  What is malformed differs from
   all that is not, if only by what is taken for a character. */
static uint32_t
take_character(uint8_t tag, struct slice *text)
{
	size_t size, i;
	uint32_t c = 0;

	if (text->len == 0)
		return END;
	size = character_size(tag, text->data[0]);
	if (size > text->len)
		size = text->len;
	for (i = 0; i < size; i++)
		if (tag != UTF8_STRING || size == 1)
			c = c << 8 | text->data[i];
		else if (i == 0)
			c = text->data[i] & (0xffu >> (size + 1));
		else
			c = c << 6 | (text->data[i] & 0x3f);
	text->data += size;
	text->len -= size;
	if (c == END)
		c--;
	return c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c;
}

/* As it is compared: blanks as one, and none at the end. */
static uint32_t
take_compared(uint8_t tag, struct slice *text)
{
	uint32_t c = take_character(tag, text);
	struct slice rest = *text;

	if (c != ' ')
		return c;
	while ((c = take_character(tag, &rest)) == ' ')
		*text = rest;
	if (c == END)
		*text = rest;
	return c == END ? END : ' ';
}

static void
skip_blanks(uint8_t tag, struct slice *text)
{
	struct slice rest = *text;

	while (take_character(tag, &rest) == ' ')
		*text = rest;
}

static bool
same_attribute(const struct attribute *a, const struct attribute *b)
{
	struct slice x = a->value, y = b->value;
	uint32_t c;

	if (a->type.len != b->type.len ||
	    memcmp(a->type.data, b->type.data, a->type.len) != 0)
		return false;
	if (!is_string(a->tag) || !is_string(b->tag))
		return a->tag == b->tag && x.len == y.len &&
		    memcmp(x.data, y.data, x.len) == 0;
	skip_blanks(a->tag, &x);
	skip_blanks(b->tag, &y);
	do {
		c = take_compared(a->tag, &x);
		if (take_compared(b->tag, &y) != c)
			return false;
	} while (c != END);
	return true;
}

static bool
includes(struct slice rdn, struct slice other)
{
	struct attribute x, y;

	while (take_attribute(&other, &x)) {
		struct slice rest = rdn;
		bool found = false;

		while (!found && take_attribute(&rest, &y))
			found = same_attribute(&x, &y);
		if (!found)
			return false;
	}
	return true;
}

bool
starttls_dirname_is_within(struct slice name, struct slice base)
{
	struct slice x, y;

	while (starttls_der_take(&base, DER_SET, false, &x))
		if (!starttls_der_take(&name, DER_SET, false, &y) ||
		    !includes(x, y) || !includes(y, x))
			return false;
	return true;
}

static uint32_t
mix(uint32_t hash, uint32_t more)
{
	return (hash ^ more) * 16777619u; /* FNV-1a, by characters */
}

static uint32_t
hash_octets(uint32_t hash, struct slice octets)
{
	size_t i;

	for (i = 0; i < octets.len; i++)
		hash = mix(hash, octets.data[i]);
	return hash;
}

static uint32_t
hash_attribute(const struct attribute *a)
{
	uint32_t hash = hash_octets(2166136261u, a->type), c;
	struct slice text = a->value;

	if (!is_string(a->tag))
		return hash_octets(mix(hash, a->tag), text);
	skip_blanks(a->tag, &text);
	while ((c = take_compared(a->tag, &text)) != END)
		hash = mix(hash, c);
	return hash;
}

uint32_t
starttls_dirname_hash(struct slice name)
{
	struct attribute attribute;
	struct slice rdn;
	uint32_t hash = 0, own, most;

	while (starttls_der_take(&name, DER_SET, false, &rdn)) {
		/* a set: in any order, and some of them twice */
		for (most = 0; take_attribute(&rdn, &attribute);) {
			own = hash_attribute(&attribute);
			if (own > most)
				most = own;
		}
		hash = mix(hash, most);
	}
	return hash;
}
