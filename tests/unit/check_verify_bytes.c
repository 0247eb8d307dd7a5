/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * Names in a certificate are compared where they are: whatever becomes of an
 * octet of them, no name is found that GnuTLS's own reading has not.
 */

#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include <string.h>

#include <gnutls/x509-ext.h>

#include "harness.h"
#include "name.h"
#include "verify.h"

static const uint8_t names[] = {
	0x30, 69,
	0x81, 3, 'a', '@', 'b',
	0x82, 6, 'a', '.', 't', 'e', 's', 't',
	0x86, 3, 'u', ':', 'x',
	0x87, 4, 192, 0, 2, 1,
	0x88, 2, 0x2a, 3,
	0xa0, 26, 0x06, 8, 0x2b, 6, 1, 5, 5, 7, 8, 7, 0xa0, 14, 0x16, 12,
	'_', 'i', 'm', 'a', 'p', '.', 'a', '.', 't', 'e', 's', 't',
	0x82, 7, '*', '.', 'b', '.', 'a', '.', 'c',
	0x82, 2, 'z', 'z',
};

static const char *const asked[] = { "a.test", "192.0.2.1", "x.b.a.c",
	"_imap.a.test" };

static struct mint_cert leaf;
static gnutls_datum_t whole;       /* its DER */
static uint8_t *in_whole;          /* where the names are */

static void
set_up(void)
{
	mint(&leaf, &(struct mint_spec){ .cn = "odd", .raw_san = names,
	    .raw_san_len = sizeof(names) }, NULL);
	ck_assert_int_eq(gnutls_x509_crt_export2(leaf.crt,
	    GNUTLS_X509_FMT_DER, &whole), 0);
	in_whole = memmem(whole.data, whole.size, names, sizeof(names));
	ck_assert_ptr_nonnull(in_whole);
}

static void
tear_down(void)
{
	gnutls_free(whole.data);
	mint_free(&leaf);
}

static bool
matches(const struct name *name, unsigned type, const gnutls_datum_t *value,
	const gnutls_datum_t *oid)
{
	switch (type) {
	case GNUTLS_SAN_DNSNAME:
		return starttls_name_matches_dns(name, value->data,
		    value->size);
	case GNUTLS_SAN_IPADDRESS:
		return starttls_name_matches_ip(name, value->data,
		    value->size);
	case GNUTLS_SAN_OTHERNAME:
		return oid->data != NULL && strcmp((const char *)oid->data,
		    "1.3.6.1.5.5.7.8.7") == 0 &&
		    starttls_name_matches_srv(name, value->data, value->size);
	default:
		return false;
	}
}

/* As GnuTLS reads them. */
static bool
has_by_gnutls(const struct name *name, const uint8_t *der, size_t len)
{
	gnutls_datum_t data = { (unsigned char *)(uintptr_t)der,
		(unsigned)len }, value, oid;
	gnutls_subject_alt_names_t list;
	bool found = false;
	unsigned i, type;

	ck_assert_int_eq(gnutls_subject_alt_names_init(&list), 0);
	if (gnutls_x509_ext_import_subject_alt_names(&data, list, 0) >= 0)
		for (i = 0;; i++) {
			oid = (gnutls_datum_t){ NULL, 0 };
			if (gnutls_subject_alt_names_get(list, i, &type,
			    &value, &oid) < 0)
				break;
			found = found || matches(name, type, &value, &oid);
		}
	gnutls_subject_alt_names_deinit(list);
	return found;
}

/* With these names; what GnuTLS cannot read has none.  Returns how many of those
   that are asked for were found. */
static unsigned
compare(const uint8_t *der, size_t at)
{
	unsigned count = 0;
	gnutls_x509_crt_t crt;
	const char *why;
	size_t i;

	memcpy(in_whole, der, sizeof(names));
	ck_assert_int_eq(gnutls_x509_crt_init(&crt), 0);
	if (gnutls_x509_crt_import(crt, &whole, GNUTLS_X509_FMT_DER) < 0) {
		gnutls_x509_crt_deinit(crt);
		return 0;
	}
	for (i = 0; i < ARRAY_LEN(asked); i++) {
		struct name name;
		bool has;

		ck_assert_int_eq(starttls_name_parse(asked[i], &name, &why),
		    0);
		name.is_service = asked[i][0] == '_';
		has = starttls_verify_name(&name, crt);
		count += has;
		ck_assert_msg(!has || has_by_gnutls(&name, der, sizeof(names)),
		    "octet %zu, %02x: %s", at, der[at], asked[i]);
	}
	gnutls_x509_crt_deinit(crt);
	return count;
}

START_TEST(test_names_as_gnutls_reads_them)
{
	uint8_t der[sizeof(names)];
	unsigned found = 0, value;
	size_t at;

	memcpy(der, names, sizeof(der));
	ck_assert_uint_eq(der[1], sizeof(der) - 2);
	ck_assert_uint_eq(compare(der, 0), 4);
	for (at = 0; at < sizeof(der); at++)
		for (value = 0; value < 256; value++) {
			der[at] = (uint8_t)value;
			found += compare(der, at);
			der[at] = names[at];
		}
	ck_assert_uint_gt(found, 256);
}
END_TEST

static Suite *
bytes_suite(void)
{
	Suite *s = suite_create("verify_bytes");
	TCase *tc = tcase_create("names");

	tcase_add_unchecked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, test_names_as_gnutls_reads_them);
	tcase_set_timeout(tc, 120);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	return run_suite(bytes_suite());
}
