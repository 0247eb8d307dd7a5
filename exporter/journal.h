/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/* Lines on standard error about probes that failed; not too many of them. */

#ifndef EXPORTER_JOURNAL_H
#define EXPORTER_JOURNAL_H

#include <pthread.h>
#include <stdint.h>

#include "check/result.h"

#define JOURNAL_BURST 60           /* lines at once, */
#define JOURNAL_EACH_US 1000000    /* and one for each such time */

struct journal {
	pthread_mutex_t lock;      /* for all of it */
	int64_t free_at_us;        /* when all lines may be used again */
	uint64_t left_out;         /* since the last line */
};

void journal_init(struct journal *journal);
void journal_done(struct journal *journal);

/* One line, if the probe has failed. */
void journal_add(struct journal *journal, const char *module,
		 const struct result *result);

#endif
