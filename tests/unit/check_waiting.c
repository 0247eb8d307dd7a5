/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * Waiting: who waits and who does not, what silence is, what a signal does,
 * and that a write which had to stop goes on where it was.
 *
 * Time stands still in here.  poll(2) and the clock are the test's own: who
 * waits gives the peer a turn and lets time pass, so that what would take
 * minutes is quick, and always the same.
 */

#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "harness.h"
#include "session.h"
#include "upgrade.h"
#include "wait.h"

#define LARGE 100000
#define TURN_MS 10                 /* how long a turn of the peer takes */
#define MANY 1000000               /* turns: nobody waits as long */

static struct mint_cert root, leaf;
static const struct mint_cert *const chain[] = { &leaf };
static struct tlspair_server servers[] = {
	{ .chain = chain, .n = 1, .priority = TLS12 },
	{ .chain = chain, .n = 1, .priority = TLS13 },
};

/* The world around the library, of which there is one. */
static struct {
	int64_t now_us;
	struct conn *conn;
	void (*turn)(struct conn *c); /* of the peer, while somebody waits */
	unsigned turns;
	unsigned waits;            /* these, and those that a signal ended */
	unsigned signal_every;     /* so many waits; 0: none comes */
	unsigned signals;
	size_t room;               /* that the transport has for us */
	unsigned eintr_every;      /* calls of the transport; 0: never */
	unsigned calls;
} world;

static bool
is_ready(const struct conn *c, short events)
{
	return events == POLLIN ? c->pair.to_client.len > 0 ||
	    c->pair.to_client.is_ended : world.room > 0;
}

int
poll(struct pollfd *fds, nfds_t count, int timeout)
{
	int step = timeout >= 0 && timeout < TURN_MS ? timeout : TURN_MS;

	if (count != 1 || ++world.waits >= MANY)
		abort();
	if (world.signal_every > 0 && world.waits % world.signal_every == 0) {
		world.signals++;
		errno = EINTR;
		return -1;
	}
	world.turns++;
	world.now_us += step * 1000;
	world.turn(world.conn);
	fds->revents = is_ready(world.conn, fds->events) ? fds->events : 0;
	return fds->revents != 0;
}

int
clock_gettime(clockid_t clock, struct timespec *ret_now)
{
	(void)clock;
	ret_now->tv_sec = (time_t)(MINT_NOW + world.now_us / 1000000);
	ret_now->tv_nsec = (long)(world.now_us % 1000000) * 1000;
	return 0;
}

static int64_t
elapsed_ms(int64_t start_us)
{
	return (world.now_us - start_us) / 1000;
}

/* The transport: a queue for what comes, and as much room as there is. */

static bool
is_broken_off(void)
{
	errno = EINTR;
	if (world.eintr_every == 0 || ++world.calls % world.eintr_every != 0)
		return false;
	world.signals++;
	return true;
}

static ssize_t
take(void *context, void *data, size_t size)
{
	struct conn *c = context;

	return is_broken_off() ? -1 : tlspair_client_recv(&c->pair, data, size);
}

static ssize_t
give(void *context, const void *data, size_t len)
{
	struct conn *c = context;

	if (is_broken_off())
		return -1;
	if (len > world.room)
		len = world.room;
	if (len == 0) {
		errno = EAGAIN;
		return -1;
	}
	if (world.room != SIZE_MAX)
		world.room -= len;
	return tlspair_client_send(&c->pair, data, len);
}

static void
set_up(void)
{
	mint(&root, &(struct mint_spec){ .cn = "root", .is_ca = true }, NULL);
	mint(&leaf, &(struct mint_spec){ .dns = { PEER } }, &root);
}

static void
tear_down(void)
{
	mint_free(&leaf);
	mint_free(&root);
}

static void
serve_turn(struct conn *c)
{
	conn_serve(c);
}

static void
silent_turn(struct conn *c)
{
	(void)c;
}

static struct conn_spec spec;

