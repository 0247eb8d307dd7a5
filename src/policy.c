/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * The policy: what every session must satisfy.
 *
 * It starts secure and every setter tightens it or names whom to trust.  It
 * is frozen by its first use, and shared by threads without a lock from then
 * on (the trust store and the resumption cache have their own).
 *
 * The priority is GnuTLS's own default, so that a system-wide crypto policy
 * holds, with removals behind it, and with the cheaper of two groups first that
 * are as good.  RFC 8996, RFC 9155, RFC 9325, RFC 5746.
 */

#include "config.h"

#include "policy.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "profile.h"

/*
 * No TLS before 1.2, no key exchange without forward secrecy, no finite
 * field groups, no CBC or short tags, no SHA-1; and a peer that can tell
 * whether its handshake is spliced behind somebody else's.  How strong
 * certificates must be is in profile.c.
 */
static const char removals[] =
	"-VERS-SSL3.0:-VERS-TLS1.0:-VERS-TLS1.1:-VERS-DTLS-ALL"
	":-RSA:-DHE-RSA:-DHE-DSS"
	":-3DES-CBC:-AES-128-CBC:-AES-256-CBC:-CAMELLIA-128-CBC"
	":-CAMELLIA-256-CBC:-AES-128-CCM-8:-AES-256-CCM-8:-ARCFOUR-128"
	":-SHA1:-SIGN-RSA-SHA1:-SIGN-ECDSA-SHA1:-SIGN-DSA-SHA1"
	":-GROUP-DH-ALL";

static int
no_memory(struct starttls_error *error)
{
	return starttls_policy_wrong(error, STARTTLS_E_NOMEM,
	    "out of memory");
}

static int64_t
system_clock(void)
{
	return (int64_t)time(NULL);
}

int
starttls_policy_new(struct starttls_policy **ret_policy,
		    enum starttls_role role)
{
	struct starttls_policy *p;

	if (ret_policy == NULL || (role != STARTTLS_CLIENT &&
	    role != STARTTLS_SERVER))
		return STARTTLS_E_INVALID;
	p = calloc(1, sizeof(*p));
	if (p == NULL)
		return STARTTLS_E_NOMEM;
	atomic_init(&p->refs, 1);
	if (pthread_mutex_init(&p->lock, NULL) != 0) {
		free(p);
		return STARTTLS_E_NOMEM;
	}
	p->role = role;
	p->use_system = role == STARTTLS_CLIENT;
	p->resumption = true;
	p->min_version = STARTTLS_TLS1_2;
	p->clock = system_clock;
	if (gnutls_certificate_allocate_credentials(&p->credentials) < 0) {
		p->credentials = NULL;
		goto fail;
	}
	p->trust = starttls_trust_new();
	if (p->trust == NULL)
		goto fail;
	*ret_policy = p;
	return 0;
fail:
	starttls_policy_unref(p);
	return STARTTLS_E_NOMEM;
}

struct starttls_policy *
starttls_policy_ref(struct starttls_policy *policy)
{
	if (policy != NULL)
		atomic_fetch_add(&policy->refs, 1);
	return policy;
}

struct starttls_policy *
starttls_policy_unref(struct starttls_policy *policy)
{
	if (policy == NULL || atomic_fetch_sub(&policy->refs, 1) != 1)
		return NULL;
	starttls_resume_unref(policy->resume);
	starttls_trust_free(policy->trust);
	if (policy->priority != NULL)
		gnutls_priority_deinit(policy->priority);
	if (policy->own_order != NULL)
		gnutls_priority_deinit(policy->own_order);
	if (policy->credentials != NULL)
		gnutls_certificate_free_credentials(policy->credentials);
	if (policy->no_identity != NULL)
		gnutls_certificate_free_credentials(policy->no_identity);
	starttls_identities_free(policy);
	starttls_crl_forget(policy, 0);
	gnutls_free(policy->intermediates.data);
	gnutls_memset(policy->ticket_key.data, 0, policy->ticket_key.size);
	gnutls_free(policy->ticket_key.data);
	free(policy->pins);
	free(policy->peers);
	free(policy->removals);
	pthread_mutex_destroy(&policy->lock);
	free(policy);
	return NULL;
}

int
starttls_policy_trust_file(struct starttls_policy *policy, const char *path,
			   struct starttls_error *error)
{
	int rc = starttls_policy_may_set(policy, path, error);

