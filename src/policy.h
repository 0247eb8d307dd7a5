/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/* What a policy holds, for the parts that apply it. */

#ifndef STARTTLS_POLICY_H
#define STARTTLS_POLICY_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>

#include "crl.h"
#include "error.h"
#include "name.h"
#include "peer.h"
#include "resume.h"
#include "trust.h"

#define PIN_SIZE PEER_DIGEST_SIZE

/* A server's certificates for the same names, of one or several key types. */
struct identity {
	gnutls_certificate_credentials_t credentials;
	gnutls_x509_crt_t leaf;    /* of the first */
	size_t count;
};

struct starttls_policy {
	atomic_uint refs;
	enum starttls_role role;
	pthread_mutex_t lock;      /* of the change to frozen */
	bool frozen;
	bool use_system;
	bool has_identity;
	bool require_ocsp;
	bool resumption;
	enum starttls_client_cert client_cert;
	enum starttls_alpn alpn;
	enum starttls_tls_version min_version;
	char *removals;            /* ":-ITEM:-ITEM"; NULL: none */
	uint8_t (*pins)[PIN_SIZE];
	size_t pin_count;
	struct accepted *peers;    /* if there are any, nobody else is good */
	size_t peer_count;
	struct revoked *crls;
	size_t crl_count;
	struct trust *trust;
	size_t own_anchors;        /* before the system's were added */
	bool has_system;           /* the system's store is loaded */
	gnutls_certificate_credentials_t credentials; /* a client's */
	gnutls_certificate_credentials_t no_identity; /* of it; NULL: it has
	                              none to withhold */
	gnutls_pk_algorithm_t identity_type; /* of its key */
	struct identity *identities; /* a server's */
	size_t identity_count;
	gnutls_priority_t priority;    /* made when frozen */
	gnutls_priority_t own_order;   /* the same, for a server with a choice of
	                                  keys and TLS 1.2; NULL: no choice */
	gnutls_certificate_verification_profiles_t profile; /* the same */
	gnutls_datum_t intermediates; /* PEM, for the next identity */
	struct resume *resume;     /* a client's cache */
	gnutls_datum_t ticket_key; /* a server's; empty: no tickets */
	int64_t (*clock)(void);    /* seconds since 1970; tests set it */
};

/* What setters share is in setting.c. */

/** starttls_policy_wrong: fail with a constant message. */
int starttls_policy_wrong(struct starttls_error *error, int code,
			  const char *why);

/**
 * starttls_policy_may_set: what every setter asks first.
 *
 * Returns: 0; STARTTLS_E_INVALID (NULL), STARTTLS_E_FROZEN
 */
int starttls_policy_may_set(struct starttls_policy *policy,
			    const void *argument,
			    struct starttls_error *error);

/** starttls_policy_has_pin: whether a certificate's key is pinned (pin.c). */
bool starttls_policy_has_pin(const struct starttls_policy *policy,
			     gnutls_x509_crt_t crt);

/**
 * starttls_identity_for: which of a server's identities a client means.
 *
 * @name     that it asked for (SNI); NULL: none
 *
 * Returns: the one that has the name, also by a wildcard; else the first.
 */
const struct identity *
starttls_identity_for(const struct starttls_policy *policy,
		      const struct name *name);

/**
 * starttls_identity_can_sign: whether a client's key makes signatures that a
 * server takes.
 *
 * @request  its CertificateRequest of TLS 1.2; for TLS 1.3 GnuTLS asks
 */
bool starttls_identity_can_sign(const struct starttls_policy *policy,
				const gnutls_datum_t *request);

/** starttls_identities_free: all of them. */
void starttls_identities_free(struct starttls_policy *policy);

/**
 * starttls_policy_freeze: make the policy ready for use, once.
 *
 * Returns: 0; STARTTLS_E_POLICY, STARTTLS_E_NOMEM
 */
int starttls_policy_freeze(struct starttls_policy *policy,
			   struct starttls_error *error);

/**
 * starttls_policy_priority: the priority that a policy stands for.
 *
 * @removals  of the application, as in the policy; NULL: none
 *
 * Returns: 0 or GNUTLS_E_*.
 */
int starttls_policy_priority(const struct starttls_policy *policy,
			     const char *removals,
			     gnutls_priority_t *ret_priority);

#endif
