/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/* Whether the peer is who it should be. */

#ifndef STARTTLS_VERIFY_H
#define STARTTLS_VERIFY_H

#include "chain.h"
#include "session.h"

/**
 * starttls_verify: check the peer's chain against the policy.
 *
 * For the verify callback of GnuTLS: inside the handshake, before Finished.
 * Sets verdict, depth, staple and chain_end of the session, and its error
 * if the verdict is not 0.
 *
 * Returns: 0, or the session's code.
 */
int starttls_verify(struct starttls_session *s);

/**
 * starttls_verify_is_meant: whether a certificate is good whatever is in it: the
 * policy names it, or a DANE-EE(3) record.  With both, both do.
 */
bool starttls_verify_is_meant(const struct starttls_session *s,
			      struct slice der);

/**
 * starttls_verify_name: whether a certificate is for a name: by
 * subjectAltName only, RFC 9525 section 6.
 */
bool starttls_verify_name(const struct name *name, gnutls_x509_crt_t leaf);

/**
 * starttls_verify_owner: which of those that were sent has a name that the
 * server is called by.
 *
 * Returns: its place; 0: the first, as it should be, or none; or it is a
 * client.
 */
unsigned starttls_verify_owner(const struct starttls_session *s,
			       const struct chain *chain);

/**
 * starttls_verify_leaf_digest: what tells one certificate from another.
 *
 * @ret_sha256  32 bytes
 *
 * Returns: 0; STARTTLS_E_TLS
 */
int starttls_verify_leaf_digest(const gnutls_datum_t *leaf,
				uint8_t *ret_sha256);

#endif
