/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * IRC: the IRCv3 extension tls, RFC 1459, RFC 2812, RFC 7194.
 *
 *	message  = [ ":" prefix SP ] ( word / 3DIGIT ) *( SP parameter )
 *	go-ahead = message with 670
 *
 * Clients speak first, and need not ask for capabilities: three round trips.
 * At any time before registration a server may say NOTICE, a PING, a 020 of
 * IRCnet or a 439 of EFnet ("please wait"), which mean nothing in the clear.  A
 * PING is not answered: its text is the server's, and nobody vouches for it.
 * Empty messages mean nothing at all (RFC 2812 section 2.3.1), and several
 * blanks are one (RFC 1459 section 2.3.1).
 *
 * As a server: clients may say who they are ahead of STARTTLS, often together
 * with CAP LS, which is forgotten; but they are not registered, and no password
 * is taken.  The list has but tls.
 */

#include "config.h"

#include "protocol.h"

enum { START, STARTTLS, BEGIN, QUIT };

static const char *const irc_states[] = {
	[START] = "start", [STARTTLS] = "STARTTLS", [BEGIN] = "begin",
	[QUIT] = "QUIT",
};

static bool
irc_read(struct unit *u)
{
	u->blank = u->line.len == 0;
	return true;
}

/* What stands behind the prefix, if there is one. */
static struct bytes
without_prefix(struct bytes rest)
{
	if (rest.len == 0 || rest.data[0] != ':')
		return rest;
	bytes_word(&rest);
	while (rest.len > 0 && rest.data[0] == ' ') {
		rest.data++;
		rest.len--;
	}
	return rest;
}

static struct bytes
command_of(struct bytes line)
{
	struct bytes rest = without_prefix(line);

	return bytes_word(&rest);
}

static const char *const notices[] = { "NOTICE", "PING", "020", "439" };
#define NOTICES (sizeof(notices) / sizeof(notices[0]))

static bool
is_notice(struct bytes command)
{
	size_t i;

	for (i = 0; i < NOTICES; i++)
		if (bytes_equal(command, notices[i]))
			return true;
	return false;
}

/* What is not whole may still become one of those. */
static bool
irc_is_unasked(struct bytes start)
{
	struct bytes rest = without_prefix(start);
	struct bytes command = bytes_word(&rest);
	size_t i;

	if (start.data[0] == '\r')
		return start.len == 1;
	if (rest.data != command.data + command.len)
		return is_notice(command);
	for (i = 0; i < NOTICES; i++)
		if (bytes_may_begin(command, notices[i]))
			return true;
	return false;
}

static bool
is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

/* A numeric that tells of an error: 400 to 599, and the 6xx of STARTTLS. */
static bool
is_refusal(struct bytes command)
{
	return bytes_equal(command, "ERROR") || bytes_equal(command, "FAIL") ||
	    bytes_equal(command, "691") || (command.len == 3 &&
	    (command.data[0] == '4' || command.data[0] == '5') &&
	    is_digit(command.data[1]) && is_digit(command.data[2]));
}

/* 263: the server is too busy, try again; 437: not available for a while. */
static enum verdict
no_or_malformed_command(struct dialog *d, const struct unit *u,
			struct bytes command)
{
	if (bytes_equal(command, "263") || bytes_equal(command, "437"))
		return refused_for_now(d, u);
	return is_refusal(command) ? refused(d, u) : malformed(d, u);
}

static enum verdict
irc_upgrade(struct dialog *d, const struct unit *u)
{
	struct bytes command;

	switch (d->state) {
	case START:
		return say(d, STARTTLS, "STARTTLS");
	case STARTTLS:
		command = command_of(u->line);
		if (is_notice(command))
			return more(d);
		if (bytes_equal(command, "670"))
			return upgrade(d);
		return no_or_malformed_command(d, u, command);
	}
	return bug(d);
}

/* RFC 2812 section 3.1.7: the server acknowledges with an ERROR. */
static enum verdict
irc_exchange(struct dialog *d, const struct unit *u)
{
	struct bytes command;

	switch (d->state) {
	case BEGIN:
		return say(d, QUIT, "QUIT :bye");
	case QUIT:
		command = command_of(u->line);
		if (bytes_equal(command, "ERROR"))
			return done(d);
		if (is_notice(command))
			return more(d);
		return no_or_malformed_command(d, u, command);
	}
	return bug(d);
}

static const char tls_first[] = ":$ 451 * :STARTTLS comes first";
static const char no_arguments[] = ":$ 691 * :no arguments allowed";
static const char unknown[] = ":$ 421 * * :not a command before STARTTLS";

static const struct command irc_commands[] = {
	{ "CAP LS", ANSWER, OPTIONAL, ":$ CAP * LS :tls", NULL },
	{ "CAP LIST", ANSWER, NONE, ":$ CAP * LIST :", no_arguments },
	{ "STARTTLS", UPGRADE, NONE,
	  ":$ 670 * :STARTTLS successful, go ahead with TLS handshake",
	  no_arguments },
	{ "QUIT", LEAVE, OPTIONAL, "ERROR :goodbye", NULL },
	{ "CAP REQ", REFUSE, ECHOED, ":$ CAP * NAK %", tls_first },
	{ "CAP", REFUSE, OPTIONAL, tls_first, NULL },
	{ "NICK", ANSWER, NEEDED, NULL, ":$ 431 * :no nickname given" },
	/* for whoever waits to be welcomed */
	{ "USER", ANSWER, NEEDED, ":$ NOTICE * :STARTTLS comes first",
	  ":$ 461 * USER :not enough parameters" },
	{ "PING", ANSWER, ECHOED, ":$ PONG $ %", ":$ 409 * :no origin" },
	/* so that clients end the attempt */
	{ "PASS", REFUSE, OPTIONAL,
	  ":$ 464 * :no password before STARTTLS", NULL },
	{ "AUTHENTICATE", REFUSE, OPTIONAL,
	  ":$ 904 * :no login before STARTTLS", NULL },
	{ "OPER", REFUSE, OPTIONAL, tls_first, NULL },
	{ "WEBIRC", REFUSE, OPTIONAL, tls_first, NULL },
	{ "JOIN", REFUSE, OPTIONAL, tls_first, NULL },
	{ "PRIVMSG", REFUSE, OPTIONAL, tls_first, NULL },
	/* "Empty messages are silently ignored" (RFC 2812 section 2.3.1) */
	{ "", ANSWER, NONE, NULL, unknown },
	{ NULL, REFUSE, OPTIONAL, unknown, NULL },
};

static enum verdict
irc_serve(struct dialog *d, const struct unit *u)
{
	return serve(d, u->line, irc_commands);
}

const struct starttls_protocol starttls_protocol_irc = {
	.name = "irc",
	.scheme_tls = "ircs",
	.port = "6667",
	.port_tls = "6697",
	.alpn = "irc",
	.rfc = "IRCv3 tls, RFC 7194",
	.is_unasked = irc_is_unasked,
	.frame = starttls_frame_line,
	.read = irc_read,
	.upgrade_rules = { irc_upgrade, START, START, irc_states },
	.exchange_rules = { irc_exchange, BEGIN, BEGIN, irc_states },
	.serve_rules = {
		.frame = starttls_frame_command,
		.step = irc_serve,
		.hangup = LINES("ERROR :closing the connection"),
		.pipelined = LINES(":$ 691 * :nothing may follow STARTTLS\n"
		    "ERROR :closing the connection"),
	},
};
