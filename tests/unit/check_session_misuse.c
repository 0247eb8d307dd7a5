/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * Policies, upgrades and sessions that are used in a wrong way, or in a right
 * way that looks wrong.
 */

#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "policy.h"
#include "usual.h"

/* A setter that loosens what was set does nothing, ahead of any use. */
START_TEST(test_policy_is_a_ratchet)
{
	struct starttls_policy *p = test_policy(anchors, 1), *server;

	ck_assert_int_eq(starttls_policy_set_alpn(p,
	    STARTTLS_ALPN_OFF, NULL), 0);
	ck_assert_int_eq(starttls_policy_set_alpn(p,
	    STARTTLS_ALPN_REQUIRE, NULL), 0);
	ck_assert_int_eq(starttls_policy_set_alpn(p,
	    STARTTLS_ALPN_OFF, NULL), 0);
	ck_assert_int_eq(p->alpn, STARTTLS_ALPN_REQUIRE);
	ck_assert_int_eq(starttls_policy_set_resumption(p, 0, NULL), 0);
	ck_assert_int_eq(starttls_policy_set_resumption(p, 1, NULL), 0);
	ck_assert(!p->resumption);
	ck_assert_int_eq(starttls_policy_new(&server, STARTTLS_SERVER), 0);
	ck_assert_int_eq(starttls_policy_client_cert(server,
	    STARTTLS_CLIENT_CERT_OPTIONAL, NULL), 0);
	ck_assert_int_eq(starttls_policy_client_cert(server,
	    STARTTLS_CLIENT_CERT_OFF, NULL), 0);
	ck_assert_int_eq(server->client_cert, STARTTLS_CLIENT_CERT_OPTIONAL);
	ck_assert_int_eq(starttls_policy_client_cert(server,
	    STARTTLS_CLIENT_CERT_REQUIRED, NULL), 0);
	ck_assert_int_eq(starttls_policy_client_cert(server,
	    STARTTLS_CLIENT_CERT_OPTIONAL, NULL), 0);
	ck_assert_int_eq(server->client_cert, STARTTLS_CLIENT_CERT_REQUIRED);
	starttls_policy_unref(p);
	starttls_policy_unref(server);
}
END_TEST

START_TEST(test_policy_describes_itself)
{
	struct starttls_policy *policy = test_policy(anchors, 1);
	char *pin = mint_pin(&leaf), *text;

	ck_assert_ptr_null(starttls_policy_describe(NULL));
	text = starttls_policy_describe(policy);
	ck_assert_ptr_nonnull(text);
	ck_assert_ptr_nonnull(strstr(text, "TLS1.3"));
	ck_assert_ptr_nonnull(strstr(text, "TLS1.2"));
	ck_assert_ptr_null(strstr(text, "TLS1.1"));
	ck_assert_ptr_null(strstr(text, "_CBC_"));
	ck_assert_ptr_null(strstr(text, "TLS_RSA_WITH"));
	ck_assert_ptr_null(strstr(text, "TLS_DHE"));
	ck_assert_ptr_null(strstr(text, "CCM_8"));
	ck_assert_ptr_null(strstr(text, "FFDHE"));
	ck_assert_ptr_null(strstr(text, "-SHA1\n"));
	ck_assert_ptr_nonnull(strstr(text, "1 anchor"));
	free(text);
	/* and is not frozen by that */
	ck_assert_int_eq(starttls_policy_pin(policy, pin, NULL), 0);
	ck_assert_int_eq(starttls_policy_raise_min_version(policy,
	    STARTTLS_TLS1_3, NULL), 0);
	ck_assert_int_eq(starttls_policy_freeze(policy, NULL), 0);
	text = starttls_policy_describe(policy);
	ck_assert_ptr_nonnull(text);
	ck_assert_ptr_null(strstr(text, "TLS1.2"));
	ck_assert_ptr_nonnull(strstr(text, pin));
	free(text);
	free(pin);
	starttls_policy_unref(policy);
}
END_TEST

/*
 * Misuse
 */

