/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * Keys that would cost us minutes: refused, by whatever peer, in whatever
 * certificate of its chain, before they are used.  That shows in the words:
 * with all these keys every signature is bad as well.
 */

#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "duo.h"
#include "error.h"

#define VERSIONS 2

static const char *const priorities[VERSIONS] = { TLS12, TLS13 };

#define MODULUS "an RSA key of "
#define EXPONENT "an RSA key with an exponent of "

static const struct row {
	const char *name;
	struct mint_spec spec;
	const char *words;         /* NULL: nothing against the key */
} rows[] = {
	{ "modulus", { .rsa_bits = 16385 },
	  MODULUS "16385 bits, more than 16384" },
	{ "huge modulus", { .rsa_bits = 65536 }, MODULUS "65536 bits" },
	{ "exponent", { .rsa_bits = 2048, .exponent_bits = 65 },
	  EXPONENT "65 bits, more than 64" },
	{ "huge exponent", { .rsa_bits = 2048, .exponent_bits = 2047 },
	  EXPONENT "2047 bits" },
	{ "exponent beyond the modulus", { .rsa_bits = 2048,
	    .exponent_bits = 50000 }, EXPONENT "50000 bits" },
	{ "both", { .rsa_bits = 40960, .exponent_bits = 40952 },
	  MODULUS "40960 bits" },
	{ "RSA-PSS modulus", { .rsa_bits = 16385,
	    .key_type = MINT_RSA_PSS_2048 }, MODULUS "16385 bits" },
	{ "RSA-PSS exponent", { .rsa_bits = 2048, .exponent_bits = 65,
	    .key_type = MINT_RSA_PSS_2048 }, EXPONENT "65 bits" },
	{ "largest RSA", { .rsa_bits = 16384, .exponent_bits = 64 }, NULL },
	{ "largest RSA-PSS", { .rsa_bits = 16384, .exponent_bits = 64,
	    .key_type = MINT_RSA_PSS_2048 }, NULL },
	/* these no TLS that we speak signs with, but an issuer may */
	{ "DSA, q", { .dsa_bits = 2048, .subgroup_bits = 257 },
	  "a DSA key with a q of 257 bits, more than 256" },
	{ "DSA, huge q", { .dsa_bits = 4096, .subgroup_bits = 4096 },
	  "a DSA key with a q of 4096 bits" },
	{ "DSA, p", { .dsa_bits = 4097 },
	  "a DSA key of 4097 bits, more than 4096" },
	{ "largest DSA", { .dsa_bits = 4096 }, NULL },
};

static struct mint_cert root, server;
static const struct mint_cert *const anchors[] = { &root };

#define DEPTHS 3

/*
 * A chain with the odd key in the certificate at @depth.  As nobody has its
 * secret, what it issues is signed by another one of its name.
 */
struct chain {
	struct mint_cert certs[DEPTHS];
	const struct mint_cert *list[DEPTHS];
};

static void
mint_chain(struct chain *chain, const struct row *row, unsigned depth)
{
	static const char *const names[DEPTHS + 1] = { "leaf", "lower",
	    "upper", "root" };
	struct mint_cert issuer;
	unsigned i;

	for (i = 0; i < DEPTHS; i++) {
		struct mint_spec spec = i == depth ? row->spec :
		    (struct mint_spec){ .dns = { NULL } };

		spec.cn = names[i];
		spec.is_ca = i > 0;
		spec.no_purposes = true;
		if (i == 0)
			spec.dns[0] = PEER;
		/* TLS signs with a key of the type that is shown */
		if (i == 0 && depth == 0 && spec.key_type == MINT_EC_P256)
			spec.key_type = MINT_RSA_2048;
		mint(&issuer, &(struct mint_spec){ .cn = names[i + 1],
		    .is_ca = true }, NULL);
		mint(&chain->certs[i], &spec, &issuer);
		mint_free(&issuer);
		chain->list[i] = &chain->certs[i];
	}
}

