/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * The end of a check without an exchange: what a server may still say of the
 * handshake is heard, and what nobody owes is not waited for.
 */

#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "session.h"
#include "standstill.h"

#define ALL_MS 30000
#define SOME_MS (ALL_MS / 3)

static void
send_ticket(struct conn *c)
{
	ck_assert_int_eq(gnutls_session_ticket_send(c->pair.server, 1, 0), 0);
}

static void
ticket_at_once(struct conn *c)
{
	if (world.turns == 1)
		send_ticket(c);
}

/* within what a segment that is lost may take */
static void
ticket_later(struct conn *c)
{
	if (world.turns == 30)
		send_ticket(c);
}

static void
bye_later(struct conn *c)
{
	if (world.turns == 20)
		tlspair_bye(&c->pair);
	conn_serve(c);
}

static void
alert_much_later(struct conn *c)
{
	if (world.turns == 2000)
		ck_assert_int_eq(gnutls_alert_send(c->pair.server,
		    GNUTLS_AL_FATAL, GNUTLS_A_ACCESS_DENIED), 0);
}

static const struct row {
	const char *name;
	int version;
	void (*turn)(struct conn *c);
	bool ends;                 /* the stream, at once */
	int code;
	int min_ms, max_ms;        /* that it takes */
	size_t kept;               /* sessions */
} rows[] = {
	{ "TLS 1.2", 0, silent_turn, false, 0, 0, 0, 1 },
	{ "TLS 1.2, hangs up", 0, silent_turn, true, 0, 0, 0, 1 },
	{ "no tickets", 1, silent_turn, false, 0, 1, SOME_MS, 0 },
	{ "no tickets, hangs up", 1, silent_turn, true, 0, 0, 0, 0 },
	{ "no tickets, but a goodbye", 1, bye_later, false, 0, 190, 400, 0 },
	{ "a ticket", WITH_TICKETS, ticket_at_once, false, 0, 0, 20, 1 },
	{ "a ticket, later", WITH_TICKETS, ticket_later, false, 0, 290, 320,
	  1 },
	{ "tickets, but none for us", WITH_TICKETS, silent_turn, false, 0, 1,
	  SOME_MS, 0 },
	{ "wants a certificate, late", ASKING, alert_much_later, false,
	  STARTTLS_E_ALERT, 2 * SOME_MS - TURN_MS, 2 * SOME_MS + TURN_MS, 0 },
	{ "wants a certificate, hangs up", ASKING, silent_turn, true,
	  STARTTLS_E_TRUNCATED, 0, 0, 0 },
	{ "takes none, and says nothing", ASKING, silent_turn, false, 0,
	  ALL_MS, ALL_MS, 0 },
};

static void
open_bare(struct conn *c, const struct row *row, int timeout_ms)
{
	begin(c, "tls", STARTTLS_HANDSHAKE, row->version);
	run(c, -1);
	ck_assert_int_eq(starttls_session_set_deadline(c->session, timeout_ms),
	    0);
	world.turns = 0;
	world.turn = row->turn;
	if (row->ends)
		tlspair_end(&c->pair);
}

static void
expect_row(struct conn *c, const struct row *row, int64_t rc, int64_t start)
{
	int64_t took = elapsed_ms(start);

	ck_assert_msg(rc == row->code, "%s: %s", row->name,
	    starttls_code_name((int)rc));
	ck_assert_msg(took >= row->min_ms && took <= row->max_ms,
	    "%s: took %d ms", row->name, (int)took);
	ck_assert_msg(starttls_resume_count(c->session->policy->resume) ==
	    row->kept, "%s: what is kept", row->name);
	ck_assert_int_eq(starttls_session_error(c->session, NULL), row->code);
}

START_TEST(test_hearing_out_waits)
{
	const struct row *row = &rows[_i];
	int64_t start, rc;
	struct conn c;

	open_bare(&c, row, ALL_MS);
	start = world.now_us;
	rc = do_check(&c);
	expect_row(&c, row, rc, start);
	conn_done(&c);
}
END_TEST