static const struct pin_row {
	const char *name, *pin;
	int code;
	size_t count;
} pin_rows[] = {
#define DIGEST "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
	{ "one", "sha256//" DIGEST, 0, 1 },
	{ "two", "sha256//" DIGEST ";sha256//" DIGEST, 0, 2 },
	{ "empty", "", STARTTLS_E_INVALID, 0 },
	{ "no digest", "sha256//", STARTTLS_E_INVALID, 0 },
	{ "no prefix", DIGEST, STARTTLS_E_INVALID, 0 },
	{ "one slash", "sha256/" DIGEST, STARTTLS_E_INVALID, 0 },
	{ "another digest", "sha1//" DIGEST, STARTTLS_E_INVALID, 0 },
	{ "upper case", "SHA256//" DIGEST, STARTTLS_E_INVALID, 0 },
	{ "too short", "sha256//AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwd",
	  STARTTLS_E_INVALID, 0 },
	{ "33 bytes", "sha256//AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8g",
	  STARTTLS_E_INVALID, 0 },
	{ "not padded", "sha256//AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8",
	  STARTTLS_E_INVALID, 0 },
	{ "bad character",
	  "sha256//AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8!",
	  STARTTLS_E_INVALID, 0 },
	{ "blank inside",
	  "sha256//AAECAwQFBgcICQoLDA0ODxAREh UFRYXGBkaGxwdHh8=",
	  STARTTLS_E_INVALID, 0 },
	{ "blank in front", " sha256//" DIGEST, STARTTLS_E_INVALID, 0 },
	{ "semicolon behind", "sha256//" DIGEST ";", STARTTLS_E_INVALID, 0 },
	{ "second is bad", "sha256//" DIGEST ";sha256//", STARTTLS_E_INVALID,
	  0 },
	{ "joined with a comma", "sha256//" DIGEST ",sha256//" DIGEST,
	  STARTTLS_E_INVALID, 0 },
};

START_TEST(test_pins_are_parsed)
{
	const struct pin_row *row = &pin_rows[_i];
	struct starttls_policy *policy = test_policy(anchors, 1);
	struct starttls_error error;
	int rc = starttls_policy_pin(policy, row->pin, &error);

	ck_assert_msg(rc == row->code, "%s: %s", row->name,
	    starttls_code_name(rc));
	ck_assert_msg(policy->pin_count == row->count, "%s: %zu pins",
	    row->name, policy->pin_count);
	ck_assert_msg(rc == 0 || is_plain_line(error.message), "%s: %s",
	    row->name, error.message);
	starttls_policy_unref(policy);
}
END_TEST

START_TEST(test_policy_refuses_bad_input)
{
	struct starttls_policy *p = NULL, *q = test_policy(anchors, 1);
	struct starttls_error error;

	ck_assert_int_eq(starttls_policy_new(NULL, STARTTLS_CLIENT),
	    STARTTLS_E_INVALID);
	ck_assert_int_eq(starttls_policy_new(&p, (enum starttls_role)0),
	    STARTTLS_E_INVALID);
	ck_assert_int_eq(starttls_policy_new(&p, (enum starttls_role)99),
	    STARTTLS_E_INVALID);
	ck_assert_ptr_null(p);
	ck_assert_ptr_null(starttls_policy_ref(NULL));
	ck_assert_ptr_null(starttls_policy_unref(NULL));
#define INVALID(call) ck_assert_int_eq(call, STARTTLS_E_INVALID)
	INVALID(starttls_policy_trust_file(NULL, "x", &error));
	ck_assert_int_eq(error.code, STARTTLS_E_INVALID);
	ck_assert(is_plain_line(error.message));
	INVALID(starttls_policy_trust_file(q, NULL, NULL));
	INVALID(starttls_policy_trust_dir(NULL, "x", NULL));
	INVALID(starttls_policy_trust_dir(q, NULL, NULL));
	INVALID(starttls_policy_trust_pem(NULL, "x", 1, NULL));
	INVALID(starttls_policy_trust_pem(q, NULL, 1, NULL));
	INVALID(starttls_policy_add_trust_file(NULL, "x", NULL));
	INVALID(starttls_policy_add_trust_file(q, NULL, NULL));
	INVALID(starttls_policy_pin(NULL, "x", NULL));
	INVALID(starttls_policy_pin(q, NULL, NULL));
	INVALID(starttls_policy_crl_file(NULL, "x", NULL));
	INVALID(starttls_policy_crl_file(q, NULL, NULL));
	INVALID(starttls_policy_require_ocsp(NULL, NULL));
	INVALID(starttls_policy_identity(NULL, "x", "x", NULL, NULL));
	INVALID(starttls_policy_identity(q, NULL, "x", NULL, NULL));
	INVALID(starttls_policy_raise_min_version(NULL, STARTTLS_TLS1_3,
	    NULL));
	INVALID(starttls_policy_raise_min_version(q,
	    (enum starttls_tls_version)0x0302, NULL));
	INVALID(starttls_policy_raise_min_version(q,
	    (enum starttls_tls_version)0, NULL));
	INVALID(starttls_policy_raise_min_version(q,
	    (enum starttls_tls_version)0x0305, NULL));
	INVALID(starttls_policy_restrict(NULL, "-VERS-TLS1.2", NULL));
	INVALID(starttls_policy_restrict(q, NULL, NULL));
	INVALID(starttls_policy_set_alpn(NULL, STARTTLS_ALPN_ON, NULL));
	INVALID(starttls_policy_set_alpn(q, (enum starttls_alpn)4, NULL));
	INVALID(starttls_policy_set_alpn(q, (enum starttls_alpn)-1, NULL));
	INVALID(starttls_policy_set_resumption(NULL, 1, NULL));
	ck_assert_int_eq(starttls_policy_crl_file(q, "/nonexistent", &error),
	    STARTTLS_E_POLICY);
	ck_assert_int_eq(error.sys_errno, ENOENT);
	ck_assert_ptr_nonnull(strstr(error.message, "/nonexistent"));
	ck_assert_int_eq(starttls_policy_crl_file(q, "/", NULL),
	    STARTTLS_E_POLICY);
	ck_assert_int_eq(starttls_policy_crl_file(q, "/dev/null", NULL),
	    STARTTLS_E_POLICY);
	starttls_policy_unref(q);
}
END_TEST

