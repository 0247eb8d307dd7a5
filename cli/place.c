/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * Arguments that name a place, HOST:PORT, and no scheme: a usual port tells it.
 * What was taken is said, as it was not what was typed.
 */

#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check/port.h"
#include "cli.h"
#include "words/show.h"

static bool
take(const struct settings *s, const char *scheme, char **url, char **ret_own)
{
	const size_t size = strlen(scheme) + strlen("://") + strlen(*url) + 1;
	char shown[300];

	*ret_own = malloc(size);
	if (*ret_own == NULL)
		return false;
	snprintf(*ret_own, size, "%s://%s", scheme, *url);
	*url = *ret_own;
	if (!s->quiet)
		fprintf(stderr, "starttls: taken for %s, by its port\n",
		    clean(shown, sizeof(shown), *url));
	return true;
}

bool
complete_urls(struct settings *s)
{
	const char *port, *scheme;
	int i;

	s->own_urls = calloc((size_t)s->url_count + 1, sizeof(*s->own_urls));
	if (s->own_urls == NULL)
		return false;
	for (i = 0; i < s->url_count; i++) {
		port = port_of_place(s->urls[i]);
		scheme = port == NULL ? NULL : port_scheme(port);
		if (scheme != NULL &&
		    !take(s, scheme, &s->urls[i], &s->own_urls[i]))
			return false;
	}
	return true;
}
