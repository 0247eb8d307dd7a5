/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * The resumption cache as bytes: what is exported can be gone on with, by the
 * same policy only, and no damage to the bytes does any harm.
 */

#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <gnutls/crypto.h>

#include "harness.h"
#include "policy.h"

#define VERSIONS 2

static const char *const priorities[VERSIONS] = { TLS12, TLS13 };

static struct mint_cert root, root2, leaf;
static gnutls_datum_t ticket_key;
static gnutls_x509_crl_t crl;
static const struct mint_cert *const anchors[] = { &root, &root2 };
static const struct mint_cert *const swapped[] = { &root2, &root };
static const struct mint_cert *const chain[] = { &leaf };

static void
mint_all(void)
{
	mint(&root, &(struct mint_spec){ .cn = "root", .is_ca = true }, NULL);
	mint(&root2, &(struct mint_spec){ .cn = "root2", .is_ca = true },
	    NULL);
	mint(&leaf, &(struct mint_spec){ .cn = "leaf", .dns = { PEER } },
	    &root);
	ck_assert_int_eq(gnutls_session_ticket_key_generate(&ticket_key), 0);
	crl = mint_crl(&root, NULL, 0, 0, 0);
}

static void
free_all(void)
{
	mint_free(&root);
	mint_free(&root2);
	mint_free(&leaf);
	gnutls_free(ticket_key.data);
	gnutls_x509_crl_deinit(crl);
}

/* Talk to the server; whether that was a resumed session. */
static bool
talk(struct starttls_policy *policy, const char *priority)
{
	struct tlspair_server server = { .chain = chain, .n = 1,
	    .priority = priority, .ticket_key = &ticket_key };
	struct conn_spec spec = { .policy = policy, .server = &server };
	struct conn c;
	bool resumed;

	ck_assert_int_eq(conn_run(&c, &spec), 0);
	resumed = gnutls_session_is_resumed(c.pair.server) != 0;
	ck_assert_int_eq(conn_echo(&c, "hello", 5), 0);
	ck_assert_int_eq(conn_close(&c), 0);
	conn_done(&c);
	return resumed;
}

/* What a policy has after a conversation. */
static uint8_t *
exported(struct starttls_policy *policy, size_t *ret_len)
{
	uint8_t *data = NULL;
	struct starttls_error error;

	ck_assert_int_eq(starttls_policy_export_sessions(policy, &data,
	    ret_len, &error), 0);
	ck_assert_ptr_nonnull(data);
	return data;
}

START_TEST(test_export_lets_another_process_go_on)
{
	struct starttls_policy *first = test_policy(anchors, 1),
	    *second = test_policy(anchors, 1);
	struct starttls_error error;
	size_t len, count;
	uint8_t *data;

	ck_assert(!talk(first, priorities[_i]));
	count = starttls_resume_count(first->resume);
	data = exported(first, &len);
	/* taken out: no ticket is used by two */
	ck_assert_uint_eq(starttls_resume_count(first->resume), 0);
	ck_assert_int_eq(starttls_policy_import_sessions(second, data, len,
	    &error), 0);
	ck_assert_uint_eq(starttls_resume_count(second->resume), count);
	ck_assert(talk(second, priorities[_i]));
	ck_assert(!talk(first, priorities[_i]));
	free(data);
	starttls_policy_unref(first);
	starttls_policy_unref(second);
}
END_TEST

START_TEST(test_export_of_nothing)
{
	struct starttls_policy *first = test_policy(anchors, 1),
	    *second = test_policy(anchors, 1);
	size_t len;
	uint8_t *data = exported(first, &len);

	ck_assert_int_eq(starttls_policy_import_sessions(second, data, len,
	    NULL), 0);
	ck_assert(!talk(second, TLS13));
	free(data);
	starttls_policy_unref(first);
	starttls_policy_unref(second);
}
END_TEST

START_TEST(test_export_leaves_out_what_expired)
{
	struct starttls_policy *first = test_policy(anchors, 1),
	    *second = test_policy(anchors, 1);
	size_t len;
	uint8_t *data;

	talk(first, TLS13);
	data = exported(first, &len);
	mint_advance(100 * MINT_DAY);
	ck_assert_int_eq(starttls_policy_import_sessions(second, data, len,
	    NULL), 0);
	ck_assert_uint_eq(starttls_resume_count(second->resume), 0);
	free(data);
	starttls_policy_unref(first);
	starttls_policy_unref(second);
}
END_TEST

