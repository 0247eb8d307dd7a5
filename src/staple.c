/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * Stapled OCSP responses, RFC 6066 section 8, RFC 6960, RFC 7633.
 *
 * On top of gnutls_ocsp_*: what GnuTLS does by itself accepts a response from
 * the future, and one that says "unknown".
 */

#include "config.h"

#include "staple.h"

#include <time.h>

#include <gnutls/ocsp.h>

#define OID_TLS_FEATURE "1.3.6.1.5.5.7.1.24"
#define OCSP_CLOCK_SKEW 300
#define OCSP_MAX_AGE (15 * 86400)  /* where no nextUpdate is given */

/* The single response about the leaf: signature, status, dates. */
static unsigned
check_response(const struct starttls_session *s, const struct path *path,
	       gnutls_ocsp_resp_t response, int64_t *ret_end)
{
	unsigned invalid = 0, status = 0;
	time_t this_update = -1, next_update = -1;
	int64_t now = s->policy->clock();

	if (gnutls_ocsp_resp_check_crt(response, 0, path->crt[0]) < 0 ||
	    gnutls_ocsp_resp_verify_direct(response, path->crt[1], &invalid,
		GNUTLS_PROFILE_TO_VFLAGS(s->policy->profile)) < 0 ||
	    invalid != 0 ||
	    gnutls_ocsp_resp_get_single(response, 0, NULL, NULL, NULL, NULL,
		&status, &this_update, &next_update, NULL, NULL) < 0)
		return STARTTLS_V_BAD_STAPLE;
	if (status == GNUTLS_OCSP_CERT_REVOKED)
		return STARTTLS_V_REVOKED;
	if (status != GNUTLS_OCSP_CERT_GOOD)
		return STARTTLS_V_BAD_STAPLE;
	if ((int64_t)this_update > now + OCSP_CLOCK_SKEW)
		return STARTTLS_V_BAD_STAPLE;
	if (next_update == (time_t)-1)
		next_update = this_update + OCSP_MAX_AGE;
	*ret_end = (int64_t)next_update;
	return *ret_end < now ? STARTTLS_V_BAD_STAPLE : 0;
}

bool
starttls_staple_is_due(const struct starttls_session *s,
		       gnutls_x509_crt_t leaf)
{
	gnutls_datum_t der = { NULL, 0 };
	int rc;

	if (s->policy->require_ocsp)
		return true;
	rc = gnutls_x509_crt_get_extension_by_oid2(leaf, OID_TLS_FEATURE, 0,
	    &der, NULL);
	gnutls_free(der.data);
	/* an error is no permission */
	return rc != GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE;
}

unsigned
starttls_staple_check(struct starttls_session *s, const struct path *path,
		      bool is_due)
{
	gnutls_datum_t der = { NULL, 0 };
	gnutls_ocsp_resp_t response;
	unsigned verdict = STARTTLS_V_BAD_STAPLE;
	int64_t end = INT64_MAX;
	bool absent = true;

	/* an anchor that is the leaf is nobody's issuer */
	if (path->verdict == 0 && path->len > 1 &&
	    gnutls_ocsp_status_request_get2(s->tls, 0, &der) >= 0 &&
	    der.size > 0) {
		if (gnutls_ocsp_resp_init(&response) < 0)
			return STARTTLS_V_OTHER;
		absent = false;
		if (gnutls_ocsp_resp_import(response, &der) >= 0) {
			/* "try later" and the like are no staple */
			absent = gnutls_ocsp_resp_get_status(response) !=
			    GNUTLS_OCSP_RESP_SUCCESSFUL;
			if (!absent)
				verdict = check_response(s, path, response,
				    &end);
		}
		gnutls_ocsp_resp_deinit(response);
	}
	if (absent)
		return is_due ? STARTTLS_V_NO_STAPLE : 0;
	s->staple = verdict == 0 ? STARTTLS_STAPLE_GOOD : STARTTLS_STAPLE_BAD;
	/* a session that is resumed shows no staple, and needs one */
	if (end < s->chain_end && is_due)
		s->chain_end = end;
	return verdict;
}