static void
free_chain(struct chain *chain)
{
	unsigned i;

	for (i = 0; i < DEPTHS; i++)
		mint_free(&chain->certs[i]);
}

static void
mint_all(void)
{
	mint(&root, &(struct mint_spec){ .cn = "root", .is_ca = true }, NULL);
	mint(&server, &(struct mint_spec){ .cn = "server", .dns = { PEER } },
	    &root);
}

static void
free_all(void)
{
	mint_free(&root);
	mint_free(&server);
}

static void
expect_refused(const struct row *row, int rc, unsigned depth,
	       const struct starttls_error *error)
{
	ck_assert_msg(rc == STARTTLS_E_BAD_CHAIN, "%s: %d %s: %s", row->name,
	    rc, starttls_code_name(rc), error->message);
	ck_assert_int_eq(error->code, rc);
	ck_assert_msg(strstr(error->message, row->words) != NULL, "%s: %s",
	    row->name, error->message);
	ck_assert_uint_eq(error->verdict, STARTTLS_V_MALFORMED);
	ck_assert_int_eq(error->depth, (int)depth);
	ck_assert_int_eq(error->phase, STARTTLS_PHASE_HANDSHAKE);
	ck_assert(is_plain_line(error->message));
}

static void
expect_looked_at(const struct row *row, int rc,
		 const struct starttls_error *error)
{
	ck_assert_msg(starttls_is_fatal(rc), "%s: %d", row->name, rc);
	ck_assert_msg(strstr(error->message, " bits") == NULL &&
	    strstr(error->message, " key of ") == NULL, "%s: %s", row->name,
	    error->message);
}

/* Nobody's signature is made with DSA. */
static bool
is_possible(const struct row *row, unsigned depth)
{
	return depth > 0 || row->spec.dsa_bits == 0;
}

/* Servers of our client: each key, at each depth, in both versions. */
START_TEST(test_keys_of_servers)
{
	const struct row *row = &rows[_i / VERSIONS];
	struct starttls_policy *policy = test_policy(anchors, 1);
	struct starttls_cert cert = { .size = sizeof(cert) };
	struct tlspair_server tls = { .priority = priorities[_i % VERSIONS] };
	struct chain chain;
	struct conn c;
	unsigned depth;
	int rc;

	for (depth = 0; depth < DEPTHS; depth++) {
		if (!is_possible(row, depth))
			continue;
		mint_chain(&chain, row, depth);
		tls.chain = (const struct mint_cert *[]){ &server };
		tls.n = 1;
		rc = conn_run(&c, &(struct conn_spec){ .policy = policy,
		    .server = &tls, .sent = chain.list,
		    .sent_n = DEPTHS });
		if (row->words == NULL) {
			expect_looked_at(row, rc, &c.error);
		} else {
			expect_refused(row, rc, depth, &c.error);
			/* what was sent can be looked at all the same */
			ck_assert_int_eq(starttls_upgrade_cert(c.upgrade,
			    depth, &cert), 0);
			ck_assert_str_eq(cert.subject, depth == 0 ? "CN=leaf" :
			    depth == 1 ? "CN=lower" : "CN=upper");
			ck_assert_int_eq(gnutls_alert_get(c.pair.server),
			    GNUTLS_A_BAD_CERTIFICATE);
		}
		conn_done(&c);
		free_chain(&chain);
	}
	starttls_policy_unref(policy);
}
END_TEST

static struct starttls_policy *
asking_policy(enum starttls_client_cert mode)
{
	struct starttls_policy *policy = duo_policy(
	    (const struct mint_cert *[]){ &server }, 1);
	char *pem = mint_pem(anchors, 1);

	ck_assert_int_eq(starttls_policy_trust_pem(policy, pem, strlen(pem),
	    NULL), 0);
	ck_assert_int_eq(starttls_policy_client_cert(policy, mode, NULL), 0);
	free(pem);
	return policy;
}

