/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * Allocation failure: what those that try it have in common.  Whoever includes
 * this replaces the allocator, see heap.h.
 *
 * ALLOC_STEP=n in the environment tries every n-th allocation only, for valgrind.
 */

#ifndef SCARCE_H
#define SCARCE_H

#include <check.h>
#include <stddef.h>

#include "starttls.h"

/* The n of ALLOC_STEP, or 1. */
size_t scarce_step(void);

/* Every n, or every n-th in turns that differ from part to part. */
size_t next_allocation(size_t nth);

void expect_nothing_left(const char *what, size_t nth);

/* A failure that says so, and that running out of memory can excuse. */
void expect_failure(const char *what, size_t nth, int rc,
		    const struct starttls_error *error);

/* A suite whose tests take their time.  Exits if the heap cannot be watched. */
Suite *scarce_suite(const char *name, TCase **ret_tcase);

#endif
