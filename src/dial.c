/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * From a name to a connected descriptor, without waiting.
 *
 * Addresses are tried in the order of the resolver, families taking turns,
 * each attempt with a head start of 250 ms over the next (RFC 8305 section 5).
 * Who waits can poll one descriptor: it is the resolver's, then the socket if
 * there is but one, and else a set of them with the end of the head start.
 * Where there are no sets the latest socket has to do, and the others are
 * looked at now and then.  What may have been polled is closed by the step
 * behind, when whoever polls has heard of its successor.
 */

#include "config.h"

#include "dial.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "compat.h"
#include "local.h"
#include "resolve.h"
#include "wait.h"
#include "watchset.h"

#define HEAD_START_US 250000
#define GLANCE_US 20000            /* at sockets that cannot be watched */

struct attempt {
	int fd;
	size_t of;                 /* its address */
	bool is_watched;           /* by the set */
};

struct dial {
	struct question question;
	struct local local;
	struct resolution resolution;
	bool is_resolved;
	int64_t started, resolved; /* at */
	int fd;                    /* to wait for */
	int64_t wake;

	/* the race */
	struct attempt attempts[RESOLVE_MAX_ADDRESSES]; /* under way */
	size_t active;
	int stale;                 /* was polled; to be closed */
	size_t next;               /* address to try */
	size_t last;               /* that was tried, or the winner */
	int64_t next_start;
	int last_errno;
	struct watchset set;

	struct addresses addresses; /* last, and not zeroed: most connections
	                              have but one */
};

/* ---- the race ---- */

/* Returns 0 and the descriptor, which is connected, connecting, or -1; or a
   code. */
static int
begin_attempt(struct dial *d, int *ret_fd, struct starttls_error *error)
{
	struct sockaddr_storage *address =
	    &d->addresses.list[d->last].address;
	int fd = socket(address->ss_family, SOCK_STREAM | SOCK_NONBLOCK |
	    SOCK_CLOEXEC, 0), rc = 0;

	*ret_fd = -1;
	if (fd >= 0)
		rc = starttls_local_bind(&d->local, fd, address, error);
	if (fd >= 0 && rc == 0 && (connect(fd, (struct sockaddr *)address,
	    d->addresses.list[d->last].len) == 0 || errno == EINPROGRESS)) {
		*ret_fd = fd;
		return 0;
	}
	d->last_errno = errno;
	if (fd >= 0)
		close(fd);
	return rc;
}

/* Start one attempt.  Returns 0 or a code. */
static int
attempt(struct dial *d, struct starttls_error *error)
{
	int fd, rc;

	d->last = d->next++;
	rc = begin_attempt(d, &fd, error);
	if (fd < 0)
		return rc;
	d->attempts[d->active++] = (struct attempt){ .fd = fd, .of = d->last };
	d->next_start = starttls_now_us() + HEAD_START_US;
	return 0;
}

/* Sort out the attempts that have ended.  Returns the one that succeeded. */
static int
collect(struct dial *d)
{
	bool ready[RESOLVE_MAX_ADDRESSES];
	int fds[RESOLVE_MAX_ADDRESSES], winner = -1;
	size_t i, kept = 0;

	for (i = 0; i < d->active; i++)
		fds[i] = d->attempts[i].fd;
	starttls_which_ready(fds, ready, d->active);
	for (i = 0; i < d->active; i++) {
		int error = 0;
		socklen_t len = sizeof(error);

		if (!ready[i] || winner >= 0) {
			d->attempts[kept++] = d->attempts[i];
			continue;
		}
		if (getsockopt(fds[i], SOL_SOCKET, SO_ERROR, &error, &len) ==
		    0 && error == 0) {
			winner = fds[i];
			d->last = d->attempts[i].of;
			continue;
		}
		d->last_errno = error != 0 ? error : errno;
		if (fds[i] == d->fd)
			d->stale = fds[i];
		else
			close(fds[i]);
		d->next_start = 0; /* the next one need not wait */
	}
	d->active = kept;
	return winner;
}

