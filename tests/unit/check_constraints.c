/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/* Name constraints and names of directories: src/constraints.c,
   src/dirname.c. */

#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "constraints.h"
#include "dirname.h"
#include "harness.h"
#include "mint.h"
#include "wait.h"

/* DER under construction, from the end to the front. */
struct der {
	uint8_t bytes[100000];
	size_t start;
};

static void
begin(struct der *d)
{
	d->start = sizeof(d->bytes);
}

static size_t
size_of(const struct der *d)
{
	return sizeof(d->bytes) - d->start;
}

static const uint8_t *
data_of(const struct der *d)
{
	return d->bytes + d->start;
}

static void
put(struct der *d, const void *bytes, size_t len)
{
	ck_assert_uint_ge(d->start, len);
	d->start -= len;
	memcpy(d->bytes + d->start, bytes, len);
}

static void
put_byte(struct der *d, size_t byte)
{
	const uint8_t b = (uint8_t)byte;

	put(d, &b, 1);
}

/* The header of what was put since @end. */
static void
wrap(struct der *d, uint8_t tag, size_t end)
{
	const size_t len = end - d->start;

	put_byte(d, len & 0xff);
	if (len > 0xff) {
		put_byte(d, len >> 8 & 0xff);
		if (len > 0xffff)
			put_byte(d, len >> 16);
		put_byte(d, len > 0xffff ? 0x83 : 0x82);
	} else if (len > 0x7f) {
		put_byte(d, 0x81);
	}
	put_byte(d, tag);
}

static void
put_element(struct der *d, uint8_t tag, const void *bytes, size_t len)
{
	const size_t end = d->start;

	put(d, bytes, len);
	wrap(d, tag, end);
}

/* An organizationName, or whatever has this last arc of id-at. */
static void
put_attribute(struct der *d, uint8_t arc, uint8_t tag, const void *value,
	      size_t len)
{
	const uint8_t oid[] = { 0x55, 4, arc };
	const size_t end = d->start;

	put_element(d, tag, value, len);
	put_element(d, DER_OID, oid, sizeof(oid));
	wrap(d, DER_SEQUENCE, end);
}

#define UTF8 0x0c
#define PRINTABLE 0x13

/* "Acme/Sales": an organization, and a unit of it, as a Name. */
static void
put_directory(struct der *d, const char *text)
{
	const char *unit = strchr(text, '/');
	const size_t all = d->start;
	size_t end;

	if (unit != NULL) {
		end = d->start;
		put_attribute(d, 11, UTF8, unit + 1, strlen(unit + 1));
		wrap(d, DER_SET, end);
	}
	end = d->start;
	put_attribute(d, 10, UTF8, text,
	    unit == NULL ? strlen(text) : (size_t)(unit - text));
	wrap(d, DER_SET, end);
	wrap(d, DER_SEQUENCE, all);
}

/* "10.0.0.0/255.0.0.0", or without the mask. */
static void
put_addresses(struct der *d, const char *text)
{
	char copy[100], *mask;
	uint8_t bytes[16];
	int family = strchr(text, ':') != NULL ? AF_INET6 : AF_INET;
	size_t len = family == AF_INET ? 4 : 16;

	snprintf(copy, sizeof(copy), "%s", text);
	mask = strchr(copy, '/');
	if (mask != NULL) {
		*mask++ = '\0';
		ck_assert_int_eq(inet_pton(family, mask, bytes), 1);
		put(d, bytes, len);
	}
	ck_assert_int_eq(inet_pton(family, copy, bytes), 1);
	put(d, bytes, len);
}

/* "dns:example.org", a GeneralName. */
static void
put_name(struct der *d, const char *text)
{
	static const struct {
		const char *type;
		uint8_t tag;
	} types[] = {
		{ "other", 0xa0 }, { "mail", 0x81 }, { "dns", 0x82 },
		{ "x400", 0xa3 }, { "dir", 0xa4 }, { "edi", 0xa5 },
		{ "uri", 0x86 }, { "ip", 0x87 }, { "id", 0x88 },
		{ "hex", 0x87 }, { "odd", 0x89 }, { "bad", 0xa4 },
	};
	const char *value = strchr(text, ':') + 1;
	const size_t end = d->start;
	size_t i = 0, len = (size_t)(value - 1 - text);

	while (strncmp(types[i].type, text, len) != 0 ||
	    types[i].type[len] != '\0')
		i++;
	if (strcmp(types[i].type, "ip") == 0)
		put_addresses(d, value);
	else if (strcmp(types[i].type, "dir") == 0)
		put_directory(d, value);
	else
		put(d, value, strlen(value));
	wrap(d, types[i].tag, end);
}

