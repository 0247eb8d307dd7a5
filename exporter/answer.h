/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/* What there is to say to a request, for http.c to send. */

#ifndef EXPORTER_ANSWER_H
#define EXPORTER_ANSWER_H

#include <stddef.h>

struct answer {
	unsigned status;           /* MHD_HTTP_* */
	const char *type;
	const char *allow;         /* the methods that there are; NULL: not
	                              to be said */
	char *text;                /* of malloc(3); who sends it takes it;
	                              NULL: no memory, not even to say so */
	size_t len;
};

/* One line of text, to which the end of the line is added. */
void answer_line(struct answer *answer, unsigned status, const char *line);
/* Metrics; the text of open_memstream(3) is taken, as it is below. */
void answer_metrics(struct answer *answer, char *text, size_t len);
void answer_page(struct answer *answer, char *text, size_t len);
/* Text for people; NULL: there was no memory for it. */
void answer_text(struct answer *answer, char *text);
/* There was no memory for what should have been said. */
void answer_no_memory(struct answer *answer);

#endif
