/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/* Connecting to the URL of the settings without waiting for it. */

#ifndef DIALLER_H
#define DIALLER_H

#include <stddef.h>
#include <stdint.h>

#include "cli.h"
#include "loop.h"

#define MAX_DIALS 64               /* at a time */

struct dial;

struct dialler {
	/* the owner's.  A request is answered once: with the upgrade, which
	   is the owner's then, or with a code and what is wrong. */
	void (*answer)(void *owner, struct starttls_upgrade *upgrade, int code,
		       const struct starttls_error *error);

	const struct settings *settings;
	struct loop *loop;
	struct watch reports;
	int report_fd;
	size_t running;            /* threads */
	struct queue waiting;      /* for one */
};

/* Embedded in what asks, zeroed before use. */
struct request {
	void *owner;
	struct place place;
	struct dial *dial;
	int64_t deadline_us;
};

/* Returns 0 or errno. */
int dialler_init(struct dialler *dialler, struct loop *loop,
		 const struct settings *settings);
/* May answer at once. */
void dialler_ask(struct dialler *dialler, struct request *request);
/* No answer is wanted any more.  Harmless if there was one, or no request. */
void dialler_cancel(struct request *request);

#endif
