/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * Login to XMPP, of clients: RFC 6120 section 6.
 *
 *	stream     = [ declaration ] header features ...
 *	features   = <stream:features> *( mechanisms / any ) </stream:features>
 *	mechanisms = <mechanisms> *( <mechanism> name </mechanism> / any )
 *	             </mechanisms>
 *	answer     = <challenge> [ base64 ] </challenge>
 *	           / <success> [ base64 ] </success>
 *	           / <failure> *( <condition/> / <text> any </text> ) </failure>
 *	           / <stream:error> <condition/> any </stream:error>
 *
 * in the XML that src/xml.h takes; a tag is a unit, as is the text between two.
 * A challenge is answered once its element has ended.  After a yes a new stream
 * begins, which is closed when its features are there; what the server may have
 * said between the two belongs to neither, and is not read.
 *
 * Who is meant is the domain that was verified.
 */

#include "config.h"

#include <stdio.h>

#include "compat.h"
#include "dialog.h"
#include "domain.h"
#include "xml.h"

#define opens starttls_xml_opens

enum { START, HEADER, FEATURES, LIST, MECHANISMS, MECHANISM, AUTH, CHALLENGE,
       SUCCESS, REFUSED, FAILED, LATER, ERROR, CANCEL, RESTART, CLOSE };

static const char *const xmpp_states[] = {
	[START] = "start", [HEADER] = "stream header inside TLS",
	[FEATURES] = "stream features", [LIST] = "list of features",
	[MECHANISMS] = "list of features", [MECHANISM] = "list of features",
	[AUTH] = "auth", [CHALLENGE] = "auth", [SUCCESS] = "auth",
	[REFUSED] = "auth", [FAILED] = "auth", [LATER] = "auth",
	[ERROR] = "stream error", [CANCEL] = "auth",
	[RESTART] = "stream of the account",
	[CLOSE] = "end of the stream",
};

#define NS_STREAM "http://etherx.jabber.org/streams"
#define NS_SASL "urn:ietf:params:xml:ns:xmpp-sasl"
#define END "</stream:stream>"

enum { OTHER, STREAM, SASL, ERRORS };

static const char *const spaces[] = {
	[STREAM - 1] = NS_STREAM,
	[SASL - 1] = NS_SASL,
	[ERRORS - 1] = "urn:ietf:params:xml:ns:xmpp-streams",
	[ERRORS] = NULL,
};

static ssize_t
xmpp_frame(struct framer *f, const uint8_t *data, size_t len,
	   struct unit *ret_unit)
{
	return starttls_xml_frame(f, spaces, data, len, ret_unit);
}

static bool
is_text(const struct unit *u, unsigned depth)
{
	return !u->first && !u->last && u->depth == depth;
}

static bool
closes(const struct unit *u, unsigned depth)
{
	return u->last && u->depth == depth;
}

/* Words have blanks between them. */
static enum login_verdict
keep_word(struct login_dialog *d, struct bytes word)
{
	static const struct bytes blank = { (const uint8_t *)" ", 1 };

	if (d->kept[0] != '\0' && login_keep(d, blank) == LOGIN_OVER)
		return LOGIN_OVER;
	return login_keep(d, word);
}

static enum login_verdict
open_stream(struct login_dialog *d, unsigned next)
{
	char to[DOMAIN_SIZE];

	starttls_domain(to, d->peer_name);
	return login_say(d, next, "<?xml version='1.0'?><stream:stream "
	    "to='%s' version='1.0' xmlns='jabber:client' "
	    "xmlns:stream='" NS_STREAM "'>", to);
}

static enum login_verdict
stream_opened(struct login_dialog *d, const struct login_line *line)
{
	struct bytes version;

	if (line->unit->depth == 0) /* the declaration */
		return login_more(d);
	if (!opens(line->unit, 1, STREAM, "stream") || line->unit->last)
		return login_malformed(d, line);
	/* RFC 6120 section 4.7.5: none is 0.9, which knows no features */
	return starttls_xml_attribute(line->unit->line, "version", &version) &&
	    starttls_xml_number(version) > 0 ? login_expect(d, FEATURES) :
	    login_begin(d, AUTH, CLOSE);
}

