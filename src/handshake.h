/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/* The TLS handshake under a policy. */

#ifndef STARTTLS_HANDSHAKE_H
#define STARTTLS_HANDSHAKE_H

#include "session.h"

/**
 * starttls_handshake_begin: set up GnuTLS as the policy wants it.
 *
 * Returns: 0 or the session's sticky code.
 */
int starttls_handshake_begin(struct starttls_session *s);

/**
 * starttls_handshake_step: go on without waiting.
 *
 * Returns: 0 (finished and verified), STARTTLS_WANT_READ,
 * STARTTLS_WANT_WRITE, STARTTLS_E_INTERRUPTED, or the session's sticky code.
 */
int starttls_handshake_step(struct starttls_session *s);

/**
 * starttls_handshake_settle: a handshake that began with a false start is over,
 * so its session can be kept.
 */
void starttls_handshake_settle(struct starttls_session *s);

#endif
