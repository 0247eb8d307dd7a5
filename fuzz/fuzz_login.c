/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * Any bytes from the server of a login, whole and in pieces.
 *
 * The first byte chooses stage and account, the second protocol and the size of
 * the pieces.  The session is one of this file.  Whatever comes, the login ends
 * when the stream does, only lines are said, or LDAP's messages and tags, nothing that is
 * shown has the secret in it, and a login that was good has said it.
 */

#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <gnutls/crypto.h>

#include "login/login.h"
#include "login/veil.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define SECRET "s3cret-pass"

struct peer {
	const uint8_t *data;
	size_t size, piece;
	bool is_patient;           /* says a line at a time */
	bool would_block;          /* every other call */
	bool is_xml;               /* no lines are said */
	bool knows;                /* that there is a secret */
	bool heard;                /* it */
	bool is_ldap;
	size_t said;
	char line[8192];
	size_t line_len;
};

static struct peer peer;

static void
require(bool condition)
{
	if (!condition)
		abort();
}

/* ---- the session: see fuzz_login_CPPFLAGS in tests/tests.mk ---- */

ssize_t
peer_read(struct starttls_session *session, void *buf, size_t len)
{
	const uint8_t *end;

	(void)session;
	peer.would_block = !peer.would_block;
	if (peer.would_block)
		return STARTTLS_WANT_READ;
	if (len > peer.piece)
		len = peer.piece;
	if (len > peer.size)
		len = peer.size;
	end = peer.is_patient ? memchr(peer.data, '\n', len) : NULL;
	if (end != NULL)
		len = (size_t)(end - peer.data) + 1;
	memcpy(buf, peer.data, len);
	peer.data += len;
	peer.size -= len;
	return (ssize_t)len;
}

/* The last byte of a line that is said. */
static void
hear_line(char last)
{
	require(last != '\0');
	if (last != '\n')
		return;
	require(peer.line_len >= 2 && peer.line[peer.line_len - 2] == '\r');
	peer.line[peer.line_len - 2] = '\0';
	require(strchr(peer.line, '\r') == NULL);
	peer.heard |= veil_repeats(peer.line, SECRET);
	peer.line_len = 0;
}

/* The last byte of an element, or of anything else in front of a tag's end. */
static void
hear_tag(char last)
{
	require(last >= ' ');
	if (last != '>')
		return;
	peer.line[peer.line_len - 1] = '\0';
	peer.heard |= veil_repeats(peer.line, SECRET);
	peer.line_len = 0;
}

/* As far as it goes; lengths have one octet or four here. */
static void
hear_message(void)
{
	const uint8_t *data = (const uint8_t *)peer.line;
	size_t i, len = peer.line_len;

	require(data[0] == 0x30);
	if (len < 7 || len < (data[1] == 0x84 ? 6 + (size_t)data[4] * 256 +
	    data[5] : 2 + (size_t)data[1]))
		return;
	for (i = 0; i + sizeof(SECRET) - 1 <= len; i++)
		peer.heard |= memcmp(data + i, SECRET, sizeof(SECRET) - 1) == 0;
	peer.line_len = 0;
}

ssize_t
peer_write(struct starttls_session *session, const void *data, size_t len)
{
	const char *bytes = data;
	size_t i;

	(void)session;
	peer.would_block = !peer.would_block;
	if (peer.would_block)
		return STARTTLS_WANT_WRITE;
	if (len > peer.piece)
		len = peer.piece;
	for (i = 0; i < len; i++) {
		require(peer.line_len < sizeof(peer.line));
		peer.line[peer.line_len++] = bytes[i];
		if (peer.is_ldap)
			hear_message();
		else if (peer.is_xml)
			hear_tag(bytes[i]);
		else
			hear_line(bytes[i]);
	}
	peer.said += len;
	require(peer.said < 131072);
	return (ssize_t)len;
}

int
peer_shutdown(struct starttls_session *session)
{
	(void)session;
	return 0;
}

