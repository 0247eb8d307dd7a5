/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * Upgrades that begin with a name, in a loop that waits for one descriptor:
 * src/dial.c, src/resolve.c, src/local.c, src/watchset.c, and what
 * src/upgrade.c makes of them.
 *
 * Names go to a resolver of the test's own, see resolver.h.  Nobody speaks TLS
 * here; check_fd goes all the way.
 */

#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness.h"
#include "heap.h"
#include "resolve.h"
#include "resolver.h"
#include "sockets.h"
#include "wait.h"

#define MANY 300                   /* more than there can be look-ups */

static struct mint_cert root;
static struct starttls_policy *policy;
static char port[SOCKETS_PORT_SIZE]; /* of the listener */
static int listener;
static size_t descriptors;         /* in use before a test */

static void
begin(void)
{
	set_up();
	mint(&root, &(struct mint_spec){ .cn = "Root", .is_ca = true }, NULL);
	policy = test_policy((const struct mint_cert *const[]){ &root }, 1);
	listener = sockets_listen(AF_INET, port);
	ck_assert_int_ge(listener, 0);
	answer(0, "127.0.0.1", port);
	count_usual_threads();
	descriptors = sockets_count();
}

/* Nothing is left, whatever a test has done. */
static void
end(void)
{
	let_resolver_go();
	ck_assert_uint_eq(thread_count(), 0);
	ck_assert_uint_eq(sockets_count(), descriptors);
	starttls_policy_unref(policy);
	mint_free(&root);
	close(listener);
}

static struct starttls_upgrade *
dial_with(const char *url, int timeout_ms, struct starttls_options *options)
{
	int64_t start = starttls_now_us();
	struct starttls_upgrade *upgrade = NULL;
	struct starttls_error error;
	int rc = starttls_upgrade_dial(&upgrade, policy, url, timeout_ms,
	    options, &error);

	ck_assert_msg(rc == 0, "%s: %d, %s", url, rc, error.message);
	ck_assert_int_lt(ms_since(start), 2000);
	return upgrade;
}

static struct starttls_upgrade *
dial(const char *url, int timeout_ms)
{
	return dial_with(url, timeout_ms, NULL);
}

static struct pollfd
to_poll(const struct starttls_upgrade *upgrade, int want)
{
	struct pollfd one = {
		.fd = starttls_upgrade_fd(upgrade),
		.events = want == STARTTLS_WANT_READ ? POLLIN : POLLOUT,
	};

	ck_assert_int_eq(fcntl(one.fd, F_GETFD), FD_CLOEXEC);
	return one;
}

/* As an event loop does: the descriptor and the time are all that it has. */
static int
drive(struct starttls_upgrade *upgrade, struct starttls_error *error)
{
	struct pollfd one;
	int rc;

	while (is_wanting(rc = starttls_upgrade_step(upgrade, error))) {
		one = to_poll(upgrade, rc);
		ck_assert_int_ge(poll(&one, 1,
		    starttls_upgrade_timeout(upgrade)), 0);
	}
	return rc;
}

static void
expect(const struct starttls_error *error, int rc, int code, int phase)
{
	ck_assert_msg(rc == code && error->code == code &&
	    error->phase == phase, "%d in phase %d: %s", rc, error->phase,
	    error->message);
	ck_assert(is_plain_line(error->message));
}

/* Who was accepted on the listener, or -1. */
static int
accept_one(struct sockaddr_storage *ret_address)
{
	struct pollfd one = { .fd = listener, .events = POLLIN };
	socklen_t len = sizeof(*ret_address);

	if (poll(&one, 1, SOON_MS) != 1)
		return -1;
	return accept(listener, (struct sockaddr *)ret_address, &len);
}

/* One turn of a server that has no time for anybody. */
static void
turn_away_all(int fd)
{
	struct pollfd one = { .fd = fd, .events = POLLIN };

	while (poll(&one, 1, 0) == 1) {
		int peer = accept(fd, NULL, NULL);

		(void)!send(peer, "554 no\r\n", 8, MSG_NOSIGNAL);
		close(peer);
	}
}

