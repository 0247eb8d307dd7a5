/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * Guests of our server: with certificates good and bad, with old TLS and bad
 * manners, damaged and cut off.  Whoever is refused is refused inside the
 * handshake, with an alert, and never hears a word of cleartext.
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
#include "error.h"
#include "policy.h"

#define VERSIONS 2
#define SEEDS 3

static const char *const priorities[VERSIONS] = { TLS12, TLS13 };

enum who {
	NOBODY, GOOD, ANY_PURPOSE, VIA_INTER, EXPIRED, FUTURE, SELF_SIGNED,
	STRANGER, IMPOSTOR, SERVER_ONLY, REVOKED, WEAK, LONE, BROKEN,
	OTHER_FAMILY, BROAD, WHO
};

static struct mint_cert root, inter, twin, alien, leaf;
static struct mint_cert guests[WHO];
static const struct mint_cert *const chain[] = { &leaf };
static char *anchors_pem, *crl_pem;
static char *pins[2];              /* of SELF_SIGNED, of GOOD */

static void
mint_guest(enum who who, struct mint_spec spec,
	   const struct mint_cert *issuer)
{
	static const char *const client_only = GNUTLS_KP_TLS_WWW_CLIENT;

	spec.cn = "guest";
	if (spec.purposes[0] == NULL && !spec.no_purposes)
		spec.purposes[0] = client_only;
	mint(&guests[who], &spec, issuer);
}

static void
mint_all(void)
{
	static const uint8_t constraints[] = { 0x30, 26,
		0xa0, 12, 0x30, 10, 0x87, 8, 10, 0, 0, 0, 255, 0, 0, 0,
		0xa1, 10, 0x30, 8, 0x82, 6, 'a', '.', 't', 'e', 's', 't' };
	const struct mint_cert *revoked[] = { &guests[REVOKED] };
	gnutls_x509_crl_t crl;

	mint(&root, &(struct mint_spec){ .cn = "root", .is_ca = true }, NULL);
	mint(&twin, &(struct mint_spec){ .cn = "root", .is_ca = true }, NULL);
	mint(&alien, &(struct mint_spec){ .cn = "alien", .is_ca = true },
	    NULL);
	/* with constraints: 10.0.0.0/8 is permitted, a name is excluded */
	mint(&inter, &(struct mint_spec){ .cn = "inter", .is_ca = true,
	    .raw_constraints = constraints,
	    .raw_constraints_len = sizeof(constraints) }, &root);
	mint(&leaf, &(struct mint_spec){ .cn = "leaf", .dns = { PEER } },
	    &root);
	mint_guest(GOOD, (struct mint_spec){ .cn = "" }, &root);
	mint_guest(ANY_PURPOSE, (struct mint_spec){ .no_purposes = true },
	    &root);
	mint_guest(VIA_INTER, (struct mint_spec){ .ip = { "10.1.2.3" } },
	    &inter);
	mint_guest(OTHER_FAMILY, (struct mint_spec){
	    .ip = { "2001:db8::1" } }, &inter);
	mint_guest(BROAD, (struct mint_spec){ .dns = { "*.a.test" } }, &inter);
	mint_guest(EXPIRED, (struct mint_spec){ .not_after = -1 }, &root);
	mint_guest(FUTURE, (struct mint_spec){ .not_before = MINT_HOUR },
	    &root);
	mint_guest(SELF_SIGNED, (struct mint_spec){ .cn = "" }, NULL);
	mint_guest(STRANGER, (struct mint_spec){ .cn = "" }, &alien);
	mint_guest(IMPOSTOR, (struct mint_spec){ .no_key_ids = true }, &twin);
	mint_guest(SERVER_ONLY, (struct mint_spec){
	    .purposes = { GNUTLS_KP_TLS_WWW_SERVER } }, &root);
	mint_guest(REVOKED, (struct mint_spec){ .cn = "" }, &root);
	mint_guest(WEAK, (struct mint_spec){ .key_type = MINT_RSA_1024 },
	    &root);
	mint_guest(LONE, (struct mint_spec){ .cn = "" }, &inter);
	mint_guest(BROKEN, (struct mint_spec){ .bad_signature = true },
	    &root);
	anchors_pem = mint_pem((const struct mint_cert *const[]){ &root }, 1);
	crl = mint_crl(&root, revoked, 1, 0, 0);
	crl_pem = mint_crl_pem(crl);
	gnutls_x509_crl_deinit(crl);
	pins[0] = mint_pin(&guests[SELF_SIGNED]);
	pins[1] = mint_pin(&guests[GOOD]);
}

static void
free_all(void)
{
	int i;

	mint_free(&root);
	mint_free(&twin);
	mint_free(&alien);
	mint_free(&inter);
	mint_free(&leaf);
	for (i = 0; i < WHO; i++)
		mint_free(&guests[i]);
	free(anchors_pem);
	free(crl_pem);
	free(pins[0]);
	free(pins[1]);
}

static void
trust(struct starttls_policy *policy)
{
	ck_assert_int_eq(starttls_policy_trust_pem(policy, anchors_pem,
	    strlen(anchors_pem), NULL), 0);
}

static void
watch_crl(struct starttls_policy *policy)
{
	char path[] = "/tmp/check_guests.XXXXXX";
	int fd = mkstemp(path);

	ck_assert_int_ge(fd, 0);
	close(fd);
	mint_write_text(path, crl_pem);
	ck_assert_int_eq(starttls_policy_crl_file(policy, path, NULL), 0);
	unlink(path);
}

