/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/* What the sides of a session show each other: certificates, or none. */

#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "policy.h"
#include "session.h"
#include "upgrade.h"
#include "usual.h"

/*
 * A server without a certificate, as a system's priority might permit it; GnuTLS
 * asks for credentials as well, which no policy has.  They are set when the
 * clock is asked, which is just ahead of the handshake.
 */
static struct starttls_upgrade *anonymous;
static gnutls_anon_client_credentials_t anonymous_client;
static gnutls_anon_server_credentials_t anonymous_server;

static int64_t
lend_credentials(void)
{
	gnutls_credentials_set(anonymous->session->tls, GNUTLS_CRD_ANON,
	    anonymous_client);
	return (int64_t)mint_clock(NULL);
}

static void
be_anonymous(struct tlspair *pair)
{
	gnutls_credentials_set(pair->server, GNUTLS_CRD_ANON,
	    anonymous_server);
}

START_TEST(test_handshake_needs_a_certificate)
{
	struct tlspair_server server = { .chain = chain, .n = 2,
	    .priority = TLS12 ":-KX-ALL:+ANON-ECDH" };
	struct conn_spec spec = { .policy = test_policy(anchors, 1),
	    .server = &server, .prepare = be_anonymous };
	struct conn c;

	ck_assert_int_eq(gnutls_anon_allocate_client_credentials(
	    &anonymous_client), 0);
	ck_assert_int_eq(gnutls_anon_allocate_server_credentials(
	    &anonymous_server), 0);
	ck_assert_int_eq(conn_begin(&c, &spec), 0);
	gnutls_priority_deinit(spec.policy->priority);
	ck_assert_int_eq(gnutls_priority_init(&spec.policy->priority,
	    TLS12 ":-KX-ALL:+ANON-ECDH", NULL), 0);
	anonymous = c.upgrade;
	spec.policy->clock = lend_credentials;
	ck_assert_int_eq(conn_handshake(&c), STARTTLS_E_TLS);
	ck_assert_msg(strstr(c.error.message, "without a certificate") !=
	    NULL, "%s", c.error.message);
	ck_assert_ptr_null(c.session);
	conn_done(&c);
	starttls_policy_unref(spec.policy);
	gnutls_anon_free_client_credentials(anonymous_client);
	gnutls_anon_free_server_credentials(anonymous_server);
}
END_TEST

/*
 * Client certificates
 */

static const struct identity_row {
	const char *name;
	gnutls_certificate_request_t request;
	bool has_identity;
	bool is_shown;             /* to the server */
	bool is_served;
} identity_rows[] = {
	{ "not asked for", GNUTLS_CERT_IGNORE, true, false, true },
	{ "asked for", GNUTLS_CERT_REQUEST, true, true, true },
	{ "asked for, none", GNUTLS_CERT_REQUEST, false, false, true },
	{ "required", GNUTLS_CERT_REQUIRE, true, true, true },
	{ "required, none", GNUTLS_CERT_REQUIRE, false, false, false },
};

static char identity_dir[40];

static const char *
in_dir(const char *name)
{
	static char paths[2][64];
	static int next;

	next = 1 - next;
	snprintf(paths[next], sizeof(paths[next]), "%s/%s", identity_dir,
	    name);
	return paths[next];
}

