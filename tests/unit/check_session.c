/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * The session, and what of the upgrade can only be seen with TLS behind it:
 * reading, writing and endings, the monitor's exchange, channel bindings,
 * reports, ALPN, client certificates, versions, misuse, and descriptors.
 *
 * Most tests loop over both versions of TLS, and over seeds of a queue that
 * moves a little at a time.
 */

#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <gnutls/crypto.h>

#include "harness.h"
#include "policy.h"
#include "wait.h"
#include "session.h"
#include "upgrade.h"

#define VERSIONS 2
#define SEEDS 4
#define FEW_SEEDS 2                /* where there are many rows */
#define STRIDE 11                  /* between damaged bytes */
#define LARGE (1u << 20)

static const char *const priorities[VERSIONS] = { TLS12, TLS13 };

static struct mint_cert root, inter, leaf, client;
static const struct mint_cert *const anchors[] = { &root };
static const struct mint_cert *const chain[] = { &leaf, &inter };
static const struct mint_cert *const client_chain[] = { &client };
static struct tlspair_server servers[VERSIONS];

static void
mint_all(void)
{
	int i;

	mint(&root, &(struct mint_spec){ .cn = "root", .is_ca = true }, NULL);
	mint(&inter, &(struct mint_spec){ .cn = "inter", .is_ca = true },
	    &root);
	mint(&leaf, &(struct mint_spec){ .cn = "leaf",
	    .dns = { PEER, "xn--bcher-kva.example" },
	    .ip = { "192.0.2.1", "2001:db8::1" } }, &inter);
	mint(&client, &(struct mint_spec){ .cn = "client",
	    .purposes = { GNUTLS_KP_TLS_WWW_CLIENT } }, &root);
	for (i = 0; i < VERSIONS; i++)
		servers[i] = (struct tlspair_server){ .chain = chain,
		    .n = 2, .priority = priorities[i] };
}

static void
free_all(void)
{
	mint_free(&root);
	mint_free(&inter);
	mint_free(&leaf);
	mint_free(&client);
}

/* A session, or the end of the test. */
static void
must_run(struct conn *c, const struct conn_spec *spec)
{
	int rc = conn_run(c, spec);

	ck_assert_msg(rc == 0, "no session: %s: %s (server: %s)",
	    starttls_code_name(rc), c->error.message,
	    gnutls_strerror(c->pair.error));
}

/* The usual session of a loop test. */
static struct conn_spec usual;

static void
open_usual(struct conn *c, int i)
{
	usual = (struct conn_spec){
		.policy = test_policy(anchors, 1),
		.server = &servers[i % VERSIONS],
		.seed = (uint64_t)(i / VERSIONS),
	};
	must_run(c, &usual);
	starttls_policy_unref(usual.policy); /* the session has its own */
}

static uint8_t *
large_data(size_t len)
{
	uint8_t *data = malloc(len);
	uint32_t x = 1;
	size_t i;

	ck_assert_ptr_nonnull(data);
	for (i = 0; i < len; i++) {
		x = x * 1664525 + 1013904223;
		data[i] = (uint8_t)(x >> 24);
	}
	return data;
}

/* After a failure everything says the same. */
static void
expect_sticky(struct starttls_session *s, int code)
{
	struct starttls_error error;
	char byte;

	ck_assert_int_eq(starttls_session_error(s, &error), code);
	ck_assert_int_eq(error.code, code);
	ck_assert_int_eq(error.error_class, (int)starttls_code_class(code));
	ck_assert_int_eq(error.phase, STARTTLS_PHASE_SESSION);
	ck_assert_msg(is_plain_line(error.message), "\"%s\"", error.message);
	ck_assert_str_eq(error.protocol, "imap");
	ck_assert_int_eq(starttls_session_read(s, &byte, 1), code);
	ck_assert_int_eq(starttls_session_write(s, "x", 1), code);
	ck_assert_int_eq(starttls_session_shutdown(s), code);
	ck_assert_int_eq(starttls_session_close(s), code);
	ck_assert_int_eq(starttls_session_error(s, NULL), code);
}

/* Read until something other than WANT_* comes. */
static ssize_t
read_on(struct conn *c, void *data, size_t size)
{
	ssize_t n;
	int turns;

	for (turns = 0; turns < 5000; turns++) {
		n = starttls_session_read(c->session, data, size);
		if (!is_wanting(n))
			return n;
		conn_serve(c);
	}
	return HARNESS_STUCK - 1000;
}

/*
 * Reading and writing
 */

START_TEST(test_session_echoes)
{
	uint8_t *data = large_data(40000);
	struct conn c;
	int rc;

	open_usual(&c, _i);
	rc = conn_echo(&c, data, 40000);
	ck_assert_msg(rc == 0, "echo: %s", starttls_code_name(rc));
	rc = conn_close(&c);
	ck_assert_msg(rc == 0, "close: %s", starttls_code_name(rc));
	ck_assert(c.pair.is_closed_by_client);
	ck_assert_int_eq(c.pair.error, 0);
	ck_assert_int_eq(starttls_session_error(c.session, NULL), 0);
	conn_done(&c);
	free(data);
}
END_TEST

START_TEST(test_session_sends_much)
{
	uint8_t *data = large_data(LARGE);
	size_t sent = 0;
	struct conn c;

	open_usual(&c, _i);
	while (sent < LARGE) {
		ssize_t n = starttls_session_write(c.session, data + sent,
		    LARGE - sent);

		ck_assert_msg(n > 0 || is_wanting(n), "after %zu: %zd", sent,
		    n);
		sent += n > 0 ? (size_t)n : 0;
		conn_serve(&c);
	}
	conn_settle(&c);
	ck_assert_int_eq(c.pair.error, 0);
	ck_assert_uint_eq(c.pair.received.len, LARGE);
	ck_assert(memcmp(c.pair.received.data + c.pair.received.start, data,
	    LARGE) == 0);
	conn_done(&c);
	free(data);
}
END_TEST

START_TEST(test_session_receives_much)
{
	uint8_t *data = large_data(LARGE), *in = malloc(LARGE);
	size_t got = 0;
	struct conn c;

	ck_assert_ptr_nonnull(in);
	open_usual(&c, _i);
	tlspair_write(&c.pair, data, LARGE);
	tlspair_bye(&c.pair);
	for (;;) {
		/* sizes that have nothing to do with records */
		size_t size = 1 + got * 7919 % 20000;
		ssize_t n = read_on(&c, in + got,
		    size < LARGE - got || got == LARGE ? size : LARGE - got);

		ck_assert_msg(n >= 0, "after %zu: %zd", got, n);
		if (n == 0)
			break;
		got += (size_t)n;
		ck_assert_uint_le(got, LARGE);
	}
	ck_assert_uint_eq(got, LARGE);
	ck_assert(memcmp(in, data, LARGE) == 0);
	conn_done(&c);
	free(data);
	free(in);
}
END_TEST

START_TEST(test_session_wants_and_loses_nothing)
{
	uint8_t *data = large_data(5000);
	size_t taken = 0;
	struct conn c;
	char byte;
	ssize_t n;
	int i;

	open_usual(&c, _i);
	ck_assert_int_eq(starttls_session_read(c.session, &byte, 1),
	    STARTTLS_WANT_READ);
	ck_assert_uint_eq(starttls_session_pending(c.session), 0);
	/* nobody takes it from the queue */
	for (i = 0; i < 100; i++) {
		n = starttls_session_write(c.session, data + taken,
		    5000 - taken);
		if (n == STARTTLS_WANT_WRITE)
			break;
		ck_assert_int_gt(n, 0);
		taken += (size_t)n;
	}
	ck_assert_int_eq(n, STARTTLS_WANT_WRITE);
	for (i = 0; i < 3 && _i / VERSIONS == 0; i++)
		ck_assert_int_eq(starttls_session_write(c.session,
		    data + taken, 5000 - taken), STARTTLS_WANT_WRITE);
	/* reading goes on meanwhile */
	ck_assert_int_eq(starttls_session_read(c.session, &byte, 1),
	    STARTTLS_WANT_READ);
	while (taken < 5000) {
		conn_serve(&c);
		n = starttls_session_write(c.session, data + taken,
		    5000 - taken);
		ck_assert_msg(n > 0 || is_wanting(n), "%zd", n);
		taken += n > 0 ? (size_t)n : 0;
	}
	conn_settle(&c);
	ck_assert_uint_eq(c.pair.received.len, 5000);
	ck_assert(memcmp(c.pair.received.data + c.pair.received.start, data,
	    5000) == 0);
	conn_done(&c);
	free(data);
}
END_TEST

START_TEST(test_session_tells_what_is_pending)
{
	char in[16];
	struct conn c;
	int i;

	open_usual(&c, _i);
	tlspair_write(&c.pair, "0123456789", 10);
	for (i = 0; i < 10; i++) {
		ck_assert_int_eq(read_on(&c, in, 1), 1);
		ck_assert_int_eq(in[0], '0' + i);
		ck_assert_uint_eq(starttls_session_pending(c.session),
		    (size_t)(9 - i));
	}
	ck_assert_int_eq(starttls_session_read(c.session, in, sizeof(in)),
	    STARTTLS_WANT_READ);
	conn_done(&c);
}
END_TEST

/*
 * Endings
 */

START_TEST(test_session_half_closes)
{
	char in[32];
	struct conn c;
	int rc;

	open_usual(&c, _i);
	while (is_wanting(rc = (int)starttls_session_write(c.session, "bye",
	    3)))
		conn_serve(&c);
	ck_assert_int_eq(rc, 3);
	while (is_wanting(rc = starttls_session_shutdown(c.session)))
		conn_serve(&c);
	ck_assert_int_eq(rc, 0);
	ck_assert_int_eq(starttls_session_shutdown(c.session), 0);
	ck_assert_int_eq(starttls_session_write(c.session, "x", 1),
	    STARTTLS_E_STATE);
	ck_assert_int_eq(starttls_session_error(c.session, NULL), 0);
	conn_settle(&c);
	ck_assert(c.pair.is_closed_by_client);
	ck_assert_uint_eq(tlspair_read(&c.pair, in, sizeof(in)), 3);

	/* the other direction is still open */
	tlspair_write(&c.pair, "later", 5);
	ck_assert_int_eq(read_on(&c, in, 5), 5);
	ck_assert(memcmp(in, "later", 5) == 0);
	tlspair_bye(&c.pair);
	ck_assert_int_eq(read_on(&c, in, sizeof(in)), 0);
	ck_assert_int_eq(starttls_session_read(c.session, in, 1), 0);
	ck_assert_int_eq(starttls_session_close(c.session), 0);
	ck_assert_int_eq(starttls_session_close(c.session), 0);
	conn_done(&c);
}
END_TEST

/* A write that is still under way is finished before the goodbye. */
START_TEST(test_session_half_closes_behind_a_blocked_write)
{
	uint8_t *data = large_data(5000);
	size_t taken = 0;
	struct conn c;
	ssize_t n;
	int rc;

	open_usual(&c, _i);
	while ((n = starttls_session_write(c.session, data + taken,
	    5000 - taken)) > 0)
		taken += (size_t)n;
	ck_assert_int_eq(n, STARTTLS_WANT_WRITE);
	while (is_wanting(rc = starttls_session_shutdown(c.session)))
		conn_serve(&c);
	ck_assert_int_eq(rc, 0);
	conn_settle(&c);
	ck_assert_int_eq(c.pair.error, 0);
	ck_assert(c.pair.is_closed_by_client);
	ck_assert_uint_ge(c.pair.received.len, taken);
	ck_assert_uint_le(c.pair.received.len, 5000);
	ck_assert(memcmp(c.pair.received.data + c.pair.received.start, data,
	    c.pair.received.len) == 0);
	conn_done(&c);
	free(data);
}
END_TEST

START_TEST(test_session_lets_the_peer_half_close)
{
	char in[32];
	struct conn c;
	int rc;

	open_usual(&c, _i);
	tlspair_write(&c.pair, "last", 4);
	tlspair_bye(&c.pair);
	ck_assert_int_eq(read_on(&c, in, 4), 4);
	ck_assert_int_eq(read_on(&c, in, 4), 0);
	while (is_wanting(rc = (int)starttls_session_write(c.session,
	    "answer", 6)))
		conn_serve(&c);
	ck_assert_int_eq(rc, 6);
	while (is_wanting(rc = starttls_session_close(c.session)))
		conn_serve(&c);
	ck_assert_int_eq(rc, 0);
	conn_settle(&c);
	ck_assert(c.pair.is_closed_by_client);
	ck_assert_uint_eq(tlspair_read(&c.pair, in, sizeof(in)), 6);
	conn_done(&c);
}
END_TEST

static const struct unread_row {
	const char *name;
	size_t len;
	int code;
} unread_rows[] = {
	{ "little", 100, 0 },
	{ "64 KiB", 65536, 0 },
	{ "too much", 65536 + 20000, STARTTLS_E_LIMIT },
};

/* close() reads what it must not give to anybody, within limits. */
START_TEST(test_session_close_discards)
{
	const struct unread_row *row = &unread_rows[_i / VERSIONS];
	uint8_t *data = large_data(row->len);
	struct conn c;
	int rc;

	open_usual(&c, _i % VERSIONS);
	tlspair_write(&c.pair, data, row->len);
	rc = conn_close(&c);
	ck_assert_msg(rc == row->code, "%s: %s", row->name,
	    starttls_code_name(rc));
	if (rc != 0)
		expect_sticky(c.session, rc);
	conn_done(&c);
	free(data);
}
END_TEST

