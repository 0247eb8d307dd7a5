/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * The words that protocols/protocol.h has for a client: what is to be said
 * becomes a line in the engine's buffer, what was heard becomes a verdict.
 * That of a server is in serve.c.
 *
 * Invariant: a line has no control character in it but its CRLF, as whoever
 * chose our name might smuggle in a command.
 */

#include "config.h"

#include "engine.h"

#include <stdio.h>
#include <string.h>

#include "later.h"
#include "text.h"

/* The greeting is over as soon as there is something to say. */
static void
leave_for(struct preamble *p, unsigned next)
{
	p->dialog.state = next;
	if (p->phase == STARTTLS_PHASE_GREETING)
		p->phase = STARTTLS_PHASE_PREAMBLE;
}

/* The command behind p->out_len, of @len bytes if it fits, becomes a line. */
static enum verdict
end_line(struct preamble *p, size_t len)
{
	const char *end = starttls_preamble_line_end(p);
	const size_t end_len = strlen(end), size = sizeof(p->out) - p->out_len;
	char *line = p->out + p->out_len;

	if (p->status == PREAMBLE_FAILED)
		return VERDICT_FAILED; /* a line in front of it was too long */
	if (size <= end_len || len >= size - end_len ||
	    !starttls_text_is_plain(line))
		return starttls_preamble_fail(p, STARTTLS_E_INVALID, NULL,
		    "a command that may not be sent (name too long?)");
	memcpy(line + len, end, end_len);
	p->out_len += len + end_len;
	p->out_done = 0;
	return VERDICT_GO_ON;
}

/* Most commands are constant, and formatting costs a lot. */
static enum verdict
put_constant(struct preamble *p, const char *text)
{
	size_t len = strlen(text);

	if (len < sizeof(p->out) - p->out_len)
		memcpy(p->out + p->out_len, text, len + 1);
	return end_line(p, len);
}

static enum verdict __attribute__((format(printf, 2, 0)))
put_line(struct preamble *p, const char *format, va_list args)
{
	int len;

	if (strchr(format, '%') == NULL)
		return put_constant(p, format);
	len = vsnprintf(p->out + p->out_len, sizeof(p->out) - p->out_len,
	    format, args);
	return end_line(p, (size_t)len);
}

enum verdict
starttls_say(struct dialog *d, unsigned next, const char *format, ...)
{
	struct preamble *p = starttls_preamble_of(d);
	enum verdict verdict;
	va_list args;

	leave_for(p, next);
	va_start(args, format);
	verdict = put_line(p, format, args);
	va_end(args);
	return verdict;
}

void
starttls_begin(struct dialog *d, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	put_line(starttls_preamble_of(d), format, args);
	va_end(args);
}

void
starttls_named(struct dialog *d, const char *name)
{
	starttls_preamble_of(d)->shown = name;
}

enum verdict
starttls_put(struct dialog *d, unsigned next, const void *data, size_t len)
{
	struct preamble *p = starttls_preamble_of(d);

	leave_for(p, next);
	if (len == 0 || len > sizeof(p->out))
		return bug(d);
	memcpy(p->out, data, len);
	p->out_len = len;
	p->out_done = 0;
	p->raw = true;
	return VERDICT_GO_ON;
}

enum verdict
starttls_goodbye(struct dialog *d, unsigned next, const char *line)
{
	struct preamble *p = starttls_preamble_of(d);

	p->leaving = true;
	leave_for(p, next);
	return put_constant(p, line);
}

enum verdict
starttls_put_and_upgrade(struct dialog *d, const void *data, size_t len)
{
	enum verdict verdict = starttls_put(d, d->state, data, len);

	return verdict == VERDICT_GO_ON ? VERDICT_ACCEPT : verdict;
}

