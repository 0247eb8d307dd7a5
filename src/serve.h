/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * The server's side of the preamble.  The owner begins it here, and moves its
 * bytes as those of a client's (preamble.h).
 */

#ifndef STARTTLS_SERVE_H
#define STARTTLS_SERVE_H

#include "engine.h"

/**
 * starttls_preamble_serve: begin a server's dialog.
 *
 * @from     STARTTLS_GREETING, or STARTTLS_COMMAND to wait for commands
 */
void starttls_preamble_serve(struct preamble *p,
			     const struct starttls_protocol *protocol,
			     enum starttls_stage from, const char *own_name,
			     struct starttls_error *error);

/**
 * starttls_preamble_hang_up: have a server say its last words, if nothing
 * else waits to be sent.  The error is the owner's.
 */
void starttls_preamble_hang_up(struct preamble *p);

/* For preamble.c. */

/** starttls_serve_advance: let the server see what has come. */
void starttls_serve_advance(struct preamble *p);
/** starttls_serve_sent: everything to say was said. */
void starttls_serve_sent(struct preamble *p);

#endif
