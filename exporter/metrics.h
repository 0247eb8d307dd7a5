/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/* What the exporter tells about itself. */

#ifndef EXPORTER_METRICS_H
#define EXPORTER_METRICS_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum refusal { REFUSED_NOT_ALLOWED, REFUSED_BAD_REQUEST, REFUSED_BUSY,
	REFUSALS };

/* Probes of a module that ended for the same reason. */
struct tally {
	struct tally *next;
	char module[42];
	char reason[40];
	uint64_t count;
};

struct metrics {
	pthread_mutex_t lock;      /* for all of it */
	struct tally *tallies;
	uint64_t refused[REFUSALS];
	long running;
	bool reloaded;             /* the last time it went well */
	int64_t reloaded_at;       /* the last time that it did */
	int64_t started_at;
};

void metrics_init(struct metrics *metrics);
void metrics_done(struct metrics *metrics);

/* False: @most are running already. */
bool metrics_begin_probe(struct metrics *metrics, long most);
/* @reason is one of our own names; @count is 0 for a module that there is,
   but was not used yet. */
void metrics_end_probe(struct metrics *metrics, const char *module,
		       const char *reason);
void metrics_know_module(struct metrics *metrics, const char *module);
void metrics_refused(struct metrics *metrics, enum refusal cause);
void metrics_reloaded(struct metrics *metrics, bool good);

void metrics_print(struct metrics *metrics, FILE *out);

#endif
