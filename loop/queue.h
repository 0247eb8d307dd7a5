/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/* Queues of things that are in one queue at a time, oldest first. */

#ifndef LOOP_QUEUE_H
#define LOOP_QUEUE_H

#include <stddef.h>

struct queue {
	struct place *first, *last;
};

/* Embedded in whatever stands in a queue. */
struct place {
	void *owner;
	struct queue *queue;       /* NULL: in none */
	struct place *previous, *next;
};

/* Leaves the queue that it is in, and goes to the end of @queue. */
void queue_enter(struct queue *queue, struct place *place);
/* The same, but to a place behind another one of @queue; NULL: the front. */
void queue_enter_behind(struct queue *queue, struct place *place,
			struct place *other);
void queue_leave(struct place *place);
/* Whose place is the first one; NULL: nobody's. */
void *queue_first(const struct queue *queue);

#endif
