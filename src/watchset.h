/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/* Several sockets that connect, and a moment, behind one descriptor. */

#ifndef STARTTLS_WATCHSET_H
#define STARTTLS_WATCHSET_H

#include <stdbool.h>
#include <stdint.h>

struct watchset {
	int fd;                    /* readable when one of them is writable or
	                              in error, or the moment has come; -1:
	                              there is none */
	int timer;
};

#define WATCHSET_INIT { -1, -1 }

/**
 * starttls_watchset_add: watch one more, until it is closed.
 *
 * Returns: false if the system has nothing of the kind, or has run out of it
 */
bool starttls_watchset_add(struct watchset *set, int fd);

/** starttls_watchset_at: the moment, in place of the last; see wait.h. */
bool starttls_watchset_at(struct watchset *set, int64_t moment);

void starttls_watchset_done(struct watchset *set);

#endif
