/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * Login to ManageSieve: RFC 5804 sections 1.7 and 2.1, in the grammar of
 * src/managesieve.h.
 *
 *	list      = *( capability CRLF ) response
 *	mechanisms = "SASL" SP string          ; separated by blanks
 *	challenge = string                     ; base64
 *	success   = "OK" [ SP "(" "SASL" SP string ")" ] [ SP string ]
 *
 * Inside TLS the list comes unasked.  What does not fit between quotes goes as a
 * literal, for which nobody has to be asked.  NO is about the credentials unless
 * its code says otherwise, or it is BYE's.
 */

#include "config.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "compat.h"
#include "dialog.h"
#include "managesieve.h"

enum { START, LIST, AUTHENTICATE, CANCEL, LOGOUT };

static const char *const sieve_states[] = {
	[START] = "start", [LIST] = "capabilities inside TLS",
	[AUTHENTICATE] = "AUTHENTICATE", [CANCEL] = "AUTHENTICATE",
	[LOGOUT] = "LOGOUT",
};

/* RFC 5804 section 4, quoted. */
#define MAX_QUOTED 1024
#define MAX_LIST 4096              /* no line of the peer is longer */

static bool
is_word(struct bytes b, const char *word)
{
	return b.len == strlen(word) &&
	    strncasecmp((const char *)b.data, word, b.len) == 0;
}

static enum login_verdict
take_capability(struct login_dialog *d, const struct sieve_line *line)
{
	char list[MAX_LIST];

	if (!is_word(line->name, "SASL") || line->value.data == NULL ||
	    line->value.len >= sizeof(list))
		return login_more(d);
	memcpy(list, line->value.data, line->value.len);
	list[line->value.len] = '\0';
	login_offers(d, list);
	return login_more(d);
}

/* "NO (TRYLATER) ..." and its like are not about the credentials. */
static enum login_verdict
no(struct login_dialog *d, const struct login_line *line,
   const struct sieve_line *said)
{
	static const char *const codes[] = { "TRYLATER", "ENCRYPT-NEEDED",
	    "TRANSITION-NEEDED", "REFERRAL" };
	bool is_about_us = login_behind(line->text, "BYE") == NULL;
	struct bytes code = said->code;
	size_t i;

	for (i = 0; i < code.len && code.data[i] != ' '; i++)
		continue;
	code.len = i;
	for (i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		is_about_us = is_about_us && !is_word(code, codes[i]);
	return is_about_us ? login_refused(d, line) : login_failed(d, line);
}

/* What came with the yes, if anything did. */
static enum login_verdict
welcomed(struct login_dialog *d, const struct login_line *line,
	 struct bytes code)
{
	struct bytes data;

	if (code.len < 5 || strncasecmp((const char *)code.data, "SASL ", 5) != 0)
		return login_accepted(d, NULL, line);
	code.data += 5;
	code.len -= 5;
	if (!starttls_sieve_string(&code, &data) || code.len > 0)
		return login_malformed(d, line);
	if (login_keep(d, data) == LOGIN_OVER)
		return LOGIN_OVER;
	return login_accepted(d, d->kept, line);
}

static enum login_verdict
answered(struct login_dialog *d, const struct login_line *line,
	 const struct sieve_line *said)
{
	switch (said->kind) {
	case SIEVE_OK:
		return welcomed(d, line, said->code);
	case SIEVE_NO:
		return no(d, line, said);
	case SIEVE_LISTED:
		if (said->value.data != NULL)
			break;
		return login_keep(d, said->name) == LOGIN_OVER ? LOGIN_OVER :
		    login_answer(d, d->kept, CANCEL);
	case SIEVE_MALFORMED:
		break;
	}
	return login_malformed(d, line);
}

static enum login_verdict
listed(struct login_dialog *d, const struct login_line *line,
       const struct sieve_line *said)
{
	if (said->kind == SIEVE_LISTED)
		return take_capability(d, said);
	if (said->kind == SIEVE_NO)
		return login_failed(d, line);
	d->initial = true;
	return said->kind == SIEVE_OK ? login_begin(d, AUTHENTICATE, LOGOUT) :
	    login_malformed(d, line);
}

static enum login_verdict
sieve_step(struct login_dialog *d, const struct login_line *line)
{
	struct sieve_line said = { .kind = SIEVE_MALFORMED };

	if (line != NULL)
		starttls_sieve_read(line->unit->line, &said);
	switch (d->state) {
	case START:
		return login_expect(d, LIST);
	case LIST:
		return listed(d, line, &said);
	case AUTHENTICATE:
		return answered(d, line, &said);
	case CANCEL:
		return said.kind == SIEVE_NO ? login_cancelled(d, line) :
		    login_malformed(d, line);
	case LOGOUT:
		return login_goodbye(d);
	}
	return login_bug(d);
}

/* Base64 has nothing to be escaped. */
static enum login_verdict
say_string(struct login_dialog *d, unsigned next, const char *shown,
	   const char *command, const char *text)
{
	const size_t len = strlen(text);

	return len <= MAX_QUOTED ?
	    login_whisper(d, next, shown, "%s\"%s\"", command, text) :
	    login_whisper(d, next, shown, "%s{%zu+}\r\n%s", command, len,
	    text);
}

static enum login_verdict
sieve_respond(struct login_dialog *d, unsigned next,
	      const struct login_response *r)
{
	char command[64], shown[80];

	if (r->move == LOGIN_CANCEL)
		return login_say(d, next, "\"*\"");
	if (r->move == LOGIN_RESPOND)
		return say_string(d, next, "(credentials)", "", r->text);
	if (r->text == NULL)
		return login_say(d, next, "AUTHENTICATE \"%s\"", r->mechanism);
	snprintf(command, sizeof(command), "AUTHENTICATE \"%s\" ",
	    r->mechanism);
	snprintf(shown, sizeof(shown), "%s(credentials)", command);
	return say_string(d, next, shown, command, r->text);
}

static bool
sieve_is_challenge(const struct login_dialog *d, const struct login_line *line)
{
	struct sieve_line said;

	(void)d;
	starttls_sieve_read(line->unit->line, &said);
	return said.kind == SIEVE_LISTED ||
	    (said.kind == SIEVE_OK && said.code.len > 0);
}

const struct login_protocol login_sieve = {
	.name = "sieve",
	.frame = starttls_frame_literals,
	.step = sieve_step,
	.greeting = START,
	.begin = START,
	.goodbye = LOGOUT,
	.states = sieve_states,
	.is_challenge = sieve_is_challenge,
	.logout = "LOGOUT",
	.respond = sieve_respond,
	.empty = "",
};
