/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * Certificates, revocation lists and OCSP responses for the tests, minted in
 * memory by GnuTLS, good and bad ones alike.
 *
 * A spec of all zeros but for a name is a good TLS server certificate, valid
 * at MINT_NOW.  A test says only what is odd about its own:
 *
 *	mint(&root, &(struct mint_spec){ .cn = "root", .is_ca = true }, NULL);
 *	mint(&leaf, &(struct mint_spec){ .dns = { "mail.example.org" },
 *					 .not_after = -1 }, &root);
 *
 * Every time in this file is in seconds relative to MINT_NOW, and 0 asks for
 * the default.  Tests call mint_set_clock() first, and so nothing expires.
 *
 * Whatever fails here is a defect of the test: the functions print a message
 * and abort.  Not for several threads at a time, except mint_clock().
 */

#ifndef TESTS_MINT_H
#define TESTS_MINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>

/* 2026-06-01T00:00:00Z */
#define MINT_NOW INT64_C(1780272000)

#define MINT_HOUR INT64_C(3600)
#define MINT_DAY (24 * MINT_HOUR)

/* for mint_spec.pathlen, where 0 is "no limit" */
#define MINT_PATHLEN(n) ((n) + 1)

/* for mint_spec.usage, where 0 is "what fits": the extension is left out */
#define MINT_NO_USAGE (~0U)

enum mint_key_type {
	MINT_EC_P256, /* quick: a new key for each certificate */
	MINT_EC_P384,
	MINT_ED25519,
	MINT_RSA_2048, /* slow: one key of each RSA type for the process */
	MINT_RSA_1024,
	MINT_RSA_PSS_2048,
};

enum mint_digest {
	MINT_SHA256,
	MINT_SHA384,
	MINT_SHA1,
	MINT_MD5, /* RSA issuers only */
};

struct mint_spec {
	const char *cn; /* NULL: an empty subject */
	size_t cn_len;	/* 0: strlen(cn); else cn may hold NUL */
	const char *subject; /* RFC 4514, instead of cn */

	/* subjectAltName */
	const char *dns[8];
	const char *ip[4]; /* text, IPv4 or IPv6 */
	const char *email;
	const char *uri;
	const char *srv;	/* SRVName, RFC 4985: "_imap.example.org" */
	const char *xmpp;	/* XmppAddr, RFC 6120: "example.org" */
	const uint8_t *raw_san; /* DER, instead of all the above */
	size_t raw_san_len;

	int64_t not_before; /* default: a day ago; CA: a year ago */
	int64_t not_after;  /* default: in 90 days; CA: in ten years */
	int version;	    /* default 3; 1 has no extension at all */

	enum mint_key_type key_type;
	/*
	 * A public key of numbers that nobody has the secret of, in place of
	 * the one that the certificate's private key has: RSA if rsa_bits is
	 * set, DSA if dsa_bits.
	 */
	unsigned int rsa_bits;
	unsigned int exponent_bits; /* default: 17 */
	unsigned int dsa_bits;
	unsigned int subgroup_bits; /* default: 256 */

	enum mint_digest digest; /* of the signature by the issuer */
	bool bad_signature;

	bool is_ca;
	bool no_basic_constraints;
	int pathlen; /* MINT_PATHLEN(n); 0: no limit */

	unsigned int usage;	 /* GNUTLS_KEY_*, or MINT_NO_USAGE */
	const char *purposes[4]; /* OIDs; default: a leaf is for TLS servers */
	bool no_purposes;
	bool empty_purposes; /* the extension, without any in it */

	const char *permitted_dns; /* name constraints, critical */
	const char *excluded_dns;
	const uint8_t *raw_constraints; /* DER, instead of these */
	size_t raw_constraints_len;
	const char *issuer_url; /* caIssuers of authority information access */
	bool must_staple;
	bool unknown_critical;
	bool no_key_ids; /* neither subject nor authority key identifier */
};

struct mint_cert {
	gnutls_x509_crt_t crt;
	gnutls_x509_privkey_t key;
};

enum mint_ocsp_status {
	MINT_OCSP_GOOD,
	MINT_OCSP_REVOKED,
	MINT_OCSP_UNKNOWN,
};

struct mint_ocsp_spec {
	enum mint_ocsp_status status;
	int64_t this_update; /* default: an hour ago */
	int64_t next_update; /* default: in seven days */
	bool no_next_update;
	/*
	 * ResponderID is a key hash, not a name.  GnuTLS 3.7 then finds the
	 * responder only in the response or in the chain that the server
	 * sends, not among the anchors.
	 */
	bool by_key;
	bool bad_signature;
	int response_status; /* 1..6: an error, e.g. 3 (tryLater), no more */

