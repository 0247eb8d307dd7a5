/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * starttls probe: what a host offers.
 *
 * All ports at once, under one deadline, with one connection at a time to
 * each: some servers allow a client no more.  A port that wants TLS says
 * nothing until it gets a ClientHello, so if the port of an upgrade is silent
 * for a while, or hangs up, TLS is tried there; and if it is not that, the
 * upgrade once more, in what is left of the time.
 */

#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "checker.h"
#include "format.h"
#include "probe.h"

struct probe_run {
	struct probe probe;
	struct loop loop;
	struct checker checker;
	bool begun;
	int64_t until_us;
	size_t busy;               /* ports with attempts left */
	int rc;                    /* errno, if an attempt could not be made */
};

/* Of the time that is left for its port. */
static const int shares[ATTEMPTS] = {
	[ATTEMPT_ASKS] = 3,        /* for the greeting; then it has all */
	[ATTEMPT_HELLOS] = 2,
	[ATTEMPT_INSISTS] = 5,
	[ATTEMPT_DEDICATES] = 5,
};

/* ---- one port ---- */

/* False: there is no time for it, or no memory. */
static bool
start(struct probe_run *run, struct attempt *a)
{
	const struct settings *s = run->probe.settings;
	const struct place *place;
	int64_t left = (run->until_us - loop_now_us()) / 1000, share;
	int sum = 0;

	for (place = &a->place; place != NULL; place = place->next)
		sum += shares[((const struct attempt *)place->owner)->kind];
	share = left * shares[a->kind] / sum;
	if (share <= 0)
		return false;
	run->rc = checker_start(&run->checker, &(struct check_target){
		.owner = a,
		.name = a->url,
		.url = a->url,
		.connect_host = s->address,
		.connect_port = a->port->number,
		.timeout_ms = (int)(a->kind == ATTEMPT_ASKS ? left : share),
		.greeting_ms = a->kind == ATTEMPT_ASKS ? (int)share : 0,
	});
	return run->rc == 0;
}

/* The next attempt, when there is none under way. */
static void
go_on(struct probe_run *run, struct probe_port *port)
{
	struct attempt *a;

	while ((a = queue_first(&port->attempts)) != NULL) {
		if (probe_needs(a) && start(run, a))
			return;
		queue_leave(&a->place);
	}
	if (--run->busy == 0 || run->rc != 0)
		run->loop.stop = true;
}

static void
take_result(void *context, void *owner, const struct result *r)
{
	struct probe_run *run = context;
	struct attempt *a = owner;

	a->result = *r;
	a->done = true;
	queue_leave(&a->place);
	go_on(run, a->port);
}

/* ---- which ports ---- */

/* The port of --port SCHEME=PORT, the last one counts; or the usual one. */
static void
choose_port(const struct settings *s, const struct starttls_protocol *p,
	    enum starttls_stage from, struct way *way)
{
	const char *scheme = starttls_protocol_scheme(p, from);
	size_t i, len = strlen(scheme);

	snprintf(way->port, sizeof(way->port), "%s",
	    starttls_protocol_port(p, from));
	for (i = 0; i < s->port_count; i++)
		if (strncmp(s->ports[i], scheme, len) == 0 &&
		    s->ports[i][len] == '=')
			snprintf(way->port, sizeof(way->port), "%s",
			    s->ports[i] + len + 1);
}

static struct probe_port *
find_port(struct probe *probe, const char *number)
{
	struct probe_port *port = probe->ports;

	while (port < probe->ports + probe->port_count &&
	    atol(port->number) != atol(number))
		port++;
	if (port == probe->ports + probe->port_count) {
		port->number = number;
		probe->port_count++;
	}
	return port;
}

static void
prepare_attempt(struct probe *probe, struct row *row, enum attempt_kind kind)
{
	const bool is_ipv6 = strchr(probe->host, ':') != NULL;
	struct attempt *a = &row->attempts[kind];
	const struct way *way = kind == ATTEMPT_DEDICATES ? &row->dedicated :
	    &row->upgrade;
	const char *scheme = starttls_protocol_scheme(row->protocol,
	    kind == ATTEMPT_ASKS || kind == ATTEMPT_INSISTS ?
	    STARTTLS_GREETING : STARTTLS_HANDSHAKE);

	snprintf(a->url, sizeof(a->url), "%s://%s%s%s:%s", scheme,
	    is_ipv6 ? "[" : "", probe->host, is_ipv6 ? "]" : "", way->port);
	a->row = row;
	a->kind = kind;
	a->port = find_port(probe, way->port);
	a->place.owner = a;
	queue_enter(&a->port->attempts, &a->place);
}

static void
prepare_row(struct row *row, struct probe *probe,
	    const struct starttls_protocol *p)
{
	const struct settings *s = probe->settings;
	int kind;

	row->protocol = p;
	choose_port(s, p, STARTTLS_GREETING, &row->upgrade);
	choose_port(s, p, STARTTLS_HANDSHAKE, &row->dedicated);
	for (kind = 0; kind < ATTEMPTS; kind++)
		prepare_attempt(probe, row, (enum attempt_kind)kind);
}

static bool
is_wanted(const struct settings *s, const struct starttls_protocol *p)
{
	const char *name = starttls_protocol_scheme(p, STARTTLS_GREETING);
	int i;

	for (i = 1; i < s->url_count; i++)
		if (strcmp(s->urls[i], name) == 0)
			return true;
	return s->url_count == 1;
}

