/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * The scanner for streams of XML, with every way of cutting the stream:
 * src/xml.c.
 *
 * What it makes of a stream is compared as text, one character for each unit
 * and what it is about: "<" opens, ">" closes, "=" both, "'" is text, "_" is
 * blank, and "!" is malformed, "^" too much, "." unfinished.
 */

#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "domain.h"
#include "harness.h"
#include "xml.h"

static const char *const spaces[] = { "urn:a", "urn:b", NULL };

struct row {
	const char *name;
	const char *stream;
	size_t len;                /* 0: strlen(stream) */
	const char *units;
};

#define T16 "<a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a>"
#define U16 "<1:0:a <2:0:a <3:0:a <4:0:a <5:0:a <6:0:a <7:0:a <8:0:a " \
	"<9:0:a <10:0:a <11:0:a <12:0:a <13:0:a <14:0:a <15:0:a <16:0:a "

static const struct row rows[] = {
	{ "elements", "<a><b/><c></c></a>", 0,
	  "<1:0:a =2:0:b <2:0:c >2:0:c >1:0:a " },
	{ "declaration", "<?xml version='1.0'?><a>", 0, "'0:0: <1:0:a " },
	{ "declaration, all of it",
	  "<?xml\tversion = \"1.0\"\n encoding='uTf-8' standalone='yes' ?>", 0,
	  "'0:0: " },
	{ "declaration, no version", "<?xml encoding='UTF-8'?>", 0, "!" },
	{ "declaration, order", "<?xml encoding='UTF-8' version='1.0'?>", 0,
	  "!" },
	{ "declaration, twice version", "<?xml version='1.0' version='1.0'?>",
	  0, "!" },
	{ "declaration, nothing", "<?xml?>", 0, "!" },
	{ "declaration, glued", "<?xmlversion='1.0'?>", 0, "!" },
	{ "declaration, no question", "<?xml version='1.0'>", 0, "!" },
	{ "declaration, encoding", "<?xml version='1.0' encoding='latin1'?>",
	  0, "!" },
	{ "declaration, late", "<a><?", 0, "<1:0:a !" },
	{ "declaration behind a blank", " <?", 0, "'0:0: !" },
	{ "declaration, bits", "<?xm", 0, "." },
	{ "instruction", "<?php?>", 0, "!" },
	{ "comment", "<a><!", 0, "<1:0:a !" },
	{ "blanks", "<a> \t\r\n<b/> </a>", 0,
	  "<1:0:a ____=2:0:b _>1:0:a " },
	{ "blanks around", " <a></a> ", 0, "'0:0: <1:0:a >1:0:a '0:0: " },
	{ "behind the end", "<a></a><b>", 0, "<1:0:a >1:0:a !" },
	{ "behind an empty stream", "<a/>x", 0, "=1:0:a !" },
	{ "text", "<a><b>x &amp;&lt;&#x263A; \xe2\x98\xba > </b>", 0,
	  "<1:0:a <2:0:b '2:0: >2:0:b " },
	{ "text in the stream", "<a>x", 0, "<1:0:a !" },
	{ "text, unfinished", "<a><b>x", 0, "<1:0:a <2:0:b ." },
	{ "text, NUL", "<a><b>x\0", 8, "<1:0:a <2:0:b !" },
	{ "text, escape", "<a><b>\x1b", 0, "<1:0:a <2:0:b !" },
	{ "text, half a character", "<a><b>\xe2\x98<", 0, "<1:0:a <2:0:b !" },
	{ "text, overlong", "<a><b>\xe0\x80\xbc<", 0, "<1:0:a <2:0:b !" },
	{ "text, too high", "<a><b>\xf4\x90\x80\x80<", 0, "<1:0:a <2:0:b !" },
	{ "text, 0xff", "<a><b>\xff<", 0, "<1:0:a <2:0:b !" },
	{ "text, U+FFFE", "<a><b>\xef\xbf\xbe<", 0, "<1:0:a <2:0:b !" },
	{ "text, last of all", "<a><b>\xf4\x8f\xbf\xbf<", 0,
	  "<1:0:a <2:0:b '2:0: ." },
	{ "reference, entity", "<a><b>&x;<", 0, "<1:0:a <2:0:b !" },
	{ "reference, unfinished", "<a><b>&amp<", 0, "<1:0:a <2:0:b !" },
	{ "reference, case", "<a><b>&AMP;<", 0, "<1:0:a <2:0:b !" },
	{ "reference, 0", "<a><b>&#0;<", 0, "<1:0:a <2:0:b !" },
	{ "reference, nothing", "<a><b>&#;<", 0, "<1:0:a <2:0:b !" },
	{ "reference, sign", "<a><b>&#-1;<", 0, "<1:0:a <2:0:b !" },
	{ "reference, X", "<a><b>&#X41;<", 0, "<1:0:a <2:0:b !" },
	{ "reference, wraps", "<a><b>&#x100000041;<", 0, "<1:0:a <2:0:b !" },
	{ "reference, surrogate", "<a><b>&#xD800;<", 0, "<1:0:a <2:0:b !" },
	{ "attributes", "<a b='>' c=\"/>'\" d = 'x'\n>", 0, "<1:0:a " },
	{ "attribute, no blank", "<a b=''c=''>", 0, "!" },
	{ "attribute, no quotes", "<a b=c>", 0, "!" },
	{ "attribute, alone", "<a b>", 0, "!" },
	{ "attribute, open", "<a b='>", 0, "." },
	{ "attribute, twice", "<a b='' c='' b=''>", 0, "!" },
	{ "attribute, of both prefixes", "<a b='' x:b=''>", 0, "<1:0:a " },
	{ "attribute, entity", "<a b='&x;'>", 0, "!" },
	{ "attribute, tag", "<a b='<", 0, "!" },
	{ "attribute, slash", "<a / b=''>", 0, "!" },
	{ "tag, blanks", "<a ></a\n>", 0, "<1:0:a >1:0:a " },
	{ "tag, blank first", "< a>", 0, "!" },
	{ "tag, slash and blank", "<a/ >", 0, "!" },
	{ "tag, empty", "<>", 0, "!" },
	{ "tag, slash alone", "</>", 0, "!" },
	{ "tag, digit", "<1a>", 0, "!" },
	{ "tag, dash", "<-a>", 0, "!" },
	{ "tag, attributes of its end", "<a></a b=''>", 0, "<1:0:a !" },
	{ "tag, other end", "<a></b>", 0, "<1:0:a !" },
	{ "tag, case of its end", "<a></A>", 0, "<1:0:a !" },
	{ "tag, longer end", "<a></aa>", 0, "<1:0:a !" },
	{ "tag, end alone", "</a>", 0, "!" },
	{ "tag, two colons", "<a:b:c>", 0, "!" },
	{ "tag, no prefix", "<:b>", 0, "!" },
	{ "tag, no local name", "<a:>", 0, "!" },
	{ "tag in a tag", "<a <", 0, "!" },
	{ "tag, beyond ASCII", "<\xc3\xa9 \xe2\x98\xba='' xmlns:\xc3\xa9='urn:a'>"
	  "<\xc3\xa9:b/></\xc3\xa9>", 0,
	  "<1:0:\xc3\xa9 =2:1:b >1:0:\xc3\xa9 " },
	{ "tag, no UTF-8", "<a><b\xff>", 0, "<1:0:a !" },
	{ "tag, no UTF-8 first", "<a><\xe9/>", 0, "<1:0:a !" },
	{ "tag, half a character", "<a><b\xe2\x98>", 0, "<1:0:a !" },
	{ "tag, half a character of an empty one", "<a><b\xe2\x98/>", 0,
	  "<1:0:a !" },
	{ "tag, overlong", "<a><b\xc0\xaf/>", 0, "<1:0:a !" },
	{ "tag, surrogate", "<a><b\xed\xa0\x80/>", 0, "<1:0:a !" },
	{ "tag, U+FFFE", "<a><b\xef\xbf\xbe/>", 0, "<1:0:a !" },
	{ "tag, no UTF-8 in its end", "<a><b></b\xff>", 0,
	  "<1:0:a <2:0:b !" },
	{ "attribute, no UTF-8 in its name", "<a \xff=''>", 0, "!" },
	{ "attribute, overlong", "<a b\xe0\x80\xbc=''>", 0, "!" },
	{ "space, no UTF-8 in its prefix", "<a xmlns:\xff='urn:a'>", 0, "!" },
	{ "tag, NUL", "<a\0", 3, "!" },
	{ "space, default",
	  "<a xmlns='urn:a'><b/><c xmlns='urn:b'><d/></c><e/>", 0,
	  "<1:1:a =2:1:b <2:2:c =3:2:d >2:2:c =2:1:e " },
	{ "space, none again", "<a xmlns='urn:a'><b xmlns=''/><c/>", 0,
	  "<1:1:a =2:0:b =2:1:c " },
	{ "space, prefixes", "<x:a xmlns:x='urn:a' xmlns:y='urn:b'><y:b/><c/>"
	  "<x:d xmlns:x='urn:b'/><x:e/>", 0,
	  "<1:1:a =2:2:b =2:0:c =2:2:d =2:1:e " },
	{ "space, unknown", "<x:a xmlns:x='urn:c'><y:b/>", 0,
	  "<1:0:a =2:0:b " },
	{ "space, hidden by an unknown one",
	  "<a xmlns:x='urn:a'><x:b xmlns:x='urn:c'/><x:c/>", 0,
	  "<1:0:a =2:0:b =2:1:c " },
	{ "space, references", "<a xmlns='&#117;rn&#x3a;a'>", 0, "<1:1:a " },
	{ "space, nearly", "<a xmlns='urn:a '><b xmlns='urn:A'/>", 0,
	  "<1:0:a =2:0:b " },
	{ "space, attribute of another", "<a x:xmlns='urn:a'>", 0,
	  "<1:0:a " },
	{ "space, no default in prefixes", "<a xmlns:x='urn:a'>", 0,
	  "<1:0:a " },
	{ "space, undeclared", "<a xmlns:x=''>", 0, "!" },
	{ "space, xmlns", "<a xmlns:xmlns='urn:a'>", 0, "!" },
	{ "space, xml", "<a xmlns:xml='http://www.w3.org/XML/1998/namespace'>",
	  0, "<1:0:a " },
	{ "space, prefix of the same letters", "<a xmlns:ab='urn:a'><a:b/>", 0,
	  "<1:0:a =2:0:b " },
	{ "as deep as it goes", T16, 0, U16 },
	{ "too deep", T16 "<a>", 0, U16 "^" },
	{ "too many attributes", "<a a1='' a2='' a3='' a4='' a5='' a6='' a7='' "
	  "a8='' a9='' b0='' b1='' b2='' b3='' b4='' b5='' b6='' b7='' b8='' "
	  "b9='' c0='' c1='' c2='' c3='' c4='' c5='' c6='' c7='' c8='' c9='' "
	  "d0='' d1='' d2='' d3=''>", 0, "^" },
};

