/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/* From a certificate to an anchor. */

#ifndef STARTTLS_PATH_H
#define STARTTLS_PATH_H

#include <stdbool.h>
#include <stdint.h>

#include <gnutls/x509.h>

#include "anchors.h"
#include "chain.h"
#include "policy.h"

#define PATH_MAX_LEN 17            /* the anchor included */
#define PATH_MAX_ATTEMPTS 16       /* whole validations for one verdict */
#define PATH_MAX_SIGNATURES 64     /* checked until no more is begun */

/* What a path is for. */
struct demand {
	const struct starttls_policy *policy;
	const struct names *names; /* what the peer is called by, any of them;
	                              NULL for a client */
	const struct anchors *anchors; /* in place of the policy's; NULL:
	                              those */
	const struct tlsa *tlsa;   /* its PKIX-TA(0) records want an issuer on
	                              the path; NULL: nobody does */
};

/*
 * A path, valid or not.  What is in it belongs to the chain, but for the
 * anchor, which is the policy's.
 */
struct path {
	gnutls_x509_crt_t crt[PATH_MAX_LEN]; /* the leaf first, the anchor
	                              last; they are the same if len is 1 */
	unsigned len;              /* 0: nothing leads to an anchor */
	unsigned verdict;          /* STARTTLS_V_*; 0: valid */
	int depth;                 /* certificate at fault, as sent; -1: none
	                              of those */
	gnutls_x509_crt_t culprit; /* the same, or an anchor; NULL: nobody */
	unsigned blamed;           /* for this, of the verdict */
	unsigned fault;            /* where on the path validation failed */
	unsigned proven;           /* signatures from here on are good */
	unsigned signatures;       /* that were checked, of all paths */
	bool pinned;               /* a pinned key is on it */
	bool has_authority;        /* that the demand's records want */
	bool is_cut_short;         /* no memory: others were not looked at */
	const struct name *name;   /* within the constraints of all issuers;
	                              NULL: nobody asked, or none is */
	int64_t end;               /* first notAfter, the anchor's included */
};

/**
 * starttls_path_find: a path on which nothing is wrong, or else the one that
 * tells best what is: validity, strength, purpose, constraints, revocation.
 *
 * With pins one that has a pinned key is preferred, and likewise one that has
 * an authority that is wanted.
 */
void starttls_path_find(const struct demand *demand, const struct chain *chain,
			struct path *ret_path);

#endif