#define MAX_WORDS 8

static size_t
split(char *text, char **words)
{
	size_t count = 0;

	for (;;) {
		text += strspn(text, " ");
		if (*text == '\0')
			return count;
		ck_assert_uint_lt(count, MAX_WORDS);
		words[count++] = text;
		text += strcspn(text, " ");
		if (*text != '\0')
			*text++ = '\0';
	}
}

/* "dns:a.example ip:10.0.0.1" */
static void
make_names(struct der *d, const char *text)
{
	char copy[200], *words[MAX_WORDS];
	size_t count, end;

	snprintf(copy, sizeof(copy), "%s", text);
	count = split(copy, words);
	begin(d);
	end = d->start;
	while (count > 0)
		put_name(d, words[--count]);
	wrap(d, DER_SEQUENCE, end);
}

static void
put_list(struct der *d, uint8_t tag, char sign, char **words, size_t count)
{
	const size_t all = d->start;
	bool any = false;

	while (count-- > 0)
		if (words[count][0] == sign) {
			const size_t end = d->start;

			put_name(d, words[count] + 1);
			wrap(d, DER_SEQUENCE, end);
			any = true;
		}
	if (any)
		wrap(d, tag, all);
}

/* "+dns:example.org -dns:mail.example.org": what is permitted or excluded */
static void
make_constraints(struct der *d, const char *text)
{
	char copy[200], *words[MAX_WORDS];
	size_t count, end;

	snprintf(copy, sizeof(copy), "%s", text);
	count = split(copy, words);
	begin(d);
	end = d->start;
	put_list(d, 0xa1, '-', words, count);
	put_list(d, 0xa0, '+', words, count);
	wrap(d, DER_SEQUENCE, end);
}

/* Paths: a root, a CA, and a leaf. */

enum fault { NONE, LEAF, CA, ROOT };

struct row {
	const char *at_ca, *at_root;         /* constraints */
	const char *names;                   /* of the leaf */
	const char *asked;                   /* NULL: nobody */
	enum fault fault;
};

