/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/* What somebody may have meant, and what there is to choose from. */

#ifndef WORDS_SUGGEST_H
#define WORDS_SUGGEST_H

#include <stddef.h>

#include "near.h"

#define SUGGESTED 64

/* Begin with a word, offer what there is, one by one, and end with " (did you
   mean X?)", or "" if nothing is near.  All of it is borrowed; @buf has
   SUGGESTED bytes. */
struct suggestion {
	struct near near;
};
void suggest_begin(struct suggestion *s, const char *word, size_t len);
void suggest_offer(struct suggestion *s, const char *candidate);
const char *suggest_end(const struct suggestion *s, char *buf);

/* "a, b or c"; @words ends with NULL. */
const char *list_words(char *buf, size_t size, const char *const *words);

#endif
