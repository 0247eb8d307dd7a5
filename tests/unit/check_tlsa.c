/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * TLSA records and further names: every usage, selector and matching type
 * against good and bad chains, in whole handshakes; what records can be used;
 * and that nothing that was verified by one set serves another.
 */

#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <gnutls/abstract.h>
#include <gnutls/crypto.h>

#include "harness.h"
#include "policy.h"

#define MAX_DATA 4096
#define MAX_RECORDS 4
#define DOMAIN "example.net"
#define VERSIONS 2

enum { PKIX_TA, PKIX_EE, DANE_TA, DANE_EE, USAGES };

static const char *const priorities[VERSIONS] = { TLS12, TLS13 };

enum who {
	NOBODY, ROOT, INTER, OTHER_ROOT, IMPOSTOR, BARE_IMPOSTOR, NARROW,
	GOOD, EXPIRED, MISNAMED, SELF, SELF_NAMED, STRANGER, WEAK, CERT_SIGN,
	CLIENT_ONLY, CRITICAL, REVOKED, FORGED, BARE_FORGED, BELOW_GOOD,
	FOR_BOTH, FOR_SERVICE, FOR_STAR, OUTSIDE, CAST_LEN
};

static struct mint_cert cast[CAST_LEN];
static gnutls_datum_t ticket_key;

static void
mint_all(void)
{
	static const struct {
		enum who who, issuer;
		struct mint_spec spec;
	} list[] = {
		{ ROOT, NOBODY, { .cn = "root", .is_ca = true } },
		{ OTHER_ROOT, NOBODY, { .cn = "other", .is_ca = true } },
		{ IMPOSTOR, NOBODY, { .cn = "root", .is_ca = true } },
		{ BARE_IMPOSTOR, NOBODY, { .cn = "root", .is_ca = true,
			.no_key_ids = true } },
		{ INTER, ROOT, { .cn = "inter", .is_ca = true } },
		{ NARROW, ROOT, { .cn = "narrow", .is_ca = true,
			.permitted_dns = DOMAIN } },
		{ GOOD, INTER, { .cn = "leaf", .dns = { PEER } } },
		{ EXPIRED, INTER, { .cn = "leaf", .dns = { PEER },
			.not_after = -MINT_DAY } },
		{ MISNAMED, INTER, { .cn = PEER,
			.dns = { "www.example.org" } } },
		{ SELF, NOBODY, { .cn = PEER, .not_after = -MINT_DAY } },
		{ SELF_NAMED, NOBODY, { .cn = "self", .dns = { PEER } } },
		{ STRANGER, OTHER_ROOT, { .cn = "leaf", .dns = { PEER } } },
		{ WEAK, INTER, { .cn = "leaf", .dns = { PEER },
			.key_type = MINT_RSA_1024 } },
		{ CERT_SIGN, NOBODY, { .cn = "leaf", .is_ca = true } },
		{ CLIENT_ONLY, INTER, { .cn = "leaf", .dns = { PEER },
			.purposes = { GNUTLS_KP_TLS_WWW_CLIENT } } },
		{ CRITICAL, INTER, { .cn = "leaf", .dns = { PEER },
			.unknown_critical = true } },
		{ REVOKED, INTER, { .cn = "leaf", .dns = { PEER } } },
		{ FORGED, IMPOSTOR, { .cn = "leaf", .dns = { PEER } } },
		{ BARE_FORGED, BARE_IMPOSTOR, { .cn = "leaf",
			.dns = { PEER }, .no_key_ids = true } },
		{ BELOW_GOOD, GOOD, { .cn = "below", .dns = { PEER } } },
		{ FOR_BOTH, INTER, { .cn = "leaf",
			.dns = { "b." DOMAIN, DOMAIN, PEER } } },
		{ FOR_SERVICE, INTER, { .cn = "leaf",
			.srv = "_IMAP." DOMAIN } },
		{ FOR_STAR, INTER, { .cn = "leaf", .dns = { "*." DOMAIN } } },
		{ OUTSIDE, NARROW, { .cn = "leaf", .dns = { DOMAIN } } },
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(list); i++)
		mint(&cast[list[i].who], &list[i].spec,
		    list[i].issuer == NOBODY ? NULL : &cast[list[i].issuer]);
	ck_assert_int_eq(gnutls_session_ticket_key_generate(&ticket_key), 0);
}

