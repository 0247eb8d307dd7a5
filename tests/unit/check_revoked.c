/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * The reader of revocation lists: nothing is taken that GnuTLS refuses, and
 * what is on a list is found.  Which lists a policy takes is in check_crl.c.
 */

#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness.h"
#include "revoked.h"

#define CRL_NUMBER 20
#define REASON_CODE 21

static struct mint_cert root, leaf;

static void
set_up(void)
{
	mint(&root, &(struct mint_spec){ .cn = "root", .is_ca = true }, NULL);
	mint(&leaf, &(struct mint_spec){ .dns = { PEER } }, &root);
}

static void
tear_down(void)
{
	mint_free(&root);
	mint_free(&leaf);
}

/* Read a copy of these bytes. */
static int
read_list(const void *der, size_t len, struct revoked *ret_list,
	  const char **ret_why)
{
	uint8_t *copy = malloc(len + 1);
	int rc;

	ck_assert_ptr_nonnull(copy);
	memcpy(copy, der, len);
	*ret_why = "";
	rc = starttls_revoked_init(ret_list, copy, len, ret_why);
	if (rc != 0)
		free(copy);
	return rc;
}

static bool
is_taken(const void *der, size_t len)
{
	struct revoked list;
	const char *why;
	int rc = read_list(der, len, &list, &why);

	if (rc == 0)
		starttls_revoked_done(&list);
	else
		ck_assert_int_eq(rc, STARTTLS_E_POLICY);
	return rc == 0;
}

static bool
is_taken_by_gnutls(const void *der, size_t len)
{
	gnutls_datum_t data = { (unsigned char *)(uintptr_t)der,
		(unsigned)len };
	gnutls_x509_crl_t crl;
	int rc;

	ck_assert_int_eq(gnutls_x509_crl_init(&crl), 0);
	rc = gnutls_x509_crl_import(crl, &data, GNUTLS_X509_FMT_DER);
	gnutls_x509_crl_deinit(crl);
	return rc >= 0;
}

/* Whatever one octet of a list becomes, of its entry and all the rest. */
START_TEST(test_no_more_is_taken_than_by_gnutls)
{
	const struct mint_crl_spec spec = { .revoked = &leaf,
	    .extension = CRL_NUMBER, .entry_extension = REASON_CODE,
	    .critical = _i != 0 };
	gnutls_x509_crl_t crl = mint_crl_odd(&root, &spec);
	unsigned value, taken = 0, refused = 0;
	gnutls_datum_t der;
	size_t at;

	ck_assert_int_eq(gnutls_x509_crl_export2(crl, GNUTLS_X509_FMT_DER,
	    &der), 0);
	ck_assert(is_taken(der.data, der.size));
	for (at = 0; at < der.size; at++) {
		uint8_t was = der.data[at];

		for (value = 0; value < 256; value++) {
			der.data[at] = (uint8_t)value;
			if (!is_taken(der.data, der.size)) {
				refused++;
				continue;
			}
			taken++;
			ck_assert_msg(is_taken_by_gnutls(der.data, der.size),
			    "octet %zu of %u, %02x: %02x", at, der.size, was,
			    value);
		}
		der.data[at] = was;
		ck_assert(!is_taken(der.data, at)); /* cut short */
	}
	ck_assert_uint_gt(taken, 256);
	ck_assert_uint_gt(refused, 256);
	gnutls_free(der.data);
	gnutls_x509_crl_deinit(crl);
}
END_TEST

struct text {
	uint8_t bytes[65536];
	size_t len;
};

/* An element, in place: its content is from @start on. */
static void
wrap(struct text *t, size_t start, uint8_t tag)
{
	size_t len = t->len - start, header = starttls_der_header_len(len);

	ck_assert_uint_le(t->len + header, sizeof(t->bytes));
	memmove(t->bytes + start + header, t->bytes + start, len);
	starttls_der_put_header(t->bytes + start, tag, len);
	t->len += header;
}

static void
put(struct text *t, const void *bytes, size_t len)
{
	ck_assert_uint_le(t->len + len, sizeof(t->bytes));
	if (len > 0)
		memcpy(t->bytes + t->len, bytes, len);
	t->len += len;
}

#define PUT(t, text) put(t, text, sizeof(text) - 1)

