/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * From a host and a port to addresses.
 *
 * getaddrinfo(3) cannot be bounded, so it runs in a detached thread of its
 * own; when the deadline comes first, the thread is left behind and cleans up
 * after itself.  Threads are counted until they have ended, and there is a
 * limit to them, so that a resolver that does not answer costs a known amount.
 * Who asks what is being asked already waits for that answer.
 */

#include "config.h"

#include "resolve.h"

#include <errno.h>
#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compat.h"
#include "name.h"
#include "text.h"
#include "wait.h"

/*
 * Modules of the name service run on it, which may be anybody's: four times
 * what musl gives a thread, as much as macOS does.  What is not touched is
 * address space only, 64 MiB of it for all look-ups together.
 */
#define STACK_SIZE (512 * 1024)
#define JOIN_US 30000000           /* an older look-up may never end */
#define SHOWN 100

struct lookup {
	struct lookup *next;       /* under way */
	size_t refs;               /* those who wait, and the thread */
	pthread_cond_t finished;
	int64_t since;
	bool is_done;
	int rc;
	int sys_errno;
	struct addresses found;

	/* the question */
	int family, flags;
	char host[STARTTLS_HOST_SIZE + 1]; /* with a final dot */
	char port[32];
};

/* The lock is for all of the look-ups as well. */
static struct {
	pthread_mutex_t lock;
	pthread_cond_t has_room;
	struct lookup *first;
	size_t count;
} under_way = { .lock = PTHREAD_MUTEX_INITIALIZER };

static void
init_condition(pthread_cond_t *condition)
{
	pthread_condattr_t attr;

	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(condition, &attr);
	pthread_condattr_destroy(&attr);
}

/* In the child of a fork there are no threads that could end. */
static void
start_over(void)
{
	pthread_mutex_init(&under_way.lock, NULL);
	init_condition(&under_way.has_room);
	under_way.count = 0;
	while (under_way.first != NULL) {
		struct lookup *l = under_way.first;

		under_way.first = l->next;
		free(l);
	}
}

static void
init(void)
{
	init_condition(&under_way.has_room);
	pthread_atfork(NULL, NULL, start_over);
}

/* Returns 0 or ETIMEDOUT. */
static int
wait_for(pthread_cond_t *condition, int64_t deadline)
{
	struct timespec until = {
		.tv_sec = (time_t)(deadline / 1000000),
		.tv_nsec = (long)(deadline % 1000000) * 1000,
	};

	return deadline == STARTTLS_NEVER ?
	    pthread_cond_wait(condition, &under_way.lock) :
	    pthread_cond_timedwait(condition, &under_way.lock, &until);
}

/* Returns the next of the list, from @a on, that is of the family, or is not. */
static const struct addrinfo *
skip(const struct addrinfo *a, int family, bool is_of_it)
{
	while (a != NULL && (a->ai_family == family) != is_of_it)
		a = a->ai_next;
	return a;
}

static void
add(struct addresses *to, const struct addrinfo *a)
{
	if (to->count == RESOLVE_MAX_ADDRESSES ||
	    a->ai_addrlen > sizeof(to->list[0].address))
		return;
	memcpy(&to->list[to->count].address, a->ai_addr, a->ai_addrlen);
	to->list[to->count++].len = a->ai_addrlen;
}

/* The resolver's order, but with the families taking turns. */
static void
line_up(struct addresses *to, const struct addrinfo *list)
{
	const int family = list->ai_family;
	const struct addrinfo *same = list, *other = skip(list, family, false);

	to->count = 0;
	while (same != NULL || other != NULL) {
		if (same != NULL) {
			add(to, same);
			same = skip(same->ai_next, family, true);
		}
		if (other != NULL) {
			add(to, other);
			other = skip(other->ai_next, family, false);
		}
	}
}

/* Ask the resolver.  Returns what getaddrinfo(3) does, and its errno. */
static int
get_addresses(const struct lookup *l, struct addresses *ret_addresses)
{
	struct addrinfo *list = NULL, hints = {
		.ai_family = l->family,
		.ai_socktype = SOCK_STREAM,
		.ai_flags = l->flags,
	};
	int rc = getaddrinfo(l->host, l->port, &hints, &list), saved = errno;

	if (rc == 0) {
		line_up(ret_addresses, list);
		freeaddrinfo(list);
	}
	errno = saved;
	return rc;
}

