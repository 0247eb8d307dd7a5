/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * Two ways to hold anchors, to be compared: all of them in a list of GnuTLS, or
 * those that are needed in a policy.
 */

#ifndef TESTS_TRUSTSTORE_H
#define TESTS_TRUSTSTORE_H

#include <stdbool.h>
#include <stddef.h>

#include <gnutls/x509.h>

#include "starttls.h"

struct store {
	gnutls_x509_trust_list_t list;
	struct starttls_policy *policy;
};

/** new_policy: one that trusts nobody, on the clock of mint.h. */
struct starttls_policy *new_policy(void);

/** store_init: with the anchors of a bundle. */
void store_init(struct store *s, const char *pem, bool on_need);
void store_done(struct store *s);

/** store_count: the anchors that GnuTLS holds. */
size_t store_count(const struct store *s);

/**
 * store_verify: what is wrong with a chain, as GnuTLS has it, or as we do.
 *
 * Returns: 0: nothing.
 */
unsigned store_verify(struct store *s, gnutls_x509_crt_t *chain, unsigned n);

/** path_verdict: what a policy has to say of a chain. */
unsigned path_verdict(const struct starttls_policy *policy,
		      gnutls_x509_crt_t *chain, unsigned n);

#endif
