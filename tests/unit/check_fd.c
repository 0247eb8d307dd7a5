/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * Upgrades of real descriptors against a server in a thread: whose they are,
 * what becomes of them, and signals.
 */

#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "own_name.h"
#include "remote.h"
#include "sockets.h"

static int
tcp_option(int fd, int option)
{
	int value = -1;
	socklen_t len = sizeof(value);

	return getsockopt(fd, IPPROTO_TCP, option, &value, &len) == 0 ?
	    value : -1;
}

/* Both kinds of socket, both blocking modes. */
START_TEST(test_fd_keeps_its_mode_and_its_owner)
{
	bool tcp = (_i & 1) != 0;
	int mode = (_i & 2) != 0 ? O_NONBLOCK : 0, fds[2], flags;
	struct starttls_session *session;
	struct starttls_upgrade *upgrade;
	struct peer peer = { .ending = ECHO };
	struct starttls_error error;

	make_pair(tcp, fds);
	peer.fd = fds[1];
	peer_start(&peer);
	ck_assert_int_eq(fcntl(fds[0], F_SETFL, mode), 0);
	flags = fcntl(fds[0], F_GETFL);
	upgrade = new_upgrade("smtp", STARTTLS_GREETING, fds[0]);
	ck_assert_int_eq(starttls_upgrade_fd(upgrade), fds[0]);
	ck_assert_int_eq(fcntl(fds[0], F_GETFL), flags);
	if (tcp)
		ck_assert_int_eq(tcp_option(fds[0], TCP_NODELAY), 1);
	ck_assert_int_eq(starttls_upgrade_run(upgrade, SOON_MS, &error), 0);
	ck_assert_int_eq(fcntl(fds[0], F_GETFL), flags);
	session = starttls_upgrade_take(upgrade);
	ck_assert_int_eq(starttls_session_fd(session), fds[0]);
	ck_assert_str_eq(starttls_session_own_name(session), TEST_HOST_NAME);
	expect_echo(session, "hello");
	ck_assert_int_eq(fcntl(fds[0], F_GETFL), flags);
	ck_assert_int_eq(starttls_session_close(session), 0);
	starttls_session_free(session);
	ck_assert_int_eq(fcntl(fds[0], F_GETFL), flags);
	ck_assert(is_open(fds[0]));
	/* and the stream is still up */
	ck_assert_int_eq(send(fds[0], "x", 1, MSG_NOSIGNAL), 1);
	close(fds[0]);
	peer_join(&peer);
	ck_assert(peer.heard_bye && peer.saw_end);
}
END_TEST

static const struct {
	const char *host;          /* NULL: cannot be found out */
	const char *address;       /* connected to; NULL: local sockets */
	const char *name;
} own_names[] = {
	{ "client.example.org", NULL, "client.example.org" },
	{ "client.example.org", "127.0.0.1", "client.example.org" },
	{ "Client.Example.ORG", NULL, "client.example.org" },
	{ "client.example.org.", NULL, "client.example.org" },
	{ "b\xc3\xbc" "cher.example", NULL, "xn--bcher-kva.example" },
	/* no domain, or none that means anything elsewhere */
	{ "client", "127.0.0.1", "[127.0.0.1]" },
	{ "client.", "127.0.0.1", "[127.0.0.1]" },
	{ "client", "::1", "[IPv6:::1]" },
	{ "client", "::ffff:127.0.0.1", "[127.0.0.1]" },
	{ "localhost", "::1", "[IPv6:::1]" },
	{ "localhost.localdomain", "::1", "[IPv6:::1]" },
	{ "192.0.2.1", "::1", "[IPv6:::1]" },
	{ "2001:db8::1", "::1", "[IPv6:::1]" },
	{ NULL, "::1", "[IPv6:::1]" },
	{ "", "::1", "[IPv6:::1]" },
	/* nothing that could be said */
	{ "a.example\r\nQUIT", "127.0.0.1", "[127.0.0.1]" },
	{ "a b.example", "127.0.0.1", "[127.0.0.1]" },
	{ "a_b.example", "127.0.0.1", "[127.0.0.1]" },
	{ "a..example", "127.0.0.1", "[127.0.0.1]" },
	{ "a.\xff", "127.0.0.1", "[127.0.0.1]" },
	{ "a.0x1", "127.0.0.1", "[127.0.0.1]" },
	/* no address */
	{ "client", NULL, "[127.0.0.1]" },
	{ NULL, NULL, "[127.0.0.1]" },
};

