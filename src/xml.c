/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * A scanner for streams of XML, see xml.h for what it takes.  What is open is
 * kept in one bounded buffer; nothing is allocated, and nothing is expanded:
 * references are undone one by one where values are compared.
 *
 * Invariant: nothing is remembered of a unit that is not complete, so that no
 * cut of the stream makes a difference.
 *
 * XML 1.0, Namespaces in XML 1.0, RFC 6120 section 11, RFC 3629.
 */

#include "config.h"

#include "xml.h"

#include <string.h>

#include "starttls.h"

#define MALFORMED STARTTLS_E_PROTOCOL

/* ---- characters ---- */

static bool
is_blank(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool
is_name_start(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
	    c >= 0x80;
}

static bool
is_name_part(uint8_t c)
{
	return is_name_start(c) || (c >= '0' && c <= '9') || c == '-' ||
	    c == '.';
}

static bool
is_character(uint32_t c)
{
	if (c < 0x20)
		return c == '\t' || c == '\n' || c == '\r';
	return (c < 0xd800 || c > 0xdfff) && c != 0xfffe && c != 0xffff &&
	    c <= 0x10ffff;
}

static void
skip(struct bytes *rest, size_t len)
{
	rest->data += len;
	rest->len -= len;
}

static bool
skip_blanks(struct bytes *rest)
{
	size_t before = rest->len;

	while (rest->len > 0 && is_blank(rest->data[0]))
		skip(rest, 1);
	return rest->len < before;
}

static bool
skip_byte(struct bytes *rest, uint8_t c)
{
	if (rest->len == 0 || rest->data[0] != c)
		return false;
	skip(rest, 1);
	return true;
}

/* One character of UTF-8, RFC 3629 section 4. */
static bool
take_utf8(struct bytes *rest, uint32_t *ret_c)
{
	static const uint32_t least[] = { 0, 0x80, 0x800, 0x10000 };
	uint32_t c = rest->data[0];
	unsigned more = c < 0x80 ? 0 : c >> 5 == 6 ? 1 : c >> 4 == 14 ? 2 :
	    c >> 3 == 30 ? 3 : 4, i;

	if (more == 4 || rest->len <= more)
		return false;
	if (more > 0)
		c &= 0x3fu >> more;
	for (i = 1; i <= more; i++) {
		if (rest->data[i] >> 6 != 2)
			return false;
		c = c << 6 | (rest->data[i] & 0x3fu);
	}
	skip(rest, more + 1);
	*ret_c = c;
	return c >= least[more] && is_character(c);
}

static int
digit_of(uint8_t c, unsigned base)
{
	int digit = c >= '0' && c <= '9' ? c - '0' :
	    c >= 'a' && c <= 'f' ? c - 'a' + 10 :
	    c >= 'A' && c <= 'F' ? c - 'A' + 10 : 16;

	return digit < (int)base ? digit : -1;
}

/* The number behind "&#", up to its ';'. */
static bool
take_number(struct bytes *rest, uint32_t *ret_c)
{
	unsigned base = skip_byte(rest, 'x') ? 16 : 10;
	uint32_t c = 0;
	size_t digits = 0;
	int digit;

	for (; rest->len > 0; digits++, skip(rest, 1)) {
		digit = digit_of(rest->data[0], base);
		if (digit < 0)
			break;
		c = c * base + (uint32_t)digit;
		if (c > 0x10ffff)
			return false;
	}
	*ret_c = c;
	return digits > 0 && skip_byte(rest, ';') && is_character(c);
}

/* What is behind an '&'. */
static bool
take_reference(struct bytes *rest, uint32_t *ret_c)
{
	static const struct {
		const char *name;
		uint8_t c;
	} entities[] = {
		{ "amp;", '&' }, { "lt;", '<' }, { "gt;", '>' },
		{ "apos;", '\'' }, { "quot;", '"' },
	};
	size_t i;

	if (skip_byte(rest, '#'))
		return take_number(rest, ret_c);
	for (i = 0; i < sizeof(entities) / sizeof(entities[0]); i++) {
		size_t len = strlen(entities[i].name);

		if (rest->len < len ||
		    memcmp(rest->data, entities[i].name, len) != 0)
			continue;
		skip(rest, len);
		*ret_c = entities[i].c;
		return true;
	}
	return false;
}

static bool
take_character(struct bytes *rest, uint32_t *ret_c)
{
	return skip_byte(rest, '&') ? take_reference(rest, ret_c) :
	    take_utf8(rest, ret_c);
}

/* Of a value, or a text, neither of which has a '<'. */
static bool
is_legal(struct bytes text)
{
	uint32_t c;

	while (text.len > 0) {
		if (text.data[0] == '<' || !take_character(&text, &c))
			return false;
	}
	return true;
}

bool
starttls_xml_equal(struct bytes value, const char *text)
{
	uint32_t c;

	for (; value.len > 0; text++)
		if (*text == '\0' || !take_character(&value, &c) ||
		    c != (uint8_t)*text)
			return false;
	return *text == '\0';
}

unsigned
starttls_xml_number(struct bytes value)
{
	unsigned number = 0;
	uint32_t c;

	while (value.len > 0 && take_character(&value, &c) && c >= '0' &&
	    c <= '9')
		number = number < 100 ? number * 10 + (c - '0') : 999;
	return number;
}

/* ---- names and attributes ---- */

struct name_parts {
	struct bytes whole, prefix, local;
};

/* Of names all is legal above ASCII, if it is UTF-8. */
static bool
take_name_character(struct bytes *rest, bool (*is_legal_here)(uint8_t c))
{
	struct bytes behind = *rest;
	uint32_t c;

	if (rest->len == 0 || !is_legal_here(rest->data[0]) ||
	    !take_utf8(&behind, &c))
		return false;
	*rest = behind;
	return true;
}

/* One part of a name, up to a colon. */
static bool
take_part(struct bytes *rest, struct bytes *ret)
{
	ret->data = rest->data;
	if (!take_name_character(rest, is_name_start))
		return false;
	while (take_name_character(rest, is_name_part))
		continue;
	ret->len = (size_t)(rest->data - ret->data);
	return true;
}

static bool
take_name(struct bytes *rest, struct name_parts *ret)
{
	ret->whole.data = rest->data;
	if (!take_part(rest, &ret->local))
		return false;
	ret->prefix = (struct bytes){ rest->data, 0 };
	if (skip_byte(rest, ':')) {
		ret->prefix = ret->local;
		if (!take_part(rest, &ret->local))
			return false;
	}
	ret->whole.len = (size_t)(rest->data - ret->whole.data);
	return true;
}

struct attribute {
	struct name_parts name;
	struct bytes value;
};

static bool
take_attribute(struct bytes *rest, struct attribute *ret)
{
	const uint8_t *end;
	uint8_t quote;

	if (!take_name(rest, &ret->name))
		return false;
	skip_blanks(rest);
	if (!skip_byte(rest, '='))
		return false;
	skip_blanks(rest);
	if (rest->len == 0)
		return false;
	quote = rest->data[0];
	if (quote != '\'' && quote != '"')
		return false;
	skip(rest, 1);
	end = memchr(rest->data, quote, rest->len);
	if (end == NULL)
		return false;
	ret->value = (struct bytes){ rest->data,
	    (size_t)(end - rest->data) };
	skip(rest, ret->value.len + 1);
	return is_legal(ret->value);
}

static bool
is_same(struct bytes a, struct bytes b)
{
	return a.len == b.len && memcmp(a.data, b.data, a.len) == 0;
}

static bool
is_text(struct bytes b, const char *text)
{
	return is_same(b, (struct bytes){ (const uint8_t *)text,
	    strlen(text) });
}

bool
starttls_xml_attribute(struct bytes tag, const char *name,
		       struct bytes *ret_value)
{
	struct attribute a;
	struct name_parts element;

	if (!skip_byte(&tag, '<') || !take_name(&tag, &element))
		return false;
	while (skip_blanks(&tag) && take_attribute(&tag, &a))
		if (is_text(a.name.whole, name)) {
			*ret_value = a.value;
			return true;
		}
	return false;
}

/* ---- what is open ---- */

/*
 * Of each open element there is in the scope its name with a NUL, and for each
 * prefix that it declares the number of the namespace in one byte and the
 * prefix with a NUL.  The default namespace has an empty prefix.
 */

static bool
push(struct xml_state *x, struct bytes text)
{
	if (text.len >= sizeof(x->scope) - x->scope_len)
		return false;
	memcpy(x->scope + x->scope_len, text.data, text.len);
	x->scope_len += text.len;
	x->scope[x->scope_len++] = '\0';
	return true;
}

static bool
push_prefix(struct xml_state *x, struct bytes prefix, uint8_t space)
{
	if (x->scope_len == sizeof(x->scope))
		return false;
	x->scope[x->scope_len++] = (char)space;
	return push(x, prefix);
}

static struct bytes
text_at(const struct xml_state *x, size_t at)
{
	return (struct bytes){ (const uint8_t *)x->scope + at,
	    strlen(x->scope + at) };
}

/* The namespace of a prefix, looked for from the inside. */
static unsigned
space_of(const struct xml_state *x, struct bytes prefix)
{
	size_t end = x->scope_len, at;
	unsigned depth;

	for (depth = x->depth; depth > 0; depth--) {
		at = x->base[depth];
		if (at < end)
			at += text_at(x, at).len + 1;
		while (at < end) {
			struct bytes declared = text_at(x, at + 1);

			if (is_same(declared, prefix))
				return (uint8_t)x->scope[at];
			at += declared.len + 2;
		}
		end = x->base[depth];
	}
	return 0;
}

static uint8_t
number_of(const char *const *spaces, struct bytes value)
{
	uint8_t i;

	for (i = 0; spaces[i] != NULL; i++)
		if (starttls_xml_equal(value, spaces[i]))
			return (uint8_t)(i + 1);
	return 0;
}

/* An attribute that declares a namespace; others are none of our business. */
static ssize_t
declare(struct xml_state *x, const char *const *spaces,
	const struct attribute *a)
{
	const struct bytes none = { a->name.whole.data, 0 };
	bool is_default = is_text(a->name.whole, "xmlns");

	if (!is_default && !is_text(a->name.prefix, "xmlns"))
		return 0;
	/* the prefix xml has its namespace already, and no other */
	if (!is_default && is_text(a->name.local, "xml"))
		return 0;
	if (!is_default && (a->value.len == 0 ||
	    is_text(a->name.local, "xmlns")))
		return MALFORMED;
	return push_prefix(x, is_default ? none : a->name.local,
	    number_of(spaces, a->value)) ? 0 : STARTTLS_E_LIMIT;
}

/* ---- tags ---- */

/* Whether one of the attributes from @all up to @last has its name. */
static bool
is_repeated(struct bytes all, const struct attribute *last)
{
	struct attribute a;

	while (skip_blanks(&all) && take_attribute(&all, &a) &&
	    a.name.whole.data < last->name.whole.data)
		if (is_same(a.name.whole, last->name.whole))
			return true;
	return false;
}

/* @rest is what stands between the name and '>' or "/>". */
static ssize_t
take_attributes(struct xml_state *x, const char *const *spaces,
		struct bytes rest)
{
	const struct bytes all = rest;
	struct attribute a;
	unsigned count = 0;
	ssize_t rc = 0;

	while (rc == 0 && skip_blanks(&rest) && rest.len > 0) {
		if (++count > XML_MAX_ATTRIBUTES)
			return STARTTLS_E_LIMIT;
		if (!take_attribute(&rest, &a) || is_repeated(all, &a))
			return MALFORMED;
		rc = declare(x, spaces, &a);
	}
	return rc != 0 ? rc : rest.len == 0 ? 0 : MALFORMED;
}

static void
describe(const struct xml_state *x, const struct name_parts *name,
	 struct unit *u)
{
	u->text = name->local;
	u->depth = x->depth;
	u->space = space_of(x, name->prefix);
	u->inner = space_of(x, (struct bytes){ name->whole.data, 0 });
}

static void
pop(struct xml_state *x)
{
	x->scope_len = x->base[x->depth--];
	x->ended = x->depth == 0;
}

/* @rest is what stands between '<' and '>'. */
static ssize_t
open_tag(struct xml_state *x, const char *const *spaces, struct bytes rest,
	 struct unit *u)
{
	struct name_parts name;
	bool is_empty = rest.len > 0 && rest.data[rest.len - 1] == '/';
	ssize_t rc;

	rest.len -= is_empty;
	if (!take_name(&rest, &name))
		return MALFORMED;
	if (x->depth == XML_MAX_DEPTH)
		return STARTTLS_E_LIMIT;
	x->base[++x->depth] = (uint16_t)x->scope_len;
	if (!push(x, name.whole))
		return STARTTLS_E_LIMIT;
	rc = take_attributes(x, spaces, rest);
	if (rc != 0)
		return rc;
	describe(x, &name, u);
	u->first = true;
	u->last = is_empty;
	if (is_empty)
		pop(x);
	return 0;
}

static ssize_t
close_tag(struct xml_state *x, struct bytes rest, struct unit *u)
{
	struct name_parts name;

	if (!take_name(&rest, &name))
		return MALFORMED;
	skip_blanks(&rest);
	if (rest.len > 0 || x->depth == 0)
		return MALFORMED;
	/* nothing is known of one that was entered */
	if (x->base[x->depth] < x->scope_len &&
	    !is_same(name.whole, text_at(x, x->base[x->depth])))
		return MALFORMED;
	describe(x, &name, u);
	u->last = true;
	pop(x);
	return 0;
}

static bool
is_utf8(struct bytes encoding)
{
	static const char name[] = "utf-8";
	size_t i;

	for (i = 0; i < encoding.len; i++)
		if ((encoding.data[i] | 0x20) != name[i])
			return false;
	return name[i] == '\0';
}

/* <?xml version='1.0' encoding='UTF-8'?>: @rest is behind "<?xml". */
static ssize_t
declaration(struct bytes rest)
{
	static const char *const names[] = { "version", "encoding",
	    "standalone" };
	struct attribute a;
	unsigned next = 0;

	if (rest.len == 0 || rest.data[rest.len - 1] != '?')
		return MALFORMED;
	rest.len--;
	while (skip_blanks(&rest) && rest.len > 0) {
		if (!take_attribute(&rest, &a))
			return MALFORMED;
		while (next < 3 && !is_text(a.name.whole, names[next]))
			if (next++ == 0)
				return MALFORMED;
		if (next == 3 || (next == 0 && !is_text(a.value, "1.0")) ||
		    (next == 1 && !is_utf8(a.value)))
			return MALFORMED;
		next++;
	}
	return rest.len == 0 && next > 0 ? 0 : MALFORMED;
}

static bool
begins_with(const uint8_t *data, size_t len, const char *text)
{
	size_t text_len = strlen(text);

	return memcmp(data, text, len < text_len ? len : text_len) == 0;
}

/*
 * The bytes of the tag at the front, 0 if it is not complete, or malformed
 * where no more bytes can help.
 */
static ssize_t
measure_tag(struct framer *f, const uint8_t *data, size_t len)
{
	struct xml_state *x = &f->xml;
	size_t i = f->searched;

	if (len > 1 && (data[1] == '!' || (data[1] == '?' && (x->begun ||
	    !begins_with(data, len, "<?xml")))))
		return MALFORMED;
	if (i == 0) {
		x->quote = 0;
		i = 1;
	}
	for (; i < len; i++) {
		if (data[i] == '<' || !is_character(data[i]))
			return MALFORMED;
		if (x->quote == 0 && data[i] == '>') {
			f->searched = 0;
			return (ssize_t)i + 1;
		}
		if (x->quote == data[i])
			x->quote = 0;
		else if (x->quote == 0 && (data[i] == '"' || data[i] == '\''))
			x->quote = data[i];
	}
	f->searched = len;
	return 0;
}

static ssize_t
frame_tag(struct framer *f, const char *const *spaces, const uint8_t *data,
	  size_t len, struct unit *u)
{
	struct xml_state *x = &f->xml;
	struct bytes inside;
	ssize_t n = measure_tag(f, data, len), rc;

	if (n <= 0)
		return n;
	u->line.len = (size_t)n;
	inside = (struct bytes){ data + 1, (size_t)n - 2 };
	if (skip_byte(&inside, '?'))
		rc = declaration((struct bytes){ inside.data + 3,
		    inside.len - 3 });
	else if (x->ended)
		rc = MALFORMED;
	else if (skip_byte(&inside, '/'))
		rc = close_tag(x, inside, u);
	else
		rc = open_tag(x, spaces, inside, u);
	x->begun = true;
	return rc != 0 ? rc : n;
}

/* Up to the next tag; outside of all elements, byte by byte. */
static ssize_t
frame_text(struct framer *f, const uint8_t *data, size_t len, struct unit *u)
{
	struct xml_state *x = &f->xml;
	size_t i = f->searched;

	u->depth = x->depth;
	if (x->depth < 2) {
		if (!is_blank(data[0]))
			return MALFORMED;
		u->line.len = 1;
		u->blank = x->depth == 1;
		x->begun = true;
		return 1;
	}
	while (i < len && data[i] != '<' && is_character(data[i]))
		i++;
	f->searched = i < len ? 0 : i;
	if (i == len)
		return 0;
	u->line.len = i;
	return data[i] == '<' && is_legal(u->line) ? (ssize_t)i : MALFORMED;
}

ssize_t
starttls_xml_frame(struct framer *f, const char *const *spaces,
		   const uint8_t *data, size_t len, struct unit *ret_unit)
{
	*ret_unit = (struct unit){ .line = { data, len } };
	return data[0] == '<' ? frame_tag(f, spaces, data, len, ret_unit) :
	    frame_text(f, data, len, ret_unit);
}

void
starttls_xml_enter(struct framer *f)
{
	f->xml.begun = true;
	f->xml.depth = 1;
}

bool
starttls_xml_opens(const struct unit *u, unsigned depth, unsigned space,
		   const char *name)
{
	return u->first && u->depth == depth && u->space == space &&
	    is_text(u->text, name);
}
