/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * Many targets.  What is done before its turn to be told is kept until then,
 * which with results in order may be all of them.
 */

#include "config.h"

#include "batch.h"

#include <errno.h>
#include <stdlib.h>

#define DEFAULT_JOBS 100           /* with a file of targets */

static void start_some(struct batch *batch);

static void
stop(struct batch *batch, int number)
{
	batch->rc = number;
	batch->loop.stop = true;
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

static void
take_result(void *context, void *owner, const struct result *r)
{
	struct batch *batch = context;
	struct target *t = owner;

	batch->done++;
	batch->failed += r->status != 0;
	if (batch->settings->unordered) {
		batch->tell(batch->context, r);
	} else if (t == &batch->targets.list[batch->told]) {
		batch->tell(batch->context, r);
		batch->told++;
		tell_in_order(batch);
	} else {
		t->result = malloc(sizeof(*r));
		if (t->result == NULL) {
			stop(batch, ENOMEM);
			return;
		}
		*t->result = *r;
		sent_ref(r->sent);
	}
	start_some(batch);
}

/* A check that is over at once calls back from here: one of us is enough. */
static void
start_some(struct batch *batch)
{
	struct target *t;
	int rc = 0;

	if (batch->starting)
		return;
	batch->starting = true;
	while (rc == 0 && !batch->loop.stop &&
	    batch->next < batch->targets.count &&
	    batch->checker.running < batch->checker.max_running) {
		t = &batch->targets.list[batch->next++];
		rc = checker_start(&batch->checker, &(struct check_target){
		    .owner = t,
		    .name = t->name != NULL ? t->name : t->url,
		    .url = t->url,
		    .connect_host = t->connect_host,
		    .connect_port = t->connect_port,
		});
	}
	batch->starting = false;
	if (rc != 0)
		stop(batch, rc);
	else if (batch->done == batch->targets.count)
		batch->loop.stop = true;
}

size_t
batch_jobs(const struct batch *batch)
{
	size_t jobs = batch->settings->jobs > 0 ?
	    (size_t)batch->settings->jobs :
	    batch->settings->targets != NULL ? DEFAULT_JOBS : 1;

	return jobs < batch->targets.count ? jobs : batch->targets.count;
}

int
batch_run(struct batch *batch)
{
	int rc;

	batch->checker = (struct checker){
		.settings = batch->check,
		.loop = &batch->loop,
		.max_running = batch_jobs(batch),
		.timeout_ms = batch->timeout_ms,
		.detail = batch->detail,
		.names_traces = batch_jobs(batch) > 1,
		.says_hello = true,
		.retries = batch->settings->retries,
		.context = batch,
		.done = take_result,
	};
	rc = checker_init(&batch->checker);
	if (rc != 0)
		return rc;
	start_some(batch);
	rc = loop_run(&batch->loop);
	return rc == 0 ? batch->rc : rc;
}

void
batch_done(struct batch *batch)
{
	loop_done(&batch->loop);
	targets_done(&batch->targets);
}
