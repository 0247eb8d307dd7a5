/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * Login: logging in, and out again, inside TLS.
 *
 * The room is a second library: whom to log in as (account.h), where the secret
 * comes from (secret.h, netrc.h), mechanisms (sasl.h), and a file for each
 * protocol, which sees dialog.h and nothing else.  It has no option and no
 * format, and prints nothing; of other rooms it uses the clock, and how text is
 * shown.
 *
 * A login never blocks unless its session does, so that many can share one
 * loop.  What could be read by others, or shown, never has a credential in it:
 * not the outcome, and not the trace.
 */

#ifndef LOGIN_LOGIN_H
#define LOGIN_LOGIN_H

#include <stdbool.h>
#include <stdint.h>

#include "starttls.h"

struct login;

/* Text is borrowed and has to live as long as the login. */
struct login_options {
	const char *user;
	const char *secret;        /* NULL: none, for EXTERNAL */
	bool is_token;             /* the secret is an OAuth 2.0 token */
	const char *mechanism;     /* as login_knows; NULL: the strongest */
	starttls_trace_fn trace;
	void *trace_context;
};

struct login_outcome {
	bool tried, ok;
	/* "ok", "login-refused", "login-failed", "login-mechanism",
	   "login-signature", or of starttls_code_name, as
	   "refused-temporary" */
	const char *reason;
	char mechanism[24];        /* empty: none was chosen */
	int64_t login_us;          /* from TLS to the answer; -1: not reached */
	int64_t logout_us;
	int reply_code;            /* three digits; 0: none */
	char state[24];            /* of the dialog, where it failed */
	char reply[STARTTLS_REPLY_SIZE]; /* the peer's words, sanitised */
	char message[STARTTLS_MESSAGE_SIZE]; /* one line; empty: all is well */
	const char *advice;        /* what to do about it; NULL: nothing */
};

/* The version of GNU SASL, and that it was built with; NULL: without. */
const char *login_library(const char **ret_built);

/* What a mechanism needs. */
enum login_needs {
	LOGIN_UNKNOWN,             /* there is no such mechanism */
	LOGIN_NEEDS_PASSWORD,
	LOGIN_NEEDS_TOKEN,
	LOGIN_NEEDS_CERTIFICATE
};

/* Whether this was built with GNU SASL; if not, login_new always fails. */
bool login_is_built(void);

/**
 * login_knows: whether there is a mechanism of that name, of SASL, or
 * "native" for the protocol's own commands; case does not matter.
 */
enum login_needs login_knows(const char *mechanism);

/* Its names, one after the other, the strongest first; NULL at the end. */
const char *login_mechanism(size_t index);

/* Whether the protocol of a URL has logins. */
bool login_has(const struct starttls_url *url);

/* What login_new would not take in @options, in words; NULL: nothing. */
const char *login_objection(const struct login_options *options);

/**
 * login_new: prepare to log in over a fresh session.
 *
 * @url      what @session was made of: says the protocol, whether a greeting
 *           is to come, and for OAUTHBEARER the host and port
 *
 * Ownership: borrows @session and the text in @options.
 * Returns: 0; STARTTLS_E_INVALID (a protocol without logins, what cannot be
 * sent: control characters in a name or password, an empty one; or no GNU
 * SASL), STARTTLS_E_NOMEM
 */
int login_new(struct login **ret_login, struct starttls_session *session,
	      const struct starttls_url *url,
	      const struct login_options *options);

/**
 * login_step: go on as far as possible.
 *
 * A computation that takes long, as SCRAM's with many rounds, is bounded, but
 * not cut in pieces.
 *
 * Returns: 0 (over: the outcome says whether it worked), STARTTLS_WANT_READ,
 * STARTTLS_WANT_WRITE; or, and then for ever, those of starttls_session_read
 * and _write, STARTTLS_E_PROTOCOL, STARTTLS_E_LIMIT, STARTTLS_E_EOF,
 * STARTTLS_E_NOMEM
 */
int login_step(struct login *login);

/* What is known so far; complete once login_step has given its last word. */
void login_outcome(const struct login *login,
		   struct login_outcome *ret_outcome);

/* Forgets everything, wiped.  NULL is fine. */
void login_free(struct login *login);

#endif
