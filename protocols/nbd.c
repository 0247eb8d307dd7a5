/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * NBD, network block devices: the project's doc/proto.md.
 *
 *	greeting = "NBDMAGIC" "IHAVEOPT" uint16         ; flags of the server
 *	hello    = uint32                               ; flags of the client
 *	option   = "IHAVEOPT" uint32 uint32 *OCTET      ; number, length, data
 *	reply    = %x0003e889045565a9 uint32 uint32 uint32 *OCTET
 *	                                                ; option, type, length
 *
 * Numbers are in network order.  The flags and NBD_OPT_STARTTLS go in one write:
 * four round trips; flags that the server does not have are not sent, and one
 * without fixed newstyle negotiation knows no options that we could ask for.
 * The go-ahead is an acknowledgement of just that option, without data.
 *
 * Inside TLS the negotiation begins anew, without greeting and flags.  The
 * exchange is a list of exports, which a server may refuse, and a goodbye.
 */

#include "config.h"

#include "protocol.h"

enum { OPT_ABORT = 2, OPT_LIST = 3, OPT_STARTTLS = 5 };
enum { REP_ACK = 1, REP_SERVER = 2 };

#define IS_ERROR 0x80000000u
#define ERR_SHUTDOWN (IS_ERROR + 7)
#define ERR_TLS_REQD (IS_ERROR + 5)

enum { START, READY, GREETING, STARTTLS, BEGIN, LIST, ABORT };

static const char *const nbd_states[] = {
	[START] = "start", [READY] = "ready", [GREETING] = "greeting",
	[STARTTLS] = "NBD_OPT_STARTTLS", [BEGIN] = "begin",
	[LIST] = "NBD_OPT_LIST", [ABORT] = "NBD_OPT_ABORT",
};

static const char *const errors[] = {
	"NBD_REP_ERR", "NBD_REP_ERR_UNSUP", "NBD_REP_ERR_POLICY",
	"NBD_REP_ERR_INVALID", "NBD_REP_ERR_PLATFORM",
	"NBD_REP_ERR_TLS_REQD", "NBD_REP_ERR_UNKNOWN",
	"NBD_REP_ERR_SHUTDOWN", "NBD_REP_ERR_BLOCK_SIZE_REQD",
	"NBD_REP_ERR_TOO_BIG", "NBD_REP_ERR_EXT_HEADER_REQD",
};
#define ERRORS (sizeof(errors) / sizeof(errors[0]))

/* Of a reply: its type is the kind, its option the id, an error's text the
   line; of the greeting: its flags are the code. */
static bool
nbd_read(struct unit *u)
{
	const uint8_t *data = u->line.data;
	uint32_t number;

	if (data[0] == 'N') {
		/* servers of the old style have no flags here */
		u->name = u->line.len == NBD_GREETING ? "NBD greeting" :
		    "NBD greeting of the old style";
		u->id = u->line.len == NBD_GREETING ? bytes_be(data + 16, 2) :
		    0;
		u->line.len = 0;
		return true;
	}
	u->id = bytes_be(data + 8, 4);
	u->kind = bytes_be(data + 12, 4);
	number = u->kind & ~IS_ERROR;
	if ((u->kind & IS_ERROR) != 0)
		u->name = errors[number < ERRORS ? number : 0];
	else
		u->name = u->kind == REP_ACK ? "NBD_REP_ACK" :
		    u->kind == REP_SERVER ? "NBD_REP_SERVER" :
		    "another reply";
	u->text = (struct bytes){ data + NBD_REPLY, u->line.len - NBD_REPLY };
	u->line = u->text;
	if ((u->kind & IS_ERROR) == 0)
		u->line.len = 0;
	return true;
}

static const uint8_t starttls[] = { 0, 0, 0, 0, 'I', 'H', 'A', 'V', 'E', 'O',
    'P', 'T', 0, 0, 0, OPT_STARTTLS, 0, 0, 0, 0 };
static const uint8_t list[] = { 'I', 'H', 'A', 'V', 'E', 'O', 'P', 'T',
    0, 0, 0, OPT_LIST, 0, 0, 0, 0 };
static const uint8_t abort_option[] = { 'I', 'H', 'A', 'V', 'E', 'O', 'P', 'T',
    0, 0, 0, OPT_ABORT, 0, 0, 0, 0 };

/* Fixed newstyle, and no zeroes if the server knows that as well. */
static enum verdict
greeted(struct dialog *d, const struct unit *u)
{
	uint8_t hello[sizeof(starttls)];
	size_t i;

	if (u->text.data[0] != 'N')
		return malformed(d, u);
	if ((u->id & 1) == 0)
		return not_offered(d, u);
	for (i = 0; i < sizeof(hello); i++)
		hello[i] = starttls[i];
	hello[3] = (uint8_t)(u->id & 3);
	named(d, "client flags, NBD_OPT_STARTTLS");
	return put(d, STARTTLS, hello, sizeof(hello));
}

static enum verdict
no(struct dialog *d, const struct unit *u)
{
	return u->kind == ERR_SHUTDOWN ? refused_for_now(d, u) :
	    refused(d, u);
}

/* Whether this is a reply to that option, and not a second greeting. */
static bool
is_reply(const struct unit *u, uint32_t option)
{
	return u->kind != 0 && u->id == option;
}

static enum verdict
answered(struct dialog *d, const struct unit *u)
{
	if (!is_reply(u, OPT_STARTTLS))
		return malformed(d, u);
	if ((u->kind & IS_ERROR) != 0)
		return no(d, u);
	return u->kind == REP_ACK && u->text.len == 0 ? upgrade(d) :
	    malformed(d, u);
}

static enum verdict
nbd_upgrade(struct dialog *d, const struct unit *u)
{
	switch (d->state) {
	case START:
		return expect(d, GREETING);
	case READY:
		named(d, "NBD_OPT_STARTTLS");
		return put(d, STARTTLS, starttls + 4, sizeof(starttls) - 4);
	case GREETING:
		return greeted(d, u);
	case STARTTLS:
		return answered(d, u);
	}
	return bug(d);
}

static enum verdict
say_goodbye(struct dialog *d)
{
	named(d, "NBD_OPT_ABORT");
	return put_goodbye(d, ABORT, abort_option, sizeof(abort_option));
}

static enum verdict
listed(struct dialog *d, const struct unit *u)
{
	if (!is_reply(u, OPT_LIST))
		return malformed(d, u);
	if (u->kind == ERR_SHUTDOWN || u->kind == ERR_TLS_REQD)
		return no(d, u);
	if (u->kind == REP_SERVER)
		return more(d);
	return u->kind == REP_ACK || (u->kind & IS_ERROR) != 0 ?
	    say_goodbye(d) : malformed(d, u);
}

static enum verdict
nbd_exchange(struct dialog *d, const struct unit *u)
{
	switch (d->state) {
	case BEGIN:
		named(d, "NBD_OPT_LIST");
		return put(d, LIST, list, sizeof(list));
	case LIST:
		return listed(d, u);
	case ABORT:
		return done(d);
	}
	return bug(d);
}

const struct starttls_protocol starttls_protocol_nbd = {
	.name = "nbd",
	.port = "10809",
	.rfc = "NBD doc/proto.md",
	.goes_on = true,
	.frame = starttls_frame_nbd,
	.read = nbd_read,
	.upgrade_rules = { nbd_upgrade, START, READY, nbd_states },
	.exchange_rules = { nbd_exchange, BEGIN, BEGIN, nbd_states },
};
