/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * Exporter: HTTP in front of check.
 *
 * The room has the server, its clients, its configuration, and what it tells
 * about itself.  Of the command it uses the options, which are the keys of a
 * module.
 *
 * This header has what the threads share.
 */

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
