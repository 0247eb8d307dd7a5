/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * The server's side of the preamble engine: it answers commands, refuses what
 * must not happen in the clear, and gives the go-ahead.
 *
 * Invariant: the go-ahead is sent only if nothing stands behind the upgrade
 * command, neither in our buffer nor, as the owner looks once more, in the
 * transport (CVE-2011-0411 and its family).  No command is looked at while a
 * reply waits to be sent, so output is bounded as input is.  A command does
 * nothing but choose a constant reply, so nothing of it is left after TLS.
 *
 * What a client sends here may be a password that should not have been sent: no
 * trace and no error shows more of it than the name of a known command, and
 * starttls_preamble_fail() quotes no client.  IMAP's tag and what a client
 * wants to have back (PING) are in the reply, but in no trace.
 */

#include "config.h"

#include "serve.h"

#include <stdio.h>
#include <string.h>

#define MAX_ECHO 256

static const struct bytes nothing;

static bool
append(struct preamble *p, const char *text, size_t len)
{
	if (len > sizeof(p->out) - p->out_len)
		return false;
	if (len > 0)
		memcpy(p->out + p->out_len, text, len);
	p->out_len += len;
	return true;
}

/* One line of a reply: our name for each '$', @echo for '%', and its end. */
static bool
append_line(struct preamble *p, const char *line, size_t len,
	    struct bytes echo)
{
	const char *const name = p->dialog.own_name, *end = line + len;
	bool fits = true;

	for (; fits && line < end; line++) {
		if (*line == '$')
			fits = append(p, name, strlen(name));
		else if (*line == '%')
			fits = append(p, (const char *)echo.data, echo.len);
		else
			fits = append(p, line, 1);
	}
	return fits && append(p, starttls_preamble_line_end(p),
	    strlen(starttls_preamble_line_end(p)));
}

/* Have a reply sent, see protocols/protocol.h for its form. */
static void
reply(struct preamble *p, const char *text, struct bytes echo)
{
	bool fits = true;

	p->out_len = p->out_done = 0;
	while (text != NULL && fits) {
		const char *end = strchr(text, '\n');
		size_t len = end == NULL ? strlen(text) :
		    (size_t)(end - text);

		if (end == NULL && p->dialog.tag[0] != '\0')
			fits = append(p, p->dialog.tag,
			    strlen(p->dialog.tag)) && append(p, " ", 1);
		fits = fits && append_line(p, text, len, echo);
		text = end == NULL ? NULL : end + 1;
	}
	if (!fits) {               /* a name too long for any reply */
		p->out_len = 0;
		starttls_preamble_fail(p, STARTTLS_E_INVALID, NULL,
		    "a reply that does not fit (name too long?)");
	}
}

static void
reply_bytes(struct preamble *p, const void *data, size_t len)
{
	p->out_len = p->out_done = 0;
	p->raw = true;
	append(p, data, len);
}

/* In place of a reply, and of its name. */
static void
reply_words(struct preamble *p, struct words words)
{
	p->shown = NULL;
	if (words.len > 0)
		reply_bytes(p, words.text, words.len);
	else
		reply(p, words.text, nothing);
}

/* The end, once what waits to be sent is sent. */
static void
leave(struct preamble *p)
{
	p->status = p->out_len > 0 ? PREAMBLE_LEAVING : PREAMBLE_FAILED;
}

void
starttls_preamble_hang_up(struct preamble *p)
{
	if (!starttls_preamble_is_server(p) || p->status == PREAMBLE_LEAVING)
		return;
	/* a go-ahead is not given any more; one that is half said is the end */
	if (p->status == PREAMBLE_ACCEPTING) {
		p->out_len = 0;
		if (p->out_done > 0) {
			p->out_done = 0;
			p->status = PREAMBLE_FAILED;
			return;
		}
	}
	if (p->out_len == 0) {
		p->dialog.tag[0] = '\0';
		reply_words(p, p->protocol->serve_rules.hangup);
	}
	leave(p);
}