/* What may come in place of anything: an error, or the end of the stream. */
static enum login_verdict
end_or_malformed(struct login_dialog *d, const struct login_line *line)
{
	if (opens(line->unit, 2, STREAM, "error"))
		return line->unit->last ? login_failed(d, line) :
		    login_expect(d, ERROR);
	return closes(line->unit, 1) ? login_failed(d, line) :
	    login_malformed(d, line);
}

/* ---- mechanisms ---- */

static enum login_verdict
begin(struct login_dialog *d)
{
	d->initial = true;
	login_offers(d, d->kept);
	return login_begin(d, AUTH, CLOSE);
}

/* The names are kept up to the end. */
static enum login_verdict
listed(struct login_dialog *d, const struct login_line *line)
{
	const struct unit *u = line->unit;

	switch (d->state) {
	case LIST:
		if (closes(u, 2))
			return begin(d);
		return opens(u, 3, SASL, "mechanisms") && !u->last ?
		    login_expect(d, MECHANISMS) : login_more(d);
	case MECHANISMS:
		if (closes(u, 3))
			return login_expect(d, LIST);
		return opens(u, 4, SASL, "mechanism") && !u->last ?
		    login_expect(d, MECHANISM) : login_more(d);
	case MECHANISM:
		if (is_text(u, 4))
			return keep_word(d, u->line);
		return closes(u, 4) ? login_expect(d, MECHANISMS) :
		    login_malformed(d, line);
	}
	return login_bug(d);
}

/* ---- answers ---- */

/* RFC 6120 section 6.5; those that are not here are about the credentials. */
static const struct {
	const char *name;
	unsigned state;
} conditions[] = {
	{ "aborted", FAILED }, { "encryption-required", FAILED },
	{ "incorrect-encoding", FAILED }, { "invalid-mechanism", FAILED },
	{ "malformed-request", FAILED }, { "temporary-auth-failure", LATER },
};

/* The name of the condition and the text are what is shown. */
static enum login_verdict
failure_goes_on(struct login_dialog *d, const struct unit *u)
{
	size_t i;

	if (is_text(u, 3))
		return keep_word(d, u->line);
	if (u->depth != 3 || !u->first || opens(u, 3, SASL, "text"))
		return login_more(d);
	for (i = 0; i < sizeof(conditions) / sizeof(conditions[0]); i++)
		if (opens(u, 3, SASL, conditions[i].name))
			d->state = conditions[i].state;
	return keep_word(d, u->text);
}

static enum login_verdict
failed(struct login_dialog *d, const struct login_line *line)
{
	struct login_line told = *line;

	if (!closes(line->unit, 2))
		return failure_goes_on(d, line->unit);
	told.text = d->kept;
	switch (d->state) {
	case LATER:
		return login_not_now(d, &told);
	case FAILED:
		return login_failed(d, &told);
	case REFUSED:
		return login_refused(d, &told);
	}
	return login_bug(d);
}

/* RFC 6120 section 4.9.3, those that do not last. */
static bool
is_passing(const struct unit *u)
{
	static const char *const passing[] = { "resource-constraint",
	    "system-shutdown", "reset", "internal-server-error",
	    "remote-connection-failed", "connection-timeout" };
	size_t i;

	for (i = 0; i < sizeof(passing) / sizeof(passing[0]); i++)
		if (opens(u, 3, ERRORS, passing[i]))
			return true;
	return false;
}

/* The condition counts, whatever stands in front of it. */
static enum login_verdict
stream_failed(struct login_dialog *d, const struct login_line *line)
{
	const struct unit *u = line->unit;

	if (is_passing(u))
		return login_not_now(d, line);
	if (u->first && u->depth == 3 && u->space == ERRORS &&
	    !opens(u, 3, ERRORS, "text"))
		return login_failed(d, line);
	return closes(u, 2) ? login_failed(d, line) : login_more(d);
}

