/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * A walk over DER, for the few things that GnuTLS does not tell, or tells
 * slowly.  It knows tags and lengths, and is wrong about nothing but what it
 * cannot read.
 */

#ifndef STARTTLS_DER_H
#define STARTTLS_DER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum der_tag {
	DER_BOOLEAN = 0x01,
	DER_INTEGER = 0x02,
	DER_BIT_STRING = 0x03,
	DER_OCTET_STRING = 0x04,
	DER_OID = 0x06,
	DER_UTF8_STRING = 0x0c,
	DER_IA5_STRING = 0x16,
	DER_UTC_TIME = 0x17,
	DER_GENERALIZED_TIME = 0x18,
	DER_SEQUENCE = 0x30,
	DER_SET = 0x31,
	DER_EXPLICIT = 0xa0        /* and the number */
};

struct slice {
	const uint8_t *data;
	size_t len;
};

/** starttls_der_is: whether the next element has this tag. */
static inline bool
starttls_der_is(const struct slice *in, uint8_t tag)
{
	return in->len > 0 && in->data[0] == tag;
}

/**
 * starttls_der_take: take one element off the front.
 *
 * @whole  give it with its header, else only its content
 *
 * Returns: whether there was one with this tag.
 */
bool starttls_der_take(struct slice *in, uint8_t tag, bool whole,
		       struct slice *ret);

/**
 * starttls_der_unwrap: go into the one element that there is.
 *
 * Returns: whether it has this tag, and nothing follows.
 */
bool starttls_der_unwrap(struct slice *in, uint8_t tag);

/**
 * starttls_der_names: issuer and subject of a certificate, with headers.
 *
 * Returns: whether it looks like one, RFC 5280 section 4.1.
 */
bool starttls_der_names(struct slice der, struct slice *ret_issuer,
			struct slice *ret_subject);

/**
 * starttls_der_begins: the subject of a certificate of which not all is there.
 *
 * @ret_len  how long it says that it is
 *
 * Returns: whether it looks like one, and there is enough of it.
 */
bool starttls_der_begins(struct slice begin, size_t *ret_len,
			 struct slice *ret_subject);

/**
 * starttls_der_key: the SubjectPublicKeyInfo of a certificate, with its header.
 *
 * Returns: whether it looks like one, RFC 5280 section 4.1.
 */
bool starttls_der_key(struct slice der, struct slice *ret_key);

/**
 * starttls_der_extension: the value of an extension of a certificate.
 *
 * Returns: 1; 0: it has none of this kind; -1: it cannot be read
 */
int starttls_der_extension(struct slice der, struct slice oid,
			   struct slice *ret_value);

/**
 * starttls_der_extension_oid: where the identifier of an extension stands.
 *
 * Returns: as starttls_der_extension.
 */
int starttls_der_extension_oid(struct slice der, struct slice oid,
			       struct slice *ret_oid);

/** starttls_der_equal: whether the bytes are the same. */
bool starttls_der_equal(struct slice a, struct slice b);

/** starttls_der_header_len: of an element with so much in it. */
size_t starttls_der_header_len(size_t len);

/** starttls_der_put_header: write tag and length.  Returns: behind them. */
uint8_t *starttls_der_put_header(uint8_t *at, uint8_t tag, size_t len);

/** starttls_der_put: write what is DER already.  Returns: behind it. */
uint8_t *starttls_der_put(uint8_t *at, struct slice bytes);

#endif
