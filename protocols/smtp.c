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
		return say(d, EHLO, "EHLO %s", d->client_name);
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
		return say(d, HELLO, "EHLO %s", d->client_name);
	case BEGIN:
		return say(d, HELLO, "EHLO %s", d->client_name);
	case HELLO:
		if (u->code != 250)
			return no_or_malformed(d, u);
		return u->last ? goodbye(d, QUIT, "QUIT") : more(d);
	case QUIT:
		return u->last ? done(d) : more(d);
	}
	return bug(d);
}

const struct starttls_protocol starttls_protocol_smtp = {
	.name = "smtp",
	.scheme_tls = "smtps",
	.port = "25",
	.port_tls = "465",
	.rfc = "RFC 3207",
	.frame = starttls_frame_smtp,
	.upgrade_rules = { smtp_upgrade, START, READY, smtp_states },
	.exchange_rules = { smtp_exchange, START, BEGIN, smtp_states },
};

const struct starttls_protocol starttls_protocol_submission = {
	.name = "submission",
	.scheme_tls = "submissions",
	.port = "587",
	.port_tls = "465",
	.rfc = "RFC 3207, RFC 6409, RFC 8314",
	.frame = starttls_frame_smtp,
	.upgrade_rules = { smtp_upgrade, START, READY, smtp_states },
	.exchange_rules = { smtp_exchange, START, BEGIN, smtp_states },
};