static void
free_all(void)
{
	size_t i;

	for (i = 0; i < CAST_LEN; i++)
		mint_free(&cast[i]);
	gnutls_free(ticket_key.data);
}

/*
 * Records
 */

struct record_spec {
	uint8_t usage, selector, matching_type;
	enum who of;               /* NOBODY: zeros of a digest */
	bool is_off;               /* the last bit is another */
};

struct records {
	struct starttls_tlsa list[MAX_RECORDS];
	uint8_t data[MAX_RECORDS][MAX_DATA];
	size_t count;
};

static void
add_record(struct records *r, const struct record_spec *spec)
{
	static const size_t sizes[] = { MAX_DATA, 32, 64 };
	uint8_t whole[MAX_DATA], *data = r->data[r->count];
	size_t size = sizeof(whole), len = sizes[spec->matching_type];
	gnutls_pubkey_t key;

	if (spec->of == NOBODY) {
		len = spec->matching_type == 0 ? 8 : len;
		memset(data, 0, len);
	} else {
		if (spec->selector == 0) {
			ck_assert_int_ge(gnutls_x509_crt_export(
			    cast[spec->of].crt, GNUTLS_X509_FMT_DER, whole,
			    &size), 0);
		} else {
			ck_assert_int_ge(gnutls_pubkey_init(&key), 0);
			ck_assert_int_ge(gnutls_pubkey_import_x509(key,
			    cast[spec->of].crt, 0), 0);
			ck_assert_int_ge(gnutls_pubkey_export(key,
			    GNUTLS_X509_FMT_DER, whole, &size), 0);
			gnutls_pubkey_deinit(key);
		}
		if (spec->matching_type == 0)
			memcpy(data, whole, len = size);
		else
			gnutls_hash_fast(spec->matching_type == 1 ?
			    GNUTLS_DIG_SHA256 : GNUTLS_DIG_SHA512, whole,
			    size, data);
	}
	if (spec->is_off)
		data[len - 1] ^= 1;
	r->list[r->count] = (struct starttls_tlsa){ spec->usage,
		spec->selector, spec->matching_type, data, len };
	r->count++;
}

static struct starttls_policy *
policy_of(enum who anchor)
{
	const struct mint_cert *anchors[] = { &cast[anchor] };

	return test_policy(anchors, 1);
}

static size_t
gather(const enum who *who, const struct mint_cert **ret)
{
	size_t n;

	for (n = 0; who[n] != NOBODY; n++)
		ret[n] = &cast[who[n]];
	return n;
}

static struct starttls_report
report_of(const struct conn *c)
{
	struct starttls_report report = { .size = sizeof(report) };

	ck_assert_int_eq(c->session != NULL ?
	    starttls_session_report(c->session, &report) :
	    starttls_upgrade_report(c->upgrade, &report), 0);
	return report;
}

/* A conversation with whoever shows @sent.  What the report says is @ret's. */
static int
talk(struct starttls_policy *policy, const enum who *sent,
     const struct records *records, int version, struct conn *c)
{
	const struct mint_cert *chain[8];
	size_t n = gather(sent, chain);
	struct tlspair_server server = { .chain = chain, .n = 1,
	    .priority = version == 0 ?
	    TLS12 ":%DEBUG_ALLOW_KEY_USAGE_VIOLATIONS" :
	    TLS13 ":%DEBUG_ALLOW_KEY_USAGE_VIOLATIONS",
	    .ticket_key = &ticket_key };
	struct conn_spec spec = { .policy = policy, .server = &server,
	    .sent = chain, .sent_n = n, .tlsa = records->list,
	    .tlsa_count = records->count };
	int rc = conn_run(c, &spec);

	c->spec = NULL;            /* which is gone */
	return rc;
}

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
	  STARTTLS_E_UNTRUSTED, 0 },
	{ "private, root not sent", { GOOD, INTER }, false, false,
	  STARTTLS_E_UNTRUSTED, 0 },
	{ "self-signed, expired, common name", { SELF }, false, true,
	  STARTTLS_E_UNTRUSTED, 0 },
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

