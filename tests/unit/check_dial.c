/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/* Dialling, on loopback only: src/dial.c. */

#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include <errno.h>
#include <limits.h>
#include <netdb.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "harness.h"
#include "resolver.h"
#include "sockets.h"
#include "wait.h"

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
		refuse("mail.example.org", "25", STARTTLS_ANY, 700,
		    STARTTLS_E_TIMEOUT, STARTTLS_PHASE_CONNECT, &error);
		took = ms_since(start);
		ck_assert_int_ge(took, 700);
		ck_assert_int_lt(took, 3000);
		/* at 0, 250 and 500 ms; with time to be late by for the last */
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

int
main(void)
{
	Suite *suite = suite_create("dial");
	TCase *dial = tcase_create("dial");
	TCase *several = tcase_create("race");

	tcase_add_checked_fixture(dial, set_up, NULL);
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

	tcase_add_checked_fixture(several, set_up, NULL);
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
	return run_suite(suite);
}
