/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * From a name to a connected descriptor.
 *
 * getaddrinfo(3) cannot be bounded, so it runs in a detached thread of its
 * own; when the deadline comes first, the thread is left behind and cleans up
 * after itself.  Numeric addresses need none.  Addresses are tried in the
 * order of the resolver, families taking turns, each attempt with a head
 * start of 250 ms over the next (RFC 8305 section 5).
 */

#include "config.h"

#include "dial.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "name.h"
#include "text.h"
#include "wait.h"

#define MAX_ADDRESSES 16
#define HEAD_START_US 250000
#define SHOWN 100

/* Shared by the caller and the thread; the last one frees. */
struct lookup {
	pthread_mutex_t lock;
	pthread_cond_t finished;
	bool is_done;
	bool abandoned;
	int rc;
	int sys_errno;
	struct addrinfo hints;
	struct addrinfo *list;
	char host[STARTTLS_HOST_SIZE];
	char port[32];
};

struct race {
	const struct addrinfo *address[MAX_ADDRESSES];
	size_t count, next;
	int fd[MAX_ADDRESSES];     /* attempts under way */
	size_t active;
	int64_t next_start;
	int last_errno;
};

static void
free_lookup(struct lookup *l)
{
	if (l->list != NULL)
		freeaddrinfo(l->list);
	pthread_cond_destroy(&l->finished);
	pthread_mutex_destroy(&l->lock);
	free(l);
}

static void *
look_up(void *argument)
{
	struct lookup *l = argument;
	struct addrinfo *list = NULL;
	int rc = getaddrinfo(l->host, l->port, &l->hints, &list);
	int saved = errno;
	bool abandoned;

	pthread_mutex_lock(&l->lock);
	l->rc = rc;
	l->sys_errno = saved;
	l->list = rc == 0 ? list : NULL;
	l->is_done = true;
	abandoned = l->abandoned;
	pthread_cond_signal(&l->finished);
	pthread_mutex_unlock(&l->lock);
	if (abandoned)
		free_lookup(l);
	return NULL;
}

static struct lookup *
new_lookup(const char *host, const char *port, const struct addrinfo *hints)
{
	struct lookup *l = calloc(1, sizeof(*l));
	pthread_condattr_t attr;

	if (l == NULL)
		return NULL;
	pthread_mutex_init(&l->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&l->finished, &attr);
	pthread_condattr_destroy(&attr);
	l->hints = *hints;
	snprintf(l->host, sizeof(l->host), "%s", host);
	snprintf(l->port, sizeof(l->port), "%s", port);
	return l;
}

/* Start the thread; it must not take the application's signals. */
static int
start_thread(struct lookup *l)
{
	pthread_attr_t attr;
	pthread_t thread;
	sigset_t all, old;
	int rc;

	sigfillset(&all);
	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	rc = pthread_create(&thread, &attr, look_up, l);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	pthread_attr_destroy(&attr);
	return rc;
}

/* Wait for the thread.  Returns 0 or STARTTLS_E_TIMEOUT. */
static int
await(struct lookup *l, int64_t deadline)
{
	struct timespec until = {
		.tv_sec = (time_t)(deadline / 1000000),
		.tv_nsec = (long)(deadline % 1000000) * 1000,
	};
	int rc = 0;

	pthread_mutex_lock(&l->lock);
	while (!l->is_done && rc == 0)
		rc = deadline == STARTTLS_NEVER ?
		    pthread_cond_wait(&l->finished, &l->lock) :
		    pthread_cond_timedwait(&l->finished, &l->lock, &until);
	if (!l->is_done)
		l->abandoned = true;
	rc = l->is_done ? 0 : STARTTLS_E_TIMEOUT;
	pthread_mutex_unlock(&l->lock);
	return rc;
}

