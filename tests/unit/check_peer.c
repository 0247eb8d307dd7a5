/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * This very peer: what starttls_policy_accept_peer() takes, whom it accepts and
 * whom it does not, in both roles; and what is demanded all the same.
 */

#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <gnutls/crypto.h>

#include "duo.h"
#include "policy.h"

#define VERSIONS 2
#define HEX "cert-sha256:"

static const char *const priorities[VERSIONS] = { TLS12, TLS13 };
static const char *const lax[VERSIONS] = {
	TLS12 ":%DEBUG_ALLOW_KEY_USAGE_VIOLATIONS",
	TLS13 ":%DEBUG_ALLOW_KEY_USAGE_VIOLATIONS",
};

static struct mint_cert root, inter, good, other;
static gnutls_datum_t ticket_key;

static void
mint_all(void)
{
	mint(&root, &(struct mint_spec){ .cn = "root", .is_ca = true }, NULL);
	mint(&inter, &(struct mint_spec){ .cn = "inter", .is_ca = true },
	    &root);
	mint(&good, &(struct mint_spec){ .cn = "leaf", .dns = { PEER } },
	    &inter);
	mint(&other, &(struct mint_spec){ .cn = "leaf", .dns = { PEER } },
	    &inter);
	ck_assert_int_eq(gnutls_session_ticket_key_generate(&ticket_key), 0);
}

static void
free_all(void)
{
	mint_free(&root);
	mint_free(&inter);
	mint_free(&good);
	mint_free(&other);
	gnutls_free(ticket_key.data);
}

/* "cert-sha256:" and the digest, as openssl x509 -fingerprint has it. */
static char *
print_of(const struct mint_cert *cert, bool has_colons, bool is_upper)
{
	uint8_t digest[32];
	size_t size = sizeof(digest), i;
	char *text = malloc(sizeof(HEX) + 3 * sizeof(digest)), *at;

	ck_assert_ptr_nonnull(text);
	ck_assert_int_ge(gnutls_x509_crt_get_fingerprint(cert->crt,
	    GNUTLS_DIG_SHA256, digest, &size), 0);
	at = stpcpy(text, HEX);
	for (i = 0; i < size; i++)
		at += sprintf(at, is_upper ? "%s%02X" : "%s%02x",
		    has_colons && i > 0 ? ":" : "", digest[i]);
	return text;
}

static void
accept(struct starttls_policy *policy, char *text)
{
	struct starttls_error error;
	int rc = starttls_policy_accept_peer(policy, text, &error);

	ck_assert_msg(rc == 0, "%s: %s", text, error.message);
	free(text);
}