START_TEST(test_session_notices_truncation)
{
	char in[16];
	struct conn c;

	open_usual(&c, _i);
	tlspair_write(&c.pair, "data", 4);
	while (tlspair_pump(&c.pair) == GNUTLS_E_AGAIN)
		(void)!starttls_session_pending(c.session);
	tlspair_end(&c.pair);
	/* what came before it is delivered */
	ck_assert_int_eq(read_on(&c, in, sizeof(in)), 4);
	ck_assert_int_eq(read_on(&c, in, sizeof(in)), STARTTLS_E_TRUNCATED);
	expect_sticky(c.session, STARTTLS_E_TRUNCATED);
	conn_done(&c);
}
END_TEST

/* The stream ends within a record: at each of its bytes. */
START_TEST(test_session_notices_truncation_within_a_record)
{
	char in[16];
	struct conn c;
	size_t cut;

	for (cut = 1; cut < 26; cut++) { /* the shorter one, of TLS 1.3 */
		open_usual(&c, _i);
		c.pair.to_client.cut_at = c.pair.to_client.total + cut;
		tlspair_write(&c.pair, "data", 4);
		ck_assert_int_eq(read_on(&c, in, sizeof(in)),
		    STARTTLS_E_TRUNCATED);
		expect_sticky(c.session, STARTTLS_E_TRUNCATED);
		conn_done(&c);
	}
}
END_TEST

START_TEST(test_session_close_notices_truncation)
{
	struct conn c;
	int rc;

	open_usual(&c, _i);
	tlspair_end(&c.pair);
	while (is_wanting(rc = starttls_session_close(c.session)))
		conn_serve(&c);
	ck_assert_int_eq(rc, STARTTLS_E_TRUNCATED);
	expect_sticky(c.session, STARTTLS_E_TRUNCATED);
	conn_done(&c);
}
END_TEST

START_TEST(test_session_notices_a_reset)
{
	struct starttls_error error;
	struct conn c;
	char in[4];

	open_usual(&c, _i);
	tlspair_break(&c.pair, ECONNRESET);
	ck_assert_int_eq(read_on(&c, in, sizeof(in)), STARTTLS_E_IO);
	expect_sticky(c.session, STARTTLS_E_IO);
	starttls_session_error(c.session, &error);
	ck_assert_int_eq(error.sys_errno, ECONNRESET);
	conn_done(&c);

	open_usual(&c, _i);
	tlspair_break(&c.pair, EPIPE);
	ck_assert_int_eq(starttls_session_write(c.session, "x", 1),
	    STARTTLS_E_IO);
	expect_sticky(c.session, STARTTLS_E_IO);
	starttls_session_error(c.session, &error);
	ck_assert_int_eq(error.sys_errno, EPIPE);
	conn_done(&c);
}
END_TEST

static const struct garbage_row {
	const char *name;
	const char *bytes;
	size_t len;
} garbage_rows[] = {
	{ "cleartext", "HTTP/1.1 400 Bad Request\r\n\r\n", 28 },
	{ "a forged record",
	  "\x17\x03\x03\x00\x20" "0123456789abcdef0123456789abcdef", 37 },
	{ "a record of nothing", "\x17\x03\x03\x00\x00", 5 },
	{ "a record too long", "\x17\x03\x03\xff\xff" "01234567", 13 },
	{ "a cleartext alert, close_notify",
	  "\x15\x03\x03\x00\x02\x01\x00", 7 },
	{ "a cleartext alert, fatal", "\x15\x03\x03\x00\x02\x02\x28", 7 },
	{ "a cleartext handshake message",
	  "\x16\x03\x03\x00\x04\x00\x00\x00\x00", 9 },
	{ "SSL 2", "\x80\x2e\x01\x03\x01\x00\x15\x00\x00\x00\x10", 11 },
};

START_TEST(test_session_refuses_garbage)
{
	const struct garbage_row *row = &garbage_rows[_i / VERSIONS];
	struct starttls_error error;
	struct conn c;
	char in[16];
	ssize_t n;

	open_usual(&c, _i % VERSIONS);
	/* a false start would wait for the Finished first */
	ck_assert_int_eq(conn_echo(&c, "hello", 5), 0);
	tlspair_put(&c.pair, row->bytes, row->len);
	n = read_on(&c, in, sizeof(in));
	ck_assert_msg(n == STARTTLS_E_TLS, "%s: %zd", row->name, n);
	expect_sticky(c.session, STARTTLS_E_TLS);
	starttls_session_error(c.session, &error);
	ck_assert_msg(error.gnutls_code != 0, "%s: %s", row->name,
	    error.message);
	conn_settle(&c);
	ck_assert_msg(c.pair.error == GNUTLS_E_FATAL_ALERT_RECEIVED,
	    "%s: the server heard %s", row->name,
	    gnutls_strerror(c.pair.error));
	conn_done(&c);
}
END_TEST

START_TEST(test_session_refuses_a_damaged_record)
{
	struct conn c;
	char in[16];
	size_t flip;

	for (flip = 6; flip < 26; flip++) { /* behind the header */
		open_usual(&c, _i);
		ck_assert_int_eq(conn_echo(&c, "hello", 5), 0);
		c.pair.to_client.flip_at = c.pair.to_client.total + flip;
		tlspair_write(&c.pair, "data", 4);
		ck_assert_int_eq(read_on(&c, in, sizeof(in)),
		    STARTTLS_E_TLS);
		expect_sticky(c.session, STARTTLS_E_TLS);
		conn_done(&c);
	}
}
END_TEST

START_TEST(test_session_reports_an_alert)
{
	struct starttls_error error;
	struct conn c;
	char in[16];

	open_usual(&c, _i);
	ck_assert_int_eq(conn_echo(&c, "hello", 5), 0);
	ck_assert_int_eq(gnutls_alert_send(c.pair.server, GNUTLS_AL_FATAL,
	    GNUTLS_A_INTERNAL_ERROR), 0);
	ck_assert_int_eq(read_on(&c, in, sizeof(in)), STARTTLS_E_ALERT);
	expect_sticky(c.session, STARTTLS_E_ALERT);
	starttls_session_error(c.session, &error);
	ck_assert_int_eq(error.alert, GNUTLS_A_INTERNAL_ERROR);
	conn_done(&c);
}
END_TEST

/* Alerts of warning level mean nothing before TLS 1.3, but not for ever. */
START_TEST(test_session_bounds_warnings)
{
	struct conn c;
	char in[16];
	int i;

	open_usual(&c, 0);
	ck_assert_int_eq(conn_echo(&c, "hello", 5), 0);
	for (i = 0; i < 5; i++)
		ck_assert_int_eq(gnutls_alert_send(c.pair.server,
		    GNUTLS_AL_WARNING, GNUTLS_A_USER_CANCELED), 0);
	tlspair_write(&c.pair, "data", 4);
	ck_assert_int_eq(read_on(&c, in, sizeof(in)), 4);
	for (i = 0; i < 20; i++)
		ck_assert_int_eq(gnutls_alert_send(c.pair.server,
		    GNUTLS_AL_WARNING, GNUTLS_A_USER_CANCELED), 0);
	ck_assert_int_eq(read_on(&c, in, sizeof(in)), STARTTLS_E_LIMIT);
	expect_sticky(c.session, STARTTLS_E_LIMIT);
	conn_done(&c);
}
END_TEST

/* RFC 9325 section 3.5; only TLS 1.2 has it. */
START_TEST(test_session_refuses_to_renegotiate)
{
	struct starttls_error error;
	struct conn c;
	char in[16];

	open_usual(&c, 0);
	ck_assert_int_eq(conn_echo(&c, "hello", 5), 0);
	ck_assert_int_eq(gnutls_rehandshake(c.pair.server), 0);
	ck_assert_int_eq(read_on(&c, in, sizeof(in)), STARTTLS_E_TLS);
	expect_sticky(c.session, STARTTLS_E_TLS);
	starttls_session_error(c.session, &error);
	ck_assert_int_eq(error.gnutls_code, GNUTLS_E_REHANDSHAKE);
	conn_done(&c);
}
END_TEST

/* Key updates are not the application's business. */
START_TEST(test_session_updates_keys)
{
	struct conn c;
	int i, rc;

	open_usual(&c, _i * VERSIONS + 1);
	for (i = 0; i < 4; i++) {
		while ((rc = gnutls_session_key_update(c.pair.server,
		    i % 2 == 0 ? GNUTLS_KU_PEER : 0)) == GNUTLS_E_AGAIN)
			ck_assert_int_eq(starttls_session_read(c.session,
			    &rc, 1), STARTTLS_WANT_READ);
		ck_assert_int_eq(rc, 0);
		rc = conn_echo(&c, "behind an update", 16);
		ck_assert_msg(rc == 0, "update %d: %s", i,
		    starttls_code_name(rc));
	}
	ck_assert_int_eq(conn_close(&c), 0);
	conn_done(&c);
}
END_TEST

START_TEST(test_session_bounds_key_updates)
{
	struct conn c;
	char in[16];
	ssize_t n;
	int i;

	open_usual(&c, 1);
	ck_assert_int_eq(conn_echo(&c, "hello", 5), 0);
	c.pair.is_boundless = true;
	for (i = 0; i < 1000; i++)
		ck_assert_int_eq(gnutls_session_key_update(c.pair.server, 0),
		    0);
	n = read_on(&c, in, sizeof(in));
	ck_assert_msg(n == STARTTLS_E_TLS || n == STARTTLS_E_LIMIT, "%zd", n);
	expect_sticky(c.session, (int)n);
	conn_done(&c);
}
END_TEST

/*
 * The handshake, seen from far: no damage to it goes unnoticed.
 */

/* What the server sends for an undisturbed handshake. */
static uint64_t
handshake_size(int version)
{
	uint64_t total;
	struct conn c;

	open_usual(&c, version);
	total = c.pair.to_client.total;
	conn_done(&c);
	return total - 10;         /* signatures vary by some bytes */
}

/* What the server has sent, before any damage. */
static struct {
	uint8_t data[65536];
	size_t len;
} sent_log;

static ssize_t
send_and_log(gnutls_transport_ptr_t ctx, const void *data, size_t len)
{
	ssize_t n = tlspair_server_send(ctx, data, len);

	if (n > 0 && (size_t)n <= sizeof(sent_log.data) - sent_log.len) {
		memcpy(sent_log.data + sent_log.len, data, (size_t)n);
		sent_log.len += (size_t)n;
	}
	return n;
}

static void
log_server(struct tlspair *pair)
{
	sent_log.len = 0;
	gnutls_transport_set_push_function(pair->server, send_and_log);
}

/*
 * Byte number @at is the type or the version of a record, or the content of a
 * ChangeCipherSpec: GnuTLS does not look at them where TLS needs them not.
 */
static bool
is_immaterial(uint64_t at)
{
	size_t header = 0, len = 0;

	for (; header + 5 <= sent_log.len; header += 5 + len) {
		len = (size_t)sent_log.data[header + 3] << 8 |
		    sent_log.data[header + 4];
		if (at <= header + 5 + len)
			return at <= header + 3 || (at == header + 6 &&
			    sent_log.data[header] == 20);
	}
	return false;
}

/* Run with one mishap; whatever comes of it, no data may go through. */
static void
expect_failure(int version, uint64_t flip_at, uint64_t cut_at)
{
	struct conn_spec spec = {
		.policy = test_policy(anchors, 1),
		.server = &servers[version],
		.seed = flip_at + cut_at,
		.prepare = log_server,
	};
	struct conn c;
	int rc;

	ck_assert_int_eq(conn_begin(&c, &spec), 0);
	c.pair.to_client.flip_at = flip_at;
	c.pair.to_client.cut_at = cut_at;
	rc = conn_handshake(&c);
	if (rc == 0)               /* a false start, or the server's own */
		rc = conn_echo(&c, "hello", 5);
	ck_assert_msg(rc != 0 || (flip_at > 0 && is_immaterial(flip_at)),
	    "flip %ju, cut %ju: it works",
	    (uintmax_t)flip_at, (uintmax_t)cut_at);
	ck_assert_msg(rc != HARNESS_OFF_SCRIPT, "flip %ju: other data",
	    (uintmax_t)flip_at);
	/* a length that grew makes us wait for more, rightly */
	ck_assert_msg(rc != HARNESS_STUCK || flip_at != 0, "cut %ju: stuck",
	    (uintmax_t)cut_at);
	conn_done(&c);
	starttls_policy_unref(spec.policy);
}

START_TEST(test_handshake_notices_every_cut)
{
	uint64_t total = handshake_size(_i), at;

	for (at = 1; at <= total; at += STRIDE)
		expect_failure(_i, 0, at);
}
END_TEST

START_TEST(test_handshake_notices_every_flip)
{
	uint64_t total = handshake_size(_i), at;

	for (at = 1; at <= total; at += STRIDE)
		expect_failure(_i, at, 0);
}
END_TEST

