/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/* Sockets on loopback for the tests: see sockets.h. */

#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "sockets.h"

#include <dirent.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static _Noreturn void
die(const char *what)
{
	fprintf(stderr, "sockets: %s: %s\n", what, strerror(errno));
	abort();
}

static int
port_of(int fd)
{
	union {
		struct sockaddr any;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
	} address;
	socklen_t len = sizeof(address);

	if (getsockname(fd, &address.any, &len) != 0)
		die("getsockname");
	return ntohs(address.any.sa_family == AF_INET ?
	    address.in.sin_port : address.in6.sin6_port);
}

int
sockets_bind(int family, char ret_port[SOCKETS_PORT_SIZE])
{
	struct sockaddr_in in = { .sin_family = AF_INET };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6 };
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0), rc;

	if (fd < 0)
		return -1;
	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	in6.sin6_addr = in6addr_loopback;
	rc = family == AF_INET ?
	    bind(fd, (const struct sockaddr *)&in, sizeof(in)) :
	    bind(fd, (const struct sockaddr *)&in6, sizeof(in6));
	if (rc != 0) {
		close(fd);
		return -1;
	}
	snprintf(ret_port, SOCKETS_PORT_SIZE, "%d", port_of(fd));
	return fd;
}

int
sockets_listen(int family, char ret_port[SOCKETS_PORT_SIZE])
{
	int fd = sockets_bind(family, ret_port);

	if (fd >= 0 && listen(fd, 64) != 0)
		die("listen");
	return fd;
}

/* Begin to connect to a listener of our own; the descriptor. */
static int
begin_connect(int listener)
{
	struct sockaddr_storage address;
	socklen_t len = sizeof(address);
	int fd;

	if (getsockname(listener, (struct sockaddr *)&address, &len) != 0)
		die("getsockname");
	fd = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC |
	    SOCK_NONBLOCK, 0);
	if (fd < 0)
		die("socket");
	if (connect(fd, (struct sockaddr *)&address, len) != 0 &&
	    errno != EINPROGRESS)
		die("connect");
	return fd;
}

bool
sockets_fill(int family, char ret_port[SOCKETS_PORT_SIZE], int ret_fds[16])
{
	struct pollfd one = { .events = POLLOUT };
	size_t n = 1;

	ret_fds[0] = sockets_bind(family, ret_port);
	ret_fds[1] = -1;
	if (ret_fds[0] < 0)
		return false;
	if (listen(ret_fds[0], 0) != 0)
		die("listen");
	while (n < 15) {
		ret_fds[n] = one.fd = begin_connect(ret_fds[0]);
		ret_fds[++n] = -1;
		if (poll(&one, 1, 100) == 0)
			return true;
	}
	return false;
}

void
sockets_pair(int ret_fds[2])
{
	char port[SOCKETS_PORT_SIZE];
	int listener = sockets_listen(AF_INET, port);

	if (listener < 0)
		die("no loopback");
	ret_fds[0] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (ret_fds[0] < 0)
		die("socket");
	if (connect(ret_fds[0], (const struct sockaddr *)
	    &(struct sockaddr_in){ .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
		.sin_port = htons((uint16_t)port_of(listener)) },
	    sizeof(struct sockaddr_in)) != 0)
		die("connect");
	ret_fds[1] = accept(listener, NULL, NULL);
	if (ret_fds[1] < 0)
		die("accept");
	close(listener);
}

void
sockets_close(const int *fds)
{
	for (; *fds >= 0; fds++)
		close(*fds);
}

size_t
sockets_count(void)
{
	DIR *dir = opendir("/proc/self/fd");
	size_t count = 0;

	if (dir == NULL)
		dir = opendir("/dev/fd");
	if (dir == NULL)
		die("no list of descriptors");
	while (readdir(dir) != NULL)
		count++;
	closedir(dir);
	return count;
}