START_TEST(test_policy_freezes)
{
	struct starttls_policy *p = test_policy(anchors, 1);
	struct conn_spec spec = { .policy = p, .server = &servers[1] };
	struct starttls_error error;
	struct conn c;
	char *pem = mint_pem(anchors, 1), *text;

	ck_assert_int_eq(conn_begin(&c, &spec), 0);
#define FROZEN(call) ck_assert_int_eq(call, STARTTLS_E_FROZEN)
	FROZEN(starttls_policy_trust_file(p, "x", &error));
	ck_assert_int_eq(error.code, STARTTLS_E_FROZEN);
	ck_assert_int_eq(error.error_class, STARTTLS_CLASS_USAGE);
	ck_assert(is_plain_line(error.message));
	FROZEN(starttls_policy_trust_dir(p, "/", NULL));
	FROZEN(starttls_policy_trust_pem(p, pem, strlen(pem), NULL));
	FROZEN(starttls_policy_add_trust_file(p, "x", NULL));
	FROZEN(starttls_policy_pin(p, "sha256//" DIGEST, NULL));
	FROZEN(starttls_policy_crl_file(p, "x", NULL));
	FROZEN(starttls_policy_require_ocsp(p, NULL));
	FROZEN(starttls_policy_identity(p, "x", "x", NULL, NULL));
	FROZEN(starttls_policy_raise_min_version(p, STARTTLS_TLS1_3, NULL));
	FROZEN(starttls_policy_restrict(p, "-VERS-TLS1.2", NULL));
	FROZEN(starttls_policy_set_alpn(p, STARTTLS_ALPN_OFF, NULL));
	FROZEN(starttls_policy_set_resumption(p, 0, NULL));
	ck_assert_int_eq(conn_handshake(&c), 0);
	conn_done(&c);
	/* for ever */
	FROZEN(starttls_policy_require_ocsp(p, NULL));
	text = starttls_policy_describe(p);
	ck_assert_ptr_nonnull(text);
	free(text);
	free(pem);
	starttls_policy_unref(p);
}
END_TEST

/* The application may give its reference back at once. */
START_TEST(test_policy_lives_as_long_as_it_is_used)
{
	struct starttls_policy *p = test_policy(anchors, 1);
	struct conn_spec spec = { .policy = p, .server = &servers[_i] };
	struct conn c;

	ck_assert_ptr_eq(starttls_policy_ref(p), p);
	ck_assert_ptr_null(starttls_policy_unref(p));
	ck_assert_int_eq(conn_begin(&c, &spec), 0);
	ck_assert_ptr_null(starttls_policy_unref(p));
	ck_assert_int_eq(conn_handshake(&c), 0);
	ck_assert_int_eq(conn_echo(&c, "hello", 5), 0);
	conn_done(&c);
}
END_TEST

