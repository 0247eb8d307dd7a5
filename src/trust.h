/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * Trust anchors, parsed on need.
 *
 * Bundles are decoded into an index by subject name; GnuTLS gets only the
 * anchors whose subject is the issuer or the subject of a certificate at
 * hand, and does the whole path validation with them.
 */

#ifndef STARTTLS_TRUST_H
#define STARTTLS_TRUST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>

#include "der.h"
#include "error.h"

struct trust;

#define TRUST_MAX_CANDIDATES 16

/**
 * starttls_trust_new: an empty store.
 *
 * Returns: the store; NULL: no memory.
 */
struct trust *starttls_trust_new(void);
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
/** starttls_trust_add_der: the same for one certificate of DER. */
int starttls_trust_add_der(struct trust *t, const char *label,
			   const void *data, size_t len,
			   struct starttls_error *error);
/**
 * starttls_trust_take_pem: the same for a store of which little is needed: no more
 * than the beginning of each certificate is decoded now.
 *
 * One that is damaged further on, by characters that are none of base64, is as
 * good as none.
 *
 * Ownership: takes @data, which was allocated, whatever happens.
 */
int starttls_trust_take_pem(struct trust *t, const char *label, char *data,
			    size_t len, struct starttls_error *error);
int starttls_trust_add_file(struct trust *t, const char *path,
			    struct starttls_error *error);
int starttls_trust_add_dir(struct trust *t, const char *path,
			   struct starttls_error *error);

/* What is in a store at the moment, in order to go back to it when something
   that was added in parts has failed; not after the first look-up. */
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
int starttls_trust_digest(struct trust *t, gnutls_hash_hd_t hash);

/**
 * starttls_trust_find: the anchors with a subject name, the latest first.
 *
 * @name     DER, with its header
 *
 * Ownership: they belong to the store, and are for reading only.
 * Thread: safe once no anchors are added any more; nobody waits for longer
 * than it takes to parse some certificates.
 *
 * Returns: 0; STARTTLS_E_NOMEM
 */
int starttls_trust_find(struct trust *t, struct slice name,
			gnutls_x509_crt_t ret_crt[TRUST_MAX_CANDIDATES],
			unsigned *ret_count);

/** starttls_trust_parsed: how many anchors were needed so far. */
size_t starttls_trust_parsed(struct trust *t);

#endif
