/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * IMAP: RFC 9051, RFC 3501, RFC 2595, RFC 8314.
 *
 *	greeting = "* OK" [ SP "[CAPABILITY" *( SP atom ) "]" ] [ SP text ]
 *	         / "* PREAUTH" ... / "* BYE" ...
 *	untagged = "* " 1*CHAR
 *	tagged   = tag SP ( "OK" / "NO" / "BAD" ) [ SP text ]
 *
 * STARTTLS may be issued without asking for capabilities: four round trips.
 * A list in the greeting is believed if it lacks STARTTLS.  PREAUTH rules the
 * upgrade out (RFC 9051 section 7.1.4).  Untagged lines may come at any time;
 * in the clear they mean nothing but BYE.  No literal is needed before TLS,
 * and a line that announces one is malformed.
 *
 * A server lists LOGINDISABLED and asks for no literal: the password would be
 * in it.  One that does not wait to be asked for (RFC 7888) ends it all, as
 * its content is no command.
 */

#include "config.h"

#include "protocol.h"

enum { START, READY, GREETING, STARTTLS, BEGIN, HELLO, CAPABILITY, LOGOUT };

static const char *const imap_states[] = {
	[START] = "start", [READY] = "ready", [GREETING] = "greeting",
	[STARTTLS] = "STARTTLS", [BEGIN] = "begin",
	[HELLO] = "greeting inside TLS", [CAPABILITY] = "CAPABILITY",
	[LOGOUT] = "LOGOUT",
};

enum kind { MALFORMED, UNTAGGED, COMPLETION };

struct imap_line {
	enum kind kind;
	struct bytes word;         /* behind the tag: OK, NO, BYE, ... */
	struct bytes rest;
};

static bool
is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

/* "{123}", "{123+}" or "~{123}" at the end announces a literal. */
static bool
ends_in_literal(struct bytes line)
{
	size_t i = line.len;

	if (i < 3 || line.data[--i] != '}')
		return false;
	if (line.data[i - 1] == '+' || line.data[i - 1] == '-')
		i--;
	while (i > 0 && is_digit(line.data[i - 1]))
		i--;
	if (i > 0 && line.data[i - 1] == '-')
		i--;
	return i > 0 && line.data[i - 1] == '{';
}

static struct imap_line
split(const struct unit *u, const char *tag)
{
	struct imap_line l = { .kind = MALFORMED, .rest = u->line };
	struct bytes first = bytes_word(&l.rest);
	const char *t = tag;
	size_t i;

	l.word = bytes_word(&l.rest);
	if (l.word.len == 0 || ends_in_literal(u->line))
		return l;
	if (bytes_equal(first, "*")) {
		l.kind = UNTAGGED;
		return l;
	}
	for (i = 0; i < first.len && first.data[i] == (uint8_t)*t; i++)
		t++;               /* tags are compared with case */
	if (i == first.len && *t == '\0' && i > 0)
		l.kind = COMPLETION;
	return l;
}

/*
 * Whether the text behind a greeting's OK is a capability list that lacks
 * STARTTLS.  A list that is cut off or absent says nothing.
 */
static bool
list_lacks_starttls(struct bytes text)
{
	struct bytes code = bytes_word(&text);
	bool found = false;

	if (bytes_equal(code, "[CAPABILITY]"))
		return true;
	if (!bytes_equal(code, "[CAPABILITY"))
		return false;
	while (text.len > 0) {
		struct bytes word = bytes_word(&text);
		bool last = word.len > 0 && word.data[word.len - 1] == ']';

		word.len -= last;
		found |= bytes_equal(word, "STARTTLS");
		if (last)
			return !found;
	}
	return false;
}

/* An untagged line that is no greeting: only BYE means anything. */
static enum verdict
unasked(struct dialog *d, const struct unit *u, struct imap_line l)
{
	if (bytes_equal(l.word, "BYE"))
		return refused(d, u);
	return more(d);
}

static bool
imap_is_unasked(struct bytes start)
{
	return bytes_may_begin(start, "* ");
}

static enum verdict
no_or_bad(struct dialog *d, const struct unit *u, struct imap_line l)
{
	if (bytes_equal(l.word, "NO") || bytes_equal(l.word, "BAD") ||
	    bytes_equal(l.word, "BYE"))
		return refused(d, u);
	return malformed(d, u);
}

static enum verdict
imap_upgrade(struct dialog *d, const struct unit *u)
{
	struct imap_line l;

	switch (d->state) {
	case START:
		return expect(d, GREETING);
	case READY:
		return say(d, STARTTLS, "a1 STARTTLS");
	case GREETING:
		l = split(u, "*");
		if (l.kind != UNTAGGED)
			return malformed(d, u);
		if (bytes_equal(l.word, "PREAUTH"))
			return forbidden(d, u);
		if (!bytes_equal(l.word, "OK"))
			return no_or_bad(d, u, l);
		if (list_lacks_starttls(l.rest))
			return not_offered(d, u);
		return say(d, STARTTLS, "a1 STARTTLS");
	case STARTTLS:
		l = split(u, "a1");
		if (l.kind == MALFORMED)
			return malformed(d, u);
		if (l.kind == UNTAGGED)
			return unasked(d, u, l);
		return bytes_equal(l.word, "OK") ? upgrade(d) :
		    no_or_bad(d, u, l);
	}
	return bug(d);
}

