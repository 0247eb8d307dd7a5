/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * The heap under watch: how much a piece of code holds, and what it does when
 * there is no more.
 *
 * A program that links this has malloc, calloc, realloc and free replaced,
 * for itself and for every library in it.  A thread has its allocations
 * tracked between heap_track(true) and heap_track(false); a block tracked
 * once counts until it is freed, whoever does that, whenever.  Works with the
 * address sanitizer, and under valgrind if that is told to keep its own
 * replacements to the C library, --soname-synonyms=somalloc=nouserintercepts.
 */

#ifndef TESTS_HEAP_H
#define TESTS_HEAP_H

#include <stdbool.h>
#include <stddef.h>

/** heap_is_watched: whether the replacements are in force. */
bool heap_is_watched(void);

/** heap_track: whether this thread's allocations count from here on. */
void heap_track(bool on);

/** heap_in_use: bytes in tracked blocks, as the allocator rounds them. */
size_t heap_in_use(void);

/** heap_blocks: the tracked blocks. */
size_t heap_blocks(void);

/** heap_forget: leave all blocks alone that are tracked now. */
void heap_forget(void);

/**
 * heap_fail: have a tracked allocation fail.
 *
 * Those of GMP, Nettle and libtasn1 do not count and do not fail, as these end
 * or crash the process if memory runs out.
 *
 * @nth      1 is the next one; 0: none
 * @forever  all that follow it as well
 */
void heap_fail(size_t nth, bool forever);

/** heap_calls: allocations since heap_fail() that could have failed. */
size_t heap_calls(void);

/** heap_failed: whether one did fail. */
bool heap_failed(void);

#endif