enum { ANCHORS = 1, CRL = 2, PIN_SELF = 4, PIN_GOOD = 8 };

static struct starttls_policy *
server_policy(enum starttls_client_cert mode, unsigned with)
{
	struct starttls_policy *policy = duo_policy(chain, 1);

	ck_assert_int_eq(starttls_policy_client_cert(policy, mode, NULL), 0);
	if ((with & ANCHORS) != 0)
		trust(policy);
	if ((with & CRL) != 0)
		watch_crl(policy);
	if ((with & PIN_SELF) != 0)
		ck_assert_int_eq(starttls_policy_pin(policy, pins[0], NULL),
		    0);
	if ((with & PIN_GOOD) != 0)
		ck_assert_int_eq(starttls_policy_pin(policy, pins[1], NULL),
		    0);
	return policy;
}

#define REQUIRED STARTTLS_CLIENT_CERT_REQUIRED
#define OPTIONAL STARTTLS_CLIENT_CERT_OPTIONAL
#define OFF STARTTLS_CLIENT_CERT_OFF

/* The alert of TLS 1.2, and of 1.3 where that differs. */
static const struct cert_row {
	const char *name;
	enum starttls_client_cert mode;
	unsigned with;
	enum who who;
	int code;
	unsigned verdict;
	int alert[VERSIONS];
} cert_rows[] = {
	{ "off, none", OFF, 0, NOBODY, 0, 0, { 0, 0 } },
	{ "off, good", OFF, ANCHORS, GOOD, 0, 0, { 0, 0 } },
	{ "off, expired", OFF, ANCHORS, EXPIRED, 0, 0, { 0, 0 } },
	{ "optional, none", OPTIONAL, ANCHORS, NOBODY, 0, 0, { 0, 0 } },
	{ "optional, good", OPTIONAL, ANCHORS, GOOD, 0, 0, { 0, 0 } },
	{ "optional, expired", OPTIONAL, ANCHORS, EXPIRED, STARTTLS_E_EXPIRED,
	  STARTTLS_V_EXPIRED, { 45, 45 } },
	{ "optional, self-signed", OPTIONAL, ANCHORS, SELF_SIGNED,
	  STARTTLS_E_SELF_SIGNED,
	  STARTTLS_V_UNTRUSTED | STARTTLS_V_SELF_SIGNED, { 48, 48 } },
	{ "optional, server's", OPTIONAL, ANCHORS, SERVER_ONLY,
	  STARTTLS_E_PURPOSE, STARTTLS_V_PURPOSE, { 43, 43 } },
	{ "required, none", REQUIRED, ANCHORS, NOBODY, STARTTLS_E_TLS, 0,
	  { 40, 116 } },
	{ "required, good", REQUIRED, ANCHORS, GOOD, 0, 0, { 0, 0 } },
	{ "required, any purpose", REQUIRED, ANCHORS, ANY_PURPOSE, 0, 0,
	  { 0, 0 } },
	{ "required, intermediate", REQUIRED, ANCHORS, VIA_INTER, 0, 0,
	  { 0, 0 } },
	{ "required, another family than permitted", REQUIRED, ANCHORS,
	  OTHER_FAMILY, STARTTLS_E_CONSTRAINTS, STARTTLS_V_CONSTRAINTS,
	  { 42, 42 } },
	{ "required, a name that is excluded", REQUIRED, ANCHORS, BROAD,
	  STARTTLS_E_CONSTRAINTS, STARTTLS_V_CONSTRAINTS, { 42, 42 } },
	{ "required, intermediate lacks", REQUIRED, ANCHORS, LONE,
	  STARTTLS_E_INCOMPLETE,
	  STARTTLS_V_UNTRUSTED | STARTTLS_V_INCOMPLETE, { 48, 48 } },
	{ "required, expired", REQUIRED, ANCHORS, EXPIRED, STARTTLS_E_EXPIRED,
	  STARTTLS_V_EXPIRED, { 45, 45 } },
	{ "required, not yet valid", REQUIRED, ANCHORS, FUTURE,
	  STARTTLS_E_NOT_YET_VALID, STARTTLS_V_NOT_YET_VALID, { 45, 45 } },
	{ "required, self-signed", REQUIRED, ANCHORS, SELF_SIGNED,
	  STARTTLS_E_SELF_SIGNED,
	  STARTTLS_V_UNTRUSTED | STARTTLS_V_SELF_SIGNED, { 48, 48 } },
	{ "required, unknown CA", REQUIRED, ANCHORS, STRANGER,
	  STARTTLS_E_INCOMPLETE,
	  STARTTLS_V_UNTRUSTED | STARTTLS_V_INCOMPLETE, { 48, 48 } },
	{ "required, twin CA", REQUIRED, ANCHORS, IMPOSTOR,
	  STARTTLS_E_BAD_CHAIN, STARTTLS_V_SIGNATURE, { 42, 42 } },
	{ "required, damaged", REQUIRED, ANCHORS, BROKEN,
	  STARTTLS_E_BAD_CHAIN, STARTTLS_V_SIGNATURE, { 42, 42 } },
	{ "required, server's", REQUIRED, ANCHORS, SERVER_ONLY,
	  STARTTLS_E_PURPOSE, STARTTLS_V_PURPOSE, { 43, 43 } },
	{ "required, revoked", REQUIRED, ANCHORS | CRL, REVOKED,
	  STARTTLS_E_REVOKED, STARTTLS_V_REVOKED, { 44, 44 } },
	{ "required, not revoked", REQUIRED, ANCHORS | CRL, GOOD, 0, 0,
	  { 0, 0 } },
	{ "required, weak", REQUIRED, ANCHORS, WEAK, STARTTLS_E_WEAK,
	  STARTTLS_V_WEAK, { 71, 71 } },
	{ "pinned, self-signed", REQUIRED, PIN_SELF, SELF_SIGNED, 0, 0,
	  { 0, 0 } },
	{ "pinned, other self-signed", REQUIRED, PIN_GOOD, SELF_SIGNED,
	  STARTTLS_E_SELF_SIGNED, STARTTLS_V_UNTRUSTED |
	  STARTTLS_V_SELF_SIGNED | STARTTLS_V_PIN, { 48, 48 } },
	{ "pinned, good", REQUIRED, ANCHORS | PIN_GOOD, GOOD, 0, 0, { 0, 0 } },
	{ "pinned, other of the CA", REQUIRED, ANCHORS | PIN_GOOD,
	  ANY_PURPOSE, STARTTLS_E_PIN_MISMATCH, STARTTLS_V_PIN, { 46, 46 } },
	{ "pinned, either", REQUIRED, ANCHORS | PIN_GOOD | PIN_SELF,
	  SELF_SIGNED, 0, 0, { 0, 0 } },
	{ "pinned, optional, none", OPTIONAL, PIN_GOOD, NOBODY, 0, 0,
	  { 0, 0 } },
};

