/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * Allocation failure, at every single allocation: a preamble, a whole
 * conversation, and verification on its own.  check_alloc_policy has policies.
 *
 * Each part is done again and again while the first, the second, ... of its
 * allocations fails, those of GnuTLS included, until it gets through
 * untouched.  Whatever happens is an error or a full success: nothing
 * crashes, nothing leaks, and no bad certificate ever passes.
 */

#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <gnutls/abstract.h>

#include "harness.h"
#include "heap.h"
#include "policy.h"
#include "scarce.h"
#include "upgrade.h"
#include "verify.h"

static char dir[] = "/tmp/check-alloc-XXXXXX";
static struct mint_cert root, other;
static char *other_pin;

/* The queues of the pair are not the client's memory. */
static ssize_t
untracked_recv(void *context, void *data, size_t size)
{
	ssize_t n;

	heap_track(false);
	n = tlspair_client_recv(context, data, size);
	heap_track(true);
	return n;
}

static ssize_t
untracked_send(void *context, const void *data, size_t len)
{
	ssize_t n;

	heap_track(false);
	n = tlspair_client_send(context, data, len);
	heap_track(true);
	return n;
}

static int
tracked_begin(struct conn *c, const struct conn_spec *spec)
{
	int rc;

	heap_track(true);
	rc = conn_begin(c, spec);
	heap_track(false);
	if (rc == 0) {
		c->upgrade->session->io.recv = untracked_recv;
		c->upgrade->session->io.send = untracked_send;
	}
	return rc;
}

static int
tracked_step(struct conn *c)
{
	int rc;

	heap_track(true);
	rc = starttls_upgrade_step(c->upgrade, &c->error);
	heap_track(false);
	return rc;
}

/* (a) Preambles. */

START_TEST(test_alloc_preamble)
{
	static const char *const protocols[] = { "smtp", "imap", "ftp",
		"nntp" };
	struct starttls_policy *policy = test_policy(
	    (const struct mint_cert *const[]){ &root }, 1);
	struct conn_spec spec = { .policy = policy,
		.protocol = protocols[_i], .from = STARTTLS_GREETING };
	size_t nth;
	bool failed;
	struct conn c;
	int rc;

	ck_assert_int_eq(starttls_policy_freeze(policy, NULL), 0);
	for (nth = 1, failed = true; failed; nth++) {
		heap_fail(nth, false);
		rc = tracked_begin(&c, &spec);
		while (rc == 0 && *c.clear != NULL) {
			ck_assert(is_wanting(tracked_step(&c)));
			conn_serve(&c);
		}
		failed = heap_failed();
		if (rc != 0) {
			expect_failure(protocols[_i], nth, rc, &c.error);
			ck_assert_int_eq(rc, STARTTLS_E_NOMEM);
			ck_assert_ptr_null(c.upgrade);
		}
		conn_done(&c);
		expect_nothing_left(protocols[_i], nth);
	}
	ck_assert_uint_gt(nth, 4);
	starttls_policy_unref(policy);
}
END_TEST

/* (b) A conversation from the first step to the last, and (c) below. */

struct scenario {
	const char *name;
	int code;                  /* what comes of it; 0: a session */
	const char *priority;      /* default: TLS13 */
	struct mint_spec spec;     /* of the leaf */
	enum { ROOT, INTERMEDIATE, NOBODY } issuer;
	struct mint_spec issuer_spec;
	bool trust_other;          /* another root than the issuer's */
	bool pin_other;
	enum { ANYBODY, HIM, ANOTHER } accept, pin;
	enum { NO_RECORD, EE, OTHER_EE, TA_KEY, TA_CERT, PKIX } record;
	bool wants_name;           /* "www.example.org", too */
	bool crl, stale_crl;
	bool require_ocsp;
	int ocsp;                  /* mint_ocsp_status + 1; 0: no staple */
	struct mint_ocsp_spec ocsp_spec;
	enum starttls_alpn alpn;
};

