/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

#include "config.h"

#include "door.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "address.h"
#include "compat.h"
#include "listen.h"
#include "starttls.h"

int
door_find(struct door *ret, const struct door_settings *s, char *why,
	  size_t size)
{
	int rc;

	*ret = (struct door){ .listener = 0 };
	rc = manager_find(&ret->manager, s->only_loopback, why, size);
	return rc != 0 ? rc : standing_find(&ret->standing, s->user, s->root,
	    why, size);
}

static int
listen_at_path(struct door *door, const struct door_settings *s, char *why,
	       size_t size)
{
	int rc = listen_unix(s->path, &door->listener, why, size);

	if (rc != 0)
		return rc;
	door->path = s->path;
	if (s->user == NULL || lchown(s->path, door->standing.uid,
	    door->standing.gid) == 0)
		return 0;
	snprintf(why, size, "cannot give %.100s to %.60s: %s", s->path,
	    s->user, strerror(errno));
	return STARTTLS_E_SYSTEM;
}

static int
listen_somewhere(struct door *door, const struct door_settings *s,
		 const char *port, char *why, size_t size)
{
	if (door->manager.listener > 0 && (s->host != NULL ||
	    s->path != NULL)) {
		snprintf(why, size, "%s: the service manager passes a socket "
		    "already", s->host != NULL ? "--listen" : "--listen-unix");
		return STARTTLS_E_INVALID;
	}
	if (s->path != NULL)
		return listen_at_path(door, s, why, size);
	door->listener = door->manager.listener;
	return door->listener > 0 ? 0 :
	    listen_tcp(s->host != NULL ? s->host : "127.0.0.1",
		s->host != NULL ? s->port : port, s->only_loopback,
		&door->listener, why, size);
}

int
door_open(struct door *door, const struct door_settings *s, const char *port,
	  char *why, size_t size)
{
	int rc = listen_somewhere(door, s, port, why, size);

	return rc != 0 ? rc : standing_take(&door->standing, why, size);
}

bool
door_show(const struct door *door, char *buf, size_t size)
{
	struct sockaddr_storage address;
	socklen_t len = sizeof(address);

	if (getsockname(door->listener, (struct sockaddr *)&address,
	    &len) != 0)
		return false;
	if (door->path != NULL)
		snprintf(buf, size, "%s", door->path);
	else
		show_address((struct sockaddr *)&address, len, buf, size);
	return true;
}

/* What is found under the same names now is another's. */
const char *
door_fault_of_reload(const struct door *door)
{
	return door->standing.root == NULL ? NULL :
	    "what was read before --chroot cannot be read again; restart "
	    "instead";
}

void
door_close(struct door *door)
{
	if (door->listener > 0)
		close(door->listener);
	if (door->path != NULL && door->standing.root == NULL)
		unlink(door->path);
	door->listener = 0;
	door->path = NULL;
}

void
door_done(struct door *door)
{
	door_close(door);
	manager_done(&door->manager);
}
