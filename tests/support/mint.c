/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * Certificates, revocation lists and OCSP responses for the tests: see mint.h.
 *
 * GnuTLS writes certificates and CRLs, and takes whatever nonsense a spec asks
 * for.  It has no function that writes an OCSP response, so that part puts the
 * DER of RFC 6960 section 4.2.1 together by hand.
 */

#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "mint.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <gnutls/abstract.h>
#include <gnutls/crypto.h>
#include <gnutls/x509-ext.h>

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

#define OID_SAN "2.5.29.17"
#define OID_CONSTRAINTS "2.5.29.30"
#define OID_EXT_KEY_USAGE "2.5.29.37"
#define OID_SRV_NAME "1.3.6.1.5.5.7.8.7"  /* RFC 4985 */
#define OID_EXAMPLE "1.3.6.1.4.1.32473.1" /* RFC 5612 */
#define TLS_FEATURE_STATUS_REQUEST 5	  /* RFC 7633 */

static const struct {
	gnutls_pk_algorithm_t pk;
	unsigned int bits;
	bool is_slow;
} key_types[] = {
	[MINT_EC_P256] = { .pk = GNUTLS_PK_ECDSA,
			   .bits = GNUTLS_CURVE_TO_BITS(
				   GNUTLS_ECC_CURVE_SECP256R1) },
	[MINT_EC_P384] = { .pk = GNUTLS_PK_ECDSA,
			   .bits = GNUTLS_CURVE_TO_BITS(
				   GNUTLS_ECC_CURVE_SECP384R1) },
	[MINT_ED25519] = { .pk = GNUTLS_PK_EDDSA_ED25519,
			   .bits = GNUTLS_CURVE_TO_BITS(
				   GNUTLS_ECC_CURVE_ED25519) },
	[MINT_RSA_2048] = { .pk = GNUTLS_PK_RSA, .bits = 2048, .is_slow = 1 },
	[MINT_RSA_1024] = { .pk = GNUTLS_PK_RSA, .bits = 1024, .is_slow = 1 },
	[MINT_RSA_PSS_2048] = { .pk = GNUTLS_PK_RSA_PSS, .bits = 2048,
				.is_slow = 1 },
};

static const gnutls_digest_algorithm_t digests[] = {
	[MINT_SHA256] = GNUTLS_DIG_SHA256,
	[MINT_SHA384] = GNUTLS_DIG_SHA384,
	[MINT_SHA1] = GNUTLS_DIG_SHA1,
	[MINT_MD5] = GNUTLS_DIG_MD5,
};

/* the slow keys; kept until the process ends */
static gnutls_x509_privkey_t slow_keys[ARRAY_LEN(key_types)];

static _Atomic int64_t clock_offset;
static atomic_uint_least64_t last_serial;

static _Noreturn void
die(const char *format, ...) __attribute__((format(printf, 1, 2)));

static _Noreturn void
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
static void
must(int rc, const char *what)
{
	if (rc < 0)
		die("%s: %s", what, gnutls_strerror(rc));
}

/* a length for the GnuTLS functions that count in unsigned int */
static unsigned int
length(size_t len)
{
	if (len > INT_MAX)
		die("too long: %zu", len);
	return (unsigned int)len;
}

/* a default for the times that a spec left at 0, and on to absolute time */
static time_t
moment(int64_t offset, int64_t otherwise)
{
	return (time_t)(MINT_NOW + (offset != 0 ? offset : otherwise));
}

static char *
text_of(gnutls_datum_t *data)
{
	char *text = strndup((const char *)data->data, data->size);

	gnutls_free(data->data);
	if (text == NULL)
		die("out of memory");
	return text;
}

/*
 * The clock
 */

time_t
mint_clock(time_t *ret_now)
{
	time_t now = (time_t)(MINT_NOW + atomic_load(&clock_offset));

	if (ret_now != NULL)
		*ret_now = now;
	return now;
}

void
mint_set_clock(void)
{
	atomic_store(&clock_offset, 0);
	gnutls_global_set_time_function(mint_clock);
}

void
mint_advance(int64_t seconds)
{
	atomic_fetch_add(&clock_offset, seconds);
}

/*
 * Keys
 */

