/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/* Names of X.500 in DER: whether one is below another. */

#ifndef STARTTLS_DIRNAME_H
#define STARTTLS_DIRNAME_H

#include "der.h"

/** starttls_dirname_is_valid: whether these are the RDNs of a name. */
bool starttls_dirname_is_valid(struct slice name);

/**
 * starttls_dirname_is_within: whether @name begins with all RDNs of @base.
 *
 * Both valid.  Strings are compared as RFC 5280 section 7.1 has it, except
 * that characters beyond ASCII have a case: the encoding is of no account, nor
 * are the case of letters, blanks at the ends, and how many are together.
 */
bool starttls_dirname_is_within(struct slice name, struct slice base);

/**
 * starttls_dirname_hash: what two names, each within the other, have in common.
 *
 * @name  valid
 */
uint32_t starttls_dirname_hash(struct slice name);

#endif