/* An upgrade that can wait.  Nothing has moved. */
static void
begin(struct conn *c, const char *protocol, enum starttls_stage from,
      int version)
{
	struct starttls_session *s;

	memset(&world, 0, sizeof(world));
	world.conn = c;
	world.turn = serve_turn;
	world.room = SIZE_MAX;
	spec = (struct conn_spec){ .server = &servers[version],
	    .protocol = protocol, .from = from };
	spec.policy = test_policy((const struct mint_cert *const[]){ &root },
	    1);
	ck_assert_int_eq(conn_begin(c, &spec), 0);
	starttls_policy_unref(spec.policy);
	c->pair.is_boundless = true;
	s = c->upgrade->session;
	s->io.fd = 0;              /* which nobody looks at */
	s->io.recv = take;
	s->io.send = give;
	s->io.context = c;
}

static void
run(struct conn *c, int timeout_ms)
{
	ck_assert_msg(starttls_upgrade_run(c->upgrade, timeout_ms,
	    &c->error) == 0, "%s", c->error.message);
	c->session = starttls_upgrade_take(c->upgrade);
	ck_assert_ptr_nonnull(c->session);
	c->upgrade = NULL;
	conn_settle(c);
}

/* A session of who waits. */
static void
open_waiting(struct conn *c, int version, int timeout_ms)
{
	begin(c, "imap", STARTTLS_HANDSHAKE, version);
	run(c, timeout_ms);
}

/* A session of who polls. */
static void
open_stepping(struct conn *c, int version)
{
	begin(c, "imap", STARTTLS_HANDSHAKE, version);
	ck_assert_msg(conn_handshake(c) == 0, "%s", c->error.message);
	ck_assert_uint_eq(world.turns, 0);
}

static uint8_t *
large_data(void)
{
	uint8_t *data = malloc(LARGE);
	uint32_t x = 1;
	size_t i;

	ck_assert_ptr_nonnull(data);
	for (i = 0; i < LARGE; i++) {
		x = x * 1664525 + 1013904223;
		data[i] = (uint8_t)(x >> 24);
	}
	return data;
}

static void
expect_arrived(struct conn *c, const uint8_t *data, size_t len)
{
	world.room = SIZE_MAX;
	conn_settle(c);
	ck_assert_int_eq(c->pair.error, 0);
	ck_assert_uint_eq(c->pair.received.len, len);
	ck_assert(memcmp(c->pair.received.data + c->pair.received.start, data,
	    len) == 0);
}

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

/* Says something after a while, and takes what comes. */
static void
slow_turn(struct conn *c)
{
	if (world.turns == 20)
		tlspair_write(&c->pair, "late", 4);
	if (world.turns % 10 == 0)
		world.room = 20000;
	conn_serve(c);
}

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

#define IDLE_MS 5000
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
	if (world.turns % 50 == 0) /* GnuTLS allows a few in a second */
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
do_read(struct conn *c)
{
	char in[16];

	return starttls_session_read(c->session, in, sizeof(in));
}

static ssize_t
do_write(struct conn *c)
{
	static const char data[300];

	return starttls_session_write(c->session, data, sizeof(data));
}

static ssize_t
do_shutdown(struct conn *c)
{
	return starttls_session_shutdown(c->session);
}

static ssize_t
do_close(struct conn *c)
{
	return starttls_session_close(c->session);
}

static ssize_t
do_check(struct conn *c)
{
	struct starttls_error error;
	int rc = starttls_session_check(c->session, &error);

	ck_assert(rc >= 0 || is_plain_line(error.message));
	return rc;
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
 * Signals
 */

/* A session that waits, and tells of each signal. */
static void
open_interruptible(struct conn *c, int version)
{
	begin(c, "imap", STARTTLS_HANDSHAKE, version);
	c->upgrade->session->io.interruptible = true;
	run(c, -1);
}

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
	TCase *writes = tcase_create("writes");
	TCase *waits = tcase_create("waits");
	TCase *silence = tcase_create("silence");
	TCase *signals = tcase_create("signals");
	TCase *end = tcase_create("end");
	TCase *all[] = { writes, waits, silence, signals, end };
	size_t i;

	mint_set_clock();
	for (i = 0; i < ARRAY_LEN(all); i++) {
		tcase_add_unchecked_fixture(all[i], set_up, tear_down);
		tcase_set_timeout(all[i], 60);
		suite_add_tcase(suite, all[i]);
	}
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

	tcase_add_loop_test(end, test_wait_is_not_for_the_end, 0,
	    2 * ARRAY_LEN(end_rows));
	tcase_add_test(end, test_wait_ends_nothing);
	return run_suite(suite);
}
