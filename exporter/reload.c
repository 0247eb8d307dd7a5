/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * Reloads that are asked for.  However many ask at a time, the file is read
 * once for all who asked before it was opened.
 */

#include "config.h"

#include "reload.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

void
reloads_init(struct reloads *r)
{
	memset(r, 0, sizeof(*r));
	pthread_mutex_init(&r->lock, NULL);
	pthread_cond_init(&r->changed, NULL);
}

void
reloads_done(struct reloads *r)
{
	pthread_cond_destroy(&r->changed);
	pthread_mutex_destroy(&r->lock);
}

enum reload_outcome
reloads_ask(struct reloads *r)
{
	enum reload_outcome outcome = RELOAD_NEVER;
	uint64_t mine;

	pthread_mutex_lock(&r->lock);
	mine = ++r->asked;
	if (!r->over)
		kill(getpid(), SIGHUP);
	while (!r->over && r->done < mine)
		pthread_cond_wait(&r->changed, &r->lock);
	if (r->done >= mine)
		outcome = r->good ? RELOAD_GOOD : RELOAD_BAD;
	pthread_mutex_unlock(&r->lock);
	return outcome;
}

uint64_t
reloads_begin(struct reloads *r)
{
	uint64_t begun;

	pthread_mutex_lock(&r->lock);
	begun = r->asked;
	pthread_mutex_unlock(&r->lock);
	return begun;
}

void
reloads_end(struct reloads *r, uint64_t begun, bool good)
{
	pthread_mutex_lock(&r->lock);
	r->done = begun;
	r->good = good;
	pthread_cond_broadcast(&r->changed);
	pthread_mutex_unlock(&r->lock);
}

void
reloads_stop(struct reloads *r)
{
	pthread_mutex_lock(&r->lock);
	r->over = true;
	pthread_cond_broadcast(&r->changed);
	pthread_mutex_unlock(&r->lock);
}
