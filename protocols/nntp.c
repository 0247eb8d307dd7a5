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
		    no_or_malformed(d, u);
	case STARTTLS:
		return u->code == 382 ? upgrade(d) : no_or_malformed(d, u);
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
		    no_or_malformed(d, u);
	case CAPABILITIES:
		if (u->code == 101)
			return want_block(d, BLOCK);
		if (u->code == 400)
			return refused(d, u);
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
};
