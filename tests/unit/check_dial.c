/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * Dialling and waiting, on loopback only: src/dial.c, src/resolve.c,
 * src/wait.c.
 *
 * Names go to a resolver of the test's own, which stands in for the system's;
 * numeric addresses go on to the real one.
 */

#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness.h"
#include "heap.h"
#include "resolve.h"
#include "sockets.h"
#include "wait.h"

#define SOON_MS 10000              /* far more than anything should take */

/* The resolver of the test. */
static struct {
	struct {
		const char *address, *port;
	} answers[20];             /* in this order */
	int rc, sys_errno;         /* instead of answers */
	bool waits;                /* until told to go on */
	char host[300], port[40];  /* what it was asked */
	int family, flags;
	sigset_t mask;             /* of the thread that asked */
	bool measures;
	size_t stack_size;         /* of the thread, if it is measured */
	int calls;
} resolver;

static pthread_mutex_t resolver_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t resolver_go = PTHREAD_COND_INITIALIZER;

/* Families in the order in which they were connected to. */
static int attempts[32];
static size_t attempt_count;

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

/* What looked at the resolver is behind us for who takes the lock now. */
static void
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
	pthread_mutex_unlock(&resolver_lock);
	return real(fd, address, len);
}

/* sockets_fill(), whose own attempts do not count. */
static bool
fill(int family, char *ret_port, int *ret_fds)
{
	bool can = sockets_fill(family, ret_port, ret_fds);

	attempt_count = 0;
	return can;
}

static void
answer(size_t i, const char *address, const char *port)
{
	resolver.answers[i].address = address;
	resolver.answers[i].port = port;
}

/* Every test begins with a resolver that knows nothing. */
static void
set_up(void)
{
	memset(&resolver, 0, sizeof(resolver));
	attempt_count = 0;
}

