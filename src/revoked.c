/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * One revocation list, RFC 5280 section 5.
 *
 * GnuTLS makes a tree of all entries, which takes 13,000 instructions and a
 * kilobyte for each, and would search them from one end to the other.  So it
 * is given the list without its entries, and decides about all that is left;
 * the entries are read here, as strictly, and their serial numbers sorted.
 *
 * Only whole lists are taken: one that covers a part of what its issuer has
 * issued, or says something that is not understood, says nothing about the
 * rest.  The signature is not looked at.  The file is the user's, as the
 * anchors are; and a list can only refuse.
 */

#include "config.h"

#include "revoked.h"

#include <stdlib.h>
#include <string.h>

#include <gnutls/x509.h>

#include "starttls.h"

/* id-ce, RFC 5280 section 4.2.1, with the last arc left out. */
static const uint8_t id_ce[] = { 0x55, 0x1d };

enum extension {
	CRL_NUMBER = 20,
	REASON_CODE = 21,
	INVALIDITY_DATE = 24,
	DELTA_CRL_INDICATOR = 27,
	ISSUING_DISTRIBUTION_POINT = 28,
	CERTIFICATE_ISSUER = 29,
	AUTHORITY_KEY_IDENTIFIER = 35,
	OTHER_EXTENSION = -1
};

/* Where things are in a list. */
struct parts {
	struct slice head;         /* of tbsCertList, before its entries */
	struct slice entries;
	struct slice rest;         /* ... and behind them */
	struct slice tail;         /* behind tbsCertList */
};

static const char malformed[] = "malformed revocation list";

/* What may be critical.  Whatever the reason is, the certificate is revoked. */
static bool
is_understood(enum extension extension)
{
	return extension == CRL_NUMBER ||
	    extension == AUTHORITY_KEY_IDENTIFIER ||
	    extension == REASON_CODE || extension == INVALIDITY_DATE;
}

/* X.690 section 8.19: subidentifiers in as few octets as they need. */
static bool
is_oid(struct slice oid)
{
	bool is_first = true;
	size_t i;

	for (i = 0; i < oid.len; i++) {
		if (is_first && oid.data[i] == 0x80)
			return false;
		is_first = oid.data[i] < 0x80;
	}
	return oid.len > 0 && is_first;
}

static enum extension
extension_of(struct slice oid)
{
	if (oid.len != sizeof(id_ce) + 1 ||
	    memcmp(oid.data, id_ce, sizeof(id_ce)) != 0)
		return OTHER_EXTENSION;
	return (enum extension)oid.data[sizeof(id_ce)];
}

static bool
take_extension(struct slice *extensions, enum extension *ret_kind,
	       bool *ret_critical)
{
	struct slice extension, oid, flag, value;

	if (!starttls_der_take(extensions, DER_SEQUENCE, false, &extension) ||
	    !starttls_der_take(&extension, DER_OID, false, &oid) ||
	    !is_oid(oid))
		return false;
	*ret_kind = extension_of(oid);
	*ret_critical = starttls_der_take(&extension, DER_BOOLEAN, false,
	    &flag);
	if (*ret_critical && flag.len != 1)
		return false;
	*ret_critical = *ret_critical && flag.data[0] != 0;
	return starttls_der_take(&extension, DER_OCTET_STRING, false,
	    &value) && extension.len == 0;
}

/* Why extensions, of a list or of an entry, make a list useless; NULL. */
static const char *
refuse_extensions(struct slice extensions)
{
	enum extension kind;
	bool critical;

	while (extensions.len > 0) {
		if (!take_extension(&extensions, &kind, &critical))
			return malformed;
		if (kind == DELTA_CRL_INDICATOR)
			return "not a complete revocation list "
			    "(deltaCRLIndicator)";
		if (kind == ISSUING_DISTRIBUTION_POINT)
			return "not a complete revocation list "
			    "(issuingDistributionPoint)";
		if (kind == CERTIFICATE_ISSUER)
			return "revocation list of several issuers "
			    "(certificateIssuer)";
		if (critical && !is_understood(kind))
			return "revocation list with an unknown critical "
			    "extension";
	}
	return NULL;
}

/* Digits and a Z: RFC 5280 sections 4.1.2.5.1 and 4.1.2.5.2. */
static bool
is_time(struct slice time, size_t digits)
{
	size_t i;

	if (time.len != digits + 1 || time.data[digits] != 'Z')
		return false;
	for (i = 0; i < digits; i++)
		if (time.data[i] < '0' || time.data[i] > '9')
			return false;
	return true;
}

static bool
take_time(struct slice *in)
{
	struct slice time;

	if (starttls_der_take(in, DER_UTC_TIME, false, &time))
		return is_time(time, 12);
	return starttls_der_take(in, DER_GENERALIZED_TIME, false, &time) &&
	    is_time(time, 14);
}

/* The content of an INTEGER that was read before. */
static struct slice
content_of(const uint8_t *element)
{
	struct slice in = { element, SIZE_MAX }, ret = { NULL, 0 };

	if (element[1] < 0x80)
		return (struct slice){ element + 2, element[1] };
	(void)starttls_der_take(&in, DER_INTEGER, false, &ret);
	return ret;
}

/* One of revokedCertificates. */
static const char *
read_entry(struct slice *entries, const uint8_t **ret_serial)
{
	struct slice entry, serial, extensions;

	if (!starttls_der_take(entries, DER_SEQUENCE, false, &entry) ||
	    !starttls_der_take(&entry, DER_INTEGER, true, &serial) ||
	    content_of(serial.data).len == 0 || !take_time(&entry))
		return malformed;
	*ret_serial = serial.data;
	if (entry.len == 0)
		return NULL;
	if (!starttls_der_take(&entry, DER_SEQUENCE, false, &extensions) ||
	    entry.len != 0)
		return malformed;
	return refuse_extensions(extensions);
}

