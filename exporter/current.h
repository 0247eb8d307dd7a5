/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/* The configuration in use, which a reload replaces while others go on with the
   one before. */

#ifndef EXPORTER_CURRENT_H
#define EXPORTER_CURRENT_H

#include <pthread.h>

#include "settings.h"

struct current {
	pthread_mutex_t lock;      /* for the pointer */
	struct config *config;     /* NULL: none yet */
};

void current_init(struct current *current);
void current_done(struct current *current);

/* With a reference, which is the caller's to give back. */
struct config *current_get(struct current *current);
/* Takes the caller's reference. */
void current_set(struct current *current, struct config *config);

#endif