static void
expect_guest_refused(struct duo *d, const struct cert_row *row, int alert)
{
	const struct starttls_error *error = &d->server.error;

	ck_assert_msg(error->code == row->code, "%s: %s: %s", row->name,
	    starttls_code_name(error->code), error->message);
	ck_assert_msg((error->verdict & row->verdict) == row->verdict,
	    "%s: verdict %x", row->name, error->verdict);
	ck_assert_msg(duo_alert(d) == alert, "%s: alert %d, not %d: %s",
	    row->name, d->guest_alert, alert, error->message);
	ck_assert_int_eq(error->phase, STARTTLS_PHASE_HANDSHAKE);
	ck_assert(is_plain_line(error->message));
	/* whose it is: there is no name of a peer to say */
	if (row->verdict != 0)
		ck_assert_msg(strstr(error->message, "client") != NULL,
		    "%s: %s", row->name, error->message);
	ck_assert(duo_is_tls(d, 0));
	ck_assert_ptr_null(starttls_upgrade_take(d->server.upgrade));
}

static void
expect_guest_served(struct duo *d, const struct cert_row *row)
{
	struct starttls_report report = { .size = sizeof(report) };
	struct starttls_cert cert = { .size = sizeof(cert) };
	bool shown = row->mode != OFF && row->who != NOBODY;

	ck_assert_msg(duo_exchange(d) == 0, "%s", row->name);
	ck_assert_int_eq(starttls_session_report(d->server.session, &report),
	    0);
	ck_assert_int_eq(report.verified, 1);
	ck_assert_uint_eq(report.verdict, 0);
	ck_assert_msg((report.chain_len > 0) == shown, "%s: %u", row->name,
	    report.chain_len);
	if (!shown)
		return;
	ck_assert_int_eq(starttls_session_cert(d->server.session, 0, &cert),
	    0);
	ck_assert_str_eq(cert.subject, "CN=guest");
	ck_assert_int_gt(report.not_after, MINT_NOW);
}

/* The guest is GnuTLS by hand: it shows what it is told to. */
START_TEST(test_guests_certificates)
{
	const struct cert_row *row = &cert_rows[_i / VERSIONS];
	struct starttls_policy *policy = server_policy(row->mode, row->with);
	const struct mint_cert *own[] = { &guests[row->who], &inter };
	struct duo_spec spec = { .server = policy,
		.priority = priorities[_i % VERSIONS], .chain = own,
		.n = row->who == VIA_INTER || row->who == OTHER_FAMILY ||
		    row->who == BROAD ? 2 : row->who != NOBODY };
	struct duo d;
	int rc = duo_run(&d, &spec);

	ck_assert_msg(rc == row->code, "%s: %s: %s", row->name,
	    starttls_code_name(rc), d.server.error.message);
	if (rc == 0)
		expect_guest_served(&d, row);
	else
		expect_guest_refused(&d, row, row->alert[_i % VERSIONS]);
	duo_done(&d);
	starttls_policy_unref(policy);
}
END_TEST

/* A certificate that cannot be parsed, the guest's own or one behind it. */
START_TEST(test_guests_with_a_garbled_certificate)
{
	struct starttls_policy *policy = server_policy(REQUIRED, ANCHORS);
	const struct mint_cert *own[] = { &guests[VIA_INTER], &inter };
	gnutls_datum_t der[2] = { { NULL, 0 } };
	struct duo_spec spec = { .server = policy,
		.priority = priorities[_i % VERSIONS], .chain = own, .n = 2,
		.der = der };
	int place = _i / VERSIONS;
	struct duo d;
	int rc;

	ck_assert_int_eq(gnutls_x509_crt_export2(own[place]->crt,
	    GNUTLS_X509_FMT_DER, &der[place]), 0);
	der[place].size--;
	rc = duo_run(&d, &spec);
	ck_assert_msg(rc == STARTTLS_E_BAD_CHAIN &&
	    d.server.error.verdict == STARTTLS_V_MALFORMED &&
	    d.server.error.depth == place, "%s, depth %d: %s",
	    starttls_code_name(rc), d.server.error.depth,
	    d.server.error.message);
	ck_assert_int_eq(duo_alert(&d), GNUTLS_A_BAD_CERTIFICATE);
	duo_done(&d);
	starttls_policy_unref(policy);
	gnutls_free(der[place].data);
}
END_TEST