/* Count the entries, and if there is room note them.  Returns as the others. */
static const char *
read_entries(struct slice entries, const uint8_t **serials, size_t *ret_count)
{
	const char *why = NULL;
	const uint8_t *serial = NULL;
	size_t count = 0;

	while (why == NULL && entries.len > 0) {
		why = read_entry(&entries, &serial);
		if (serials != NULL)
			serials[count] = serial;
		count++;
	}
	*ret_count = count;
	return why;
}

static int
compare(struct slice a, struct slice b)
{
	if (a.len != b.len)
		return a.len < b.len ? -1 : 1;
	return memcmp(a.data, b.data, a.len);
}

static int
compare_serials(const void *a, const void *b)
{
	const uint8_t *const *x = a, *const *y = b;

	return compare(content_of(*x), content_of(*y));
}

static bool
take_any_time(struct slice *in)
{
	struct slice skip;

	return starttls_der_take(in, DER_UTC_TIME, true, &skip) ||
	    starttls_der_take(in, DER_GENERALIZED_TIME, true, &skip);
}

/* Returns why the list is of no use, or NULL. */
static const char *
find_parts(struct slice der, struct slice *ret_issuer, struct parts *ret)
{
	struct slice tbs, skip, extensions;

	*ret = (struct parts){ .head = { NULL, 0 } };
	if (!starttls_der_unwrap(&der, DER_SEQUENCE) ||
	    !starttls_der_take(&der, DER_SEQUENCE, false, &tbs))
		return malformed;
	ret->tail = der;
	ret->head = tbs;
	(void)starttls_der_take(&tbs, DER_INTEGER, true, &skip); /* version */
	if (!starttls_der_take(&tbs, DER_SEQUENCE, true, &skip) ||
	    !starttls_der_take(&tbs, DER_SEQUENCE, true, ret_issuer) ||
	    !take_any_time(&tbs))
		return malformed;
	(void)take_any_time(&tbs);
	ret->head.len -= tbs.len;
	(void)starttls_der_take(&tbs, DER_SEQUENCE, false, &ret->entries);
	ret->rest = tbs;
	if (tbs.len == 0)
		return NULL;
	if (!starttls_der_unwrap(&tbs, DER_EXPLICIT) ||
	    !starttls_der_unwrap(&tbs, DER_SEQUENCE))
		return malformed;
	extensions = tbs;
	return refuse_extensions(extensions);
}

/* What GnuTLS is to see: all but the entries.  NULL: no memory. */
static uint8_t *
without_entries(const struct parts *parts, size_t *ret_len)
{
	size_t tbs = parts->head.len + parts->rest.len;
	size_t all = starttls_der_header_len(tbs) + tbs + parts->tail.len;
	uint8_t *der, *at;

	*ret_len = starttls_der_header_len(all) + all;
	at = der = malloc(*ret_len);
	if (der == NULL)
		return NULL;
	at = starttls_der_put_header(at, DER_SEQUENCE, all);
	at = starttls_der_put_header(at, DER_SEQUENCE, tbs);
	at = starttls_der_put(at, parts->head);
	at = starttls_der_put(at, parts->rest);
	starttls_der_put(at, parts->tail);
	return der;
}

/* Have GnuTLS look at it.  Returns 0 or GNUTLS_E_*. */
static int
import_frame(const struct parts *parts, int64_t *ret_next_update)
{
	gnutls_x509_crl_t frame;
	gnutls_datum_t data;
	size_t len;
	int rc;

	data.data = without_entries(parts, &len);
	data.size = (unsigned)len;
	if (data.data == NULL)
		return GNUTLS_E_MEMORY_ERROR;
	rc = gnutls_x509_crl_init(&frame);
	if (rc >= 0) {
		rc = gnutls_x509_crl_import(frame, &data,
		    GNUTLS_X509_FMT_DER);
		if (rc >= 0)
			*ret_next_update =
			    (int64_t)gnutls_x509_crl_get_next_update(frame);
		gnutls_x509_crl_deinit(frame);
	}
	free(data.data);
	return rc;
}

int
starttls_revoked_init(struct revoked *ret_list, uint8_t *der, size_t der_len,
		      const char **ret_why)
{
	struct revoked list = { .der = der, .der_len = der_len };
	struct parts parts;
	const char *why;
	int rc;

	why = find_parts((struct slice){ der, der_len }, &list.issuer, &parts);
	if (why == NULL)
		why = read_entries(parts.entries, NULL, &list.count);
	if (why == NULL) {
		rc = import_frame(&parts, &list.next_update);
		if (rc == GNUTLS_E_MEMORY_ERROR)
			return STARTTLS_E_NOMEM;
		if (rc < 0)
			why = malformed;
	}
	if (why != NULL) {
		*ret_why = why;
		return STARTTLS_E_POLICY;
	}
	list.serials = calloc(list.count + 1, sizeof(*list.serials));
	if (list.serials == NULL)
		return STARTTLS_E_NOMEM;
	(void)read_entries(parts.entries, list.serials, &list.count);
	qsort(list.serials, list.count, sizeof(*list.serials),
	    compare_serials);
	*ret_list = list;
	return 0;
}

bool
starttls_revoked_has(const struct revoked *list, struct slice serial)
{
	size_t low = 0, high = list->count, middle;
	int order;

	while (low < high) {
		middle = low + (high - low) / 2;
		order = compare(serial, content_of(list->serials[middle]));
		if (order == 0)
			return true;
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return false;
}

void
starttls_revoked_done(struct revoked *list)
{
	free(list->serials);
	free(list->der);
}
