/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/* Things by their moment, the next one first: a leftist heap, in which entering
   and leaving take steps by the logarithm of their number, and no memory. */

#ifndef LOOP_HEAP_H
#define LOOP_HEAP_H

#include <stdint.h>

struct heap {
	struct leaf *first;
};

/* Embedded in whatever is in a heap. */
struct leaf {
	void *owner;
	int64_t at_us;
	struct heap *heap;         /* NULL: in none */
	struct leaf *above, *left, *right;
	unsigned depth;            /* of the nearest place below that is free */
};

/* Leaves the heap that it is in, and enters @heap. */
void heap_enter(struct heap *heap, struct leaf *leaf, int64_t at_us);
void heap_leave(struct leaf *leaf);

#endif
