/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/* Certificates that cannot be parsed, wherever they are. */

#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include <string.h>

#include "verdict.h"

enum damage {
	JUNK,
	TRAILING,          /* an octet behind it */
	CUT,               /* the last octet is missing */
	BAD_TIME,
	TWICE,             /* two extensions are the same */
	OTHER_ALGORITHM,   /* outside than inside */
	EXPLICIT_CURVE
};

/* P-256 in all its parameters, RFC 3279 section 2.3.5 */
static const uint8_t explicit_curve[] = {
	0x30, 0x81, 0xf7, 0x02, 0x01, 0x01, 0x30, 0x2c, 0x06, 0x07,
	0x2a, 0x86, 0x48, 0xce, 0x3d, 0x01, 0x01, 0x02, 0x21, 0x00,
	0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	0xff, 0xff, 0x30, 0x5b, 0x04, 0x20, 0xff, 0xff, 0xff, 0xff,
	0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff,
	0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfc, 0x04, 0x20,
	0x5a, 0xc6, 0x35, 0xd8, 0xaa, 0x3a, 0x93, 0xe7, 0xb3, 0xeb,
	0xbd, 0x55, 0x76, 0x98, 0x86, 0xbc, 0x65, 0x1d, 0x06, 0xb0,
	0xcc, 0x53, 0xb0, 0xf6, 0x3b, 0xce, 0x3c, 0x3e, 0x27, 0xd2,
	0x60, 0x4b, 0x03, 0x15, 0x00, 0xc4, 0x9d, 0x36, 0x08, 0x86,
	0xe7, 0x04, 0x93, 0x6a, 0x66, 0x78, 0xe1, 0x13, 0x9d, 0x26,
	0xb7, 0x81, 0x9f, 0x7e, 0x90, 0x04, 0x41, 0x04, 0x6b, 0x17,
	0xd1, 0xf2, 0xe1, 0x2c, 0x42, 0x47, 0xf8, 0xbc, 0xe6, 0xe5,
	0x63, 0xa4, 0x40, 0xf2, 0x77, 0x03, 0x7d, 0x81, 0x2d, 0xeb,
	0x33, 0xa0, 0xf4, 0xa1, 0x39, 0x45, 0xd8, 0x98, 0xc2, 0x96,
	0x4f, 0xe3, 0x42, 0xe2, 0xfe, 0x1a, 0x7f, 0x9b, 0x8e, 0xe7,
	0xeb, 0x4a, 0x7c, 0x0f, 0x9e, 0x16, 0x2b, 0xce, 0x33, 0x57,
	0x6b, 0x31, 0x5e, 0xce, 0xcb, 0xb6, 0x40, 0x68, 0x37, 0xbf,
	0x51, 0xf5, 0x02, 0x21, 0x00, 0xff, 0xff, 0xff, 0xff, 0x00,
	0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	0xff, 0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3,
	0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51, 0x02, 0x01, 0x01,
};

/* Where bytes are in DER; they must be. */
static size_t
find_bytes(const gnutls_datum_t *der, const void *bytes, size_t len,
	   bool last)
{
	size_t i, at = der->size;

	for (i = 0; i + len <= der->size; i++)
		if (memcmp(der->data + i, bytes, len) == 0) {
			at = i;
			if (!last)
				break;
		}
	ck_assert_uint_lt(at, der->size);
	return at;
}

/* Put the parameters of a curve where its name was: lengths change. */
static void
name_no_curve(gnutls_datum_t *der)
{
	static const uint8_t name[] = { 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce,
		0x3d, 0x03, 0x01, 0x07 };
	size_t at = find_bytes(der, name, sizeof(name), false), more, i;
	/* behind Certificate and TBSCertificate: 30 59 30 13 ... 06 08 ... */
	size_t info = at - 13;
	uint8_t *out = gnutls_malloc(der->size + sizeof(explicit_curve) + 8);
	size_t sequences[] = { 0, 4 };

	ck_assert_ptr_nonnull(out);
	ck_assert(der->data[info] == 0x30 && der->data[info + 2] == 0x30);
	more = sizeof(explicit_curve) - sizeof(name) + 4;
	memcpy(out, der->data, info);
	i = der->data[info + 1] + more - 2;
	memcpy(out + info, (uint8_t[]){ 0x30, 0x82, (uint8_t)(i >> 8),
	    (uint8_t)i }, 4);
	i = der->data[info + 3] + sizeof(explicit_curve) - sizeof(name);
	memcpy(out + info + 4, (uint8_t[]){ 0x30, 0x82, (uint8_t)(i >> 8),
	    (uint8_t)i }, 4);
	memcpy(out + info + 8, der->data + info + 4, 9);
	memcpy(out + info + 17, explicit_curve, sizeof(explicit_curve));
	memcpy(out + info + 17 + sizeof(explicit_curve), der->data + at +
	    sizeof(name), der->size - at - sizeof(name));
	for (i = 0; i < 2; i++) {
		uint8_t *len = out + sequences[i] + 2;
		size_t n = ((size_t)len[0] << 8 | len[1]) + more;

		ck_assert_uint_eq(len[-1], 0x82);
		len[0] = (uint8_t)(n >> 8);
		len[1] = (uint8_t)n;
	}
	gnutls_free(der->data);
	der->data = out;
	der->size += (unsigned)more;
}

