/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * Addresses, and sockets that listen on them.
 */

#include "config.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "compat.h"
#include "relay/front.h"

#define BACKLOG 1024

void
show_address(const struct sockaddr *address, unsigned len, char *buf,
	     size_t size)
{
	char host[PEER_SIZE], port[8];

	if (address->sa_family == AF_UNIX ||
	    getnameinfo(address, len, host, sizeof(host), port, sizeof(port),
		NI_NUMERICHOST | NI_NUMERICSERV) != 0)
		snprintf(buf, size, "local");
	else
		snprintf(buf, size, address->sa_family == AF_INET6 ?
		    "[%s]:%s" : "%s:%s", host, port);
}

static bool
is_loopback(const struct sockaddr *address)
{
	const struct sockaddr_in *in = (const void *)address;
	const struct sockaddr_in6 *in6 = (const void *)address;

	if (address->sa_family == AF_INET)
		return ntohl(in->sin_addr.s_addr) >> 24 == 127;
	return address->sa_family == AF_INET6 &&
	    IN6_IS_ADDR_LOOPBACK(&in6->sin6_addr);
}

/* "127.1" and "0x7f000001" are addresses to the resolver, and to nobody who
   reads them. */
static bool
is_shorthand(const char *host)
{
	struct addrinfo *list, hints = {
		.ai_family = AF_INET,
		.ai_flags = AI_NUMERICHOST,
	};
	struct in_addr ignored;

	if (getaddrinfo(host, NULL, &hints, &list) != 0)
		return false;
	freeaddrinfo(list);
	return inet_pton(AF_INET, host, &ignored) != 1;
}

int
find_address(const char *host, const char *port, bool only_loopback,
	     struct addrinfo **ret_list)
{
	struct addrinfo hints = {
		.ai_family = AF_UNSPEC,
		.ai_socktype = SOCK_STREAM,
		.ai_flags = AI_PASSIVE | AI_NUMERICSERV,
	};
	struct addrinfo *list = NULL;
	char shown[100];
	int rc;

	/* no resolver decides what is loopback */
	if (only_loopback) {
		hints.ai_flags |= AI_NUMERICHOST;
		if (strcmp(host, "localhost") == 0)
			host = "127.0.0.1";
	}
	clean(shown, sizeof(shown), host);
	if (is_shorthand(host)) {
		fprintf(stderr, "%s: %s is no address that is written in "
		    "full\n", program_name, shown);
		return EXIT_USAGE;
	}
	rc = getaddrinfo(host, port, &hints, &list);
	if (rc != 0 && !only_loopback) {
		fprintf(stderr, "%s: %s: %s\n", program_name, shown,
		    gai_strerror(rc));
		return EXIT_LOCAL;
	}
	if (rc == 0 && (!only_loopback || is_loopback(list->ai_addr))) {
		*ret_list = list;
		return 0;
	}
	if (rc == 0)
		freeaddrinfo(list);
	fprintf(stderr, "%s: %s is no loopback address, and in the clear "
	    "nothing may leave this machine; use 127.0.0.1 or [::1]\n",
	    program_name, shown);
	return EXIT_USAGE;
}

static int
cannot_listen(const char *where)
{
	char shown[200];

	fprintf(stderr, "%s: cannot listen on %s: %s\n", program_name,
	    clean(shown, sizeof(shown), where), strerror(errno));
	return EXIT_LOCAL;
}

int
listen_tcp(const char *host, const char *port, bool only_loopback,
	   int *ret_fd)
{
	struct addrinfo *list;
	char where[PEER_SIZE + 16];
	int one = 1, fd, status;

	status = find_address(host, port, only_loopback, &list);
	if (status != 0)
		return status;
	show_address(list->ai_addr, list->ai_addrlen, where, sizeof(where));
	fd = socket(list->ai_family,
	    SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) != 0 ||
	    bind(fd, list->ai_addr, list->ai_addrlen) != 0 ||
	    listen(fd, BACKLOG) != 0) {
		status = cannot_listen(where);
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
listen_unix(const char *path, int *ret_fd)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct stat st;
	mode_t mask;
	int fd, rc;

	errno = ENAMETOOLONG;
	if (strlen(path) >= sizeof(address.sun_path))
		return cannot_listen(path);
	memcpy(address.sun_path, path, strlen(path));
	if (lstat(path, &st) == 0) {
		errno = EEXIST;
		if (!S_ISSOCK(st.st_mode))
			return cannot_listen(path);
		errno = EADDRINUSE;
		if (!is_abandoned(&address)) {
			errno = EADDRINUSE;
			return cannot_listen(path);
		}
		unlink(path);
	}
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return cannot_listen(path);
	mask = umask(0177);        /* from its first moment */
	rc = bind(fd, (const struct sockaddr *)&address, sizeof(address));
	umask(mask);
	if (rc == 0)
		rc = listen(fd, BACKLOG);
	if (rc != 0) {
		rc = cannot_listen(path);
		close(fd);
		return rc;
	}
	*ret_fd = fd;
	return 0;
}
