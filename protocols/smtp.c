/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * SMTP and message submission: RFC 5321, RFC 3207, RFC 6409, RFC 8314.
 *
 *	reply    = *( code "-" [text] CRLF ) code [ SP [text] ] CRLF
 *	greeting = reply with 220
 *	ehlo-ok  = "250" domain-line *( "250" keyword [ SP params ] )
 *
 * EHLO has to be asked before STARTTLS, and cannot share a segment with it
 * (RFC 2920), so five round trips from TCP to TLS 1.3 are the least.
 *
 * A server answers before TLS what RFC 3207 section 4 lets it answer, and
 * 530 to the rest.  Parameters may be pipelined in front of STARTTLS.
 */

#include "config.h"

#include "protocol.h"

enum { START, READY, GREETING, EHLO, STARTTLS, BEGIN, HELLO, QUIT };

static const char *const smtp_states[] = {
	[START] = "start", [READY] = "ready", [GREETING] = "greeting",
	[EHLO] = "EHLO", [STARTTLS] = "STARTTLS", [BEGIN] = "begin",
	[HELLO] = "EHLO inside TLS", [QUIT] = "QUIT",
};

static enum verdict
smtp_upgrade(struct dialog *d, const struct unit *u)
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
		if (!u->last)
			return more(d);
		return say(d, EHLO, "EHLO %s", d->own_name);
	case EHLO:
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
smtp_exchange(struct dialog *d, const struct unit *u)
{
	switch (d->state) {
	case START:
		return expect(d, GREETING);
	case GREETING:
		if (u->code != 220)
			return no_or_malformed(d, u);
		if (!u->last)
			return more(d);
		return say(d, HELLO, "EHLO %s", d->own_name);
	case BEGIN:
		return say(d, HELLO, "EHLO %s", d->own_name);
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

static const struct command smtp_commands[] = {
	{ "EHLO", ANSWER, NEEDED, "250-$\n250-PIPELINING\n"
	  "250-ENHANCEDSTATUSCODES\n250 STARTTLS",
	  "501 5.5.4 EHLO needs a name" },
	{ "HELO", ANSWER, NEEDED, "250 $", "501 5.5.4 HELO needs a name" },
	{ "STARTTLS", UPGRADE, NONE, "220 2.0.0 ready to start TLS",
	  no_parameters },
	{ "NOOP", ANSWER, OPTIONAL, "250 2.0.0 OK", NULL },
	{ "RSET", ANSWER, NONE, "250 2.0.0 OK", no_parameters },
	{ "HELP", ANSWER, OPTIONAL, "214 2.0.0 EHLO STARTTLS NOOP RSET QUIT",
	  NULL },
	{ "QUIT", LEAVE, NONE, "221 2.0.0 goodbye", no_parameters },
	{ "AUTH", REFUSE, OPTIONAL, tls_first, NULL },
	{ "MAIL", REFUSE, OPTIONAL, tls_first, NULL },
	{ "RCPT", REFUSE, OPTIONAL, tls_first, NULL },
	{ "DATA", REFUSE, OPTIONAL, tls_first, NULL },
	{ "VRFY", REFUSE, OPTIONAL, tls_first, NULL },
	{ "EXPN", REFUSE, OPTIONAL, tls_first, NULL },
	{ "ETRN", REFUSE, OPTIONAL, tls_first, NULL },
	{ "BURL", REFUSE, OPTIONAL, tls_first, NULL },
	/* was not offered, and its data would come next (RFC 3030) */
	{ "BDAT", HANG_UP, OPTIONAL, NULL, NULL },
	{ NULL, REFUSE, OPTIONAL, "500 5.5.1 no such command", NULL },
};

static enum verdict
smtp_serve(struct dialog *d, const struct unit *u)
{
	return serve(d, u->line, smtp_commands);
}

#define SMTP_SERVE { \
	.frame = starttls_frame_command, \
	.step = smtp_serve, \
	.greeting = "220 $ ESMTP", \
	.hangup = LINES("421 4.7.0 $ closing the connection"), \
	.pipelined = LINES("554 5.7.0 nothing may follow STARTTLS"), \
}

const struct starttls_protocol starttls_protocol_smtp = {
	.name = "smtp",
	.scheme_tls = "smtps",
	.port = "25",
	.port_tls = "465",
	.rfc = "RFC 3207",
	.alpn_in_use = "smtp",
	.frame = starttls_frame_smtp,
	.upgrade_rules = { smtp_upgrade, START, READY, smtp_states },
	.exchange_rules = { smtp_exchange, START, BEGIN, smtp_states },
	.serve_rules = SMTP_SERVE,
};

const struct starttls_protocol starttls_protocol_submission = {
	.name = "submission",
	.scheme_tls = "submissions",
	.port = "587",
	.port_tls = "465",
	.rfc = "RFC 3207, RFC 6409, RFC 8314",
	.alpn_in_use = "smtp",
	.frame = starttls_frame_smtp,
	.upgrade_rules = { smtp_upgrade, START, READY, smtp_states },
	.exchange_rules = { smtp_exchange, START, BEGIN, smtp_states },
	.serve_rules = SMTP_SERVE,
};