	if (rc == 0)
		rc = starttls_trust_add_file(policy->trust, path, error);
	if (rc == 0)
		policy->use_system = false;
	return rc;
}

int
starttls_policy_trust_dir(struct starttls_policy *policy, const char *path,
			  struct starttls_error *error)
{
	int rc = starttls_policy_may_set(policy, path, error);

	if (rc == 0)
		rc = starttls_trust_add_dir(policy->trust, path, error);
	if (rc == 0)
		policy->use_system = false;
	return rc;
}

int
starttls_policy_trust_pem(struct starttls_policy *policy, const void *data,
			  size_t len, struct starttls_error *error)
{
	int rc = starttls_policy_may_set(policy, data, error);

	if (rc == 0)
		rc = starttls_trust_add_pem(policy->trust, "PEM text", data,
		    len, error);
	if (rc == 0)
		policy->use_system = false;
	return rc;
}

int
starttls_policy_add_trust_file(struct starttls_policy *policy,
			       const char *path,
			       struct starttls_error *error)
{
	int rc = starttls_policy_may_set(policy, path, error);

	if (rc == 0)
		rc = starttls_trust_add_file(policy->trust, path, error);
	return rc;
}

int
starttls_policy_require_ocsp(struct starttls_policy *policy,
			     struct starttls_error *error)
{
	int rc = starttls_policy_may_set(policy, policy, error);

	if (rc == 0 && policy->role == STARTTLS_SERVER)
		return starttls_policy_wrong(error, STARTTLS_E_INVALID,
		    "clients staple nothing that a server could require");
	if (rc == 0)
		policy->require_ocsp = true;
	return rc;
}

int
starttls_policy_raise_min_version(struct starttls_policy *policy,
				  enum starttls_tls_version version,
				  struct starttls_error *error)
{
	int rc = starttls_policy_may_set(policy, policy, error);

	if (rc != 0)
		return rc;
	if (version != STARTTLS_TLS1_2 && version != STARTTLS_TLS1_3)
		return starttls_policy_wrong(error, STARTTLS_E_INVALID,
		    "the minimum version is TLS 1.2 or 1.3");
	if (version > policy->min_version)
		policy->min_version = version;
	return 0;
}

static int
place_of(const unsigned *groups, int count, unsigned group)
{
	int i;

	for (i = 0; i < count; i++)
		if (groups[i] == group)
			break;
	return i;
}

/* The first of those of NIST. */
static int
place_of_prime(const unsigned *groups, int count)
{
	static const unsigned primes[] = { GNUTLS_GROUP_SECP256R1,
	    GNUTLS_GROUP_SECP384R1, GNUTLS_GROUP_SECP521R1 };
	int first = count, at;
	size_t i;

	for (i = 0; i < sizeof(primes) / sizeof(primes[0]); i++) {
		at = place_of(groups, count, primes[i]);
		if (at < first)
			first = at;
	}
	return first;
}

static void
put_groups(FILE *out, const unsigned *groups, int count, int first)
{
	int i;

	fputs(":-GROUP-ALL", out);
	for (i = 0; i < count; i++) {
		if (i == first)
			fputs(":+GROUP-X25519", out);
		if (groups[i] != GNUTLS_GROUP_X25519)
			fprintf(out, ":+GROUP-%s", gnutls_group_get_name(
			    (gnutls_group_t)groups[i]));
	}
}

/*
 * Where X25519 is behind P-256 and its like, what puts it in front: it takes half
 * of the instructions, and a share of both kinds is sent.  Nothing is added that is not
 * there.  NULL: there is nothing to do, or no memory to do it.
 */
static char *
reorder_groups(gnutls_priority_t priority)
{
	const unsigned *groups;
	int count = gnutls_priority_group_list(priority, &groups);
	int first = place_of_prime(groups, count);
	int x25519 = place_of(groups, count, GNUTLS_GROUP_X25519);
	char *text = NULL;
	size_t len = 0;
	FILE *out;

	if (x25519 >= count || x25519 < first)
		return NULL;
	out = open_memstream(&text, &len);
	if (out == NULL)
		return NULL;
	put_groups(out, groups, count, first);
	if (fclose(out) != 0) {
		free(text);
		text = NULL;
	}
	return text;
}

