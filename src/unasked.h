/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * When GnuTLS has given up a handshake before anybody was asked about the
 * peer's certificates: whether those were the reason.
 */

#ifndef STARTTLS_UNASKED_H
#define STARTTLS_UNASKED_H

#include "session.h"

/**
 * starttls_unasked_unreadable: whether it cannot parse one of them.
 *
 * Returns: 0: it can; STARTTLS_E_BAD_CHAIN, and the session says so.
 */
int starttls_unasked_unreadable(struct starttls_session *s);

/**
 * starttls_unasked_disordered: whether the first one is not the peer's own,
 * going by the others.
 *
 * Returns: 0: nothing says so; STARTTLS_E_DISORDERED, and the session says so.
 */
int starttls_unasked_disordered(struct starttls_session *s);

#endif
