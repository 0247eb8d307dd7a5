/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * The engine of the cleartext preamble, without I/O: buffers, limits, what
 * may be sent, traces, and the refusal of early data, for every protocol.
 *
 * Invariant: the status becomes PREAMBLE_UPGRADE only when the last byte of
 * the input was the last byte of the peer's go-ahead.  Input that is there
 * while a command waits to be sent is early data, too, whatever it says, but
 * for lines that the protocol lets a server send at any time.
 *
 * CVE-2011-0411 and its family; CVE-2021-22947 (curl), CVE-2021-23222 (libpq),
 * CVE-2026-42246 (net-imap) are the client's side of it.
 */

#include "config.h"

#include "preamble.h"

#include <stdio.h>
#include <string.h>

#include "text.h"

static struct preamble *
preamble_of(struct dialog *d)
{
	return (struct preamble *)(void *)d;
}

static const char *
state_name(const struct preamble *p)
{
	return p->rules == NULL ? "commands" :
	    p->rules->states[p->dialog.state];
}

enum verdict
starttls_preamble_fail(struct preamble *p, int code, const struct unit *u,
		       const char *format, ...)
{
	struct starttls_error *error = p->error;
	va_list args;

	p->status = PREAMBLE_FAILED;
	if (error->code != 0)
		return VERDICT_FAILED;
	va_start(args, format);
	starttls_error_vset(error, code, p->phase, format, args);
	va_end(args);
	snprintf(error->protocol, sizeof(error->protocol), "%s",
	    p->protocol->name);
	snprintf(error->state, sizeof(error->state), "%s", state_name(p));
	/* a server repeats nothing of a client: it may be a password */
	if (u != NULL && p->rules != NULL) {
		size_t len = strlen(error->message);

		error->reply_code = (int)u->code;
		starttls_text_clean(error->reply, sizeof(error->reply),
		    u->line.data, u->line.len);
		snprintf(error->message + len, sizeof(error->message) - len,
		    ": \"%s\"", error->reply);
	}
	return VERDICT_FAILED;
}

void
starttls_preamble_trace(const struct preamble *p,
			enum starttls_direction direction, const void *line,
			size_t len)
{
	char text[STARTTLS_MESSAGE_SIZE];

	if (p->trace == NULL)
		return;
	starttls_text_clean(text, sizeof(text), line, len);
	p->trace(p->trace_context, direction, p->phase, text);
}

/* Whether the input starts with what may come at any time. */
static bool
is_unasked(const struct preamble *p)
{
	const char *prefix = p->protocol->unasked;
	size_t len;

	if (prefix == NULL)
		return false;
	len = strlen(prefix);
	if (len > p->in_len)
		len = p->in_len;
	return memcmp(p->in, prefix, len) == 0;
}

void
starttls_preamble_drop(struct preamble *p, size_t len)
{
	p->in_len -= len;
	memmove(p->in, p->in + len, p->in_len);
}

static void
take_verdict(struct preamble *p, enum verdict verdict)
{
	switch (verdict) {
	case VERDICT_GO_ON:
		break;
	case VERDICT_UPGRADE:
		p->status = PREAMBLE_UPGRADE;
		break;
	case VERDICT_DONE:
		p->status = PREAMBLE_DONE;
		break;
	case VERDICT_ACCEPT: /* a server's */
	case VERDICT_LEAVE:
	case VERDICT_FAILED:
		p->status = PREAMBLE_FAILED;
		break;
	}
}

bool
starttls_preamble_count(struct preamble *p, size_t len)
{
	p->total += len;
	if (++p->lines <= PREAMBLE_MAX_LINES &&
	    p->total <= PREAMBLE_MAX_TOTAL)
		return true;
	starttls_preamble_fail(p, STARTTLS_E_LIMIT, NULL,
	    "more than %d lines or %d bytes from the peer",
	    PREAMBLE_MAX_LINES, PREAMBLE_MAX_TOTAL);
	return false;
}

