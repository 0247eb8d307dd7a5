/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * Leftist heaps (Crane 1972).  To the right the way down is the shorter one, so
 * it has no more steps than the logarithm says, and all work is done there.
 */

#include "config.h"

#include "heap.h"

#include <stddef.h>

static unsigned
depth_of(const struct leaf *leaf)
{
	return leaf == NULL ? 0 : leaf->depth;
}

/* Have the shorter way to the right.  Returns whether the depth has changed. */
static int
settle(struct leaf *leaf)
{
	struct leaf *left = leaf->left;
	unsigned before = leaf->depth;

	if (depth_of(left) < depth_of(leaf->right)) {
		leaf->left = leaf->right;
		leaf->right = left;
	}
	leaf->depth = depth_of(leaf->right) + 1;
	return leaf->depth != before;
}

/* What is above the result is for the caller to say. */
static struct leaf *
merge(struct leaf *a, struct leaf *b)
{
	struct leaf *top = NULL, **link = &top, *last = NULL;

	while (a != NULL && b != NULL) {
		struct leaf *later = b->at_us < a->at_us ? a : b;
		struct leaf *next = later == a ? b : a;

		next->above = last;
		*link = last = next;
		link = &next->right;
		a = next->right;
		b = later;
	}
	*link = a != NULL ? a : b;
	if (*link != NULL)
		(*link)->above = last;
	for (; last != NULL; last = last->above)
		settle(last);
	return top;
}

void
heap_enter(struct heap *heap, struct leaf *leaf, int64_t at_us)
{
	heap_leave(leaf);
	leaf->heap = heap;
	leaf->at_us = at_us;
	leaf->above = leaf->left = leaf->right = NULL;
	leaf->depth = 1;
	heap->first = merge(heap->first, leaf);
}

void
heap_leave(struct leaf *leaf)
{
	struct leaf *above = leaf->above, *rest;

	if (leaf->heap == NULL)
		return;
	rest = merge(leaf->left, leaf->right);
	if (rest != NULL)
		rest->above = above;
	if (above == NULL)
		leaf->heap->first = rest;
	else if (above->left == leaf)
		above->left = rest;
	else
		above->right = rest;
	leaf->heap = NULL;
	while (above != NULL && settle(above))
		above = above->above;
}