/* Whether it is this machine that has run out of something. */
static bool
is_ours(int number)
{
	return number == EMFILE || number == ENFILE || number == ENOBUFS ||
	    number == ENOMEM;
}

static bool
watch_all(struct dial *d)
{
	size_t i;

	for (i = 0; i < d->active; i++) {
		struct attempt *a = &d->attempts[i];

		a->is_watched = a->is_watched ||
		    starttls_watchset_add(&d->set, a->fd);
		if (!a->is_watched)
			return false;
	}
	return starttls_watchset_at(&d->set, d->wake);
}

/* What to wait for. */
static int
wait_for_race(struct dial *d)
{
	const bool has_more = d->next < d->addresses.count;

	d->wake = has_more ? d->next_start : STARTTLS_NEVER;
	d->fd = d->attempts[d->active - 1].fd;
	if (d->active == 1 && !has_more)
		return STARTTLS_WANT_WRITE;
	if (watch_all(d)) {
		d->fd = d->set.fd;
		return STARTTLS_WANT_READ;
	}
	if (d->active > 1 && d->wake > starttls_now_us() + GLANCE_US)
		d->wake = starttls_now_us() + GLANCE_US;
	return STARTTLS_WANT_WRITE;
}

static int
step_race(struct dial *d, int *ret_fd, struct starttls_error *error)
{
	int rc;

	for (;;) {
		const bool has_more = d->next < d->addresses.count;
		const size_t before = d->active;
		int fd;

		if (has_more && (before == 0 ||
		    starttls_now_us() >= d->next_start)) {
			rc = attempt(d, error);
			if (rc != 0)
				return rc;
			continue;
		}
		if (before == 0)
			return starttls_error_sys(error, is_ours(d->last_errno) ?
			    STARTTLS_E_SYSTEM : STARTTLS_E_CONNECT,
			    STARTTLS_PHASE_CONNECT, d->last_errno,
			    "cannot connect to %s port %s", d->question.shown,
			    d->question.port);
		fd = collect(d);
		if (fd >= 0) {
			*ret_fd = fd;
			return 0;
		}
		if (d->active == before)
			return wait_for_race(d);
	}
}

static void
close_stale(struct dial *d)
{
	if (d->stale >= 0)
		close(d->stale);
	d->stale = -1;
	if (d->is_resolved)
		starttls_resolve_done(&d->resolution);
}

static void
note_address(const struct dial *d, char *ret_text, size_t size)
{
	if (!d->is_resolved || d->next == 0 || getnameinfo(
	    (const struct sockaddr *)&d->addresses.list[d->last].address,
	    d->addresses.list[d->last].len, ret_text, (socklen_t)size, NULL, 0,
	    NI_NUMERICHOST) != 0)
		ret_text[0] = '\0';
}

/* ---- all of it ---- */

int
starttls_dial_new(struct dial **ret_dial, const char *host, const char *port,
		  const struct starttls_options *options,
		  struct starttls_error *error)
{
	enum starttls_family family = options->family;
	struct dial *d = malloc(sizeof(*d));
	int rc;

	if (d == NULL)
		return starttls_error_set(error, STARTTLS_E_NOMEM,
		    STARTTLS_PHASE_SETUP, "out of memory");
	memset(d, 0, offsetof(struct dial, addresses));
	d->addresses.count = 0;
	d->set = (struct watchset)WATCHSET_INIT;
	d->fd = d->stale = -1;
	d->wake = STARTTLS_NEVER;
	d->started = starttls_now_us();
	rc = starttls_local_make(&d->local, options->local_address,
	    options->local_interface, &family, error);
	if (rc == 0)
		rc = starttls_question_make(&d->question, host, port, family,
		    error);
	if (rc != 0) {
		free(d);
		return rc;
	}
	*ret_dial = d;
	return 0;
}

int
starttls_dial_step(struct dial *dial, int *ret_fd,
		   struct starttls_error *error)
{
	struct dial *d = dial;
	int fd = -1, rc;

