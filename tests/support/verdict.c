/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/* The player of the verification tables: see verdict.h. */

#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "verdict.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char *const verdict_priorities[VERSIONS] = {
	TLS12 ":%DEBUG_ALLOW_KEY_USAGE_VIOLATIONS",
	TLS13 ":%DEBUG_ALLOW_KEY_USAGE_VIOLATIONS",
};

static const char *version = "TLS 1.3"; /* for messages */

#define expect_row(row, what, format, ...) \
	ck_assert_msg(what, "%s, %s: " format, (row)->name, version, \
	    ##__VA_ARGS__)

/* The row's own certificates. */
static void
mint_row(const struct row *row)
{
	struct mint_spec leaf = row->leaf;
	enum cast issuer = row->issuer, ca_issuer = row->ca_issuer;
	uint8_t san[128];

	if (row->ca.cn != NULL)
		mint(&cast[CA], &row->ca,
		    &cast[ca_issuer != NOBODY ? ca_issuer : ROOT]);
	if (leaf.cn == NULL)
		leaf.cn = "leaf";
	else if (leaf.cn[0] == '\0')
		leaf.cn = NULL;
	if (row->san != NULL) {
		leaf.raw_san_len = mint_san_dns(san, sizeof(san), row->san,
		    row->san_len);
		leaf.raw_san = san;
	} else if (!row->no_san && leaf.dns[0] == NULL &&
	    leaf.ip[0] == NULL && leaf.email == NULL && leaf.uri == NULL &&
	    leaf.srv == NULL && leaf.xmpp == NULL) {
		leaf.dns[0] = PEER;
	}
	if (issuer == NOBODY)
		issuer = row->ca.cn != NULL ? CA : INTER;
	mint(&cast[LEAF], &leaf, row->self_signed ? NULL : &cast[issuer]);
}

/* Pointers to a list of the cast, at most @max of them. */
static size_t
gather(const enum cast *who, size_t max, const struct mint_cert **ret)
{
	size_t n;

	for (n = 0; n < max && who[n] != NOBODY; n++)
		ret[n] = &cast[who[n]];
	return n;
}

static void
add_crl(struct starttls_policy *policy, const struct crl_spec *spec)
{
	const struct mint_cert *revoked[] = { &cast[spec->revoked] };
	char path[] = "/tmp/check_verify-XXXXXX";
	struct starttls_error error;
	const struct mint_crl_spec odd = { .no_next_update = true,
	    .revoked = spec->revoked != NOBODY ? revoked[0] : NULL };
	gnutls_x509_crl_t crl = spec->next_update == NO_NEXT_UPDATE ?
	    mint_crl_odd(&cast[spec->issuer], &odd) :
	    mint_crl(&cast[spec->issuer], revoked, spec->revoked != NOBODY,
		spec->this_update, spec->next_update);
	char *pem = mint_crl_pem(crl);
	int fd = mkstemp(path), rc;

	ck_assert_int_ge(fd, 0);
	close(fd);
	mint_write_text(path, pem);
	rc = starttls_policy_crl_file(policy, path, &error);
	unlink(path);
	ck_assert_msg(rc == 0, "CRL: %s", error.message);
	free(pem);
	gnutls_x509_crl_deinit(crl);
}

static struct starttls_policy *
policy_of(const struct row *row)
{
	static const enum cast usual[] = { ROOT };
	const struct mint_cert *anchors[3];
	struct starttls_policy *policy;
	size_t n, i;

	n = gather(row->trust, ARRAY_LEN(row->trust), anchors);
	if (n == 0)
		n = gather(usual, 1, anchors);
	policy = test_policy(anchors, n);
	for (i = 0; i < ARRAY_LEN(row->pins) && row->pins[i]; i++) {
		char *pin = mint_pin(&cast[row->pins[i]]);

		ck_assert_int_eq(starttls_policy_pin(policy, pin, NULL), 0);
		free(pin);
	}
	for (i = 0; i < ARRAY_LEN(row->crls) && row->crls[i].issuer; i++)
		add_crl(policy, &row->crls[i]);
	if (row->require_ocsp)
		ck_assert_int_eq(starttls_policy_require_ocsp(policy, NULL),
		    0);
	return policy;
}

static void
make_staple(const struct row *row, gnutls_datum_t *ret)
{
	static const unsigned char junk[] = "junk";
	const struct staple_spec *s = &row->staple;
	struct mint_ocsp_spec spec = s->spec;

	ret->data = NULL;
	ret->size = 0;
	if (s->is_junk) {
		ret->data = gnutls_malloc(sizeof(junk));
		ck_assert_ptr_nonnull(ret->data);
		memcpy(ret->data, junk, sizeof(junk));
		ret->size = sizeof(junk);
	} else if (s->about != NOBODY) {
		if (s->signer != NOBODY)
			spec.signer = &cast[s->signer];
		mint_ocsp(ret, &cast[s->about],
		    &cast[s->issuer != NOBODY ? s->issuer : INTER], &spec);
	}
}

/* What the server is told. */
static int
alert_of(const struct row *row)
{
	switch (row->code) {
	case STARTTLS_E_UNTRUSTED:
	case STARTTLS_E_INCOMPLETE:
	case STARTTLS_E_SELF_SIGNED:
	case STARTTLS_E_PRIVATE_ROOT:
		return GNUTLS_A_UNKNOWN_CA;
	case STARTTLS_E_EXPIRED:
	case STARTTLS_E_NOT_YET_VALID:
		return GNUTLS_A_CERTIFICATE_EXPIRED;
	case STARTTLS_E_REVOKED:
		return GNUTLS_A_CERTIFICATE_REVOKED;
	case STARTTLS_E_PURPOSE:
		return GNUTLS_A_UNSUPPORTED_CERTIFICATE;
	case STARTTLS_E_WEAK:
		return GNUTLS_A_INSUFFICIENT_SECURITY;
	case STARTTLS_E_BAD_CHAIN:
		return row->verdict == STARTTLS_V_CRITICAL ?
		    GNUTLS_A_UNSUPPORTED_CERTIFICATE :
		    GNUTLS_A_BAD_CERTIFICATE;
	case STARTTLS_E_CONSTRAINTS:
	case STARTTLS_E_NAME_MISMATCH:
	case STARTTLS_E_DISORDERED:
		return GNUTLS_A_BAD_CERTIFICATE;
	default:
		return GNUTLS_A_CERTIFICATE_UNKNOWN;
	}
}

/* The chain as sent is there to be looked at, whatever the verdict is. */
static void
expect_chain(const struct row *row, const struct conn *c,
	     const struct mint_cert *const *chain, size_t n)
{
	struct starttls_cert cert = { .size = sizeof(cert) };
	char text[300], *pin;
	const uint8_t *der;
	gnutls_datum_t want;
	size_t i, k, len;
	unsigned at;

	for (i = 0; i < n; i++) {
		at = (unsigned)i;
		expect_row(row, (c->session != NULL ?
		    starttls_session_cert(c->session, at, &cert) :
		    starttls_upgrade_cert(c->upgrade, at, &cert)) == 0,
		    "certificate %zu cannot be read", i);
		len = sizeof(text);
		text[0] = '\0';
		gnutls_x509_crt_get_dn(chain[i]->crt, text, &len);
		expect_row(row, strchr(text, '\\') != NULL ||
		    strcmp(cert.subject, text) == 0,
		    "subject \"%s\" for \"%s\"", cert.subject, text);
		expect_row(row, cert.not_after ==
		    gnutls_x509_crt_get_expiration_time(chain[i]->crt),
		    "not_after of certificate %zu", i);
		pin = mint_pin(chain[i]);
		expect_row(row, strcmp(pin, cert.pin) == 0,
		    "pin %s for %s", cert.pin, pin);
		free(pin);
		expect_row(row, (c->session != NULL ?
		    starttls_session_cert_der(c->session, at, &der, &len) :
		    starttls_upgrade_cert_der(c->upgrade, at, &der, &len)) ==
		    0, "DER of certificate %zu", i);
		gnutls_x509_crt_export2(chain[i]->crt, GNUTLS_X509_FMT_DER,
		    &want);
		expect_row(row, len == want.size &&
		    memcmp(der, want.data, len) == 0,
		    "DER of certificate %zu differs", i);
		gnutls_free(want.data);
		if (i > 0)
			continue;
		for (k = 0; row->leaf.dns[k] != NULL; k++) {
			snprintf(text, sizeof(text), "DNS:%s",
			    row->leaf.dns[k]);
			expect_row(row, strstr(cert.names, text) != NULL,
			    "%s is not in \"%s\"", text, cert.names);
		}
		for (k = 0; row->leaf.ip[k] != NULL; k++) {
			snprintf(text, sizeof(text), "IP:%s",
			    row->leaf.ip[k]);
			expect_row(row, strstr(cert.names, text) != NULL,
			    "%s is not in \"%s\"", text, cert.names);
		}
	}
	expect_row(row, (c->session != NULL ?
	    starttls_session_cert(c->session, (unsigned)n, &cert) :
	    starttls_upgrade_cert(c->upgrade, (unsigned)n, &cert)) ==
	    STARTTLS_E_INVALID, "a certificate too many");
}

static void
expect_session(const struct row *row, struct conn *c, size_t n)
{
	struct starttls_report report = { .size = sizeof(report) };
	int rc;

	starttls_session_report(c->session, &report);
	expect_row(row, report.verified == 1 && report.verdict == 0,
	    "verified %d, verdict %#x", report.verified, report.verdict);
	expect_row(row, report.chain_len == n, "chain of %u",
	    report.chain_len);
	expect_row(row, row->report == ANY_STAPLE ||
	    report.staple == (int)row->report, "staple %d", report.staple);
	rc = conn_echo(c, "hello", 5);
	expect_row(row, rc == 0, "echo: %d", rc);
	rc = conn_close(c);
	expect_row(row, rc == 0 && c->pair.error == 0 &&
	    c->pair.is_closed_by_client, "close: %d, server %d", rc,
	    c->pair.error);
}

static void
expect_failure(const struct row *row, struct conn *c, size_t n)
{
	struct starttls_report report = { .size = sizeof(report) };
	struct starttls_error first = c->error;
	int alert;

	expect_row(row, first.code == row->code &&
	    first.error_class == STARTTLS_CLASS_VERIFY &&
	    first.phase == STARTTLS_PHASE_HANDSHAKE,
	    "error %d, class %d, phase %d", first.code, first.error_class,
	    first.phase);
	expect_row(row, first.verdict == row->verdict,
	    "verdict %#x, not %#x: %s", first.verdict, row->verdict,
	    first.message);
	expect_row(row, row->depth == ANY_DEPTH || first.depth == row->depth,
	    "depth %d, not %d: %s", first.depth, row->depth, first.message);
	expect_row(row, is_plain_line(first.message), "message: \"%s\"",
	    first.message);
	expect_row(row, row->says == NULL || strstr(first.message,
	    row->says) != NULL, "\"%s\" is not in: %s", row->says,
	    first.message);
	expect_row(row, row->says_not == NULL || strstr(first.message,
	    row->says_not) == NULL, "\"%s\" is in: %s", row->says_not,
	    first.message);
	expect_row(row, strcmp(first.protocol, row->protocol != NULL ?
	    row->protocol : "imap") == 0, "protocol: %s", first.protocol);

	/* it stays so, and nobody gets a session */
	expect_row(row, starttls_upgrade_take(c->upgrade) == NULL,
	    "a session in spite of the verdict");
	expect_row(row, starttls_upgrade_step(c->upgrade, &c->error) ==
	    row->code && memcmp(&first, &c->error, sizeof(first)) == 0,
	    "another code on the second step: %d", c->error.code);
	expect_row(row, starttls_upgrade_take(c->upgrade) == NULL,
	    "a session after the second step");
	starttls_upgrade_report(c->upgrade, &report);
	expect_row(row, report.verified == 0 &&
	    report.verdict == row->verdict && report.chain_len == n,
	    "report: verified %d, verdict %#x, chain of %u", report.verified,
	    report.verdict, report.chain_len);
	expect_row(row, report.staple == (int)row->report, "staple %d",
	    report.staple);

	/* the server was told */
	expect_row(row, !c->pair.is_ready && c->pair.error ==
	    GNUTLS_E_FATAL_ALERT_RECEIVED, "server: %s",
	    gnutls_strerror(c->pair.error));
	alert = (int)gnutls_alert_get(c->pair.server);
	expect_row(row, alert == alert_of(row), "alert %d, not %d", alert,
	    alert_of(row));
}

static const struct row *table;

START_TEST(test_verify_gives_the_verdict)
{
	const struct row *row = &table[_i / VERSIONS];
	const struct mint_cert *chain[ARRAY_LEN(row->chain)];
	static const enum cast usual[] = { LEAF, INTER };
	static const enum cast with_ca[] = { LEAF, CA };
	struct tlspair_server server = {
		.chain = chain,
		.n = 1,
		.priority = verdict_priorities[_i % VERSIONS],
	};
	struct conn_spec spec = {
		.policy = NULL,
		.protocol = row->protocol,
		.name = row->peer,
		.server = &server,
		.sent = chain,
	};
	gnutls_datum_t staple;
	struct conn c;
	int rc;

	version = _i % VERSIONS == 0 ? "TLS 1.2" : "TLS 1.3";
	mint_row(row);
	spec.sent_n = gather(row->chain, ARRAY_LEN(row->chain), chain);
	if (spec.sent_n == 0)
		spec.sent_n = gather(row->ca.cn != NULL ? with_ca : usual, 2,
		    chain);
	make_staple(row, &staple);
	if (staple.data != NULL)
		server.staple = &staple;
	spec.policy = policy_of(row);

	rc = conn_run(&c, &spec);
	expect_row(row, rc == row->code, "%s, not %s: %s (%s)",
	    starttls_code_name(rc), starttls_code_name(row->code),
	    c.error.message, gnutls_strerror(c.pair.error));
	expect_chain(row, &c, chain, spec.sent_n);
	if (row->code == 0)
		expect_session(row, &c, spec.sent_n);
	else
		expect_failure(row, &c, spec.sent_n);

	conn_done(&c);
	starttls_policy_unref(spec.policy);
	gnutls_free(staple.data);
	mint_free(&cast[LEAF]);
	mint_free(&cast[CA]);
}
END_TEST

TCase *
verdict_case(Suite *s, const struct row *rows, size_t n)
{
	TCase *tc = tcase_create("table");

	table = rows;
	tcase_add_unchecked_fixture(tc, mint_cast, free_cast);
	tcase_add_loop_test(tc, test_verify_gives_the_verdict, 0,
	    (int)(VERSIONS * n));
	tcase_set_timeout(tc, 300);
	suite_add_tcase(s, tc);
	return tc;
}

int
run_verdicts(const char *suite, const struct row *rows, size_t n)
{
	Suite *s = suite_create(suite);

	verdict_case(s, rows, n);
	return run_suite(s);
}