static void
pin(struct starttls_policy *policy)
{
	char *text = mint_pin(&leaf);

	ck_assert_int_eq(starttls_policy_pin(policy, text, NULL), 0);
	free(text);
}

static void
accept_peer(struct starttls_policy *policy)
{
	char *text = mint_pin(&leaf);

	ck_assert_int_eq(starttls_policy_accept_peer(policy, text, NULL), 0);
	free(text);
}

/* Use a file of this text, or of a chain with its key. */
static void
with_file(struct starttls_policy *policy, char *text,
	  int (*set)(struct starttls_policy *, const char *,
	  struct starttls_error *))
{
	char path[] = "/tmp/check_export-XXXXXX";
	int fd = mkstemp(path);

	ck_assert_int_ge(fd, 0);
	close(fd);
	mint_write_text(path, text);
	ck_assert_int_eq(set(policy, path, NULL), 0);
	unlink(path);
	free(text);
}

static void
add_crl(struct starttls_policy *policy)
{
	with_file(policy, mint_crl_pem(crl), starttls_policy_crl_file);
}

static int
set_identity(struct starttls_policy *policy, const char *path,
	     struct starttls_error *error)
{
	return starttls_policy_identity(policy, path, path, NULL, error);
}

static void
add_identity(struct starttls_policy *policy)
{
	char *crt = mint_pem(chain, 1), *key = mint_key_pem(&leaf);
	char *both = malloc(strlen(crt) + strlen(key) + 1);

	ck_assert_ptr_nonnull(both);
	sprintf(both, "%s%s", crt, key);
	with_file(policy, both, set_identity);
	free(crt);
	free(key);
}

static void
add_anchor(struct starttls_policy *policy)
{
	with_file(policy, mint_pem(&anchors[1], 1),
	    starttls_policy_add_trust_file);
}

static void
raise_version(struct starttls_policy *policy)
{
	ck_assert_int_eq(starttls_policy_raise_min_version(policy,
	    STARTTLS_TLS1_3, NULL), 0);
}

static void
restrict_it(struct starttls_policy *policy)
{
	ck_assert_int_eq(starttls_policy_restrict(policy,
	    "-CHACHA20-POLY1305", NULL), 0);
}

static void
require_staple(struct starttls_policy *policy)
{
	ck_assert_int_eq(starttls_policy_require_ocsp(policy, NULL), 0);
}

static void
require_alpn(struct starttls_policy *policy)
{
	ck_assert_int_eq(starttls_policy_set_alpn(policy,
	    STARTTLS_ALPN_REQUIRE, NULL), 0);
}

static const struct change_row {
	const char *name;
	void (*change)(struct starttls_policy *policy);
} change_rows[] = {
	{ "a pin", pin },
	{ "an accepted peer", accept_peer },
	{ "a revocation list", add_crl },
	{ "an identity", add_identity },
	{ "an anchor", add_anchor },
	{ "a minimum version", raise_version },
	{ "a restriction", restrict_it },
	{ "a required staple", require_staple },
	{ "required ALPN", require_alpn },
};

START_TEST(test_export_is_bound_to_the_policy)
{
	const struct change_row *row = &change_rows[_i];
	struct starttls_policy *plain = test_policy(anchors, 1),
	    *other = test_policy(anchors, 1), *same = test_policy(anchors, 1);
	struct starttls_error error;
	size_t len;
	uint8_t *data;

	row->change(other);
	row->change(same);
	ck_assert(!talk(plain, TLS13));
	data = exported(plain, &len);
	ck_assert_msg(starttls_policy_import_sessions(other, data, len,
	    &error) == STARTTLS_E_POLICY, "%s", row->name);
	ck_assert(is_plain_line(error.message));
	ck_assert_uint_eq(starttls_resume_count(other->resume), 0);
	free(data);
	/* and the other way round; but what equals is the same policy */
	data = exported(other, &len);
	ck_assert_msg(starttls_policy_import_sessions(plain, data, len,
	    &error) == STARTTLS_E_POLICY, "%s", row->name);
	ck_assert_msg(starttls_policy_import_sessions(same, data, len,
	    &error) == 0, "%s", row->name);
	free(data);
	starttls_policy_unref(plain);
	starttls_policy_unref(other);
	starttls_policy_unref(same);
}
END_TEST

