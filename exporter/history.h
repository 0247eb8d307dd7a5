/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/* The probes that have ended last, each with its record. */

#ifndef EXPORTER_HISTORY_H
#define EXPORTER_HISTORY_H

#include <pthread.h>
#include <stdint.h>
#include <stdio.h>

#include "settings.h"

#define HISTORY_SIZE 100           /* of those that succeeded, and as many
                                      that failed */

struct past_probe {
	uint64_t number;           /* 0: none yet */
	int64_t ended_at;          /* seconds since 1970 */
	int64_t took_us;
	char target[300];
	char module[MODULE_NAME_SIZE];
	char reason[40];           /* "ok", or why not */
	char phase[16];
	char *record;              /* NULL: there was no memory for it */
};

struct history {
	pthread_mutex_t lock;      /* for all of it */
	struct past_probe good[HISTORY_SIZE], bad[HISTORY_SIZE];
	uint64_t count, good_count, bad_count;
};

void history_init(struct history *history);
void history_done(struct history *history);

/* Takes the record of @probe, and gives it a number. */
void history_add(struct history *history, struct past_probe *probe);
/* A copy of a record, of malloc(3); NULL: there is none (any more). */
char *history_record(struct history *history, uint64_t number);

/* A page of HTML, the latest first. */
void history_print(struct history *history, FILE *out);

#endif