/* A loop of the application's, which knows nothing but what it is told. */
START_TEST(test_hearing_out_steps)
{
	const struct row *row = &rows[_i];
	int64_t start, rc;
	struct conn c;
	int left;

	open_bare(&c, row, 0);
	start = world.now_us;
	while (is_wanting(rc = do_check(&c)) && elapsed_ms(start) < ALL_MS) {
		left = starttls_session_timeout(c.session);
		ck_assert_msg(left != 0 && left < SOME_MS, "%s: %d", row->name,
		    left);
		ck_assert_msg((left < 0) == (row->version == ASKING), "%s: %d",
		    row->name, left);
		world.now_us += 1000 * (left < 0 || left > TURN_MS ? TURN_MS :
		    left);
		world.turns++;
		world.turn(&c);
	}
	/* a deadline is the loop's own affair */
	if (is_wanting(rc)) {
		ck_assert_int_eq(starttls_session_set_deadline(c.session, 1),
		    0);
		rc = do_check(&c);
		world.now_us = start + 1000 * ALL_MS;
	}
	expect_row(&c, row, rc, start);
	conn_done(&c);
}
END_TEST

/* A server far away, or a busy one: its ticket takes as long as its hello. */
START_TEST(test_hearing_out_knows_slow_servers)
{
	const struct row row = { .turn = silent_turn, .version = 1 };
	int64_t start;
	struct conn c;

	open_bare(&c, &row, ALL_MS);
	c.session->handshake_us = 5000000;
	start = world.now_us;
	ck_assert_int_eq(do_check(&c), 0);
	ck_assert_int_gt(elapsed_ms(start), 5000);
	ck_assert_int_lt(elapsed_ms(start), SOME_MS);
	conn_done(&c);

	open_bare(&c, &row, 1000);
	c.session->handshake_us = 5000000;
	start = world.now_us;
	ck_assert_int_eq(do_check(&c), 0);
	ck_assert_int_eq(elapsed_ms(start), 1000);
	conn_done(&c);
}
END_TEST

/* Other limits hold as well, and a signal is told. */
START_TEST(test_hearing_out_has_limits)
{
	const struct row row = { .turn = silent_turn, .version = ASKING };
	int64_t start;
	struct conn c;

	open_bare(&c, &row, ALL_MS);
	ck_assert_int_eq(starttls_session_set_idle(c.session, IDLE_MS), 0);
	start = world.now_us;
	ck_assert_int_eq(do_check(&c), 0);
	ck_assert_int_eq(elapsed_ms(start), IDLE_MS);
	conn_done(&c);

	open_bare(&c, &row, 0);
	ck_assert_int_eq(starttls_session_set_idle(c.session, IDLE_MS), 0);
	ck_assert_int_eq(starttls_session_timeout(c.session), -1);
	ck_assert_int_eq(do_check(&c), STARTTLS_WANT_READ);
	ck_assert_int_eq(starttls_session_timeout(c.session), IDLE_MS);
	world.now_us += 1000 * IDLE_MS;
	ck_assert_int_eq(starttls_session_timeout(c.session), 0);
	ck_assert_int_eq(do_check(&c), 0);
	conn_done(&c);

	open_bare(&c, &row, ALL_MS);
	c.session->io.interruptible = true;
	world.waits = 0;
	world.signal_every = 2;
	ck_assert_int_eq(do_check(&c), STARTTLS_E_INTERRUPTED);
	ck_assert_int_eq(do_check(&c), STARTTLS_E_INTERRUPTED);
	world.signal_every = 0;
	ck_assert_int_eq(do_check(&c), 0);
	conn_done(&c);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("hearing_out");
	TCase *tc = standstill_case(suite, "hearing_out");

	tcase_add_loop_test(tc, test_hearing_out_waits, 0, ARRAY_LEN(rows));
	tcase_add_loop_test(tc, test_hearing_out_steps, 0, ARRAY_LEN(rows));
	tcase_add_test(tc, test_hearing_out_knows_slow_servers);
	tcase_add_test(tc, test_hearing_out_has_limits);
	return run_suite(suite);
}
