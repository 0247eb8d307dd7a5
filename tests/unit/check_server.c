/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * The server's sessions: every way in, tickets, ALPN, bindings, reports, and
 * misuse of its policy.  What it shows to whom is in check_server_identity.c,
 * what clients do wrong in check_guests.c, what takes descriptors and threads
 * in check_server_fd.c.
 */

#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include <stdlib.h>
#include <string.h>

#include "host.h"
#include "traits.h"

#define SEEDS 3

static const char *const version_names[VERSIONS] = { "TLS1.2", "TLS1.3" };

/* Every protocol, entered at every stage, over a queue that blocks. */
START_TEST(test_server_every_way_in)
{
	const struct starttls_protocol *p = NULL;
	struct starttls_policy *server = duo_policy(chain, 2);
	struct starttls_policy *client = client_policy(_i % VERSIONS);
	struct starttls_report report;
	struct duo d;
	int from;

	while ((p = starttls_protocol_next(p)) != NULL)
		for (from = STARTTLS_GREETING; from <= STARTTLS_HANDSHAKE;
		    from++) {
			struct duo_spec spec = { .server = server,
				.client = client,
				.protocol = starttls_protocol_scheme(p,
				    STARTTLS_GREETING),
				.from = (enum starttls_stage)from,
				.seed = (uint64_t)(_i / VERSIONS) };

			if (from != STARTTLS_HANDSHAKE &&
			    !has_server(p))
				continue;
			must_run(&d, &spec);
			must_exchange(&d);
			report = report_of(d.server.session);
			ck_assert_str_eq(report.version,
			    version_names[_i % VERSIONS]);
			ck_assert_str_eq(report.protocol, spec.protocol);
			ck_assert_int_eq(report.upgraded,
			    from != STARTTLS_HANDSHAKE);
			if (from == STARTTLS_HANDSHAKE)
				ck_assert(duo_is_tls(&d, 0));
			duo_done(&d);
		}
	starttls_policy_unref(server);
	starttls_policy_unref(client);
}
END_TEST

/* The end of a session, by whichever side, is an end with close_notify. */
START_TEST(test_server_closes)
{
	struct starttls_policy *server = duo_policy(chain, 2);
	struct starttls_policy *client = client_policy(_i % VERSIONS);
	struct duo d;
	int turns, a = -1, b = -1;

	must_run(&d, &(struct duo_spec){ .server = server, .client = client,
	    .seed = (uint64_t)(_i / VERSIONS) });
	must_exchange(&d);
	ck_assert_int_eq(starttls_session_shutdown(d.server.session) > 0, 0);
	for (turns = 0; turns < 5000 && (is_wanting(a) || is_wanting(b));
	    turns++) {
		a = starttls_session_close(d.server.session);
		b = starttls_session_close(d.client.session);
	}
	ck_assert_int_eq(a, 0);
	ck_assert_int_eq(b, 0);
	duo_done(&d);

	/* without one it is none */
	must_run(&d, &(struct duo_spec){ .server = server,
	    .client = client });
	must_exchange(&d);
	tlspair_client_end(&d.pair);
	ck_assert_int_eq(duo_server_read(&d), STARTTLS_E_TRUNCATED);
	duo_done(&d);
	starttls_policy_unref(server);
	starttls_policy_unref(client);
}
END_TEST

