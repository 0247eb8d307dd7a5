/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * Login to IMAP: RFC 9051, RFC 3501, RFC 4959 (SASL-IR), RFC 5530.
 *
 *	untagged   = "* " 1*CHAR
 *	capability = "* CAPABILITY" *( SP atom )
 *	atom       = "AUTH=" mechanism / "SASL-IR" / "LOGINDISABLED" / ...
 *	challenge  = "+" [ SP base64 ]
 *	tagged     = tag SP ( "OK" / "NO" / "BAD" ) [ SP [ "[" code "]" ] text ]
 *
 * The native login is LOGIN.  What does not fit between quotes goes as a
 * literal, for which the server is asked first.  NO is about the credentials
 * unless its code says otherwise.  A line that announces a literal has no
 * place here and is malformed.
 */

#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "compat.h"
#include "dialog.h"

enum { GREETING, START, BEGIN, CAPABILITY, AUTHENTICATE, CANCEL, NATIVE,
       USER, PASSWORD, LOGIN, LOGOUT };

static const char *const imap_states[] = {
	[GREETING] = "start", [START] = "greeting inside TLS",
	[BEGIN] = "start", [CAPABILITY] = "CAPABILITY",
	[AUTHENTICATE] = "AUTHENTICATE", [CANCEL] = "AUTHENTICATE",
	[NATIVE] = "LOGIN", [USER] = "LOGIN", [PASSWORD] = "LOGIN",
	[LOGIN] = "LOGIN", [LOGOUT] = "LOGOUT",
};

static bool
ends_in_literal(const char *line)
{
	const char *brace = strrchr(line, '{');
	size_t digits = brace == NULL ? 0 : strspn(brace + 1, "0123456789");

	if (digits == 0)
		return false;
	brace += 1 + digits;
	return strcmp(brace, "}") == 0 || strcmp(brace, "+}") == 0 ||
	    strcmp(brace, "-}") == 0;
}

static void
take_capabilities(struct login_dialog *d, const char *list)
{
	char word[64];
	size_t len;

	for (; *list != '\0'; list += len) {
		list += strspn(list, " ");
		len = strcspn(list, " ");
		if (len >= sizeof(word))
			continue;
		memcpy(word, list, len);
		word[len] = '\0';
		if (login_starts(word, "AUTH="))
			login_offers(d, word + 5);
		else if (login_behind(word, "SASL-IR") != NULL)
			d->initial = true;
		else if (login_behind(word, "LOGINDISABLED") != NULL)
			d->native = false;
	}
}

