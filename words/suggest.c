/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * Words that would have been good.  They are our own, so they can be shown as
 * they are; the word that was wrong is the caller's to clean.
 */

#include "config.h"

#include "suggest.h"

#include <stdio.h>
#include <string.h>

void
suggest_begin(struct suggestion *s, const char *word, size_t len)
{
	starttls_near_begin(&s->near, word, len);
}

void
suggest_offer(struct suggestion *s, const char *candidate)
{
	starttls_near_offer(&s->near, candidate);
}

const char *
suggest_end(const struct suggestion *s, char *buf)
{
	buf[0] = '\0';
	if (s->near.best != NULL)
		snprintf(buf, SUGGESTED, " (did you mean %s?)", s->near.best);
	return buf;
}

const char *
list_words(char *buf, size_t size, const char *const *words)
{
	size_t len = 0;
	int n;

	buf[0] = '\0';
	for (; *words != NULL && len < size; words++) {
		n = snprintf(buf + len, size - len, "%s%s", len == 0 ? "" :
		    words[1] == NULL ? " or " : ", ", *words);
		len += n < 0 ? 0 : (size_t)n;
	}
	return buf;
}