/* Our own client, with and without. */
START_TEST(test_guests_of_our_own)
{
	struct starttls_policy *server = server_policy(REQUIRED, ANCHORS);
	struct starttls_policy *with = test_policy(
	    (const struct mint_cert *const[]){ &root }, 1);
	struct starttls_policy *without = test_policy(
	    (const struct mint_cert *const[]){ &root }, 1);
	struct duo_spec spec = { .server = server, .client = with,
		.from = STARTTLS_GREETING };
	struct starttls_cert cert = { .size = sizeof(cert) };
	struct duo d;

	if (_i % VERSIONS == 0) {
		ck_assert_int_eq(starttls_policy_restrict(with,
		    "-VERS-TLS1.3", NULL), 0);
		ck_assert_int_eq(starttls_policy_restrict(without,
		    "-VERS-TLS1.3", NULL), 0);
	}
	duo_identity(with, (const struct mint_cert *const[]){ &guests[GOOD] },
	    1);
	spec.seed = (uint64_t)(_i / VERSIONS);
	ck_assert_msg(duo_run(&d, &spec) == 0, "%s", d.server.error.message);
	ck_assert_int_eq(duo_exchange(&d), 0);
	ck_assert_int_eq(starttls_session_cert(d.server.session, 0, &cert),
	    0);
	ck_assert_str_eq(cert.subject, "CN=guest");
	duo_done(&d);

	/* an alert is sent as far as there is room for it */
	spec.client = without;
	spec.seed = 0;
	ck_assert_int_eq(duo_run(&d, &spec), STARTTLS_E_TLS);
	ck_assert_msg(duo_alert(&d) == (_i % VERSIONS == 0 ? 40 : 116),
	    "alert %d: %s", duo_alert(&d), d.server.error.message);
	duo_done(&d);
	starttls_policy_unref(server);
	starttls_policy_unref(with);
	starttls_policy_unref(without);
}
END_TEST

/* Whoever showed a certificate shows the same one on a data channel. */
START_TEST(test_guests_on_a_data_channel)
{
	static const struct {
		enum who who;
		int code;
	} rows[] = {
		{ GOOD, 0 },
		{ NOBODY, STARTTLS_E_TLS },
		{ ANY_PURPOSE, STARTTLS_E_OTHER_CERT },
	};
	struct starttls_policy *policy = server_policy(OPTIONAL, ANCHORS);
	struct duo_spec spec = { .server = policy, .protocol = "ftp",
		.priority = priorities[_i] };
	struct duo control, data;
	size_t i;
	int rc;

	spec.chain = (const struct mint_cert *[]){ &guests[GOOD] };
	spec.n = 1;
	ck_assert_int_eq(duo_run(&control, &spec), 0);
	ck_assert_int_eq(duo_exchange(&control), 0);
	spec.control = control.server.session;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		spec.chain = (const struct mint_cert *[]){
		    &guests[rows[i].who] };
		spec.n = rows[i].who != NOBODY;
		rc = duo_run(&data, &spec);
		ck_assert_msg(rc == rows[i].code, "%zu: %s: %s", i,
		    starttls_code_name(rc), data.server.error.message);
		duo_done(&data);
	}
	duo_done(&control);
	starttls_policy_unref(policy);
}
END_TEST

/* What a guest may offer that we do not take: refused with an alert. */
static const struct {
	const char *name;
	const char *priority;
	int alert;                 /* -1: any */
} old_rows[] = {
	{ "TLS 1.1", "NORMAL:-VERS-ALL:+VERS-TLS1.1:%COMPAT", 70 },
	{ "TLS 1.0", "NORMAL:-VERS-ALL:+VERS-TLS1.0:%COMPAT", 70 },
	{ "RSA key exchange", "NORMAL:-VERS-ALL:+VERS-TLS1.2:-KX-ALL:+RSA",
	  40 },
	{ "DHE", "NORMAL:-VERS-ALL:+VERS-TLS1.2:-KX-ALL:+DHE-RSA", 40 },
	{ "anonymous", "NORMAL:-VERS-ALL:+VERS-TLS1.2:-KX-ALL:+ANON-ECDH",
	  -1 },
	{ "CBC", "NORMAL:-VERS-ALL:+VERS-TLS1.2:-CIPHER-ALL:+AES-128-CBC:"
	  "+AES-256-CBC", 40 },
	{ "3DES", "NORMAL:-VERS-ALL:+VERS-TLS1.2:-CIPHER-ALL:+3DES-CBC", 40 },
	{ "NULL", "NORMAL:-VERS-ALL:+VERS-TLS1.2:-CIPHER-ALL:+NULL", 40 },
	{ "SHA-1 signatures", "NORMAL:-VERS-ALL:+VERS-TLS1.2:-SIGN-ALL:"
	  "+SIGN-ECDSA-SHA1", -1 },
	{ "finite fields", "NORMAL:-VERS-ALL:+VERS-TLS1.3:-GROUP-ALL:"
	  "+GROUP-FFDHE2048", 40 },
	{ "no RFC 5746", "NORMAL:-VERS-ALL:+VERS-TLS1.2:"
	  "%DISABLE_SAFE_RENEGOTIATION", 40 },
	{ "CCM-8", "NORMAL:-VERS-ALL:+VERS-TLS1.2:-CIPHER-ALL:"
	  "+AES-128-CCM-8", 40 },
};