static enum login_verdict
answered(struct login_dialog *d, const struct login_line *line)
{
	const struct unit *u = line->unit;
	const bool is_cancelled = d->state == CANCEL;

	if (opens(u, 2, SASL, "failure")) {
		if (is_cancelled)
			return login_cancelled(d, line);
		return u->last ? login_refused(d, line) :
		    login_expect(d, REFUSED);
	}
	if (!is_cancelled && opens(u, 2, SASL, "challenge"))
		return u->last ? login_answer(d, "", CANCEL) :
		    login_expect(d, CHALLENGE);
	if (!is_cancelled && opens(u, 2, SASL, "success")) {
		d->state = SUCCESS;
		return u->last ? login_accepted(d, NULL, line) : login_more(d);
	}
	return end_or_malformed(d, line);
}

/* The text of a challenge, or of a success, and its end. */
static enum login_verdict
data_came(struct login_dialog *d, const struct login_line *line)
{
	if (is_text(line->unit, 2))
		return login_keep(d, line->unit->line);
	if (!closes(line->unit, 2))
		return login_malformed(d, line);
	if (d->state == SUCCESS)
		return login_accepted(d, d->kept[0] != '\0' ? d->kept : NULL,
		    line);
	d->state = AUTH;
	return login_answer(d, d->kept, CANCEL);
}

static enum login_verdict
xmpp_step(struct login_dialog *d, const struct login_line *line)
{
	switch (d->state) {
	case START:
		return open_stream(d, HEADER);
	case HEADER:
		return stream_opened(d, line);
	case FEATURES:
		if (!opens(line->unit, 2, STREAM, "features"))
			return end_or_malformed(d, line);
		return line->unit->last ? begin(d) : login_expect(d, LIST);
	case LIST:
	case MECHANISMS:
	case MECHANISM:
		return listed(d, line);
	case AUTH:
	case CANCEL:
		return answered(d, line);
	case CHALLENGE:
	case SUCCESS:
		return data_came(d, line);
	case REFUSED:
	case FAILED:
	case LATER:
		return failed(d, line);
	case ERROR:
		return stream_failed(d, line);
	case RESTART:
	case CLOSE:
		if (d->state == RESTART && closes(line->unit, 2))
			return login_say(d, CLOSE, END);
		return closes(line->unit, 1) ? login_goodbye(d) :
		    login_more(d);
	}
	return login_bug(d);
}

static bool
xmpp_is_challenge(const struct login_dialog *d, const struct login_line *line)
{
	return (d->state == CHALLENGE || d->state == SUCCESS) &&
	    is_text(line->unit, 2);
}

/* RFC 6120 sections 6.4.2 to 6.4.5. */
static enum login_verdict
xmpp_respond(struct login_dialog *d, unsigned next,
	     const struct login_response *r)
{
	char shown[80];

	if (r->move == LOGIN_CANCEL)
		return login_say(d, next, "<abort xmlns='" NS_SASL "'/>");
	if (r->move == LOGIN_RESPOND)
		return login_whisper(d, next,
		    "<response>(credentials)</response>",
		    "<response xmlns='" NS_SASL "'>%s</response>", r->text);
	if (r->text == NULL)
		return login_say(d, next, "<auth xmlns='" NS_SASL "' "
		    "mechanism='%s'/>", r->mechanism);
	snprintf(shown, sizeof(shown),
	    "<auth mechanism='%s'>(credentials)</auth>", r->mechanism);
	return login_whisper(d, next, shown, "<auth xmlns='" NS_SASL "' "
	    "mechanism='%s'>%s</auth>", r->mechanism,
	    r->text[0] != '\0' ? r->text : "=");
}

static enum login_verdict
xmpp_leave(struct login_dialog *d, unsigned next)
{
	if (d->state != SUCCESS)
		return login_say(d, next, END);
	login_restart(d);
	return open_stream(d, RESTART);
}

const struct login_protocol login_xmpp = {
	.name = "xmpp",
	.frame = xmpp_frame,
	.step = xmpp_step,
	.greeting = START,
	.begin = START,
	.goodbye = CLOSE,
	.states = xmpp_states,
	.is_challenge = xmpp_is_challenge,
	.has_no_lines = true,
	.leave = xmpp_leave,
	.respond = xmpp_respond,
	.empty = "=",
};
