/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * The resumption cache as bytes, for clients that do not live long.
 *
 *	magic       "STARTTLS-SESSIONS-2\n"
 *	policy      SHA-256 of everything that a session was verified with
 *	session*    key length (2), key, once (1), note (2), expires (8), length
 *		    (4), data
 *	checksum    SHA-256 of all of the above
 *
 * Numbers are big-endian.  A resumed session is not verified again, so the
 * bytes are bound to the policy: what another one accepted is not accepted
 * here.  The checksum is against accidents; who can write the file can also
 * read the keys in it.
 */

#include "config.h"

#include "policy.h"

#include <stdlib.h>
#include <string.h>

#include <gnutls/crypto.h>

#include "compat.h"

#define MAGIC "STARTTLS-SESSIONS-2\n"
#define MAGIC_SIZE (sizeof(MAGIC) - 1)
#define DIGEST_SIZE 32
#define HEAD_SIZE (MAGIC_SIZE + DIGEST_SIZE)
#define MAX_KEY 512
#define MAX_SESSION (1u << 20)

struct buffer {
	uint8_t *data;
	size_t len, size;
	bool failed;
};

struct reader {
	const uint8_t *at;
	size_t left;
	bool failed;
};

/* Keys are in it: what is left behind is cleared. */
static void
done(struct buffer *b)
{
	if (b->data != NULL)
		explicit_bzero(b->data, b->len);
	free(b->data);
}

static void
put(struct buffer *b, const void *data, size_t len)
{
	if (b->failed || len == 0)
		return;
	if (len > b->size - b->len) {
		size_t size = 2 * (b->size + len);
		uint8_t *grown = malloc(size);

		if (grown == NULL) {
			b->failed = true;
			return;
		}
		if (b->len > 0)
			memcpy(grown, b->data, b->len);
		done(b);
		b->data = grown;
		b->size = size;
	}
	memcpy(b->data + b->len, data, len);
	b->len += len;
}

static void
put_number(struct buffer *b, uint64_t number, unsigned octets)
{
	uint8_t bytes[8];
	unsigned i;

	for (i = octets; i > 0; i--, number >>= 8)
		bytes[i - 1] = (uint8_t)number;
	put(b, bytes, octets);
}

static const uint8_t *
get(struct reader *r, size_t len)
{
	const uint8_t *at = r->at;

	if (r->failed || len > r->left) {
		r->failed = true;
		return NULL;
	}
	r->at += len;
	r->left -= len;
	return at;
}

static uint64_t
get_number(struct reader *r, unsigned octets)
{
	const uint8_t *bytes = get(r, octets);
	uint64_t number = 0;
	unsigned i;

	for (i = 0; bytes != NULL && i < octets; i++)
		number = number << 8 | bytes[i];
	return number;
}

/* Parts are told apart by their lengths. */
static int
add(gnutls_hash_hd_t hash, const void *data, size_t len)
{
	uint64_t length = len;
	int rc = gnutls_hash(hash, &length, sizeof(length));

	return rc < 0 || len == 0 ? rc : gnutls_hash(hash, data, len);
}

static int
add_crls(gnutls_hash_hd_t hash, const struct starttls_policy *p)
{
	size_t i;
	int rc = 0;

	for (i = 0; rc >= 0 && i < p->crl_count; i++)
		rc = add(hash, p->crls[i].der, p->crls[i].der_len);
	return rc;
}

static int
add_identity(gnutls_hash_hd_t hash, const struct starttls_policy *p)
{
	gnutls_datum_t der;
	int rc;

	if (!p->has_identity)
		return 0;
	rc = gnutls_certificate_get_crt_raw(p->credentials, 0, 0, &der);
	return rc < 0 ? rc : add(hash, der.data, der.size);
}

static int
digest_policy(const struct starttls_policy *p, uint8_t *ret_digest)
{
	const char *gnutls = gnutls_check_version(NULL);
	const char *items = p->removals != NULL ? p->removals : "";
	const int32_t numbers[] = { (int32_t)p->min_version,
	    (int32_t)p->alpn, p->require_ocsp, p->use_system,
	    (int32_t)p->profile };
	gnutls_hash_hd_t hash;
	int rc = gnutls_hash_init(&hash, GNUTLS_DIG_SHA256);

	if (rc < 0)
		return rc;
	if ((rc = add(hash, gnutls, strlen(gnutls))) >= 0 &&
	    (rc = add(hash, numbers, sizeof(numbers))) >= 0 &&
	    (rc = add(hash, items, strlen(items))) >= 0 &&
	    (rc = add(hash, p->pins, p->pin_count * PIN_SIZE)) >= 0 &&
	    (rc = add(hash, p->peers, p->peer_count * sizeof(*p->peers))) >=
	    0 && (rc = add_crls(hash, p)) >= 0 &&
	    (rc = add_identity(hash, p)) >= 0)
		rc = starttls_trust_digest(p->trust, hash);
	gnutls_hash_deinit(hash, ret_digest);
	return rc;
}

/* What both directions need: a frozen client policy with a cache. */
static int
prepare(struct starttls_policy *policy, uint8_t *ret_digest,
	struct starttls_error *error)
{
	int rc = starttls_policy_freeze(policy, error);