/* The DER of a certificate, damaged. */
static void
damage_der(gnutls_datum_t *ret, const struct mint_cert *cert,
	   enum damage damage)
{
	static const uint8_t skid[] = { 0x06, 0x03, 0x55, 0x1d, 0x0e };
	static const uint8_t sha256[] = { 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04,
		0x03, 0x02 };
	gnutls_datum_t der;

	ck_assert_int_eq(gnutls_x509_crt_export2(cert->crt,
	    GNUTLS_X509_FMT_DER, &der), 0);
	switch (damage) {
	case JUNK:
		memset(der.data, 'j', der.size);
		break;
	case TRAILING:
		der.data = gnutls_realloc(der.data, der.size + 1);
		ck_assert_ptr_nonnull(der.data);
		der.data[der.size++] = 0;
		break;
	case CUT:
		der.size--;
		break;
	case BAD_TIME:
		der.data[find_bytes(&der, "\x17\x0d", 2, false) + 4] = 'X';
		break;
	case TWICE:
		der.data[find_bytes(&der, skid, sizeof(skid), false) + 4] =
		    0x23;
		break;
	case OTHER_ALGORITHM:
		der.data[find_bytes(&der, sha256, sizeof(sha256), true) + 7] =
		    0x03;
		break;
	case EXPLICIT_CURVE:
		name_no_curve(&der);
		break;
	}
	*ret = der;
}

#define DAMAGES (EXPLICIT_CURVE + 1)
#define PLACES 3

START_TEST(test_verify_calls_it_malformed)
{
	const struct mint_cert *anchors[] = { &cast[ROOT] };
	const struct mint_cert *chain[] = { &cast[SIBLING], &cast[INTER],
	    &cast[OTHER_INTER] };
	int place = _i / VERSIONS % PLACES;
	enum damage damage = (enum damage)(_i / VERSIONS / PLACES);
	gnutls_datum_t der[PLACES] = { { NULL, 0 } };
	struct tlspair_server server = { .chain = chain, .n = 1,
		.priority = verdict_priorities[_i % VERSIONS] };
	struct conn_spec spec = { .server = &server, .sent = chain,
		.sent_n = PLACES, .sent_der = der };
	struct conn c;
	int rc;

	damage_der(&der[place], chain[place], damage);
	spec.policy = test_policy(anchors, 1);
	rc = conn_run(&c, &spec);
	ck_assert_msg(rc == STARTTLS_E_BAD_CHAIN && c.error.error_class ==
	    STARTTLS_CLASS_VERIFY, "damage %d at %d: %s, %s", (int)damage,
	    place, starttls_code_name(rc), c.error.message);
	ck_assert_msg(c.error.verdict == STARTTLS_V_MALFORMED &&
	    c.error.depth == place, "damage %d at %d: %#x, depth %d",
	    (int)damage, place, c.error.verdict, c.error.depth);
	ck_assert_msg(strstr(c.error.message, "malformed") != NULL &&
	    is_plain_line(c.error.message), "%s", c.error.message);
	ck_assert_ptr_null(c.session);
	ck_assert_int_eq(gnutls_alert_get(c.pair.server),
	    GNUTLS_A_BAD_CERTIFICATE);
	conn_done(&c);
	starttls_policy_unref(spec.policy);
	gnutls_free(der[place].data);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("verify_malformed");
	TCase *tc = verdict_case(s, NULL, 0);

	tcase_add_loop_test(tc, test_verify_calls_it_malformed, 0,
	    VERSIONS * PLACES * DAMAGES);
	return run_suite(s);
}
