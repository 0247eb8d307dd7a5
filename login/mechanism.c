/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * The part of the vocabulary that is about mechanisms: which one, its
 * challenges and responses in base64, and what a yes or a no is worth.  There
 * is one attempt with one mechanism; after a refusal comes goodbye.
 */

#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "compat.h"
#include "engine.h"
#include "words/show.h"

void
login_offers(struct login_dialog *d, const char *mechanisms)
{
	struct login *l = login_of(d);
	const char *shown = login_veil(l, mechanisms);
	size_t len, had = strlen(l->offers);
	char word[32];
	int number;

	if (had > 0 && had < sizeof(l->offers) - 1)
		l->offers[had++] = ' ';
	snprintf(l->offers + had, sizeof(l->offers) - had, "%s", shown);
	for (; *mechanisms != '\0'; mechanisms += len) {
		mechanisms += strspn(mechanisms, " ");
		len = strcspn(mechanisms, " ");
		if (len == 0 || len >= sizeof(word))
			continue;
		memcpy(word, mechanisms, len);
		word[len] = '\0';
		number = sasl_find(word);
		if (number >= 0)
			l->offered |= 1u << number;
	}
}

void
login_offers_none(struct login_dialog *d)
{
	struct login *l = login_of(d);

	l->offered = 0;
	l->offers[0] = '\0';
}

/* Keep what is said, to know it again. */
static void
remember(struct login *l, char *said)
{
	if (l->whispered != NULL) {
		explicit_bzero(l->whispered, strlen(l->whispered));
		free(l->whispered);
	}
	l->whispered = said;
}

static enum login_verdict
unable(struct login *l, enum sasl_result result)
{
	if (result == SASL_TOO_LONG)
		return login_fail(l, STARTTLS_E_LIMIT, NULL,
		    "the peer asks for too many rounds of hashing (%s)",
		    login_state_name(l));
	if (result == SASL_UNPREPARED)
		return login_fail(l, STARTTLS_E_INVALID, NULL,
		    "the name or password is not fit for %s (RFC 4013)",
		    l->outcome.mechanism);
	return login_no_memory(&l->d);
}

/* Say a message of the mechanism, which is wiped; NULL: only its name, or that
   we want no more of it. */
static enum login_verdict
respond(struct login *l, unsigned next, enum login_move move, char *data,
	size_t len)
{
	struct login_response r = {
		.move = move,
		.mechanism = l->outcome.mechanism,
		.data = { (const uint8_t *)data, len },
	};
	enum login_verdict verdict;
	char *said;

	l->kept_len = 0;
	l->kept[0] = '\0';
	if (data != NULL) {
		said = sasl_encode(data, len);
		if (said == NULL) {
			sasl_free_data(data, len);
			return login_no_memory(&l->d);
		}
		remember(l, said);
		r.text = said;
	}
	verdict = l->protocol->respond(&l->d, next, &r);
	sasl_free_data(data, len);
	return verdict;
}

enum login_verdict
login_respond_in_lines(struct login_dialog *d, unsigned next,
		       const struct login_response *r)
{
	const struct login_protocol *p = login_of(d)->protocol;
	char shown[64];

	if (r->move == LOGIN_CANCEL)
		return login_say(d, next, "*");
	if (r->move == LOGIN_RESPOND)
		return login_whisper(d, next, "(credentials)", "%s",
		    r->text[0] != '\0' ? r->text : p->empty);
	if (r->text == NULL)
		return login_say(d, next, "%s %s", p->authenticate,
		    r->mechanism);
	snprintf(shown, sizeof(shown), "%s %s (credentials)", p->authenticate,
	    r->mechanism);
	return login_whisper(d, next, shown, "%s %s %s", p->authenticate,
	    r->mechanism, r->text[0] != '\0' ? r->text : "=");
}

/* Of a command with its response, which is base64 then. */
static bool
is_too_long(const struct login *l, size_t len)
{
	const struct login_protocol *p = l->protocol;

	return p->max_command > 0 && strlen(p->authenticate) +
	    strlen(l->outcome.mechanism) + (len + 2) / 3 * 4 + 4 >
	    p->max_command;
}

