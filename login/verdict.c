/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * The vocabulary of the step functions: what is said, and how it ended.
 * Credentials are sent from here, and shown nowhere.
 */

#include "config.h"

#include "engine.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "compat.h"
#include "later.h"
#include "loop/clock.h"
#include "veil.h"
#include "words/show.h"

const char *
login_state_name(const struct login *l)
{
	return l->protocol->states[l->d.state];
}

const char *
login_veil(const struct login *l, const char *text)
{
	const char *secret = l->d.secret, *said = l->whispered;

	return (secret != NULL && veil_repeats(text, secret)) ||
	    (said != NULL && said[0] != '\0' && strstr(text, said) != NULL) ?
	    VEIL : text;
}

/* The first line of a long reply is the one to be shown. */
static void
show_reply(struct login *l, const struct login_line *line)
{
	struct login_outcome *o = &l->outcome;

	if (line->first)
		clean(o->reply, sizeof(o->reply), login_veil(l, line->text));
	else
		memcpy(o->reply, l->first_line, sizeof(o->reply));
}

void
login_keep_first(struct login *l, const struct login_line *line)
{
	if (line->first && !line->last)
		clean(l->first_line, sizeof(l->first_line),
		    login_veil(l, line->text));
}

void
login_trace(const struct login *l, enum starttls_direction direction,
	    const char *text)
{
	char shown[STARTTLS_MESSAGE_SIZE];

	if (l->options.trace == NULL)
		return;
	clean(shown, sizeof(shown), direction == STARTTLS_RECEIVED ?
	    login_veil(l, text) : text);
	l->options.trace(l->options.trace_context, direction,
	    STARTTLS_PHASE_SESSION, shown);
}

static void
set_reason(struct login *l, const char *reason, const struct login_line *line,
	   const char *format, va_list args)
	__attribute__((format(printf, 4, 0)));
static bool
add_line(struct login *l, const char *shown, const char *format, va_list args)
	__attribute__((format(printf, 3, 0)));

/* The first cause counts, but for a yes: that is none. */
static void
set_reason(struct login *l, const char *reason, const struct login_line *line,
	   const char *format, va_list args)
{
	struct login_outcome *o = &l->outcome;
	size_t len;

	if (o->reason != NULL)
		return;
	o->reason = reason;
	snprintf(o->state, sizeof(o->state), "%s", login_state_name(l));
	vsnprintf(o->message, sizeof(o->message), format, args);
	if (line == NULL)
		return;
	o->reply_code = (int)line->code;
	show_reply(l, line);
	len = strlen(o->message);
	snprintf(o->message + len, sizeof(o->message) - len, ": \"%s\"",
	    o->reply);
}

void
login_blame(struct login *l, const char *reason,
	    const struct login_line *line, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	set_reason(l, reason, line, format, args);
	va_end(args);
}

enum login_verdict
login_fail(struct login *l, int code, const struct login_line *line,
	   const char *format, ...)
{
	va_list args;

	/* what happens behind a refusal is nobody's business */
	if (l->outcome.reason == NULL)
		l->code = code;
	va_start(args, format);
	set_reason(l, starttls_code_name(code), line, format, args);
	va_end(args);
	l->over = true;
	return LOGIN_OVER;
}

enum login_verdict
login_no_memory(struct login_dialog *d)
{
	return login_fail(login_of(d), STARTTLS_E_NOMEM, NULL,
	    "out of memory");
}

/* Room for more to be sent, and no copy of what was in the old one. */
static char *
extend(struct login *l, size_t len)
{
	char *out = malloc(l->out_len + len);

	if (out == NULL) {
		login_no_memory(&l->d);
		return NULL;
	}
	if (l->out != NULL) {
		memcpy(out, l->out, l->out_len);
		explicit_bzero(l->out, l->out_len);
		free(l->out);
	}
	l->out = out;
	l->d.sent++;
	return out + l->out_len;
}

static bool
add_line(struct login *l, const char *shown, const char *format, va_list args)
{
	const size_t end = l->protocol->has_no_lines ? 0 : 2;
	va_list again;
	char *line;
	int len;

	va_copy(again, args);
	len = vsnprintf(NULL, 0, format, again);
	va_end(again);
	line = extend(l, (size_t)(len < 0 ? 0 : len) + 3);
	if (line == NULL || len < 0)
		return false;
	vsnprintf(line, (size_t)len + 1, format, args);
	login_trace(l, STARTTLS_SENT, shown != NULL ? shown : line);
	memcpy(line + len, "\r\n", end);
	l->out_len += (size_t)len + end;
	return true;
}

