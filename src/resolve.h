/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/* From a question to addresses, without waiting. */

#ifndef STARTTLS_RESOLVE_H
#define STARTTLS_RESOLVE_H

#include "question.h"

#define RESOLVE_MAX_LOOKUPS 128    /* of a process, at a time */

struct lookup;

/* What one caller waits for; zeroed before use. */
struct resolution {
	struct lookup *lookup;     /* NULL: nothing is asked */
	struct resolution *next, **at; /* who waits for the same */
	int ends[2];               /* of a pipe: readable when it is time */
};

/**
 * starttls_resolve: the addresses, in the order to try them.
 *
 * An address with a port in digits is answered at once.  For all else a thread
 * is asked, and the call repeated when @r->ends[0] is readable.
 *
 * Returns: 0; STARTTLS_WANT_READ; STARTTLS_E_INVALID (no such service),
 * STARTTLS_E_RESOLVE, STARTTLS_E_NOMEM, STARTTLS_E_SYSTEM (no thread, no pipe)
 */
int starttls_resolve(struct resolution *r, const struct question *question,
		     struct addresses *ret_addresses,
		     struct starttls_error *error);

/**
 * starttls_resolve_late: why the deadline has passed.
 *
 * Returns: STARTTLS_E_TIMEOUT; STARTTLS_E_RESOLVE (too many look-ups had not
 * ended)
 */
int starttls_resolve_late(const struct resolution *r,
			  const struct question *question,
			  struct starttls_error *error);

/** starttls_resolve_done: at any time.  The thread sees to itself. */
void starttls_resolve_done(struct resolution *r);

#endif
