/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * The cast of the tests that verify chains: certificates that go well together,
 * or look as if they did.
 */

#ifndef TESTS_CAST_H
#define TESTS_CAST_H

#include "mint.h"

#define CLIENT_AUTH GNUTLS_KP_TLS_WWW_CLIENT
#define CODE_SIGNING GNUTLS_KP_CODE_SIGNING
#define EMAIL GNUTLS_KP_EMAIL_PROTECTION

/* Constraints that GnuTLS would not write, or not compare. */
#define RAW(name) .raw_constraints = (name), .raw_constraints_len = sizeof(name)

enum cast {
	NOBODY,
	LEAF,              /* the row's own */
	CA,                /* the row's own, between LEAF and the others */
	ROOT,
	INTER,             /* by ROOT */
	INTER_0,           /* by ROOT, path length 0 */
	ACME,              /* by ROOT, for subjects of Acme */
	OTHER_ROOT,
	OTHER_INTER,       /* by OTHER_ROOT */
	IMPOSTOR,          /* the name of ROOT, another key */
	BARE_IMPOSTOR,     /* the same, without key identifiers */
	INTER_IMPOSTOR,    /* the name of INTER, self-signed */
	CROSSED,           /* name and key of ROOT, by OTHER_ROOT */
	OLD_CROSSED,       /* the same, expired */
	OLD_INTER,         /* name and key of INTER, expired */
	NEXT_INTER,        /* the same, not yet valid */
	MERE_INTER,        /* the same, no CA */
	TWIN_INTER,        /* name of INTER, another key, by ROOT */
	BARE_INTER,        /* three of one name without key identifiers */
	BARE_INTER_2,
	BARE_INTER_3,
	BARE_RSA_INTER,    /* the same name, a key of another type */
	RELAY,             /* says that ROOT issued it, which is not so */
	RELAYED,           /* name and key of ROOT, by RELAY */
	EXPIRED_SELF,      /* name and key of ROOT, expired */
	EXPIRED_ROOT,
	WEAK_ROOT,         /* RSA 1024 */
	SHA1_ROOT,         /* signed by itself with SHA-1 */
	RSA_ROOT,
	CLIENT_ROOT,       /* its purpose is that of TLS clients */
	ROUTE,             /* a root whose name is as long as that of INTER */
	SIBLING,           /* another server certificate by INTER */
	RESPONDER,         /* may sign OCSP responses, by INTER */
	OLD_RESPONDER,     /* the same, expired */
	OTHER_RESPONDER,   /* may sign those of OTHER_ROOT */
	CAST_LEN
};

extern struct mint_cert cast[CAST_LEN];

/** mint_cast: all but LEAF and CA, which are a row's own. */
void mint_cast(void);
void free_cast(void);

#endif
