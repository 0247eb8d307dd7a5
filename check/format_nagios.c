/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * A plugin for Nagios, Icinga and the like, after the Monitoring Plugins
 * Development Guidelines,
 * https://www.monitoring-plugins.org/doc/guidelines.html
 *
 * One URL is one line: the state, what it is about, and behind a '|' the
 * performance data.  Several are a line for all of them, a line for each, the
 * worst first, and behind a '|' the performance data.
 *
 * Whoever reads it has buffers of a fixed size, so the first line stays within
 * 1 KB and all of it within 8 KB, and says what was left out.  So do we: what
 * is kept of many results is what may be shown.
 *
 * Whatever comes from elsewhere loses its '|', which would begin performance
 * data.
 */

#include "config.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "format.h"
#include "words/show.h"
#include "words/status.h"

#define ALL_SIZE 8192              /* of everything, with a NUL */
#define FIRST_SIZE 1024            /* of the first line, the same */
#define LINE_SIZE 400              /* of the line for one of several */
#define DATA_SIZE 3500             /* of the data of several */
#define NOTE_SIZE 200              /* on what was left out */
#define LABEL_SIZE 100
#define SHOWN_FAILURES 4

/* Text that has a most. */
struct text {
	char *data;                /* with a NUL */
	size_t size, len;
	bool is_cut;
};

/* Those of one state. */
struct group {
	size_t count;
	size_t kept;               /* of the lines */
	char lines[ALL_SIZE];
	size_t len;
	char heads[FIRST_SIZE];    /* for the first line */
	size_t heads_len, heads_kept;
};

struct nagios {
	struct group groups[PLUGIN_UNKNOWN + 1];
	int state;
	char first[FIRST_SIZE];    /* the line for a single URL */
	char data[DATA_SIZE];      /* times and days, */
	char phases[ALL_SIZE];     /* and the times of phases */
	size_t data_len, phases_len;
	size_t without_data;       /* results that had no room there */
	bool without_phases;
};

static const char *const state_names[] = {
	[PLUGIN_OK] = "OK", [PLUGIN_WARNING] = "WARNING",
	[PLUGIN_CRITICAL] = "CRITICAL", [PLUGIN_UNKNOWN] = "UNKNOWN",
};

/* Copy @text, with '_' for each character of @bad and '?' for all that is not
   harmless in a line. */
static const char *
replace(char *buf, size_t size, const char *text, const char *bad)
{
	size_t i;

	show_typed(buf, size, text);
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

/* Append, as far as there is room. */
static void __attribute__((format(printf, 2, 3)))
put(struct text *t, const char *format, ...)
{
	const size_t room = t->size - t->len;
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(t->data + t->len, room, format, args);
	va_end(args);
	if (n < 0)
		return;
	t->is_cut = t->is_cut || (size_t)n >= room;
	t->len += (size_t)n < room ? (size_t)n : room - 1;
}

/* What was cut says so. */
static void
mark(struct text *t)
{
	if (t->is_cut)
		memcpy(t->data + t->len - 3, "...", 3);
}

static struct text
text_of(char *data, size_t size)
{
	data[0] = '\0';
	return (struct text){ .data = data, .size = size };
}

/* The whole of @text or nothing; returns whether there was room. */
static bool
keep(char *data, size_t size, size_t *len, const struct text *text)
{
	if (text->is_cut || text->len >= size - *len)
		return false;
	memcpy(data + *len, text->data, text->len + 1);
	*len += text->len;
	return true;
}

static void
print_time(struct text *out, const char *prefix, const char *name, int64_t us)
{
	const char *quote = prefix[0] != '\0' ? "'" : "";

	put(out, " %s%s%s%s=%" PRId64 ".%06ds", quote, prefix, name,
	    quote, us / 1000000, (int)(us % 1000000));
}

/* The days that are left, and what else there are limits for. */
static void
print_left(struct text *out, const struct limits *limits, const struct result *r,
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
			put(out, " %s%s%s%s=%ld%s;%s;%s", quote, prefix,
			    left_name((enum left_unit)unit), quote, left,
			    unit == LEFT_PERCENT ? "%" : "", warn, crit);
	}
}

/* 'label'=value[unit];warn;crit;min;max */
static void
print_data(struct text *out, const struct format_settings *s,
	   const struct result *r, const char *prefix)
{
	char warn[32], crit[32];

	print_time(out, prefix, "time", r->total_us);
	put(out, ";%s;%s;0",
	    show_slow(warn, sizeof(warn), &s->limits.warning),
	    show_slow(crit, sizeof(crit), &s->limits.critical));
	print_left(out, &s->limits, r, prefix);
}