#define R(usage, selector, matching_type, of) \
	{ usage, selector, matching_type, of, false }

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
	  .code = STARTTLS_E_UNTRUSTED },
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

/*
 * What can be used
 */

static const struct {
	const char *name;
	struct starttls_tlsa record;
	const char *says;
} unusable[] = {
	{ "usage 4", { 4, 1, 1, "01234567890123456789012345678901", 32 },
	  "usage 4" },
	{ "private usage", { 255, 0, 1, "01234567890123456789012345678901",
		32 }, "usage 255" },
	{ "selector 2", { 3, 2, 1, "01234567890123456789012345678901", 32 },
	  "selector 2" },
	{ "matching type 3", { 3, 1, 3, "01234567890123456789012345678901",
		32 }, "matching type 3" },
	{ "SHA-256 too short", { 3, 1, 1, "0123456789012345678901234567890",
		31 }, "31 bytes are no SHA-256" },
	{ "SHA-256 too long", { 2, 1, 1, "012345678901234567890123456789012",
		33 }, "33 bytes are no SHA-256" },
	{ "hexadecimal", { 3, 1, 1, "0123456789012345678901234567890101234567"
		"890123456789012345678901", 64 }, "64 bytes are no SHA-256" },
	{ "SHA-512 of 32 bytes", { 3, 1, 2,
		"01234567890123456789012345678901", 32 },
	  "32 bytes are no SHA-512" },
	{ "nothing", { 3, 1, 1, "", 0 }, "0 bytes" },
	{ "no whole certificate", { 3, 0, 0, "\x30\x03\x02\x01\x00", 5 },
	  "no certificate" },
	{ "no whole key", { 1, 1, 0, "\x30\x03\x02\x01\x00", 5 }, "no key" },
	{ "nothing at all", { 0, 0, 0, "", 0 }, "no certificate" },
	{ "key of an authority, algorithm unreadable", { 2, 1, 0,
		"\x30\x05\x30\x00\x03\x01\x00", 7 }, "key" },
	{ "certificate of an authority, and nothing in it", { 2, 0, 0,
		"\x30\x19\x30\x17\x02\x01\x01\x30\x00\x30\x00\x30\x00\x30\x00"
		"\x30\x0a\x30\x06\x06\x01\x2a\x05\x01\x00\x03\x00", 27 },
	  "malformed" },
};

START_TEST(test_tlsa_unusable)
{
	struct starttls_options o = STARTTLS_OPTIONS_INIT;
	struct starttls_policy *policy = policy_of(ROOT);
	struct starttls_url url = { .size = sizeof(url) };
	struct starttls_error error;
	struct starttls_upgrade *u = NULL;

	o.tlsa = &unusable[_i].record;
	o.tlsa_count = 1;
	o.recv = tlspair_client_recv;
	o.send = tlspair_client_send;
	ck_assert_int_eq(starttls_upgrade_new(&u, policy,
	    starttls_protocol_find("imap"), STARTTLS_GREETING, PEER, -1, &o,
	    &error), STARTTLS_E_TLSA_UNUSABLE);
	ck_assert_ptr_null(u);
	ck_assert_str_eq(starttls_code_name(error.code), "tlsa-unusable");
	ck_assert_int_eq(error.error_class, STARTTLS_CLASS_VERIFY);
	ck_assert_msg(strstr(error.message, unusable[_i].says) != NULL &&
	    is_plain_line(error.message), "%s: %s", unusable[_i].name,
	    error.message);
	/* nobody is connected to for that */
	ck_assert_int_eq(starttls_url_parse("imap://" PEER, &url, NULL), 0);
	o.recv = NULL;
	o.send = NULL;
	ck_assert_int_eq(starttls_url_check(policy, &url, &o, &error),
	    STARTTLS_E_TLSA_UNUSABLE);
	ck_assert_int_eq(starttls_upgrade_dial(&u, policy,
	    "imap://no-such-host.invalid", 1000, &o, &error),
	    STARTTLS_E_TLSA_UNUSABLE);
	starttls_policy_unref(policy);
}
END_TEST

