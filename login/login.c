/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * The engine of a login: takes bytes in and hands lines to the protocol's step
 * function, sends what that has to say, and knows when it is over.
 *
 * Nothing of the server counts that it said before it was asked, but for lines
 * that mean nothing (IMAP's untagged ones): a yes that was there before the
 * password is no answer to it.
 */

#include "config.h"

#include "engine.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "compat.h"
#include "loop/clock.h"

static const struct login_protocol *const protocols[] = {
	&login_ftp, &login_imap, &login_nntp, &login_pop3, &login_smtp,
	&login_submission,
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
	struct login *l;

	if (protocol == NULL || login_objection(options) != NULL)
		return STARTTLS_E_INVALID;
	l = calloc(1, sizeof(*l));
	if (l == NULL)
		return STARTTLS_E_NOMEM;
	l->protocol = protocol;
	l->session = session;
	l->url = *url;
	l->options = *options;
	l->d.own_name = starttls_session_own_name(session);
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

static bool
is_leaving(const struct login *l)
{
	return l->d.state == l->protocol->goodbye;
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
is_challenge(const struct login *l, const char *text)
{
	const char *const words[] = { l->protocol->challenge,
	    l->protocol->success };
	size_t i, len;

	for (i = 0; i < 2 && l->sasl != NULL; i++) {
		len = words[i] == NULL ? 0 : strlen(words[i]);
		if (len > 0 && strncmp(text, words[i], len) == 0 &&
		    (text[len] == ' ' || text[len] == '\0'))
			return true;
	}
	return false;
}

static enum login_verdict
hear(struct login *l, struct login_line *line, size_t len)
{
	const char *unasked = l->protocol->unasked;
	bool early = l->early > 0;

	l->early -= l->early < len ? l->early : len;
	login_trace(l, STARTTLS_RECEIVED, is_challenge(l, line->text) ?
	    "(challenge)" : line->text);
	login_keep_first(l, line);
	if (++l->lines > LOGIN_MAX_LINES)
		return login_fail(l, STARTTLS_E_LIMIT, NULL,
		    "the peer sends too many lines (%s)",
		    login_state_name(l));
	/* goodbye may cross with theirs: it was answered, and worked */
	if (early && !is_leaving(l) && (unasked == NULL ||
	    strncmp(line->text, unasked, strlen(unasked)) != 0))
		return login_fail(l, STARTTLS_E_PROTOCOL, line,
		    "the peer answers before it is asked (%s)",
		    login_state_name(l));
	return l->protocol->step(&l->d, line);
}

/* A line that is malformed may have a NUL in it: what is behind is shown. */
static void
terminate(char *line, size_t len)
{
	char *nul;

	line[len] = '\0';
	while ((nul = memchr(line, '\0', len)) != NULL)
		*nul = '\1';
}

/*
 * Cut off a line: its bytes with its end; 0: more are needed; or negative and
 * the login has failed.
 */
static ssize_t
cut(struct login *l, struct login_line *ret_line)
{
	struct unit unit;
	ssize_t n = l->protocol->frame(&l->framer, (const uint8_t *)l->in,
	    l->in_len, &unit);

	if (n == 0 && l->in_len == sizeof(l->in)) {
		login_fail(l, STARTTLS_E_LIMIT, NULL,
		    "a line of the peer is too long (%s)",
		    login_state_name(l));
		return -1;
	}
	if (n == 0)
		return 0;
	/* there is room, where its end was */
	terminate(l->in, unit.line.len);
	*ret_line = (struct login_line){
		.text = (const char *)unit.line.data,
		.code = unit.code,
		.rest = (const char *)unit.text.data,
		.first = unit.first,
		.last = unit.last,
	};
	if (n < 0)
		login_malformed(&l->d, ret_line);
	return n;
}

/* Hand on the lines that are there, until there is something to send. */
static void
hear_all(struct login *l)
{
	struct login_line line;
	ssize_t n;

	while (!l->over && l->out == NULL && (n = cut(l, &line)) > 0) {
		if (hear(l, &line, (size_t)n) == LOGIN_OVER)
			l->over = true;
		l->in_len -= (size_t)n;
		memmove(l->in, l->in + n, l->in_len);
		if (l->out != NULL)
			l->early = l->in_len;
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
	wipe(l->pending, l->pending != NULL ? strlen(l->pending) : 0);
	wipe(l->whispered, l->whispered != NULL ? strlen(l->whispered) : 0);
	explicit_bzero(l, sizeof(*l));
	free(l);
}
