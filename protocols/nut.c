/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * Network UPS Tools: RFC 9271, and the protocol's own description.
 *
 *	reply = "OK STARTTLS"
 *	      / "ERR" SP name [ SP text ]
 *
 * Lines end in LF, and clients speak first: three round trips.  A server with
 * no certificate says "ERR FEATURE-NOT-CONFIGURED" and goes on in the clear.
 * There is no dedicated port.
 *
 * A server refuses what asks for a password or a device: upsd itself would
 * take both in the clear.
 */

#include "config.h"

#include "protocol.h"

enum { START, STARTTLS, BEGIN, VER, LOGOUT };

static const char *const nut_states[] = {
	[START] = "start", [STARTTLS] = "STARTTLS", [BEGIN] = "begin",
	[VER] = "VER", [LOGOUT] = "LOGOUT",
};

static bool
begins_with_word(const struct unit *u, const char *word)
{
	struct bytes rest = u->line;

	return bytes_equal(bytes_word(&rest), word);
}

static enum verdict
err_or_malformed(struct dialog *d, const struct unit *u)
{
	return begins_with_word(u, "ERR") ? refused(d, u) : malformed(d, u);
}

static enum verdict
nut_upgrade(struct dialog *d, const struct unit *u)
{
	switch (d->state) {
	case START:
		return say(d, STARTTLS, "STARTTLS");
	case STARTTLS:
		return bytes_equal(u->line, "OK STARTTLS") ? upgrade(d) :
		    err_or_malformed(d, u);
	}
	return bug(d);
}

static enum verdict
nut_exchange(struct dialog *d, const struct unit *u)
{
	switch (d->state) {
	case BEGIN:
		return say(d, VER, "VER");
	case VER:
		/* a text of its own, as long as it is one */
		if (u->line.len == 0 || begins_with_word(u, "ERR"))
			return err_or_malformed(d, u);
		return goodbye(d, LOGOUT, "LOGOUT");
	case LOGOUT:
		return begins_with_word(u, "OK") ? done(d) :
		    err_or_malformed(d, u);
	}
	return bug(d);
}

/* libupsclient looks at the name alone. */
static const char tls_first[] = "ERR ACCESS-DENIED STARTTLS comes first";
static const char no_arguments[] = "ERR INVALID-ARGUMENT";

static const struct command nut_commands[] = {
	{ "STARTTLS", UPGRADE, NONE, "OK STARTTLS", no_arguments },
	{ "VER", ANSWER, OPTIONAL, "Network UPS Tools, STARTTLS comes first", NULL },
	{ "NETVER", ANSWER, OPTIONAL, "1.3", NULL },
	{ "PROTVER", ANSWER, OPTIONAL, "1.3", NULL },
	{ "HELP", ANSWER, OPTIONAL, "Commands: HELP VER PROTVER STARTTLS LOGOUT", NULL },
	{ "LOGOUT", LEAVE, NONE, "OK Goodbye", no_arguments },
	{ "USERNAME", REFUSE, OPTIONAL, tls_first, NULL },
	{ "PASSWORD", REFUSE, OPTIONAL, tls_first, NULL },
	{ "LOGIN", REFUSE, OPTIONAL, tls_first, NULL },
	{ "GET", REFUSE, OPTIONAL, tls_first, NULL },
	{ "LIST", REFUSE, OPTIONAL, tls_first, NULL },
	{ "SET", REFUSE, OPTIONAL, tls_first, NULL },
	{ "INSTCMD", REFUSE, OPTIONAL, tls_first, NULL },
	{ "FSD", REFUSE, OPTIONAL, tls_first, NULL },
	{ "PRIMARY", REFUSE, OPTIONAL, tls_first, NULL },
	{ "MASTER", REFUSE, OPTIONAL, tls_first, NULL },
	{ NULL, REFUSE, OPTIONAL, "ERR UNKNOWN-COMMAND", NULL },
};

static enum verdict
nut_serve(struct dialog *d, const struct unit *u)
{
	return serve(d, u->line, nut_commands);
}

const struct starttls_protocol starttls_protocol_nut = {
	.name = "nut",
	.port = "3493",
	.rfc = "RFC 9271",
	.ends_in_lf = true,
	.frame = starttls_frame_line,
	.upgrade_rules = { nut_upgrade, START, START, nut_states },
	.exchange_rules = { nut_exchange, BEGIN, BEGIN, nut_states },
	.serve_rules = {
		.frame = starttls_frame_command_lf,
		.step = nut_serve,
		.hangup = LINES("ERR ACCESS-DENIED closing the connection"),
		.pipelined = LINES("ERR INVALID-ARGUMENT nothing may follow "
		    "STARTTLS"),
	},
};
