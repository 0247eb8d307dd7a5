/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * Waiting: who waits and who does not, what silence is, and that a write which
 * had to stop goes on where it was.  What a signal does is in
 * check_interrupted.c.
 */

#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include <stdlib.h>
#include <string.h>

#include "session.h"
#include "standstill.h"
#include "upgrade.h"

/*
 * Writing
 */

/* All that fits in one call, and not a record of it. */
START_TEST(test_wait_writes_until_it_would_block)
{
	uint8_t *data = large_data();
	struct conn c;
	ssize_t n;

	open_stepping(&c, _i);
	ck_assert_int_eq(starttls_session_write(c.session, data, LARGE),
	    LARGE);
	ck_assert_uint_eq(world.turns, 0);
	expect_arrived(&c, data, LARGE);
	conn_done(&c);

	open_stepping(&c, _i);
	world.room = LARGE / 2;
	n = starttls_session_write(c.session, data, LARGE);
	ck_assert_int_gt(n, LARGE / 2 - 3 * 16384);
	ck_assert_int_lt(n, LARGE / 2);
	ck_assert_int_eq(starttls_session_write(c.session, data + n,
	    (size_t)(LARGE - n)), STARTTLS_WANT_WRITE);
	ck_assert_uint_eq(world.turns, 0);
	world.room = SIZE_MAX;
	ck_assert_int_eq(starttls_session_write(c.session, data + n,
	    (size_t)(LARGE - n)), LARGE - n);
	expect_arrived(&c, data, LARGE);
	conn_done(&c);
	free(data);
}
END_TEST

/* The stream may be cut anew for each call, whatever record is under way. */
START_TEST(test_wait_writes_in_other_pieces)
{
	uint8_t *data = large_data();
	uint32_t x = (uint32_t)_i;
	size_t done = 0;
	struct conn c;

	open_stepping(&c, _i % 2);
	while (done < LARGE) {
		size_t len;
		ssize_t n;

		x = x * 1664525 + 1013904223;
		world.room = x >> 20;
		len = (x >> 4) % (x % 2 != 0 ? 100 : 40000) + 1;
		if (len > LARGE - done)
			len = LARGE - done;
		n = starttls_session_write(c.session, data + done, len);
		ck_assert_msg(n == STARTTLS_WANT_WRITE ||
		    (n > 0 && (size_t)n <= len), "%zd of %zu", n, len);
		done += n > 0 ? (size_t)n : 0;
	}
	expect_arrived(&c, data, LARGE);
	conn_done(&c);
	free(data);
}
END_TEST

/*
 * Who waits
 */

static void
expect_waiting(struct conn *c)
{
	uint8_t *data = large_data();
	char in[16];

	world.turn = slow_turn;
	world.turns = 0;
	ck_assert_int_eq(starttls_session_read(c->session, in, sizeof(in)),
	    4);
	ck_assert_uint_ge(world.turns, 20);
	/* all of it, however many waits that takes */
	world.room = 0;
	ck_assert_int_eq(starttls_session_write(c->session, data, LARGE),
	    LARGE);
	ck_assert_uint_ge(world.turns, 60);
	expect_arrived(c, data, LARGE);
	free(data);
}

static void
expect_no_waiting(struct conn *c)
{
	unsigned before = world.turns;
	char in[16];

	ck_assert_int_eq(starttls_session_read(c->session, in, sizeof(in)),
	    STARTTLS_WANT_READ);
	world.room = 0;
	ck_assert_int_eq(starttls_session_write(c->session, "x", 1),
	    STARTTLS_WANT_WRITE);
	world.room = SIZE_MAX;
	ck_assert_int_eq(starttls_session_write(c->session, "x", 1), 1);
	ck_assert_uint_eq(world.turns, before);
}

START_TEST(test_wait_goes_on_after_a_run)
{
	struct conn c;

	open_waiting(&c, _i % 2, _i < 2 ? -1 : 60000);
	expect_waiting(&c);
	conn_done(&c);

	/* and until told otherwise */
	open_waiting(&c, _i % 2, 60000);
	ck_assert_int_eq(starttls_session_set_deadline(c.session, 0), 0);
	expect_no_waiting(&c);
	conn_done(&c);
}
END_TEST

START_TEST(test_wait_does_not_begin_after_a_step)
{
	struct conn c;

	open_stepping(&c, _i);
	expect_no_waiting(&c);
	conn_done(&c);

	open_stepping(&c, _i);
	ck_assert_int_eq(starttls_session_set_deadline(c.session, -1), 0);
	expect_waiting(&c);
	conn_done(&c);
}
END_TEST

