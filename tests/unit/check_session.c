/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * The session: reading, writing and endings.
 *
 * Most tests loop over both versions of TLS, and over seeds of a queue that
 * moves a little at a time.
 */

#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "usual.h"

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

int
main(void)
{
	Suite *s = suite_create("session");
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
	return run_suite(s);
}
