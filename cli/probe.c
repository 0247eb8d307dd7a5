/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * starttls probe: what a host offers.
 *
 * All ports at once, under one deadline.  On the port of an upgrade TLS is
 * tried, too: a port that wants TLS says nothing until it gets a ClientHello,
 * and waiting for its greeting would only end at the deadline.
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
};

static const struct {
	const char *name, *text;
} states[] = {
	[PROBE_VERIFIED] = { "verified", "verified" },
	[PROBE_BAD_CERTIFICATE] = { "bad-certificate", "bad certificate" },
	[PROBE_TLS_FAILED] = { "tls-failed", "TLS failed" },
	[PROBE_NOT_OFFERED] = { "not-offered", "not offered" },
	[PROBE_REFUSED] = { "refused", "refused" },
	[PROBE_SPEAKS_TLS] = { "speaks-tls",
	    "this port speaks TLS already" },
	[PROBE_SPEAKS_CLEARTEXT] = { "speaks-cleartext",
	    "this port speaks cleartext first" },
	[PROBE_SPEAKS_OTHER] = { "speaks-other", "speaks something else" },
	[PROBE_HANGS_UP] = { "hangs-up", "hangs up" },
	[PROBE_SILENT] = { "silent", "silent" },
	[PROBE_CLOSED] = { "closed", "closed" },
	[PROBE_UNREACHABLE] = { "unreachable", "cannot be reached" },
	[PROBE_LOCAL] = { "local", "could not be tried" },
};

bool
probe_exists(enum probe_state state)
{
	return state == PROBE_VERIFIED || state == PROBE_BAD_CERTIFICATE ||
	    state == PROBE_TLS_FAILED;
}

const char *
probe_state_name(enum probe_state state)
{
	return states[state].name;
}

const char *
probe_state_text(enum probe_state state)
{
	return states[state].text;
}

const char *
probe_offers(const struct row *row)
{
	bool upgrade = probe_exists(row->upgrade.state);

	if (probe_exists(row->dedicated.state))
		return upgrade ? "both" : "dedicated";
	return upgrade ? "upgrade" : "neither";
}

/* ---- what it means ---- */

static bool
has_tls(const struct attempt *a)
{
	return a->done && (a->result.report.cipher_suite[0] != '\0' ||
	    starttls_code_class(a->result.error.code) ==
	    STARTTLS_CLASS_VERIFY || a->result.error.code ==
	    STARTTLS_E_ALERT);
}

static enum probe_state
closed_or(const struct result *r)
{
	return r->error.sys_errno == ECONNREFUSED ? PROBE_CLOSED :
	    PROBE_UNREACHABLE;
}

/* Of an attempt that did not get as far as TLS. */
static enum probe_state
failed_state(const struct result *r)
{
	enum starttls_phase phase = (enum starttls_phase)r->error.phase;

	switch (starttls_code_class(r->error.code)) {
	case STARTTLS_CLASS_NONE:
	case STARTTLS_CLASS_USAGE:
	case STARTTLS_CLASS_LOCAL:
		return PROBE_LOCAL;
	case STARTTLS_CLASS_RESOLVE:
		return PROBE_UNREACHABLE;
	case STARTTLS_CLASS_CONNECT:
		return closed_or(r);
	case STARTTLS_CLASS_TIMEOUT:
		return phase == STARTTLS_PHASE_RESOLVE ||
		    phase == STARTTLS_PHASE_CONNECT ? PROBE_UNREACHABLE :
		    PROBE_SILENT;
	case STARTTLS_CLASS_PROTOCOL:
		return PROBE_SPEAKS_OTHER;
	case STARTTLS_CLASS_REFUSED:
		return r->error.code == STARTTLS_E_NOT_OFFERED ?
		    PROBE_NOT_OFFERED : PROBE_REFUSED;
	case STARTTLS_CLASS_CLOSED:
		return PROBE_HANGS_UP;
	case STARTTLS_CLASS_TLS:
	case STARTTLS_CLASS_VERIFY:
		break;
	}
	return PROBE_TLS_FAILED;
}