/* A leaf that is as large as one wants. */
static void
mint_large(struct mint_cert *ret, size_t size)
{
	uint8_t *filling = large_data(size);
	gnutls_datum_t der;

	mint(ret, &(struct mint_spec){ .cn = "large", .dns = { PEER } },
	    &root);
	ck_assert_int_eq(gnutls_x509_crt_set_extension_by_oid(ret->crt,
	    "1.3.6.1.4.1.32473.2", filling, size, 0), 0);
	ck_assert_int_eq(gnutls_x509_crt_sign2(ret->crt, root.crt, root.key,
	    GNUTLS_DIG_SHA256, 0), 0);
	ck_assert_int_eq(gnutls_x509_crt_export2(ret->crt,
	    GNUTLS_X509_FMT_DER, &der), 0);
	gnutls_x509_crt_deinit(ret->crt);
	gnutls_x509_crt_init(&ret->crt);
	ck_assert_int_eq(gnutls_x509_crt_import(ret->crt, &der,
	    GNUTLS_X509_FMT_DER), 0);
	gnutls_free(der.data);
	free(filling);
}

/* GnuTLS's own limit holds for what it sends, too. */
static void
allow_large(struct tlspair *pair)
{
	gnutls_handshake_set_max_packet_length(pair->server, 2 * LARGE);
}

static const struct size_row {
	size_t size;
	int code;
} size_rows[] = {
	{ 60000, 0 },
	{ 200000, STARTTLS_E_LIMIT },
	{ 300000, STARTTLS_E_LIMIT },
};

START_TEST(test_handshake_is_bounded)
{
	const struct size_row *row = &size_rows[_i / VERSIONS];
	struct mint_cert large;
	const struct mint_cert *sent[] = { &large };
	struct tlspair_server server = { .chain = sent, .n = 1,
	    .priority = priorities[_i % VERSIONS] };
	struct conn_spec spec = { .policy = test_policy(anchors, 1),
	    .server = &server, .prepare = allow_large };
	struct conn c;
	int rc;

	mint_large(&large, row->size);
	rc = conn_run(&c, &spec);
	ck_assert_msg(rc == row->code, "%zu bytes: %s: %s", row->size,
	    starttls_code_name(rc), c.error.message);
	conn_done(&c);
	starttls_policy_unref(spec.policy);
	mint_free(&large);
}
END_TEST

/* Every protocol, through a queue that cuts everything to pieces. */
START_TEST(test_handshake_follows_the_dialog)
{
	const struct starttls_protocol *p = NULL;
	int version = _i % VERSIONS, from, rc;
	struct conn_spec spec = {
		.policy = test_policy(anchors, 1),
		.server = &servers[version],
		.seed = (uint64_t)(_i / VERSIONS),
	};
	struct conn c;

	while ((p = starttls_protocol_next(p)) != NULL)
		for (from = STARTTLS_GREETING; from <= STARTTLS_HANDSHAKE;
		    from++) {
			spec.protocol = starttls_protocol_scheme(p,
			    STARTTLS_GREETING);
			spec.from = (enum starttls_stage)from;
			must_run(&c, &spec);
			rc = conn_echo(&c, "hello", 5);
			ck_assert_msg(rc == 0, "%s from %d: %s",
			    spec.protocol, from, starttls_code_name(rc));
			ck_assert_int_eq(conn_close(&c), 0);
			conn_done(&c);
		}
	starttls_policy_unref(spec.policy);
}
END_TEST

/*
 * The monitor's exchange
 */

static const struct check_row {
	const char *name, *protocol;
	enum starttls_stage from;
	const char *inside[16];
	int code;
	const char *state;         /* of the dialog, after a failure */
} check_rows[] = {
	{ "imap", "imap", STARTTLS_GREETING,
	  { "C: a1 CAPABILITY", "S: * CAPABILITY IMAP4rev1 AUTH=PLAIN",
	    "S: a1 OK done", "C: a2 LOGOUT", "S: * BYE see you",
	    "S: a2 OK done", "S~" }, 0, NULL },
	{ "imaps", "imap", STARTTLS_HANDSHAKE,
	  { "S: * OK ready", "C: a1 CAPABILITY", "S: * CAPABILITY IMAP4rev1",
	    "S: a1 OK done", "C: a2 LOGOUT", "S: * BYE see you",
	    "S: a2 OK done", "S~" }, 0, NULL },
	{ "smtp", "smtp", STARTTLS_GREETING,
	  { "C: EHLO " TEST_HOST_NAME, "S: 250-mail", "S: 250 AUTH PLAIN",
	    "C: QUIT", "S: 221 bye", "S~" }, 0, NULL },
	{ "smtps", "smtp", STARTTLS_HANDSHAKE,
	  { "S: 220 ready", "C: EHLO " TEST_HOST_NAME, "S: 250 mail", "C: QUIT",
	    "S: 221 bye", "S~" }, 0, NULL },
	{ "submission", "submission", STARTTLS_GREETING,
	  { "C: EHLO " TEST_HOST_NAME, "S: 250-mail", "S: 250 AUTH PLAIN",
	    "C: QUIT", "S: 221 bye", "S~" }, 0, NULL },
	{ "submissions", "submission", STARTTLS_HANDSHAKE,
	  { "S: 220-welcome", "S: 220 ready", "C: EHLO " TEST_HOST_NAME,
	    "S: 250 mail", "C: QUIT", "S: 221 bye", "S~" }, 0, NULL },
	{ "nntp", "nntp", STARTTLS_GREETING,
	  { "C: CAPABILITIES", "S: 101 list", "S: VERSION 2", "S: READER",
	    "S: .", "C: QUIT", "S: 205 bye", "S~" }, 0, NULL },
	{ "nntps", "nntp", STARTTLS_HANDSHAKE,
	  { "S: 201 no posting", "C: CAPABILITIES", "S: 101 list",
	    "S: VERSION 2", "S: .", "C: QUIT", "S: 205 bye", "S~" }, 0,
	  NULL },
	{ "ftp", "ftp", STARTTLS_GREETING,
	  { "C: FEAT", "S: 211-Features:", "S:  UTF8", "S: 211 End",
	    "C: QUIT", "S: 221 bye", "S~" }, 0, NULL },
	{ "ftps", "ftp", STARTTLS_HANDSHAKE,
	  { "S: 220 ready", "C: FEAT", "S: 211-Features:", "S:  UTF8",
	    "S: 211 End", "C: QUIT", "S: 221 bye", "S~" }, 0, NULL },

	{ "FEAT is not known", "ftp", STARTTLS_GREETING,
	  { "C: FEAT", "S: 500 what?", "C: QUIT", "S: 221 bye", "S~" }, 0,
	  NULL },
	{ "FEAT needs a login", "ftp", STARTTLS_GREETING,
	  { "C: FEAT", "S: 530 log in first", "C: QUIT", "S: 221 bye",
	    "S~" }, 0, NULL },
	{ "closed after the goodbye, no close_notify", "smtp",
	  STARTTLS_GREETING,
	  { "C: EHLO " TEST_HOST_NAME, "S: 250 mail", "C: QUIT", "S: 221 bye",
	    "S!" }, 0, NULL },
	{ "closed instead of the goodbye", "smtp", STARTTLS_GREETING,
	  { "C: EHLO " TEST_HOST_NAME, "S: 250 mail", "C: QUIT", "S~" }, 0, NULL },
	{ "hung up instead of the goodbye", "smtp", STARTTLS_GREETING,
	  { "C: EHLO " TEST_HOST_NAME, "S: 250 mail", "C: QUIT", "S!" }, 0, NULL },
	{ "reset instead of the goodbye", "smtp", STARTTLS_GREETING,
	  { "C: EHLO " TEST_HOST_NAME, "S: 250 mail", "C: QUIT", "S#" }, 0, NULL },
	{ "LOGOUT hung up", "imap", STARTTLS_GREETING,
	  { "C: a1 CAPABILITY", "S: a1 OK done", "C: a2 LOGOUT",
	    "S: * BYE see you", "S!" }, 0, NULL },
	{ "goodbye refused", "nntp", STARTTLS_GREETING,
	  { "C: CAPABILITIES", "S: 101 list", "S: .", "C: QUIT",
	    "S: 500 what?", "S~" }, 0, NULL },

	{ "EHLO refused", "smtp", STARTTLS_GREETING,
	  { "C: EHLO " TEST_HOST_NAME, "S: 550 not you", "S~" },
	  STARTTLS_E_REFUSED, "EHLO inside TLS" },
	{ "greeting refused", "smtp", STARTTLS_HANDSHAKE,
	  { "S: 554 go away", "S~" }, STARTTLS_E_REFUSED, NULL },
	{ "BYE as a greeting", "imap", STARTTLS_HANDSHAKE,
	  { "S: * BYE go away", "S~" }, STARTTLS_E_REFUSED, NULL },
	{ "CAPABILITY refused", "imap", STARTTLS_GREETING,
	  { "C: a1 CAPABILITY", "S: a1 BAD no", "S~" }, STARTTLS_E_REFUSED,
	  "CAPABILITY" },
	{ "another protocol", "imap", STARTTLS_HANDSHAKE,
	  { "S: 220 smtp here", "S~" }, STARTTLS_E_PROTOCOL, NULL },
	{ "no greeting but HTTP", "smtp", STARTTLS_HANDSHAKE,
	  { "S: HTTP/1.1 400 Bad Request", "S~" }, STARTTLS_E_PROTOCOL,
	  NULL },
	{ "a greeting after the upgrade", "smtp", STARTTLS_GREETING,
	  { "S: 220 hello again", "C: EHLO " TEST_HOST_NAME, "S: 250 mail",
	    "C: QUIT", "S: 221 bye" }, STARTTLS_E_PROTOCOL, NULL },
	{ "closed before the reply", "smtp", STARTTLS_GREETING,
	  { "C: EHLO " TEST_HOST_NAME, "S~" }, STARTTLS_E_EOF, "EHLO inside TLS" },
	{ "hung up before the reply", "smtp", STARTTLS_GREETING,
	  { "C: EHLO " TEST_HOST_NAME, "S!" }, STARTTLS_E_TRUNCATED, NULL },
	{ "closed within the reply", "smtp", STARTTLS_GREETING,
	  { "C: EHLO " TEST_HOST_NAME, "S: 250-mail", "S= 250 AU", "S~" },
	  STARTTLS_E_EOF, "EHLO inside TLS" },
	{ "hung up within the greeting", "nntp", STARTTLS_HANDSHAKE,
	  { "S= 20", "S!" }, STARTTLS_E_TRUNCATED, NULL },
	{ "endless capabilities", "nntp", STARTTLS_GREETING,
	  { "C: CAPABILITIES", "S: 101 list", "S* X-CAPABILITY" },
	  STARTTLS_E_LIMIT, "capability list" },
	{ "endless EHLO", "smtp", STARTTLS_GREETING,
	  { "C: EHLO " TEST_HOST_NAME, "S* 250-X-THING" }, STARTTLS_E_LIMIT,
	  "EHLO inside TLS" },
	{ "endless untagged lines", "imap", STARTTLS_GREETING,
	  { "C: a1 CAPABILITY", "S* * OK still here" }, STARTTLS_E_LIMIT,
	  "CAPABILITY" },
	{ "endless features", "ftp", STARTTLS_GREETING,
	  { "C: FEAT", "S: 211-Features:", "S*  X-FEATURE" },
	  STARTTLS_E_LIMIT, "FEAT" },
	{ "endless goodbye", "imap", STARTTLS_GREETING,
	  { "C: a1 CAPABILITY", "S: a1 OK done", "C: a2 LOGOUT",
	    "S* * BYE bye" }, STARTTLS_E_LIMIT, "LOGOUT" },
};

START_TEST(test_check_follows_the_protocol)
{
	const struct check_row *row = &check_rows[_i / VERSIONS / FEW_SEEDS];
	struct conn_spec spec = {
		.policy = test_policy(anchors, 1),
		.protocol = row->protocol,
		.from = row->from,
		.server = &servers[_i % VERSIONS],
		.seed = (uint64_t)(_i / VERSIONS % FEW_SEEDS),
	};
	struct starttls_report report = { .size = sizeof(report) };
	struct starttls_error error, again;
	struct conn c;
	int rc;

	must_run(&c, &spec);
	c.inside = row->inside;
	rc = conn_check(&c, &error);
	ck_assert_msg(rc == row->code, "%s: %s, not %s: %s (heard \"%.*s\")",
	    row->name, starttls_code_name(rc), starttls_code_name(row->code),
	    rc == 0 ? "" : error.message, (int)c.heard_len, c.heard);
	starttls_session_report(c.session, &report);
	ck_assert_msg(report.exchange_us >= 0, "%s: no time", row->name);
	ck_assert_int_eq(starttls_session_check(c.session, &again), rc);
	if (rc != 0) {
		ck_assert_msg(error.phase == STARTTLS_PHASE_SESSION,
		    "%s: phase %d", row->name, error.phase);
		ck_assert_msg(is_plain_line(error.message), "%s: \"%s\"",
		    row->name, error.message);
		ck_assert_msg(row->state == NULL ||
		    strcmp(row->state, error.state) == 0, "%s: state \"%s\"",
		    row->name, error.state);
		ck_assert_str_eq(error.protocol, row->protocol);
		ck_assert_str_eq(error.message, again.message);
		ck_assert_int_eq(starttls_session_error(c.session, NULL),
		    rc);
	} else {
		ck_assert_int_eq(starttls_session_error(c.session, NULL), 0);
	}
	conn_done(&c);
	starttls_policy_unref(spec.policy);
}
END_TEST