static void
release(struct lookup *l)
{
	if (--l->refs > 0)
		return;
	pthread_cond_destroy(&l->finished);
	free(l);
}

static void *
look_up(void *argument)
{
	struct lookup *l = argument, **place = &under_way.first;
	int rc = get_addresses(l, &l->found), saved = errno;

	pthread_mutex_lock(&under_way.lock);
	while (*place != l)
		place = &(*place)->next;
	*place = l->next;
	under_way.count--;
	pthread_cond_signal(&under_way.has_room);
	l->rc = rc;
	l->sys_errno = saved;
	l->is_done = true;
	pthread_cond_broadcast(&l->finished);
	release(l);
	pthread_mutex_unlock(&under_way.lock);
	return NULL;
}

/* The thread must not take the application's signals.  Returns 0 or errno. */
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
	pthread_attr_setstacksize(&attr, STACK_SIZE);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	rc = pthread_create(&thread, &attr, look_up, l);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	pthread_attr_destroy(&attr);
	return rc;
}

/* Returns 0 and a look-up with a reference for the caller, or errno. */
static int
start_lookup(const struct lookup *question, struct lookup **ret_lookup)
{
	struct lookup *l = malloc(sizeof(*l));
	int rc;

	if (l == NULL)
		return ENOMEM;
	*l = *question;
	init_condition(&l->finished);
	l->refs = 2;
	l->since = starttls_now_us();
	rc = start_thread(l);
	if (rc != 0) {
		l->refs = 1;
		release(l);
		return rc;
	}
	l->next = under_way.first;
	under_way.first = l;
	under_way.count++;
	*ret_lookup = l;
	return 0;
}

static struct lookup *
find_lookup(const struct lookup *question)
{
	const int64_t oldest = starttls_now_us() - JOIN_US;
	struct lookup *l;

	for (l = under_way.first; l != NULL; l = l->next)
		if (l->since >= oldest && l->family == question->family &&
		    l->flags == question->flags &&
		    strcmp(l->host, question->host) == 0 &&
		    strcmp(l->port, question->port) == 0)
			break;
	return l;
}

/* Returns 0, errno, or ETIMEDOUT if there was no room. */
static int
join_lookup(const struct lookup *question, int64_t deadline,
	    struct lookup **ret_lookup)
{
	struct lookup *l;
	int rc = 0;

	while ((l = find_lookup(question)) == NULL && rc == 0 &&
	    under_way.count >= RESOLVE_MAX_LOOKUPS)
		rc = wait_for(&under_way.has_room, deadline);
	if (l != NULL) {
		l->refs++;
		rc = 0;
	} else if (under_way.count < RESOLVE_MAX_LOOKUPS) {
		rc = start_lookup(question, &l);
	}
	/* the call may have been for room that we did not need */
	if (under_way.count < RESOLVE_MAX_LOOKUPS)
		pthread_cond_signal(&under_way.has_room);
	*ret_lookup = l;
	return rc;
}

static int
lookup_failed(struct starttls_error *error, const char *shown, int number)
{
	if (number == ENOMEM)
		return starttls_error_set(error, STARTTLS_E_NOMEM,
		    STARTTLS_PHASE_RESOLVE, "out of memory");
	if (number == ETIMEDOUT)
		return starttls_error_sys(error, STARTTLS_E_RESOLVE,
		    STARTTLS_PHASE_RESOLVE, EAGAIN, "cannot resolve %s: "
		    "%d look-ups wait for the resolver already", shown,
		    RESOLVE_MAX_LOOKUPS);
	return starttls_error_sys(error, STARTTLS_E_SYSTEM,
	    STARTTLS_PHASE_RESOLVE, number, "no thread for the resolver");
}

