/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/* Whom to log in as: what is said of it, and what that leads to. */

#ifndef LOGIN_ACCOUNT_H
#define LOGIN_ACCOUNT_H

#include <stdbool.h>

#include "login.h"
#include "netrc.h"
#include "secret.h"

struct account {
	bool wanted;
	bool has_certificate;      /* of our own, for EXTERNAL */
	bool is_token;
	bool from_netrc;
	int sources;               /* how many were named */
	enum secret_source source;
	const char *argument;      /* of the source; NULL: ~/.netrc */
	const char *user;
	const char *mechanism;

	struct secret secret;      /* once it was read */
	struct netrc netrc;
};

/* Read the credentials.  As secret_read; nothing if no source was named. */
int account_load(struct account *account, int timeout_ms, char *why,
		 size_t why_size);

/**
 * account_for: the options of a login to a URL.
 *
 * The text that they point to is the account's.
 *
 * Returns: 0; STARTTLS_E_INVALID, with the words in @why (no login in this
 * protocol, no entry in .netrc, or login_objection)
 */
int account_for(const struct account *account, const struct starttls_url *url,
		struct login_options *ret_options, char *why,
		size_t why_size);

void account_done(struct account *account);

#endif