int
peer_error(const struct starttls_session *session, struct starttls_error *e)
{
	(void)session;
	memset(e, 0, sizeof(*e));
	return 0;
}

int
peer_report(const struct starttls_session *session, struct starttls_report *r)
{
	(void)session;
	memset(r, 0, sizeof(*r));
	memcpy(r->version, "TLS1.3", 7);
	return 0;
}

int
peer_binding(struct starttls_session *session,
	     enum starttls_binding type, void *buf, size_t size,
	     size_t *ret_len)
{
	(void)session;
	(void)type;
	require(size >= 32);
	memset(buf, 'x', 32);
	*ret_len = 32;
	return 0;
}

/* LDAP's messages are numbered from it. */
int
peer_random(gnutls_rnd_level_t level, void *data, size_t len)
{
	(void)level;
	memset(data, 0, len);
	return 0;
}

/* ---- what is shown ---- */

static void
look(const char *text)
{
	size_t i;

	require(!peer.knows || (strstr(text, SECRET) == NULL &&
	    !veil_repeats(text, SECRET)));
	for (i = 0; text[i] != '\0'; i++)
		require(text[i] >= ' ' && text[i] < 0x7f);
}

static void
note(void *context, enum starttls_direction direction,
     enum starttls_phase phase, const char *text)
{
	(void)context;
	(void)direction;
	require(phase == STARTTLS_PHASE_SESSION);
	look(text);
}

/* Four bits for the protocol, one for the stage, and three for the account. */
static void
play(uint8_t protocol, uint8_t choice, const uint8_t *data, size_t size,
     size_t piece, bool is_patient)
{
	static const char *const urls[] = {
		"imap", "smtp", "submission", "pop3", "ftp", "nntp", "sieve",
		"ldap", "irc", "xmpp",
	};
	static const char *const mechanisms[] = {
		NULL, "native", "LOGIN", "PLAIN", "SCRAM-SHA-256", NULL,
		"XOAUTH2", "EXTERNAL",
	};
	const char *name = urls[protocol % (sizeof(urls) / sizeof(urls[0]))];
	const unsigned account = choice >> 4 & 7;
	struct starttls_url url = { .size = sizeof(url) };
	struct login_options options = {
		.user = "tester",
		.secret = account == 7 ? NULL : SECRET,
		.is_token = account == 5 || account == 6,
		.mechanism = mechanisms[account],
		.trace = note,
	};
	struct login_outcome outcome;
	struct starttls_error error;
	struct login *login;
	char text[64];
	unsigned calls = 0;
	int rc;

	snprintf(text, sizeof(text), "%s%s://localhost", name,
	    (choice & 8) != 0 ? "s" : "");
	require(starttls_url_parse(text, &url, &error) == 0);
	peer = (struct peer){
		.data = data, .size = size, .piece = piece,
		.is_patient = is_patient, .knows = options.secret != NULL,
		.is_ldap = strcmp(name, "ldap") == 0,
		.is_xml = strcmp(name, "xmpp") == 0,
	};
	require(login_new(&login, NULL, &url, &options) == 0);
	while ((rc = login_step(login)) == STARTTLS_WANT_READ ||
	    rc == STARTTLS_WANT_WRITE)
		require(calls++ < 200000);
	login_outcome(login, &outcome);
	require(outcome.reason != NULL && outcome.tried);
	/* some want no password, if the protocol allows that */
	require(!outcome.ok || peer.heard || options.secret == NULL ||
	    strcmp(name, "ftp") == 0 || strcmp(name, "nntp") == 0);
	look(outcome.mechanism);
	look(outcome.state);
	look(outcome.reply);
	look(outcome.message);
	require(login_step(login) == rc);
	login_free(login);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const size_t piece = size < 2 ? 1 : data[1] % 16u + 1;

	if (size < 2)
		return 0;
	play(data[1] >> 4, data[0], data + 2, size - 2, size, true);
	play(data[1] >> 4, data[0], data + 2, size - 2, piece, true);
	play(data[1] >> 4, data[0], data + 2, size - 2, piece, false);
	return 0;
}
