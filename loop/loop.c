/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * One poll(2) loop.
 *
 * Whoever is called may watch and unwatch anything, itself and others
 * included, and free what is no longer watched.  Timers are kept in queues of
 * one length each, so setting and clearing them costs nothing, however many
 * there are.
 */

#include "config.h"

#include "loop.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <time.h>

#include "compat.h"

bool
loop_reserve(struct loop *loop, size_t count)
{
	struct pollfd *fds;
	struct watch **watches;
	size_t size = loop->size < 32 ? 32 : loop->size;

	if (count <= loop->size)
		return true;
	while (size < count)
		size *= 2;
	fds = reallocarray(loop->fds, size, sizeof(*fds));
	if (fds == NULL)
		return false;
	loop->fds = fds;
	watches = reallocarray(loop->watches, size,
	    sizeof(*watches)); /* NOLINT(bugprone-sizeof-expression) */
	if (watches == NULL)
		return false;
	loop->watches = watches;
	loop->size = size;
	return true;
}

void
loop_watch(struct loop *loop, struct watch *watch, short events)
{
	if (watch->slot == 0) {
		if (!loop_reserve(loop, loop->count + 1))
			abort();   /* see loop_reserve */
		loop->watches[loop->count] = watch;
		loop->fds[loop->count].revents = 0;
		watch->slot = ++loop->count;
	}
	loop->fds[watch->slot - 1].fd = watch->fd;
	loop->fds[watch->slot - 1].events = events;
}

void
loop_unwatch(struct loop *loop, struct watch *watch)
{
	size_t at = watch->slot - 1;

	watch->again = false;
	if (watch->slot == 0)
		return;
	loop->count--;
	loop->fds[at] = loop->fds[loop->count];
	loop->watches[at] = loop->watches[loop->count];
	loop->watches[at]->slot = at + 1;
	watch->slot = 0;
}

void
loop_again(struct loop *loop, struct watch *watch)
{
	watch->again = watch->slot != 0;
	loop->hurry = loop->hurry || watch->again;
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
	timer->at_us = loop_now_us() + queue->length_us;
	timer->place.owner = timer;
	queue_enter(&queue->timers, &timer->place);
}

void
loop_set_timer_at(struct timer_queue *queue, struct timer *timer,
		  int64_t at_us)
{
	struct place *last;

	loop_clear_timer(timer);
	last = queue->timers.last;
	while (last != NULL &&
	    ((const struct timer *)last->owner)->at_us > at_us)
		last = last->previous;
	timer->at_us = at_us;
	timer->place.owner = timer;
	queue_enter_behind(&queue->timers, &timer->place, last);
}

void
loop_clear_timer(struct timer *timer)
{
	queue_leave(&timer->place);
}

bool
loop_timer_is_set(const struct timer *timer)
{
	return timer->place.queue != NULL;
}

/* Milliseconds until the next timer is due, rounded up; -1: none is set. */
static int
time_left_ms(const struct loop *loop)
{
	int64_t now = loop_now_us(), left, least = INT64_MAX;
	size_t i;

	if (loop->hurry)
		return 0;
	for (i = 0; i < loop->queue_count; i++) {
		const struct timer *first =
		    queue_first(&loop->queues[i]->timers);

		if (first == NULL)
			continue;
		left = first->at_us > now ? first->at_us - now : 0;
		if (left < least)
			least = left;
	}
	if (least == INT64_MAX)
		return -1;
	least = (least + 999) / 1000;
	return least > INT_MAX ? INT_MAX : (int)least;
}

/*
 * From the end, as removing a watch moves the last one to its place: what is
 * moved to the front was called already, and its revents are gone.
 */
static void
call_watches(struct loop *loop)
{
	struct watch *watch;
	short revents;
	size_t i;

	loop->hurry = false;
	for (i = loop->count; i > 0; i--) {
		if (i > loop->count)
			continue;
		watch = loop->watches[i - 1];
		revents = loop->fds[i - 1].revents;
		if (revents == 0 && !watch->again)
			continue;
		loop->fds[i - 1].revents = 0;
		watch->again = false;
		watch->ready(watch->context, revents);
	}
}

static void
call_timers(struct loop *loop)
{
	int64_t now = loop_now_us();
	struct timer *timer;
	size_t i;

	for (i = 0; i < loop->queue_count; i++)
		while ((timer = queue_first(&loop->queues[i]->timers)) !=
		    NULL && timer->at_us <= now) {
			loop_clear_timer(timer);
			timer->late(timer->context);
		}
}

int
loop_run(struct loop *loop)
{
	size_t i;
	int n;

	while (!loop->stop) {
		n = poll(loop->fds, (nfds_t)loop->count, time_left_ms(loop));
		if (n < 0 && errno != EINTR && errno != EAGAIN)
			return errno;
		for (i = 0; n < 0 && i < loop->count; i++)
			loop->fds[i].revents = 0;
		if (n != 0 || loop->hurry)
			call_watches(loop);
		call_timers(loop);
	}
	return 0;
}

void
loop_done(struct loop *loop)
{
	free(loop->fds);
	free(loop->watches);
	loop->fds = NULL;
	loop->watches = NULL;
	loop->count = loop->size = 0;
}
