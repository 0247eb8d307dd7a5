/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/* The name of an XMPP domain. */

#ifndef STARTTLS_DOMAIN_H
#define STARTTLS_DOMAIN_H

#define DOMAIN_SIZE 384

/**
 * starttls_domain: a name that is verified, as the value of the attribute `to`.
 *
 * In place of A-labels RFC 7622 section 3.2 wants U-labels.  What is not ASCII in
 * them is written as references, as what is sent is ASCII; where that is too long
 * for @dst the name stays as it is.  An address is in brackets.
 */
void starttls_domain(char dst[DOMAIN_SIZE], const char *name);

#endif
