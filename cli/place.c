/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * Arguments that name a place, HOST:PORT, and no scheme: a usual port tells it,
 * and otherwise the server, where there is only one to ask.  What was taken is
 * said, as it was not what was typed.  And URLs whose protocol has no usual port,
 * where --connect says it.
 */

#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check/advice.h"
#include "check/detect.h"
#include "check/port.h"
#include "cli.h"
#include "words/complain.h"
#include "words/show.h"
#include "words/status.h"

/* The scheme; or NULL, and what is wrong was said. */
static const char *
ask_server(const struct settings *s, const char *place, int *ret_status)
{
	struct conversation c;
	const char *scheme = detect_scheme(s->policy, &s->options, place,
	    s->timeout_ms, &c);

	if (scheme != NULL)
		return scheme;
	*ret_status = exit_status(&c.error);
	if (!s->quiet || *ret_status == EXIT_USAGE)
		complain_of(place, &c);
	return NULL;
}

static int
take(const struct settings *s, const char *scheme, const char *why,
     char **url, char **ret_own)
{
	const size_t size = strlen(scheme) + strlen("://") + strlen(*url) + 1;
	char shown[300];

	*ret_own = malloc(size);
	if (*ret_own == NULL)
		return complain("out of memory", EXIT_LOCAL);
	snprintf(*ret_own, size, "%s://%s", scheme, *url);
	*url = *ret_own;
	if (!s->quiet)
		fprintf(stderr, "starttls: taken for %s, by %s\n",
		    show_typed(shown, sizeof(shown), *url), why);
	return 0;
}

/* Whether there is one server, to be talked to now. */
static bool
may_ask(const struct settings *s)
{
	return strcmp(s->subcommand->arguments, "URL") == 0 &&
	    strchr(s->subcommand->options, 'L') == NULL;
}

static int
complete(const struct settings *s, char **url, char **ret_own)
{
	const char *port = port_of_place(*url), *scheme;
	const char *connect_port = s->options.connect_port;
	const char *why = "its port";
	int status = 0;

	if (port == NULL) {        /* a URL, or nothing that anybody knows */
		*ret_own = port_complete(*url, connect_port);
		*url = *ret_own != NULL ? *ret_own : *url;
		return 0;
	}
	scheme = port_scheme(port);
	if (scheme == NULL && may_ask(s)) {
		why = "what the server says";
		scheme = ask_server(s, *url, &status);
	}
	return scheme == NULL ? status : take(s, scheme, why, url, ret_own);
}

int
complete_urls(struct settings *s)
{
	int i, status = 0;

	s->own_urls = calloc((size_t)s->url_count + 1, sizeof(*s->own_urls));
	if (s->own_urls == NULL)
		return complain("out of memory", EXIT_LOCAL);
	for (i = 0; status == 0 && i < s->url_count; i++)
		status = complete(s, &s->urls[i], &s->own_urls[i]);
	return status;
}
