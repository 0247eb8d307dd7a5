/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/* A crowd in pages that must not be touched: each look at one of it, from then
   on, is counted by the fault that it causes. */

#ifndef TESTS_LOOKS_H
#define TESTS_LOOKS_H

#include <stddef.h>

/** looks_new: a zeroed page for each of @count. */
void looks_new(size_t count);

/** looks_page: that of one. */
void *looks_page(size_t i);

/** looks_hide: count from now on, the first look at each page. */
void looks_hide(void);

int looks_count(void);

/** looks_show: do not count any more. */
void looks_show(void);

void looks_free(void);

#endif
