/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * What a host offers.
 *
 * All ports at once, under one deadline, with one connection at a time to
 * each: some servers allow a client no more.  A port that wants TLS says
 * nothing until it gets a ClientHello, so if the port of an upgrade is silent
 * for a while, or hangs up, TLS is tried there; and if it is not that, the
 * upgrade once more, in what is left of the time.
 */

#include "config.h"

#include "probe.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "loop/loop.h"
#include "words/status.h"

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
start(struct probe *run, struct attempt *a)
{
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
		.connect_host = run->settings->address,
		.connect_port = a->port->number,
		.timeout_ms = (int)(a->kind == ATTEMPT_ASKS ? left : share),
		.greeting_ms = a->kind == ATTEMPT_ASKS ? (int)share : 0,
	});
	return run->rc == 0;
}

/* The next attempt, when there is none under way. */
static void
go_on(struct probe *run, struct probe_port *port)
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
	struct probe *run = context;
	struct attempt *a = owner;

	a->result = *r;
	a->done = true;
	queue_leave(&a->place);
	go_on(run, a->port);
}

/* ---- which ports ---- */

static bool
has_one_scheme(const struct starttls_protocol *p)
{
	const char *dedicated = starttls_protocol_scheme(p, STARTTLS_HANDSHAKE);

	return dedicated != NULL && strcmp(dedicated,
	    starttls_protocol_scheme(p, STARTTLS_GREETING)) == 0;
}

/*
 * The port of --port SCHEME=PORT, the last one counts; or the usual one; or
 * none, and the way stays without.
 */
static void
choose_port(const struct probe_settings *s, const struct starttls_protocol *p,
	    enum starttls_stage from, struct way *way)
{
	const char *scheme = starttls_protocol_scheme(p, from);
	const char *usual = starttls_protocol_port(p, from);
	size_t i, len;

	/* one scheme for both: there is no upgrade */
	if (scheme == NULL || (from != STARTTLS_HANDSHAKE &&
	    has_one_scheme(p)))
		return;
	len = strlen(scheme);
	snprintf(way->port, sizeof(way->port), "%s",
	    usual != NULL ? usual : "");
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

	if (way->port[0] == '\0')
		return;
	if (scheme == NULL)        /* TLS at once, which nobody expects */
		scheme = "tls";
	snprintf(a->url, sizeof(a->url), "%s://%s%s%s:%s", scheme,
	    is_ipv6 ? "[" : "", probe->host, is_ipv6 ? "]" : "", way->port);
	a->row = row;
	a->kind = kind;
	a->port = find_port(probe, way->port);
	a->place.owner = a;
	queue_enter(&a->port->attempts, &a->place);
}

/* False: the protocol has no port to look at. */
static bool
prepare_row(struct row *row, struct probe *probe,
	    const struct starttls_protocol *p)
{
	int kind;

	row->protocol = p;
	choose_port(probe->settings, p, STARTTLS_GREETING, &row->upgrade);
	choose_port(probe->settings, p, STARTTLS_HANDSHAKE, &row->dedicated);
	for (kind = 0; kind < ATTEMPTS; kind++)
		prepare_attempt(probe, row, (enum attempt_kind)kind);
	return row->upgrade.port[0] != '\0' || row->dedicated.port[0] != '\0';
}

static bool
is_wanted(const struct probe *probe, const struct starttls_protocol *p)
{
	const char *name = starttls_protocol_scheme(p, STARTTLS_GREETING);
	size_t i;

	for (i = 0; i < probe->protocol_count; i++)
		if (strcmp(probe->protocols[i], name) == 0)
			return true;
	return probe->protocol_count == 0;
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
		if (is_wanted(probe, p) &&
		    prepare_row(&probe->rows[probe->count], probe, p))
			probe->count++;
	return true;
}

/* ---- all of it ---- */

static int
start_all(struct probe *probe)
{
	size_t i;

	probe->until_us = loop_now_us() + 1000 * (int64_t)probe->timeout_ms;
	probe->busy = probe->port_count;
	for (i = 0; i < probe->port_count; i++)
		go_on(probe, &probe->ports[i]);
	return probe->rc;
}

int
probe_status(const struct probe *probe)
{
	bool good = false, bad = false, local = false, there = false,
	    late = false;
	size_t i, j;

	for (i = 0; i < probe->count; i++) {
		const struct way *const both[] = {
			&probe->rows[i].upgrade, &probe->rows[i].dedicated
		};

		for (j = 0; j < 2; j++) {
			const enum probe_state state = both[j]->state;

			if (both[j]->port[0] == '\0')
				continue;
			good = good || state == PROBE_VERIFIED;
			bad = bad || state == PROBE_BAD_CERTIFICATE ||
			    state == PROBE_TLS_FAILED;
			local = local || state == PROBE_LOCAL;
			late = late || state == PROBE_SILENT;
			there = there || (state != PROBE_CLOSED &&
			    state != PROBE_UNREACHABLE &&
			    state != PROBE_SILENT);
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

const struct result *
probe_unresolved(const struct probe *probe)
{
	const struct row *row = &probe->rows[0];
	const struct result *r = row->dedicated.result != NULL ?
	    row->dedicated.result : row->upgrade.result;

	return r != NULL && (r->error.phase == STARTTLS_PHASE_RESOLVE ||
	    r->error.phase == STARTTLS_PHASE_SETUP) ? r : NULL;
}

int
probe_run(struct probe *probe)
{
	size_t i;
	int rc;

	if (!prepare_rows(probe))
		return ENOMEM;
	probe->checker = (struct checker){
		.settings = probe->check,
		.loop = &probe->loop,
		.max_running = probe->port_count,
		.insists = true,
		.any_port = true,
		.timeout_ms = probe->timeout_ms,
		.names_traces = true,
		.context = probe,
		.done = take_result,
	};
	rc = checker_init(&probe->checker);
	if (rc == 0)
		rc = start_all(probe);
	if (rc == 0)
		rc = loop_run(&probe->loop);
	if (rc == 0)
		rc = probe->rc;
	for (i = 0; i < probe->count; i++)
		probe_judge(&probe->rows[i]);
	return rc;
}

void
probe_done(struct probe *probe)
{
	loop_done(&probe->loop);
	free(probe->ports);
	free(probe->rows);
}
