/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * starttls probe: what it is called with, and what it ends with.
 */

#include "config.h"

#include <string.h>

#include "check/format.h"
#include "cli.h"
#include "probe.h"
#include "words/complain.h"
#include "words/status.h"
#include "words/suggest.h"

#define MOST_PROTOCOLS 40

/* No name of a protocol, but maybe meant for one, or its dedicated scheme. */
static int
complain_protocol(const char *name)
{
	const char *names[MOST_PROTOCOLS + 1] = { NULL };
	const struct starttls_protocol *p = NULL;
	char all[300], near[SUGGESTED];
	struct suggestion s;
	size_t count = 0;

	suggest_begin(&s, name, strlen(name));
	while ((p = starttls_protocol_next(p)) != NULL &&
	    count < MOST_PROTOCOLS) {
		names[count] = starttls_protocol_scheme(p, STARTTLS_GREETING);
		suggest_offer(&s, names[count++]);
	}
	complain_usage("probe", "there is no protocol \"%.40s\", but %s%s", name,
	    list_words(all, sizeof(all), names), suggest_end(&s, near));
	return EXIT_USAGE;
}

/* The usual ones, or one of --port: as that was looked at, it has a scheme. */
static bool
has_port(const struct probe_settings *s, const struct starttls_protocol *p)
{
	const char *name = starttls_protocol_scheme(p, STARTTLS_GREETING);
	const char *dedicated = starttls_protocol_scheme(p, STARTTLS_HANDSHAKE);
	size_t i;

	for (i = 0; i < s->port_count; i++) {
		size_t len = strcspn(s->ports[i], "=");

		if (strcmp(name, "tls") != 0 &&
		    ((strncmp(s->ports[i], name, len) == 0 &&
		    name[len] == '\0') || (dedicated != NULL &&
		    strncmp(s->ports[i], dedicated, len) == 0 &&
		    dedicated[len] == '\0')))
			return true;
	}
	return starttls_protocol_port(p, STARTTLS_GREETING) != NULL ||
	    starttls_protocol_port(p, STARTTLS_HANDSHAKE) != NULL;
}

/* The arguments, before anybody is connected to.  0 or the exit status. */
static int
check_arguments(const struct settings *s)
{
	struct starttls_url url = { .size = sizeof(url) };
	const struct starttls_protocol *p;
	struct starttls_error error;
	const char *host = s->urls[0];
	char text[600];
	int i, rc;

	if (strstr(host, "://") != NULL) {
		complain_usage("probe", "\"%.80s\" is a URL, and not a host",
		    host);
		return EXIT_USAGE;
	}
	if (strchr(host, ':') != NULL &&
	    strchr(host, ':') == strrchr(host, ':')) {
		complain_usage("probe", "\"%.80s\" has a port, which is for "
		    "--port", host);
		return EXIT_USAGE;
	}
	for (i = 1; i < s->url_count; i++) {
		p = starttls_protocol_find(s->urls[i]);
		if (p != NULL && !has_port(&s->probe, p)) {
			complain_usage("probe", "\"%.40s\" has no port to "
			    "look at: starttls check %.40s://HOST:PORT",
			    s->urls[i], s->urls[i]);
			return EXIT_USAGE;
		}
		if (p != NULL && strcmp(starttls_protocol_scheme(p,
		    STARTTLS_GREETING), s->urls[i]) == 0)
			continue;
		return complain_protocol(s->urls[i]);
	}
	snprintf(text, sizeof(text), strchr(host, ':') != NULL ?
	    "imap://[%s]" : "imap://%s", host);
	rc = starttls_url_parse(text, &url, &error);
	if (rc == 0)
		rc = starttls_url_check(s->policy, &url, &s->options, &error);
	if (rc == 0)
		return 0;
	return complain(with_url(text, sizeof(text), host, error.message),
	    exit_status(&error));
}

static int
print(const struct probe *probe, const struct settings *s)
{
	const struct result *r = probe_unresolved(probe);

	if (r != NULL) {
		if (!s->quiet)
			complain_about(probe->host, &r->error, r->reason,
			    r->advice);
		return r->status;
	}
	if (s->quiet)
		return probe_status(probe);
	if (s->format.format == &format_human)
		probe_print_table(probe);
	else if (!probe_print_json(probe))
		return complain("out of memory", EXIT_LOCAL);
	return probe_status(probe);
}

int
run_probe(struct settings *settings)
{
	const struct check_settings check = check_settings_of(settings);
	struct probe probe = {
		.host = settings->urls[0],
		.protocols = (char *const *)settings->urls + 1,
		.protocol_count = (size_t)settings->url_count - 1,
		.check = &check,
		.settings = &settings->probe,
		.timeout_ms = settings->timeout_ms,
	};
	int status, rc;

	if (settings->format.format == NULL)
		settings->format.format = &format_human;
	status = check_arguments(settings);
	if (status != 0)
		return status;
	rc = probe_run(&probe);
	status = rc == 0 ? print(&probe, settings) :
	    complain_errno("cannot probe", rc);
	probe_done(&probe);
	return status;
}
