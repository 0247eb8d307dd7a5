/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/* Checking URLs: upgrade, verify, one exchange or a login, goodbye. */

#ifndef CHECKER_H
#define CHECKER_H

#include "cli.h"
#include "result.h"

/**
 * check_url: check one URL, and wait for the result.
 *
 * @timeout_ms  one deadline for everything
 * @chain       as in result_fill
 *
 * Ownership: the result borrows @url.
 * Thread: safe, also with the same settings.
 */
void check_url(const struct settings *settings, const char *url,
	       int timeout_ms, bool chain, struct result *ret_result);

/* Whom to log in as at a URL, before anybody is connected to.  0 or a library
   code, with @error filled. */
int find_account(const struct settings *settings, const char *url,
		 struct starttls_url *ret_url,
		 struct login_options *ret_options,
		 struct starttls_error *error);

#endif