static enum verdict
imap_exchange(struct dialog *d, const struct unit *u)
{
	struct imap_line l;

	switch (d->state) {
	case START:
		return expect(d, HELLO);
	case BEGIN:
		return say(d, CAPABILITY, "a1 CAPABILITY");
	case HELLO:
		l = split(u, "*");
		if (l.kind != UNTAGGED)
			return malformed(d, u);
		/* inside TLS a client certificate may log us in */
		if (!bytes_equal(l.word, "OK") &&
		    !bytes_equal(l.word, "PREAUTH"))
			return no_or_bad(d, u, l);
		return say(d, CAPABILITY, "a1 CAPABILITY");
	case CAPABILITY:
		l = split(u, "a1");
		if (l.kind == MALFORMED)
			return malformed(d, u);
		if (l.kind == UNTAGGED)
			return unasked(d, u, l);
		return bytes_equal(l.word, "OK") ?
		    goodbye(d, LOGOUT, "a2 LOGOUT") : no_or_bad(d, u, l);
	case LOGOUT:
		l = split(u, "a2");
		if (l.kind == MALFORMED)
			return malformed(d, u);
		return l.kind == UNTAGGED ? more(d) : done(d);
	}
	return bug(d);
}

#define CAPABILITIES "CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED"

static const char tls_first[] = "NO [PRIVACYREQUIRED] STARTTLS comes first";
static const char no_arguments[] = "BAD no arguments allowed";

static const struct command imap_commands[] = {
	{ "CAPABILITY", ANSWER, NONE, "* " CAPABILITIES "\nOK done",
	  no_arguments },
	{ "STARTTLS", UPGRADE, NONE, "OK begin TLS negotiation now",
	  no_arguments },
	{ "NOOP", ANSWER, NONE, "OK done", no_arguments },
	{ "ID", ANSWER, NEEDED, "* ID NIL\nOK done",
	  "BAD ID needs an argument" },
	{ "LOGOUT", LEAVE, NONE, "* BYE goodbye\nOK done", no_arguments },
	{ "LOGIN", REFUSE, OPTIONAL, tls_first, NULL },
	{ "AUTHENTICATE", REFUSE, OPTIONAL, tls_first, NULL },
	{ NULL, REFUSE, OPTIONAL, "BAD not a command before STARTTLS", NULL },
};

static const struct command imap_with_literal[] = {
	{ "LOGIN", REFUSE, OPTIONAL, tls_first, NULL },
	{ "AUTHENTICATE", REFUSE, OPTIONAL, tls_first, NULL },
	{ NULL, REFUSE, OPTIONAL, "BAD no literals before STARTTLS", NULL },
};

static const struct command imap_pushed_literal[] = {
	{ NULL, HANG_UP, OPTIONAL, NULL, NULL },
};

static const struct command imap_no_tag[] = {
	{ NULL, REFUSE, OPTIONAL, "BAD a tag and a command are needed",
	  NULL },
};

/*
 * tag = 1*<any ASTRING-CHAR except "+">, and short enough to repeat.  A word
 * alone is no tag: it may be a secret that a client says unasked.
 */
static bool
take_tag(struct dialog *d, struct bytes tag, struct bytes rest)
{
	size_t i;

	d->tag[0] = '*';
	d->tag[1] = '\0';
	if (rest.len == 0 || tag.len == 0 || tag.len >= sizeof(d->tag))
		return false;
	for (i = 0; i < tag.len; i++)
		if (tag.data[i] <= ' ' || tag.data[i] >= 0x7f ||
		    tag.data[i] == '(' || tag.data[i] == ')' ||
		    tag.data[i] == '{' || tag.data[i] == '%' ||
		    tag.data[i] == '*' || tag.data[i] == '"' ||
		    tag.data[i] == '\\' || tag.data[i] == '+')
			return false;
	for (i = 0; i < tag.len; i++)
		d->tag[i] = (char)tag.data[i];
	d->tag[i] = '\0';
	return true;
}

static enum verdict
imap_serve(struct dialog *d, const struct unit *u)
{
	struct bytes rest = u->line, tag = bytes_word(&rest);
	const struct command *commands = imap_commands;

	if (!take_tag(d, tag, rest))
		commands = imap_no_tag;
	if (ends_in_literal(u->line))
		commands = u->line.data[u->line.len - 2] == '+' ?
		    imap_pushed_literal : imap_with_literal;
	return serve(d, rest, commands);
}

const struct starttls_protocol starttls_protocol_imap = {
	.name = "imap",
	.scheme_tls = "imaps",
	.port = "143",
	.port_tls = "993",
	.alpn = "imap",
	.rfc = "RFC 9051, RFC 2595",
	.is_unasked = imap_is_unasked,
	.frame = starttls_frame_line,
	.upgrade_rules = { imap_upgrade, START, READY, imap_states },
	.exchange_rules = { imap_exchange, START, BEGIN, imap_states },
	.serve_rules = {
		.frame = starttls_frame_command,
		.step = imap_serve,
		.greeting = "* OK [" CAPABILITIES "] $ ready",
		.inside = "* OK $ ready",
		.hangup = LINES("* BYE closing the connection"),
		.pipelined = LINES("* BYE closing the connection\n"
		    "BAD nothing may follow STARTTLS"),
	},
};
