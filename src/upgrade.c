/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * The upgrade: moves bytes between the transport and the preamble engine,
 * then hands the same transport to TLS.
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

#include "handshake.h"
#include "own_name.h"
#include "preamble.h"
#include "serve.h"
#include "text.h"
#include "wait.h"


static int
invalid(struct starttls_error *error, const char *why)
{
	if (error != NULL)
		starttls_error_reset(error);
	return starttls_error_set(error, STARTTLS_E_INVALID,
	    STARTTLS_PHASE_SETUP, "%s", why);
}

static const char another_size[] =
	"options of another size: set .size, or rebuild";

int
starttls_options_copy(struct starttls_options *ret_options,
		      const struct starttls_options *options,
		      struct starttls_error *error)
{
	static const struct starttls_options defaults = STARTTLS_OPTIONS_INIT;

	if (options != NULL && options->size != sizeof(*options))
		return invalid(error, another_size);
	*ret_options = options != NULL ? *options : defaults;
	return 0;
}

/* What is wrong with the arguments, in words; NULL if nothing is. */
static const char *
check_arguments(const struct starttls_policy *policy,
		const struct starttls_protocol *protocol,
		enum starttls_stage from, const char *peer_name,
		const struct starttls_options *o)
{
	if (policy == NULL || protocol == NULL || (peer_name == NULL &&
	    policy->role == STARTTLS_CLIENT))
		return "an upgrade needs a policy, a protocol and a name";
	if (from < STARTTLS_GREETING || from > STARTTLS_HANDSHAKE)
		return "no such stage of a conversation";
	if (from != STARTTLS_HANDSHAKE && protocol->upgrade_rules.step == NULL)
		return "nothing is known to be said before TLS: this protocol "
		    "begins with the handshake";
	if (policy->alpn == STARTTLS_ALPN_REQUIRE && protocol->alpn == NULL)
		return "ALPN is required, but the protocol has no registered "
		    "id for it";
	if (o == NULL)
		return NULL;
	if (o->size != sizeof(*o))
		return another_size;
	if ((o->recv == NULL) != (o->send == NULL))
		return "a transport is both recv and send";
	if (o->pending == NULL && o->pending_len > 0)
		return "pending bytes without a pointer";
	if (o->own_name != NULL && (o->own_name[0] == '\0' ||
	    strlen(o->own_name) >= OWN_NAME_SIZE ||
	    strchr(o->own_name, ' ') != NULL ||
	    !starttls_text_is_plain(o->own_name)))
		return "our own name is empty, too long, or has blanks, "
		    "controls or 8-bit characters";
	if (o->port != NULL && (strlen(o->port) >= 8 || o->port[0] == '\0'))
		return "the port is empty or too long";
	if (policy->role == STARTTLS_SERVER && (o->tlsa_count > 0 ||
	    o->name_count > 0))
		return "TLSA records and further names are for a client";
	return NULL;
}

int
starttls_upgrade_check(const struct starttls_policy *policy,
		       const struct starttls_protocol *protocol,
		       enum starttls_stage from, const char *peer_name,
		       const struct starttls_options *options,
		       struct name *ret_name, struct expected **ret_expected,
		       struct starttls_error *error)
{
	const char *why = check_arguments(policy, protocol, from, peer_name,
	    options);

	if (why != NULL)
		return invalid(error, why);
	*ret_name = (struct name){ .ip_len = 0 };
	*ret_expected = NULL;
	if (policy->role == STARTTLS_SERVER)
		return 0;
	if (starttls_name_parse(peer_name, ret_name, &why) == 0)
		return starttls_expected_new(ret_expected, options, error);
	return starttls_error_set(error, STARTTLS_E_INVALID,
	    STARTTLS_PHASE_SETUP, "the peer's name cannot be used: %s", why);
}

static int
fill_names(struct starttls_session *s, const struct name *name,
	   const struct starttls_options *o)
{
	char own[OWN_NAME_SIZE] = "localhost";
	const char *port = o != NULL && o->port != NULL ? o->port :
	    starttls_protocol_port(s->protocol, s->from);

	if (port == NULL)
		port = "";
	s->name = malloc(sizeof(*s->name));
	if (o != NULL && o->own_name != NULL)
		stpcpy(own, o->own_name); /* checked */
	else if (!starttls_session_is_server(s))
		starttls_own_name(&s->io, own);
	s->own_name = strdup(own);
	if (s->name == NULL || s->own_name == NULL)
		return STARTTLS_E_NOMEM;
	*s->name = *name;
	stpcpy(s->port, port);     /* checked */
	return 0;
}

/* Bytes that the application's own reader held. */
static int
take_pending(struct starttls_upgrade *u, const struct starttls_options *o)
{
	struct starttls_session *s = u->session;
	char what[64];

	if (o == NULL || o->pending_len == 0)
		return 0;
	if (u->preamble != NULL) {
		starttls_preamble_feed(u->preamble, o->pending,
		    o->pending_len);
		return 0;
	}
	if (starttls_session_is_server(s)) {
		s->pending = malloc(o->pending_len);
		if (s->pending == NULL)
			return starttls_session_fail(s, STARTTLS_E_NOMEM,
			    STARTTLS_PHASE_HANDSHAKE, "out of memory");
		memcpy(s->pending, o->pending, o->pending_len);
		s->pending_len = o->pending_len;
		return 0;
	}
	snprintf(what, sizeof(what), "%zu byte%s of cleartext behind the "
	    "go-ahead", o->pending_len, o->pending_len == 1 ? "" : "s");
	return starttls_session_fail_at(s, STARTTLS_E_EARLY_DATA,
	    STARTTLS_PHASE_HANDSHAKE, o->pending, o->pending_len, what);
}

