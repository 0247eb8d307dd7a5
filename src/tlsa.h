/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/* TLSA records: which of them can be used, and what they say of a chain. */

#ifndef STARTTLS_TLSA_H
#define STARTTLS_TLSA_H

#include <stdbool.h>
#include <stdint.h>

#include <gnutls/x509.h>

#include "der.h"
#include "error.h"

/* RFC 7218 section 2.1 */
enum tlsa_usage {
	TLSA_PKIX_TA,
	TLSA_PKIX_EE,
	TLSA_DANE_TA,
	TLSA_DANE_EE,
	TLSA_USAGES
};

struct tlsa;

/* A DANE-TA(2) record that has all of its certificate or key. */
struct authority {
	gnutls_x509_crt_t crt;     /* NULL: it is a key */
	struct slice data;
};

/**
 * starttls_tlsa_new: a copy of those records that can be used.
 *
 * @count  at least 1
 *
 * Ownership: the caller frees with starttls_tlsa_free().  It is only read from
 * then on.
 * Returns: 0; STARTTLS_E_INVALID (too many, too long, a NULL),
 * STARTTLS_E_TLSA_UNUSABLE, STARTTLS_E_NOMEM
 */
int starttls_tlsa_new(struct tlsa **ret_tlsa,
		      const struct starttls_tlsa *records, size_t count,
		      struct starttls_error *error);
void starttls_tlsa_free(struct tlsa *tlsa);

/** starttls_tlsa_has: whether there is a record of this usage. */
bool starttls_tlsa_has(const struct tlsa *tlsa, enum tlsa_usage usage);

/**
 * starttls_tlsa_matches: whether one of this usage is about a certificate.
 *
 * @der  of the certificate
 */
bool starttls_tlsa_matches(const struct tlsa *tlsa, enum tlsa_usage usage,
			   struct slice der);

/** starttls_tlsa_is_of: the same for a certificate without its bytes. */
bool starttls_tlsa_is_of(const struct tlsa *tlsa, enum tlsa_usage usage,
			 gnutls_x509_crt_t crt);

/**
 * starttls_tlsa_authority: walk through those of DANE-TA(2) that have all of
 * it; they stay the records'.
 *
 * @at  0 before the first
 *
 * Returns: whether there is another one.
 */
bool starttls_tlsa_authority(const struct tlsa *tlsa, size_t *at,
			     struct authority *ret_authority);

/**
 * starttls_tlsa_import: a certificate of its bytes, for the caller to deinit.
 *
 * Returns: 0 or GNUTLS_E_*.
 */
int starttls_tlsa_import(struct slice der, gnutls_x509_crt_t *ret_crt);

/**
 * starttls_tlsa_digest: what tells the records from any others.
 *
 * @ret_digest  32 bytes
 *
 * Returns: 0 or GNUTLS_E_*.
 */
int starttls_tlsa_digest(const struct tlsa *tlsa, uint8_t *ret_digest);

#endif
