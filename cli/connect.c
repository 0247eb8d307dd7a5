/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * starttls connect: a tunnel for scripts.
 *
 * Standard input goes to the peer, the peer's bytes go to standard output,
 * and nothing else does.
 */

#include "config.h"

#include <unistd.h>

#include "check/advice.h"
#include "check/conversation.h"
#include "cli.h"
#include "loop/descriptors.h"
#include "relay/tunnel.h"
#include "settings.h"
#include "words/complain.h"
#include "words/status.h"

/* The exit status of what is no fault of the server's, or 0. */
static int
relay(struct conversation *c, const struct settings *settings)
{
	struct starttls_error error;

	keep_alive(starttls_session_fd(c->session));
	switch (tunnel(c->session, STDIN_FILENO, STDOUT_FILENO,
	    &(struct tunnel_settings){
		.close_after_ms = settings->close_after_ms,
		.timeout_ms = settings->timeout_ms,
	    }, &error)) {
	case TUNNEL_DONE:
		return 0;
	case TUNNEL_LOCAL_FAILED:
		return complain(error.message, EXIT_LOCAL);
	case TUNNEL_FAILED:
		c->error = error;
		c->code = error.code;
		break;
	}
	return 0;
}

int
run_connect(struct settings *settings)
{
	const char *url = settings->urls[0];
	struct conversation c;
	int status = 0;

	if (converse(settings->policy, &settings->options, url,
	    settings->timeout_ms, &c) == 0)
		status = relay(&c, settings);
	if (c.code != 0) {
		status = exit_status(&c.error);
		if (!settings->quiet || status == EXIT_USAGE)
			complain_of(url, &c);
	}
	finish_conversation(&c);
	return status;
}
