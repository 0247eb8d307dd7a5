/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * What the attempts of a probe mean for the ways to TLS, and which attempts are
 * needed in the light of others.
 */

#include "config.h"

#include "probe.h"

#include <errno.h>

static const struct {
	const char *name, *text;
} states[] = {
	[PROBE_VERIFIED] = { "verified", "verified" },
	[PROBE_BAD_CERTIFICATE] = { "bad-certificate", "bad certificate" },
	[PROBE_TLS_FAILED] = { "tls-failed", "TLS failed" },
	[PROBE_NOT_OFFERED] = { "not-offered", "not offered" },
	[PROBE_REFUSED] = { "refused", "refused" },
	[PROBE_REFUSED_FOR_NOW] = { "refused-temporary", "refused for now" },
	[PROBE_SPEAKS_TLS] = { "speaks-tls",
	    "this port speaks TLS already" },
	[PROBE_SPEAKS_CLEARTEXT] = { "speaks-cleartext",
	    "this port speaks cleartext first" },
	[PROBE_SPEAKS_OTHER] = { "speaks-other", "speaks something else" },
	[PROBE_HANGS_UP] = { "hangs-up", "hangs up" },
	[PROBE_SILENT] = { "silent", "silent" },
	[PROBE_CLOSED] = { "closed", "closed" },
	[PROBE_UNREACHABLE] = { "unreachable", "cannot be reached" },
	[PROBE_LOCAL] = { "local", "could not be tried" },
};

bool
probe_exists(enum probe_state state)
{
	return state == PROBE_VERIFIED || state == PROBE_BAD_CERTIFICATE ||
	    state == PROBE_TLS_FAILED;
}

const char *
probe_state_name(enum probe_state state)
{
	return states[state].name;
}

const char *
probe_state_text(enum probe_state state)
{
	return states[state].text;
}

const char *
probe_name(const struct row *row)
{
	return starttls_protocol_scheme(row->protocol, STARTTLS_GREETING);
}

bool
probe_is_all(const struct row *row, enum probe_state state)
{
	const struct way *a = &row->upgrade, *b = &row->dedicated;

	return (a->port[0] == '\0' || a->state == state) &&
	    (b->port[0] == '\0' || b->state == state);
}

const char *
probe_offers(const struct row *row)
{
	bool upgrade = row->upgrade.port[0] != '\0' &&
	    probe_exists(row->upgrade.state);

	if (row->dedicated.port[0] != '\0' &&
	    probe_exists(row->dedicated.state))
		return upgrade ? "both" : "dedicated";
	return upgrade ? "upgrade" : "neither";
}

static bool
has_tls(const struct attempt *a)
{
	return a->done && (a->result.report.cipher_suite[0] != '\0' ||
	    starttls_code_class(a->result.error.code) ==
	    STARTTLS_CLASS_VERIFY || a->result.error.code ==
	    STARTTLS_E_ALERT);
}

static enum probe_state
closed_or(const struct result *r)
{
	return r->error.sys_errno == ECONNREFUSED ? PROBE_CLOSED :
	    PROBE_UNREACHABLE;
}

/* Of an attempt that did not get as far as TLS. */
static enum probe_state
failed_state(const struct result *r)
{
	enum starttls_phase phase = (enum starttls_phase)r->error.phase;

	switch (starttls_code_class(r->error.code)) {
	case STARTTLS_CLASS_NONE:
	case STARTTLS_CLASS_USAGE:
	case STARTTLS_CLASS_LOCAL:
		return PROBE_LOCAL;
	case STARTTLS_CLASS_RESOLVE:
		return PROBE_UNREACHABLE;
	case STARTTLS_CLASS_CONNECT:
		return closed_or(r);
	case STARTTLS_CLASS_TIMEOUT:
		return phase == STARTTLS_PHASE_RESOLVE ||
		    phase == STARTTLS_PHASE_CONNECT ? PROBE_UNREACHABLE :
		    PROBE_SILENT;
	case STARTTLS_CLASS_PROTOCOL:
		return PROBE_SPEAKS_OTHER;
	case STARTTLS_CLASS_REFUSED:
		return r->error.code == STARTTLS_E_NOT_OFFERED ?
		    PROBE_NOT_OFFERED :
		    r->error.code == STARTTLS_E_REFUSED_TEMPORARY ?
		    PROBE_REFUSED_FOR_NOW : PROBE_REFUSED;
	case STARTTLS_CLASS_CLOSED:
		return PROBE_HANGS_UP;
	case STARTTLS_CLASS_TLS:
	case STARTTLS_CLASS_VERIFY:
		break;
	}
	return PROBE_TLS_FAILED;
}

static enum probe_state
state_of(const struct attempt *a)
{
	const struct result *r = &a->result;

	if (r->report.verified)
		return PROBE_VERIFIED;
	if (starttls_code_class(r->error.code) == STARTTLS_CLASS_VERIFY)
		return PROBE_BAD_CERTIFICATE;
	return has_tls(a) ? PROBE_TLS_FAILED : failed_state(r);
}

/* What is silent, or hangs up, may have waited for a ClientHello. */
static bool
may_want_tls(const struct attempt *a)
{
	enum probe_state state = state_of(a);

	return state == PROBE_SILENT || state == PROBE_HANGS_UP ||
	    state == PROBE_SPEAKS_OTHER;
}

bool
probe_needs(const struct attempt *a)
{
	const struct attempt *row = a->row->attempts;

	switch (a->kind) {
	case ATTEMPT_ASKS:
	case ATTEMPT_DEDICATES:
		break;
	case ATTEMPT_HELLOS:
		return row[ATTEMPT_ASKS].done && !has_tls(&row[ATTEMPT_ASKS]) &&
		    may_want_tls(&row[ATTEMPT_ASKS]);
	case ATTEMPT_INSISTS:
		return row[ATTEMPT_ASKS].done && !has_tls(&row[ATTEMPT_HELLOS]) &&
		    state_of(&row[ATTEMPT_ASKS]) == PROBE_SILENT;
	}
	return true;
}

static void
judge(struct way *way, const struct attempt *a)
{
	if (!a->done)
		return;
	way->result = &a->result;
	way->state = state_of(a);
}

void
probe_judge(struct row *row)
{
	const struct attempt *a = row->attempts;
	struct way *upgrade = &row->upgrade, *dedicated = &row->dedicated;

	/* for what was not tried others had taken all the time */
	upgrade->state = dedicated->state = PROBE_SILENT;
	judge(upgrade, &a[ATTEMPT_ASKS]);
	judge(upgrade, &a[ATTEMPT_INSISTS]);
	if (has_tls(&a[ATTEMPT_HELLOS]))
		upgrade->state = PROBE_SPEAKS_TLS;
	judge(dedicated, &a[ATTEMPT_DEDICATES]);
	if (a[ATTEMPT_DEDICATES].done &&
	    dedicated->result->error.code == STARTTLS_E_NOT_TLS)
		dedicated->state = PROBE_SPEAKS_CLEARTEXT;
}
