/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * Login to NNTP: RFC 3977, RFC 4643.
 *
 *	capabilities = "101" [ SP text ] *( line ) "."
 *	line         = "SASL" *( SP mechanism )
 *	             / "AUTHINFO" *( SP ( "USER" / "SASL" ) ) / ...
 *	challenge    = "383" SP ( base64 / "=" )
 *	success      = "281" [ SP text ] / "283" SP base64
 *
 * Mechanisms count only where AUTHINFO lists SASL.  Servers older than RFC
 * 3977 do not know CAPABILITIES, and others want a login first (480), but both
 * may know AUTHINFO USER.
 */

#include "config.h"

#include "dialog.h"

enum { GREETING, START, BEGIN, CAPABILITIES, LIST, SASL, CANCEL, NATIVE,
       USER, PASS, QUIT };

static const char *const nntp_states[] = {
	[GREETING] = "start", [START] = "greeting inside TLS",
	[BEGIN] = "start", [CAPABILITIES] = "CAPABILITIES",
	[LIST] = "capability list", [SASL] = "AUTHINFO SASL",
	[CANCEL] = "AUTHINFO SASL", [NATIVE] = "AUTHINFO USER",
	[USER] = "AUTHINFO USER", [PASS] = "AUTHINFO PASS",
	[QUIT] = "QUIT",
};

static void
take_capability(struct login_dialog *d, const char *line)
{
	const char *list = login_behind(line, "SASL");

	if (list != NULL)
		login_offers(d, list);
	list = login_behind(line, "AUTHINFO");
	for (; list != NULL && *list != '\0'; list = login_next(list))
		if (login_behind(list, "USER") != NULL)
			d->native = true;
		else if (login_behind(list, "SASL") != NULL)
			d->initial = true;
}

/* Of 4xx only 400 is temporary. */
static enum login_verdict
no(struct login_dialog *d, const struct login_line *line)
{
	return line->code > 400 && line->code <= 499 ? login_failed(d, line) :
	    login_no(d, line);
}

static enum login_verdict
no_to_us(struct login_dialog *d, const struct login_line *line)
{
	/* 452 is that of RFC 2980 */
	if (line->code == 481 || line->code == 452 || line->code == 502)
		return login_refused(d, line);
	return no(d, line);
}

static enum login_verdict
answered(struct login_dialog *d, const struct login_line *line)
{
	if (line->code == 383)
		return login_answer(d, line->rest, CANCEL);
	if (line->code == 281)
		return login_accepted(d, NULL, line);
	if (line->code == 283)
		return login_accepted(d, line->rest, line);
	return no_to_us(d, line);
}

static enum login_verdict
nntp_step(struct login_dialog *d, const struct login_line *line)
{
	switch (d->state) {
	case GREETING:
		return login_expect(d, START);
	case START:
		if (line->code != 200 && line->code != 201)
			return no(d, line);
		return login_say(d, CAPABILITIES, "CAPABILITIES");
	case BEGIN:
		return login_say(d, CAPABILITIES, "CAPABILITIES");
	case CAPABILITIES:
		if (line->code == 101)
			return login_block(d, LIST);
		d->native = line->code / 100 == 5 || line->code == 480;
		return d->native ? login_begin(d, SASL, NATIVE) :
		    no(d, line);
	case LIST:
		if (!line->last) {
			take_capability(d, line->rest);
			return login_more(d);
		}
		if (!d->initial)
			login_offers_none(d);
		return login_begin(d, SASL, NATIVE);
	case SASL:
		return answered(d, line);
	case CANCEL:
		return login_cancelled(d, line);
	case NATIVE:
		return login_say(d, USER, "AUTHINFO USER %s", d->user);
	case USER:
		if (line->code == 381)
			return login_whisper(d, PASS,
			    "AUTHINFO PASS (credentials)",
			    "AUTHINFO PASS %s", d->secret);
		return line->code == 281 ? login_accepted(d, NULL, line) :
		    no_to_us(d, line);
	case PASS:
		return line->code == 281 ? login_accepted(d, NULL, line) :
		    no_to_us(d, line);
	case QUIT:
		return login_goodbye(d);
	}
	return login_bug(d);
}

static bool
nntp_is_challenge(const struct login_dialog *d, const struct login_line *line)
{
	(void)d;
	return line->code == 383 || line->code == 283;
}

const struct login_protocol login_nntp = {
	.name = "nntp",
	.frame = starttls_frame_nntp,
	.step = nntp_step,
	.greeting = GREETING,
	.begin = BEGIN,
	.goodbye = QUIT,
	.states = nntp_states,
	.logout = "QUIT",
	.authenticate = "AUTHINFO SASL",
	.is_challenge = nntp_is_challenge,
	.respond = login_respond_in_lines,
	.empty = "=",
	.max_command = 512,
};