	close_stale(d);
	if (!d->is_resolved) {
		rc = starttls_resolve(&d->resolution, &d->question,
		    &d->addresses, error);
		d->fd = rc == STARTTLS_WANT_READ ? d->resolution.ends[0] : -1;
		if (rc != 0)
			return rc;
		d->is_resolved = true;
		d->resolved = starttls_now_us();
	}
	rc = step_race(d, &fd, error);
	if (rc == STARTTLS_WANT_READ || rc == STARTTLS_WANT_WRITE)
		return rc;
	d->fd = -1;
	if (rc != 0) {
		if (error != NULL)
			note_address(d, error->address,
			    sizeof(error->address));
		return rc;
	}
	fcntl(fd, F_SETFL, 0);     /* it had nothing but O_NONBLOCK */
	*ret_fd = fd;
	return 0;
}

int
starttls_dial_fd(const struct dial *dial)
{
	return dial->fd;
}

int64_t
starttls_dial_wake(const struct dial *dial)
{
	return dial->wake;
}

int
starttls_dial_late(const struct dial *dial, struct starttls_error *error)
{
	const struct dial *d = dial;
	int rc;

	if (!d->is_resolved)
		return starttls_resolve_late(&d->resolution, &d->question,
		    error);
	rc = starttls_error_set(error, STARTTLS_E_TIMEOUT,
	    STARTTLS_PHASE_CONNECT,
	    "the deadline passed, connecting to %s port %s",
	    d->question.shown, d->question.port);
	if (error != NULL)
		note_address(d, error->address, sizeof(error->address));
	return rc;
}

void
starttls_dial_facts(const struct dial *dial, struct dial_facts *ret_facts)
{
	const struct dial *d = dial;
	const int64_t now = starttls_now_us();

	ret_facts->resolve_us = (d->is_resolved ? d->resolved : now) -
	    d->started;
	ret_facts->connect_us = d->is_resolved ? now - d->resolved : -1;
	note_address(d, ret_facts->address, sizeof(ret_facts->address));
}

void
starttls_dial_free(struct dial *dial)
{
	if (dial == NULL)
		return;
	close_stale(dial);
	starttls_resolve_done(&dial->resolution);
	starttls_watchset_done(&dial->set);
	while (dial->active > 0)
		close(dial->attempts[--dial->active].fd);
	free(dial);
}

int
starttls_dial(const char *host, const char *port, enum starttls_family family,
	      int timeout_ms, int *ret_fd, struct starttls_error *error)
{
	struct starttls_options options = STARTTLS_OPTIONS_INIT;
	int64_t deadline = starttls_deadline(timeout_ms);
	struct dial *d;
	int rc;

	if (error != NULL)
		starttls_error_reset(error);
	if (host == NULL || port == NULL || ret_fd == NULL || timeout_ms < -1 ||
	    (family != STARTTLS_ANY && family != STARTTLS_IPV4 &&
	    family != STARTTLS_IPV6))
		return starttls_error_set(error, STARTTLS_E_INVALID,
		    STARTTLS_PHASE_SETUP, "dialling needs a host, a port, a "
		    "family and a timeout from -1 on");
	options.family = family;
	rc = starttls_dial_new(&d, host, port, &options, error);
	if (rc != 0)
		return rc;
	do {
		rc = starttls_dial_step(d, ret_fd, error);
		if (rc == 0 || starttls_is_fatal(rc))
			break;
		rc = starttls_wait_until(starttls_dial_fd(d), rc,
		    starttls_dial_wake(d), deadline, false);
		if (rc == STARTTLS_E_TIMEOUT)
			rc = starttls_dial_late(d, error);
		else if (rc != 0)
			rc = starttls_error_sys(error, rc,
			    STARTTLS_PHASE_CONNECT, errno,
			    "waiting for the connection failed");
	} while (rc == 0);
	starttls_dial_free(d);
	return rc;
}