/* A socket that is connected to @host, which accepts nobody. */
static int
connect_to(const char *host, int *ret_listener)
{
	char port[SOCKETS_PORT_SIZE];
	struct starttls_error error;
	int fd, mapped = strncmp(host, "::ffff:", 7) == 0;
	struct sockaddr_in6 to = { .sin6_family = AF_INET6 };

	*ret_listener = sockets_listen(strchr(host, ':') != NULL && !mapped ?
	    AF_INET6 : AF_INET, port);
	if (*ret_listener < 0)
		return -1;
	if (!mapped) {
		ck_assert_msg(starttls_dial(host, port, STARTTLS_ANY, SOON_MS,
		    &fd, &error) == 0, "%s", error.message);
		return fd;
	}
	ck_assert_int_eq(inet_pton(AF_INET6, host, &to.sin6_addr), 1);
	to.sin6_port = htons((uint16_t)strtoul(port, NULL, 10));
	fd = socket(AF_INET6, SOCK_STREAM, 0);
	if (fd >= 0)
		ck_assert_int_eq(connect(fd, (struct sockaddr *)&to,
		    sizeof(to)), 0);
	return fd;
}

START_TEST(test_fd_own_name)
{
	const char *address = own_names[_i].address;
	char name[OWN_NAME_SIZE];
	struct transport io;
	int fds[2] = { -1, -1 };

	if (address == NULL)
		make_pair(false, fds);
	else
		fds[0] = connect_to(address, &fds[1]);
	if (fds[0] >= 0) {         /* or there is no IPv6 */
		ck_assert_int_eq(starttls_transport_init(&io, fds[0], NULL),
		    0);
		test_host_name = own_names[_i].host;
		starttls_own_name(&io, name);
		test_host_name = TEST_HOST_NAME;
		ck_assert_msg(strcmp(name, own_names[_i].name) == 0,
		    "row %d: %s", _i, name);
		close(fds[0]);
	}
	close(fds[1]);
}
END_TEST

/* Given up before the first step, in the dialog, in the handshake, after. */
START_TEST(test_fd_stays_open_when_an_upgrade_is_given_up)
{
	static const char *const greeting[] = { "S: 220 hi", NULL };
	struct starttls_upgrade *upgrade;
	struct starttls_error error;
	struct peer peer = { .ending = HANG };
	char byte;
	int fds[2];

	make_pair((_i & 1) != 0, fds);
	upgrade = new_upgrade("smtp", STARTTLS_GREETING, fds[0]);
	if (_i / 2 == 0) {
		starttls_upgrade_free(upgrade);
		ck_assert_int_eq(send(fds[1], "y", 1, MSG_NOSIGNAL), 1);
		ck_assert_int_eq(read(fds[0], &byte, 1), 1);
		ck_assert_int_eq(byte, 'y');
		close(fds[0]);
		close(fds[1]);
		return;
	}
	peer.fd = fds[1];
	if (_i / 2 == 1)
		peer.script = greeting;
	peer_start(&peer);
	ck_assert_int_eq(starttls_upgrade_run(upgrade, 400, &error),
	    STARTTLS_E_TIMEOUT);
	ck_assert_int_eq(error.phase, _i / 2 == 1 ?
	    STARTTLS_PHASE_PREAMBLE : STARTTLS_PHASE_HANDSHAKE);
	ck_assert_ptr_null(starttls_upgrade_take(upgrade));
	starttls_upgrade_free(upgrade);
	ck_assert(is_open(fds[0]));
	close(fds[0]);
	peer_join(&peer);
	ck_assert(peer.saw_end);
}
END_TEST