static void
write_identity(void)
{
	const struct mint_cert *other[] = { &leaf };
	gnutls_datum_t pem;

	strcpy(identity_dir, "/tmp/check_session-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(identity_dir));
	mint_write(identity_dir, "client", client_chain, 1, &client);
	mint_write(identity_dir, "other", other, 1, &leaf);
	ck_assert_int_eq(gnutls_x509_privkey_export2_pkcs8(client.key,
	    GNUTLS_X509_FMT_PEM, "open sesame", GNUTLS_PKCS_PBES2_AES_256,
	    &pem), 0);
	mint_write_text(in_dir("locked.key"), (const char *)pem.data);
	gnutls_free(pem.data);
	mint_write_text(in_dir("junk"), "no PEM here\n");
}

static void
remove_identity(void)
{
	static const char *const names[] = { "client.crt", "client.key",
	    "other.crt", "other.key", "locked.key", "junk" };
	size_t i;

	for (i = 0; i < ARRAY_LEN(names); i++)
		unlink(in_dir(names[i]));
	ck_assert_int_eq(rmdir(identity_dir), 0);
}

START_TEST(test_identity_is_shown_if_asked_for)
{
	const struct identity_row *row = &identity_rows[_i / VERSIONS];
	struct tlspair_server server = { .chain = chain, .n = 2,
	    .priority = priorities[_i % VERSIONS],
	    .client_cert = row->request, .client_ca = &root };
	struct conn_spec spec = { .policy = test_policy(anchors, 1),
	    .server = &server };
	struct starttls_error error;
	struct conn c;
	int rc;

	if (row->has_identity)
		ck_assert_msg(starttls_policy_identity(spec.policy,
		    in_dir("client.crt"), in_dir("client.key"), NULL,
		    &error) == 0, "%s", error.message);
	rc = conn_run(&c, &spec);
	error = c.error;
	if (rc == 0) {             /* TLS 1.3 hears of it later */
		rc = conn_echo(&c, "hello", 5);
		starttls_session_error(c.session, &error);
	}
	if (row->is_served) {
		ck_assert_msg(rc == 0, "%s: %s", row->name, error.message);
		ck_assert_msg(c.pair.has_client_cert == row->is_shown,
		    "%s: shown %d", row->name, c.pair.has_client_cert);
		ck_assert_uint_eq(c.pair.client_status, 0);
	} else {
		ck_assert_msg(rc == STARTTLS_E_ALERT, "%s: %s", row->name,
		    starttls_code_name(rc));
		ck_assert_int_gt(error.alert, 0);
		/* TLS 1.2 has no alert of its own for it */
		ck_assert_msg(_i % VERSIONS == 0 || strstr(error.message,
		    "client certificate") != NULL, "%s: %s", row->name,
		    error.message);
	}
	conn_done(&c);
	starttls_policy_unref(spec.policy);
}
END_TEST

/* An identity of its own for a test. */
static int
set_identity(struct starttls_policy *policy, const struct mint_spec *spec,
	     struct starttls_error *error)
{
	struct mint_cert cert;
	int rc;

	mint(&cert, spec, &root);
	mint_write(identity_dir, "own", (const struct mint_cert *[]){ &cert },
	    1, &cert);
	mint_free(&cert);
	rc = starttls_policy_identity(policy, in_dir("own.crt"),
	    in_dir("own.key"), NULL, error);
	unlink(in_dir("own.crt"));
	unlink(in_dir("own.key"));
	return rc;
}

/*
 * Keys of all types, and servers that list an authority which is not that of
 * the certificate, and take all signatures or those of RSA only.
 */
START_TEST(test_identity_is_shown_whatever_is_listed)
{
	static const enum mint_key_type types[] = { MINT_EC_P256,
	    MINT_EC_P384, MINT_ED25519, MINT_RSA_2048, MINT_RSA_PSS_2048 };
	bool only_rsa = _i / VERSIONS == 1;
	struct mint_cert alien, rsa;
	const struct mint_cert *rsa_chain[] = { &rsa };
	struct tlspair_server server = { .chain = rsa_chain, .n = 1,
	    .client_cert = GNUTLS_CERT_REQUEST, .client_ca = &alien };
	struct conn_spec spec = { .server = &server };
	struct starttls_error error;
	char priority[160];
	struct conn c;
	size_t i;
	int rc;

	mint(&alien, &(struct mint_spec){ .cn = "alien", .is_ca = true },
	    NULL);
	mint(&rsa, &(struct mint_spec){ .cn = "rsa", .dns = { PEER },
	    .key_type = MINT_RSA_2048 }, &root);
	snprintf(priority, sizeof(priority), "%s%s",
	    priorities[_i % VERSIONS], !only_rsa ? "" : ":-SIGN-ALL"
	    ":+SIGN-RSA-PSS-RSAE-SHA256:+SIGN-RSA-SHA256"
	    ":+SIGN-ECDSA-SHA1:+SIGN-ECDSA-SHA224");
	server.priority = priority;
	for (i = 0; i < ARRAY_LEN(types); i++) {
		spec.policy = test_policy(anchors, 1);
		rc = set_identity(spec.policy, &(struct mint_spec){
		    .cn = "own", .key_type = types[i],
		    .no_purposes = true }, &error);
		ck_assert_msg(rc == 0, "%s", error.message);
		rc = conn_run(&c, &spec);
		ck_assert_msg(rc == 0, "%zu: %s", i, c.error.message);
		ck_assert_int_eq(conn_echo(&c, "hello", 5), 0);
		ck_assert_msg(c.pair.has_client_cert == (!only_rsa ||
		    types[i] == MINT_RSA_2048), "%zu: shown %d", i,
		    c.pair.has_client_cert);
		conn_done(&c);
		starttls_policy_unref(spec.policy);
	}
	mint_free(&alien);
	mint_free(&rsa);
}
END_TEST

/* TLS wants signatures, whatever else a key may be for. */
START_TEST(test_identity_is_for_signatures)
{
	struct starttls_policy *policy = test_policy(anchors, 1);
	struct tlspair_server server = { .chain = chain, .n = 2,
	    .client_cert = GNUTLS_CERT_REQUEST };
	struct starttls_error error;
	struct conn c;

	ck_assert_int_eq(set_identity(policy, &(struct mint_spec){
	    .cn = "own", .usage = GNUTLS_KEY_KEY_AGREEMENT }, &error),
	    STARTTLS_E_POLICY);
	ck_assert_ptr_nonnull(strstr(error.message, "usage"));
	/* nothing of it is left */
	ck_assert_int_eq(conn_run(&c, &(struct conn_spec){
	    .policy = policy, .server = &server }), 0);
	ck_assert(!c.pair.has_client_cert);
	conn_done(&c);
	starttls_policy_unref(policy);
}
END_TEST

static const struct file_row {
	const char *name;
	const char *crt, *key, *passphrase;
	int code;
} file_rows[] = {
	{ "good", "client.crt", "client.key", NULL, 0 },
	{ "good, needless passphrase", "client.crt", "client.key", "x", 0 },
	{ "locked, passphrase", "client.crt", "locked.key", "open sesame",
	  0 },
	{ "locked, wrong passphrase", "client.crt", "locked.key", "sesame",
	  STARTTLS_E_PASSPHRASE },
	{ "locked, no passphrase", "client.crt", "locked.key", NULL,
	  STARTTLS_E_PASSPHRASE },
	{ "another's key", "client.crt", "other.key", NULL,
	  STARTTLS_E_POLICY },
	{ "no certificate file", "nothing", "client.key", NULL,
	  STARTTLS_E_POLICY },
	{ "no key file", "client.crt", "nothing", NULL, STARTTLS_E_POLICY },
	{ "no certificate in it", "junk", "client.key", NULL,
	  STARTTLS_E_POLICY },
	{ "no key in it", "client.crt", "junk", NULL, STARTTLS_E_POLICY },
	{ "a directory", ".", "client.key", NULL, STARTTLS_E_POLICY },
};

START_TEST(test_identity_comes_from_files)
{
	const struct file_row *row = &file_rows[_i];
	struct starttls_policy *policy = test_policy(anchors, 1);
	struct starttls_error error;
	int rc;

	rc = starttls_policy_identity(policy, in_dir(row->crt),
	    in_dir(row->key), row->passphrase, &error);
	ck_assert_msg(rc == row->code, "%s: %s", row->name,
	    starttls_code_name(rc));
	if (rc == 0) {
		ck_assert_int_eq(starttls_policy_identity(policy,
		    in_dir("client.crt"), in_dir("client.key"), NULL,
		    &error), STARTTLS_E_STATE);
	} else {
		ck_assert_msg(error.code == rc &&
		    error.phase == STARTTLS_PHASE_SETUP &&
		    is_plain_line(error.message), "%s: %s", row->name,
		    error.message);
		ck_assert_msg(row->passphrase == NULL ||
		    strstr(error.message, row->passphrase) == NULL ||
		    strcmp(row->passphrase, "x") == 0,
		    "%s: it tells the passphrase", row->name);
		/* and another try is possible */
		ck_assert_int_eq(starttls_policy_identity(policy,
		    in_dir("client.crt"), in_dir("client.key"), NULL, NULL),
		    0);
	}
	starttls_policy_unref(policy);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("session_identity");
	TCase *tc = new_case(s, "identity");

	tcase_add_unchecked_fixture(tc, write_identity, remove_identity);
	tcase_add_test(tc, test_handshake_needs_a_certificate);
	add_rows_both(tc, test_identity_is_shown_if_asked_for,
	    identity_rows);
	tcase_add_loop_test(tc, test_identity_is_shown_whatever_is_listed, 0,
	    2 * VERSIONS);
	tcase_add_test(tc, test_identity_is_for_signatures);
	add_rows(tc, test_identity_comes_from_files, file_rows);
	return run_suite(s);
}
