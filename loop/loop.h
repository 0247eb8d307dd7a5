/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * Loop: one loop, and what processes have to do with descriptors.
 *
 * The room has the loop, queues, the clock, signals, addresses and sockets that
 * listen, and what an upgrade waits for.  It knows the library, and
 * nothing else of ours.
 *
 * This header has the loop: descriptors to watch, and timers in order.  No step
 * of it looks at what has nothing to tell, however much that is.
 */

#ifndef LOOP_LOOP_H
#define LOOP_LOOP_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "clock.h"
#include "heap.h"
#include "poller.h"
#include "queue.h"

#ifndef POLLRDHUP
#define POLLRDHUP 0                /* then it is noticed later */
#endif

#define LOOP_QUEUES 6
#define LOOP_TURN 64               /* found at once; the rest comes next */

/* One descriptor; embedded in whatever it belongs to, zeroed before use. */
struct watch {
	int fd;
	void (*ready)(void *context, short revents);
	void *context;

	/* the loop's */
	short events;
	bool is_watched;
	bool is_known;             /* to the poller, as what follows */
	short known_events;
	short known_ends;          /* of directions that are told of alone */
	int known_fd;
	size_t known_at;
	size_t slot;               /* among what was found, from 1 */
	struct place change;       /* among what the poller is to be told */
	struct place again;        /* to be called without waiting */
};

/* Timers of one length: those due first come first. */
struct timer_queue {
	int64_t length_us;
	struct queue timers;
};

struct timer {
	void (*late)(void *context);
	void *context;
	struct place place;        /* in a queue, or */
	struct leaf leaf;          /* for a moment of its own */
	int64_t at_us;
};

/* Zeroed before use. */
struct loop {
	struct poller *poller;
	struct found turn[LOOP_TURN];
	size_t found;
	struct queue changes;
	struct queue again[2];     /* of this turn and of the next one */
	int next_turn;
	struct timer_queue *queues[LOOP_QUEUES];
	size_t queue_count;
	struct heap moments;
	bool stop;
};

/* Have room for @count watches, so that loop_watch cannot fail; to be called
   before it.  False: see errno. */
bool loop_reserve(struct loop *loop, size_t count);
/* Watch, or change the descriptor or what is watched for.  With no events only
   errors and hang-ups are told, and those cannot be switched off.  A descriptor
   that is changed may be closed after that. */
void loop_watch(struct loop *loop, struct watch *watch, short events);
void loop_unwatch(struct loop *loop, struct watch *watch);
/* Call again in the next turn, with no revents if nothing happened. */
void loop_again(struct loop *loop, struct watch *watch);

void loop_add_queue(struct loop *loop, struct timer_queue *queue,
		    int length_ms);
/* Set anew, or for the first time.  This costs nothing. */
void loop_set_timer(struct timer_queue *queue, struct timer *timer);
/* For a moment of its own, which takes a few steps. */
void loop_set_timer_at(struct loop *loop, struct timer *timer, int64_t at_us);
void loop_clear_timer(struct timer *timer);
bool loop_timer_is_set(const struct timer *timer);

/* Until loop->stop.  Returns 0, or errno if there is no going on. */
int loop_run(struct loop *loop);
void loop_done(struct loop *loop);

#endif
