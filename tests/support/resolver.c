/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/* A resolver of the test's own, and who asks it: see resolver.h. */

#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "resolver.h"

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "harness.h"
#include "sockets.h"
#include "wait.h"

struct resolver resolver;

pthread_mutex_t resolver_lock = PTHREAD_MUTEX_INITIALIZER;
pthread_cond_t resolver_go = PTHREAD_COND_INITIALIZER;

int attempts[MAX_ATTEMPTS];
size_t attempt_count;
struct sockaddr_storage last_attempt;

static void *
next_symbol(const char *name)
{
	void *symbol = dlsym(RTLD_NEXT, name);

	if (symbol == NULL)
		abort();
	return symbol;
}

static int
real_getaddrinfo(const char *host, const char *port,
		 const struct addrinfo *hints, struct addrinfo **ret)
{
	int (*real)(const char *, const char *, const struct addrinfo *,
		    struct addrinfo **);

	*(void **)&real = next_symbol("getaddrinfo");
	return real(host, port, hints, ret);
}

static int
look_up(const char *host, const char *port, const struct addrinfo *hints,
	struct addrinfo **ret)
{
	struct addrinfo numeric = { .ai_flags = AI_NUMERICHOST,
		.ai_socktype = SOCK_STREAM };
	const int numbers = AI_NUMERICHOST | AI_NUMERICSERV;
	struct addrinfo **end = ret;
	pthread_attr_t attr;
	size_t i;

	if ((hints->ai_flags & numbers) == numbers)
		return real_getaddrinfo(host, port, hints, ret);
	pthread_mutex_lock(&resolver_lock);
	resolver.calls++;
	snprintf(resolver.host, sizeof(resolver.host), "%s", host);
	snprintf(resolver.port, sizeof(resolver.port), "%s", port);
	resolver.family = hints->ai_family;
	resolver.flags = hints->ai_flags;
	pthread_sigmask(SIG_SETMASK, NULL, &resolver.mask);
	if (resolver.measures &&
	    pthread_getattr_np(pthread_self(), &attr) == 0) {
		pthread_attr_getstacksize(&attr, &resolver.stack_size);
		pthread_attr_destroy(&attr);
	}
	while (resolver.waits)
		pthread_cond_wait(&resolver_go, &resolver_lock);
	pthread_mutex_unlock(&resolver_lock);
	if (resolver.rc == 0 && real_getaddrinfo("127.0.0.1", port, &numeric,
	    ret) != 0)
		return EAI_SERVICE;
	if (resolver.rc == 0)
		freeaddrinfo(*ret);
	errno = resolver.sys_errno;
	if (resolver.rc != 0)
		return resolver.rc;
	/* a list of lists of one, which freeaddrinfo() does not mind */
	for (i = 0; resolver.answers[i].address != NULL; i++) {
		if (real_getaddrinfo(resolver.answers[i].address,
		    resolver.answers[i].port, &numeric, end) != 0)
			abort();
		end = &(*end)->ai_next;
	}
	return i > 0 ? 0 : EAI_NONAME;
}

void
order(void)
{
	int saved = errno;

	pthread_mutex_lock(&resolver_lock);
	pthread_mutex_unlock(&resolver_lock);
	errno = saved;
}

int
getaddrinfo(const char *host, const char *port, const struct addrinfo *hints,
	    struct addrinfo **ret)
{
	int rc = look_up(host, port, hints, ret);

	order();
	return rc;
}

int
connect(int fd, const struct sockaddr *address, socklen_t len)
{
	int (*real)(int, const struct sockaddr *, socklen_t);

	*(void **)&real = next_symbol("connect");
	pthread_mutex_lock(&resolver_lock);
	if (attempt_count < ARRAY_LEN(attempts))
		attempts[attempt_count++] = address->sa_family;
	memcpy(&last_attempt, address, len);
	pthread_mutex_unlock(&resolver_lock);
	return real(fd, address, len);
}

bool
fill(int family, char *ret_port, int *ret_fds)
{
	bool can = sockets_fill(family, ret_port, ret_fds);

	attempt_count = 0;
	return can;
}

void
answer(size_t i, const char *address, const char *port)
{
	resolver.answers[i].address = address;
	resolver.answers[i].port = port;
}

void
set_up(void)
{
	memset(&resolver, 0, sizeof(resolver));
	attempt_count = 0;
}

static void
expect_error(const struct starttls_error *error, int code, int phase)
{
	ck_assert_msg(error->code == code && error->phase == phase,
	    "%d in phase %d: %s", error->code, error->phase, error->message);
	ck_assert_int_eq(error->error_class, (int)starttls_code_class(code));
	ck_assert(is_plain_line(error->message));
}

void
refuse(const char *host, const char *port, enum starttls_family family,
       int timeout_ms, int code, int phase, struct starttls_error *error)
{
	size_t before = sockets_count();
	int fd = -77, rc;

	memset(error, 0x5a, sizeof(*error));
	rc = starttls_dial(host, port, family, timeout_ms, &fd, error);
	ck_assert_msg(rc == code, "%s port %s: %d, %s", host, port, rc,
	    rc == 0 ? "connected" : error->message);
	ck_assert_int_eq(fd, -77);
	expect_error(error, code, phase);
	ck_assert_uint_eq(sockets_count(), before);
}

void
expect_connected(int fd, int listener)
{
	char byte = 0;
	int peer = accept(listener, NULL, NULL);

	ck_assert_int_ge(peer, 0);
	ck_assert_int_eq(fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
	ck_assert_int_eq(fcntl(fd, F_GETFD), FD_CLOEXEC);
	ck_assert_int_eq(write(peer, "x", 1), 1);
	ck_assert_int_eq(read(fd, &byte, 1), 1); /* waits for it */
	ck_assert_int_eq(byte, 'x');
	close(peer);
	close(fd);
}

/* Threads that are there without us: the first one, and a sanitizer's own. */
static size_t usual_threads;

#define TASK_SIZE 64

static size_t
count_tasks(void)
{
	DIR *dir = opendir("/proc/self/task");
	size_t count = 0;

	ck_assert_ptr_nonnull(dir);
	while (readdir(dir) != NULL)
		count++;
	closedir(dir);
	return count;
}

size_t
thread_count(void)
{
	return count_tasks() - usual_threads;
}

static void *
note_task(void *ret_path)
{
	snprintf(ret_path, TASK_SIZE, "/proc/self/task/%ld",
	    (long)syscall(SYS_gettid));
	return NULL;
}

/* A sanitizer may start its own with the first of ours. */
void
count_usual_threads(void)
{
	char path[TASK_SIZE];
	pthread_t thread;

	ck_assert_int_eq(pthread_create(&thread, NULL, note_task, path), 0);
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
	while (access(path, F_OK) == 0)
		sched_yield();
	usual_threads = count_tasks();
}

void
hold_resolver(void)
{
	pthread_mutex_lock(&resolver_lock);
	resolver.waits = true;
	pthread_mutex_unlock(&resolver_lock);
}

void
release_resolver(void)
{
	pthread_mutex_lock(&resolver_lock);
	resolver.waits = false;
	pthread_cond_broadcast(&resolver_go);
	pthread_mutex_unlock(&resolver_lock);
}

void
let_resolver_go(void)
{
	int64_t start = starttls_now_us();

	release_resolver();
	/* it cleans up after itself */
	while (thread_count() > 0 && ms_since(start) < SOON_MS)
		sched_yield();
	order();
}
