/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * A probe: what is asked for, whether that is allowed, and the answer.
 *
 * Nobody is connected to, and no name is looked up, before the target was
 * found to be allowed.  A check that fails is an answer like any other; only
 * requests that were not taken have another status than 200.
 */

#include "config.h"

#include "probe.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "check/checker.h"
#include "check/format.h"
#include "cli/values.h"
#include "record.h"
#include "words/show.h"
#include "words/status.h"

#define SCRAPE_TIMEOUT "X-Prometheus-Scrape-Timeout-Seconds"
#define ANSWER_MS 500              /* for the way of the answer */
#define LEAST_MS 100

struct question {
	const char *target;
	const char *module;
	const char *debugging;     /* NULL: not said */
	bool debug;                /* asks what happened */
	const char *mistake;       /* NULL: none */
	int timeout_ms;            /* of the scrape; 0: none */
};

/* Labels, messages and the library get nothing else; other names have their
   A-labels. */
static bool
is_printable(const char *text)
{
	for (; *text != '\0'; text++)
		if (*text < 0x20 || *text > 0x7e)
			return false;
	return true;
}

static enum MHD_Result
take_parameter(void *context, enum MHD_ValueKind kind, const char *name,
	       const char *value)
{
	struct question *q = context;
	const char **place = NULL;

	(void)kind;
	if (strcmp(name, "target") == 0)
		place = &q->target;
	else if (strcmp(name, "module") == 0)
		place = &q->module;
	else if (strcmp(name, "debug") == 0)
		place = &q->debugging;
	if (place == NULL)
		q->mistake = "unknown parameter; there are target, module and "
		    "debug";
	else if (*place != NULL)
		q->mistake = "a parameter comes twice";
	else if (value == NULL || value[0] == '\0')
		q->mistake = "a parameter has no value";
	else if (!is_printable(value))
		q->mistake = "a parameter has a character that is not "
		    "printable ASCII";
	else
		*place = value;
	return q->mistake == NULL ? MHD_YES : MHD_NO;
}

static void
read_question(struct question *q, struct MHD_Connection *connection)
{
	const char *timeout = MHD_lookup_connection_value(connection,
	    MHD_HEADER_KIND, SCRAPE_TIMEOUT);

	MHD_get_connection_values(connection, MHD_GET_ARGUMENT_KIND,
	    take_parameter, q);
	if (q->mistake != NULL)
		return;
	if (q->target == NULL)
		q->mistake = "the parameter target is missing";
	else if (timeout != NULL && !parse_timeout(timeout, &q->timeout_ms))
		q->mistake = SCRAPE_TIMEOUT " is no number of seconds";
	if (q->module == NULL)
		q->module = "default";
	q->debug = q->debugging != NULL && strcmp(q->debugging, "true") == 0;
	if (q->debugging != NULL && !q->debug &&
	    strcmp(q->debugging, "false") != 0)
		q->mistake = "debug is true or false";
}

static int
timeout_of(const struct question *q, const struct module *module)
{
	int ms = q->timeout_ms - ANSWER_MS;

	if (q->timeout_ms == 0)
		return module->settings.timeout_ms;
	if (ms < LEAST_MS)
		ms = LEAST_MS;
	return ms < module->settings.timeout_ms ? ms :
	    module->settings.timeout_ms;
}

/* The metrics, of malloc(3); NULL: no memory. */
static char *
metrics_of(const struct module *module, const struct result *result,
	   size_t *ret_len)
{
	char *text = NULL;
	FILE *out = open_memstream(&text, ret_len);
	bool good = out != NULL && format_one(&module->settings.format,
	    result, out);

	if (out != NULL && fclose(out) != 0)
		good = false;
	if (good)
		return text;
	free(text);
	return NULL;
}

/* Nothing was found out about the server, so there are no metrics: who has
   run out of descriptors must not tell that others are down. */
static bool
is_ours(const struct result *result)
{
	return result->status == EXIT_LOCAL || result->status == EXIT_USAGE;
}

