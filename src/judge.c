/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * What is wrong with a path, RFC 5280 section 6, and with which of its
 * certificates.
 *
 * GnuTLS validates it, in a list of trust with its anchor alone, and with the
 * purpose passed explicitly, as it does not check it otherwise; what it does
 * not see about purposes is here.  Revocation lists are ours, see crl.c.
 */

#include "config.h"

#include "judge.h"

#include <string.h>

#include "constraints.h"

#define OID_EXT_KEY_USAGE "2.5.29.37"

/* Of GnuTLS: what a certificate and its issuer are both looked at for. */
#define SHARED (GNUTLS_CERT_EXPIRED | GNUTLS_CERT_NOT_ACTIVATED | \
	GNUTLS_CERT_INSECURE_ALGORITHM | GNUTLS_CERT_UNKNOWN_CRIT_EXTENSIONS)

/* The least of evils first: a path with less says more about what to mend. */
static const struct {
	unsigned status;
	unsigned verdict;
} bits[] = {
	{ GNUTLS_CERT_REVOCATION_DATA_SUPERSEDED, STARTTLS_V_STALE_CRL },
	{ GNUTLS_CERT_REVOCATION_DATA_ISSUED_IN_FUTURE,
	  STARTTLS_V_STALE_CRL },
	{ GNUTLS_CERT_REVOKED, STARTTLS_V_REVOKED },
	{ GNUTLS_CERT_EXPIRED, STARTTLS_V_EXPIRED },
	{ GNUTLS_CERT_NOT_ACTIVATED, STARTTLS_V_NOT_YET_VALID },
	{ GNUTLS_CERT_INSECURE_ALGORITHM, STARTTLS_V_WEAK },
	{ GNUTLS_CERT_PURPOSE_MISMATCH, STARTTLS_V_PURPOSE },
	{ GNUTLS_CERT_SIGNER_CONSTRAINTS_FAILURE, STARTTLS_V_CONSTRAINTS },
	{ GNUTLS_CERT_UNKNOWN_CRIT_EXTENSIONS, STARTTLS_V_CRITICAL },
	{ GNUTLS_CERT_SIGNER_NOT_CA, STARTTLS_V_NOT_CA },
	{ GNUTLS_CERT_SIGNATURE_FAILURE, STARTTLS_V_SIGNATURE },
	{ GNUTLS_CERT_SIGNER_NOT_FOUND, STARTTLS_V_UNTRUSTED },
};

#define BITS (sizeof(bits) / sizeof(bits[0]))

/* What GnuTLS tells of one path. */
struct account {
	struct path *path;
	gnutls_x509_crt_t crt, issuer; /* at fault; NULL: none */
	unsigned status;
	unsigned links;            /* bits: which are good with the next */
};

/* The callback of GnuTLS's path validation has no context argument. */
static _Thread_local struct account *current;

static unsigned
verdict_of(unsigned status)
{
	unsigned verdict = 0;
	size_t i;

	for (i = 0; i < BITS; i++)
		if ((status & bits[i].status) != 0)
			verdict |= bits[i].verdict;
	if (status != 0 && verdict == 0)
		verdict = STARTTLS_V_OTHER;
	return verdict;
}

static size_t
severity(unsigned verdict)
{
	size_t worst = verdict == 0 ? 0 : 1, i;

	for (i = 0; i < BITS; i++)
		if ((verdict & bits[i].verdict) != 0)
			worst = i + 2;
	return worst;
}

bool
starttls_judge_is_better(const struct path *a, const struct path *b)
{
	size_t x = severity(a->verdict), y = severity(b->verdict);

	return x < y || (x == 0 && y == 0 && a->pinned + a->has_authority >
	    b->pinned + b->has_authority);
}

static unsigned
place_of(const struct path *path, gnutls_x509_crt_t crt)
{
	unsigned i;

	for (i = 0; i < path->len; i++)
		if (path->crt[i] == crt)
			break;
	return i;
}

/* Whether the issuer's key is of the type that the signature needs.  If not,
   it is not the signer's. */
static bool
fits(gnutls_x509_crt_t crt, gnutls_x509_crt_t issuer)
{
	int algorithm = gnutls_x509_crt_get_signature_algorithm(crt);
	int key = gnutls_x509_crt_get_pk_algorithm(issuer, NULL);

	return algorithm <= 0 || key < 0 || gnutls_sign_supports_pk_algorithm(
	    (gnutls_sign_algorithm_t)algorithm,
	    (gnutls_pk_algorithm_t)key) != 0;
}

/* GnuTLS speaks of constraints then, as of a path that is too long. */
static unsigned
refine(unsigned status, gnutls_x509_crt_t crt, gnutls_x509_crt_t issuer)
{
	const unsigned said = GNUTLS_CERT_SIGNER_CONSTRAINTS_FAILURE;

	if ((status & said) == 0 || issuer == NULL || fits(crt, issuer))
		return status;
	return (status & ~said) | GNUTLS_CERT_SIGNATURE_FAILURE;
}