static const struct row rows[] = {
	{ "+dns:example.org", NULL, "dns:example.org", "example.org", NONE },
	{ "+dns:example.org", NULL, "dns:a.example.org", "a.example.org",
	  NONE },
	{ "+dns:EXAMPLE.org", NULL, "dns:A.example.ORG", "a.example.org",
	  NONE },
	{ "+dns:example.org", NULL, "dns:badexample.org", "badexample.org",
	  LEAF },
	{ "+dns:example.org", NULL, "dns:org", "org", LEAF },
	{ "+dns:a.example.org", NULL, "dns:example.org", "example.org", LEAF },
	{ "+dns:example.com +dns:example.org", NULL, "dns:a.example.org",
	  "a.example.org", NONE },
	{ "+dns:org", NULL, "dns:a.example.org", "a.example.org", NONE },
	{ "+dns:", NULL, "dns:a.example.org", "a.example.org", NONE },
	/* all names count */
	{ "+dns:example.org", NULL, "dns:a.example.org dns:a.example.com",
	  "a.example.org", LEAF },
	{ "-dns:example.com", NULL, "dns:a.example.org dns:a.example.com",
	  "a.example.org", LEAF },
	{ "+dns:example.org", NULL, "dns:a.example.com", NULL, LEAF },
	{ "+dns:example.org", NULL, "dns:a.example.org", NULL, NONE },
	/* of the types that there are constraints for */
	{ "+dns:example.org", NULL, "ip:10.0.0.1", "10.0.0.1", NONE },
	{ "+ip:10.0.0.0/255.0.0.0", NULL, "dns:a.example.org",
	  "a.example.org", NONE },
	/* excluded */
	{ "-dns:example.org", NULL, "dns:example.org", "example.org", LEAF },
	{ "-dns:example.org", NULL, "dns:a.example.org", "a.example.org",
	  LEAF },
	{ "-dns:Example.Org", NULL, "dns:a.example.org", "a.example.org",
	  LEAF },
	{ "-dns:a.example.org", NULL, "dns:example.org", "example.org", NONE },
	{ "-dns:", NULL, "dns:example.org", "example.org", LEAF },
	{ "+dns:example.org -dns:a.example.org", NULL, "dns:b.example.org",
	  "b.example.org", NONE },
	{ "+dns:example.org -dns:a.example.org", NULL, "dns:b.a.example.org",
	  "b.a.example.org", LEAF },
	/* wildcards */
	{ "-dns:bar.example.org", NULL, "dns:*.example.org",
	  "bar.example.org", LEAF },
	{ "-dns:bar.example.org", NULL, "dns:*.example.org",
	  "foo.example.org", NONE },
	{ "-dns:bar.example.org", NULL, "dns:*.example.org", NULL, NONE },
	{ "-dns:example.org", NULL, "dns:*.example.org", "a.example.org",
	  LEAF },
	{ "-dns:example.org", NULL, "dns:*.a.example.org", NULL, LEAF },
	{ "+dns:example.org", NULL, "dns:*.example.org", "a.example.org",
	  NONE },
	{ "+dns:a.example.org", NULL, "dns:*.example.org", "a.example.org",
	  LEAF },
	{ NULL, "-dns:bar.example.org", "dns:*.example.org",
	  "bar.example.org", LEAF },
	/* a dot in front: what is below */
	{ "+dns:.example.org", NULL, "dns:a.example.org", "a.example.org",
	  NONE },
	{ "+dns:.example.org", NULL, "dns:b.a.example.org",
	  "b.a.example.org", NONE },
	{ "+dns:.example.org", NULL, "dns:example.org", "example.org", LEAF },
	{ "+dns:.example.org", NULL, "dns:aexample.org", "aexample.org",
	  LEAF },
	{ "+dns:.example.org", NULL, "dns:*.example.org", "a.example.org",
	  NONE },
	{ "-dns:.example.org", NULL, "dns:a.example.org", "a.example.org",
	  LEAF },
	{ "-dns:.example.org", NULL, "dns:example.org", "example.org", NONE },
	{ "-dns:.bar.example.org", NULL, "dns:*.bar.example.org",
	  "a.bar.example.org", LEAF },
	/* addresses */
	{ "+ip:10.0.0.0/255.0.0.0", NULL, "ip:10.1.2.3", "10.1.2.3", NONE },
	{ "+ip:10.9.9.9/255.0.0.0", NULL, "ip:10.1.2.3", "10.1.2.3", NONE },
	{ "+ip:10.0.0.0/255.0.0.0", NULL, "ip:11.1.2.3", "11.1.2.3", LEAF },
	{ "+ip:10.0.0.0/255.0.0.0", NULL, "ip:fe80::1", "fe80::1", LEAF },
	{ "+ip:fe80::/ffff::", NULL, "ip:10.0.0.1", "10.0.0.1", LEAF },
	{ "+ip:fe80::/ffff::", NULL, "ip:fe80::1", "fe80::1", NONE },
	{ "+ip:fe80::/ffff:: +ip:10.0.0.0/255.0.0.0", NULL,
	  "ip:fe80::1 ip:10.1.1.1", "fe80::1", NONE },
	{ "-ip:10.0.0.0/255.0.0.0", NULL, "ip:10.1.2.3", "10.1.2.3", LEAF },
	{ "-ip:10.0.0.0/255.0.0.0", NULL, "ip:11.1.2.3", "11.1.2.3", NONE },
	{ "-ip:10.0.0.0/255.0.0.0", NULL, "ip:fe80::1", "fe80::1", NONE },
	{ "-ip:0.0.0.0/0.0.0.0", NULL, "ip:10.1.2.3", "10.1.2.3", LEAF },
	{ "-ip:0.0.0.0/0.0.0.0 -ip:::/::", NULL, "dns:a.example.org",
	  "a.example.org", NONE },
	{ "+ip:10.1.2.3/255.255.255.255", NULL, "ip:10.1.2.3", "10.1.2.3",
	  NONE },
	{ "+ip:10.0.0.0/255.0.0.0", NULL, "hex:abc", NULL, LEAF },
	{ "-ip:10.0.0.0/255.0.0.0", NULL, "hex:abc", NULL, LEAF },
	/* directories */
	/* what we cannot compare is refused, if it is there */
	{ "+uri:example.org", NULL, "dns:a.example.org", "a.example.org",
	  NONE },
	{ "+uri:example.org", NULL,
	  "dns:a.example.org uri:http://example.org/", "a.example.org", LEAF },
	{ "-uri:example.com", NULL, "uri:http://example.org/", NULL, LEAF },
	{ "+id:a", NULL, "id:a", NULL, LEAF },
	{ "+dns:example.org", NULL, "uri:http://example.com/", NULL, NONE },
	{ "+mail:example.org", NULL, "mail:a@example.org", NULL, NONE },
	/* presented names that nobody can have */
	{ "-dns:a.example.org", NULL, "dns:a.example.org.", NULL, LEAF },
	{ "-dns:a.example.org", NULL, "dns:a..example.org", NULL, LEAF },
	{ "-dns:a.example.org", NULL, "dns:a/b", NULL, LEAF },
	{ "-dns:a.example.org", NULL, "dns:b*.example.org", NULL, LEAF },
	{ "+dns:example.org", NULL, "dns:.example.org", NULL, LEAF },
	/* at each issuer */
	{ NULL, "+dns:example.org", "dns:a.example.org", "a.example.org",
	  NONE },
	{ NULL, "+dns:example.org", "dns:a.example.com", "a.example.com",
	  LEAF },
	{ "+dns:a.example.org", "+dns:example.org", "dns:a.example.org",
	  "a.example.org", NONE },
	{ "+dns:example.org", "+dns:a.example.org", "dns:b.example.org",
	  "b.example.org", LEAF },
	{ "+dns:example.com", "+dns:example.org", "dns:b.example.org",
	  "b.example.org", LEAF },
	/* a CA that has issued itself another certificate; but not a leaf */
	/* constraints that cannot be read */
	{ "+dns:example.org.", NULL, "dns:a.example.org", NULL, CA },
	{ "+dns:*.example.org", NULL, "dns:a.example.org", NULL, CA },
	{ "-dns:a..b", NULL, "dns:a.example.org", NULL, CA },
	{ "-dns:.", NULL, "dns:a.example.org", NULL, CA },
	{ "-dns:..example.org", NULL, "dns:a.example.org", NULL, CA },
	{ "-dns:http://a", NULL, "dns:a.example.org", NULL, CA },
	{ "+dns:example.org +hex:abcd", NULL, "dns:a.example.org", NULL, CA },
	{ "-hex:abcdefghi", NULL, "dns:a.example.org", NULL, CA },
	{ "-ip:10.0.0.0/255.0.255.0", NULL, "dns:a.example.org", NULL, CA },
	{ "-odd:x", NULL, "dns:a.example.org", NULL, CA },
	{ "-bad:x", NULL, "dns:a.example.org", NULL, CA },
	{ NULL, "-dns:a..b", "dns:a.example.org", NULL, ROOT },
	{ "", NULL, "dns:a.example.org", NULL, CA },
};

