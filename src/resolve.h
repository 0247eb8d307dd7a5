/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/* From a host and a port to addresses. */

#ifndef STARTTLS_RESOLVE_H
#define STARTTLS_RESOLVE_H

#include <sys/socket.h>

#include "error.h"

#define RESOLVE_MAX_ADDRESSES 16
#define RESOLVE_MAX_LOOKUPS 128    /* of a process, at a time */

struct addresses {
	struct {
		struct sockaddr_storage address;
		socklen_t len;
	} list[RESOLVE_MAX_ADDRESSES];
	size_t count;              /* at least 1 */
};

/**
 * starttls_resolve: the addresses of a host, in the order to try them.
 *
 * @deadline  on the monotonic clock, see wait.h.  An address with a port in
 *            digits needs no waiting.
 *
 * Returns: 0; STARTTLS_E_INVALID (host, port), STARTTLS_E_RESOLVE (there is no
 * such name, or too many look-ups had not ended by the deadline),
 * STARTTLS_E_TIMEOUT, STARTTLS_E_NOMEM, STARTTLS_E_SYSTEM (no thread)
 */
int starttls_resolve(const char *host, const char *port,
		     enum starttls_family family, int64_t deadline,
		     struct addresses *ret_addresses,
		     struct starttls_error *error);

#endif
