/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * TLSA records: every usage, selector and matching type against good and bad
 * chains, in whole handshakes.  What records can be used is in
 * check_tlsa_options.c, further names are in check_tlsa_names.c.
 */

#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dane.h"

/*
 * All of them
 */

/* What is wrong with a chain, for each way to look at it. */
struct chain_row {
	const char *name;
	enum who sent[4];
	bool root_is_sent, is_self;
	int code;                  /* by the policy's anchors */
	int code_by_authority;     /* by an authority of the records */
};

static const struct chain_row chains[] = {
	{ "good", { GOOD, INTER }, false, false, 0, 0 },
	{ "good, root sent", { GOOD, INTER, ROOT }, true, false, 0, 0 },
	{ "expired", { EXPIRED, INTER }, false, false, STARTTLS_E_EXPIRED,
	  STARTTLS_E_EXPIRED },
	{ "misnamed", { MISNAMED, INTER, ROOT }, true, false,
	  STARTTLS_E_NAME_MISMATCH, STARTTLS_E_NAME_MISMATCH },
	{ "private", { GOOD, INTER, ROOT }, true, false,
	  STARTTLS_E_PRIVATE_ROOT, 0 },
	{ "private, root not sent", { GOOD, INTER }, false, false,
	  STARTTLS_E_UNTRUSTED, 0 },
	{ "self-signed, expired, common name", { SELF }, false, true,
	  STARTTLS_E_SELF_SIGNED, 0 },
};

enum about { ABOUT_LEAF, ABOUT_INTER, ABOUT_ROOT, ABOUT_NOBODY, ABOUTS };

/* What RFC 6698 and RFC 7671 say about it; 1: any failure. */
static int
expected(const struct chain_row *row, const struct record_spec *r,
	 enum about about)
{
	bool is_authority = (about == ABOUT_INTER || about == ABOUT_ROOT) &&
	    !row->is_self;

	switch (r->usage) {
	case DANE_EE:
		return about == ABOUT_LEAF ? 0 : STARTTLS_E_TLSA_MISMATCH;
	case DANE_TA:
		/* it has signed itself, but has no name */
		if (row->is_self && about == ABOUT_LEAF &&
		    r->matching_type == 0)
			return 1;
		if (!is_authority || (about == ABOUT_ROOT &&
		    !row->root_is_sent && r->matching_type != 0))
			return STARTTLS_E_TLSA_MISMATCH;
		return row->code_by_authority;
	case PKIX_EE:
		return about == ABOUT_LEAF ? row->code :
		    STARTTLS_E_TLSA_MISMATCH;
	default:
		return row->code != 0 || is_authority ? row->code :
		    STARTTLS_E_TLSA_MISMATCH;
	}
}

START_TEST(test_tlsa_of_all_kinds)
{
	static const enum who about_whom[ABOUTS] = { NOBODY, INTER, ROOT,
	    OTHER_ROOT };
	const struct chain_row *row = &chains[_i / USAGES];
	struct record_spec r = { .usage = (uint8_t)(_i % USAGES) };
	bool is_private = strncmp(row->name, "private", 7) == 0;
	int about, want, rc, number = 0;
	struct starttls_policy *policy;
	struct starttls_report report;
	struct conn c;

	for (r.selector = 0; r.selector < 2; r.selector++)
		for (r.matching_type = 0; r.matching_type < 3;
		    r.matching_type++)
			for (about = 0; about < ABOUTS; about++) {
				struct records records = { .count = 0 };

				r.of = about == ABOUT_LEAF ? row->sent[0] :
				    about_whom[about];
				add_record(&records, &r);
				policy = policy_of(is_private ? OTHER_ROOT :
				    ROOT);
				rc = talk(policy, row->sent, &records,
				    number++ % VERSIONS, &c);
				want = expected(row, &r, (enum about)about);
				ck_assert_msg(want == 1 ? rc != 0 :
				    rc == want, "%s, %u %u %u, about %d: %s, "
				    "not %s: %s", row->name, r.usage,
				    r.selector, r.matching_type, about,
				    starttls_code_name(rc),
				    starttls_code_name(want),
				    c.error.message);
				report = report_of(&c);
				ck_assert_int_eq(report.verified_by, rc == 0 ?
				    STARTTLS_BY_TLSA : STARTTLS_BY_NOTHING);
				ck_assert_str_eq(report.matched_name, rc == 0 &&
				    r.usage != DANE_EE ? PEER : "");
				conn_done(&c);
				starttls_policy_unref(policy);
			}
}
END_TEST