/* The ClientHello, or as much of it as the application has read already. */
START_TEST(test_server_pending_hello)
{
	static const size_t parts[] = { 0, 1, 4, 5, 6, 43, 100 };
	struct starttls_policy *server = duo_policy(chain, 2);
	uint8_t hello[4096];
	struct duo_spec spec = { .server = server,
		.priority = priorities[_i % VERSIONS],
		.seed = (uint64_t)(_i / VERSIONS), .pending = hello };
	struct duo d;
	size_t i, len;
	int rc;

	for (i = 0; i <= ARRAY_LEN(parts) + 1; i++) {
		spec.pending_len = 0;
		ck_assert_int_eq(duo_begin(&d, &spec), 0);
		d.pair.seed = 0;
		d.pair.is_boundless = true;
		duo_step_client(&d);
		d.pair.is_boundless = false;
		d.pair.seed = spec.seed;
		len = tlspair_get(&d.pair, hello, sizeof(hello));
		ck_assert_uint_gt(len, 110);
		/* a part; then all but one byte, and all */
		spec.pending_len = i < ARRAY_LEN(parts) ? parts[i] :
		    len - (ARRAY_LEN(parts) + 1 - i);
		ck_assert_int_eq(duo_serve(&d, &spec), 0);
		duo_put(&d, hello + spec.pending_len,
		    len - spec.pending_len);
		memset(hello, 0, sizeof(hello)); /* it is copied */
		rc = duo_shake(&d);
		ck_assert_msg(rc == 0, "%zu bytes: %s", spec.pending_len,
		    d.server.error.message);
		must_exchange(&d);
		duo_done(&d);
	}
	starttls_policy_unref(server);
}
END_TEST

/* Cleartext where TLS is due gets an alert at most. */
START_TEST(test_server_pending_cleartext)
{
	static const struct {
		const char *name;
		const char *data;
		size_t len;
	} rows[] = {
		{ "login", "a LOGIN u s3cret\r\n", 18 },
		{ "one byte", "a", 1 },
		{ "NUL", "\0", 1 },
		{ "http", "GET / HTTP/1.1\r\n\r\n", 18 },
		{ "SSL 2", "\x80\x2e\x01\x00\x02", 5 },
	};
	struct starttls_policy *server = duo_policy(chain, 2);
	struct duo d;
	size_t i;
	int rc;

	for (i = 0; i < ARRAY_LEN(rows); i++) {
		ck_assert_int_eq(duo_begin(&d, &(struct duo_spec){
		    .server = server, .pending = rows[i].data,
		    .pending_len = rows[i].len }), 0);
		rc = starttls_upgrade_step(d.server.upgrade,
		    &d.server.error);
		ck_assert_msg(rc == STARTTLS_E_NOT_TLS, "%s: %s",
		    rows[i].name, starttls_code_name(rc));
		ck_assert(duo_is_tls(&d, 0));
		ck_assert(is_plain_line(d.server.error.message));
		ck_assert_ptr_null(strchr(d.server.error.message, '"'));
		ck_assert_str_eq(d.server.error.reply, "");
		duo_done(&d);
	}
	starttls_policy_unref(server);
}
END_TEST

/*
 * Sessions are resumed.  Only twice of TLS 1.3, with the two tickets of the
 * full handshake: on the clock of mint.h GnuTLS holds what it would give a
 * resumed session for expired, as it reckons tickets on the real one.
 */
START_TEST(test_server_resumes)
{
	struct starttls_policy *server = duo_policy(chain, 2);
	struct starttls_policy *again = duo_policy(chain, 2);
	struct starttls_policy *client = client_policy(_i % VERSIONS);
	struct duo_spec spec = { .server = server, .client = client,
		.from = STARTTLS_GREETING };
	struct duo d;
	int i;

	for (i = 0; i < (_i % VERSIONS == 0 ? 8 : 3); i++) {
		spec.seed = (uint64_t)(_i / VERSIONS * 10);
		spec.seed += spec.seed > 0 ? (uint64_t)i : 0;
		must_run(&d, &spec);
		must_exchange(&d);
		ck_assert_msg(report_of(d.server.session).resumed == (i > 0),
		    "connection %d", i);
		ck_assert_int_eq(report_of(d.client.session).resumed, i > 0);
		ck_assert_int_eq(report_of(d.server.session).chain_len, 0);
		duo_done(&d);
	}
	/* another policy has other keys: a whole handshake, no failure */
	spec.server = again;
	must_run(&d, &spec);
	must_exchange(&d);
	ck_assert_int_eq(report_of(d.server.session).resumed, 0);
	duo_done(&d);
	starttls_policy_unref(server);
	starttls_policy_unref(again);
	starttls_policy_unref(client);
}
END_TEST

