/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * Names are looked up, and look-ups left behind: src/resolve.c, by way of
 * src/dial.c.
 */

#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include <errno.h>
#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness.h"
#include "heap.h"
#include "looks.h"
#include "resolve.h"
#include "resolver.h"
#include "sockets.h"
#include "wait.h"

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

/* Many wait for one name: who goes looks at no more than its neighbours. */
#define CROWD 100

START_TEST(test_resolve_goes_without_a_look_at_others)
{
	struct addresses addresses;
	struct question question;
	struct starttls_error error;
	size_t i;

	resolver.waits = true;
	looks_new(CROWD);
	ck_assert_int_eq(starttls_question_make(&question, "a.example.test",
	    "25", STARTTLS_ANY, &error), 0);
	for (i = 0; i < CROWD; i++)
		ck_assert_int_eq(starttls_resolve(looks_page(i), &question,
		    &addresses, &error), STARTTLS_WANT_READ);
	looks_hide();
	starttls_resolve_done(looks_page(0));
	starttls_resolve_done(looks_page(CROWD / 2));
	starttls_resolve_done(looks_page(CROWD - 1));
	ck_assert_int_le(looks_count(), 3 + 4);
	looks_show();
	for (i = 0; i < CROWD; i++)
		starttls_resolve_done(looks_page(i));
	looks_free();
	let_resolver_go();
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

int
main(void)
{
	Suite *suite = suite_create("resolve");
	TCase *resolve = tcase_create("resolve");
	TCase *crowd = tcase_create("crowd");

	tcase_add_checked_fixture(resolve, set_up, NULL);
	tcase_add_checked_fixture(resolve, count_usual_threads, NULL);
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
	/* by itself, as valgrind does not survive its page faults */
	tcase_add_checked_fixture(crowd, set_up, NULL);
	tcase_add_checked_fixture(crowd, count_usual_threads, NULL);
	tcase_add_test(crowd, test_resolve_goes_without_a_look_at_others);
	suite_add_tcase(suite, crowd);
	return run_suite(suite);
}
