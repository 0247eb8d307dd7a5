/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * The verification tables: one row for each thing that can be right or wrong
 * with a certificate chain, each tried with TLS 1.2 and TLS 1.3 in a whole
 * handshake.
 *
 * A row says only what is odd about it.  Without that the server has a leaf
 * for PEER, issued by INTER, issued by ROOT, which is trusted; it sends the
 * leaf and the intermediates, and no staple; there are no pins and no CRLs.
 */

#ifndef TESTS_VERDICT_H
#define TESTS_VERDICT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <check.h>

#include "cast.h"
#include "harness.h"

struct crl_spec {
	enum cast issuer;
	enum cast revoked; /* NOBODY: an empty list */
	int64_t this_update, next_update;
};

#define NO_NEXT_UPDATE INT64_MIN

struct staple_spec {
	enum cast about;   /* NOBODY: no staple */
	enum cast issuer;  /* default: INTER */
	enum cast signer;  /* default: the issuer */
	struct mint_ocsp_spec spec;
	bool is_junk;
};

struct row {
	const char *name;
	const char *peer;          /* reference name */
	const char *protocol;      /* its dedicated port; default: imap */

	struct mint_spec leaf;     /* default: cn "leaf", dns PEER */
	bool no_san;               /* leave subjectAltName out */
	const char *san;           /* any bytes as the only dNSName */
	size_t san_len;
	enum cast issuer;          /* default: CA if there is one, or INTER */
	bool self_signed;
	struct mint_spec ca;       /* there is one if it has a cn */
	enum cast ca_issuer;       /* default: ROOT */

	enum cast chain[20];       /* default: LEAF, and CA or INTER */
	enum cast trust[3];
	enum cast pins[3];
	struct crl_spec crls[3];
	struct staple_spec staple;
	bool require_ocsp;

	/* what is expected; code 0 is a session */
	int code;
	unsigned verdict;          /* exactly */
	int depth;                 /* if the code is not 0 */
	const char *says;          /* in the message */
	const char *says_not;
	enum starttls_staple report;
};

#define ANY_STAPLE ((enum starttls_staple)-1)
#define NO_DEPTH (-1)
#define ANY_DEPTH (-2)             /* GnuTLS names one or the other */

#define VERSIONS 2

/* of a server that may use its key for what it is not for */
extern const char *const verdict_priorities[VERSIONS];

/** verdict_case: a case with the cast, and a test for each row in it. */
TCase *verdict_case(Suite *s, const struct row *rows, size_t n);

/** run_verdicts: a suite that is a table, for main(). */
int run_verdicts(const char *suite, const struct row *rows, size_t n);

#endif