static void
early_data(struct preamble *p, const char *where)
{
	struct unit rest = { .line = { p->in, p->in_len } };

	starttls_preamble_fail(p, STARTTLS_E_EARLY_DATA, &rest,
	    "%zu byte%s%s %s", p->in_len, p->in_len == 1 ? "" : "s",
	    p->phase == STARTTLS_PHASE_SESSION ? "" : " of cleartext", where);
}

/* Let the step see every complete line of the input. */
static void
advance(struct preamble *p)
{
	struct unit unit;
	ssize_t n;

	while (p->status == PREAMBLE_RUNNING && p->in_len > 0) {
		if (p->out_len > 0 && !is_unasked(p)) {
			early_data(p, "ahead of the command");
			return;
		}
		n = p->protocol->frame(&p->framer, p->in, p->in_len, &unit);
		if (n == 0)
			break;
		if (n < 0) {
			starttls_preamble_fail(p, (int)n, &unit, "not a legal reply");
			return;
		}
		starttls_preamble_trace(p, STARTTLS_RECEIVED, unit.line.data,
		    unit.line.len);
		if (!starttls_preamble_count(p, (size_t)n))
			return;
		take_verdict(p, p->rules->step(&p->dialog, &unit));
		if (p->status == PREAMBLE_FAILED)
			return;
		starttls_preamble_drop(p, (size_t)n);
	}
	if (p->status == PREAMBLE_UPGRADE && p->in_len > 0)
		early_data(p, "behind the go-ahead");
	else if (p->status == PREAMBLE_RUNNING && p->in_len == sizeof(p->in))
		starttls_preamble_fail(p, STARTTLS_E_LIMIT, NULL,
		    "a line of more than %d bytes", PREAMBLE_MAX_LINE);
}

void
starttls_preamble_start(struct preamble *p,
			const struct starttls_protocol *protocol,
			const struct dialog_rules *rules,
			enum starttls_stage from, const char *own_name,
			struct starttls_error *error)
{
	memset(p, 0, offsetof(struct preamble, in));
	p->protocol = protocol;
	p->rules = rules;
	p->error = error;
	p->dialog.own_name = own_name;
	p->dialog.state = from == STARTTLS_GREETING ? rules->from_greeting :
	    rules->from_command;
	if (rules == &protocol->exchange_rules)
		p->phase = STARTTLS_PHASE_SESSION;
	else if (from == STARTTLS_GREETING)
		p->phase = STARTTLS_PHASE_GREETING;
	else
		p->phase = STARTTLS_PHASE_PREAMBLE;
	take_verdict(p, rules->step(&p->dialog, NULL));
}

const char *
starttls_preamble_out(const struct preamble *p, size_t *ret_len)
{
	*ret_len = p->out_len - p->out_done;
	return *ret_len > 0 ? p->out + p->out_done : NULL;
}

/* The tag of a server's reply is the client's, and may be anything. */
static size_t
length_of_tag(const struct preamble *p, const char *line, size_t len)
{
	size_t tag = strlen(p->dialog.tag);

	return p->rules == NULL && tag > 0 && len > tag &&
	    line[tag] == ' ' && memcmp(line, p->dialog.tag, tag) == 0 ?
	    tag + 1 : 0;
}

/* Line by line; bytes that are no lines in one piece. */
static void
trace_sent(const struct preamble *p)
{
	const char *line = p->out, *end = p->out + p->out_len;

	while (line < end) {
		const char *lf = memchr(line, '\n', (size_t)(end - line));
		const char *next = lf == NULL ? end : lf + 1;
		size_t len = (size_t)(next - line) -
		    (lf > line && lf[-1] == '\r' ? 2 : 0);
		size_t tag = length_of_tag(p, line, len);

		starttls_preamble_trace(p, STARTTLS_SENT, line + tag,
		    len - tag);
		line = next;
	}
}

