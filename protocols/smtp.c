/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * SMTP, message submission and LMTP: RFC 5321, RFC 3207, RFC 6409, RFC 8314,
 * RFC 2033.
 *
 *	reply    = *( code "-" [text] CRLF ) code [ SP [text] ] CRLF
 *	greeting = reply with 220
 *	ehlo-ok  = "250" domain-line *( "250" keyword [ SP params ] )
 *
 * EHLO has to be asked before STARTTLS, and cannot share a segment with it
 * (RFC 2920), so five round trips from TCP to TLS 1.3 are the least.
 *
 * LMTP is SMTP but for LHLO in place of EHLO and HELO, which are errors there.
 * No port is registered for it: 25 is ruled out (RFC 2033 section 5), so URLs
 * name one.
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

static const char *const lmtp_states[] = {
	[START] = "start", [READY] = "ready", [GREETING] = "greeting",
	[EHLO] = "LHLO", [STARTTLS] = "STARTTLS", [BEGIN] = "begin",
	[HELLO] = "LHLO inside TLS", [QUIT] = "QUIT",
};

/* Behind the greeting comes the hello, of whichever protocol. */
static enum verdict
greeted(struct dialog *d, const struct unit *u, unsigned next,
	const char *hello)
{
	if (u->code != 220)
		return no_or_malformed(d, u);
	return u->last ? say(d, next, "%s %s", hello, d->own_name) : more(d);
}

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
		return greeted(d, u, EHLO, "EHLO");
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
		return greeted(d, u, HELLO, "EHLO");
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

static enum verdict
lmtp_upgrade(struct dialog *d, const struct unit *u)
{
	return d->state == GREETING ? greeted(d, u, EHLO, "LHLO") :
	    smtp_upgrade(d, u);
}

static enum verdict
lmtp_exchange(struct dialog *d, const struct unit *u)
{
	switch (d->state) {
	case GREETING:
		return greeted(d, u, HELLO, "LHLO");
	case BEGIN:
		return say(d, HELLO, "LHLO %s", d->own_name);
	}
	return smtp_exchange(d, u);
}

static const char tls_first[] = "530 5.7.0 Must issue a STARTTLS command first";
static const char no_parameters[] = "501 5.5.4 no parameters allowed";

static const char lhlo_only[] = "500 5.5.1 this is LMTP: LHLO";

#define COMMANDS(VERB) \
	{ VERB, ANSWER, NEEDED, "250-$\n250-PIPELINING\n" \
	  "250-ENHANCEDSTATUSCODES\n250 STARTTLS", \
	  "501 5.5.4 " VERB " needs a name" }, \
	{ "STARTTLS", UPGRADE, NONE, "220 2.0.0 ready to start TLS", \
	  no_parameters }, \
	{ "NOOP", ANSWER, OPTIONAL, "250 2.0.0 OK", NULL }, \
	{ "RSET", ANSWER, NONE, "250 2.0.0 OK", no_parameters }, \
	{ "HELP", ANSWER, OPTIONAL, \
	  "214 2.0.0 " VERB " STARTTLS NOOP RSET QUIT", NULL }, \
	{ "QUIT", LEAVE, NONE, "221 2.0.0 goodbye", no_parameters }, \
	{ "AUTH", REFUSE, OPTIONAL, tls_first, NULL }, \
	{ "MAIL", REFUSE, OPTIONAL, tls_first, NULL }, \
	{ "RCPT", REFUSE, OPTIONAL, tls_first, NULL }, \
	{ "DATA", REFUSE, OPTIONAL, tls_first, NULL }, \
	{ "VRFY", REFUSE, OPTIONAL, tls_first, NULL }, \
	{ "EXPN", REFUSE, OPTIONAL, tls_first, NULL }, \
	/* was not offered, and its data would come next (RFC 3030) */ \
	{ "BDAT", HANG_UP, OPTIONAL, NULL, NULL }

static const struct command smtp_commands[] = {
	COMMANDS("EHLO"),
	{ "HELO", ANSWER, NEEDED, "250 $", "501 5.5.4 HELO needs a name" },
	{ "ETRN", REFUSE, OPTIONAL, tls_first, NULL },
	{ "BURL", REFUSE, OPTIONAL, tls_first, NULL },
	{ NULL, REFUSE, OPTIONAL, "500 5.5.1 no such command", NULL },
};

static const struct command lmtp_commands[] = {
	COMMANDS("LHLO"),
	{ "EHLO", REFUSE, OPTIONAL, lhlo_only, NULL },
	{ "HELO", REFUSE, OPTIONAL, lhlo_only, NULL },
	{ NULL, REFUSE, OPTIONAL, "500 5.5.1 no such command", NULL },
};

static enum verdict
smtp_serve(struct dialog *d, const struct unit *u)
{
	return serve(d, u->line, smtp_commands);
}

static enum verdict
lmtp_serve(struct dialog *d, const struct unit *u)
{
	return serve(d, u->line, lmtp_commands);
}

#define SERVE(STEP, GREETING) { \
	.frame = starttls_frame_command, \
	.step = STEP, \
	.greeting = GREETING, \
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
	.serve_rules = SERVE(smtp_serve, "220 $ ESMTP"),
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
	.serve_rules = SERVE(smtp_serve, "220 $ ESMTP"),
};

const struct starttls_protocol starttls_protocol_lmtp = {
	.name = "lmtp",
	.scheme_tls = "lmtps",
	.rfc = "RFC 2033, RFC 3207",
	.frame = starttls_frame_smtp,
	.upgrade_rules = { lmtp_upgrade, START, READY, lmtp_states },
	.exchange_rules = { lmtp_exchange, START, BEGIN, lmtp_states },
	.serve_rules = SERVE(lmtp_serve, "220 $ LMTP"),
};