/* The machine may lack it; then what needs it passes by. */
static bool
has_ipv6(void)
{
	char port[SOCKETS_PORT_SIZE];
	int fd = sockets_bind(AF_INET6, port);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static int64_t
ms_since(int64_t start)
{
	return (starttls_now_us() - start) / 1000;
}

static void
expect_error(const struct starttls_error *error, int code, int phase)
{
	ck_assert_msg(error->code == code && error->phase == phase,
	    "%d in phase %d: %s", error->code, error->phase, error->message);
	ck_assert_int_eq(error->error_class, (int)starttls_code_class(code));
	ck_assert(is_plain_line(error->message));
}

/* Dial something that fails: nothing is left open, the result untouched. */
static void
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

/* A descriptor that starttls_dial() made, connected to @listener. */
static void
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

static void
dial_listener(int family, const char *host, enum starttls_family restriction)
{
	struct starttls_error error;
	char port[SOCKETS_PORT_SIZE];
	int listener = sockets_listen(family, port), fd = -1;
	size_t before = sockets_count();

	if (listener < 0)
		return;
	ck_assert_msg(starttls_dial(host, port, restriction, SOON_MS, &fd,
	    &error) == 0, "%s", error.message);
	ck_assert_uint_eq(sockets_count(), before + 1);
	expect_connected(fd, listener);
	ck_assert_int_eq(starttls_dial(host, port, restriction, -1, &fd,
	    NULL), 0);
	expect_connected(fd, listener);
	ck_assert_uint_eq(sockets_count(), before);
	ck_assert_int_eq(resolver.calls, 0); /* numbers need no resolver */
	close(listener);
}

START_TEST(test_dial_connects_to_addresses)
{
	dial_listener(AF_INET, "127.0.0.1", STARTTLS_ANY);
	dial_listener(AF_INET, "127.0.0.1", STARTTLS_IPV4);
	dial_listener(AF_INET6, "::1", STARTTLS_ANY);
	dial_listener(AF_INET6, "::1", STARTTLS_IPV6);
	dial_listener(AF_INET6, "::1%1", STARTTLS_IPV6);
	dial_listener(AF_INET6, "0:0:0:0:0:0:0:1", STARTTLS_ANY);
	dial_listener(AF_INET, "::ffff:127.0.0.1", STARTTLS_ANY);
}
END_TEST

START_TEST(test_dial_reports_a_refused_port)
{
	struct starttls_error error;
	char port[SOCKETS_PORT_SIZE];
	int bound = sockets_bind(AF_INET, port);

	refuse("127.0.0.1", port, STARTTLS_ANY, SOON_MS, STARTTLS_E_CONNECT,
	    STARTTLS_PHASE_CONNECT, &error);
	ck_assert_int_eq(error.sys_errno, ECONNREFUSED);
	ck_assert_ptr_nonnull(strstr(error.message, "127.0.0.1"));
	ck_assert_ptr_nonnull(strstr(error.message, port));
	ck_assert_ptr_nonnull(strstr(error.message, strerror(ECONNREFUSED)));
	ck_assert_str_eq(error.address, "127.0.0.1");
	close(bound);
}
END_TEST

static const struct {
	const char *host, *port;
	int family, timeout_ms;
} invalid[] = {
	{ NULL, "25", 0, 0 }, { "127.0.0.1", NULL, 0, 0 },
	{ "127.0.0.1", "", 0, 0 }, { "127.0.0.1", "25", 1, 0 },
	{ "127.0.0.1", "25", 5, 0 }, { "127.0.0.1", "25", -1, 0 },
	{ "127.0.0.1", "25", 0, -2 }, { "127.0.0.1", "25", 0, INT_MIN },
	{ "127.0.0.1", "12345678901234567890123456789012", 0, 0 },
	{ "", "25", 0, 0 }, { ".", "25", 0, 0 }, { "a..b", "25", 0, 0 },
	{ "a b", "25", 0, 0 }, { "a\r\nb", "25", 0, 0 },
	{ "a\x1b[31m", "25", 0, 0 }, { "user@host", "25", 0, 0 },
	{ "host:25", "25", 0, 0 }, { "[::1]", "25", 0, 0 },
	{ "*.example.org", "25", 0, 0 }, { "-\xff", "25", 0, 0 },
	{ "256.1.1.1", "25", 0, 0 }, { "1.2.3.4.5", "25", 0, 0 },
	{ "example.1", "25", 0, 0 }, { "/", "25", 0, 0 },
	/* what a resolver may take for an address, but nobody verifies */
	{ "127.1", "25", 0, 0 }, { "2130706433", "25", 0, 0 },
	{ "0x7f.1", "25", 0, 0 }, { "*", "25", 0, 0 },
	{ "0x7f000001", "25", 0, 0 }, { "127.0x1", "25", 0, 0 },
	{ "0x7f.0x0.0x0.0x1", "25", 0, 0 }, { "0177.0.0.1", "25", 0, 0 },
	/* what is no port is not silently another one */
	{ "127.0.0.1", "0", 0, 0 }, { "127.0.0.1", "65536", 0, 0 },
	{ "127.0.0.1", "131071", 0, 0 }, { "127.0.0.1", "-1", 0, 0 },
	{ "127.0.0.1", "+1", 0, 0 }, { "127.0.0.1", " 1", 0, 0 },
	{ "127.0.0.1", "1 ", 0, 0 }, { "127.0.0.1", "0x1", 0, 0 },
	{ "127.0.0.1", "1.5", 0, 0 },
	{ "127.0.0.1", "4294967297", 0, 0 },
	{ "127.0.0.1", "18446744073709551617", 0, 0 },
	{ "127.0.0.1", "no-such-service", 0, SOON_MS },
	{ "127.0.0.1", "imap\n", 0, SOON_MS },
	{ "127.0.0.1", "imap 143", 0, SOON_MS },
	{ "127.0.0.1", "b\xc3\xbc" "cher", 0, SOON_MS },
	{ "127.0.0.1", "25\n", 0, 0 },
	{ "mail.example.org", "0", 0, SOON_MS },
	{ "mail.example.org", "65536", 0, SOON_MS },
	{ "mail.example.org", "no-such-service", 0, SOON_MS },
};

START_TEST(test_dial_refuses_nonsense)
{
	struct starttls_error error;
	int fd = -77, rc;
	size_t before = sockets_count();

	answer(0, "127.0.0.1", "9"); /* it should not come to that */
	rc = starttls_dial(invalid[_i].host, invalid[_i].port,
	    (enum starttls_family)invalid[_i].family, invalid[_i].timeout_ms,
	    &fd, &error);
	ck_assert_msg(rc == STARTTLS_E_INVALID,
	    "row %d gives %d, %s", _i, rc,
	    rc == 0 ? "connected" : error.message);
	ck_assert_int_eq(fd, -77);
	ck_assert_int_eq(error.error_class, STARTTLS_CLASS_USAGE);
	ck_assert(is_plain_line(error.message));
	ck_assert_uint_eq(sockets_count(), before);
}
END_TEST

START_TEST(test_dial_needs_a_place_for_the_descriptor)
{
	struct starttls_error error;

	ck_assert_int_eq(starttls_dial("127.0.0.1", "25", STARTTLS_ANY, 0,
	    NULL, &error), STARTTLS_E_INVALID);
}
END_TEST

START_TEST(test_dial_keeps_to_a_family)
{
	struct starttls_error error;
	char port[SOCKETS_PORT_SIZE];
	int listener = sockets_listen(AF_INET, port);

	refuse("127.0.0.1", port, STARTTLS_IPV6, SOON_MS, STARTTLS_E_RESOLVE,
	    STARTTLS_PHASE_RESOLVE, &error);
	refuse("::1", port, STARTTLS_IPV4, SOON_MS, STARTTLS_E_RESOLVE,
	    STARTTLS_PHASE_RESOLVE, &error);
	ck_assert_uint_eq(attempt_count, 0);
	close(listener);

	resolver.rc = EAI_NONAME;
	refuse("mail.example.org", "25", STARTTLS_IPV4, SOON_MS,
	    STARTTLS_E_RESOLVE, STARTTLS_PHASE_RESOLVE, &error);
	ck_assert_int_eq(resolver.family, AF_INET);
	refuse("mail.example.org", "25", STARTTLS_IPV6, SOON_MS,
	    STARTTLS_E_RESOLVE, STARTTLS_PHASE_RESOLVE, &error);
	ck_assert_int_eq(resolver.family, AF_INET6);
	refuse("mail.example.org", "25", STARTTLS_ANY, SOON_MS,
	    STARTTLS_E_RESOLVE, STARTTLS_PHASE_RESOLVE, &error);
	ck_assert_int_eq(resolver.family, AF_UNSPEC);
}
END_TEST

START_TEST(test_dial_asks_the_resolver)
{
	struct starttls_error error;

	resolver.rc = EAI_NONAME;
	refuse("Mail.Example.org.", "imap", STARTTLS_ANY, SOON_MS,
	    STARTTLS_E_RESOLVE, STARTTLS_PHASE_RESOLVE, &error);
	ck_assert_str_eq(resolver.host, "mail.example.org.");
	ck_assert_str_eq(resolver.port, "imap");
	refuse("b\xc3\xbc" "cher.example", "25", STARTTLS_ANY, SOON_MS,
	    STARTTLS_E_RESOLVE, STARTTLS_PHASE_RESOLVE, &error);
	ck_assert_str_eq(resolver.host, "xn--bcher-kva.example");
	refuse("b\xc3\xbc" "cher.example\xe3\x80\x82", "25", STARTTLS_ANY,
	    SOON_MS, STARTTLS_E_RESOLVE, STARTTLS_PHASE_RESOLVE, &error);
	ck_assert_str_eq(resolver.host, "xn--bcher-kva.example.");
	refuse("localhost.", "25", STARTTLS_ANY, SOON_MS, STARTTLS_E_RESOLVE,
	    STARTTLS_PHASE_RESOLVE, &error);
	ck_assert_str_eq(resolver.host, "localhost");
	refuse("mail", "25", STARTTLS_ANY, SOON_MS, STARTTLS_E_RESOLVE,
	    STARTTLS_PHASE_RESOLVE, &error);
	ck_assert_str_eq(resolver.host, "mail");
	ck_assert_int_eq(resolver.calls, 5);
}
END_TEST

START_TEST(test_dial_tells_resolver_failures_apart)
{
	static const struct {
		int rc, sys_errno, code;
	} failures[] = {
		{ EAI_NONAME, 0, STARTTLS_E_RESOLVE },
		{ EAI_AGAIN, 0, STARTTLS_E_RESOLVE },
		{ EAI_FAIL, 0, STARTTLS_E_RESOLVE },
		{ EAI_SYSTEM, EMFILE, STARTTLS_E_RESOLVE },
		{ EAI_MEMORY, 0, STARTTLS_E_NOMEM },
		{ EAI_SERVICE, 0, STARTTLS_E_INVALID },
	};
	struct starttls_error error;

	resolver.rc = failures[_i].rc;
	resolver.sys_errno = failures[_i].sys_errno;
	refuse("mail.example.org", "25", STARTTLS_ANY, SOON_MS,
	    failures[_i].code, STARTTLS_PHASE_RESOLVE, &error);
	ck_assert_int_eq(error.sys_errno, failures[_i].sys_errno);
	if (failures[_i].code == STARTTLS_E_RESOLVE)
		ck_assert_ptr_nonnull(strstr(error.message,
		    "mail.example.org"));
}
END_TEST

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

static size_t
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
static void
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

static void
release_resolver(void)
{
	pthread_mutex_lock(&resolver_lock);
	resolver.waits = false;
	pthread_cond_broadcast(&resolver_go);
	pthread_mutex_unlock(&resolver_lock);
}

static void
let_resolver_go(void)
{
	int64_t start = starttls_now_us();

	release_resolver();
	/* it cleans up after itself */
	while (thread_count() > 0 && ms_since(start) < SOON_MS)
		sched_yield();
	order();
}

/* Leave look-ups behind, each of another name. */
static void
leave_behind(int count)
{
	char host[40];
	int i, fd;

	pthread_mutex_lock(&resolver_lock);
	resolver.waits = true;
	pthread_mutex_unlock(&resolver_lock);
	for (i = 0; i < count; i++) {
		snprintf(host, sizeof(host), "host%d.example.org", i);
		ck_assert_int_eq(starttls_dial(host, "25", STARTTLS_ANY, 0, &fd,
		    NULL), STARTTLS_E_TIMEOUT);
	}
}

START_TEST(test_dial_leaves_a_slow_resolver_behind)
{
	struct starttls_error error;
	int64_t start = starttls_now_us(), took;
	sigset_t mask;
	int s;

	resolver.waits = true;
	answer(0, "127.0.0.1", "9");
	refuse("mail.example.org", "25", STARTTLS_ANY, 200,
	    STARTTLS_E_TIMEOUT, STARTTLS_PHASE_RESOLVE, &error);
	took = ms_since(start);
	ck_assert_int_ge(took, 200);
	ck_assert_int_lt(took, 2000);
	let_resolver_go();
	ck_assert_uint_eq(attempt_count, 0);
	/* and the application's signals did not go to its thread */
	ck_assert_int_eq(resolver.calls, 1);
	for (s = 1; s < 32; s++)
		if (s != SIGKILL && s != SIGSTOP)
			ck_assert_int_eq(sigismember(&resolver.mask, s), 1);
	pthread_sigmask(SIG_SETMASK, NULL, &mask);
	ck_assert_int_eq(sigismember(&mask, SIGTERM), 0);
}
END_TEST

START_TEST(test_dial_with_no_time_does_not_wait)
{
	struct starttls_error error;
	int64_t start = starttls_now_us();

	resolver.waits = true;
	refuse("mail.example.org", "25", STARTTLS_ANY, 0, STARTTLS_E_TIMEOUT,
	    STARTTLS_PHASE_RESOLVE, &error);
	ck_assert_int_lt(ms_since(start), 2000);
	let_resolver_go();
}
END_TEST

START_TEST(test_dial_asks_for_services_until_the_deadline)
{
	struct starttls_error error;
	int64_t start = starttls_now_us();

	resolver.waits = true;
	refuse("127.0.0.1", "imap", STARTTLS_ANY, 200, STARTTLS_E_TIMEOUT,
	    STARTTLS_PHASE_RESOLVE, &error);
	ck_assert_int_lt(ms_since(start), 2000);
	let_resolver_go();
	ck_assert_str_eq(resolver.host, "127.0.0.1");
	ck_assert_str_eq(resolver.port, "imap");
	ck_assert_int_ne(resolver.flags & AI_NUMERICHOST, 0);
}
END_TEST

START_TEST(test_dial_forgets_what_it_left_behind)
{
	leave_behind(3);           /* the C library keeps stacks for later */
	let_resolver_go();
	heap_track(true);
	leave_behind(3);
	heap_track(false);
	if (heap_is_watched())
		ck_assert_uint_eq(heap_blocks(), 3);
	let_resolver_go();
	if (heap_is_watched())     /* or valgrind sees it */
		ck_assert_uint_eq(heap_blocks(), 0);
}
END_TEST

START_TEST(test_dial_gives_its_threads_small_stacks)
{
	resolver.measures = true;
	leave_behind(1);
	let_resolver_go();
	ck_assert_uint_ge(resolver.stack_size, 256 * 1024);
	ck_assert_uint_le(resolver.stack_size, 1024 * 1024);
}
END_TEST

START_TEST(test_dial_asks_once_at_a_time)
{
	struct starttls_error error;
	int i;

	leave_behind(1);
	for (i = 0; i < 20; i++)
		refuse("Host0.example.org", "25", STARTTLS_ANY, 0,
		    STARTTLS_E_TIMEOUT, STARTTLS_PHASE_RESOLVE, &error);
	ck_assert_uint_eq(thread_count(), 1);
	/* another question */
	refuse("host0.example.org", "25", STARTTLS_IPV4, 0,
	    STARTTLS_E_TIMEOUT, STARTTLS_PHASE_RESOLVE, &error);
	refuse("host0.example.org", "26", STARTTLS_ANY, 0,
	    STARTTLS_E_TIMEOUT, STARTTLS_PHASE_RESOLVE, &error);
	ck_assert_uint_eq(thread_count(), 3);
	let_resolver_go();
	ck_assert_int_eq(resolver.calls, 3);
}
END_TEST

START_TEST(test_dial_leaves_a_bounded_number_of_threads_behind)
{
	struct starttls_error error;
	char port[SOCKETS_PORT_SIZE];
	int listener = sockets_listen(AF_INET, port), fd;
	int64_t start;

	leave_behind(RESOLVE_MAX_LOOKUPS);
	start = starttls_now_us();
	refuse("one.too.many.example.org", "25", STARTTLS_ANY, 200,
	    STARTTLS_E_RESOLVE, STARTTLS_PHASE_RESOLVE, &error);
	ck_assert_int_ge(ms_since(start), 200);
	ck_assert_int_lt(ms_since(start), 2000);
	ck_assert_ptr_nonnull(strstr(error.message, " look-ups wait for the resolver"));
	refuse("one.too.many.example.org", "25", STARTTLS_ANY, 0,
	    STARTTLS_E_RESOLVE, STARTTLS_PHASE_RESOLVE, &error);
	ck_assert_uint_eq(thread_count(), RESOLVE_MAX_LOOKUPS);
	/* what is being asked can be waited for, and addresses need nobody */
	refuse("host7.example.org", "25", STARTTLS_ANY, 0,
	    STARTTLS_E_TIMEOUT, STARTTLS_PHASE_RESOLVE, &error);
	ck_assert_int_eq(starttls_dial("127.0.0.1", port, STARTTLS_ANY,
	    SOON_MS, &fd, &error), 0);
	expect_connected(fd, listener);
	let_resolver_go();
	ck_assert_int_eq(resolver.calls, RESOLVE_MAX_LOOKUPS);
	/* and then there is room again */
	answer(0, "127.0.0.1", port);
	ck_assert_int_eq(starttls_dial("mail.example.org", "25", STARTTLS_ANY,
	    SOON_MS, &fd, &error), 0);
	expect_connected(fd, listener);
	close(listener);
}
END_TEST

static bool
connects(const char *host)
{
	struct starttls_error error;
	int fd;

	if (starttls_dial(host, "25", STARTTLS_ANY, SOON_MS, &fd, &error) != 0)
		return false;
	close(fd);
	return true;
}

/* A thread; returns its argument if it connects. */
static void *
dial_alone(void *host)
{
	return connects(host) ? host : NULL;
}

/* Some wait for room, some for an answer to what was asked before. */
START_TEST(test_dial_wakes_those_who_wait)
{
	static char hosts[][20] = {
		"a.example.org", "b.example.org", "a.example.org",
		"host1.example.org", "host1.example.org", "c.example.org",
	};
	pthread_t threads[ARRAY_LEN(hosts)];
	char port[SOCKETS_PORT_SIZE];
	int listener = sockets_listen(AF_INET, port);
	int64_t start = starttls_now_us();
	void *result;
	size_t i;

	answer(0, "127.0.0.1", port);
	leave_behind(RESOLVE_MAX_LOOKUPS);
	for (i = 0; i < ARRAY_LEN(hosts); i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, dial_alone,
		    hosts[i]), 0);
	release_resolver();
	for (i = 0; i < ARRAY_LEN(hosts); i++) {
		ck_assert_int_eq(pthread_join(threads[i], &result), 0);
		ck_assert_ptr_eq(result, hosts[i]);
	}
	ck_assert_int_lt(ms_since(start), SOON_MS);
	let_resolver_go();
	close(listener);
}
END_TEST

