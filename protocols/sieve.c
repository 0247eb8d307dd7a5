/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * ManageSieve: RFC 5804.
 *
 *	greeting   = *( capability CRLF ) response
 *
 * in the grammar of src/managesieve.h.
 *
 * The greeting is the list of capabilities, which is believed: four round
 * trips.  A literal may stand wherever a string may, and lines end outside of
 * it, so the framer follows them; a NUL in one is malformed as it is elsewhere.
 * Inside TLS the server says its list again, unasked.
 *
 * As a server: the literals of clients come without a word from us, and their
 * content is no command, so they end the conversation.  AUTHENTICATE is refused
 * with ENCRYPT-NEEDED.
 */

#include "config.h"

#include "protocol.h"

enum { START, READY, GREETING, STARTTLS, HELLO, CAPABILITY, LOGOUT };

static const char *const sieve_states[] = {
	[START] = "start", [READY] = "ready", [GREETING] = "greeting",
	[STARTTLS] = "STARTTLS", [HELLO] = "capabilities inside TLS",
	[CAPABILITY] = "CAPABILITY", [LOGOUT] = "LOGOUT",
};

static bool
is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

static enum sieve_kind
kind_of(const struct unit *u, struct bytes *ret_name)
{
	struct sieve_line line;

	starttls_sieve_read(u->line, &line);
	*ret_name = line.name;
	return line.kind;
}

static enum verdict
no_or_malformed_kind(struct dialog *d, const struct unit *u,
		     enum sieve_kind kind)
{
	return kind == SIEVE_NO ? refused(d, u) : malformed(d, u);
}

static enum verdict
sieve_upgrade(struct dialog *d, const struct unit *u)
{
	struct bytes name;
	enum sieve_kind kind;

	switch (d->state) {
	case START:
		return expect(d, GREETING);
	case READY:
		return say(d, STARTTLS, "STARTTLS");
	case GREETING:
		kind = kind_of(u, &name);
		if (kind == SIEVE_LISTED) {
			d->seen |= bytes_equal(name, "STARTTLS");
			return more(d);
		}
		if (kind != SIEVE_OK)
			return no_or_malformed_kind(d, u, kind);
		return d->seen ? say(d, STARTTLS, "STARTTLS") :
		    not_offered(d, u);
	case STARTTLS:
		kind = kind_of(u, &name);
		return kind == SIEVE_OK ? upgrade(d) :
		    no_or_malformed_kind(d, u, kind);
	}
	return bug(d);
}

static enum verdict
sieve_exchange(struct dialog *d, const struct unit *u)
{
	struct bytes name;
	enum sieve_kind kind;

	if (u == NULL)
		return expect(d, HELLO);
	kind = kind_of(u, &name);
	if (kind == SIEVE_LISTED)
		return d->state == LOGOUT ? malformed(d, u) : more(d);
	if (d->state == LOGOUT && kind != SIEVE_MALFORMED)
		return done(d);    /* BYE is what some say */
	if (kind != SIEVE_OK)
		return no_or_malformed_kind(d, u, kind);
	switch (d->state) {
	case HELLO:
		/* at once: one in some twenty LOGOUTs that come right behind
		   the list stays unread in Dovecot 2.3, and unanswered */
		begin(d, "CAPABILITY");
		return say(d, CAPABILITY, "LOGOUT");
	case CAPABILITY:
		return expect(d, LOGOUT);
	}
	return bug(d);
}

#define CAPABILITIES "\"IMPLEMENTATION\" \"libstarttls\"\n\"SASL\" \"\"\n" \
	"\"SIEVE\" \"\"\n\"STARTTLS\"\n\"VERSION\" \"1.0\"\n"

static const char tls_first[] = "NO (ENCRYPT-NEEDED) \"STARTTLS comes first\"";
static const char no_arguments[] = "NO \"no arguments allowed\"";

static const struct command sieve_commands[] = {
	{ "CAPABILITY", ANSWER, NONE, CAPABILITIES "OK \"done\"",
	  no_arguments },
	{ "STARTTLS", UPGRADE, NONE, "OK \"begin TLS negotiation now\"",
	  no_arguments },
	{ "NOOP", ANSWER, NONE, "OK \"done\"",
	  "NO \"not a quoted string\"" },
	{ "LOGOUT", LEAVE, NONE, "OK \"goodbye\"", no_arguments },
	{ "AUTHENTICATE", REFUSE, OPTIONAL, tls_first, NULL },
	{ "UNAUTHENTICATE", REFUSE, OPTIONAL, tls_first, NULL },
	{ "HAVESPACE", REFUSE, OPTIONAL, tls_first, NULL },
	{ "PUTSCRIPT", REFUSE, OPTIONAL, tls_first, NULL },
	{ "CHECKSCRIPT", REFUSE, OPTIONAL, tls_first, NULL },
	{ "LISTSCRIPTS", REFUSE, OPTIONAL, tls_first, NULL },
	{ "SETACTIVE", REFUSE, OPTIONAL, tls_first, NULL },
	{ "GETSCRIPT", REFUSE, OPTIONAL, tls_first, NULL },
	{ "DELETESCRIPT", REFUSE, OPTIONAL, tls_first, NULL },
	{ "RENAMESCRIPT", REFUSE, OPTIONAL, tls_first, NULL },
	{ NULL, REFUSE, OPTIONAL, "NO \"not a command before STARTTLS\"",
	  NULL },
};

static const struct command sieve_literal[] = {
	{ NULL, HANG_UP, OPTIONAL, NULL, NULL },
};

/* RFC 5804 section 2.13. */
static const struct command sieve_tag[] = {
	{ "NOOP", ANSWER, ECHOED, "OK (TAG %) \"done\"",
	  "NO \"not a string to be given back\"" },
	{ NULL, REFUSE, OPTIONAL, NULL, NULL },
};

static bool
is_tagged_noop(struct bytes line)
{
	struct bytes ignored;

	return bytes_equal(bytes_word(&line), "NOOP") && line.len > 0 &&
	    starttls_sieve_string(&line, &ignored) && line.len == 0;
}

/* "{123+}" or "{123}" at the end: its octets are no command. */
static bool
ends_in_literal(struct bytes line)
{
	size_t i = line.len;

	if (i < 3 || line.data[--i] != '}')
		return false;
	if (line.data[i - 1] == '+')
		i--;
	while (i > 0 && is_digit(line.data[i - 1]))
		i--;
	return i > 0 && line.data[i - 1] == '{';
}

static enum verdict
sieve_serve(struct dialog *d, const struct unit *u)
{
	return serve(d, u->line, ends_in_literal(u->line) ? sieve_literal :
	    is_tagged_noop(u->line) ? sieve_tag : sieve_commands);
}

const struct starttls_protocol starttls_protocol_sieve = {
	.name = "sieve",
	.scheme_tls = "sieves",
	.port = "4190",
	.port_tls = "4190",
	.alpn = "managesieve",
	.rfc = "RFC 5804",
	.frame = starttls_frame_literals,
	.upgrade_rules = { sieve_upgrade, START, READY, sieve_states },
	.exchange_rules = { sieve_exchange, START, START, sieve_states },
	.serve_rules = {
		.frame = starttls_frame_command,
		.step = sieve_serve,
		.greeting = CAPABILITIES "OK \"$ ready\"",
		.inside = "",
		.hangup = LINES("BYE \"closing the connection\""),
		.pipelined = LINES("BYE \"nothing may follow STARTTLS\""),
	},
};