#define NAMED .dns = { PEER }
#define CA .is_ca = true

static const struct scenario scenarios[] = {
	{ "good", 0, .spec = { NAMED } },
	{ "good, TLS 1.2", 0, .priority = TLS12, .spec = { NAMED } },
	{ "good, intermediate", 0, .spec = { NAMED }, .issuer = INTERMEDIATE,
	  .issuer_spec = { CA } },
	{ "good staple", 0, .spec = { NAMED, .must_staple = true },
	  .ocsp = MINT_OCSP_GOOD + 1 },
	{ "good, CRL", 0, .spec = { NAMED }, .crl = true },
	{ "untrusted", STARTTLS_E_INCOMPLETE, .spec = { NAMED },
	  .trust_other = true },
	{ "untrusted, TLS 1.2", STARTTLS_E_INCOMPLETE, .priority = TLS12,
	  .spec = { NAMED },
	  .trust_other = true },
	{ "self-signed", STARTTLS_E_SELF_SIGNED, .spec = { NAMED },
	  .issuer = NOBODY },
	{ "expired", STARTTLS_E_EXPIRED, .spec = { NAMED, .not_after = -1 } },
	{ "not yet valid", STARTTLS_E_NOT_YET_VALID,
	  .spec = { NAMED, .not_before = MINT_DAY } },
	{ "other name", STARTTLS_E_NAME_MISMATCH,
	  .spec = { .dns = { "a.example.org", "b.example.org", "c.example.org" } } },
	{ "common name only", STARTTLS_E_NAME_MISMATCH,
	  .spec = { .cn = PEER, .email = "a@example.org" } },
	{ "client purpose", STARTTLS_E_PURPOSE,
	  .spec = { NAMED, .purposes = { GNUTLS_KP_TLS_WWW_CLIENT } } },
	{ "purpose of the issuer", STARTTLS_E_PURPOSE, .spec = { NAMED },
	  .issuer = INTERMEDIATE, .issuer_spec = { CA,
	    .purposes = { GNUTLS_KP_TLS_WWW_CLIENT } } },
	{ "issuer is no CA", STARTTLS_E_BAD_CHAIN, .spec = { NAMED },
	  .issuer = INTERMEDIATE, .issuer_spec = { NAMED } },
	{ "issuer expired", STARTTLS_E_EXPIRED, .spec = { NAMED },
	  .issuer = INTERMEDIATE, .issuer_spec = { CA, .not_after = -1 } },
	{ "name constraints", STARTTLS_E_CONSTRAINTS, .spec = { NAMED },
	  .issuer = INTERMEDIATE, .issuer_spec = { CA,
	    .permitted_dns = "example.net" } },
	{ "excluded name", STARTTLS_E_CONSTRAINTS, .spec = { NAMED },
	  .issuer = INTERMEDIATE, .issuer_spec = { CA,
	    .excluded_dns = "example.org" } },
	{ "critical extension", STARTTLS_E_BAD_CHAIN,
	  .spec = { NAMED, .unknown_critical = true } },
	{ "signature", STARTTLS_E_BAD_CHAIN,
	  .spec = { NAMED, .bad_signature = true } },
	{ "SHA-1", STARTTLS_E_WEAK, .spec = { NAMED, .digest = MINT_SHA1 } },
	{ "RSA 1024", STARTTLS_E_WEAK,
	  .spec = { NAMED, .key_type = MINT_RSA_1024 } },
	{ "revoked", STARTTLS_E_REVOKED, .spec = { .cn = "revoked", NAMED },
	  .crl = true },
	{ "stale CRL", STARTTLS_E_STALE_CRL, .spec = { NAMED },
	  .stale_crl = true },
	{ "must staple", STARTTLS_E_NO_STAPLE,
	  .spec = { NAMED, .must_staple = true } },
	{ "must staple, TLS 1.2", STARTTLS_E_NO_STAPLE, .priority = TLS12,
	  .spec = { NAMED, .must_staple = true } },
	{ "staple required", STARTTLS_E_NO_STAPLE, .spec = { NAMED },
	  .require_ocsp = true },
	{ "staple says revoked", STARTTLS_E_REVOKED, .spec = { NAMED },
	  .ocsp = MINT_OCSP_REVOKED + 1 },
	{ "staple says unknown", STARTTLS_E_BAD_STAPLE, .spec = { NAMED },
	  .ocsp = MINT_OCSP_UNKNOWN + 1 },
	{ "staple too old", STARTTLS_E_BAD_STAPLE, .spec = { NAMED },
	  .ocsp = MINT_OCSP_GOOD + 1, .ocsp_spec = {
	    .this_update = -9 * MINT_DAY, .next_update = -MINT_DAY } },
	{ "staple is forged", STARTTLS_E_BAD_STAPLE, .spec = { NAMED },
	  .ocsp = MINT_OCSP_GOOD + 1, .ocsp_spec = {
	    .bad_signature = true } },
	{ "must staple, try later", STARTTLS_E_NO_STAPLE,
	  .spec = { NAMED, .must_staple = true }, .ocsp = MINT_OCSP_GOOD + 1,
	  .ocsp_spec = { .response_status = 3 } },
	{ "pin", STARTTLS_E_PIN_MISMATCH, .spec = { NAMED },
	  .pin_other = true },
	{ "pinned, weak", STARTTLS_E_WEAK, .issuer = NOBODY, .pin = HIM,
	  .spec = { NAMED, .key_type = MINT_RSA_1024 } },
	{ "accepted", 0, .issuer = NOBODY, .accept = HIM,
	  .spec = { .cn = PEER, .not_after = -1 } },
	{ "accepted, TLS 1.2", 0, .issuer = NOBODY, .accept = HIM,
	  .spec = { .cn = PEER, .not_after = -1 }, .priority = TLS12 },
	{ "another is accepted", STARTTLS_E_PEER_MISMATCH, .accept = ANOTHER,
	  .spec = { NAMED } },
	{ "accepted, weak", STARTTLS_E_WEAK, .issuer = NOBODY, .accept = HIM,
	  .spec = { NAMED, .key_type = MINT_RSA_1024 } },
	{ "accepted, revoked", STARTTLS_E_REVOKED, .accept = HIM,
	  .spec = { NAMED }, .crl = true },
	{ "accepted, another is pinned", STARTTLS_E_PIN_MISMATCH,
	  .accept = HIM, .spec = { NAMED }, .pin_other = true },
	{ "DANE-EE", 0, .issuer = NOBODY, .record = EE,
	  .spec = { .cn = PEER, .not_after = -1 } },
	{ "another's DANE-EE", STARTTLS_E_TLSA_MISMATCH, .record = OTHER_EE,
	  .spec = { NAMED } },
	{ "DANE-TA, key", 0, .record = TA_KEY, .trust_other = true,
	  .spec = { NAMED } },
	{ "DANE-TA, certificate", 0, .record = TA_CERT, .trust_other = true,
	  .spec = { .dns = { "www.example.org" } }, .wants_name = true },
	{ "DANE-TA, another name", STARTTLS_E_NAME_MISMATCH,
	  .record = TA_CERT, .trust_other = true,
	  .spec = { .dns = { "www.example.net" } }, .wants_name = true },
	{ "DANE-TA, expired", STARTTLS_E_EXPIRED, .record = TA_KEY,
	  .trust_other = true, .spec = { NAMED, .not_after = -1 } },
	{ "DANE-TA, self-signed", STARTTLS_E_TLSA_MISMATCH, .record = TA_KEY,
	  .issuer = NOBODY, .spec = { NAMED } },
	{ "PKIX-TA", 0, .record = PKIX, .spec = { NAMED } },
	{ "PKIX-TA, untrusted", STARTTLS_E_INCOMPLETE, .record = PKIX,
	  .spec = { NAMED }, .trust_other = true },
	{ "no ALPN", STARTTLS_E_ALPN, .spec = { NAMED },
	  .alpn = STARTTLS_ALPN_REQUIRE },
};

