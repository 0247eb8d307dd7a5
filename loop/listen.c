/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * Sockets that listen.  A UNIX socket is its owner's from its first moment, and
 * takes the place of one that nobody listens on any more, and of nothing else.
 */

#include "config.h"

#include "listen.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "address.h"
#include "compat.h"
#include "starttls.h"

#define BACKLOG 1024

static int
cannot_listen(const char *where, char *why, size_t size)
{
	snprintf(why, size, "cannot listen on %.200s: %s", where,
	    strerror(errno));
	return STARTTLS_E_SYSTEM;
}

int
listen_tcp(const char *host, const char *port, bool only_loopback,
	   int *ret_fd, char *why, size_t size)
{
	struct addrinfo *list;
	char where[PEER_SIZE + 16];
	int one = 1, fd, status;

	status = find_address(host, port, only_loopback, &list, why, size);
	if (status != 0)
		return status;
	show_address(list->ai_addr, list->ai_addrlen, where, sizeof(where));
	fd = socket(list->ai_family,
	    SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) != 0 ||
	    bind(fd, list->ai_addr, list->ai_addrlen) != 0 ||
	    listen(fd, BACKLOG) != 0) {
		status = cannot_listen(where, why, size);
		if (fd >= 0)
			close(fd);
	} else {
		*ret_fd = fd;
	}
	freeaddrinfo(list);
	return status;
}

/* A socket that nobody listens on any more may be replaced. */
static bool
is_abandoned(const struct sockaddr_un *address)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
	    0);
	bool abandoned;

	if (fd < 0)
		return false;
	abandoned = connect(fd, (const struct sockaddr *)address,
	    sizeof(*address)) != 0 && errno == ECONNREFUSED;
	close(fd);
	return abandoned;
}

int
listen_unix(const char *path, int *ret_fd, char *why, size_t size)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct stat st;
	mode_t mask;
	int fd, rc;

	errno = ENAMETOOLONG;
	if (strlen(path) >= sizeof(address.sun_path))
		return cannot_listen(path, why, size);
	memcpy(address.sun_path, path, strlen(path));
	if (lstat(path, &st) == 0) {
		errno = EEXIST;
		if (!S_ISSOCK(st.st_mode))
			return cannot_listen(path, why, size);
		errno = EADDRINUSE;
		if (!is_abandoned(&address)) {
			errno = EADDRINUSE;
			return cannot_listen(path, why, size);
		}
		unlink(path);
	}
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return cannot_listen(path, why, size);
	mask = umask(0177);        /* from its first moment */
	rc = bind(fd, (const struct sockaddr *)&address, sizeof(address));
	umask(mask);
	if (rc == 0)
		rc = listen(fd, BACKLOG);
	if (rc != 0) {
		rc = cannot_listen(path, why, size);
		close(fd);
		return rc;
	}
	*ret_fd = fd;
	return 0;
}
