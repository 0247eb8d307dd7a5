/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * TLSA records, RFC 6698, RFC 7671: which of them can be used, and which
 * certificates they are about.
 *
 * Nothing here decides whether a peer is good, and nothing looks records up.
 * They come from the DNS, and so from whoever owns the domain: what they cost
 * is bounded like what the peer sends.
 */

#include "config.h"

#include "tlsa.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <gnutls/crypto.h>

#include "keys.h"

#define SELECTOR_KEY 1
#define MATCHING_FULL 0

struct record {
	uint8_t usage, selector, matching_type;
	struct slice data;
	gnutls_x509_crt_t crt;     /* of a DANE-TA that has all of it */
};

struct tlsa {
	size_t count;
	uint8_t *bytes;            /* the data of all */
	struct record records[];
};

static const struct {
	gnutls_digest_algorithm_t digest;
	const char *name;
	size_t len;
} matching_types[] = {
	[MATCHING_FULL] = { GNUTLS_DIG_NULL, "", 0 },
	[1] = { GNUTLS_DIG_SHA256, "SHA-256", 32 },
	[2] = { GNUTLS_DIG_SHA512, "SHA-512", 64 },
};

#define MATCHING_TYPES (sizeof(matching_types) / sizeof(matching_types[0]))

/* SubjectPublicKeyInfo: an algorithm and bits, RFC 5280 section 4.1. */
static bool
is_key(struct slice der)
{
	struct slice skip;

	return starttls_der_unwrap(&der, DER_SEQUENCE) &&
	    starttls_der_take(&der, DER_SEQUENCE, true, &skip) &&
	    starttls_der_take(&der, DER_BIT_STRING, true, &skip) &&
	    der.len == 0;
}

int
starttls_tlsa_import(struct slice der, gnutls_x509_crt_t *ret_crt)
{
	gnutls_datum_t data = { (unsigned char *)(uintptr_t)der.data,
		(unsigned)der.len };
	gnutls_x509_crt_t crt;
	int rc = gnutls_x509_crt_init(&crt);

	if (rc < 0)
		return rc;
	rc = gnutls_x509_crt_import(crt, &data, GNUTLS_X509_FMT_DER);
	if (rc < 0)
		gnutls_x509_crt_deinit(crt);
	else
		*ret_crt = crt;
	return rc < 0 ? rc : 0;
}

/* What has the whole certificate or key, and may have to compute with it. */
static int
check_full(struct record *r, char *why, size_t size)
{
	struct slice key = r->data;
	int rc;

	if (r->selector == SELECTOR_KEY ? !is_key(key) :
	    !starttls_der_key(r->data, &key)) {
		snprintf(why, size, "its data is no %s",
		    r->selector == SELECTOR_KEY ? "key" : "certificate");
		return 0;
	}
	if (r->usage != TLSA_DANE_TA)
		return 0;
	rc = starttls_keys_look(key, why, size);
	if (rc < 0 || why[0] != '\0' || r->selector == SELECTOR_KEY)
		return rc;
	rc = starttls_tlsa_import(r->data, &r->crt);
	if (rc >= 0 || rc == GNUTLS_E_MEMORY_ERROR)
		return rc;
	snprintf(why, size, "its certificate is malformed");
	return 0;
}

/* Why a record cannot be used, into @why; "": it can.  Returns 0, GNUTLS_E_*. */
static int
check(struct record *r, char *why, size_t size)
{
	if (r->usage >= TLSA_USAGES)
		snprintf(why, size, "usage %u is not known", r->usage);
	else if (r->selector > SELECTOR_KEY)
		snprintf(why, size, "selector %u is not known", r->selector);
	else if (r->matching_type >= MATCHING_TYPES)
		snprintf(why, size, "matching type %u is not known",
		    r->matching_type);
	else if (r->matching_type == MATCHING_FULL)
		return check_full(r, why, size);
	else if (r->data.len != matching_types[r->matching_type].len)
		snprintf(why, size, "%zu bytes are no %s", r->data.len,
		    matching_types[r->matching_type].name);
	return 0;
}

/* One order for those of a set, which the DNS gives in any. */
static int
compare(const void *one, const void *other)
{
	const struct record *a = one, *b = other;
	const int left[] = { a->usage, a->selector, a->matching_type },
	    right[] = { b->usage, b->selector, b->matching_type };
	size_t i;

	for (i = 0; i < 3; i++)
		if (left[i] != right[i])
			return left[i] - right[i];
	if (a->data.len != b->data.len)
		return a->data.len < b->data.len ? -1 : 1;
	return memcmp(a->data.data, b->data.data, a->data.len);
}

/* The bytes of all data; more than anybody may have if something is wrong. */
static size_t
measure(const struct starttls_tlsa *records, size_t count)
{
	size_t len = 0, i;

	for (i = 0; i < count; i++) {
		if (records[i].data_len > STARTTLS_MAX_TLSA_LEN - len ||
		    (records[i].data == NULL && records[i].data_len > 0))
			return STARTTLS_MAX_TLSA_LEN + 1u;
		len += records[i].data_len;
	}
	return len;
}

static struct tlsa *
allocate(size_t count, size_t len)
{
	struct tlsa *t = calloc(1, sizeof(*t) + count *
	    sizeof(t->records[0]));

	if (t == NULL)
		return NULL;
	t->bytes = malloc(len + 1);
	if (t->bytes != NULL)
		return t;
	free(t);
	return NULL;
}

