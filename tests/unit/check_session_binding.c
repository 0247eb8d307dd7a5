/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/* Channel bindings: RFC 5929, RFC 9266. */

#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include <string.h>

#include <gnutls/crypto.h>

#include "usual.h"

START_TEST(test_binding_exporter_is_the_servers)
{
	static const char label[] = "EXPORTER-Channel-Binding";
	uint8_t ours[64], theirs[32];
	size_t len = 0;
	struct conn c;

	open_usual(&c, _i);
	ck_assert_int_eq(conn_echo(&c, "hello", 5), 0);
	ck_assert_int_eq(starttls_session_channel_binding(c.session,
	    STARTTLS_TLS_EXPORTER, ours, sizeof(ours), &len), 0);
	ck_assert_uint_eq(len, sizeof(theirs));
	ck_assert_int_eq(gnutls_prf_rfc5705(c.pair.server, sizeof(label) - 1,
	    label, 0, "", sizeof(theirs), (char *)theirs), 0);
	ck_assert_mem_eq(ours, theirs, sizeof(theirs));
	conn_done(&c);
}
END_TEST

START_TEST(test_binding_unique_is_the_servers)
{
	gnutls_datum_t theirs;
	uint8_t ours[64];
	size_t len = 77;
	struct conn c;

	/* TLS 1.2, after a false start */
	open_usual(&c, _i * VERSIONS);
	ck_assert_int_eq(starttls_session_channel_binding(c.session,
	    STARTTLS_TLS_UNIQUE, ours, sizeof(ours), &len),
	    STARTTLS_E_STATE);
	ck_assert_uint_eq(len, 77);
	ck_assert_int_eq(conn_echo(&c, "hello", 5), 0);
	ck_assert_int_eq(starttls_session_channel_binding(c.session,
	    STARTTLS_TLS_UNIQUE, ours, sizeof(ours), &len), 0);
	ck_assert_int_eq(gnutls_session_channel_binding(c.pair.server,
	    GNUTLS_CB_TLS_UNIQUE, &theirs), 0);
	ck_assert_uint_eq(len, theirs.size);
	ck_assert_mem_eq(ours, theirs.data, len);
	gnutls_free(theirs.data);
	conn_done(&c);

	/* RFC 9266: not defined for TLS 1.3 */
	open_usual(&c, _i * VERSIONS + 1);
	ck_assert_int_eq(conn_echo(&c, "hello", 5), 0);
	ck_assert_int_eq(starttls_session_channel_binding(c.session,
	    STARTTLS_TLS_UNIQUE, ours, sizeof(ours), &len),
	    STARTTLS_E_STATE);
	conn_done(&c);
}
END_TEST

/* RFC 7627: without the extended master secret neither is unique. */
START_TEST(test_binding_wants_the_extended_master_secret)
{
	struct tlspair_server server = { .chain = chain, .n = 2,
	    .priority = TLS12 ":%NO_SESSION_HASH" };
	struct conn_spec spec = { .policy = test_policy(anchors, 1),
	    .server = &server };
	uint8_t data[64];
	size_t len = 77;
	struct conn c;

	must_run(&c, &spec);
	ck_assert_int_eq(conn_echo(&c, "hello", 5), 0);
	ck_assert_int_eq(starttls_session_channel_binding(c.session,
	    STARTTLS_TLS_UNIQUE, data, sizeof(data), &len),
	    STARTTLS_E_STATE);
	ck_assert_int_eq(starttls_session_channel_binding(c.session,
	    STARTTLS_TLS_EXPORTER, data, sizeof(data), &len),
	    STARTTLS_E_STATE);
	ck_assert_int_eq(starttls_session_channel_binding(c.session,
	    STARTTLS_TLS_SERVER_END_POINT, data, sizeof(data), &len), 0);
	conn_done(&c);
	starttls_policy_unref(spec.policy);
}
END_TEST

static const struct end_point_row {
	const char *name;
	struct mint_spec root, leaf;
	gnutls_digest_algorithm_t digest; /* 0: not defined */
} end_point_rows[] = {
	{ "SHA-256", { .cn = "r", .is_ca = true },
	  { .cn = "l", .dns = { PEER } }, GNUTLS_DIG_SHA256 },
	{ "SHA-384", { .cn = "r", .is_ca = true },
	  { .cn = "l", .dns = { PEER }, .digest = MINT_SHA384 },
	  GNUTLS_DIG_SHA384 },
	{ "RSA and SHA-384",
	  { .cn = "r", .is_ca = true, .key_type = MINT_RSA_2048 },
	  { .cn = "l", .dns = { PEER }, .digest = MINT_SHA384 },
	  GNUTLS_DIG_SHA384 },
	{ "RSA-PSS",
	  { .cn = "r", .is_ca = true, .key_type = MINT_RSA_PSS_2048 },
	  { .cn = "l", .dns = { PEER } }, GNUTLS_DIG_SHA256 },
	{ "Ed25519, which has no digest of its own",
	  { .cn = "r", .is_ca = true, .key_type = MINT_ED25519 },
	  { .cn = "l", .dns = { PEER } }, 0 },
};

