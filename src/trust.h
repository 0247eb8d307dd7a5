/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * Trust anchors, loaded on need.
 *
 * Bundles are decoded into an index by subject name; GnuTLS gets only the
 * anchors whose subject is the issuer or the subject of a certificate of the
 * chain at hand, and does the whole path validation with them.
 */

#ifndef STARTTLS_TRUST_H
#define STARTTLS_TRUST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>

#include "error.h"

struct trust;

#define TRUST_MAX_CANDIDATES 16

/**
 * starttls_trust_new: an empty store.
 *
 * @list     where loaded anchors go; borrowed, must outlive the store
 *
 * Returns: the store; NULL: no memory.
 */
struct trust *starttls_trust_new(gnutls_x509_trust_list_t list);
void starttls_trust_free(struct trust *t);

/**
 * starttls_trust_add_pem: index the certificates of a PEM text.
 *
 * @label    for messages, e.g. the file's name
 *
 * Returns: 0; STARTTLS_E_POLICY (no certificate, or a malformed one; nothing
 * was added), STARTTLS_E_NOMEM
 */
int starttls_trust_add_pem(struct trust *t, const char *label,
			   const char *data, size_t len,
			   struct starttls_error *error);
int starttls_trust_add_file(struct trust *t, const char *path,
			    struct starttls_error *error);
int starttls_trust_add_dir(struct trust *t, const char *path,
			   struct starttls_error *error);

/* What is in a store at the moment, in order to go back to it when something
   that was added in parts has failed; not after the first lock. */
struct trust_mark {
	size_t count, bytes_len;
};
struct trust_mark starttls_trust_mark(const struct trust *t);
void starttls_trust_forget(struct trust *t, struct trust_mark mark);

/**
 * starttls_trust_add_system: the system's store, from the place that the
 * build found, or else whatever GnuTLS was built to use.
 *
 * Returns: 0; STARTTLS_E_POLICY (there is none), STARTTLS_E_NOMEM
 */
int starttls_trust_add_system(struct trust *t, struct starttls_error *error);

/** starttls_trust_system_path: where that place is, for people. */
const char *starttls_trust_system_path(void);

/** starttls_trust_count: anchors in the index. */
size_t starttls_trust_count(const struct trust *t);

/** starttls_trust_digest: add all anchors to a hash.  Returns: GNUTLS_E_*. */
int starttls_trust_digest(const struct trust *t, gnutls_hash_hd_t hash);

/**
 * starttls_trust_lock: load what a chain needs and hold the list for reading.
 *
 * @chain    certificates as DER
 *
 * Release with starttls_trust_unlock.  Thread: safe once no anchors are
 * added any more.
 *
 * Returns: 0; STARTTLS_E_NOMEM (nothing is held)
 */
int starttls_trust_lock(struct trust *t, const gnutls_datum_t *chain,
			unsigned chain_len);
void starttls_trust_unlock(struct trust *t);

/**
 * starttls_trust_candidates: which anchors a chain may lead to.
 *
 * @ret_index  room for TRUST_MAX_CANDIDATES
 *
 * Returns: how many, each named once.
 */
size_t starttls_trust_candidates(struct trust *t, const gnutls_datum_t *chain,
				 unsigned chain_len, size_t *ret_index);

/**
 * starttls_trust_is_anchor: whether a certificate is itself an anchor.
 */
bool starttls_trust_is_anchor(struct trust *t, const gnutls_datum_t *crt);

/**
 * starttls_trust_list_of: a list with one anchor.
 *
 * Ownership: the caller frees it, with gnutls_x509_trust_list_deinit(l, 1).
 * Returns: the list; NULL: no memory, or the anchor cannot be parsed.
 */
gnutls_x509_trust_list_t starttls_trust_list_of(const struct trust *t,
						size_t index);

#endif
