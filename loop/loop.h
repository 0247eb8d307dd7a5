/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * Loop: one poll(2) loop, and what processes have to do with descriptors.
 *
 * The room has the loop, queues, the clock, signals, addresses and sockets that
 * listen, and what an upgrade waits for.  It knows the library, and
 * nothing else of ours.
 *
 * This header has the loop: descriptors to watch, and timers in order.
 */

#ifndef LOOP_LOOP_H
#define LOOP_LOOP_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "clock.h"
#include "queue.h"

#define LOOP_QUEUES 6

/* One descriptor; embedded in whatever it belongs to, zeroed before use. */
struct watch {
	int fd;
	void (*ready)(void *context, short revents);
	void *context;
	size_t slot;               /* the loop's, from 1; 0: not watched */
	bool again;                /* call without waiting for poll */
};

/* Timers of one length, for the most part: those due first come first. */
struct timer_queue {
	int64_t length_us;
	struct queue timers;
};

struct timer {
	void (*late)(void *context);
	void *context;
	struct place place;
	int64_t at_us;
};

struct loop {
	struct pollfd *fds;
	struct watch **watches;    /* in the order of fds */
	size_t count, size;
	struct timer_queue *queues[LOOP_QUEUES];
	size_t queue_count;
	bool hurry;                /* some watch is to be called again */
	bool stop;
};

/* Have room for @count watches, so that loop_watch cannot fail. */
bool loop_reserve(struct loop *loop, size_t count);
/* Watch, or change the descriptor or what is watched for.  With no events only errors and
   hang-ups are told, and those cannot be switched off. */
void loop_watch(struct loop *loop, struct watch *watch, short events);
void loop_unwatch(struct loop *loop, struct watch *watch);
/* Call again in the next turn, with no revents if nothing happened. */
void loop_again(struct loop *loop, struct watch *watch);

void loop_add_queue(struct loop *loop, struct timer_queue *queue,
		    int length_ms);
/* Set anew, or for the first time. */
void loop_set_timer(struct timer_queue *queue, struct timer *timer);
/* For a moment of its own, which should be among the last ones of the queue:
   they are passed one by one. */
void loop_set_timer_at(struct timer_queue *queue, struct timer *timer,
		       int64_t at_us);
void loop_clear_timer(struct timer *timer);
bool loop_timer_is_set(const struct timer *timer);

/* Until loop->stop.  Returns 0, or errno if poll(2) fails. */
int loop_run(struct loop *loop);
void loop_done(struct loop *loop);

#endif