/* The client is at fault: say so, once, and end. */
static void __attribute__((format(printf, 3, 4)))
end(struct preamble *p, int code, const char *format, ...)
{
	char why[STARTTLS_MESSAGE_SIZE];
	va_list args;

	va_start(args, format);
	vsnprintf(why, sizeof(why), format, args);
	va_end(args);
	starttls_preamble_fail(p, code, NULL, "%s", why);
	starttls_preamble_hang_up(p);
}

static void
refuse_pipelined(struct preamble *p)
{
	starttls_preamble_fail(p, STARTTLS_E_EARLY_DATA, NULL,
	    "%zu byte%s of cleartext behind the upgrade command", p->in_len,
	    p->in_len == 1 ? "" : "s");
	reply_words(p, p->protocol->serve_rules.pipelined);
	leave(p);
}

static bool
begins_with(struct bytes b, const char *text)
{
	size_t len = strlen(text);

	return b.len >= len && memcmp(b.data, text, len) == 0;
}

/* HTTP and its kind, or SSH: they will not come to anything here. */
static bool
is_alien(struct bytes line)
{
	struct bytes rest = line, word = line;

	if (begins_with(line, "SSH-"))
		return true;
	while (rest.len > 0)
		word = bytes_word(&rest);
	return begins_with(word, "HTTP/") || begins_with(word, "SIP/") ||
	    begins_with(word, "RTSP/");
}

static void
take(struct preamble *p, const struct unit *unit, size_t len)
{
	enum verdict verdict = is_alien(unit->line) ? VERDICT_FAILED :
	    p->protocol->serve_rules.step(&p->dialog, unit);

	starttls_preamble_drop(p, len);
	switch (verdict) {
	case VERDICT_GO_ON:
		if (p->refusals > PREAMBLE_MAX_REFUSALS ||
		    p->lines > PREAMBLE_MAX_COMMANDS) {
			p->out_len = 0;
			end(p, STARTTLS_E_LIMIT,
			    "more than %d commands or %d refusals before TLS",
			    PREAMBLE_MAX_COMMANDS, PREAMBLE_MAX_REFUSALS);
		}
		break;
	case VERDICT_ACCEPT:
		p->status = PREAMBLE_ACCEPTING;
		if (p->in_len > 0)
			refuse_pipelined(p);
		break;
	case VERDICT_LEAVE:
		starttls_preamble_fail(p, STARTTLS_E_EOF, NULL,
		    "the client said goodbye without TLS");
		leave(p);
		break;
	case VERDICT_UPGRADE: /* a client's */
	case VERDICT_DONE:
	case VERDICT_FAILED:
		end(p, STARTTLS_E_PROTOCOL, "the client speaks what cannot "
		    "be understood before TLS");
		break;
	}
}

void
starttls_serve_advance(struct preamble *p)
{
	struct unit unit;
	ssize_t n;

	if (p->status == PREAMBLE_ACCEPTING && p->in_len > 0)
		refuse_pipelined(p);
	while (p->status == PREAMBLE_RUNNING && p->in_len > 0 &&
	    p->out_len == 0) {
		n = p->protocol->serve_rules.frame(&p->framer, p->in,
		    p->in_len, &unit);
		if (n == 0 && p->in_len < sizeof(p->in))
			return;
		if (n == 0 || n == STARTTLS_E_LIMIT)
			end(p, STARTTLS_E_LIMIT, "a command that is longer "
			    "than any is here");
		else if (n < 0)
			end(p, (int)n, "no command: NUL, a bare CR or LF, or "
			    "a malformed message");
		else if (!starttls_preamble_count(p, (size_t)n))
			starttls_preamble_hang_up(p);
		else
			take(p, &unit, (size_t)n);
	}
}