static void
show_failure(const struct result *result, struct answer *ret_answer)
{
	char line[STARTTLS_MESSAGE_SIZE + 40], shown[STARTTLS_MESSAGE_SIZE];

	snprintf(line, sizeof(line), "the check could not be made: %s",
	    show_typed(shown, sizeof(shown), result->error.message));
	answer_line(ret_answer, result->status == EXIT_USAGE ?
	    MHD_HTTP_BAD_REQUEST : MHD_HTTP_INTERNAL_SERVER_ERROR, line);
}

/* Takes the record. */
static void
remember(struct exporter *exporter, const struct module *module,
	 const struct result *result, char *record)
{
	struct past_probe past = { .ended_at = (int64_t)time(NULL),
	    .took_us = result->total_us, .record = record };

	snprintf(past.target, sizeof(past.target), "%s", result->name);
	snprintf(past.module, sizeof(past.module), "%s", module->name);
	snprintf(past.reason, sizeof(past.reason), "%s", result->reason);
	snprintf(past.phase, sizeof(past.phase), "%s", result->phase);
	history_add(&exporter->history, &past);
	journal_add(&exporter->journal, module->name, result);
}

/* The check itself. */
static void
answer_probe(struct exporter *exporter, const struct question *q,
	     const struct module *module, struct answer *ret_answer)
{
	struct check_settings settings = check_settings_of(&module->settings);
	struct starttls_options options;
	struct record record;
	struct result result;
	char *metrics = NULL, *told;
	size_t len = 0;

	record_begin(&record, q->target, module, &settings, &options);
	check_url(&settings, q->target, timeout_of(q, module), DETAIL_ALL,
	    &result);
	metrics_end_probe(&exporter->metrics, module->name, result.reason);
	if (!is_ours(&result))
		metrics = metrics_of(module, &result, &len);
	record_result(&record, &result, metrics, metrics == NULL ? 0 : len);
	told = record_end(&record);
	sent_unref(result.sent);
	result.sent = NULL;
	if (is_ours(&result))
		show_failure(&result, ret_answer);
	else if (q->debug)
		answer_text(ret_answer, told == NULL ? NULL : strdup(told));
	else if (metrics == NULL)
		answer_no_memory(ret_answer);
	else
		answer_metrics(ret_answer, metrics, len);
	if (ret_answer->text != metrics)
		free(metrics);
	remember(exporter, module, &result, told);
}

static void
refuse(struct metrics *metrics, enum refusal cause, const char *line,
       struct answer *ret_answer)
{
	metrics_refused(metrics, cause);
	answer_line(ret_answer, cause == REFUSED_NOT_ALLOWED ?
	    MHD_HTTP_FORBIDDEN : MHD_HTTP_BAD_REQUEST, line);
}

void
probe(struct exporter *exporter, const struct config *config,
      struct MHD_Connection *connection, struct answer *ret_answer)
{
	struct metrics *metrics = &exporter->metrics;
	struct question q = { .target = NULL };
	struct starttls_url url = { .size = sizeof(url) };
	struct starttls_error error;
	const struct module *module = NULL;

	read_question(&q, connection);
	if (q.mistake == NULL) {
		module = config_module(config, q.module);
		if (module == NULL)
			q.mistake = "there is no such module";
		else if (starttls_url_parse(q.target, &url, &error) != 0)
			q.mistake = "the target is no URL of the form "
			    "scheme://host[:port], or has an unknown scheme";
	}
	if (q.mistake != NULL)
		refuse(metrics, REFUSED_BAD_REQUEST, q.mistake, ret_answer);
	else if (!config_allows(config, module, &url))
		refuse(metrics, REFUSED_NOT_ALLOWED, "the configuration does "
		    "not allow this target, or not with this module",
		    ret_answer);
	else if (!metrics_begin_probe(metrics, config->max_probes))
		answer_line(ret_answer, MHD_HTTP_SERVICE_UNAVAILABLE,
		    "too many probes at a time");
	else
		answer_probe(exporter, &q, module, ret_answer);
}