/* No tickets where they would outlive a check, or are not wanted. */
START_TEST(test_server_gives_no_tickets)
{
	static const struct {
		const char *name;
		enum starttls_client_cert mode;
		int resumption;
	} rows[] = {
		{ "switched off", STARTTLS_CLIENT_CERT_OFF, 0 },
		{ "optional", STARTTLS_CLIENT_CERT_OPTIONAL, 1 },
		{ "required", STARTTLS_CLIENT_CERT_REQUIRED, 1 },
	};
	struct mint_cert guest;
	const struct mint_cert *const own[] = { &guest };
	char *pem = mint_pem(anchors, 1);
	size_t i;

	mint(&guest, &(struct mint_spec){ .cn = "guest",
	    .purposes = { GNUTLS_KP_TLS_WWW_CLIENT } }, &root);
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		struct starttls_policy *server = duo_policy(chain, 2);
		gnutls_datum_t ticket = { NULL, 0 };
		struct duo_spec spec = { .server = server,
			.priority = priorities[_i], .chain = own, .n = 1 };
		struct duo d;

		ck_assert_int_eq(starttls_policy_client_cert(server,
		    rows[i].mode, NULL), 0);
		ck_assert_int_eq(starttls_policy_set_resumption(server,
		    rows[i].resumption, NULL), 0);
		ck_assert_int_eq(starttls_policy_trust_pem(server, pem,
		    strlen(pem), NULL), 0);
		must_run(&d, &spec);
		must_exchange(&d);
		ck_assert_msg((gnutls_session_get_flags(d.guest) &
		    GNUTLS_SFLAGS_SESSION_TICKET) == 0, "%s: a ticket",
		    rows[i].name);
		gnutls_session_get_data2(d.guest, &ticket);
		duo_done(&d);
		/* what the guest has kept is worth nothing */
		spec.ticket = ticket.size > 0 ? &ticket : NULL;
		must_run(&d, &spec);
		must_exchange(&d);
		ck_assert_msg(report_of(d.server.session).resumed == 0,
		    "%s: resumed", rows[i].name);
		duo_done(&d);
		gnutls_free(ticket.data);
		starttls_policy_unref(server);
	}
	mint_free(&guest);
	free(pem);
}
END_TEST

