/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * starttls check: what is said before the first target is connected to, and
 * while many are.
 */

#include "config.h"

#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "check/batch.h"
#include "check/format.h"
#include "check/port.h"
#include "cli.h"
#include "options.h"
#include "words/complain.h"
#include "words/status.h"

#define FEW_TARGETS 4              /* of which people want to know all */
#define SPARE_FILES 64
#define PROGRESS_MS 200            /* between two looks */
#define PROGRESS_WIDTH 48

struct check_run {
	const struct settings *settings;
	struct check_settings check;
	struct batch batch;
	struct format_run format;

	bool progress;             /* is on the terminal */
	struct timer_queue looks;  /* at the progress */
	struct timer look;
};

/* ---- progress ---- */

static void
hide_progress(struct check_run *run)
{
	if (run->progress)
		fprintf(stderr, "\r%*s\r", PROGRESS_WIDTH, "");
	run->progress = false;
}

static void
show_progress(void *context)
{
	struct check_run *run = context;
	char text[PROGRESS_WIDTH + 1];

	batch_hold(&run->batch);
	snprintf(text, sizeof(text), "%zu of %zu, %zu failed", run->batch.done,
	    run->batch.targets.count, run->batch.failed);
	fprintf(stderr, "\r%-*s", PROGRESS_WIDTH, text);
	run->progress = true;
	batch_release(&run->batch);
	loop_set_timer(&run->looks, &run->look);
}

/* For people who wait, and for no file. */
static void
begin_progress(struct check_run *run)
{
	if (run->batch.targets.count < 2 || run->settings->quiet ||
	    isatty(STDERR_FILENO) != 1)
		return;
	run->look = (struct timer){ .late = show_progress, .context = run };
	loop_add_queue(&run->batch.loop, &run->looks, PROGRESS_MS);
	loop_set_timer(&run->looks, &run->look);
}

static void
tell(void *context, const struct result *r)
{
	struct check_run *run = context;

	hide_progress(run);
	format_add(&run->format, r);
}

/* ---- before anybody is connected to ---- */

/* A complaint about the call; the status to end with. */
static int
refuse(const struct settings *settings, const char *message, int status)
{
	return settings->format.format->plugin ? plugin_unknown(message) :
	    complain(message, status);
}

/* 0, or the status to end with. */
static int
check_target(const struct check_run *run, const struct target *t)
{
	const struct check_settings *s = &run->check;
	struct starttls_url parsed = { .size = sizeof(parsed) };
	struct login_options ignored;
	struct starttls_error error;
	char message[COMPLAINT];
	int rc = starttls_url_parse(t->url, &parsed, &error);

	if (rc == 0)
		rc = starttls_url_check(s->policy, &parsed, s->options,
		    &error);
	if (rc == 0)
		rc = port_check(t->url, &error);
	if (rc == 0 && s->account->wanted)
		rc = find_account(s, t->url, &parsed, &ignored, &error);
	if (rc == 0)
		return 0;
	return refuse(run->settings, target_complaint(message,
	    sizeof(message), &run->batch.targets, t, error.message),
	    exit_status(&error));
}

/*
 * Machines get results, or one complaint about the call and no results: all
 * targets are known to be good first.  People are told about each URL of the
 * command line in its turn, and about mistakes in a file at once.
 */
static int
check_targets(const struct check_run *run)
{
	const bool machine = run->settings->format.format->machine;
	const struct targets *targets = &run->batch.targets;
	const struct target *t = targets->list;
	int status = 0;

	for (; status == 0 && t < targets->list + targets->count; t++)
		if (machine || t->line > 0)
			status = check_target(run, t);
	return status;
}

/* Each has a descriptor, and some more as long as addresses are raced. */
static int
check_files(const struct check_run *run)
{
	const size_t jobs = batch_jobs(&run->batch);
	const rlim_t spare = SPARE_FILES +
	    (rlim_t)batch_lanes(&run->batch) - 1;
	const rlim_t least = (rlim_t)jobs + spare;
	const rlim_t better = 4 * (rlim_t)jobs + spare;
	struct rlimit limit;
	char message[120];

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= better)
		return 0;
	limit.rlim_cur = limit.rlim_max < better ? limit.rlim_max : better;
	if (limit.rlim_cur >= least && setrlimit(RLIMIT_NOFILE, &limit) == 0)
		return 0;
	snprintf(message, sizeof(message), "--jobs: %zu at a time need %llu "
	    "open files, the limit is %llu", jobs,
	    (unsigned long long)least, (unsigned long long)limit.rlim_max);
	return refuse(run->settings, message, EXIT_LOCAL);
}

/* ---- all of it ---- */

/* 0, or the status to end with. */
static int
prepare(struct check_run *run, struct settings *settings)
{
	char why[400];
	int status = options_load_account(settings, why, sizeof(why));

	if (status != 0) {
		complain_usage(settings->subcommand->name, "%s", why);
		return settings->format.format->plugin ? PLUGIN_UNKNOWN :
		    status;
	}
	status = targets_read(&run->batch.targets, settings->urls,
	    (size_t)settings->url_count, settings->batch.targets, why,
	    sizeof(why));
	if (status != 0)
		return refuse(settings, why, status);
	status = check_targets(run);
	return status != 0 ? status :
	    check_files(run);
}

/* Returns 0 or the exit status, and has complained. */
static int
run_all(struct check_run *run)
{
	int rc;

	run->batch.timeout_ms = run->settings->timeout_ms;
	run->batch.detail = format_detail(&run->settings->format);
	run->batch.tell = tell;
	run->batch.context = run;
	begin_progress(run);
	rc = batch_run(&run->batch);
	hide_progress(run);
	return rc == 0 ? 0 : complain_errno("cannot go on", rc);
}

int
run_check(struct settings *settings)
{
	struct check_run run = {
		.settings = settings,
		.check = check_settings_of(settings),
		.batch = { .settings = &settings->batch },
	};
	int status, local = 0;

	run.batch.check = &run.check;
	if (settings->format.format == NULL)
		settings->format.format = &format_human;
	settings->format.quiet = settings->quiet;
	status = prepare(&run, settings);
	settings->format.many = settings->batch.targets != NULL ||
	    run.batch.targets.count > FEW_TARGETS;
	if (status == 0)
		status = format_open(&run.format, &settings->format);
	if (status == 0) {
		local = run_all(&run);
		status = format_close(&run.format);
	}
	batch_done(&run.batch);
	return local != 0 ? local : status;
}