/*
 * What is odd
 */

struct row {
	const char *name;
	enum who sent[5];
	struct record_spec records[MAX_RECORDS];
	size_t count;
	enum who trust;            /* default: ROOT */
	enum who pin, accept, crl_by, revoked;
	bool require_ocsp;
	int code;
	unsigned verdict;          /* 0: not looked at */
};

static const struct row rows[] = {
	/* DANE-EE stands in for what is in the certificate */
	{ "usage that permits no signatures", { CERT_SIGN },
	  { R(DANE_EE, 1, 1, CERT_SIGN) }, .count = 1 },
	{ "other purpose", { CLIENT_ONLY },
	  { R(DANE_EE, 0, 1, CLIENT_ONLY) }, .count = 1 },
	{ "unknown critical extension", { CRITICAL },
	  { R(DANE_EE, 0, 2, CRITICAL) }, .count = 1 },
	{ "the issuer that is sent is nobody's", { GOOD, OTHER_ROOT },
	  { R(DANE_EE, 1, 2, GOOD) }, .count = 1 },
	/* but not for what a policy demands besides */
	{ "weak key", { WEAK, INTER }, { R(DANE_EE, 1, 1, WEAK) }, .count = 1,
	  .code = STARTTLS_E_WEAK },
	{ "weak key, unknown issuer", { WEAK }, { R(DANE_EE, 1, 1, WEAK) },
	  .count = 1, .trust = OTHER_ROOT, .code = STARTTLS_E_WEAK },
	{ "revoked", { REVOKED, INTER }, { R(DANE_EE, 1, 1, REVOKED) }, .count = 1,
	  .crl_by = INTER, .revoked = REVOKED, .code = STARTTLS_E_REVOKED },
	{ "revoked, issuer not sent", { REVOKED },
	  { R(DANE_EE, 1, 1, REVOKED) }, .count = 1, .trust = OTHER_ROOT,
	  .crl_by = INTER, .revoked = REVOKED, .code = STARTTLS_E_REVOKED },
	{ "not revoked", { GOOD, INTER }, { R(DANE_EE, 1, 1, GOOD) }, .count = 1,
	  .crl_by = INTER, .revoked = REVOKED },
	{ "pinned", { SELF }, { R(DANE_EE, 1, 1, SELF) }, .count = 1, .pin = SELF },
	{ "issuer pinned", { GOOD, INTER }, { R(DANE_EE, 1, 1, GOOD) }, .count = 1,
	  .pin = INTER },
	{ "another one pinned", { SELF }, { R(DANE_EE, 1, 1, SELF) }, .count = 1,
	  .pin = GOOD, .code = STARTTLS_E_PIN_MISMATCH,
	  .verdict = STARTTLS_V_PIN },
	{ "pinned issuer that is merely sent", { SELF, INTER },
	  { R(DANE_EE, 1, 1, SELF) }, .count = 1, .pin = INTER,
	  .code = STARTTLS_E_PIN_MISMATCH },
	{ "staple required", { GOOD, INTER }, { R(DANE_EE, 1, 1, GOOD) }, .count = 1,
	  .require_ocsp = true, .code = STARTTLS_E_NO_STAPLE },
	{ "accepted peer", { SELF }, { R(DANE_EE, 1, 1, SELF) }, .count = 1,
	  .accept = SELF },
	{ "another accepted peer", { SELF }, { R(DANE_EE, 1, 1, SELF) }, .count = 1,
	  .accept = GOOD, .code = STARTTLS_E_PEER_MISMATCH,
	  .verdict = STARTTLS_V_PEER },
	{ "accepted peer, another record", { SELF },
	  { R(DANE_EE, 1, 1, GOOD) }, .count = 1, .accept = SELF,
	  .code = STARTTLS_E_TLSA_MISMATCH, .verdict = STARTTLS_V_TLSA },
	{ "accepted peer, PKIX-EE", { SELF }, { R(PKIX_EE, 1, 1, SELF) }, .count = 1,
	  .accept = SELF },
	{ "accepted peer, authority, expired", { EXPIRED, INTER },
	  { R(DANE_TA, 1, 1, INTER) }, .count = 1, .accept = EXPIRED,
	  .code = STARTTLS_E_EXPIRED },
	{ "accepted peer, PKIX-TA", { GOOD, INTER },
	  { R(PKIX_TA, 1, 1, INTER) }, .count = 1, .accept = GOOD,
	  .code = STARTTLS_E_TLSA_MISMATCH },

	/* data of another certificate */
	{ "a bit is another", { GOOD, INTER },
	  { { DANE_EE, 1, 1, GOOD, true } }, .count = 1,
	  .code = STARTTLS_E_TLSA_MISMATCH, .verdict = STARTTLS_V_TLSA },
	{ "certificate as key", { GOOD, INTER }, { R(DANE_EE, 1, 1, INTER) },
	  .count = 1, .code = STARTTLS_E_TLSA_MISMATCH },

	/* several */
	{ "the second", { GOOD, INTER },
	  { R(DANE_EE, 1, 1, INTER), R(DANE_EE, 0, 2, GOOD) }, .count = 2 },
	{ "one of another issuer", { GOOD, INTER },
	  { R(DANE_TA, 1, 1, OTHER_ROOT), R(DANE_TA, 1, 1, INTER) }, .count = 2 },
	{ "the peer's, though its issuer's fails", { EXPIRED, INTER },
	  { R(DANE_TA, 1, 1, INTER), R(DANE_EE, 1, 1, EXPIRED) }, .count = 2 },
	{ "PKIX-EE behind an authority that is not", { GOOD, INTER },
	  { R(DANE_TA, 1, 1, OTHER_ROOT), R(PKIX_EE, 1, 1, GOOD) }, .count = 2 },
	{ "authority, though PKIX-EE fails", { GOOD, INTER },
	  { R(DANE_TA, 1, 1, INTER), R(PKIX_EE, 1, 1, GOOD) }, .count = 2,
	  .trust = OTHER_ROOT },
	{ "all fail, one says why", { EXPIRED, INTER },
	  { R(DANE_TA, 1, 1, INTER), R(PKIX_EE, 1, 1, GOOD) }, .count = 2,
	  .code = STARTTLS_E_EXPIRED, .verdict = STARTTLS_V_EXPIRED },
	{ "an unusable one before it", { GOOD, INTER },
	  { R(4, 1, 1, GOOD), R(DANE_EE, 1, 1, GOOD) }, .count = 2 },
	{ "an unusable one behind it", { GOOD, INTER },
	  { R(DANE_EE, 1, 1, GOOD), R(DANE_EE, 2, 1, GOOD) }, .count = 2 },
	{ "an unusable one is no match", { GOOD, INTER },
	  { R(DANE_EE, 1, 1, INTER), R(255, 1, 1, GOOD) }, .count = 2,
	  .code = STARTTLS_E_TLSA_MISMATCH },
	{ "usable ones only decide", { GOOD, INTER },
	  { R(DANE_EE, 0, 0, NOBODY), R(DANE_EE, 1, 1, SELF) }, .count = 2,
	  .code = STARTTLS_E_TLSA_MISMATCH },

	/* DANE-TA: the path must lead there */
	{ "authority is merely sent along", { SELF_NAMED, ROOT },
	  { R(DANE_TA, 0, 1, ROOT) }, .count = 1, .code = STARTTLS_E_TLSA_MISMATCH,
	  .verdict = STARTTLS_V_TLSA },
	{ "authority's whole certificate, the peer is another's",
	  { STRANGER, OTHER_ROOT }, { R(DANE_TA, 0, 0, ROOT) }, .count = 1,
	  .code = STARTTLS_E_TLSA_MISMATCH },
	{ "impostor of its name", { FORGED, IMPOSTOR },
	  { R(DANE_TA, 0, 0, ROOT) }, .count = 1,
	  .code = STARTTLS_E_TLSA_MISMATCH },
	{ "impostor of its name, no key identifiers", { BARE_FORGED },
	  { R(DANE_TA, 0, 0, ROOT) }, .count = 1, .code = STARTTLS_E_BAD_CHAIN,
	  .verdict = STARTTLS_V_SIGNATURE },
	{ "impostor of its key's name", { BARE_FORGED, BARE_IMPOSTOR },
	  { R(DANE_TA, 1, 0, ROOT) }, .count = 1, .code = STARTTLS_E_TLSA_MISMATCH },
	{ "intermediate missing", { GOOD }, { R(DANE_TA, 0, 0, ROOT) }, .count = 1,
	  .code = STARTTLS_E_TLSA_MISMATCH },
	{ "whole key of the intermediate, not sent", { GOOD },
	  { R(DANE_TA, 1, 0, INTER) }, .count = 1, .trust = OTHER_ROOT },
	{ "whole certificate of the intermediate, not sent", { GOOD },
	  { R(DANE_TA, 0, 0, INTER) }, .count = 1, .trust = OTHER_ROOT },
	{ "digest of the intermediate, not sent", { GOOD },
	  { R(DANE_TA, 0, 1, INTER) }, .count = 1,
	  .code = STARTTLS_E_TLSA_MISMATCH },
	{ "authority that is no CA", { BELOW_GOOD, GOOD, INTER },
	  { R(DANE_TA, 1, 1, GOOD) }, .count = 1, .code = STARTTLS_E_BAD_CHAIN },
	{ "below what is no CA", { BELOW_GOOD, GOOD, INTER, ROOT },
	  { R(DANE_TA, 1, 1, ROOT) }, .count = 1, .code = STARTTLS_E_BAD_CHAIN },
	{ "other purpose, authority", { CLIENT_ONLY, INTER },
	  { R(DANE_TA, 1, 1, INTER) }, .count = 1, .code = STARTTLS_E_PURPOSE },
	{ "weak key, authority", { WEAK, INTER },
	  { R(DANE_TA, 1, 1, INTER) }, .count = 1, .code = STARTTLS_E_WEAK },
	{ "revoked, authority", { REVOKED, INTER },
	  { R(DANE_TA, 1, 1, INTER) }, .count = 1, .trust = OTHER_ROOT,
	  .crl_by = INTER, .revoked = REVOKED, .code = STARTTLS_E_REVOKED },
	{ "authority pinned", { GOOD, INTER, ROOT },
	  { R(DANE_TA, 1, 1, ROOT) }, .count = 1, .trust = OTHER_ROOT, .pin = ROOT },
	{ "its peer pinned", { GOOD, INTER, ROOT },
	  { R(DANE_TA, 1, 1, ROOT) }, .count = 1, .trust = OTHER_ROOT, .pin = GOOD },
	{ "another one pinned, authority", { GOOD, INTER, ROOT },
	  { R(DANE_TA, 1, 1, ROOT) }, .count = 1, .trust = OTHER_ROOT,
	  .pin = STRANGER, .code = STARTTLS_E_PIN_MISMATCH },
	{ "a pin makes no authority", { SELF_NAMED, ROOT },
	  { R(DANE_TA, 1, 1, ROOT) }, .count = 1, .pin = SELF_NAMED,
	  .code = STARTTLS_E_TLSA_MISMATCH },

	/* PKIX on top of the policy */
	{ "PKIX-EE, pinned, self-signed", { SELF_NAMED },
	  { R(PKIX_EE, 1, 1, SELF_NAMED) }, .count = 1, .pin = SELF_NAMED },
	{ "PKIX-EE, self-signed", { SELF_NAMED },
	  { R(PKIX_EE, 1, 1, SELF_NAMED) }, .count = 1,
	  .code = STARTTLS_E_SELF_SIGNED },
	{ "PKIX-TA, pinned, self-signed", { SELF_NAMED, ROOT },
	  { R(PKIX_TA, 1, 1, ROOT) }, .count = 1, .pin = SELF_NAMED,
	  .code = STARTTLS_E_TLSA_MISMATCH },
	{ "PKIX-TA of what is merely sent along", { GOOD, INTER, OTHER_ROOT },
	  { R(PKIX_TA, 1, 1, OTHER_ROOT) }, .count = 1,
	  .code = STARTTLS_E_TLSA_MISMATCH },
	{ "PKIX-TA, wrong pin", { GOOD, INTER }, { R(PKIX_TA, 1, 1, INTER) },
	  .count = 1, .pin = STRANGER, .code = STARTTLS_E_PIN_MISMATCH },
	{ "PKIX-TA of the peer as its own anchor", { SELF_NAMED },
	  { R(PKIX_TA, 1, 1, SELF_NAMED) }, .count = 1, .trust = SELF_NAMED,
	  .code = STARTTLS_E_TLSA_MISMATCH },
};

