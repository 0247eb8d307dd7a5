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
	queue_enter_behind(queue, place, queue->last);
}

void
queue_enter_behind(struct queue *queue, struct place *place,
		   struct place *other)
{
	queue_leave(place);
	place->queue = queue;
	place->previous = other;
	place->next = other != NULL ? other->next : queue->first;
	if (place->next != NULL)
		place->next->previous = place;
	else
		queue->last = place;
	if (other != NULL)
		other->next = place;
	else
		queue->first = place;
}

void *
queue_first(const struct queue *queue)
{
	return queue->first == NULL ? NULL : queue->first->owner;
}
