/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * A plugin for Nagios, Icinga and the like, after the Monitoring Plugins
 * Development Guidelines,
 * https://www.monitoring-plugins.org/doc/guidelines.html
 *
 * One URL is one line: the state, what it is about, and behind a '|' the
 * performance data.  Several are a line for all of them, with the worst state
 * and all performance data, and then a line for each.
 *
 * Whatever comes from elsewhere loses its '|', which would begin performance
 * data.
 */

#include "config.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "format.h"
#include "words/show.h"
#include "words/status.h"

#define SHOWN_FAILURES 4

struct nagios {
	FILE *lines, *data, *failures;
	char *lines_text, *data_text, *failures_text;
	size_t lines_len, data_len, failures_len;
	size_t bad;                /* results that are not OK */
	int state;
	char only[1000];           /* the line for a single URL */
	char first_data[1200];     /* and its data, with short labels */
};

static const char *const state_names[] = {
	[PLUGIN_OK] = "OK", [PLUGIN_WARNING] = "WARNING",
	[PLUGIN_CRITICAL] = "CRITICAL", [PLUGIN_UNKNOWN] = "UNKNOWN",
};

/* Copy @text, with '_' for each character of @bad and '?' for all that is not
   printable ASCII. */
static const char *
replace(char *buf, size_t size, const char *text, const char *bad)
{
	size_t i;

	clean(buf, size, text);
	for (i = 0; buf[i] != '\0'; i++)
		if (strchr(bad, buf[i]) != NULL)
			buf[i] = '_';
	return buf;
}

/* As max_state_alt of the plugins: what is broken counts more than what we
   could not find out. */
static int
worse(int a, int b)
{
	static const int rank[] = {
		[PLUGIN_OK] = 0, [PLUGIN_UNKNOWN] = 1,
		[PLUGIN_WARNING] = 2, [PLUGIN_CRITICAL] = 3,
	};

	return rank[a] >= rank[b] ? a : b;
}

/* Names and sockets are nothing of ours, so only a mistake in the call and
   the like are "unknown". */
static int
state_of(const struct format_settings *s, const struct result *r)
{
	if (r->status == EXIT_USAGE || r->status == EXIT_LOCAL)
		return PLUGIN_UNKNOWN;
	if (r->status != 0)
		return PLUGIN_CRITICAL;
	switch (limits_judge(&s->limits, r)) {
	case SEVERITY_CRITICAL:
		return PLUGIN_CRITICAL;
	case SEVERITY_WARNING:
		return PLUGIN_WARNING;
	case SEVERITY_NONE:
		break;
	}
	return PLUGIN_OK;
}

/* What a threshold says of the time, or "". */
static const char *
show_slow(char *buf, size_t size, const struct threshold *t)
{
	buf[0] = '\0';
	if (t->has_time)
		snprintf(buf, size, "%" PRId64 ".%03d",
		    t->time_us / 1000000, (int)(t->time_us / 1000 % 1000));
	return buf;
}

/* And of the end, in one of the units. */
static const char *
show_left(char *buf, size_t size, const struct threshold *t,
	  enum left_unit unit)
{
	buf[0] = '\0';
	if (t->has_end && t->unit == unit)
		snprintf(buf, size, "%ld:", t->left);
	return buf;
}

static void
print_time(FILE *out, const char *prefix, const char *name, int64_t us)
{
	const char *quote = prefix[0] != '\0' ? "'" : "";

	fprintf(out, " %s%s%s%s=%" PRId64 ".%06ds", quote, prefix, name,
	    quote, us / 1000000, (int)(us % 1000000));
}

/* The days that are left, and what else there are limits for. */
static void
print_left(FILE *out, const struct limits *limits, const struct result *r,
	   const char *prefix)
{
	const char *quote = prefix[0] != '\0' ? "'" : "";
	char warn[32], crit[32];
	int unit;
	long left;

	for (unit = LEFT_DAYS; unit < LEFT_UNITS; unit++) {
		show_left(warn, sizeof(warn), &limits->warning,
		    (enum left_unit)unit);
		show_left(crit, sizeof(crit), &limits->critical,
		    (enum left_unit)unit);
		if ((unit == LEFT_DAYS || warn[0] != '\0' ||
		    crit[0] != '\0') &&
		    result_left(r, (enum left_unit)unit, &left))
			fprintf(out, " %s%s%s%s=%ld%s;%s;%s", quote, prefix,
			    left_name((enum left_unit)unit), quote, left,
			    unit == LEFT_PERCENT ? "%" : "", warn, crit);
	}
}

/* 'label'=value[unit];warn;crit;min;max */
static void
print_data(FILE *out, const struct format_settings *s, const struct result *r,
	   const char *prefix)
{
	struct phase_time phases[RESULT_PHASES];
	size_t i, count = result_phases(r, phases);
	char warn[32], crit[32];

	print_time(out, prefix, "time", r->total_us);
	fprintf(out, ";%s;%s;0",
	    show_slow(warn, sizeof(warn), &s->limits.warning),
	    show_slow(crit, sizeof(crit), &s->limits.critical));
	print_left(out, &s->limits, r, prefix);
	for (i = 0; i < count; i++) {
		if (phases[i].us < 0)
			continue;
		print_time(out, prefix, phases[i].name, phases[i].us);
		fputs(";;;0", out);
	}
}