static void
add_crl(struct starttls_policy *policy, enum who issuer, enum who revoked)
{
	const struct mint_cert *list[] = { &cast[revoked] };
	char path[] = "/tmp/check_tlsa-XXXXXX";
	gnutls_x509_crl_t crl = mint_crl(&cast[issuer], list, 1, 0, 0);
	char *pem = mint_crl_pem(crl);
	int fd = mkstemp(path);

	ck_assert_int_ge(fd, 0);
	close(fd);
	mint_write_text(path, pem);
	ck_assert_int_eq(starttls_policy_crl_file(policy, path, NULL), 0);
	unlink(path);
	free(pem);
	gnutls_x509_crl_deinit(crl);
}

static struct starttls_policy *
policy_for(const struct row *row)
{
	struct starttls_policy *policy = policy_of(row->trust != NOBODY ?
	    row->trust : ROOT);
	char *pin;

	if (row->pin != NOBODY) {
		pin = mint_pin(&cast[row->pin]);
		ck_assert_int_eq(starttls_policy_pin(policy, pin, NULL), 0);
		free(pin);
	}
	if (row->accept != NOBODY) {
		pin = mint_pin(&cast[row->accept]);
		ck_assert_int_eq(starttls_policy_accept_peer(policy, pin,
		    NULL), 0);
		free(pin);
	}
	if (row->crl_by != NOBODY)
		add_crl(policy, row->crl_by, row->revoked);
	if (row->require_ocsp)
		ck_assert_int_eq(starttls_policy_require_ocsp(policy, NULL),
		    0);
	return policy;
}