static int
start_preamble(struct starttls_upgrade *u, const struct starttls_options *o)
{
	struct starttls_session *s = u->session;
	struct preamble *p;

	if (s->from == STARTTLS_HANDSHAKE) {
		u->state = UPGRADE_HANDSHAKE;
		return 0;
	}
	p = u->preamble = malloc(sizeof(*p));
	if (p == NULL)
		return STARTTLS_E_NOMEM;
	if (starttls_session_is_server(s))
		starttls_preamble_serve(p, s->protocol, s->from, s->own_name,
		    &s->error);
	else
		starttls_preamble_start(p, s->protocol,
		    &s->protocol->upgrade_rules, s->from, s->own_name,
		    &s->error);
	p->hearsay = &s->hearsay;
	if (o != NULL) {
		p->trace = o->trace;
		p->trace_context = o->trace_context;
	}
	return 0;
}

int
starttls_upgrade_new(struct starttls_upgrade **ret_upgrade,
		     struct starttls_policy *policy,
		     const struct starttls_protocol *protocol,
		     enum starttls_stage from, const char *peer_name, int fd,
		     const struct starttls_options *options,
		     struct starttls_error *error)
{
	struct starttls_upgrade *u;
	struct starttls_session *s;
	struct expected *expected;
	struct name name;
	int rc;

	if (error != NULL)
		starttls_error_reset(error);
	if (ret_upgrade == NULL)
		return invalid(error, "no place for the upgrade");
	rc = starttls_upgrade_check(policy, protocol, from, peer_name,
	    options, &name, &expected, error);
	if (rc != 0)
		return rc;
	rc = starttls_policy_freeze(policy, error);
	if (rc != 0) {
		starttls_expected_unref(expected);
		return rc;
	}
	u = calloc(1, sizeof(*u));
	s = calloc(1, sizeof(*s));
	if (u == NULL || s == NULL) {
		starttls_expected_unref(expected);
		free(u);
		free(s);
		return starttls_error_set(error, STARTTLS_E_NOMEM,
		    STARTTLS_PHASE_SETUP, "out of memory");
	}
	u->session = s;
	starttls_error_reset(&s->error);
	s->policy = starttls_policy_ref(policy);
	s->expected = expected;
	s->protocol = protocol;
	s->from = from;
	s->depth = -1;
	s->resolve_us = s->connect_us = s->greeting_us = s->preamble_us =
	    s->handshake_us = s->exchange_us = -1;
	if (options != NULL) {
		s->without_alpn = options->without_alpn != 0 &&
		    policy->alpn == STARTTLS_ALPN_AUTO;
		s->trace = options->trace;
		s->trace_context = options->trace_context;
	}
	rc = starttls_transport_init(&s->io, fd, options);
	if (rc != 0) {
		starttls_error_sys(error, rc, STARTTLS_PHASE_SETUP, errno,
		    "descriptor %d is no stream socket", fd);
		goto fail;
	}
	starttls_session_forget_error(s);
	rc = fill_names(s, &name, options);
	if (rc == 0)
		rc = start_preamble(u, options);
	if (rc != 0) {
		starttls_error_set(error, rc, STARTTLS_PHASE_SETUP,
		    "out of memory");
		goto fail;
	}
	take_pending(u, options);  /* a fault of it is for the first step */
	*ret_upgrade = u;
	return 0;
fail:
	starttls_upgrade_free(u);
	return rc;
}

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
	free(p);
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
	return u->preamble != NULL ? u->preamble->phase :
	    STARTTLS_PHASE_HANDSHAKE;
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
	rc = u->session->error.code;
	if (u->state == UPGRADE_PREAMBLE && (rc == 0 || is_leaving(u)))
		rc = step_preamble(u);
	if (rc == 0 && u->state == UPGRADE_HANDSHAKE)
		rc = step_handshake(u);
	if (starttls_is_fatal(rc)) {
		stop_clock(u);
		free(u->preamble);
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

int
starttls_upgrade_run(struct starttls_upgrade *upgrade, int timeout_ms,
		     struct starttls_error *error)
{
	struct starttls_upgrade *u = upgrade;
	int64_t deadline = starttls_deadline(timeout_ms);
	int rc;

	if (u == NULL || timeout_ms < -1 || u->session->io.fd < 0)
		return invalid(error, "an upgrade, a timeout from -1 on, and "
		    "a descriptor to wait for are needed");
	for (;;) {
		rc = starttls_upgrade_step(u, error);
		if (rc == 0) /* who waited goes on waiting */
			u->session->deadline = timeout_ms == 0 ? 0 : deadline;
		if (rc != STARTTLS_WANT_READ && rc != STARTTLS_WANT_WRITE)
			return rc;
		rc = starttls_wait(u->session->io.fd, rc, deadline,
		    u->session->io.interruptible);
		if (rc == STARTTLS_E_INTERRUPTED)
			return starttls_error_interrupted(error, phase_of(u));
		if (rc == STARTTLS_E_TIMEOUT)
			starttls_session_fail(u->session, rc, phase_of(u),
			    "the deadline passed, waiting for the %s",
			    u->state != UPGRADE_PREAMBLE ? "TLS handshake" :
			    starttls_session_is_server(u->session) ?
			    "client's commands" : "peer's reply");
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

void
starttls_upgrade_free(struct starttls_upgrade *upgrade)
{
	if (upgrade == NULL)
		return;
	starttls_session_free(upgrade->session);
	free(upgrade->preamble);
	free(upgrade);
}

int
starttls_upgrade_fd(const struct starttls_upgrade *upgrade)
{
	return upgrade == NULL ? -1 : upgrade->session->io.fd;
}