/* The deadline of a run is one for the session as well. */
START_TEST(test_wait_ends_with_the_deadline_of_the_run)
{
	struct starttls_error error;
	struct conn c;
	char in[16];

	open_waiting(&c, _i, 3000);
	ck_assert_int_gt(elapsed_ms(0), 0);
	world.turn = silent_turn;
	ck_assert_int_eq(starttls_session_read(c.session, in, sizeof(in)),
	    STARTTLS_E_TIMEOUT);
	ck_assert_int_eq(elapsed_ms(0), 3000);
	ck_assert_int_eq(starttls_session_error(c.session, &error),
	    STARTTLS_E_TIMEOUT);
	ck_assert_int_eq(error.phase, STARTTLS_PHASE_SESSION);
	conn_done(&c);
}
END_TEST

/* Who finishes the upgrade counts, and a run that never waits is no wait. */
START_TEST(test_wait_is_what_the_last_call_did)
{
	struct conn c;
	int rc;

	begin(&c, "imap", STARTTLS_GREETING, _i);
	ck_assert_int_eq(starttls_upgrade_step(c.upgrade, &c.error),
	    STARTTLS_WANT_READ);
	run(&c, -1);
	expect_waiting(&c);
	conn_done(&c);

	begin(&c, "imap", STARTTLS_GREETING, _i);
	while (is_wanting(rc = starttls_upgrade_step(c.upgrade, &c.error)))
		conn_serve(&c);
	ck_assert_int_eq(rc, 0);
	run(&c, 0);
	expect_no_waiting(&c);
	conn_done(&c);
}
END_TEST

/*
 * Silence
 */

#define RARELY (IDLE_MS / TURN_MS - 2) /* turns, just often enough */

/* A byte of data, just in time. */
static void
rare_turn(struct conn *c)
{
	if (world.turns % RARELY == 0)
		tlspair_write(&c->pair, "x", 1);
	conn_serve(c);
}

/* A byte of a record in each turn, which has many. */
static void
dribbling_turn(struct conn *c)
{
	static const char header[] = "\x17\x03\x03\x3f\xff";

	tlspair_put(&c->pair, world.turns <= 5 ? header + world.turns - 1 :
	    "x", 1);
}

/* What is a record each, and no data. */
static void
ticket_turn(struct conn *c)
{
	ck_assert_int_eq(gnutls_session_ticket_send(c->pair.server, 1, 0), 0);
}

static void
update_turn(struct conn *c)
{
	if (world.turns % 100 == 0) /* GnuTLS allows a few in a second */
		ck_assert_int_eq(gnutls_session_key_update(c->pair.server,
		    GNUTLS_KU_PEER), 0);
	conn_serve(c);
}

/* Takes a byte of what we send, just in time. */
static void
taking_turn(struct conn *c)
{
	(void)c;
	if (world.turns % RARELY == 0)
		world.room = 1;
}

/* Data that nobody waits for. */
static void
talking_turn(struct conn *c)
{
	tlspair_write(&c->pair, "x", 1);
	conn_serve(c);
}

/* Takes all at once, and says nothing. */
static void
deaf_turn(struct conn *c)
{
	(void)c;
	world.room = SIZE_MAX;
}

static ssize_t
do_shutdown(struct conn *c)
{
	return starttls_session_shutdown(c->session);
}

static const struct silence_row {
	const char *name;
	ssize_t (*call)(struct conn *c);
	void (*turn)(struct conn *c);
	size_t room;
	bool tls13;                /* only */
} silence_rows[] = {
	{ "read, nothing comes", do_read, silent_turn, SIZE_MAX, false },
	{ "read, a record in bytes", do_read, dribbling_turn, SIZE_MAX, false },
	{ "read, tickets", do_read, ticket_turn, SIZE_MAX, true },
	{ "read, key updates", do_read, update_turn, SIZE_MAX, true },
	{ "write, nothing is taken", do_write, silent_turn, 0, false },
	{ "write, nothing is taken but data come", do_write, talking_turn, 0,
	  false },
	{ "shutdown", do_shutdown, silent_turn, 0, false },
	{ "close, nothing is taken", do_close, silent_turn, 0, false },
	{ "close, no answer", do_close, deaf_turn, SIZE_MAX, false },
	{ "close, other data come", do_close, talking_turn, SIZE_MAX, false },
	{ "check, no greeting", do_check, silent_turn, SIZE_MAX, false },
};