START_TEST(test_tlsa_of_odd_chains)
{
	const struct row *row = &rows[_i];
	struct records records = { .count = 0 };
	struct starttls_policy *policy;
	struct starttls_report report;
	struct conn c;
	int version, rc;
	size_t i;

	for (i = 0; i < row->count; i++)
		add_record(&records, &row->records[i]);
	for (version = 0; version < VERSIONS; version++) {
		policy = policy_for(row);
		rc = talk(policy, row->sent, &records, version, &c);
		ck_assert_msg(rc == row->code, "%s, version %d: %s: %s",
		    row->name, version, starttls_code_name(rc),
		    c.error.message);
		ck_assert(rc == 0 || is_plain_line(c.error.message));
		report = report_of(&c);
		ck_assert_msg(row->verdict == 0 ||
		    report.verdict == row->verdict, "%s: verdict %x",
		    row->name, report.verdict);
		ck_assert_int_eq(report.verified_by, rc != 0 ?
		    STARTTLS_BY_NOTHING : row->accept != NOBODY ?
		    STARTTLS_BY_PEER : STARTTLS_BY_TLSA);
		if (rc == 0)
			ck_assert_int_eq(conn_echo(&c, "hello", 5), 0);
		conn_done(&c);
		starttls_policy_unref(policy);
	}
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("tlsa");
	TCase *all = dane_case(suite, "all");
	TCase *odd = dane_case(suite, "odd");

	tcase_add_loop_test(all, test_tlsa_of_all_kinds, 0,
	    (int)ARRAY_LEN(chains) * USAGES);

	tcase_add_loop_test(odd, test_tlsa_of_odd_chains, 0,
	    (int)ARRAY_LEN(rows));
	return run_suite(suite);
}
