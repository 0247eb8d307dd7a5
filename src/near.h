/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/* Which of some words somebody may have meant who has written another one. */

#ifndef STARTTLS_NEAR_H
#define STARTTLS_NEAR_H

#include <stddef.h>

struct near {
	const char *word;
	size_t len;
	const char *best;          /* NULL: none is near */
	unsigned distance;         /* of that */
};

/**
 * starttls_near_begin: look for what is near to a word.
 *
 * Ownership: borrows the word, and each candidate.
 */
void starttls_near_begin(struct near *n, const char *word, size_t len);

/** starttls_near_offer: one candidate or NULL; of equals the first wins. */
void starttls_near_offer(struct near *n, const char *candidate);

#endif