static enum login_verdict
go_to(struct login_dialog *d, unsigned next, bool is_said)
{
	d->state = next;
	return is_said ? LOGIN_GO_ON : LOGIN_OVER;
}

enum login_verdict
login_say(struct login_dialog *d, unsigned next, const char *format, ...)
{
	va_list args;
	bool is_said;

	va_start(args, format);
	is_said = add_line(login_of(d), NULL, format, args);
	va_end(args);
	return go_to(d, next, is_said);
}

enum login_verdict
login_whisper(struct login_dialog *d, unsigned next, const char *shown,
	      const char *format, ...)
{
	va_list args;
	bool is_said;

	va_start(args, format);
	is_said = add_line(login_of(d), shown, format, args);
	va_end(args);
	return go_to(d, next, is_said);
}

void
login_add(struct login_dialog *d, const char *shown, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	add_line(login_of(d), shown, format, args);
	va_end(args);
}

enum login_verdict
login_put(struct login_dialog *d, unsigned next, const char *shown,
	  const void *data, size_t len)
{
	struct login *l = login_of(d);
	char *out = extend(l, len);

	if (out != NULL) {
		memcpy(out, data, len);
		l->out_len += len;
		login_trace(l, STARTTLS_SENT, shown);
	}
	return go_to(d, next, out != NULL);
}

enum login_verdict
login_aside(struct login_dialog *d, const char *shown, const char *format, ...)
{
	va_list args;
	bool is_said;

	va_start(args, format);
	is_said = add_line(login_of(d), shown, format, args);
	va_end(args);
	login_of(d)->is_aside = true;
	return go_to(d, d->state, is_said);
}

enum login_verdict
login_expect(struct login_dialog *d, unsigned next)
{
	d->state = next;
	return LOGIN_GO_ON;
}

enum login_verdict
login_more(struct login_dialog *d)
{
	(void)d;
	return LOGIN_GO_ON;
}

enum login_verdict
login_block(struct login_dialog *d, unsigned next)
{
	login_of(d)->framer.in_block = true;
	return login_expect(d, next);
}

void
login_restart(struct login_dialog *d)
{
	login_of(d)->framer = (struct framer){ .searched = 0 };
	login_of(d)->is_restarted = true;
}

enum login_verdict
login_keep(struct login_dialog *d, struct bytes part)
{
	struct login *l = login_of(d);

	if (part.len >= sizeof(l->kept) - l->kept_len)
		return login_fail(l, STARTTLS_E_LIMIT, NULL,
		    "what the peer says is too long (%s)",
		    login_state_name(l));
	if (part.len > 0)
		memcpy(l->kept + l->kept_len, part.data, part.len);
	l->kept_len += part.len;
	l->kept[l->kept_len] = '\0';
	return LOGIN_GO_ON;
}

enum login_verdict
login_unfit(struct login_dialog *d)
{
	struct login *l = login_of(d);

	return login_fail(l, STARTTLS_E_INVALID, NULL,
	    "the name or password is not fit for %s", l->protocol->name);
}

enum login_verdict
login_leave(struct login *l)
{
	const struct login_protocol *p = l->protocol;

	l->answered_us = loop_now_us();
	l->outcome.login_us = l->answered_us - l->started_us;
	return p->leave != NULL ? p->leave(&l->d, p->goodbye) :
	    login_say(&l->d, p->goodbye, "%s", p->logout);
}

enum login_verdict
login_not_now(struct login_dialog *d, const struct login_line *line)
{
	struct login *l = login_of(d);

	login_blame(l, starttls_code_name(STARTTLS_E_REFUSED_TEMPORARY), line,
	    "refused by the peer for now (%s)", login_state_name(l));
	return login_leave(l);
}

#define IN_PLACE_OF_PLUS(name) "TLS may end in front of the server; if that " \
	"is at its own proxy, and not an attacker, try --mechanism " name
#define IN_PLACE_OF_SCRAM(name) "some servers offer SCRAM without an account " \
	"for it: try --mechanism " name