static int
resolve_failed(struct starttls_error *error, const char *host, int rc,
	       int sys_errno)
{
	char shown[SHOWN];

	starttls_text_clean(shown, sizeof(shown), host, strlen(host));
	if (rc == EAI_MEMORY)
		return starttls_error_set(error, STARTTLS_E_NOMEM,
		    STARTTLS_PHASE_RESOLVE, "out of memory");
	if (rc == EAI_SERVICE)
		return starttls_error_set(error, STARTTLS_E_INVALID,
		    STARTTLS_PHASE_RESOLVE, "no such port or service");
	if (rc == EAI_SYSTEM)
		return starttls_error_sys(error, STARTTLS_E_RESOLVE,
		    STARTTLS_PHASE_RESOLVE, sys_errno,
		    "cannot resolve %s", shown);
	return starttls_error_set(error, STARTTLS_E_RESOLVE,
	    STARTTLS_PHASE_RESOLVE, "cannot resolve %s: %s", shown,
	    gai_strerror(rc));
}

static int
resolve(const char *host, const char *port, enum starttls_family family,
	int64_t deadline, struct addrinfo **ret_list,
	struct starttls_error *error)
{
	struct addrinfo hints = {
		.ai_family = family == STARTTLS_IPV4 ? AF_INET :
		    family == STARTTLS_IPV6 ? AF_INET6 : AF_UNSPEC,
		.ai_socktype = SOCK_STREAM,
		.ai_flags = AI_NUMERICHOST,
	};
	struct name name;
	struct lookup *l;
	const char *why;
	int rc;

	/* first, as the resolver takes "127.1" and "0x7f.1" for addresses */
	rc = starttls_name_parse(host, &name, &why);
	if (rc != 0)
		return starttls_error_set(error, rc, STARTTLS_PHASE_SETUP,
		    "the host cannot be used: %s", why);
	if (name.ip_len != 0) {
		rc = getaddrinfo(host, port, &hints, ret_list);
		return rc == 0 ? 0 : resolve_failed(error, host,
		    rc == EAI_NONAME ? EAI_ADDRFAMILY : rc, errno);
	}
	hints.ai_flags = 0;
	l = new_lookup(name.text, port, &hints);
	if (l == NULL)
		return resolve_failed(error, host, EAI_MEMORY, 0);
	rc = start_thread(l);
	if (rc != 0) {
		free_lookup(l);
		return starttls_error_sys(error, STARTTLS_E_SYSTEM,
		    STARTTLS_PHASE_RESOLVE, rc, "no thread for the resolver");
	}
	if (await(l, deadline) != 0)
		return starttls_error_set(error, STARTTLS_E_TIMEOUT,
		    STARTTLS_PHASE_RESOLVE,
		    "the deadline passed, waiting for the resolver");
	rc = l->rc;
	if (rc != 0)
		rc = resolve_failed(error, host, rc, l->sys_errno);
	else
		*ret_list = l->list;
	l->list = NULL;
	free_lookup(l);
	return rc;
}

/* The resolver's order, but with the families taking turns. */
static void
line_up(struct race *race, const struct addrinfo *list)
{
	const struct addrinfo *same = list, *other = list;
	int family = list->ai_family;

	while (race->count < MAX_ADDRESSES) {
		while (same != NULL && same->ai_family != family)
			same = same->ai_next;
		while (other != NULL && other->ai_family == family)
			other = other->ai_next;
		if (same == NULL && other == NULL)
			break;
		if (same != NULL) {
			race->address[race->count++] = same;
			same = same->ai_next;
		}
		if (other != NULL && race->count < MAX_ADDRESSES) {
			race->address[race->count++] = other;
			other = other->ai_next;
		}
	}
}

