/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * Revocation lists and OCSP responses for the tests: see mint.h.
 *
 * GnuTLS writes lists.  It has no function that writes an OCSP response, nor
 * one that writes odd lists, so that part puts the DER of RFC 6960 section
 * 4.2.1 and of RFC 5280 section 5.1 together by hand.
 */

#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "mint.h"

#include <string.h>

#include <gnutls/abstract.h>
#include <gnutls/crypto.h>

#include "mint_private.h"

/*
 * Revocation lists
 */

gnutls_x509_crl_t
mint_crl(const struct mint_cert *issuer, const struct mint_cert *const *revoked,
	 size_t n, int64_t this_update, int64_t next_update)
{
	time_t now = moment(this_update, -MINT_HOUR);
	uint8_t id[20], number = 1;
	gnutls_datum_t der;
	gnutls_x509_crl_t crl;

	must(gnutls_x509_crl_init(&crl), "CRL");
	must(gnutls_x509_crl_set_version(crl, 2), "version");
	must(gnutls_x509_crl_set_this_update(crl, now), "this update");
	must(gnutls_x509_crl_set_next_update(
		     crl, moment(next_update, 7 * MINT_DAY)),
	     "next update");
	for (size_t i = 0; i < n; i++)
		must(gnutls_x509_crl_set_crt(crl, revoked[i]->crt, now),
		     "revoked certificate");
	must(gnutls_x509_crl_set_number(crl, &number, 1), "CRL number");
	mint_key_hash(issuer->key, id);
	must(gnutls_x509_crl_set_authority_key_id(crl, id, sizeof(id)),
	     "key identifier");
	must(gnutls_x509_crl_sign2(crl, issuer->crt, issuer->key,
				   mint_digest_for(issuer->key, MINT_SHA256), 0),
	     "sign a CRL");

	/* as in finish() */
	must(gnutls_x509_crl_export2(crl, GNUTLS_X509_FMT_DER, &der), "export");
	gnutls_x509_crl_deinit(crl);
	must(gnutls_x509_crl_init(&crl), "CRL");
	must(gnutls_x509_crl_import(crl, &der, GNUTLS_X509_FMT_DER), "import");
	gnutls_free(der.data);
	return crl;
}

/*
 * OCSP responses
 */

enum der_tag {
	DER_BOOLEAN = 0x01,
	DER_INTEGER = 0x02,
	DER_BIT_STRING = 0x03,
	DER_OCTET_STRING = 0x04,
	DER_OID = 0x06,
	DER_ENUMERATED = 0x0a,
	DER_TIME = 0x18, /* GeneralizedTime */
	DER_SEQUENCE = 0x30,
	DER_IMPLICIT = 0x80,
	DER_EXPLICIT = 0xa0,
};

/* a fixed buffer is enough for one response with one certificate in it */
struct der {
	uint8_t data[8192];
	size_t len;
};

static const uint8_t der_sha1[] = {
	0x30, 0x09, 0x06, 0x05, 0x2b, 0x0e, 0x03, 0x02, 0x1a, 0x05, 0x00,
};
static const uint8_t der_ecdsa_sha256[] = {
	0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02,
};
static const uint8_t der_rsa_sha256[] = {
	0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86,
	0xf7, 0x0d, 0x01, 0x01, 0x0b, 0x05, 0x00,
};
static const uint8_t der_ocsp_basic[] = {
	0x06, 0x09, 0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x30, 0x01, 0x01,
};

static void
der_raw(struct der *der, const void *data, size_t len)
{
	if (len > sizeof(der->data) - der->len)
		die("DER too long");
	memcpy(der->data + der->len, data, len);
	der->len += len;
}

/* make all since start the contents of one element */
static void
der_wrap(struct der *der, size_t start, unsigned int tag)
{
	size_t len = der->len - start, head = 2;

	if (len > 255)
		head = 4;
	else if (len > 127)
		head = 3;
	if (head > sizeof(der->data) - der->len)
		die("DER too long");
	memmove(der->data + start + head, der->data + start, len);
	der->len += head;
	der->data[start] = (uint8_t)tag;
	if (head == 2)
		der->data[start + 1] = (uint8_t)len;
	else
		der->data[start + 1] = (uint8_t)(0x80 | (head - 2));
	if (head == 4)
		der->data[start + 2] = (uint8_t)(len >> 8);
	if (head > 2)
		der->data[start + head - 1] = (uint8_t)len;
}

static void
der_put(struct der *der, unsigned int tag, const void *data, size_t len)
{
	size_t start = der->len;

	der_raw(der, data, len);
	der_wrap(der, start, tag);
}