/* A scenario made flesh. */
struct stage {
	const struct scenario *scenario;
	struct mint_cert leaf, issuer;
	const struct mint_cert *chain[2];
	gnutls_datum_t staple;
	struct tlspair_server server;
	char crl[96];
	uint8_t data[2048];        /* of the record */
	struct starttls_tlsa record;
	const char *name;
	bool resumes;              /* a session is in the policy's cache */
	bool checks;               /* by starttls_session_check() */
};

/* The scenario's record, if it has one. */
static void
make_record(struct stage *s)
{
	const struct mint_cert *whom[] = { [EE] = &s->leaf,
		[OTHER_EE] = &other, [TA_KEY] = &root, [TA_CERT] = &root,
		[PKIX] = &root };
	static const uint8_t usages[] = { [EE] = 3, [OTHER_EE] = 3,
		[TA_KEY] = 2, [TA_CERT] = 2, [PKIX] = 0 };
	const int record = (int)s->scenario->record;
	size_t size = sizeof(s->data);
	gnutls_pubkey_t key;

	if (record == NO_RECORD)
		return;
	s->record.usage = usages[record];
	s->record.selector = record == TA_KEY;
	s->record.data = s->data;
	if (record != TA_KEY) {
		ck_assert_int_eq(gnutls_x509_crt_export(whom[record]->crt,
		    GNUTLS_X509_FMT_DER, s->data, &size), 0);
	} else {
		ck_assert_int_eq(gnutls_pubkey_init(&key), 0);
		ck_assert_int_eq(gnutls_pubkey_import_x509(key,
		    whom[record]->crt, 0), 0);
		ck_assert_int_eq(gnutls_pubkey_export(key,
		    GNUTLS_X509_FMT_DER, s->data, &size), 0);
		gnutls_pubkey_deinit(key);
	}
	s->record.data_len = size;
}

