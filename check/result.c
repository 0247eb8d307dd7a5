/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * From a conversation, however it ended, to a result.  Nothing is printed
 * here.  Text of the peer has been sanitised by the library, but it may still
 * have characters that mean something to a format.
 */

#include "config.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "conversation.h"
#include "loop/loop.h"
#include "result.h"
#include "words/show.h"
#include "words/status.h"

#define HOUR 3600                  /* seconds */

/* Bits by the names of their codes; several bits may share one. */
static const struct {
	unsigned bits;
	int code;
} problems[] = {
	{ STARTTLS_V_REVOKED, STARTTLS_E_REVOKED },
	{ STARTTLS_V_DISORDERED, STARTTLS_E_DISORDERED },
	{ STARTTLS_V_SELF_SIGNED, STARTTLS_E_SELF_SIGNED },
	{ STARTTLS_V_PRIVATE_ROOT, STARTTLS_E_PRIVATE_ROOT },
	{ STARTTLS_V_INCOMPLETE, STARTTLS_E_INCOMPLETE },
	{ STARTTLS_V_UNTRUSTED, STARTTLS_E_UNTRUSTED },
	{ STARTTLS_V_EXPIRED, STARTTLS_E_EXPIRED },
	{ STARTTLS_V_NOT_YET_VALID, STARTTLS_E_NOT_YET_VALID },
	{ STARTTLS_V_WEAK, STARTTLS_E_WEAK },
	{ STARTTLS_V_PURPOSE, STARTTLS_E_PURPOSE },
	{ STARTTLS_V_CONSTRAINTS, STARTTLS_E_CONSTRAINTS },
	{ STARTTLS_V_NAME, STARTTLS_E_NAME_MISMATCH },
	{ STARTTLS_V_STALE_CRL, STARTTLS_E_STALE_CRL },
	{ STARTTLS_V_NO_STAPLE, STARTTLS_E_NO_STAPLE },
	{ STARTTLS_V_BAD_STAPLE, STARTTLS_E_BAD_STAPLE },
	{ STARTTLS_V_PIN, STARTTLS_E_PIN_MISMATCH },
	{ STARTTLS_V_DIFFERS, STARTTLS_E_OTHER_CERT },
	{ STARTTLS_V_PEER, STARTTLS_E_PEER_MISMATCH },
	{ STARTTLS_V_TLSA, STARTTLS_E_TLSA_MISMATCH },
	{ STARTTLS_V_NOT_CA | STARTTLS_V_SIGNATURE | STARTTLS_V_CRITICAL |
	    STARTTLS_V_MALFORMED | STARTTLS_V_OTHER, STARTTLS_E_BAD_CHAIN },
};

static void
fill_chain(struct result *r, const struct conversation *c)
{
	struct starttls_cert cert = { .size = sizeof(cert) };
	unsigned i;

	for (i = 0; i < r->report.chain_len; i++) {
		if (!sent_cert(r->sent, c, i, &cert))
			continue;
		if (i == 0) {
			r->leaf = cert;
			r->has_leaf = true;
			r->not_after = cert.not_after;
		}
		if (r->chain_not_after == 0 ||
		    cert.not_after < r->chain_not_after)
			r->chain_not_after = cert.not_after;
	}
}

/* Whose end it is: @cert's.  What is less than an hour is not worth a word. */
static void
note_end(struct result *r, const struct starttls_cert *cert)
{
	r->ends_from = cert->not_before;
	if (r->not_after - r->ends_at >= HOUR)
		snprintf(r->ends_first, sizeof(r->ends_first), "%.119s",
		    cert->subject[0] != '\0' ? cert->subject : "an issuer");
}

/* An issuer may end before the server's own certificate does. */
static void
fill_end(struct result *r, const struct conversation *c)
{
	struct starttls_cert cert = { .size = sizeof(cert) };
	unsigned place;
	int index;

	r->ends_at = r->not_after;
	if (c->report.path_not_after != 0)
		r->ends_at = c->report.path_not_after;
	if (r->ends_at != 0)
		r->ends_in_days = days_until(r->ends_at);
	if (r->ends_at == r->not_after && r->has_leaf)
		note_end(r, &r->leaf);
	if (r->ends_at == r->not_after)
		return;
	for (place = 1; starttls_session_path(c->session, place, &index,
	    &cert) == 0; place++)
		if (cert.not_after == r->ends_at) {
			note_end(r, &cert);
			break;
		}
}