/* The threads of the parent are not in the child, and nobody ends them. */
START_TEST(test_dial_has_room_in_a_child)
{
	char port[SOCKETS_PORT_SIZE];
	int listener = sockets_listen(AF_INET, port), status;
	pid_t child;

	answer(0, "127.0.0.1", port);
	leave_behind(RESOLVE_MAX_LOOKUPS);
	pthread_mutex_lock(&resolver_lock);
	while (resolver.calls < RESOLVE_MAX_LOOKUPS) {
		pthread_mutex_unlock(&resolver_lock);
		sched_yield();
		pthread_mutex_lock(&resolver_lock);
	}
	child = fork();
	pthread_mutex_unlock(&resolver_lock);
	if (child == 0) {
		resolver.waits = false;
		_exit(connects("host1.example.org") &&
		    connects("a.example.org") ? 0 : 1);
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_eq(status, 0);
	let_resolver_go();
	close(listener);
}
END_TEST

START_TEST(test_dial_gives_up_on_a_silent_peer)
{
	static const struct {
		int family;
		const char *host;
	} hosts[] = { { AF_INET, "127.0.0.1" }, { AF_INET6, "::1" } };
	struct starttls_error error;
	char port[SOCKETS_PORT_SIZE];
	int64_t start, took;
	int fds[16];

	if (!fill(hosts[_i].family, port, fds)) {
		sockets_close(fds);
		return;
	}
	start = starttls_now_us();
	refuse(hosts[_i].host, port, STARTTLS_ANY, 300, STARTTLS_E_TIMEOUT,
	    STARTTLS_PHASE_CONNECT, &error);
	took = ms_since(start);
	ck_assert_int_ge(took, 300);
	ck_assert_int_lt(took, 2000);
	ck_assert_ptr_nonnull(strstr(error.message, hosts[_i].host));
	sockets_close(fds);
}
END_TEST

/* Dial a name; the winner is @listener. */
static int64_t
race(int listener)
{
	int64_t start = starttls_now_us(), took;
	size_t before = sockets_count();
	struct starttls_error error;
	int fd;

	ck_assert_msg(starttls_dial("mail.example.org", "25", STARTTLS_ANY,
	    SOON_MS, &fd, &error) == 0, "%s", error.message);
	took = ms_since(start);
	ck_assert_uint_eq(sockets_count(), before + 1);
	expect_connected(fd, listener);
	ck_assert_uint_eq(sockets_count(), before);
	return took;
}

START_TEST(test_dial_tries_the_next_address_when_refused)
{
	char good[SOCKETS_PORT_SIZE], bad[SOCKETS_PORT_SIZE];
	int listener = sockets_listen(AF_INET, good);
	int bound = sockets_bind(AF_INET, bad);

	answer(0, "127.0.0.1", bad);
	answer(1, "127.0.0.2", bad);
	answer(2, "127.0.0.1", good);
	answer(3, "127.0.0.1", bad);
	race(listener);
	ck_assert_uint_eq(attempt_count, 3);
	close(bound);
	close(listener);
}
END_TEST

START_TEST(test_dial_names_the_address_that_was_tried_last)
{
	char port[SOCKETS_PORT_SIZE];
	struct starttls_error error;
	int bound = sockets_bind(AF_INET, port);

	answer(0, "127.0.0.1", port);
	answer(1, "127.0.0.3", port);
	answer(2, "127.0.0.2", port);
	refuse("mail.example.org", port, STARTTLS_ANY, SOON_MS,
	    STARTTLS_E_CONNECT, STARTTLS_PHASE_CONNECT, &error);
	ck_assert_str_eq(error.address, "127.0.0.2");
	resolver.rc = EAI_NONAME;
	refuse("mail.example.org", port, STARTTLS_ANY, SOON_MS,
	    STARTTLS_E_RESOLVE, STARTTLS_PHASE_RESOLVE, &error);
	ck_assert_str_eq(error.address, "");
	close(bound);
}
END_TEST

START_TEST(test_dial_tries_ipv4_when_ipv6_is_refused)
{
	char good[SOCKETS_PORT_SIZE], bad[SOCKETS_PORT_SIZE] = "9";
	int listener = sockets_listen(AF_INET, good);
	int bound = sockets_bind(AF_INET6, bad);

	/* without IPv6 this fails in another way, but fails */
	answer(0, "::1", bad);
	answer(1, "127.0.0.1", good);
	race(listener);
	ck_assert_int_eq(attempts[attempt_count - 1], AF_INET);
	if (bound >= 0)
		close(bound);
	close(listener);
}
END_TEST

START_TEST(test_dial_does_not_wait_for_a_silent_address)
{
	char good[SOCKETS_PORT_SIZE], silent[SOCKETS_PORT_SIZE];
	int listener = sockets_listen(AF_INET, good), fds[16];
	int64_t took;

	if (fill(AF_INET, silent, fds)) {
		answer(0, "127.0.0.1", silent);
		answer(1, "127.0.0.1", silent);
		answer(2, "127.0.0.1", good);
		took = race(listener);
		/* two head starts of 250 ms, RFC 8305 section 5 */
		ck_assert_int_ge(took, 500);
		ck_assert_int_lt(took, 3000);
		ck_assert_uint_eq(attempt_count, 3);
	}
	sockets_close(fds);
	close(listener);
}
END_TEST

START_TEST(test_dial_has_the_families_take_turns)
{
	struct starttls_error error;
	char v4[SOCKETS_PORT_SIZE], v6[SOCKETS_PORT_SIZE];
	int bound4 = sockets_bind(AF_INET, v4);
	int bound6 = sockets_bind(AF_INET6, v6);
	size_t i;

	if (bound6 >= 0) {
		for (i = 0; i < 4; i++)
			answer(i, "::1", v6);
		for (; i < 6; i++)
			answer(i, "127.0.0.1", v4);
		refuse("mail.example.org", "25", STARTTLS_ANY, SOON_MS,
		    STARTTLS_E_CONNECT, STARTTLS_PHASE_CONNECT, &error);
		ck_assert_int_eq(error.sys_errno, ECONNREFUSED);
		ck_assert_uint_eq(attempt_count, 6);
		for (i = 0; i < 6; i++)
			ck_assert_int_eq(attempts[i], i == 1 || i == 3 ?
			    AF_INET : AF_INET6);
		close(bound6);
	}
	close(bound4);
}
END_TEST

START_TEST(test_dial_tries_a_bounded_number_of_addresses)
{
	struct starttls_error error;
	char port[SOCKETS_PORT_SIZE];
	int bound = sockets_bind(AF_INET, port);
	size_t i;

	for (i = 0; i + 1 < ARRAY_LEN(resolver.answers); i++)
		answer(i, "127.0.0.1", port);
	refuse("mail.example.org", "25", STARTTLS_ANY, SOON_MS,
	    STARTTLS_E_CONNECT, STARTTLS_PHASE_CONNECT, &error);
	ck_assert_uint_le(attempt_count, 16);
	ck_assert_uint_ge(attempt_count, 2);
	close(bound);
}
END_TEST

START_TEST(test_dial_times_out_with_several_silent_addresses)
{
	struct starttls_error error;
	char silent[SOCKETS_PORT_SIZE];
	int64_t start, took;
	int fds[16];
	size_t i;

	if (fill(AF_INET, silent, fds)) {
		for (i = 0; i + 1 < ARRAY_LEN(resolver.answers); i++)
			answer(i, "127.0.0.1", silent);
		start = starttls_now_us();
		refuse("mail.example.org", "25", STARTTLS_ANY, 600,
		    STARTTLS_E_TIMEOUT, STARTTLS_PHASE_CONNECT, &error);
		took = ms_since(start);
		ck_assert_int_ge(took, 600);
		ck_assert_int_lt(took, 3000);
		ck_assert_uint_eq(attempt_count, 3);
	}
	sockets_close(fds);
}
END_TEST

START_TEST(test_dial_says_when_descriptors_run_out)
{
	struct starttls_error error;
	struct rlimit limit, old;
	int fd = -77, top = dup(0);

	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &old), 0);
	close(top);
	limit = old;
	limit.rlim_cur = (rlim_t)top;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
	ck_assert_int_eq(starttls_dial("127.0.0.1", "9", STARTTLS_ANY,
	    SOON_MS, &fd, &error), STARTTLS_E_SYSTEM);
	setrlimit(RLIMIT_NOFILE, &old);
	ck_assert_int_eq(error.sys_errno, EMFILE);
	ck_assert_int_eq(fd, -77);
}
END_TEST