/* What the options have of it. */
static void
expect_of_peer(const struct stage *s, struct conn_spec *spec)
{
	spec->tlsa = &s->record;
	spec->tlsa_count = s->scenario->record != NO_RECORD;
	spec->names = &s->name;
	spec->name_count = s->scenario->wants_name;
}

static void
stage_init(struct stage *s, const struct scenario *scenario)
{
	struct mint_spec spec = scenario->spec;
	const struct mint_cert *issuer = &root;
	const struct mint_cert *list[] = { &s->leaf };
	gnutls_x509_crl_t crl;
	char *text;

	memset(s, 0, sizeof(*s));
	s->scenario = scenario;
	if (scenario->issuer == INTERMEDIATE) {
		struct mint_spec issuer_spec = scenario->issuer_spec;

		issuer_spec.cn = "issuer";
		mint(&s->issuer, &issuer_spec, &root);
		issuer = &s->issuer;
	} else if (scenario->issuer == NOBODY) {
		issuer = NULL;
	}
	mint(&s->leaf, &spec, issuer);
	make_record(s);
	s->name = "www.example.org";
	s->chain[0] = &s->leaf;
	s->chain[1] = issuer;
	s->server = (struct tlspair_server){ .chain = s->chain,
		.n = scenario->issuer == INTERMEDIATE ? 2 : 1,
		.priority = scenario->priority != NULL ?
		    scenario->priority : TLS13 };
	if (scenario->ocsp != 0) {
		struct mint_ocsp_spec ocsp = scenario->ocsp_spec;

		ocsp.status = (enum mint_ocsp_status)(scenario->ocsp - 1);
		mint_ocsp(&s->staple, &s->leaf, issuer, &ocsp);
		s->server.staple = &s->staple;
	}
	if (!scenario->crl && !scenario->stale_crl)
		return;
	crl = mint_crl(&root, list, scenario->code == STARTTLS_E_REVOKED,
	    -9 * MINT_DAY, scenario->stale_crl ? -MINT_DAY : MINT_DAY);
	text = mint_crl_pem(crl);
	snprintf(s->crl, sizeof(s->crl), "%s/stage.crl", dir);
	mint_write_text(s->crl, text);
	free(text);
	gnutls_x509_crl_deinit(crl);
}

