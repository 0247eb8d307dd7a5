/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/* Many targets: a number of them at a time, and their results in order, or as
   they come. */

#ifndef CHECK_BATCH_H
#define CHECK_BATCH_H

#include <stdbool.h>
#include <stddef.h>

#include "checker.h"
#include "targets.h"

/* What to check, and how much of it at a time. */
struct batch_settings {
	const char *targets;       /* a file of URLs; NULL: none */
	long jobs;                 /* 0: not said */
	bool unordered;            /* results as they come */
	long retries;              /* as in the checker */
};

/* Zeroed, but for what is the owner's. */
struct batch {
	/* the owner's */
	const struct check_settings *check;
	const struct batch_settings *settings;
	struct targets targets;
	struct loop loop;          /* may have timers of the owner */
	int timeout_ms;            /* for each target */
	enum result_detail detail; /* as in result_fill */
	void (*tell)(void *context, const struct result *result);
	void *context;

	size_t done, failed;       /* so far */
	size_t next;               /* to be started */
	size_t told;               /* in order */
	bool starting;
	int rc;                    /* errno: cannot go on */
	struct checker checker;
};

/* As the settings say, or as many as suit the targets. */
size_t batch_jobs(const struct batch *batch);
/* Returns 0 or errno; by then some have been told all the same. */
int batch_run(struct batch *batch);
/* The targets, too. */
void batch_done(struct batch *batch);

#endif
