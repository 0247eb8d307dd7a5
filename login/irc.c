/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * Login to IRC: IRCv3 capability negotiation and sasl-3.2, RFC 2812 section 3.1.
 *
 *	message   = [ "@" tags SP ] [ ":" prefix SP ] ( word / 3DIGIT )
 *	            *( SP parameter )
 *	list      = "CAP" SP nick SP "LS" [ SP "*" ] SP ":" *( word [ SP ] )
 *	word      = "sasl" [ "=" mechanism *( "," mechanism ) ] / ...
 *	challenge = *( "AUTHENTICATE" SP 400base64 )
 *	            "AUTHENTICATE" SP ( base64 / "+" )
 *
 * 903 is a yes and 904 a no, or 902 to an account that is locked.  A server that
 * lists sasl without mechanisms is of sasl-3.1, and takes PLAIN and EXTERNAL; it
 * says no if that is not so before it has learned anything.
 *
 * The native login is PASS, which is judged by registering: 001 or 464, or an ERROR
 * without any number, which is all that InspIRCd and ngIRCd say of a wrong one.  It
 * is for servers that have no SASL, or else by name, as a server may pass it on.
 * The nick is one that nobody has.
 *
 * A PING wants its answer before registration is complete, and may come at any
 * time, as may notices.
 */

#include "config.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "compat.h"
#include "dialog.h"

enum { START, CAPS, REQUEST, AUTHENTICATE, CANCEL, NATIVE, BARE, REGISTER,
       QUIT };

static const char *const irc_states[] = {
	[START] = "start", [CAPS] = "CAP LS", [REQUEST] = "CAP REQ",
	[AUTHENTICATE] = "AUTHENTICATE", [CANCEL] = "AUTHENTICATE",
	[NATIVE] = "PASS", [BARE] = "PASS", [REGISTER] = "PASS",
	[QUIT] = "QUIT",
};

#define CHUNK 400
#define MAX_LINE 510               /* without CRLF */

/* Behind tags and prefix. */
static const char *
command_of(const char *text)
{
	if (*text == '@')
		text = login_next(text);
	return *text == ':' ? login_next(text) : text;
}

/* The number, if it is a numeric. */
static bool
irc_read(struct unit *u)
{
	const uint8_t *at = u->line.data, *end = at + u->line.len;
	size_t len, i;

	while (at < end && (*at == ':' || *at == '@')) {
		while (at < end && *at != ' ')
			at++;
		while (at < end && *at == ' ')
			at++;
	}
	for (len = 0; at + len < end && at[len] != ' '; len++)
		continue;
	for (i = 0; i < len && len == 3 && at[i] >= '0' && at[i] <= '9'; i++)
		u->code = u->code * 10 + (unsigned)(at[i] - '0');
	if (i < 3)
		u->code = 0;
	u->blank = u->line.len == 0; /* RFC 2812 section 2.3.1 */
	return len > 0 || u->blank;
}

/* What stands behind @word, or NULL: several blanks are one (RFC 1459 2.3.1). */
static const char *
behind(const char *text, const char *word)
{
	const char *rest = login_behind(text, word);

	return rest == NULL ? NULL : rest + strspn(rest, " ");
}

/* What stands behind "CAP nick @what" in a line. */
static const char *
cap(const struct login_line *line, const char *what)
{
	const char *rest = behind(command_of(line->text), "CAP");

	return rest == NULL ? NULL : behind(login_next(rest), what);
}

static bool
irc_is_unasked(const struct login_line *line)
{
	const char *command = command_of(line->text);

	/* 020 is IRCnet's and 439 EFnet's "please wait" */
	return login_behind(command, "NOTICE") != NULL ||
	    login_behind(command, "PING") != NULL || line->code == 20 ||
	    line->code == 439 || cap(line, "NEW") != NULL ||
	    cap(line, "DEL") != NULL;
}

/* 900 tells who we are, 901 who we are no more, and 903 is a yes. */
static bool
is_error(unsigned code)
{
	return code >= 400 && code != 900 && code != 901 && code != 903;
}

/* What says no wherever it stands. */
static enum login_verdict
no(struct login_dialog *d, const struct login_line *line)
{
	/* 263: try again, 437: not available for a while */
	if (line->code == 263 || line->code == 437)
		return login_not_now(d, line);
	if (is_error(line->code) ||
	    login_behind(command_of(line->text), "ERROR") != NULL ||
	    login_behind(command_of(line->text), "FAIL") != NULL)
		return login_failed(d, line);
	return login_malformed(d, line);
}

/* ---- capabilities ---- */

static void
take_word(struct login_dialog *d, char *word)
{
	char *comma;

	if (strncasecmp(word, "sasl", 4) != 0 ||
	    (word[4] != '=' && word[4] != '\0'))
		return;
	d->seen = true;
	while ((comma = strchr(word, ',')) != NULL)
		*comma = ' ';
	login_offers(d, word[4] != '\0' && word[5] != '\0' ? word + 5 :
	    "PLAIN EXTERNAL");
}

static enum login_verdict
take_capabilities(struct login_dialog *d, const char *list)
{
	const bool is_last = login_behind(list, "*") == NULL;
	char word[MAX_LINE];
	size_t len;

	if (!is_last)
		list = login_next(list);
	list += *list == ':';
	for (; *list != '\0'; list += len) {
		list += strspn(list, " ");
		len = strcspn(list, " ");
		if (len >= sizeof(word))
			continue;
		memcpy(word, list, len);
		word[len] = '\0';
		take_word(d, word);
	}
	if (!is_last)
		return login_more(d);
	d->native = !d->seen || d->by_name;
	return d->seen ? login_say(d, REQUEST, "CAP REQ :sasl") :
	    login_begin(d, AUTHENTICATE, NATIVE);
}

