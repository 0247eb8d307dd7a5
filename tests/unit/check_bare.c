/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * The protocol tls, for those that are not known: in at the handshake, and
 * nowhere else; nothing is said in the clear, nothing inside.
 */

#include "config.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "duo.h"

static struct mint_cert root, leaf;
static const struct mint_cert *const anchors[] = { &root };
static const struct mint_cert *const chain[] = { &leaf };
static const struct tlspair_server servers[] = {
	{ .chain = chain, .n = 1, .priority = TLS12 },
	{ .chain = chain, .n = 1, .priority = TLS13 },
};

static void
mint_all(void)
{
	mint(&root, &(struct mint_spec){ .cn = "root", .is_ca = true }, NULL);
	mint(&leaf, &(struct mint_spec){ .cn = "leaf", .dns = { PEER } },
	    &root);
}

static void
free_all(void)
{
	mint_free(&root);
	mint_free(&leaf);
}

START_TEST(test_tls_is_found_but_not_walked)
{
	const struct starttls_protocol *tls = starttls_protocol_find("TLS");
	const struct starttls_protocol *p = NULL;
	int from;

	ck_assert_ptr_nonnull(tls);
	while ((p = starttls_protocol_next(p)) != NULL)
		ck_assert_ptr_ne(p, tls);
	for (from = STARTTLS_GREETING; from <= STARTTLS_HANDSHAKE; from++) {
		ck_assert_str_eq(starttls_protocol_scheme(tls,
		    (enum starttls_stage)from), "tls");
		ck_assert_ptr_null(starttls_protocol_port(tls,
		    (enum starttls_stage)from));
	}
	ck_assert_ptr_nonnull(starttls_protocol_rfc(tls));
	ck_assert_ptr_null(starttls_protocol_greeting(tls));
	ck_assert_ptr_null(starttls_protocol_goodbye(tls));
	ck_assert_int_eq(starttls_protocol_has_data(tls), 0);
}
END_TEST

START_TEST(test_tls_url)
{
	struct starttls_url url = { .size = sizeof(url) };
	struct starttls_error error;

	ck_assert_int_eq(starttls_url_parse("TLS://" PEER ":628/", &url,
	    &error), 0);
	ck_assert_ptr_eq(url.protocol, starttls_protocol_find("tls"));
	ck_assert_int_eq((int)url.from, STARTTLS_HANDSHAKE);
	ck_assert_str_eq(url.host, PEER);
	ck_assert_str_eq(url.port, "628");
	ck_assert_int_eq(url.has_port, 1);
	ck_assert_int_eq(starttls_url_parse("tls://" PEER, &url, &error),
	    STARTTLS_E_INVALID);
	ck_assert_msg(strstr(error.message, "tls://host:port") != NULL, "%s",
	    error.message);
	ck_assert_int_eq(starttls_url_parse("tls://[::1]", &url, &error),
	    STARTTLS_E_INVALID);
	ck_assert_ptr_nonnull(strstr(error.message, "tls://host:port"));
	ck_assert_int_eq(starttls_url_parse("tls://" PEER ":", &url, &error),
	    STARTTLS_E_INVALID);
	ck_assert_int_eq(starttls_url_parse("tlss://" PEER ":1", &url,
	    &error), STARTTLS_E_INVALID);
	ck_assert_ptr_nonnull(strstr(error.message, "unknown scheme"));
}
END_TEST

/* Unless something else says it. */
START_TEST(test_tls_port_to_connect_to)
{
	static const char *const urls[] = {
		"tls://" PEER, "lmtp://" PEER "/", "lmtps://" PEER,
	};
	struct starttls_options options = STARTTLS_OPTIONS_INIT;
	struct starttls_policy *policy = test_policy(anchors, 1);
	struct starttls_upgrade *upgrade = NULL;
	struct starttls_error error;

	options.connect_host = "127.0.0.1";
	ck_assert_int_eq(starttls_upgrade_dial(&upgrade, policy, urls[_i], -1,
	    &options, &error), STARTTLS_E_INVALID);
	options.connect_port = "1";
	ck_assert_int_eq(starttls_upgrade_dial(&upgrade, policy, urls[_i], -1,
	    &options, &error), 0);
	starttls_upgrade_free(upgrade);
	starttls_policy_unref(policy);
}
END_TEST

