/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * The upgrade: connects, if it begins with a name, moves bytes between the
 * transport and the preamble engine, then hands the same transport to TLS.
 *
 * Invariant: between the go-ahead and the ClientHello, and before each
 * command, the transport is asked once more; what is there is early data.
 * The preamble and its buffer are gone before the handshake begins.
 */

#include "config.h"

#include "upgrade.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dial.h"
#include "handshake.h"
#include "preamble.h"
#include "serve.h"
#include "wait.h"

static int
invalid(struct starttls_error *error, const char *why)
{
	if (error != NULL)
		starttls_error_reset(error);
	return starttls_error_set(error, STARTTLS_E_INVALID,
	    STARTTLS_PHASE_SETUP, "%s", why);
}

/* ---- dialling ---- */

static void
end_dial(struct starttls_upgrade *u)
{
	struct starttls_session *s = u->session;
	struct dial_facts facts;

	starttls_dial_facts(u->dial, &facts);
	s->resolve_us = facts.resolve_us;
	s->connect_us = facts.connect_us;
	memcpy(s->io.address, facts.address, sizeof(s->io.address));
}

/* Whether there is a connection to wait for, and nothing else yet. */
static bool
is_dialling(const struct starttls_upgrade *u)
{
	return u->state == UPGRADE_DIALLING && u->session->error.code == 0;
}

static int
step_dial(struct starttls_upgrade *u)
{
	struct starttls_session *s = u->session;
	char address[sizeof(s->io.address)];
	int fd, rc = starttls_dial_step(u->dial, &fd, &s->error);

	if (rc == STARTTLS_WANT_READ || rc == STARTTLS_WANT_WRITE)
		return rc;
	end_dial(u);
	if (rc != 0)
		return rc;
	u->mark = starttls_now_us();
	memcpy(address, s->io.address, sizeof(address));
	rc = starttls_upgrade_begin(u, fd, NULL, &s->error);
	s->io.owns_fd = true;
	/* the peer may have reset the connection already */
	memcpy(s->io.address, address, sizeof(address));
	memcpy(s->error.address, address, sizeof(address));
	return rc;
}

int
starttls_upgrade_dialled(struct starttls_upgrade **ret_upgrade,
			 struct starttls_policy *policy,
			 const struct starttls_url *url, struct dial *dial,
			 int64_t deadline,
			 const struct starttls_options *options,
			 struct starttls_error *error)
{
	struct starttls_upgrade *u;
	int rc = starttls_upgrade_make(&u, policy, url->protocol, url->from,
	    url->host, options, error);

	if (rc != 0)
		return rc;
	u->dial = dial;
	u->deadline = deadline;
	/* so that there is something to poll; a fault is for the first step */
	(void)step_dial(u);
	*ret_upgrade = u;
	return 0;
}

/* ---- the conversation ---- */

/* End of a phase: give back its length, start the next. */
static int64_t
lap(struct starttls_upgrade *u)
{
	int64_t now = starttls_now_us(), length = now - u->mark;

	u->mark = now;
	return length;
}

/* Receive once.  Returns bytes, 0 at the end, or why there are none. */
static ssize_t
receive(struct starttls_session *s, enum starttls_phase phase, void *data,
	size_t size)
{
	ssize_t n = starttls_transport_recv(&s->io, data, size);

	if (n >= 0)
		return n;
	if (errno == EAGAIN)
		return STARTTLS_WANT_READ;
	if (errno == EINTR)
		return STARTTLS_E_INTERRUPTED;
	return starttls_session_fail_sys(s, STARTTLS_E_IO, phase, errno,
	    "the connection failed");
}

static int
receive_preamble(struct starttls_upgrade *u)
{
	struct preamble *p = u->preamble;
	size_t size;
	uint8_t *space = starttls_preamble_space(p, &size);
	ssize_t n = receive(u->session, p->phase, space, size);

	if (n < 0)
		return (int)n;
	if (n == 0)
		starttls_preamble_eof(p);
	else
		starttls_preamble_received(p, (size_t)n);
	return u->session->error.code;
}

/* Send what the dialog has to say; look for early input before it. */
static int
send_preamble(struct starttls_upgrade *u)
{
	struct starttls_session *s = u->session;
	struct preamble *p = u->preamble;
	struct iovec iov;
	const char *out;
	size_t len;
	ssize_t n;
	int rc;

	while ((out = starttls_preamble_out(p, &len)) != NULL) {
		if (s->greeting_us < 0 && s->from == STARTTLS_GREETING)
			s->greeting_us = lap(u);
		if (!u->looked && starttls_preamble_must_look(p)) {
			rc = receive_preamble(u);
			if (rc == STARTTLS_E_INTERRUPTED)
				return rc;
			u->looked = true;
			if (p->status == PREAMBLE_LEAVING)
				continue;
			if (rc != 0 && rc != STARTTLS_WANT_READ)
				return rc;
		}
		iov.iov_base = (char *)(uintptr_t)out;
		iov.iov_len = len;
		n = starttls_transport_send(&s->io, &iov, 1);
		if (n < 0 && errno == EAGAIN)
			return STARTTLS_WANT_WRITE;
		if (n < 0 && errno == EINTR)
			return STARTTLS_E_INTERRUPTED;
		if (n < 0)
			return starttls_session_fail_sys(s, STARTTLS_E_IO,
			    p->phase, errno, "the connection failed");
		starttls_preamble_sent(p, (size_t)n);
	}
	u->looked = false;
	return 0;
}

