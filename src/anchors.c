/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * The anchors that DANE-TA(2) records stand for, RFC 7671 section 5.2: issuers
 * that were sent, and certificates and keys that the records have in full.
 *
 * What they cost is bounded: so many anchors, and so many signatures for keys
 * that have no certificate.  Whoever is left out can make a chain be refused,
 * never accepted.
 */

#include "config.h"

#include "anchors.h"

#include <stdlib.h>
#include <string.h>

#include "judge.h"

#define MAX_TRIES 16               /* signatures by keys */

static void
add(struct anchors *anchors, gnutls_x509_crt_t crt, struct slice der,
    uint8_t *made)
{
	struct anchors_item *a = &anchors->list[anchors->count];
	struct slice issuer;

	a->crt = crt;
	a->made = made;
	if (starttls_der_names(der, &issuer, &a->subject))
		anchors->count++;
}

/*
 * GnuTLS knows no anchors but certificates.  This is one for a key: a name, no
 * end, the right to issue, and a signature that nobody looks at.
 */
static uint8_t *
make_certificate(struct slice name, struct slice key, size_t *ret_len)
{
	static const uint8_t head[] = {
		0xa0, 3, DER_INTEGER, 1, 2,        /* version 3 */
		DER_INTEGER, 1, 1,                 /* serial number */
	}, algorithm[] = {                         /* ecdsa-with-SHA256 */
		DER_SEQUENCE, 10, DER_OID, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4,
		3, 2,
	}, validity[] = {                          /* RFC 5280 4.1.2.5 */
		DER_SEQUENCE, 34,
		DER_GENERALIZED_TIME, 15, '1', '9', '7', '0', '0', '1', '0',
		'1', '0', '0', '0', '0', '0', '0', 'Z',
		DER_GENERALIZED_TIME, 15, '9', '9', '9', '9', '1', '2', '3',
		'1', '2', '3', '5', '9', '5', '9', 'Z',
	}, extensions[] = {                        /* CA:TRUE, critical */
		0xa3, 19, DER_SEQUENCE, 17, DER_SEQUENCE, 15,
		DER_OID, 3, 0x55, 0x1d, 19, DER_BOOLEAN, 1, 0xff,
		DER_OCTET_STRING, 5, DER_SEQUENCE, 3, DER_BOOLEAN, 1, 0xff,
	}, signature[] = { DER_BIT_STRING, 2, 0, 0 };
	const struct slice parts[] = {
		{ head, sizeof(head) }, { algorithm, sizeof(algorithm) },
		name, { validity, sizeof(validity) }, name, key,
		{ extensions, sizeof(extensions) },
	};
	const size_t count = sizeof(parts) / sizeof(parts[0]);
	size_t tbs = 0, all, i;
	uint8_t *der, *at;

	for (i = 0; i < count; i++)
		tbs += parts[i].len;
	all = starttls_der_header_len(tbs) + tbs + sizeof(algorithm) +
	    sizeof(signature);
	*ret_len = starttls_der_header_len(all) + all;
	at = der = malloc(*ret_len);
	if (der == NULL)
		return NULL;
	at = starttls_der_put_header(at, DER_SEQUENCE, all);
	at = starttls_der_put_header(at, DER_SEQUENCE, tbs);
	for (i = 0; i < count; i++)
		at = starttls_der_put(at, parts[i]);
	memcpy(at, algorithm, sizeof(algorithm));
	memcpy(at + sizeof(algorithm), signature, sizeof(signature));
	return der;
}

/* A key under the name of an issuer, if it is that issuer's. */
static void
try_key(struct anchors *anchors, gnutls_x509_crt_t signed_by_it,
	struct slice name, struct slice key)
{
	gnutls_x509_crt_t crt = NULL;
	size_t len;
	uint8_t *der = make_certificate(name, key, &len);

	if (der != NULL && starttls_tlsa_import((struct slice){ der,
	    len }, &crt) >= 0 &&
	    starttls_judge_signature(signed_by_it, crt)) {
		add(anchors, crt, (struct slice){ der, len }, der);
		return;
	}
	if (crt != NULL)
		gnutls_x509_crt_deinit(crt);
	free(der);
}

static struct slice
der_of(const struct chain *chain, unsigned place)
{
	return (struct slice){ chain->der[place].data,
		chain->der[place].size };
}

/* Keys that need not come with a certificate, RFC 7671 section 5.2.2. */
static void
add_key(struct anchors *anchors, const struct chain *chain, struct slice key,
	unsigned *tries)
{
	unsigned i;

	for (i = 0; i < chain->len && anchors->count < ANCHORS_MAX &&
	    *tries < MAX_TRIES; i++) {
		struct slice issuer, subject;

		++*tries;
		if (starttls_der_names(der_of(chain, i), &issuer, &subject))
			try_key(anchors, chain->crt[i], issuer, key);
	}
}

void
starttls_anchors_find(struct anchors *anchors, const struct tlsa *tlsa,
		      const struct chain *chain)
{
	struct authority authority;
	unsigned tries = 0, i;
	size_t at = 0;

	anchors->count = 0;
	if (!starttls_tlsa_has(tlsa, TLSA_DANE_TA))
		return;
	/* the first is the peer's own, which is DANE-EE's */
	for (i = 1; i < chain->len; i++)
		if (anchors->count < ANCHORS_MAX && starttls_tlsa_matches(tlsa,
		    TLSA_DANE_TA, der_of(chain, i)))
			add(anchors, chain->crt[i], der_of(chain, i), NULL);
	while (anchors->count < ANCHORS_MAX &&
	    starttls_tlsa_authority(tlsa, &at, &authority)) {
		if (authority.crt != NULL)
			add(anchors, authority.crt, authority.data, NULL);
		else
			add_key(anchors, chain, authority.data, &tries);
	}
}

void
starttls_anchors_done(struct anchors *anchors)
{
	unsigned i;

	for (i = 0; i < anchors->count; i++)
		if (anchors->list[i].made != NULL) {
			gnutls_x509_crt_deinit(anchors->list[i].crt);
			free(anchors->list[i].made);
		}
	anchors->count = 0;
}