START_TEST(test_check_wants_a_fresh_session)
{
	struct starttls_error error;
	struct conn c;
	char in[8];
	int rc;

	open_usual(&c, _i);
	ck_assert_int_eq(starttls_session_write(c.session, "x", 1), 1);
	ck_assert_int_eq(starttls_session_check(c.session, &error),
	    STARTTLS_E_STATE);
	ck_assert_int_eq(error.code, STARTTLS_E_STATE);
	ck_assert_int_eq(starttls_session_error(c.session, NULL), 0);
	conn_done(&c);

	open_usual(&c, _i);
	tlspair_write(&c.pair, "x", 1);
	ck_assert_int_eq(read_on(&c, in, sizeof(in)), 1);
	ck_assert_int_eq(starttls_session_check(c.session, NULL),
	    STARTTLS_E_STATE);
	conn_done(&c);

	open_usual(&c, _i);
	while (is_wanting(rc = starttls_session_shutdown(c.session)))
		conn_serve(&c);
	ck_assert_int_eq(rc, 0);
	ck_assert_int_eq(starttls_session_check(c.session, NULL),
	    STARTTLS_E_STATE);
	conn_done(&c);
}
END_TEST

/*
 * Channel bindings
 */

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

/*
 * Reports
 */

static const struct trip_row {
	const char *protocol;
	enum starttls_stage from;
	const char *more;          /* for the server's priority */
	int trips;
} trip_rows[] = {
	{ "imap", STARTTLS_GREETING, "", 4 },
	{ "nntp", STARTTLS_GREETING, "", 4 },
	{ "ftp", STARTTLS_GREETING, "", 4 },
	{ "smtp", STARTTLS_GREETING, "", 5 },
	{ "submission", STARTTLS_GREETING, "", 5 },
	{ "imap", STARTTLS_HANDSHAKE, "", 2 },
	{ "nntp", STARTTLS_HANDSHAKE, "", 2 },
	{ "ftp", STARTTLS_HANDSHAKE, "", 2 },
	{ "smtp", STARTTLS_HANDSHAKE, "", 2 },
	{ "submission", STARTTLS_HANDSHAKE, "", 2 },
};

/* TLS 1.2 does it in as many as TLS 1.3, thanks to the false start. */
START_TEST(test_report_counts_round_trips)
{
	const struct trip_row *row = &trip_rows[_i / VERSIONS];
	struct conn_spec spec = {
		.policy = test_policy(anchors, 1),
		.protocol = row->protocol,
		.from = row->from,
		.server = &servers[_i % VERSIONS],
	};
	struct starttls_report report = { .size = sizeof(report) };
	struct conn c;

	must_run(&c, &spec);
	ck_assert_int_eq(starttls_session_report(c.session, &report), 0);
	ck_assert_msg(report.round_trips == row->trips, "%s from %d: %d",
	    row->protocol, row->from, report.round_trips);
	/* they are those until TLS was up */
	ck_assert_int_eq(conn_echo(&c, "hello", 5), 0);
	ck_assert_int_eq(starttls_session_report(c.session, &report), 0);
	ck_assert_int_eq(report.round_trips, row->trips);
	conn_done(&c);
	starttls_policy_unref(spec.policy);
}
END_TEST

/* A group that the first ClientHello has no share for costs one more. */
START_TEST(test_report_counts_a_retry)
{
	struct tlspair_server server = { .chain = chain, .n = 2,
	    .priority = TLS13 ":-GROUP-ALL:+GROUP-SECP521R1" };
	struct conn_spec spec = { .policy = test_policy(anchors, 1),
	    .server = &server };
	struct starttls_report report = { .size = sizeof(report) };
	struct conn c;

	must_run(&c, &spec);
	ck_assert_int_eq(starttls_session_report(c.session, &report), 0);
	ck_assert_int_eq(report.round_trips, 3);
	ck_assert_str_eq(report.group, "SECP521R1");
	conn_done(&c);
	starttls_policy_unref(spec.policy);
}
END_TEST

START_TEST(test_report_says_what_was_negotiated)
{
	int version = _i % VERSIONS;
	bool upgraded = _i / VERSIONS == 0;
	struct conn_spec spec = {
		.policy = test_policy(anchors, 1),
		.from = upgraded ? STARTTLS_GREETING : STARTTLS_HANDSHAKE,
		.name = "MAIL.example.ORG.",
		.port = upgraded ? "1143" : NULL,
		.server = &servers[version],
	};
	struct starttls_report r = { .size = sizeof(r) };
	struct conn c;

	ck_assert_int_eq(conn_begin(&c, &spec), 0);
	ck_assert_int_eq(starttls_upgrade_report(c.upgrade, &r), 0);
	ck_assert_str_eq(r.protocol, "imap");
	ck_assert_str_eq(r.host, PEER);
	ck_assert_str_eq(r.version, "");
	ck_assert_int_eq(r.verified, 0);
	ck_assert_uint_eq(r.chain_len, 0);
	ck_assert_int_eq((int)r.handshake_us, -1);
	ck_assert_int_eq((int)r.total_us, 0);

	ck_assert_int_eq(conn_handshake(&c), 0);
	ck_assert_int_eq(starttls_session_report(c.session, &r), 0);
	ck_assert_str_eq(r.protocol, "imap");
	ck_assert_str_eq(r.scheme, upgraded ? "imap" : "imaps");
	ck_assert_str_eq(r.host, PEER);
	ck_assert_str_eq(r.port, upgraded ? "1143" : "993");
	ck_assert_str_eq(r.address, "");
	ck_assert_int_eq(r.upgraded, upgraded);
	ck_assert_int_eq(r.verified, 1);
	ck_assert_int_eq(r.resumed, 0);
	ck_assert_int_eq(r.false_start, version == 0);
	ck_assert_str_eq(r.version, version == 0 ? "TLS1.2" : "TLS1.3");
	/* the older suites have names of GnuTLS's own */
	ck_assert_str_eq(r.cipher_suite, version == 0 ?
	    "TLS_ECDHE_ECDSA_AES_256_GCM_SHA384" : "TLS_AES_256_GCM_SHA384");
	ck_assert_str_eq(r.group, gnutls_group_get_name(
	    gnutls_group_get(c.pair.server)));
	ck_assert_str_eq(r.signature, version == 0 ? "ECDSA-SHA256" :
	    "ECDSA-SECP256R1-SHA256");
	ck_assert_str_eq(r.alpn, "");
	ck_assert_str_eq(r.compression, "none");
	ck_assert_int_eq(r.staple, STARTTLS_STAPLE_NONE);
	ck_assert_uint_eq(r.verdict, 0);
	ck_assert_uint_eq(r.chain_len, 2);
	ck_assert_int_eq((int)r.resolve_us, -1);
	ck_assert_int_eq((int)r.connect_us, -1);
	ck_assert_int_eq((int)r.exchange_us, -1);
	ck_assert_int_eq(r.greeting_us >= 0, upgraded);
	ck_assert_int_eq(r.preamble_us >= 0, upgraded);
	ck_assert_int_ge((int)r.handshake_us, 0);
	ck_assert_int_eq((int)r.total_us, (int)((upgraded ? r.greeting_us +
	    r.preamble_us : 0) + r.handshake_us));
	conn_done(&c);
	starttls_policy_unref(spec.policy);
}
END_TEST

START_TEST(test_report_refuses_bad_input)
{
	struct starttls_report report = { .size = sizeof(report) };
	struct starttls_cert cert = { .size = sizeof(cert) };
	const uint8_t *der;
	size_t len;
	struct conn_spec spec = { .policy = test_policy(anchors, 1),
	    .server = &servers[1] };
	struct conn c;

	ck_assert_int_eq(conn_begin(&c, &spec), 0);
	ck_assert_int_eq(starttls_upgrade_report(NULL, &report),
	    STARTTLS_E_INVALID);
	ck_assert_int_eq(starttls_upgrade_report(c.upgrade, NULL),
	    STARTTLS_E_INVALID);
	ck_assert_int_eq(starttls_upgrade_cert(NULL, 0, &cert),
	    STARTTLS_E_INVALID);
	ck_assert_int_eq(starttls_upgrade_cert(c.upgrade, 0, NULL),
	    STARTTLS_E_INVALID);
	ck_assert_int_eq(starttls_upgrade_cert(c.upgrade, 0, &cert),
	    STARTTLS_E_INVALID); /* there is none yet */
	ck_assert_int_eq(starttls_upgrade_cert_der(c.upgrade, 0, &der, &len),
	    STARTTLS_E_INVALID);
	ck_assert_int_eq(starttls_upgrade_cert_der(NULL, 0, &der, &len),
	    STARTTLS_E_INVALID);
	ck_assert_ptr_null(starttls_upgrade_take(NULL));
	ck_assert_ptr_null(starttls_upgrade_take(c.upgrade));
	ck_assert_int_eq(conn_handshake(&c), 0);

	report.size--;
	ck_assert_int_eq(starttls_session_report(c.session, &report),
	    STARTTLS_E_INVALID);
	ck_assert_int_eq(starttls_session_report(NULL, &report),
	    STARTTLS_E_INVALID);
	ck_assert_int_eq(starttls_session_report(c.session, NULL),
	    STARTTLS_E_INVALID);
	cert.size++;
	ck_assert_int_eq(starttls_session_cert(c.session, 0, &cert),
	    STARTTLS_E_INVALID);
	cert.size--;
	ck_assert_int_eq(starttls_session_cert(c.session, 0, &cert), 0);
	ck_assert_int_eq(starttls_session_cert(c.session, 2, &cert),
	    STARTTLS_E_INVALID);
	ck_assert_int_eq(starttls_session_cert(c.session, UINT_MAX, &cert),
	    STARTTLS_E_INVALID);
	ck_assert_int_eq(starttls_session_cert(NULL, 0, &cert),
	    STARTTLS_E_INVALID);
	ck_assert_int_eq(starttls_session_cert_der(c.session, 0, NULL, &len),
	    STARTTLS_E_INVALID);
	ck_assert_int_eq(starttls_session_cert_der(c.session, 0, &der, NULL),
	    STARTTLS_E_INVALID);
	conn_done(&c);
	starttls_policy_unref(spec.policy);
}
END_TEST

START_TEST(test_report_shows_certificates)
{
	struct starttls_cert cert = { .size = sizeof(cert) };
	struct conn c;

	open_usual(&c, _i);
	ck_assert_int_eq(starttls_session_cert(c.session, 0, &cert), 0);
	ck_assert_str_eq(cert.subject, "CN=leaf");
	ck_assert_str_eq(cert.issuer, "CN=inter");
	ck_assert_str_eq(cert.names, "DNS:" PEER
	    ", DNS:xn--bcher-kva.example, IP:192.0.2.1, IP:2001:db8::1");
	ck_assert_str_eq(cert.key, "EC SECP256R1 256");
	ck_assert_str_eq(cert.signature, "ECDSA-SHA256");
	ck_assert_int_eq(cert.not_before, MINT_NOW - MINT_DAY);
	ck_assert_int_eq(cert.not_after, MINT_NOW + 90 * MINT_DAY);
	ck_assert_int_eq(cert.is_ca, 0);
	ck_assert_int_eq(strncmp(cert.serial, "4d", 2), 0);
	ck_assert_int_eq(starttls_session_cert(c.session, 1, &cert), 0);
	ck_assert_str_eq(cert.subject, "CN=inter");
	ck_assert_str_eq(cert.names, "");
	ck_assert_int_eq(cert.is_ca, 1);
	conn_done(&c);
}
END_TEST

/* subjectAltName that nobody but an impostor has: { tag, length, value } */
#define N(tag, text) { tag, sizeof(text) - 1, text, 1 }
static const struct {
	struct {
		uint8_t tag;
		size_t len;
		const char *value;
		int times;
	} names[3];
	const char *shown;         /* behind "DNS:mail.example.org" */
} odd_names[] = {
	{ { N(0x82, "a.example, DNS:b.example, IP:10.0.0.1") },
	  ", DNS:a.example\\x2c DNS:b.example\\x2c IP:10.0.0.1" },
	{ { N(0x81, "a,b@example.org"), N(0x86, "ldap:///cn=a,dc=b") },
	  ", email:a\\x2cb@example.org, URI:ldap:///cn=a\\x2cdc=b" },
	{ { N(0x82, "a\0b\x1b[31m\\x2c") },
	  ", DNS:a\\x00b\\x1b[31m\\x5cx2c" },
	{ { N(0x82, "..."), N(0x82, ", ...") }, ", DNS:..., DNS:\\x2c ..." },
	{ { N(0x87, "\x0a\0\0\1") }, ", IP:10.0.0.1" },
	{ { N(0x87, "\x0a\0\0"), N(0x82, "a") }, ", DNS:a, ..." },
	{ { N(0x88, "\x2a\x03"), N(0x82, "a") }, ", DNS:a" },
	/* too long, too many */
	{ { { 0x82, 300, "a", 1 }, N(0x82, "a") }, ", DNS:a, ..." },
	{ { { 0x82, 1, "a", 63 } }, NULL },
	{ { { 0x82, 1, "a", 64 } }, NULL },
	{ { { 0x82, 250, ",", 9 } }, NULL },
};
#undef N

