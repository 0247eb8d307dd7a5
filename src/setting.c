/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * What every setter of a policy does: ask whether it may, and say why not.  The
 * setters are in policy.c, identity.c and crl.c.
 */

#include "config.h"

#include "policy.h"

int
starttls_policy_wrong(struct starttls_error *error, int code, const char *why)
{
	return starttls_error_set(error, code, STARTTLS_PHASE_SETUP, "%s",
	    why);
}

int
starttls_policy_may_set(struct starttls_policy *p, const void *argument,
			struct starttls_error *error)
{
	bool frozen;

	if (error != NULL)
		starttls_error_reset(error);
	if (p == NULL || argument == NULL)
		return starttls_policy_wrong(error, STARTTLS_E_INVALID,
		    "a policy setter was called with NULL");
	pthread_mutex_lock(&p->lock);
	frozen = p->frozen;
	pthread_mutex_unlock(&p->lock);
	if (frozen)
		return starttls_policy_wrong(error, STARTTLS_E_FROZEN,
		    "the policy is in use and cannot change any more");
	return 0;
}