/* A number of keys that only a computer of tomorrow could use. */
START_TEST(test_tlsa_unusable_for_its_size)
{
	struct starttls_options o = STARTTLS_OPTIONS_INIT;
	struct starttls_policy *policy = policy_of(ROOT);
	struct records records = { .count = 0 };
	struct starttls_upgrade *u = NULL;
	struct starttls_error error;
	struct mint_cert huge;

	mint(&huge, &(struct mint_spec){ .cn = "huge", .is_ca = true,
	    .rsa_bits = 16400 }, &cast[ROOT]);
	cast[NOBODY] = huge;
	o.recv = tlspair_client_recv;
	o.send = tlspair_client_send;
	records.list[0] = (struct starttls_tlsa){ DANE_TA, 0, 0,
		records.data[0], 0 };
	records.list[0].data_len = MAX_DATA;
	ck_assert_int_ge(gnutls_x509_crt_export(huge.crt, GNUTLS_X509_FMT_DER,
	    records.data[0], &records.list[0].data_len), 0);
	o.tlsa = records.list;
	o.tlsa_count = 1;
	ck_assert_int_eq(starttls_upgrade_new(&u, policy,
	    starttls_protocol_find("imap"), STARTTLS_HANDSHAKE, PEER, -1, &o,
	    &error), STARTTLS_E_TLSA_UNUSABLE);
	ck_assert_msg(strstr(error.message, "16400 bits") != NULL, "%s",
	    error.message);
	memset(&cast[NOBODY], 0, sizeof(cast[NOBODY]));
	mint_free(&huge);
	starttls_policy_unref(policy);
}
END_TEST

static void
expect_invalid(const struct starttls_options *o, const char *says)
{
	struct starttls_policy *policy = policy_of(ROOT);
	struct starttls_upgrade *u = NULL;
	struct starttls_error error;

	ck_assert_int_eq(starttls_upgrade_new(&u, policy,
	    starttls_protocol_find("imap"), STARTTLS_GREETING, PEER, -1, o,
	    &error), STARTTLS_E_INVALID);
	ck_assert_msg(strstr(error.message, says) != NULL, "%s",
	    error.message);
	ck_assert_ptr_null(u);
	starttls_policy_unref(policy);
}

START_TEST(test_tlsa_is_bounded)
{
	static uint8_t much[STARTTLS_MAX_TLSA_LEN + 1];
	struct starttls_tlsa list[STARTTLS_MAX_TLSA + 1] = {
		{ 3, 0, 0, much, sizeof(much) } };
	struct starttls_options o = STARTTLS_OPTIONS_INIT;
	size_t i;

	o.recv = tlspair_client_recv;
	o.send = tlspair_client_send;
	o.tlsa_count = 1;
	expect_invalid(&o, "without a pointer");
	o.tlsa = list;
	expect_invalid(&o, "more than 65535 bytes");
	list[0].data_len = 60000;
	list[1] = list[0];
	o.tlsa_count = 2;
	expect_invalid(&o, "more than 65535 bytes");
	list[1].data_len = SIZE_MAX;
	expect_invalid(&o, "more than 65535 bytes");
	list[1] = (struct starttls_tlsa){ 3, 1, 1, NULL, 32 };
	expect_invalid(&o, "without data");
	for (i = 0; i < ARRAY_LEN(list); i++)
		list[i] = (struct starttls_tlsa){ 3, 1, 1, much, 32 };
	o.tlsa_count = ARRAY_LEN(list);
	expect_invalid(&o, "more than 64");
}
END_TEST

START_TEST(test_tlsa_as_many_as_may_be)
{
	static uint8_t data[STARTTLS_MAX_TLSA][64];
	struct starttls_tlsa list[STARTTLS_MAX_TLSA];
	const struct mint_cert *chain[] = { &cast[GOOD], &cast[INTER] };
	struct tlspair_server server = { .chain = chain, .n = 2 };
	struct starttls_policy *policy = policy_of(OTHER_ROOT);
	struct conn_spec spec = { .policy = policy, .server = &server,
	    .tlsa = list, .tlsa_count = ARRAY_LEN(list) };
	struct records records = { .count = 0 };
	struct conn c;
	size_t i;

	for (i = 0; i < ARRAY_LEN(list); i++)
		list[i] = (struct starttls_tlsa){ (uint8_t)(i % USAGES),
			(uint8_t)(i % 2), 2, data[i], 64 };
	ck_assert_int_eq(conn_run(&c, &spec), STARTTLS_E_UNTRUSTED);
	conn_done(&c);
	add_record(&records, &(struct record_spec)R(DANE_EE, 1, 2, GOOD));
	list[STARTTLS_MAX_TLSA - 1] = records.list[0];
	ck_assert_int_eq(conn_run(&c, &spec), 0);
	/* what they were made of need not stay */
	conn_done(&c);
	starttls_policy_unref(policy);
}
END_TEST

