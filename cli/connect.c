/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * starttls connect: a tunnel for scripts, and for people at a terminal.
 *
 * Standard input goes to the peer, the peer's bytes go to standard output, and
 * nothing else does, but for the greeting that clients wait for, if it is asked
 * for.  That is not the server's: what came in the clear may be anybody's.
 */

#include "config.h"

#include <stdio.h>
#include <unistd.h>

#include "check/advice.h"
#include "check/conversation.h"
#include "cli.h"
#include "loop/descriptors.h"
#include "relay/front.h"
#include "relay/tunnel.h"
#include "settings.h"
#include "words/complain.h"
#include "words/show.h"
#include "words/status.h"

#define LINE_SIZE 1024

/* For whoever types: who is there, and how to leave. */
static void
introduce(const struct conversation *c)
{
	const struct starttls_report *r = &c->report;
	struct starttls_cert leaf = { .size = sizeof(leaf) };
	const int64_t end = r->path_not_after != 0 ? r->path_not_after :
	    r->not_after;
	const long days = days_until(end);

	if (conversation_cert(c, 0, &leaf) != 0)
		leaf.issuer[0] = '\0';
	fprintf(stderr, "starttls: verified: %s, by a certificate of %s with "
	    "%ld day%s left; %s %s, %s; Ctrl-D ends, Ctrl-C breaks off\n",
	    r->host, leaf.issuer[0] != '\0' ? leaf.issuer : "unknown", days,
	    days == 1 ? "" : "s", r->version, r->cipher_suite,
	    r->upgraded ? "after an upgrade" : "from the start");
}

/* As the server would greet, had there been no upgrade; NULL: it would not. */
static const char *
greeting_of(const struct conversation *c, char *buf, size_t size)
{
	const char *greeting = starttls_protocol_greeting(
	    starttls_protocol_find(c->report.protocol));

	if (!c->report.upgraded || greeting == NULL)
		return NULL;
	front_line(greeting, c->report.host, NULL, buf, size);
	return buf;
}

/* The exit status of what is no fault of the server's, or 0. */
static int
relay(struct conversation *c, const struct settings *settings)
{
	struct starttls_error error;
	char line[LINE_SIZE];

	keep_alive(starttls_session_fd(c->session));
	switch (tunnel(c->session, STDIN_FILENO, STDOUT_FILENO,
	    &(struct tunnel_settings){
		.greeting = settings->greets ?
		    greeting_of(c, line, sizeof(line)) : NULL,
		.ends_lines = settings->ends_lines,
		.patience = settings->patience,
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

/* What clients begin with was said ahead of TLS: a greeting would mislead. */
static bool
cannot_greet(const char *text)
{
	struct starttls_url url = { .size = sizeof(url) };
	struct starttls_error error;

	return starttls_url_parse(text, &url, &error) == 0 &&
	    starttls_protocol_goes_on(url.protocol);
}

int
run_connect(struct settings *settings)
{
	const char *url = settings->urls[0];
	const bool is_terminal = isatty(STDIN_FILENO) == 1;
	struct conversation c;
	char text[WITH_URL];
	int status = 0;

	if (settings->greets && cannot_greet(url)) {
		return complain(with_url(text, sizeof(text), url,
		    "--greeting is for clients, and what they begin with was "
		    "said ahead of TLS"), EXIT_USAGE);
	}
	settings->ends_lines = settings->ends_lines || is_terminal;
	if (converse(settings->policy, &settings->options, url,
	    settings->timeout_ms, &c) == 0) {
		if (is_terminal && isatty(STDERR_FILENO) == 1 &&
		    !settings->quiet)
			introduce(&c);
		status = relay(&c, settings);
	}
	if (c.code != 0) {
		status = exit_status(&c.error);
		if (!settings->quiet || status == EXIT_USAGE)
			complain_of(url, &c);
	}
	finish_conversation(&c);
	return status;
}
