/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * The text exposition format of Prometheus, version 0.0.4, for the textfile
 * collector of its node exporter.
 *
 * All samples of a metric have to come together, behind its HELP and TYPE, so
 * there is a buffer for each metric, which the results fill in turn.  Times
 * are seconds, and nothing is ever made up: what was not measured has no
 * sample.
 */

#include "config.h"

#include <inttypes.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "format.h"
#include "words/status.h"

#define NAMES_SIZE 512             /* of a label */

enum metric {
	UP, FAILURE, ADDRESS, DURATION, PHASE, ROUND_TRIPS, VERIFIED, TLS,
	NOT_BEFORE,
	NOT_AFTER, CHAIN_NOT_AFTER, PATH_NOT_BEFORE,
	PATH_NOT_AFTER, CERTIFICATE, PROBLEM, LOGIN,
	RESUMPTION,
	EXCEEDED, CHECKED, METRICS
};

static const struct {
	const char *name;
	const char *help;
} metrics[METRICS] = {
	[UP] = { "starttls_up",
	    "1 if TLS was reached and verified, and the server answered "
	    "inside it." },
	[FAILURE] = { "starttls_failure",
	    "1, with the reason and the phase; no sample if all is well." },
	[ADDRESS] = { "starttls_address_info",
	    "1, with the address that was connected to, or tried last." },
	[DURATION] = { "starttls_duration_seconds",
	    "Time from name resolution to goodbye, or until the failure." },
	[PHASE] = { "starttls_phase_duration_seconds",
	    "Time for a phase, or until it failed; no sample if it was not "
	    "reached." },
	[ROUND_TRIPS] = { "starttls_round_trips",
	    "Round trips from TCP connect to the end of the handshake." },
	[VERIFIED] = { "starttls_verified",
	    "1 if the handshake was finished and the certificate "
	    "verified." },
	[TLS] = { "starttls_tls_info",
	    "1, with what the two sides agreed on." },
	[NOT_BEFORE] = {
	    "starttls_certificate_not_before_timestamp_seconds",
	    "Begin of validity of the server's certificate, good or bad." },
	[NOT_AFTER] = {
	    "starttls_certificate_not_after_timestamp_seconds",
	    "End of validity of the server's certificate, good or bad." },
	[CHAIN_NOT_AFTER] = {
	    "starttls_certificate_chain_not_after_timestamp_seconds",
	    "Earliest end of validity of all certificates that the server "
	    "sent." },
	[PATH_NOT_BEFORE] = {
	    "starttls_certificate_path_not_before_timestamp_seconds",
	    "Begin of validity of the certificate that ends first on the path "
	    "that was verified." },
	[PATH_NOT_AFTER] = {
	    "starttls_certificate_path_not_after_timestamp_seconds",
	    "Earliest end of validity on the path that was verified, its "
	    "anchor included." },
	[CERTIFICATE] = { "starttls_certificate_info",
	    "1, with what identifies the server's certificate, good or "
	    "bad." },
	[PROBLEM] = { "starttls_certificate_problem",
	    "1 for each thing that is wrong with the server's "
	    "certificate." },
	[LOGIN] = { "starttls_login_success",
	    "1 if the login was successful; no sample if none was tried." },
	[RESUMPTION] = { "starttls_resumption_success",
	    "1 if a second connection resumed the session of the first; no "
	    "sample if none was made." },
	[EXCEEDED] = { "starttls_threshold_exceeded",
	    "1 if a limit was passed that the check was given; no sample "
	    "without a limit, or for an end of validity that is not "
	    "known." },
	[CHECKED] = { "starttls_check_timestamp_seconds",
	    "When the server was checked." },
};

struct prometheus {
	FILE *out[METRICS];
	char *text[METRICS];
	size_t len[METRICS];
	void *seen;                /* URLs, a tree of tsearch(3) */
};

/* A label value: three characters have to be escaped, and controls, which
   have no business here, are not passed on. */
