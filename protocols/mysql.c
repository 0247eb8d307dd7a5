/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * MySQL and MariaDB: "Client/Server Protocol" of MariaDB's and of MySQL's
 * documentation.
 *
 *	packet   = int24 sequence payload            ; lowest octet first
 *	greeting = %d10 version NUL int32 8OCTET NUL flags [ *OCTET ]
 *	error    = %xff int16 [ "#" 5CHAR ] text
 *
 * The greeting says what the server can do, so a server without TLS is asked
 * nothing.  There is no go-ahead: the ClientHello comes right behind our
 * SSLRequest, and whatever the server sends in the clear behind its greeting is
 * early data.  Packets are numbered from 0 on, by both sides together.
 *
 * The exchange logs in without a password, as a user that hardly exists, and
 * takes the refusal for an answer.  Connections that end before that are errors
 * by which the server comes to block a host (max_connect_errors); a login that
 * is refused is none.
 */

#include "config.h"

#include "protocol.h"

enum { START, GREETING, REQUEST, BEGIN, LOGIN, METHOD };

static const char *const mysql_states[] = {
	[START] = "start", [GREETING] = "greeting", [REQUEST] = "SSLRequest",
	[BEGIN] = "begin", [LOGIN] = "login", [METHOD] = "login",
};

enum { OK = 0x00, MORE = 0x01, VERSION_9 = 0x09, VERSION_10 = 0x0a,
       SWITCH = 0xfe, ERROR = 0xff };

#define CLIENT_PROTOCOL_41 0x0200u
#define CLIENT_SSL 0x0800u

/* These, CLIENT_SECURE_CONNECTION and, inside TLS, CLIENT_PLUGIN_AUTH; 16 MiB;
   utf8mb4. */
#define FACTS(plugin) 0x00, 0x8a, plugin, 0, 0, 0, 0, 1, 45, \
	0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0

static const uint8_t ssl_request[] = { 32, 0, 0, 1, FACTS(0) };
static const uint8_t login_request[] = {
	64, 0, 0, 2, FACTS(8), 's', 't', 'a', 'r', 't', 't', 'l', 's', 0, 0,
	'm', 'y', 's', 'q', 'l', '_', 'n', 'a', 't', 'i', 'v', 'e', '_',
	'p', 'a', 's', 's', 'w', 'o', 'r', 'd', 0
};
static const uint8_t no_password[] = { 0, 0, 0, 4 };
static const uint8_t quit[] = { 1, 0, 0, 0, 1 };

/* The version is what people read, what is behind it the text. */
static bool
read_greeting(struct unit *u, struct bytes rest)
{
	u->text = rest;
	return bytes_until(&u->text, '\0', &u->line);
}

/* The SQLSTATE, where there is one, is the text. */
static bool
read_error(struct unit *u, struct bytes rest)
{
	if (rest.len < 2)
		return false;
	u->name = "error";
	u->code = bytes_le(rest.data, 2);
	u->line = (struct bytes){ rest.data + 2, rest.len - 2 };
	u->text.len = 0;
	if (u->line.len < 6 || u->line.data[0] != '#')
		return true;
	u->text = (struct bytes){ u->line.data + 1, 5 };
	u->line.data += 6;
	u->line.len -= 6;
	return true;
}

static bool
mysql_read(struct unit *u)
{
	struct bytes rest = u->line;

	if (rest.len < 5)
		return false;
	u->id = rest.data[3];
	u->kind = rest.data[4];
	rest.data += 5;
	rest.len -= 5;
	u->line.len = 0;
	switch (u->kind) {
	case VERSION_10:
		return read_greeting(u, rest);
	case ERROR:
		return read_error(u, rest);
	}
	u->name = u->kind == OK ? "OK" : u->kind == MORE ? "AuthMoreData" :
	    u->kind == SWITCH ? "AuthSwitchRequest" : "another packet";
	return true;
}

/* Busy in one way or the other; the rest has to be mended by somebody. */
static enum verdict
no(struct dialog *d, const struct unit *u)
{
	switch (u->code) {
	case 1040: case 1041: case 1053: case 1080: case 1135: case 1152:
	case 1203: case 1226:
		return refused_for_now(d, u);
	}
	return refused(d, u);
}

static enum verdict
greeted(struct dialog *d, const struct unit *u)
{
	unsigned flags;

	if (u->id != 0)
		return malformed(d, u);
	if (u->kind == ERROR)
		return no(d, u);
	if (u->kind == VERSION_9)
		return not_offered(d, u);
	if (u->kind != VERSION_10 || u->text.len < 15)
		return malformed(d, u);
	flags = bytes_le(u->text.data + 13, 2);
	if ((flags & CLIENT_SSL) == 0 || (flags & CLIENT_PROTOCOL_41) == 0)
		return not_offered(d, u);
	named(d, "SSLRequest");
	return put_and_upgrade(d, ssl_request, sizeof(ssl_request));
}

static enum verdict
mysql_upgrade(struct dialog *d, const struct unit *u)
{
	switch (d->state) {
	case START:
		return expect(d, GREETING);
	case REQUEST:              /* the application has seen the greeting */
		named(d, "SSLRequest");
		return put_and_upgrade(d, ssl_request, sizeof(ssl_request));
	case GREETING:
		return greeted(d, u);
	}
	return bug(d);
}

/* Class 28: who asks, which was made up. */
static bool
is_about_user(struct bytes sqlstate)
{
	return sqlstate.len == 5 && sqlstate.data[0] == '2' &&
	    sqlstate.data[1] == '8';
}

static enum verdict
answered(struct dialog *d, const struct unit *u)
{
	if (u->id != (d->state == LOGIN ? 3 : 5))
		return malformed(d, u);
	if (u->kind == ERROR)
		return is_about_user(u->text) ? done(d) : no(d, u);
	if (u->kind == SWITCH && d->state == LOGIN) {
		named(d, "no password");
		return put(d, METHOD, no_password, sizeof(no_password));
	}
	/* wants more than there is */
	if (u->kind == MORE || u->kind == SWITCH)
		return done(d);
	if (u->kind != OK)
		return malformed(d, u);
	named(d, "COM_QUIT");
	return put_last_words(d, quit, sizeof(quit));
}

static enum verdict
mysql_exchange(struct dialog *d, const struct unit *u)
{
	switch (d->state) {
	case BEGIN:
		named(d, "HandshakeResponse");
		return put(d, LOGIN, login_request, sizeof(login_request));
	case LOGIN:
	case METHOD:
		return answered(d, u);
	}
	return bug(d);
}

const struct starttls_protocol starttls_protocol_mysql = {
	.name = "mysql",
	.port = "3306",
	.rfc = "MySQL and MariaDB documentation",
	.goes_on = true,
	.frame = starttls_frame_mysql,
	.read = mysql_read,
	.upgrade_rules = { mysql_upgrade, START, REQUEST, mysql_states },
	.exchange_rules = { mysql_exchange, BEGIN, BEGIN, mysql_states },
};
