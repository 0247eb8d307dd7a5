/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * The path from a certificate to an anchor, RFC 5280 section 6.
 *
 * GnuTLS validates it, with the purpose passed explicitly, as it does not
 * check it otherwise.  What it would miss is tried here: an anchor in the
 * middle of a chain, and several of one name.  Each attempt is a whole
 * validation.
 */

#include "config.h"

#include "path.h"

#include <string.h>

/* The callback of GnuTLS's path validation has no context argument. */
static _Thread_local struct path *current_path;

bool
starttls_path_is_pinned(const struct starttls_policy *policy,
			gnutls_x509_crt_t crt)
{
	uint8_t id[PIN_SIZE];
	size_t size = sizeof(id), i;

	if (policy->pin_count == 0 || gnutls_x509_crt_get_key_id(crt,
	    GNUTLS_KEYID_USE_SHA256, id, &size) < 0 || size != sizeof(id))
		return false;
	for (i = 0; i < policy->pin_count; i++)
		if (memcmp(policy->pins[i], id, sizeof(id)) == 0)
			return true;
	return false;
}

static bool
was_sent(const struct chain *chain, gnutls_x509_crt_t crt)
{
	unsigned i;

	for (i = 0; i < chain->len; i++)
		if (chain->crt[i] == crt)
			return true;
	return false;
}

static void
note_end(struct path *path, gnutls_x509_crt_t crt)
{
	int64_t end = (int64_t)gnutls_x509_crt_get_expiration_time(crt);

	if (end < path->end)
		path->end = end;
}

/* Told of every certificate of the path that is built, and of its issuer. */
static int
on_path(gnutls_x509_crt_t crt, gnutls_x509_crt_t issuer,
	gnutls_x509_crl_t crl, unsigned status)
{
	struct path *path = current_path;
	unsigned i;

	(void)crl;
	if (status != 0) {
		for (i = 0; path->depth < 0 && i < path->chain->len; i++)
			if (path->chain->crt[i] == crt)
				path->depth = (int)i;
		return 0;
	}
	if (path->policy->resumption) {
		/* each once: the leaf's is looked at anyway, and an issuer
		   that was sent gets its own turn */
		if (crt != path->chain->crt[0])
			note_end(path, crt);
		if (issuer != NULL && !was_sent(path->chain, issuer))
			note_end(path, issuer);
	}
	if (crt == path->chain->crt[0])
		path->issuer = issuer;
	path->pinned = path->pinned ||
	    starttls_path_is_pinned(path->policy, crt) || (issuer != NULL &&
	    starttls_path_is_pinned(path->policy, issuer));
	return 0;
}

/* Validate the first @len certificates against a list of anchors. */
static void
validate(gnutls_x509_trust_list_t list, unsigned len, struct path *path)
{
	gnutls_typed_vdata_st purpose = {
		.type = GNUTLS_DT_KEY_PURPOSE_OID,
		.data = (unsigned char *)(uintptr_t)
		    (path->policy->role == STARTTLS_SERVER ?
		    GNUTLS_KP_TLS_WWW_CLIENT : GNUTLS_KP_TLS_WWW_SERVER),
	};
	int rc;

	path->status = 0;
	path->depth = -1;
	path->pinned = false;
	path->issuer = NULL;
	path->end = INT64_MAX;
	current_path = path;
	rc = gnutls_x509_trust_list_verify_crt2(list,
	    (gnutls_x509_crt_t *)(uintptr_t)path->chain->crt, len, &purpose,
	    1, GNUTLS_PROFILE_TO_VFLAGS(GNUTLS_PROFILE_MEDIUM), &path->status,
	    on_path);
	current_path = NULL;
	if (rc < 0)
		path->status = GNUTLS_CERT_INVALID;
}

/* Keep the better of two attempts: one that is valid. */
static bool
take_if_valid(struct path *path, const struct path *other)
{
	if (other->status == 0)
		*path = *other;
	return other->status == 0;
}

/*
 * GnuTLS cuts a chain at an anchor that is a root, not at one that is an
 * intermediate or the leaf.
 */
static bool
validate_cut(struct path *path)
{
	const struct chain *chain = path->chain;
	struct path other = *path;
	unsigned i;

	for (i = 0; i < chain->len; i++)
		if (starttls_trust_is_anchor(path->policy->trust,
		    &chain->der[i]))
			break;
	if (i == chain->len || chain->len == 1)
		return false;
	validate(path->policy->list, i == 0 ? 1 : i, &other);
	return take_if_valid(path, &other);
}

/*
 * GnuTLS tries one issuer of a name only.  Where several anchors could be
 * meant, as after a root was renewed, each gets its chance alone.
 */
static void
validate_each(struct path *path)
{
	struct starttls_policy *policy =
	    (struct starttls_policy *)(uintptr_t)path->policy;
	size_t index[TRUST_MAX_CANDIDATES], count, i;
	struct path other = *path;

	count = starttls_trust_candidates(policy->trust, path->chain->der,
	    path->chain->len, index);
	for (i = 0; count > 1 && i < count; i++) {
		other.own_list = starttls_trust_list_of(policy->trust,
		    index[i]);
		if (other.own_list == NULL)
			return;
		validate(other.own_list, path->chain->len, &other);
		if (take_if_valid(path, &other))
			return;
		gnutls_x509_trust_list_deinit(other.own_list, 1);
	}
}

void
starttls_path_check(const struct starttls_policy *policy,
		    const struct chain *chain, struct path *path)
{
	*path = (struct path){ .chain = chain, .policy = policy };
	validate(policy->list, chain->len, path);
	if (path->status != 0 && !validate_cut(path))
		validate_each(path);
}