/* Waiting. */

START_TEST(test_wait_deadlines_are_on_the_clock)
{
	int64_t now = starttls_now_us();

	ck_assert_int_eq(starttls_deadline(-1), STARTTLS_NEVER);
	ck_assert_int_eq(starttls_left_ms(STARTTLS_NEVER), -1);
	ck_assert_int_ge(starttls_deadline(0), now);
	ck_assert_int_ge(starttls_deadline(INT_MAX),
	    now + INT64_C(1000) * INT_MAX);
	ck_assert_int_eq(starttls_left_ms(now - 1), 0);
	ck_assert_int_eq(starttls_left_ms(0), 0);
	ck_assert_int_le(starttls_left_ms(starttls_deadline(60000)), 60000);
	ck_assert_int_gt(starttls_left_ms(starttls_deadline(60000)), 50000);
	/* rounded up: poll(2) must not spin in the last millisecond */
	ck_assert_int_eq(starttls_left_ms(starttls_now_us() + 60000000 -
	    500), 60000);
	ck_assert_int_eq(starttls_left_ms(STARTTLS_NEVER - 1), INT_MAX);
}
END_TEST

START_TEST(test_wait_ends_when_ready)
{
	int fds[2];

	ck_assert_int_eq(pipe(fds), 0);
	ck_assert_int_eq(starttls_wait(fds[1], STARTTLS_WANT_WRITE,
	    starttls_deadline(SOON_MS)), 0);
	ck_assert_int_eq(write(fds[1], "x", 1), 1);
	ck_assert_int_eq(starttls_wait(fds[0], STARTTLS_WANT_READ,
	    starttls_deadline(SOON_MS)), 0);
	ck_assert_int_eq(starttls_wait(fds[0], STARTTLS_WANT_READ,
	    STARTTLS_NEVER), 0);
	/* what is in error is ready: the next operation will tell */
	close(fds[0]);
	ck_assert_int_eq(starttls_wait(fds[1], STARTTLS_WANT_READ,
	    starttls_deadline(SOON_MS)), 0);
	close(fds[1]);
	ck_assert_int_eq(starttls_wait(fds[1], STARTTLS_WANT_READ,
	    starttls_deadline(SOON_MS)), 0);
}
END_TEST

