/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * starttls serve: what it is called with.
 */

#include "config.h"

#include <stdlib.h>

#include "check/port.h"
#include "cli.h"
#include "relay/serve.h"
#include "words/complain.h"
#include "words/status.h"

/* Several conversations at a time: each line says whose it is. */
static void
show_line(void *context, enum starttls_direction direction,
	  enum starttls_phase phase, const char *text)
{
	fprintf(stderr, "%s %s [%s] %s\n", (const char *)context,
	    direction == STARTTLS_SENT ? "S:" :
	    direction == STARTTLS_RECEIVED ? "C:" : "--",
	    starttls_phase_name(phase), text);
}

struct call {
	const struct settings *settings;
	struct serve_settings serve;
};

static struct starttls_policy *
reload(void *context)
{
	const struct call *call = context;

	return read_again(call->settings, &call->serve.url,
	    &call->serve.options);
}

/* Who says where to listen needs no port in the URL: any will do. */
static int
parse_url(const char *text, bool listens, struct starttls_url *ret_url,
	  struct starttls_error *error)
{
	char *whole = port_complete(text, listens ? "1" : NULL);
	int rc = starttls_url_parse(whole != NULL ? whole : text, ret_url,
	    error);

	free(whole);
	return rc;
}

int
run_serve(struct settings *settings)
{
	struct call call = {
		.settings = settings,
		.serve = {
			.front = settings->front,
			.quiet = settings->quiet,
			.policy = settings->policy,
			.options = settings->options,
			.url.size = sizeof(call.serve.url),
			.command = settings->command,
			.to_host = settings->to_host,
			.to_port = settings->to_port,
			.max_running = settings->max_running,
			.reload = reload,
			.context = &call,
		},
	};
	struct serve_settings *s = &call.serve;
	const bool listens = s->front.door.port != NULL ||
	    s->front.door.path != NULL;
	struct starttls_error error;
	char text[WITH_URL];

	s->front.timeout_ms = settings->timeout_ms;
	if (parse_url(settings->urls[0], listens, &s->url, &error) != 0) {
		return complain(with_url(text, sizeof(text),
		    settings->urls[0], error.message), EXIT_USAGE);
	}
	/* on a dedicated port, too, where the library leaves it to programs
	   that know more */
	if (!starttls_protocol_has_server(s->url.protocol)) {
		return complain(with_url(text, sizeof(text),
		    settings->urls[0], "of this protocol only the client's "
		    "side is known"), EXIT_USAGE);
	}
	if (s->options.own_name == NULL)
		s->options.own_name = s->url.host;
	if (settings->trace)
		s->options.trace = show_line;
	if (starttls_url_check(s->policy, &s->url, &s->options,
	    &error) != 0) {
		return complain(with_url(text, sizeof(text),
		    settings->urls[0], error.message), exit_status(&error));
	}
	return serve(s);
}
