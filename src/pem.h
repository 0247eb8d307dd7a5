/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/* Files of certificates, lists and keys, which are PEM or DER. */

#ifndef STARTTLS_PEM_H
#define STARTTLS_PEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <gnutls/gnutls.h>

#include "error.h"

/** starttls_pem_is_der: whether a file is one element of DER, not text. */
bool starttls_pem_is_der(const void *data, size_t len);

/**
 * starttls_pem_load: read a file of certificates.
 *
 * @ret_data    as it is
 * @ret_format  DER or PEM
 *
 * Ownership: the caller frees ret_data->data with gnutls_free().
 * Returns: 0; STARTTLS_E_POLICY
 */
int starttls_pem_load(const char *path, gnutls_datum_t *ret_data,
		      gnutls_x509_crt_fmt_t *ret_format,
		      struct starttls_error *error);

enum pem_kind { PEM_CERTIFICATES, PEM_KEY };

/**
 * starttls_pem_load_as: the same as PEM, whatever it is.
 *
 * Ownership: the caller gives it to starttls_pem_forget().
 * Returns: 0; STARTTLS_E_POLICY, STARTTLS_E_NOMEM
 */
int starttls_pem_load_as(const char *path, enum pem_kind kind,
			 gnutls_datum_t *ret_pem,
			 struct starttls_error *error);

/** starttls_pem_is_encrypted: whether a key needs a passphrase. */
bool starttls_pem_is_encrypted(const gnutls_datum_t *pem);

/**
 * starttls_pem_next: find the next block of text.
 *
 * @at     where to begin; then where its body does, or NULL
 * @kinds  what it may be, with the dashes behind that; NULL: the last
 *
 * Returns: whether there is one.
 */
bool starttls_pem_next(const char **at, const char *end,
		       const char *const *kinds);

/** starttls_pem_ends: whether the last line of a block begins here. */
bool starttls_pem_ends(const char *at, const char *end);

/**
 * starttls_pem_decode: the body of a block.
 *
 * @dst  room for 3 bytes for each 4 of it
 * @at   where it is; then where it ends, if it is well formed
 *
 * Returns: bytes written; -1: it is malformed, or empty.
 */
ptrdiff_t starttls_pem_decode(uint8_t *dst, const char **at, const char *end);

/** starttls_pem_forget: clear and free what may hold a key. */
void starttls_pem_forget(gnutls_datum_t *pem);

#endif
