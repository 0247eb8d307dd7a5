/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * The HTTP server: connections, methods, and the way of an answer.
 *
 * What is asked and answered is nothing to it: the owner gives it a function
 * that knows the pages.
 */

#ifndef EXPORTER_HTTP_H
#define EXPORTER_HTTP_H

#include <stdatomic.h>
#include <stdbool.h>

#include <microhttpd.h>

#include "answer.h"
#include "clients.h"

struct http {
	struct clients clients;
	struct MHD_Daemon *daemon;
	atomic_uint requests;      /* that have no complete answer yet */
	/* whether the page takes POST, and nothing else */
	bool (*takes_post)(const char *path);
	/* the answer to a request, in a thread of its own */
	void (*show)(void *context, struct MHD_Connection *connection,
		     const char *path, struct answer *ret_answer);
	void *context;
};

/* All but @takes_post, @show and @context, which are the caller's to set. */
void http_init(struct http *http);
void http_done(struct http *http);

/* Serve on a listening socket, which stays the caller's, in threads that take
   no signals.  False: it cannot be done, see errno. */
bool http_start(struct http *http, int listener);
/* No new connections. */
void http_quiesce(struct http *http);
/* Waits for requests under way. */
void http_stop(struct http *http);

#endif