/* A count of 0 is no demand, whatever the pointer is. */
START_TEST(test_tlsa_none)
{
	struct starttls_tlsa none = { 9, 9, 9, NULL, 0 };
	const struct mint_cert *chain[] = { &cast[GOOD], &cast[INTER] };
	struct tlspair_server server = { .chain = chain, .n = 2 };
	struct starttls_policy *policy = policy_of(ROOT);
	struct conn_spec spec = { .policy = policy, .server = &server,
	    .tlsa = &none };
	struct conn c;

	ck_assert_int_eq(conn_run(&c, &spec), 0);
	ck_assert_int_eq(report_of(&c).verified_by, STARTTLS_BY_ANCHOR);
	conn_done(&c);
	starttls_policy_unref(policy);
}
END_TEST

START_TEST(test_tlsa_is_not_for_servers)
{
	struct records records = { .count = 0 };
	const char *const name = DOMAIN;
	struct starttls_options o = STARTTLS_OPTIONS_INIT;
	struct starttls_policy *policy;
	struct starttls_upgrade *u = NULL;
	struct starttls_error error;

	ck_assert_int_eq(starttls_policy_new(&policy, STARTTLS_SERVER), 0);
	o.recv = tlspair_client_recv;
	o.send = tlspair_client_send;
	add_record(&records, &(struct record_spec)R(DANE_EE, 1, 1, GOOD));
	o.tlsa = records.list;
	o.tlsa_count = 1;
	ck_assert_int_eq(starttls_upgrade_new(&u, policy,
	    starttls_protocol_find("imap"), STARTTLS_GREETING, NULL, -1, &o,
	    &error), STARTTLS_E_INVALID);
	ck_assert_ptr_nonnull(strstr(error.message, "for a client"));
	o.tlsa_count = 0;
	o.names = &name;
	o.name_count = 1;
	ck_assert_int_eq(starttls_upgrade_new(&u, policy,
	    starttls_protocol_find("imap"), STARTTLS_GREETING, NULL, -1, &o,
	    &error), STARTTLS_E_INVALID);
	starttls_policy_unref(policy);
}
END_TEST

/*
 * Names
 */

static const struct {
	const char *name;
	enum who leaf;
	const char *names[3];
	const char *matched;       /* NULL: none */
	int code;
} name_rows[] = {
	{ "its own", GOOD, { DOMAIN }, PEER, 0 },
	{ "the first that there is", FOR_BOTH, { DOMAIN }, PEER, 0 },
	{ "a further one", MISNAMED, { DOMAIN, "www.example.org" },
	  "www.example.org", 0 },
	{ "of another case, with a dot", MISNAMED, { "WWW.Example.ORG." },
	  "www.example.org", 0 },
	{ "by a wildcard", FOR_STAR, { "mx." DOMAIN }, "mx." DOMAIN, 0 },
	{ "none of them", MISNAMED, { DOMAIN, "example.org" }, NULL,
	  STARTTLS_E_NAME_MISMATCH },
	{ "a part of one", FOR_BOTH, { "a." DOMAIN }, PEER, 0 },
	{ "service", FOR_SERVICE, { DOMAIN, "_imap." DOMAIN },
	  "_imap." DOMAIN, 0 },
	{ "another service", FOR_SERVICE, { "_pop3." DOMAIN }, NULL,
	  STARTTLS_E_NAME_MISMATCH },
	{ "a service is no host", FOR_SERVICE, { DOMAIN }, NULL,
	  STARTTLS_E_NAME_MISMATCH },
	{ "a wildcard is no service", FOR_STAR, { "_imap." DOMAIN }, NULL,
	  STARTTLS_E_NAME_MISMATCH },
	{ "common name", SELF_NAMED, { "self" }, PEER,
	  STARTTLS_E_UNTRUSTED },
	{ "within the constraints", OUTSIDE, { DOMAIN }, DOMAIN, 0 },
};