	if (rc != 0)
		return rc;
	if (policy->resume == NULL)
		return starttls_policy_wrong(error, STARTTLS_E_STATE,
		    "the policy keeps no sessions");
	rc = digest_policy(policy, ret_digest);
	if (rc == GNUTLS_E_MEMORY_ERROR)
		return starttls_policy_wrong(error, STARTTLS_E_NOMEM,
		    "out of memory");
	return rc < 0 ? starttls_policy_wrong(error, STARTTLS_E_POLICY,
	    "the policy cannot be summed up") : 0;
}

static void
put_session(void *context, const struct resumable *session)
{
	struct buffer *b = context;
	size_t key_len = strlen(session->key);

	if (key_len > MAX_KEY || session->len > MAX_SESSION)
		return;
	put_number(b, key_len, 2);
	put(b, session->key, key_len);
	put_number(b, session->once, 1);
	put_number(b, session->note, 2);
	put_number(b, (uint64_t)session->expires, 8);
	put_number(b, session->len, 4);
	put(b, session->data, session->len);
}

int
starttls_policy_export_sessions(struct starttls_policy *policy,
				uint8_t **ret_data, size_t *ret_len,
				struct starttls_error *error)
{
	uint8_t digest[DIGEST_SIZE];
	struct buffer b = { NULL, 0, 0, false };
	int rc;

	if (error != NULL)
		starttls_error_reset(error);
	if (policy == NULL || ret_data == NULL || ret_len == NULL)
		return starttls_policy_wrong(error, STARTTLS_E_INVALID,
		    "a policy and a place for the bytes are needed");
	rc = prepare(policy, digest, error);
	if (rc != 0)
		return rc;
	put(&b, MAGIC, MAGIC_SIZE);
	put(&b, digest, sizeof(digest));
	starttls_resume_take_all(policy->resume, put_session, &b);
	if (!b.failed && gnutls_hash_fast(GNUTLS_DIG_SHA256, b.data, b.len,
	    digest) < 0)
		b.failed = true;
	put(&b, digest, sizeof(digest));
	if (b.failed) {
		done(&b);
		return starttls_policy_wrong(error, STARTTLS_E_NOMEM,
		    "out of memory");
	}
	*ret_data = b.data;
	*ret_len = b.len;
	return 0;
}

/* Look at the next session, and keep it if @policy is there. */
static int
get_session(struct reader *r, struct starttls_policy *policy)
{
	char key[MAX_KEY + 1] = "";
	size_t key_len = (size_t)get_number(r, 2), len;
	const uint8_t *key_data, *data;
	uint8_t *copy;
	int64_t expires;
	uint16_t note;
	bool once;

	key_data = key_len <= MAX_KEY ? get(r, key_len) : NULL;
	once = get_number(r, 1) != 0;
	note = (uint16_t)get_number(r, 2);
	expires = (int64_t)get_number(r, 8);
	len = (size_t)get_number(r, 4);
	data = len > 0 && len <= MAX_SESSION ? get(r, len) : NULL;
	if (key_data == NULL || data == NULL || r->failed)
		return STARTTLS_E_INVALID;
	if (policy == NULL || expires <= policy->clock())
		return 0;
	copy = malloc(len);
	if (copy == NULL)
		return STARTTLS_E_NOMEM;
	memcpy(key, key_data, key_len);
	memcpy(copy, data, len);
	starttls_resume_put(policy->resume, key, copy, len, expires, once,
	    note);
	return 0;
}

static int
get_sessions(struct reader r, struct starttls_policy *policy)
{
	int rc = 0;

	while (rc == 0 && r.left > 0)
		rc = get_session(&r, policy);
	return rc;
}

int
starttls_policy_import_sessions(struct starttls_policy *policy,
				const void *data, size_t len,
				struct starttls_error *error)
{
	uint8_t own[DIGEST_SIZE], sum[DIGEST_SIZE];
	const uint8_t *bytes = data;
	struct reader r;
	int rc;

	if (error != NULL)
		starttls_error_reset(error);
	if (policy == NULL || data == NULL)
		return starttls_policy_wrong(error, STARTTLS_E_INVALID,
		    "a policy and exported sessions are needed");
	if (len < HEAD_SIZE + DIGEST_SIZE ||
	    memcmp(bytes, MAGIC, MAGIC_SIZE) != 0 ||
	    gnutls_hash_fast(GNUTLS_DIG_SHA256, bytes, len - DIGEST_SIZE,
		sum) < 0 ||
	    memcmp(bytes + len - DIGEST_SIZE, sum, DIGEST_SIZE) != 0)
		return starttls_policy_wrong(error, STARTTLS_E_INVALID,
		    "these are no exported sessions, or they are damaged");
	rc = prepare(policy, own, error);
	if (rc != 0)
		return rc;
	if (memcmp(bytes + MAGIC_SIZE, own, DIGEST_SIZE) != 0)
		return starttls_policy_wrong(error, STARTTLS_E_POLICY,
		    "the sessions belong to another policy");
	r = (struct reader){ bytes + HEAD_SIZE, len - HEAD_SIZE - DIGEST_SIZE,
	    false };
	rc = get_sessions(r, NULL);
	if (rc == 0)
		rc = get_sessions(r, policy);
	if (rc == STARTTLS_E_NOMEM)
		return starttls_policy_wrong(error, rc, "out of memory");
	return rc == 0 ? 0 : starttls_policy_wrong(error, rc,
	    "the exported sessions are malformed");
}
