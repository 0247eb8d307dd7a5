/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * Any bytes to any server, whole and in pieces.
 *
 * The first byte chooses protocol and stage, the second the size of the
 * pieces.  Whatever comes, only known lines are said, with a tag of IMAP that
 * was in the input; a failure stays; nothing is answered behind the go-ahead;
 * and no cut changes what is said or how it ends, but that a go-ahead may be
 * out before what stands behind the command has come.
 */

#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "preamble.h"
#include "serve.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const char *const lines[] = {
	/* SMTP */
	"220 localhost ESMTP", "421 4.7.0 localhost closing the connection",
	"554 5.7.0 nothing may follow STARTTLS", "250-localhost",
	"250-PIPELINING", "250-ENHANCEDSTATUSCODES", "250 STARTTLS",
	"250 localhost", "250 2.0.0 OK", "220 2.0.0 ready to start TLS",
	"214 2.0.0 EHLO STARTTLS NOOP RSET QUIT", "221 2.0.0 goodbye",
	"530 5.7.0 Must issue a STARTTLS command first",
	"500 5.5.1 no such command", "501 5.5.4 no parameters allowed",
	"501 5.5.4 EHLO needs a name", "501 5.5.4 HELO needs a name",
	/* FTP */
	"220 localhost ready", "421 closing the connection",
	"503 nothing may follow AUTH TLS", "234 begin TLS negotiation",
	"504 no mechanism but TLS", "501 AUTH needs a mechanism",
	"211-features", " AUTH TLS", " PBSZ", " PROT", "211 end",
	"215 UNIX Type: L8", "200 OK", "214 AUTH FEAT SYST NOOP QUIT",
	"221 goodbye", "503 AUTH TLS comes first", "530 AUTH TLS comes first",
	"501 no parameters allowed",
	/* NNTP */
	"200 localhost ready", "400 closing the connection",
	"502 nothing may follow STARTTLS", "101 capabilities", "VERSION 2",
	"STARTTLS", ".", "382 begin TLS negotiation", "100 help",
	"CAPABILITIES STARTTLS HELP QUIT", "205 goodbye",
	"483 STARTTLS comes first", "500 no such command",
	"501 no arguments allowed",
	/* IMAP */
	"* OK [CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED] localhost ready",
	"* CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED", "* ID NIL",
	"* BYE closing the connection", "* BYE goodbye",
	/* POP3 */
	"+OK localhost ready", "-ERR closing the connection",
	"-ERR nothing may follow STLS", "+OK capabilities", "PIPELINING",
	"STLS", "+OK begin TLS negotiation", "+OK goodbye",
	"-ERR STLS comes first", "-ERR no arguments allowed",
	"-ERR not a command before STLS",
	/* LMTP */
	"220 localhost LMTP",
	"220 2.0.0 ready to start TLS",
	"250 2.0.0 OK",
	"530 5.7.0 Must issue a STARTTLS command first",
	"500 5.5.1 no such command",
	"421 4.7.0 localhost closing the connection",
	"554 5.7.0 nothing may follow STARTTLS",
	"221 2.0.0 goodbye",
	"501 5.5.4 no parameters allowed",
	"250-localhost",
	"250-PIPELINING",
	"250-ENHANCEDSTATUSCODES",
	"250 STARTTLS",
	"214 2.0.0 LHLO STARTTLS NOOP RSET QUIT",
	"500 5.5.1 this is LMTP: LHLO",
	"501 5.5.4 LHLO needs a name",
	/* ManageSieve */
	"\"IMPLEMENTATION\" \"libstarttls\"",
	"\"SASL\" \"\"",
	"\"SIEVE\" \"\"",
	"\"STARTTLS\"",
	"\"VERSION\" \"1.0\"",
	"OK \"localhost ready\"",
	"OK \"begin TLS negotiation now\"",
	"OK \"done\"",
	"NO \"no arguments allowed\"",
	"NO (ENCRYPT-NEEDED) \"STARTTLS comes first\"",
	"NO \"not a quoted string\"",
	"NO \"not a string to be given back\"",
	"NO \"not a command before STARTTLS\"",
	"BYE \"closing the connection\"",
	"BYE \"nothing may follow STARTTLS\"",
	"OK \"goodbye\"",
	/* NUT */
	"OK STARTTLS",
	"1.3",
	"ERR ACCESS-DENIED STARTTLS comes first",
	"ERR UNKNOWN-COMMAND",
	"ERR ACCESS-DENIED closing the connection",
	"ERR INVALID-ARGUMENT nothing may follow STARTTLS",
	"OK Goodbye",
	"ERR INVALID-ARGUMENT",
	"Network UPS Tools, STARTTLS comes first",
	"Commands: HELP VER PROTVER STARTTLS LOGOUT",
	/* IRC */
	":localhost 670 * :STARTTLS successful, go ahead with TLS handshake",
	":localhost CAP * LS :tls",
	":localhost 451 * :STARTTLS comes first",
	":localhost 421 * * :not a command before STARTTLS",
	"ERROR :closing the connection",
	":localhost 691 * :nothing may follow STARTTLS",
	"ERROR :goodbye",
	":localhost 691 * :no arguments allowed",
	":localhost CAP * LIST :",
	":localhost 431 * :no nickname given",
	":localhost 461 * USER :not enough parameters",
	":localhost NOTICE * :STARTTLS comes first",
	":localhost 409 * :no origin",
	":localhost 464 * :no password before STARTTLS",
	":localhost 904 * :no login before STARTTLS",
};