static void
fill_url(struct result *r, const char *name, const char *url)
{
	struct starttls_url parsed = { .size = sizeof(parsed) };
	struct starttls_error ignored;

	r->name = name;
	r->url = url;
	show_typed(r->shown, sizeof(r->shown), name);
	if (starttls_url_parse(url, &parsed, &ignored) != 0)
		return;
	snprintf(r->scheme, sizeof(r->scheme), "%s",
	    starttls_protocol_scheme(parsed.protocol, parsed.from));
	snprintf(r->host, sizeof(r->host), "%s", parsed.host);
	snprintf(r->port, sizeof(r->port), "%s", parsed.port);
}

/* The name of the phase that failed is that of its time. */
static const char *
failed_phase(const struct result *r)
{
	if (r->error.phase == STARTTLS_PHASE_SESSION && r->login.tried)
		return r->login.ok ? "logout" : "login";
	if (r->error.phase == STARTTLS_PHASE_SESSION)
		return "exchange";
	return starttls_phase_name((enum starttls_phase)r->error.phase);
}

static void
fill_verdict(struct result *r, const struct conversation *c)
{
	bool in_login = r->login.tried && !r->login.ok;

	r->up = c->code == 0;
	r->reason = starttls_code_name(c->code);
	r->phase = "";
	r->advice[0] = '\0';
	if (c->code == 0)
		return;
	r->error = c->error;
	r->status = exit_status(&c->error);
	advise(r->url, c, r->advice);
	if (in_login && r->login.reason != NULL)
		r->reason = r->login.reason;
	if (in_login && r->login.advice != NULL)
		snprintf(r->advice, sizeof(r->advice), "%s", r->login.advice);
	/* others are failures of the session, as they happen anywhere */
	if (strncmp(r->reason, "login-", 6) == 0 ||
	    (in_login && r->error.code == STARTTLS_E_REFUSED_TEMPORARY)) {
		r->status = EXIT_LOGIN;
		r->up = true;
	}
	r->phase = failed_phase(r);
}

/* Each knows it where the other one may not. */
static void
fill_address(struct result *r)
{
	char *report = r->report.address, *error = r->error.address;

	_Static_assert(sizeof(r->report.address) == sizeof(r->error.address),
	    "one address");
	if (report[0] == '\0')
		memcpy(report, error, sizeof(r->report.address));
	memcpy(error, report, sizeof(r->error.address));
}

void
result_fill(struct result *r, const char *name, const char *url,
	    const struct conversation *c, const struct login_outcome *login,
	    int64_t started_us, enum result_detail detail)
{
	memset(r, 0, sizeof(*r));
	r->total_us = loop_now_us() - started_us;
	r->checked_at = (int64_t)time(NULL);
	fill_url(r, name, url);
	if (login != NULL)
		r->login = *login;
	fill_verdict(r, c);
	r->has_report = c->session != NULL || c->upgrade != NULL;
	if (r->has_report)
		r->report = c->report;
	fill_address(r);
	if (!r->has_report)
		return;
	r->not_after = c->report.not_after;
	if (detail == DETAIL_ALL)
		r->sent = sent_new(c);
	if (detail != DETAIL_NONE || c->code != 0)
		fill_chain(r, c);
	if (r->not_after != 0)
		r->days_left = days_until(r->not_after);
	fill_end(r, c);
}

size_t
result_phases(const struct result *r,
	      struct phase_time ret_phases[RESULT_PHASES])
{
	const struct starttls_report *p = &r->report;
	const bool known = r->has_report, login = r->login.tried;
	const struct phase_time phases[RESULT_PHASES] = {
		{ "resolve", known ? p->resolve_us : -1 },
		{ "connect", known ? p->connect_us : -1 },
		{ "greeting", known ? p->greeting_us : -1 },
		{ "preamble", known ? p->preamble_us : -1 },
		{ "handshake", known ? p->handshake_us : -1 },
		{ "exchange", known ? p->exchange_us : -1 },
		{ "login", login ? r->login.login_us : -1 },
		{ "logout", login ? r->login.logout_us : -1 },
	};

	memcpy(ret_phases, phases, sizeof(phases));
	return RESULT_PHASES;
}

const char *
result_problem(const struct result *r, size_t index)
{
	unsigned verdict = r->report.verdict | r->error.verdict;
	size_t i;

	/* why it is not trusted says more than that it is not */
	if ((verdict & (STARTTLS_V_DISORDERED | STARTTLS_V_SELF_SIGNED |
	    STARTTLS_V_PRIVATE_ROOT | STARTTLS_V_INCOMPLETE)) != 0)
		verdict &= ~(unsigned)STARTTLS_V_UNTRUSTED;
	for (i = 0; i < sizeof(problems) / sizeof(problems[0]); i++)
		if ((verdict & problems[i].bits) != 0 && index-- == 0)
			return starttls_code_name(problems[i].code);
	return NULL;
}