/* The URL and what there is to say about it. */
static void
describe(FILE *out, const struct format_settings *s, const struct result *r)
{
	char text[STARTTLS_MESSAGE_SIZE], peer[PEER_SHOWN];

	show_peer(peer, sizeof(peer), r->name, r->report.address);
	fprintf(out, "%s: ", replace(text, sizeof(text), r->name, "|"));
	if (r->status != 0) {
		fprintf(out, "%s: %s%s", r->reason, replace(text,
		    sizeof(text), r->error.message, "|"), peer);
		return;
	}
	fprintf(out, "%s in %s", r->report.version,
	    show_time(text, sizeof(text), r->total_us));
	if (r->not_after != 0)
		fprintf(out, ", certificate valid for %ld day%s",
		    r->days_left, r->days_left == 1 ? "" : "s");
	if (r->ends_first[0] != '\0')
		fprintf(out, ", but that of %s for %ld", replace(text,
		    sizeof(text), r->ends_first, "|"), r->ends_in_days);
	limits_blame(text, sizeof(text), &s->limits, r);
	fprintf(out, "%s%s%s", text[0] != '\0' ? ", " : "", text, peer);
}

static bool
nagios_begin(struct format_run *run)
{
	struct nagios *n = calloc(1, sizeof(*n));

	run->state = n;
	if (n == NULL)
		return false;
	n->lines = open_memstream(&n->lines_text, &n->lines_len);
	n->data = open_memstream(&n->data_text, &n->data_len);
	n->failures = open_memstream(&n->failures_text, &n->failures_len);
	return n->lines != NULL && n->data != NULL && n->failures != NULL;
}

/* The first few that are not OK, for the line about all. */
static void
note_failure(struct nagios *n, const struct result *r, int state)
{
	char url[200];

	if (state == PLUGIN_OK || n->bad++ > SHOWN_FAILURES)
		return;
	if (n->bad > SHOWN_FAILURES)
		fputs(", ...", n->failures);
	else
		fprintf(n->failures, "%s%s %s", n->bad == 1 ? ": " : ", ",
		    replace(url, sizeof(url), r->name, "|"),
		    r->status != 0 ? r->reason : state_names[state]);
}

static bool
nagios_add(struct format_run *run, const struct result *r)
{
	const struct format_settings *s = run->settings;
	struct nagios *n = run->state;
	char prefix[210];
	int state = state_of(s, r);
	FILE *first;

	n->state = worse(n->state, state);
	run->status = n->state;
	note_failure(n, r, state);
	fprintf(n->lines, "[%s] ", state_names[state]);
	describe(n->lines, s, r);
	fputc('\n', n->lines);
	if (run->count == 1) {
		first = fmemopen(n->only, sizeof(n->only), "w");
		if (first == NULL)
			return false;
		describe(first, s, r);
		fclose(first);
		first = fmemopen(n->first_data, sizeof(n->first_data), "w");
		if (first == NULL)
			return false;
		print_data(first, s, r, "");
		fclose(first);
	}
	replace(prefix, sizeof(prefix) - 1, r->name, "|'=");
	prefix[strlen(prefix) + 1] = '\0';
	prefix[strlen(prefix)] = ' ';
	print_data(n->data, s, r, prefix);
	return ferror(n->lines) == 0 && ferror(n->data) == 0;
}

/* Closed, the streams have their text. */
static bool
finish(FILE *stream)
{
	return stream != NULL && fclose(stream) == 0;
}

static bool
nagios_end(struct format_run *run)
{
	struct nagios *n = run->state;
	bool good;

	if (n == NULL)
		return false;
	good = finish(n->lines);
	good = finish(n->data) && good;
	good = finish(n->failures) && good;
	if (good && run->count == 1)
		fprintf(run->out, "STARTTLS %s - %s |%s\n",
		    state_names[n->state], n->only, n->first_data);
	else if (good && n->bad == 0)
		fprintf(run->out, "STARTTLS OK - %zu of %zu are fine |%s\n%s",
		    run->count, run->count, n->data_text, n->lines_text);
	else if (good)
		fprintf(run->out, "STARTTLS %s - %zu of %zu not fine%s |%s\n%s",
		    state_names[n->state], n->bad, run->count,
		    n->failures_text, n->data_text, n->lines_text);
	free(n->lines_text);
	free(n->data_text);
	free(n->failures_text);
	free(n);
	return good;
}

int
plugin_unknown(const char *message)
{
	char shown[400];

	printf("STARTTLS UNKNOWN - %s\n",
	    replace(shown, sizeof(shown), message, "|"));
	return PLUGIN_UNKNOWN;
}

const struct format format_nagios = {
	.name = "nagios",
	.machine = true,
	.plugin = true,
	.begin = nagios_begin,
	.add = nagios_add,
	.end = nagios_end,
};
