/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * Allocation failure: what those that try it have in common.
 */

#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "scarce.h"

#include <stdio.h>
#include <stdlib.h>

#include "harness.h"
#include "heap.h"

#define MAX_ALLOCATIONS 20000

/*
 * What is left is counted here.  The leak sanitizer would see what GnuTLS
 * itself loses when memory runs out.
 */
const char *__asan_default_options(void);

const char *
__asan_default_options(void)
{
	return "detect_leaks=0";
}

size_t
scarce_step(void)
{
	const char *text = getenv("ALLOC_STEP");
	size_t step = text == NULL ? 0 : strtoul(text, NULL, 10);

	return step > 0 ? step : 1;
}

size_t
next_allocation(size_t nth)
{
	ck_assert_uint_lt(nth, MAX_ALLOCATIONS);
	return nth + scarce_step();
}

void
expect_nothing_left(const char *what, size_t nth)
{
	ck_assert_msg(heap_blocks() == 0, "%s, allocation %zu: %zu blocks "
	    "of %zu bytes leak", what, nth, heap_blocks(), heap_in_use());
}

void
expect_failure(const char *what, size_t nth, int rc,
	       const struct starttls_error *error)
{
	ck_assert_msg(heap_failed(), "%s: %d, %s", what, rc, error->message);
	ck_assert_msg(rc < STARTTLS_WANT_WRITE && error->code == rc &&
	    is_plain_line(error->message), "%s, allocation %zu: %d, error "
	    "%d, \"%s\"", what, nth, rc, error->code, error->message);
}

Suite *
scarce_suite(const char *name, TCase **ret_tcase)
{
	Suite *suite = suite_create(name);

	if (!heap_is_watched()) {
		puts("1..0 # SKIP the heap cannot be watched");
		exit(EXIT_SUCCESS);
	}
	*ret_tcase = tcase_create("failure");
	tcase_set_timeout(*ret_tcase, 600);
	suite_add_tcase(suite, *ret_tcase);
	return suite;
}
