/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * starttls proxy: what it is called with.
 */

#include "config.h"

#include "check/port.h"
#include "cli.h"
#include "relay/proxy.h"
#include "words/complain.h"
#include "words/status.h"

struct call {
	const struct settings *settings;
	struct proxy_settings proxy;
};

static struct starttls_policy *
reload(void *context)
{
	const struct call *call = context;

	return read_again(call->settings, &call->proxy.url,
	    call->proxy.options);
}

int
run_proxy(struct settings *settings)
{
	struct call call = { .settings = settings, .proxy = {
		.front = settings->front,
		.quiet = settings->quiet,
		.policy = settings->policy,
		.options = &settings->options,
		.target = settings->urls[0],
		.url.size = sizeof(call.proxy.url),
		.patience = settings->patience,
		.reload = reload,
		.context = &call,
	} };
	struct proxy_settings *s = &call.proxy;
	struct starttls_error error;
	char text[WITH_URL];
	int rc = starttls_url_parse(s->target, &s->url, &error);

	s->front.door.only_loopback = true;
	s->front.timeout_ms = settings->timeout_ms;
	if (rc == 0)
		rc = starttls_url_check(s->policy, &s->url, s->options, &error);
	if (rc == 0)
		rc = port_check(s->target, &error);
	if (rc != 0) {
		return complain(with_url(text, sizeof(text), s->target,
		    error.message), exit_status(&error));
	}
	if (starttls_protocol_goes_on(s->url.protocol)) {
		return complain(with_url(text, sizeof(text), s->target,
		    "clients without TLS cannot be served: what they begin "
		    "with was said ahead of TLS"), EXIT_USAGE);
	}
	return proxy(s);
}
