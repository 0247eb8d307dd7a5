/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/* Deadlines hold, whatever the server does or does not do. */

#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "remote.h"
#include "sockets.h"
#include "wait.h"

static const char *const silent[] = { NULL };
static const char *const half_line[] = { "S= 220-", NULL };

static const struct {
	const char *name;
	const char *const *script;
	enum ending ending;
	int phase;
} slow[] = {
	{ "no greeting", silent, HANG, STARTTLS_PHASE_GREETING },
	{ "dripping greeting", half_line, DRIP, STARTTLS_PHASE_GREETING },
	{ "no ServerHello", NULL, HANG, STARTTLS_PHASE_HANDSHAKE },
	{ "dripping ServerHello", NULL, DRIP_RECORD,
	  STARTTLS_PHASE_HANDSHAKE },
};

START_TEST(test_fd_deadline_holds_for_an_upgrade)
{
	struct peer peer = { .script = slow[_i].script,
		.ending = slow[_i].ending };
	struct starttls_upgrade *upgrade;
	struct starttls_error error;
	int64_t start, took;
	int fds[2], rc;

	sockets_pair(fds);
	peer.fd = fds[1];
	peer_start(&peer);
	upgrade = new_upgrade("smtp", STARTTLS_GREETING, fds[0]);
	start = starttls_now_us();
	rc = starttls_upgrade_run(upgrade, 300, &error);
	took = ms_since(start);
	ck_assert_msg(rc == STARTTLS_E_TIMEOUT, "%s: %d", slow[_i].name, rc);
	ck_assert_int_eq(error.code, STARTTLS_E_TIMEOUT);
	ck_assert_int_eq(error.phase, slow[_i].phase);
	ck_assert_int_ge(took, 300);
	ck_assert_int_lt(took, LATE_MS);
	/* it is over for good */
	ck_assert_int_eq(starttls_upgrade_step(upgrade, NULL),
	    STARTTLS_E_TIMEOUT);
	starttls_upgrade_free(upgrade);
	close(fds[0]);
	peer_join(&peer);
}
END_TEST

/* The same through starttls_open(), and nothing stays open. */
START_TEST(test_fd_deadline_holds_for_open)
{
	struct peer peer = { .script = slow[_i].script,
		.ending = slow[_i].ending, .fd = -1 };
	struct starttls_options options = STARTTLS_OPTIONS_INIT;
	struct starttls_session *session = NULL;
	char port[SOCKETS_PORT_SIZE], url[64];
	int64_t start, took;

	peer.listener = sockets_listen(AF_INET, port);
	snprintf(url, sizeof(url), "smtp://%s:%s", PEER, port);
	options.connect_host = "127.0.0.1";
	peer_start(&peer);
	start = starttls_now_us();
	ck_assert_int_eq(starttls_open(&session, policy, url, 300, &options,
	    NULL), STARTTLS_E_TIMEOUT);
	took = ms_since(start);
	ck_assert_ptr_null(session);
	ck_assert_int_ge(took, 300);
	ck_assert_int_lt(took, LATE_MS);
	peer_join(&peer);
	close(peer.listener);
}
END_TEST

/* What is left of it is the session's, however the upgrade was made. */
START_TEST(test_fd_deadline_goes_on_for_the_session)
{
	struct peer peer = { .ending = ECHO, .fd = -1 };
	struct starttls_options options = STARTTLS_OPTIONS_INIT;
	struct starttls_session *session = NULL;
	struct starttls_upgrade *upgrade;
	struct starttls_error error;
	char port[SOCKETS_PORT_SIZE], url[64], byte;
	int64_t start = starttls_now_us();
	int rc;

	peer.listener = sockets_listen(AF_INET, port);
	snprintf(url, sizeof(url), "smtp://%s:%s", PEER, port);
	options.connect_host = "127.0.0.1";
	peer_start(&peer);
	if (_i == 0) {
		rc = starttls_open(&session, policy, url, LATE_MS, &options,
		    &error);
	} else {
		rc = starttls_upgrade_dial(&upgrade, policy, url, SOON_MS,
		    &options, &error);
		if (rc == 0)
			rc = starttls_upgrade_run(upgrade, LATE_MS, &error);
		if (rc == 0)
			session = starttls_upgrade_take(upgrade);
	}
	ck_assert_msg(rc == 0, "%s", error.message);
	ck_assert_int_eq(starttls_session_read(session, &byte, 1),
	    STARTTLS_E_TIMEOUT);
	ck_assert_int_ge(ms_since(start), LATE_MS);
	ck_assert_int_lt(ms_since(start), SOON_MS);
	starttls_session_free(session);
	peer_join(&peer);
	close(peer.listener);
}
END_TEST

