/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * The exchange of monitors, on the engine of the preamble: one harmless
 * conversation inside TLS, with a goodbye.
 */

#include "config.h"

#include <stdlib.h>

#include "../protocols/protocol.h"
#include "preamble.h"
#include "session.h"
#include "wait.h"

#define TICKET_SPARE_US 500000

static int
exchange_write(struct starttls_session *s, struct preamble *p)
{
	const char *out;
	size_t len;

	while ((out = starttls_preamble_out(p, &len)) != NULL) {
		ssize_t n = starttls_session_write(s, out, len);

		if (n < 0)
			return (int)n;
		starttls_preamble_sent(p, (size_t)n);
	}
	return 0;
}

static int
exchange_read(struct starttls_session *s, struct preamble *p)
{
	size_t size;
	uint8_t *space = starttls_preamble_space(p, &size);
	ssize_t n = starttls_session_read(s, space, size);

	if (n > 0) {
		starttls_preamble_received(p, (size_t)n);
		return 0;
	}
	if (n == 0) {
		starttls_preamble_eof(p);
		return 0;
	}
	/* goodbye was said: a peer that just hangs up is no failure */
	if (p->leaving && (n == STARTTLS_E_TRUNCATED || n == STARTTLS_E_IO)) {
		p->status = PREAMBLE_DONE;
		return 0;
	}
	return (int)n;
}

static bool
is_tls13(const struct starttls_session *s)
{
	return gnutls_protocol_get_version(s->tls) >= GNUTLS_TLS1_3;
}

/*
 * Until when the server may still say something about the handshake; 0: there is
 * nothing.  That it has come through it, if that began with a false start, and in
 * TLS 1.3 what it thinks of our certificate, or of none, is worth all the time that
 * there is.  A ticket is owed by nobody: it answers our Finished, as the server's
 * hello answered ours, so it gets as long as that took, and a segment that is lost.
 */
static int64_t
patience(const struct starttls_session *s)
{
	if (!s->confirmed || (is_tls13(s) && s->is_asked))
		return STARTTLS_NEVER;
	if (is_tls13(s) && s->policy->resume != NULL)
		return starttls_now_us() + s->handshake_us + TICKET_SPARE_US;
	return 0;
}

/* A ticket of TLS 1.3 is a yes; before, it belongs to the handshake. */
static bool
has_said_all(const struct starttls_session *s)
{
	return s->confirmed && (!is_tls13(s) || s->kept > 0);
}

/* Until then; who has nothing to say need not close either. */
static int
hear(struct starttls_session *s)
{
	const int64_t deadline = s->deadline;
	int rc = 0;

	while (rc == 0) {
		s->deadline = 0;
		rc = starttls_session_close(s);
		s->deadline = deadline;
		if (rc != STARTTLS_WANT_READ && rc != STARTTLS_WANT_WRITE)
			return rc;
		if (has_said_all(s) || starttls_now_us() >= s->hears_until)
			return 0;
		rc = starttls_session_wait(s, rc, s->hears_until);
	}
	return rc;
}

/* An answer to our goodbye is owed by nobody. */
static bool
may_just_go(const struct starttls_session *s, int rc)
{
	return s->confirmed && (rc == STARTTLS_E_TIMEOUT ||
	    rc == STARTTLS_E_LIMIT || ((rc == STARTTLS_E_TRUNCATED ||
	    rc == STARTTLS_E_IO) && !(is_tls13(s) && s->is_asked)));
}

/* Where nothing harmless is known, there is only TLS's own goodbye. */
static int
hear_out(struct starttls_session *s)
{
	int rc = starttls_session_shutdown(s);

	if (rc == 0 && s->hears_until == 0)
		s->hears_until = patience(s);
	if (rc == 0 && s->hears_until != 0)
		rc = hear(s);
	return rc != 0 && !may_just_go(s, rc) ? rc : 0;
}

/* Behind an exchange, which has told all that there is. */
static int
say_nothing(struct starttls_session *s)
{
	int rc = starttls_session_shutdown(s);

	return s->error.code != 0 ? 0 : rc;
}

static int
exchange(struct starttls_session *s)
{
	struct preamble *p = s->exchange;
	int rc = 0;

	if (s->hears_out)
		return hear_out(s);
	if (p == NULL) {
		if (s->error.code != 0)
			return s->error.code;
		if (s->used || s->shut || s->closed_by_peer ||
		    starttls_session_is_server(s))
			return STARTTLS_E_STATE;
		s->hears_out = s->protocol->exchange_rules.step == NULL;
		if (s->hears_out)
			return hear_out(s);
		p = s->exchange = malloc(sizeof(*p));
		if (p == NULL)
			return starttls_session_fail(s, STARTTLS_E_NOMEM,
			    STARTTLS_PHASE_SESSION, "out of memory");
		s->exchange_started = starttls_now_us();
		starttls_preamble_start(p, s->protocol,
		    &s->protocol->exchange_rules,
		    s->from == STARTTLS_HANDSHAKE ? STARTTLS_GREETING :
		    STARTTLS_COMMAND, s->own_name, s->name->text,
		    &s->error);
		p->trace = s->trace;
		p->trace_context = s->trace_context;
	}
	while (rc == 0 && (p->status == PREAMBLE_RUNNING ||
	    p->status == PREAMBLE_LEAVING)) {
		rc = exchange_write(s, p);
		if (rc == 0 && p->status == PREAMBLE_RUNNING)
			rc = exchange_read(s, p);
	}
	if (rc == 0 && p->status == PREAMBLE_FAILED)
		rc = s->error.code;
	/* an exchange that knows no last words */
	if (rc == 0 && !p->leaving)
		rc = say_nothing(s);
	return rc;
}

int
starttls_session_check(struct starttls_session *session,
		       struct starttls_error *error)
{
	struct starttls_session *s = session;
	int rc;

	rc = s == NULL ? STARTTLS_E_INVALID : exchange(s);
	if (s == NULL || (rc == STARTTLS_E_STATE && s->error.code == 0)) {
		if (error != NULL)
			starttls_error_reset(error);
		return starttls_error_set(error, rc, STARTTLS_PHASE_SETUP,
		    s == NULL ? "no session to check" :
		    "the session was used before, or is a server's");
	}
	if (rc == STARTTLS_WANT_READ || rc == STARTTLS_WANT_WRITE)
		return rc;
	if (rc == STARTTLS_E_INTERRUPTED)
		return starttls_error_interrupted(error,
		    STARTTLS_PHASE_SESSION);
	if (s->exchange != NULL)
		s->exchange_us = starttls_now_us() - s->exchange_started;
	if (rc != 0) {
		starttls_error_give(error, &s->error);
		return rc;
	}
	/* whatever happened behind the goodbye is nobody's failure */
	starttls_session_forget_error(s);
	return 0;
}
