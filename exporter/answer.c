/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/* Answers: status, type and text.  How they are sent is http.c's business. */

#include "config.h"

#include "answer.h"

#include <stdlib.h>
#include <string.h>

#include <microhttpd.h>

#define TYPE_HTML "text/html; charset=utf-8"
#define TYPE_TEXT "text/plain; charset=utf-8"
#define TYPE_METRICS "text/plain; version=0.0.4; charset=utf-8"

void
answer_line(struct answer *answer, unsigned status, const char *line)
{
	size_t len = strlen(line);

	*answer = (struct answer){ .status = status, .type = TYPE_TEXT,
	    .text = malloc(len + 1), .len = len + 1 };
	if (answer->text == NULL)
		return;
	memcpy(answer->text, line, len);
	answer->text[len] = '\n';
}

void
answer_metrics(struct answer *answer, char *text, size_t len)
{
	*answer = (struct answer){ .status = MHD_HTTP_OK,
	    .type = TYPE_METRICS, .text = text, .len = len };
}

void
answer_page(struct answer *answer, char *text, size_t len)
{
	*answer = (struct answer){ .status = MHD_HTTP_OK,
	    .type = TYPE_HTML, .text = text, .len = len };
}

void
answer_text(struct answer *answer, char *text)
{
	if (text == NULL)
		answer_no_memory(answer);
	else
		*answer = (struct answer){ .status = MHD_HTTP_OK,
		    .type = TYPE_TEXT, .text = text, .len = strlen(text) };
}

void
answer_no_memory(struct answer *answer)
{
	answer_line(answer, MHD_HTTP_INTERNAL_SERVER_ERROR, "out of memory");
}