static const struct option_row {
	const char *name;
	struct starttls_options options;
} option_rows[] = {
#define PAIR .size = sizeof(struct starttls_options), \
	.recv = tlspair_client_recv, .send = tlspair_client_send
	{ "no size", { .recv = tlspair_client_recv,
	    .send = tlspair_client_send } },
	{ "another size", { .size = sizeof(struct starttls_options) - 1,
	    .recv = tlspair_client_recv, .send = tlspair_client_send } },
	{ "recv only", { .size = sizeof(struct starttls_options),
	    .recv = tlspair_client_recv } },
	{ "send only", { .size = sizeof(struct starttls_options),
	    .send = tlspair_client_send } },
	{ "pending without data", { PAIR, .pending_len = 1 } },
	{ "empty client name", { PAIR, .own_name = "" } },
	{ "blank in the client name", { PAIR, .own_name = "a b" } },
	{ "line end in the client name",
	  { PAIR, .own_name = "a\r\nMAIL" } },
	{ "control in the client name", { PAIR, .own_name = "a\tb" } },
	{ "8-bit client name", { PAIR, .own_name = "b\303\274cher" } },
	{ "empty port", { PAIR, .port = "" } },
	{ "long port", { PAIR, .port = "12345678" } },
};

START_TEST(test_upgrade_refuses_bad_options)
{
	const struct option_row *row = &option_rows[_i];
	struct starttls_policy *policy = test_policy(anchors, 1);
	struct starttls_upgrade *u = NULL;
	struct starttls_error error;
	int rc;

	rc = starttls_upgrade_new(&u, policy, starttls_protocol_find("smtp"),
	    STARTTLS_GREETING, PEER, -1, &row->options, &error);
	ck_assert_msg(rc == STARTTLS_E_INVALID && u == NULL, "%s: %s",
	    row->name, starttls_code_name(rc));
	ck_assert_msg(error.code == rc && is_plain_line(error.message) &&
	    error.phase == STARTTLS_PHASE_SETUP, "%s: \"%s\"", row->name,
	    error.message);
	starttls_policy_unref(policy);
}
END_TEST

START_TEST(test_upgrade_refuses_bad_input)
{
	const struct starttls_protocol *imap = starttls_protocol_find("imap");
	struct starttls_policy *p = test_policy(anchors, 1);
	struct starttls_options o = { PAIR };
	struct starttls_upgrade *u = NULL;
	struct starttls_error error;
	struct conn_spec spec = { .policy = p, .server = &servers[1] };
	struct conn c;
	char *long_name = malloc(400);
	int fds[2];

	INVALID(starttls_upgrade_new(NULL, p, imap, STARTTLS_GREETING, PEER,
	    -1, &o, &error));
	INVALID(starttls_upgrade_new(&u, NULL, imap, STARTTLS_GREETING, PEER,
	    -1, &o, &error));
	INVALID(starttls_upgrade_new(&u, p, NULL, STARTTLS_GREETING, PEER,
	    -1, &o, &error));
	INVALID(starttls_upgrade_new(&u, p, imap, STARTTLS_GREETING, NULL,
	    -1, &o, &error));
	INVALID(starttls_upgrade_new(&u, p, imap, (enum starttls_stage)0,
	    PEER, -1, &o, &error));
	INVALID(starttls_upgrade_new(&u, p, imap, (enum starttls_stage)4,
	    PEER, -1, &o, NULL));
	ck_assert_ptr_nonnull(long_name);
	memset(long_name, 'a', 399);
	long_name[399] = '\0';
	INVALID(starttls_upgrade_new(&u, p, imap, STARTTLS_GREETING,
	    long_name, -1, &o, &error));
	free(long_name);
	INVALID(starttls_upgrade_new(&u, p, imap, STARTTLS_GREETING, "", -1,
	    &o, &error));
	INVALID(starttls_upgrade_new(&u, p, imap, STARTTLS_GREETING, "a b",
	    -1, &o, &error));
	INVALID(starttls_upgrade_new(&u, p, imap, STARTTLS_GREETING,
	    "*.example.org", -1, &o, &error));
	INVALID(starttls_upgrade_new(&u, p, imap, STARTTLS_GREETING,
	    PEER "\r\nX", -1, &o, &error));
	ck_assert(is_plain_line(error.message));
	/* descriptors that are none, or no stream sockets */
	INVALID(starttls_upgrade_new(&u, p, imap, STARTTLS_GREETING, PEER,
	    -1, NULL, &error));
	ck_assert_int_eq(error.sys_errno, EBADF);
	ck_assert_int_eq(pipe(fds), 0);
	INVALID(starttls_upgrade_new(&u, p, imap, STARTTLS_GREETING, PEER,
	    fds[0], NULL, &error));
	ck_assert_int_eq(error.sys_errno, ENOTSOCK);
	close(fds[0]);
	close(fds[1]);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_DGRAM, 0, fds), 0);
	INVALID(starttls_upgrade_new(&u, p, imap, STARTTLS_GREETING, PEER,
	    fds[0], NULL, &error));
	ck_assert(is_plain_line(error.message));
	close(fds[0]);
	close(fds[1]);
	ck_assert_ptr_null(u);

	INVALID(starttls_upgrade_step(NULL, &error));
	INVALID(starttls_upgrade_step(NULL, NULL));
	INVALID(starttls_upgrade_run(NULL, 0, &error));
	ck_assert_int_eq(starttls_upgrade_fd(NULL), -1);
	ck_assert_int_eq(starttls_upgrade_timeout(NULL), -1);
	ck_assert_int_eq(starttls_session_timeout(NULL), -1);
	starttls_upgrade_free(NULL);
	/* nothing to wait for; and it is still good */
	ck_assert_int_eq(conn_begin(&c, &spec), 0);
	INVALID(starttls_upgrade_run(c.upgrade, -1, &error));
	ck_assert_int_eq(starttls_upgrade_fd(c.upgrade), -1);
	ck_assert_int_eq(conn_handshake(&c), 0);
	conn_done(&c);
	starttls_policy_unref(p);
}
END_TEST

