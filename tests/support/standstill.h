/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * A world in which time stands still.  poll(2) and the clock are the test's
 * own: who waits gives the peer a turn and lets time pass, so that what would
 * take minutes is quick, and always the same.
 *
 * A program that links this has poll and clock_gettime replaced, for itself and
 * for every library in it.
 */

#ifndef TESTS_STANDSTILL_H
#define TESTS_STANDSTILL_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <check.h>

#include "harness.h"

#define LARGE 100000
#define TURN_MS 10                 /* how long a turn of the peer takes */
#define MANY 1000000               /* turns: nobody waits as long */
#define IDLE_MS 5000

/* servers beside those of TLS 1.2 and 1.3: of the latter, with tickets that the
   test sends, and one that asks for a certificate */
#define WITH_TICKETS 2
#define ASKING 3

/* what is around the library, of which there is one */
struct world {
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
};

extern struct world world;

/** elapsed_ms: the time since world.now_us was @start_us. */
int64_t elapsed_ms(int64_t start_us);

/** serve_turn, silent_turn: a turn of a peer that does its work, or nothing. */
void serve_turn(struct conn *c);
void silent_turn(struct conn *c);

/** slow_turn: says something after a while, and takes what comes. */
void slow_turn(struct conn *c);

/** begin: an upgrade that can wait.  Nothing has moved. */
void begin(struct conn *c, const char *protocol, enum starttls_stage from,
	   int version);

/** run: the upgrade, up to its session. */
void run(struct conn *c, int timeout_ms);

/** open_waiting: a session of who waits. */
void open_waiting(struct conn *c, int version, int timeout_ms);

/** open_interruptible: a session that waits, and tells of each signal. */
void open_interruptible(struct conn *c, int version);

/** open_stepping: a session of who polls. */
void open_stepping(struct conn *c, int version);

/** large_data: LARGE bytes, for the caller to free. */
uint8_t *large_data(void);

/** expect_arrived: the peer has got just that. */
void expect_arrived(struct conn *c, const uint8_t *data, size_t len);

/** do_read, do_write, do_close, do_check: calls, for tables of them. */
ssize_t do_read(struct conn *c);
ssize_t do_write(struct conn *c);
ssize_t do_close(struct conn *c);
ssize_t do_check(struct conn *c);

/** standstill_case: a case for tests that use all this. */
TCase *standstill_case(Suite *s, const char *name);

#endif