/* ---- at once ---- */

START_TEST(test_dialling_returns_at_once)
{
	struct starttls_error error;
	struct starttls_upgrade *upgrade;
	struct pollfd one;

	hold_resolver();
	upgrade = dial("smtp://" PEER, SOON_MS);
	/* there is something to poll already, but nothing to be told */
	one = to_poll(upgrade, STARTTLS_WANT_READ);
	ck_assert_int_eq(poll(&one, 1, 0), 0);
	ck_assert_int_eq(starttls_upgrade_step(upgrade, &error),
	    STARTTLS_WANT_READ);
	ck_assert_int_eq(starttls_upgrade_step(upgrade, NULL),
	    STARTTLS_WANT_READ);
	ck_assert_int_gt(starttls_upgrade_timeout(upgrade), SOON_MS / 2);
	ck_assert_int_le(starttls_upgrade_timeout(upgrade), SOON_MS);
	one = to_poll(upgrade, STARTTLS_WANT_READ);
	ck_assert_int_eq(poll(&one, 1, 0), 0);
	release_resolver();
	ck_assert_int_eq(poll(&one, 1, SOON_MS), 1);
	ck_assert_int_ne(one.revents & POLLIN, 0);
	ck_assert(is_wanting(starttls_upgrade_step(upgrade, &error)));
	starttls_upgrade_free(upgrade);
}
END_TEST

START_TEST(test_dialling_needs_no_thread_for_an_address)
{
	char url[64];
	struct starttls_upgrade *upgrade;
	struct starttls_error error;
	struct pollfd one;
	int rc;

	hold_resolver();
	snprintf(url, sizeof(url), "smtp://127.0.0.1:%s", port);
	upgrade = dial(url, -1);
	ck_assert_int_eq(starttls_upgrade_timeout(upgrade), -1);
	rc = starttls_upgrade_step(upgrade, &error);
	while (rc == STARTTLS_WANT_WRITE) { /* that is, until it is connected */
		one = to_poll(upgrade, rc);
		ck_assert_int_eq(poll(&one, 1, SOON_MS), 1);
		rc = starttls_upgrade_step(upgrade, &error);
	}
	ck_assert_int_eq(rc, STARTTLS_WANT_READ);
	ck_assert_int_eq(resolver.calls, 0);
	ck_assert_uint_eq(thread_count(), 0);
	starttls_upgrade_free(upgrade);
}
END_TEST

/* What is wrong with the arguments is told before anything begins. */
START_TEST(test_dialling_refuses_nonsense)
{
	static const struct {
		const char *url, *host, *port, *address, *interface;
		enum starttls_family family;
	} rows[] = {
		{ "smtp://a..b", NULL, NULL, NULL, NULL, STARTTLS_ANY },
		{ "nonsense", NULL, NULL, NULL, NULL, STARTTLS_ANY },
		{ "smtp://" PEER, "a b", NULL, NULL, NULL, STARTTLS_ANY },
		{ "smtp://" PEER, NULL, "0", NULL, NULL, STARTTLS_ANY },
		{ "smtp://" PEER, NULL, NULL, PEER, NULL, STARTTLS_ANY },
		{ "smtp://" PEER, NULL, NULL, "", NULL, STARTTLS_ANY },
		{ "smtp://" PEER, NULL, NULL, "127.1", NULL, STARTTLS_ANY },
		{ "smtp://" PEER, NULL, NULL, "::1", NULL, STARTTLS_IPV4 },
		{ "smtp://" PEER, NULL, NULL, "127.0.0.1", NULL,
		    STARTTLS_IPV6 },
		{ "smtp://" PEER, NULL, NULL, NULL, "", STARTTLS_ANY },
		{ "smtp://" PEER, NULL, NULL, NULL, "lo\n", STARTTLS_ANY },
		{ "smtp://" PEER, NULL, NULL, NULL,
		    "an-interface-with-too-long-a-name", STARTTLS_ANY },
	};
	struct starttls_options options = STARTTLS_OPTIONS_INIT;
	struct starttls_upgrade *upgrade = NULL;
	struct starttls_error error;
	size_t i;
	int rc;

	for (i = 0; i < ARRAY_LEN(rows); i++) {
		options.connect_host = rows[i].host;
		options.connect_port = rows[i].port;
		options.local_address = rows[i].address;
		options.local_interface = rows[i].interface;
		options.family = rows[i].family;
		rc = starttls_upgrade_dial(&upgrade, policy, rows[i].url, 0,
		    &options, &error);
		ck_assert_msg(rc == STARTTLS_E_INVALID, "row %zu: %d", i, rc);
		expect(&error, rc, STARTTLS_E_INVALID, STARTTLS_PHASE_SETUP);
		ck_assert_ptr_null(upgrade);
	}
	ck_assert_int_eq(starttls_upgrade_dial(&upgrade, policy,
	    "smtp://127.0.0.1", -2, NULL, NULL), STARTTLS_E_INVALID);
	ck_assert_int_eq(resolver.calls, 0);
	ck_assert_uint_eq(attempt_count, 0);
}
END_TEST

