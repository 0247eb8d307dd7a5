/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * What both sides of the preamble stand on: failures, which are sticky and say
 * where they happened, and traces.
 *
 * Invariant: nothing of the peer goes anywhere but cleaned and cut to size.
 */

#include "config.h"

#include "engine.h"

#include <stdio.h>
#include <string.h>

#include "text.h"

const char *
starttls_preamble_state(const struct preamble *p)
{
	return starttls_preamble_is_server(p) ? "commands" :
	    p->rules->states[p->dialog.state];
}

void
starttls_preamble_words(const struct unit *u, char *text, size_t size)
{
	size_t len = 0;

	if (u->name != NULL) {
		snprintf(text, size, "%s%s", u->name,
		    u->line.len > 0 ? ": " : "");
		len = strlen(text);
	}
	starttls_text_clean(text + len, size - len, u->line.data,
	    u->line.len);
}

enum verdict
starttls_preamble_fail(struct preamble *p, int code, const struct unit *u,
		       const char *format, ...)
{
	struct starttls_error *error = p->error;
	va_list args;

	p->status = PREAMBLE_FAILED;
	if (error->code != 0)
		return VERDICT_FAILED;
	va_start(args, format);
	starttls_error_vset(error, code, p->phase, format, args);
	va_end(args);
	snprintf(error->protocol, sizeof(error->protocol), "%s",
	    p->protocol->name);
	snprintf(error->state, sizeof(error->state), "%s",
	    starttls_preamble_state(p));
	/* a server repeats nothing of a client: it may be a password */
	if (u != NULL && !starttls_preamble_is_server(p)) {
		size_t len = strlen(error->message);

		error->reply_code = (int)u->code;
		starttls_preamble_words(u, error->reply,
		    sizeof(error->reply));
		snprintf(error->message + len, sizeof(error->message) - len,
		    ": \"%s\"", error->reply);
	}
	return VERDICT_FAILED;
}

void
starttls_preamble_show(const struct preamble *p,
		       enum starttls_direction direction, const void *line,
		       size_t len)
{
	char text[STARTTLS_MESSAGE_SIZE];

	starttls_text_clean(text, sizeof(text), line, len);
	p->trace(p->trace_context, direction, p->phase, text);
}