START_TEST(test_guests_with_old_tls)
{
	struct starttls_policy *policy = server_policy(OFF, 0);
	struct duo d;
	int rc;

	rc = duo_run(&d, &(struct duo_spec){ .server = policy,
	    .priority = old_rows[_i].priority });
	ck_assert_msg(rc == STARTTLS_E_TLS, "%s: %s: %s", old_rows[_i].name,
	    starttls_code_name(rc), d.server.error.message);
	ck_assert_msg(old_rows[_i].alert < 0 ||
	    d.guest_alert == old_rows[_i].alert, "%s: alert %d",
	    old_rows[_i].name, d.guest_alert);
	ck_assert(duo_is_tls(&d, 0));
	ck_assert_uint_gt(d.said_len, 0);
	ck_assert(is_plain_line(d.server.error.message));
	duo_done(&d);
	starttls_policy_unref(policy);
}
END_TEST

/* TLS 1.3 has no renegotiation, and who offers nothing else need not say so. */
START_TEST(test_guests_with_tls13_only)
{
	struct starttls_policy *policy = server_policy(OFF, 0);
	struct duo d;
	int rc;

	rc = duo_run(&d, &(struct duo_spec){ .server = policy,
	    .priority = "NORMAL:-VERS-ALL:+VERS-TLS1.3:"
		"%DISABLE_SAFE_RENEGOTIATION" });
	ck_assert_msg(rc == 0, "%s", d.server.error.message);
	duo_done(&d);
	starttls_policy_unref(policy);
}
END_TEST

/* A policy that wants more than the guest has. */
START_TEST(test_guests_below_the_policy)
{
	struct starttls_policy *policy = server_policy(OFF, 0);
	struct duo d;

	ck_assert_int_eq(starttls_policy_raise_min_version(policy,
	    STARTTLS_TLS1_3, NULL), 0);
	ck_assert_int_eq(duo_run(&d, &(struct duo_spec){ .server = policy,
	    .priority = TLS12 }), STARTTLS_E_TLS);
	ck_assert(d.guest_alert == 70 || d.guest_alert == 40);
	duo_done(&d);
	ck_assert_int_eq(duo_run(&d, &(struct duo_spec){ .server = policy,
	    .priority = TLS13 }), 0);
	duo_done(&d);
	starttls_policy_unref(policy);
}
END_TEST

static void
welcome(struct duo *d, struct starttls_policy *policy, int version)
{
	ck_assert_int_eq(duo_run(d, &(struct duo_spec){ .server = policy,
	    .priority = priorities[version] }), 0);
	ck_assert_int_eq(duo_exchange(d), 0);
}

/* Renegotiation is for nobody (CVE-2009-3555, CVE-2011-1473). */
START_TEST(test_guests_do_not_renegotiate)
{
	struct starttls_policy *policy = server_policy(OFF, 0);
	struct starttls_error error;
	struct duo d;

	welcome(&d, policy, 0);
	/* its second ClientHello goes out, no answer can have come */
	(void)gnutls_handshake(d.guest);
	ck_assert_int_eq(duo_server_read(&d), STARTTLS_E_TLS);
	ck_assert_int_eq(starttls_session_error(d.server.session, &error),
	    STARTTLS_E_TLS);
	ck_assert_ptr_nonnull(strstr(error.message, "renegotiate"));
	ck_assert(duo_is_tls(&d, 0));
	ck_assert_int_eq(starttls_session_write(d.server.session, "x", 1),
	    STARTTLS_E_TLS);
	duo_done(&d);
	starttls_policy_unref(policy);
}
END_TEST

/* A flood that has no data in it comes to an end. */
START_TEST(test_guests_flood_key_updates)
{
	struct starttls_policy *policy = server_policy(OFF, 0);
	struct duo d;
	ssize_t n = STARTTLS_WANT_READ;
	char data[16];
	int i;

	welcome(&d, policy, 1);
	d.pair.is_boundless = true;
	for (i = 0; i < 500 && is_wanting(n); i++) {
		if (gnutls_session_key_update(d.guest, _i == 0 ? 0 :
		    GNUTLS_KU_PEER) < 0)
			break;
		n = starttls_session_read(d.server.session, data,
		    sizeof(data));
	}
	ck_assert_msg(starttls_is_fatal((int)n), "%d key updates: %s", i,
	    starttls_code_name((int)n));
	ck_assert_int_lt(i, 500);
	ck_assert(duo_is_tls(&d, 0));
	duo_done(&d);
	starttls_policy_unref(policy);
}
END_TEST

/* Whoever writes records by hand: RFC 5288, with the keys of a session. */
struct writer {
	gnutls_aead_cipher_hd_t cipher;
	uint8_t nonce[12];
	uint64_t number;
};

static void
writer_init(struct writer *w, gnutls_session_t session)
{
	gnutls_datum_t mac, iv, key;
	unsigned char number[8];
	int i;

	ck_assert_int_eq(gnutls_record_get_state(session, 0, &mac, &iv, &key,
	    number), 0);
	ck_assert_int_eq(gnutls_aead_cipher_init(&w->cipher,
	    GNUTLS_CIPHER_AES_128_GCM, &key), 0);
	memcpy(w->nonce, iv.data, 4);
	for (w->number = 0, i = 0; i < 8; i++)
		w->number = w->number << 8 | number[i];
}

