/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * Revocation lists, RFC 5280 section 5.
 *
 * GnuTLS reads them, and would search them from one end to the other for
 * each certificate; so the serial numbers are sorted when a list is loaded,
 * and GnuTLS's own object, which is many times larger, is let go.  Only whole
 * lists are taken: one that covers a part of what its issuer has issued, or
 * says something that is not understood, says nothing about the rest.
 *
 * The signature is not looked at.  The file is the user's, as the anchors
 * are; and a list can only refuse.
 */

#include "config.h"

#include "crl.h"

#include <stdlib.h>
#include <string.h>

#include "dirname.h"
#include "pem.h"
#include "policy.h"

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

/* What may be critical.  Whatever the reason is, the certificate is revoked. */
static bool
is_understood(enum extension extension)
{
	return extension == CRL_NUMBER ||
	    extension == AUTHORITY_KEY_IDENTIFIER ||
	    extension == REASON_CODE || extension == INVALIDITY_DATE;
}

static enum extension
extension_of(struct slice oid)
{
	if (oid.len != sizeof(id_ce) + 1 ||
	    memcmp(oid.data, id_ce, sizeof(id_ce)) != 0)
		return OTHER_EXTENSION;
	return (enum extension)oid.data[sizeof(id_ce)];
}

static const char malformed[] = "malformed revocation list";