/* Returns the length of the DER. */
static size_t
make_odd_names(uint8_t *der, size_t size, int row)
{
	uint8_t *p = der + 4, *end = der + size;
	size_t i, len;
	int times;

	*p++ = 0x82;
	*p++ = sizeof(PEER) - 1;
	memcpy(p, PEER, sizeof(PEER) - 1);
	p += sizeof(PEER) - 1;
	for (i = 0; i < ARRAY_LEN(odd_names[row].names); i++) {
		len = odd_names[row].names[i].len;
		for (times = odd_names[row].names[i].times; times > 0;
		    times--) {
			ck_assert(p + len + 4 < end);
			*p++ = odd_names[row].names[i].tag;
			*p++ = 0x82;
			*p++ = (uint8_t)(len >> 8);
			*p++ = (uint8_t)len;
			if (odd_names[row].names[i].times > 1 || len >= 250)
				memset(p, odd_names[row].names[i].value[0],
				    len);
			else
				memcpy(p, odd_names[row].names[i].value, len);
			p += len;
		}
	}
	len = (size_t)(p - der - 4);
	der[0] = 0x30;
	der[1] = 0x82;
	der[2] = (uint8_t)(len >> 8);
	der[3] = (uint8_t)len;
	return len + 4;
}

START_TEST(test_report_keeps_names_apart)
{
	static uint8_t der[4096];
	struct starttls_cert cert = { .size = sizeof(cert) };
	const struct mint_cert *const own_chain[] = { &(struct mint_cert){
		.crt = NULL }, &inter };
	struct mint_cert *odd = (struct mint_cert *)(uintptr_t)own_chain[0];
	struct tlspair_server server = { .chain = own_chain, .n = 2 };
	struct conn_spec spec = { .policy = test_policy(anchors, 1),
	    .server = &server };
	const char *shown = odd_names[_i].shown;
	struct conn c;
	size_t len;

	mint(odd, &(struct mint_spec){ .cn = "odd", .raw_san = der,
	    .raw_san_len = make_odd_names(der, sizeof(der), _i) }, &inter);
	must_run(&c, &spec);
	ck_assert_int_eq(starttls_session_cert(c.session, 0, &cert), 0);
	len = strlen(cert.names);
	ck_assert_int_eq(strncmp(cert.names, "DNS:" PEER, 4 +
	    sizeof(PEER) - 1), 0);
	if (shown != NULL)
		ck_assert_str_eq(cert.names + 4 + sizeof(PEER) - 1, shown);
	else
		ck_assert_int_eq(strcmp(cert.names + len - 5, ", ...") == 0,
		    odd_names[_i].names[0].times != 63);
	ck_assert(is_plain_line(cert.names));
	conn_done(&c);
	starttls_policy_unref(spec.policy);
	mint_free(odd);
}
END_TEST

/*
 * SNI and ALPN
 */

static const struct sni_row {
	const char *name, *sent;   /* NULL: none */
} sni_rows[] = {
	{ PEER, PEER },
	{ "MAIL.Example.Org.", PEER },
	{ "b\303\274cher.example", "xn--bcher-kva.example" },
	{ "xn--bcher-kva.example", "xn--bcher-kva.example" },
	{ "192.0.2.1", NULL },
	{ "2001:db8::1", NULL },
};

START_TEST(test_sni_is_the_name_and_never_an_address)
{
	const struct sni_row *row = &sni_rows[_i / VERSIONS];
	struct conn_spec spec = { .policy = test_policy(anchors, 1),
	    .name = row->name, .server = &servers[_i % VERSIONS] };
	char sent[300] = "";
	size_t len = sizeof(sent);
	unsigned type = 0;
	struct conn c;
	int rc;

	must_run(&c, &spec);
	rc = gnutls_server_name_get(c.pair.server, sent, &len, &type, 0);
	if (row->sent == NULL) {
		ck_assert_msg(rc == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE,
		    "%s: %d \"%s\"", row->name, rc, sent);
	} else {
		ck_assert_msg(rc == 0 && type == GNUTLS_NAME_DNS &&
		    len == strlen(row->sent) &&
		    memcmp(sent, row->sent, len) == 0, "%s: \"%s\"",
		    row->name, sent);
		ck_assert_int_eq(gnutls_server_name_get(c.pair.server, sent,
		    &len, &type, 1), GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE);
	}
	conn_done(&c);
	starttls_policy_unref(spec.policy);
}
END_TEST

enum answer { USUAL_ANSWER, MANDATORY_ANSWER, OTHER_ANSWER };

static const struct alpn_row {
	const char *name;
	enum starttls_alpn mode;
	const char *protocol;
	enum starttls_stage from;
	const char *port;
	const char *known;         /* to the server */
	enum answer answer;
	const char *selected;
	int code;
} alpn_rows[] = {
	{ "auto, dedicated port", STARTTLS_ALPN_AUTO, "imap",
	  STARTTLS_HANDSHAKE, NULL, "imap", USUAL_ANSWER, "", 0 },
	{ "auto, dedicated port, named", STARTTLS_ALPN_AUTO, "imap",
	  STARTTLS_HANDSHAKE, "993", "imap", USUAL_ANSWER, "", 0 },
	{ "auto, port 443", STARTTLS_ALPN_AUTO, "imap",
	  STARTTLS_HANDSHAKE, "443", "imap", USUAL_ANSWER, "imap", 0 },
	{ "auto, port 443, server has none", STARTTLS_ALPN_AUTO, "imap",
	  STARTTLS_HANDSHAKE, "443", NULL, USUAL_ANSWER, "", 0 },
	{ "auto, port 443, ftp", STARTTLS_ALPN_AUTO, "ftp",
	  STARTTLS_HANDSHAKE, "443", "ftp", USUAL_ANSWER, "ftp", 0 },
	{ "auto, port 443, nntp", STARTTLS_ALPN_AUTO, "nntp",
	  STARTTLS_HANDSHAKE, "443", "nntp", USUAL_ANSWER, "nntp", 0 },
	{ "auto, port 443, smtp has no id", STARTTLS_ALPN_AUTO, "smtp",
	  STARTTLS_HANDSHAKE, "443", "smtp", USUAL_ANSWER, "", 0 },
	{ "auto, upgrade", STARTTLS_ALPN_AUTO, "imap", STARTTLS_GREETING,
	  NULL, "imap", USUAL_ANSWER, "", 0 },
	{ "auto, upgrade on another port", STARTTLS_ALPN_AUTO, "imap",
	  STARTTLS_GREETING, "1143", "imap", USUAL_ANSWER, "", 0 },
	{ "auto, behind a go-ahead on the usual port", STARTTLS_ALPN_AUTO,
	  "imap", STARTTLS_HANDSHAKE, "143", "imap", USUAL_ANSWER, "", 0 },
	{ "off", STARTTLS_ALPN_OFF, "imap", STARTTLS_HANDSHAKE, "443",
	  "imap", USUAL_ANSWER, "", 0 },
	{ "on, dedicated port", STARTTLS_ALPN_ON, "imap",
	  STARTTLS_HANDSHAKE, NULL, "imap", USUAL_ANSWER, "imap", 0 },
	{ "on, upgrade", STARTTLS_ALPN_ON, "imap", STARTTLS_GREETING, NULL,
	  "imap", USUAL_ANSWER, "imap", 0 },
	{ "on, server has none", STARTTLS_ALPN_ON, "imap",
	  STARTTLS_HANDSHAKE, NULL, NULL, USUAL_ANSWER, "", 0 },
	{ "on, server has another, ignores it", STARTTLS_ALPN_ON, "imap",
	  STARTTLS_HANDSHAKE, NULL, "pop3", USUAL_ANSWER, "", 0 },
	{ "on, server has another, insists", STARTTLS_ALPN_ON, "imap",
	  STARTTLS_HANDSHAKE, NULL, "pop3", MANDATORY_ANSWER, "",
	  STARTTLS_E_ALERT },
	{ "required, server has another, insists", STARTTLS_ALPN_REQUIRE,
	  "imap", STARTTLS_HANDSHAKE, NULL, "pop3", MANDATORY_ANSWER, "",
	  STARTTLS_E_ALERT },
	{ "auto, server has another, insists", STARTTLS_ALPN_AUTO, "imap",
	  STARTTLS_HANDSHAKE, "10993", "pop3", MANDATORY_ANSWER, "",
	  STARTTLS_E_ALERT },
	{ "on, server answers with another", STARTTLS_ALPN_ON, "imap",
	  STARTTLS_HANDSHAKE, NULL, "imap", OTHER_ANSWER, "",
	  STARTTLS_E_ALPN },
	{ "on, smtp has no id", STARTTLS_ALPN_ON, "smtp",
	  STARTTLS_HANDSHAKE, NULL, "smtp", USUAL_ANSWER, "", 0 },
	{ "required", STARTTLS_ALPN_REQUIRE, "imap", STARTTLS_HANDSHAKE,
	  NULL, "imap", USUAL_ANSWER, "imap", 0 },
	{ "required, upgrade", STARTTLS_ALPN_REQUIRE, "imap",
	  STARTTLS_GREETING, NULL, "imap", USUAL_ANSWER, "imap", 0 },
	{ "required, server has none", STARTTLS_ALPN_REQUIRE, "imap",
	  STARTTLS_HANDSHAKE, NULL, NULL, USUAL_ANSWER, "",
	  STARTTLS_E_ALPN },
	{ "required, server has another", STARTTLS_ALPN_REQUIRE, "imap",
	  STARTTLS_HANDSHAKE, NULL, "pop3", USUAL_ANSWER, "",
	  STARTTLS_E_ALPN },
	{ "required, server answers with another", STARTTLS_ALPN_REQUIRE,
	  "imap", STARTTLS_HANDSHAKE, NULL, "imap", OTHER_ANSWER, "",
	  STARTTLS_E_ALPN },
	{ "required, smtp has no id", STARTTLS_ALPN_REQUIRE, "smtp",
	  STARTTLS_HANDSHAKE, NULL, "smtp", USUAL_ANSWER, "",
	  STARTTLS_E_INVALID },
};

START_TEST(test_alpn_follows_the_policy)
{
	const struct alpn_row *row = &alpn_rows[_i / VERSIONS];
	struct tlspair_server server = { .chain = chain, .n = 2,
	    .priority = priorities[_i % VERSIONS],
	    .alpn = { row->known },
	    .alpn_flags = row->answer == MANDATORY_ANSWER ?
		GNUTLS_ALPN_MANDATORY : 0 };
	struct conn_spec spec = { .policy = test_policy(anchors, 1),
	    .protocol = row->protocol, .from = row->from,
	    .port = row->port, .server = &server,
	    .prepare = row->answer == OTHER_ANSWER ?
		conn_answer_other_alpn : NULL };
	struct starttls_report report = { .size = sizeof(report) };
	gnutls_datum_t selected = { NULL, 0 };
	struct conn c;
	int rc;

	ck_assert_int_eq(starttls_policy_set_alpn(spec.policy, row->mode,
	    NULL), 0);
	rc = conn_run(&c, &spec);
	ck_assert_msg(rc == row->code, "%s: %s: %s", row->name,
	    starttls_code_name(rc), c.error.message);
	if (rc == STARTTLS_E_INVALID) {
		conn_done(&c);
		starttls_policy_unref(spec.policy);
		return;
	}
	if (rc == 0)
		starttls_session_report(c.session, &report);
	else
		starttls_upgrade_report(c.upgrade, &report);
	ck_assert_msg(row->code != 0 ||
	    strcmp(report.alpn, row->selected) == 0, "%s: selected \"%s\"",
	    row->name, report.alpn);
	ck_assert_int_eq(report.verified, rc == 0);
	ck_assert_int_eq(report.alpn_refused, 0);
	/* what was asked for is not given up */
	ck_assert_int_eq(starttls_upgrade_alpn_refused(c.upgrade),
	    row->code == STARTTLS_E_ALERT && row->mode == STARTTLS_ALPN_AUTO);
	rc = gnutls_alpn_get_selected_protocol(c.pair.server, &selected);
	if (row->code == 0)
		ck_assert_msg(rc < 0 ? row->selected[0] == '\0' :
		    selected.size == strlen(row->selected) &&
		    memcmp(selected.data, row->selected,
			selected.size) == 0,
		    "%s: the server selected \"%.*s\"", row->name,
		    (int)selected.size, (const char *)selected.data);
	if (row->code == STARTTLS_E_ALPN) {
		ck_assert_msg(c.error.phase == STARTTLS_PHASE_HANDSHAKE &&
		    is_plain_line(c.error.message), "%s: %s", row->name,
		    c.error.message);
		ck_assert_ptr_null(starttls_upgrade_take(c.upgrade));
		ck_assert_msg(c.pair.error == GNUTLS_E_FATAL_ALERT_RECEIVED,
		    "%s: the server heard: %s", row->name,
		    gnutls_strerror(c.pair.error));
	}
	conn_done(&c);
	starttls_policy_unref(spec.policy);
}
END_TEST

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

/* Reading ends at the deadline, also if there is always something to read. */
START_TEST(test_session_reads_until_the_deadline)
{
	struct tlspair_server server = { .chain = chain, .n = 2,
	    .priority = priorities[_i] };
	struct conn_spec spec = { .policy = test_policy(anchors, 1),
	    .server = &server };
	struct starttls_error error;
	struct conn c;
	char data[4];

	ck_assert_int_eq(conn_run(&c, &spec), 0);
	ck_assert_int_eq(conn_echo(&c, "hello", 5), 0);
	tlspair_write(&c.pair, "there is more", 13);
	conn_settle(&c);
	c.session->deadline = STARTTLS_NEVER;
	ck_assert_int_eq(starttls_session_read(c.session, data, 4), 4);
	c.session->deadline = 1;   /* long ago */
	ck_assert_int_eq(starttls_session_read(c.session, data, 4),
	    STARTTLS_E_TIMEOUT);
	ck_assert_int_eq(starttls_session_error(c.session, &error),
	    STARTTLS_E_TIMEOUT);
	conn_done(&c);
	starttls_policy_unref(spec.policy);
}
END_TEST