/* An empty record of application data in TLS 1.2. */
static void
write_nothing(struct writer *w, struct duo *d)
{
	uint8_t record[5 + 8 + 16] = { 23, 3, 3, 0, 24 };
	uint8_t about[13] = { 0 };
	size_t size = 16;
	int i;

	for (i = 0; i < 8; i++)
		about[i] = (uint8_t)(w->number >> (56 - 8 * i));
	memcpy(about + 8, record, 3);
	memcpy(record + 5, about, 8);
	memcpy(w->nonce + 4, about, 8);
	ck_assert_int_eq(gnutls_aead_cipher_encrypt(w->cipher, w->nonce, 12,
	    about, 13, 16, "", 0, record + 13, &size), 0);
	w->number++;
	duo_put(d, record, sizeof(record));
}

START_TEST(test_guests_flood_empty_records)
{
	struct starttls_policy *policy = server_policy(OFF, 0);
	struct writer w = { .number = 0 };
	struct starttls_error error;
	struct duo d;
	ssize_t n = STARTTLS_WANT_READ;
	char data[16];
	int i, rounds = 0;

	ck_assert_int_eq(duo_run(&d, &(struct duo_spec){ .server = policy,
	    .priority = _i == 0 ? TLS12 ":-CIPHER-ALL:+AES-128-GCM" :
	    TLS13 }), 0);
	ck_assert_int_eq(duo_exchange(&d), 0);
	d.pair.is_boundless = true;
	if (_i == 0)
		writer_init(&w, d.guest);
	/* all at once, that one read could spin on them */
	for (i = 0; i < 20000; i++)
		if (_i == 0)
			write_nothing(&w, &d);
		else
			ck_assert_int_eq(gnutls_record_send2(d.guest, "", 0,
			    1, 0), 0);
	while (is_wanting(n) && rounds++ < 100)
		n = starttls_session_read(d.server.session, data,
		    sizeof(data));
	starttls_session_error(d.server.session, &error);
	/* GnuTLS has a limit of its own for those before TLS 1.3 */
	ck_assert_msg(n == STARTTLS_E_LIMIT || (n == STARTTLS_E_TLS &&
	    error.gnutls_code == GNUTLS_E_TOO_MANY_EMPTY_PACKETS), "%s: %s",
	    starttls_code_name((int)n), error.message);
	ck_assert(duo_is_tls(&d, 0));
	if (_i == 0)
		gnutls_aead_cipher_deinit(w.cipher);
	duo_done(&d);
	starttls_policy_unref(policy);
}
END_TEST

START_TEST(test_guests_flood_warnings)
{
	struct starttls_policy *policy = server_policy(OFF, 0);
	struct duo d;
	ssize_t n = STARTTLS_WANT_READ;
	char data[16];
	int i;

	welcome(&d, policy, _i);
	d.pair.is_boundless = true;
	for (i = 0; i < 100 && is_wanting(n); i++) {
		ck_assert_int_eq(gnutls_alert_send(d.guest,
		    GNUTLS_AL_WARNING, GNUTLS_A_USER_CANCELED), 0);
		n = starttls_session_read(d.server.session, data,
		    sizeof(data));
	}
	ck_assert_msg(starttls_is_fatal((int)n), "%d warnings: %s", i,
	    starttls_code_name((int)n));
	ck_assert_int_lt(i, 20);
	duo_done(&d);
	starttls_policy_unref(policy);
}
END_TEST

/* Warnings ahead of the ClientHello, and empty records: not for ever. */
START_TEST(test_guests_chatter_before_hello)
{
	static const struct {
		const char *name;
		uint8_t record[7];
		size_t len;
	} rows[] = {
		{ "warning", { 21, 3, 1, 0, 2, 1, 90 }, 7 },
		{ "warning, no name", { 21, 3, 3, 0, 2, 1, 112 }, 7 },
		{ "empty handshake", { 22, 3, 1, 0, 0 }, 5 },
		{ "empty alert", { 21, 3, 1, 0, 0 }, 5 },
		{ "empty data", { 23, 3, 1, 0, 0 }, 5 },
		{ "CCS", { 20, 3, 1, 0, 1, 1 }, 6 },
		{ "data", { 23, 3, 3, 0, 1, 'x' }, 6 },
		{ "heartbeat", { 24, 3, 3, 0, 1, 1 }, 6 },
	};
	struct starttls_policy *policy = server_policy(OFF, 0);
	struct duo d;
	int i;

	ck_assert_int_eq(duo_begin(&d, &(struct duo_spec){
	    .server = policy }), 0);
	for (i = 0; i < 80000 && is_wanting(d.server.rc); i++) {
		duo_put(&d, rows[_i].record, rows[_i].len);
		duo_step_server(&d);
	}
	ck_assert_msg(starttls_is_fatal(d.server.rc), "%s: %d of them",
	    rows[_i].name, i);
	ck_assert_msg(duo_is_tls(&d, 0), "%s", rows[_i].name);
	duo_done(&d);
	starttls_policy_unref(policy);
}
END_TEST

#define MUCH 2500

static int
ignore_extension(gnutls_session_t session, const unsigned char *data,
		 size_t len)
{
	(void)session;
	(void)data;
	(void)len;
	return 0;
}

/* As large as a post-quantum key share. */
static int
send_extension(gnutls_session_t session, gnutls_buffer_t data)
{
	static const uint8_t zeros[MUCH];

	(void)session;
	return gnutls_buffer_append_data(data, zeros, MUCH) < 0 ? -1 : MUCH;
}

