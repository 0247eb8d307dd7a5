/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * Revocation lists: which are taken, and that the index says what GnuTLS says
 * with its search from one end to the other.  What a list means for a
 * connection is in check_verify.c.
 */

#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "crl.h"
#include "harness.h"
#include "policy.h"

/* id-ce, RFC 5280 */
#define ISSUER_ALT_NAME 18
#define CRL_NUMBER 20
#define REASON_CODE 21
#define HOLD_INSTRUCTION 23
#define INVALIDITY_DATE 24
#define DELTA_CRL_INDICATOR 27
#define DISTRIBUTION_POINT 28
#define CERTIFICATE_ISSUER 29
#define AUTHORITY_KEY_ID 35
#define FRESHEST_CRL 46
#define UNKNOWN 99

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

/* Load text as a file of lists; the file's name goes to @path. */
static int
load(struct starttls_policy *policy, const char *text, char path[32],
     struct starttls_error *error)
{
	static const char template[] = "/tmp/check_crl-XXXXXX";
	int fd, rc;

	memcpy(path, template, sizeof(template));
	fd = mkstemp(path);
	ck_assert_int_ge(fd, 0);
	close(fd);
	mint_write_text(path, text);
	rc = starttls_policy_crl_file(policy, path, error);
	unlink(path);
	return rc;
}

static const struct {
	const char *name;
	bool revokes;
	unsigned extension, entry_extension;
	bool critical;
	bool version_1;
	const char *why;           /* NULL: it is taken */
} lists[] = {
	{ .name = "empty list" },
	{ .name = "list of version 1", .version_1 = true, .revokes = true },
	{ .name = "list with an entry", .revokes = true },
	{ .name = "critical number", .extension = CRL_NUMBER,
	  .critical = true },
	{ .name = "critical authority key identifier",
	  .extension = AUTHORITY_KEY_ID, .critical = true },
	{ .name = "freshestCRL", .extension = FRESHEST_CRL },
	{ .name = "unknown extension", .extension = UNKNOWN },
	{ .name = "unknown critical extension", .extension = UNKNOWN,
	  .critical = true, .why = "unknown critical extension" },
	{ .name = "critical issuerAltName", .extension = ISSUER_ALT_NAME,
	  .critical = true, .why = "unknown critical extension" },
	{ .name = "unknown critical extension, with entries",
	  .extension = UNKNOWN, .critical = true, .revokes = true,
	  .why = "unknown critical extension" },
	{ .name = "list of a distribution point",
	  .extension = DISTRIBUTION_POINT, .critical = true,
	  .why = "not a complete revocation list "
		"(issuingDistributionPoint)" },
	{ .name = "list of a distribution point, not critical",
	  .extension = DISTRIBUTION_POINT,
	  .why = "not a complete revocation list "
		"(issuingDistributionPoint)" },
	{ .name = "delta list", .extension = DELTA_CRL_INDICATOR,
	  .critical = true,
	  .why = "not a complete revocation list (deltaCRLIndicator)" },
	{ .name = "delta list, not critical",
	  .extension = DELTA_CRL_INDICATOR, .revokes = true,
	  .why = "not a complete revocation list (deltaCRLIndicator)" },
	{ .name = "entry with a reason", .revokes = true,
	  .entry_extension = REASON_CODE },
	{ .name = "entry with a critical reason", .revokes = true,
	  .entry_extension = REASON_CODE, .critical = true },
	{ .name = "entry with a critical date", .revokes = true,
	  .entry_extension = INVALIDITY_DATE, .critical = true },
	{ .name = "entry with a hold instruction", .revokes = true,
	  .entry_extension = HOLD_INSTRUCTION },
	{ .name = "entry with an unknown extension", .revokes = true,
	  .entry_extension = UNKNOWN },
	{ .name = "entry with an unknown critical extension",
	  .revokes = true, .entry_extension = UNKNOWN, .critical = true,
	  .why = "unknown critical extension" },
	{ .name = "entry of another issuer", .revokes = true,
	  .entry_extension = CERTIFICATE_ISSUER, .critical = true,
	  .why = "revocation list of several issuers "
		"(certificateIssuer)" },
	{ .name = "entry of another issuer, not critical", .revokes = true,
	  .entry_extension = CERTIFICATE_ISSUER,
	  .why = "revocation list of several issuers "
		"(certificateIssuer)" },
};