START_TEST(test_fd_deadline_holds_for_reading)
{
	struct peer peer = { .ending = _i == 1 ? CHATTER : DRIP_INSIDE,
		.priority = TLS13 };
	struct starttls_session *session;
	struct starttls_error error;
	int64_t start, took;
	char data[4096];
	ssize_t n;
	int fds[2], reads = 0;

	sockets_pair(fds);
	peer.fd = fds[1];
	peer_start(&peer);
	session = open_session(fds[0]);
	start = starttls_now_us();
	ck_assert_int_eq(starttls_session_set_deadline(session, _i == 2 ? -1 :
	    300), 0);
	ck_assert_int_eq(starttls_session_set_idle(session, _i == 2 ? 300 :
	    SOON_MS), 0);
	while ((n = starttls_session_read(session, data, sizeof(data))) > 0)
		reads++;
	took = ms_since(start);
	ck_assert_int_eq(n, STARTTLS_E_TIMEOUT);
	ck_assert_int_ge(took, 300);
	ck_assert_int_lt(took, LATE_MS);
	if (_i == 1)
		ck_assert_int_gt(reads, 1);
	else
		ck_assert_int_eq(reads, 0);
	ck_assert_int_eq(starttls_session_error(session, &error),
	    STARTTLS_E_TIMEOUT);
	ck_assert_int_eq(error.phase, STARTTLS_PHASE_SESSION);
	starttls_session_free(session);
	close(fds[0]);
	peer_join(&peer);
}
END_TEST

/* A peer that never answers our close_notify, or talks on. */
START_TEST(test_fd_deadline_holds_for_closing)
{
	struct peer peer = { .ending = CHATTER };
	struct starttls_session *session;
	int64_t start, took;
	int fds[2];

	sockets_pair(fds);
	peer.fd = fds[1];
	peer_start(&peer);
	session = open_session(fds[0]);
	start = starttls_now_us();
	ck_assert_int_eq(starttls_session_set_deadline(session, 300), 0);
	ck_assert_int_eq(starttls_session_close(session),
	    STARTTLS_E_TIMEOUT);
	took = ms_since(start);
	ck_assert_int_ge(took, 300);
	ck_assert_int_lt(took, LATE_MS);
	starttls_session_free(session);
	close(fds[0]);
	peer_join(&peer);
}
END_TEST

/* A peer that does not read: writing blocks, but not for ever. */
START_TEST(test_fd_deadline_holds_for_writing)
{
	struct peer peer = { .ending = DRIP_INSIDE };
	struct starttls_session *session;
	int64_t start, took;
	static char data[1 << 16];
	ssize_t n;
	int fds[2];

	sockets_pair(fds);
	peer.fd = fds[1];
	peer_start(&peer);
	session = open_session(fds[0]);
	start = starttls_now_us();
	ck_assert_int_eq(starttls_session_set_deadline(session, 300), 0);
	do {
		n = starttls_session_write(session, data, sizeof(data));
	} while (n > 0 && ms_since(start) < SOON_MS);
	took = ms_since(start);
	ck_assert_int_eq(n, STARTTLS_E_TIMEOUT);
	ck_assert_int_ge(took, 300);
	ck_assert_int_lt(took, LATE_MS);
	starttls_session_free(session);
	close(fds[0]);
	peer_join(&peer);
}
END_TEST

/* All the way, with a loop of our own. */
static struct starttls_session *
step_session(int fd)
{
	struct starttls_upgrade *upgrade = new_upgrade("smtp",
	    STARTTLS_GREETING, fd);
	struct pollfd p = { .fd = fd };
	struct starttls_error error;
	int rc;

	while (is_wanting(rc = starttls_upgrade_step(upgrade, &error))) {
		p.events = rc == STARTTLS_WANT_READ ? POLLIN : POLLOUT;
		ck_assert_int_eq(poll(&p, 1, SOON_MS), 1);
	}
	ck_assert_msg(rc == 0, "%s", error.message);
	return starttls_upgrade_take(upgrade);
}