static void
der_time(struct der *der, time_t when)
{
	struct tm tm;
	char text[32];

	if (gmtime_r(&when, &tm) == NULL)
		die("gmtime_r");
	der_put(der, DER_TIME, text,
		strftime(text, sizeof(text), "%Y%m%d%H%M%SZ", &tm));
}

static void
der_key_hash(struct der *der, gnutls_x509_privkey_t key)
{
	uint8_t hash[20];

	mint_key_hash(key, hash);
	der_put(der, DER_OCTET_STRING, hash, sizeof(hash));
}

static void
der_cert_id(struct der *der, gnutls_x509_crt_t crt,
	    const struct mint_cert *issuer)
{
	size_t start = der->len, len;
	gnutls_datum_t dn;
	uint8_t serial[64], hash[20];

	der_raw(der, der_sha1, sizeof(der_sha1));
	must(gnutls_x509_crt_get_raw_issuer_dn(crt, &dn), "issuer");
	must(gnutls_hash_fast(GNUTLS_DIG_SHA1, dn.data, dn.size, hash),
	     "SHA-1");
	der_put(der, DER_OCTET_STRING, hash, sizeof(hash));
	gnutls_free(dn.data);
	der_key_hash(der, issuer->key);
	len = sizeof(serial);
	must(gnutls_x509_crt_get_serial(crt, serial, &len), "serial number");
	der_put(der, DER_INTEGER, serial, len);
	der_wrap(der, start, DER_SEQUENCE);
}

static void
der_single_response(struct der *der, gnutls_x509_crt_t crt,
		    const struct mint_cert *issuer,
		    const struct mint_ocsp_spec *spec)
{
	time_t this_update = moment(spec->this_update, -MINT_HOUR);
	size_t start = der->len, inner;

	der_cert_id(der, crt, issuer);
	inner = der->len;
	if (spec->status == MINT_OCSP_REVOKED) {
		der_time(der, this_update);
		der_wrap(der, inner, DER_EXPLICIT | 1);
	} else {
		der_wrap(der, inner, DER_IMPLICIT |
			 (spec->status == MINT_OCSP_UNKNOWN ? 2U : 0U));
	}
	der_time(der, this_update);
	if (!spec->no_next_update) {
		inner = der->len;
		der_time(der, moment(spec->next_update, 7 * MINT_DAY));
		der_wrap(der, inner, DER_EXPLICIT | 0);
	}
	der_wrap(der, start, DER_SEQUENCE);
}

/* ResponseData, the part that is signed */
static void
der_response_data(struct der *der, gnutls_x509_crt_t crt,
		  const struct mint_cert *issuer,
		  const struct mint_cert *signer,
		  const struct mint_ocsp_spec *spec)
{
	size_t start = der->len, inner = der->len;
	gnutls_datum_t dn;

	if (spec->by_key) {
		der_key_hash(der, signer->key);
		der_wrap(der, inner, DER_EXPLICIT | 2);
	} else {
		must(gnutls_x509_crt_get_raw_dn(signer->crt, &dn), "subject");
		der_put(der, DER_EXPLICIT | 1, dn.data, dn.size);
		gnutls_free(dn.data);
	}
	der_time(der, moment(spec->this_update, -MINT_HOUR));
	inner = der->len;
	der_single_response(der, crt, issuer, spec);
	der_wrap(der, inner, DER_SEQUENCE);
	der_wrap(der, start, DER_SEQUENCE);
}

/* add algorithm and signature of all that is in der since start */
static void
der_sign(struct der *der, size_t start, gnutls_x509_privkey_t key, bool spoiled)
{
	bool is_rsa = gnutls_x509_privkey_get_pk_algorithm(key) ==
		      GNUTLS_PK_RSA;
	gnutls_datum_t data, signature;
	gnutls_privkey_t signer;
	size_t inner;

	data.data = der->data + start;
	data.size = length(der->len - start);
	must(gnutls_privkey_init(&signer), "private key");
	must(gnutls_privkey_import_x509(signer, key, 0), "private key");
	must(gnutls_privkey_sign_data2(signer,
				       is_rsa ? GNUTLS_SIGN_RSA_SHA256
					      : GNUTLS_SIGN_ECDSA_SHA256,
				       0, &data, &signature),
	     "sign an OCSP response");
	gnutls_privkey_deinit(signer);
	if (spoiled)
		signature.data[signature.size - 1] ^= 1;
	if (is_rsa)
		der_raw(der, der_rsa_sha256, sizeof(der_rsa_sha256));
	else
		der_raw(der, der_ecdsa_sha256, sizeof(der_ecdsa_sha256));
	inner = der->len;
	der_raw(der, "", 1); /* no unused bits */
	der_raw(der, signature.data, signature.size);
	der_wrap(der, inner, DER_BIT_STRING);
	gnutls_free(signature.data);
}

