/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/* What a signal does to who waits. */

#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "session.h"
#include "standstill.h"
#include "upgrade.h"

static void
expect_interrupted(const struct starttls_error *error,
		   enum starttls_phase phase)
{
	ck_assert_int_eq(error->code, STARTTLS_E_INTERRUPTED);
	ck_assert_int_eq(error->error_class, STARTTLS_CLASS_LOCAL);
	ck_assert_int_eq(error->sys_errno, EINTR);
	ck_assert(phase == STARTTLS_PHASE_NONE ||
	    error->phase == (int)phase);
	ck_assert(is_plain_line(error->message));
}

static const char *const protocols[] = { "imap", "smtp", "submission", "pop3",
	"ftp", "nntp" };

/* All the way, with a signal in every other wait, at every stage. */
START_TEST(test_wait_runs_through_signals)
{
	const char *protocol = protocols[_i / 4];
	bool told = _i % 2 == 0;
	struct starttls_error error;
	struct conn c;
	int rc;

	begin(&c, protocol, STARTTLS_GREETING, _i / 2 % 2);
	c.upgrade->session->io.interruptible = told;
	world.signal_every = 2;
	while ((rc = starttls_upgrade_run(c.upgrade, 1000, &error)) ==
	    STARTTLS_E_INTERRUPTED) {
		ck_assert(told);
		expect_interrupted(&error, STARTTLS_PHASE_NONE);
	}
	ck_assert_msg(rc == 0, "%s: %s", protocol, error.message);
	ck_assert_uint_ge(world.signals, 2);
	c.session = starttls_upgrade_take(c.upgrade);
	ck_assert_ptr_nonnull(c.session);
	c.upgrade = NULL;
	conn_settle(&c);
	ck_assert_int_eq(c.pair.error, 0);
	ck_assert(!c.off_script);

	/* the session is of the same kind */
	world.turn = silent_turn;
	ck_assert_int_eq(do_read(&c), told ? STARTTLS_E_INTERRUPTED :
	    STARTTLS_E_TIMEOUT);
	conn_done(&c);
}
END_TEST

/* The next piece of what is to be read, now and then. */
static const uint8_t *to_say;
static size_t to_say_len;

static void
feeding_turn(struct conn *c)
{
	size_t len = to_say_len < 700 ? to_say_len : 700;

	if (world.turns % 5 == 0) {
		tlspair_write(&c->pair, to_say, len);
		to_say += len;
		to_say_len -= len;
	}
	conn_serve(c);
}

/* Not one byte is lost or comes twice, in either direction. */
START_TEST(test_wait_loses_nothing_to_signals)
{
	uint8_t *data = large_data(), *in = malloc(LARGE);
	unsigned told = 0;
	size_t got = 0;
	struct conn c;
	ssize_t n;

	ck_assert_ptr_nonnull(in);
	open_interruptible(&c, _i % 2);
	world.signal_every = (unsigned)_i / 2 + 2;
	world.turns = 30;          /* slow_turn has no more to say */
	world.room = 0;
	world.turn = slow_turn;
	while ((n = starttls_session_write(c.session, data, LARGE)) ==
	    STARTTLS_E_INTERRUPTED)
		told++;
	ck_assert_int_eq(n, LARGE);
	ck_assert_uint_gt(told, 3);
	expect_arrived(&c, data, LARGE);

	world.turn = feeding_turn;
	to_say = data;
	to_say_len = LARGE;
	while (got < LARGE) {
		n = starttls_session_read(c.session, in + got, LARGE - got);
		if (n == STARTTLS_E_INTERRUPTED) {
			told++;
			continue;
		}
		ck_assert_int_gt(n, 0);
		got += (size_t)n;
	}
	ck_assert(memcmp(in, data, LARGE) == 0);
	ck_assert_uint_eq(told, world.signals);
	ck_assert_int_eq(starttls_session_error(c.session, NULL), 0);
	conn_done(&c);
	free(data);
	free(in);
}
END_TEST

/* After a part of a write is gone, only the same write can follow. */
START_TEST(test_wait_writes_nothing_else_after_a_signal)
{
	uint8_t *data = large_data();
	struct conn c;

	open_interruptible(&c, _i);
	world.signal_every = 1;
	world.room = 50000;
	ck_assert_int_eq(starttls_session_write(c.session, data, LARGE),
	    STARTTLS_E_INTERRUPTED);
	ck_assert_int_eq(starttls_session_write(c.session, "QUIT\r\n", 6),
	    STARTTLS_E_STATE);
	ck_assert_int_eq(starttls_session_write(c.session, data, LARGE - 1),
	    STARTTLS_E_STATE);
	ck_assert_int_eq(starttls_session_error(c.session, NULL), 0);
	ck_assert_int_eq(do_read(&c), STARTTLS_E_INTERRUPTED);
	world.signal_every = 0;
	world.room = SIZE_MAX;
	ck_assert_int_eq(starttls_session_write(c.session, data, LARGE),
	    LARGE);
	expect_arrived(&c, data, LARGE);
	ck_assert_int_eq(starttls_session_write(c.session, "QUIT\r\n", 6), 6);
	conn_done(&c);
	free(data);
}
END_TEST

/* What a server says to starttls_session_check(), slowly. */
static const char *const monitored[] = { "S: * OK ready", "C: a1 CAPABILITY",
	"S: * CAPABILITY IMAP4rev1", "S: a1 OK", "C: a2 LOGOUT", "S: * BYE",
	"S: a2 OK", "S~", NULL };