START_TEST(test_names_of_which_any_will_do)
{
	const enum who leaf = name_rows[_i].leaf;
	const struct mint_cert *chain[] = { &cast[leaf],
		&cast[leaf == OUTSIDE ? NARROW : INTER] };
	struct tlspair_server server = { .chain = chain, .n = 2 };
	struct starttls_policy *policy = policy_of(ROOT);
	struct conn_spec spec = { .policy = policy, .server = &server,
	    .sent = chain, .sent_n = 2, .names = name_rows[_i].names };
	struct starttls_report report;
	char sni[64];
	size_t size = sizeof(sni);
	unsigned type;
	struct conn c;
	int rc;

	while (name_rows[_i].names[spec.name_count] != NULL)
		spec.name_count++;
	rc = conn_run(&c, &spec);
	ck_assert_msg(rc == name_rows[_i].code, "%s: %s", name_rows[_i].name,
	    c.error.message);
	/* who is asked for is the same, and so is who is told of */
	ck_assert_int_ge(gnutls_server_name_get(c.pair.server, sni, &size,
	    &type, 0), 0);
	ck_assert_str_eq(sni, PEER);
	report = report_of(&c);
	ck_assert_str_eq(report.host, PEER);
	ck_assert_str_eq(report.matched_name, rc == 0 ?
	    name_rows[_i].matched : "");
	conn_done(&c);
	starttls_policy_unref(policy);
}
END_TEST

/* DANE-TA wants a name, and takes a further one. */
START_TEST(test_names_with_records)
{
	const struct mint_cert *chain[] = { &cast[MISNAMED], &cast[INTER] };
	struct tlspair_server server = { .chain = chain, .n = 2 };
	struct starttls_policy *policy = policy_of(OTHER_ROOT);
	const char *const names[] = { "www.example.org" };
	struct records records = { .count = 0 };
	struct conn_spec spec = { .policy = policy, .server = &server,
	    .tlsa = records.list, .tlsa_count = 1, .names = names };
	struct starttls_report report;
	struct conn c;

	add_record(&records, &(struct record_spec)R(DANE_TA, 1, 1, INTER));
	ck_assert_int_eq(conn_run(&c, &spec), STARTTLS_E_NAME_MISMATCH);
	conn_done(&c);
	spec.name_count = 1;
	ck_assert_int_eq(conn_run(&c, &spec), 0);
	report = report_of(&c);
	ck_assert_str_eq(report.matched_name, names[0]);
	ck_assert_int_eq(report.verified_by, STARTTLS_BY_TLSA);
	conn_done(&c);
	starttls_policy_unref(policy);
}
END_TEST

START_TEST(test_names_are_looked_at)
{
	static const char *const bad[] = { "", "a b", "-\n", "a..b", "1.2.3",
		"\xff", NULL };
	const char *names[STARTTLS_MAX_NAMES + 1];
	struct starttls_options o = STARTTLS_OPTIONS_INIT;
	size_t i;

	o.recv = tlspair_client_recv;
	o.send = tlspair_client_send;
	o.name_count = 1;
	expect_invalid(&o, "without a pointer");
	o.names = names;
	o.name_count = 2;
	names[0] = DOMAIN;
	for (i = 0; i < ARRAY_LEN(bad); i++) {
		names[1] = bad[i];
		expect_invalid(&o, "further name 2");
	}
	for (i = 0; i < ARRAY_LEN(names); i++)
		names[i] = DOMAIN;
	o.name_count = ARRAY_LEN(names);
	expect_invalid(&o, "more than 16");
}
END_TEST

/*
 * Resumption
 */

struct rule {
	const struct records *records;
	const char *const *names;
	size_t name_count;
	enum starttls_verified_by by;
	const char *matched;
};

