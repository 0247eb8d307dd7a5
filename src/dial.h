/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/* From a name to a connected descriptor, without waiting. */

#ifndef STARTTLS_DIAL_H
#define STARTTLS_DIAL_H

#include <stdint.h>

#include "error.h"

struct dial;

struct dial_facts {
	int64_t resolve_us;        /* -1: not reached */
	int64_t connect_us;
	char address[64];          /* connected to, or tried last; "": none */
};

/**
 * starttls_dial_new: look at the arguments.  Nobody is asked yet.
 *
 * @options  the local address, the interface and the family count
 *
 * Returns: 0; STARTTLS_E_INVALID (host, port, options), STARTTLS_E_RESOLVE (an
 * address of the other family), STARTTLS_E_NOMEM
 */
int starttls_dial_new(struct dial **ret_dial, const char *host,
		      const char *port, const struct starttls_options *options,
		      struct starttls_error *error);

/**
 * starttls_dial_step: go on as far as possible without waiting.
 *
 * @ret_fd  connected, blocking and close-on-exec
 *
 * Ownership: the descriptor is the caller's.
 * Returns: 0; STARTTLS_WANT_READ, STARTTLS_WANT_WRITE; or, and then there is
 * nothing left to do but to free it: STARTTLS_E_RESOLVE, STARTTLS_E_CONNECT,
 * STARTTLS_E_INVALID (no such service), STARTTLS_E_NOMEM, STARTTLS_E_SYSTEM
 */
int starttls_dial_step(struct dial *dial, int *ret_fd,
		       struct starttls_error *error);

/**
 * starttls_dial_fd: what to wait for after WANT_*; else -1.  Another one than
 * before stays open until the next step.
 */
int starttls_dial_fd(const struct dial *dial);

/** starttls_dial_wake: when to step even if nothing happens there; wait.h */
int64_t starttls_dial_wake(const struct dial *dial);

/** starttls_dial_late: why the deadline has passed; returns the code. */
int starttls_dial_late(const struct dial *dial, struct starttls_error *error);

/** starttls_dial_facts: as far as it went; a phase lasts until now. */
void starttls_dial_facts(const struct dial *dial,
			 struct dial_facts *ret_facts);

/** starttls_dial_free: at any time; waits for nothing, closes all it has. */
void starttls_dial_free(struct dial *dial);

#endif