static int
resolve_failed(struct starttls_error *error, const char *shown, int rc,
	       int sys_errno)
{
	if (rc == EAI_MEMORY)
		return lookup_failed(error, shown, ENOMEM);
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

/* In a thread, until the deadline. */
static int
resolve_elsewhere(const struct lookup *question, const char *shown,
		  int64_t deadline, struct addresses *ret_addresses,
		  struct starttls_error *error)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	struct lookup *l = NULL;
	bool is_done = false;
	int rc, timed_out = 0, sys_errno = 0;

	pthread_once(&once, init);
	pthread_mutex_lock(&under_way.lock);
	rc = join_lookup(question, deadline, &l);
	if (l != NULL) {
		while (!l->is_done && timed_out == 0)
			timed_out = wait_for(&l->finished, deadline);
		is_done = l->is_done;
		rc = l->rc;
		sys_errno = l->sys_errno;
		if (is_done && rc == 0)
			*ret_addresses = l->found;
		release(l);
	}
	pthread_mutex_unlock(&under_way.lock);
	if (l == NULL)
		return lookup_failed(error, shown, rc);
	if (!is_done)
		return starttls_error_set(error, STARTTLS_E_TIMEOUT,
		    STARTTLS_PHASE_RESOLVE,
		    "the deadline passed, waiting for the resolver");
	return rc == 0 ? 0 : resolve_failed(error, shown, rc, sys_errno);
}

/*
 * Digits are a number from 1 to 65535; anything else may be the name of a
 * service, RFC 6335 section 5.1 and some that are older.  getaddrinfo() would
 * take "+1" and " 1" as well.
 */
static bool
is_port(const char *port, bool *ret_is_number)
{
	const size_t len = strlen(port), digits = strspn(port, "0123456789");

	*ret_is_number = digits == len;
	if (digits == len)
		return len > 0 && len <= 5 &&
		    strtoul(port, NULL, 10) - 1 < 65535;
	return len < sizeof(((struct lookup *)NULL)->port) &&
	    ((port[0] >= 'a' && port[0] <= 'z') ||
	    (port[0] >= 'A' && port[0] <= 'Z')) &&
	    strspn(port, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	    "0123456789-_.+/*") == len;
}

/*
 * An address with its scope; a name with its final dot, which keeps resolvers
 * from trying it in other domains first.  "localhost" is in no domain and in
 * the resolver's files, without a dot (RFC 6761 section 6.3).
 */
static void
write_host(struct lookup *question, const char *host, const struct name *name)
{
	snprintf(question->host, sizeof(question->host), "%s%s",
	    name->ip_len != 0 ? host : name->text, name->is_absolute &&
	    strcmp(name->text, "localhost") != 0 ? "." : "");
}

int
starttls_resolve(const char *host, const char *port,
		 enum starttls_family family, int64_t deadline,
		 struct addresses *ret_addresses, struct starttls_error *error)
{
	struct lookup question = {
		.family = family == STARTTLS_IPV4 ? AF_INET :
		    family == STARTTLS_IPV6 ? AF_INET6 : AF_UNSPEC,
	};
	char shown[SHOWN];
	struct name name;
	bool is_number;
	const char *why;
	int rc;

	if (!is_port(port, &is_number))
		return starttls_error_set(error, STARTTLS_E_INVALID,
		    STARTTLS_PHASE_SETUP, "the port is no number from 1 to "
		    "65535 and no service name");
	/* first, as the resolver takes "127.1" and "0x7f.1" for addresses */
	rc = starttls_name_parse(host, &name, &why);
	if (rc != 0)
		return starttls_error_set(error, rc, STARTTLS_PHASE_SETUP,
		    "the host cannot be used: %s", why);
	starttls_text_clean(shown, sizeof(shown), host, strlen(host));
	if ((family == STARTTLS_IPV4 && name.ip_len == 16) ||
	    (family == STARTTLS_IPV6 && name.ip_len == 4))
		return starttls_error_set(error, STARTTLS_E_RESOLVE,
		    STARTTLS_PHASE_RESOLVE, "cannot resolve %s: it is an "
		    "address of the other family", shown);
	question.flags = (name.ip_len != 0 ? AI_NUMERICHOST : 0) |
	    (is_number ? AI_NUMERICSERV : 0);
	write_host(&question, host, &name);
	snprintf(question.port, sizeof(question.port), "%s", port);
	if (name.ip_len == 0 || !is_number)
		return resolve_elsewhere(&question, shown, deadline,
		    ret_addresses, error);
	rc = get_addresses(&question, ret_addresses);
	return rc == 0 ? 0 : resolve_failed(error, shown, rc, errno);
}