/* A conversation by a rule; whether it was resumed. */
static bool
go_on(struct starttls_policy *policy, const struct rule *rule,
      const char *priority)
{
	const struct mint_cert *chain[] = { &cast[FOR_BOTH], &cast[INTER] };
	struct tlspair_server server = { .chain = chain, .n = 2,
	    .priority = priority, .ticket_key = &ticket_key };
	struct conn_spec spec = { .policy = policy, .server = &server,
	    .tlsa = rule->records != NULL ? rule->records->list : NULL,
	    .tlsa_count = rule->records != NULL ? rule->records->count : 0,
	    .names = rule->names, .name_count = rule->name_count };
	struct starttls_report report;
	bool resumed;
	struct conn c;

	ck_assert_int_eq(conn_run(&c, &spec), 0);
	resumed = gnutls_session_is_resumed(c.pair.server) != 0;
	report = report_of(&c);
	ck_assert_int_eq(report.resumed, resumed);
	ck_assert_msg(report.verified_by == (int)rule->by, "resumed %d: %d",
	    resumed, report.verified_by);
	ck_assert_str_eq(report.matched_name, rule->matched);
	ck_assert_int_eq(conn_echo(&c, "hello", 5), 0);
	ck_assert_int_eq(conn_close(&c), 0);
	conn_done(&c);
	return resumed;
}

START_TEST(test_resume_serves_no_other_rule)
{
	static const char *const names[] = { "x." DOMAIN, DOMAIN };
	struct records leaf = { .count = 0 }, issuer = { .count = 0 },
	    both = { .count = 0 }, swapped = { .count = 0 };
	const struct rule rules[] = {
		{ NULL, NULL, 0, STARTTLS_BY_ANCHOR, PEER },
		{ &leaf, NULL, 0, STARTTLS_BY_TLSA, "" },
		{ &issuer, NULL, 0, STARTTLS_BY_TLSA, PEER },
		{ &both, NULL, 0, STARTTLS_BY_TLSA, "" },
		{ NULL, names, 1, STARTTLS_BY_ANCHOR, PEER },
		{ NULL, names, 2, STARTTLS_BY_ANCHOR, PEER },
		{ &leaf, names, 2, STARTTLS_BY_TLSA, "" },
	};
	const struct rule again = { &swapped, NULL, 0, STARTTLS_BY_TLSA, "" };
	struct starttls_policy *policy = policy_of(ROOT);
	size_t i;

	add_record(&leaf, &(struct record_spec)R(DANE_EE, 1, 1, FOR_BOTH));
	add_record(&issuer, &(struct record_spec)R(DANE_TA, 1, 1, INTER));
	add_record(&both, &(struct record_spec)R(DANE_EE, 1, 1, FOR_BOTH));
	add_record(&both, &(struct record_spec)R(DANE_TA, 1, 1, INTER));
	add_record(&swapped, &(struct record_spec)R(DANE_TA, 1, 1, INTER));
	add_record(&swapped, &(struct record_spec)R(DANE_EE, 1, 1,
	    FOR_BOTH));
	for (i = 0; i < ARRAY_LEN(rules); i++)
		ck_assert_msg(!go_on(policy, &rules[i], priorities[_i]),
		    "rule %zu took what was another's", i);
	for (i = 0; i < ARRAY_LEN(rules); i++)
		ck_assert_msg(go_on(policy, &rules[i], priorities[_i]),
		    "rule %zu did not go on", i);
	/* the DNS has no order */
	ck_assert(go_on(policy, &again, priorities[_i]));
	starttls_policy_unref(policy);
}
END_TEST

/* Dates do not count for DANE-EE, and so do not end a session either. */
START_TEST(test_resume_of_what_has_expired)
{
	const struct mint_cert *chain[] = { &cast[SELF] };
	struct tlspair_server server = { .chain = chain, .n = 1,
	    .priority = priorities[_i], .ticket_key = &ticket_key };
	struct records records = { .count = 0 };
	struct conn_spec spec = { .policy = policy_of(ROOT),
	    .server = &server, .tlsa = records.list, .tlsa_count = 1 };
	struct conn c;
	int i;

	add_record(&records, &(struct record_spec)R(DANE_EE, 1, 1, SELF));
	for (i = 0; i < 2; i++) {
		ck_assert_int_eq(conn_run(&c, &spec), 0);
		ck_assert_int_eq(report_of(&c).resumed, i);
		ck_assert_int_eq(conn_echo(&c, "hello", 5), 0);
		conn_done(&c);
	}
	starttls_policy_unref(spec.policy);
}
END_TEST

