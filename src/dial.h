/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/* Dialling, with the times that a report wants. */

#ifndef STARTTLS_DIAL_H
#define STARTTLS_DIAL_H

#include "error.h"

struct dial_facts {
	int64_t resolve_us;        /* -1: not reached */
	int64_t connect_us;
	char address[64];          /* connected to, or tried last; "": none */
};

/**
 * starttls_dial_until: as starttls_dial.
 *
 * @deadline  on the monotonic clock, see wait.h
 * @ret_facts filled as far as it went, also on failure
 */
int starttls_dial_until(const char *host, const char *port,
			enum starttls_family family, int64_t deadline,
			int *ret_fd, struct dial_facts *ret_facts,
			struct starttls_error *error);

#endif