void
starttls_serve_sent(struct preamble *p)
{
	switch (p->status) {
	case PREAMBLE_ACCEPTING:
		p->status = PREAMBLE_UPGRADE;
		break;
	case PREAMBLE_LEAVING:
		p->status = PREAMBLE_FAILED;
		break;
	case PREAMBLE_RUNNING:
	case PREAMBLE_UPGRADE:
	case PREAMBLE_DONE:
	case PREAMBLE_FAILED:
		starttls_serve_advance(p);
		break;
	}
}

void
starttls_preamble_serve(struct preamble *p,
			const struct starttls_protocol *protocol,
			enum starttls_stage from, const char *own_name,
			struct starttls_error *error)
{
	memset(p, 0, offsetof(struct preamble, in));
	p->protocol = protocol;
	p->error = error;
	p->dialog.own_name = own_name;
	p->framer.wanted = protocol->serve_rules.wanted;
	p->phase = STARTTLS_PHASE_PREAMBLE;
	if (from == STARTTLS_GREETING)
		reply(p, protocol->serve_rules.greeting, nothing);
}

/* The words of @name at the front of @line; what is behind them: @rest. */
static bool
is_command(struct bytes line, const char *name, struct bytes *rest)
{
	struct bytes words = line;
	size_t len = strlen(name);

	if (line.len < len || (line.len > len && line.data[len] != ' '))
		return false;
	words.len = len;
	if (!bytes_equal(words, name))
		return false;
	rest->data = line.data + len;
	rest->len = line.len - len;
	while (rest->len > 0 && rest->data[0] == ' ') {
		rest->data++;
		rest->len--;
	}
	return true;
}

/* Whether it may be given back: no line end is in it, and an end to it. */
static bool
is_echo(struct bytes b)
{
	size_t i;

	for (i = 0; i < b.len; i++)
		if (b.data[i] < ' ' || b.data[i] > '~')
			return false;
	return b.len > 0 && b.len <= MAX_ECHO;
}

static bool
fits_arguments(enum arguments arguments, struct bytes rest)
{
	switch (arguments) {
	case OPTIONAL:
		return true;
	case NEEDED:
		return rest.len > 0;
	case NONE:
		return rest.len == 0;
	case ECHOED:
		return is_echo(rest);
	}
	return false;
}

/* What comes of it, when the reply is there. */
static enum verdict
act(struct preamble *p, enum action action)
{
	if (p->status != PREAMBLE_RUNNING)
		return VERDICT_FAILED;
	switch (action) {
	case REFUSE:
		p->refusals++;
		return VERDICT_GO_ON;
	case ANSWER:
		return VERDICT_GO_ON;
	case LEAVE:
		return VERDICT_LEAVE;
	case UPGRADE:
		return VERDICT_ACCEPT;
	case HANG_UP:
		break;
	}
	p->out_len = 0;            /* the last words are the same for all */
	return VERDICT_FAILED;
}

enum verdict
starttls_serve(struct dialog *d, struct bytes line,
	       const struct command *commands)
{
	struct preamble *p = starttls_preamble_of(d);
	const struct command *c = commands;
	struct bytes rest = line;
	const char *shown;
	bool wrong;

	while (line.len > 0 && (line.data[line.len - 1] == ' ' ||
	    line.data[line.len - 1] == '\t'))
		line.len--;
	while (c->name != NULL && !is_command(line, c->name, &rest))
		c++;
	shown = c->name != NULL && c->name[0] != '\0' ? c->name :
	    "(unknown command)";
	starttls_preamble_trace(p, STARTTLS_RECEIVED, shown, strlen(shown));
	wrong = c->name != NULL && !fits_arguments(c->arguments, rest);
	reply(p, wrong ? c->wrong : c->reply, wrong ? nothing : rest);
	return act(p, wrong ? REFUSE : c->action);
}

enum verdict
starttls_answer(struct dialog *d, const char *what, enum action action,
		const void *data, size_t len)
{
	struct preamble *p = starttls_preamble_of(d);

	if (len > sizeof(p->out))
		return bug(d);
	starttls_preamble_trace(p, STARTTLS_RECEIVED, what, strlen(what));
	reply_bytes(p, data, len);
	return act(p, action);
}