/* A data channel of FTP has the rule of its control session. */
START_TEST(test_data_channel_has_the_same_rule)
{
	const struct mint_cert *chain[] = { &cast[SELF] };
	gnutls_datum_t other_key;
	struct tlspair_server server = { .chain = chain, .n = 1,
	    .priority = priorities[_i], .ticket_key = &ticket_key };
	struct records records = { .count = 0 };
	struct conn_spec spec = { .policy = policy_of(ROOT),
	    .protocol = "ftp", .from = STARTTLS_GREETING,
	    .server = &server, .tlsa = records.list, .tlsa_count = 1 };
	struct conn_spec data_spec;
	struct conn control, data;

	add_record(&records, &(struct record_spec)R(DANE_EE, 1, 1, SELF));
	ck_assert_int_eq(conn_run(&control, &spec), 0);
	ck_assert_int_eq(conn_echo(&control, "hello", 5), 0);
	data_spec = spec;
	data_spec.control = control.session;
	ck_assert_int_eq(conn_run(&data, &data_spec), STARTTLS_E_INVALID);
	conn_done(&data);
	data_spec.tlsa_count = 0;
	ck_assert_int_eq(conn_run(&data, &data_spec), 0);
	ck_assert_int_eq(report_of(&data).resumed, 1);
	ck_assert_int_eq(report_of(&data).verified_by, STARTTLS_BY_TLSA);
	conn_done(&data);
	/* and verifies by it if the server does not resume */
	ck_assert_int_eq(gnutls_session_ticket_key_generate(&other_key), 0);
	server.ticket_key = &other_key;
	ck_assert_int_eq(conn_run(&data, &data_spec), 0);
	ck_assert_int_eq(report_of(&data).resumed, 0);
	ck_assert_int_eq(report_of(&data).verified_by, STARTTLS_BY_TLSA);
	conn_done(&data);
	conn_done(&control);
	gnutls_free(other_key.data);
	starttls_policy_unref(spec.policy);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("tlsa");
	TCase *all = tcase_create("all"), *odd = tcase_create("odd"),
	    *options = tcase_create("options"), *names = tcase_create("names"),
	    *resumption = tcase_create("resumption");
	TCase *cases[] = { all, odd, options, names, resumption };
	size_t i;

	for (i = 0; i < ARRAY_LEN(cases); i++) {
		tcase_add_unchecked_fixture(cases[i], mint_all, free_all);
		tcase_set_timeout(cases[i], 60);
		suite_add_tcase(suite, cases[i]);
	}
	tcase_add_loop_test(all, test_tlsa_of_all_kinds, 0,
	    (int)ARRAY_LEN(chains) * USAGES);
	tcase_add_loop_test(odd, test_tlsa_of_odd_chains, 0,
	    (int)ARRAY_LEN(rows));
	tcase_add_loop_test(options, test_tlsa_unusable, 0,
	    (int)ARRAY_LEN(unusable));
	tcase_add_test(options, test_tlsa_unusable_for_its_size);
	tcase_add_test(options, test_tlsa_is_bounded);
	tcase_add_test(options, test_tlsa_as_many_as_may_be);
	tcase_add_test(options, test_tlsa_none);
	tcase_add_test(options, test_tlsa_is_not_for_servers);
	tcase_add_loop_test(names, test_names_of_which_any_will_do, 0,
	    (int)ARRAY_LEN(name_rows));
	tcase_add_test(names, test_names_with_records);
	tcase_add_test(names, test_names_are_looked_at);
	tcase_add_loop_test(resumption, test_resume_serves_no_other_rule, 0,
	    VERSIONS);
	tcase_add_loop_test(resumption, test_resume_of_what_has_expired, 0,
	    VERSIONS);
	tcase_add_loop_test(resumption, test_data_channel_has_the_same_rule,
	    0, VERSIONS);
	return run_suite(suite);
}
