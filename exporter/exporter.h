/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/* What the threads of the exporter share. */

#ifndef EXPORTER_EXPORTER_H
#define EXPORTER_EXPORTER_H

#include <pthread.h>
#include <stdatomic.h>

#include <microhttpd.h>

#include "clients.h"
#include "metrics.h"
#include "settings.h"

struct exporter {
	pthread_mutex_t lock;      /* for the pointer that follows */
	struct config *config;
	struct metrics metrics;
	struct clients clients;
	struct MHD_Daemon *daemon;
	atomic_uint requests;      /* that have no complete answer yet */
};

/* With a reference, which is the caller's to give back. */
struct config *exporter_config(struct exporter *exporter);

#endif
