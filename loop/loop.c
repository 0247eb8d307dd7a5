/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * One loop.
 *
 * Whoever is called may watch and unwatch anything, itself and others
 * included, and free what is no longer watched.  What the poller has to know is
 * told it before it waits, and only what is different by then: a conversation
 * that wants the same as before costs no call.  Descriptors that are no longer
 * watched leave at once, as they may be closed, and their numbers come again.
 */

#include "config.h"

#include "loop.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>

bool
loop_reserve(struct loop *loop, size_t count)
{
	if (loop->poller == NULL)
		loop->poller = poller_new();
	return loop->poller != NULL && poller_reserve(loop->poller, count);
}

/* Nothing of what was found counts any more. */
static void
forget_found(struct loop *loop, struct watch *watch)
{
	if (watch->slot != 0)
		loop->turn[watch->slot - 1].watch = NULL;
	watch->slot = 0;
}

static void
make_unknown(struct loop *loop, struct watch *watch)
{
	forget_found(loop, watch);
	if (watch->is_known)
		poller_remove(loop->poller, watch);
	watch->is_known = false;
}

void
loop_watch(struct loop *loop, struct watch *watch, short events)
{
	watch->is_watched = true;
	watch->events = events;
	if (watch->is_known && watch->fd != watch->known_fd)
		make_unknown(loop, watch);
	watch->change.owner = watch;
	if (watch->is_known && watch->known_events == events)
		queue_leave(&watch->change);
	else
		queue_enter(&loop->changes, &watch->change);
}

void
loop_unwatch(struct loop *loop, struct watch *watch)
{
	make_unknown(loop, watch);
	queue_leave(&watch->change);
	queue_leave(&watch->again);
	watch->is_watched = false;
}

void
loop_again(struct loop *loop, struct watch *watch)
{
	watch->again.owner = watch;
	if (watch->is_watched)
		queue_enter(&loop->again[loop->next_turn], &watch->again);
}

void
loop_add_queue(struct loop *loop, struct timer_queue *queue, int length_ms)
{
	queue->length_us = (int64_t)length_ms * 1000;
	loop->queues[loop->queue_count++] = queue;
}

void
loop_set_timer(struct timer_queue *queue, struct timer *timer)
{
	heap_leave(&timer->leaf);
	timer->at_us = loop_now_us() + queue->length_us;
	timer->place.owner = timer;
	queue_enter(&queue->timers, &timer->place);
}

void
loop_set_timer_at(struct loop *loop, struct timer *timer, int64_t at_us)
{
	loop_clear_timer(timer);
	timer->at_us = at_us;
	timer->leaf.owner = timer;
	heap_enter(&loop->moments, &timer->leaf, at_us);
}

void
loop_clear_timer(struct timer *timer)
{
	queue_leave(&timer->place);
	heap_leave(&timer->leaf);
}

bool
loop_timer_is_set(const struct timer *timer)
{
	return timer->place.queue != NULL || timer->leaf.heap != NULL;
}

/* The next one to be due; NULL: none is set. */
static struct timer *
next_timer(const struct loop *loop)
{
	struct timer *next = loop->moments.first == NULL ? NULL :
	    loop->moments.first->owner, *first;
	size_t i;

	for (i = 0; i < loop->queue_count; i++) {
		first = queue_first(&loop->queues[i]->timers);
		if (first != NULL &&
		    (next == NULL || first->at_us < next->at_us))
			next = first;
	}
	return next;
}

/* Milliseconds until then, rounded up; -1: for ever. */
static int
time_left_ms(const struct loop *loop)
{
	const struct timer *next = next_timer(loop);
	int64_t left;

	if (loop->again[loop->next_turn].first != NULL)
		return 0;
	if (next == NULL)
		return -1;
	left = (next->at_us - loop_now_us() + 999) / 1000;
	return left < 0 ? 0 : left > INT_MAX ? INT_MAX : (int)left;
}

/* Returns 0 or errno. */
static int
tell_changes(struct loop *loop)
{
	struct watch *watch;
	int rc;

	while ((watch = queue_first(&loop->changes)) != NULL) {
		rc = poller_set(loop->poller, watch);
		if (rc != 0)
			return rc;
		queue_leave(&watch->change);
		watch->is_known = true;
		watch->known_fd = watch->fd;
		watch->known_events = watch->events;
	}
	return 0;
}

/* Returns 0 or errno. */
static int
find(struct loop *loop)
{
	int i, n = poller_wait(loop->poller, time_left_ms(loop), loop->turn,
	    LOOP_TURN);

	if (n < 0 && errno != EINTR && errno != EAGAIN)
		return errno;
	loop->found = n < 0 ? 0 : (size_t)n;
	for (i = 0; i < n; i++)
		loop->turn[i].watch->slot = (size_t)i + 1;
	return 0;
}

static void
call_watches(struct loop *loop)
{
	struct queue *again = &loop->again[loop->next_turn];
	struct watch *watch;
	size_t i;

	loop->next_turn = !loop->next_turn;
	for (i = 0; i < loop->found; i++) {
		watch = loop->turn[i].watch;
		if (watch == NULL)
			continue;
		watch->slot = 0;
		queue_leave(&watch->again);
		watch->ready(watch->context, loop->turn[i].revents);
	}
	loop->found = 0;
	while ((watch = queue_first(again)) != NULL) {
		queue_leave(&watch->again);
		watch->ready(watch->context, 0);
	}
}

static void
call_timers(struct loop *loop)
{
	int64_t now = loop_now_us();
	struct timer *timer;

	while ((timer = next_timer(loop)) != NULL && timer->at_us <= now) {
		loop_clear_timer(timer);
		timer->late(timer->context);
	}
}

int
loop_run(struct loop *loop)
{
	int rc = 0;

	if (!loop_reserve(loop, 0))
		return errno;
	while (rc == 0 && !loop->stop) {
		rc = tell_changes(loop);
		if (rc == 0)
			rc = find(loop);
		if (rc == 0)
			call_watches(loop);
		/* whoever tries again does so until its deadline */
		call_timers(loop);
	}
	return rc;
}

void
loop_done(struct loop *loop)
{
	poller_free(loop->poller);
	loop->poller = NULL;
}
