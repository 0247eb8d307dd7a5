/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * Certificates for the tests: see mint.h.  GnuTLS writes them, and takes
 * whatever nonsense a spec asks for.
 */

#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "mint.h"

#include <arpa/inet.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <gnutls/abstract.h>
#include <gnutls/crypto.h>
#include <gnutls/x509-ext.h>

#include "mint_private.h"

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

#define OID_SAN "2.5.29.17"
#define OID_CONSTRAINTS "2.5.29.30"
#define OID_EXT_KEY_USAGE "2.5.29.37"
#define OID_SRV_NAME "1.3.6.1.5.5.7.8.7"  /* RFC 4985 */
#define OID_XMPP_ADDR "1.3.6.1.5.5.7.8.5" /* RFC 6120 */
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

gnutls_digest_algorithm_t
mint_digest_for(gnutls_x509_privkey_t key, enum mint_digest digest)
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

/* SRVName ::= IA5String, XmppAddr ::= UTF8String */
static void
add_other(gnutls_x509_crt_t crt, const char *oid, uint8_t tag,
	  const char *name)
{
	uint8_t der[2 + 127] = { tag };
	size_t len = strlen(name);

	if (len > 127)
		die("too long: %s", name);
	der[1] = (uint8_t)len;
	memcpy(der + 2, name, len);
	must(gnutls_x509_crt_set_subject_alt_othername(
		     crt, oid, der, length(2 + len),
		     GNUTLS_FSAN_APPEND),
	     "otherName");
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
		add_other(crt, OID_SRV_NAME, 0x16, spec->srv);
	if (spec->xmpp != NULL)
		add_other(crt, OID_XMPP_ADDR, 0x0c, spec->xmpp);
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

void
mint_key_hash(gnutls_x509_privkey_t key, uint8_t ret[20])
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

	mint_key_hash(own, id);
	must(gnutls_x509_crt_set_subject_key_id(crt, id, sizeof(id)),
	     "key identifier");
	mint_key_hash(issuer, id);
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
	if (spec->issuer_url != NULL)
		must(gnutls_x509_crt_set_authority_info_access(
			     crt, GNUTLS_IA_CAISSUERS_URI,
			     &(gnutls_datum_t){
				     (unsigned char *)(uintptr_t)
					     spec->issuer_url,
				     (unsigned)strlen(spec->issuer_url) }),
		     "authority information access");
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
				   signer, mint_digest_for(signer, spec->digest), 0),
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