/* Begin; what the mechanism has to say first may have to wait. */
static enum login_verdict
authenticate(struct login *l, unsigned next)
{
	enum sasl_result result;
	char *data = NULL;
	size_t len = 0;

	if (!sasl_speaks_first(l->sasl))
		return respond(l, next, LOGIN_BEGIN, NULL, 0);
	result = sasl_step(l->sasl, "", 0, &data, &len);
	if (result != SASL_RESPONSE)
		return unable(l, result);
	if (l->d.initial && !is_too_long(l, len))
		return respond(l, next, LOGIN_BEGIN, data, len);
	l->pending = data;
	l->pending_len = len;
	return respond(l, next, LOGIN_BEGIN, NULL, 0);
}

static enum login_verdict
no_mechanism(struct login *l)
{
	const char *named = l->options.mechanism;
	char shown[sizeof(l->offers)];

	clean(shown, sizeof(shown), login_veil(l, l->offers));
	if (shown[0] == '\0' && !l->d.native)
		login_blame(l, "login-mechanism", NULL, "the peer offers no login");
	else
		login_blame(l, "login-mechanism", NULL,
		    "no login with %s: the peer offers%s%s%s",
		    named != NULL ? named :
		    l->options.secret == NULL ? "a certificate" :
		    l->options.is_token ? "a token" : "a password",
		    shown[0] != '\0' ? " " : "", shown,
		    l->d.native ? " native" : "");
	return login_leave(l);
}

enum login_verdict
login_begin(struct login_dialog *d, unsigned sasl, unsigned native)
{
	struct login *l = login_of(d);
	const char *named = l->options.mechanism;
	int rc, number = sasl_choose(l->offered, &l->options, l->session);
	bool fits = l->options.secret != NULL && !l->options.is_token &&
	    (named == NULL || strcasecmp(named, "native") == 0);

	if (number >= 0) {
		snprintf(l->outcome.mechanism, sizeof(l->outcome.mechanism),
		    "%s", sasl_name((unsigned)number));
		rc = sasl_new(&l->sasl, (unsigned)number, &l->options,
		    l->session, &l->url);
		if (rc != 0)
			return login_fail(l, rc, NULL,
			    "the mechanism %s cannot begin",
			    l->outcome.mechanism);
		return authenticate(l, sasl);
	}
	if (!d->native || !fits)
		return no_mechanism(l);
	snprintf(l->outcome.mechanism, sizeof(l->outcome.mechanism), "native");
	d->state = native;
	return l->protocol->step(d, NULL);
}

/* The command went without its response: now is the time. */
static enum login_verdict
say_pending(struct login *l)
{
	char *data = l->pending;

	l->pending = NULL;
	return respond(l, l->d.state, LOGIN_RESPOND, data, l->pending_len);
}

/* A refusal in a challenge, "e=REASON" (RFC 5802 section 7). */
static void
blame_challenge(struct login *l, const char *challenge)
{
	const bool is_binding = strstr(challenge, "channel-binding") != NULL;
	const bool is_later =
	    login_behind(challenge, "e=no-resources") != NULL;
	char shown[80];

	clean(shown, sizeof(shown), login_veil(l, challenge));
	login_blame(l, is_binding ? "login-failed" : is_later ?
	    starttls_code_name(STARTTLS_E_REFUSED_TEMPORARY) :
	    "login-refused", NULL, "%s by the peer (%s %s): \"%s\"", is_binding ?
	    "channel binding refused" : "login refused", login_state_name(l),
	    l->outcome.mechanism, shown);
	login_advise(l);
}

/* @text is NUL-terminated as well. */
static enum login_verdict
answer(struct login *l, const char *text, size_t size, unsigned cancelled)
{
	char *data = NULL;
	size_t len = 0;
	enum sasl_result result = sasl_step(l->sasl, text, size, &data, &len);

	switch (result) {
	case SASL_RESPONSE:
		return respond(l, l->d.state, LOGIN_RESPOND, data, len);
	case SASL_REFUSED:
		blame_challenge(l, text);
		return respond(l, cancelled, LOGIN_CANCEL, NULL, 0);
	case SASL_FORGED:
		login_blame(l, "login-signature", NULL, "the peer does not know the "
		    "password: its signature is wrong (%s)",
		    l->outcome.mechanism);
		return respond(l, cancelled, LOGIN_CANCEL, NULL, 0);
	case SASL_TOO_LONG:
	case SASL_UNPREPARED:
	case SASL_NO_MEMORY:
		return unable(l, result);
	case SASL_MALFORMED:
		break;
	}
	return login_malformed(&l->d, NULL);
}

