/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/* What the keys of a peer may cost us. */

#ifndef STARTTLS_KEYS_H
#define STARTTLS_KEYS_H

#include "session.h"

/**
 * starttls_keys_check: whether the keys of the peer's chain can be used.
 *
 * For the handshake: when GnuTLS has the chain, but has not used a key of it.
 * Sets verdict and depth of the session, and its error, if one is refused.
 *
 * Returns: 0, or the session's code.
 */
int starttls_keys_check(struct starttls_session *s);

#endif
