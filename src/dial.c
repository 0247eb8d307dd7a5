/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * From a name to a connected descriptor.
 *
 * Addresses are tried in the order of the resolver, families taking turns,
 * each attempt with a head start of 250 ms over the next (RFC 8305 section 5).
 */

#include "config.h"

#include "dial.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "compat.h"
#include "resolve.h"
#include "text.h"
#include "wait.h"

#define HEAD_START_US 250000
#define SHOWN 100

struct race {
	const struct addresses *addresses;
	size_t next;
	int fd[RESOLVE_MAX_ADDRESSES]; /* attempts under way */
	size_t of[RESOLVE_MAX_ADDRESSES]; /* and their addresses */
	size_t active;
	size_t last;               /* that was tried, or the winner */
	int64_t next_start;
	int last_errno;
};

/* Start one attempt.  Returns the descriptor if it succeeded at once. */
static int
attempt(struct race *race)
{
	const size_t i = race->last = race->next++;
	const struct sockaddr *address =
	    (const struct sockaddr *)&race->addresses->list[i].address;
	int fd = socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK |
	    SOCK_CLOEXEC, 0);

	if (fd < 0) {
		race->last_errno = errno;
		return -1;
	}
	if (connect(fd, address, race->addresses->list[i].len) == 0)
		return fd;
	if (errno == EINPROGRESS) {
		race->of[race->active] = i;
		race->fd[race->active++] = fd;
		race->next_start = starttls_now_us() + HEAD_START_US;
		return -1;
	}
	race->last_errno = errno;
	close(fd);
	return -1;
}

/* Sort out the attempts that have ended.  Returns the one that succeeded. */
static int
collect(struct race *race, const bool *ready)
{
	size_t i, kept = 0;
	int winner = -1;

	for (i = 0; i < race->active; i++) {
		int fd = race->fd[i], error = 0;
		socklen_t len = sizeof(error);

		if (!ready[i] || winner >= 0) {
			race->of[kept] = race->of[i];
			race->fd[kept++] = fd;
			continue;
		}
		if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) == 0 &&
		    error == 0) {
			winner = fd;
			race->last = race->of[i];
			continue;
		}
		race->last_errno = error != 0 ? error : errno;
		close(fd);
		race->next_start = 0; /* the next one need not wait */
	}
	race->active = kept;
	return winner;
}

/* Whether it is this machine that has run out of something. */
static bool
is_ours(int number)
{
	return number == EMFILE || number == ENFILE || number == ENOBUFS ||
	    number == ENOMEM;
}

/* Returns 0 and the descriptor, STARTTLS_E_TIMEOUT, _CONNECT or _SYSTEM. */
static int
run_race(struct race *race, int64_t deadline, int *ret_fd)
{
	bool ready[RESOLVE_MAX_ADDRESSES];
	int fd = -1, rc = 0;

	while (fd < 0 && rc == 0) {
		int64_t until = deadline;

		if (race->next < race->addresses->count && (race->active == 0 ||
		    starttls_now_us() >= race->next_start)) {
			fd = attempt(race);
			continue;
		}
		if (race->active == 0)
			return is_ours(race->last_errno) ?
			    STARTTLS_E_SYSTEM : STARTTLS_E_CONNECT;
		if (race->next < race->addresses->count && race->next_start < until)
			until = race->next_start;
		rc = starttls_wait_connect(race->fd, ready, race->active,
		    until);
		if (rc == 0)
			fd = collect(race, ready);
		else if (rc == STARTTLS_E_TIMEOUT && until < deadline)
			rc = 0;    /* time for the next attempt */
	}
	*ret_fd = fd;
	return rc;
}

static void
note_address(const struct race *race, char *ret_text, size_t size)
{
	const struct sockaddr *address =
	    (const struct sockaddr *)&race->addresses->list[race->last].address;

	if (getnameinfo(address, race->addresses->list[race->last].len,
	    ret_text, (socklen_t)size, NULL, 0, NI_NUMERICHOST) != 0)
		ret_text[0] = '\0';
}

static int
connect_any(const struct addresses *addresses, const char *host,
	    const char *port, int64_t deadline, int *ret_fd,
	    struct dial_facts *ret_facts, struct starttls_error *error)
{
	struct race race = { .addresses = addresses };
	char shown[SHOWN];
	int fd = -1, rc;
	size_t i;

	rc = run_race(&race, deadline, &fd);
	for (i = 0; i < race.active; i++)
		close(race.fd[i]);
	starttls_text_clean(shown, sizeof(shown), host, strlen(host));
	if (rc == STARTTLS_E_TIMEOUT)
		starttls_error_set(error, rc, STARTTLS_PHASE_CONNECT,
		    "the deadline passed, connecting to %s port %s", shown,
		    port);
	else if (rc != 0)
		starttls_error_sys(error, rc, STARTTLS_PHASE_CONNECT,
		    race.active == 0 ? race.last_errno : errno,
		    "cannot connect to %s port %s", shown, port);
	note_address(&race, ret_facts->address, sizeof(ret_facts->address));
	if (rc != 0) {
		if (error != NULL)
			memcpy(error->address, ret_facts->address,
			    sizeof(error->address));
		return rc;
	}
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK);
	*ret_fd = fd;
	return 0;
}

int
starttls_dial_until(const char *host, const char *port,
		    enum starttls_family family, int64_t deadline,
		    int *ret_fd, struct dial_facts *ret_facts,
		    struct starttls_error *error)
{
	struct addresses addresses;
	int64_t start = starttls_now_us(), resolved;
	int rc;

	*ret_facts = (struct dial_facts){ -1, -1, "" };
	rc = starttls_resolve(host, port, family, deadline, &addresses, error);
	if (rc != 0)
		return rc;
	resolved = starttls_now_us();
	ret_facts->resolve_us = resolved - start;
	rc = connect_any(&addresses, host, port, deadline, ret_fd, ret_facts,
	    error);
	if (rc == 0)
		ret_facts->connect_us = starttls_now_us() - resolved;
	return rc;
}

int
starttls_dial(const char *host, const char *port, enum starttls_family family,
	      int timeout_ms, int *ret_fd, struct starttls_error *error)
{
	struct dial_facts facts;

	if (error != NULL)
		starttls_error_reset(error);
	if (host == NULL || port == NULL || ret_fd == NULL || timeout_ms < -1 ||
	    (family != STARTTLS_ANY && family != STARTTLS_IPV4 &&
	    family != STARTTLS_IPV6))
		return starttls_error_set(error, STARTTLS_E_INVALID,
		    STARTTLS_PHASE_SETUP, "dialling needs a host, a port, a "
		    "family and a timeout from -1 on");
	return starttls_dial_until(host, port, family,
	    starttls_deadline(timeout_ms), ret_fd, &facts, error);
}