/* The words and the address are those of starttls_dial(). */
START_TEST(test_dialling_fails_as_starttls_dial_does)
{
	static const int failures[] = { EAI_NONAME, EAI_MEMORY, EAI_SERVICE,
		0, 0 };
	static char bad[SOCKETS_PORT_SIZE];
	int bound = sockets_bind(AF_INET, bad), fd = -77, rc;
	struct starttls_report report = { .size = sizeof(report) };
	struct starttls_options options = STARTTLS_OPTIONS_INIT;
	struct starttls_error error, expected;
	struct starttls_upgrade *upgrade;

	resolver.rc = failures[_i];
	answer(0, "127.0.0.1", bad);
	answer(1, "127.0.0.2", bad);
	options.connect_host = _i == 4 ? "127.0.0.1" : NULL;
	options.connect_port = bad;
	rc = starttls_dial(_i == 4 ? "127.0.0.1" : PEER, bad, STARTTLS_ANY,
	    SOON_MS, &fd, &expected);
	ck_assert_int_ne(rc, 0);
	upgrade = dial_with("smtp://" PEER, SOON_MS, &options);
	ck_assert_int_eq(drive(upgrade, &error), rc);
	expect(&error, rc, expected.code, expected.phase);
	ck_assert_str_eq(error.message, expected.message);
	ck_assert_str_eq(error.address, expected.address);
	ck_assert_int_eq(error.sys_errno, expected.sys_errno);
	/* for ever, and there is nothing to poll */
	ck_assert_int_eq(starttls_upgrade_step(upgrade, &error), rc);
	ck_assert_int_eq(starttls_upgrade_run(upgrade, SOON_MS, &error), rc);
	ck_assert_str_eq(error.message, expected.message);
	ck_assert_int_eq(starttls_upgrade_fd(upgrade), -1);
	/* and the report says how far it went */
	ck_assert_int_eq(starttls_upgrade_report(upgrade, &report), 0);
	ck_assert_int_ge(report.resolve_us, 0);
	ck_assert((report.connect_us >= 0) ==
	    (expected.phase == STARTTLS_PHASE_CONNECT));
	ck_assert_int_eq(report.greeting_us, -1);
	ck_assert_str_eq(report.address, expected.address);
	ck_assert_str_eq(report.host, PEER);
	starttls_upgrade_free(upgrade);
	close(bound);
}
END_TEST

/* ---- until the deadline ---- */

