/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/* TLSA records about a cast of certificates: see dane.h. */

#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "dane.h"

#include <string.h>

#include <gnutls/abstract.h>
#include <gnutls/crypto.h>

struct mint_cert cast[CAST_LEN];
gnutls_datum_t ticket_key;

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

void
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

struct starttls_policy *
policy_of(enum who anchor)
{
	const struct mint_cert *anchors[] = { &cast[anchor] };

	return test_policy(anchors, 1);
}

size_t
gather(const enum who *who, const struct mint_cert **ret)
{
	size_t n;

	for (n = 0; who[n] != NOBODY; n++)
		ret[n] = &cast[who[n]];
	return n;
}

struct starttls_report
report_of(const struct conn *c)
{
	struct starttls_report report = { .size = sizeof(report) };

	ck_assert_int_eq(c->session != NULL ?
	    starttls_session_report(c->session, &report) :
	    starttls_upgrade_report(c->upgrade, &report), 0);
	return report;
}

int
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

void
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

TCase *
dane_case(Suite *s, const char *name)
{
	TCase *tc = tcase_create(name);

	tcase_add_unchecked_fixture(tc, mint_all, free_all);
	tcase_set_timeout(tc, 60);
	suite_add_tcase(s, tc);
	return tc;
}