struct reader {
	struct framer framer;
	uint8_t data[1024];
	size_t len;
	char units[1024];
	bool over;
};

static void
note(struct reader *r, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void
note(struct reader *r, const char *format, ...)
{
	size_t len = strlen(r->units);
	va_list args;

	va_start(args, format);
	vsnprintf(r->units + len, sizeof(r->units) - len, format, args);
	va_end(args);
}

static void
receive(struct reader *r, const char *data, size_t len)
{
	struct unit u;
	ssize_t n = 1;

	memcpy(r->data + r->len, data, len);
	r->len += len;
	while (!r->over && r->len > 0) {
		n = starttls_xml_frame(&r->framer, spaces, r->data, r->len,
		    &u);
		if (n == 0)
			return;
		r->over = n < 0;
		if (n < 0)
			note(r, "%s", n == STARTTLS_E_LIMIT ? "^" : "!");
		else if (u.blank)
			note(r, "_");
		else
			note(r, "%c%u:%u:%.*s ", u.first && u.last ? '=' :
			    u.first ? '<' : u.last ? '>' : '\'', u.depth,
			    u.space, (int)u.text.len,
			    u.text.data == NULL ? "" :
			    (const char *)u.text.data);
		if (n > 0) {
			r->len -= (size_t)n;
			memmove(r->data, r->data + n, r->len);
		}
	}
}

static void
expect(struct reader *r, const struct row *row, const char *how)
{
	if (!r->over && r->len > 0)
		note(r, ".");
	ck_assert_msg(strcmp(r->units, row->units) == 0,
	    "%s, %s: \"%s\", not \"%s\"", row->name, how, r->units,
	    row->units);
}

START_TEST(test_xml_at_every_split)
{
	const struct row *row = &rows[_i];
	size_t len = row->len != 0 ? row->len : strlen(row->stream);
	size_t a;
	char how[64];

	for (a = 0; a <= len; a++) {
		struct reader r = { .len = 0 };

		snprintf(how, sizeof(how), "cut at %zu", a);
		receive(&r, row->stream, a);
		receive(&r, row->stream + a, len - a);
		expect(&r, row, how);
	}
	for (a = 1; a < 4; a++) {
		struct reader r = { .len = 0 };
		size_t i;

		snprintf(how, sizeof(how), "in pieces of %zu", a);
		for (i = 0; i < len; i += a)
			receive(&r, row->stream + i, len - i < a ? len - i :
			    a);
		expect(&r, row, how);
	}
}
END_TEST

/* Names and prefixes of what is open have bounds; what is closed is gone. */
START_TEST(test_xml_scope_is_bounded)
{
	static struct reader r;
	char tag[256];
	int i;

	memset(&r, 0, sizeof(r));
	receive(&r, "<a>", 3);
	for (i = 0; i < 100; i++) {
		snprintf(tag, sizeof(tag), "<%0200d/>", 0);
		tag[1] = 'a';
		r.units[0] = '\0';
		receive(&r, tag, strlen(tag));
		ck_assert_int_eq(r.units[0], '=');
	}
	tag[strlen(tag) - 2] = '>';
	tag[strlen(tag) - 1] = '\0';
	for (i = 0; i < 3; i++) {
		r.units[0] = '\0';
		receive(&r, tag, strlen(tag));
		ck_assert_int_eq(r.units[0], i < 2 ? '<' : '^');
	}
}
END_TEST

/* A stream that was opened before we came: its end may have any name. */
START_TEST(test_xml_entered)
{
	static struct reader r;

	memset(&r, 0, sizeof(r));
	starttls_xml_enter(&r.framer);
	receive(&r, " <b xmlns='urn:b'><c/></b><d/></x:y><e>", 39);
	ck_assert_str_eq(r.units,
	    "_<2:2:b =3:2:c >2:2:b =2:0:d >1:0:y !");
}
END_TEST

START_TEST(test_xml_attributes)
{
	static const char tag[] = "<s:a x:b='0' b='1&lt;' c=\"\" bb='2'>";
	const struct bytes line = { (const uint8_t *)tag, strlen(tag) };
	struct bytes value;

	ck_assert(starttls_xml_attribute(line, "b", &value));
	ck_assert(starttls_xml_equal(value, "1<"));
	ck_assert(!starttls_xml_equal(value, "1"));
	ck_assert(!starttls_xml_equal(value, "1<x"));
	ck_assert(!starttls_xml_equal(value, "1&lt;"));
	ck_assert(starttls_xml_attribute(line, "c", &value));
	ck_assert(starttls_xml_equal(value, ""));
	ck_assert(starttls_xml_attribute(line, "bb", &value));
	ck_assert(!starttls_xml_attribute(line, "a", &value));
	ck_assert(!starttls_xml_attribute(line, "B", &value));
	ck_assert(!starttls_xml_attribute(line, "s:a", &value));
}
END_TEST

#define LONG_NAME \
	"xn--4gqov2a9a4bxc2c5ctdxd4d8dseze2e9e." \
	"xn--4kqov2a9a4bxc2c5ctdxd4d8dseze2e9e." \
	"xn--ehqov2a9a4bxc2c5ctdxd4d8dseze2e9e"

START_TEST(test_xml_domain)
{
	static const struct {
		const char *name, *value;
	} names[] = {
		{ "localhost", "localhost" },
		{ "127.0.0.1", "127.0.0.1" },
		{ "2001:db8::1", "[2001:db8::1]" },
		{ "xn--bcher-kva.example.test", "b&#252;cher.example.test" },
		{ "a.xn--zckzah", "a.&#12486;&#12473;&#12488;" },
		/* none that IDNA knows */
		{ "xn--a", "xn--a" },
		{ "xn--999999999", "xn--999999999" },
		/* references would be too long */
		{ LONG_NAME, LONG_NAME },
	};
	char value[DOMAIN_SIZE];
	size_t i;

	for (i = 0; i < ARRAY_LEN(names); i++) {
		starttls_domain(value, names[i].name);
		ck_assert_str_eq(value, names[i].value);
	}
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("xml");
	TCase *units = tcase_create("units");

	tcase_add_loop_test(units, test_xml_at_every_split, 0,
	    ARRAY_LEN(rows));
	tcase_add_test(units, test_xml_scope_is_bounded);
	tcase_add_test(units, test_xml_entered);
	tcase_add_test(units, test_xml_attributes);
	tcase_add_test(units, test_xml_domain);
	suite_add_tcase(suite, units);
	return run_suite(suite);
}
