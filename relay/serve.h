/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/* What serve.c and client.c share. */

#ifndef SERVE_H
#define SERVE_H

#include "backend.h"
#include "front.h"

struct server {
	const struct settings *settings;
	struct starttls_policy *policy; /* for new connections */
	struct starttls_options options;
	struct starttls_url url;
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

#endif
