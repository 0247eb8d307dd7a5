/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * PostgreSQL: "Frontend/Backend Protocol" of its documentation, sections
 * "SSL Session Encryption" and "Message Formats".
 *
 *	request  = %x00000008 %x04d2162f             ; SSLRequest
 *	answer   = "S" / "N" / "E" error
 *	error    = int32 1*( field NUL ) NUL         ; protocol 3
 *	         / 1*CHAR NUL                        ; protocol 2
 *	message  = type int32 *OCTET                 ; inside TLS
 *
 * The client speaks first.  The go-ahead is one byte, and our ClientHello is
 * what comes next: an octet behind it is early data (CVE-2021-23222; the
 * server's side is CVE-2021-23214).  An int32 counts itself, and what it counts
 * has to fit into the engine's buffer.
 *
 * A server turns away whoever does not begin with an SSLRequest, whose eight
 * bytes are all that it reads; a GSSENCRequest may come in front of it.
 *
 * TLS can also come first, on the same port, since PostgreSQL 17; then ALPN is
 * what tells the two apart, and has to be answered.
 *
 * The exchange is a startup packet for a user that hardly exists: any demand
 * for a password says that all is well, and so does a refusal of that user or
 * database.  Nothing of it is in the server's log then, unlike a connection
 * that closes without a word.
 */

#include "config.h"

#include "protocol.h"

enum { ASK, ANSWER_TO_REQUEST, BEGIN, STARTUP };

static const char *const postgres_states[] = {
	[ASK] = "start", [ANSWER_TO_REQUEST] = "SSLRequest",
	[BEGIN] = "begin", [STARTUP] = "startup",
};

static const uint8_t ssl_request[] = { 0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f };
/* the last NUL is the string's own */
static const uint8_t startup[] = "\0\0\0\x29" "\0\3\0\0"
    "user\0starttls\0" "database\0starttls\0";
static const uint8_t terminate[] = { 'X', 0, 0, 0, 4 };

/*
 * Fields of an error: what people read becomes the line, and the SQLSTATE, by
 * which programs go, the text.
 */
static bool
read_fields(struct unit *u, struct bytes fields)
{
	struct bytes field;

	u->line.len = u->text.len = 0;
	while (bytes_until(&fields, '\0', &field)) {
		if (field.len == 0)
			return fields.len == 0;
		if (field.data[0] == 'M')
			u->line = (struct bytes){ field.data + 1,
			    field.len - 1 };
		else if (field.data[0] == 'C')
			u->text = (struct bytes){ field.data + 1,
			    field.len - 1 };
	}
	return false;
}

static bool
read_error(struct unit *u, const char *name)
{
	const uint8_t *data = u->line.data;
	size_t len = u->line.len;

	u->name = name;
	if (data[1] == '\0')
		return read_fields(u, (struct bytes){ data + 5, len - 5 });
	/* of protocol 2; its line end and NUL are of no interest */
	u->text.len = 0;
	u->line = (struct bytes){ data + 1, len - 2 };
	while (u->line.len > 0 && u->line.data[u->line.len - 1] == '\n')
		u->line.len--;
	return true;
}

/* What is asked for; 0: nothing. */
static bool
read_request(struct unit *u)
{
	if (u->line.len < 9)
		return false;
	u->name = "AuthenticationRequest";
	u->code = bytes_be(u->line.data + 5, 4);
	u->line.len = 0;
	return true;
}

static bool
name_only(struct unit *u, const char *name)
{
	u->name = name;
	u->line.len = 0;
	return true;
}

static bool
postgres_read(struct unit *u)
{
	u->kind = u->line.data[0];
	if (u->line.len == 1)      /* the answer to a request */
		return true;
	switch (u->kind) {
	case 'E':
		return read_error(u, "ErrorResponse");
	case 'N':
		return read_error(u, "NoticeResponse");
	case 'R':
		return read_request(u);
	case 'v':
		return name_only(u, "NegotiateProtocolVersion");
	case 'S':
		return name_only(u, "ParameterStatus");
	case 'K':
		return name_only(u, "BackendKeyData");
	case 'Z':
		return name_only(u, "ReadyForQuery");
	}
	return false;
}

static bool
is_class(struct bytes sqlstate, const char *class)
{
	return sqlstate.len == 5 &&
	    bytes_equal((struct bytes){ sqlstate.data, 2 }, class);
}

/* Out of resources, or starting and stopping: that will pass. */
static enum verdict
no(struct dialog *d, const struct unit *u)
{
	return is_class(u->text, "53") || is_class(u->text, "57") ?
	    refused_for_now(d, u) : refused(d, u);
}

static enum verdict
ask(struct dialog *d)
{
	want_bytes(d, ANSWER_TO_REQUEST, 1);
	named(d, "SSLRequest");
	return put(d, ANSWER_TO_REQUEST, ssl_request, sizeof(ssl_request));
}

static enum verdict
postgres_upgrade(struct dialog *d, const struct unit *u)
{
	switch (d->state) {
	case ASK:
		return ask(d);
	case ANSWER_TO_REQUEST:
		if (u->kind == 'N' || u->kind == 'E')
			return no(d, u);
		return u->kind == 'S' ? upgrade(d) : malformed(d, u);
	}
	return bug(d);
}

static enum verdict
started(struct dialog *d, const struct unit *u)
{
	/* about who asks or for what, which was made up */
	if (u->kind == 'E')
		return is_class(u->text, "28") || is_class(u->text, "3D") ?
		    done(d) : no(d, u);
	if (u->kind == 'R' && u->code != 0)
		return done(d);
	/* who is in says goodbye; before, that would be an error */
	if (u->kind != 'Z')
		return more(d);
	named(d, "Terminate");
	return put_last_words(d, terminate, sizeof(terminate));
}

static enum verdict
postgres_exchange(struct dialog *d, const struct unit *u)
{
	switch (d->state) {
	case BEGIN:
		named(d, "StartupMessage");
		return put(d, STARTUP, startup, sizeof(startup));
	case STARTUP:
		return started(d, u);
	}
	return bug(d);
}

/* ---- the server's side ---- */

enum { PROTOCOL_3 = 3, CANCEL_REQUEST = 80877102, SSL_REQUEST, GSS_REQUEST };

#define ERROR(length, state, text) \
	"E\0\0\0" length "SFATAL\0VFATAL\0C" state "\0M" text "\0"

/* The last NUL is the string's own. */
static const char needs_tls[] = ERROR("\x38", "28000",
    "TLS is needed: no encryption");
static const char no_request[] = ERROR("\x38", "08P01",
    "no request, or nothing known");
static const char data_behind[] = ERROR("\x47", "08P01",
    "received unencrypted data after SSL request");

/*
 * A startup packet would have a user's name in it, and a password next.  What
 * is behind its first eight bytes is not looked at.
 */
static enum verdict
postgres_serve(struct dialog *d, const struct unit *u)
{
	uint32_t length = bytes_be(u->line.data, 4);
	uint32_t code = bytes_be(u->line.data + 4, 4);

	if (length == 8 && code == SSL_REQUEST)
		return answer(d, "SSLRequest", UPGRADE, "S", 1);
	if (length == 8 && code == GSS_REQUEST)
		return answer(d, "GSSENCRequest", REFUSE, "N", 1);
	if (length == 16 && code == CANCEL_REQUEST)
		return answer(d, "CancelRequest", LEAVE, NULL, 0);
	named(d, "ErrorResponse: TLS is needed");
	if (length > 8 && code >> 16 == PROTOCOL_3)
		return answer(d, "StartupMessage", LEAVE, needs_tls,
		    sizeof(needs_tls));
	return answer(d, "(unknown request)", HANG_UP, NULL, 0);
}

const struct starttls_protocol starttls_protocol_postgres = {
	.name = "postgres",
	.scheme_tls = "postgress",
	.port = "5432",
	.port_tls = "5432",
	.alpn = "postgresql",
	.needs_alpn = true,
	.rfc = "PostgreSQL 55.2",
	.frame = starttls_frame_postgres,
	.read = postgres_read,
	.upgrade_rules = { postgres_upgrade, ASK, ASK, postgres_states },
	.exchange_rules = { postgres_exchange, BEGIN, BEGIN,
	    postgres_states },
	.serve_rules = {
		.frame = starttls_frame_exact,
		.wanted = sizeof(ssl_request),
		.step = postgres_serve,
		.hangup = { no_request, sizeof(no_request) },
		.pipelined = { data_behind, sizeof(data_behind) },
	},
};
