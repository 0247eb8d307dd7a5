/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * One check: upgrade, verify, one harmless exchange or a login, goodbye.
 */

#include "config.h"

#include <string.h>

#include "checker.h"

/* Whom to log in as at a URL, before anybody is connected to. */
int
find_account(const struct settings *settings, const char *url,
	     struct starttls_url *ret_url, struct login_options *ret_options,
	     struct starttls_error *error)
{
	int rc = starttls_url_parse(url, ret_url, error);

	if (rc != 0)
		return rc;
	rc = account_for(&settings->account, ret_url, ret_options,
	    error->message, sizeof(error->message));
	ret_options->own_name = settings->options.own_name;
	ret_options->trace = settings->options.trace;
	ret_options->trace_context = settings->options.trace_context;
	error->code = rc;
	error->error_class = (int)starttls_code_class(rc);
	error->phase = STARTTLS_PHASE_SETUP;
	return rc;
}

/* What went wrong, in the words of the login. */
static void
fill_error(struct conversation *c, const struct login_outcome *o)
{
	struct starttls_error *e = &c->error;

	memset(e, 0, sizeof(*e));
	e->alert = e->depth = -1;
	if (c->code == 0)
		c->code = STARTTLS_E_REFUSED;
	else if (c->code != starttls_session_error(c->session, e))
		e->code = c->code;
	e->code = c->code;
	e->error_class = (int)starttls_code_class(c->code);
	e->phase = STARTTLS_PHASE_SESSION;
	e->reply_code = o->reply_code;
	memcpy(e->state, o->state, sizeof(e->state));
	memcpy(e->reply, o->reply, sizeof(e->reply));
	memcpy(e->message, o->message, sizeof(e->message));
	snprintf(e->protocol, sizeof(e->protocol), "%s", c->report.protocol);
}

static void
login_inside(struct conversation *c, const struct starttls_url *url,
	     const struct login_options *options,
	     struct login_outcome *ret_outcome)
{
	int64_t left_ms = (c->deadline_us - monotonic_us()) / 1000;
	struct login *login = NULL;

	if (c->code != 0)
		return;
	c->code = starttls_session_set_deadline(c->session,
	    left_ms > 0 ? (int)left_ms : 1);
	if (c->code == 0)
		c->code = login_new(&login, c->session, url, options);
	if (c->code == 0) {
		c->code = login_step(login);
		login_outcome(login, ret_outcome);
	}
	login_free(login);
	/* after a false start only now is everything known */
	starttls_session_report(c->session, &c->report);
	if (c->code != 0 || !ret_outcome->ok)
		fill_error(c, ret_outcome);
}

void
check_url(const struct settings *settings, const char *url, int timeout_ms,
	  bool chain, struct result *ret_result)
{
	const int64_t started_us = monotonic_us();
	struct starttls_url parsed = { .size = sizeof(parsed) };
	struct login_options account = { .user = NULL };
	struct login_outcome login = { .tried = false };
	struct conversation c = { .session = NULL };

	if (settings->account.wanted)
		c.code = find_account(settings, url, &parsed, &account,
		    &c.error);
	if (c.code == 0)
		converse(settings, url, timeout_ms, &c);
	if (settings->account.wanted)
		login_inside(&c, &parsed, &account, &login);
	else
		check_inside(&c);
	result_fill(ret_result, url, &c, &login, started_us, chain);
	finish_conversation(&c);
}