START_TEST(test_fd_tcp_nodelay_is_set_whatever_the_stage)
{
	int fds[2];

	sockets_pair(fds);
	ck_assert_int_eq(tcp_option(fds[0], TCP_NODELAY), 0);
	starttls_upgrade_free(new_upgrade("imap", (enum starttls_stage)_i,
	    fds[0]));
	ck_assert_int_eq(tcp_option(fds[0], TCP_NODELAY), 1);
	ck_assert_int_eq(tcp_option(fds[1], TCP_NODELAY), 0);
	close(fds[0]);
	close(fds[1]);
}
END_TEST

START_TEST(test_fd_that_is_no_stream_socket_is_refused)
{
	static const char *const names[] = { "pipe", "file", "datagram",
		"closed", "-1", "large" };
	static const int errnos[] = { ENOTSOCK, ENOTSOCK, EPROTOTYPE, EBADF,
		EBADF, EBADF };
	struct starttls_upgrade *upgrade = (void *)&upgrade;
	struct starttls_error error;
	int fds[2] = { -1, -1 }, fd, rc;
	size_t before;

	ck_assert_int_eq(pipe(fds), 0);
	fd = fds[0];
	if (_i == 1) {
		fd = open("/dev/null", O_RDWR);
	} else if (_i == 2) {
		fd = socket(AF_INET, SOCK_DGRAM, 0);
	} else if (_i == 3) {
		fd = dup(fds[0]);
		close(fd);
	} else if (_i > 3) {
		fd = _i == 4 ? -1 : 1 << 20;
	}
	before = sockets_count();
	rc = starttls_upgrade_new(&upgrade, policy,
	    starttls_protocol_find("imap"), STARTTLS_GREETING, PEER, fd, NULL,
	    &error);
	ck_assert_msg(rc == STARTTLS_E_INVALID, "%s: %d", names[_i], rc);
	ck_assert_int_eq(error.code, STARTTLS_E_INVALID);
	ck_assert_int_eq(error.sys_errno, errnos[_i]);
	ck_assert(is_plain_line(error.message));
	ck_assert_ptr_eq(upgrade, (void *)&upgrade);
	ck_assert_uint_eq(sockets_count(), before);
	close(fds[0]);
	close(fds[1]);
	if (_i == 1 || _i == 2)
		close(fd);
}
END_TEST

/* A socket that is connected to nothing is found out, at the latest then. */
START_TEST(test_fd_that_is_not_connected_fails)
{
	char port[SOCKETS_PORT_SIZE];
	int fd = _i == 0 ? socket(AF_INET, SOCK_STREAM, 0) :
	    sockets_listen(AF_INET, port);
	struct starttls_upgrade *upgrade = new_upgrade("imap",
	    (enum starttls_stage)STARTTLS_COMMAND, fd);
	struct starttls_error error;

	ck_assert_int_eq(starttls_upgrade_run(upgrade, SOON_MS, &error),
	    STARTTLS_E_IO);
	ck_assert_int_eq(error.sys_errno, ENOTCONN);
	starttls_upgrade_free(upgrade);
	close(fd);
}
END_TEST

/* The application closes it under us: an error, no more. */
START_TEST(test_fd_closed_too_early_fails)
{
	struct starttls_upgrade *upgrade;
	struct starttls_error error;
	int fds[2];

	make_pair(true, fds);
	upgrade = new_upgrade("imap", STARTTLS_GREETING, fds[0]);
	close(fds[0]);
	ck_assert_int_eq(starttls_upgrade_run(upgrade, SOON_MS, &error),
	    STARTTLS_E_IO);
	ck_assert_int_eq(error.sys_errno, EBADF);
	starttls_upgrade_free(upgrade);
	close(fds[1]);
}
END_TEST

