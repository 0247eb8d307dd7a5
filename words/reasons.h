/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/* What each reason means, for those who run servers. */

#ifndef WORDS_REASONS_H
#define WORDS_REASONS_H

#include <stdio.h>

struct reason {
	const char *name;          /* starttls_code_name, or of a login */
	const char *meaning;       /* a few words */
	const char *causes, *remedy; /* a paragraph each */
};

extern const struct reason reasons[]; /* the last has no name */

/* NULL: there is none of that name. */
const struct reason *find_reason(const char *name);
/* All that there is to say about one, and a list of all. */
void print_reason(FILE *out, const struct reason *reason);
void list_reasons(FILE *out);

#endif
