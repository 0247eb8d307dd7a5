/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * What the keys of a peer may cost us.
 *
 * The peer's signature is verified with the key that the peer shows, and only
 * then is anybody asked whether that key is to be trusted.  GnuTLS has no
 * limits for it: an RSA key whose modulus and exponent fill a certificate
 * takes minutes, and no deadline can end that.  So all keys of a chain are
 * looked at before the first one is used, and what no honest certificate has
 * is refused.  A type that has no limits of its own here is held to the size
 * of its key.
 *
 * Whether a key is strong enough is the business of verification.
 */

#include "config.h"

#include "keys.h"

#include <stdio.h>

#include <gnutls/abstract.h>
#include <gnutls/x509.h>

#include "der.h"

/* A verification takes 3 ms at most; see HACKING.md. */
#define MAX_BITS 16384             /* of RSA; OpenSSL's limit, too */
#define MAX_EXPONENT_BITS 64
#define MAX_DSA_BITS 4096          /* FIPS 186-4 section 4.2: 3072 */
#define MAX_SUBGROUP_BITS 256      /* the same */
#define MAX_SIZE 4096              /* of any key; ML-DSA-87 has 2614 */

static unsigned
bits_of(const gnutls_datum_t *number)
{
	unsigned size = number->size, bits = 0, at;

	for (at = 0; at < size && number->data[at] == 0; at++)
		;
	if (at == size)
		return 0;
	while (number->data[at] >> bits != 0)
		bits++;
	return (size - at - 1) * 8 + bits;
}

/* Each writes what is wrong, if something is; returns 0 or GNUTLS_E_*. */

static int
look_at_rsa(gnutls_pubkey_t key, char *wrong, size_t size)
{
	gnutls_datum_t modulus, exponent;
	int rc = gnutls_pubkey_export_rsa_raw2(key, &modulus, &exponent, 0);

	if (rc < 0)
		return rc;
	if (bits_of(&modulus) > MAX_BITS)
		snprintf(wrong, size, "an RSA key of %u bits, more than %d",
		    bits_of(&modulus), MAX_BITS);
	else if (bits_of(&exponent) > MAX_EXPONENT_BITS)
		snprintf(wrong, size, "an RSA key with an exponent of %u "
		    "bits, more than %d", bits_of(&exponent),
		    MAX_EXPONENT_BITS);
	gnutls_free(modulus.data);
	gnutls_free(exponent.data);
	return 0;
}

static int
look_at_dsa(gnutls_pubkey_t key, char *wrong, size_t size)
{
	gnutls_datum_t p, q, g, y;
	int rc = gnutls_pubkey_export_dsa_raw2(key, &p, &q, &g, &y, 0);

	if (rc < 0)
		return rc;
	if (bits_of(&p) > MAX_DSA_BITS)
		snprintf(wrong, size, "a DSA key of %u bits, more than %d",
		    bits_of(&p), MAX_DSA_BITS);
	else if (bits_of(&q) > MAX_SUBGROUP_BITS)
		snprintf(wrong, size, "a DSA key with a q of %u bits, more "
		    "than %d", bits_of(&q), MAX_SUBGROUP_BITS);
	gnutls_free(p.data);
	gnutls_free(q.data);
	gnutls_free(g.data);
	gnutls_free(y.data);
	return 0;
}

static int
look_at(gnutls_pubkey_t key, char *wrong, size_t size)
{
	switch (gnutls_pubkey_get_pk_algorithm(key, NULL)) {
	case GNUTLS_PK_RSA:
	case GNUTLS_PK_RSA_PSS:
		return look_at_rsa(key, wrong, size);
	case GNUTLS_PK_DSA:
		return look_at_dsa(key, wrong, size);
	default:
		return 0;
	}
}

/* What GnuTLS does not know it cannot compute with, either. */
static bool
is_unknown(int rc)
{
	return rc == GNUTLS_E_UNIMPLEMENTED_FEATURE ||
	    rc == GNUTLS_E_UNKNOWN_PK_ALGORITHM ||
	    rc == GNUTLS_E_ECC_UNSUPPORTED_CURVE;
}

int
starttls_keys_look(struct slice info, char *wrong, size_t size)
{
	gnutls_datum_t der = { (unsigned char *)(uintptr_t)info.data,
		(unsigned)info.len };
	gnutls_pubkey_t key;
	int rc = gnutls_pubkey_init(&key);

	if (rc < 0)
		return rc;
	rc = gnutls_pubkey_import(key, &der, GNUTLS_X509_FMT_DER);
	if (rc >= 0)
		rc = look_at(key, wrong, size);
	else if (is_unknown(rc))
		rc = 0;
	else if (rc != GNUTLS_E_MEMORY_ERROR)
		rc = snprintf(wrong, size, "a malformed key");
	gnutls_pubkey_deinit(key);
	if (rc >= 0 && wrong[0] == '\0' && info.len > MAX_SIZE)
		snprintf(wrong, size, "a key of %zu bytes, more than %d",
		    info.len, MAX_SIZE);
	return rc < 0 ? rc : 0;
}

static int
refuse(struct starttls_session *s, unsigned depth, const char *what,
       const char *detail)
{
	s->verdict |= STARTTLS_V_MALFORMED;
	s->depth = (int)depth;
	if (depth == 0)
		starttls_session_fail(s, STARTTLS_E_BAD_CHAIN,
		    STARTTLS_PHASE_HANDSHAKE, "the certificate of %.100s %s%s",
		    starttls_session_peer(s), what, detail);
	else
		starttls_session_fail(s, STARTTLS_E_BAD_CHAIN,
		    STARTTLS_PHASE_HANDSHAKE, "an issuer's certificate from "
		    "%.100s %s%s", starttls_session_peer(s), what, detail);
	s->error.verdict = s->verdict;
	s->error.depth = s->depth;
	return s->error.code;
}

int
starttls_keys_check(struct starttls_session *s)
{
	const gnutls_datum_t *chain;
	unsigned count = 0, i;
	char wrong[80] = "";

	if (s->has_fair_keys)
		return 0;
	chain = gnutls_certificate_get_peers(s->tls, &count);
	for (i = 0; chain != NULL && i < count; i++) {
		struct slice info;

		if (!starttls_der_key((struct slice){ chain[i].data,
		    chain[i].size }, &info))
			return refuse(s, i, "is malformed", "");
		if (starttls_keys_look(info, wrong, sizeof(wrong)) < 0)
			return starttls_session_fail(s, STARTTLS_E_NOMEM,
			    STARTTLS_PHASE_HANDSHAKE, "out of memory");
		if (wrong[0] != '\0')
			return refuse(s, i, "has ", wrong);
	}
	s->has_fair_keys = chain != NULL;
	return 0;
}