/* The same, with subjects, and names of the CA. */
static const struct {
	struct row row;
	const char *subject, *ca_subject, *ca_names;
} subjects[] = {
	{ { "+dir:Acme", NULL, "dns:a.example.org", "a.example.org", NONE },
	  "O=Acme", NULL, NULL },
	{ { "+dir:Acme", NULL, "dns:a.example.org", "a.example.org", LEAF },
	  "O=Other", NULL, NULL },
	{ { "+dir:Acme", NULL, "dns:a.example.org", "a.example.org", NONE },
	  "OU=Sales,O=Acme", NULL, NULL },
	{ { "+dir:Acme/Sales", NULL, "dns:a.example.org",
	    "a.example.org", NONE }, "CN=x,OU=Sales,O=Acme", NULL, NULL },
	{ { "+dir:Acme/Sales", NULL, "dns:a.example.org",
	    "a.example.org", LEAF }, "O=Acme", NULL, NULL },
	{ { "+dir:ACME", NULL, "dns:a.example.org", "a.example.org", NONE },
	  "O=acme", NULL, NULL },
	{ { "-dir:ACME", NULL, "dns:a.example.org", "a.example.org", LEAF },
	  "CN=x,O=acme", NULL, NULL },
	{ { "-dir:Acme", NULL, "dns:a.example.org", "a.example.org", NONE },
	  "O=Acme Inc", NULL, NULL },
	{ { "-dir:Acme", NULL, "dns:a.example.org", "a.example.org", NONE },
	  "O=Acme,C=DE", NULL, NULL },
	{ { "+dir:Acme", NULL, "dir:Other", NULL, LEAF },
	  "O=Acme", NULL, NULL },
	{ { "+dir:Acme", NULL, "dir:Acme/Sales", NULL, NONE },
	  "O=Acme", NULL, NULL },
	{ { "-dir:Acme", NULL, "dir:Acme", NULL, LEAF },
	  "O=Other", NULL, NULL },
	{ { "+dir:Acme", NULL, "dns:a.example.org", "a.example.org", NONE },
	  "", NULL, NULL },
	{ { NULL, "+dir:Acme", "dns:a.example.org", "a.example.org", CA },
	  "O=Acme", "O=Other", NULL },
	{ { NULL, "+dir:Acme", "dns:a.example.org", "a.example.org", LEAF },
	  "O=Other", "O=Acme", NULL },
	{ { NULL, "-dns:example.com", "dns:a.example.org",
	    "a.example.org", CA }, NULL, NULL, "dns:www.example.com" },
	{ { "-dns:example.com", NULL, "dns:a.example.org",
	    "a.example.org", NONE }, NULL, NULL, "dns:www.example.com" },
	{ { NULL, "-dir:Root", "dns:a.example.org", "a.example.org", NONE },
	  "O=Leaf", "O=Root", NULL },
	{ { NULL, "-dir:Root", "dns:a.example.org", "a.example.org", LEAF },
	  "O=Root", "O=Root", NULL },
};