START_TEST(test_crl_takes_whole_lists_only)
{
	const struct mint_crl_spec spec = {
		.revoked = lists[_i].revokes ? &leaf : NULL,
		.version_1 = lists[_i].version_1,
		.extension = lists[_i].extension,
		.entry_extension = lists[_i].entry_extension,
		.critical = lists[_i].critical,
	};
	const struct mint_cert *anchors[] = { &root };
	struct starttls_policy *policy = test_policy(anchors, 1);
	gnutls_x509_crl_t crl = mint_crl_odd(&root, &spec);
	char *pem = mint_crl_pem(crl), path[32];
	struct starttls_error error;
	int rc = load(policy, pem, path, &error);

	if (lists[_i].why == NULL) {
		ck_assert_msg(rc == 0, "%s: %s", lists[_i].name,
		    error.message);
		ck_assert_uint_eq(policy->crl_count, 1);
		ck_assert_uint_eq(starttls_crl_check(policy, leaf.crt),
		    lists[_i].revokes ? STARTTLS_V_REVOKED : 0);
		ck_assert_uint_eq(starttls_crl_check(policy, root.crt), 0);
	} else {
		ck_assert_msg(rc == STARTTLS_E_POLICY, "%s: %s",
		    lists[_i].name, starttls_code_name(rc));
		ck_assert_msg(strncmp(error.message, path, strlen(path)) == 0
		    && strstr(error.message, lists[_i].why) != NULL &&
		    is_plain_line(error.message), "%s: %s", lists[_i].name,
		    error.message);
		ck_assert_uint_eq(policy->crl_count, 0);
	}
	free(pem);
	gnutls_x509_crl_deinit(crl);
	starttls_policy_unref(policy);
}
END_TEST

/* All lists of a file, or none; and what was there stays. */
START_TEST(test_crl_takes_all_of_a_file)
{
	const struct mint_crl_spec good = { .revoked = &leaf }, delta = {
	    .extension = DELTA_CRL_INDICATOR };
	const struct mint_cert *anchors[] = { &root };
	struct starttls_policy *policy = test_policy(anchors, 1);
	gnutls_x509_crl_t crls[] = { mint_crl_odd(&root, &good),
	    mint_crl_odd(&root, &delta) };
	char *pems[] = { mint_crl_pem(crls[0]), mint_crl_pem(crls[1]) };
	char *both = malloc(strlen(pems[0]) + strlen(pems[1]) + 1), path[32];
	struct starttls_error error;
	size_t i;

	ck_assert_ptr_nonnull(both);
	stpcpy(stpcpy(both, pems[0]), pems[1]);
	ck_assert_int_eq(load(policy, both, path, &error), STARTTLS_E_POLICY);
	ck_assert_uint_eq(policy->crl_count, 0);
	ck_assert_int_eq(load(policy, pems[0], path, &error), 0);
	ck_assert_int_eq(load(policy, both, path, &error), STARTTLS_E_POLICY);
	ck_assert_int_eq(load(policy, "junk", path, &error),
	    STARTTLS_E_POLICY);
	ck_assert_msg(strstr(error.message, "no legible revocation list") != NULL, "%s",
	    error.message);
	ck_assert_uint_eq(policy->crl_count, 1);
	ck_assert_uint_eq(starttls_crl_check(policy, leaf.crt),
	    STARTTLS_V_REVOKED);
	for (i = 0; i < 2; i++) {
		free(pems[i]);
		gnutls_x509_crl_deinit(crls[i]);
	}
	free(both);
	starttls_policy_unref(policy);
}
END_TEST

static const struct {
	const char *issuer;
	unsigned verdict;
} issuers[] = {
	{ "root", STARTTLS_V_REVOKED },
	{ "ROOT", STARTTLS_V_REVOKED },
	{ "r\xc3\xb6ot", 0 },
	{ "roo", 0 },
	{ "root 2", 0 },
};

/* A name is the same however it is written, RFC 5280 section 7.1. */
START_TEST(test_crl_is_of_who_has_the_name)
{
	const struct mint_crl_spec spec = { .revoked = &leaf };
	const struct mint_cert *anchors[] = { &root };
	struct starttls_policy *policy = test_policy(anchors, 1);
	struct starttls_error error;
	struct mint_cert issuer;
	gnutls_x509_crl_t crl;
	char *pem, path[32];

	mint(&issuer, &(struct mint_spec){ .cn = issuers[_i].issuer,
	    .is_ca = true }, NULL);
	crl = mint_crl_odd(&issuer, &spec);
	pem = mint_crl_pem(crl);
	ck_assert_msg(load(policy, pem, path, &error) == 0, "%s",
	    error.message);
	ck_assert_uint_eq(starttls_crl_check(policy, leaf.crt),
	    issuers[_i].verdict);
	free(pem);
	gnutls_x509_crl_deinit(crl);
	mint_free(&issuer);
	starttls_policy_unref(policy);
}
END_TEST