static int
step_preamble(struct starttls_upgrade *u)
{
	struct starttls_session *s = u->session;
	struct preamble *p = u->preamble;
	int rc = 0;

	while (rc == 0 && (p->status == PREAMBLE_RUNNING ||
	    p->status == PREAMBLE_ACCEPTING ||
	    p->status == PREAMBLE_LEAVING)) {
		rc = send_preamble(u);
		if (rc == 0 && p->status == PREAMBLE_RUNNING)
			rc = receive_preamble(u);
		/* a server's last words go out before its failure does */
		if (starttls_is_fatal(rc) && p->status == PREAMBLE_LEAVING)
			rc = send_preamble(u);
	}
	if (rc == 0 && p->status == PREAMBLE_FAILED)
		rc = s->error.code;
	if (rc != 0)
		return rc;
	/* the go-ahead was the last byte received; is there another one? */
	if (!starttls_session_is_server(s)) {
		rc = receive_preamble(u);
		if (rc != STARTTLS_WANT_READ)
			return rc;
	}
	s->preamble_us = lap(u);
	starttls_preamble_free(p);
	u->preamble = NULL;
	u->state = UPGRADE_HANDSHAKE;
	return 0;
}

/* On a dedicated port a server that speaks first speaks no TLS. */
static int
look_before_hello(struct starttls_upgrade *u)
{
	struct starttls_session *s = u->session;
	uint8_t early[48];
	ssize_t n;

	if (s->from != STARTTLS_HANDSHAKE || starttls_session_is_server(s))
		return 0;
	n = receive(s, STARTTLS_PHASE_HANDSHAKE, early, sizeof(early));
	if (n == STARTTLS_WANT_READ)
		return 0;
	if (n < 0)
		return (int)n;
	if (n == 0)
		return starttls_session_fail(s, STARTTLS_E_EOF,
		    STARTTLS_PHASE_HANDSHAKE,
		    "the peer closed the connection before the TLS handshake");
	return starttls_session_fail_at(s, STARTTLS_E_NOT_TLS,
	    STARTTLS_PHASE_HANDSHAKE, early, (size_t)n,
	    "the peer speaks cleartext first where TLS is due");
}

static int
step_handshake(struct starttls_upgrade *u)
{
	struct starttls_session *s = u->session;
	int rc = 0;

	if (s->tls == NULL) {
		rc = look_before_hello(u);
		if (rc == 0)
			rc = starttls_handshake_begin(s);
	}
	if (rc == 0)
		rc = starttls_handshake_step(s);
	if (rc == 0) {
		s->handshake_us = lap(u);
		u->state = UPGRADE_FINISHED;
	}
	return rc;
}

/* The phase that failed has lasted until now. */
static void
stop_clock(struct starttls_upgrade *u)
{
	struct starttls_session *s = u->session;
	int64_t *phase = &s->handshake_us;

	if (u->state == UPGRADE_DIALLING)
		return;            /* see end_dial */
	if (u->preamble != NULL)
		phase = u->preamble->phase == STARTTLS_PHASE_GREETING ?
		    &s->greeting_us : &s->preamble_us;
	if (*phase < 0)
		*phase = lap(u);
}

static bool
is_leaving(const struct starttls_upgrade *u)
{
	return u->preamble != NULL && u->preamble->status == PREAMBLE_LEAVING;
}

/* Which phase a conversation is in, for the words about a wait. */
static enum starttls_phase
phase_of(const struct starttls_upgrade *u)
{
	if (u->state == UPGRADE_DIALLING)
		return STARTTLS_PHASE_CONNECT;
	return u->preamble != NULL ? u->preamble->phase :
	    STARTTLS_PHASE_HANDSHAKE;
}

/* The deadline has passed. */
static int
be_late(struct starttls_upgrade *u)
{
	struct starttls_session *s = u->session;
	const struct preamble *p = u->preamble;
	int rc;

	if (u->state == UPGRADE_PREAMBLE && p->in_len > 0 &&
	    !starttls_session_is_server(s))
		return starttls_session_fail_at(s, STARTTLS_E_TIMEOUT,
		    phase_of(u), p->in, p->in_len,
		    "the deadline passed within a reply");
	if (u->state != UPGRADE_DIALLING)
		return starttls_session_fail(s, STARTTLS_E_TIMEOUT,
		    phase_of(u), "the deadline passed, waiting for the %s",
		    u->state != UPGRADE_PREAMBLE ? "TLS handshake" :
		    starttls_session_is_server(s) ? "client's commands" :
		    "peer's reply");
	rc = starttls_dial_late(u->dial, &s->error);
	end_dial(u);
	return rc;
}

