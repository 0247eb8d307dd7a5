/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * Many targets.  What is done before its turn to be told is kept until then,
 * which with results in order may be all of them.
 *
 * Handshakes are computation, so there is a lane for each processor if there is
 * enough to do: a thread with a loop of its own, that takes the next target
 * whenever it has room.  They share the policy, the list and the telling, and
 * together have no more under way than one would.  The caller's thread waits
 * for them, in a loop for the owner's timers; a single lane is that loop.
 */

#include "config.h"

#include "batch.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "compat.h"

#define DEFAULT_JOBS 100           /* with a file of targets */
#define LEAST_JOBS 16              /* of one lane among several */
#define MOST_LANES 64

struct lane {
	struct batch *batch;
	pthread_t thread;
	struct loop own_loop;
	struct loop *loop;
	struct checker checker;
	bool starting;
	int end;                   /* to say that it has ended */
};

void
batch_hold(struct batch *batch)
{
	pthread_mutex_lock(&batch->lock);
}

void
batch_release(struct batch *batch)
{
	pthread_mutex_unlock(&batch->lock);
}

/* All that it is the turn of. */
static void
tell_in_order(struct batch *batch)
{
	struct target *t;

	while (batch->told < batch->targets.count &&
	    (t = &batch->targets.list[batch->told])->result != NULL) {
		batch->tell(batch->context, t->result);
		sent_unref(t->result->sent);
		free(t->result);
		t->result = NULL;
		batch->told++;
	}
}

/* Returns 0 or ENOMEM. */
static int
tell_or_keep(struct batch *batch, struct target *t, const struct result *r)
{
	batch->done++;
	batch->failed += r->status != 0;
	if (batch->settings->unordered) {
		batch->tell(batch->context, r);
		return 0;
	}
	if (t == &batch->targets.list[batch->told]) {
		batch->tell(batch->context, r);
		batch->told++;
		tell_in_order(batch);
		return 0;
	}
	t->result = malloc(sizeof(*r));
	if (t->result == NULL)
		return ENOMEM;
	*t->result = *r;
	sent_ref(r->sent);
	return 0;
}

/* No further targets, for anybody. */
static void
give_up(struct lane *lane, int number)
{
	batch_hold(lane->batch);
	lane->batch->rc = number;
	batch_release(lane->batch);
	lane->loop->stop = true;
}

/* NULL: there are no more. */
static struct target *
take_target(struct batch *batch)
{
	struct target *t = NULL;

	batch_hold(batch);
	if (batch->rc == 0 && batch->next < batch->targets.count)
		t = &batch->targets.list[batch->next++];
	batch_release(batch);
	return t;
}

/* A check that is over at once calls back from here: one of us is enough. */
static void
start_some(struct lane *lane)
{
	struct checker *checker = &lane->checker;
	struct target *t = NULL;
	int rc = 0;

	if (lane->starting)
		return;
	lane->starting = true;
	while (rc == 0 && !lane->loop->stop &&
	    checker->running < checker->max_running &&
	    (t = take_target(lane->batch)) != NULL)
		rc = checker_start(checker, &(struct check_target){
		    .owner = t,
		    .name = t->name != NULL ? t->name : t->url,
		    .url = t->url,
		    .connect_host = t->connect_host,
		    .connect_port = t->connect_port,
		});
	lane->starting = false;
	if (rc != 0)
		give_up(lane, rc);
	else if (checker->running == 0)
		lane->loop->stop = true;
}

static void
take_result(void *context, void *owner, const struct result *r)
{
	struct lane *lane = context;
	int rc;

	batch_hold(lane->batch);
	rc = tell_or_keep(lane->batch, owner, r);
	batch_release(lane->batch);
	if (rc != 0)
		give_up(lane, rc);
	else
		start_some(lane);
}

size_t
batch_jobs(const struct batch *batch)
{
	size_t jobs = batch->settings->jobs > 0 ?
	    (size_t)batch->settings->jobs :
	    batch->settings->targets != NULL ? DEFAULT_JOBS : 1;

	return jobs < batch->targets.count ? jobs : batch->targets.count;
}

