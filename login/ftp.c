/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * Login to FTP: RFC 959, RFC 4217.
 *
 *	USER: 331 wants the password, 230 and 232 do not
 *	PASS: 230, or 202 if there was no need for it
 *
 * FTP has no SASL, and its capabilities (FEAT) tell nothing of logins.  530 is
 * about the credentials.  332 asks for an account, which we have not.
 */

#include "config.h"

#include "dialog.h"

enum { GREETING, START, BEGIN, NATIVE, USER, PASS, QUIT };

static const char *const ftp_states[] = {
	[GREETING] = "start", [START] = "greeting inside TLS",
	[BEGIN] = "start", [NATIVE] = "USER", [USER] = "USER",
	[PASS] = "PASS", [QUIT] = "QUIT",
};

static enum login_verdict
answered(struct login_dialog *d, const struct login_line *line)
{
	if (line->code == 230 || line->code == 202 || line->code == 232)
		return login_accepted(d, NULL, line);
	if (line->code == 331 && d->state == USER)
		return login_whisper(d, PASS, "PASS (credentials)", "PASS %s",
		    d->secret);
	if (line->code == 530)
		return login_refused(d, line);
	return line->code == 332 ? login_failed(d, line) : login_no(d, line);
}

static enum login_verdict
ftp_step(struct login_dialog *d, const struct login_line *line)
{
	if (line != NULL && !line->last)
		return login_more(d);
	switch (d->state) {
	case GREETING:
		return login_expect(d, START);
	case START:
		if (line->code == 120)
			return login_more(d);
		if (line->code != 220)
			return login_no(d, line);
		return login_begin(d, QUIT, NATIVE);
	case BEGIN:
		return login_begin(d, QUIT, NATIVE);
	case NATIVE:
		return login_say(d, USER, "USER %s", d->user);
	case USER:
	case PASS:
		return answered(d, line);
	case QUIT:
		return login_goodbye(d);
	}
	return login_bug(d);
}

const struct login_protocol login_ftp = {
	.name = "ftp",
	.frame = starttls_frame_ftp,
	.step = ftp_step,
	.greeting = GREETING,
	.begin = BEGIN,
	.goodbye = QUIT,
	.states = ftp_states,
	.has_native = true,
	.logout = "QUIT",
	.empty = "",
};
