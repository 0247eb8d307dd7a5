/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * starttls targets: a list of targets for others, who find there what to ask
 * the exporter about.
 */

#include "config.h"

#include <stdio.h>
#include <string.h>

#include "check/format.h"
#include "check/port.h"
#include "check/targets.h"
#include "cli.h"
#include "values.h"
#include "words/complain.h"
#include "words/status.h"

/* What check would refuse, or nobody could tell the exporter. */
static int
find_mistake(const struct settings *s, const struct target *t,
	     struct starttls_error *error)
{
	struct starttls_url parsed = { .size = sizeof(parsed) };
	int rc = starttls_url_parse(t->url, &parsed, error);

	if (rc == 0)
		rc = starttls_url_check(s->policy, &parsed, &s->options,
		    error);
	if (rc == 0)
		rc = port_check(t->url, error);
	if (rc == 0 && t->connect_host != NULL) {
		rc = error->code = STARTTLS_E_INVALID;
		snprintf(error->message, sizeof(error->message),
		    "HOST:PORT behind a URL is for check only; the exporter "
		    "connects to where the URL says");
	}
	return rc;
}

/* 0, or the status to end with. */
static int
check_target(const struct settings *s, const struct targets *targets,
	     const struct target *t)
{
	struct starttls_error error;
	char message[COMPLAINT];

	if (find_mistake(s, t, &error) == 0)
		return 0;
	return complain(target_complaint(message, sizeof(message), targets, t,
	    error.message), exit_status(&error));
}

static int
write_targets(const struct settings *s, const struct targets *targets)
{
	struct format_run run;
	struct result r;
	size_t i;
	int status = format_open(&run, &s->format);

	if (status != 0)
		return status;
	memset(&r, 0, sizeof(r));
	for (i = 0; i < targets->count; i++) {
		r.url = targets->list[i].url;
		format_add(&run, &r);
	}
	return format_close(&run);
}

int
run_targets(struct settings *s)
{
	struct targets targets;
	struct starttls_error error;
	char why[400];
	size_t i;
	int status;

	if (s->format.format == NULL && set_format(s, format_file_sd.name,
	    &error) != 0)
		return complain(error.message, exit_status(&error));
	status = targets_read(&targets, s->urls, (size_t)s->url_count,
	    s->batch.targets, why, sizeof(why));
	if (status != 0)
		status = complain(why, status);
	for (i = 0; status == 0 && i < targets.count; i++)
		status = check_target(s, &targets, &targets.list[i]);
	if (status == 0)
		status = write_targets(s, &targets);
	targets_done(&targets);
	return status;
}