/* Why extensions, of a list or of an entry, make a list useless; NULL. */
static const char *
refuse_extensions(struct slice extensions)
{
	struct slice extension, oid, flag;
	enum extension kind;
	bool critical;

	while (extensions.len > 0) {
		if (!starttls_der_take(&extensions, DER_SEQUENCE, false,
		    &extension) || !starttls_der_take(&extension, DER_OID,
		    false, &oid))
			return malformed;
		critical = starttls_der_take(&extension, DER_BOOLEAN, false,
		    &flag) && (flag.len != 1 || flag.data[0] != 0);
		kind = extension_of(oid);
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

static bool
take_time(struct slice *in, struct slice *ret)
{
	return starttls_der_take(in, DER_UTC_TIME, true, ret) ||
	    starttls_der_take(in, DER_GENERALIZED_TIME, true, ret);
}

/* One of revokedCertificates. */
static const char *
read_entry(struct slice *entries, struct slice *ret_serial)
{
	struct slice entry, skip, extensions;

	if (!starttls_der_take(entries, DER_SEQUENCE, false, &entry) ||
	    !starttls_der_take(&entry, DER_INTEGER, false, ret_serial) ||
	    !take_time(&entry, &skip))
		return malformed;
	if (entry.len == 0)
		return NULL;
	if (!starttls_der_take(&entry, DER_SEQUENCE, false, &extensions) ||
	    entry.len != 0)
		return malformed;
	return refuse_extensions(extensions);
}

static int
compare(const void *a, const void *b)
{
	const struct slice *x = a, *y = b;

	if (x->len != y->len)
		return x->len < y->len ? -1 : 1;
	return memcmp(x->data, y->data, x->len);
}

/* Count the entries, and if there is room note them.  Returns as read(). */
static const char *
read_entries(struct slice entries, struct slice *serials, size_t *ret_count)
{
	const char *why = NULL;
	struct slice serial;
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

/* The parts of a TBSCertList.  Returns why it is of no use, or NULL. */
static const char *
read_list(struct crl *crl, struct slice *ret_entries)
{
	struct slice der = { crl->der.data, crl->der.size };
	struct slice list, tbs, skip, extensions, sequence;

	*ret_entries = (struct slice){ NULL, 0 };
	if (!starttls_der_take(&der, DER_SEQUENCE, false, &list) ||
	    !starttls_der_take(&list, DER_SEQUENCE, false, &tbs))
		return malformed;
	(void)starttls_der_take(&tbs, DER_INTEGER, true, &skip); /* version */
	if (!starttls_der_take(&tbs, DER_SEQUENCE, true, &skip) ||
	    !starttls_der_take(&tbs, DER_SEQUENCE, true, &crl->issuer) ||
	    !take_time(&tbs, &skip))
		return malformed;
	(void)take_time(&tbs, &skip);
	(void)starttls_der_take(&tbs, DER_SEQUENCE, false, ret_entries);
	if (tbs.len == 0)
		return NULL;
	if (!starttls_der_take(&tbs, DER_EXPLICIT, false, &extensions) ||
	    !starttls_der_take(&extensions, DER_SEQUENCE, false, &sequence) ||
	    tbs.len != 0)
		return malformed;
	return refuse_extensions(sequence);
}

static void
done(struct crl *crl)
{
	gnutls_free(crl->der.data);
	free(crl->serials);
}

/* Returns 0, STARTTLS_E_NOMEM, or STARTTLS_E_POLICY and why. */
static int
init(struct crl *crl, gnutls_x509_crl_t list, const char **ret_why)
{
	struct slice entries;
	int rc = STARTTLS_E_POLICY;

	*crl = (struct crl){ .next_update =
	    (int64_t)gnutls_x509_crl_get_next_update(list) };
	if (gnutls_x509_crl_export2(list, GNUTLS_X509_FMT_DER, &crl->der) < 0)
		return STARTTLS_E_NOMEM;
	*ret_why = read_list(crl, &entries);
	if (*ret_why == NULL)
		*ret_why = read_entries(entries, NULL, &crl->count);
	if (*ret_why != NULL)
		goto fail;
	rc = STARTTLS_E_NOMEM;
	crl->serials = calloc(crl->count + 1, sizeof(*crl->serials));
	if (crl->serials == NULL)
		goto fail;
	(void)read_entries(entries, crl->serials, &crl->count);
	qsort(crl->serials, crl->count, sizeof(*crl->serials), compare);
	return 0;
fail:
	done(crl);
	return rc;
}

static int
add(struct starttls_policy *policy, gnutls_x509_crl_t list,
    const char **ret_why)
{
	struct crl *crls = realloc(policy->crls, (policy->crl_count + 1) *
	    sizeof(*crls));
	int rc;

	if (crls == NULL)
		return STARTTLS_E_NOMEM;
	policy->crls = crls;
	rc = init(&crls[policy->crl_count], list, ret_why);
	if (rc == 0)
		policy->crl_count++;
	return rc;
}

void
starttls_crl_forget(struct starttls_policy *policy, size_t count)
{
	while (policy->crl_count > count)
		done(&policy->crls[--policy->crl_count]);
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
	gnutls_x509_crl_t *lists = NULL;
	const char *why = "no legible revocation list in it";
	unsigned count = 0, i;
	size_t before;
	int rc = starttls_policy_may_set(policy, path, error);

	if (rc != 0)
		return rc;
	rc = starttls_pem_load(path, &data, &format, error);
	if (rc != 0)
		return rc;
	before = policy->crl_count;
	rc = gnutls_x509_crl_list_import2(&lists, &count, &data, format, 0);
	gnutls_free(data.data);
	if (rc < 0)
		count = 0;
	if (rc == GNUTLS_E_MEMORY_ERROR)
		rc = STARTTLS_E_NOMEM;
	else if (count == 0)
		rc = STARTTLS_E_POLICY;
	for (i = 0; i < count; i++) {
		if (rc >= 0)
			rc = add(policy, lists[i], &why);
		gnutls_x509_crl_deinit(lists[i]);
	}
	gnutls_free(lists);
	if (rc >= 0)
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
is_of(const struct crl *crl, struct slice issuer)
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
is_stale(const struct starttls_policy *policy, const struct crl *crl)
{
	return crl->next_update >= 0 && crl->next_update < policy->clock();
}

static bool
has(const struct crl *crl, struct slice serial)
{
	return bsearch(&serial, crl->serials, crl->count, sizeof(serial),
	    compare) != NULL;
}

unsigned
starttls_crl_check(const struct starttls_policy *policy,
		   gnutls_x509_crt_t crt)
{
	bool stale = false, fresh = false, revoked = false;
	uint8_t serial[128];
	size_t size = sizeof(serial), i;
	gnutls_datum_t issuer;

	if (policy->crl_count == 0)
		return 0;
	if (gnutls_x509_crt_get_serial(crt, serial, &size) < 0 ||
	    gnutls_x509_crt_get_raw_issuer_dn(crt, &issuer) < 0)
		return STARTTLS_V_OTHER;
	for (i = 0; i < policy->crl_count; i++) {
		const struct crl *crl = &policy->crls[i];

		if (!is_of(crl, (struct slice){ issuer.data, issuer.size }))
			continue;
		revoked = revoked || has(crl, (struct slice){ serial, size });
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
