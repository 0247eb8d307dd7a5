/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * The account of a login: reads the credentials once, before anybody is
 * connected to, and finds those of each URL among them.
 */

#include "config.h"

#include "account.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "loop/clock.h"

int
account_load(struct account *a, int timeout_ms, char *why, size_t size)
{
	int64_t deadline_us = loop_now_us() + (int64_t)timeout_ms * 1000;
	if (!a->wanted || a->sources == 0)
		return 0;
	if (a->from_netrc)
		return netrc_read(&a->netrc, a->argument, deadline_us, why,
		    size);
	return secret_read(&a->secret, a->source, a->argument, deadline_us,
	    why, size);
}

int
account_for(const struct account *a, const struct starttls_url *url,
	    struct login_options *ret_options, char *why, size_t size)
{
	struct login_options o = {
		.user = a->user,
		.secret = a->secret.text,
		.is_token = a->is_token,
		.mechanism = a->mechanism,
	};
	const struct netrc_entry *entry;
	const char *objection;

	if (!login_has(url)) {
		snprintf(why, size, "--login: not in this protocol, %s",
		    starttls_protocol_scheme(url->protocol, url->from));
		return STARTTLS_E_INVALID;
	}
	if (a->from_netrc) {
		entry = netrc_find(&a->netrc, url->host, a->user);
		if (entry == NULL) {
			snprintf(why, size, "--netrc: no entry for %.200s%s",
			    url->host, a->user != NULL ? " with this --user" :
			    "");
			return STARTTLS_E_INVALID;
		}
		o.user = entry->login;
		o.secret = entry->password;
	}
	objection = login_objection(&o);
	if (objection != NULL) {
		snprintf(why, size, "--login: %s", objection);
		return STARTTLS_E_INVALID;
	}
	*ret_options = o;
	return 0;
}

void
account_done(struct account *a)
{
	secret_done(&a->secret);
	netrc_done(&a->netrc);
}
