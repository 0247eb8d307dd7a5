/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * POP3: RFC 1939, RFC 2449, RFC 2595 section 4, RFC 8314.
 *
 *	reply    = ( "+OK" / "-ERR" ) [ SP text ] CRLF
 *	greeting = "+OK" reply, maybe with a timestamp for APOP
 *	block    = *( line CRLF ) "." CRLF
 *
 * STLS may be issued without asking for capabilities: four round trips.  The
 * timestamp of the greeting is bait before TLS, and not looked at.
 */

#include "config.h"

#include "protocol.h"

enum { START, READY, GREETING, STLS, BEGIN, HELLO, CAPA, BLOCK, QUIT };

static const char *const pop3_states[] = {
	[START] = "start", [READY] = "ready", [GREETING] = "greeting",
	[STLS] = "STLS", [BEGIN] = "begin", [HELLO] = "greeting inside TLS",
	[CAPA] = "CAPA", [BLOCK] = "capability list", [QUIT] = "QUIT",
};

static bool
is_status(const struct unit *u, const char *status)
{
	struct bytes rest = u->line;

	return bytes_equal(bytes_word(&rest), status);
}

static enum verdict
no_or_malformed_status(struct dialog *d, const struct unit *u)
{
	return is_status(u, "-ERR") ? refused(d, u) : malformed(d, u);
}

static enum verdict
pop3_upgrade(struct dialog *d, const struct unit *u)
{
	switch (d->state) {
	case START:
		return expect(d, GREETING);
	case READY:
		return say(d, STLS, "STLS");
	case GREETING:
		return is_status(u, "+OK") ? say(d, STLS, "STLS") :
		    no_or_malformed_status(d, u);
	case STLS:
		return is_status(u, "+OK") ? upgrade(d) :
		    no_or_malformed_status(d, u);
	}
	return bug(d);
}

static enum verdict
pop3_exchange(struct dialog *d, const struct unit *u)
{
	switch (d->state) {
	case START:
		return expect(d, HELLO);
	case BEGIN:
		return say(d, CAPA, "CAPA");
	case HELLO:
		return is_status(u, "+OK") ? say(d, CAPA, "CAPA") :
		    no_or_malformed_status(d, u);
	case CAPA:
		if (is_status(u, "+OK"))
			return want_block(d, BLOCK);
		/* servers older than RFC 2449 do not know the command */
		return is_status(u, "-ERR") ? goodbye(d, QUIT, "QUIT") :
		    malformed(d, u);
	case BLOCK:
		return u->last ? goodbye(d, QUIT, "QUIT") : more(d);
	case QUIT:
		return done(d);
	}
	return bug(d);
}

static const char tls_first[] = "-ERR STLS comes first";
static const char no_arguments[] = "-ERR no arguments allowed";

static const struct command pop3_commands[] = {
	{ "CAPA", ANSWER, NONE, "+OK capabilities\nPIPELINING\nSTLS\n.",
	  no_arguments },
	{ "STLS", UPGRADE, NONE, "+OK begin TLS negotiation", no_arguments },
	{ "QUIT", LEAVE, NONE, "+OK goodbye", no_arguments },
	{ "USER", REFUSE, OPTIONAL, tls_first, NULL },
	{ "PASS", REFUSE, OPTIONAL, tls_first, NULL },
	{ "APOP", REFUSE, OPTIONAL, tls_first, NULL },
	{ "AUTH", REFUSE, OPTIONAL, tls_first, NULL },
	{ NULL, REFUSE, OPTIONAL, "-ERR not a command before STLS", NULL },
};

static enum verdict
pop3_serve(struct dialog *d, const struct unit *u)
{
	return serve(d, u->line, pop3_commands);
}

const struct starttls_protocol starttls_protocol_pop3 = {
	.name = "pop3",
	.scheme_tls = "pop3s",
	.port = "110",
	.port_tls = "995",
	.alpn = "pop3",
	.rfc = "RFC 2595",
	.frame = starttls_frame_line,
	.upgrade_rules = { pop3_upgrade, START, READY, pop3_states },
	.exchange_rules = { pop3_exchange, START, BEGIN, pop3_states },
	.serve_rules = {
		.frame = starttls_frame_command,
		.step = pop3_serve,
		.greeting = "+OK $ ready",
		.hangup = LINES("-ERR closing the connection"),
		.pipelined = LINES("-ERR nothing may follow STLS"),
	},
};