static enum probe_state
state_of(const struct attempt *a)
{
	const struct result *r = &a->result;

	if (r->report.verified)
		return PROBE_VERIFIED;
	if (starttls_code_class(r->error.code) == STARTTLS_CLASS_VERIFY)
		return PROBE_BAD_CERTIFICATE;
	return has_tls(a) ? PROBE_TLS_FAILED : failed_state(r);
}

/* False: nothing can be said yet. */
static bool
judge_upgrade(struct row *row)
{
	struct way *way = &row->upgrade;
	bool tls = has_tls(&row->hellos);

	if (row->asks.done) {
		way->result = &row->asks.result;
		way->state = state_of(&row->asks);
	}
	/* what is silent, or hangs up, may have waited for a ClientHello */
	if (tls && (!row->asks.done || way->state == PROBE_SILENT ||
	    way->state == PROBE_HANGS_UP || way->state == PROBE_SPEAKS_OTHER))
		way->state = PROBE_SPEAKS_TLS;
	return row->asks.done || tls;
}

static bool
judge_dedicated(struct row *row)
{
	struct way *way = &row->dedicated;

	if (!row->dedicates.done)
		return false;
	way->result = &row->dedicates.result;
	way->state = way->result->error.code == STARTTLS_E_NOT_TLS ?
	    PROBE_SPEAKS_CLEARTEXT : state_of(&row->dedicates);
	return true;
}

static bool
judge_all(struct probe *probe)
{
	bool known = true;
	size_t i;

	for (i = 0; i < probe->count; i++) {
		known = judge_upgrade(&probe->rows[i]) && known;
		known = judge_dedicated(&probe->rows[i]) && known;
	}
	return known;
}

static void
take_result(void *context, void *owner, const struct result *r)
{
	struct probe_run *run = context;
	struct attempt *a = owner;

	a->result = *r;
	a->done = true;
	if (judge_all(&run->probe))
		run->loop.stop = true;
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

static void
prepare_attempt(struct attempt *a, const struct probe *probe,
		const struct starttls_protocol *p, enum starttls_stage from,
		const char *port)
{
	const bool is_ipv6 = strchr(probe->host, ':') != NULL;

	snprintf(a->url, sizeof(a->url), "%s://%s%s%s:%s",
	    starttls_protocol_scheme(p, from), is_ipv6 ? "[" : "",
	    probe->host, is_ipv6 ? "]" : "", port);
}

static void
prepare_row(struct row *row, const struct probe *probe,
	    const struct starttls_protocol *p)
{
	const struct settings *s = probe->settings;

	row->protocol = p;
	choose_port(s, p, STARTTLS_GREETING, &row->upgrade);
	choose_port(s, p, STARTTLS_HANDSHAKE, &row->dedicated);
	prepare_attempt(&row->asks, probe, p, STARTTLS_GREETING,
	    row->upgrade.port);
	prepare_attempt(&row->hellos, probe, p, STARTTLS_HANDSHAKE,
	    row->upgrade.port);
	prepare_attempt(&row->dedicates, probe, p, STARTTLS_HANDSHAKE,
	    row->dedicated.port);
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
	if (probe->rows == NULL)
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
	const struct settings *s = run->probe.settings;
	int rc = 0;
	size_t i, j;

	for (i = 0; rc == 0 && i < run->probe.count; i++) {
		struct row *row = &run->probe.rows[i];
		struct attempt *all[] = {
			&row->asks, &row->hellos, &row->dedicates
		};

		for (j = 0; rc == 0 && j < 3; j++)
			rc = checker_start(&run->checker,
			    &(struct check_target){
				.owner = all[j],
				.name = all[j]->url,
				.url = all[j]->url,
				.connect_host = s->address,
				.connect_port = j == 2 ?
				    row->dedicated.port : row->upgrade.port,
			    });
	}
	return rc;
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
	int rc;

	run->checker.settings = run->probe.settings;
	run->checker.loop = &run->loop;
	run->checker.max_running = 3 * run->probe.count;
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
	free(run.probe.rows);
	return status;
}
