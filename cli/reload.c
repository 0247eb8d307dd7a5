/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * SIGHUP, for the subcommands that listen: the certificates may have changed, so
 * the same command line once more.
 */

#include "config.h"

#include "cli.h"
#include "words/complain.h"

struct starttls_policy *
read_again(const struct settings *old, const struct starttls_url *url,
	   const struct starttls_options *options)
{
	struct starttls_policy *policy = NULL;
	struct starttls_error error;
	struct settings fresh;

	if (parse_options(old->subcommand, old->argc, old->argv, &fresh) >= 0)
		; /* has said what is wrong */
	else if (starttls_url_check(fresh.policy, url, options, &error) != 0 ||
	    starttls_policy_prepare(fresh.policy, &error) != 0)
		complain(error.message, 0);
	else
		policy = starttls_policy_ref(fresh.policy);
	free_settings(&fresh);
	return policy;
}
