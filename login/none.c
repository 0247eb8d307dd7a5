/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/* In place of all logins, in a program that was built without GNU SASL. */

#include "config.h"

#include <string.h>

#include "login.h"

bool
login_is_built(void)
{
	return false;
}

const char *
login_library(const char **ret_built)
{
	*ret_built = "";
	return NULL;
}

enum login_needs
login_knows(const char *mechanism)
{
	(void)mechanism;
	return LOGIN_UNKNOWN;
}

const char *
login_mechanism(size_t index)
{
	(void)index;
	return NULL;
}

bool
login_has(const struct starttls_url *url)
{
	(void)url;
	return false;
}

const char *
login_objection(const struct login_options *options)
{
	(void)options;
	return "built without GNU SASL";
}

int
login_new(struct login **ret_login, struct starttls_session *session,
	  const struct starttls_url *url, const struct login_options *options)
{
	(void)ret_login;
	(void)session;
	(void)url;
	(void)options;
	return STARTTLS_E_INVALID;
}

int
login_step(struct login *login)
{
	(void)login;
	return STARTTLS_E_INVALID;
}

void
login_outcome(const struct login *login, struct login_outcome *ret_outcome)
{
	(void)login;
	memset(ret_outcome, 0, sizeof(*ret_outcome));
}

void
login_free(struct login *login)
{
	(void)login;
}
