/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * systemd's protocols for services, sd_listen_fds(3) and sd_notify(3), which
 * others know as well: a socket as descriptor 3, and datagrams of VARIABLE=VALUE
 * lines.  Both are in environment variables, and without those nothing here does
 * anything.
 */

#include "config.h"

#include "manager.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "address.h"
#include "clock.h"
#include "compat.h"
#include "starttls.h"

#define FIRST_FD 3
#define PATIENCE_S 5               /* with a manager that does not read */

/* ---- being told what to listen on ---- */

static bool
is_number(const char *text, long number)
{
	char *end;

	return text != NULL && strtol(text, &end, 10) == number &&
	    end != text && *end == '\0';
}

/* What is wrong with a socket; NULL: nothing. */
static const char *
find_fault(int fd, bool only_loopback)
{
	struct sockaddr_storage address;
	socklen_t len = sizeof(address), type_len = sizeof(int);
	int type = 0, listens = 0;

	if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &type_len) != 0 ||
	    getsockname(fd, (struct sockaddr *)&address, &len) != 0)
		return "is no socket";
	type_len = sizeof(int);
	if (type != SOCK_STREAM || getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN,
	    &listens, &type_len) != 0 || listens == 0)
		return "is no stream that listens (ListenStream= with "
		    "Accept=no)";
	if (only_loopback && address.ss_family != AF_UNIX &&
	    !is_loopback((struct sockaddr *)&address))
		return "listens on no loopback address, and in the clear "
		    "nothing may leave this machine";
	return NULL;
}

static int
find_listener(struct manager *m, bool only_loopback, char *why, size_t size)
{
	const char *count = getenv("LISTEN_FDS"), *fault;
	int flags;

	if (count == NULL || !is_number(getenv("LISTEN_PID"), getpid()))
		return 0;
	if (!is_number(count, 1)) {
		snprintf(why, size, "the service manager passes %.20s "
		    "sockets, and one can be served", count);
		return STARTTLS_E_INVALID;
	}
	fault = find_fault(FIRST_FD, only_loopback);
	if (fault != NULL) {
		snprintf(why, size, "what the service manager passes %s",
		    fault);
		return STARTTLS_E_INVALID;
	}
	flags = fcntl(FIRST_FD, F_GETFL);
	if (flags < 0 || fcntl(FIRST_FD, F_SETFL, flags | O_NONBLOCK) != 0 ||
	    fcntl(FIRST_FD, F_SETFD, FD_CLOEXEC) != 0) {
		snprintf(why, size, "the socket of the service manager: %s",
		    strerror(errno));
		return STARTTLS_E_SYSTEM;
	}
	m->listener = FIRST_FD;
	return 0;
}

/* ---- telling how it goes ---- */

/* Connected, as the name may be out of reach later. */
static int
find_ear(struct manager *m, char *why, size_t size)
{
	const struct timeval patience = { .tv_sec = PATIENCE_S };
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	const char *path = getenv("NOTIFY_SOCKET");
	size_t len = path == NULL ? 0 : strlen(path);

	if (len == 0)
		return 0;
	errno = EINVAL;
	if (len < sizeof(address.sun_path) &&
	    (path[0] == '/' || path[0] == '@')) {
		memcpy(address.sun_path, path, len);
		if (path[0] == '@') /* a name that is no file's */
			address.sun_path[0] = '\0';
		m->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	}
	if (m->fd > 0 && setsockopt(m->fd, SOL_SOCKET, SO_SNDTIMEO,
	    &patience, sizeof(patience)) == 0 &&
	    connect(m->fd, (const struct sockaddr *)&address,
	    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len)) == 0)
		return 0;
	snprintf(why, size, "NOTIFY_SOCKET: %.100s: %s", path,
	    strerror(errno));
	return STARTTLS_E_SYSTEM;
}

/* Who cannot be told finds out by waiting in vain. */
static void
tell(const struct manager *m, const char *text)
{
	ssize_t n;

	if (m->fd <= 0)
		return;
	do {
		n = send(m->fd, text, strlen(text), MSG_NOSIGNAL);
	} while (n < 0 && errno == EINTR);
}

int
manager_find(struct manager *m, bool only_loopback, char *why, size_t size)
{
	int rc;

	*m = (struct manager){ .fd = 0 };
	rc = find_listener(m, only_loopback, why, size);
	if (rc == 0)
		rc = find_ear(m, why, size);
	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDS");
	unsetenv("LISTEN_FDNAMES");
	unsetenv("NOTIFY_SOCKET");
	return rc;
}

void
manager_done(struct manager *m)
{
	if (m->fd > 0)
		close(m->fd);
	m->fd = 0;
}

void
manager_ready(const struct manager *m, const char *where)
{
	char text[200];

	snprintf(text, sizeof(text), "READY=1\nSTATUS=listening on %.150s",
	    where);
	tell(m, text);
}

/* The time is that of CLOCK_MONOTONIC, without which a manager that has asked
   for this would not know that it was answered. */
void
manager_reloading(const struct manager *m)
{
	char text[80];

	snprintf(text, sizeof(text), "RELOADING=1\nMONOTONIC_USEC=%lld",
	    (long long)loop_now_us());
	tell(m, text);
}

void
manager_reloaded(const struct manager *m)
{
	tell(m, "READY=1");
}

void
manager_stopping(const struct manager *m)
{
	tell(m, "STOPPING=1");
}
