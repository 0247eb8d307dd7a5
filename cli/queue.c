/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * Queues.
 */

#include "config.h"

#include "queue.h"

void
queue_leave(struct place *place)
{
	struct queue *queue = place->queue;

	if (queue == NULL)
		return;
	if (place->previous != NULL)
		place->previous->next = place->next;
	else
		queue->first = place->next;
	if (place->next != NULL)
		place->next->previous = place->previous;
	else
		queue->last = place->previous;
	place->queue = NULL;
}

void
queue_enter(struct queue *queue, struct place *place)
{
	queue_leave(place);
	place->queue = queue;
	place->previous = queue->last;
	place->next = NULL;
	if (queue->last != NULL)
		queue->last->next = place;
	else
		queue->first = place;
	queue->last = place;
}

void *
queue_first(const struct queue *queue)
{
	return queue->first == NULL ? NULL : queue->first->owner;
}