static struct starttls_policy *
client(void)
{
	struct starttls_policy *policy;

	ck_assert_int_eq(starttls_policy_new(&policy, STARTTLS_CLIENT), 0);
	test_policy_clock(policy);
	return policy;
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

/* A conversation with a server that shows these. */
static int
talk(struct starttls_policy *policy, const struct mint_cert *const *chain,
     size_t n, const char *priority, struct conn *c)
{
	struct tlspair_server server = { .chain = chain, .n = 1,
	    .priority = priority, .ticket_key = &ticket_key };
	struct conn_spec spec = { .policy = policy, .server = &server,
	    .sent = chain, .sent_n = n };
	int rc = conn_run(c, &spec);

	c->spec = NULL;
	return rc;
}

/*
 * What it takes
 */

#define D16 "0123456789abcdef"
#define B43 "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY"

static const struct {
	const char *text;
	const char *says;          /* NULL: it is good */
} values[] = {
	{ HEX D16 D16 D16 D16, NULL },
	{ HEX "0123456789ABCDEFabcdefABCDEF0123" D16 D16, NULL },
	{ HEX "01:23:45:67:89:AB:CD:EF:01:23:45:67:89:AB:CD:EF:01:23:45:67:89:"
	  "AB:CD:EF:01:23:45:67:89:AB:CD:EF", NULL },
	{ "sha256//" B43 "=", NULL },
	{ "", "a peer is" },
	{ "cert-sha256", "a peer is" },
	{ D16 D16 D16 D16, "a peer is" },
	{ "SHA256 Fingerprint=01:23", "a peer is" },
	{ "sha256:" D16 D16 D16 D16, "a peer is" },
	{ "CERT-SHA256:" D16 D16 D16 D16, "a peer is" },
	{ " " HEX D16 D16 D16 D16, "a peer is" },
	{ HEX, "less than 64" },
	{ HEX D16 D16 "01234567", "less than 64" },
	{ HEX D16 D16 D16 "0123456789abcd", "less than 64" },
	{ HEX D16 D16 D16 "0123456789abcde", "not hexadecimal" },
	{ HEX D16 D16 D16 D16 "0", "not hexadecimal" },
	{ HEX D16 D16 D16 D16 "00", "more than 64" },
	{ HEX D16 D16 D16 "0123456789abcdeg", "not hexadecimal" },
	{ HEX D16 D16 D16 D16 " ", "not hexadecimal" },
	{ HEX D16 D16 D16 D16 ":", "not hexadecimal" },
	{ HEX ":" D16 D16 D16 D16, "not hexadecimal" },
	{ HEX "0:1" D16 D16 D16 D16, "not hexadecimal" },
	{ HEX "01::23" D16 D16 D16 D16, "not hexadecimal" },
	{ "sha256//", "not the base64" },
	{ "sha256//" B43, "not the base64" },
	{ "sha256//" B43 "==", "not the base64" },
	{ "sha256//" B43 "=;sha256//" B43 "=", "not the base64" },
	{ "sha256/" B43 "=", "a peer is" },
	{ "sha1//" B43 "=", "a peer is" },
};

START_TEST(test_peer_values)
{
	struct starttls_policy *policy = client();
	struct starttls_error error;
	int rc = starttls_policy_accept_peer(policy, values[_i].text, &error);

	if (values[_i].says == NULL) {
		ck_assert_msg(rc == 0, "%s: %s", values[_i].text,
		    error.message);
		ck_assert_uint_eq(policy->peer_count, 1);
	} else {
		ck_assert_int_eq(rc, STARTTLS_E_INVALID);
		ck_assert_msg(strstr(error.message, values[_i].says) != NULL &&
		    is_plain_line(error.message), "%s: %s", values[_i].text,
		    error.message);
		ck_assert_uint_eq(policy->peer_count, 0);
		ck_assert(policy->use_system);
		ck_assert_int_eq(starttls_policy_accept_peer(policy,
		    values[_i].text, NULL), STARTTLS_E_INVALID);
	}
	starttls_policy_unref(policy);
}
END_TEST

START_TEST(test_peer_setter)
{
	const struct mint_cert *const chain[] = { &good };
	struct starttls_policy *policy = client();
	struct starttls_error error;
	char *text;
	struct conn c;

	ck_assert_int_eq(starttls_policy_accept_peer(NULL, "x", &error),
	    STARTTLS_E_INVALID);
	ck_assert_int_eq(starttls_policy_accept_peer(policy, NULL, &error),
	    STARTTLS_E_INVALID);
	accept(policy, print_of(&good, false, false));
	accept(policy, mint_pin(&other));
	text = starttls_policy_describe(policy);
	ck_assert_ptr_nonnull(strstr(text, "only these peers are accepted"));
	ck_assert_ptr_nonnull(strstr(text, "\npeer:          cert-sha256:"));
	ck_assert_ptr_nonnull(strstr(text, "\npeer:          sha256//"));
	ck_assert_ptr_null(strstr(text, "nobody"));
	free(text);
	ck_assert_int_eq(talk(policy, chain, 1, TLS13, &c), 0);
	conn_done(&c);
	/* no anchor was needed, nor looked for */
	ck_assert_uint_eq(starttls_trust_count(policy->trust), 0);
	text = mint_pin(&other);
	ck_assert_int_eq(starttls_policy_accept_peer(policy, text, &error),
	    STARTTLS_E_FROZEN);
	free(text);
	starttls_policy_unref(policy);
}
END_TEST

/* However the digest is written, and of whichever it is. */
START_TEST(test_peer_is_accepted_by_any_of_them)
{
	const struct mint_cert *const chain[] = { &good };
	struct starttls_policy *policy;
	struct starttls_report report;
	struct conn c;
	int how;

	for (how = 0; how < 6; how++) {
		policy = client();
		if (how == 5)
			accept(policy, print_of(&other, true, false));
		accept(policy, how < 4 ? print_of(&good, how & 1, how & 2) :
		    mint_pin(&good));
		accept(policy, mint_pin(&other));
		ck_assert_int_eq(talk(policy, chain, 1, priorities[how & 1],
		    &c), 0);
		report = report_of(&c);
		ck_assert_int_eq(report.verified_by, STARTTLS_BY_PEER);
		ck_assert_str_eq(report.matched_name, "");
		ck_assert_int_eq(report.verified, 1);
		ck_assert_int_ne(report.not_after, 0);
		ck_assert_int_eq(report.path_not_after, 0);
		ck_assert_int_eq(conn_echo(&c, "hello", 5), 0);
		conn_done(&c);
		starttls_policy_unref(policy);
	}
}
END_TEST

START_TEST(test_peer_has_names_of_its_ways)
{
	static const struct {
		enum starttls_verified_by by;
		const char *name;
	} ways[] = {
		{ STARTTLS_BY_NOTHING, "" }, { STARTTLS_BY_ANCHOR, "anchor" },
		{ STARTTLS_BY_PIN, "pin" }, { STARTTLS_BY_PEER, "peer" },
		{ STARTTLS_BY_TLSA, "tlsa" },
		{ (enum starttls_verified_by)5, "" },
		{ (enum starttls_verified_by)-1, "" },
	};
	const struct mint_cert *const chain[] = { &good, &inter };
	const struct mint_cert *const anchors[] = { &root },
	    *const others[] = { &other };
	struct starttls_policy *policy;
	struct conn c;
	char *pin = mint_pin(&good);
	size_t i;

	for (i = 0; i < ARRAY_LEN(ways); i++)
		ck_assert_str_eq(starttls_verified_by_name(ways[i].by),
		    ways[i].name);
	for (i = 0; i < 3; i++) {
		policy = test_policy(i == 2 ? others : anchors, 1);
		if (i > 0)
			ck_assert_int_eq(starttls_policy_pin(policy, pin,
			    NULL), 0);
		ck_assert_int_eq(talk(policy, chain, 2, TLS13, &c), 0);
		/* a pin on a path that is good without is one more demand */
		ck_assert_int_eq(report_of(&c).verified_by, i == 2 ?
		    STARTTLS_BY_PIN : STARTTLS_BY_ANCHOR);
		ck_assert_str_eq(report_of(&c).matched_name, PEER);
		conn_done(&c);
		starttls_policy_unref(policy);
	}
	free(pin);
}
END_TEST

/*
 * What is in the certificate
 */

static const uint8_t none[] = { 0x30, 0 };

static const struct {
	const char *name;
	struct mint_spec spec;
	bool is_issued;
	int code;
} shown[] = {
	{ "common name only", { .cn = PEER }, false, 0 },
	{ "no name at all", { .cn = NULL }, false, 0 },
	{ "name of another", { .cn = "x", .dns = { "www.example.org" } },
	  false, 0 },
	{ "expired", { .cn = PEER, .not_after = -MINT_DAY }, false, 0 },
	{ "not yet valid", { .cn = PEER, .not_before = MINT_DAY }, false, 0 },
	{ "certificate authority", { .cn = PEER, .is_ca = true }, false, 0 },
	{ "any usage", { .cn = PEER, .usage = MINT_NO_USAGE }, false, 0 },
	{ "usage for encipherment", { .cn = PEER,
		.usage = GNUTLS_KEY_KEY_ENCIPHERMENT }, false, 0 },
	{ "usage for agreement", { .cn = PEER,
		.usage = GNUTLS_KEY_KEY_AGREEMENT }, true, 0 },
	{ "usage for lists", { .cn = PEER, .usage = GNUTLS_KEY_CRL_SIGN },
	  false, 0 },
	{ "purpose of clients", { .cn = PEER,
		.purposes = { GNUTLS_KP_TLS_WWW_CLIENT } }, false, 0 },
	{ "no purpose", { .cn = PEER, .empty_purposes = true }, false, 0 },
	{ "version 1", { .cn = PEER, .version = 1 }, false, 0 },
	{ "signed with SHA-1", { .cn = PEER, .digest = MINT_SHA1 }, false,
	  0 },
	{ "badly signed", { .cn = PEER, .bad_signature = true }, true, 0 },
	{ "unknown critical extension", { .cn = PEER,
		.unknown_critical = true }, false, 0 },
	{ "must-staple", { .cn = PEER, .must_staple = true }, false, 0 },
	{ "an empty list of names", { .cn = PEER, .raw_san = none,
		.raw_san_len = sizeof(none) }, false, 0 },
	{ "issuer unknown", { .cn = PEER }, true, 0 },
	{ "RSA", { .cn = PEER, .key_type = MINT_RSA_2048 }, false, 0 },
	{ "Ed25519", { .cn = PEER, .key_type = MINT_ED25519 }, false, 0 },
	{ "weak key", { .cn = PEER, .key_type = MINT_RSA_1024 }, false,
	  STARTTLS_E_WEAK },
	{ "weak key, issued", { .cn = PEER, .key_type = MINT_RSA_1024 }, true,
	  STARTTLS_E_WEAK },
};

START_TEST(test_peer_whatever_is_in_it)
{
	struct mint_cert cert;
	const struct mint_cert *const chain[] = { &cert };
	struct starttls_policy *policy;
	struct conn c;
	int way, rc;

	mint(&cert, &shown[_i].spec, shown[_i].is_issued ? &inter : NULL);
	for (way = 0; way < 4; way++) {
		policy = client();
		accept(policy, (way & 1) != 0 ? mint_pin(&cert) :
		    print_of(&cert, false, false));
		rc = talk(policy, chain, 1, lax[way >> 1], &c);
		ck_assert_msg(rc == shown[_i].code, "%s, %s: %s",
		    shown[_i].name, lax[way >> 1], c.error.message);
		if (rc == 0)
			ck_assert_int_eq(conn_echo(&c, "hello", 5), 0);
		conn_done(&c);
		starttls_policy_unref(policy);
	}
	mint_free(&cert);
}
END_TEST

/* For anybody else the usage counts as before. */
START_TEST(test_peer_usage_of_others)
{
	struct mint_cert cert;
	const struct mint_cert *const chain[] = { &cert, &inter };
	const struct mint_cert *const anchors[] = { &root };
	struct starttls_policy *policy = test_policy(anchors, 1);
	struct conn c;

	mint(&cert, &(struct mint_spec){ .cn = "x", .dns = { PEER },
	    .usage = GNUTLS_KEY_KEY_AGREEMENT }, &inter);
	ck_assert_int_eq(talk(policy, chain, 2, lax[_i], &c),
	    STARTTLS_E_PURPOSE);
	conn_done(&c);
	mint_free(&cert);
	starttls_policy_unref(policy);
}
END_TEST

/*
 * Nobody else
 */

/* Take what stands behind @prefix in a message. */
static char *
cut(const char *message, const char *prefix)
{
	const char *at = strstr(message, prefix);

	ck_assert_msg(at != NULL, "%s", message);
	return strndup(at, strcspn(at, " ,;"));
}

/* Whatever anchors say; and the message has what would make it accepted. */
START_TEST(test_peer_and_nobody_else)
{
	const struct mint_cert *const chain[] = { &good, &inter, &other };
	const struct mint_cert *const anchors[] = { &root, &good };
	struct starttls_policy *policy = test_policy(anchors, 2);
	char *pin = mint_pin(&good);
	struct conn c;
	int way;

	/* sent along, and the issuer: neither is the peer */
	accept(policy, print_of(&other, false, false));
	accept(policy, mint_pin(&inter));
	ck_assert_int_eq(talk(policy, chain, 3, priorities[_i], &c),
	    STARTTLS_E_PEER_MISMATCH);
	ck_assert_str_eq(starttls_code_name(c.error.code), "peer-mismatch");
	ck_assert_uint_eq(c.error.verdict, STARTTLS_V_PEER);
	ck_assert_int_eq(c.error.depth, 0);
	ck_assert_int_eq(report_of(&c).verified_by, STARTTLS_BY_NOTHING);
	ck_assert(is_plain_line(c.error.message));
	ck_assert_ptr_nonnull(strstr(c.error.message, pin));
	for (way = 0; way < 2; way++) {
		char *text = cut(c.error.message, way == 0 ? HEX :
		    "sha256//");
		struct starttls_policy *taught = client();
		struct conn again;

		accept(taught, text);
		ck_assert_int_eq(talk(taught, chain, 1, priorities[_i],
		    &again), 0);
		conn_done(&again);
		starttls_policy_unref(taught);
	}
	conn_done(&c);
	starttls_policy_unref(policy);
	free(pin);
}
END_TEST

/* The longest name leaves room for both digests. */
START_TEST(test_peer_message_is_whole)
{
	const struct mint_cert *const chain[] = { &good };
	struct tlspair_server server = { .chain = chain, .n = 1 };
	struct starttls_policy *policy = client();
	char name[254], *pin = mint_pin(&good),
	    *print = print_of(&good, false, false);
	struct conn_spec spec = { .policy = policy, .server = &server,
	    .name = name };
	struct conn c;
	size_t i;

	for (i = 0; i < sizeof(name) - 1; i++)
		name[i] = i % 50 == 49 ? '.' : 'n';
	name[i] = '\0';
	accept(policy, mint_pin(&other));
	ck_assert_int_eq(conn_run(&c, &spec), STARTTLS_E_PEER_MISMATCH);
	ck_assert_msg(strstr(c.error.message, pin) != NULL &&
	    strstr(c.error.message, print) != NULL, "%s", c.error.message);
	conn_done(&c);
	free(pin);
	free(print);
	starttls_policy_unref(policy);
}
END_TEST

/* Who shows the certificate has to have its key. */
START_TEST(test_peer_has_its_key)
{
	const struct mint_cert *const chain[] = { &other };
	gnutls_datum_t der = { NULL, 0 };
	struct tlspair_server server = { .chain = chain, .n = 1,
	    .priority = priorities[_i] };
	struct starttls_policy *policy = client();
	struct conn_spec spec = { .policy = policy, .server = &server,
	    .sent = chain, .sent_n = 1, .sent_der = &der };
	struct conn c;
	int rc;

	accept(policy, print_of(&good, false, false));
	accept(policy, mint_pin(&good));
	ck_assert_int_ge(gnutls_x509_crt_export2(good.crt,
	    GNUTLS_X509_FMT_DER, &der), 0);
	rc = conn_run(&c, &spec);
	ck_assert_msg(rc != 0 && rc != HARNESS_STUCK &&
	    rc != STARTTLS_E_PEER_MISMATCH, "%d %s", rc, c.error.message);
	ck_assert_ptr_null(c.session);
	conn_done(&c);
	gnutls_free(der.data);
	starttls_policy_unref(policy);
}
END_TEST

/*
 * What is demanded besides
 */

static void
add_crl(struct starttls_policy *policy, const struct mint_cert *issuer,
	const struct mint_cert *revoked)
{
	const struct mint_cert *list[] = { revoked };
	char path[] = "/tmp/check_peer-XXXXXX";
	gnutls_x509_crl_t crl = mint_crl(issuer, list, 1, 0, 0);
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

enum demand_kind {
	OWN_PIN, ISSUERS_PIN, ISSUERS_PIN_UNTRUSTED, OTHER_PIN, REVOKED_BY_LIST,
	REVOKED_UNTRUSTED, ISSUER_REVOKED, OTHER_REVOKED, STAPLE_MISSING,
	STAPLE_GOOD, STAPLE_UNTRUSTED, STAPLE_REVOKED, STAPLE_UNASKED
};

static const struct {
	const char *name;
	enum demand_kind kind;
	int code;
} demands[] = {
	{ "its own key is pinned", OWN_PIN, 0 },
	{ "its issuer's key is pinned", ISSUERS_PIN, 0 },
	{ "the same, but nobody trusts the path", ISSUERS_PIN_UNTRUSTED,
	  STARTTLS_E_PIN_MISMATCH },
	{ "another key is pinned", OTHER_PIN, STARTTLS_E_PIN_MISMATCH },
	{ "revoked", REVOKED_BY_LIST, STARTTLS_E_REVOKED },
	{ "revoked, no anchor", REVOKED_UNTRUSTED, STARTTLS_E_REVOKED },
	{ "its issuer is revoked", ISSUER_REVOKED, STARTTLS_E_REVOKED },
	{ "another one is revoked", OTHER_REVOKED, 0 },
	{ "staple required, none sent", STAPLE_MISSING,
	  STARTTLS_E_NO_STAPLE },
	{ "staple required and good", STAPLE_GOOD, 0 },
	{ "staple required, issuer unknown", STAPLE_UNTRUSTED,
	  STARTTLS_E_NO_STAPLE },
	{ "staple required, revoked", STAPLE_REVOKED, STARTTLS_E_REVOKED },
	{ "staple that nobody asked for", STAPLE_UNASKED, 0 },
};

static void
demand(struct starttls_policy *policy, enum demand_kind kind)
{
	const struct mint_cert *pinned = kind == OWN_PIN ? &good :
	    kind == OTHER_PIN ? &other : &inter;
	char *pin = mint_pin(pinned), *pem;
	const struct mint_cert *const anchors[] = { &root };

	if (kind <= OTHER_PIN)
		ck_assert_int_eq(starttls_policy_pin(policy, pin, NULL), 0);
	free(pin);
	if (kind != ISSUERS_PIN_UNTRUSTED && kind != REVOKED_UNTRUSTED &&
	    kind != STAPLE_UNTRUSTED) {
		pem = mint_pem(anchors, 1);
		ck_assert_int_eq(starttls_policy_trust_pem(policy, pem,
		    strlen(pem), NULL), 0);
		free(pem);
	}
	if (kind == REVOKED_BY_LIST || kind == REVOKED_UNTRUSTED)
		add_crl(policy, &inter, &good);
	if (kind == ISSUER_REVOKED)
		add_crl(policy, &root, &inter);
	if (kind == OTHER_REVOKED)
		add_crl(policy, &inter, &other);
	if (kind >= STAPLE_MISSING && kind != STAPLE_UNASKED)
		ck_assert_int_eq(starttls_policy_require_ocsp(policy, NULL),
		    0);
}

START_TEST(test_peer_with_other_demands)
{
	const enum demand_kind kind = demands[_i].kind;
	const struct mint_cert *const chain[] = { &good, &inter };
	const struct mint_ocsp_spec status = { .status =
	    kind == STAPLE_REVOKED || kind == STAPLE_UNASKED ?
	    MINT_OCSP_REVOKED : MINT_OCSP_GOOD };
	struct starttls_policy *policy = client();
	gnutls_datum_t staple = { NULL, 0 };
	struct tlspair_server server = { .chain = chain, .n = 2 };
	struct conn_spec spec = { .policy = policy, .server = &server };
	struct conn c;
	int version, rc;

	accept(policy, mint_pin(&good));
	demand(policy, kind);
	if (kind > STAPLE_MISSING) {
		mint_ocsp(&staple, &good, &inter, &status);
		server.staple = &staple;
	}
	for (version = 0; version < VERSIONS; version++) {
		server.priority = priorities[version];
		rc = conn_run(&c, &spec);
		ck_assert_msg(rc == demands[_i].code, "%s: %s",
		    demands[_i].name, c.error.message);
		conn_done(&c);
	}
	gnutls_free(staple.data);
	starttls_policy_unref(policy);
}
END_TEST

/*
 * Resumption
 */

static bool
go_on(struct starttls_policy *policy, const char *priority)
{
	const struct mint_cert *const chain[] = { &good };
	struct conn c;
	bool resumed;

	ck_assert_int_eq(talk(policy, chain, 1, priority, &c), 0);
	resumed = gnutls_session_is_resumed(c.pair.server) != 0;
	ck_assert_int_eq(report_of(&c).resumed, resumed);
	ck_assert_int_eq(report_of(&c).verified_by, STARTTLS_BY_PEER);
	ck_assert_int_eq(conn_echo(&c, "hello", 5), 0);
	conn_done(&c);
	return resumed;
}

START_TEST(test_peer_is_the_same_when_resumed)
{
	struct starttls_policy *first = client(), *same = client(),
	    *more = client(), *by_key = client();
	uint8_t *data;
	size_t len;

	accept(first, print_of(&good, false, false));
	accept(same, print_of(&good, true, true));
	accept(more, print_of(&good, false, false));
	accept(more, print_of(&other, false, false));
	accept(by_key, mint_pin(&good));
	ck_assert(!go_on(first, priorities[_i]));
	ck_assert(go_on(first, priorities[_i]));
	ck_assert_int_eq(starttls_policy_export_sessions(first, &data, &len,
	    NULL), 0);
	ck_assert_int_eq(starttls_policy_import_sessions(more, data, len,
	    NULL), STARTTLS_E_POLICY);
	ck_assert_int_eq(starttls_policy_import_sessions(by_key, data, len,
	    NULL), STARTTLS_E_POLICY);
	ck_assert_int_eq(starttls_policy_import_sessions(same, data, len,
	    NULL), 0);
	ck_assert(go_on(same, priorities[_i]));
	free(data);
	starttls_policy_unref(first);
	starttls_policy_unref(same);
	starttls_policy_unref(more);
	starttls_policy_unref(by_key);
}
END_TEST

/*
 * At a server
 */

static struct starttls_policy *
server(enum starttls_client_cert mode)
{
	static const struct mint_cert *const chain[] = { &good };
	struct starttls_policy *policy = duo_policy(chain, 1);

	ck_assert_int_eq(starttls_policy_client_cert(policy, mode, NULL), 0);
	return policy;
}

START_TEST(test_peer_is_a_client)
{
	struct mint_cert guest, stranger;
	const struct mint_cert *const shows[] = { &guest, &stranger };
	struct starttls_policy *policy =
	    server(STARTTLS_CLIENT_CERT_REQUIRED);
	struct starttls_report report = { .size = sizeof(report) };
	struct duo_spec spec = { .server = policy, .n = 1,
	    .priority = lax[_i] };
	struct duo d;

	mint(&guest, &(struct mint_spec){ .cn = "guest", .not_after = -1,
	    .usage = GNUTLS_KEY_KEY_AGREEMENT }, NULL);
	mint(&stranger, &(struct mint_spec){ .cn = "guest" }, NULL);
	accept(policy, mint_pin(&guest));
	spec.chain = &shows[0];
	ck_assert_msg(duo_run(&d, &spec) == 0, "%s", d.server.error.message);
	ck_assert_int_eq(starttls_session_report(d.server.session, &report),
	    0);
	ck_assert_int_eq(report.verified_by, STARTTLS_BY_PEER);
	ck_assert_str_eq(report.matched_name, "");
	duo_done(&d);
	spec.chain = &shows[1];
	ck_assert_int_eq(duo_run(&d, &spec), STARTTLS_E_PEER_MISMATCH);
	ck_assert_int_eq(duo_alert(&d), GNUTLS_A_CERTIFICATE_UNKNOWN);
	duo_done(&d);
	spec.chain = NULL;
	spec.n = 0;
	ck_assert_int_ne(duo_run(&d, &spec), 0);
	ck_assert_ptr_null(d.server.session);
	duo_done(&d);
	mint_free(&guest);
	mint_free(&stranger);
	starttls_policy_unref(policy);
}
END_TEST

START_TEST(test_peer_at_a_server_that_need_not_see_one)
{
	struct starttls_policy *policy =
	    server(STARTTLS_CLIENT_CERT_OPTIONAL);
	struct starttls_report report = { .size = sizeof(report) };
	struct duo_spec spec = { .server = policy };
	struct duo d;

	accept(policy, mint_pin(&other));
	ck_assert_msg(duo_run(&d, &spec) == 0, "%s", d.server.error.message);
	ck_assert_int_eq(starttls_session_report(d.server.session, &report),
	    0);
	ck_assert_int_eq(report.verified_by, STARTTLS_BY_NOTHING);
	duo_done(&d);
	starttls_policy_unref(policy);
}
END_TEST

/* Nobody would ever be held against them. */
START_TEST(test_peer_at_a_server_that_does_not_ask)
{
	struct starttls_policy *policy = server(STARTTLS_CLIENT_CERT_OFF);
	struct duo_spec spec = { .server = policy };
	struct duo d;

	accept(policy, mint_pin(&other));
	ck_assert_int_eq(duo_begin(&d, &spec), STARTTLS_E_POLICY);
	ck_assert_msg(strstr(d.server.error.message, "none is asked") != NULL,
	    "%s", d.server.error.message);
	duo_done(&d);
	starttls_policy_unref(policy);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("peer");
	TCase *setter = tcase_create("setter"), *peers = tcase_create("peers"),
	    *servers = tcase_create("servers");
	TCase *cases[] = { setter, peers, servers };
	size_t i;

	for (i = 0; i < ARRAY_LEN(cases); i++) {
		tcase_add_unchecked_fixture(cases[i], mint_all, free_all);
		tcase_set_timeout(cases[i], 60);
		suite_add_tcase(suite, cases[i]);
	}
	tcase_add_loop_test(setter, test_peer_values, 0,
	    (int)ARRAY_LEN(values));
	tcase_add_test(setter, test_peer_setter);
	tcase_add_test(peers, test_peer_is_accepted_by_any_of_them);
	tcase_add_test(peers, test_peer_has_names_of_its_ways);
	tcase_add_loop_test(peers, test_peer_whatever_is_in_it, 0,
	    (int)ARRAY_LEN(shown));
	tcase_add_loop_test(peers, test_peer_usage_of_others, 0, VERSIONS);
	tcase_add_loop_test(peers, test_peer_and_nobody_else, 0, VERSIONS);
	tcase_add_test(peers, test_peer_message_is_whole);
	tcase_add_loop_test(peers, test_peer_has_its_key, 0, VERSIONS);
	tcase_add_loop_test(peers, test_peer_with_other_demands, 0,
	    (int)ARRAY_LEN(demands));
	tcase_add_loop_test(peers, test_peer_is_the_same_when_resumed, 0,
	    VERSIONS);
	tcase_add_loop_test(servers, test_peer_is_a_client, 0, VERSIONS);
	tcase_add_test(servers, test_peer_at_a_server_that_need_not_see_one);
	tcase_add_test(servers, test_peer_at_a_server_that_does_not_ask);
	return run_suite(suite);
}
