/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/* Connecting to URLs without waiting for it. */

#ifndef LOOP_DIALLER_H
#define LOOP_DIALLER_H

#include <stddef.h>
#include <stdint.h>

#include "loop.h"
#include "starttls.h"

#define MAX_DIALS 64               /* at a time, if nobody says otherwise */

struct dial;

struct dialler {
	/* the owner's.  A request is answered once: with the upgrade, which
	   is the owner's then, or with a code and what is wrong. */
	void (*answer)(void *owner, struct starttls_upgrade *upgrade, int code,
		       const struct starttls_error *error);

	size_t max_running;        /* threads */

	struct loop *loop;
	struct watch reports;
	int report_fd;
	size_t running;
	size_t started;            /* in this turn of the loop */
	struct queue waiting;      /* for one */
};

/* Embedded in what asks, zeroed before use.  What it points to has to live
   until the answer, or if there is none, as long as the dialler. */
struct request {
	void *owner;
	struct starttls_policy *policy;
	const char *url;
	const struct starttls_options *options;
	struct place place;
	struct dial *dial;
	int64_t deadline_us;
};

/* Returns 0 or errno. */
int dialler_init(struct dialler *dialler, struct loop *loop);
/* Only if nothing is running. */
void dialler_done(struct dialler *dialler);
/* May answer at once. */
void dialler_ask(struct dialler *dialler, struct request *request);
/* No answer is wanted any more.  Harmless if there was one, or no request. */
void dialler_cancel(struct request *request);

#endif