static const char *
or_else(const char *text, const char *other)
{
	return text != NULL ? text : other;
}

static void
mint_path(struct mint_cert certs[3], const uint8_t *at_ca, size_t at_ca_len,
	  const uint8_t *at_root, size_t at_root_len, const uint8_t *names,
	  size_t names_len)
{
	mint(&certs[2], &(struct mint_spec){ .subject = "O=Root",
	    .is_ca = true, .raw_constraints = at_root,
	    .raw_constraints_len = at_root_len }, NULL);
	mint(&certs[1], &(struct mint_spec){ .subject = "O=CA",
	    .is_ca = true, .raw_constraints = at_ca,
	    .raw_constraints_len = at_ca_len }, &certs[2]);
	mint(&certs[0], &(struct mint_spec){ .subject = "O=Leaf",
	    .raw_san = names, .raw_san_len = names_len }, &certs[1]);
}

static bool
check(const struct mint_cert certs[3], const char *asked, unsigned *ret_index)
{
	const gnutls_x509_crt_t path[] = { certs[0].crt, certs[1].crt,
		certs[2].crt };
	struct name name;
	const struct names names = { .name = { &name }, .count = 1 };
	const char *why;

	if (asked != NULL)
		ck_assert_int_eq(starttls_name_parse(asked, &name, &why), 0);
	return starttls_constraints_check(asked != NULL ? &names : NULL, path,
	    3, ret_index, NULL);
}

static void
hold(const struct row *row, int number, const char *subject,
     const char *ca_subject, const char *ca_names)
{
	static struct der at_ca, at_root, names, names_of_ca;
	struct mint_cert certs[3];
	struct mint_spec root = { .subject = "O=Root", .is_ca = true };
	struct mint_spec ca = { .subject = ca_subject, .is_ca = true };
	struct mint_spec leaf = { .subject = subject };
	unsigned index = 77;
	bool good;
	int i;

	if (row->at_root != NULL) {
		make_constraints(&at_root, row->at_root);
		root.raw_constraints = data_of(&at_root);
		root.raw_constraints_len = size_of(&at_root);
	}
	if (row->at_ca != NULL) {
		make_constraints(&at_ca, row->at_ca);
		ca.raw_constraints = data_of(&at_ca);
		ca.raw_constraints_len = size_of(&at_ca);
	}
	if (ca_names != NULL) {
		make_names(&names_of_ca, ca_names);
		ca.raw_san = data_of(&names_of_ca);
		ca.raw_san_len = size_of(&names_of_ca);
	}
	make_names(&names, row->names);
	leaf.raw_san = data_of(&names);
	leaf.raw_san_len = size_of(&names);
	mint(&certs[2], &root, NULL);
	mint(&certs[1], &ca, &certs[2]);
	mint(&certs[0], &leaf, &certs[1]);

	good = check(certs, row->asked, &index);
	ck_assert_msg(good == (row->fault == NONE), "row %d: %d", number,
	    good);
	ck_assert_msg(index == (good ? 77 : (unsigned)(row->fault - LEAF)),
	    "row %d: certificate %u", number, index);
	for (i = 0; i < 3; i++)
		mint_free(&certs[i]);
}

START_TEST(test_constraints_hold)
{
	hold(&rows[_i], _i, "O=Leaf", "O=CA", NULL);
}
END_TEST

START_TEST(test_constraints_hold_for_subjects)
{
	const char *subject = or_else(subjects[_i].subject, "O=Leaf");

	hold(&subjects[_i].row, _i, *subject != '\0' ? subject : NULL,
	    or_else(subjects[_i].ca_subject, "O=CA"), subjects[_i].ca_names);
}
END_TEST