static const char date[] = "\x17\x0d" "260101000000Z";

/* One entry, with this behind its date. */
static void
put_entry(struct text *t, const void *serial, size_t len, const void *more,
	  size_t more_len)
{
	size_t start = t->len;

	put(t, serial, len);
	wrap(t, start, DER_INTEGER);
	put(t, date, sizeof(date) - 1);
	put(t, more, more_len);
	wrap(t, start, DER_SEQUENCE);
}

/* What stands before the entries, and then behind them. */
static void
begin(struct text *t)
{
	t->len = 0;
	PUT(t, "\x02\x01\x01" "\x30\x0a\x06\x08\x2a\x86\x48\xce\x3d\x04\x03"
	    "\x02" "\x30\x00");
	put(t, date, sizeof(date) - 1);
}

static size_t
start_of_entries(void)
{
	static struct text t;

	begin(&t);
	return t.len;
}

static void
finish(struct text *t)
{
	wrap(t, start_of_entries(), DER_SEQUENCE);
	wrap(t, 0, DER_SEQUENCE);
	PUT(t, "\x30\x0a\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x02"
	    "\x03\x02\x00\x00");
	wrap(t, 0, DER_SEQUENCE);
}

static struct text text;

/* Serial numbers of all lengths, in no order, some of them many times. */
static size_t
serial_of(unsigned i, uint8_t *serial)
{
	size_t len = i % 7 == 0 ? 100 + i % 60 : 1 + i % 20, k;
	uint32_t x = i * 2654435761u;

	for (k = 0; k < len; k++) {
		x = x * 1664525 + 1013904223;
		serial[k] = (uint8_t)(x >> 24);
	}
	serial[0] &= 0x7f;
	return len;
}

START_TEST(test_all_are_found)
{
	uint8_t serial[160];
	struct revoked list;
	unsigned i, found = 0;
	const char *why;
	size_t len;

	begin(&text);
	for (i = 0; i < 900; i++) {
		len = serial_of(i % 600, serial);
		put_entry(&text, serial, len, NULL, 0);
	}
	finish(&text);
	ck_assert(is_taken_by_gnutls(text.bytes, text.len));
	ck_assert_int_eq(read_list(text.bytes, text.len, &list, &why), 0);
	ck_assert_uint_eq(list.count, 900);
	for (i = 0; i < 600; i++) {
		len = serial_of(i, serial);
		ck_assert_msg(starttls_revoked_has(&list,
		    (struct slice){ serial, len }), "serial %u", i);
	}
	for (; i < 1200; i++) {
		len = serial_of(i, serial);
		found += starttls_revoked_has(&list,
		    (struct slice){ serial, len });
	}
	ck_assert_uint_lt(found, 60); /* those of one octet */
	starttls_revoked_done(&list);
}
END_TEST

static const struct {
	const char *name;
	const char *more;
	size_t len;
	const char *why;           /* NULL: it is taken */
} entries[] = {
	{ "removeFromCRL", "\x30\x0c\x30\x0a\x06\x03\x55\x1d\x15\x04\x03\x0a"
	  "\x01\x08", 14, NULL },
	{ "no extension in extensions", "\x30\x00", 2, NULL },
	{ "an unknown extension", "\x30\x09\x30\x07\x06\x03\x55\x1d\x63\x04"
	  "\x00", 11, NULL },
	{ "an unknown critical extension", "\x30\x0c\x30\x0a\x06\x03\x55\x1d"
	  "\x63\x01\x01\xff\x04\x00", 14, "unknown critical" },
	{ "another issuer", "\x30\x09\x30\x07\x06\x03\x55\x1d\x1d\x04\x00",
	  11, "several issuers" },
	{ "an extension without a value", "\x30\x07\x30\x05\x06\x03\x55\x1d"
	  "\x15", 9, "malformed" },
	{ "an extension with two values", "\x30\x0b\x30\x09\x06\x03\x55\x1d"
	  "\x15\x04\x00\x04\x00", 13, "malformed" },
	{ "an extension that ends in its kind", "\x30\x09\x30\x07\x06\x03\x55"
	  "\x1d\x95\x04\x00", 11, "malformed" },
	{ "an extension without a kind", "\x30\x06\x30\x04\x06\x00\x04\x00",
	  8, "malformed" },
	{ "a flag of two octets", "\x30\x0d\x30\x0b\x06\x03\x55\x1d\x15\x01"
	  "\x02\x00\x00\x04\x00", 15, "malformed" },
	{ "something behind the extensions", "\x30\x00\x05\x00", 4,
	  "malformed" },
	{ "something else than extensions", "\x05\x00", 2, "malformed" },
	{ "extensions that end too late", "\x30\x02", 2, "malformed" },
};