/*
 * A transport that gives one piece at a time: the go-ahead, and what stands
 * behind it only if it is asked once more.
 */
struct pieces {
	const char *const *next;   /* NULL at the end */
};

static ssize_t
give_piece(void *ctx, void *data, size_t size)
{
	struct pieces *p = ctx;
	size_t len;

	if (*p->next == NULL || strlen(*p->next) > size) {
		errno = EAGAIN;
		return -1;
	}
	len = strlen(*p->next);
	memcpy(data, *p->next++, len);
	return (ssize_t)len;
}

static ssize_t
send_all(void *ctx, const void *data, size_t len)
{
	(void)ctx;
	(void)data;
	return (ssize_t)len;
}

START_TEST(test_upgrade_looks_behind_the_go_ahead)
{
	static const char *const pieces[] = { "220 go ahead\r\n",
	    "250 injected\r\n", NULL };
	struct pieces p = { pieces };
	struct starttls_options options = STARTTLS_OPTIONS_INIT;
	struct starttls_policy *policy = test_policy(anchors, 1);
	struct starttls_upgrade *upgrade;
	struct starttls_error error;
	int rc;

	/* a piece is not there yet while the command is sent */
	options.recv = give_piece;
	options.send = send_all;
	options.transport_context = &p;
	ck_assert_int_eq(starttls_upgrade_new(&upgrade, policy,
	    starttls_protocol_find("smtp"), STARTTLS_COMMAND, PEER, -1,
	    &options, &error), 0);
	p.next = pieces + 2;
	ck_assert_int_eq(starttls_upgrade_step(upgrade, &error),
	    STARTTLS_WANT_READ);
	p.next = pieces;
	rc = starttls_upgrade_step(upgrade, &error);
	ck_assert_msg(rc == STARTTLS_E_EARLY_DATA, "%s: %s",
	    starttls_code_name(rc), error.message);
	starttls_upgrade_free(upgrade);
	starttls_policy_unref(policy);
}
END_TEST

/* Transports that move nothing, or more than there is. */

static ssize_t
greet_once(void *ctx, void *data, size_t size)
{
	static const char greeting[] = "* OK hello\r\n";
	int *greeted = ctx;

	if (*greeted || size < sizeof(greeting) - 1) {
		errno = EAGAIN;
		return -1;
	}
	*greeted = 1;
	memcpy(data, greeting, sizeof(greeting) - 1);
	return sizeof(greeting) - 1;
}

static ssize_t
send_nothing(void *ctx, const void *data, size_t len)
{
	(void)ctx;
	(void)data;
	(void)len;
	return 0;
}

static ssize_t
send_too_much(void *ctx, const void *data, size_t len)
{
	(void)ctx;
	(void)data;
	return (ssize_t)len + 1;
}

START_TEST(test_transport_may_be_broken)
{
	struct starttls_options options = STARTTLS_OPTIONS_INIT;
	struct starttls_policy *policy = test_policy(anchors, 1);
	struct starttls_upgrade *upgrade;
	struct starttls_error error;
	int greeted = _i % 2, rc;

	options.recv = greet_once;
	options.send = _i / 2 == 0 ? send_nothing : send_too_much;
	options.transport_context = &greeted;
	ck_assert_int_eq(starttls_upgrade_new(&upgrade, policy,
	    starttls_protocol_find("imap"), _i % 2 == 0 ? STARTTLS_GREETING :
	    STARTTLS_HANDSHAKE, PEER, -1, &options, &error), 0);
	rc = starttls_upgrade_step(upgrade, &error);
	ck_assert_msg(rc == STARTTLS_E_IO, "%s: %s", starttls_code_name(rc),
	    error.message);
	ck_assert_int_eq(error.sys_errno, EINVAL);
	starttls_upgrade_free(upgrade);
	starttls_policy_unref(policy);
}
END_TEST

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
	  STARTTLS_E_POLICY },
	{ "locked, no passphrase", "client.crt", "locked.key", NULL,
	  STARTTLS_E_POLICY },
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

/*
 * Versions and algorithms
 */

static const struct version_row {
	const char *name;
	int raise[3];              /* in this order */
	const char *server;
	const char *version;       /* NULL: refused */
} version_rows[] = {
	{ "default, both", { 0 }, "NORMAL", "TLS1.3" },
	{ "default, 1.2", { 0 }, TLS12, "TLS1.2" },
	{ "default, 1.1", { 0 }, "NORMAL:-VERS-ALL:+VERS-TLS1.1", NULL },
	{ "default, 1.0", { 0 }, "NORMAL:-VERS-ALL:+VERS-TLS1.0", NULL },
	{ "1.2, 1.2", { STARTTLS_TLS1_2 }, TLS12, "TLS1.2" },
	{ "1.3, 1.3", { STARTTLS_TLS1_3 }, TLS13, "TLS1.3" },
	{ "1.3, both", { STARTTLS_TLS1_3 }, "NORMAL", "TLS1.3" },
	{ "1.3, 1.2", { STARTTLS_TLS1_3 }, TLS12, NULL },
	{ "1.3 and then 1.2, 1.2", { STARTTLS_TLS1_3, STARTTLS_TLS1_2 },
	  TLS12, NULL },
	{ "1.2 and then 1.3, 1.2", { STARTTLS_TLS1_2, STARTTLS_TLS1_3 },
	  TLS12, NULL },
};

/* GnuTLS has a version, and more, before the server has said one. */
static void
must_report_nothing(const struct conn *c, const char *what)
{
	struct starttls_report r = { .size = sizeof(r) };

	ck_assert_int_eq(starttls_upgrade_report(c->upgrade, &r), 0);
	ck_assert_msg(r.version[0] == '\0' && r.cipher_suite[0] == '\0' &&
	    r.group[0] == '\0' && r.signature[0] == '\0' &&
	    r.alpn[0] == '\0' && !r.resumed && !r.false_start,
	    "%s: %s %s %s %s %s", what, r.version, r.cipher_suite, r.group,
	    r.signature, r.alpn);
}

START_TEST(test_version_is_a_ratchet)
{
	const struct version_row *row = &version_rows[_i];
	struct tlspair_server server = { .chain = chain, .n = 2,
	    .priority = row->server };
	struct conn_spec spec = { .policy = test_policy(anchors, 1),
	    .server = &server };
	struct starttls_report report = { .size = sizeof(report) };
	struct conn c;
	size_t i;
	int rc;

	for (i = 0; i < ARRAY_LEN(row->raise) && row->raise[i] != 0; i++)
		ck_assert_int_eq(starttls_policy_raise_min_version(
		    spec.policy, (enum starttls_tls_version)row->raise[i],
		    NULL), 0);
	rc = conn_run(&c, &spec);
	if (row->version == NULL) {
		ck_assert_msg(starttls_code_class(rc) == STARTTLS_CLASS_TLS,
		    "%s: %s", row->name, starttls_code_name(rc));
		ck_assert_msg(is_plain_line(c.error.message), "%s: \"%s\"",
		    row->name, c.error.message);
		must_report_nothing(&c, row->name);
	} else {
		ck_assert_msg(rc == 0, "%s: %s", row->name, c.error.message);
		starttls_session_report(c.session, &report);
		ck_assert_msg(strcmp(report.version, row->version) == 0,
		    "%s: %s", row->name, report.version);
	}
	conn_done(&c);
	starttls_policy_unref(spec.policy);
}
END_TEST

static const struct restrict_row {
	const char *items[2];
	int code;                  /* of the last one */
	const char *server;        /* default: "NORMAL" */
	const char *version, *cipher_suite, *group; /* NULL: whatever */
} restrict_rows[] = {
	{ { "-VERS-TLS1.3" }, 0, NULL, "TLS1.2", NULL, NULL },
	{ { "-VERS-TLS1.2" }, 0, NULL, "TLS1.3", NULL, NULL },
	{ { "-AES-256-GCM" }, 0, TLS13, "TLS1.3", "TLS_CHACHA20_POLY1305_"
	  "SHA256", NULL },
	{ { "-AES-256-GCM:-CHACHA20-POLY1305" }, 0, TLS13, NULL,
	  "TLS_AES_128_GCM_SHA256", NULL },
	{ { "-AES-256-GCM", "-CHACHA20-POLY1305" }, 0, TLS13, NULL,
	  "TLS_AES_128_GCM_SHA256", NULL },
	{ { "-GROUP-X25519:-GROUP-SECP256R1" }, 0, TLS13, NULL, NULL,
	  NULL },
	{ { "-GROUP-ALL" }, STARTTLS_E_INVALID, NULL, NULL, NULL, NULL },
	{ { "-VERS-ALL" }, STARTTLS_E_INVALID, NULL, NULL, NULL, NULL },
	{ { "-SIGN-ALL" }, STARTTLS_E_INVALID, NULL, NULL, NULL, NULL },
	{ { "-CIPHER-ALL" }, STARTTLS_E_INVALID, NULL, NULL, NULL, NULL },
	{ { "-VERS-TLS1.2", "-VERS-TLS1.3" }, STARTTLS_E_INVALID, NULL,
	  "TLS1.3", NULL, NULL },
	{ { "-NONSENSE" }, STARTTLS_E_INVALID, NULL, NULL, NULL, NULL },
	{ { "+VERS-TLS1.1" }, STARTTLS_E_INVALID, NULL, NULL, NULL, NULL },
	{ { "VERS-TLS1.3" }, STARTTLS_E_INVALID, NULL, NULL, NULL, NULL },
	{ { "-VERS-TLS1.2:+VERS-TLS1.1" }, STARTTLS_E_INVALID, NULL, NULL,
	  NULL, NULL },
	{ { "-VERS-TLS1.2:%COMPAT" }, STARTTLS_E_INVALID, NULL, NULL, NULL,
	  NULL },
	{ { "-%COMPAT" }, STARTTLS_E_INVALID, NULL, NULL, NULL, NULL },
	{ { "!VERS-TLS1.2" }, STARTTLS_E_INVALID, NULL, NULL, NULL, NULL },
	{ { "NORMAL" }, STARTTLS_E_INVALID, NULL, NULL, NULL, NULL },
	{ { "-NORMAL" }, STARTTLS_E_INVALID, NULL, NULL, NULL, NULL },
	{ { "@SYSTEM" }, STARTTLS_E_INVALID, NULL, NULL, NULL, NULL },
	{ { "" }, STARTTLS_E_INVALID, NULL, NULL, NULL, NULL },
	{ { "-" }, STARTTLS_E_INVALID, NULL, NULL, NULL, NULL },
	{ { ":" }, STARTTLS_E_INVALID, NULL, NULL, NULL, NULL },
	{ { "-VERS-TLS1.2:" }, STARTTLS_E_INVALID, NULL, NULL, NULL, NULL },
	{ { ":-VERS-TLS1.2" }, STARTTLS_E_INVALID, NULL, NULL, NULL, NULL },
	{ { "-VERS-TLS1.2 " }, STARTTLS_E_INVALID, NULL, NULL, NULL, NULL },
	{ { "-VERS-TLS1.2,+VERS-TLS1.1" }, STARTTLS_E_INVALID, NULL, NULL,
	  NULL, NULL },
	{ { "-VERS-TLS1.2\n+VERS-TLS1.1" }, STARTTLS_E_INVALID, NULL, NULL,
	  NULL, NULL },
};

START_TEST(test_restrict_only_removes)
{
	const struct restrict_row *row = &restrict_rows[_i];
	struct tlspair_server server = { .chain = chain, .n = 2,
	    .priority = row->server };
	struct conn_spec spec = { .policy = test_policy(anchors, 1),
	    .server = &server };
	struct starttls_report report = { .size = sizeof(report) };
	const char *name = row->items[row->items[1] != NULL];
	struct starttls_error error;
	struct conn c;
	int rc;

	rc = starttls_policy_restrict(spec.policy, row->items[0], &error);
	if (row->items[1] != NULL) {
		ck_assert_int_eq(rc, 0);
		rc = starttls_policy_restrict(spec.policy, row->items[1],
		    &error);
	}
	ck_assert_msg(rc == row->code, "\"%s\": %s", name,
	    starttls_code_name(rc));
	ck_assert_msg(rc == 0 || is_plain_line(error.message) ||
	    strchr(name, '\n') != NULL, "\"%s\": %s", name, error.message);
	/* what was refused has no effect */
	must_run(&c, &spec);
	starttls_session_report(c.session, &report);
	ck_assert_msg(strcmp(report.version, row->version != NULL ?
	    row->version : "TLS1.3") == 0, "\"%s\": %s", name,
	    report.version);
	ck_assert_msg(row->cipher_suite == NULL ||
	    strcmp(report.cipher_suite, row->cipher_suite) == 0, "\"%s\": %s",
	    name, report.cipher_suite);
	ck_assert_msg(strstr(name, "GROUP-X25519") == NULL ||
	    (strcmp(report.group, "X25519") != 0 &&
	    strcmp(report.group, "SECP256R1") != 0), "\"%s\": %s", name,
	    report.group);
	conn_done(&c);
	starttls_policy_unref(spec.policy);
}
END_TEST