/* The disposition of SIGPIPE is the default: a signal ends this process. */
START_TEST(test_fd_raises_no_sigpipe)
{
	bool tcp = (_i & 1) != 0;
	struct starttls_session *session;
	struct starttls_upgrade *upgrade;
	struct starttls_error error;
	struct peer peer = { .ending = ECHO };
	struct sigaction action;
	char data[64] = { 0 };
	ssize_t n;
	int fds[2], i;

	ck_assert_int_eq(sigaction(SIGPIPE, NULL, &action), 0);
	ck_assert(action.sa_handler == SIG_DFL);

	/* in the dialog */
	make_pair(tcp, fds);
	ck_assert_int_eq(shutdown(fds[0], SHUT_WR), 0);
	upgrade = new_upgrade("imap", STARTTLS_COMMAND, fds[0]);
	ck_assert_int_eq(starttls_upgrade_run(upgrade, SOON_MS, &error),
	    STARTTLS_E_IO);
	ck_assert_int_eq(error.sys_errno, EPIPE);
	starttls_upgrade_free(upgrade);

	/* for the ClientHello */
	upgrade = new_upgrade("imap", STARTTLS_HANDSHAKE, fds[0]);
	ck_assert_int_eq(starttls_upgrade_run(upgrade, SOON_MS, &error),
	    STARTTLS_E_IO);
	starttls_upgrade_free(upgrade);
	close(fds[0]);
	close(fds[1]);

	/* inside TLS; once the peer has reset or is just gone */
	make_pair(tcp, fds);
	peer.fd = fds[1];
	peer_start(&peer);
	session = open_session(fds[0]);
	expect_echo(session, "hello");
	shutdown(fds[0], SHUT_RDWR);
	for (n = 0, i = 0; n >= 0 && i < 100; i++)
		n = starttls_session_write(session, data, sizeof(data));
	ck_assert_int_eq(n, STARTTLS_E_IO);
	ck_assert_int_eq(starttls_session_shutdown(session), STARTTLS_E_IO);
	ck_assert_int_eq(starttls_session_close(session), STARTTLS_E_IO);
	starttls_session_free(session);
	close(fds[0]);
	peer_join(&peer);

	/* close_notify as the first thing that cannot be sent */
	make_pair(tcp, fds);
	peer = (struct peer){ .ending = ECHO, .fd = fds[1] };
	peer_start(&peer);
	session = open_session(fds[0]);
	shutdown(fds[0], SHUT_RDWR);
	ck_assert_int_lt(starttls_session_close(session), 0);
	starttls_session_free(session);
	close(fds[0]);
	peer_join(&peer);
}
END_TEST