static void
der_certs(struct der *der, gnutls_x509_crt_t crt)
{
	size_t start = der->len;
	gnutls_datum_t cert;

	must(gnutls_x509_crt_export2(crt, GNUTLS_X509_FMT_DER, &cert),
	     "export");
	der_raw(der, cert.data, cert.size);
	gnutls_free(cert.data);
	der_wrap(der, start, DER_SEQUENCE);
	der_wrap(der, start, DER_EXPLICIT | 0);
}

void
mint_ocsp(gnutls_datum_t *ret, const struct mint_cert *cert,
	  const struct mint_cert *issuer, const struct mint_ocsp_spec *spec)
{
	const struct mint_cert *signer = spec->signer;
	uint8_t status = (uint8_t)spec->response_status;
	struct der der = { .len = 0 };
	size_t bytes, basic;

	if (signer == NULL)
		signer = issuer;
	der_put(&der, DER_ENUMERATED, &status, 1);
	if (status == 0) {
		bytes = der.len;
		der_raw(&der, der_ocsp_basic, sizeof(der_ocsp_basic));
		basic = der.len;
		der_response_data(&der, cert->crt, issuer, signer, spec);
		der_sign(&der, basic, signer->key, spec->bad_signature);
		if (signer != issuer)
			der_certs(&der, signer->crt);
		der_wrap(&der, basic, DER_SEQUENCE);
		der_wrap(&der, basic, DER_OCTET_STRING);
		der_wrap(&der, bytes, DER_SEQUENCE);
		der_wrap(&der, bytes, DER_EXPLICIT | 0);
	}
	der_wrap(&der, 0, DER_SEQUENCE);

	ret->data = gnutls_malloc(der.len);
	if (ret->data == NULL)
		die("out of memory");
	memcpy(ret->data, der.data, der.len);
	ret->size = length(der.len);
}

/*
 * Odd revocation lists
 */

/* Extensions with one of id-ce in it, whose value is NULL */
static void
der_extension(struct der *der, unsigned int arc, bool critical)
{
	const uint8_t oid[] = { 0x55, 0x1d, (uint8_t)arc };
	size_t start = der->len, inner = der->len;

	der_put(der, DER_OID, oid, sizeof(oid));
	if (critical)
		der_put(der, DER_BOOLEAN, "\377", 1);
	der_put(der, DER_OCTET_STRING, "\5", 2);
	der_wrap(der, inner, DER_SEQUENCE);
	der_wrap(der, start, DER_SEQUENCE);
}

static void
der_revoked(struct der *der, const struct mint_crl_spec *spec)
{
	size_t start = der->len, inner = der->len, len;
	uint8_t serial[64];

	len = sizeof(serial);
	must(gnutls_x509_crt_get_serial(spec->revoked->crt, serial, &len),
	     "serial number");
	der_put(der, DER_INTEGER, serial, len);
	der_time(der, moment(0, -MINT_HOUR));
	if (spec->entry_extension != 0)
		der_extension(der, spec->entry_extension, spec->critical);
	der_wrap(der, inner, DER_SEQUENCE);
	der_wrap(der, start, DER_SEQUENCE);
}

gnutls_x509_crl_t
mint_crl_odd(const struct mint_cert *issuer, const struct mint_crl_spec *spec)
{
	struct der der = { .len = 0 };
	gnutls_datum_t dn, data;
	gnutls_x509_crl_t crl;
	size_t start;

	if (!spec->version_1)
		der_put(&der, DER_INTEGER, "\1", 1);
	der_raw(&der, der_ecdsa_sha256, sizeof(der_ecdsa_sha256));
	must(gnutls_x509_crt_get_raw_dn(issuer->crt, &dn), "subject");
	der_raw(&der, dn.data, dn.size);
	gnutls_free(dn.data);
	der_time(&der, moment(0, -MINT_HOUR));
	if (!spec->no_next_update)
		der_time(&der, moment(0, 7 * MINT_DAY));
	if (spec->revoked != NULL)
		der_revoked(&der, spec);
	start = der.len;
	if (spec->extension != 0) {
		der_extension(&der, spec->extension, spec->critical);
		der_wrap(&der, start, DER_EXPLICIT | 0);
	}
	der_wrap(&der, 0, DER_SEQUENCE);
	der_sign(&der, 0, issuer->key, false);
	der_wrap(&der, 0, DER_SEQUENCE);

	data.data = der.data;
	data.size = length(der.len);
	must(gnutls_x509_crl_init(&crl), "CRL");
	must(gnutls_x509_crl_import(crl, &data, GNUTLS_X509_FMT_DER),
	     "import a CRL");
	return crl;
}