static void
print_value(FILE *out, const char *text)
{
	for (; *text != '\0'; text++) {
		if (*text == '\\' || *text == '"')
			putc('\\', out);
		putc((unsigned char)*text < 0x20 || *text == 0x7f ? '?' :
		    *text, out);
	}
}

static void
print_label(FILE *out, const char *name, const char *value)
{
	fprintf(out, ",%s=\"", name);
	print_value(out, value);
	putc('"', out);
}

/* The name and the target; further labels, end_labels and a value follow. */
static FILE *
start(const struct prometheus *p, enum metric metric, const struct result *r)
{
	FILE *out = p->out[metric];

	fprintf(out, "%s{target=\"", metrics[metric].name);
	print_value(out, r->name);
	putc('"', out);
	return out;
}

/* As many whole names as go well into a label. */
static const char *
first_names(char some[NAMES_SIZE], const char *names)
{
	size_t len = strlen(names);

	if (len < NAMES_SIZE)
		return names;
	for (len = NAMES_SIZE - sizeof(", ..."); len > 0 &&
	    names[len] != ','; len--)
		continue;
	snprintf(some, NAMES_SIZE, "%.*s%s...", (int)len, names,
	    len > 0 ? ", " : "");
	return some;
}

static void
number(FILE *out, int64_t value)
{
	fprintf(out, "} %" PRId64 "\n", value);
}

static void
seconds(FILE *out, int64_t us)
{
	fprintf(out, "} %" PRId64 ".%06d\n", us / 1000000,
	    (int)(us % 1000000));
}

static void
add_certificate(const struct prometheus *p, const struct result *r)
{
	char hex[2 * sizeof(r->leaf.sha256) + 1], names[NAMES_SIZE];
	FILE *out;
	size_t i;

	if (r->not_after != 0)
		number(start(p, NOT_AFTER, r), r->not_after);
	if (r->chain_not_after != 0)
		number(start(p, CHAIN_NOT_AFTER, r), r->chain_not_after);
	if (r->report.path_not_after != 0)
		number(start(p, PATH_NOT_AFTER, r), r->report.path_not_after);
	if (r->report.path_not_after != 0 && r->ends_from != 0)
		number(start(p, PATH_NOT_BEFORE, r), r->ends_from);
	if (!r->has_leaf)
		return;
	number(start(p, NOT_BEFORE, r), r->leaf.not_before);
	for (i = 0; i < sizeof(r->leaf.sha256); i++)
		snprintf(hex + 2 * i, 3, "%02x", r->leaf.sha256[i]);
	out = start(p, CERTIFICATE, r);
	print_label(out, "subject", r->leaf.subject);
	print_label(out, "issuer", r->leaf.issuer);
	print_label(out, "serial", r->leaf.serial);
	print_label(out, "names", first_names(names, r->leaf.names));
	print_label(out, "fingerprint_sha256", hex);
	number(out, 1);
}

static void
add_tls(const struct prometheus *p, const struct result *r)
{
	FILE *out;

	if (r->report.cipher_suite[0] == '\0')
		return;
	out = start(p, TLS, r);
	print_label(out, "version", r->report.version);
	print_label(out, "cipher", r->report.cipher_suite);
	print_label(out, "group", r->report.group);
	print_label(out, "verified_by", starttls_verified_by_name(
	    (enum starttls_verified_by)r->report.verified_by));
	number(out, 1);
}

static void
add_failure(const struct prometheus *p, const struct result *r)
{
	const char *problem;
	FILE *out;
	size_t i;

	if (r->report.address[0] != '\0') {
		out = start(p, ADDRESS, r);
		print_label(out, "address", r->report.address);
		number(out, 1);
	}
	if (r->status != 0) {
		out = start(p, FAILURE, r);
		print_label(out, "reason", r->reason);
		print_label(out, "phase", r->phase);
		number(out, 1);
	}
	for (i = 0; (problem = result_problem(r, i)) != NULL; i++) {
		out = start(p, PROBLEM, r);
		print_label(out, "problem", problem);
		number(out, 1);
	}
}