static const struct {
	const char *name;
	const char *protocol;
	enum starttls_alpn mode;
	const char *offered[4];
	int code;                  /* of the server */
	const char *chosen;
} alpn_rows[] = {
	{ "right", "imap", STARTTLS_ALPN_AUTO, { "imap" }, 0, "imap" },
	{ "none", "imap", STARTTLS_ALPN_AUTO, { NULL }, 0, "" },
	{ "among others", "imap", STARTTLS_ALPN_AUTO, { "h2", "imap" }, 0,
	  "imap" },
	{ "wrong", "imap", STARTTLS_ALPN_AUTO, { "h2", "http/1.1" },
	  STARTTLS_E_ALPN, NULL },
	{ "wrong, on", "imap", STARTTLS_ALPN_ON, { "pop3" }, STARTTLS_E_ALPN,
	  NULL },
	{ "case counts", "imap", STARTTLS_ALPN_ON, { "IMAP" },
	  STARTTLS_E_ALPN, NULL },
	{ "prefix", "imap", STARTTLS_ALPN_ON, { "ima", "imaps" },
	  STARTTLS_E_ALPN, NULL },
	{ "wrong, required", "imap", STARTTLS_ALPN_REQUIRE, { "h2" },
	  STARTTLS_E_ALPN, NULL },
	{ "none, required", "imap", STARTTLS_ALPN_REQUIRE, { NULL },
	  STARTTLS_E_ALPN, NULL },
	{ "right, required", "imap", STARTTLS_ALPN_REQUIRE, { "imap" }, 0,
	  "imap" },
	{ "wrong, off", "imap", STARTTLS_ALPN_OFF, { "h2" }, 0, "" },
	{ "right, off", "imap", STARTTLS_ALPN_OFF, { "imap" }, 0, "" },
	{ "needed", "postgres", STARTTLS_ALPN_OFF, { "postgresql" }, 0,
	  "postgresql" },
	{ "needed, none", "postgres", STARTTLS_ALPN_OFF, { NULL },
	  STARTTLS_E_ALPN, NULL },
	{ "needed, wrong", "postgres", STARTTLS_ALPN_OFF, { "postgres" },
	  STARTTLS_E_ALPN, NULL },
	{ "ftp", "ftp", STARTTLS_ALPN_AUTO, { "ftp" }, 0, "ftp" },
	{ "nntp", "nntp", STARTTLS_ALPN_AUTO, { "nntp" }, 0, "nntp" },
	{ "no id, wrong", "smtp", STARTTLS_ALPN_AUTO, { "http/1.1" },
	  STARTTLS_E_ALPN, NULL },
	{ "no id, none", "smtp", STARTTLS_ALPN_AUTO, { NULL }, 0, "" },
	{ "no id, habit", "smtp", STARTTLS_ALPN_AUTO, { "smtp" }, 0, "smtp" },
	{ "no id, habit of the other", "submission", STARTTLS_ALPN_AUTO,
	  { "smtp" }, 0, "smtp" },
	{ "no id, off", "smtp", STARTTLS_ALPN_OFF, { "h2" }, 0, "" },
};

START_TEST(test_server_alpn)
{
	size_t i = (size_t)_i / VERSIONS;
	struct starttls_policy *server = duo_policy(chain, 2);
	struct starttls_report report;
	struct duo d;
	int rc;

	ck_assert_int_eq(starttls_policy_set_alpn(server, alpn_rows[i].mode,
	    NULL), 0);
	rc = duo_run(&d, &(struct duo_spec){ .server = server,
	    .protocol = alpn_rows[i].protocol,
	    .priority = priorities[_i % VERSIONS],
	    .alpn = alpn_rows[i].offered[0] != NULL ?
	    alpn_rows[i].offered : NULL });
	ck_assert_msg(rc == alpn_rows[i].code, "%s: %s: %s",
	    alpn_rows[i].name, starttls_code_name(rc),
	    d.server.error.message);
	if (rc == 0) {
		must_exchange(&d);
		report = report_of(d.server.session);
		ck_assert_str_eq(report.alpn, alpn_rows[i].chosen);
	} else {
		ck_assert_msg(duo_alert(&d) == 120, "%s: alert %d",
		    alpn_rows[i].name, d.guest_alert);
		ck_assert(duo_is_tls(&d, 0));
		ck_assert(is_plain_line(d.server.error.message));
		ck_assert_msg(strncmp(d.server.error.message, "the client ",
		    11) == 0, "%s: %s", alpn_rows[i].name,
		    d.server.error.message);
	}
	duo_done(&d);
	starttls_policy_unref(server);
}
END_TEST

/* Our own client, as it asks. */
START_TEST(test_server_alpn_of_our_client)
{
	struct starttls_policy *server = duo_policy(chain, 2);
	struct starttls_policy *client = client_policy(_i);
	struct starttls_report report;
	struct duo d;

	ck_assert_int_eq(starttls_policy_set_alpn(server,
	    STARTTLS_ALPN_REQUIRE, NULL), 0);
	ck_assert_int_eq(starttls_policy_set_alpn(client,
	    STARTTLS_ALPN_REQUIRE, NULL), 0);
	must_run(&d, &(struct duo_spec){ .server = server, .client = client,
	    .from = STARTTLS_GREETING, .protocol = "nntp" });
	must_exchange(&d);
	report = report_of(d.server.session);
	ck_assert_str_eq(report.alpn, "nntp");
	report = report_of(d.client.session);
	ck_assert_str_eq(report.alpn, "nntp");
	duo_done(&d);
	starttls_policy_unref(server);
	starttls_policy_unref(client);
}
END_TEST