static void
stage_done(struct stage *s)
{
	gnutls_free(s->staple.data);
	mint_free(&s->leaf);
	mint_free(&s->issuer);
}

static struct starttls_policy *
stage_policy(const struct stage *s)
{
	const struct scenario *scenario = s->scenario;
	const struct mint_cert *anchor = scenario->trust_other ? &other :
	    &root;
	struct starttls_policy *policy = test_policy(&anchor, 1);
	char *own_pin = mint_pin(&s->leaf);
	int rc = 0;

	if (scenario->pin_other)
		rc = starttls_policy_pin(policy, other_pin, NULL);
	if (rc == 0 && scenario->pin == HIM)
		rc = starttls_policy_pin(policy, own_pin, NULL);
	if (rc == 0 && scenario->accept != ANYBODY)
		rc = starttls_policy_accept_peer(policy,
		    scenario->accept == HIM ? own_pin : other_pin, NULL);
	free(own_pin);
	if (rc == 0 && s->crl[0] != '\0')
		rc = starttls_policy_crl_file(policy, s->crl, NULL);
	if (rc == 0 && scenario->require_ocsp)
		rc = starttls_policy_require_ocsp(policy, NULL);
	if (rc == 0)
		rc = starttls_policy_set_alpn(policy, scenario->alpn, NULL);
	ck_assert_int_eq(rc, 0);
	return policy;
}

/* Both sides in turn, only the client's memory at stake.  The code. */
static int
tracked_handshake(struct conn *c)
{
	int rc, turns = 0;

	do {
		rc = tracked_step(c);
		if (is_wanting(rc))
			conn_serve(c);
	} while (is_wanting(rc) && ++turns < 1000);
	return rc;
}

/* Some data there and back, and goodbye.  0 or the library's code. */
static int
tracked_talk(struct conn *c)
{
	struct starttls_report report = { .size = sizeof(report) };
	struct starttls_cert cert = { .size = sizeof(cert) };
	char data[8] = "ping";
	int turns, rc;
	ssize_t n;

	heap_track(true);
	c->session = starttls_upgrade_take(c->upgrade);
	c->upgrade = NULL;
	rc = starttls_session_report(c->session, &report);
	(void)!starttls_session_cert(c->session, 0, &cert);
	n = starttls_session_write(c->session, data, 4);
	heap_track(false);
	ck_assert_int_eq(rc, 0);
	ck_assert_int_eq(report.verified, 1);
	ck_assert_uint_eq(report.verdict, 0);
	if (n < 0)
		return (int)n;
	c->pair.is_echo = true;
	for (turns = 0; turns < 100; turns++) {
		conn_settle(c);
		heap_track(true);
		n = starttls_session_read(c->session, data, sizeof(data));
		heap_track(false);
		if (n != STARTTLS_WANT_READ)
			break;
	}
	if (n < 0)
		return (int)n;
	ck_assert_int_eq(n, 4);
	tlspair_bye(&c->pair);
	for (turns = 0; turns < 100; turns++) {
		heap_track(true);
		rc = starttls_session_close(c->session);
		heap_track(false);
		if (!is_wanting(rc))
			break;
		conn_settle(c);
	}
	return rc;
}

