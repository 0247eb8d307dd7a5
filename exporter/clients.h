/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/* Clients of the HTTP server: how many there are, and how long they may make
   us wait. */

#ifndef EXPORTER_CLIENTS_H
#define EXPORTER_CLIENTS_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#define MOST_CLIENTS 704           /* each has a thread */

struct client {
	struct client *next, **at;
	int fd;                    /* borrowed; closed only after we left */
	unsigned char address[16];
	int64_t until_us;          /* we wait for it; 0: it waits for us */
	bool leaving;              /* was shut down */
};

struct clients {
	pthread_mutex_t lock;      /* for all of it */
	struct client *first;
	size_t count;              /* that are not leaving */
	int64_t patience_us;
};

void clients_init(struct clients *clients);
void clients_done(struct clients *clients);
/* From now on. */
void clients_set_patience(struct clients *clients, int ms);

/* One more, whom we wait for; if that is one too many, another one is shut
   down.  NULL: no memory; a client that is NULL is none to the others. */
struct client *clients_enter(struct clients *clients, int fd,
			     const struct sockaddr *address);
/* Before its descriptor is closed. */
void clients_leave(struct clients *clients, struct client *client);

/* It waits for us, for as long as we take. */
void clients_work(struct clients *clients, struct client *client);
/* We wait for it, and its time begins. */
void clients_wait(struct clients *clients, struct client *client);

/* Shut down those whose time is over. */
void clients_expire(struct clients *clients);

#endif