/* Around what a client wants to have back. */
static const char *const echoes[][2] = {
	{ ":localhost PONG localhost ", "" }, { ":localhost CAP * NAK ", "" },
	{ "OK (TAG ", ") \"done\"" },
};

/* Behind a tag. */
static const char *const tagged[] = {
	"OK done", "OK begin TLS negotiation now", "BAD no arguments allowed",
	"BAD ID needs an argument",
	"NO [PRIVACYREQUIRED] STARTTLS comes first",
	"BAD not a command before STARTTLS", "BAD no literals before STARTTLS",
	"BAD a tag and a command are needed",
	"BAD nothing may follow STARTTLS",
};

#define OCTETS(text) { text, sizeof(text) - 1 }

/* Of protocols without lines, each reply as a whole. */
static const struct {
	const char *text;
	size_t len;
} octets[] = {
	/* PostgreSQL */
	OCTETS("S"), OCTETS("N"),
	OCTETS("E\0\0\0\x38SFATAL\0VFATAL\0C28000\0M"
	    "TLS is needed: no encryption\0\0"),
	OCTETS("E\0\0\0\x38SFATAL\0VFATAL\0C08P01\0M"
	    "no request, or nothing known\0\0"),
	OCTETS("E\0\0\0\x47SFATAL\0VFATAL\0C08P01\0M"
	    "received unencrypted data after SSL request\0\0"),
	/* LDAP: behind the messageID, and with a tag that may be others */
	OCTETS("\x78\x07\x0a\x01\x00\x04\x00\x04\x00"),
	OCTETS("\x78\x1f\x0a\x01\x02\x04\x00\x04\x18"
	    "no request data expected"),
	OCTETS("\x78\x1f\x0a\x01\x0c\x04\x00\x04\x18"
	    "no control is known here"),
	OCTETS("\x78\x27\x0a\x01\x02\x04\x00\x04\x20"
	    "not an operation before StartTLS"),
	OCTETS("\x78\x1b\x0a\x01\x0d\x04\x00\x04\x14"
	    "StartTLS comes first"),
	OCTETS("\x78\x34\x04\x00\x30\x30\x30\x2e\x04\x12"
	    "supportedExtension\x31\x18\x04\x16" "1.3.6.1.4.1.1466.20037"),
	OCTETS("\x78\x33\x0a\x01\x02\x04\x00\x04\x14"
	    "this is not expected\x8a\x16" "1.3.6.1.4.1.1466.20036"),
	OCTETS("\x78\x3c\x0a\x01\x01\x04\x00\x04\x1d"
	    "nothing may follow a StartTLS\x8a\x16" "1.3.6.1.4.1.1466.20036"),
};

struct input {
	uint8_t choice;
	const uint8_t *data;
	size_t size;
	size_t piece;
	bool eager;                /* answers as soon as it can */
};

struct outcome {
	enum preamble_status status;
	int code;
	size_t said_len;
	uint32_t said;             /* a hash of it */
};

static void
require(bool condition)
{
	if (!condition)
		abort();
}

static bool
is_among(const char *const *list, size_t count, const char *line, size_t len)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (strlen(list[i]) == len && memcmp(list[i], line, len) == 0)
			return true;
	return false;
}

static bool
is_echo(const struct input *in, const char *line, size_t len)
{
	size_t i, at;

	for (i = 0; i < COUNT(echoes); i++) {
		const size_t head = strlen(echoes[i][0]);
		const size_t tail = strlen(echoes[i][1]);

		if (len <= head + tail || len > head + tail + 256 ||
		    memcmp(line, echoes[i][0], head) != 0 ||
		    memcmp(line + len - tail, echoes[i][1], tail) != 0)
			continue;
		for (at = head; at < len - tail; at++)
			require(line[at] >= ' ' && line[at] <= '~');
		return memmem(in->data, in->size, line + head,
		    len - head - tail) != NULL;
	}
	return false;
}

static void
check_line(const struct input *in, const char *line, size_t len)
{
	const char *blank;
	size_t tag_len;

	if (is_among(lines, COUNT(lines), line, len) ||
	    is_echo(in, line, len))
		return;
	blank = memchr(line, ' ', len);
	require(blank != NULL && blank != line);
	tag_len = (size_t)(blank - line);
	require(tag_len < TAG_SIZE);
	require((tag_len == 1 && line[0] == '*') ||
	    memmem(in->data, in->size, line, tag_len) != NULL);
	require(is_among(tagged, COUNT(tagged), blank + 1,
	    len - tag_len - 1));
}

