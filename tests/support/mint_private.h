/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/* What the files of the mint share, see mint.h. */

#ifndef TESTS_MINT_PRIVATE_H
#define TESTS_MINT_PRIVATE_H

#include <limits.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "mint.h"

/* what the key can sign with, if it is not the digest that was asked for */
gnutls_digest_algorithm_t mint_digest_for(gnutls_x509_privkey_t key,
					  enum mint_digest digest);

/*
 * SHA-1 of the bits of the public key only, not its algorithm: RFC 5280
 * 4.2.1.2 method (1), and RFC 6960 4.1.1.  GnuTLS finds an OCSP responder by
 * key only if this is its subject key identifier too.
 */
void mint_key_hash(gnutls_x509_privkey_t key, uint8_t ret[20]);

static inline _Noreturn void
die(const char *format, ...) __attribute__((format(printf, 1, 2)));

static inline _Noreturn void
die(const char *format, ...)
{
	va_list args;

	fputs("mint: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	abort();
}

/* rc of a GnuTLS function; what says which, for the message */
static inline void
must(int rc, const char *what)
{
	if (rc < 0)
		die("%s: %s", what, gnutls_strerror(rc));
}

/* a length for the GnuTLS functions that count in unsigned int */
static inline unsigned int
length(size_t len)
{
	if (len > INT_MAX)
		die("too long: %zu", len);
	return (unsigned int)len;
}

/* a default for the times that a spec left at 0, and on to absolute time */
static inline time_t
moment(int64_t offset, int64_t otherwise)
{
	return (time_t)(MINT_NOW + (offset != 0 ? offset : otherwise));
}

#endif