static gnutls_x509_privkey_t
generate(enum mint_key_type type)
{
	gnutls_x509_privkey_t key;

	must(gnutls_x509_privkey_init(&key), "key");
	must(gnutls_x509_privkey_generate(key, key_types[type].pk,
					  key_types[type].bits, 0),
	     "generate a key");
	return key;
}

static gnutls_x509_privkey_t
copy_key(gnutls_x509_privkey_t from)
{
	gnutls_x509_privkey_t key;

	must(gnutls_x509_privkey_init(&key), "key");
	must(gnutls_x509_privkey_cpy(key, from), "copy a key");
	return key;
}

static gnutls_x509_privkey_t
new_key(enum mint_key_type type)
{
	if ((size_t)type >= ARRAY_LEN(key_types))
		die("no such key type: %d", (int)type);
	if (!key_types[type].is_slow)
		return generate(type);
	if (slow_keys[type] == NULL)
		slow_keys[type] = generate(type);
	return copy_key(slow_keys[type]);
}

void
mint_warm(void)
{
	for (size_t i = 0; i < ARRAY_LEN(key_types); i++) {
		if (key_types[i].is_slow && slow_keys[i] == NULL)
			slow_keys[i] = generate((enum mint_key_type)i);
	}
}

/* what the key can sign with, if it is not the digest that was asked for */
static gnutls_digest_algorithm_t
digest_for(gnutls_x509_privkey_t key, enum mint_digest digest)
{
	if ((size_t)digest >= ARRAY_LEN(digests))
		die("no such digest: %d", (int)digest);
	if (gnutls_x509_privkey_get_pk_algorithm(key) ==
	    GNUTLS_PK_EDDSA_ED25519)
		return GNUTLS_DIG_SHA512;
	return digests[digest];
}

/*
 * Certificates
 */

static void
set_serial(gnutls_x509_crt_t crt)
{
	uint64_t n = atomic_fetch_add(&last_serial, 1) + 1;
	uint8_t serial[9] = { 0x4d };

	for (size_t i = 8; i > 0; i--, n >>= 8)
		serial[i] = (uint8_t)n;
	must(gnutls_x509_crt_set_serial(crt, serial, sizeof(serial)),
	     "serial number");
}

static void
add_san(gnutls_x509_crt_t crt, gnutls_x509_subject_alt_name_t type,
	const void *data, size_t len)
{
	must(gnutls_x509_crt_set_subject_alt_name(crt, type, data, length(len),
						  GNUTLS_FSAN_APPEND),
	     "subjectAltName");
}

static void
add_ip(gnutls_x509_crt_t crt, const char *text)
{
	uint8_t address[16];

	if (inet_pton(AF_INET, text, address) == 1)
		add_san(crt, GNUTLS_SAN_IPADDRESS, address, 4);
	else if (inet_pton(AF_INET6, text, address) == 1)
		add_san(crt, GNUTLS_SAN_IPADDRESS, address, 16);
	else
		die("not an address: %s", text);
}

/* SRVName ::= IA5String */
static void
add_srv(gnutls_x509_crt_t crt, const char *name)
{
	uint8_t der[2 + 127] = { 0x16 };
	size_t len = strlen(name);

	if (len > 127)
		die("too long: %s", name);
	der[1] = (uint8_t)len;
	memcpy(der + 2, name, len);
	must(gnutls_x509_crt_set_subject_alt_othername(
		     crt, OID_SRV_NAME, der, length(2 + len),
		     GNUTLS_FSAN_APPEND),
	     "SRVName");
}

size_t
mint_san_dns(uint8_t *ret, size_t size, const char *name, size_t len)
{
	if (len > 120 || size < len + 4)
		die("mint_san_dns: too long");
	ret[0] = 0x30; /* SEQUENCE OF */
	ret[1] = (uint8_t)(len + 2);
	ret[2] = 0x82; /* dNSName [2] IMPLICIT IA5String */
	ret[3] = (uint8_t)len;
	memcpy(ret + 4, name, len);
	return len + 4;
}

/* RFC 5280 4.2.1.6: it must be, if the subject is empty */
static void
set_san_critical(gnutls_x509_crt_t crt)
{
	gnutls_datum_t san;

	if (gnutls_x509_crt_get_extension_by_oid2(crt, OID_SAN, 0, &san,
						  NULL) < 0)
		return;
	must(gnutls_x509_crt_set_extension_by_oid(crt, OID_SAN, san.data,
						  san.size, 1),
	     "critical subjectAltName");
	gnutls_free(san.data);
}