/* A client's and a server's. */
START_TEST(test_tls_begins_with_the_handshake)
{
	struct starttls_policy *policy = _i == 0 ? test_policy(anchors, 1) :
	    duo_policy(chain, 1);
	const struct starttls_protocol *tls = starttls_protocol_find("tls");
	struct starttls_url url = { .size = sizeof(url), .protocol = tls,
	    .from = STARTTLS_GREETING, .host = PEER, .port = "628" };
	struct starttls_upgrade *upgrade = NULL;
	struct starttls_error error;
	int from;

	for (from = STARTTLS_GREETING; from <= STARTTLS_COMMAND; from++) {
		ck_assert_int_eq(starttls_upgrade_new(&upgrade, policy, tls,
		    (enum starttls_stage)from, PEER, -1, NULL, &error),
		    STARTTLS_E_INVALID);
		ck_assert_msg(strstr(error.message, "handshake") != NULL,
		    "%s", error.message);
	}
	ck_assert_ptr_null(upgrade);
	ck_assert_int_eq(starttls_url_check(policy, &url, NULL, &error),
	    STARTTLS_E_INVALID);
	starttls_policy_unref(policy);
}
END_TEST

static bool
is_among(const char *names, const struct starttls_protocol *p)
{
	char word[32];

	snprintf(word, sizeof(word), " %s ",
	    starttls_protocol_scheme(p, STARTTLS_GREETING));
	return strstr(names, word) != NULL;
}

/* Servers, and those whose clients wait for what is over when TLS is up. */
START_TEST(test_roles)
{
	const struct starttls_protocol *p = NULL;

	while ((p = starttls_protocol_next(p)) != NULL) {
		ck_assert_int_ne(starttls_protocol_has_server(p), is_among(
		    " xmpp xmpp-server mysql nbd rdp telnet https ", p));
		ck_assert_int_eq(starttls_protocol_goes_on(p), is_among(
		    " mysql nbd rdp ", p));
	}
	p = starttls_protocol_find("tls");
	ck_assert_int_eq(starttls_protocol_has_server(p), 1);
	ck_assert_int_eq(starttls_protocol_goes_on(p), 0);
	ck_assert_int_eq(starttls_protocol_has_server(NULL), 0);
	ck_assert_int_eq(starttls_protocol_goes_on(NULL), 0);
}
END_TEST

/* The goodbye of the exchange is TLS's own. */
START_TEST(test_tls_client)
{
	struct conn_spec spec = { .policy = test_policy(anchors, 1),
	    .server = &servers[_i % 2], .protocol = "tls",
	    .seed = (uint64_t)_i };
	struct starttls_report r = { .size = sizeof(r) };
	struct starttls_error error;
	struct conn c;

	ck_assert_msg(conn_run(&c, &spec) == 0, "%s", c.error.message);
	ck_assert_int_eq(conn_echo(&c, "anything", 8), 0);
	ck_assert_int_eq(starttls_session_check(c.session, &error),
	    STARTTLS_E_STATE);
	ck_assert_int_eq(starttls_session_report(c.session, &r), 0);
	ck_assert_str_eq(r.protocol, "tls");
	ck_assert_str_eq(r.scheme, "tls");
	ck_assert_str_eq(r.port, "");
	ck_assert_str_eq(r.alpn, "");
	ck_assert_str_eq(r.greeting, "");
	ck_assert_int_eq(r.upgraded, 0);
	ck_assert_int_eq(r.verified, 1);
	ck_assert_int_eq(conn_close(&c), 0);
	conn_done(&c);

	/* for how long it waits is in check_hearing_out.c */
	ck_assert_int_eq(conn_run(&c, &spec), 0);
	tlspair_bye(&c.pair);
	ck_assert_msg(conn_check(&c, &error) == 0, "%s", error.message);
	ck_assert_int_eq(starttls_session_report(c.session, &r), 0);
	ck_assert_int_eq((int)r.exchange_us, -1);
	conn_settle(&c);
	ck_assert_uint_eq(c.heard_len, 0);
	conn_done(&c);
	starttls_policy_unref(spec.policy);
}
END_TEST