START_TEST(test_session_refuses_bad_input)
{
	struct starttls_error error;
	struct conn c;
	char data[8] = "";

	open_usual(&c, _i);
	INVALID(starttls_session_read(NULL, data, 1));
	INVALID(starttls_session_read(c.session, NULL, 1));
	INVALID(starttls_session_read(c.session, data, 0));
	INVALID(starttls_session_read(c.session, data,
	    (size_t)SSIZE_MAX + 1));
	INVALID(starttls_session_write(NULL, data, 1));
	INVALID(starttls_session_write(c.session, NULL, 1));
	INVALID(starttls_session_write(c.session, data,
	    (size_t)SSIZE_MAX + 1));
	ck_assert_int_eq(starttls_session_write(c.session, data, 0), 0);
	ck_assert_int_eq(starttls_session_write(c.session, NULL, 0), 0);
	INVALID(starttls_session_shutdown(NULL));
	INVALID(starttls_session_close(NULL));
	INVALID(starttls_session_check(NULL, &error));
	INVALID(starttls_session_error(NULL, &error));
	INVALID(starttls_session_set_deadline(NULL, 0));
	INVALID(starttls_session_set_deadline(c.session, -2));
	/* without a descriptor there is nothing to wait on */
	INVALID(starttls_session_set_deadline(c.session, -1));
	INVALID(starttls_session_set_deadline(c.session, 1));
	ck_assert_int_eq(starttls_session_set_deadline(c.session, 0), 0);
	ck_assert_uint_eq(starttls_session_pending(NULL), 0);
	ck_assert_int_eq(starttls_session_fd(NULL), -1);
	ck_assert_int_eq(starttls_session_fd(c.session), -1);
	starttls_session_free(NULL);
	/* none of it hurts */
	ck_assert_int_eq(starttls_session_error(c.session, &error), 0);
	ck_assert_int_eq(conn_echo(&c, "hello", 5), 0);
	conn_done(&c);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("session_misuse");
	TCase *tc = new_case(s, "misuse");

	tcase_add_test(tc, test_policy_describes_itself);
	add_rows(tc, test_pins_are_parsed, pin_rows);
	tcase_add_test(tc, test_policy_refuses_bad_input);
	tcase_add_test(tc, test_policy_freezes);
	add_both(tc, test_policy_lives_as_long_as_it_is_used);
	add_rows(tc, test_upgrade_refuses_bad_options, option_rows);
	tcase_add_test(tc, test_upgrade_refuses_bad_input);
	add_both(tc, test_session_refuses_bad_input);
	tcase_add_test(tc, test_policy_is_a_ratchet);
	return run_suite(s);
}
