/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * Who is connected, and who gives way.
 *
 * libmicrohttpd knows how long a client was idle, which a client that dribbles
 * never is.  Here the time for all of a request counts, and so does that for
 * taking the answer.  If there are too many, one that we wait for is shut
 * down: of the newcomer's address, if that has more than its share, and else
 * of any; always who has waited longest, which is a connection that is kept
 * for the next request, or a client that is too slow.
 *
 * Shutting down is all that is done to a connection from here.  Its thread
 * notices, and ends it like one that the client has closed.
 */

#include "config.h"

#include "clients.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "loop/clock.h"

#define SHARE (MOST_CLIENTS / 4)   /* of an address, when there are too many */

void
clients_init(struct clients *c)
{
	memset(c, 0, sizeof(*c));
	pthread_mutex_init(&c->lock, NULL);
}

void
clients_done(struct clients *c)
{
	pthread_mutex_destroy(&c->lock);
}

void
clients_set_patience(struct clients *c, int ms)
{
	pthread_mutex_lock(&c->lock);
	c->patience_us = (int64_t)ms * 1000;
	pthread_mutex_unlock(&c->lock);
}

/* A network of IPv6 is one address: who has one address there has them all. */
static void
fill_address(unsigned char buf[16], const struct sockaddr *address)
{
	const struct sockaddr_in *in = (const void *)address;
	const struct sockaddr_in6 *in6 = (const void *)address;

	memset(buf, 0, 16);
	if (address->sa_family == AF_INET)
		memcpy(buf, &in->sin_addr, sizeof(in->sin_addr));
	else if (address->sa_family == AF_INET6)
		memcpy(buf, &in6->sin6_addr,
		    IN6_IS_ADDR_V4MAPPED(&in6->sin6_addr) ? 16 : 8);
}

/* ---- held ---- */

static void
shut_down(struct clients *c, struct client *client)
{
	shutdown(client->fd, SHUT_RDWR);
	client->leaving = true;
	c->count--;
}

static bool
is_waited_for(const struct client *client)
{
	return client->until_us != 0 && !client->leaving;
}

static void
make_room(struct clients *c, const unsigned char address[16])
{
	struct client *client, *oldest = NULL, *own_oldest = NULL;
	size_t own = 0;

	for (client = c->first; client != NULL; client = client->next) {
		if (!is_waited_for(client))
			continue;
		if (oldest == NULL || client->until_us < oldest->until_us)
			oldest = client;
		if (memcmp(client->address, address, 16) != 0)
			continue;
		own++;
		if (own_oldest == NULL ||
		    client->until_us < own_oldest->until_us)
			own_oldest = client;
	}
	if (own > SHARE)
		oldest = own_oldest;
	if (oldest != NULL)
		shut_down(c, oldest);
}

/* ---- and not ---- */

struct client *
clients_enter(struct clients *c, int fd, const struct sockaddr *address)
{
	struct client *client = calloc(1, sizeof(*client));

	if (client == NULL)
		return NULL;
	client->fd = fd;
	fill_address(client->address, address);
	pthread_mutex_lock(&c->lock);
	if (c->count >= MOST_CLIENTS)
		make_room(c, client->address);
	client->until_us = loop_now_us() + c->patience_us;
	client->next = c->first;
	client->at = &c->first;
	if (client->next != NULL)
		client->next->at = &client->next;
	c->first = client;
	c->count++;
	pthread_mutex_unlock(&c->lock);
	return client;
}

void
clients_leave(struct clients *c, struct client *client)
{
	if (client == NULL)
		return;
	pthread_mutex_lock(&c->lock);
	*client->at = client->next;
	if (client->next != NULL)
		client->next->at = client->at;
	if (!client->leaving)
		c->count--;
	pthread_mutex_unlock(&c->lock);
	free(client);
}

void
clients_work(struct clients *c, struct client *client)
{
	if (client == NULL)
		return;
	pthread_mutex_lock(&c->lock);
	client->until_us = 0;
	pthread_mutex_unlock(&c->lock);
}

void
clients_wait(struct clients *c, struct client *client)
{
	if (client == NULL)
		return;
	pthread_mutex_lock(&c->lock);
	client->until_us = loop_now_us() + c->patience_us;
	pthread_mutex_unlock(&c->lock);
}

void
clients_expire(struct clients *c)
{
	const int64_t now = loop_now_us();
	struct client *client;

	pthread_mutex_lock(&c->lock);
	for (client = c->first; client != NULL; client = client->next)
		if (is_waited_for(client) && client->until_us <= now)
			shut_down(c, client);
	pthread_mutex_unlock(&c->lock);
}