int
starttls_upgrade_step(struct starttls_upgrade *upgrade,
		      struct starttls_error *error)
{
	struct starttls_upgrade *u = upgrade;
	int rc;

	if (u == NULL)
		return invalid(error, "no upgrade to step");
	if (u->mark == 0)
		u->mark = starttls_now_us();
	if (!is_dialling(u)) {
		/* only now, as its descriptors may have been polled */
		starttls_dial_free(u->dial);
		u->dial = NULL;
	}
	rc = u->session->error.code;
	if (is_dialling(u))
		rc = step_dial(u);
	if (u->state == UPGRADE_PREAMBLE && (rc == 0 || is_leaving(u)))
		rc = step_preamble(u);
	if (rc == 0 && u->state == UPGRADE_HANDSHAKE)
		rc = step_handshake(u);
	if (rc != 0 && !starttls_is_fatal(rc) &&
	    u->deadline != STARTTLS_NEVER && starttls_now_us() >= u->deadline)
		rc = be_late(u);
	if (starttls_is_fatal(rc)) {
		stop_clock(u);
		starttls_preamble_free(u->preamble);
		u->preamble = NULL;
		starttls_error_give(error, &u->session->error);
	}
	if (rc == STARTTLS_E_INTERRUPTED)
		starttls_error_interrupted(error, phase_of(u));
	return rc;
}

/* No more waiting: a server says goodbye if that can be had at once. */
static void
give_up(struct starttls_upgrade *u)
{
	struct preamble *p = u->preamble;

	if (p == NULL || !starttls_session_is_server(u->session))
		return;
	starttls_preamble_hang_up(p);
	if (p->status == PREAMBLE_LEAVING)
		(void)send_preamble(u);
	p->status = PREAMBLE_FAILED;
}

/* When to step even if nothing has happened. */
static int64_t
wake_of(const struct starttls_upgrade *u)
{
	int64_t wake = is_dialling(u) ? starttls_dial_wake(u->dial) :
	    STARTTLS_NEVER;

	return wake < u->deadline ? wake : u->deadline;
}

int
starttls_upgrade_run(struct starttls_upgrade *upgrade, int timeout_ms,
		     struct starttls_error *error)
{
	struct starttls_upgrade *u = upgrade;
	int64_t deadline = starttls_deadline(timeout_ms);
	int rc;

	if (u == NULL || timeout_ms < -1 || (u->state != UPGRADE_DIALLING &&
	    u->session->io.fd < 0))
		return invalid(error, "an upgrade, a timeout from -1 on, and "
		    "a descriptor to wait for are needed");
	for (;;) {
		rc = starttls_upgrade_step(u, error);
		if (rc == 0) /* who waited goes on waiting */
			u->session->deadline = timeout_ms == 0 ? 0 :
			    deadline < u->deadline ? deadline : u->deadline;
		if (rc != STARTTLS_WANT_READ && rc != STARTTLS_WANT_WRITE)
			return rc;
		rc = starttls_wait_until(starttls_upgrade_fd(u), rc,
		    wake_of(u), deadline, u->session->io.interruptible);
		if (rc == STARTTLS_E_INTERRUPTED)
			return starttls_error_interrupted(error, phase_of(u));
		if (rc == STARTTLS_E_TIMEOUT)
			be_late(u);
		else if (rc != 0)
			starttls_session_fail(u->session, rc, phase_of(u),
			    "waiting for the connection failed");
		if (rc != 0)
			give_up(u);
	}
}

int
starttls_upgrade_alpn_refused(const struct starttls_upgrade *upgrade)
{
	const struct starttls_session *s;

	if (upgrade == NULL)
		return 0;
	s = upgrade->session;
	return s->offered_alpn && s->policy->alpn == STARTTLS_ALPN_AUTO &&
	    !s->protocol->needs_alpn &&
	    s->error.alert == GNUTLS_A_NO_APPLICATION_PROTOCOL;
}

struct starttls_session *
starttls_upgrade_take(struct starttls_upgrade *upgrade)
{
	struct starttls_session *s;

	if (upgrade == NULL || upgrade->state != UPGRADE_FINISHED ||
	    upgrade->session->error.code != 0)
		return NULL;
	s = upgrade->session;
	upgrade->session = NULL;
	starttls_upgrade_free(upgrade);
	return s;
}

int
starttls_upgrade_fd(const struct starttls_upgrade *upgrade)
{
	if (upgrade == NULL)
		return -1;
	return is_dialling(upgrade) ? starttls_dial_fd(upgrade->dial) :
	    upgrade->session->io.fd;
}

int
starttls_upgrade_timeout(const struct starttls_upgrade *upgrade)
{
	return upgrade == NULL ? -1 : starttls_left_ms(wake_of(upgrade));
}