START_TEST(test_wait_passes_even_if_the_descriptor_stays_ready)
{
	int64_t start = starttls_now_us(), deadline = starttls_deadline(150);
	int fds[2], rc, turns = 0;

	ck_assert_int_eq(pipe(fds), 0);
	ck_assert_int_eq(write(fds[1], "x", 1), 1);
	ck_assert_int_eq(starttls_wait(fds[0], STARTTLS_WANT_READ,
	    starttls_now_us() - 1), STARTTLS_E_TIMEOUT);
	ck_assert_int_eq(starttls_wait(fds[0], STARTTLS_WANT_READ,
	    starttls_deadline(0)), STARTTLS_E_TIMEOUT);
	while ((rc = starttls_wait(fds[0], STARTTLS_WANT_READ, deadline)) ==
	    0)
		turns++;
	ck_assert_int_eq(rc, STARTTLS_E_TIMEOUT);
	ck_assert_int_gt(turns, 10);
	ck_assert_int_ge(ms_since(start), 150);
	ck_assert_int_lt(ms_since(start), 2000);
	close(fds[0]);
	close(fds[1]);
}
END_TEST

static volatile sig_atomic_t alarms;

static void
on_alarm(int number)
{
	(void)number;
	alarms++;
}

START_TEST(test_wait_is_not_stretched_by_signals)
{
	struct sigaction action = { .sa_handler = on_alarm };
	struct itimerval timer = { { 0, 7000 }, { 0, 7000 } }, off = { 0 };
	int64_t start = starttls_now_us(), took;
	int fds[2], rc;

	ck_assert_int_eq(pipe(fds), 0);
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &timer, NULL);
	rc = starttls_wait(fds[0], STARTTLS_WANT_READ,
	    starttls_deadline(200));
	took = ms_since(start);
	setitimer(ITIMER_REAL, &off, NULL);
	ck_assert_int_eq(rc, STARTTLS_E_TIMEOUT);
	ck_assert_int_ge(took, 200);
	ck_assert_int_lt(took, 2000);
	ck_assert_int_gt(alarms, 3);
	close(fds[0]);
	close(fds[1]);
}
END_TEST

