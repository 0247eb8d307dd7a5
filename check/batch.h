/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/* Many targets: a number of them at a time, and their results in order, or as
   they come. */

#ifndef CHECK_BATCH_H
#define CHECK_BATCH_H

#include <pthread.h>
#include <stdatomic.h>
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

struct lane;

/* Zeroed, but for what is the owner's. */
struct batch {
	/* the owner's */
	const struct check_settings *check;
	const struct batch_settings *settings;
	struct targets targets;
	struct loop loop;          /* may have timers of the owner */
	int timeout_ms;            /* for each target */
	enum result_detail detail; /* as in result_fill */
	/* one at a time, but not always by the same thread */
	void (*tell)(void *context, const struct result *result);
	void *context;

	/* what follows is for who holds it */
	pthread_mutex_t lock;
	size_t done, failed;       /* so far */
	size_t next;               /* to be started */
	size_t told;               /* in order */
	int rc;                    /* errno: cannot go on */

	struct lane *lanes;
	size_t lane_count, lanes_ended;
	atomic_size_t hellos;
};

/* As the settings say, or as many as suit the targets. */
size_t batch_jobs(const struct batch *batch);
/* How many loops that makes; each has a descriptor. */
size_t batch_lanes(const struct batch *batch);
/* Returns 0 or errno; by then some have been told all the same. */
int batch_run(struct batch *batch);
/* For timers of the owner: nobody else reads or tells. */
void batch_hold(struct batch *batch);
void batch_release(struct batch *batch);
/* The targets, too. */
void batch_done(struct batch *batch);

#endif
