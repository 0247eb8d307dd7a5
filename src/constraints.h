/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/* Name constraints of the issuers of a path. */

#ifndef STARTTLS_CONSTRAINTS_H
#define STARTTLS_CONSTRAINTS_H

#include <gnutls/x509.h>

#include "name.h"

/**
 * starttls_constraints_check: whether the names of each certificate, and one
 * of those that the peer is called by, are within the constraints of all
 * issuers above it, RFC 5280 section 4.2.1.10.
 *
 * For a valid path.  The anchor's constraints count like any other's.  Names
 * of the peer's certificate that nobody asked for count as well: one outside
 * makes the whole certificate worthless.
 *
 * @names      none, or NULL: nobody is asked for
 * @path       the peer's certificate first, the anchor last
 * @ret_index  the certificate at fault: the one that has the name, or the
 *             issuer whose constraints cannot be read
 * @ret_name   the first of @names that is within; may be NULL
 *
 * Returns: whether they are.
 */
bool starttls_constraints_check(const struct names *names,
				const gnutls_x509_crt_t *path, unsigned len,
				unsigned *ret_index,
				const struct name **ret_name);

#endif