/* As after a change of the system's configuration. */
START_TEST(test_export_is_bound_to_the_profile)
{
	struct starttls_policy *first = test_policy(anchors, 1),
	    *second = test_policy(anchors, 1);
	size_t len;
	uint8_t *data;

	talk(first, TLS13);
	data = exported(first, &len);
	talk(second, TLS13);
	second->profile = GNUTLS_PROFILE_HIGH;
	ck_assert_int_eq(starttls_policy_import_sessions(second, data, len,
	    NULL), STARTTLS_E_POLICY);
	free(data);
	starttls_policy_unref(first);
	starttls_policy_unref(second);
}
END_TEST

/*
 * In place of GnuTLS's own function, which nobody else here asks: what another
 * version has left is not for this one.
 */
static const char *gnutls_version = "3.99.1";

const char *
gnutls_check_version(const char *wanted)
{
	(void)wanted;
	return gnutls_version;
}

START_TEST(test_export_is_bound_to_the_version_of_gnutls)
{
	struct starttls_policy *first = test_policy(anchors, 1),
	    *second = test_policy(anchors, 1);
	size_t len;
	uint8_t *data;

	talk(first, TLS13);
	data = exported(first, &len);
	gnutls_version = "3.99.2";
	ck_assert_int_eq(starttls_policy_import_sessions(second, data, len,
	    NULL), STARTTLS_E_POLICY);
	gnutls_version = "3.99.1";
	ck_assert_int_eq(starttls_policy_import_sessions(second, data, len,
	    NULL), 0);
	free(data);
	starttls_policy_unref(first);
	starttls_policy_unref(second);
}
END_TEST

/* A session of 0 bytes, or of more than any is: not one, but damage. */
START_TEST(test_export_has_sessions_of_sane_sizes)
{
	static const struct {
		size_t len;
		int code;
	} rows[] = {
		{ 0, STARTTLS_E_INVALID }, { 1, 0 }, { 1 << 20, 0 },
		{ (1 << 20) + 1, STARTTLS_E_INVALID },
	};
	struct starttls_policy *policy = test_policy(anchors, 1);
	size_t head = sizeof("STARTTLS-SESSIONS-2\n") - 1 + 32, len, at, i;
	uint8_t *data = exported(policy, &len), *more;

	for (i = 0; i < ARRAY_LEN(rows); i++) {
		more = calloc(1, len + 34 + rows[i].len);
		ck_assert_ptr_nonnull(more);
		memcpy(more, data, head);
		at = head;
		more[at + 1] = 1;  /* length of the key */
		more[at + 2] = 'k';
		at += 6;           /* not only once, nothing noted */
		more[at] = 0x7f;   /* expires never */
		at += 8;
		more[at + 1] = (uint8_t)(rows[i].len >> 16);
		more[at + 2] = (uint8_t)(rows[i].len >> 8);
		more[at + 3] = (uint8_t)rows[i].len;
		at += 4 + rows[i].len;
		ck_assert_int_eq(gnutls_hash_fast(GNUTLS_DIG_SHA256, more, at,
		    more + at), 0);
		ck_assert_msg(starttls_policy_import_sessions(policy, more,
		    at + 32, NULL) == rows[i].code, "%zu bytes",
		    rows[i].len);
		free(more);
	}
	free(data);
	starttls_policy_unref(policy);
}
END_TEST

START_TEST(test_export_tells_anchors_apart)
{
	struct starttls_policy *first = test_policy(anchors, 1),
	    *second = test_policy(swapped, 1);
	size_t len;
	uint8_t *data = exported(first, &len);

	ck_assert_int_eq(starttls_policy_import_sessions(second, data, len,
	    NULL), STARTTLS_E_POLICY);
	free(data);
	starttls_policy_unref(first);
	starttls_policy_unref(second);
}
END_TEST

START_TEST(test_export_survives_damage)
{
	struct starttls_policy *first = test_policy(anchors, 1),
	    *second = test_policy(anchors, 1);
	struct starttls_error error;
	size_t len, i;
	uint8_t *data;

	talk(first, TLS12);
	data = exported(first, &len);
	for (i = 0; i < len; i++) {
		data[i] ^= 1;
		ck_assert_int_eq(starttls_policy_import_sessions(second,
		    data, len, &error), STARTTLS_E_INVALID);
		data[i] ^= 1;
		ck_assert_int_eq(starttls_policy_import_sessions(second,
		    data, i, &error), STARTTLS_E_INVALID);
	}
	ck_assert(is_plain_line(error.message));
	ck_assert_int_eq(starttls_policy_import_sessions(second, data, len,
	    NULL), 0);
	free(data);
	starttls_policy_unref(first);
	starttls_policy_unref(second);
}
END_TEST