static enum login_verdict
listed(struct login_dialog *d, const struct login_line *line)
{
	const char *list = cap(line, "LS");

	if (list != NULL)
		return take_capabilities(d, list);
	/* not known, or not before registration: a server without any */
	if (line->code == 421 || line->code == 451 || line->code == 410)
		return login_begin(d, AUTHENTICATE, BARE);
	return no(d, line);
}

static enum login_verdict
requested(struct login_dialog *d, const struct login_line *line)
{
	if (cap(line, "ACK") != NULL)
		return login_begin(d, AUTHENTICATE, NATIVE);
	return cap(line, "NAK") != NULL ? login_failed(d, line) : no(d, line);
}

/* ---- SASL ---- */

/* A chunk that is full is not the last. */
static enum login_verdict
challenged(struct login_dialog *d, const struct login_line *line,
	   const char *chunk)
{
	const size_t len = strlen(chunk);

	if (len > CHUNK)
		return login_malformed(d, line);
	if (strcmp(chunk, "+") != 0 && login_keep(d, (struct bytes){
	    (const uint8_t *)chunk, len }) == LOGIN_OVER)
		return LOGIN_OVER;
	return len == CHUNK ? login_more(d) : login_answer(d, d->kept, CANCEL);
}

static const char *
chunk_of(const struct login_line *line)
{
	const char *chunk = behind(command_of(line->text), "AUTHENTICATE");

	return chunk != NULL && *chunk == ':' ? chunk + 1 : chunk;
}

static enum login_verdict
answered(struct login_dialog *d, const struct login_line *line)
{
	const char *chunk = chunk_of(line);

	if (chunk != NULL)
		return challenged(d, line, chunk);
	switch (line->code) {
	case 900:                  /* who we are; 903 comes as well */
		return login_more(d);
	case 903:
		return login_accepted(d, NULL, line);
	case 902:
	case 904:
		return login_refused(d, line);
	default:
		return no(d, line);
	}
}

static bool
irc_is_challenge(const struct login_dialog *d, const struct login_line *line)
{
	(void)d;
	return chunk_of(line) != NULL;
}

static enum login_verdict
irc_respond(struct login_dialog *d, unsigned next,
	    const struct login_response *r)
{
	static const char shown[] = "AUTHENTICATE (credentials)";
	const char *text = r->text;

	if (r->move == LOGIN_CANCEL)
		return login_say(d, next, "AUTHENTICATE *");
	if (text == NULL)
		return login_say(d, next, "AUTHENTICATE %s", r->mechanism);
	for (; strlen(text) >= CHUNK; text += CHUNK)
		login_add(d, shown, "AUTHENTICATE %.*s", CHUNK, text);
	return login_whisper(d, next, shown, "AUTHENTICATE %s",
	    text[0] != '\0' ? text : "+");
}

/* ---- PASS ---- */

static enum login_verdict
say_pass(struct login_dialog *d, bool has_caps)
{
	const size_t len = strlen("PASS :") + strlen(d->secret);

	if (len > MAX_LINE || strchr(d->user, ' ') != NULL ||
	    d->user[0] == ':' || strlen(d->user) > MAX_LINE / 4)
		return login_unfit(d);
	login_add(d, "PASS (credentials)", "PASS :%s", d->secret);
	login_add(d, NULL, "NICK chk%06x", (unsigned)(d->random & 0xffffff));
	if (!has_caps)
		return login_say(d, REGISTER, "USER %s 0 * :%s", d->user,
		    d->user);
	login_add(d, NULL, "USER %s 0 * :%s", d->user, d->user);
	return login_say(d, REGISTER, "CAP END");
}

static enum login_verdict
registered(struct login_dialog *d, const struct login_line *line)
{
	if (line->code == 1)
		return login_accepted(d, NULL, line);
	if (line->code == 464 ||
	    login_behind(command_of(line->text), "ERROR") != NULL)
		return login_refused(d, line);
	return line->code > 1 && line->code < 400 && line->code != 263 ?
	    login_more(d) : no(d, line);
}

static enum login_verdict
irc_step(struct login_dialog *d, const struct login_line *line)
{
	const char *ping = line == NULL ? NULL :
	    login_behind(command_of(line->text), "PING");

	if (ping != NULL && d->state != QUIT)
		return login_aside(d, "PONG", "PONG %s", ping);
	if (line != NULL && d->state != QUIT && irc_is_unasked(line))
		return login_more(d);
	switch (d->state) {
	case START:
		return login_say(d, CAPS, "CAP LS 302");
	case CAPS:
		return listed(d, line);
	case REQUEST:
		return requested(d, line);
	case AUTHENTICATE:
		return answered(d, line);
	case CANCEL:
		return line->code == 904 || line->code == 906 ?
		    login_cancelled(d, line) : no(d, line);
	case NATIVE:
	case BARE:
		return say_pass(d, d->state == NATIVE);
	case REGISTER:
		return registered(d, line);
	case QUIT:
		return login_behind(command_of(line->text), "ERROR") != NULL ?
		    login_goodbye(d) : login_more(d);
	}
	return login_bug(d);
}

const struct login_protocol login_irc = {
	.name = "irc",
	.frame = starttls_frame_line,
	.read = irc_read,
	.step = irc_step,
	.greeting = START,
	.begin = START,
	.goodbye = QUIT,
	.states = irc_states,
	.is_unasked = irc_is_unasked,
	.is_challenge = irc_is_challenge,
	.has_native = true,
	.logout = "QUIT :bye",
	.respond = irc_respond,
	.empty = "+",
};