static int
make_priority(const struct starttls_policy *p, const char *more,
	      const char *order, gnutls_priority_t *ret_priority)
{
	const char *version = p->min_version == STARTTLS_TLS1_3 ?
	    ":-VERS-TLS1.2" : "";
	/* a server that wants it refuses clients with TLS 1.3 only as well */
	const char *renegotiation = p->role == STARTTLS_CLIENT ?
	    ":%SAFE_RENEGOTIATION" : "";
	size_t size = sizeof(removals) + strlen(version) +
	    strlen(renegotiation) + strlen(more) + strlen(order);
	char *text = malloc(size);
	int rc;

	if (text == NULL)
		return GNUTLS_E_MEMORY_ERROR;
	snprintf(text, size, "%s%s%s%s%s", removals, version, renegotiation,
	    more, order);
	rc = gnutls_priority_init2(ret_priority, text, NULL,
	    GNUTLS_PRIORITY_INIT_DEF_APPEND);
	free(text);
	return rc;
}

int
starttls_policy_priority(const struct starttls_policy *p, const char *more,
			 gnutls_priority_t *ret_priority)
{
	gnutls_priority_t ordered;
	char *order;
	int rc;

	if (more == NULL)
		more = "";
	rc = make_priority(p, more, "", ret_priority);
	if (rc < 0 || p->role == STARTTLS_SERVER)
		return rc;
	order = reorder_groups(*ret_priority);
	if (order != NULL && make_priority(p, more, order, &ordered) >= 0) {
		gnutls_priority_deinit(*ret_priority);
		*ret_priority = ordered;
	}
	free(order);
	return 0;
}

/* Whether something is left to negotiate with. */
static bool
is_usable(gnutls_priority_t priority)
{
	const unsigned *list;
	unsigned dummy;

	return gnutls_priority_protocol_list(priority, &list) > 0 &&
	    gnutls_priority_get_cipher_suite_index(priority, 0, &dummy) !=
	    GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE &&
	    gnutls_priority_group_list(priority, &list) > 0 &&
	    gnutls_priority_sign_list(priority, &list) > 0;
}

static bool
are_removals(const char *items)
{
	const char *at;

	for (at = items;; at++) {
		size_t len = strcspn(at, ":");

		if (len < 2 || at[0] != '-' || strspn(at + 1,
		    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-abcdefghijklmnop"
		    "qrstuvwxyz_") < len - 1)
			return false;
		at += len;
		if (*at == '\0')
			return true;
	}
}

int
starttls_policy_restrict(struct starttls_policy *policy, const char *items,
			 struct starttls_error *error)
{
	gnutls_priority_t trial;
	char *text;
	size_t size;
	int rc = starttls_policy_may_set(policy, items, error);

	if (rc != 0)
		return rc;
	if (!are_removals(items))
		return starttls_policy_wrong(error, STARTTLS_E_INVALID,
		    "a restriction is a list of removals such as "
		    "-CHACHA20-POLY1305:-GROUP-SECP521R1");
	size = strlen(items) + 2 +
	    (policy->removals == NULL ? 0 : strlen(policy->removals));
	text = malloc(size);
	if (text == NULL)
		return no_memory(error);
	snprintf(text, size, "%s:%s", policy->removals == NULL ? "" :
	    policy->removals, items);
	rc = starttls_policy_priority(policy, text, &trial);
	if (rc < 0) {
		free(text);
		return rc == GNUTLS_E_MEMORY_ERROR ? no_memory(error) :
		    starttls_error_set(error, STARTTLS_E_INVALID,
			STARTTLS_PHASE_SETUP, "restriction \"%s\" has an "
			"item that GnuTLS does not know", items);
	}
	if (!is_usable(trial)) {
		gnutls_priority_deinit(trial);
		free(text);
		return starttls_error_set(error, STARTTLS_E_INVALID,
		    STARTTLS_PHASE_SETUP,
		    "restriction \"%s\" leaves nothing to use", items);
	}
	gnutls_priority_deinit(trial);
	free(policy->removals);
	policy->removals = text;
	return 0;
}

int
starttls_policy_set_alpn(struct starttls_policy *policy,
			 enum starttls_alpn mode,
			 struct starttls_error *error)
{
	int rc = starttls_policy_may_set(policy, policy, error);

	if (rc != 0)
		return rc;
	if ((unsigned)mode > STARTTLS_ALPN_REQUIRE)
		return starttls_policy_wrong(error, STARTTLS_E_INVALID,
		    "no such ALPN mode");
	if (policy->alpn != STARTTLS_ALPN_REQUIRE)
		policy->alpn = mode;
	return 0;
}