/* Returns GNUTLS_E_MEMORY_ERROR if it may not go on. */
static int
take(struct tlsa *t, const struct starttls_tlsa *records, size_t count,
     char *why, size_t size)
{
	uint8_t *at = t->bytes;
	char wrong[120];
	size_t i;
	int rc;

	for (i = 0; i < count; i++) {
		struct record r = { records[i].usage, records[i].selector,
			records[i].matching_type,
			{ at, records[i].data_len }, NULL };

		if (r.data.len > 0)
			memcpy(at, records[i].data, r.data.len);
		wrong[0] = '\0';
		rc = check(&r, wrong, sizeof(wrong));
		if (rc < 0)
			return rc;
		if (wrong[0] == '\0') {
			t->records[t->count++] = r;
			at += r.data.len;
		} else if (why[0] == '\0') {
			snprintf(why, size, "%s", wrong);
		}
	}
	qsort(t->records, t->count, sizeof(t->records[0]), compare);
	return 0;
}

int
starttls_tlsa_new(struct tlsa **ret_tlsa, const struct starttls_tlsa *records,
		  size_t count, struct starttls_error *error)
{
	char why[120] = "";
	struct tlsa *t;
	size_t len;

	if (records == NULL || count > STARTTLS_MAX_TLSA)
		return starttls_error_set(error, STARTTLS_E_INVALID,
		    STARTTLS_PHASE_SETUP, "TLSA records without a pointer, or "
		    "more than %d", STARTTLS_MAX_TLSA);
	len = measure(records, count);
	if (len > STARTTLS_MAX_TLSA_LEN)
		return starttls_error_set(error, STARTTLS_E_INVALID,
		    STARTTLS_PHASE_SETUP, "a TLSA record without data, or "
		    "more than %d bytes of them", STARTTLS_MAX_TLSA_LEN);
	t = allocate(count, len);
	if (t == NULL || take(t, records, count, why, sizeof(why)) < 0) {
		starttls_tlsa_free(t);
		return starttls_error_set(error, STARTTLS_E_NOMEM,
		    STARTTLS_PHASE_SETUP, "out of memory");
	}
	if (t->count == 0) {
		starttls_tlsa_free(t);
		return starttls_error_set(error, STARTTLS_E_TLSA_UNUSABLE,
		    STARTTLS_PHASE_SETUP, "none of the TLSA records can be "
		    "used: %s", why);
	}
	*ret_tlsa = t;
	return 0;
}

void
starttls_tlsa_free(struct tlsa *tlsa)
{
	size_t i;

	if (tlsa == NULL)
		return;
	for (i = 0; i < tlsa->count; i++)
		if (tlsa->records[i].crt != NULL)
			gnutls_x509_crt_deinit(tlsa->records[i].crt);
	free(tlsa->bytes);
	free(tlsa);
}

bool
starttls_tlsa_has(const struct tlsa *tlsa, enum tlsa_usage usage)
{
	size_t i;

	for (i = 0; i < tlsa->count; i++)
		if (tlsa->records[i].usage == usage)
			return true;
	return false;
}

static bool
is_about(const struct record *r, struct slice der)
{
	uint8_t digest[64];

	if (r->selector == SELECTOR_KEY && !starttls_der_key(der, &der))
		return false;
	if (r->matching_type == MATCHING_FULL)
		return starttls_der_equal(r->data, der);
	return gnutls_hash_fast(matching_types[r->matching_type].digest,
	    der.data, der.len, digest) >= 0 &&
	    memcmp(digest, r->data.data, r->data.len) == 0;
}

bool
starttls_tlsa_matches(const struct tlsa *tlsa, enum tlsa_usage usage,
		      struct slice der)
{
	size_t i;

	for (i = 0; i < tlsa->count; i++)
		if (tlsa->records[i].usage == usage &&
		    is_about(&tlsa->records[i], der))
			return true;
	return false;
}

bool
starttls_tlsa_is_of(const struct tlsa *tlsa, enum tlsa_usage usage,
		    gnutls_x509_crt_t crt)
{
	gnutls_datum_t data = { NULL, 0 };
	bool matches;

	if (gnutls_x509_crt_export2(crt, GNUTLS_X509_FMT_DER, &data) < 0)
		return false;
	matches = starttls_tlsa_matches(tlsa, usage,
	    (struct slice){ data.data, data.size });
	gnutls_free(data.data);
	return matches;
}

bool
starttls_tlsa_authority(const struct tlsa *tlsa, size_t *at,
			struct authority *ret_authority)
{
	for (; *at < tlsa->count; ++*at) {
		const struct record *r = &tlsa->records[*at];

		if (r->usage != TLSA_DANE_TA ||
		    r->matching_type != MATCHING_FULL)
			continue;
		*ret_authority = (struct authority){ r->crt, r->data };
		++*at;
		return true;
	}
	return false;
}

int
starttls_tlsa_digest(const struct tlsa *tlsa, uint8_t *ret_digest)
{
	struct { uint8_t head[3], data[32]; } all[STARTTLS_MAX_TLSA];
	size_t i;
	int rc = 0;

	for (i = 0; rc >= 0 && i < tlsa->count; i++) {
		const struct record *r = &tlsa->records[i];

		all[i].head[0] = r->usage;
		all[i].head[1] = r->selector;
		all[i].head[2] = r->matching_type;
		rc = gnutls_hash_fast(GNUTLS_DIG_SHA256, r->data.data,
		    r->data.len, all[i].data);
	}
	return rc < 0 ? rc : gnutls_hash_fast(GNUTLS_DIG_SHA256, all,
	    tlsa->count * sizeof(all[0]), ret_digest);
}
