/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * An upgrade is made, begins when there is a connection, and is freed.
 *
 * What is wrong with the arguments is told here, before anything has moved.
 */

#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dial.h"
#include "own_name.h"
#include "preamble.h"
#include "serve.h"
#include "text.h"
#include "upgrade.h"
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
	if (from != STARTTLS_HANDSHAKE && policy->role == STARTTLS_SERVER &&
	    protocol->serve_rules.step == NULL)
		return "of this protocol only the client's side is known";
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
	const char *port = o != NULL && o->port != NULL ? o->port :
	    starttls_protocol_port(s->protocol, s->from);

	if (port == NULL)
		port = "";
	s->name = malloc(sizeof(*s->name));
	if (s->name == NULL)
		return STARTTLS_E_NOMEM;
	*s->name = *name;
	stpcpy(s->port, port);     /* checked */
	if (o == NULL || o->own_name == NULL)
		return 0;
	s->own_name = strdup(o->own_name);
	return s->own_name != NULL ? 0 : STARTTLS_E_NOMEM;
}

/* If the application has not given us a name. */
static int
name_ourselves(struct starttls_session *s)
{
	char own[OWN_NAME_SIZE] = "localhost";

	if (s->own_name != NULL)
		return 0;
	if (!starttls_session_is_server(s))
		starttls_own_name(&s->io, own);
	s->own_name = strdup(own);
	return s->own_name != NULL ? 0 : STARTTLS_E_NOMEM;
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
start_preamble(struct starttls_upgrade *u)
{
	struct starttls_session *s = u->session;
	struct preamble *p;

	u->state = UPGRADE_HANDSHAKE;
	if (s->from == STARTTLS_HANDSHAKE)
		return 0;
	p = u->preamble = malloc(sizeof(*p));
	if (p == NULL)
		return STARTTLS_E_NOMEM;
	u->state = UPGRADE_PREAMBLE;
	if (starttls_session_is_server(s))
		starttls_preamble_serve(p, s->protocol, s->from, s->own_name,
		    &s->error);
	else
		starttls_preamble_start(p, s->protocol,
		    &s->protocol->upgrade_rules, s->from, s->own_name,
		    s->name->text, &s->error);
	p->hearsay = &s->hearsay;
	p->trace = s->trace;
	p->trace_context = s->trace_context;
	return 0;
}

static int
no_memory(struct starttls_error *error)
{
	return starttls_error_set(error, STARTTLS_E_NOMEM,
	    STARTTLS_PHASE_SETUP, "out of memory");
}

static struct starttls_session *
make_session(struct starttls_policy *policy,
	     const struct starttls_protocol *protocol,
	     enum starttls_stage from, const struct starttls_options *o)
{
	struct starttls_session *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return NULL;
	starttls_error_reset(&s->error);
	s->policy = starttls_policy_ref(policy);
	s->protocol = protocol;
	s->from = from;
	s->io.fd = -1;
	s->depth = -1;
	s->resolve_us = s->connect_us = s->greeting_us = s->preamble_us =
	    s->handshake_us = s->exchange_us = -1;
	if (o != NULL) {
		s->io.interruptible = o->interruptible != 0;
		s->without_resumption = o->without_resumption != 0;
		s->without_alpn = o->without_alpn != 0 &&
		    policy->alpn == STARTTLS_ALPN_AUTO;
		s->trace = o->trace;
		s->trace_context = o->trace_context;
	}
	return s;
}

int
starttls_upgrade_make(struct starttls_upgrade **ret_upgrade,
		      struct starttls_policy *policy,
		      const struct starttls_protocol *protocol,
		      enum starttls_stage from, const char *peer_name,
		      const struct starttls_options *options,
		      struct starttls_error *error)
{
	struct starttls_upgrade *u;
	struct expected *expected;
	struct name name;
	int rc = starttls_upgrade_check(policy, protocol, from, peer_name,
	    options, &name, &expected, error);

	if (rc != 0)
		return rc;
	rc = starttls_policy_freeze(policy, error);
	if (rc != 0) {
		starttls_expected_unref(expected);
		return rc;
	}
	u = calloc(1, sizeof(*u));
	if (u != NULL)
		u->session = make_session(policy, protocol, from, options);
	if (u == NULL || u->session == NULL) {
		starttls_expected_unref(expected);
		starttls_upgrade_free(u);
		return no_memory(error);
	}
	u->deadline = STARTTLS_NEVER;
	u->session->expected = expected;
	if (fill_names(u->session, &name, options) != 0) {
		starttls_upgrade_free(u);
		return no_memory(error);
	}
	*ret_upgrade = u;
	return 0;
}

int
starttls_upgrade_begin(struct starttls_upgrade *u, int fd,
		       const struct starttls_options *options,
		       struct starttls_error *error)
{
	struct starttls_session *s = u->session;
	const bool interruptible = s->io.interruptible;
	int rc = starttls_transport_init(&s->io, fd, options);

	s->io.interruptible = interruptible;
	if (rc != 0)
		return starttls_error_sys(error, rc, STARTTLS_PHASE_SETUP,
		    errno, "descriptor %d is no stream socket", fd);
	if (u->dial == NULL)       /* else it knows, whatever became of it */
		starttls_transport_find_address(&s->io);
	starttls_session_forget_error(s);
	rc = name_ourselves(s);
	if (rc == 0)
		rc = start_preamble(u);
	return rc == 0 ? 0 : no_memory(error);
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
	int rc;

	if (error != NULL)
		starttls_error_reset(error);
	if (ret_upgrade == NULL)
		return invalid(error, "no place for the upgrade");
	rc = starttls_upgrade_make(&u, policy, protocol, from, peer_name,
	    options, error);
	if (rc != 0)
		return rc;
	rc = starttls_upgrade_begin(u, fd, options, error);
	if (rc != 0) {
		starttls_upgrade_free(u);
		return rc;
	}
	take_pending(u, options);  /* a fault of it is for the first step */
	*ret_upgrade = u;
	return 0;
}

void
starttls_upgrade_free(struct starttls_upgrade *upgrade)
{
	if (upgrade == NULL)
		return;
	starttls_dial_free(upgrade->dial);
	starttls_session_free(upgrade->session);
	starttls_preamble_free(upgrade->preamble);
	free(upgrade);
}
