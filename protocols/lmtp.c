/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * LMTP: RFC 2033, with STARTTLS of RFC 3207.
 *
 *	reply    = *( code "-" [text] CRLF ) code [ SP [text] ] CRLF
 *	greeting = reply with 220
 *	lhlo-ok  = "250" domain-line *( "250" keyword [ SP params ] )
 *
 * It is SMTP but for LHLO, which has to be asked before STARTTLS: five round
 * trips.  EHLO and HELO are errors, so there is nothing to fall back to.  No
 * port is registered: 25 is ruled out (RFC 2033 section 5), so URLs name one.
 */

#include "config.h"

#include "protocol.h"

enum { START, READY, GREETING, LHLO, STARTTLS, BEGIN, HELLO, QUIT };

static const char *const lmtp_states[] = {
	[START] = "start", [READY] = "ready", [GREETING] = "greeting",
	[LHLO] = "LHLO", [STARTTLS] = "STARTTLS", [BEGIN] = "begin",
	[HELLO] = "LHLO inside TLS", [QUIT] = "QUIT",
};

static enum verdict
lmtp_upgrade(struct dialog *d, const struct unit *u)
{
	struct bytes rest;

	switch (d->state) {
	case START:
		return expect(d, GREETING);
	case READY:
		return say(d, STARTTLS, "STARTTLS");
	case GREETING:
		if (u->code != 220)
			return no_or_malformed(d, u);
		return u->last ? say(d, LHLO, "LHLO %s", d->own_name) :
		    more(d);
	case LHLO:
		if (u->code != 250)
			return no_or_malformed(d, u);
		rest = u->text;
		if (!u->first && bytes_equal(bytes_word(&rest), "STARTTLS"))
			d->seen = true;
		if (!u->last)
			return more(d);
		return d->seen ? say(d, STARTTLS, "STARTTLS") :
		    not_offered(d, u);
	case STARTTLS:
		if (u->code != 220)
			return no_or_malformed(d, u);
		return u->last ? upgrade(d) : more(d);
	}
	return bug(d);
}

static enum verdict
lmtp_exchange(struct dialog *d, const struct unit *u)
{
	switch (d->state) {
	case START:
		return expect(d, GREETING);
	case GREETING:
		if (u->code != 220)
			return no_or_malformed(d, u);
		return u->last ? say(d, HELLO, "LHLO %s", d->own_name) :
		    more(d);
	case BEGIN:
		return say(d, HELLO, "LHLO %s", d->own_name);
	case HELLO:
		if (u->code != 250)
			return no_or_malformed(d, u);
		return u->last ? goodbye(d, QUIT, "QUIT") : more(d);
	case QUIT:
		return u->last ? done(d) : more(d);
	}
	return bug(d);
}

static const char tls_first[] = "530 5.7.0 Must issue a STARTTLS command first";
static const char no_parameters[] = "501 5.5.4 no parameters allowed";
static const char lhlo_only[] = "500 5.5.1 this is LMTP: LHLO";

static const struct command lmtp_commands[] = {
	{ "LHLO", ANSWER, NEEDED, "250-$\n250-PIPELINING\n"
	  "250-ENHANCEDSTATUSCODES\n250 STARTTLS",
	  "501 5.5.4 LHLO needs a name" },
	{ "EHLO", REFUSE, OPTIONAL, lhlo_only, NULL },
	{ "HELO", REFUSE, OPTIONAL, lhlo_only, NULL },
	{ "STARTTLS", UPGRADE, NONE, "220 2.0.0 ready to start TLS",
	  no_parameters },
	{ "NOOP", ANSWER, OPTIONAL, "250 2.0.0 OK", NULL },
	{ "RSET", ANSWER, NONE, "250 2.0.0 OK", no_parameters },
	{ "HELP", ANSWER, OPTIONAL, "214 2.0.0 LHLO STARTTLS NOOP RSET QUIT",
	  NULL },
	{ "QUIT", LEAVE, NONE, "221 2.0.0 goodbye", no_parameters },
	{ "AUTH", REFUSE, OPTIONAL, tls_first, NULL },
	{ "MAIL", REFUSE, OPTIONAL, tls_first, NULL },
	{ "RCPT", REFUSE, OPTIONAL, tls_first, NULL },
	{ "DATA", REFUSE, OPTIONAL, tls_first, NULL },
	{ "VRFY", REFUSE, OPTIONAL, tls_first, NULL },
	/* was not offered, and its data would come next (RFC 3030) */
	{ "BDAT", HANG_UP, OPTIONAL, NULL, NULL },
	{ NULL, REFUSE, OPTIONAL, "500 5.5.1 no such command", NULL },
};

static enum verdict
lmtp_serve(struct dialog *d, const struct unit *u)
{
	return serve(d, u->line, lmtp_commands);
}

const struct starttls_protocol starttls_protocol_lmtp = {
	.name = "lmtp",
	.scheme_tls = "lmtps",
	.rfc = "RFC 2033, RFC 3207",
	.frame = starttls_frame_smtp,
	.upgrade_rules = { lmtp_upgrade, START, READY, lmtp_states },
	.exchange_rules = { lmtp_exchange, START, BEGIN, lmtp_states },
	.serve_rules = {
		.frame = starttls_frame_command,
		.step = lmtp_serve,
		.greeting = "220 $ LMTP",
		.hangup = LINES("421 4.7.0 $ closing the connection"),
		.pipelined = LINES("554 5.7.0 nothing may follow STARTTLS"),
	},
};
