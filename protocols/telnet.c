/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * Telnet: RFC 854, RFC 855, draft-altman-telnet-starttls-02.
 *
 *	offer    = IAC DO START_TLS                  ; of the server
 *	consent  = IAC WILL START_TLS follows        ; ours, in one write
 *	follows  = IAC SB START_TLS %x01 IAC SE      ; the go-ahead
 *
 * A server speaks first.  Other options may be negotiated at any time before
 * the go-ahead; nothing of them needs an answer, as all of them begin anew
 * inside TLS.  Whoever asks for a login instead offers nothing.  Four round
 * trips.
 *
 * There is nothing harmless to say inside TLS.
 */

#include "config.h"

#include "protocol.h"

enum { SE = 0xf0, NOP = 0xf1, GA = 0xf9, SB = 0xfa, WILL = 0xfb, WONT = 0xfc,
       DO = 0xfd, DONT = 0xfe, IAC = 0xff };
enum { START_TLS = 46, FOLLOWS = 1 };

enum { START, READY, OFFER, ANSWER_TO_OURS };

static const char *const telnet_states[] = {
	[START] = "start", [READY] = "ready", [OFFER] = "options",
	[ANSWER_TO_OURS] = "START_TLS",
};

static const uint8_t consent[] = { IAC, WILL, START_TLS,
    IAC, SB, START_TLS, FOLLOWS, IAC, SE };

static const char *
name_of(const uint8_t *data, size_t len)
{
	bool is_ours = len > 2 && data[2] == START_TLS;

	switch (data[1]) {
	case WILL:
		return is_ours ? "WILL START_TLS" : "WILL (another option)";
	case WONT:
		return is_ours ? "WONT START_TLS" : "WONT (another option)";
	case DO:
		return is_ours ? "DO START_TLS" : "DO (another option)";
	case DONT:
		return is_ours ? "DONT START_TLS" : "DONT (another option)";
	case SB:
		return is_ours ? "START_TLS" : "SB (another option)";
	}
	return "command";
}

/* The command is the kind, the option the code; text has neither. */
static bool
telnet_read(struct unit *u)
{
	const uint8_t *data = u->line.data;
	size_t len = u->line.len;

	if (data[0] != IAC || data[1] == IAC)
		return true;
	u->kind = data[1];
	u->id = len > 2 ? data[2] : 0;
	u->name = name_of(data, len);
	u->line.len = 0;
	return true;
}

/* What is no option of ours, as far as it can be seen. */
static bool
telnet_is_unasked(struct bytes start)
{
	const uint8_t *data = start.data;

	if (data[0] != IAC)
		return false;
	if (start.len == 1 || (data[1] >= NOP && data[1] <= GA))
		return true;
	return data[1] >= SB && data[1] <= DONT &&
	    (start.len == 2 || data[2] != START_TLS);
}

static enum verdict
agree(struct dialog *d)
{
	named(d, "WILL START_TLS, FOLLOWS");
	return put(d, ANSWER_TO_OURS, consent, sizeof(consent));
}

static bool
is_ours(const struct unit *u)
{
	return u->kind >= SB && u->id == START_TLS;
}

static enum verdict
offered(struct dialog *d, const struct unit *u)
{
	if (u->kind == 0)          /* text: it asks for a login */
		return not_offered(d, u);
	if (!is_ours(u))
		return more(d);
	if (u->kind == DONT || u->kind == WONT)
		return refused(d, u);
	return u->kind == DO ? agree(d) : malformed(d, u);
}

/* The go-ahead, byte for byte. */
static bool
follows(const struct unit *u)
{
	return u->kind == SB && u->text.len == 6 && u->text.data[3] == FOLLOWS;
}

static enum verdict
answered(struct dialog *d, const struct unit *u)
{
	if (u->kind != 0 && !is_ours(u))
		return more(d);
	if (u->kind == DONT || u->kind == WONT)
		return refused(d, u);
	return follows(u) ? upgrade(d) : malformed(d, u);
}

static enum verdict
telnet_upgrade(struct dialog *d, const struct unit *u)
{
	switch (d->state) {
	case START:
		return expect(d, OFFER);
	case READY:
		return agree(d);
	case OFFER:
		return offered(d, u);
	case ANSWER_TO_OURS:
		return answered(d, u);
	}
	return bug(d);
}

const struct starttls_protocol starttls_protocol_telnet = {
	.name = "telnet",
	.scheme_tls = "telnets",
	.port = "23",
	.port_tls = "992",
	.rfc = "draft-altman-telnet-starttls-02",
	.is_unasked = telnet_is_unasked,
	.frame = starttls_frame_telnet,
	.read = telnet_read,
	.upgrade_rules = { telnet_upgrade, START, READY, telnet_states },
};