/* Serial numbers that are alike: of one length, one the start of another. */
static size_t
serial_of(unsigned i, uint8_t serial[20])
{
	size_t len = 1 + i % 20, k;
	uint32_t x = i;

	for (k = 0; k < len; k++) {
		serial[k] = (uint8_t)(x % 3 == 0 ? 0x11 : x);
		x = x * 69069 + 1;
	}
	serial[0] = (uint8_t)((serial[0] & 0x7f) | 1);
	return len;
}

/* A certificate of ROOT with a serial number. */
static gnutls_x509_crt_t
with_serial(const uint8_t *serial, size_t len)
{
	gnutls_x509_crt_t crt;
	gnutls_datum_t der;

	ck_assert_int_eq(gnutls_x509_crt_init(&crt), 0);
	ck_assert_int_eq(gnutls_x509_crt_set_version(crt, 3), 0);
	ck_assert_int_eq(gnutls_x509_crt_set_key(crt, leaf.key), 0);
	ck_assert_int_eq(gnutls_x509_crt_set_serial(crt, serial, len), 0);
	gnutls_x509_crt_set_activation_time(crt, (time_t)MINT_NOW);
	gnutls_x509_crt_set_expiration_time(crt, (time_t)MINT_NOW);
	ck_assert_int_eq(gnutls_x509_crt_sign2(crt, root.crt, root.key,
	    GNUTLS_DIG_SHA256, 0), 0);
	ck_assert_int_eq(gnutls_x509_crt_export2(crt, GNUTLS_X509_FMT_DER,
	    &der), 0);
	gnutls_x509_crt_deinit(crt);
	gnutls_x509_crt_init(&crt);
	ck_assert_int_eq(gnutls_x509_crt_import(crt, &der,
	    GNUTLS_X509_FMT_DER), 0);
	gnutls_free(der.data);
	return crt;
}

#define ENTRIES 2000
#define LOOKUPS 400

START_TEST(test_crl_index_says_what_gnutls_says)
{
	const struct mint_cert *anchors[] = { &root };
	struct starttls_policy *policy = test_policy(anchors, 1);
	gnutls_x509_crl_t crl = mint_crl(&root, NULL, 0, 0, 0);
	struct starttls_error error;
	unsigned i, revoked = 0;
	uint8_t serial[20];
	char *pem, path[32];
	size_t len;

	for (i = 0; i < ENTRIES; i++) {
		len = serial_of(2 * i, serial);
		ck_assert_int_eq(gnutls_x509_crl_set_crt_serial(crl, serial,
		    len, (time_t)MINT_NOW), 0);
	}
	ck_assert_int_eq(gnutls_x509_crl_sign2(crl, root.crt, root.key,
	    GNUTLS_DIG_SHA256, 0), 0);
	pem = mint_crl_pem(crl);
	ck_assert_msg(load(policy, pem, path, &error) == 0, "%s",
	    error.message);
	free(pem);
	for (i = 0; i < LOOKUPS; i++) {
		gnutls_x509_crt_t crt;
		int want;

		len = serial_of(i * (2 * ENTRIES / LOOKUPS) + i % 2, serial);
		crt = with_serial(serial, len);
		want = gnutls_x509_crt_check_revocation(crt, &crl, 1);
		ck_assert_msg(starttls_crl_check(policy, crt) ==
		    (want != 0 ? STARTTLS_V_REVOKED : 0), "lookup %u: %d", i,
		    want);
		revoked += want != 0;
		gnutls_x509_crt_deinit(crt);
	}
	ck_assert_uint_gt(revoked, LOOKUPS / 3);
	ck_assert_uint_lt(revoked, LOOKUPS);
	gnutls_x509_crl_deinit(crl);
	starttls_policy_unref(policy);
}
END_TEST

static Suite *
crl_suite(void)
{
	Suite *s = suite_create("crl");
	TCase *tc = tcase_create("lists");

	tcase_add_unchecked_fixture(tc, set_up, tear_down);
	tcase_add_loop_test(tc, test_crl_takes_whole_lists_only, 0,
	    (int)ARRAY_LEN(lists));
	tcase_add_test(tc, test_crl_takes_all_of_a_file);
	tcase_add_loop_test(tc, test_crl_is_of_who_has_the_name, 0,
	    (int)ARRAY_LEN(issuers));
	tcase_add_test(tc, test_crl_index_says_what_gnutls_says);
	tcase_set_timeout(tc, 60);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	return run_suite(crl_suite());
}