/* Without a deadline nothing waits, whatever the descriptor's mode. */
START_TEST(test_fd_steps_never_wait)
{
	struct starttls_upgrade *upgrade;
	struct starttls_session *session;
	struct starttls_error error;
	struct peer peer = { .ending = ECHO };
	char data[16];
	int fds[2];

	make_pair(_i != 0, fds);
	upgrade = new_upgrade("imap", STARTTLS_GREETING, fds[0]);
	ck_assert_int_eq(starttls_upgrade_step(upgrade, &error),
	    STARTTLS_WANT_READ);
	starttls_upgrade_free(upgrade);
	upgrade = new_upgrade("imap", STARTTLS_HANDSHAKE, fds[0]);
	ck_assert_int_eq(starttls_upgrade_step(upgrade, &error),
	    STARTTLS_WANT_READ);
	starttls_upgrade_free(upgrade);
	close(fds[0]);
	close(fds[1]);

	make_pair(_i != 0, fds);
	peer.fd = fds[1];
	peer_start(&peer);
	session = step_session(fds[0]);
	ck_assert_int_eq(starttls_session_read(session, data, sizeof(data)),
	    STARTTLS_WANT_READ);
	expect_echo(session, "hello");
	ck_assert_int_eq(starttls_session_set_deadline(session, 0), 0);
	ck_assert_int_eq(starttls_session_read(session, data, sizeof(data)),
	    STARTTLS_WANT_READ);
	starttls_session_free(session);
	close(fds[0]);
	peer_join(&peer);
}
END_TEST

/* What a session tells about a stream that ends without close_notify. */
START_TEST(test_fd_end_without_goodbye_is_truncation)
{
	struct starttls_session *session;
	struct peer peer = { .ending = GREET };
	char data[16];
	int fds[2];

	make_pair(_i != 0, fds);
	peer.fd = fds[1];
	peer_start(&peer);
	session = open_session(fds[0]);
	ck_assert_int_eq(starttls_session_set_deadline(session, SOON_MS), 0);
	ck_assert_int_eq(starttls_session_read(session, data, sizeof(data)),
	    5);
	ck_assert_int_eq(starttls_session_read(session, data, sizeof(data)),
	    STARTTLS_E_TRUNCATED);
	starttls_session_free(session);
	close(fds[0]);
	peer_join(&peer);
}
END_TEST

/* Signals: a timer that comes until it is stopped, as one may come too early
   for the wait that it is meant for. */

static void
ignore(int number)
{
	(void)number;
}

static void
start_timer(void)
{
	const struct itimerval soon = { { 0, 20000 }, { 0, 20000 } };
	struct sigaction action;

	memset(&action, 0, sizeof(action));
	action.sa_handler = ignore;
	action.sa_flags = SA_RESTART; /* makes no difference */
	ck_assert_int_eq(sigaction(SIGALRM, &action, NULL), 0);
	ck_assert_int_eq(setitimer(ITIMER_REAL, &soon, NULL), 0);
}

static void
stop_timer(void)
{
	const struct itimerval never = { { 0, 0 }, { 0, 0 } };

	setitimer(ITIMER_REAL, &never, NULL);
}

/* A peer that takes no signals. */
static void
start_deaf(struct peer *p)
{
	sigset_t alarm, old;

	sigemptyset(&alarm);
	sigaddset(&alarm, SIGALRM);
	pthread_sigmask(SIG_BLOCK, &alarm, &old);
	peer_start(p);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
}

START_TEST(test_fd_wait_is_interrupted_if_asked)
{
	struct starttls_options options = STARTTLS_OPTIONS_INIT;
	struct peer peer = { .ending = ECHO };
	struct starttls_session *session;
	struct starttls_upgrade *upgrade;
	struct starttls_error error;
	char data[16];
	ssize_t n;
	int fds[2], rc;

	make_pair(_i != 0, fds);
	peer.fd = fds[1];
	options.interruptible = 1;
	ck_assert_int_eq(starttls_upgrade_new(&upgrade, policy,
	    starttls_protocol_find("smtp"), STARTTLS_GREETING, PEER, fds[0],
	    &options, &error), 0);
	start_timer();
	ck_assert_int_eq(starttls_upgrade_run(upgrade, SOON_MS, &error),
	    STARTTLS_E_INTERRUPTED);
	ck_assert_int_eq(error.code, STARTTLS_E_INTERRUPTED);
	ck_assert_int_eq(error.phase, STARTTLS_PHASE_GREETING);
	ck_assert(is_plain_line(error.message));
	start_deaf(&peer);
	do {
		rc = starttls_upgrade_run(upgrade, SOON_MS, &error);
	} while (rc == STARTTLS_E_INTERRUPTED);
	ck_assert_msg(rc == 0, "%s", error.message);
	session = starttls_upgrade_take(upgrade);
	ck_assert_int_eq(starttls_session_read(session, data, sizeof(data)),
	    STARTTLS_E_INTERRUPTED);
	ck_assert_int_eq(starttls_session_error(session, &error), 0);
	ck_assert_int_eq(starttls_session_write(session, "hello", 5), 5);
	while ((n = starttls_session_read(session, data, sizeof(data))) ==
	    STARTTLS_E_INTERRUPTED)
		continue;
	ck_assert_int_eq(n, 5);
	do {
		rc = starttls_session_close(session);
	} while (rc == STARTTLS_E_INTERRUPTED);
	ck_assert_int_eq(rc, 0);
	stop_timer();
	starttls_session_free(session);
	close(fds[0]);
	peer_join(&peer);
}
END_TEST