START_TEST(test_wait_ends_with_silence)
{
	const struct silence_row *row = &silence_rows[_i / 2];
	struct starttls_error error;
	struct conn c;
	int64_t start;

	if (row->tls13 && _i % 2 == 0)
		return;
	open_waiting(&c, _i % 2, -1);
	ck_assert_int_eq(starttls_session_set_idle(c.session, IDLE_MS), 0);
	world.turn = row->turn;
	world.room = row->room;
	world.turns = 0;
	start = world.now_us;
	ck_assert_msg(row->call(&c) == STARTTLS_E_TIMEOUT, "%s", row->name);
	ck_assert_msg(elapsed_ms(start) == IDLE_MS, "%s: %d ms", row->name,
	    (int)elapsed_ms(start));
	ck_assert_int_eq(starttls_session_error(c.session, &error),
	    STARTTLS_E_TIMEOUT);
	ck_assert_int_eq(error.error_class, STARTTLS_CLASS_TIMEOUT);
	ck_assert(is_plain_line(error.message));
	ck_assert_ptr_nonnull(strstr(error.message, "5000 ms"));
	conn_done(&c);
}
END_TEST

/* Little is enough, but not for longer than the deadline. */
START_TEST(test_wait_goes_on_while_something_moves)
{
	struct conn c;
	int64_t start;
	ssize_t n;
	int i;

	open_waiting(&c, _i % 2, -1);
	ck_assert_int_eq(starttls_session_set_idle(c.session, IDLE_MS), 0);
	world.turn = _i < 2 ? rare_turn : taking_turn;
	world.room = 0;
	world.turns = 0;
	start = world.now_us;
	if (_i < 2)
		for (i = 0; i < 100; i++)
			ck_assert_int_eq(do_read(&c), 1);
	else
		ck_assert_int_eq(do_write(&c), 300);
	ck_assert_int_gt(elapsed_ms(start), 90 * IDLE_MS);

	ck_assert_int_eq(starttls_session_set_deadline(c.session,
	    10 * IDLE_MS), 0);
	start = world.now_us;
	do {
		n = _i < 2 ? do_read(&c) : do_write(&c);
	} while (n > 0);
	ck_assert_int_eq(n, STARTTLS_E_TIMEOUT);
	ck_assert_int_eq(elapsed_ms(start), 10 * IDLE_MS);
	conn_done(&c);
}
END_TEST

/* Whichever limit passes first, and what the application does meanwhile. */
START_TEST(test_wait_counts_the_time_of_calls)
{
	struct starttls_error error;
	struct conn c;
	int64_t start;
	int i;

	open_waiting(&c, _i, -1);
	ck_assert_int_eq(starttls_session_set_idle(c.session, IDLE_MS), 0);
	for (i = 0; i < 3; i++) {
		world.now_us += 3 * IDLE_MS * 1000;
		tlspair_write(&c.pair, "x", 1);
		ck_assert_int_eq(do_read(&c), 1);
		world.now_us += 3 * IDLE_MS * 1000;
		ck_assert_int_eq(do_write(&c), 300);
	}
	ck_assert_int_eq(starttls_session_set_deadline(c.session,
	    IDLE_MS / 2), 0);
	world.turn = silent_turn;
	start = world.now_us;
	ck_assert_int_eq(do_read(&c), STARTTLS_E_TIMEOUT);
	ck_assert_int_eq(elapsed_ms(start), IDLE_MS / 2);
	starttls_session_error(c.session, &error);
	ck_assert_ptr_nonnull(strstr(error.message, "deadline"));
	conn_done(&c);
}
END_TEST

/* Who polls is told, too, when he comes again. */
START_TEST(test_wait_of_others_ends_with_silence)
{
	struct conn c;

	open_stepping(&c, _i);
	ck_assert_int_eq(starttls_session_set_idle(c.session, IDLE_MS), 0);
	world.now_us += 3 * IDLE_MS * 1000;
	ck_assert_int_eq(do_read(&c), STARTTLS_WANT_READ);
	world.now_us += IDLE_MS * 1000 - 1;
	ck_assert_int_eq(do_read(&c), STARTTLS_WANT_READ);
	/* either direction */
	ck_assert_int_eq(do_write(&c), 300);
	world.now_us += IDLE_MS * 1000 - 1;
	ck_assert_int_eq(do_read(&c), STARTTLS_WANT_READ);
	world.now_us += IDLE_MS * 1000 - 1;
	ck_assert_int_eq(do_read(&c), STARTTLS_WANT_READ);
	tlspair_write(&c.pair, "x", 1);
	conn_serve(&c);
	world.now_us += IDLE_MS * 1000;
	ck_assert_int_eq(do_read(&c), 1);
	ck_assert_int_eq(do_read(&c), STARTTLS_WANT_READ);
	world.now_us += IDLE_MS * 1000;
	ck_assert_int_eq(do_read(&c), STARTTLS_E_TIMEOUT);
	ck_assert_int_eq(starttls_session_error(c.session, NULL),
	    STARTTLS_E_TIMEOUT);
	ck_assert_uint_eq(world.turns, 0);
	conn_done(&c);
}
END_TEST