/* What the guest says first; nobody has heard it yet. */
static size_t
take_hello(struct duo *d, const struct duo_spec *spec, bool large,
	   uint8_t *hello, size_t size)
{
	size_t len;

	ck_assert_int_eq(duo_begin(d, spec), 0);
	if (large)
		ck_assert_int_eq(gnutls_session_ext_register(d->guest,
		    "large", 0xfaca, GNUTLS_EXT_TLS, ignore_extension,
		    send_extension, NULL, NULL, NULL,
		    GNUTLS_EXT_FLAG_CLIENT_HELLO |
		    GNUTLS_EXT_FLAG_OVERRIDE_INTERNAL), 0);
	d->pair.is_boundless = true;
	duo_step_client(d);
	d->pair.is_boundless = false;
	len = tlspair_get(&d->pair, hello, size);
	ck_assert_uint_gt(len, large ? MUCH : 110);
	ck_assert_uint_lt(len, size);
	return len;
}

/* The end of the stream within a ClientHello, wherever. */
START_TEST(test_guests_cut_hello)
{
	struct starttls_policy *policy = server_policy(OFF, 0);
	struct duo_spec spec = { .server = policy,
		.priority = priorities[_i] };
	uint8_t hello[4096];
	struct duo d;
	size_t len = take_hello(&d, &spec, false, hello,
	    sizeof(hello)), at;

	duo_done(&d);
	for (at = 0; at < len; at += at < 12 ? 1 : 17) {
		ck_assert_int_eq(duo_begin(&d, &spec), 0);
		duo_put(&d, hello, at);
		duo_step_server(&d);
		ck_assert_int_eq(d.server.rc, STARTTLS_WANT_READ);
		tlspair_client_end(&d.pair);
		duo_step_server(&d);
		ck_assert_msg(d.server.rc == STARTTLS_E_EOF, "%zu: %s", at,
		    starttls_code_name(d.server.rc));
		ck_assert_uint_eq(d.said_len, 0);
		duo_done(&d);
	}
	starttls_policy_unref(policy);
}
END_TEST

/* A byte of the guest's is damaged, anywhere in the handshake. */
START_TEST(test_guests_damaged)
{
	struct starttls_policy *policy = server_policy(REQUIRED, ANCHORS);
	const struct mint_cert *own[] = { &guests[GOOD] };
	struct duo_spec spec = { .server = policy, .chain = own, .n = 1,
		.priority = priorities[_i] };
	uint64_t whole, at;
	struct duo d;
	int rc, ignored = 0;

	ck_assert_int_eq(duo_run(&d, &spec), 0);
	whole = d.pair.to_server.total;
	duo_done(&d);
	/* a flight is a byte or two longer or shorter from run to run */
	for (at = 1; at < whole - 4; at += 5) {
		ck_assert_int_eq(duo_begin(&d, &spec), 0);
		d.pair.to_server.flip_at = at;
		rc = duo_shake(&d);
		if (rc == HARNESS_STUCK) {
			tlspair_client_end(&d.pair);
			rc = duo_shake(&d);
		}
		/* only the version of a record is for nobody */
		if (rc == 0) {
			ck_assert_int_eq(duo_exchange(&d), 0);
			ignored++;
		}
		ck_assert_msg(rc == 0 || starttls_is_fatal(rc), "byte %d of "
		    "%d: %d", (int)at, (int)whole, rc);
		ck_assert_msg(duo_is_tls(&d, 0), "byte %d: cleartext",
		    (int)at);
		duo_done(&d);
	}
	ck_assert_msg(ignored <= 4, "%d damaged bytes, and nobody cares",
	    ignored);
	starttls_policy_unref(policy);
}
END_TEST

/* The stream ends in the midst of it. */
START_TEST(test_guests_cut_handshake)
{
	struct starttls_policy *policy = server_policy(OFF, 0);
	struct duo_spec spec = { .server = policy,
		.priority = priorities[_i] };
	uint64_t whole, at;
	struct duo d;
	int rc;

	ck_assert_int_eq(duo_run(&d, &spec), 0);
	whole = d.pair.to_server.total;
	duo_done(&d);
	for (at = 1; at < whole; at += 13) {
		ck_assert_int_eq(duo_begin(&d, &spec), 0);
		d.pair.to_server.cut_at = at;
		rc = duo_shake(&d);
		ck_assert_msg(rc == STARTTLS_E_EOF || rc == HARNESS_STUCK,
		    "cut at %d: %s", (int)at, starttls_code_name(rc));
		ck_assert_int_eq(d.server.rc, STARTTLS_E_EOF);
		ck_assert(duo_is_tls(&d, 0));
		duo_done(&d);
	}
	starttls_policy_unref(policy);
}
END_TEST

/* Bytes without a meaning, behind the first one or two that have one. */
START_TEST(test_guests_speak_garbage)
{
	struct starttls_policy *policy = server_policy(OFF, 0);
	uint8_t data[600];
	uint32_t x = 1;
	struct duo d;
	size_t i;
	int round;

	for (round = 0; round < 300; round++) {
		for (i = 0; i < sizeof(data); i++) {
			x = x * 1664525 + 1013904223;
			data[i] = (uint8_t)(x >> 24);
		}
		if (round % 4 > 0)
			data[0] = 22;
		if (round % 4 > 1)
			data[1] = 3;
		if (round % 4 > 2) {
			data[2] = 1;
			data[3] = 1;
			data[5] = 1;
			data[6] = 0;
		}
		ck_assert_int_eq(duo_begin(&d, &(struct duo_spec){
		    .server = policy }), 0);
		duo_put(&d, data, sizeof(data));
		tlspair_client_end(&d.pair);
		for (i = 0; i < 100 && is_wanting(d.server.rc); i++)
			duo_step_server(&d);
		ck_assert_msg(starttls_is_fatal(d.server.rc), "round %d",
		    round);
		ck_assert_msg(duo_is_tls(&d, 0), "round %d: cleartext",
		    round);
		ck_assert(is_plain_line(d.server.error.message));
		duo_done(&d);
	}
	starttls_policy_unref(policy);
}
END_TEST

