/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * The cleartext preamble, without I/O: the bytes that the owner moves, in both
 * roles, and the client's side, which has a step of its protocol see each line
 * and refuses early data.  The server's side is in serve.c.
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

#include <stdlib.h>
#include <string.h>

#include "compat.h"
#include "serve.h"
#include "text.h"

/* Input that was there before our command must be what may always come. */
static bool
is_premature(const struct preamble *p)
{
	if (p->out_len == 0 && !p->early)
		return false;
	return p->protocol->is_unasked == NULL ||
	    !p->protocol->is_unasked((struct bytes){ p->in, p->in_len });
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
	case VERDICT_ACCEPT:
		p->status = PREAMBLE_ACCEPTING;
		break;
	case VERDICT_LEAVE:
		p->status = PREAMBLE_LEAVING;
		break;
	case VERDICT_FAILED:
		p->status = PREAMBLE_FAILED;
		break;
	}
}

static void
early_data(struct preamble *p, const char *where)
{
	struct unit rest = { .line = { p->in, p->in_len } };

	starttls_preamble_fail(p, STARTTLS_E_EARLY_DATA, &rest,
	    "%zu byte%s%s %s", p->in_len, p->in_len == 1 ? "" : "s",
	    p->phase == STARTTLS_PHASE_SESSION ? "" : " of cleartext", where);
}

/*
 * For the report.  Of several lines it is the first that says who greets, and
 * of several replies (FTP's 120) the last that is the greeting.
 */
static void
note_hearsay(struct preamble *p, const struct unit *u)
{
	struct hearsay *h = p->hearsay;

	if (h == NULL)
		return;
	h->reply_code = (int)u->code;
	if (p->phase != STARTTLS_PHASE_GREETING || !u->first)
		return;
	h->greeting_code = (int)u->code;
	starttls_preamble_words(u, h->greeting, sizeof(h->greeting));
}

static void
trace_unit(const struct preamble *p, const struct unit *u)
{
	char words[STARTTLS_MESSAGE_SIZE];

	if (p->trace == NULL)
		return;
	starttls_preamble_words(u, words, sizeof(words));
	p->trace(p->trace_context, STARTTLS_RECEIVED, p->phase, words);
}

/*
 * The next unit that means something; 0: none is complete, or we have failed.
 * What means nothing may come at any time, and is gone at once.
 */
static size_t
next_unit(struct preamble *p, struct unit *unit)
{
	ssize_t n;

	while (p->in_len > 0) {
		n = p->protocol->frame(&p->framer, p->in, p->in_len, unit);
		if (n > 0 && !unit->blank && p->protocol->read != NULL &&
		    !p->protocol->read(unit))
			n = STARTTLS_E_PROTOCOL;
		if (n > 0 && unit->blank) {
			if (!starttls_preamble_count_bytes(p, (size_t)n))
				return 0;
			starttls_preamble_drop(p, (size_t)n);
			p->early = false;
			continue;
		}
		if (is_premature(p))
			early_data(p, "ahead of the command");
		else if (n < 0)
			starttls_preamble_fail(p, (int)n, unit,
			    n == STARTTLS_E_LIMIT ? "too long or too deep" :
			    "not a legal reply");
		else
			return (size_t)n;
		return 0;
	}
	return 0;
}

/* Let the step see every complete line of the input. */
static void
advance(struct preamble *p)
{
	struct unit unit;
	size_t n;

	while (p->status == PREAMBLE_RUNNING &&
	    (n = next_unit(p, &unit)) > 0) {
		trace_unit(p, &unit);
		if (!starttls_preamble_count(p, n))
			return;
		note_hearsay(p, &unit);
		take_verdict(p, p->rules->step(&p->dialog, &unit));
		if (p->status == PREAMBLE_FAILED)
			return;
		starttls_preamble_drop(p, n);
		p->early = false;
	}
	if (p->status == PREAMBLE_UPGRADE && p->in_len > 0)
		early_data(p, "behind the go-ahead");
	else if ((p->status == PREAMBLE_ACCEPTING ||
	    p->status == PREAMBLE_LEAVING) && p->in_len > 0)
		early_data(p, "ahead of the command");
	else if (p->status == PREAMBLE_RUNNING && p->in_len == sizeof(p->in))
		starttls_preamble_fail(p, STARTTLS_E_LIMIT, NULL,
		    "a line of more than %d bytes", PREAMBLE_MAX_LINE);
}

void
starttls_preamble_start(struct preamble *p,
			const struct starttls_protocol *protocol,
			const struct dialog_rules *rules,
			enum starttls_stage from, const char *own_name,
			const char *peer_name, struct starttls_error *error)
{
	memset(p, 0, offsetof(struct preamble, in));
	p->protocol = protocol;
	p->rules = rules;
	p->error = error;
	p->dialog.own_name = own_name;
	p->dialog.peer_name = peer_name;
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

void
starttls_preamble_free(struct preamble *p)
{
	if (p != NULL)
		explicit_bzero(p->in, p->in_len);
	free(p);
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

	return starttls_preamble_is_server(p) && tag > 0 && len > tag &&
	    line[tag] == ' ' && memcmp(line, p->dialog.tag, tag) == 0 ?
	    tag + 1 : 0;
}

/* Line by line; bytes that are no lines by their name. */
static void
trace_sent(const struct preamble *p)
{
	const char *line = p->out, *end = p->out + p->out_len;

	if (p->shown != NULL) {
		starttls_preamble_trace(p, STARTTLS_SENT, p->shown,
		    strlen(p->shown));
		return;
	}
	while (line < end) {
		const char *lf = p->raw ? NULL :
		    memchr(line, '\n', (size_t)(end - line));
		const char *next = lf == NULL ? end : lf + 1;
		size_t len = (size_t)(next - line) - (lf == NULL ? 0 :
		    strlen(starttls_preamble_line_end(p)));
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
	p->shown = NULL;
	p->out_len = p->out_done = 0;
	p->raw = false;
	if (starttls_preamble_is_server(p)) {
		starttls_serve_sent(p);
		return;
	}
	p->early = p->in_len > 0;
	if (p->status == PREAMBLE_ACCEPTING)
		p->status = PREAMBLE_UPGRADE;
	else if (p->status == PREAMBLE_LEAVING)
		p->status = PREAMBLE_DONE;
}

bool
starttls_preamble_must_look(const struct preamble *p)
{
	return !starttls_preamble_is_server(p) ||
	    p->status == PREAMBLE_ACCEPTING;
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
	if (starttls_preamble_is_server(p)) {
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

	if (starttls_preamble_is_server(p))
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
		    "reply (%s)", starttls_preamble_state(p));
}