static void
print_phases(struct text *out, const struct result *r, const char *prefix)
{
	struct phase_time phases[RESULT_PHASES];
	size_t i, count = result_phases(r, phases);

	for (i = 0; i < count; i++) {
		if (phases[i].us < 0)
			continue;
		print_time(out, prefix, phases[i].name, phases[i].us);
		put(out, ";;;0");
	}
}

/* The URL and what there is to say about it. */
static void
describe(struct text *out, const struct format_settings *s, const struct result *r)
{
	char text[STARTTLS_MESSAGE_SIZE], peer[PEER_SHOWN];

	show_peer(peer, sizeof(peer), r->name, r->report.address);
	put(out, "%s: ", replace(text, sizeof(text), r->name, "|"));
	if (r->status != 0) {
		put(out, "%s: %s%s", r->reason, replace(text,
		    sizeof(text), r->error.message, "|"), peer);
		return;
	}
	put(out, "%s in %s", r->report.version,
	    show_time(text, sizeof(text), r->total_us));
	if (r->not_after != 0)
		put(out, ", certificate valid for %ld day%s",
		    r->days_left, r->days_left == 1 ? "" : "s");
	if (r->ends_first[0] != '\0')
		put(out, ", but that of %s for %ld", replace(text,
		    sizeof(text), r->ends_first, "|"), r->ends_in_days);
	if (r->again)
		put(out, ", %s", r->resumed ? "resumes" : "does not resume");
	limits_blame(text, sizeof(text), &s->limits, r);
	put(out, "%s%s%s", text[0] != '\0' ? ", " : "", text, peer);
}

static bool
nagios_begin(struct format_run *run)
{
	run->state = calloc(1, sizeof(struct nagios));
	return run->state != NULL;
}

/* A single URL may have all of the first line. */
static void
keep_only(struct nagios *n, const struct format_settings *s,
	  const struct result *r)
{
	char line[FIRST_SIZE], data[FIRST_SIZE];
	struct text d = text_of(data, sizeof(data)), l;

	print_data(&d, s, r, "");
	print_phases(&d, r, "");
	/* the longest state, the rest of the line, and a NUL */
	l = text_of(line, sizeof(line) - d.len -
	    sizeof("STARTTLS CRITICAL -  |\n"));
	describe(&l, s, r);
	mark(&l);
	n->data_len = d.len;
	snprintf(n->first, sizeof(n->first), "%s |%s", l.data, d.data);
}

/* What is shown of one of several, as far as it may come to be shown. */
static void
keep_line(struct group *g, const struct format_settings *s,
	  const struct result *r, int state)
{
	char line[LINE_SIZE], head[LINE_SIZE], url[160];
	struct text l = text_of(line, sizeof(line) - 1);
	struct text h = text_of(head, sizeof(head));

	g->count++;
	put(&l, "[%s] ", state_names[state]);
	describe(&l, s, r);
	mark(&l);
	l = (struct text){ .data = line, .size = sizeof(line), .len = l.len };
	put(&l, "\n");
	/* in order: none behind one that had no room */
	if (g->kept + 1 == g->count && (!s->only_problems ||
	    state != PLUGIN_OK))
		g->kept += keep(g->lines, sizeof(g->lines), &g->len, &l);
	put(&h, "%s %s", replace(url, sizeof(url), r->name, "|"),
	    r->status != 0 ? r->reason : state_names[state]);
	if (state != PLUGIN_OK && g->heads_kept < SHOWN_FAILURES) {
		put(&h, ", ");
		g->heads_kept += keep(g->heads, sizeof(g->heads),
		    &g->heads_len, &h);
	}
}

/* Labels are unique, also where they were too long to be so. */
static void
label_of(char label[LABEL_SIZE], const struct result *r, size_t number)
{
	char name[LABEL_SIZE];
	struct text l = text_of(label, LABEL_SIZE);

	replace(name, sizeof(name) - 20, r->name, "|'=");
	put(&l, "%s", name);
	if (strlen(r->name) > strlen(name))
		put(&l, "...%zu", number);
	put(&l, " ");
}

/* Times and days of as many as there is room for; phases of all or none, so
   that graphs do not come and go. */
