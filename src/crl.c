/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * Revocation lists of a policy, RFC 5280 section 5.  What is in one is read in
 * revoked.c.
 */

#include "config.h"

#include "crl.h"

#include <stdlib.h>
#include <string.h>

#include "dirname.h"
#include "pem.h"
#include "policy.h"

/* The same for all ways to write a name.  What is malformed has but one. */
static uint32_t
hash_of(struct slice name)
{
	return starttls_der_unwrap(&name, DER_SEQUENCE) &&
	    starttls_dirname_is_valid(name) ? starttls_dirname_hash(name) : 0;
}

/* Takes over a list of DER, malloc(3). */
static int
add(struct starttls_policy *policy, uint8_t *der, size_t len,
    const char **ret_why)
{
	struct revoked *crls = realloc(policy->crls, (policy->crl_count + 1) *
	    sizeof(*crls));
	int rc = STARTTLS_E_NOMEM;

	if (crls != NULL) {
		policy->crls = crls;
		rc = starttls_revoked_init(&crls[policy->crl_count], der, len,
		    ret_why);
	}
	if (rc == 0) {
		crls[policy->crl_count].issuer_hash =
		    hash_of(crls[policy->crl_count].issuer);
		policy->crl_count++;
	} else {
		free(der);
	}
	return rc;
}

static int
add_der(struct starttls_policy *policy, const gnutls_datum_t *data,
	const char **ret_why)
{
	uint8_t *der = malloc(data->size);

	if (der == NULL)
		return STARTTLS_E_NOMEM;
	memcpy(der, data->data, data->size);
	return add(policy, der, data->size, ret_why);
}

/* The body of one PEM block. */
static int
add_block(struct starttls_policy *policy, const char **at, const char *end,
	  const char **ret_why)
{
	/* no dash is in it */
	const char *stop = memchr(*at, '-', (size_t)(end - *at));
	size_t room = (size_t)((stop != NULL ? stop : end) - *at) / 4 * 3 + 3;
	uint8_t *der = malloc(room), *shrunk;
	ptrdiff_t n;

	if (der == NULL)
		return STARTTLS_E_NOMEM;
	n = starttls_pem_decode(der, at, end);
	if (n < 0) {
		free(der);
		return STARTTLS_E_POLICY;
	}
	shrunk = realloc(der, (size_t)n);
	return add(policy, shrunk != NULL ? shrunk : der, (size_t)n, ret_why);
}

static int
add_pem(struct starttls_policy *policy, const gnutls_datum_t *data,
	const char **ret_why)
{
	static const char *const kinds[] = { "X509 CRL-----", NULL };
	const char *at = (const char *)data->data, *end = at + data->size;
	size_t before = policy->crl_count;
	int rc = 0;

	while (rc == 0 && starttls_pem_next(&at, end, kinds))
		rc = add_block(policy, &at, end, ret_why);
	return rc == 0 && policy->crl_count == before ? STARTTLS_E_POLICY : rc;
}

void
starttls_crl_forget(struct starttls_policy *policy, size_t count)
{
	while (policy->crl_count > count)
		starttls_revoked_done(&policy->crls[--policy->crl_count]);
	if (count == 0) {
		free(policy->crls);
		policy->crls = NULL;
	}
}

int
starttls_policy_crl_file(struct starttls_policy *policy, const char *path,
			 struct starttls_error *error)
{
	gnutls_datum_t data = { NULL, 0 };
	gnutls_x509_crt_fmt_t format;
	const char *why = "no legible revocation list in it";
	size_t before;
	int rc = starttls_policy_may_set(policy, path, error);

	if (rc != 0)
		return rc;
	rc = starttls_pem_load(path, &data, &format, error);
	if (rc != 0)
		return rc;
	before = policy->crl_count;
	rc = format == GNUTLS_X509_FMT_DER ? add_der(policy, &data, &why) :
	    add_pem(policy, &data, &why);
	gnutls_free(data.data);
	if (rc == 0)
		return 0;
	starttls_crl_forget(policy, before); /* all of a file or nothing */
	if (rc == STARTTLS_E_NOMEM)
		return starttls_policy_wrong(error, rc, "out of memory");
	return starttls_error_set(error, rc, STARTTLS_PHASE_SETUP, "%s: %s",
	    path, why);
}

int64_t
starttls_crl_end(const struct starttls_policy *policy)
{
	int64_t end = INT64_MAX;
	size_t i;

	for (i = 0; i < policy->crl_count; i++)
		if (policy->crls[i].next_update >= 0 &&
		    policy->crls[i].next_update < end)
			end = policy->crls[i].next_update;
	return end;
}

/* Who has a name may write it in another way on a list: RFC 5280 section 7.1.
   What is malformed has to be the same. */
static bool
is_of(const struct revoked *crl, struct slice issuer)
{
	struct slice own = crl->issuer;

	return starttls_der_equal(own, issuer) ||
	    (starttls_der_unwrap(&own, DER_SEQUENCE) &&
	    starttls_der_unwrap(&issuer, DER_SEQUENCE) &&
	    starttls_dirname_is_valid(own) &&
	    starttls_dirname_is_valid(issuer) &&
	    starttls_dirname_is_within(own, issuer) &&
	    starttls_dirname_is_within(issuer, own));
}

/* A list that is out of date says nothing about those that it lacks. */
static bool
is_stale(const struct starttls_policy *policy, const struct revoked *crl)
{
	return crl->next_update >= 0 && crl->next_update < policy->clock();
}

unsigned
starttls_crl_check(const struct starttls_policy *policy,
		   gnutls_x509_crt_t crt)
{
	bool stale = false, fresh = false, revoked = false;
	uint8_t serial[128];
	size_t size = sizeof(serial), i;
	gnutls_datum_t issuer;
	uint32_t hash;

	if (policy->crl_count == 0)
		return 0;
	if (gnutls_x509_crt_get_serial(crt, serial, &size) < 0 ||
	    gnutls_x509_crt_get_raw_issuer_dn(crt, &issuer) < 0)
		return STARTTLS_V_OTHER;
	hash = hash_of((struct slice){ issuer.data, issuer.size });
	for (i = 0; i < policy->crl_count; i++) {
		const struct revoked *crl = &policy->crls[i];

		/* there may be one for each of many issuers */
		if (crl->issuer_hash != hash ||
		    !is_of(crl, (struct slice){ issuer.data, issuer.size }))
			continue;
		revoked = revoked || starttls_revoked_has(crl,
		    (struct slice){ serial, size });
		if (is_stale(policy, crl))
			stale = true;
		else
			fresh = true;
	}
	gnutls_free(issuer.data);
	if (revoked)
		return STARTTLS_V_REVOKED;
	/* its successor may be in the same file, or in another one */
	return stale && !fresh ? STARTTLS_V_STALE_CRL : 0;
}