/* A resolver, a network, a server, a handshake that never answers. */
START_TEST(test_dialling_has_one_deadline)
{
	static const struct {
		const char *scheme;
		int code, phase;
	} rows[] = {
		{ "smtp", STARTTLS_E_TIMEOUT, STARTTLS_PHASE_RESOLVE },
		{ "smtp", STARTTLS_E_TIMEOUT, STARTTLS_PHASE_CONNECT },
		{ "smtp", STARTTLS_E_TIMEOUT, STARTTLS_PHASE_GREETING },
		{ "smtps", STARTTLS_E_TIMEOUT, STARTTLS_PHASE_HANDSHAKE },
	};
	const int kind = _i / 3, way = _i % 3;
	struct starttls_upgrade *upgrade;
	struct starttls_error error;
	static char silent[SOCKETS_PORT_SIZE];
	char url[64];
	int64_t start;
	int fds[16] = { -1 }, rc;

	if (kind == 0)
		hold_resolver();
	if (kind == 1 && fill(AF_INET, silent, fds))
		answer(0, "127.0.0.1", silent);
	if (kind != 1 || fds[0] >= 0) {
		snprintf(url, sizeof(url), "%s://%s", kind == 3 ?
		    "submissions" : rows[kind].scheme, PEER);
		start = starttls_now_us();
		upgrade = dial(url, way == 2 ? SOON_MS : 300);
		/* whoever waits, and whichever of two ends first */
		rc = way == 0 ? drive(upgrade, &error) : starttls_upgrade_run(
		    upgrade, way == 1 ? SOON_MS : 300, &error);
		expect(&error, rc, rows[kind].code, rows[kind].phase);
		ck_assert_int_ge(ms_since(start), way == 2 ? 299 : 300);
		ck_assert_int_lt(ms_since(start), 2000);
		ck_assert_ptr_nonnull(strstr(error.message, "deadline"));
		starttls_upgrade_free(upgrade);
	}
	sockets_close(fds);
}
END_TEST

/* It began with the dial, not with the first step. */
START_TEST(test_dialling_starts_the_clock)
{
	struct starttls_upgrade *upgrade;
	struct starttls_error error;

	hold_resolver();
	upgrade = dial("smtp://" PEER, 100);
	poll(NULL, 0, starttls_upgrade_timeout(upgrade));
	ck_assert_int_eq(starttls_upgrade_timeout(upgrade), 0);
	expect(&error, starttls_upgrade_step(upgrade, &error),
	    STARTTLS_E_TIMEOUT, STARTTLS_PHASE_RESOLVE);
	starttls_upgrade_free(upgrade);
	/* and no time at all is a deadline like any other */
	upgrade = dial("smtp://" PEER, 0);
	expect(&error, starttls_upgrade_step(upgrade, &error),
	    STARTTLS_E_TIMEOUT, STARTTLS_PHASE_RESOLVE);
	starttls_upgrade_free(upgrade);
}
END_TEST

/* ---- cancelled ---- */

START_TEST(test_dialling_is_cancelled_at_once)
{
	struct starttls_upgrade *upgrade;
	struct starttls_error error;
	static char silent[SOCKETS_PORT_SIZE];
	int64_t start;
	int fds[16] = { -1 }, steps;
	size_t before;

	if (_i < 2)
		hold_resolver();
	if (_i >= 2 && _i < 6 && fill(AF_INET, silent, fds)) {
		answer(0, "127.0.0.1", silent);
		if (_i >= 4)
			answer(1, "127.0.0.1", silent);
	}
	before = sockets_count();
	upgrade = dial("smtp://" PEER, SOON_MS);
	for (steps = _i % 2 == 0 ? 0 : 3; steps > 0; steps--) {
		int rc = starttls_upgrade_step(upgrade, &error);
		struct pollfd one = to_poll(upgrade, rc);

		ck_assert(is_wanting(rc));
		poll(&one, 1, _i < 2 ? 0 : 100);
	}
	start = starttls_now_us();
	starttls_upgrade_free(upgrade);
	ck_assert_int_lt(ms_since(start), 1000);
	ck_assert_uint_eq(sockets_count(), before);
	sockets_close(fds);
}
END_TEST