	/*
	 * Default: the issuer itself.  Another one's certificate travels in
	 * the response; an authorized responder has GNUTLS_KP_OCSP_SIGNING.
	 */
	const struct mint_cert *signer;
};

/**
 * mint_set_clock: make GnuTLS, the whole process, live at MINT_NOW.
 *
 * Also puts an advanced clock back.
 */
void mint_set_clock(void);

/**
 * mint_advance: move the clock of mint_set_clock() by seconds, or back.
 */
void mint_advance(int64_t seconds);

/**
 * mint_clock: what the clock says; time(2) for hooks of other libraries.
 */
time_t mint_clock(time_t *ret_now);

/**
 * mint_warm: generate the RSA keys now.
 *
 * A main that forks for each test calls it once, that not every child pays.
 */
void mint_warm(void);

/**
 * mint: a new key and its certificate.
 *
 * @issuer  who signs; NULL: self-signed
 *
 * Ownership: the caller gives @ret to mint_free().
 */
void mint(struct mint_cert *ret, const struct mint_spec *spec,
	  const struct mint_cert *issuer);

/**
 * mint_with_key: another certificate for the key of @holder.
 *
 * The key_type of @spec is not looked at.  With the cn of @holder and another
 * issuer this is a cross-signed certificate.
 */
void mint_with_key(struct mint_cert *ret, const struct mint_spec *spec,
		   const struct mint_cert *holder,
		   const struct mint_cert *issuer);

/**
 * mint_free: free the contents, and leave zeros.  Zeros are accepted.
 */
void mint_free(struct mint_cert *cert);

/**
 * mint_san_dns: DER of a subjectAltName with a single dNSName of any bytes.
 *
 * @len  of the name, at most 120
 *
 * Returns: the length, for mint_spec.raw_san_len.
 */
size_t mint_san_dns(uint8_t *ret, size_t size, const char *name, size_t len);

/**
 * mint_crl: a revocation list.
 *
 * @revoked      an array of @n; may be NULL if @n is 0
 * @this_update  0: an hour ago
 * @next_update  0: in seven days
 *
 * Ownership: the caller frees with gnutls_x509_crl_deinit().
 */
gnutls_x509_crl_t mint_crl(const struct mint_cert *issuer,
			   const struct mint_cert *const *revoked, size_t n,
			   int64_t this_update, int64_t next_update);

/* A list that GnuTLS would not write. */
struct mint_crl_spec {
	const struct mint_cert *revoked; /* NULL: nobody is */
	bool no_next_update; /* default: in seven days */
	bool version_1;	     /* no extension at all */
	/* id-ce arcs of RFC 5280, of the list and of the entry; 0: none */
	unsigned int extension, entry_extension;
	bool critical;
};

/**
 * mint_crl_odd: a revocation list by this specification.
 *
 * Ownership: the caller frees with gnutls_x509_crl_deinit().
 */
gnutls_x509_crl_t mint_crl_odd(const struct mint_cert *issuer,
			       const struct mint_crl_spec *spec);

/**
 * mint_ocsp: an OCSP response, DER, about @cert, which @issuer issued.
 *
 * The signer needs a P-256 or RSA key.
 *
 * Ownership: the caller frees ret->data with gnutls_free().
 */
void mint_ocsp(gnutls_datum_t *ret, const struct mint_cert *cert,
	       const struct mint_cert *issuer,
	       const struct mint_ocsp_spec *spec);

/**
 * mint_pem, mint_key_pem, mint_crl_pem: PEM text.
 *
 * Ownership: the caller frees with free().
 */
char *mint_pem(const struct mint_cert *const *chain, size_t n);
char *mint_key_pem(const struct mint_cert *cert);
char *mint_crl_pem(gnutls_x509_crl_t crl);

/**
 * mint_pin: the pin of the certificate's key, "sha256//BASE64".
 *
 * Ownership: the caller frees with free().
 */
char *mint_pin(const struct mint_cert *cert);

/**
 * mint_write: write dir/name.crt, the chain, and dir/name.key, its key.
 *
 * @key  whose key; NULL: no key file
 */
void mint_write(const char *dir, const char *name,
		const struct mint_cert *const *chain, size_t n,
		const struct mint_cert *key);

/**
 * mint_write_text: write a file, replacing what is there.
 */
void mint_write_text(const char *path, const char *text);

#endif
