/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/* Patterns for targets: SCHEME://HOST[:PORT]. */

#ifndef EXPORTER_ALLOW_H
#define EXPORTER_ALLOW_H

#include <stdbool.h>
#include <stddef.h>

#include "starttls.h"

struct pattern {
	char scheme[16];           /* "*": any */
	char host[256];            /* for fnmatch(3), lower case */
	bool any_port;
	long port;                 /* 0: that of the scheme */
};

/* Zeroed: empty. */
struct allow_list {
	struct pattern *patterns;
	size_t count;
};

/* What is wrong, in words; always false. */
bool say_why(char *why, size_t why_size, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* False: @text is no pattern, with the words in @why. */
bool allow_list_add(struct allow_list *list, const char *text, char *why,
		    size_t why_size);
/* Whether a pattern matches what the URL means, never its text. */
bool allow_list_has(const struct allow_list *list,
		    const struct starttls_url *url);
void allow_list_done(struct allow_list *list);

#endif
