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

int
run_proxy(struct settings *settings)
{
	struct proxy_settings s = {
		.front = settings->front,
		.quiet = settings->quiet,
		.policy = settings->policy,
		.options = &settings->options,
		.target = settings->urls[0],
		.url.size = sizeof(s.url),
		.patience = settings->patience,
	};
	struct starttls_error error;
	char text[WITH_URL];
	int rc = starttls_url_parse(s.target, &s.url, &error);

	s.front.only_loopback = true;
	s.front.timeout_ms = settings->timeout_ms;
	if (rc == 0)
		rc = starttls_url_check(s.policy, &s.url, s.options, &error);
	if (rc == 0)
		rc = port_check(s.target, &error);
	if (rc != 0) {
		return complain(with_url(text, sizeof(text), s.target,
		    error.message), exit_status(&error));
	}
	return proxy(&s);
}