/* And clients of our server, wanted or not. */
START_TEST(test_keys_of_clients)
{
	const struct row *row = &rows[_i / VERSIONS];
	struct starttls_policy *policy = asking_policy(_i % 3 == 0 ?
	    STARTTLS_CLIENT_CERT_OPTIONAL : STARTTLS_CLIENT_CERT_REQUIRED);
	struct duo_spec spec = { .server = policy,
		.priority = priorities[_i % VERSIONS] };
	struct chain chain;
	struct duo d;
	unsigned depth;
	int rc;

	for (depth = 0; depth < DEPTHS; depth++) {
		if (!is_possible(row, depth))
			continue;
		mint_chain(&chain, row, depth);
		spec.chain = chain.list;
		spec.n = DEPTHS;
		rc = duo_run(&d, &spec);
		if (row->words == NULL) {
			expect_looked_at(row, rc, &d.server.error);
		} else {
			expect_refused(row, rc, depth, &d.server.error);
			ck_assert_int_eq(duo_alert(&d),
			    GNUTLS_A_BAD_CERTIFICATE);
		}
		ck_assert(duo_is_tls(&d, 0));
		duo_done(&d);
		free_chain(&chain);
	}
	starttls_policy_unref(policy);
}
END_TEST

static void
expect_long(int rc, bool fits, const struct starttls_error *error)
{
	ck_assert_msg(rc == (fits ? 0 : STARTTLS_E_LIMIT), "%d: %s", rc,
	    error->message);
	ck_assert(fits || strstr(error->message, "certificates have") != NULL);
}

/* Certificates of 1.8 KiB, which a client may show fewer of than a server. */
START_TEST(test_keys_in_long_messages)
{
	static const size_t counts[2][2] = { { 32, 40 }, { 8, 10 } };
	struct starttls_policy *client = test_policy(anchors, 1);
	struct starttls_policy *policy = asking_policy(
	    STARTTLS_CLIENT_CERT_OPTIONAL);
	const struct mint_cert *many[40];
	struct tlspair_server tls = { .priority = priorities[_i], .n = 1,
		.chain = (const struct mint_cert *[]){ &server } };
	struct mint_cert fat, guest;
	char uri[1400] = "";
	struct conn c;
	struct duo d;
	size_t i;

	memset(uri, 'x', sizeof(uri) - 1);
	mint(&fat, &(struct mint_spec){ .cn = "fat", .uri = uri }, &root);
	mint(&guest, &(struct mint_spec){ .cn = "guest",
	    .no_purposes = true }, &root);
	for (i = 0; i < ARRAY_LEN(many); i++)
		many[i] = &fat;
	for (i = 0; i < 2; i++) {
		many[0] = &server;
		expect_long(conn_run(&c, &(struct conn_spec){
		    .policy = client, .server = &tls, .sent = many,
		    .sent_n = counts[0][i] }), i == 0, &c.error);
		conn_done(&c);
		many[0] = &guest;
		expect_long(duo_run(&d, &(struct duo_spec){ .server = policy,
		    .priority = priorities[_i], .chain = many,
		    .n = counts[1][i] }), i == 0, &d.server.error);
		ck_assert(duo_is_tls(&d, 0));
		duo_done(&d);
	}
	mint_free(&fat);
	mint_free(&guest);
	starttls_policy_unref(policy);
	starttls_policy_unref(client);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("keys");
	TCase *all = tcase_create("all");

	mint_set_clock();
	tcase_add_loop_test(all, test_keys_of_servers, 0,
	    (int)ARRAY_LEN(rows) * VERSIONS);
	tcase_add_loop_test(all, test_keys_of_clients, 0,
	    (int)ARRAY_LEN(rows) * VERSIONS);
	tcase_add_loop_test(all, test_keys_in_long_messages, 0, VERSIONS);
	tcase_add_unchecked_fixture(all, mint_all, free_all);
	tcase_set_timeout(all, 120);
	suite_add_tcase(suite, all);
	return run_suite(suite);
}