static void
set_names(gnutls_x509_crt_t crt, const struct mint_spec *spec)
{
	if (spec->raw_san != NULL) {
		must(gnutls_x509_crt_set_extension_by_oid(
			     crt, OID_SAN, spec->raw_san, spec->raw_san_len, 0),
		     "raw subjectAltName");
		return;
	}
	for (size_t i = 0; i < ARRAY_LEN(spec->dns) && spec->dns[i]; i++)
		add_san(crt, GNUTLS_SAN_DNSNAME, spec->dns[i],
			strlen(spec->dns[i]));
	for (size_t i = 0; i < ARRAY_LEN(spec->ip) && spec->ip[i]; i++)
		add_ip(crt, spec->ip[i]);
	if (spec->email != NULL)
		add_san(crt, GNUTLS_SAN_RFC822NAME, spec->email,
			strlen(spec->email));
	if (spec->uri != NULL)
		add_san(crt, GNUTLS_SAN_URI, spec->uri, strlen(spec->uri));
	if (spec->srv != NULL)
		add_srv(crt, spec->srv);
	if (spec->cn == NULL)
		set_san_critical(crt);
}

static void
set_usage(gnutls_x509_crt_t crt, const struct mint_spec *spec)
{
	unsigned int usage = spec->usage;
	size_t n = 0;

	if (usage == 0 && spec->is_ca)
		usage = GNUTLS_KEY_KEY_CERT_SIGN | GNUTLS_KEY_CRL_SIGN;
	else if (usage == 0)
		usage = GNUTLS_KEY_DIGITAL_SIGNATURE;
	if (usage != MINT_NO_USAGE)
		must(gnutls_x509_crt_set_key_usage(crt, usage), "key usage");

	if (spec->empty_purposes)
		must(gnutls_x509_crt_set_extension_by_oid(
			     crt, OID_EXT_KEY_USAGE, "\x30", 2, 0),
		     "empty key purposes");
	if (spec->no_purposes || spec->empty_purposes)
		return;
	for (; n < ARRAY_LEN(spec->purposes) && spec->purposes[n]; n++)
		must(gnutls_x509_crt_set_key_purpose_oid(
			     crt, spec->purposes[n], 0),
		     "key purpose");
	if (n == 0 && !spec->is_ca)
		must(gnutls_x509_crt_set_key_purpose_oid(
			     crt, GNUTLS_KP_TLS_WWW_SERVER, 0),
		     "key purpose");
}

/* one subtree, permitted or excluded; GnuTLS copies the name */
static void
add_constraint(gnutls_x509_name_constraints_t constraints, const char *name,
	       int (*add)(gnutls_x509_name_constraints_t,
			  gnutls_x509_subject_alt_name_t,
			  const gnutls_datum_t *))
{
	gnutls_datum_t data;
	char *copy;

	if (name == NULL)
		return;
	copy = strdup(name);
	if (copy == NULL)
		die("out of memory");
	data.data = (unsigned char *)copy;
	data.size = length(strlen(name));
	must(add(constraints, GNUTLS_SAN_DNSNAME, &data), "name constraint");
	free(copy);
}

static void
set_constraints(gnutls_x509_crt_t crt, const struct mint_spec *spec)
{
	gnutls_x509_name_constraints_t constraints;

	if (spec->raw_constraints != NULL)
		must(gnutls_x509_crt_set_extension_by_oid(
			     crt, OID_CONSTRAINTS, spec->raw_constraints,
			     spec->raw_constraints_len, 1),
		     "raw name constraints");
	if (spec->permitted_dns == NULL && spec->excluded_dns == NULL)
		return;
	must(gnutls_x509_name_constraints_init(&constraints), "constraints");
	add_constraint(constraints, spec->permitted_dns,
		       gnutls_x509_name_constraints_add_permitted);
	add_constraint(constraints, spec->excluded_dns,
		       gnutls_x509_name_constraints_add_excluded);
	must(gnutls_x509_crt_set_name_constraints(crt, constraints, 1),
	     "name constraints");
	gnutls_x509_name_constraints_deinit(constraints);
}

