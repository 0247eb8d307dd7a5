/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * Any bytes to any dialog, whole and in pieces.
 *
 * The first byte chooses protocol, dialog and stage, the second the size of
 * the pieces.  Whatever comes, only known commands are sent, nothing is behind
 * a go-ahead, a failure stays, and a cut turns no refusal into an upgrade.
 */

#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "preamble.h"
#include "text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* All that is ever said, which may have a NUL in it. */
#define NULS_23 "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
#define SAID(text) { text, sizeof(text) - 1 }

static const struct {
	const char *text;
	size_t len;
} commands[] = {
	SAID("EHLO localhost\r\n"), SAID("STARTTLS\r\n"), SAID("QUIT\r\n"),
	/* FTP */
	SAID("AUTH TLS\r\n"), SAID("FEAT\r\n"),
	/* NNTP */
	SAID("CAPABILITIES\r\n"),
	/* IMAP */
	SAID("a1 STARTTLS\r\n"), SAID("a1 CAPABILITY\r\n"),
	SAID("a2 LOGOUT\r\n"),
	/* POP3 */
	SAID("STLS\r\n"), SAID("CAPA\r\n"),
	/* XMPP */
	SAID("<?xml version='1.0'?><stream:stream to='localhost' "
	    "version='1.0' xmlns='jabber:client' "
	    "xmlns:stream='http://etherx.jabber.org/streams'>"),
	SAID("<?xml version='1.0'?><stream:stream from='localhost' "
	    "to='localhost' version='1.0' xmlns='jabber:server' "
	    "xmlns:stream='http://etherx.jabber.org/streams'>"),
	SAID("<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"),
	SAID("</stream:stream>"),
	/* LMTP */
	SAID("LHLO localhost\r\n"),
	/* ManageSieve */
	SAID("CAPABILITY\r\nLOGOUT\r\n"),
	/* IRC */
	SAID("QUIT :bye\r\n"),
	/* NUT */
	SAID("STARTTLS\n"), SAID("VER\n"), SAID("LOGOUT\n"),
	/* HTTP */
	SAID("HEAD / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
	    "\r\n"),
	/* NBD: flags and STARTTLS, STARTTLS, LIST, ABORT */
	SAID("\0\0\0\3IHAVEOPT\0\0\0\5\0\0\0\0"),
	SAID("\0\0\0\1IHAVEOPT\0\0\0\5\0\0\0\0"),
	SAID("IHAVEOPT\0\0\0\5\0\0\0\0"),
	SAID("IHAVEOPT\0\0\0\3\0\0\0\0"),
	SAID("IHAVEOPT\0\0\0\2\0\0\0\0"),
	/* RDP */
	SAID("\3\0\0\x13\x0e\xe0\0\0\0\0\0\1\0\x08\0\3\0\0\0"),
	/* telnet: WILL START_TLS, FOLLOWS */
	SAID("\xff\xfb.\xff\xfa.\1\xff\xf0"),
	/* MySQL */
	SAID("\x20\0\0\x01\0\x8a\0\0\0\0\0\x01\x2d" NULS_23),
	SAID("\x40\0\0\x02\0\x8a\x08\0\0\0\0\x01\x2d" NULS_23
	    "starttls\0\0mysql_native_password\0"),
	SAID("\0\0\0\x04"), SAID("\x01\0\0\0\x01"),
	/* LDAP */
	SAID("\x30\x1d\x02\x01\x01\x77\x18\x80\x16"
	    "1.3.6.1.4.1.1466.20037"),
	SAID("\x30\x2a\x02\x01\x02\x63\x25\x04\x00\x0a\x01\x00\x0a"
	    "\x01\x00\x02\x01\x00\x02\x01\x00\x01\x01\x00\x87\x0b"
	    "objectClass\x30\x05\x04\x03" "1.1"),
	SAID("\x30\x05\x02\x01\x03\x42\x00"),
	/* PostgreSQL */
	SAID("\0\0\0\x08\x04\xd2\x16\x2f"), SAID("X\0\0\0\x04"),
	SAID("\0\0\0\x29\0\x03\0\0user\0starttls\0"
	    "database\0starttls\0\0"),
};

static void
require(bool condition)
{
	if (!condition)
		abort();
}

static void
check_output(const struct preamble *p)
{
	size_t len, i;
	const char *out = starttls_preamble_out(p, &len);

	for (i = 0; out != NULL; i++) {
		require(i < sizeof(commands) / sizeof(commands[0]));
		if (commands[i].len == len &&
		    memcmp(commands[i].text, out, len) == 0)
			break;
	}
}

/* With @eager a command is sent as soon as there is one. */
static enum preamble_status
play(uint8_t choice, const uint8_t *data, size_t size, size_t piece,
     bool eager)
{
	static struct preamble p;
	const struct dialog_rules *rules;
	struct hearsay hearsay = { .greeting = "" };
	const struct starttls_protocol *protocol = NULL;
	struct starttls_error error;
	unsigned i;
	size_t len;
	int code;

	for (i = 0; i <= choice >> 2; i++) { /* round and round */
		protocol = starttls_protocol_next(protocol);
		if (protocol == NULL)
			protocol = starttls_protocol_next(NULL);
	}
	rules = (choice & 1) != 0 ? &protocol->exchange_rules :
	    &protocol->upgrade_rules;
	if (rules->step == NULL)
		return PREAMBLE_FAILED;
	starttls_error_reset(&error);
	starttls_preamble_start(&p, protocol, rules,
	    (choice & 2) != 0 ? STARTTLS_COMMAND : STARTTLS_GREETING,
	    "localhost", "localhost", &error);
	p.hearsay = &hearsay;
	while (size > 0) {
		size_t n = piece < size ? piece : size;

		check_output(&p);
		if (eager && starttls_preamble_out(&p, &len) != NULL)
			starttls_preamble_sent(&p, len);
		code = error.code;
		starttls_preamble_feed(&p, data, n);
		require(code == 0 || (code == error.code &&
		    p.status == PREAMBLE_FAILED));
		require(p.status != PREAMBLE_UPGRADE || p.in_len == 0);
		data += n;
		size -= n;
		if (p.status == PREAMBLE_UPGRADE && size > 0) {
			starttls_preamble_feed(&p, data, 1);
			require(error.code == STARTTLS_E_EARLY_DATA);
			return PREAMBLE_FAILED;
		}
	}
	require(starttls_text_is_plain(hearsay.greeting));
	require(p.total <= PREAMBLE_MAX_TOTAL + PREAMBLE_MAX_LINE);
	return p.status;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	enum preamble_status whole;

	if (size < 2)
		return 0;
	/* nothing sent in between: all cuts are the same */
	whole = play(data[0], data + 2, size - 2, size, false);
	require(play(data[0], data + 2, size - 2, data[1] % 16u + 1, false) ==
	    whole);
	play(data[0], data + 2, size - 2, data[1] % 16u + 1, true);
	return 0;
}
