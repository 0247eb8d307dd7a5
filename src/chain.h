/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/* The certificates that a peer has sent, in their order. */

#ifndef STARTTLS_CHAIN_H
#define STARTTLS_CHAIN_H

#include <stdbool.h>

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>

#define VERIFY_MAX_CHAIN 64        /* certificates that are looked at */

struct chain {
	const gnutls_datum_t *der;
	gnutls_x509_crt_t crt[VERIFY_MAX_CHAIN];
	unsigned len;
};

/**
 * starttls_chain_import: the peer's as GnuTLS received it, as far as we look at
 * it.
 *
 * Ownership: starttls_chain_done() gives it back, also after a failure.
 * Returns: whether it could be read; if not, the last one is at fault.
 */
bool starttls_chain_import(struct chain *chain, gnutls_session_t tls);
void starttls_chain_done(struct chain *chain);

#endif
