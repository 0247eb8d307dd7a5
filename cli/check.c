/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * starttls check: some targets or very many, a number of them at a time, and
 * their results in order, or as they come.
 */

#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "check/checker.h"
#include "check/format.h"
#include "check/targets.h"

#define DEFAULT_JOBS 100           /* with --targets */
#define SPARE_FILES 64
#define PROGRESS_MS 200            /* between two looks */
#define PROGRESS_WIDTH 48

struct check_run {
	const struct settings *settings;
	struct targets targets;
	size_t next;               /* to be started */
	size_t told;               /* results, in order */
	size_t done, failed;
	bool starting;
	int status;                /* EXIT_LOCAL: cannot go on */

	struct loop loop;
	struct checker checker;
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

	snprintf(text, sizeof(text), "%zu of %zu, %zu failed", run->done,
	    run->targets.count, run->failed);
	fprintf(stderr, "\r%-*s", PROGRESS_WIDTH, text);
	run->progress = true;
	loop_set_timer(&run->looks, &run->look);
}

/* For people who wait, and for no file. */
static void
begin_progress(struct check_run *run)
{
	if (run->targets.count < 2 || run->settings->quiet ||
	    isatty(STDERR_FILENO) != 1)
		return;
	run->look = (struct timer){ .late = show_progress, .context = run };
	loop_add_queue(&run->loop, &run->looks, PROGRESS_MS);
	loop_set_timer(&run->looks, &run->look);
}

/* ---- results ---- */

static void
tell(struct check_run *run, const struct result *r)
{
	hide_progress(run);
	format_add(&run->format, r);
}

/* All that it is the turn of. */
static void
tell_in_order(struct check_run *run)
{
	struct target *t;

	while (run->told < run->targets.count &&
	    (t = &run->targets.list[run->told])->result != NULL) {
		tell(run, t->result);
		free(t->result);
		t->result = NULL;
		run->told++;
	}
}

static void start_some(struct check_run *run);

static void
stop(struct check_run *run, int number)
{
	hide_progress(run);
	fprintf(stderr, "starttls: cannot go on: %s\n", strerror(number));
	run->status = EXIT_LOCAL;
	run->loop.stop = true;
}

static void
take_result(void *context, void *owner, const struct result *r)
{
	struct check_run *run = context;
	struct target *t = owner;

	run->done++;
	run->failed += r->status != 0;
	if (run->settings->unordered) {
		tell(run, r);
	} else if (t == &run->targets.list[run->told]) {
		tell(run, r);
		run->told++;
		tell_in_order(run);
	} else {
		t->result = malloc(sizeof(*r));
		if (t->result == NULL) {
			stop(run, ENOMEM);
			return;
		}
		*t->result = *r;
	}
	start_some(run);
}

/* A check that is over at once calls back from here: one of us is enough. */
static void
start_some(struct check_run *run)
{
	struct target *t;
	int rc = 0;

	if (run->starting)
		return;
	run->starting = true;
	while (rc == 0 && !run->loop.stop &&
	    run->next < run->targets.count &&
	    run->checker.running < run->checker.max_running) {
		t = &run->targets.list[run->next++];
		rc = checker_start(&run->checker, &(struct check_target){
		    .owner = t,
		    .name = t->name != NULL ? t->name : t->url,
		    .url = t->url,
		    .connect_host = t->connect_host,
		    .connect_port = t->connect_port,
		});
	}
	run->starting = false;
	if (rc != 0)
		stop(run, rc);
	else if (run->done == run->targets.count)
		run->loop.stop = true;
}

/* ---- before anybody is connected to ---- */

/* A complaint about the call; the status to end with. */
static int
refuse(const struct settings *settings, const char *message, int status)
{
	char shown[600];

	if (settings->format->plugin)
		return plugin_unknown(message);
	fprintf(stderr, "starttls: %s\n",
	    clean(shown, sizeof(shown), message));
	return status;
}