void
starttls_preamble_sent(struct preamble *p, size_t len)
{
	p->out_done += len;
	if (p->out_done < p->out_len)
		return;
	trace_sent(p);
	p->out_len = p->out_done = 0;
	if (p->rules == NULL)
		starttls_serve_sent(p);
}

bool
starttls_preamble_must_look(const struct preamble *p)
{
	return p->rules != NULL || p->status == PREAMBLE_ACCEPTING;
}

uint8_t *
starttls_preamble_space(struct preamble *p, size_t *ret_size)
{
	*ret_size = sizeof(p->in) - p->in_len;
	return p->in + p->in_len;
}

void
starttls_preamble_received(struct preamble *p, size_t len)
{
	p->in_len += len;
	if (p->rules == NULL) {
		starttls_serve_advance(p);
		return;
	}
	if (p->status == PREAMBLE_UPGRADE && p->in_len > 0)
		early_data(p, "behind the go-ahead");
	advance(p);
}

void
starttls_preamble_feed(struct preamble *p, const void *data, size_t len)
{
	const uint8_t *in = data;

	while (len > 0 && p->status != PREAMBLE_FAILED &&
	    p->status != PREAMBLE_DONE) {
		size_t size;
		uint8_t *space = starttls_preamble_space(p, &size);

		if (size == 0) {   /* a server has to answer first */
			starttls_preamble_fail(p, STARTTLS_E_LIMIT, NULL,
			    "more than %d bytes held by the application",
			    PREAMBLE_MAX_LINE);
			return;
		}
		if (size > len)
			size = len;
		memcpy(space, in, size);
		in += size;
		len -= size;
		starttls_preamble_received(p, size);
	}
}

void
starttls_preamble_eof(struct preamble *p)
{
	struct unit rest = { .line = { p->in, p->in_len } };

	if (p->rules == NULL)
		starttls_preamble_fail(p, STARTTLS_E_EOF, NULL,
		    "the client closed the connection before TLS");
	else if (p->status == PREAMBLE_RUNNING && p->leaving &&
	    p->out_len == 0)
		p->status = PREAMBLE_DONE;
	else if (p->in_len > 0)
		starttls_preamble_fail(p, STARTTLS_E_EOF, &rest,
		    "the peer closed the connection within a line");
	else
		starttls_preamble_fail(p, STARTTLS_E_EOF, NULL,
		    "the peer closed the connection, waiting for its "
		    "reply (%s)", state_name(p));
}

/* The vocabulary of protocols/protocol.h. */

/* The greeting is over as soon as there is something to say. */
static void
leave_for(struct preamble *p, unsigned next)
{
	p->dialog.state = next;
	if (p->phase == STARTTLS_PHASE_GREETING)
		p->phase = STARTTLS_PHASE_PREAMBLE;
}

/* The command in p->out, of @len bytes if it fits, becomes a line. */
static enum verdict
end_line(struct preamble *p, unsigned next, size_t len)
{
	leave_for(p, next);
	if (len >= sizeof(p->out) - 2 || !starttls_text_is_plain(p->out))
		return starttls_preamble_fail(p, STARTTLS_E_INVALID, NULL,
		    "a command that may not be sent (name too long?)");
	memcpy(p->out + len, "\r\n", 2);
	p->out_len = len + 2;
	p->out_done = 0;
	return VERDICT_GO_ON;
}

/* Most commands are constant, and formatting costs a lot. */
static enum verdict
put_constant(struct preamble *p, unsigned next, const char *text)
{
	size_t len = strlen(text);

	if (len < sizeof(p->out))
		memcpy(p->out, text, len + 1);
	return end_line(p, next, len);
}

enum verdict
starttls_say(struct dialog *d, unsigned next, const char *format, ...)
{
	struct preamble *p = preamble_of(d);
	va_list args;
	int len;

	if (strchr(format, '%') == NULL)
		return put_constant(p, next, format);
	va_start(args, format);
	len = vsnprintf(p->out, sizeof(p->out), format, args);
	va_end(args);
	return end_line(p, next, (size_t)len);
}

