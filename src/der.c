/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * A walk over DER, X.690: single-octet tags, definite lengths.  And the little
 * that is written.
 */

#include "config.h"

#include "der.h"

#include <string.h>

/* Its content, so long, need not be there. */
static bool
take_header(struct slice *in, uint8_t tag, size_t *ret_len)
{
	size_t header = 2, len;
	unsigned i, octets;

	if (in->len < 2 || in->data[0] != tag)
		return false;
	len = in->data[1];
	if (len >= 0x80) {
		octets = (unsigned)len & 0x7f;
		if (octets == 0 || octets > 4 || in->len < 2u + octets)
			return false;
		for (len = 0, i = 0; i < octets; i++)
			len = len << 8 | in->data[2 + i];
		header += octets;
	}
	in->data += header;
	in->len -= header;
	*ret_len = len;
	return true;
}

bool
starttls_der_take(struct slice *in, uint8_t tag, bool whole,
		  struct slice *ret)
{
	struct slice rest = *in;
	size_t len;

	if (!take_header(&rest, tag, &len) || len > rest.len)
		return false;
	ret->data = whole ? in->data : rest.data;
	ret->len = (size_t)(rest.data - ret->data) + len;
	in->data = rest.data + len;
	in->len = rest.len - len;
	return true;
}

bool
starttls_der_unwrap(struct slice *in, uint8_t tag)
{
	struct slice rest = *in;

	return starttls_der_take(&rest, tag, false, in) && rest.len == 0;
}

/* A TBSCertificate up to its subject. */
static bool
skip_to_key(struct slice *tbs, struct slice *ret_issuer,
	    struct slice *ret_subject)
{
	struct slice skip;

	if (starttls_der_is(tbs, DER_EXPLICIT) &&       /* version */
	    !starttls_der_take(tbs, DER_EXPLICIT, true, &skip))
		return false;
	return starttls_der_take(tbs, DER_INTEGER, true, &skip) && /* serial */
	    starttls_der_take(tbs, DER_SEQUENCE, true, &skip) && /* algorithm */
	    starttls_der_take(tbs, DER_SEQUENCE, true, ret_issuer) &&
	    starttls_der_take(tbs, DER_SEQUENCE, true, &skip) && /* validity */
	    starttls_der_take(tbs, DER_SEQUENCE, true, ret_subject);
}

/* A certificate as far as its subject; what follows is left in @ret_rest. */
static bool
take_names(struct slice der, struct slice *ret_issuer,
	   struct slice *ret_subject, struct slice *ret_rest)
{
	struct slice cert;

	return starttls_der_take(&der, DER_SEQUENCE, false, &cert) &&
	    der.len == 0 &&
	    starttls_der_take(&cert, DER_SEQUENCE, false, ret_rest) &&
	    skip_to_key(ret_rest, ret_issuer, ret_subject);
}

bool
starttls_der_names(struct slice der, struct slice *ret_issuer,
		   struct slice *ret_subject)
{
	struct slice rest;

	return take_names(der, ret_issuer, ret_subject, &rest);
}

bool
starttls_der_begins(struct slice begin, size_t *ret_len,
		    struct slice *ret_subject)
{
	struct slice in = begin, issuer;
	size_t cert, tbs;

	if (!take_header(&in, DER_SEQUENCE, &cert) || cert > INT32_MAX)
		return false;
	*ret_len = (size_t)(in.data - begin.data) + cert;
	if (!take_header(&in, DER_SEQUENCE, &tbs) || tbs > cert)
		return false;
	if (in.len > tbs)
		in.len = tbs;
	return skip_to_key(&in, &issuer, ret_subject);
}

bool
starttls_der_key(struct slice der, struct slice *ret_key)
{
	struct slice issuer, subject, rest;

	return take_names(der, &issuer, &subject, &rest) &&
	    starttls_der_take(&rest, DER_SEQUENCE, true, ret_key);
}

/* Extension: an identifier, whether it is critical, the value. */
static bool
take_extension(struct slice *list, struct slice *ret_oid,
	       struct slice *ret_value)
{
	struct slice extension, critical;

	return starttls_der_take(list, DER_SEQUENCE, false, &extension) &&
	    starttls_der_take(&extension, DER_OID, false, ret_oid) &&
	    (!starttls_der_is(&extension, DER_BOOLEAN) ||
	    starttls_der_take(&extension, DER_BOOLEAN, true, &critical)) &&
	    starttls_der_take(&extension, DER_OCTET_STRING, false, ret_value);
}

static int
find_extension(struct slice der, struct slice oid, struct slice *ret_oid,
	       struct slice *ret_value)
{
	struct slice issuer, subject, rest, value, found;

	if (!take_names(der, &issuer, &subject, &rest) ||
	    !starttls_der_take(&rest, DER_SEQUENCE, true, &value)) /* key */
		return -1;
	/* unique identifiers, which nobody has */
	while (rest.len > 0 && !starttls_der_is(&rest, DER_EXPLICIT | 3))
		if (!starttls_der_take(&rest, rest.data[0], true, &value))
			return -1;
	if (rest.len == 0)
		return 0;
	if (!starttls_der_unwrap(&rest, DER_EXPLICIT | 3) ||
	    !starttls_der_unwrap(&rest, DER_SEQUENCE))
		return -1;
	while (rest.len > 0) {
		if (!take_extension(&rest, &found, &value))
			return -1;
		if (starttls_der_equal(found, oid)) {
			*ret_oid = found;
			*ret_value = value;
			return 1;
		}
	}
	return 0;
}

int
starttls_der_extension(struct slice der, struct slice oid,
		       struct slice *ret_value)
{
	struct slice found;

	return find_extension(der, oid, &found, ret_value);
}

int
starttls_der_extension_oid(struct slice der, struct slice oid,
			   struct slice *ret_oid)
{
	struct slice value;

	return find_extension(der, oid, ret_oid, &value);
}

bool
starttls_der_equal(struct slice a, struct slice b)
{
	return a.len == b.len && memcmp(a.data, b.data, a.len) == 0;
}

/* How many octets the length takes behind its first one. */
static unsigned
length_octets(size_t len)
{
	return len < 0x80 ? 0 : len < 0x100 ? 1 : len < 0x10000 ? 2 :
	    len < 0x1000000 ? 3 : 4;
}

size_t
starttls_der_header_len(size_t len)
{
	return 2 + length_octets(len);
}

uint8_t *
starttls_der_put_header(uint8_t *at, uint8_t tag, size_t len)
{
	unsigned octets = length_octets(len);

	*at++ = tag;
	*at++ = (uint8_t)(octets == 0 ? len : 0x80 | octets);
	while (octets > 0)
		*at++ = (uint8_t)(len >> (8 * --octets));
	return at;
}

uint8_t *
starttls_der_put(uint8_t *at, struct slice bytes)
{
	if (bytes.len > 0)
		memcpy(at, bytes.data, bytes.len);
	return at + bytes.len;
}
