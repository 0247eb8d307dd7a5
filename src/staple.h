/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/* The OCSP response that a server sends along with its certificate. */

#ifndef STARTTLS_STAPLE_H
#define STARTTLS_STAPLE_H

#include "path.h"
#include "session.h"

/** starttls_staple_is_due: whether the policy or the certificate wants one. */
bool starttls_staple_is_due(const struct starttls_session *s,
			    gnutls_x509_crt_t leaf);

/**
 * starttls_staple_check: what is wrong with it.  Sets staple of the session, and
 * brings chain_end forward if it is due and ends before.
 *
 * It counts only if the certificate that issued the leaf is known from a valid
 * path: what else is sent along may have the issuer's name, too.
 *
 * Returns: STARTTLS_V_* bits; 0: it is good, or there is none and none is due
 */
unsigned starttls_staple_check(struct starttls_session *s,
			       const struct path *path, bool is_due);

#endif
