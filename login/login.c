/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * The engine of a login: takes bytes in and hands lines or messages to the
 * protocol's step function, sends what that has to say, and knows when it is
 * over.
 *
 * Nothing of the server counts that it said before it was asked, but for lines
 * that mean nothing (IMAP's untagged ones): a yes that was there before the
 * password is no answer to it.
 */

#include "config.h"

#include "engine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <gnutls/crypto.h>

#include "compat.h"
#include "loop/clock.h"

static const struct login_protocol *const protocols[] = {
	&login_ftp, &login_imap, &login_irc, &login_ldap, &login_nntp,
	&login_pop3, &login_sieve, &login_smtp, &login_submission, &login_xmpp,
};

bool
login_is_built(void)
{
	return true;
}

enum login_needs
login_knows(const char *mechanism)
{
	int number = sasl_find(mechanism);

	if (strcasecmp(mechanism, "native") == 0)
		return LOGIN_NEEDS_PASSWORD;
	return number < 0 ? LOGIN_UNKNOWN : sasl_needs((unsigned)number);
}

const char *
login_mechanism(size_t index)
{
	const char *name = sasl_name((unsigned)index);

	if (name != NULL)
		return name;
	return index > 0 && sasl_name((unsigned)index - 1) != NULL ?
	    "native" : NULL;
}

static const struct login_protocol *
find_protocol(const struct starttls_url *url)
{
	const char *name = starttls_protocol_scheme(url->protocol,
	    STARTTLS_GREETING);
	size_t i;

	for (i = 0; i < sizeof(protocols) / sizeof(protocols[0]); i++)
		if (strcmp(protocols[i]->name, name) == 0)
			return protocols[i];
	return NULL;
}

const char *
login_objection(const struct login_options *o)
{
	const char *p;

	if (o->secret != NULL && (o->user == NULL || o->user[0] == '\0'))
		return "no user is named";
	if (o->secret != NULL && o->secret[0] == '\0')
		return "the password or token is empty";
	for (p = o->user; p != NULL && *p != '\0'; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			return "the user's name has control characters";
	for (p = o->secret; p != NULL && *p != '\0'; p++)
		if (o->is_token ? *p < 0x21 || *p > 0x7e :
		    *p == '\r' || *p == '\n')
			return "the password or token has characters that "
			    "cannot be sent";
	return NULL;
}

bool
login_has(const struct starttls_url *url)
{
	return find_protocol(url) != NULL;
}

int
login_new(struct login **ret_login, struct starttls_session *session,
	  const struct starttls_url *url, const struct login_options *options)
{
	const struct login_protocol *protocol = find_protocol(url);
	struct starttls_report report = { .size = sizeof(report) };
	struct login *l;
	int rc;

	if (protocol == NULL || login_objection(options) != NULL)
		return STARTTLS_E_INVALID;
	rc = starttls_session_report(session, &report);
	if (rc != 0)
		return rc;
	l = calloc(1, sizeof(*l));
	if (l == NULL)
		return STARTTLS_E_NOMEM;
	l->protocol = protocol;
	l->session = session;
	l->url = *url;
	l->options = *options;
	snprintf(l->peer_name, sizeof(l->peer_name), "%s", report.host);
	l->d.own_name = starttls_session_own_name(session);
	l->d.peer_name = l->peer_name;
	l->d.kept = l->kept;
	gnutls_rnd(GNUTLS_RND_NONCE, &l->d.random, sizeof(l->d.random));
	l->d.by_name = options->mechanism != NULL;
	l->d.user = options->user;
	l->d.secret = options->secret;
	l->d.native = protocol->has_native;
	l->d.state = url->from == STARTTLS_HANDSHAKE ? protocol->greeting :
	    protocol->begin;
	l->outcome.tried = true;
	l->outcome.login_us = l->outcome.logout_us = -1;
	*ret_login = l;
	return 0;
}

static enum login_verdict
session_failed(struct login *l, int code)
{
	struct starttls_error error = { .code = 0 };

	if (code == STARTTLS_E_TIMEOUT)
		return login_fail(l, code, NULL, "the deadline passed before "
		    "the peer was done (%s)", login_state_name(l));
	starttls_session_error(l->session, &error);
	return login_fail(l, code, NULL, "%s (%s)", error.message[0] != '\0' ?
	    error.message : starttls_code_name(code), login_state_name(l));
}

/* The answer is there: what is left are the manners. */
static bool
is_leaving(const struct login *l)
{
	return l->answered_us != 0;
}

/* 0 if all is sent, a WANT_*, or it is over. */
static int
write_out(struct login *l)
{
	ssize_t n;

	while (l->out_at < l->out_len) {
		n = starttls_session_write(l->session, l->out + l->out_at,
		    l->out_len - l->out_at);
		if (n == STARTTLS_WANT_READ || n == STARTTLS_WANT_WRITE)
			return (int)n;
		if (n < 0) {
			/* goodbye to somebody who has hung up */
			if (n == STARTTLS_E_IO && is_leaving(l))
				l->over = true;
			else
				session_failed(l, (int)n);
			return 0;
		}
		l->out_at += (size_t)n;
	}
	if (l->out != NULL)
		explicit_bzero(l->out, l->out_len);
	free(l->out);
	l->out = NULL;
	l->out_at = l->out_len = 0;
	return 0;
}

/* 0, a WANT_*, or it is over. */
static int
read_in(struct login *l)
{
	ssize_t n = starttls_session_read(l->session, l->in + l->in_len,
	    sizeof(l->in) - l->in_len);

	if (n == STARTTLS_WANT_READ || n == STARTTLS_WANT_WRITE)
		return (int)n;
	if (n > 0) {
		l->in_len += (size_t)n;
		l->total += (size_t)n;
		if (l->total > LOGIN_MAX_TOTAL)
			login_fail(l, STARTTLS_E_LIMIT, NULL,
			    "the peer sends too much (%s)",
			    login_state_name(l));
		return 0;
	}
	/* goodbye was said: a peer that just hangs up is no failure */
	if (is_leaving(l) && (n == 0 || n == STARTTLS_E_TRUNCATED ||
	    n == STARTTLS_E_IO))
		l->over = true;
	else if (n == 0)
		login_fail(l, STARTTLS_E_EOF, NULL,
		    "the peer closed the connection (%s)",
		    login_state_name(l));
	else
		session_failed(l, (int)n);
	return 0;
}

static bool
is_challenge(const struct login *l, const struct login_line *line)
{
	return l->sasl != NULL && l->protocol->is_challenge != NULL &&
	    l->protocol->is_challenge(&l->d, line);
}

static enum login_verdict
hear(struct login *l, struct login_line *line, bool early)
{
	const struct login_protocol *p = l->protocol;

	login_trace(l, STARTTLS_RECEIVED, is_challenge(l, line) ?
	    "(challenge)" : line->text);
	login_keep_first(l, line);
	if (++l->lines > LOGIN_MAX_LINES)
		return login_fail(l, STARTTLS_E_LIMIT, NULL,
		    "the peer sends too many lines (%s)",
		    login_state_name(l));
	/* goodbye may cross with theirs: it was answered, and worked */
	if (early && !is_leaving(l) && (p->is_unasked == NULL ||
	    !p->is_unasked(line)))
		return login_fail(l, STARTTLS_E_PROTOCOL, line,
		    "the peer answers before it is asked (%s)",
		    login_state_name(l));
	return p->step(&l->d, line);
}

/* What people read of a unit; one that is malformed may have a NUL in it, and
   what is behind it is shown. */
static void
describe(struct login *l, const struct unit *u, struct login_line *ret_line)
{
	const bool is_line = l->protocol->read == NULL && u->text.data != NULL;
	size_t name_len = 0, len = u->line.len;
	char *nul;

	if (u->name != NULL) {
		snprintf(l->text, sizeof(l->text), "%s%s", u->name,
		    len > 0 ? ": " : "");
		name_len = strlen(l->text);
	}
	if (len > sizeof(l->text) - 1 - name_len)
		len = sizeof(l->text) - 1 - name_len;
	if (len > 0)
		memcpy(l->text + name_len, u->line.data, len);
	len += name_len;
	l->text[len] = '\0';
	while ((nul = memchr(l->text, '\0', len)) != NULL)
		*nul = '\1';
	*ret_line = (struct login_line){
		.text = l->text,
		.code = u->code,
		.rest = l->text + (is_line ? u->text.data - u->line.data : 0),
		.first = u->first || l->protocol->has_no_lines,
		.last = u->last || l->protocol->has_no_lines,
		.unit = u,
	};
}

/*
 * Cut off a line or message: its bytes with its end; 0: more are needed; or
 * negative and the login has failed.
 */
static ssize_t
cut(struct login *l, struct unit *ret_unit, struct login_line *ret_line)
{
	const struct login_protocol *p = l->protocol;
	ssize_t n = l->in_len == 0 ? 0 : p->frame(&l->framer,
	    (const uint8_t *)l->in, l->in_len, ret_unit);

	if (n == STARTTLS_E_LIMIT || (n == 0 && l->in_len == sizeof(l->in))) {
		login_fail(l, STARTTLS_E_LIMIT, NULL,
		    "a %s of the peer is too long (%s)", p->has_no_lines ?
		    "message" : "line", login_state_name(l));
		return -1;
	}
	if (n == 0)
		return 0;
	if (n > 0 && !ret_unit->blank && p->read != NULL &&
	    !p->read(ret_unit))
		n = -1;
	describe(l, ret_unit, ret_line);
	if (n < 0)
		login_malformed(&l->d, ret_line);
	return n;
}

/* Hand on the lines that are there, until there is something to send. */
static void
hear_all(struct login *l)
{
	struct login_line line;
	struct unit unit;
	bool early;
	ssize_t n;

	while (!l->over && l->out == NULL && (n = cut(l, &unit, &line)) > 0) {
		early = l->early > 0;
		l->early -= early && l->early > (size_t)n ? (size_t)n :
		    l->early;
		if (!unit.blank && hear(l, &line, early) == LOGIN_OVER)
			l->over = true;
		l->in_len = l->is_restarted ? 0 : l->in_len - (size_t)n;
		l->is_restarted = false;
		memmove(l->in, l->in + n, l->in_len);
		if (l->out != NULL && !l->is_aside)
			l->early = l->in_len;
		l->is_aside = false;
	}
}

static int
finish(struct login *l)
{
	struct login_outcome *o = &l->outcome;
	int64_t now = loop_now_us();

	if (l->answered_us == 0)
		o->login_us = now - l->started_us;
	else
		o->logout_us = now - l->answered_us;
	if (o->reason == NULL) {
		o->reason = "ok";
		o->ok = true;
	}
	/* whether or not it gets there */
	if (l->code == 0 && starttls_session_shutdown(l->session) != 0)
		return 0;
	return l->code;
}

int
login_step(struct login *l)
{
	int rc;

	if (l->over)
		return l->code;
	if (!l->started) {
		l->started = true;
		l->started_us = loop_now_us();
		if (l->protocol->step(&l->d, NULL) == LOGIN_OVER)
			l->over = true;
	}
	while (!l->over) {
		rc = write_out(l);
		if (rc != 0)
			return rc;
		if (is_leaving(l) && l->protocol->has_last_words) {
			l->over = true;
			continue;
		}
		hear_all(l);
		if (l->over || l->out != NULL)
			continue;
		rc = read_in(l);
		if (rc != 0)
			return rc;
	}
	return finish(l);
}

void
login_outcome(const struct login *l, struct login_outcome *ret_outcome)
{
	*ret_outcome = l->outcome;
	if (ret_outcome->reason == NULL)
		ret_outcome->reason = "deadline";
}

static void
wipe(char *text, size_t len)
{
	if (text != NULL)
		explicit_bzero(text, len);
	free(text);
}

void
login_free(struct login *l)
{
	if (l == NULL)
		return;
	sasl_free(l->sasl);
	wipe(l->out, l->out_len);
	wipe(l->pending, l->pending_len);
	wipe(l->whispered, l->whispered != NULL ? strlen(l->whispered) : 0);
	explicit_bzero(l, sizeof(*l));
	free(l);
}