static void
set_must_staple(gnutls_x509_crt_t crt)
{
	gnutls_x509_tlsfeatures_t features;

	must(gnutls_x509_tlsfeatures_init(&features), "TLS features");
	must(gnutls_x509_tlsfeatures_add(features, TLS_FEATURE_STATUS_REQUEST),
	     "TLS feature");
	must(gnutls_x509_crt_set_tlsfeatures(crt, features), "TLS features");
	gnutls_x509_tlsfeatures_deinit(features);
}

/* the contents of the element at *data, and *data moved behind it */
static gnutls_datum_t
der_next(const uint8_t **data)
{
	gnutls_datum_t value;
	const uint8_t *p = *data + 1;
	unsigned int n = *p++;

	if (n > 0x80) {
		unsigned int octets = n & 0x7f;

		for (n = 0; octets > 0; octets--)
			n = n << 8 | *p++;
	}
	value.data = (unsigned char *)(uintptr_t)p;
	value.size = n;
	*data = p + n;
	return value;
}

/*
 * SHA-1 of the bits of the public key only, not its algorithm: RFC 5280
 * 4.2.1.2 method (1), and RFC 6960 4.1.1.  GnuTLS finds an OCSP responder by
 * key only if this is its subject key identifier too.
 */
static void
key_hash(gnutls_x509_privkey_t key, uint8_t ret[20])
{
	gnutls_privkey_t privkey;
	gnutls_pubkey_t pubkey;
	gnutls_datum_t info, bits;
	const uint8_t *p;

	must(gnutls_privkey_init(&privkey), "private key");
	must(gnutls_privkey_import_x509(privkey, key, 0), "private key");
	must(gnutls_pubkey_init(&pubkey), "public key");
	must(gnutls_pubkey_import_privkey(pubkey, privkey, 0, 0), "public key");
	must(gnutls_pubkey_export2(pubkey, GNUTLS_X509_FMT_DER, &info),
	     "public key");
	gnutls_pubkey_deinit(pubkey);
	gnutls_privkey_deinit(privkey);
	p = info.data;
	p = der_next(&p).data;
	der_next(&p); /* AlgorithmIdentifier */
	bits = der_next(&p);
	must(gnutls_hash_fast(GNUTLS_DIG_SHA1, bits.data + 1, bits.size - 1,
			      ret),
	     "SHA-1");
	gnutls_free(info.data);
}

static void
set_key_ids(gnutls_x509_crt_t crt, gnutls_x509_privkey_t own,
	    gnutls_x509_privkey_t issuer)
{
	uint8_t id[20];

	key_hash(own, id);
	must(gnutls_x509_crt_set_subject_key_id(crt, id, sizeof(id)),
	     "key identifier");
	key_hash(issuer, id);
	must(gnutls_x509_crt_set_authority_key_id(crt, id, sizeof(id)),
	     "key identifier");
}

static void
set_extensions(gnutls_x509_crt_t crt, const struct mint_spec *spec,
	       gnutls_x509_privkey_t own, gnutls_x509_privkey_t issuer)
{
	static const uint8_t null[] = { 0x05, 0x00 };

	if (!spec->no_basic_constraints)
		must(gnutls_x509_crt_set_basic_constraints(
			     crt, spec->is_ca, spec->pathlen - 1),
		     "basic constraints");
	set_names(crt, spec);
	set_usage(crt, spec);
	set_constraints(crt, spec);
	if (!spec->no_key_ids)
		set_key_ids(crt, own, issuer);
	if (spec->must_staple)
		set_must_staple(crt);
	if (spec->unknown_critical)
		must(gnutls_x509_crt_set_extension_by_oid(
			     crt, OID_EXAMPLE, null, sizeof(null), 1),
		     "unknown extension");
}

/* an odd number of just so many bits */
static gnutls_datum_t
odd_number(unsigned int bits)
{
	gnutls_datum_t n = { .size = (bits + 7) / 8 };

	n.data = gnutls_malloc(n.size);
	if (n.data == NULL)
		die("out of memory");
	memset(n.data, 0x5a, n.size);
	n.data[0] = (uint8_t)(0xff >> (n.size * 8 - bits));
	n.data[n.size - 1] |= 1;
	return n;
}

static void
make_pss(gnutls_pubkey_t key)
{
	gnutls_x509_spki_t spki;

	must(gnutls_x509_spki_init(&spki), "RSA-PSS");
	gnutls_x509_spki_set_rsa_pss_params(spki, GNUTLS_DIG_SHA256, 32);
	must(gnutls_pubkey_set_spki(key, spki, 0), "RSA-PSS");
	gnutls_x509_spki_deinit(spki);
}