START_TEST(test_dialling_forgets_what_was_cancelled)
{
	struct starttls_upgrade *upgrades[3];
	size_t i, round;

	for (round = 0; round < 2; round++) {
		hold_resolver();
		heap_track(round == 1); /* the C library keeps stacks */
		for (i = 0; i < 3; i++)
			upgrades[i] = dial(i == 0 ? "smtp://a.example.org" :
			    "imap://b.example.org", SOON_MS);
		for (i = 0; i < 3; i++)
			starttls_upgrade_free(upgrades[i]);
		heap_track(false);
		if (round == 1 && heap_is_watched())
			ck_assert_uint_eq(heap_blocks(), 2); /* look-ups */
		let_resolver_go();
		if (heap_is_watched())
			ck_assert_uint_eq(heap_blocks(), 0);
	}
}
END_TEST

/* ---- the race ---- */

/* Silent, silent, good: the descriptor alone is enough where there are sets. */
START_TEST(test_dialling_races_addresses)
{
	static char silent[SOCKETS_PORT_SIZE];
	struct starttls_upgrade *upgrade;
	struct starttls_error error;
	struct sockaddr_storage from;
	int64_t start = starttls_now_us();
	int fds[16], rc, peer;

	if (fill(AF_INET, silent, fds)) {
		answer(0, "127.0.0.1", silent);
		answer(1, "127.0.0.1", silent);
		answer(2, "127.0.0.1", port);
		start = starttls_now_us();
		upgrade = dial("smtp://" PEER, SOON_MS);
		for (;;) {
			struct pollfd one;

			rc = starttls_upgrade_step(upgrade, &error);
			if (attempt_count == 3)
				break;
			one = to_poll(upgrade, rc);
#ifdef HAVE_EPOLL_CREATE1
			ck_assert_int_eq(poll(&one, 1, SOON_MS), 1);
#else
			poll(&one, 1, starttls_upgrade_timeout(upgrade));
#endif
		}
		peer = accept_one(&from);
		ck_assert_int_eq(write(peer, "554 no\r\n", 8), 8);
		ck_assert_int_eq(drive(upgrade, &error), STARTTLS_E_REFUSED);
		/* two head starts of 250 ms, RFC 8305 section 5 */
		ck_assert_int_ge(ms_since(start), 500);
		ck_assert_int_lt(ms_since(start), 3000);
		ck_assert_str_eq(error.address, "127.0.0.1");
		starttls_upgrade_free(upgrade);
		close(peer);
	}
	sockets_close(fds);
}
END_TEST

/* The first address answers while the second one is being tried. */
START_TEST(test_dialling_lets_an_earlier_address_win)
{
	static char first[SOCKETS_PORT_SIZE], second[SOCKETS_PORT_SIZE];
	int fds[2][16] = { { -1 }, { -1 } }, rc;
	struct starttls_upgrade *upgrade;
	struct starttls_error error;
	struct pollfd polled[2];

	if (fill(AF_INET, first, fds[0]) &&
	    fill(AF_INET, second, fds[1])) {
		answer(0, "127.0.0.1", first);
		answer(1, "127.0.0.1", second);
		upgrade = dial("smtp://" PEER, SOON_MS);
		for (;;) {
			rc = starttls_upgrade_step(upgrade, &error);
			if (attempt_count == 2)
				break;
			polled[0] = to_poll(upgrade, rc);
			poll(polled, 1, starttls_upgrade_timeout(upgrade));
		}
		/* make room: its SYN is repeated after a second */
		polled[1] = (struct pollfd){ fds[0][0], POLLIN, 0 };
		while (is_wanting(rc = starttls_upgrade_step(upgrade,
		    &error))) {
			polled[0] = to_poll(upgrade, rc);
			poll(polled, 2, starttls_upgrade_timeout(upgrade));
			turn_away_all(fds[0][0]);
		}
		expect(&error, rc, STARTTLS_E_REFUSED,
		    STARTTLS_PHASE_GREETING);
		starttls_upgrade_free(upgrade);
	}
	sockets_close(fds[0]);
	sockets_close(fds[1]);
}
END_TEST

/* ---- many of them ---- */