/* A minimum and a removal that leave nothing are noticed before a dialog. */
START_TEST(test_restrict_and_minimum_may_leave_nothing)
{
	struct conn_spec spec = { .policy = test_policy(anchors, 1),
	    .server = &servers[0] };
	struct conn c;

	ck_assert_int_eq(starttls_policy_restrict(spec.policy,
	    "-VERS-TLS1.3", NULL), 0);
	if (starttls_policy_raise_min_version(spec.policy, STARTTLS_TLS1_3,
	    NULL) == 0) {
		ck_assert_int_eq(conn_begin(&c, &spec), STARTTLS_E_POLICY);
		ck_assert_int_eq(c.error.code, STARTTLS_E_POLICY);
		conn_done(&c);
	}
	starttls_policy_unref(spec.policy);
}
END_TEST

/* What no server may talk us into. */
static const struct weak_row {
	const char *name, *priority;
} weak_rows[] = {
	{ "RSA key transport", TLS12 ":-KX-ALL:+RSA" },
	{ "finite field DHE", TLS12 ":-KX-ALL:+DHE-RSA" },
	{ "DHE in TLS 1.3", TLS13 ":-GROUP-ALL:+GROUP-DH-ALL" },
	{ "CBC", TLS12 ":-CIPHER-ALL:+AES-128-CBC:+AES-256-CBC" },
	{ "3DES", TLS12 ":-CIPHER-ALL:+3DES-CBC" },
	{ "RC4", TLS12 ":-CIPHER-ALL:+ARCFOUR-128" },
	{ "no encryption", TLS12 ":-CIPHER-ALL:+NULL" },
	{ "short tags", TLS12 ":-CIPHER-ALL:+AES-128-CCM-8" },
	{ "anonymous ECDH", TLS12 ":-KX-ALL:+ANON-ECDH" },
	{ "SHA-1 signatures",
	  TLS12 ":-SIGN-ALL:+SIGN-RSA-SHA1:+SIGN-ECDSA-SHA1" },
};

/*
 * A server that does not say that it knows RFC 5746: who is connected to it
 * may be spliced behind somebody else's handshake (CVE-2009-3555).
 */
START_TEST(test_secure_renegotiation_is_required)
{
	struct tlspair_server server = { .chain = chain, .n = 2,
	    .priority = _i == 0 ? TLS12 ":%DISABLE_SAFE_RENEGOTIATION" :
		TLS13 ":%DISABLE_SAFE_RENEGOTIATION" };
	struct conn_spec spec = { .policy = test_policy(anchors, 1),
	    .server = &server };
	struct conn c;
	int rc = conn_run(&c, &spec);

	if (_i == 0) {
		ck_assert_int_eq(rc, STARTTLS_E_TLS);
		ck_assert_ptr_nonnull(strstr(c.error.message, "RFC 5746"));
	} else {
		/* it is of no account there */
		ck_assert_msg(rc == 0, "%s", c.error.message);
	}
	conn_done(&c);
	starttls_policy_unref(spec.policy);
}
END_TEST

START_TEST(test_weak_algorithms_are_never_offered)
{
	const struct weak_row *row = &weak_rows[_i];
	struct mint_cert rsa;
	const struct mint_cert *rsa_chain[] = { &rsa };
	struct tlspair_server server = { .chain = chain, .n = 2,
	    .chain2 = rsa_chain, .n2 = 1, .priority = row->priority };
	struct conn_spec spec = { .policy = test_policy(anchors, 1),
	    .server = &server };
	struct conn c;
	int rc;

	mint(&rsa, &(struct mint_spec){ .cn = "rsa", .dns = { PEER },
	    .key_type = MINT_RSA_2048, .usage = GNUTLS_KEY_DIGITAL_SIGNATURE |
	    GNUTLS_KEY_KEY_ENCIPHERMENT }, &root);
	rc = conn_run(&c, &spec);
	ck_assert_msg(starttls_code_class(rc) == STARTTLS_CLASS_TLS,
	    "%s: %s", row->name, starttls_code_name(rc));
	ck_assert_msg(c.error.alert > 0, "%s: alert %d: %s", row->name,
	    c.error.alert, c.error.message);
	must_report_nothing(&c, row->name);
	conn_done(&c);
	starttls_policy_unref(spec.policy);
	mint_free(&rsa);
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
	INVALID(starttls_policy_identity(q, "x", NULL, NULL, NULL));
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

/*
 * Descriptors: a socket pair, with the tlspair server behind its other end.
 */
struct wire {
	int fd;                    /* the library's */
	int far;
	struct tlspair pair;
};

static void
wire_open(struct wire *w, bool blocking, int version)
{
	int fds[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | (blocking ? 0 :
	    SOCK_NONBLOCK), 0, fds), 0);
	w->fd = fds[0];
	w->far = fds[1];
	tlspair_init(&w->pair, 0);
	w->pair.is_boundless = true;
	if (version >= 0) {
		tlspair_start(&w->pair, &servers[version]);
		w->pair.is_echo = true;
	}
}

/* The server's turn. */
static void
wire_serve(struct wire *w)
{
	char data[16384];
	ssize_t n;

	while ((n = recv(w->far, data, sizeof(data), MSG_DONTWAIT)) > 0)
		ck_assert_int_eq(tlspair_client_send(&w->pair, data,
		    (size_t)n), n);
	if (n == 0)
		tlspair_client_end(&w->pair);
	tlspair_pump(&w->pair);
	while ((n = tlspair_client_recv(&w->pair, data, sizeof(data))) > 0)
		ck_assert_int_eq(send(w->far, data, (size_t)n,
		    MSG_DONTWAIT | MSG_NOSIGNAL), n);
}

static void
wire_close(struct wire *w)
{
	/* what the application opened is still open */
	ck_assert_int_ne(fcntl(w->fd, F_GETFD), -1);
	close(w->fd);
	close(w->far);
	tlspair_done(&w->pair);
}

static struct starttls_session *
wire_session(struct wire *w)
{
	struct starttls_policy *policy = test_policy(anchors, 1);
	struct starttls_session *s;
	struct starttls_upgrade *u;
	struct starttls_error error;
	int rc;

	ck_assert_int_eq(starttls_upgrade_new(&u, policy,
	    starttls_protocol_find("imap"), STARTTLS_HANDSHAKE, PEER, w->fd,
	    NULL, &error), 0);
	starttls_policy_unref(policy);
	ck_assert_int_eq(starttls_upgrade_fd(u), w->fd);
	while (is_wanting(rc = starttls_upgrade_step(u, &error)))
		wire_serve(w);
	ck_assert_msg(rc == 0, "%s", error.message);
	s = starttls_upgrade_take(u);
	ck_assert_ptr_nonnull(s);
	wire_serve(w);
	return s;
}

START_TEST(test_fd_is_borrowed)
{
	bool blocking = _i / VERSIONS == 0;
	struct starttls_session *s;
	struct wire w;
	char in[16];
	int flags;

	wire_open(&w, blocking, _i % VERSIONS);
	flags = fcntl(w.fd, F_GETFL);
	s = wire_session(&w);
	ck_assert_int_eq(starttls_session_fd(s), w.fd);
	ck_assert_int_eq(fcntl(w.fd, F_GETFL), flags);
	/* the mode of the descriptor does not matter */
	ck_assert_int_eq(starttls_session_read(s, in, sizeof(in)),
	    STARTTLS_WANT_READ);
	ck_assert_int_eq(starttls_session_write(s, "hello", 5), 5);
	wire_serve(&w);
	ck_assert_int_eq(starttls_session_read(s, in, sizeof(in)), 5);
	/* with a deadline it may wait, but has no need to */
	ck_assert_int_eq(starttls_session_set_deadline(s, -1), 0);
	ck_assert_int_eq(starttls_session_write(s, "again", 5), 5);
	wire_serve(&w);
	ck_assert_int_eq(starttls_session_read(s, in, sizeof(in)), 5);
	ck_assert(memcmp(in, "again", 5) == 0);
	tlspair_bye(&w.pair);
	wire_serve(&w);
	ck_assert_int_eq(starttls_session_close(s), 0);
	starttls_session_free(s);
	ck_assert_int_eq(fcntl(w.fd, F_GETFL), flags);
	wire_close(&w);
}
END_TEST

START_TEST(test_fd_honours_the_deadline)
{
	struct starttls_session *s;
	struct starttls_error error;
	struct wire w;
	char in[16];

	wire_open(&w, true, _i);
	s = wire_session(&w);
	ck_assert_int_eq(starttls_session_set_deadline(s, 1), 0);
	ck_assert_int_eq(starttls_session_read(s, in, sizeof(in)),
	    STARTTLS_E_TIMEOUT);
	expect_sticky(s, STARTTLS_E_TIMEOUT);
	starttls_session_error(s, &error);
	ck_assert_int_eq(error.error_class, STARTTLS_CLASS_TIMEOUT);
	starttls_session_free(s);
	wire_close(&w);
}
END_TEST

/* A large write with a deadline is all or an error. */
START_TEST(test_fd_write_is_bounded)
{
	uint8_t *data = large_data(4 * LARGE);
	struct starttls_session *s;
	struct wire w;

	wire_open(&w, true, _i);
	s = wire_session(&w);
	ck_assert_int_eq(starttls_session_set_deadline(s, 5), 0);
	ck_assert_int_eq(starttls_session_write(s, data, 4 * LARGE),
	    STARTTLS_E_TIMEOUT);
	starttls_session_free(s);
	wire_close(&w);
	free(data);
}
END_TEST

/* No SIGPIPE: it would end this process. */
START_TEST(test_fd_survives_the_peers_end)
{
	struct starttls_session *s;
	struct starttls_error error;
	struct wire w;
	int i, rc = 0;

	wire_open(&w, true, _i);
	s = wire_session(&w);
	shutdown(w.far, SHUT_RDWR);
	for (i = 0; i < 3 && rc >= 0; i++)
		rc = (int)starttls_session_write(s, "hello", 5);
	ck_assert_int_eq(rc, STARTTLS_E_IO);
	starttls_session_error(s, &error);
	ck_assert_int_eq(error.sys_errno, EPIPE);
	starttls_session_free(s);
	wire_close(&w);
}
END_TEST

START_TEST(test_fd_upgrade_run_has_a_deadline)
{
	static const enum starttls_stage from[] = { STARTTLS_GREETING,
	    STARTTLS_COMMAND, STARTTLS_HANDSHAKE };
	struct starttls_policy *policy = test_policy(anchors, 1);
	struct starttls_upgrade *u;
	struct starttls_error error;
	struct wire w;

	wire_open(&w, true, -1);
	ck_assert_int_eq(starttls_upgrade_new(&u, policy,
	    starttls_protocol_find("imap"), from[_i], PEER, w.fd, NULL,
	    &error), 0);
	ck_assert_int_eq(starttls_upgrade_run(u, -2, &error),
	    STARTTLS_E_INVALID);
	/* 0 does not wait at all */
	ck_assert_int_eq(starttls_upgrade_run(u, 0, &error),
	    STARTTLS_E_TIMEOUT);
	ck_assert_int_eq(error.code, STARTTLS_E_TIMEOUT);
	ck_assert_int_eq(error.phase, from[_i] == STARTTLS_GREETING ?
	    STARTTLS_PHASE_GREETING : from[_i] == STARTTLS_COMMAND ?
	    STARTTLS_PHASE_PREAMBLE : STARTTLS_PHASE_HANDSHAKE);
	ck_assert(is_plain_line(error.message));
	ck_assert_int_eq(starttls_upgrade_run(u, 0, NULL),
	    STARTTLS_E_TIMEOUT);
	ck_assert_int_eq(starttls_upgrade_step(u, NULL), STARTTLS_E_TIMEOUT);
	starttls_upgrade_free(u);
	wire_close(&w);
	starttls_policy_unref(policy);
}
END_TEST

