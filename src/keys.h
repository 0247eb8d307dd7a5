/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/* What the keys of a peer may cost us. */

#ifndef STARTTLS_KEYS_H
#define STARTTLS_KEYS_H

#include "der.h"
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

/**
 * starttls_keys_look: what is wrong with a key, whosever it is.
 *
 * @info   its SubjectPublicKeyInfo
 * @wrong  words that go behind "has"; untouched if nothing is wrong
 *
 * Returns: 0; GNUTLS_E_MEMORY_ERROR or the like
 */
int starttls_keys_look(struct slice info, char *wrong, size_t size);

#endif
