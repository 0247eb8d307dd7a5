/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * What a session tells of what went wrong: its error, which is sticky, and
 * notes for the trace.  All that happens to a session stands on this, so it
 * knows nothing of TLS.
 */

#include "config.h"

#include "session.h"

#include <stdio.h>

#include "../protocols/protocol.h"
#include "text.h"

void
starttls_session_forget_error(struct starttls_session *s)
{
	starttls_error_reset(&s->error);
	snprintf(s->error.address, sizeof(s->error.address), "%s",
	    s->io.address);
}

int
starttls_session_fail(struct starttls_session *s, int code,
		      enum starttls_phase phase, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	code = starttls_error_vset(&s->error, code, phase, format, args);
	va_end(args);
	snprintf(s->error.protocol, sizeof(s->error.protocol), "%s",
	    s->protocol->name);
	return code;
}

int
starttls_session_fail_at(struct starttls_session *s, int code,
			 enum starttls_phase phase, const void *data,
			 size_t len, const char *what)
{
	if (starttls_session_is_server(s) || s->error.code != 0)
		return starttls_session_fail(s, code, phase, "%s", what);
	starttls_text_clean(s->error.reply, sizeof(s->error.reply), data, len);
	return starttls_session_fail(s, code, phase, "%s: \"%s\"", what,
	    s->error.reply);
}

int
starttls_session_fail_sys(struct starttls_session *s, int code,
			  enum starttls_phase phase, int sys_errno,
			  const char *what)
{
	code = starttls_error_sys(&s->error, code, phase, sys_errno, "%s",
	    what);
	snprintf(s->error.protocol, sizeof(s->error.protocol), "%s",
	    s->protocol->name);
	return code;
}

void
starttls_session_note(const struct starttls_session *s,
		      enum starttls_phase phase, const char *format, ...)
{
	char text[STARTTLS_MESSAGE_SIZE];
	va_list args;

	if (s->trace == NULL)
		return;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	s->trace(s->trace_context, STARTTLS_NOTE, phase, text);
}
