/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * starttls serve: what it is called with.
 */

#include "config.h"

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
	struct starttls_error error;
	char text[WITH_URL];

	s->front.timeout_ms = settings->timeout_ms;
	if (starttls_url_parse(settings->urls[0], &s->url, &error) != 0) {
		return complain(with_url(text, sizeof(text),
		    settings->urls[0], error.message), EXIT_USAGE);
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
