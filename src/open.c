/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * Conveniences: from a URL to an upgrade, and to a session.
 */

#include "config.h"

#include "dial.h"
#include "upgrade.h"
#include "url.h"
#include "wait.h"

int
starttls_url_check(struct starttls_policy *policy,
		   const struct starttls_url *url,
		   const struct starttls_options *options,
		   struct starttls_error *error)
{
	struct expected *expected;
	struct name name;
	int rc;

	if (error != NULL)
		starttls_error_reset(error);
	if (url == NULL || url->size != sizeof(*url))
		return starttls_error_set(error, STARTTLS_E_INVALID,
		    STARTTLS_PHASE_SETUP, "a URL of the right size is "
		    "needed");
	rc = starttls_upgrade_check(policy, url->protocol, url->from,
	    url->host, options, &name, &expected, error);
	if (rc != 0)
		return rc;
	starttls_expected_unref(expected);
	return starttls_policy_freeze(policy, error);
}

static int
dial_url(struct starttls_upgrade **ret_upgrade,
	 struct starttls_policy *policy, const char *url, int64_t deadline,
	 const struct starttls_options *options, struct starttls_error *error)
{
	struct starttls_options own;
	struct starttls_url parsed = { .size = sizeof(parsed) };
	struct dial *dial = NULL;
	int rc;

	if (ret_upgrade == NULL || policy == NULL || url == NULL)
		return starttls_error_set(error, STARTTLS_E_INVALID,
		    STARTTLS_PHASE_SETUP, "a policy and a URL are needed");
	if (policy->role != STARTTLS_CLIENT)
		return starttls_error_set(error, STARTTLS_E_INVALID,
		    STARTTLS_PHASE_SETUP, "a server's policy cannot dial");
	rc = starttls_options_copy(&own, options, error);
	if (rc != 0)
		return rc;
	if (own.recv != NULL || own.pending_len > 0)
		return starttls_error_set(error, STARTTLS_E_INVALID,
		    STARTTLS_PHASE_SETUP, "options for a connection that "
		    "exists");
	rc = starttls_url_parse_at(url, own.connect_port, &parsed, error);
	if (rc == 0)
		rc = starttls_url_check(policy, &parsed, options, error);
	if (rc != 0)
		return rc;
	if (own.port == NULL)
		own.port = parsed.port;
	rc = starttls_dial_new(&dial,
	    own.connect_host != NULL ? own.connect_host : parsed.host,
	    own.connect_port != NULL ? own.connect_port : parsed.port,
	    &own, error);
	if (rc == 0)
		rc = starttls_upgrade_dialled(ret_upgrade, policy, &parsed,
		    dial, deadline, &own, error);
	if (rc != 0)
		starttls_dial_free(dial);
	return rc;
}

int
starttls_upgrade_dial(struct starttls_upgrade **ret_upgrade,
		      struct starttls_policy *policy, const char *url,
		      int timeout_ms, const struct starttls_options *options,
		      struct starttls_error *error)
{
	if (error != NULL)
		starttls_error_reset(error);
	if (timeout_ms < -1)
		return starttls_error_set(error, STARTTLS_E_INVALID,
		    STARTTLS_PHASE_SETUP, "a timeout is -1 or more");
	return dial_url(ret_upgrade, policy, url,
	    starttls_deadline(timeout_ms), options, error);
}

/* The upgrade is there only on success. */
static int
run_url(struct starttls_upgrade **ret_upgrade, bool *ret_again,
	struct starttls_policy *policy, const char *url, int64_t deadline,
	const struct starttls_options *options, struct starttls_error *error)
{
	int rc = dial_url(ret_upgrade, policy, url, deadline, options, error);

	if (rc != 0)
		return rc;
	rc = starttls_upgrade_run(*ret_upgrade, -1, error);
	if (rc != 0) {
		*ret_again = starttls_upgrade_alpn_refused(*ret_upgrade);
		starttls_upgrade_free(*ret_upgrade);
	}
	return rc;
}

int
starttls_open(struct starttls_session **ret_session,
	      struct starttls_policy *policy, const char *url, int timeout_ms,
	      const struct starttls_options *options,
	      struct starttls_error *error)
{
	struct starttls_upgrade *upgrade;
	struct starttls_options own;
	int64_t deadline = starttls_deadline(timeout_ms);
	bool again = false;
	int rc;

	if (error != NULL)
		starttls_error_reset(error);
	if (ret_session == NULL || timeout_ms < -1)
		return starttls_error_set(error, STARTTLS_E_INVALID,
		    STARTTLS_PHASE_SETUP, "a place for the session and a "
		    "timeout from -1 on are needed");
	rc = starttls_options_copy(&own, options, error);
	if (rc != 0)
		return rc;
	rc = run_url(&upgrade, &again, policy, url, deadline, &own, error);
	if (again) {
		if (error != NULL)
			starttls_error_reset(error);
		own.without_alpn = 1;
		rc = run_url(&upgrade, &again, policy, url, deadline, &own,
		    error);
	}
	if (rc != 0)
		return rc;
	*ret_session = starttls_upgrade_take(upgrade);
	return 0;
}