/* "NO [UNAVAILABLE] ..." and its like are not about the credentials. */
static bool
is_about_the_server(const char *text)
{
	static const char *const codes[] = { "[UNAVAILABLE]", "[SERVERBUG]",
	    "[LIMIT]", "[INUSE]", "[CLIENTBUG]", "[CANNOT]", "[ALERT]" };
	size_t i;

	for (i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		if (login_starts(text, codes[i]))
			return strcmp(codes[i], "[ALERT]") != 0;
	return false;
}

/* The end of a command that should have been OK. */
static enum login_verdict
no_or_bad(struct login_dialog *d, const struct login_line *line,
	  const char *text, bool in_login)
{
	const char *reason = login_behind(text, "NO");

	if (reason != NULL && in_login && !is_about_the_server(reason))
		return login_refused(d, line);
	if (reason != NULL || login_behind(text, "BAD") != NULL)
		return login_failed(d, line);
	return login_malformed(d, line);
}

static bool
fits_in_quotes(const char *text)
{
	for (; *text != '\0'; text++)
		if ((unsigned char)*text < 0x20 || (unsigned char)*text > 0x7e)
			return false;
	return true;
}

/* Between quotes; the caller wipes and frees it. */
static char *
quote(const char *text)
{
	char *quoted = malloc(2 * strlen(text) + 3), *p = quoted;

	if (quoted == NULL)
		return NULL;
	*p++ = '"';
	for (; *text != '\0'; text++) {
		if (*text == '"' || *text == '\\')
			*p++ = '\\';
		*p++ = *text;
	}
	memcpy(p, "\"", 2);
	return quoted;
}

static enum login_verdict
say_login(struct login_dialog *d)
{
	char *user, *password;
	enum login_verdict verdict;

	if (!fits_in_quotes(d->user) || !fits_in_quotes(d->secret))
		return login_say(d, USER, "a2 LOGIN {%zu}", strlen(d->user));
	user = quote(d->user);
	password = quote(d->secret);
	if (user == NULL || password == NULL)
		verdict = login_no_memory(d);
	else
		verdict = login_whisper(d, LOGIN, "a2 LOGIN (credentials)",
		    "a2 LOGIN %s %s", user, password);
	if (password != NULL)
		explicit_bzero(password, strlen(password));
	free(password);
	free(user);
	return verdict;
}

static enum login_verdict
greeted(struct login_dialog *d, const struct login_line *line)
{
	const char *text = login_behind(line->text, "*");

	if (text == NULL)
		return login_malformed(d, line);
	if (login_behind(text, "OK") != NULL)
		return login_say(d, CAPABILITY, "a1 CAPABILITY");
	/* a client certificate may have logged us in */
	if (login_behind(text, "PREAUTH") != NULL)
		return d->secret == NULL ? login_accepted(d, NULL, line) :
		    login_failed(d, line);
	return login_behind(text, "BYE") != NULL ? login_failed(d, line) :
	    login_malformed(d, line);
}

static enum login_verdict
imap_untagged(struct login_dialog *d, const struct login_line *line,
	      const char *text)
{
	const char *list = login_behind(text, "CAPABILITY");

	if (login_behind(text, "BYE") != NULL && d->state != LOGOUT &&
	    d->state != CANCEL)
		return login_failed(d, line);
	if (list != NULL && d->state == CAPABILITY)
		take_capabilities(d, list);
	return login_more(d);
}

/* The server is ready for what we have to say. */
static enum login_verdict
imap_continue(struct login_dialog *d, const struct login_line *line,
	      const char *text)
{
	if (d->state == AUTHENTICATE)
		return login_answer(d, text, CANCEL);
	if (d->state == USER)
		return login_say(d, PASSWORD, "%s {%zu}", d->user,
		    strlen(d->secret));
	if (d->state == PASSWORD)
		return login_whisper(d, LOGIN, "(credentials)", "%s",
		    d->secret);
	return login_malformed(d, line);
}

static enum login_verdict
imap_step(struct login_dialog *d, const struct login_line *line)
{
	const char *text = NULL;

	if (line != NULL && ends_in_literal(line->text))
		return login_malformed(d, line);
	if (line != NULL && d->state != START) {
		text = login_behind(line->text, "*");
		if (text != NULL)
			return imap_untagged(d, line, text);
		text = login_behind(line->text, "+");
		if (text != NULL)
			return imap_continue(d, line, text);
		text = login_behind(line->text, d->state == CAPABILITY ? "a1" :
		    d->state == LOGOUT ? "a3" : "a2");
		if (text == NULL)
			return login_malformed(d, line);
	}
	switch (d->state) {
	case GREETING:
		return login_expect(d, START);
	case START:
		return greeted(d, line);
	case BEGIN:
		return login_say(d, CAPABILITY, "a1 CAPABILITY");
	case CAPABILITY:
		return login_behind(text, "OK") != NULL ?
		    login_begin(d, AUTHENTICATE, NATIVE) :
		    no_or_bad(d, line, text, false);
	case NATIVE:
		return say_login(d);
	case AUTHENTICATE:
	case USER:
	case PASSWORD:
	case LOGIN:
		return login_behind(text, "OK") != NULL ?
		    login_accepted(d, NULL, line) :
		    no_or_bad(d, line, text, true);
	case CANCEL:
		return login_cancelled(d, line);
	case LOGOUT:
		return login_goodbye(d);
	}
	return login_bug(d);
}

static bool
imap_is_challenge(const struct login_dialog *d, const struct login_line *line)
{
	(void)d;
	return login_behind(line->text, "+") != NULL;
}

static bool
imap_is_unasked(const struct login_line *line)
{
	return login_behind(line->text, "*") != NULL;
}

const struct login_protocol login_imap = {
	.name = "imap",
	.frame = starttls_frame_line,
	.step = imap_step,
	.greeting = GREETING,
	.begin = BEGIN,
	.goodbye = LOGOUT,
	.states = imap_states,
	.is_unasked = imap_is_unasked,
	.has_native = true,
	.logout = "a3 LOGOUT",
	.authenticate = "a2 AUTHENTICATE",
	.is_challenge = imap_is_challenge,
	.respond = login_respond_in_lines,
	.empty = "",
	.max_command = 8192,
};