static void
add_times(const struct prometheus *p, const struct result *r)
{
	struct phase_time phases[RESULT_PHASES];
	size_t i, count = result_phases(r, phases);
	FILE *out;

	seconds(start(p, DURATION, r), r->total_us);
	for (i = 0; i < count; i++) {
		if (phases[i].us < 0)
			continue;
		out = start(p, PHASE, r);
		print_label(out, "phase", phases[i].name);
		seconds(out, phases[i].us);
	}
}

static void
add_threshold(const struct prometheus *p, const struct threshold *t,
	      const char *severity, const struct result *r)
{
	FILE *out;
	long left;

	if (t->has_time) {
		out = start(p, EXCEEDED, r);
		print_label(out, "severity", severity);
		print_label(out, "limit", "time");
		number(out, exceeds_time(t, r));
	}
	if (t->has_end && result_left(r, t->unit, &left)) {
		out = start(p, EXCEEDED, r);
		print_label(out, "severity", severity);
		print_label(out, "limit", left_name(t->unit));
		number(out, exceeds_end(t, r));
	}
}

static int
compare(const void *a, const void *b)
{
	return strcmp(a, b);
}

static bool
prometheus_begin(struct format_run *run)
{
	struct prometheus *p = calloc(1, sizeof(*p));
	size_t i;

	run->state = p;
	for (i = 0; p != NULL && i < METRICS; i++) {
		p->out[i] = open_memstream(&p->text[i], &p->len[i]);
		if (p->out[i] == NULL)
			return false;
	}
	return p != NULL;
}

static bool
prometheus_add(struct format_run *run, const struct result *r)
{
	struct prometheus *p = run->state;
	char **node = tsearch(r->name, &p->seen, compare);

	if (node == NULL)
		return false;
	/* two samples with the same labels would spoil all of it */
	if (*node != r->name)
		return true;
	/* a failure of ours says nothing about the server */
	if (r->status != EXIT_LOCAL) {
		number(start(p, UP, r), r->up);
		number(start(p, VERIFIED, r), r->report.verified != 0);
	}
	add_failure(p, r);
	add_times(p, r);
	if (r->report.round_trips > 0)
		number(start(p, ROUND_TRIPS, r), r->report.round_trips);
	add_tls(p, r);
	add_certificate(p, r);
	if (r->login.tried)
		number(start(p, LOGIN, r), r->login.ok);
	if (r->again)
		number(start(p, RESUMPTION, r), r->resumed);
	add_threshold(p, &run->settings->limits.warning, "warning", r);
	add_threshold(p, &run->settings->limits.critical, "critical", r);
	number(start(p, CHECKED, r), r->checked_at);
	return true;
}

static bool
prometheus_end(struct format_run *run)
{
	struct prometheus *p = run->state;
	bool good = p != NULL;
	size_t i;

	for (i = 0; p != NULL && i < METRICS; i++) {
		/* a stream that lacks memory says so when it is closed */
		if (p->out[i] == NULL || fclose(p->out[i]) != 0)
			good = false;
		if (good && p->len[i] > 0)
			fprintf(run->out, "# HELP %s %s\n# TYPE %s gauge\n%s",
			    metrics[i].name, metrics[i].help,
			    metrics[i].name, p->text[i]);
		free(p->text[i]);
	}
	while (p != NULL && p->seen != NULL)
		tdelete(*(char **)p->seen, &p->seen, compare);
	free(p);
	return good;
}

const struct format format_prometheus = {
	.name = "prometheus",
	.machine = true,
	.whole = true,
	.detail = DETAIL_OWN,
	.begin = prometheus_begin,
	.add = prometheus_add,
	.end = prometheus_end,
};
