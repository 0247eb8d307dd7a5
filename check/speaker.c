/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * Whose words these are.  Of each protocol how its servers begin, or how they
 * answer what they do not understand, where clients speak first.  It is a guess,
 * made of cleartext that nobody vouches for: good for advice, and for another
 * attempt, which has to prove it.
 */

#include "config.h"

#include "speaker.h"

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define MOST_WORDS 256

struct beginning {
	const char *bytes;
	size_t len;
	const char *protocol;
};

#define BEGINS(text, protocol) { text, sizeof(text) - 1, protocol }

static const struct beginning beginnings[] = {
	BEGINS("* ", "imap"), BEGINS("+OK", "pop3"), BEGINS("-ERR", "pop3"),
	BEGINS("\"IMPLEMENTATION\"", "sieve"),
	BEGINS("200", "nntp"), BEGINS("201", "nntp"), BEGINS("400", "nntp"),
	BEGINS("502", "nntp"), BEGINS("120", "ftp"),
	BEGINS("NBDMAGIC", "nbd"), BEGINS("<?xml", "xmpp"),
	BEGINS("<stream:", "xmpp"),
	BEGINS("OK STARTTLS", "nut"), BEGINS("ERR ", "nut"),
	BEGINS("ERROR :", "irc"), BEGINS("NOTICE ", "irc"), BEGINS(":", "irc"),
	/* IAC and SB, WILL, WONT, DO, DONT */
	BEGINS("\xff\xfa", "telnet"), BEGINS("\xff\xfb", "telnet"),
	BEGINS("\xff\xfc", "telnet"), BEGINS("\xff\xfd", "telnet"),
	BEGINS("\xff\xfe", "telnet"),
	BEGINS("\x03\x00\x00", "rdp"), BEGINS("E\0\0\0", "postgres"),
};

/* Who greets with these is told by other words, if at all. */
static const char *const ambiguous[] = { "220", "421", "554" };

static const struct {
	const char *word, *protocol;
} mentions[] = {
	{ "LMTP", "lmtp" }, { "SMTP", "smtp" }, { "FTP", "ftp" },
};

static const struct beginning strangers[] = {
	BEGINS("SSH-", "SSH"), BEGINS("RFB ", "VNC"), BEGINS("HTTP/", "HTTP"),
	/* its S was taken for PostgreSQL's go-ahead */
	BEGINS("SH-2.0-", "SSH"),
};

static const struct beginning *
find(const struct beginning *all, size_t count, const char *bytes, size_t len)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (len >= all[i].len &&
		    memcmp(bytes, all[i].bytes, all[i].len) == 0)
			return &all[i];
	return NULL;
}

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))
#define FIND(table, bytes, len) find(table, COUNT(table), bytes, len)

/* "\x00" is a NUL again, as far as there is room. */
static size_t
unescape(const char *text, char *bytes, size_t size)
{
	char digits[3] = "";
	size_t len = 0;

	while (*text != '\0' && len < size) {
		if (strncmp(text, "\\x", 2) == 0 && strlen(text) >= 4) {
			memcpy(digits, text + 2, 2);
			bytes[len++] = (char)strtoul(digits, NULL, 16);
			text += 4;
		} else {
			bytes[len++] = *text++;
		}
	}
	return len;
}

/* A packet of less than 64 KiB, the first one, of version 10 or an error. */
static bool
is_mysql(const char *bytes, size_t len)
{
	return len >= 4 && bytes[2] == '\0' && bytes[3] == '\0' &&
	    (len == 4 || bytes[4] == 0x0a || bytes[4] == '\xff');
}

/* A SEQUENCE that begins with a number of one octet. */
static bool
is_ldap(const char *bytes, size_t len)
{
	const size_t octets = len < 2 || (bytes[1] & 0x80) == 0 ? 0 :
	    (size_t)bytes[1] & 0x7f;

	return octets <= 4 && len >= octets + 4 && bytes[0] == 0x30 &&
	    memcmp(bytes + 2 + octets, "\x02\x01", 2) == 0;
}

static struct speaker
known(const char *protocol)
{
	return (struct speaker){ SPEAKER_KNOWN, protocol, NULL };
}

static struct speaker
ambiguity(const char *text)
{
	size_t i;

	for (i = 0; i < COUNT(mentions); i++)
		if (strstr(text, mentions[i].word) != NULL)
			return known(mentions[i].protocol);
	return (struct speaker){ SPEAKER_SMTP_OR_FTP, "smtp", NULL };
}

static struct speaker
stream(const char *text)
{
	if (strstr(text, "jabber:server") != NULL)
		return known("xmpp-server");
	if (strstr(text, "jabber:client") != NULL)
		return known("xmpp");
	return (struct speaker){ SPEAKER_XMPP, "xmpp", NULL };
}

struct speaker
speaker_of(const char *text)
{
	char bytes[MOST_WORDS];
	const size_t len = unescape(text, bytes, sizeof(bytes));
	const struct beginning *b;
	size_t i;

	for (i = 0; i < COUNT(ambiguous); i++)
		if (strncmp(text, ambiguous[i], 3) == 0)
			return ambiguity(text);
	if (len >= 2 && memcmp(bytes, "\x15\x03", 2) == 0)
		return (struct speaker){ SPEAKER_TLS, NULL, NULL };
	b = FIND(strangers, bytes, len);
	if (b != NULL)
		return (struct speaker){ SPEAKER_STRANGER, strcmp(b->protocol,
		    "HTTP") == 0 ? "https" : NULL, b->protocol };
	b = FIND(beginnings, bytes, len);
	if (b != NULL)
		return strcmp(b->protocol, "xmpp") == 0 ? stream(text) :
		    known(b->protocol);
	if (is_mysql(bytes, len))
		return known("mysql");
	if (is_ldap(bytes, len))
		return known("ldap");
	return (struct speaker){ SPEAKER_UNKNOWN, NULL, NULL };
}

bool
speaker_is_alike(const char *protocol, const char *other)
{
	static const struct {
		const char *protocol;
		char family;
	} members[] = {
		{ "smtp", '2' }, { "submission", '2' }, { "lmtp", '2' },
		{ "ftp", '2' }, { "xmpp", '<' }, { "xmpp-server", '<' },
	};
	char family = '\0', other_family = '\0';
	size_t i;

	for (i = 0; i < COUNT(members); i++) {
		if (strcmp(members[i].protocol, protocol) == 0)
			family = members[i].family;
		if (strcmp(members[i].protocol, other) == 0)
			other_family = members[i].family;
	}
	return family != '\0' && family == other_family;
}