START_TEST(test_server_channel_bindings)
{
	static const struct {
		const char *name;
		enum starttls_binding type;
		bool defined[VERSIONS];
	} rows[] = {
		{ "exporter", STARTTLS_TLS_EXPORTER, { true, true } },
		{ "unique", STARTTLS_TLS_UNIQUE, { true, false } },
		{ "end point", STARTTLS_TLS_SERVER_END_POINT,
		  { true, true } },
	};
	struct starttls_policy *server = duo_policy(chain, 2);
	struct starttls_policy *client = client_policy(_i);
	uint8_t ours[64], theirs[64];
	size_t i, len, their_len;
	struct duo d;
	int round, a, b;

	/* the second time it is resumed */
	for (round = 0; round < 2; round++) {
		must_run(&d, &(struct duo_spec){ .server = server,
		    .client = client });
		must_exchange(&d);
		for (i = 0; i < ARRAY_LEN(rows); i++) {
			len = their_len = 0;
			a = starttls_session_channel_binding(d.server.session,
			    rows[i].type, ours, sizeof(ours), &len);
			b = starttls_session_channel_binding(d.client.session,
			    rows[i].type, theirs, sizeof(theirs),
			    &their_len);
			/* a server that resumes has shown no certificate */
			if (round == 1 &&
			    rows[i].type == STARTTLS_TLS_SERVER_END_POINT &&
			    a == STARTTLS_E_STATE)
				continue;
			ck_assert_msg(a == b && (a == 0) ==
			    rows[i].defined[_i] && (a == 0 ||
			    a == STARTTLS_E_STATE),
			    "%s, round %d: server %s, client %s",
			    rows[i].name, round, starttls_code_name(a),
			    starttls_code_name(b));
			if (a != 0)
				continue;
			ck_assert_msg(len == their_len && len > 0 &&
			    memcmp(ours, theirs, len) == 0,
			    "%s, round %d: they differ", rows[i].name, round);
		}
		duo_done(&d);
	}
	starttls_policy_unref(server);
	starttls_policy_unref(client);
}
END_TEST

START_TEST(test_server_report)
{
	struct starttls_policy *server = duo_policy(chain, 2);
	struct starttls_policy *client = client_policy(_i);
	struct starttls_report ours, theirs;
	struct starttls_cert cert = { .size = sizeof(cert) };
	const uint8_t *der;
	struct duo d;
	size_t len;

	must_run(&d, &(struct duo_spec){ .server = server, .client = client,
	    .from = STARTTLS_GREETING, .protocol = "smtp" });
	must_exchange(&d);
	ours = report_of(d.server.session);
	theirs = report_of(d.client.session);
	ck_assert_str_eq(ours.protocol, "smtp");
	ck_assert_str_eq(ours.scheme, "smtp");
	ck_assert_str_eq(ours.host, PEER);
	ck_assert_int_eq(ours.upgraded, 1);
	ck_assert_int_eq(ours.verified, 1);
	ck_assert_int_eq(ours.resumed, 0);
	ck_assert_int_eq(ours.false_start, 0);
	ck_assert_str_eq(ours.version, theirs.version);
	ck_assert_str_eq(ours.cipher_suite, theirs.cipher_suite);
	ck_assert_str_eq(ours.group, theirs.group);
	ck_assert_str_eq(ours.signature, theirs.signature);
	ck_assert_str_eq(ours.alpn, "");
	ck_assert_str_eq(ours.compression, "none");
	ck_assert_int_eq(ours.staple, STARTTLS_STAPLE_NONE);
	ck_assert_uint_eq(ours.verdict, 0);
	ck_assert_uint_eq(ours.chain_len, 0);
	ck_assert_int_eq(ours.not_after, 0);
	ck_assert_int_eq(ours.resolve_us, -1);
	ck_assert_int_eq(ours.connect_us, -1);
	ck_assert_int_ge(ours.preamble_us, 0);
	ck_assert_int_ge(ours.handshake_us, 0);
	ck_assert_int_eq(ours.exchange_us, -1);
	ck_assert_int_ge(ours.total_us, ours.handshake_us);
	ck_assert_int_eq(starttls_session_cert(d.server.session, 0, &cert),
	    STARTTLS_E_INVALID);
	ck_assert_int_eq(starttls_session_cert_der(d.server.session, 0, &der,
	    &len), STARTTLS_E_INVALID);
	duo_done(&d);
	starttls_policy_unref(server);
	starttls_policy_unref(client);
}
END_TEST

