/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/* Reading the configuration again because a request asks for it: the main thread
   does it, the thread of the request waits for how it went. */

#ifndef EXPORTER_RELOAD_H
#define EXPORTER_RELOAD_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

enum reload_outcome { RELOAD_GOOD, RELOAD_BAD, RELOAD_NEVER };

struct reloads {
	pthread_mutex_t lock;      /* for all of it */
	pthread_cond_t changed;
	uint64_t asked, done;
	bool good;                 /* the last one */
	bool over;                 /* there will be no more */
};

void reloads_init(struct reloads *reloads);
void reloads_done(struct reloads *reloads);

/* Ask for one with SIGHUP, and wait until it is over; RELOAD_NEVER: the
   exporter is about to end. */
enum reload_outcome reloads_ask(struct reloads *reloads);

/* The main thread's: what is asked for until now is answered by what comes. */
uint64_t reloads_begin(struct reloads *reloads);
void reloads_end(struct reloads *reloads, uint64_t begun, bool good);
/* Nobody has to wait any more. */
void reloads_stop(struct reloads *reloads);

#endif