START_TEST(test_dialling_many_at_once)
{
	struct starttls_upgrade *upgrades[MANY];
	struct pollfd fds[MANY + 1];
	struct starttls_error error;
	size_t i, j, left = MANY;
	char url[64];
	int rc;

	hold_resolver();
	for (i = 0; i < MANY; i++) {
		/* some ask for the same, and still have one each to poll */
		snprintf(url, sizeof(url), "smtp://host%zu.example.org",
		    i % (MANY - 20));
		upgrades[i] = dial(url, -1);
		fds[i] = to_poll(upgrades[i], STARTTLS_WANT_READ);
		for (j = 0; j < i; j++)
			ck_assert_int_ne(fds[j].fd, fds[i].fd);
	}
	ck_assert_uint_eq(thread_count(), RESOLVE_MAX_LOOKUPS);
	fds[MANY] = (struct pollfd){ .fd = listener, .events = POLLIN };
	ck_assert_int_eq(poll(fds, MANY + 1, 0), 0);
	release_resolver();
	while (left > 0) {
		ck_assert_int_gt(poll(fds, MANY + 1, SOON_MS), 0);
		turn_away_all(listener);
		for (i = 0; i < MANY; i++) {
			if (fds[i].fd < 0 || fds[i].revents == 0)
				continue;
			rc = starttls_upgrade_step(upgrades[i], &error);
			turn_away_all(listener); /* before the queue is full */
			if (is_wanting(rc)) {
				fds[i] = to_poll(upgrades[i], rc);
				continue;
			}
			ck_assert_msg(rc == STARTTLS_E_REFUSED, "%d: %s", rc,
			    error.message);
			starttls_upgrade_free(upgrades[i]);
			fds[i].fd = -1;
			left--;
		}
		ck_assert_uint_le(thread_count(), RESOLVE_MAX_LOOKUPS);
	}
	ck_assert_int_eq(resolver.calls, MANY - 20);
}
END_TEST

/* Those that wait for a thread go as quietly as those that have one. */
START_TEST(test_dialling_leaves_the_queue)
{
	struct starttls_upgrade *upgrades[MANY];
	struct starttls_error error;
	char url[64];
	size_t i;

	hold_resolver();
	for (i = 0; i < MANY; i++) {
		snprintf(url, sizeof(url), "smtp://host%zu.example.org", i);
		upgrades[i] = dial(url, i + 1 == MANY ? 0 : -1);
	}
	expect(&error, starttls_upgrade_step(upgrades[MANY - 1], &error),
	    STARTTLS_E_RESOLVE, STARTTLS_PHASE_RESOLVE);
	ck_assert_int_eq(error.sys_errno, EAGAIN);
	for (i = 0; i < MANY; i++)
		starttls_upgrade_free(upgrades[(i * 7) % MANY]);
	let_resolver_go();
	ck_assert_int_eq(resolver.calls, RESOLVE_MAX_LOOKUPS);
}
END_TEST

/* Threads that dial and cancel, all at the same time. */
static void *
dial_and_cancel(void *number)
{
	const unsigned turn = *(const unsigned *)number;
	char url[64];
	unsigned i;

	for (i = 0; i < 50; i++) {
		struct starttls_upgrade *upgrade;
		struct starttls_error error;

		snprintf(url, sizeof(url), "smtp://host%u.example.org",
		    (i + turn) % 7);
		if (starttls_upgrade_dial(&upgrade, policy, url, SOON_MS,
		    NULL, &error) != 0)
			return NULL;
		if (i % 3 != 0)
			(void)!starttls_upgrade_step(upgrade, &error);
		if (i % 5 == 0)
			sched_yield();
		starttls_upgrade_free(upgrade);
	}
	return number;
}

START_TEST(test_dialling_in_threads)
{
	static unsigned numbers[8];
	pthread_t threads[ARRAY_LEN(numbers)];
	void *result;
	size_t i;

	for (i = 0; i < ARRAY_LEN(numbers); i++) {
		numbers[i] = (unsigned)i;
		ck_assert_int_eq(pthread_create(&threads[i], NULL,
		    dial_and_cancel, &numbers[i]), 0);
	}
	for (i = 0; i < ARRAY_LEN(numbers); i++) {
		ck_assert_int_eq(pthread_join(threads[i], &result), 0);
		ck_assert_ptr_eq(result, &numbers[i]);
	}
}
END_TEST

