/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * Login to POP3: RFC 1939, RFC 2449, RFC 5034, RFC 3206.
 *
 *	reply     = ( "+OK" / "-ERR" ) [ SP [ "[" code "]" ] text ]
 *	capa      = "+OK" [ text ] *( line ) "."
 *	line      = "SASL" *( SP mechanism ) / "USER" / ...
 *	challenge = "+" SP [ base64 ]
 *
 * A server that does not know CAPA may know USER and PASS; one that does and
 * lists no USER does not.  An error is about the credentials unless its code
 * says that it is about the system, or the mailbox.
 */

#include "config.h"

#include "dialog.h"

enum { GREETING, START, BEGIN, CAPA, LIST, AUTH, CANCEL, NATIVE, USER, PASS,
       QUIT };

static const char *const pop3_states[] = {
	[GREETING] = "start", [START] = "greeting inside TLS",
	[BEGIN] = "start", [CAPA] = "CAPA", [LIST] = "capability list",
	[AUTH] = "AUTH", [CANCEL] = "AUTH", [NATIVE] = "USER",
	[USER] = "USER", [PASS] = "PASS", [QUIT] = "QUIT",
};

static void
take_capability(struct login_dialog *d, const char *line)
{
	const char *mechanisms = login_behind(line, "SASL");

	if (mechanisms != NULL)
		login_offers(d, mechanisms);
	else if (login_behind(line, "USER") != NULL)
		d->native = true;
}

/* Not OK: about us, or about the server? */
static enum login_verdict
no(struct login_dialog *d, const struct login_line *line, bool in_login)
{
	const char *text = login_behind(line->text, "-ERR");

	if (text == NULL)
		return login_malformed(d, line);
	if (!in_login || login_starts(text, "[SYS/") ||
	    login_starts(text, "[IN-USE]") ||
	    login_starts(text, "[LOGIN-DELAY]"))
		return login_failed(d, line);
	return login_refused(d, line);
}

static enum login_verdict
pop3_step(struct login_dialog *d, const struct login_line *line)
{
	bool ok = line != NULL && login_behind(line->text, "+OK") != NULL;
	const char *challenge;

	switch (d->state) {
	case GREETING:
		return login_expect(d, START);
	case START:
		return ok ? login_say(d, CAPA, "CAPA") : no(d, line, false);
	case BEGIN:
		return login_say(d, CAPA, "CAPA");
	case CAPA:
		d->initial = ok;
		d->native = !ok;
		if (ok)
			return login_block(d, LIST);
		return login_behind(line->text, "-ERR") != NULL ?
		    login_begin(d, AUTH, NATIVE) : login_malformed(d, line);
	case LIST:
		if (!line->last) {
			take_capability(d, line->rest);
			return login_more(d);
		}
		return login_begin(d, AUTH, NATIVE);
	case AUTH:
		challenge = login_behind(line->text, "+");
		if (challenge != NULL)
			return login_answer(d, challenge, CANCEL);
		return ok ? login_accepted(d, NULL, line) : no(d, line, true);
	case CANCEL:
		return login_cancelled(d, line);
	case NATIVE:
		return login_say(d, USER, "USER %s", d->user);
	case USER:
		return ok ? login_whisper(d, PASS, "PASS (credentials)",
		    "PASS %s", d->secret) : no(d, line, true);
	case PASS:
		return ok ? login_accepted(d, NULL, line) : no(d, line, true);
	case QUIT:
		return login_goodbye(d);
	}
	return login_bug(d);
}

static bool
pop3_is_challenge(const struct login_dialog *d, const struct login_line *line)
{
	(void)d;
	return login_behind(line->text, "+") != NULL;
}

const struct login_protocol login_pop3 = {
	.name = "pop3",
	.frame = starttls_frame_line,
	.step = pop3_step,
	.greeting = GREETING,
	.begin = BEGIN,
	.goodbye = QUIT,
	.states = pop3_states,
	.logout = "QUIT",
	.authenticate = "AUTH",
	.is_challenge = pop3_is_challenge,
	.respond = login_respond_in_lines,
	.empty = "",
	.max_command = 255,
};