/* Cut into records of @size, which is legal (RFC 8446 section 5.1). */
static void
put_in_records(struct duo *d, const uint8_t *record, size_t len, size_t size)
{
	uint8_t head[5];
	size_t at, n;

	memcpy(head, record, sizeof(head));
	for (at = 5; at < len; at += n) {
		n = len - at < size ? len - at : size;
		head[3] = (uint8_t)(n >> 8);
		head[4] = (uint8_t)n;
		duo_put(d, head, sizeof(head));
		duo_put(d, record + at, n);
	}
}

/* Odd but legal ClientHellos: they are served. */
START_TEST(test_guests_with_odd_hellos)
{
	static const size_t sizes[] = { 16384, 100, 20, 1 };
	struct starttls_policy *policy = server_policy(OFF, 0);
	struct duo_spec spec = { .server = policy,
		.priority = priorities[_i % VERSIONS] };
	bool large = _i / VERSIONS == 1;
	uint8_t hello[8192];
	struct duo d;
	size_t len, i;
	int rc;

	/* GnuTLS takes so many records for one message, and no more */
	for (i = 0; i < ARRAY_LEN(sizes) - large; i++) {
		len = take_hello(&d, &spec, large, hello, sizeof(hello));
		put_in_records(&d, hello, len, sizes[i]);
		rc = duo_shake(&d);
		ck_assert_msg(rc == 0, "records of %zu: %d, %s", sizes[i],
		    rc, d.server.error.message);
		ck_assert_int_eq(duo_exchange(&d), 0);
		duo_done(&d);
	}
	starttls_policy_unref(policy);
}
END_TEST

/* A handshake message that says it is huge. */
START_TEST(test_guests_with_a_huge_hello)
{
	struct starttls_policy *policy = server_policy(OFF, 0);
	uint8_t record[5 + 16384] = { 22, 3, 1, 0x40, 0, 1, 0xff, 0xff, 0xff,
		3, 3 };
	struct duo d;
	int i;

	ck_assert_int_eq(duo_begin(&d, &(struct duo_spec){
	    .server = policy }), 0);
	for (i = 0; i < 1100 && is_wanting(d.server.rc); i++) {
		duo_put(&d, record, sizeof(record));
		duo_step_server(&d);
		memset(record + 5, 0, 6);
	}
	ck_assert_msg(d.server.rc == STARTTLS_E_LIMIT, "%s after %d records",
	    starttls_code_name(d.server.rc), i);
	ck_assert_int_lt(i, 20);
	ck_assert(duo_is_tls(&d, 0));
	duo_done(&d);
	starttls_policy_unref(policy);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("guests");
	TCase *certs = tcase_create("certificates");
	TCase *manners = tcase_create("manners");
	TCase *damage = tcase_create("damage");
	TCase *all[] = { certs, manners, damage };
	size_t i;

	mint_set_clock();
	tcase_add_loop_test(certs, test_guests_certificates, 0,
	    (int)ARRAY_LEN(cert_rows) * VERSIONS);
	tcase_add_loop_test(certs, test_guests_with_a_garbled_certificate, 0,
	    2 * VERSIONS);
	tcase_add_loop_test(certs, test_guests_of_our_own, 0,
	    VERSIONS * SEEDS);
	tcase_add_loop_test(certs, test_guests_on_a_data_channel, 0,
	    VERSIONS);
	tcase_add_test(manners, test_guests_with_tls13_only);
	tcase_add_loop_test(manners, test_guests_with_old_tls, 0,
	    (int)ARRAY_LEN(old_rows));
	tcase_add_test(manners, test_guests_below_the_policy);
	tcase_add_test(manners, test_guests_do_not_renegotiate);
	tcase_add_loop_test(manners, test_guests_flood_key_updates, 0, 2);
	tcase_add_loop_test(manners, test_guests_flood_empty_records, 0,
	    VERSIONS);
	tcase_add_loop_test(manners, test_guests_flood_warnings, 0,
	    VERSIONS);
	tcase_add_loop_test(manners, test_guests_chatter_before_hello, 0, 8);
	tcase_add_loop_test(manners, test_guests_with_odd_hellos, 0,
	    2 * VERSIONS);
	tcase_add_loop_test(damage, test_guests_cut_hello, 0, VERSIONS);
	tcase_add_loop_test(damage, test_guests_damaged, 0, VERSIONS);
	tcase_add_loop_test(damage, test_guests_cut_handshake, 0, VERSIONS);
	tcase_add_test(damage, test_guests_speak_garbage);
	tcase_add_test(damage, test_guests_with_a_huge_hello);
	for (i = 0; i < ARRAY_LEN(all); i++) {
		tcase_add_unchecked_fixture(all[i], mint_all, free_all);
		tcase_set_timeout(all[i], 120);
		suite_add_tcase(suite, all[i]);
	}
	return run_suite(suite);
}