static void
stingy_turn(struct conn *c)
{
	if (world.turns % 10 == 0)
		world.room = 20;
	conn_serve(c);
}

static const struct signal_row {
	const char *name;
	ssize_t (*call)(struct conn *c);
	bool checks;
} signal_rows[] = {
	{ "close", do_close, false },
	{ "check", do_check, true },
};

START_TEST(test_wait_ends_well_in_spite_of_signals)
{
	const struct signal_row *row = &signal_rows[_i / 2];
	unsigned told = 0;
	struct conn c;
	ssize_t n;

	open_interruptible(&c, _i % 2);
	if (row->checks)
		c.inside = monitored;
	else
		tlspair_bye(&c.pair);
	world.signal_every = 2;
	world.room = 0;
	world.turn = stingy_turn;
	while ((n = row->call(&c)) == STARTTLS_E_INTERRUPTED)
		told++;
	ck_assert_msg(n == 0, "%s: %zd", row->name, n);
	ck_assert_uint_gt(told, 0);
	ck_assert_uint_eq(told, world.signals);
	ck_assert_int_eq(starttls_session_error(c.session, NULL), 0);
	conn_done(&c);
}
END_TEST

START_TEST(test_wait_tells_of_signals_only_if_asked)
{
	char in[16];
	struct conn c;

	open_waiting(&c, _i, -1);
	world.signal_every = 2;
	world.turns = 0;
	world.turn = slow_turn;
	while (world.turns < 20)
		ck_assert_int_eq(starttls_session_read(c.session, in,
		    sizeof(in)), 4);
	ck_assert_uint_ge(world.signals, 10);
	conn_done(&c);
}
END_TEST

/* A timer that comes again and again must not put silence back. */
START_TEST(test_wait_counts_silence_over_signals)
{
	struct conn c;
	int64_t start;
	ssize_t n;

	open_interruptible(&c, _i);
	ck_assert_int_eq(starttls_session_set_idle(c.session, IDLE_MS), 0);
	world.signal_every = 7;
	world.turn = silent_turn;
	start = world.now_us;
	while ((n = do_read(&c)) == STARTTLS_E_INTERRUPTED)
		continue;
	ck_assert_int_eq(n, STARTTLS_E_TIMEOUT);
	ck_assert_int_eq(elapsed_ms(start), IDLE_MS);
	ck_assert_uint_gt(world.signals, 10);
	conn_done(&c);
}
END_TEST

/* Functions of the application that block are interrupted themselves. */
START_TEST(test_wait_tells_of_signals_in_a_transport)
{
	const char *protocol = protocols[_i / 4];
	bool told = _i % 2 == 0;
	struct starttls_error error;
	unsigned count = 0;
	struct conn c;
	int rc;

	begin(&c, protocol, STARTTLS_GREETING, _i / 2 % 2);
	c.upgrade->session->io.interruptible = told;
	c.upgrade->session->io.fd = -1;
	world.eintr_every = 2;
	for (;;) {
		rc = starttls_upgrade_step(c.upgrade, &error);
		if (rc == STARTTLS_E_INTERRUPTED) {
			expect_interrupted(&error, STARTTLS_PHASE_NONE);
			count++;
		} else if (is_wanting(rc)) {
			conn_serve(&c);
		} else {
			break;
		}
	}
	ck_assert_msg(rc == 0, "%s: %s", protocol, error.message);
	ck_assert(!c.off_script);
	c.session = starttls_upgrade_take(c.upgrade);
	c.upgrade = NULL;
	conn_settle(&c);
	tlspair_write(&c.pair, "x", 1);
	conn_settle(&c);
	while ((rc = (int)do_read(&c)) != 1) {
		ck_assert(rc == STARTTLS_E_INTERRUPTED || is_wanting(rc));
		count += rc == STARTTLS_E_INTERRUPTED;
	}
	while ((rc = (int)do_write(&c)) != 300) {
		ck_assert_int_eq(rc, STARTTLS_E_INTERRUPTED);
		count++;
	}
	ck_assert_uint_ge(world.signals, 4);
	ck_assert_uint_eq(count, told ? world.signals : 0);
	ck_assert_int_eq(starttls_session_error(c.session, NULL), 0);
	conn_done(&c);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("interrupted");
	TCase *signals = standstill_case(suite, "signals");

	tcase_add_loop_test(signals, test_wait_runs_through_signals, 0,
	    4 * ARRAY_LEN(protocols));
	tcase_add_loop_test(signals, test_wait_loses_nothing_to_signals, 0,
	    12);
	tcase_add_loop_test(signals,
	    test_wait_writes_nothing_else_after_a_signal, 0, 2);
	tcase_add_loop_test(signals, test_wait_ends_well_in_spite_of_signals,
	    0, 2 * ARRAY_LEN(signal_rows));
	tcase_add_loop_test(signals, test_wait_tells_of_signals_only_if_asked,
	    0, 2);
	tcase_add_loop_test(signals, test_wait_counts_silence_over_signals, 0,
	    2);
	tcase_add_loop_test(signals,
	    test_wait_tells_of_signals_in_a_transport, 0,
	    4 * ARRAY_LEN(protocols));
	return run_suite(suite);
}