/* Start one attempt.  Returns the descriptor if it succeeded at once. */
static int
attempt(struct race *race)
{
	const struct addrinfo *a = race->address[race->next++];
	int fd = socket(a->ai_family, SOCK_STREAM | SOCK_NONBLOCK |
	    SOCK_CLOEXEC, a->ai_protocol);

	if (fd < 0) {
		race->last_errno = errno;
		return -1;
	}
	if (connect(fd, a->ai_addr, a->ai_addrlen) == 0)
		return fd;
	if (errno == EINPROGRESS) {
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
			race->fd[kept++] = fd;
			continue;
		}
		if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) == 0 &&
		    error == 0) {
			winner = fd;
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
	bool ready[MAX_ADDRESSES];
	int fd = -1, rc = 0;

	while (fd < 0 && rc == 0) {
		int64_t until = deadline;

		if (race->next < race->count && (race->active == 0 ||
		    starttls_now_us() >= race->next_start)) {
			fd = attempt(race);
			continue;
		}
		if (race->active == 0)
			return is_ours(race->last_errno) ?
			    STARTTLS_E_SYSTEM : STARTTLS_E_CONNECT;
		if (race->next < race->count && race->next_start < until)
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

static int
connect_any(const struct addrinfo *list, const char *host, const char *port,
	    int64_t deadline, int *ret_fd, struct starttls_error *error)
{
	struct race race = { .count = 0 };
	char shown[SHOWN];
	int fd = -1, rc;
	size_t i;

	line_up(&race, list);
	rc = run_race(&race, deadline, &fd);
	for (i = 0; i < race.active; i++)
		close(race.fd[i]);
	starttls_text_clean(shown, sizeof(shown), host, strlen(host));
	if (rc == STARTTLS_E_TIMEOUT)
		return starttls_error_set(error, rc, STARTTLS_PHASE_CONNECT,
		    "the deadline passed, connecting to %s port %s", shown,
		    port);
	if (rc != 0)
		return starttls_error_sys(error, rc, STARTTLS_PHASE_CONNECT,
		    race.active == 0 ? race.last_errno : errno,
		    "cannot connect to %s port %s", shown, port);
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK);
	*ret_fd = fd;
	return 0;
}

/* A number from 1 to 65535, or the name of a service. */
static bool
is_port(const char *port)
{
	struct addrinfo *list, hints = {
		.ai_socktype = SOCK_STREAM,
		.ai_flags = AI_NUMERICHOST,
	};
	size_t len = strlen(port);

	if (len > 0 && strspn(port, "0123456789") == len)
		return len <= 5 && strtoul(port, NULL, 10) - 1 < 65535;
	/* getaddrinfo() would also take "+1" and " 1" */
	if (len == 0 || len > 31 || port[0] < 'A' ||
	    getaddrinfo("127.0.0.1", port, &hints, &list) != 0)
		return false;
	freeaddrinfo(list);
	return true;
}

int
starttls_dial_until(const char *host, const char *port,
		    enum starttls_family family, int64_t deadline,
		    int *ret_fd, struct dial_times *ret_times,
		    struct starttls_error *error)
{
	struct addrinfo *list = NULL;
	int64_t start = starttls_now_us(), resolved;
	int rc;

	*ret_times = (struct dial_times){ -1, -1 };
	if (!is_port(port))
		return starttls_error_set(error, STARTTLS_E_INVALID,
		    STARTTLS_PHASE_SETUP, "the port is no number from 1 to "
		    "65535 and no service name");
	rc = resolve(host, port, family, deadline, &list, error);
	if (rc != 0)
		return rc;
	resolved = starttls_now_us();
	ret_times->resolve_us = resolved - start;
	rc = connect_any(list, host, port, deadline, ret_fd, error);
	if (rc == 0)
		ret_times->connect_us = starttls_now_us() - resolved;
	freeaddrinfo(list);
	return rc;
}

int
starttls_dial(const char *host, const char *port, enum starttls_family family,
	      int timeout_ms, int *ret_fd, struct starttls_error *error)
{
	struct dial_times times;

	if (error != NULL)
		starttls_error_reset(error);
	if (host == NULL || port == NULL || ret_fd == NULL || timeout_ms < -1 ||
	    (family != STARTTLS_ANY && family != STARTTLS_IPV4 &&
	    family != STARTTLS_IPV6))
		return starttls_error_set(error, STARTTLS_E_INVALID,
		    STARTTLS_PHASE_SETUP, "dialling needs a host, a port, a "
		    "family and a timeout from -1 on");
	return starttls_dial_until(host, port, family,
	    starttls_deadline(timeout_ms), ret_fd, &times, error);
}
