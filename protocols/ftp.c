/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * FTP control connection: RFC 959, RFC 2228, RFC 4217.
 *
 *	reply    = code [ SP text ] CRLF
 *	         / code "-" text CRLF *( text CRLF ) code [ SP text ] CRLF
 *	greeting = *( reply with 120 ) reply with 220
 *
 * AUTH TLS needs no FEAT before it: four round trips.  After the upgrade the
 * connection is usable at once; PBSZ and PROT belong to the application.
 * 334 asks for more security data (RFC 2228) and is not the go-ahead, 234.
 */

#include "config.h"

#include "protocol.h"

enum { START, READY, GREETING, AUTH, BEGIN, HELLO, FEAT, QUIT };

static const char *const ftp_states[] = {
	[START] = "start", [READY] = "ready", [GREETING] = "greeting",
	[AUTH] = "AUTH TLS", [BEGIN] = "begin",
	[HELLO] = "greeting inside TLS", [FEAT] = "FEAT", [QUIT] = "QUIT",
};

/* 230 is "logged in already", which changes nothing before AUTH TLS. */
static bool
is_greeting(const struct unit *u)
{
	return u->code == 120 || u->code == 220 || u->code == 230;
}

static enum verdict
ftp_upgrade(struct dialog *d, const struct unit *u)
{
	switch (d->state) {
	case START:
		return expect(d, GREETING);
	case READY:
		return say(d, AUTH, "AUTH TLS");
	case GREETING:
		if (!is_greeting(u))
			return no_or_malformed(d, u);
		if (!u->last || u->code == 120)
			return more(d);
		return say(d, AUTH, "AUTH TLS");
	case AUTH:
		if (u->code != 234)
			return no_or_malformed(d, u);
		return u->last ? upgrade(d) : more(d);
	}
	return bug(d);
}

static enum verdict
ftp_exchange(struct dialog *d, const struct unit *u)
{
	switch (d->state) {
	case START:
		return expect(d, HELLO);
	case BEGIN:
		return say(d, FEAT, "FEAT");
	case HELLO:
		if (!is_greeting(u))
			return no_or_malformed(d, u);
		if (!u->last || u->code == 120)
			return more(d);
		return say(d, FEAT, "FEAT");
	case FEAT:
		/* servers older than RFC 2389 or before a login say no */
		if (u->code == 421)
			return no_or_malformed(d, u);
		if (u->code / 100 != 2 && u->code / 100 != 4 &&
		    u->code / 100 != 5)
			return malformed(d, u);
		return u->last ? goodbye(d, QUIT, "QUIT") : more(d);
	case QUIT:
		return u->last ? done(d) : more(d);
	}
	return bug(d);
}

static const char no_parameters[] = "501 no parameters allowed";
static const char go_ahead[] = "234 begin TLS negotiation";

static const struct command ftp_commands[] = {
	{ "AUTH TLS", UPGRADE, NONE, go_ahead, no_parameters },
	{ "AUTH TLS-C", UPGRADE, NONE, go_ahead, no_parameters },
	{ "AUTH", REFUSE, NEEDED, "504 no mechanism but TLS",
	  "501 AUTH needs a mechanism" },
	{ "FEAT", ANSWER, NONE,
	  "211-features\n AUTH TLS\n PBSZ\n PROT\n211 end", no_parameters },
	{ "SYST", ANSWER, NONE, "215 UNIX Type: L8", no_parameters },
	{ "NOOP", ANSWER, OPTIONAL, "200 OK", NULL },
	{ "HELP", ANSWER, OPTIONAL, "214 AUTH FEAT SYST NOOP QUIT", NULL },
	{ "QUIT", LEAVE, NONE, "221 goodbye", no_parameters },
	{ "PBSZ", REFUSE, OPTIONAL, "503 AUTH TLS comes first", NULL },
	{ "PROT", REFUSE, OPTIONAL, "503 AUTH TLS comes first", NULL },
	{ NULL, REFUSE, OPTIONAL, "530 AUTH TLS comes first", NULL },
};

static enum verdict
ftp_serve(struct dialog *d, const struct unit *u)
{
	return serve(d, u->line, ftp_commands);
}

const struct starttls_protocol starttls_protocol_ftp = {
	.name = "ftp",
	.scheme_tls = "ftps",
	.port = "21",
	.port_tls = "990",
	.alpn = "ftp",
	.rfc = "RFC 4217",
	.has_data_channels = true,
	.frame = starttls_frame_ftp,
	.upgrade_rules = { ftp_upgrade, START, READY, ftp_states },
	.exchange_rules = { ftp_exchange, START, BEGIN, ftp_states },
	.serve_rules = {
		.frame = starttls_frame_command,
		.step = ftp_serve,
		.greeting = "220 $ ready",
		.hangup = LINES("421 closing the connection"),
		.pipelined = LINES("503 nothing may follow AUTH TLS"),
	},
};