/* One entry decides about all of a list, wherever in it that is. */
START_TEST(test_entry_behind_others)
{
	uint8_t serial[160];
	struct revoked list;
	const char *why;
	unsigned i;
	int rc;

	begin(&text);
	for (i = 0; i < 40; i++) {
		size_t len = serial_of(i, serial);

		put_entry(&text, serial, len, entries[_i].more,
		    i == 20 ? entries[_i].len : 0);
	}
	finish(&text);
	rc = read_list(text.bytes, text.len, &list, &why);
	if (entries[_i].why != NULL) {
		ck_assert_msg(rc == STARTTLS_E_POLICY, "%s: taken",
		    entries[_i].name);
		ck_assert_msg(strstr(why, entries[_i].why) != NULL, "%s: %s",
		    entries[_i].name, why);
		return;
	}
	ck_assert_msg(rc == 0, "%s: %s", entries[_i].name, why);
	ck_assert(is_taken_by_gnutls(text.bytes, text.len));
	ck_assert(starttls_revoked_has(&list, (struct slice){ serial,
	    serial_of(20, serial) }));
	starttls_revoked_done(&list);
}
END_TEST

static const struct {
	const char *name, *entry;
	size_t len;
} bad_entries[] = {
	{ "no date", "\x30\x03\x02\x01\x01", 5 },
	{ "no serial number", "\x30\x0f\x17\x0d" "260101000000Z", 17 },
	{ "an empty serial number", "\x30\x11\x02\x00\x17\x0d" "260101000000Z",
	  19 },
	{ "a date of letters", "\x30\x12\x02\x01\x01\x17\x0d" "26010100000xZ",
	  20 },
	{ "a date of no zone", "\x30\x12\x02\x01\x01\x17\x0d" "2601010000000",
	  20 },
	{ "a date in fractions", "\x30\x16\x02\x01\x01\x18\x11"
	  "20260101000000.5Z", 24 },
	{ "an empty date", "\x30\x05\x02\x01\x01\x17\x00", 7 },
	{ "no length", "\x30", 1 },
	{ "an indefinite length", "\x30\x80\x02\x01\x01\x17\x0d"
	  "260101000000Z\0\0", 22 },
	{ "a length of five octets", "\x30\x85\x00\x00\x00\x00\x12\x02\x01\x01"
	  "\x17\x0d" "260101000000Z", 25 },
	{ "something else", "\x02\x01\x01", 3 },
};

START_TEST(test_bad_entry)
{
	struct revoked list;
	const char *why;

	begin(&text);
	put_entry(&text, "\x05", 1, NULL, 0);
	put(&text, bad_entries[_i].entry, bad_entries[_i].len);
	finish(&text);
	ck_assert_msg(read_list(text.bytes, text.len, &list, &why) ==
	    STARTTLS_E_POLICY, "%s: taken", bad_entries[_i].name);
	ck_assert_msg(strstr(why, "malformed") != NULL, "%s: %s",
	    bad_entries[_i].name, why);
}
END_TEST

static Suite *
revoked_suite(void)
{
	Suite *s = suite_create("revoked");
	TCase *tc = tcase_create("lists");

	tcase_add_unchecked_fixture(tc, set_up, tear_down);
	tcase_add_loop_test(tc, test_no_more_is_taken_than_by_gnutls, 0, 2);
	tcase_add_test(tc, test_all_are_found);
	tcase_add_loop_test(tc, test_entry_behind_others, 0,
	    (int)ARRAY_LEN(entries));
	tcase_add_loop_test(tc, test_bad_entry, 0,
	    (int)ARRAY_LEN(bad_entries));
	tcase_set_timeout(tc, 300);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	return run_suite(revoked_suite());
}