/* What of a failed conversation can be asked for. */
START_TEST(test_server_report_of_a_failure)
{
	struct starttls_policy *server = duo_policy(chain, 2);
	struct starttls_report report = { .size = sizeof(report) };
	struct duo d;

	ck_assert_int_eq(duo_begin(&d, &(struct duo_spec){ .server = server,
	    .from = STARTTLS_GREETING }), 0);
	duo_put(&d, "a LOGOUT\r\n", 10);
	duo_step_server(&d);
	ck_assert_int_eq(d.server.rc, STARTTLS_E_EOF);
	ck_assert_int_eq(d.server.error.phase, STARTTLS_PHASE_PREAMBLE);
	ck_assert_int_eq(starttls_upgrade_report(d.server.upgrade, &report),
	    0);
	ck_assert_int_eq(report.verified, 0);
	ck_assert_str_eq(report.version, "");
	ck_assert_int_eq(report.handshake_us, -1);
	ck_assert_ptr_null(starttls_upgrade_take(d.server.upgrade));
	duo_done(&d);
	starttls_policy_unref(server);
}
END_TEST

START_TEST(test_server_session_is_no_monitor)
{
	struct starttls_policy *server = duo_policy(chain, 2);
	struct starttls_policy *client = client_policy(2);
	struct starttls_error error;
	struct duo d;

	must_run(&d, &(struct duo_spec){ .server = server,
	    .client = client });
	ck_assert_int_eq(starttls_session_check(d.server.session, &error),
	    STARTTLS_E_STATE);
	ck_assert(is_plain_line(error.message));
	/* and goes on */
	must_exchange(&d);
	duo_done(&d);
	starttls_policy_unref(server);
	starttls_policy_unref(client);
}
END_TEST

static void
expect_refused(int rc, int code, const struct starttls_error *error,
	       const char *words)
{
	ck_assert_msg(rc == code && error->code == code, "%s: %s",
	    starttls_code_name(rc), error->message);
	ck_assert_msg(strstr(error->message, words) != NULL, "%s",
	    error->message);
	ck_assert_int_eq(error->phase, STARTTLS_PHASE_SETUP);
	ck_assert_int_eq(error->error_class, (int)starttls_code_class(code));
}

/* An upgrade in memory that is not to be. */
static int
try_upgrade(struct starttls_policy *policy, const char *protocol,
	    const char *peer_name, struct starttls_error *error)
{
	struct starttls_options options = STARTTLS_OPTIONS_INIT;
	struct starttls_upgrade *u = NULL;
	struct tlspair pair;
	int rc;

	tlspair_init(&pair, 0);
	options.recv = tlspair_server_recv;
	options.send = tlspair_server_send;
	options.transport_context = &pair;
	rc = starttls_upgrade_new(&u, policy,
	    starttls_protocol_find(protocol), STARTTLS_GREETING, peer_name,
	    -1, &options, error);
	ck_assert((u != NULL) == (rc == 0));
	starttls_upgrade_free(u);
	tlspair_done(&pair);
	return rc;
}