START_TEST(test_wait_connect_tells_which_is_ready)
{
	int fds[3][2], ends[3];
	bool ready[3];
	char scrap[4096] = { 0 };
	size_t i;

	for (i = 0; i < 3; i++) {
		ck_assert_int_eq(pipe2(fds[i], O_NONBLOCK), 0);
		ends[i] = fds[i][1];
		while (write(ends[i], scrap, sizeof(scrap)) > 0)
			continue;
	}
	ck_assert_int_eq(starttls_wait_connect(ends, ready, 3,
	    starttls_deadline(20)), STARTTLS_E_TIMEOUT);
	close(fds[2][0]);          /* in error counts as ready */
	ck_assert_int_eq(starttls_wait_connect(ends, ready, 3,
	    starttls_deadline(SOON_MS)), 0);
	ck_assert(!ready[0] && !ready[1] && ready[2]);
	while (read(fds[0][0], scrap, sizeof(scrap)) > 0)
		continue;
	ck_assert_int_eq(starttls_wait_connect(ends, ready, 3,
	    starttls_deadline(SOON_MS)), 0);
	ck_assert(ready[0] && !ready[1] && ready[2]);
	for (i = 0; i < 3; i++)
		close(ends[i]);
	close(fds[0][0]);
	close(fds[1][0]);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("dial");
	TCase *dial = tcase_create("dial");
	TCase *resolve = tcase_create("resolve");
	TCase *several = tcase_create("race");
	TCase *waiting = tcase_create("wait");

	tcase_add_checked_fixture(dial, set_up, NULL);
	tcase_add_checked_fixture(resolve, set_up, NULL);
	tcase_add_checked_fixture(resolve, count_usual_threads, NULL);
	tcase_add_checked_fixture(several, set_up, NULL);
	tcase_add_test(dial, test_dial_connects_to_addresses);
	tcase_add_test(dial, test_dial_reports_a_refused_port);
	tcase_add_loop_test(dial, test_dial_refuses_nonsense, 0,
	    ARRAY_LEN(invalid));
	tcase_add_test(dial, test_dial_needs_a_place_for_the_descriptor);
	tcase_add_test(dial, test_dial_keeps_to_a_family);
	tcase_add_loop_test(dial, test_dial_gives_up_on_a_silent_peer, 0,
	    has_ipv6() ? 2 : 1);
	tcase_add_test(dial, test_dial_says_when_descriptors_run_out);
	suite_add_tcase(suite, dial);

	tcase_add_test(resolve, test_dial_asks_the_resolver);
	tcase_add_loop_test(resolve, test_dial_tells_resolver_failures_apart,
	    0, 6);
	tcase_add_test(resolve, test_dial_leaves_a_slow_resolver_behind);
	tcase_add_test(resolve, test_dial_with_no_time_does_not_wait);
	tcase_add_test(resolve,
	    test_dial_asks_for_services_until_the_deadline);
	tcase_add_test(resolve, test_dial_forgets_what_it_left_behind);
	tcase_add_test(resolve, test_dial_gives_its_threads_small_stacks);
	tcase_add_test(resolve, test_dial_asks_once_at_a_time);
	tcase_add_test(resolve,
	    test_dial_leaves_a_bounded_number_of_threads_behind);
	tcase_add_test(resolve, test_dial_wakes_those_who_wait);
	tcase_add_test(resolve, test_dial_has_room_in_a_child);
	suite_add_tcase(suite, resolve);

	tcase_add_test(several, test_dial_tries_the_next_address_when_refused);
	tcase_add_test(several,
	    test_dial_names_the_address_that_was_tried_last);
	tcase_add_test(several, test_dial_tries_ipv4_when_ipv6_is_refused);
	tcase_add_test(several, test_dial_does_not_wait_for_a_silent_address);
	tcase_add_test(several, test_dial_has_the_families_take_turns);
	tcase_add_test(several, test_dial_tries_a_bounded_number_of_addresses);
	tcase_add_test(several,
	    test_dial_times_out_with_several_silent_addresses);
	suite_add_tcase(suite, several);

	tcase_add_test(waiting, test_wait_deadlines_are_on_the_clock);
	tcase_add_test(waiting, test_wait_ends_when_ready);
	tcase_add_test(waiting,
	    test_wait_passes_even_if_the_descriptor_stays_ready);
	tcase_add_test(waiting, test_wait_is_not_stretched_by_signals);
	tcase_add_test(waiting, test_wait_connect_tells_which_is_ready);
	suite_add_tcase(suite, waiting);
	return run_suite(suite);
}
