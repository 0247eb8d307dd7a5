/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * NNTP: RFC 3977, RFC 4642, RFC 8143.
 *
 *	reply    = code [ SP text ] CRLF
 *	greeting = reply with 200 or 201
 *	block    = *( line CRLF ) "." CRLF
 *
 * RFC 8143 section 3.4 wants STARTTLS tried even where it is not advertised,
 * so capabilities are not asked for: four round trips.
 *
 * A server says 483 (RFC 4643) to all that belongs inside TLS.
 */

#include "config.h"

#include "protocol.h"

enum { START, READY, GREETING, STARTTLS, BEGIN, CAPABILITIES, BLOCK, QUIT };

static const char *const nntp_states[] = {
	[START] = "start", [READY] = "ready", [GREETING] = "greeting",
	[STARTTLS] = "STARTTLS", [BEGIN] = "begin",
	[CAPABILITIES] = "CAPABILITIES", [BLOCK] = "capability list",
	[QUIT] = "QUIT",
};

static bool
is_greeting(const struct unit *u)
{
	return u->code == 200 || u->code == 201;
}

/* Most of 4xx are no more temporary than 5xx: RFC 3977 section 3.2.1. */
static enum verdict
no(struct dialog *d, const struct unit *u)
{
	if (u->code > 400 && u->code <= 499)
		return refused(d, u);
	return no_or_malformed(d, u);
}

static enum verdict
nntp_upgrade(struct dialog *d, const struct unit *u)
{
	switch (d->state) {
	case START:
		return expect(d, GREETING);
	case READY:
		return say(d, STARTTLS, "STARTTLS");
	case GREETING:
		return is_greeting(u) ? say(d, STARTTLS, "STARTTLS") :
		    no(d, u);
	case STARTTLS:
		return u->code == 382 ? upgrade(d) : no(d, u);
	}
	return bug(d);
}

static enum verdict
nntp_exchange(struct dialog *d, const struct unit *u)
{
	switch (d->state) {
	case START:
		return expect(d, GREETING);
	case BEGIN:
		return say(d, CAPABILITIES, "CAPABILITIES");
	case GREETING:
		return is_greeting(u) ?
		    say(d, CAPABILITIES, "CAPABILITIES") :
		    no(d, u);
	case CAPABILITIES:
		if (u->code == 101)
			return want_block(d, BLOCK);
		if (u->code == 400)
			return no(d, u);
		/* servers older than RFC 3977 do not know the command */
		return u->code / 100 == 4 || u->code / 100 == 5 ?
		    goodbye(d, QUIT, "QUIT") : malformed(d, u);
	case BLOCK:
		return u->last ? goodbye(d, QUIT, "QUIT") : more(d);
	case QUIT:
		return done(d);
	}
	return bug(d);
}

static const char tls_first[] = "483 STARTTLS comes first";
static const char no_arguments[] = "501 no arguments allowed";

static const struct command nntp_commands[] = {
	{ "CAPABILITIES", ANSWER, OPTIONAL,
	  "101 capabilities\nVERSION 2\nSTARTTLS\n.", NULL },
	{ "STARTTLS", UPGRADE, NONE, "382 begin TLS negotiation",
	  no_arguments },
	{ "MODE READER", ANSWER, NONE, "200 $ ready", no_arguments },
	{ "HELP", ANSWER, NONE,
	  "100 help\nCAPABILITIES STARTTLS HELP QUIT\n.", no_arguments },
	{ "QUIT", LEAVE, NONE, "205 goodbye", no_arguments },
	{ "AUTHINFO", REFUSE, OPTIONAL, tls_first, NULL },
	{ "ARTICLE", REFUSE, OPTIONAL, tls_first, NULL },
	{ "BODY", REFUSE, OPTIONAL, tls_first, NULL },
	{ "DATE", REFUSE, OPTIONAL, tls_first, NULL },
	{ "GROUP", REFUSE, OPTIONAL, tls_first, NULL },
	{ "HDR", REFUSE, OPTIONAL, tls_first, NULL },
	{ "HEAD", REFUSE, OPTIONAL, tls_first, NULL },
	{ "IHAVE", REFUSE, OPTIONAL, tls_first, NULL },
	{ "LAST", REFUSE, OPTIONAL, tls_first, NULL },
	{ "LIST", REFUSE, OPTIONAL, tls_first, NULL },
	{ "LISTGROUP", REFUSE, OPTIONAL, tls_first, NULL },
	{ "NEWGROUPS", REFUSE, OPTIONAL, tls_first, NULL },
	{ "NEWNEWS", REFUSE, OPTIONAL, tls_first, NULL },
	{ "NEXT", REFUSE, OPTIONAL, tls_first, NULL },
	{ "OVER", REFUSE, OPTIONAL, tls_first, NULL },
	{ "POST", REFUSE, OPTIONAL, tls_first, NULL },
	{ "STAT", REFUSE, OPTIONAL, tls_first, NULL },
	{ "XHDR", REFUSE, OPTIONAL, tls_first, NULL },
	{ "XOVER", REFUSE, OPTIONAL, tls_first, NULL },
	/* its article comes next without a word from us (RFC 4644) */
	{ "TAKETHIS", HANG_UP, OPTIONAL, NULL, NULL },
	{ NULL, REFUSE, OPTIONAL, "500 no such command", NULL },
};

static enum verdict
nntp_serve(struct dialog *d, const struct unit *u)
{
	return serve(d, u->line, nntp_commands);
}

const struct starttls_protocol starttls_protocol_nntp = {
	.name = "nntp",
	.scheme_tls = "nntps",
	.port = "119",
	.port_tls = "563",
	.alpn = "nntp",
	.rfc = "RFC 4642, RFC 8143",
	.frame = starttls_frame_nntp,
	.upgrade_rules = { nntp_upgrade, START, READY, nntp_states },
	.exchange_rules = { nntp_exchange, START, BEGIN, nntp_states },
	.serve_rules = {
		.frame = starttls_frame_command,
		.step = nntp_serve,
		.greeting = "200 $ ready",
		.hangup = LINES("400 closing the connection"),
		.pipelined = LINES("502 nothing may follow STARTTLS"),
	},
};