/* One for each processor, if there is enough for it to do. */
size_t
batch_lanes(const struct batch *batch)
{
	long processors = sysconf(_SC_NPROCESSORS_ONLN);
	size_t most = batch_jobs(batch) / LEAST_JOBS;

	if (most > MOST_LANES)
		most = MOST_LANES;
	if (processors > 0 && (size_t)processors < most)
		most = (size_t)processors;
	return most > 0 ? most : 1;
}

/* ---- a lane ---- */

static void
init_lane(struct lane *lane, struct batch *batch, size_t jobs)
{
	lane->batch = batch;
	lane->loop = &batch->loop;
	lane->end = -1;
	lane->checker = (struct checker){
		.settings = batch->check,
		.max_running = jobs,
		.timeout_ms = batch->timeout_ms,
		.detail = batch->detail,
		.names_traces = batch_jobs(batch) > 1,
		.says_hello = true,
		.hellos = &batch->hellos,
		.retries = batch->settings->retries,
		.context = lane,
		.done = take_result,
	};
}

static void
run_lane(struct lane *lane)
{
	int rc;

	lane->checker.loop = lane->loop;
	rc = checker_init(&lane->checker);
	if (rc == 0) {
		start_some(lane);
		rc = loop_run(lane->loop);
	}
	if (rc != 0)
		give_up(lane, rc);
}

static void *
run_thread(void *context)
{
	struct lane *lane = context;

	run_lane(lane);
	loop_done(lane->loop);
	(void)!write(lane->end, "", 1);
	return NULL;
}

/* ---- all of them ---- */

struct waiting {
	struct batch *batch;
	struct watch watch;
	int ends[2];
};

static void
hear_ends(void *context, short revents)
{
	struct waiting *w = context;
	char byte;

	(void)revents;
	while (read(w->ends[0], &byte, 1) == 1)
		w->batch->lanes_ended++;
	w->batch->loop.stop = w->batch->lanes_ended == w->batch->lane_count;
}

/* As many threads as there can be, each with its part of the jobs; what could
   not be started is left to the others. */
static size_t
start_lanes(struct batch *batch, int end)
{
	size_t i;

	for (i = 0; i < batch->lane_count; i++) {
		struct lane *lane = &batch->lanes[i];

		init_lane(lane, batch, (batch_jobs(batch) + i) /
		    batch->lane_count);
		lane->loop = &lane->own_loop;
		lane->end = end;
		if (pthread_create(&lane->thread, NULL, run_thread, lane) != 0)
			break;
	}
	return i;
}

/* Returns 0 or errno; or -1: there are no threads. */
static int
run_threads(struct batch *batch)
{
	struct waiting w = {
		.batch = batch,
		.watch = { .ready = hear_ends, .context = &w },
	};
	int rc = -1;
	size_t i;

	if (pipe2(w.ends, O_CLOEXEC | O_NONBLOCK) != 0)
		return -1;
	w.watch.fd = w.ends[0];
	if (loop_reserve(&batch->loop, 1))
		batch->lane_count = start_lanes(batch, w.ends[1]);
	else
		batch->lane_count = 0;
	if (batch->lane_count > 0) {
		loop_watch(&batch->loop, &w.watch, POLLIN);
		rc = loop_run(&batch->loop);
		loop_unwatch(&batch->loop, &w.watch);
	}
	for (i = 0; i < batch->lane_count; i++)
		pthread_join(batch->lanes[i].thread, NULL);
	close(w.ends[0]);
	close(w.ends[1]);
	return rc;
}

int
batch_run(struct batch *batch)
{
	int rc = -1;

	batch->lane_count = batch_lanes(batch);
	batch->lanes = calloc(batch->lane_count, sizeof(*batch->lanes));
	if (batch->lanes == NULL)
		return ENOMEM;
	rc = pthread_mutex_init(&batch->lock, NULL);
	if (rc != 0)
		return rc;
	rc = batch->lane_count > 1 ? run_threads(batch) : -1;
	if (rc < 0) {
		init_lane(&batch->lanes[0], batch, batch_jobs(batch));
		run_lane(&batch->lanes[0]);
		rc = 0;
	}
	pthread_mutex_destroy(&batch->lock);
	return rc == 0 ? batch->rc : rc;
}

void
batch_done(struct batch *batch)
{
	loop_done(&batch->loop);
	targets_done(&batch->targets);
	free(batch->lanes);
}