START_TEST(test_tls_verifies)
{
	static const char *const speaks_first[] = { "S: 220 hello", NULL };
	struct conn_spec spec = { .policy = test_policy(anchors, 1),
	    .server = &servers[0], .protocol = "tls",
	    .name = "other.example.org" };
	struct conn c;

	ck_assert_int_eq(conn_run(&c, &spec), STARTTLS_E_NAME_MISMATCH);
	conn_done(&c);
	spec.name = NULL;
	spec.clear = speaks_first;
	ck_assert_int_eq(conn_run(&c, &spec), STARTTLS_E_NOT_TLS);
	ck_assert_str_eq(c.error.protocol, "tls");
	conn_done(&c);
	starttls_policy_unref(spec.policy);
}
END_TEST

/* Whose identifier would it be?  And none is one that somebody may require. */
START_TEST(test_tls_has_no_alpn)
{
	struct conn_spec spec = { .policy = test_policy(anchors, 1),
	    .server = &servers[1], .protocol = "tls", .port = "628" };
	struct starttls_report r = { .size = sizeof(r) };
	struct conn c;

	ck_assert_int_eq(starttls_policy_set_alpn(spec.policy, _i == 0 ?
	    STARTTLS_ALPN_ON : STARTTLS_ALPN_REQUIRE, NULL), 0);
	if (_i == 1) {
		ck_assert_int_eq(conn_begin(&c, &spec), STARTTLS_E_INVALID);
		ck_assert_ptr_nonnull(strstr(c.error.message, "ALPN"));
	} else {
		ck_assert_int_eq(conn_run(&c, &spec), 0);
		ck_assert_int_eq(starttls_session_report(c.session, &r), 0);
		ck_assert_str_eq(r.alpn, "");
		ck_assert_str_eq(r.port, "628");
	}
	conn_done(&c);
	starttls_policy_unref(spec.policy);
}
END_TEST

/* A client that means a protocol by name is refused, unless ALPN is off. */
START_TEST(test_tls_server)
{
	static const char *const ids[] = { "http/1.1", NULL };
	struct starttls_policy *client = test_policy(anchors, 1);
	struct starttls_policy *server = duo_policy(chain, 1);
	struct starttls_report r = { .size = sizeof(r) };
	struct duo d;

	ck_assert_int_eq(duo_run(&d, &(struct duo_spec){ .server = server,
	    .client = client, .protocol = "tls", .seed = (uint64_t)_i }), 0);
	ck_assert_int_eq(duo_exchange(&d), 0);
	ck_assert_int_eq(starttls_session_report(d.server.session, &r), 0);
	ck_assert_str_eq(r.scheme, "tls");
	ck_assert_str_eq(r.host, PEER);
	ck_assert(duo_is_tls(&d, 0));
	duo_done(&d);
	ck_assert_int_eq(duo_run(&d, &(struct duo_spec){ .server = server,
	    .protocol = "tls", .alpn = ids }), STARTTLS_E_ALPN);
	duo_done(&d);
	starttls_policy_unref(server);

	server = duo_policy(chain, 1);
	ck_assert_int_eq(starttls_policy_set_alpn(server, STARTTLS_ALPN_OFF,
	    NULL), 0);
	ck_assert_int_eq(duo_run(&d, &(struct duo_spec){ .server = server,
	    .protocol = "tls", .alpn = ids }), 0);
	duo_done(&d);
	starttls_policy_unref(server);
	starttls_policy_unref(client);
}
END_TEST

static Suite *
bare_suite(void)
{
	Suite *s = suite_create("bare");
	TCase *tc = tcase_create("bare");

	tcase_add_unchecked_fixture(tc, mint_all, free_all);
	tcase_add_checked_fixture(tc, mint_set_clock, NULL);
	tcase_add_test(tc, test_tls_is_found_but_not_walked);
	tcase_add_test(tc, test_tls_url);
	tcase_add_loop_test(tc, test_tls_port_to_connect_to, 0, 3);
	tcase_add_loop_test(tc, test_tls_begins_with_the_handshake, 0, 2);
	tcase_add_test(tc, test_roles);
	tcase_add_loop_test(tc, test_tls_client, 0, 12);
	tcase_add_test(tc, test_tls_verifies);
	tcase_add_loop_test(tc, test_tls_has_no_alpn, 0, 2);
	tcase_add_loop_test(tc, test_tls_server, 0, 4);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	return run_suite(bare_suite());
}
