/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/* Revocation lists: what a policy has of them, and what they say. */

#ifndef STARTTLS_CRL_H
#define STARTTLS_CRL_H

#include <stddef.h>
#include <stdint.h>

#include <gnutls/x509.h>

#include "revoked.h"

struct starttls_policy;

/**
 * starttls_crl_check: what the policy's lists say about a certificate.
 *
 * A list counts for all certificates of its issuer's name, however that is
 * written.  This is quick however long the lists are.
 *
 * Returns: STARTTLS_V_REVOKED, STARTTLS_V_STALE_CRL, STARTTLS_V_OTHER; 0.
 */
unsigned starttls_crl_check(const struct starttls_policy *policy,
			    gnutls_x509_crt_t crt);

/** starttls_crl_end: first nextUpdate of all lists; INT64_MAX. */
int64_t starttls_crl_end(const struct starttls_policy *policy);

/** starttls_crl_forget: free all lists behind the first @count. */
void starttls_crl_forget(struct starttls_policy *policy, size_t count);

#endif