/* ---- forks ---- */

/* The child goes on with what the parent has begun, or frees it. */
START_TEST(test_dialling_in_a_child)
{
	struct starttls_upgrade *upgrade, *other;
	struct starttls_error error;
	int status;
	pid_t child;

	hold_resolver();
	upgrade = dial("smtp://" PEER, SOON_MS);
	other = dial("imap://other.example.org", SOON_MS);
	pthread_mutex_lock(&resolver_lock);
	while (resolver.calls < 2) {
		pthread_mutex_unlock(&resolver_lock);
		sched_yield();
		pthread_mutex_lock(&resolver_lock);
	}
	child = fork();
	pthread_mutex_unlock(&resolver_lock);
	if (child == 0) {
		resolver.waits = false;
		resolver.rc = EAI_NONAME;
		starttls_upgrade_free(other);
		status = starttls_upgrade_run(upgrade, SOON_MS, &error);
		starttls_upgrade_free(upgrade);
		_exit(status == STARTTLS_E_RESOLVE ? 0 : 1);
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_eq(status, 0);
	starttls_upgrade_free(upgrade);
	starttls_upgrade_free(other);
}
END_TEST

/* ---- where from ---- */

START_TEST(test_dialling_from_an_address)
{
	struct starttls_options options = STARTTLS_OPTIONS_INIT;
	struct sockaddr_storage from = { .ss_family = AF_UNSPEC };
	const struct sockaddr_in *in = (const void *)&from;
	struct starttls_upgrade *upgrade;
	struct starttls_error error;
	int peer;

	/* only its family is asked for */
	options.local_address = "127.0.0.9";
	options.local_interface = _i == 0 ? NULL : "lo";
	upgrade = dial_with("smtp://" PEER, SOON_MS, &options);
	while (attempt_count < 1)
		ck_assert(is_wanting(starttls_upgrade_step(upgrade, &error)));
	peer = accept_one(&from);
	ck_assert_int_ge(peer, 0);
	ck_assert_int_eq(resolver.family, AF_INET);
	ck_assert_uint_eq(ntohl(in->sin_addr.s_addr), 0x7f000009);
	ck_assert_int_eq(write(peer, "554 no\r\n", 8), 8);
	ck_assert_int_eq(drive(upgrade, &error), STARTTLS_E_REFUSED);
	ck_assert_str_eq(error.address, "127.0.0.1");
	starttls_upgrade_free(upgrade);
	close(peer);
}
END_TEST

START_TEST(test_dialling_from_where_we_are_not)
{
	static const struct {
		const char *address, *interface, *named;
		int sys_errno;
	} rows[] = {
		{ "192.0.2.1", NULL, "from 192.0.2.1: ", EADDRNOTAVAIL },
		{ "192.0.2.1", "lo", "from 192.0.2.1: ", EADDRNOTAVAIL },
		{ NULL, "none0", "from interface none0: ", ENODEV },
		{ "127.0.0.1", "none0", "from interface none0: ", ENODEV },
	};
	struct starttls_options options = STARTTLS_OPTIONS_INIT;
	struct starttls_upgrade *upgrade;
	struct starttls_error error;

	answer(1, "127.0.0.2", port);
	options.local_address = rows[_i].address;
	options.local_interface = rows[_i].interface;
	upgrade = dial_with("smtp://" PEER, SOON_MS, &options);
	expect(&error, drive(upgrade, &error), STARTTLS_E_SYSTEM,
	    STARTTLS_PHASE_CONNECT);
	ck_assert_int_eq(error.sys_errno, rows[_i].sys_errno);
	ck_assert_ptr_nonnull(strstr(error.message, rows[_i].named));
	ck_assert_ptr_nonnull(strstr(error.message,
	    strerror(rows[_i].sys_errno)));
	ck_assert_uint_eq(attempt_count, 0);
	starttls_upgrade_free(upgrade);
}
END_TEST

/* What is link-local is so on the interface that was asked for. */
START_TEST(test_dialling_gives_the_scope)
{
	struct starttls_options options = STARTTLS_OPTIONS_INIT;
	const struct sockaddr_in6 *in6 = (const void *)&last_attempt;
	struct starttls_upgrade *upgrade;
	struct starttls_error error;

	options.local_interface = "lo";
	options.connect_host = "fe80::1";
	upgrade = dial_with("smtp://" PEER, 100, &options);
	ck_assert_int_ne(drive(upgrade, &error), 0);
	if (attempt_count > 0) /* or there is no IPv6 */
		ck_assert_uint_eq(in6->sin6_scope_id, if_nametoindex("lo"));
	starttls_upgrade_free(upgrade);
}
END_TEST

/* ---- out of memory ---- */

static int
dial_without_memory(struct starttls_error *error)
{
	struct starttls_upgrade *upgrade;
	int rc = starttls_upgrade_dial(&upgrade, policy, "smtp://" PEER,
	    SOON_MS, NULL, error);

	if (rc != 0)
		return rc;
	rc = starttls_upgrade_run(upgrade, SOON_MS, error);
	starttls_upgrade_free(upgrade);
	return rc;
}

START_TEST(test_dialling_without_memory)
{
	struct starttls_error error;
	bool has_failed;
	size_t nth = 0;
	int rc;

	resolver.rc = EAI_NONAME;
	(void)dial_without_memory(&error); /* what is made once */
	do {
		heap_track(true);
		heap_fail(++nth, false);
		rc = dial_without_memory(&error);
		has_failed = heap_failed();
		heap_fail(0, false);
		heap_track(false);
		let_resolver_go();
		if (heap_is_watched())
			ck_assert_uint_eq(heap_blocks(), 0);
		if (!has_failed)
			break;
		ck_assert_msg(rc == STARTTLS_E_NOMEM || rc ==
		    STARTTLS_E_SYSTEM || rc == STARTTLS_E_RESOLVE,
		    "allocation %zu: %d, %s", nth, rc, error.message);
		ck_assert_int_eq(error.code, rc);
	} while (heap_is_watched() && nth < 1000);
	ck_assert_int_eq(rc, STARTTLS_E_RESOLVE);
	ck_assert(!heap_is_watched() || nth > 3);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("dialling");
	TCase *tcase = tcase_create("dialling");

	mint_set_clock();
	tcase_add_checked_fixture(tcase, begin, end);
	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, test_dialling_returns_at_once);
	tcase_add_test(tcase, test_dialling_needs_no_thread_for_an_address);
	tcase_add_test(tcase, test_dialling_refuses_nonsense);
	tcase_add_loop_test(tcase, test_dialling_fails_as_starttls_dial_does,
	    0, 5);
	tcase_add_loop_test(tcase, test_dialling_has_one_deadline, 0, 12);
	tcase_add_test(tcase, test_dialling_starts_the_clock);
	tcase_add_loop_test(tcase, test_dialling_is_cancelled_at_once, 0, 8);
	tcase_add_test(tcase, test_dialling_forgets_what_was_cancelled);
	tcase_add_test(tcase, test_dialling_races_addresses);
	tcase_add_test(tcase, test_dialling_lets_an_earlier_address_win);
	tcase_add_test(tcase, test_dialling_many_at_once);
	tcase_add_test(tcase, test_dialling_leaves_the_queue);
	tcase_add_test(tcase, test_dialling_in_threads);
	tcase_add_test(tcase, test_dialling_in_a_child);
	tcase_add_loop_test(tcase, test_dialling_from_an_address, 0, 2);
	tcase_add_loop_test(tcase, test_dialling_from_where_we_are_not, 0, 4);
	tcase_add_test(tcase, test_dialling_gives_the_scope);
	tcase_add_test(tcase, test_dialling_without_memory);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
