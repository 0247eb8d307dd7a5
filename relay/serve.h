/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * Relaying: TLS on one side, local programs and cleartext servers on the other.
 *
 * serve's and proxy's engines, and connect's.  The room uses loop, and words
 * for what it says about connections; it knows no option.
 *
 * This header is serve's.
 */

#ifndef RELAY_SERVE_H
#define RELAY_SERVE_H

#include "backend.h"
#include "front.h"

/* What to be, and where decrypted conversations go. */
struct serve_settings {
	struct front_settings front;
	bool quiet;
	struct starttls_policy *policy;
	struct starttls_options options; /* the trace gets "ADDRESS:PORT" of
	                              the client as its context */
	struct starttls_url url;
	char **command;            /* NULL: none */
	char *to_host, *to_port;   /* NULL: no backend */
	long max_running;          /* 0: not said */
	/* SIGHUP: the policy made anew, with a reference for us; NULL, and has
	   complained: the former one stays */
	struct starttls_policy *(*reload)(void *context);
	void *context;
};

/* Shared with client.c. */
struct server {
	const struct serve_settings *settings;
	struct starttls_policy *policy; /* for new connections */
	struct front front;
	struct backends backends;
	struct queue upgrading;    /* of clients */
	struct queue waiting;      /* verified, for something to run */
	struct queue running;
};

/* A new connection.  Takes @fd over. */
void client_new(struct server *server, int fd, const char *peer);
/* There is no room for it.  Leaves @fd open. */
void client_refuse(const struct server *server, int fd, const char *peer);
/* Start what waits, as long as more may run. */
void clients_start_waiting(struct server *server);
/* Make room: drop the oldest that has not finished its upgrade, or who has been
   silent longest. */
bool clients_evict(struct server *server);
/* Say goodbye to those that have not begun. */
void clients_leave(struct server *server);
/* The end: cut off what still runs. */
void clients_done(struct server *server);

/* Until a signal ends it.  Returns the exit status, and has complained. */
int serve(const struct serve_settings *settings);

#endif