/* Told of every certificate of the path, from the anchor downwards, until
   there is something wrong. */
static int
on_path(gnutls_x509_crt_t crt, gnutls_x509_crt_t issuer,
	gnutls_x509_crl_t crl, unsigned status)
{
	struct account *a = current;
	unsigned place = place_of(a->path, crt);
	bool is_link = place + 1 < a->path->len &&
	    issuer == a->path->crt[place + 1];

	(void)crl;
	a->path->signatures++;
	status = refine(status, crt, issuer);
	if (status != 0 && a->crt == NULL) {
		a->crt = crt;
		a->issuer = issuer;
		a->status = status;
	}
	if (status == 0 && is_link)
		a->links |= 1u << place;
	if (is_link && (status & GNUTLS_CERT_SIGNATURE_FAILURE) == 0 &&
	    place < a->path->proven)
		a->path->proven = place;
	return 0;
}

static int
verify(const struct starttls_policy *policy, gnutls_x509_trust_list_t list,
       const gnutls_x509_crt_t *crts, unsigned count, const char *purpose,
       unsigned *ret_status, gnutls_verify_output_function *told)
{
	gnutls_typed_vdata_st data = {
		.type = GNUTLS_DT_KEY_PURPOSE_OID,
		.data = (unsigned char *)(uintptr_t)purpose,
	};

	return gnutls_x509_trust_list_verify_crt2(list,
	    (gnutls_x509_crt_t *)(uintptr_t)crts, count, &data,
	    purpose != NULL, GNUTLS_PROFILE_TO_VFLAGS(policy->profile) |
	    GNUTLS_VERIFY_DO_NOT_ALLOW_UNSORTED_CHAIN, ret_status, told);
}

/* Dates, strength and critical extensions of a certificate alone. */
static unsigned
status_of(const struct starttls_policy *policy, gnutls_x509_crt_t crt)
{
	gnutls_x509_trust_list_t list;
	unsigned status = 0;

	if (gnutls_x509_trust_list_init(&list, 1) < 0)
		return 0;
	if (verify(policy, list, &crt, 1, NULL, &status, NULL) < 0)
		status = 0;
	gnutls_x509_trust_list_deinit(list, 0);
	return status;
}

/* GnuTLS looks at a certificate and its issuer together. */
static unsigned
find_fault(const struct starttls_policy *policy, const struct path *path,
	   const struct account *a)
{
	unsigned place = a->crt != NULL ? place_of(path, a->crt) : 0;
	bool of_issuer = (a->status & GNUTLS_CERT_PURPOSE_MISMATCH) != 0 ||
	    ((a->status & SHARED) != 0 && a->crt != NULL &&
	    (status_of(policy, a->crt) & a->status & SHARED) == 0);

	return of_issuer && place + 1 < path->len ? place + 1 : place;
}

/* Where a certificate is in what was sent; -1: an anchor that was not. */
static int
depth_of(const struct chain *chain, gnutls_x509_crt_t crt)
{
	unsigned i;

	for (i = 0; i < chain->len; i++)
		if (chain->crt[i] == crt ||
		    gnutls_x509_crt_equals(chain->crt[i], crt))
			return (int)i;
	return -1;
}

/* What is wrong at one place, unless something was wrong before. */
static void
found(const struct chain *chain, struct path *path, unsigned verdict,
      unsigned place)
{
	if (verdict != 0 && path->verdict == 0) {
		path->depth = depth_of(chain, path->crt[place]);
		path->culprit = path->crt[place];
		path->blamed = verdict;
	}
	path->verdict |= verdict;
}

static void
validate(const struct starttls_policy *policy, const struct chain *chain,
	 struct path *path, const char *purpose)
{
	struct account account = { .path = path };
	gnutls_x509_trust_list_t list;
	unsigned status = 0;
	int rc;

	path->proven = path->len > 1 ? path->len : 0;
	if (gnutls_x509_trust_list_init(&list, 1) < 0) {
		found(chain, path, STARTTLS_V_OTHER, 0);
		return;
	}
	rc = gnutls_x509_trust_list_add_cas(list, &path->crt[path->len - 1],
	    1, 0) == 1 ? 0 : GNUTLS_E_MEMORY_ERROR;
	current = &account;
	if (rc >= 0)
		rc = verify(policy, list, path->crt, path->len > 1 ?
		    path->len - 1 : 1, purpose, &status, on_path);
	current = NULL;
	gnutls_x509_trust_list_deinit(list, 0);
	if (rc < 0)
		status = GNUTLS_CERT_INVALID;
	status = refine(status, account.crt, account.issuer);
	path->fault = account.crt != NULL ? place_of(path, account.crt) : 0;
	/* GnuTLS may find a short cut, and what it has left out is not good:
	   it could be anybody's, with a key that is pinned */
	if (status == 0 && account.links != (1u << (path->len - 1)) - 1)
		status = GNUTLS_CERT_SIGNER_NOT_FOUND;
	if (status != 0)
		found(chain, path, verdict_of(status),
		    find_fault(policy, path, &account));
}