/* The exchange of monitors instead. */
static int
tracked_check(struct conn *c)
{
	static const char *const script[] = { "C: a1 CAPABILITY",
		"S: * CAPABILITY IMAP4rev1", "S: a1 OK done", "C: a2 LOGOUT",
		"S: * BYE", "S: a2 OK bye", "S~", NULL };
	struct starttls_error error;
	int rc, turns = 0;

	c->inside = script;
	c->session = starttls_upgrade_take(c->upgrade);
	c->upgrade = NULL;
	do {
		heap_track(true);
		rc = starttls_session_check(c->session, &error);
		heap_track(false);
		if (is_wanting(rc))
			conn_serve(c);
	} while (is_wanting(rc) && ++turns < 1000);
	if (rc != 0)
		ck_assert(error.code == rc && is_plain_line(error.message));
	return rc;
}

/* Returns whether an allocation failed. */
static bool
converse(const struct stage *s, size_t nth, bool forever)
{
	const char *name = s->scenario->name;
	struct starttls_policy *policy = stage_policy(s);
	struct conn_spec spec = { .policy = policy, .protocol = "imap",
		.from = STARTTLS_GREETING, .server = &s->server };
	struct conn c;
	int rc, talk = 0;

	expect_of_peer(s, &spec);
	heap_fail(0, false);
	if (s->resumes) {
		ck_assert_int_eq(conn_run(&c, &spec), 0);
		ck_assert_int_eq(conn_echo(&c, "hi", 2), 0);
		conn_done(&c);
	}
	heap_fail(nth, forever);
	rc = tracked_begin(&c, &spec);
	if (rc == 0)
		rc = tracked_handshake(&c);
	ck_assert_msg(rc != 0 || s->scenario->code == 0,
	    "%s, allocation %zu: accepted", name, nth);
	if (rc != 0 && (s->scenario->code == 0 ||
	    rc != s->scenario->code)) {
		expect_failure(name, nth, rc, &c.error);
		ck_assert_msg(rc != STARTTLS_E_INVALID, "%s, allocation %zu: "
		    "%s", name, nth, c.error.message);
		ck_assert_ptr_null(c.upgrade == NULL ? NULL :
		    starttls_upgrade_take(c.upgrade));
	}
	if (rc == 0)
		talk = s->checks ? tracked_check(&c) : tracked_talk(&c);
	if (rc == 0 && s->resumes && nth == 0)
		ck_assert_int_ne(gnutls_session_is_resumed(c.pair.server),
		    0);
	ck_assert_msg(talk == 0 || heap_failed(), "%s: %d", name, talk);
	conn_done(&c);
	starttls_policy_unref(policy);
	/* GnuTLS 3.7 loses the identity of the ticket that it offers */
	if (s->resumes && heap_failed() && heap_blocks() == 1)
		heap_forget();
	expect_nothing_left(name, nth);
	return heap_failed();
}

START_TEST(test_alloc_conversation)
{
	static const char *const names[] = { "good", "good, TLS 1.2",
		"untrusted", "must staple, TLS 1.2", "no ALPN",
		"accepted, TLS 1.2", "DANE-TA, certificate", "PKIX-TA" };
	const struct scenario *scenario = scenarios;
	struct stage s;
	size_t nth;

	while (strcmp(scenario->name, names[_i]) != 0)
		scenario++;
	stage_init(&s, scenario);
	converse(&s, 0, false);
	heap_forget();
	for (nth = 1 + (size_t)_i % scarce_step(); converse(&s, nth, false);)
		nth = next_allocation(nth);
	ck_assert_uint_gt(nth, 100);
	stage_done(&s);
}
END_TEST

/* Sessions that come from the cache; and the exchange of monitors. */
START_TEST(test_alloc_conversation_of_other_kinds)
{
	gnutls_datum_t key = { NULL, 0 };
	struct stage s;
	size_t nth;

	stage_init(&s, &scenarios[_i & 1]);
	s.checks = (_i & 2) != 0;
	s.resumes = !s.checks;
	if (s.resumes) {
		ck_assert_int_eq(gnutls_session_ticket_key_generate(&key), 0);
		s.server.ticket_key = &key;
	}
	converse(&s, 0, false);
	heap_forget();
	for (nth = 1; converse(&s, nth, false);)
		nth = next_allocation(nth);
	ck_assert_uint_gt(nth, 100);
	gnutls_free(key.data);
	stage_done(&s);
}
END_TEST

