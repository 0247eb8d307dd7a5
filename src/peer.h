/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * This very peer: those that a policy accepts, and what one connection asks of
 * its own.
 */

#ifndef STARTTLS_PEER_H
#define STARTTLS_PEER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "der.h"
#include "error.h"
#include "name.h"
#include "tlsa.h"

struct starttls_policy;

#define PEER_DIGEST_SIZE 32        /* SHA-256 */
#define PEER_TEXT_SIZE 80          /* "cert-sha256:" and the digest */

/* A peer that is good by itself. */
struct accepted {
	uint8_t digest[PEER_DIGEST_SIZE];
	bool is_key;               /* else of the whole certificate */
};

/*
 * What a connection asks of its peer, beside the policy.  It is not changed
 * any more, and shared with data channels.
 */
struct expected {
	atomic_uint refs;
	struct tlsa *tlsa;         /* NULL: no records */
	char id[48];               /* tells it from any other */
	unsigned name_count;
	struct name names[];       /* further ones */
};

/**
 * starttls_expected_new: what the options ask for.
 *
 * Ownership: starttls_expected_unref() gives it back.
 * Returns: 0, and NULL if that is nothing; STARTTLS_E_INVALID,
 * STARTTLS_E_TLSA_UNUSABLE, STARTTLS_E_NOMEM
 */
int starttls_expected_new(struct expected **ret_expected,
			  const struct starttls_options *options,
			  struct starttls_error *error);
struct expected *starttls_expected_ref(struct expected *expected);
void starttls_expected_unref(struct expected *expected);

/**
 * starttls_peer_parse_key: "sha256//" and base64.
 *
 * @len      of @text, which need not end there
 * @ret_key  PEER_DIGEST_SIZE bytes
 *
 * Returns: whether it is that.
 */
bool starttls_peer_parse_key(const char *text, size_t len, uint8_t *ret_key);

/** starttls_peer_is_accepted: whether the policy names this certificate. */
bool starttls_peer_is_accepted(const struct starttls_policy *policy,
			       struct slice der);

/** starttls_peer_format: in the form of starttls_policy_accept_peer. */
void starttls_peer_format(const struct accepted *peer,
			  char ret_text[PEER_TEXT_SIZE]);

/**
 * starttls_peer_digest: of a certificate, or of its key.
 *
 * Returns: 0; STARTTLS_E_TLS (it has none)
 */
int starttls_peer_digest(struct slice der, bool is_key,
			 struct accepted *ret_peer);

#endif