/* DER of constraints, of which nothing is to be believed. */
static const struct {
	const char *der;
	size_t len;
} malformed[] = {
	{ "", 0 }, { "\x30", 1 }, { "\x30\x00", 2 }, { "\x05\x00", 2 },
	{ "\x30\x02\xa0\x00", 4 }, { "\x30\x02\xa1\x00", 4 },
	{ "\x30\x02\xa2\x00", 4 },
	/* excluded before permitted; twice */
	{ "\x30\x0e\xa1\x05\x30\x03\x82\x01" "a"
	  "\xa0\x05\x30\x03\x82\x01" "a", 16 },
	{ "\x30\x0e\xa0\x05\x30\x03\x82\x01" "a"
	  "\xa0\x05\x30\x03\x82\x01" "a", 16 },
	/* minimum 1, maximum 0, something behind */
	{ "\x30\x0a\xa0\x08\x30\x06\x82\x01" "a" "\x80\x01\x01", 12 },
	{ "\x30\x0a\xa0\x08\x30\x06\x82\x01" "a" "\x81\x01\x00", 12 },
	{ "\x30\x07\xa0\x05\x30\x03\x82\x01" "a" "x", 10 },
	/* too short, too long */
	{ "\x30\x07\xa0\x05\x30\x03\x82\x02" "a", 9 },
	{ "\x30\x07\xa0\x05\x30\x04\x82\x01" "a", 9 },
	{ "\x30\x07\xa0\x06\x30\x03\x82\x01" "a", 9 },
	{ "\x30\x08\xa0\x05\x30\x03\x82\x01" "a", 9 },
	{ "\x30\x84\xff\xff\xff\xff\xa0\x05\x30\x03\x82\x01" "a", 13 },
	{ "\x30\x80\xa0\x05\x30\x03\x82\x01" "a" "\x00\x00", 11 },
	{ "\x30\x08\xa0\x06\x30\x04\x82\x02" "a\0", 10 },
};

START_TEST(test_constraints_that_are_malformed)
{
	static struct der names;
	struct mint_cert certs[3];
	unsigned index = 77;
	int i;

	make_names(&names, "ip:10.0.0.1");
	mint_path(certs, (const uint8_t *)malformed[_i].der,
	    malformed[_i].len, NULL, 0, data_of(&names), size_of(&names));
	ck_assert_msg(!check(certs, "10.0.0.1", &index), "row %d", _i);
	ck_assert_uint_eq(index, 1);
	for (i = 0; i < 3; i++)
		mint_free(&certs[i]);
}
END_TEST

/* A minimum that is spelled out is the default. */
START_TEST(test_constraints_with_a_minimum)
{
	static const uint8_t der[] = "\x30\x0a\xa0\x08\x30\x06\x82\x01" "a"
	    "\x80\x01";            /* and the NUL */
	static struct der names;
	struct mint_cert certs[3];
	unsigned index;
	int i;

	make_names(&names, "dns:b.a");
	mint_path(certs, der, sizeof(der), NULL, 0, data_of(&names),
	    size_of(&names));
	ck_assert(check(certs, "b.a", &index));
	ck_assert(!check(certs, "b", &index));
	ck_assert_uint_eq(index, 0);
	for (i = 0; i < 3; i++)
		mint_free(&certs[i]);
}
END_TEST

static void
put_many(struct der *d, size_t count, const char *type, bool in_subtree)
{
	char text[40];

	while (count-- > 0) {
		const size_t end = d->start;

		snprintf(text, sizeof(text), "%s%zu", type, count);
		put_name(d, text);
		if (in_subtree)
			wrap(d, DER_SEQUENCE, end);
	}
}

START_TEST(test_constraints_are_bounded_work)
{
	static const struct {
		size_t constraints, names;
		bool good;
	} sizes[] = {
		{ 500, 100, true }, { 5000, 5000, false },
		{ 5, 7000, true }, { 5000, 50, true },
	};
	static struct der at_ca, names;
	struct mint_cert certs[3];
	unsigned index = 77;
	int64_t start;
	size_t end;
	int i;

	begin(&at_ca);
	end = at_ca.start;
	put_many(&at_ca, sizes[_i].constraints, "dns:b", true);
	wrap(&at_ca, 0xa1, end);
	wrap(&at_ca, DER_SEQUENCE, end);
	begin(&names);
	end = names.start;
	put_many(&names, sizes[_i].names, "dns:a", false);
	wrap(&names, DER_SEQUENCE, end);
	mint_path(certs, data_of(&at_ca), size_of(&at_ca), NULL, 0,
	    data_of(&names), size_of(&names));
	start = starttls_now_us();
	ck_assert_msg(check(certs, NULL, &index) == sizes[_i].good,
	    "row %d", _i);
	ck_assert_int_lt(starttls_now_us() - start, 1000000);
	ck_assert_uint_eq(index, sizes[_i].good ? 77 : 0);
	for (i = 0; i < 3; i++)
		mint_free(&certs[i]);
}
END_TEST

