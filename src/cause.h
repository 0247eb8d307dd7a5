/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/* Why what a peer has sent leads to no anchor. */

#ifndef STARTTLS_CAUSE_H
#define STARTTLS_CAUSE_H

#include "path.h"

#define CAUSE_BITS ((unsigned)(STARTTLS_V_INCOMPLETE | \
	STARTTLS_V_SELF_SIGNED | STARTTLS_V_PRIVATE_ROOT | \
	STARTTLS_V_DISORDERED))

/**
 * starttls_cause_find: what those who run the peer have to mend.
 *
 * @depth  where the longest way ended; afterwards the certificate at fault
 *
 * Returns: one of CAUSE_BITS; 0: its authority is merely unknown.
 */
unsigned starttls_cause_find(const struct chain *chain, int *depth);

/**
 * starttls_cause_issued: which of the others the first has issued, and should
 * stand behind.
 *
 * Returns: its place; 0: none.
 */
unsigned starttls_cause_issued(const struct chain *chain);

/**
 * starttls_cause_describe: "; " and the cause, with who is missing.
 *
 * @owner  the place of one that has the name, and should be first; 0: none
 */
void starttls_cause_describe(const struct chain *chain, unsigned verdict,
			     int depth, unsigned owner, char *text,
			     size_t size);

/**
 * starttls_cause_url: where the certificate of the issuer can be had, by the
 * authority information access, RFC 5280 section 4.2.2.1.
 *
 * It is the peer's text, but has no byte that could harm a terminal, and is
 * left out if it does not fit.
 *
 * Returns: whether there is one, of HTTP.
 */
bool starttls_cause_url(gnutls_x509_crt_t crt, char *ret_url, size_t size);

#endif
