/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * Counters, and the page that shows them.
 *
 * Nothing of a request becomes a label: modules are those of the
 * configuration, reasons the names of our own codes.
 */

#include "config.h"

#include "metrics.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "starttls.h"

static const char *const causes[REFUSALS] = {
	[REFUSED_NOT_ALLOWED] = "not-allowed",
	[REFUSED_BAD_REQUEST] = "bad-request",
	[REFUSED_BUSY] = "busy",
};

void
metrics_init(struct metrics *m)
{
	memset(m, 0, sizeof(*m));
	pthread_mutex_init(&m->lock, NULL);
	m->started_at = (int64_t)time(NULL);
}

void
metrics_done(struct metrics *m)
{
	struct tally *tally;

	while ((tally = m->tallies) != NULL) {
		m->tallies = tally->next;
		free(tally);
	}
	pthread_mutex_destroy(&m->lock);
}

/* Held.  Without memory a count is lost, and nothing else. */
static void
count(struct metrics *m, const char *module, const char *reason, unsigned by)
{
	struct tally **at = &m->tallies, *tally;

	while ((tally = *at) != NULL && (strcmp(tally->module, module) != 0 ||
	    strcmp(tally->reason, reason) != 0))
		at = &tally->next;
	if (tally == NULL) {
		tally = calloc(1, sizeof(*tally));
		if (tally == NULL)
			return;
		snprintf(tally->module, sizeof(tally->module), "%s", module);
		snprintf(tally->reason, sizeof(tally->reason), "%s", reason);
		*at = tally;
	}
	tally->count += by;
}

bool
metrics_begin_probe(struct metrics *m, long most)
{
	bool may;

	pthread_mutex_lock(&m->lock);
	may = m->running < most;
	if (may)
		m->running++;
	else
		m->refused[REFUSED_BUSY]++;
	pthread_mutex_unlock(&m->lock);
	return may;
}

void
metrics_end_probe(struct metrics *m, const char *module, const char *reason)
{
	pthread_mutex_lock(&m->lock);
	m->running--;
	count(m, module, reason, 1);
	pthread_mutex_unlock(&m->lock);
}

void
metrics_know_module(struct metrics *m, const char *module)
{
	pthread_mutex_lock(&m->lock);
	count(m, module, "ok", 0);
	pthread_mutex_unlock(&m->lock);
}

void
metrics_refused(struct metrics *m, enum refusal cause)
{
	pthread_mutex_lock(&m->lock);
	m->refused[cause]++;
	pthread_mutex_unlock(&m->lock);
}

void
metrics_reloaded(struct metrics *m, bool good)
{
	pthread_mutex_lock(&m->lock);
	m->reloaded = good;
	if (good)
		m->reloaded_at = (int64_t)time(NULL);
	pthread_mutex_unlock(&m->lock);
}

static void
head(FILE *out, const char *name, const char *type, const char *help)
{
	fprintf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void
gauge(FILE *out, const char *name, const char *help, int64_t value)
{
	head(out, name, "gauge", help);
	fprintf(out, "%s %" PRId64 "\n", name, value);
}

static void
print_probes(const struct metrics *m, FILE *out)
{
	const struct tally *tally;

	head(out, "starttls_exporter_probes_total", "counter",
	    "Probes that have ended, by module and by reason; ok is success.");
	for (tally = m->tallies; tally != NULL; tally = tally->next)
		fprintf(out, "starttls_exporter_probes_total{module=\"%s\","
		    "reason=\"%s\"} %" PRIu64 "\n", tally->module,
		    tally->reason, tally->count);
}

static void
print_refused(const struct metrics *m, FILE *out)
{
	int i;

	head(out, "starttls_exporter_refused_total", "counter",
	    "Requests for which nobody was connected to.");
	for (i = 0; i < REFUSALS; i++)
		fprintf(out, "starttls_exporter_refused_total{cause=\"%s\"} "
		    "%" PRIu64 "\n", causes[i], m->refused[i]);
}

void
metrics_print(struct metrics *m, FILE *out)
{
	pthread_mutex_lock(&m->lock);
	head(out, "starttls_exporter_build_info", "gauge",
	    "1, with the version of the exporter.");
	fprintf(out, "starttls_exporter_build_info{version=\"%s\"} 1\n",
	    starttls_version());
	print_probes(m, out);
	print_refused(m, out);
	gauge(out, "starttls_exporter_probes_running",
	    "Probes at this moment.", m->running);
	gauge(out, "starttls_exporter_config_last_reload_successful",
	    "1 if the configuration in use is what the file had when it was "
	    "read last.", m->reloaded);
	gauge(out,
	    "starttls_exporter_config_last_reload_success_timestamp_seconds",
	    "When a configuration was last read with success.",
	    m->reloaded_at);
	gauge(out, "process_start_time_seconds",
	    "When the exporter was started.", m->started_at);
	pthread_mutex_unlock(&m->lock);
}