START_TEST(test_constraints_of_a_short_path)
{
	static struct der at_root, names;
	struct mint_cert certs[3];
	gnutls_x509_crt_t path[2];
	unsigned index = 77;
	int i;

	make_constraints(&at_root, "+dns:example.com");
	make_names(&names, "dns:example.org");
	mint_path(certs, NULL, 0, data_of(&at_root), size_of(&at_root),
	    data_of(&names), size_of(&names));
	/* an anchor that is the peer's certificate has no issuer */
	path[0] = certs[2].crt;
	ck_assert(starttls_constraints_check(NULL, path, 1, &index,
	    NULL));
	ck_assert_uint_eq(index, 77);
	path[0] = certs[0].crt;
	path[1] = certs[2].crt;
	ck_assert(!starttls_constraints_check(NULL, path, 2, &index,
	    NULL));
	ck_assert_uint_eq(index, 0);
	for (i = 0; i < 3; i++)
		mint_free(&certs[i]);
}
END_TEST

/* Strings of directories. */

#define O 10
#define OU 11
#define TELETEX 0x14
#define IA5 0x16
#define UNIVERSAL 0x1c
#define BMP 0x1e

static const struct {
	struct {
		uint8_t arc, tag;
		const char *value;
		size_t len;        /* 0: up to the NUL */
	} a, b;
	bool same;
} strings[] = {
	{ { O, UTF8, "Acme", 0 }, { O, UTF8, "Acme", 0 }, true },
	{ { O, UTF8, "Acme", 0 }, { O, PRINTABLE, "ACME", 0 }, true },
	{ { O, UTF8, "Acme", 0 }, { O, IA5, "acme", 0 }, true },
	{ { O, UTF8, "Acme", 0 }, { OU, UTF8, "Acme", 0 }, false },
	{ { O, UTF8, "Acme", 0 }, { O, UTF8, "Acm", 0 }, false },
	{ { O, UTF8, "Acm", 0 }, { O, UTF8, "Acme", 0 }, false },
	{ { O, UTF8, "", 0 }, { O, UTF8, "Acme", 0 }, false },
	{ { O, UTF8, "", 0 }, { O, PRINTABLE, "  ", 0 }, true },
	{ { O, UTF8, " The  Acme ", 0 }, { O, UTF8, "the acme", 0 }, true },
	{ { O, UTF8, "TheAcme", 0 }, { O, UTF8, "the acme", 0 }, false },
	{ { O, UTF8, "Acme", 0 }, { O, BMP, "\0A\0c\0m\0e", 8 }, true },
	{ { O, UTF8, "Acme", 0 },
	  { O, UNIVERSAL, "\0\0\0a\0\0\0c\0\0\0m\0\0\0e", 16 }, true },
	{ { O, UTF8, "Acme", 0 },
	  { O, UNIVERSAL, "\0\0\0a\0\0\0c\0\0\0m\0\0\0e\xff\xff\xff\xff", 20 },
	  false },
	{ { O, UTF8, "b\xc3\xbc" "cher", 0 }, { O, TELETEX, "b\xfc" "cher", 0 },
	  true },
	{ { O, UTF8, "b\xc3\xbc" "cher", 0 },
	  { O, BMP, "\0b\0\xfc\0c\0h\0e\0r", 12 }, true },
	{ { O, UTF8, "\xe2\x82\xac", 0 }, { O, BMP, "\x20\xac", 2 }, true },
	{ { O, UTF8, "\xf0\x9f\x98\x80", 0 },
	  { O, UNIVERSAL, "\0\1\xf6\0", 4 }, true },
	{ { O, UTF8, "a\0b", 3 }, { O, UTF8, "a", 0 }, false },
	{ { O, UTF8, "\xe2\x82", 0 }, { O, UTF8, "\xe2\x82\xac", 0 }, false },
	{ { O, UTF8, "a\xe2", 0 }, { O, UTF8, "a", 0 }, false },
	/* no strings: by their octets */
	{ { O, DER_OCTET_STRING, "Acme", 0 }, { O, DER_OCTET_STRING, "Acme",
	  0 }, true },
	{ { O, DER_OCTET_STRING, "Acme", 0 }, { O, DER_OCTET_STRING, "acme",
	  0 }, false },
	{ { O, DER_OCTET_STRING, "Acme", 0 }, { O, UTF8, "Acme", 0 }, false },
};

static size_t
length_of(const char *value, size_t len)
{
	return len > 0 ? len : strlen(value);
}

START_TEST(test_dirname_compares_strings)
{
	static struct der a, b;
	struct slice x, y;
	size_t end;

	begin(&a);
	end = a.start;
	put_attribute(&a, strings[_i].a.arc, strings[_i].a.tag,
	    strings[_i].a.value, length_of(strings[_i].a.value,
	    strings[_i].a.len));
	wrap(&a, DER_SET, end);
	begin(&b);
	put_attribute(&b, strings[_i].b.arc, strings[_i].b.tag,
	    strings[_i].b.value, length_of(strings[_i].b.value,
	    strings[_i].b.len));
	wrap(&b, DER_SET, end);
	x = (struct slice){ data_of(&a), size_of(&a) };
	y = (struct slice){ data_of(&b), size_of(&b) };
	ck_assert(starttls_dirname_is_valid(x));
	ck_assert(starttls_dirname_is_valid(y));
	ck_assert_msg(starttls_dirname_is_within(x, y) == strings[_i].same,
	    "row %d", _i);
	ck_assert_msg(starttls_dirname_is_within(y, x) == strings[_i].same,
	    "row %d", _i);
	ck_assert_msg((starttls_dirname_hash(x) == starttls_dirname_hash(y)) ==
	    strings[_i].same, "row %d", _i);
}
END_TEST

