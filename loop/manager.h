/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/* The service manager that has started us, if there is one: the socket that it
   listens on for us, and what it wants to be told. */

#ifndef LOOP_MANAGER_H
#define LOOP_MANAGER_H

#include <stdbool.h>
#include <stddef.h>

struct manager {
	int fd;                    /* where it is told; 0: nobody asks */
	int listener;              /* what it has given us; 0: nothing */
};

/**
 * manager_find: take over what the environment says of a service manager.
 *
 * To be called before there are threads, and before anybody could be confined:
 * the environment loses it, so that no command takes it for its own.
 * The listener is the caller's, does not block, and is no command's.
 *
 * Returns: 0; or, with what is wrong in @why, STARTTLS_E_INVALID for sockets
 * that cannot be served, or of which @only_loopback forbids to, or
 * STARTTLS_E_SYSTEM
 */
int manager_find(struct manager *ret_manager, bool only_loopback, char *why,
		 size_t why_size);
void manager_done(struct manager *manager);

/* Clients are let in; @where they are listened for is shown to people. */
void manager_ready(const struct manager *manager, const char *where);
/* The files are about to be read again; followed by manager_reloaded. */
void manager_reloading(const struct manager *manager);
void manager_reloaded(const struct manager *manager);
/* Nobody new is let in. */
void manager_stopping(const struct manager *manager);

#endif