/* GnuTLS has looked at a part of the names, and does not tell well where it
   found one.  What else is wrong comes first. */
static void
constrain(const struct chain *chain, const struct names *names,
	  struct path *path)
{
	unsigned place;

	if ((path->verdict != 0 && path->verdict != STARTTLS_V_CONSTRAINTS) ||
	    starttls_constraints_check(names, path->crt, path->len, &place,
		&path->name))
		return;
	path->verdict = 0;
	found(chain, path, STARTTLS_V_CONSTRAINTS, place);
}

/*
 * Whether an extended key usage has a purpose in it, GnuTLS's own or any.
 * GnuTLS takes one without purposes for none at all, and does not look at an
 * anchor's.
 */
static bool
permits(gnutls_x509_crt_t crt, const char *purpose)
{
	char oid[128];
	unsigned i;
	int rc;

	for (i = 0;; i++) {
		size_t size = sizeof(oid);

		rc = gnutls_x509_crt_get_key_purpose_oid(crt, i, oid, &size,
		    NULL);
		if (rc == GNUTLS_E_SHORT_MEMORY_BUFFER)
			continue;
		if (rc < 0)
			return false;
		if (purpose == NULL || strcmp(oid, purpose) == 0 ||
		    strcmp(oid, GNUTLS_KP_ANY) == 0)
			return true;
	}
}

static bool
has_usage(gnutls_x509_crt_t crt)
{
	gnutls_datum_t der = { NULL, 0 };
	int rc = gnutls_x509_crt_get_extension_by_oid2(crt, OID_EXT_KEY_USAGE,
	    0, &der, NULL);

	gnutls_free(der.data);
	/* an error is no permission */
	return rc != GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE;
}

static void
check_purposes(const struct chain *chain, struct path *path,
	       const char *purpose)
{
	unsigned i;

	for (i = 0; i < path->len; i++) {
		gnutls_x509_crt_t crt = path->crt[i];
		bool is_anchor = i > 0 && i == path->len - 1;

		/* of a root it does not count, RFC 5280 section 6.1.1 (d) */
		if (is_anchor && gnutls_x509_crt_check_issuer(crt, crt) != 0)
			continue;
		if (has_usage(crt) && !permits(crt, is_anchor ? purpose :
		    NULL))
			found(chain, path, STARTTLS_V_PURPOSE, i);
	}
}

void
starttls_judge(const struct demand *demand, const struct chain *chain,
	       struct path *path)
{
	const struct starttls_policy *policy = demand->policy;
	const char *purpose = policy->role == STARTTLS_SERVER ?
	    GNUTLS_KP_TLS_WWW_CLIENT : GNUTLS_KP_TLS_WWW_SERVER;
	unsigned i;

	path->verdict = path->signatures = 0;
	path->depth = -1;
	path->culprit = NULL;
	path->blamed = 0;
	path->pinned = path->has_authority = false;
	path->name = NULL;
	path->end = INT64_MAX;
	validate(policy, chain, path, purpose);
	check_purposes(chain, path, purpose);
	constrain(chain, demand->names, path);
	/* who is to blame for the list is whose signature is good */
	for (i = path->proven; i < path->len; i++)
		found(chain, path, starttls_crl_check(policy, path->crt[i]),
		    i);
	for (i = 0; i < path->len; i++) {
		int64_t end = (int64_t)gnutls_x509_crt_get_expiration_time(
		    path->crt[i]);

		if (end < path->end)
			path->end = end;
		path->pinned = path->pinned ||
		    starttls_policy_has_pin(policy, path->crt[i]);
	}
	for (i = 1; demand->tlsa != NULL && path->verdict == 0 &&
	    i < path->len && !path->has_authority; i++)
		path->has_authority = starttls_tlsa_is_of(demand->tlsa,
		    TLSA_PKIX_TA, path->crt[i]);
}

/* gnutls_x509_crt_verify() would do, but crashes when it has no memory. */
bool
starttls_judge_signature(gnutls_x509_crt_t crt, gnutls_x509_crt_t issuer)
{
	gnutls_x509_trust_list_t list;
	unsigned status = 0;
	bool is_good;

	if (!fits(crt, issuer) || gnutls_x509_trust_list_init(&list, 1) < 0)
		return false;
	is_good = gnutls_x509_trust_list_add_cas(list, &issuer, 1, 0) == 1 &&
	    gnutls_x509_trust_list_verify_crt2(list, &crt, 1, NULL, 0,
		GNUTLS_VERIFY_DISABLE_TIME_CHECKS, &status, NULL) >= 0 &&
	    (status & (GNUTLS_CERT_SIGNATURE_FAILURE |
	    GNUTLS_CERT_SIGNER_NOT_FOUND)) == 0;
	gnutls_x509_trust_list_deinit(list, 0);
	return is_good;
}