/* 0, or the status to end with. */
static int
check_target(const struct settings *settings, const struct targets *targets,
	     const struct target *t)
{
	struct starttls_url parsed = { .size = sizeof(parsed) };
	struct login_options ignored;
	struct starttls_error error;
	char message[600] = "";
	int rc = starttls_url_parse(t->url, &parsed, &error);

	if (rc == 0)
		rc = starttls_url_check(settings->policy, &parsed,
		    &settings->options, &error);
	if (rc == 0 && settings->account.wanted)
		rc = find_account(settings, t->url, &parsed, &ignored,
		    &error);
	if (rc == 0)
		return 0;
	if (t->line > 0)
		snprintf(message, sizeof(message), "%.200s:%zu: ",
		    targets->file, t->line);
	snprintf(message + strlen(message), sizeof(message) - strlen(message),
	    "%s", error.message);
	return refuse(settings, message, exit_status(&error));
}

/*
 * Machines get results, or one complaint about the call and no results: all
 * targets are known to be good first.  People are told about each URL of the
 * command line in its turn, and about mistakes in a file at once.
 */
static int
check_targets(const struct settings *settings, const struct targets *targets)
{
	const struct target *t = targets->list;
	int status = 0;

	for (; status == 0 && t < targets->list + targets->count; t++)
		if (settings->format->machine || t->line > 0)
			status = check_target(settings, targets, t);
	return status;
}

static size_t
count_jobs(const struct settings *settings, const struct targets *targets)
{
	size_t jobs = settings->jobs > 0 ? (size_t)settings->jobs :
	    settings->targets != NULL ? DEFAULT_JOBS : 1;

	return jobs < targets->count ? jobs : targets->count;
}

/* Each has a descriptor, and some more as long as addresses are raced. */
static int
check_files(const struct settings *settings, size_t jobs)
{
	const rlim_t least = (rlim_t)jobs + SPARE_FILES;
	const rlim_t better = 4 * (rlim_t)jobs + SPARE_FILES;
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
	return refuse(settings, message, EXIT_LOCAL);
}

static int
load_account(struct settings *settings)
{
	char why[400];
	int status = account_load(&settings->account, settings->timeout_ms,
	    why, sizeof(why));

	if (status == 0)
		return 0;
	complain_usage(settings->subcommand->name, "%s", why);
	return settings->format->plugin ? PLUGIN_UNKNOWN : status;
}

/* ---- all of it ---- */

/* Returns 0 or the exit status, and has complained. */
static int
run_all(struct check_run *run, size_t jobs)
{
	int rc;

	run->checker = (struct checker){
		.settings = run->settings,
		.loop = &run->loop,
		.max_running = jobs,
		.timeout_ms = run->settings->timeout_ms,
		.chain = run->format.format->chain,
		.names_traces = jobs > 1,
		.context = run,
		.done = take_result,
	};
	rc = checker_init(&run->checker);
	if (rc != 0) {
		stop(run, rc);
		loop_done(&run->loop);
		return run->status;
	}
	begin_progress(run);
	start_some(run);
	rc = loop_run(&run->loop);
	hide_progress(run);
	if (rc != 0)
		stop(run, rc);
	/* threads that still dial must not see their ground taken away */
	if (run->checker.running > 0) {
		fflush(NULL);
		_exit(run->status);
	}
	checker_done(&run->checker);
	loop_done(&run->loop);
	return run->status;
}

static int
prepare(struct check_run *run, struct settings *settings)
{
	char why[400];
	int status = load_account(settings);

	if (status != 0)
		return status;
	status = targets_read(&run->targets, settings, why, sizeof(why));
	if (status != 0)
		return refuse(settings, why, status);
	return check_targets(settings, &run->targets);
}

int
run_check(struct settings *settings)
{
	struct check_run run = { .settings = settings };
	size_t jobs;
	int status, local = 0;

	if (settings->format == NULL)
		settings->format = &format_human;
	status = prepare(&run, settings);
	jobs = count_jobs(settings, &run.targets);
	if (status == 0)
		status = check_files(settings, jobs);
	if (status == 0)
		status = format_open(&run.format, settings);
	if (status == 0) {
		local = run_all(&run, jobs);
		status = format_close(&run.format);
	}
	targets_done(&run.targets);
	return local != 0 ? local : status;
}