START_TEST(test_server_policy_misuse)
{
	struct starttls_policy *p, *client = client_policy(2);
	struct starttls_error error;
	char *pem = mint_pem(anchors, 1);

	ck_assert_int_eq(starttls_policy_new(&p, STARTTLS_SERVER), 0);
	test_policy_clock(p);
	expect_refused(try_upgrade(p, "imap", NULL, &error),
	    STARTTLS_E_POLICY, &error, "certificate");
	/* that was no use: it can still be set up */
	ck_assert_int_eq(starttls_policy_client_cert(p,
	    STARTTLS_CLIENT_CERT_REQUIRED, &error), 0);
	duo_identity(p, chain, 2);
	expect_refused(try_upgrade(p, "imap", NULL, &error),
	    STARTTLS_E_POLICY, &error, "anchor");
	ck_assert_int_eq(starttls_policy_client_cert(p,
	    STARTTLS_CLIENT_CERT_OPTIONAL, &error), 0);
	expect_refused(try_upgrade(p, "imap", NULL, &error),
	    STARTTLS_E_POLICY, &error, "anchor");
	ck_assert_int_eq(starttls_policy_set_alpn(p, STARTTLS_ALPN_REQUIRE,
	    &error), 0);
	ck_assert_int_eq(starttls_policy_trust_pem(p, pem, strlen(pem),
	    &error), 0);
	expect_refused(try_upgrade(p, "smtp", NULL, &error),
	    STARTTLS_E_INVALID, &error, "ALPN");
	ck_assert_int_eq(try_upgrade(p, "imap", NULL, &error), 0);
	expect_refused(starttls_policy_client_cert(p,
	    STARTTLS_CLIENT_CERT_OFF, &error), STARTTLS_E_FROZEN, &error,
	    "in use");
	expect_refused(starttls_policy_identity(p, "a", "b", NULL, &error),
	    STARTTLS_E_FROZEN, &error, "in use");
	expect_refused(starttls_policy_intermediates(p, "a", &error),
	    STARTTLS_E_FROZEN, &error, "in use");
	starttls_policy_unref(p);

	expect_refused(starttls_policy_client_cert(client,
	    STARTTLS_CLIENT_CERT_OFF, &error), STARTTLS_E_INVALID, &error,
	    "server");
	ck_assert_int_eq(starttls_policy_new(&p, STARTTLS_SERVER), 0);
	expect_refused(starttls_policy_client_cert(p,
	    (enum starttls_client_cert)3, &error), STARTTLS_E_INVALID,
	    &error, "client certificate");
	expect_refused(starttls_policy_client_cert(p,
	    (enum starttls_client_cert)-1, &error), STARTTLS_E_INVALID,
	    &error, "client certificate");
	expect_refused(starttls_policy_client_cert(NULL,
	    STARTTLS_CLIENT_CERT_OFF, &error), STARTTLS_E_INVALID, &error,
	    "NULL");
	expect_refused(starttls_policy_require_ocsp(p, &error),
	    STARTTLS_E_INVALID, &error, "server");
	expect_refused(starttls_policy_intermediates(p, NULL, &error),
	    STARTTLS_E_INVALID, &error, "NULL");
	expect_refused(starttls_policy_intermediates(NULL, "x", &error),
	    STARTTLS_E_INVALID, &error, "NULL");
	expect_refused(starttls_policy_identity(p, NULL, "x", NULL, &error),
	    STARTTLS_E_INVALID, &error, "NULL");
	expect_refused(starttls_policy_identity(p, "/nowhere", "/no", NULL,
	    &error), STARTTLS_E_POLICY, &error, "/nowhere");
	starttls_policy_unref(p);
	starttls_policy_unref(client);
	free(pem);
}
END_TEST