static void
set_odd_key(gnutls_x509_crt_t crt, const struct mint_spec *spec)
{
	gnutls_datum_t n[4] = { { NULL, 0 }, { NULL, 0 }, { NULL, 0 },
				{ NULL, 0 } };
	gnutls_pubkey_t key;

	must(gnutls_pubkey_init(&key), "public key");
	if (spec->rsa_bits != 0) {
		n[0] = odd_number(spec->rsa_bits);
		n[1] = odd_number(spec->exponent_bits != 0 ?
					  spec->exponent_bits : 17);
		must(gnutls_pubkey_import_rsa_raw(key, &n[0], &n[1]), "RSA");
		if (spec->key_type == MINT_RSA_PSS_2048)
			make_pss(key);
	} else {
		n[0] = odd_number(spec->dsa_bits);
		n[1] = odd_number(spec->subgroup_bits != 0 ?
					  spec->subgroup_bits : 256);
		n[2] = odd_number(spec->dsa_bits - 1);
		n[3] = odd_number(spec->dsa_bits - 1);
		must(gnutls_pubkey_import_dsa_raw(key, &n[0], &n[1], &n[2],
						  &n[3]),
		     "DSA");
	}
	must(gnutls_x509_crt_set_pubkey(crt, key), "odd key");
	gnutls_pubkey_deinit(key);
	for (size_t i = 0; i < ARRAY_LEN(n); i++)
		gnutls_free(n[i].data);
}

/*
 * Once out to DER and back: a certificate that GnuTLS has written, but not
 * read, lacks the raw names that its own trust lists look for.  The last byte
 * is the signature's.
 */
static gnutls_x509_crt_t
finish(gnutls_x509_crt_t crt, bool spoiled)
{
	gnutls_datum_t der;

	must(gnutls_x509_crt_export2(crt, GNUTLS_X509_FMT_DER, &der), "export");
	gnutls_x509_crt_deinit(crt);
	if (spoiled)
		der.data[der.size - 1] ^= 1;
	must(gnutls_x509_crt_init(&crt), "certificate");
	must(gnutls_x509_crt_import(crt, &der, GNUTLS_X509_FMT_DER), "import");
	gnutls_free(der.data);
	return crt;
}

/* takes the key */
static void
mint_crt(struct mint_cert *ret, const struct mint_spec *spec,
	 gnutls_x509_privkey_t key, const struct mint_cert *issuer)
{
	gnutls_x509_privkey_t signer = issuer != NULL ? issuer->key : key;
	gnutls_x509_crt_t crt;
	int version = spec->version != 0 ? spec->version : 3;

	must(gnutls_x509_crt_init(&crt), "certificate");
	must(gnutls_x509_crt_set_version(crt, (unsigned int)version),
	     "version");
	if (spec->rsa_bits != 0 || spec->dsa_bits != 0)
		set_odd_key(crt, spec);
	else
		must(gnutls_x509_crt_set_key(crt, key), "set the key");
	set_serial(crt);
	must(gnutls_x509_crt_set_activation_time(
		     crt, moment(spec->not_before,
				 spec->is_ca ? -365 * MINT_DAY : -MINT_DAY)),
	     "activation time");
	must(gnutls_x509_crt_set_expiration_time(
		     crt, moment(spec->not_after,
				 spec->is_ca ? 3650 * MINT_DAY
					     : 90 * MINT_DAY)),
	     "expiration time");
	if (spec->subject != NULL)
		must(gnutls_x509_crt_set_dn(crt, spec->subject, NULL),
		     "subject");
	else if (spec->cn != NULL)
		must(gnutls_x509_crt_set_dn_by_oid(
			     crt, GNUTLS_OID_X520_COMMON_NAME, 0, spec->cn,
			     length(spec->cn_len != 0 ? spec->cn_len
						      : strlen(spec->cn))),
		     "common name");
	if (version >= 3)
		set_extensions(crt, spec, key, signer);
	must(gnutls_x509_crt_sign2(crt, issuer != NULL ? issuer->crt : crt,
				   signer, digest_for(signer, spec->digest), 0),
	     "sign a certificate");
	ret->crt = finish(crt, spec->bad_signature);
	ret->key = key;
}

