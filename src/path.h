/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/* From a certificate to an anchor. */

#ifndef STARTTLS_PATH_H
#define STARTTLS_PATH_H

#include <stdbool.h>
#include <stdint.h>

#include <gnutls/x509.h>

#include "policy.h"
#include "verify.h"

struct chain {
	const gnutls_datum_t *der;
	gnutls_x509_crt_t crt[VERIFY_MAX_CHAIN];
	unsigned len;
};

/* What the path validation tells on its way, see on_path(). */
struct path {
	const struct chain *chain;
	const struct starttls_policy *policy;
	unsigned status;           /* of GnuTLS; 0: valid */
	int depth;                 /* certificate at fault; -1: none of them */
	bool pinned;               /* a pinned key is on the path */
	gnutls_x509_crt_t issuer;  /* of the leaf */
	int64_t end;               /* first notAfter, the anchor's included */
	gnutls_x509_trust_list_t own_list; /* holds the anchor; NULL */
};

/**
 * starttls_path_check: path, validity, strength, purpose, constraints.
 *
 * Ownership: borrows @chain and @policy for the life of @ret_path; the caller
 * frees ret_path->own_list, unless it is NULL.
 */
void starttls_path_check(const struct starttls_policy *policy,
			 const struct chain *chain, struct path *ret_path);

/* Whether the policy has a pin of this key. */
bool starttls_path_is_pinned(const struct starttls_policy *policy,
			     gnutls_x509_crt_t crt);

#endif