enum verdict
starttls_put_text(struct dialog *d, unsigned next, const char *format, ...)
{
	struct preamble *p = starttls_preamble_of(d);
	char text[PREAMBLE_MAX_COMMAND + 1];
	va_list args;
	int len;

	va_start(args, format);
	len = vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (len < 0 || len > PREAMBLE_MAX_COMMAND ||
	    !starttls_text_is_plain(text))
		return starttls_preamble_fail(p, STARTTLS_E_INVALID, NULL,
		    "text that may not be sent (name too long?)");
	return starttls_put(d, next, text, (size_t)len);
}

enum verdict
starttls_put_goodbye(struct dialog *d, unsigned next, const void *data,
		     size_t len)
{
	starttls_preamble_of(d)->leaving = true;
	return starttls_put(d, next, data, len);
}

enum verdict
starttls_put_last_words(struct dialog *d, const void *data, size_t len)
{
	enum verdict verdict = starttls_put(d, d->state, data, len);

	return verdict == VERDICT_GO_ON ? VERDICT_LEAVE : verdict;
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
	starttls_preamble_of(d)->framer.in_block = true;
	return starttls_expect(d, next);
}

enum verdict
starttls_want_bytes(struct dialog *d, unsigned next, size_t len)
{
	struct preamble *p = starttls_preamble_of(d);

	if (len == 0 || len > sizeof(p->in))
		return bug(d);
	p->framer.wanted = len;
	return starttls_expect(d, next);
}

void
starttls_enter_element(struct dialog *d)
{
	starttls_xml_enter(&starttls_preamble_of(d)->framer);
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
starttls_refused_for_now(struct dialog *d, const struct unit *u)
{
	struct preamble *p = starttls_preamble_of(d);

	return starttls_preamble_fail(p, STARTTLS_E_REFUSED_TEMPORARY, u,
	    "refused by the peer for now (%s)", starttls_preamble_state(p));
}

enum verdict
starttls_refused(struct dialog *d, const struct unit *u)
{
	struct preamble *p = starttls_preamble_of(d);

	if (u->code == 0 && starttls_says_later(u->line))
		return starttls_refused_for_now(d, u);
	return starttls_preamble_fail(p, STARTTLS_E_REFUSED, u,
	    "refused by the peer (%s)", starttls_preamble_state(p));
}

enum verdict
starttls_not_offered(struct dialog *d, const struct unit *u)
{
	(void)u;
	return starttls_preamble_fail(starttls_preamble_of(d),
	    STARTTLS_E_NOT_OFFERED, NULL,
	    "the peer does not offer to upgrade to TLS");
}

enum verdict
starttls_malformed(struct dialog *d, const struct unit *u)
{
	struct preamble *p = starttls_preamble_of(d);

	return starttls_preamble_fail(p, STARTTLS_E_PROTOCOL, u,
	    "not a legal reply (%s)", starttls_preamble_state(p));
}

enum verdict
starttls_forbidden(struct dialog *d, const struct unit *u)
{
	return starttls_preamble_fail(starttls_preamble_of(d), STARTTLS_E_FORBIDDEN, u,
	    "the peer starts in a state that rules TLS out");
}

enum verdict
starttls_bug(struct dialog *d)
{
	return starttls_preamble_fail(starttls_preamble_of(d), STARTTLS_E_STATE, NULL,
	    "the dialog reached no state of its own");
}

enum verdict
starttls_no_or_malformed(struct dialog *d, const struct unit *u)
{
	if (u->code >= 400 && u->code <= 499)
		return starttls_refused_for_now(d, u);
	if (u->code >= 500 && u->code <= 599)
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

bool
starttls_bytes_may_begin(struct bytes b, const char *text)
{
	size_t i;

	for (i = 0; i < b.len && text[i] != '\0'; i++)
		if (lower(b.data[i]) != lower((uint8_t)text[i]))
			return false;
	return true;
}

bool
starttls_bytes_until(struct bytes *rest, uint8_t c, struct bytes *ret)
{
	const uint8_t *end = rest->len == 0 ? NULL :
	    memchr(rest->data, c, rest->len);

	if (end == NULL)
		return false;
	*ret = (struct bytes){ rest->data, (size_t)(end - rest->data) };
	rest->data += ret->len + 1;
	rest->len -= ret->len + 1;
	return true;
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