int
starttls_policy_set_resumption(struct starttls_policy *policy, int enabled,
			       struct starttls_error *error)
{
	int rc = starttls_policy_may_set(policy, policy, error);

	if (rc == 0)
		policy->resumption = policy->resumption && enabled != 0;
	return rc;
}

static int
prepare_server(struct starttls_policy *p, struct starttls_error *error)
{
	if (!p->has_identity)
		return starttls_policy_wrong(error, STARTTLS_E_POLICY,
		    "a server needs a certificate and its key");
	if (p->client_cert != STARTTLS_CLIENT_CERT_OFF &&
	    starttls_trust_count(p->trust) == 0 && p->pin_count == 0 &&
	    p->peer_count == 0)
		return starttls_policy_wrong(error, STARTTLS_E_POLICY,
		    "client certificates are asked for, but no anchor says "
		    "whose are good");
	if (p->client_cert == STARTTLS_CLIENT_CERT_OFF && p->peer_count > 0)
		return starttls_policy_wrong(error, STARTTLS_E_POLICY,
		    "only some clients are accepted, but none is asked for "
		    "its certificate");
	/* a ticket would outlive the certificate it was given for */
	if (p->resumption && p->client_cert == STARTTLS_CLIENT_CERT_OFF &&
	    p->ticket_key.data == NULL &&
	    gnutls_session_ticket_key_generate(&p->ticket_key) < 0)
		return no_memory(error);
	return 0;
}

static bool
has_choice(const struct starttls_policy *p)
{
	size_t i;

	for (i = 0; i < p->identity_count; i++)
		if (p->identities[i].count > 1)
			return true;
	return false;
}

/* Those of GnuTLS have the suites for EC keys first.  GNUTLS_E_* */
static int
make_priorities(struct starttls_policy *p)
{
	const char *more = p->removals != NULL ? p->removals : "";
	gnutls_priority_t made;
	int rc = 0;

	if (p->priority == NULL) {
		rc = starttls_policy_priority(p, p->removals, &made);
		p->priority = rc < 0 ? NULL : made;
	}
	if (rc >= 0 && p->own_order == NULL && has_choice(p)) {
		rc = make_priority(p, more, ":%SERVER_PRECEDENCE", &made);
		p->own_order = rc < 0 ? NULL : made;
	}
	return rc;
}

static int
prepare(struct starttls_policy *p, struct starttls_error *error)
{
	int rc = 0;

	if (p->role == STARTTLS_SERVER)
		rc = prepare_server(p, error);
	if (rc == 0)
		rc = starttls_profile(&p->profile, error);
	if (rc != 0)
		return rc;

	if (p->use_system && !p->has_system) {
		p->own_anchors = starttls_trust_count(p->trust);
		rc = starttls_trust_add_system(p->trust, error);
		if (rc != 0)
			return rc;
		p->has_system = true;
	}
	if (p->role == STARTTLS_CLIENT && p->resumption &&
	    p->resume == NULL) {
		p->resume = starttls_resume_new(RESUME_MAX, false);
		if (p->resume == NULL)
			return no_memory(error);
	}
	if (make_priorities(p) < 0)
		return starttls_policy_wrong(error, STARTTLS_E_POLICY,
		    "GnuTLS refuses its own default priority with our "
		    "removals; see the system's crypto policy");
	if (!is_usable(p->priority))
		return starttls_policy_wrong(error, STARTTLS_E_POLICY,
		    "the system's crypto policy leaves nothing to use");
	return 0;
}

int
starttls_policy_freeze(struct starttls_policy *policy,
		       struct starttls_error *error)
{
	int rc = 0;

	pthread_mutex_lock(&policy->lock);
	if (!policy->frozen) {
		rc = prepare(policy, error);
		policy->frozen = rc == 0;
	}
	pthread_mutex_unlock(&policy->lock);
	return rc;
}

int
starttls_policy_prepare(struct starttls_policy *policy,
			struct starttls_error *error)
{
	if (error != NULL)
		starttls_error_reset(error);
	if (policy == NULL)
		return starttls_policy_wrong(error, STARTTLS_E_INVALID,
		    "there is no policy to prepare");
	return starttls_policy_freeze(policy, error);
}