static void
keep_data(struct nagios *n, const struct format_settings *s,
	  const struct result *r, size_t number)
{
	char label[LABEL_SIZE], first[LABEL_SIZE + 8], data[FIRST_SIZE * 2];
	struct text d = text_of(data, sizeof(data));
	struct text f = text_of(first, sizeof(first));

	label_of(label, r, number);
	put(&f, " '%stime'", label);
	if (strstr(n->data, first) != NULL)
		return;
	print_data(&d, s, r, label);
	if (n->without_data > 0 ||
	    !keep(n->data, sizeof(n->data), &n->data_len, &d))
		n->without_data++;
	d = text_of(data, sizeof(data));
	print_phases(&d, r, label);
	if (n->without_phases ||
	    !keep(n->phases, sizeof(n->phases), &n->phases_len, &d))
		n->without_phases = true;
}

static bool
nagios_add(struct format_run *run, const struct result *r)
{
	struct nagios *n = run->state;
	const int state = state_of(run->settings, r);

	n->state = worse(n->state, state);
	run->status = n->state;
	if (run->count == 1)
		keep_only(n, run->settings, r);
	keep_line(&n->groups[state], run->settings, r, state);
	if (run->count == 1)
		n->data_len = 0;
	keep_data(n, run->settings, r, run->count);
	return true;
}

/* The worst first. */
static const int states[] = {
	PLUGIN_CRITICAL, PLUGIN_WARNING, PLUGIN_UNKNOWN, PLUGIN_OK,
};
#define STATES (sizeof(states) / sizeof(states[0]))

static void
print_first(struct text *out, const struct nagios *n, size_t count)
{
	const size_t bad = count - n->groups[PLUGIN_OK].count;
	size_t shown = 0, i;

	put(out, "STARTTLS %s - %zu of %zu %s", state_names[n->state],
	    bad > 0 ? bad : count, count, bad > 0 ? "not fine" : "are fine");
	for (i = 0; i < STATES; i++) {
		const char *head = n->groups[states[i]].heads;

		for (; head[0] != '\0' && shown < SHOWN_FAILURES;
		    head += strcspn(head, ",") + 2)
			put(out, "%s%.*s", shown++ == 0 ? ": " : ", ",
			    (int)strcspn(head, ","), head);
	}
	put(out, "%s\n", bad > shown ? ", ..." : "");
}

/* As many lines as there is room for, and how many are missing. */
static void
print_lines(struct text *out, const struct nagios *n, bool only_problems)
{
	size_t left[STATES], all = 0, i;
	bool is_full = false;

	for (i = 0; i < STATES; i++) {
		const struct group *g = &n->groups[states[i]];
		const char *line = g->lines;

		left[i] = only_problems && states[i] == PLUGIN_OK ? 0 :
		    g->count;
		while (!is_full && line[0] != '\0') {
			const size_t len = strcspn(line, "\n") + 1;

			is_full = len >= out->size - out->len;
			if (is_full)
				break;
			put(out, "%.*s", (int)len, line);
			line += len;
			left[i]--;
		}
		is_full = is_full || left[i] > 0;
		all += left[i];
	}
	out->size += NOTE_SIZE;
	if (all > 0)
		put(out, "... and %zu more:", all);
	for (i = 0; i < STATES; i++)
		if (left[i] > 0)
			put(out, " %zu %s", left[i], state_names[states[i]]);
	if (all > 0)
		put(out, "\n");
	if (n->without_data > 0)
		put(out, "... no performance data of %zu\n", n->without_data);
}

static void
print_several(const struct format_run *run, const struct nagios *n)
{
	char all[ALL_SIZE];
	struct text t = text_of(all, FIRST_SIZE);
	size_t first_len;

	print_first(&t, n, run->count);
	first_len = t.len;
	t.size = sizeof(all) - NOTE_SIZE - n->data_len - sizeof(" |\n");
	print_lines(&t, n, run->settings->only_problems);
	/* the last line has the data, unless that is the first */
	t.size = sizeof(all);
	if (t.len > first_len)
		t.data[--t.len] = '\0';
	put(&t, " |%s", n->data);
	if (!n->without_phases && n->phases_len + 1 < t.size - t.len)
		put(&t, "%s", n->phases);
	put(&t, "\n");
	fwrite(all, 1, t.len, run->out);
}

static bool
nagios_end(struct format_run *run)
{
	struct nagios *n = run->state;

	if (n == NULL)
		return false;
	if (run->count == 1)
		fprintf(run->out, "STARTTLS %s - %s\n",
		    state_names[n->state], n->first);
	else
		print_several(run, n);
	free(n);
	return true;
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
