/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * Login to SMTP and message submission: RFC 4954.
 *
 *	ehlo-ok   = "250" domain-line *( "250" keyword [ SP params ] )
 *	keyword   = "AUTH" *( SP mechanism )
 *	          / "AUTH=" mechanism *( SP mechanism )   ; before RFC 2554
 *	challenge = "334" SP [ base64 ]
 *
 * 535 and its like say no to the credentials; 454, 421 and the rest of 4xx say
 * it for now, but for 432, which wants the password to be changed; a server that
 * does not understand the command says nothing of either.
 */

#include "config.h"

#include "dialog.h"

enum { GREETING, START, BEGIN, EHLO, AUTH, CANCEL, QUIT };

static const char *const smtp_states[] = {
	[GREETING] = "start", [START] = "greeting inside TLS",
	[BEGIN] = "start", [EHLO] = "EHLO", [AUTH] = "AUTH", [CANCEL] = "AUTH",
	[QUIT] = "QUIT",
};

static void
take_keyword(struct login_dialog *d, const struct login_line *line)
{
	const char *mechanisms = login_behind(line->rest, "AUTH");

	if (line->first)
		return;
	if (mechanisms != NULL)
		login_offers(d, mechanisms);
	else if (login_starts(line->rest, "AUTH="))
		login_offers(d, line->rest + 5);
}

static enum login_verdict
answered(struct login_dialog *d, const struct login_line *line)
{
	if (line->code == 334)
		return login_answer(d, line->rest, CANCEL);
	if (line->code == 235)
		return login_accepted(d, NULL, line);
	/* unknown, or not here: 500 to 504; all other 5xx are about us */
	if (line->code >= 505 && line->code <= 599)
		return login_refused(d, line);
	return line->code == 432 ? login_failed(d, line) : login_no(d, line);
}

static enum login_verdict
smtp_step(struct login_dialog *d, const struct login_line *line)
{
	if (line != NULL && !line->last && d->state != EHLO)
		return login_more(d);
	switch (d->state) {
	case GREETING:
		return login_expect(d, START);
	case START:
		return line->code == 220 ?
		    login_say(d, EHLO, "EHLO %s", d->own_name) :
		    login_no(d, line);
	case BEGIN:
		return login_say(d, EHLO, "EHLO %s", d->own_name);
	case EHLO:
		if (line->code == 250)
			take_keyword(d, line);
		if (!line->last)
			return login_more(d);
		d->initial = true;
		return line->code == 250 ? login_begin(d, AUTH, QUIT) :
		    login_no(d, line);
	case AUTH:
		return answered(d, line);
	case CANCEL:
		return login_cancelled(d, line);
	case QUIT:
		return login_goodbye(d);
	}
	return login_bug(d);
}

static bool
smtp_is_challenge(const struct login_dialog *d, const struct login_line *line)
{
	(void)d;
	return line->code == 334;
}

#define SMTP \
	.frame = starttls_frame_smtp, \
	.step = smtp_step, \
	.greeting = GREETING, \
	.begin = BEGIN, \
	.goodbye = QUIT, \
	.states = smtp_states, \
	.logout = "QUIT", \
	.authenticate = "AUTH", \
	.is_challenge = smtp_is_challenge, \
	.respond = login_respond_in_lines, \
	.empty = "", \
	.max_command = 512

const struct login_protocol login_smtp = { .name = "smtp", SMTP };
const struct login_protocol login_submission = { .name = "submission", SMTP };