/* The strongest first; NULL: as strong as what was refused. */
static const struct {
	const char *name, *if_bound, *if_not;
} others[] = {
	{ "SCRAM-SHA-256", IN_PLACE_OF_PLUS("SCRAM-SHA-256"), NULL },
	{ "SCRAM-SHA-1", IN_PLACE_OF_PLUS("SCRAM-SHA-1"), NULL },
	{ "native", IN_PLACE_OF_PLUS("native"), IN_PLACE_OF_SCRAM("native") },
	{ "PLAIN", IN_PLACE_OF_PLUS("PLAIN"), IN_PLACE_OF_SCRAM("PLAIN") },
	{ "LOGIN", IN_PLACE_OF_PLUS("LOGIN"), IN_PLACE_OF_SCRAM("LOGIN") },
};

void
login_advise(struct login *l)
{
	const bool is_bound = strstr(l->outcome.mechanism, "-PLUS") != NULL;
	size_t i;

	if (l->sasl == NULL || !sasl_listens(l->sasl) ||
	    (!is_bound && l->options.mechanism != NULL))
		return;
	for (i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		const int number = sasl_find(others[i].name);
		const bool is_there = number < 0 ? l->d.native :
		    (l->offered & 1u << number) != 0;
		const char *advice = is_bound ? others[i].if_bound :
		    others[i].if_not;

		if (is_there && advice != NULL) {
			l->outcome.advice = advice;
			return;
		}
	}
}

/* Whether a refusal is about the channel binding, and not the password. */
static bool
is_about_binding(const struct login *l, const char *text)
{
	return strstr(l->outcome.mechanism, "-PLUS") != NULL &&
	    (strcasestr(text, "channel-binding") != NULL ||
	    strcasestr(text, "channel binding") != NULL);
}

enum login_verdict
login_refused(struct login_dialog *d, const struct login_line *line)
{
	struct login *l = login_of(d);
	const bool is_binding = is_about_binding(l, line->text);

	login_blame(l, is_binding ? "login-failed" : "login-refused", line,
	    "%s refused by the peer (%s)", is_binding ? "channel binding" :
	    "login", l->outcome.mechanism[0] != '\0' ? l->outcome.mechanism :
	    login_state_name(l));
	login_advise(l);
	return login_leave(l);
}

enum login_verdict
login_failed(struct login_dialog *d, const struct login_line *line)
{
	struct login *l = login_of(d);
	const struct bytes text = { (const uint8_t *)line->text,
	    strlen(line->text) };

	if (line->code == 0 && starttls_says_later(text))
		return login_not_now(d, line);
	if (is_about_binding(l, line->text))
		return login_refused(d, line);
	login_blame(l, "login-failed", line,
	    "no login now, says the peer (%s)", login_state_name(l));
	return login_leave(l);
}

enum login_verdict
login_cancelled(struct login_dialog *d, const struct login_line *line)
{
	struct login *l = login_of(d);

	if (line != NULL) {
		l->outcome.reply_code = (int)line->code;
		show_reply(l, line);
	}
	return login_leave(l);
}

enum login_verdict
login_malformed(struct login_dialog *d, const struct login_line *line)
{
	struct login *l = login_of(d);

	return login_fail(l, STARTTLS_E_PROTOCOL, line,
	    "not a legal reply (%s)", login_state_name(l));
}

enum login_verdict
login_goodbye(struct login_dialog *d)
{
	(void)d;
	return LOGIN_OVER;
}

enum login_verdict
login_bug(struct login_dialog *d)
{
	return login_fail(login_of(d), STARTTLS_E_STATE, NULL,
	    "the dialog reached no state of its own");
}

enum login_verdict
login_no(struct login_dialog *d, const struct login_line *line)
{
	if (line->code >= 400 && line->code <= 499)
		return login_not_now(d, line);
	if (line->code >= 500 && line->code <= 599)
		return login_failed(d, line);
	return login_malformed(d, line);
}

const char *
login_behind(const char *text, const char *words)
{
	size_t len = strlen(words);

	if (strncasecmp(text, words, len) != 0 ||
	    (text[len] != ' ' && text[len] != '\0'))
		return NULL;
	return text[len] == ' ' ? text + len + 1 : text + len;
}

bool
login_starts(const char *text, const char *start)
{
	return strncasecmp(text, start, strlen(start)) == 0;
}

const char *
login_next(const char *text)
{
	text += strcspn(text, " ");
	return text + strspn(text, " ");
}