static void
check_octets(const char *out, size_t len)
{
	size_t i = 0;

	while (i < COUNT(octets) && (octets[i].len != len ||
	    memcmp(octets[i].text, out, len) != 0))
		i++;
	require(i < COUNT(octets));
}

/* One message of LDAP: its length. */
static size_t
check_message(const char *out, size_t len)
{
	char op[128];
	size_t skip;

	require(len > 5 && (size_t)out[1] + 2 <= len && out[1] < 126);
	len = (size_t)out[1] + 2;
	skip = 4 + (size_t)out[3];
	require(out[2] == 2 && out[3] > 0 && out[3] <= 4 && skip < len);
	memcpy(op, out + skip, len - skip);
	op[0] = 0x78;
	check_octets(op, len - skip);
	return len;
}

static void
check_messages(const char *out, size_t len)
{
	while (len > 0) {
		size_t n = check_message(out, len);

		out += n;
		len -= n;
	}
}
static void
check_output(const struct input *in, const struct preamble *p,
	     const char *out, size_t len)
{
	const size_t end_len = strlen(starttls_preamble_line_end(p));

	if (p->raw && out[0] == 0x30) {
		check_messages(out, len);
		return;
	}
	if (p->raw) {
		check_octets(out, len);
		return;
	}
	while (len > 0) {
		const char *end = memchr(out, '\n', len);
		size_t n;

		require(end != NULL && end > out &&
		    (end_len == 1 || end[-1] == '\r'));
		n = (size_t)(end - out) + 1;
		check_line(in, out, n - end_len);
		out += n;
		len -= n;
	}
}

static bool
say_it(const struct input *in, struct preamble *p, struct outcome *o)
{
	size_t len, i;
	const char *out = starttls_preamble_out(p, &len);

	if (out == NULL)
		return false;
	check_output(in, p, out, len);
	for (i = 0; i < len; i++)
		o->said = o->said * 31 + (uint8_t)out[i];
	o->said_len += len;
	starttls_preamble_sent(p, len);
	return true;
}

static bool
is_open(const struct preamble *p)
{
	return p->status == PREAMBLE_RUNNING ||
	    p->status == PREAMBLE_ACCEPTING;
}

static struct outcome
play(const struct input *in)
{
	static struct preamble p;
	const struct starttls_protocol *protocol = NULL;
	struct starttls_error error;
	struct outcome o = { .said = 0 };
	size_t at = 0, n, size, len;
	bool moved;
	unsigned i;

	for (i = 0; i <= in->choice >> 2; i++) { /* round and round */
		protocol = starttls_protocol_next(protocol);
		if (protocol == NULL)
			protocol = starttls_protocol_next(NULL);
	}
	if (protocol->serve_rules.step == NULL)
		return o;
	starttls_error_reset(&error);
	starttls_preamble_serve(&p, protocol, (in->choice & 2) != 0 ?
	    STARTTLS_COMMAND : STARTTLS_GREETING, "localhost", &error);
	do {
		moved = false;
		while (is_open(&p) && at < in->size && (!in->eager ||
		    starttls_preamble_out(&p, &len) == NULL)) {
			starttls_preamble_space(&p, &size);
			n = in->size - at < in->piece ? in->size - at :
			    in->piece;
			if (n > size)
				n = size;
			if (n == 0)
				break;
			starttls_preamble_feed(&p, in->data + at, n);
			at += n;
			moved = true;
		}
		moved |= say_it(in, &p, &o);
	} while (moved);
	o.status = p.status;
	o.code = error.code;
	require(p.status != PREAMBLE_LEAVING &&
	    p.status != PREAMBLE_ACCEPTING);
	require((p.status == PREAMBLE_FAILED) == (error.code != 0));
	require(p.total <= PREAMBLE_MAX_TOTAL + PREAMBLE_MAX_LINE);
	require(p.lines <= PREAMBLE_MAX_COMMANDS + 1);
	require(p.status != PREAMBLE_UPGRADE || p.in_len == 0);
	if (p.status != PREAMBLE_RUNNING) {
		starttls_preamble_feed(&p, "a NOOP\r\n", 8);
		starttls_preamble_feed(&p, "QUIT\r\n", 6);
		require(starttls_preamble_out(&p, &len) == NULL);
		require(o.code == 0 || error.code == o.code);
	}
	return o;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in;
	struct outcome whole, pieces, eager;

	if (size < 2)
		return 0;
	in = (struct input){ data[0], data + 2, size - 2, size, false };
	whole = play(&in);
	in.piece = data[1] % 16u + 1;
	pieces = play(&in);
	require(pieces.status == whole.status && pieces.code == whole.code &&
	    pieces.said_len == whole.said_len && pieces.said == whole.said);
	in.eager = true;
	eager = play(&in);
	if (eager.status == PREAMBLE_UPGRADE &&
	    whole.code == STARTTLS_E_EARLY_DATA)
		return 0;
	require(eager.status == whole.status && eager.code == whole.code &&
	    eager.said_len == whole.said_len && eager.said == whole.said);
	return 0;
}