/* RDNs of several attributes, which are sets. */
START_TEST(test_dirname_compares_sets)
{
	static const char *const names[] = { "ab", "BA", "abc", "a", "aa" };
	static const bool same[ARRAY_LEN(names)] = { true, true };
	static struct der sets[ARRAY_LEN(names)];
	struct slice name[ARRAY_LEN(names)];
	const char *c;
	size_t i;

	for (i = 0; i < ARRAY_LEN(names); i++) {
		const size_t end = sizeof(sets[i].bytes);

		begin(&sets[i]);
		for (c = names[i]; *c != '\0'; c++)
			put_attribute(&sets[i], OU, UTF8, c, 1);
		wrap(&sets[i], DER_SET, end);
		name[i] = (struct slice){ data_of(&sets[i]),
			size_of(&sets[i]) };
		ck_assert(starttls_dirname_is_valid(name[i]));
		ck_assert_msg(starttls_dirname_is_within(name[0], name[i]) ==
		    same[i], "set %zu", i);
		ck_assert_msg(!same[i] || starttls_dirname_hash(name[0]) ==
		    starttls_dirname_hash(name[i]), "set %zu", i);
	}
	/* one of them has it twice */
	ck_assert(starttls_dirname_is_within(name[3], name[4]));
	ck_assert_uint_eq(starttls_dirname_hash(name[3]),
	    starttls_dirname_hash(name[4]));
}
END_TEST

START_TEST(test_dirname_refuses_what_is_none)
{
	static const struct {
		const char *der;
		size_t len;
	} bad[] = {
		{ "x", 1 }, { "\x31", 1 }, { "\x31\x00", 2 },
		{ "\x30\x00", 2 }, { "\x31\x02\x30\x00", 4 },
		{ "\x31\x05\x30\x03\x06\x01\x55", 7 },
		{ "\x31\x07\x30\x05\x0c\x01\x55\x0c\x00", 9 },
		{ "\x31\x08\x30\x06\x06\x01\x55\x0c\x00x", 10 },
		{ "\x31\x07\x30\x05\x06\x01\x55\x0c\x01", 9 },
		{ "\x31\x07\x30\x05\x06\x01\x55\x0c\x00x", 10 },
	};
	static struct der many;
	const size_t end = sizeof(many.bytes);
	size_t i;

	for (i = 0; i < ARRAY_LEN(bad); i++)
		ck_assert_msg(!starttls_dirname_is_valid((struct slice){
		    (const uint8_t *)bad[i].der, bad[i].len }), "row %zu", i);
	ck_assert(starttls_dirname_is_valid((struct slice){ NULL, 0 }));
	begin(&many);
	for (i = 0; i < 17; i++)
		put_attribute(&many, OU, UTF8, "a", 1);
	wrap(&many, DER_SET, end);
	ck_assert(!starttls_dirname_is_valid((struct slice){ data_of(&many),
	    size_of(&many) }));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("constraints");
	TCase *constraints = tcase_create("constraints");
	TCase *dirname = tcase_create("dirname");

	mint_set_clock();
	tcase_add_loop_test(constraints, test_constraints_hold, 0,
	    ARRAY_LEN(rows));
	tcase_add_loop_test(constraints, test_constraints_hold_for_subjects,
	    0, ARRAY_LEN(subjects));
	tcase_add_loop_test(constraints, test_constraints_that_are_malformed,
	    0, ARRAY_LEN(malformed));
	tcase_add_test(constraints, test_constraints_with_a_minimum);
	tcase_add_loop_test(constraints, test_constraints_are_bounded_work, 0,
	    4);
	tcase_add_test(constraints, test_constraints_of_a_short_path);
	suite_add_tcase(suite, constraints);

	tcase_add_loop_test(dirname, test_dirname_compares_strings, 0,
	    ARRAY_LEN(strings));
	tcase_add_test(dirname, test_dirname_compares_sets);
	tcase_add_test(dirname, test_dirname_refuses_what_is_none);
	suite_add_tcase(suite, dirname);
	return run_suite(suite);
}
