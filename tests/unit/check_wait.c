/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/* Waiting: src/wait.c. */

#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <sys/time.h>
#include <unistd.h>

#include "harness.h"
#include "wait.h"

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
	    starttls_deadline(SOON_MS), false), 0);
	ck_assert_int_eq(write(fds[1], "x", 1), 1);
	ck_assert_int_eq(starttls_wait(fds[0], STARTTLS_WANT_READ,
	    starttls_deadline(SOON_MS), false), 0);
	ck_assert_int_eq(starttls_wait(fds[0], STARTTLS_WANT_READ,
	    STARTTLS_NEVER, false), 0);
	/* what is in error is ready: the next operation will tell */
	close(fds[0]);
	ck_assert_int_eq(starttls_wait(fds[1], STARTTLS_WANT_READ,
	    starttls_deadline(SOON_MS), false), 0);
	close(fds[1]);
	ck_assert_int_eq(starttls_wait(fds[1], STARTTLS_WANT_READ,
	    starttls_deadline(SOON_MS), false), 0);
}
END_TEST

START_TEST(test_wait_passes_even_if_the_descriptor_stays_ready)
{
	int64_t start = starttls_now_us(), deadline = starttls_deadline(150);
	int fds[2], rc, turns = 0;

	ck_assert_int_eq(pipe(fds), 0);
	ck_assert_int_eq(write(fds[1], "x", 1), 1);
	ck_assert_int_eq(starttls_wait(fds[0], STARTTLS_WANT_READ,
	    starttls_now_us() - 1, false), STARTTLS_E_TIMEOUT);
	ck_assert_int_eq(starttls_wait(fds[0], STARTTLS_WANT_READ,
	    starttls_deadline(0), false), STARTTLS_E_TIMEOUT);
	while ((rc = starttls_wait(fds[0], STARTTLS_WANT_READ, deadline,
	    false)) == 0)
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
	ck_assert_int_eq(starttls_wait(fds[0], STARTTLS_WANT_READ,
	    starttls_deadline(SOON_MS), true), STARTTLS_E_INTERRUPTED);
	start = starttls_now_us();
	rc = starttls_wait(fds[0], STARTTLS_WANT_READ,
	    starttls_deadline(200), false);
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

START_TEST(test_wait_tells_which_is_ready)
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
	starttls_which_ready(ends, ready, 3);
	ck_assert(!ready[0] && !ready[1] && !ready[2]);
	close(fds[2][0]);          /* in error counts as ready */
	starttls_which_ready(ends, ready, 3);
	ck_assert(!ready[0] && !ready[1] && ready[2]);
	while (read(fds[0][0], scrap, sizeof(scrap)) > 0)
		continue;
	starttls_which_ready(ends, ready, 3);
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
	Suite *suite = suite_create("wait");
	TCase *waiting = tcase_create("wait");

	tcase_add_test(waiting, test_wait_deadlines_are_on_the_clock);
	tcase_add_test(waiting, test_wait_ends_when_ready);
	tcase_add_test(waiting,
	    test_wait_passes_even_if_the_descriptor_stays_ready);
	tcase_add_test(waiting, test_wait_is_not_stretched_by_signals);
	tcase_add_test(waiting, test_wait_tells_which_is_ready);
	suite_add_tcase(suite, waiting);
	return run_suite(suite);
}