/* A peer that resets the connection while we write to it. */
START_TEST(test_fd_raises_no_sigpipe_after_a_reset)
{
	struct linger linger = { 1, 0 };
	struct starttls_session *session;
	struct starttls_report report = { .size = sizeof(report) };
	struct starttls_error error;
	struct peer peer = { .ending = ECHO };
	char data[4096] = { 0 };
	ssize_t n = 0;
	int fds[2], copy, i;

	make_pair(true, fds);
	peer.fd = fds[1];
	peer_start(&peer);
	session = open_session(fds[0]);
	/* end the thread, and then the connection the hard way */
	copy = dup(fds[1]);
	shutdown(fds[1], SHUT_RD);
	peer_join(&peer);
	setsockopt(copy, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
	close(copy);
	for (i = 0; n >= 0 && i < 1000; i++)
		n = starttls_session_write(session, data, sizeof(data));
	ck_assert_int_eq(n, STARTTLS_E_IO);
	/* the system does not know any more who it was */
	ck_assert_int_eq(starttls_session_report(session, &report), 0);
	ck_assert_str_eq(report.address, "127.0.0.1");
	ck_assert_int_eq(starttls_session_error(session, &error),
	    STARTTLS_E_IO);
	ck_assert_str_eq(error.address, "127.0.0.1");
	starttls_session_free(session);
	close(fds[0]);
}
END_TEST

/* Ways to fail, for counting descriptors. */
static const char *const refusal[] = { "S: 220 hi", "C: EHLO " TEST_HOST_NAME,
	"S: 250-hi", "S: 250 STARTTLS", "C: STARTTLS", "S: 454 no", NULL };
static const char *const early[] = { "S: 220 hi", "C: EHLO " TEST_HOST_NAME,
	"S: 250-hi", "S: 250 STARTTLS", "C: STARTTLS",
	"S: 220 go\r\n250 boo", NULL };
static const char *const nothing_offered[] = { "S: 220 hi",
	"C: EHLO " TEST_HOST_NAME, "S: 250 hi", NULL };
static const char *const noise[] = { "S: hello?", NULL };

static const struct {
	const char *const *script;
	enum ending ending;
	int code;                  /* 0: success */
	bool stranger;             /* trust another root */
} outcomes[] = {
	{ NULL, ECHO, 0, false },
	{ refusal, CLOSE, STARTTLS_E_REFUSED_TEMPORARY, false },
	{ early, CLOSE, STARTTLS_E_EARLY_DATA, false },
	{ nothing_offered, CLOSE, STARTTLS_E_NOT_OFFERED, false },
	{ noise, CLOSE, STARTTLS_E_PROTOCOL, false },
	{ NULL, CLOSE, STARTTLS_E_EOF, false },
	{ NULL, ECHO, STARTTLS_E_INCOMPLETE, true },
};

/* From a URL, one conversation with one outcome. */
static void
dial_once(struct starttls_policy *p, int listener, const char *url, size_t i)
{
	struct peer peer = { .ending = outcomes[i].ending, .fd = -1,
		.listener = listener, .script = outcomes[i].script };
	struct starttls_options options = STARTTLS_OPTIONS_INIT;
	struct starttls_session *session = NULL;
	struct starttls_error error;
	int rc;

	options.connect_host = "127.0.0.1";
	options.connect_port = strrchr(url, ':') + 1;
	peer_start(&peer);
	rc = starttls_open(&session, p, url, SOON_MS, &options, &error);
	ck_assert_msg(rc == outcomes[i].code, "outcome %zu: %d, %s", i, rc,
	    rc == 0 ? "done" : error.message);
	if (rc == 0) {
		expect_echo(session, "hello");
		if (i % 2 == 0)
			ck_assert_int_eq(starttls_session_close(session), 0);
		starttls_session_free(session);
	} else {
		ck_assert_ptr_null(session);
	}
	peer_join(&peer);
	/* the thread has seen the end of the stream: it is closed */
	ck_assert(peer.saw_end);
}

START_TEST(test_fd_none_is_left_after_hundreds_of_conversations)
{
	char port[SOCKETS_PORT_SIZE], url[64];
	int listener = sockets_listen(AF_INET, port);
	struct starttls_policy *other = test_policy(
	    (const struct mint_cert *const[]){ &fd_stranger }, 1);
	size_t before, round, i;

	snprintf(url, sizeof(url), "smtp://%s:%s", PEER, port);
	dial_once(policy, listener, url, 0); /* GnuTLS opens what it needs */
	before = sockets_count();
	for (round = 0; round < 40; round++)
		for (i = 0; i < ARRAY_LEN(outcomes); i++)
			dial_once(outcomes[i].stranger ? other : policy,
			    listener, url, i);
	ck_assert_uint_eq(sockets_count(), before);
	starttls_policy_unref(other);
	close(listener);
}
END_TEST

/* What upgrade_dial() opened closes with the upgrade, or the session. */
START_TEST(test_fd_that_was_dialled_belongs_to_the_object)
{
	char port[SOCKETS_PORT_SIZE], url[64];
	int listener = sockets_listen(AF_INET, port), fd;
	struct peer peer = { .ending = ECHO, .fd = -1,
		.listener = listener };
	struct starttls_options options = STARTTLS_OPTIONS_INIT;
	struct starttls_session *session;
	struct starttls_upgrade *upgrade;
	struct starttls_error error;

	snprintf(url, sizeof(url), "smtp://%s:%s/", PEER, port);
	options.connect_host = "127.0.0.1";
	peer_start(&peer);
	ck_assert_int_eq(starttls_upgrade_dial(&upgrade, policy, url, SOON_MS,
	    &options, &error), 0);
	fd = starttls_upgrade_fd(upgrade);
	ck_assert(is_open(fd));
	ck_assert_int_eq(fcntl(fd, F_GETFD), FD_CLOEXEC);
	if (_i == 0) {
		starttls_upgrade_free(upgrade);
	} else {
		ck_assert_int_eq(starttls_upgrade_run(upgrade, SOON_MS,
		    &error), 0);
		session = starttls_upgrade_take(upgrade);
		ck_assert_int_eq(starttls_session_fd(session), fd);
		ck_assert(is_open(fd));
		expect_echo(session, "hello");
		starttls_session_free(session);
	}
	ck_assert(!is_open(fd));
	peer_join(&peer);
	ck_assert(peer.saw_end);
	close(listener);
}
END_TEST

/* Every protocol and way, with a URL, over real TCP. */
START_TEST(test_fd_open_goes_all_the_way)
{
	static const struct {
		const char *scheme, *protocol;
		enum starttls_stage from;
	} ways[] = {
		{ "smtp", "smtp", STARTTLS_GREETING },
		{ "submissions", "submission", STARTTLS_HANDSHAKE },
		{ "imap", "imap", STARTTLS_GREETING },
		{ "imaps", "imap", STARTTLS_HANDSHAKE },
		{ "ftp", "ftp", STARTTLS_GREETING },
		{ "nntp", "nntp", STARTTLS_GREETING },
		{ "nntps", "nntp", STARTTLS_HANDSHAKE },
	};
	struct peer peer = { .ending = ECHO, .fd = -1 };
	struct starttls_options options = STARTTLS_OPTIONS_INIT;
	struct starttls_report report = { .size = sizeof(report) };
	struct starttls_session *session;
	struct starttls_error error;
	char port[SOCKETS_PORT_SIZE], url[64], data[8];
	size_t i;

	options.connect_host = "127.0.0.1";
	peer.listener = sockets_listen(AF_INET, port);
	for (i = 0; i < ARRAY_LEN(ways); i++) {
		peer.fd = -1;
		peer.script = conn_legal_script(ways[i].protocol,
		    ways[i].from);
		peer_start(&peer);
		snprintf(url, sizeof(url), "%s://%s:%s", ways[i].scheme, PEER,
		    port);
		ck_assert_msg(starttls_open(&session, policy, url, SOON_MS,
		    &options, &error) == 0, "%s: %s", url, error.message);
		ck_assert_int_eq(starttls_session_report(session, &report),
		    0);
		ck_assert_int_eq(report.verified, 1);
		ck_assert_str_eq(report.scheme, ways[i].scheme);
		ck_assert_str_eq(report.address, "127.0.0.1");
		ck_assert_str_eq(report.port, port);
		ck_assert_str_eq(report.host, PEER);
		ck_assert_int_ge(report.connect_us, 0);
		/* the deadline of starttls_open() goes on: this waits */
		ck_assert_int_eq(starttls_session_write(session, "ping", 4),
		    4);
		ck_assert_int_eq(starttls_session_read(session, data,
		    sizeof(data)), 4);
		ck_assert_int_eq(starttls_session_close(session), 0);
		starttls_session_free(session);
		peer_join(&peer);
		ck_assert(peer.heard_bye);
	}
	close(peer.listener);
}
END_TEST

/* A server for whom ALPN is HTTP's, and nothing else any good. */
static const struct {
	enum starttls_alpn mode;
	const char *name;          /* else only ALPN is in the way */
	int without, code, met;
} terminators[] = {
	{ STARTTLS_ALPN_AUTO, PEER, 0, 0, 2 },
	{ STARTTLS_ALPN_AUTO, PEER, 1, 0, 1 },
	{ STARTTLS_ALPN_OFF, PEER, 0, 0, 1 },
	/* a second time the same may be wrong as the first, or more */
	{ STARTTLS_ALPN_AUTO, "other.example.org", 0,
	  STARTTLS_E_NAME_MISMATCH, 2 },
	{ STARTTLS_ALPN_ON, PEER, 0, STARTTLS_E_ALERT, 1 },
	{ STARTTLS_ALPN_ON, PEER, 1, STARTTLS_E_ALERT, 1 },
	{ STARTTLS_ALPN_REQUIRE, PEER, 1, STARTTLS_E_ALERT, 1 },
};

START_TEST(test_fd_open_does_without_alpn)
{
	struct peer peer = { .ending = ECHO, .fd = -1, .all = true,
		.alpn = "h2" };
	struct starttls_options options = STARTTLS_OPTIONS_INIT;
	struct starttls_report report = { .size = sizeof(report) };
	struct starttls_policy *own = test_policy(
	    (const struct mint_cert *const[]){ &fd_root }, 1);
	struct starttls_session *session = NULL;
	struct starttls_error error;
	char port[SOCKETS_PORT_SIZE], url[64];
	size_t before = sockets_count();
	int rc;

	ck_assert_int_eq(starttls_policy_set_alpn(own, terminators[_i].mode,
	    &error), 0);
	options.connect_host = "127.0.0.1";
	options.without_alpn = terminators[_i].without;
	peer.listener = sockets_listen(AF_INET, port);
	peer_start(&peer);
	snprintf(url, sizeof(url), "imaps://%s:%s", terminators[_i].name,
	    port);
	rc = starttls_open(&session, own, url, SOON_MS, &options, &error);
	ck_assert_msg(rc == terminators[_i].code, "%s", error.message);
	if (rc == 0) {
		ck_assert_int_eq(starttls_session_report(session, &report),
		    0);
		ck_assert_str_eq(report.alpn, "");
		ck_assert_int_eq(report.alpn_refused,
		    terminators[_i].mode == STARTTLS_ALPN_AUTO);
	} else {
		ck_assert_ptr_null(session);
		ck_assert_int_eq(error.code, rc);
		ck_assert(rc != STARTTLS_E_ALERT ||
		    strstr(error.message, "ALPN") != NULL);
	}
	starttls_session_free(session);
	shutdown(peer.listener, SHUT_RDWR);
	peer_join(&peer);
	ck_assert_int_eq(peer.met, terminators[_i].met);
	close(peer.listener);
	starttls_policy_unref(own);
	ck_assert_uint_eq(sockets_count(), before);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("fd");
	TCase *owner = fd_case(suite, "owner");
	TCase *refuses = fd_case(suite, "refuses");
	TCase *signals = fd_case(suite, "sigpipe");

	tcase_add_loop_test(owner, test_fd_keeps_its_mode_and_its_owner, 0,
	    4);
	tcase_add_loop_test(owner,
	    test_fd_stays_open_when_an_upgrade_is_given_up, 0, 6);
	tcase_add_loop_test(owner, test_fd_own_name, 0,
	    ARRAY_LEN(own_names));
	tcase_add_loop_test(owner,
	    test_fd_tcp_nodelay_is_set_whatever_the_stage, 1, 4);
	tcase_add_loop_test(owner,
	    test_fd_that_was_dialled_belongs_to_the_object, 0, 2);
	tcase_add_test(owner,
	    test_fd_none_is_left_after_hundreds_of_conversations);
	tcase_add_test(owner, test_fd_open_goes_all_the_way);
	tcase_add_loop_test(owner, test_fd_open_does_without_alpn, 0,
	    ARRAY_LEN(terminators));

	tcase_add_loop_test(refuses,
	    test_fd_that_is_no_stream_socket_is_refused, 0, 6);
	tcase_add_loop_test(refuses, test_fd_that_is_not_connected_fails, 0,
	    2);
	tcase_add_test(refuses, test_fd_closed_too_early_fails);

	tcase_add_loop_test(signals, test_fd_raises_no_sigpipe, 0, 2);
	tcase_add_test(signals, test_fd_raises_no_sigpipe_after_a_reset);
	return run_suite(suite);
}
