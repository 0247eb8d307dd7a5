/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * This very peer: digests of certificates and keys that a policy accepts, and
 * what a connection asks of its peer beside the policy.
 *
 * A digest is of the bytes that were sent, so no parser has a say in who is
 * meant.  Whether the rest of a policy is content is decided in verify.c.
 */

#include "config.h"

#include "peer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <gnutls/crypto.h>

#include "policy.h"
#include "text.h"

static const char key_prefix[] = "sha256//";
static const char cert_prefix[] = "cert-sha256:";

bool
starttls_peer_parse_key(const char *text, size_t len, uint8_t *ret_key)
{
	uint8_t decoded[PEER_DIGEST_SIZE + 4];
	size_t end;

	if (len != sizeof(key_prefix) - 1 + 44 ||
	    memcmp(text, key_prefix, sizeof(key_prefix) - 1) != 0)
		return false;
	text += sizeof(key_prefix) - 1;
	if (starttls_base64_decode(decoded, text, 44, &end) !=
	    PEER_DIGEST_SIZE || end != 44)
		return false;
	memcpy(ret_key, decoded, PEER_DIGEST_SIZE);
	return true;
}

static int
value_of(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Octets in hexadecimal, with colons between them or without.  Returns what is
   wrong with it, or NULL. */
static const char *
parse_hex(const char *text, uint8_t *ret_digest)
{
	size_t count = 0;
	int high, low;

	for (; *text != '\0'; text += 2) {
		if (*text == ':' && count > 0)
			text++;
		high = value_of(text[0]);
		low = high < 0 ? -1 : value_of(text[1]);
		if (low < 0)
			return "what stands behind cert-sha256: is not "
			    "hexadecimal, two digits for each byte, with "
			    "colons between them or without";
		if (count == PEER_DIGEST_SIZE)
			return "more than 64 hexadecimal digits behind "
			    "cert-sha256:";
		ret_digest[count++] = (uint8_t)(high << 4 | low);
	}
	if (count < PEER_DIGEST_SIZE)
		return "less than 64 hexadecimal digits behind cert-sha256:; "
		    "SHA-256 has as many, SHA-1 has 40";
	return NULL;
}

/* Returns what is wrong with it, or NULL. */
static const char *
parse_peer(const char *text, struct accepted *ret_peer)
{
	memset(ret_peer, 0, sizeof(*ret_peer));
	if (strncmp(text, cert_prefix, sizeof(cert_prefix) - 1) == 0)
		return parse_hex(text + sizeof(cert_prefix) - 1,
		    ret_peer->digest);
	if (strncmp(text, key_prefix, sizeof(key_prefix) - 1) != 0)
		return "a peer is cert-sha256: and the hexadecimal digest of "
		    "its certificate, or sha256// and the base64 digest of "
		    "its key";
	ret_peer->is_key = true;
	return starttls_peer_parse_key(text, strlen(text), ret_peer->digest) ?
	    NULL : "what stands behind sha256// is not the base64 of 32 "
	    "bytes, which has 44 characters";
}

int
starttls_policy_accept_peer(struct starttls_policy *policy, const char *peer,
			    struct starttls_error *error)
{
	struct accepted parsed, *grown;
	const char *wrong;
	int rc = starttls_policy_may_set(policy, peer, error);

	if (rc != 0)
		return rc;
	wrong = parse_peer(peer, &parsed);
	if (wrong != NULL)
		return starttls_policy_wrong(error, STARTTLS_E_INVALID,
		    wrong);
	grown = realloc(policy->peers, (policy->peer_count + 1) *
	    sizeof(*grown));
	if (grown == NULL)
		return starttls_policy_wrong(error, STARTTLS_E_NOMEM,
		    "out of memory");
	policy->peers = grown;
	grown[policy->peer_count++] = parsed;
	/* no anchor can make a peer good now */
	policy->use_system = false;
	return 0;
}

int
starttls_peer_digest(struct slice der, bool is_key, struct accepted *ret_peer)
{
	memset(ret_peer, 0, sizeof(*ret_peer));
	ret_peer->is_key = is_key;
	return (!is_key || starttls_der_key(der, &der)) &&
	    gnutls_hash_fast(GNUTLS_DIG_SHA256, der.data, der.len,
	    ret_peer->digest) >= 0 ? 0 : STARTTLS_E_TLS;
}

bool
starttls_peer_is_accepted(const struct starttls_policy *policy,
			  struct slice der)
{
	struct accepted shown[2];
	bool has[2];
	size_t i;

	has[0] = starttls_peer_digest(der, false, &shown[0]) == 0;
	has[1] = starttls_peer_digest(der, true, &shown[1]) == 0;
	for (i = 0; i < policy->peer_count; i++) {
		const struct accepted *peer = &policy->peers[i];

		if (has[peer->is_key] && memcmp(shown[peer->is_key].digest,
		    peer->digest, sizeof(peer->digest)) == 0)
			return true;
	}
	return false;
}

void
starttls_peer_format(const struct accepted *peer,
		     char ret_text[PEER_TEXT_SIZE])
{
	char *at = stpcpy(ret_text, peer->is_key ? key_prefix : cert_prefix);
	size_t i;

	if (peer->is_key) {
		starttls_base64_encode(at, peer->digest,
		    sizeof(peer->digest));
		return;
	}
	for (i = 0; i < sizeof(peer->digest); i++)
		at += snprintf(at, 3, "%02x", peer->digest[i]);
}

static int
parse_names(struct expected *e, const struct starttls_options *o,
	    struct starttls_error *error)
{
	const char *why;
	size_t i;

	for (i = 0; i < o->name_count; i++) {
		struct name *name = &e->names[i];

		if (o->names[i] == NULL || starttls_name_parse(o->names[i],
		    name, &why) != 0)
			return starttls_error_set(error, STARTTLS_E_INVALID,
			    STARTTLS_PHASE_SETUP, "further name %zu cannot be "
			    "used: %s", i + 1, o->names[i] == NULL ?
			    "it is NULL" : why);
		name->is_service = name->text[0] == '_';
		e->name_count++;
	}
	return 0;
}

/* Whatever differs from it has another id. */
static int
make_id(struct expected *e)
{
	uint8_t all[STARTTLS_MAX_NAMES + 1][PEER_DIGEST_SIZE] = { { 0 } };
	uint8_t digest[PEER_DIGEST_SIZE];
	unsigned i;
	int rc = 0;

	for (i = 0; rc >= 0 && i < e->name_count; i++)
		rc = gnutls_hash_fast(GNUTLS_DIG_SHA256, e->names[i].text,
		    strlen(e->names[i].text), all[i]);
	if (rc >= 0 && e->tlsa != NULL)
		rc = starttls_tlsa_digest(e->tlsa, all[STARTTLS_MAX_NAMES]);
	if (rc >= 0)
		rc = gnutls_hash_fast(GNUTLS_DIG_SHA256, all, sizeof(all),
		    digest);
	if (rc >= 0)
		starttls_base64_encode(e->id, digest, sizeof(digest));
	return rc;
}

int
starttls_expected_new(struct expected **ret_expected,
		      const struct starttls_options *options,
		      struct starttls_error *error)
{
	const struct starttls_options *o = options;
	struct expected *e;
	int rc;

	*ret_expected = NULL;
	if (o == NULL || (o->tlsa_count == 0 && o->name_count == 0))
		return 0;
	if (o->name_count > STARTTLS_MAX_NAMES ||
	    (o->name_count > 0 && o->names == NULL))
		return starttls_error_set(error, STARTTLS_E_INVALID,
		    STARTTLS_PHASE_SETUP, "further names without a pointer, "
		    "or more than %d", STARTTLS_MAX_NAMES);
	e = calloc(1, sizeof(*e) + o->name_count * sizeof(e->names[0]));
	if (e == NULL)
		return starttls_error_set(error, STARTTLS_E_NOMEM,
		    STARTTLS_PHASE_SETUP, "out of memory");
	atomic_init(&e->refs, 1);
	rc = parse_names(e, o, error);
	if (rc == 0 && o->tlsa_count > 0)
		rc = starttls_tlsa_new(&e->tlsa, o->tlsa, o->tlsa_count,
		    error);
	if (rc == 0 && make_id(e) < 0)
		rc = starttls_error_set(error, STARTTLS_E_NOMEM,
		    STARTTLS_PHASE_SETUP, "out of memory");
	if (rc != 0)
		starttls_expected_unref(e);
	else
		*ret_expected = e;
	return rc;
}

struct expected *
starttls_expected_ref(struct expected *expected)
{
	if (expected != NULL)
		atomic_fetch_add(&expected->refs, 1);
	return expected;
}

void
starttls_expected_unref(struct expected *expected)
{
	if (expected == NULL || atomic_fetch_sub(&expected->refs, 1) != 1)
		return;
	starttls_tlsa_free(expected->tlsa);
	free(expected);
}