void
mint(struct mint_cert *ret, const struct mint_spec *spec,
     const struct mint_cert *issuer)
{
	mint_crt(ret, spec, new_key(spec->key_type), issuer);
}

void
mint_with_key(struct mint_cert *ret, const struct mint_spec *spec,
	      const struct mint_cert *holder, const struct mint_cert *issuer)
{
	mint_crt(ret, spec, copy_key(holder->key), issuer);
}

void
mint_free(struct mint_cert *cert)
{
	if (cert->crt != NULL)
		gnutls_x509_crt_deinit(cert->crt);
	if (cert->key != NULL)
		gnutls_x509_privkey_deinit(cert->key);
	cert->crt = NULL;
	cert->key = NULL;
}

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
	key_hash(issuer->key, id);
	must(gnutls_x509_crl_set_authority_key_id(crl, id, sizeof(id)),
	     "key identifier");
	must(gnutls_x509_crl_sign2(crl, issuer->crt, issuer->key,
				   digest_for(issuer->key, MINT_SHA256), 0),
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

	key_hash(key, hash);
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

/*
 * Text and files
 */

char *
mint_pem(const struct mint_cert *const *chain, size_t n)
{
	char *pem = calloc(1, 1);
	size_t len = 0;

	if (pem == NULL)
		die("out of memory");
	for (size_t i = 0; i < n; i++) {
		gnutls_datum_t one;

		must(gnutls_x509_crt_export2(chain[i]->crt,
					     GNUTLS_X509_FMT_PEM, &one),
		     "export a certificate");
		pem = realloc(pem, len + one.size + 1);
		if (pem == NULL)
			die("out of memory");
		memcpy(pem + len, one.data, one.size);
		len += one.size;
		pem[len] = '\0';
		gnutls_free(one.data);
	}
	return pem;
}

char *
mint_key_pem(const struct mint_cert *cert)
{
	gnutls_datum_t pem;

	must(gnutls_x509_privkey_export2_pkcs8(cert->key, GNUTLS_X509_FMT_PEM,
					       NULL, GNUTLS_PKCS_PLAIN, &pem),
	     "export a key");
	return text_of(&pem);
}

char *
mint_crl_pem(gnutls_x509_crl_t crl)
{
	gnutls_datum_t pem;

	must(gnutls_x509_crl_export2(crl, GNUTLS_X509_FMT_PEM, &pem),
	     "export a CRL");
	return text_of(&pem);
}

char *
mint_pin(const struct mint_cert *cert)
{
	static const char scheme[] = "sha256//";
	uint8_t hash[32];
	size_t len = sizeof(hash);
	gnutls_datum_t data = { .data = hash, .size = sizeof(hash) }, base64;
	char *pin;

	must(gnutls_x509_crt_get_key_id(cert->crt, GNUTLS_KEYID_USE_SHA256,
					hash, &len),
	     "pin");
	must(gnutls_base64_encode2(&data, &base64), "pin");
	pin = malloc(sizeof(scheme) + base64.size);
	if (pin == NULL)
		die("out of memory");
	memcpy(pin, scheme, sizeof(scheme) - 1);
	memcpy(pin + sizeof(scheme) - 1, base64.data, base64.size);
	pin[sizeof(scheme) - 1 + base64.size] = '\0';
	gnutls_free(base64.data);
	return pin;
}

void
mint_write_text(const char *path, const char *text)
{
	size_t len = strlen(text);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0)
		die("%s: %s", path, strerror(errno));
	while (len > 0) {
		ssize_t n = write(fd, text, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			die("%s: %s", path, strerror(errno));
		text += n;
		len -= (size_t)n;
	}
	if (close(fd) < 0)
		die("%s: %s", path, strerror(errno));
}

/* takes the text */
static void
write_named(const char *dir, const char *name, const char *suffix, char *text)
{
	char path[4096];
	int n = snprintf(path, sizeof(path), "%s/%s.%s", dir, name, suffix);

	if (n < 0 || (size_t)n >= sizeof(path))
		die("path too long: %s/%s.%s", dir, name, suffix);
	mint_write_text(path, text);
	free(text);
}

void
mint_write(const char *dir, const char *name,
	   const struct mint_cert *const *chain, size_t n,
	   const struct mint_cert *key)
{
	write_named(dir, name, "crt", mint_pem(chain, n));
	if (key != NULL)
		write_named(dir, name, "key", mint_key_pem(key));
}