START_TEST(test_wait_has_no_limit_to_silence_unless_set)
{
	static const int off[] = { 0, -1 };
	struct conn c;
	int64_t start;

	open_waiting(&c, 1, -1);
	ck_assert_int_eq(starttls_session_set_idle(NULL, 1),
	    STARTTLS_E_INVALID);
	ck_assert_int_eq(starttls_session_set_idle(c.session, -2),
	    STARTTLS_E_INVALID);
	ck_assert_int_eq(starttls_session_set_idle(c.session, IDLE_MS), 0);
	ck_assert_int_eq(starttls_session_set_idle(c.session, off[_i]), 0);
	ck_assert_int_eq(starttls_session_set_deadline(c.session,
	    100 * IDLE_MS), 0);
	world.turn = silent_turn;
	start = world.now_us;
	ck_assert_int_eq(do_read(&c), STARTTLS_E_TIMEOUT);
	ck_assert_int_eq(elapsed_ms(start), 100 * IDLE_MS);
	conn_done(&c);
}
END_TEST

/*
 * The end
 */

static const struct end_row {
	const char *name;
	size_t room;
	bool fails, is_late, is_shut, is_broken_off;
	bool says_bye;
} end_rows[] = {
	{ "room", SIZE_MAX, false, false, false, false, true },
	{ "just in time", 100, false, false, false, false, true },
	{ "no room", 0, false, false, false, false, false },
	{ "some room", 10, false, false, false, false, false },
	{ "after a failure", SIZE_MAX, true, false, false, false, false },
	{ "after the deadline", SIZE_MAX, false, true, false, false, true },
	{ "said before", SIZE_MAX, false, false, true, false, true },
	{ "within a write", 20000, false, false, false, true, false },
};

START_TEST(test_wait_is_not_for_the_end)
{
	const struct end_row *row = &end_rows[_i / 2];
	uint8_t *data = large_data();
	struct conn c;
	unsigned before;

	open_interruptible(&c, _i % 2);
	world.turn = silent_turn;
	if (row->fails) {
		ck_assert_int_eq(starttls_session_set_deadline(c.session, 50),
		    0);
		ck_assert_int_eq(do_read(&c), STARTTLS_E_TIMEOUT);
	} else if (row->is_late) {
		ck_assert_int_eq(starttls_session_set_deadline(c.session, 50),
		    0);
		world.now_us += 60000;
	} else if (row->is_shut) {
		ck_assert_int_eq(starttls_session_shutdown(c.session), 0);
	}
	world.room = row->room;
	if (row->is_broken_off) {
		world.signal_every = 1;
		ck_assert_int_eq(starttls_session_write(c.session, data,
		    LARGE), STARTTLS_E_INTERRUPTED);
		world.room = SIZE_MAX;
	}
	before = world.waits;
	starttls_session_end(c.session);
	c.session = NULL;
	ck_assert_uint_eq(world.waits, before);
	conn_settle(&c);
	ck_assert_msg(c.pair.is_closed_by_client == row->says_bye, "%s",
	    row->name);
	conn_done(&c);
	free(data);
}
END_TEST

START_TEST(test_wait_ends_nothing)
{
	starttls_session_end(NULL);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("wait");
	TCase *writes = standstill_case(suite, "writes");
	TCase *waits = standstill_case(suite, "waits");
	TCase *silence = standstill_case(suite, "silence");
	TCase *end = standstill_case(suite, "end");

	tcase_add_loop_test(writes, test_wait_writes_until_it_would_block, 0,
	    2);
	tcase_add_loop_test(writes, test_wait_writes_in_other_pieces, 0, 20);

	tcase_add_loop_test(waits, test_wait_goes_on_after_a_run, 0, 4);
	tcase_add_loop_test(waits, test_wait_does_not_begin_after_a_step, 0,
	    2);
	tcase_add_loop_test(waits,
	    test_wait_ends_with_the_deadline_of_the_run, 0, 2);
	tcase_add_loop_test(waits, test_wait_is_what_the_last_call_did, 0, 2);

	tcase_add_loop_test(silence, test_wait_ends_with_silence, 0,
	    2 * ARRAY_LEN(silence_rows));
	tcase_add_loop_test(silence, test_wait_goes_on_while_something_moves,
	    0, 4);
	tcase_add_loop_test(silence, test_wait_counts_the_time_of_calls, 0, 2);
	tcase_add_loop_test(silence, test_wait_of_others_ends_with_silence, 0,
	    2);
	tcase_add_loop_test(silence,
	    test_wait_has_no_limit_to_silence_unless_set, 0, 2);

	tcase_add_loop_test(end, test_wait_is_not_for_the_end, 0,
	    2 * ARRAY_LEN(end_rows));
	tcase_add_test(end, test_wait_ends_nothing);
	return run_suite(suite);
}