/* With a NUL behind it; NULL: no memory. */
static char *
copy_bytes(struct bytes b)
{
	char *copy = calloc(1, b.len + 1);

	if (copy != NULL && b.len > 0)
		memcpy(copy, b.data, b.len);
	return copy;
}

/* NULL: no base64. */
static char *
decode(const struct login *l, const char *text, size_t *ret_len)
{
	return sasl_decode(strcmp(text, l->protocol->empty) == 0 ? "" : text,
	    ret_len);
}

enum login_verdict
login_answer(struct login_dialog *d, const char *challenge, unsigned cancelled)
{
	struct login *l = login_of(d);
	enum login_verdict verdict;
	size_t size;
	char *text;

	/* there is nothing yet that it could be about */
	if (l->pending != NULL)
		return say_pending(l);
	text = decode(l, sasl_listens(l->sasl) ? challenge : "", &size);
	if (text == NULL)
		return login_malformed(d, NULL);
	verdict = answer(l, text, size, cancelled);
	sasl_free_data(text, size);
	return verdict;
}

enum login_verdict
login_answer_bytes(struct login_dialog *d, struct bytes challenge,
		   unsigned cancelled)
{
	struct login *l = login_of(d);
	enum login_verdict verdict;
	char *text;

	if (l->pending != NULL)
		return say_pending(l);
	if (!sasl_listens(l->sasl))
		challenge.len = 0;
	text = copy_bytes(challenge);
	if (text == NULL)
		return login_no_memory(d);
	verdict = answer(l, text, challenge.len, cancelled);
	sasl_free_data(text, challenge.len);
	return verdict;
}

/* What came with the yes: the server's signature, and nothing else. */
static enum sasl_result
take_last(struct login *l, const char *text, size_t size)
{
	char *data = NULL;
	size_t len = 0;
	enum sasl_result result = sasl_step(l->sasl, text, size, &data, &len);

	if (result != SASL_RESPONSE)
		return result;
	sasl_free_data(data, len);
	return len == 0 ? SASL_RESPONSE : SASL_MALFORMED;
}

/* @text is NUL-terminated as well; NULL: nothing came with it. */
static enum login_verdict
accepted(struct login *l, const char *text, size_t size,
	 const struct login_line *line)
{
	enum sasl_result result = SASL_RESPONSE;

	if (text != NULL && l->pending == NULL)
		result = take_last(l, text, size);
	if (result == SASL_FORGED)
		login_blame(l, "login-signature", NULL, "the peer does not know the "
		    "password: its signature is wrong (%s)",
		    l->outcome.mechanism);
	else if (result != SASL_RESPONSE || l->pending != NULL)
		return login_malformed(&l->d, line);
	else if (!sasl_is_done(l->sasl) && sasl_wants_proof(l->sasl))
		login_blame(l, "login-signature", NULL, "the peer says yes, but "
		    "does not show that it knows the password (%s)",
		    l->outcome.mechanism);
	else if (!sasl_is_done(l->sasl))
		return login_malformed(&l->d, line);
	return login_leave(l);
}

enum login_verdict
login_accepted(struct login_dialog *d, const char *data,
	       const struct login_line *line)
{
	struct login *l = login_of(d);
	enum login_verdict verdict;
	char *text = NULL;
	size_t size = 0;

	if (l->sasl == NULL)
		return login_leave(l);
	if (data != NULL)
		text = decode(l, data, &size);
	if (data != NULL && text == NULL)
		return login_malformed(d, line);
	verdict = accepted(l, text, size, line);
	sasl_free_data(text, size);
	return verdict;
}

enum login_verdict
login_accepted_bytes(struct login_dialog *d, const struct bytes *data,
		     const struct login_line *line)
{
	struct login *l = login_of(d);
	enum login_verdict verdict;
	char *text;

	if (l->sasl == NULL || data == NULL)
		return login_accepted(d, NULL, line);
	text = copy_bytes(*data);
	if (text == NULL)
		return login_no_memory(d);
	verdict = accepted(l, text, data->len, line);
	sasl_free_data(text, data->len);
	return verdict;
}
