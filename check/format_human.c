/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * For people: the verdict first; what failed, and what to do about it, on
 * standard error; then what is known all the same.
 */

#include "config.h"

#include <string.h>

#include "format.h"
#include "words/complain.h"
#include "words/show.h"
#include "words/status.h"

static const char *
colour(const struct format_run *run, const char *code)
{
	return run->colour ? code : "";
}

/* The usual way goes without saying. */
static const char *
how(const struct starttls_report *p)
{
	switch (p->verified_by) {
	case STARTTLS_BY_PIN:
		return ", by its pin";
	case STARTTLS_BY_PEER:
		return ", accepted peer";
	case STARTTLS_BY_TLSA:
		return ", by TLSA";
	default:
		return "";
	}
}

/* Good, unless a limit says otherwise. */
static void
print_good(const struct format_run *run, const struct result *r)
{
	const enum severity severity = limits_judge(&run->settings->limits, r);
	char blame[120];

	if (severity == SEVERITY_NONE)
		fprintf(run->out, "%sok%s", colour(run, "\033[32m"),
		    colour(run, "\033[0m"));
	else
		fprintf(run->out, "%s%s%s, %s", colour(run,
		    severity == SEVERITY_CRITICAL ? "\033[31m" : "\033[33m"),
		    severity_name(severity), colour(run, "\033[0m"),
		    limits_blame(blame, sizeof(blame), &run->settings->limits,
			r));
}

static void
print_verdict(const struct format_run *run, const struct result *r)
{
	const struct starttls_report *p = &r->report;
	char peer[PEER_SHOWN];

	fprintf(run->out, "%s: ", r->shown);
	if (r->status != 0) {
		fprintf(run->out, "%s%s%s\n", colour(run, "\033[31m"),
		    r->reason, colour(run, "\033[0m"));
		return;
	}
	print_good(run, r);
	fprintf(run->out, ", %s %s%s%s%s, %d round trips%s", p->version,
	    p->cipher_suite, how(p), p->resumed ? ", resumed" : "",
	    p->alpn_refused ? ", ALPN refused" : "", p->round_trips,
	    show_peer(peer, sizeof(peer), r->name, p->address));
	if (run->settings->many && r->again)
		fprintf(run->out, ", %s", r->resumed ? "resumes" :
		    "does not resume");
	if (run->settings->many && r->ends_at != 0)
		fprintf(run->out, ", %ld day%s left", r->ends_in_days,
		    r->ends_in_days == 1 ? "" : "s");
	fputs("\n", run->out);
}

/* The end of validity; and of a certificate that failed, the names. */
static void
print_certificate(const struct format_run *run, const struct result *r)
{
	const char *name = r->leaf.names[0] != '\0' ? r->leaf.names :
	    r->leaf.subject;
	char date[32];

	if (r->not_after == 0)
		return;
	fprintf(run->out, "  %-12s ", "certificate");
	if (r->status != 0 && r->has_leaf)
		fprintf(run->out, "for %.120s%s ", name,
		    strlen(name) > 120 ? "..." : "");
	show_date(date, sizeof(date), r->not_after);
	fprintf(run->out, "valid until %s (%ld day%s)\n", date, r->days_left,
	    r->days_left == 1 ? "" : "s");
	if (r->ends_first[0] == '\0')
		return;
	show_date(date, sizeof(date), r->ends_at);
	fprintf(run->out, "  %-12s that of %.120s ends sooner, %s (%ld day%s)\n",
	    "path", r->ends_first, date, r->ends_in_days,
	    r->ends_in_days == 1 ? "" : "s");
}

static void
print_login(const struct format_run *run, const struct result *r)
{
	if (!r->login.tried)
		return;
	fprintf(run->out, "  %-12s %s%s%s\n", "login",
	    r->login.ok ? "ok" : r->reason,
	    r->login.mechanism[0] != '\0' ? ", " : "", r->login.mechanism);
}

static void
print_resumption(const struct format_run *run, const struct result *r)
{
	if (r->again)
		fprintf(run->out, "  %-12s %s\n", "resumption",
		    r->resumed ? "ok" : "no: a second connection had to do "
		    "all of the handshake");
}

static void
print_tries(const struct format_run *run, const struct result *r)
{
	if (r->tries > 1)
		fprintf(run->out, "  %-12s %ld\n", "tries", r->tries);
}

static void
print_times(const struct format_run *run, const struct result *r)
{
	struct phase_time phases[RESULT_PHASES];
	size_t i, count = result_phases(r, phases);
	char text[16];

	fprintf(run->out, "  %-12s ", "time");
	for (i = 0; i < count; i++)
		if (phases[i].us >= 0)
			fprintf(run->out, "%s %s, ",
			    strcmp(phases[i].name, "preamble") == 0 ?
			    "upgrade" : phases[i].name,
			    show_time(text, sizeof(text), phases[i].us));
	fprintf(run->out, "total %s\n",
	    show_time(text, sizeof(text), r->total_us));
}

static bool
human_add(struct format_run *run, const struct result *r)
{
	const bool quiet = run->settings->quiet;
	const bool usage = r->status == EXIT_USAGE;

	if (!quiet && !usage)
		print_verdict(run, r);
	/* in order, whatever the buffers: the line, then the reason */
	if (r->status != 0 && (!quiet || usage)) {
		fflush(run->out);
		complain_about(r->name, &r->error, r->reason, r->advice);
	}
	if (!quiet && !usage && r->has_report && !run->settings->many) {
		print_certificate(run, r);
		print_login(run, r);
		print_resumption(run, r);
		print_tries(run, r);
		print_times(run, r);
	}
	fflush(run->out);
	return true;
}

static bool
human_end(struct format_run *run)
{
	const size_t beyond = run->beyond[0] + run->beyond[1];

	if (!run->settings->many || run->settings->quiet)
		return true;
	fprintf(run->out, "%zu targets: %zu ok", run->count,
	    run->count - run->failed - beyond);
	if (run->beyond[0] > 0)
		fprintf(run->out, ", %zu warning", run->beyond[0]);
	if (run->beyond[1] > 0)
		fprintf(run->out, ", %zu critical", run->beyond[1]);
	if (run->failed > 0)
		fprintf(run->out, ", %zu failed", run->failed);
	fputs("\n", run->out);
	return true;
}

const struct format format_human = {
	.name = "human",
	.add = human_add,
	.end = human_end,
};
