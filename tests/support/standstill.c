/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/* A world in which time stands still: see standstill.h. */

#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "standstill.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "harness.h"
#include "session.h"
#include "upgrade.h"

static struct mint_cert root, leaf;
static const struct mint_cert *const chain[] = { &leaf };
static struct tlspair_server servers[] = {
	{ .chain = chain, .n = 1, .priority = TLS12 },
	{ .chain = chain, .n = 1, .priority = TLS13 },
	[WITH_TICKETS] = { .chain = chain, .n = 1, .priority = TLS13,
	  .has_tickets = true, .flags = GNUTLS_NO_AUTO_SEND_TICKET },
	[ASKING] = { .chain = chain, .n = 1, .priority = TLS13,
	  .client_cert = GNUTLS_CERT_REQUEST },
};

struct world world;

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

int64_t
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

void
serve_turn(struct conn *c)
{
	conn_serve(c);
}

void
silent_turn(struct conn *c)
{
	(void)c;
}

static struct conn_spec spec;

void
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

void
run(struct conn *c, int timeout_ms)
{
	ck_assert_msg(starttls_upgrade_run(c->upgrade, timeout_ms,
	    &c->error) == 0, "%s", c->error.message);
	c->session = starttls_upgrade_take(c->upgrade);
	ck_assert_ptr_nonnull(c->session);
	c->upgrade = NULL;
	conn_settle(c);
}

void
open_waiting(struct conn *c, int version, int timeout_ms)
{
	begin(c, "imap", STARTTLS_HANDSHAKE, version);
	run(c, timeout_ms);
}

void
open_interruptible(struct conn *c, int version)
{
	begin(c, "imap", STARTTLS_HANDSHAKE, version);
	c->upgrade->session->io.interruptible = true;
	run(c, -1);
}

void
open_stepping(struct conn *c, int version)
{
	begin(c, "imap", STARTTLS_HANDSHAKE, version);
	ck_assert_msg(conn_handshake(c) == 0, "%s", c->error.message);
	ck_assert_uint_eq(world.turns, 0);
}

uint8_t *
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

void
expect_arrived(struct conn *c, const uint8_t *data, size_t len)
{
	world.room = SIZE_MAX;
	conn_settle(c);
	ck_assert_int_eq(c->pair.error, 0);
	ck_assert_uint_eq(c->pair.received.len, len);
	ck_assert(memcmp(c->pair.received.data + c->pair.received.start, data,
	    len) == 0);
}

void
slow_turn(struct conn *c)
{
	if (world.turns == 20)
		tlspair_write(&c->pair, "late", 4);
	if (world.turns % 10 == 0)
		world.room = 20000;
	conn_serve(c);
}

ssize_t
do_read(struct conn *c)
{
	char in[16];

	return starttls_session_read(c->session, in, sizeof(in));
}

ssize_t
do_write(struct conn *c)
{
	static const char data[300];

	return starttls_session_write(c->session, data, sizeof(data));
}

ssize_t
do_close(struct conn *c)
{
	return starttls_session_close(c->session);
}

ssize_t
do_check(struct conn *c)
{
	struct starttls_error error;
	int rc = starttls_session_check(c->session, &error);

	ck_assert(rc >= 0 || is_wanting(rc) || is_plain_line(error.message));
	return rc;
}

TCase *
standstill_case(Suite *s, const char *name)
{
	TCase *tc = tcase_create(name);

	tcase_add_unchecked_fixture(tc, set_up, tear_down);
	tcase_set_timeout(tc, 60);
	suite_add_tcase(s, tc);
	return tc;
}