static bool
prepare_rows(struct probe *probe)
{
	const struct starttls_protocol *p = NULL;
	size_t count = 0;

	while ((p = starttls_protocol_next(p)) != NULL)
		count++;
	probe->rows = calloc(count, sizeof(*probe->rows));
	probe->ports = calloc(2 * count, sizeof(*probe->ports));
	if (probe->rows == NULL || probe->ports == NULL)
		return false;
	while ((p = starttls_protocol_next(p)) != NULL)
		if (is_wanted(probe->settings, p))
			prepare_row(&probe->rows[probe->count++], probe, p);
	return true;
}

/* ---- mistakes ---- */

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
		if (p != NULL && strcmp(starttls_protocol_scheme(p,
		    STARTTLS_GREETING), s->urls[i]) == 0)
			continue;
		complain_usage("probe", "there is no protocol \"%.40s\"",
		    s->urls[i]);
		return EXIT_USAGE;
	}
	if (s->format != &format_human && s->format != &format_json) {
		complain_usage("probe", "its formats are human and json");
		return EXIT_USAGE;
	}
	snprintf(text, sizeof(text), strchr(host, ':') != NULL ?
	    "imap://[%s]" : "imap://%s", host);
	rc = starttls_url_parse(text, &url, &error);
	if (rc == 0)
		rc = starttls_url_check(s->policy, &url, &s->options, &error);
	if (rc == 0)
		return 0;
	complain_usage("probe", "%s", error.message);
	return exit_status(&error);
}

/* ---- all of it ---- */

static int
start_all(struct probe_run *run)
{
	struct probe *probe = &run->probe;
	size_t i;

	run->until_us = loop_now_us() +
	    1000 * (int64_t)probe->settings->timeout_ms;
	run->busy = probe->port_count;
	for (i = 0; i < probe->port_count; i++)
		go_on(run, &probe->ports[i]);
	return run->rc;
}

/* 0 if something is good and nothing bad, else what comes closest. */
static int
status_of(const struct probe *probe)
{
	bool good = false, bad = false, local = false, there = false,
	    late = false;
	size_t i, j;

	for (i = 0; i < probe->count; i++) {
		const enum probe_state both[] = {
			probe->rows[i].upgrade.state,
			probe->rows[i].dedicated.state
		};

		for (j = 0; j < 2; j++) {
			good = good || both[j] == PROBE_VERIFIED;
			bad = bad || both[j] == PROBE_BAD_CERTIFICATE ||
			    both[j] == PROBE_TLS_FAILED;
			local = local || both[j] == PROBE_LOCAL;
			late = late || both[j] == PROBE_SILENT;
			there = there || (both[j] != PROBE_CLOSED &&
			    both[j] != PROBE_UNREACHABLE &&
			    both[j] != PROBE_SILENT);
		}
	}
	if (local)
		return EXIT_LOCAL;
	if (bad)
		return EXIT_TLS;
	if (good)
		return 0;
	return there ? EXIT_REFUSED : late ? EXIT_TIMEOUT : EXIT_UNREACHED;
}

/* A name that cannot be resolved is said once, and not for each port. */
static const struct result *
unresolved(const struct probe *probe)
{
	const struct result *r = probe->rows[0].dedicated.result;

	return r != NULL && (r->error.phase == STARTTLS_PHASE_RESOLVE ||
	    r->error.phase == STARTTLS_PHASE_SETUP) ? r : NULL;
}

static int
print(const struct probe *probe)
{
	const struct settings *s = probe->settings;
	const struct result *r = unresolved(probe);

	if (r != NULL) {
		if (!s->quiet)
			complain_as(probe->host, &r->error, r->reason, r->advice);
		return r->status;
	}
	if (s->quiet)
		return status_of(probe);
	if (s->format == &format_human) {
		probe_print_table(probe);
	} else if (!probe_print_json(probe)) {
		fprintf(stderr, "starttls: out of memory\n");
		return EXIT_LOCAL;
	}
	return status_of(probe);
}

static int
run_all(struct probe_run *run)
{
	size_t i;
	int rc;

	run->checker.settings = run->probe.settings;
	run->checker.loop = &run->loop;
	run->checker.max_running = run->probe.port_count;
	run->checker.insists = true;
	run->checker.timeout_ms = run->probe.settings->timeout_ms;
	run->checker.names_traces = true;
	run->checker.context = run;
	run->checker.done = take_result;
	rc = checker_init(&run->checker);
	run->begun = rc == 0;
	if (rc == 0)
		rc = start_all(run);
	if (rc == 0)
		rc = loop_run(&run->loop);
	if (rc == 0)
		rc = run->rc;
	for (i = 0; i < run->probe.count; i++)
		probe_judge(&run->probe.rows[i]);
	if (rc != 0)
		fprintf(stderr, "starttls: cannot probe: %s\n", strerror(rc));
	return rc;
}

int
run_probe(struct settings *settings)
{
	static struct probe_run run;
	int status;

	if (settings->format == NULL)
		settings->format = &format_human;
	status = check_arguments(settings);
	if (status != 0)
		return status;
	run.probe.host = settings->urls[0];
	run.probe.settings = settings;
	if (!prepare_rows(&run.probe)) {
		fprintf(stderr, "starttls: out of memory\n");
		return EXIT_LOCAL;
	}
	status = run_all(&run) == 0 ? print(&run.probe) : EXIT_LOCAL;
	/* what is known already is not waited for; see proxy.c */
	if (run.checker.running > 0) {
		if (fflush(NULL) != 0)
			status = EXIT_LOCAL;
		_exit(status);
	}
	if (run.begun)
		checker_done(&run.checker);
	loop_done(&run.loop);
	free(run.probe.ports);
	free(run.probe.rows);
	return status;
}