enum verdict
starttls_put(struct dialog *d, unsigned next, const void *data, size_t len)
{
	struct preamble *p = preamble_of(d);

	leave_for(p, next);
	if (len == 0 || len > sizeof(p->out))
		return bug(d);
	memcpy(p->out, data, len);
	p->out_len = len;
	p->out_done = 0;
	return VERDICT_GO_ON;
}

enum verdict
starttls_goodbye(struct dialog *d, unsigned next, const char *line)
{
	struct preamble *p = preamble_of(d);

	p->leaving = true;
	return put_constant(p, next, line);
}

enum verdict
starttls_expect(struct dialog *d, unsigned next)
{
	d->state = next;
	return VERDICT_GO_ON;
}

enum verdict
starttls_more(struct dialog *d)
{
	(void)d;
	return VERDICT_GO_ON;
}

enum verdict
starttls_want_block(struct dialog *d, unsigned next)
{
	preamble_of(d)->framer.in_block = true;
	return starttls_expect(d, next);
}

enum verdict
starttls_want_bytes(struct dialog *d, unsigned next, size_t len)
{
	struct preamble *p = preamble_of(d);

	if (len == 0 || len > sizeof(p->in))
		return bug(d);
	p->framer.wanted = len;
	return starttls_expect(d, next);
}

enum verdict
starttls_go_ahead(struct dialog *d)
{
	(void)d;
	return VERDICT_UPGRADE;
}

enum verdict
starttls_done(struct dialog *d)
{
	(void)d;
	return VERDICT_DONE;
}

enum verdict
starttls_refused(struct dialog *d, const struct unit *u)
{
	struct preamble *p = preamble_of(d);

	return starttls_preamble_fail(p, STARTTLS_E_REFUSED, u,
	    "refused by the peer (%s)", state_name(p));
}

enum verdict
starttls_not_offered(struct dialog *d, const struct unit *u)
{
	(void)u;
	return starttls_preamble_fail(preamble_of(d), STARTTLS_E_NOT_OFFERED, NULL,
	    "the peer does not offer to upgrade to TLS");
}

enum verdict
starttls_malformed(struct dialog *d, const struct unit *u)
{
	struct preamble *p = preamble_of(d);

	return starttls_preamble_fail(p, STARTTLS_E_PROTOCOL, u,
	    "not a legal reply (%s)", state_name(p));
}

enum verdict
starttls_forbidden(struct dialog *d, const struct unit *u)
{
	return starttls_preamble_fail(preamble_of(d), STARTTLS_E_FORBIDDEN, u,
	    "the peer starts in a state that rules TLS out");
}

enum verdict
starttls_bug(struct dialog *d)
{
	return starttls_preamble_fail(preamble_of(d), STARTTLS_E_STATE, NULL,
	    "the dialog reached no state of its own");
}

enum verdict
starttls_no_or_malformed(struct dialog *d, const struct unit *u)
{
	if (u->code >= 400 && u->code <= 599)
		return starttls_refused(d, u);
	return starttls_malformed(d, u);
}

static uint8_t
lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c + 32) : c;
}

bool
starttls_bytes_equal(struct bytes b, const char *text)
{
	size_t i;

	for (i = 0; i < b.len; i++) {
		uint8_t c = (uint8_t)text[i];

		if (c == '\0' ||
		    (b.data[i] != c && lower(b.data[i]) != lower(c)))
			return false;
	}
	return text[i] == '\0';
}

struct bytes
starttls_bytes_word(struct bytes *rest)
{
	const uint8_t *blank = rest->len == 0 ? NULL :
	    memchr(rest->data, ' ', rest->len);
	struct bytes word = { rest->data,
	    blank == NULL ? rest->len : (size_t)(blank - rest->data) };
	size_t skip = word.len + (blank != NULL);

	rest->data += skip;
	rest->len -= skip;
	return word;
}