/* Nothing stays of an open that was interrupted, and it can begin again. */
START_TEST(test_fd_open_is_interrupted_if_asked)
{
	struct peer peer = { .script = silent, .ending = HANG, .fd = -1 };
	struct starttls_options options = STARTTLS_OPTIONS_INIT;
	struct starttls_session *session = NULL;
	struct starttls_error error;
	char port[SOCKETS_PORT_SIZE], url[64];
	size_t before = sockets_count();
	int rc;

	options.connect_host = "127.0.0.1";
	options.interruptible = _i;
	peer.listener = sockets_listen(AF_INET, port);
	snprintf(url, sizeof(url), "smtp://%s:%s", PEER, port);
	start_deaf(&peer);
	start_timer();
	rc = starttls_open(&session, policy, url, _i != 0 ? SOON_MS : 300,
	    &options, &error);
	stop_timer();
	ck_assert_int_eq(rc, _i != 0 ? STARTTLS_E_INTERRUPTED :
	    STARTTLS_E_TIMEOUT);
	ck_assert_int_eq(error.code, rc);
	ck_assert_ptr_null(session);
	peer_join(&peer);
	close(peer.listener);
	ck_assert_uint_eq(sockets_count(), before);
}
END_TEST

/* While nobody answers the connection. */
START_TEST(test_fd_dialling_is_interrupted_if_asked)
{
	struct starttls_options options = STARTTLS_OPTIONS_INIT;
	struct starttls_session *session = NULL;
	struct starttls_error error;
	char port[SOCKETS_PORT_SIZE], url[64];
	int fds[16], rc;
	size_t before;

	if (!sockets_fill(AF_INET, port, fds))
		return;
	before = sockets_count();
	options.connect_host = "127.0.0.1";
	options.interruptible = 1;
	snprintf(url, sizeof(url), "imaps://%s:%s", PEER, port);
	start_timer();
	rc = starttls_open(&session, policy, url, SOON_MS, &options, &error);
	stop_timer();
	ck_assert_msg(rc == STARTTLS_E_INTERRUPTED, "%s", error.message);
	ck_assert_int_eq(error.phase, STARTTLS_PHASE_CONNECT);
	ck_assert_ptr_null(session);
	ck_assert_uint_eq(sockets_count(), before);
	sockets_close(fds);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("fd_deadline");
	TCase *deadline = fd_case(suite, "deadline");
	TCase *signals = fd_case(suite, "signals");

	tcase_add_loop_test(deadline, test_fd_deadline_holds_for_an_upgrade,
	    0, ARRAY_LEN(slow));
	tcase_add_loop_test(deadline, test_fd_deadline_holds_for_open, 0,
	    ARRAY_LEN(slow));
	tcase_add_loop_test(deadline,
	    test_fd_deadline_goes_on_for_the_session, 0, 2);
	tcase_add_loop_test(deadline, test_fd_deadline_holds_for_reading, 0,
	    3);
	tcase_add_test(deadline, test_fd_deadline_holds_for_closing);
	tcase_add_test(deadline, test_fd_deadline_holds_for_writing);
	tcase_add_loop_test(deadline, test_fd_steps_never_wait, 0, 2);
	tcase_add_loop_test(deadline,
	    test_fd_end_without_goodbye_is_truncation, 0, 2);

	tcase_add_loop_test(signals, test_fd_wait_is_interrupted_if_asked, 0,
	    2);
	tcase_add_loop_test(signals, test_fd_open_is_interrupted_if_asked, 0,
	    2);
	tcase_add_test(signals, test_fd_dialling_is_interrupted_if_asked);
	return run_suite(suite);
}