/* Entering late: what the application's reader holds, and what lies there. */
static const struct entry_row {
	const char *name;
	enum starttls_stage from;
	const char *protocol;
	const char *pending;       /* held by the application */
	const char *waiting;       /* in the socket */
	int code;
	bool may_speak;            /* something is sent before it fails */
} entry_rows[] = {
	{ "command", STARTTLS_COMMAND, "imap", NULL, NULL,
	  STARTTLS_WANT_READ, true },
	{ "command, nothing pending", STARTTLS_COMMAND, "imap", "", NULL,
	  STARTTLS_WANT_READ, true },
	{ "handshake", STARTTLS_HANDSHAKE, "imap", NULL, NULL,
	  STARTTLS_WANT_READ, true },
	{ "handshake, nothing pending", STARTTLS_HANDSHAKE, "imap", "", NULL,
	  STARTTLS_WANT_READ, true },
	{ "command, a byte pending", STARTTLS_COMMAND, "smtp", "\n", NULL,
	  STARTTLS_E_EARLY_DATA, false },
	{ "command, premature go-ahead pending", STARTTLS_COMMAND, "smtp",
	  "220 go\r\n", NULL, STARTTLS_E_EARLY_DATA, false },
	{ "command, premature go-ahead pending", STARTTLS_COMMAND, "imap",
	  "a1 OK go\r\n", NULL, STARTTLS_E_EARLY_DATA, false },
	{ "command, half a line pending", STARTTLS_COMMAND, "nntp", "38",
	  NULL, STARTTLS_E_EARLY_DATA, false },
	{ "command, premature go-ahead waiting", STARTTLS_COMMAND, "smtp",
	  NULL, "220 go\r\n", STARTTLS_E_EARLY_DATA, false },
	{ "command, premature go-ahead waiting", STARTTLS_COMMAND, "imap",
	  NULL, "a1 OK go\r\n", STARTTLS_E_EARLY_DATA, false },
	{ "command, premature go-ahead waiting", STARTTLS_COMMAND, "ftp",
	  NULL, "234 go\r\n", STARTTLS_E_EARLY_DATA, false },
	{ "command, untagged line pending", STARTTLS_COMMAND, "imap",
	  "* 1 EXISTS\r\n", NULL, STARTTLS_WANT_READ, true },
	{ "command, untagged line waiting", STARTTLS_COMMAND, "imap", NULL,
	  "* 1 EXISTS\r\n", STARTTLS_WANT_READ, true },
	{ "command, go-ahead behind an untagged line", STARTTLS_COMMAND,
	  "imap", NULL, "* 1 EXISTS\r\na1 OK go\r\n", STARTTLS_E_EARLY_DATA,
	  false },
	{ "command, BYE pending", STARTTLS_COMMAND, "imap", "* BYE\r\n",
	  NULL, STARTTLS_E_REFUSED, false },
	{ "handshake, a byte pending", STARTTLS_HANDSHAKE, "imap", "\n",
	  NULL, STARTTLS_E_EARLY_DATA, false },
	{ "handshake, a reply pending", STARTTLS_HANDSHAKE, "smtp",
	  "250 ok\r\n", NULL, STARTTLS_E_EARLY_DATA, false },
	{ "handshake, TLS-looking bytes pending", STARTTLS_HANDSHAKE, "imap",
	  "\x16\x03\x03", NULL, STARTTLS_E_EARLY_DATA, false },
	{ "handshake, cleartext waiting", STARTTLS_HANDSHAKE, "imap", NULL,
	  "* OK ready\r\n", STARTTLS_E_NOT_TLS, false },
	{ "handshake, TLS-looking bytes waiting", STARTTLS_HANDSHAKE, "imap",
	  NULL, "\x15\x03\x03", STARTTLS_E_NOT_TLS, false },
};

START_TEST(test_fd_entry_refuses_early_data)
{
	const struct entry_row *row = &entry_rows[_i];
	struct starttls_policy *policy = test_policy(anchors, 1);
	struct starttls_options options = STARTTLS_OPTIONS_INIT;
	struct starttls_upgrade *u;
	struct starttls_error error;
	struct wire w;
	char in[1024];
	ssize_t n;
	int rc;

	wire_open(&w, true, -1);
	options.pending = row->pending;
	options.pending_len = row->pending != NULL ?
	    strlen(row->pending) : 0;
	if (row->waiting != NULL)
		ck_assert_int_eq(send(w.far, row->waiting,
		    strlen(row->waiting), 0), (ssize_t)strlen(row->waiting));
	ck_assert_int_eq(starttls_upgrade_new(&u, policy,
	    starttls_protocol_find(row->protocol), row->from, PEER, w.fd,
	    &options, &error), 0);
	rc = starttls_upgrade_step(u, &error);
	ck_assert_msg(rc == row->code, "%s: %s", row->name,
	    starttls_code_name(rc));
	n = recv(w.far, in, sizeof(in), MSG_DONTWAIT);
	ck_assert_msg((n > 0) == row->may_speak, "%s: %zd bytes were sent",
	    row->name, n);
	if (!is_wanting(rc)) {
		ck_assert_msg(is_plain_line(error.message), "%s: \"%s\"",
		    row->name, error.message);
		ck_assert_int_eq(starttls_upgrade_step(u, NULL), rc);
		ck_assert_ptr_null(starttls_upgrade_take(u));
	}
	starttls_upgrade_free(u);
	wire_close(&w);
	starttls_policy_unref(policy);
}
END_TEST

/* Cleartext in place of TLS, and the end: it is not the end that matters. */
START_TEST(test_fd_short_cleartext_is_not_tls)
{
	static const char *const texts[] = { "-", "no", "-ER", "* BY",
	    "-ERR\n", "-ERR no", "421 too many connections\r\n" };
	struct starttls_policy *policy = test_policy(anchors, 1);
	bool upgraded = _i % 2 != 0;
	const char *text = texts[_i / 2];
	struct starttls_upgrade *u;
	struct starttls_error error;
	struct wire w;

	wire_open(&w, true, -1);
	ck_assert_int_eq(starttls_upgrade_new(&u, policy,
	    starttls_protocol_find("nntp"), upgraded ? STARTTLS_COMMAND :
	    STARTTLS_HANDSHAKE, PEER, w.fd, NULL, &error), 0);
	ck_assert_int_eq(starttls_upgrade_step(u, &error),
	    STARTTLS_WANT_READ);
	if (upgraded) {
		ck_assert_int_eq(send(w.far, "382 go\r\n", 8, 0), 8);
		ck_assert_int_eq(starttls_upgrade_step(u, &error),
		    STARTTLS_WANT_READ);
	}
	ck_assert_int_eq(send(w.far, text, strlen(text), 0),
	    (ssize_t)strlen(text));
	shutdown(w.far, SHUT_WR);
	ck_assert_int_eq(starttls_upgrade_run(u, -1, &error),
	    STARTTLS_E_NOT_TLS);
	ck_assert_int_eq(memcmp(error.reply, text, 1), 0);
	ck_assert(is_plain_line(error.message));
	starttls_upgrade_free(u);
	wire_close(&w);
	starttls_policy_unref(policy);
}
END_TEST

/* The peer is gone before anything was said. */
START_TEST(test_fd_notices_a_closed_peer)
{
	static const enum starttls_stage from[] = { STARTTLS_GREETING,
	    STARTTLS_COMMAND, STARTTLS_HANDSHAKE };
	struct starttls_policy *policy = test_policy(anchors, 1);
	struct starttls_upgrade *u;
	struct starttls_error error;
	struct wire w;

	wire_open(&w, true, -1);
	shutdown(w.far, SHUT_WR);
	ck_assert_int_eq(starttls_upgrade_new(&u, policy,
	    starttls_protocol_find("nntp"), from[_i], PEER, w.fd, NULL,
	    &error), 0);
	ck_assert_int_eq(starttls_upgrade_run(u, -1, &error),
	    STARTTLS_E_EOF);
	ck_assert_int_eq(error.error_class, STARTTLS_CLASS_CLOSED);
	starttls_upgrade_free(u);
	wire_close(&w);
	starttls_policy_unref(policy);
}
END_TEST

/*
 * The suite
 */

#define add_both(tc, test) tcase_add_loop_test(tc, test, 0, VERSIONS)
#define add_seeds(tc, test) \
	tcase_add_loop_test(tc, test, 0, VERSIONS * SEEDS)
#define add_rows(tc, test, rows) \
	tcase_add_loop_test(tc, test, 0, (int)ARRAY_LEN(rows))
#define add_rows_both(tc, test, rows) \
	tcase_add_loop_test(tc, test, 0, (int)(VERSIONS * ARRAY_LEN(rows)))

static TCase *
new_case(Suite *s, const char *name)
{
	TCase *tc = tcase_create(name);

	tcase_add_unchecked_fixture(tc, mint_all, free_all);
	tcase_set_timeout(tc, 300);
	suite_add_tcase(s, tc);
	return tc;
}

static void
add_streams(Suite *s)
{
	TCase *tc = new_case(s, "stream");

	add_seeds(tc, test_session_echoes);
	add_both(tc, test_session_sends_much);
	tcase_add_loop_test(tc, test_session_sends_much, 3 * VERSIONS,
	    4 * VERSIONS);
	add_both(tc, test_session_receives_much);
	tcase_add_loop_test(tc, test_session_receives_much, 3 * VERSIONS,
	    4 * VERSIONS);
	add_seeds(tc, test_session_wants_and_loses_nothing);
	add_seeds(tc, test_session_tells_what_is_pending);

	tc = new_case(s, "end");
	add_seeds(tc, test_session_half_closes);
	add_seeds(tc, test_session_half_closes_behind_a_blocked_write);
	add_seeds(tc, test_session_lets_the_peer_half_close);
	add_rows_both(tc, test_session_close_discards, unread_rows);
	add_seeds(tc, test_session_notices_truncation);
	add_seeds(tc, test_session_notices_truncation_within_a_record);
	add_seeds(tc, test_session_close_notices_truncation);
	add_seeds(tc, test_session_notices_a_reset);
	add_rows_both(tc, test_session_refuses_garbage, garbage_rows);
	add_both(tc, test_session_refuses_a_damaged_record);
	add_both(tc, test_session_reports_an_alert);
	tcase_add_test(tc, test_session_bounds_warnings);
	tcase_add_test(tc, test_session_refuses_to_renegotiate);
	tcase_add_loop_test(tc, test_session_updates_keys, 0, SEEDS);
	tcase_add_test(tc, test_session_bounds_key_updates);
}

static void
add_handshakes(Suite *s)
{
	TCase *tc = new_case(s, "handshake");

	add_both(tc, test_handshake_notices_every_cut);
	add_both(tc, test_handshake_notices_every_flip);
	add_rows_both(tc, test_handshake_is_bounded, size_rows);
	tcase_add_loop_test(tc, test_handshake_follows_the_dialog, 0,
	    3 * VERSIONS * SEEDS);
	add_rows_both(tc, test_sni_is_the_name_and_never_an_address,
	    sni_rows);
	add_rows_both(tc, test_alpn_follows_the_policy, alpn_rows);
	add_rows(tc, test_version_is_a_ratchet, version_rows);
	add_rows(tc, test_restrict_only_removes, restrict_rows);
	tcase_add_test(tc, test_restrict_and_minimum_may_leave_nothing);
	tcase_add_loop_test(tc, test_secure_renegotiation_is_required, 0, 2);
	add_rows(tc, test_weak_algorithms_are_never_offered, weak_rows);

	tc = new_case(s, "identity");
	tcase_add_unchecked_fixture(tc, write_identity, remove_identity);
	tcase_add_test(tc, test_handshake_needs_a_certificate);
	tcase_add_loop_test(tc, test_session_reads_until_the_deadline, 0,
	    VERSIONS);
	tcase_add_test(tc, test_upgrade_looks_behind_the_go_ahead);
	tcase_add_loop_test(tc, test_transport_may_be_broken, 0, 4);
	tcase_add_test(tc, test_policy_is_a_ratchet);
	add_rows_both(tc, test_identity_is_shown_if_asked_for,
	    identity_rows);
	tcase_add_loop_test(tc, test_identity_is_shown_whatever_is_listed, 0,
	    2 * VERSIONS);
	tcase_add_test(tc, test_identity_is_for_signatures);
	add_rows(tc, test_identity_comes_from_files, file_rows);
}

static void
add_answers(Suite *s)
{
	TCase *tc = new_case(s, "check");

	tcase_add_loop_test(tc, test_check_follows_the_protocol, 0,
	    (int)(VERSIONS * FEW_SEEDS * ARRAY_LEN(check_rows)));
	add_both(tc, test_check_wants_a_fresh_session);

	tc = new_case(s, "binding");
	add_seeds(tc, test_binding_exporter_is_the_servers);
	tcase_add_loop_test(tc, test_binding_unique_is_the_servers, 0, SEEDS);
	tcase_add_test(tc, test_binding_wants_the_extended_master_secret);
	add_rows_both(tc, test_binding_end_point_is_the_certificates_digest,
	    end_point_rows);
	tcase_add_test(tc, test_binding_refuses_bad_input);

	tc = new_case(s, "report");
	add_rows_both(tc, test_report_counts_round_trips, trip_rows);
	tcase_add_test(tc, test_report_counts_a_retry);
	tcase_add_loop_test(tc, test_report_says_what_was_negotiated, 0,
	    2 * VERSIONS);
	tcase_add_test(tc, test_report_refuses_bad_input);
	add_both(tc, test_report_shows_certificates);
	tcase_add_loop_test(tc, test_report_keeps_names_apart, 0,
	    ARRAY_LEN(odd_names));
}

static void
add_misuse(Suite *s)
{
	TCase *tc = new_case(s, "misuse");

	tcase_add_test(tc, test_policy_describes_itself);
	add_rows(tc, test_pins_are_parsed, pin_rows);
	tcase_add_test(tc, test_policy_refuses_bad_input);
	tcase_add_test(tc, test_policy_freezes);
	add_both(tc, test_policy_lives_as_long_as_it_is_used);
	add_rows(tc, test_upgrade_refuses_bad_options, option_rows);
	tcase_add_test(tc, test_upgrade_refuses_bad_input);
	add_both(tc, test_session_refuses_bad_input);

	tc = new_case(s, "descriptor");
	tcase_add_loop_test(tc, test_fd_is_borrowed, 0, 2 * VERSIONS);
	add_both(tc, test_fd_honours_the_deadline);
	add_both(tc, test_fd_write_is_bounded);
	add_both(tc, test_fd_survives_the_peers_end);
	tcase_add_loop_test(tc, test_fd_upgrade_run_has_a_deadline, 0, 3);
	add_rows(tc, test_fd_entry_refuses_early_data, entry_rows);
	tcase_add_loop_test(tc, test_fd_short_cleartext_is_not_tls, 0, 14);
	tcase_add_loop_test(tc, test_fd_notices_a_closed_peer, 0, 3);
}

int
main(void)
{
	Suite *s = suite_create("session");

	add_streams(s);
	add_handshakes(s);
	add_answers(s);
	add_misuse(s);
	return run_suite(s);
}