/*
 * Damage with a checksum that fits, as somebody might make it who can write
 * the file: lengths that lie, and sessions of noise.
 */
START_TEST(test_export_survives_a_forger)
{
	struct starttls_policy *first = test_policy(anchors, 1);
	struct starttls_error error;
	size_t len, i;
	uint8_t *data;
	int rc;

	talk(first, TLS13);
	data = exported(first, &len);
	for (i = 52; i < len - 32; i++) { /* behind magic and policy */
		struct starttls_policy *second = test_policy(anchors, 1);
		uint8_t saved = data[i];

		data[i] = (uint8_t)(saved + 0x81);
		gnutls_hash_fast(GNUTLS_DIG_SHA256, data, len - 32,
		    data + len - 32);
		rc = starttls_policy_import_sessions(second, data, len,
		    &error);
		ck_assert(rc == 0 || rc == STARTTLS_E_INVALID);
		ck_assert_uint_le(starttls_resume_count(second->resume),
		    RESUME_MAX);
		data[i] = saved;
		starttls_policy_unref(second);
	}
	free(data);
	starttls_policy_unref(first);
}
END_TEST

START_TEST(test_export_refuses_misuse)
{
	struct starttls_policy *policy = test_policy(anchors, 1), *server;
	struct starttls_error error;
	uint8_t *data = NULL;
	size_t len = 7;

	ck_assert_int_eq(starttls_policy_export_sessions(NULL, &data, &len,
	    &error), STARTTLS_E_INVALID);
	ck_assert_int_eq(starttls_policy_export_sessions(policy, NULL, &len,
	    &error), STARTTLS_E_INVALID);
	ck_assert_int_eq(starttls_policy_export_sessions(policy, &data, NULL,
	    &error), STARTTLS_E_INVALID);
	ck_assert_int_eq(starttls_policy_import_sessions(NULL, "x", 1,
	    &error), STARTTLS_E_INVALID);
	ck_assert_int_eq(starttls_policy_import_sessions(policy, NULL, 1,
	    &error), STARTTLS_E_INVALID);
	ck_assert_int_eq(starttls_policy_set_resumption(policy, 0, NULL), 0);
	ck_assert_int_eq(starttls_policy_export_sessions(policy, &data, &len,
	    &error), STARTTLS_E_STATE);
	ck_assert(is_plain_line(error.message));
	starttls_policy_unref(policy);
	ck_assert_int_eq(starttls_policy_new(&server, STARTTLS_SERVER), 0);
	add_identity(server);
	ck_assert_int_eq(starttls_policy_export_sessions(server, &data, &len,
	    &error), STARTTLS_E_STATE);
	ck_assert_ptr_null(data);
	ck_assert_uint_eq(len, 7);
	starttls_policy_unref(server);
}
END_TEST

static Suite *
export_suite(void)
{
	Suite *s = suite_create("export");
	TCase *tc = tcase_create("export");

	tcase_add_unchecked_fixture(tc, mint_all, free_all);
	tcase_add_checked_fixture(tc, mint_set_clock, NULL);
	tcase_add_loop_test(tc, test_export_lets_another_process_go_on, 0,
	    VERSIONS);
	tcase_add_test(tc, test_export_of_nothing);
	tcase_add_test(tc, test_export_leaves_out_what_expired);
	tcase_add_loop_test(tc, test_export_is_bound_to_the_policy, 0,
	    ARRAY_LEN(change_rows));
	tcase_add_test(tc, test_export_is_bound_to_the_profile);
	tcase_add_test(tc, test_export_is_bound_to_the_version_of_gnutls);
	tcase_add_test(tc, test_export_has_sessions_of_sane_sizes);
	tcase_add_test(tc, test_export_tells_anchors_apart);
	tcase_add_test(tc, test_export_survives_damage);
	tcase_add_test(tc, test_export_survives_a_forger);
	tcase_add_test(tc, test_export_refuses_misuse);
	tcase_set_timeout(tc, 300);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	return run_suite(export_suite());
}