/* No memory at all from some point on. */
START_TEST(test_alloc_conversation_runs_dry)
{
	struct stage s;
	size_t nth;

	stage_init(&s, &scenarios[_i]);
	converse(&s, 0, false);
	heap_forget();
	for (nth = 1; converse(&s, nth, true);)
		nth = next_allocation(nth + 6);
	stage_done(&s);
}
END_TEST

/* (c) Verification, which must not become laxer. */
START_TEST(test_alloc_verification)
{
	const struct scenario *scenario = &scenarios[_i];
	struct starttls_session *session;
	struct stage s;
	struct conn_spec spec = { .protocol = "imap", .server = &s.server };
	struct conn c;
	bool failed = true;
	size_t nth;
	int rc;

	if (scenario->alpn != STARTTLS_ALPN_AUTO)
		return;            /* is no matter of certificates */
	stage_init(&s, scenario);
	expect_of_peer(&s, &spec);
	spec.policy = stage_policy(&s);
	rc = conn_run(&c, &spec);
	ck_assert_msg(rc == scenario->code, "%s: %d, %s", scenario->name, rc,
	    c.error.message);
	session = rc == 0 ? c.session : c.upgrade->session;
	for (nth = 1; failed; nth = next_allocation(nth)) {
		/* a new policy has no anchors loaded yet */
		starttls_policy_unref(session->policy);
		session->policy = stage_policy(&s);
		ck_assert_int_eq(starttls_policy_freeze(session->policy,
		    NULL), 0);
		session->checked = false;
		starttls_error_reset(&session->error);
		heap_forget();
		heap_fail(nth, false);
		heap_track(true);
		rc = starttls_verify(session);
		heap_track(false);
		failed = heap_failed();
		heap_fail(0, false);
		ck_assert_msg(session->checked == (rc == 0) &&
		    (session->verdict == 0) == (rc == 0),
		    "%s, allocation %zu: %d, verdict %x", scenario->name, nth,
		    rc, session->verdict);
		ck_assert_msg(rc != 0 || scenario->code == 0,
		    "%s, allocation %zu: accepted", scenario->name, nth);
		if (!failed)
			ck_assert_int_eq(rc, scenario->code);
	}
	ck_assert_uint_gt(nth, 10);
	conn_done(&c);
	starttls_policy_unref(spec.policy);
	stage_done(&s);
}
END_TEST

static void
set_up(void)
{
	if (mkdtemp(dir) == NULL)
		abort();
	mint(&root, &(struct mint_spec){ .cn = "root", .is_ca = true }, NULL);
	mint(&other, &(struct mint_spec){ .cn = "other", .is_ca = true },
	    NULL);
	other_pin = mint_pin(&other);
}

static void
tear_down(void)
{
	char stage[64];

	snprintf(stage, sizeof(stage), "%s/stage.crl", dir);
	unlink(stage);
	rmdir(dir);
	free(other_pin);
	mint_free(&other);
	mint_free(&root);
}

int
main(void)
{
	TCase *tcase;
	Suite *suite = scarce_suite("alloc", &tcase);
	int status;

	tcase_add_loop_test(tcase, test_alloc_preamble, 0, 4);
	tcase_add_loop_test(tcase, test_alloc_conversation, 0, 8);
	tcase_add_loop_test(tcase, test_alloc_conversation_of_other_kinds, 0,
	    4);
	tcase_add_loop_test(tcase, test_alloc_conversation_runs_dry, 0, 7);
	tcase_add_loop_test(tcase, test_alloc_verification, 0,
	    ARRAY_LEN(scenarios));
	mint_set_clock();
	set_up();
	status = run_suite(suite);
	tear_down();
	return status;
}
