/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * Doors: where a program that serves lets others in, and as whom it does.
 *
 * A socket of its own or of the service manager; and then no more privileges
 * than it needs.
 */

#ifndef LOOP_DOOR_H
#define LOOP_DOOR_H

#include <stdbool.h>
#include <stddef.h>

#include "manager.h"
#include "standing.h"

struct door_settings {
	char *host, *port;         /* NULL: not said */
	const char *path;          /* of a UNIX socket; NULL: none */
	bool only_loopback;        /* listen on no other address */
	const char *user, *root;   /* see standing.h */
};

struct door {
	struct manager manager;
	struct standing standing;
	int listener;              /* 0: none */
	const char *path;          /* of a UNIX socket of ours */
};

/* Before anything is read: who has started us, and whom to become.  Returns 0;
   or, with what is wrong in @why, STARTTLS_E_INVALID or STARTTLS_E_SYSTEM. */
int door_find(struct door *ret_door, const struct door_settings *settings,
	      char *why, size_t why_size);
/* When all has been read that needs root or files: listen, on @port of 127.0.0.1
   if nothing else is said, and give up both.  As door_find; the process must not
   go on. */
int door_open(struct door *door, const struct door_settings *settings,
	      const char *port, char *why, size_t why_size);
/* "127.0.0.1:25", or a path. */
bool door_show(const struct door *door, char *buf, size_t size);
/* Why files cannot be read again; NULL: they can. */
const char *door_fault_of_reload(const struct door *door);
/* Listen no more. */
void door_close(struct door *door);
void door_done(struct door *door);

#endif