START_TEST(test_binding_end_point_is_the_certificates_digest)
{
	const struct end_point_row *row = &end_point_rows[_i / VERSIONS];
	struct mint_cert r, l;
	const struct mint_cert *trusted[] = { &r }, *sent[] = { &l };
	struct tlspair_server server = { .chain = sent, .n = 1,
	    .priority = priorities[_i % VERSIONS] };
	struct conn_spec spec = { .server = &server };
	uint8_t ours[64], want[64];
	size_t len = 77, want_len;
	gnutls_datum_t der;
	struct conn c;
	int rc;

	mint(&r, &row->root, NULL);
	mint(&l, &row->leaf, &r);
	spec.policy = test_policy(trusted, 1);
	must_run(&c, &spec);
	rc = starttls_session_channel_binding(c.session,
	    STARTTLS_TLS_SERVER_END_POINT, ours, sizeof(ours), &len);
	if (row->digest == 0) {
		ck_assert_msg(rc == STARTTLS_E_STATE && len == 77, "%s: %s",
		    row->name, starttls_code_name(rc));
	} else {
		ck_assert_msg(rc == 0, "%s: %s", row->name,
		    starttls_code_name(rc));
		want_len = gnutls_hash_get_len(row->digest);
		gnutls_x509_crt_export2(l.crt, GNUTLS_X509_FMT_DER, &der);
		gnutls_hash_fast(row->digest, der.data, der.size, want);
		gnutls_free(der.data);
		ck_assert_msg(len == want_len && memcmp(ours, want, len) == 0,
		    "%s: another binding", row->name);
	}
	conn_done(&c);
	starttls_policy_unref(spec.policy);
	mint_free(&r);
	mint_free(&l);
}
END_TEST

START_TEST(test_binding_refuses_bad_input)
{
	static const enum starttls_binding types[] = { STARTTLS_TLS_EXPORTER,
	    STARTTLS_TLS_UNIQUE, STARTTLS_TLS_SERVER_END_POINT };
	uint8_t data[64];
	size_t len = 77, i;
	struct conn c;

	open_usual(&c, 0);
	ck_assert_int_eq(conn_echo(&c, "hello", 5), 0);
	for (i = 0; i < ARRAY_LEN(types); i++) {
		ck_assert_int_eq(starttls_session_channel_binding(NULL,
		    types[i], data, sizeof(data), &len), STARTTLS_E_INVALID);
		ck_assert_int_eq(starttls_session_channel_binding(c.session,
		    types[i], NULL, sizeof(data), &len), STARTTLS_E_INVALID);
		ck_assert_int_eq(starttls_session_channel_binding(c.session,
		    types[i], data, sizeof(data), NULL), STARTTLS_E_INVALID);
		ck_assert_int_eq(starttls_session_channel_binding(c.session,
		    types[i], data, 11, &len), STARTTLS_E_INVALID);
		ck_assert_int_eq(starttls_session_channel_binding(c.session,
		    types[i], data, 0, &len), STARTTLS_E_INVALID);
	}
	ck_assert_int_eq(starttls_session_channel_binding(c.session,
	    (enum starttls_binding)0, data, sizeof(data), &len),
	    STARTTLS_E_INVALID);
	ck_assert_int_eq(starttls_session_channel_binding(c.session,
	    (enum starttls_binding)4, data, sizeof(data), &len),
	    STARTTLS_E_INVALID);
	ck_assert_uint_eq(len, 77);
	conn_done(&c);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("session_binding");
	TCase *tc = new_case(s, "binding");

	add_seeds(tc, test_binding_exporter_is_the_servers);
	tcase_add_loop_test(tc, test_binding_unique_is_the_servers, 0, SEEDS);
	tcase_add_test(tc, test_binding_wants_the_extended_master_secret);
	add_rows_both(tc, test_binding_end_point_is_the_certificates_digest,
	    end_point_rows);
	tcase_add_test(tc, test_binding_refuses_bad_input);
	return run_suite(s);
}