/* A server has no name to verify: what is given for one is not looked at. */
START_TEST(test_server_peer_name_is_ignored)
{
	static const char *const names[] = {
		NULL, "", "not a name", "*.example.org", "client.example.org",
	};
	struct starttls_policy *p = duo_policy(chain, 2);
	struct starttls_error error;
	size_t i;

	for (i = 0; i < ARRAY_LEN(names); i++)
		ck_assert_int_eq(try_upgrade(p, "imap", names[i], &error), 0);
	starttls_policy_unref(p);
}
END_TEST

/* A server does not dial. */
START_TEST(test_server_does_not_dial)
{
	struct starttls_policy *p = duo_policy(chain, 2);
	struct starttls_upgrade *u = NULL;
	struct starttls_session *s = NULL;
	struct starttls_error error;

	expect_refused(starttls_upgrade_dial(&u, p, "imap://127.0.0.1:1",
	    100, NULL, &error), STARTTLS_E_INVALID, &error, "server");
	expect_refused(starttls_open(&s, p, "imap://127.0.0.1:1", 100, NULL,
	    &error), STARTTLS_E_INVALID, &error, "server");
	starttls_policy_unref(p);
}
END_TEST

/* What it tells people is about a server. */
START_TEST(test_server_policy_is_described)
{
	struct starttls_policy *p = duo_policy(chain, 2);
	char *text, *pem = mint_pem(anchors, 1);

	text = starttls_policy_describe(p);
	ck_assert_ptr_nonnull(text);
	ck_assert_ptr_null(strstr(text, "CBC"));
	ck_assert_ptr_null(strstr(text, "TLS1.1"));
	ck_assert_ptr_null(strstr(text, "system"));
	ck_assert_msg(strstr(text, "if asked for") == NULL,
	    "a server always shows its certificate:\n%s", text);
	free(text);
	ck_assert_int_eq(starttls_policy_client_cert(p,
	    STARTTLS_CLIENT_CERT_REQUIRED, NULL), 0);
	ck_assert_int_eq(starttls_policy_trust_pem(p, pem, strlen(pem),
	    NULL), 0);
	text = starttls_policy_describe(p);
	ck_assert_ptr_nonnull(text);
	ck_assert_msg(strstr(text, "required") != NULL,
	    "whether clients need a certificate is not said:\n%s", text);
	free(text);
	free(pem);
	starttls_policy_unref(p);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("server");
	TCase *in = host_case(suite, "in");
	TCase *tls = host_case(suite, "tls");
	TCase *policy = host_case(suite, "policy");

	tcase_add_loop_test(in, test_server_every_way_in, 0,
	    VERSIONS * SEEDS);
	tcase_add_loop_test(in, test_server_closes, 0, VERSIONS * SEEDS);
	tcase_add_loop_test(in, test_server_pending_hello, 0,
	    VERSIONS * SEEDS);
	tcase_add_test(in, test_server_pending_cleartext);
	tcase_add_loop_test(tls, test_server_resumes, 0,
	    VERSIONS * SEEDS);
	tcase_add_loop_test(tls, test_server_gives_no_tickets, 0, VERSIONS);
	tcase_add_loop_test(tls, test_server_alpn, 0,
	    (int)ARRAY_LEN(alpn_rows) * VERSIONS);
	tcase_add_loop_test(tls, test_server_alpn_of_our_client, 0,
	    VERSIONS);
	tcase_add_loop_test(tls, test_server_channel_bindings, 0, VERSIONS);
	tcase_add_loop_test(tls, test_server_report, 0, VERSIONS);
	tcase_add_test(tls, test_server_report_of_a_failure);
	tcase_add_test(tls, test_server_session_is_no_monitor);
	tcase_add_test(policy, test_server_policy_misuse);
	tcase_add_test(policy, test_server_peer_name_is_ignored);
	tcase_add_test(policy, test_server_does_not_dial);
	tcase_add_test(policy, test_server_policy_is_described);
	return run_suite(suite);
}
