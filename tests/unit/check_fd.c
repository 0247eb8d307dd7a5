/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * Upgrades of real descriptors against a server in a thread: whose they are,
 * what becomes of them, deadlines, signals, and what it all costs in memory.
 */

#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "harness.h"
#include "heap.h"
#include "own_name.h"
#include "policy.h"
#include "sockets.h"
#include "wait.h"

#define SOON_MS 10000              /* far more than anything should take */
#define LATE_MS 2500               /* a deadline of 300 ms, generously */

static struct mint_cert root, leaf, stranger;
static const struct mint_cert *const chain[] = { &leaf };
static struct starttls_policy *policy;

/* How a server thread behaves once the dialog is through. */
enum ending {
	ECHO,                      /* handshake, then send back what comes */
	GREET,                     /* handshake, then say something */
	CLOSE,                     /* close at once */
	HANG,                      /* say nothing until the peer is gone */
	DRIP,                      /* a byte every 50 ms, without end */
	DRIP_RECORD,               /* a record that drips in */
	DRIP_INSIDE,               /* handshake, then such a record */
	CHATTER                    /* handshake, a short record every 50 ms */
};

struct peer {
	const char *const *script; /* as in harness.h */
	enum ending ending;
	const char *priority;
	int fd;                    /* owned */
	int listener;              /* or: accept one here; borrowed */
	atomic_bool stop;
	pthread_t thread;
	gnutls_certificate_credentials_t credentials;
	const char *alpn;          /* and no other */
	bool all;                  /* who comes, until the listener is shut */
	int met;                   /* connections then */
	bool heard_bye;            /* close_notify came */
	bool saw_end;              /* the stream ended */
};

static bool
peer_says(const struct peer *p, const void *data, size_t len)
{
	return send(p->fd, data, len, MSG_NOSIGNAL) == (ssize_t)len;
}

static bool
peer_hears(const struct peer *p, const char *line)
{
	char byte;

	for (; *line != '\0'; line++)
		if (recv(p->fd, &byte, 1, 0) != 1 || byte != *line)
			return false;
	return recv(p->fd, &byte, 1, 0) == 1 && byte == '\r' &&
	    recv(p->fd, &byte, 1, 0) == 1 && byte == '\n';
}

static bool
peer_plays(const struct peer *p)
{
	const char *const *at;
	char line[200];

	for (at = p->script; *at != NULL; at++) {
		snprintf(line, sizeof(line), "%s%s", *at + 3,
		    (*at)[1] == '=' ? "" : "\r\n");
		if ((*at)[0] == 'S' ? !peer_says(p, line, strlen(line)) :
		    !peer_hears(p, *at + 3))
			return false;
	}
	return true;
}

static void
peer_waits_for_end(struct peer *p)
{
	char scrap[512];
	ssize_t n;

	while ((n = recv(p->fd, scrap, sizeof(scrap), 0)) > 0)
		continue;
	p->saw_end = n == 0 || errno == ECONNRESET;
}

/* One byte every 50 ms until told to stop or the client is gone. */
static ssize_t
peer_drips(struct peer *p, const char *data, size_t len)
{
	size_t i;

	for (i = 0; i < len && !atomic_load(&p->stop); i++) {
		if (!peer_says(p, data + i, 1))
			break;
		poll(NULL, 0, 50);
	}
	return (ssize_t)len;
}

static ssize_t
drip_push(gnutls_transport_ptr_t ptr, const void *data, size_t len)
{
	return peer_drips(ptr, data, len);
}

static ssize_t
plain_push(gnutls_transport_ptr_t ptr, const void *data, size_t len)
{
	struct peer *p = ptr;

	return send(p->fd, data, len, MSG_NOSIGNAL);
}

static ssize_t
plain_pull(gnutls_transport_ptr_t ptr, void *data, size_t size)
{
	struct peer *p = ptr;

	return recv(p->fd, data, size, 0);
}

static void
echo(struct peer *p, gnutls_session_t tls)
{
	char data[4096];
	ssize_t n, done, k;

	while ((n = gnutls_record_recv(tls, data, sizeof(data))) > 0)
		for (done = 0; done < n; done += k) {
			k = gnutls_record_send(tls, data + done,
			    (size_t)(n - done));
			if (k < 0)
				return;
		}
	p->heard_bye = n == 0;
	if (p->heard_bye)
		gnutls_bye(tls, GNUTLS_SHUT_WR);
}

static void
inside(struct peer *p, gnutls_session_t tls)
{
	char page[8192] = { 0 };

	switch (p->ending) {
	case ECHO:
		echo(p, tls);
		break;
	case GREET:
		gnutls_record_send(tls, "hello", 5);
		break;
	case DRIP_INSIDE:
		gnutls_transport_set_push_function(tls, drip_push);
		gnutls_record_send(tls, page, sizeof(page));
		break;
	case CHATTER:
		while (!atomic_load(&p->stop) &&
		    gnutls_record_send(tls, "x", 1) == 1)
			poll(NULL, 0, 50);
		break;
	case CLOSE:
	case HANG:
	case DRIP:
	case DRIP_RECORD:
		break;
	}
}

static void
peer_speaks_tls(struct peer *p)
{
	gnutls_session_t tls;
	int rc;

	if (gnutls_init(&tls, GNUTLS_SERVER | GNUTLS_NO_SIGNAL |
	    GNUTLS_NO_TICKETS) < 0)
		abort();
	gnutls_priority_set_direct(tls, p->priority != NULL ? p->priority :
	    "NORMAL", NULL);
	gnutls_credentials_set(tls, GNUTLS_CRD_CERTIFICATE, p->credentials);
	if (p->alpn != NULL) {
		gnutls_datum_t id = {
			(unsigned char *)(uintptr_t)p->alpn,
			(unsigned)strlen(p->alpn)
		};

		gnutls_alpn_set_protocols(tls, &id, 1, GNUTLS_ALPN_MANDATORY);
	}
	gnutls_transport_set_ptr(tls, p);
	gnutls_transport_set_push_function(tls, plain_push);
	gnutls_transport_set_pull_function(tls, plain_pull);
	do {
		rc = gnutls_handshake(tls);
	} while (rc < 0 && !gnutls_error_is_fatal(rc));
	if (rc >= 0)
		inside(p, tls);
	else
		gnutls_alert_send_appropriate(tls, rc);
	gnutls_deinit(tls);
}

static void
serve_all(struct peer *p)
{
	while ((p->fd = accept(p->listener, NULL, NULL)) >= 0) {
		p->met++;
		peer_speaks_tls(p);
		shutdown(p->fd, SHUT_WR);
		peer_waits_for_end(p);
		close(p->fd);
	}
}

static void *
serve(void *argument)
{
	static const char record[] = "\x16\x03\x03\x20";
	struct peer *p = argument;
	char byte = 'x';

	if (p->all) {
		serve_all(p);
		return NULL;
	}
	if (p->fd < 0)
		p->fd = accept(p->listener, NULL, NULL);
	if (p->fd < 0)
		return NULL;
	if (!peer_plays(p)) {
		peer_waits_for_end(p);
		return NULL;
	}
	switch (p->ending) {
	case CLOSE:
		break;
	case HANG:
		peer_waits_for_end(p);
		break;
	case DRIP_RECORD:
		recv(p->fd, &byte, 1, 0); /* of the ClientHello */
		peer_says(p, record, 4);
		byte = 'x';
		__attribute__((fallthrough));
	case DRIP:
		while (!atomic_load(&p->stop) && peer_says(p, &byte, 1))
			poll(NULL, 0, 50);
		break;
	case ECHO:
	case GREET:
	case DRIP_INSIDE:
	case CHATTER:
		peer_speaks_tls(p);
		break;
	}
	/* what the client has not read yet must not become a reset */
	shutdown(p->fd, SHUT_WR);
	peer_waits_for_end(p);
	return NULL;
}

static void
peer_start(struct peer *p)
{
	gnutls_x509_crt_t crt = leaf.crt;

	atomic_init(&p->stop, false);
	if (p->script == NULL)
		p->script = conn_legal_script("smtp", STARTTLS_GREETING);
	if (gnutls_certificate_allocate_credentials(&p->credentials) < 0 ||
	    gnutls_certificate_set_x509_key(p->credentials, &crt, 1,
		leaf.key) < 0)
		abort();
	if (pthread_create(&p->thread, NULL, serve, p) != 0)
		abort();
}

static void
peer_join(struct peer *p)
{
	atomic_store(&p->stop, true);
	pthread_join(p->thread, NULL);
	gnutls_certificate_free_credentials(p->credentials);
	if (p->fd >= 0)
		close(p->fd);
}

static void
set_up(void)
{
	mint(&root, &(struct mint_spec){ .cn = "root", .is_ca = true }, NULL);
	mint(&stranger, &(struct mint_spec){ .cn = "other", .is_ca = true },
	    NULL);
	mint(&leaf, &(struct mint_spec){ .dns = { PEER } }, &root);
	policy = test_policy((const struct mint_cert *const[]){ &root }, 1);
}

static void
tear_down(void)
{
	policy = starttls_policy_unref(policy);
	mint_free(&leaf);
	mint_free(&stranger);
	mint_free(&root);
}

static int64_t
ms_since(int64_t start)
{
	return (starttls_now_us() - start) / 1000;
}

static bool
is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

/* An upgrade of @fd; a failure to make it is the test's. */
static struct starttls_upgrade *
new_upgrade(const char *protocol, enum starttls_stage from, int fd)
{
	struct starttls_upgrade *upgrade;
	struct starttls_error error;
	int rc = starttls_upgrade_new(&upgrade, policy,
	    starttls_protocol_find(protocol), from, PEER, fd, NULL, &error);

	ck_assert_msg(rc == 0, "%s", error.message);
	return upgrade;
}

/* All the way with a blocking or non-blocking descriptor. */
static struct starttls_session *
open_session(int fd)
{
	struct starttls_upgrade *upgrade = new_upgrade("smtp",
	    STARTTLS_GREETING, fd);
	struct starttls_session *session;
	struct starttls_error error;

	ck_assert_msg(starttls_upgrade_run(upgrade, SOON_MS, &error) == 0,
	    "%s", error.message);
	session = starttls_upgrade_take(upgrade);
	ck_assert_ptr_nonnull(session);
	return session;
}

static void
expect_echo(struct starttls_session *session, const char *text)
{
	char data[64];
	size_t got = 0, len = strlen(text);
	ssize_t n;

	ck_assert_int_eq(starttls_session_set_deadline(session, SOON_MS), 0);
	ck_assert_int_eq(starttls_session_write(session, text, len),
	    (ssize_t)len);
	while (got < len) {
		n = starttls_session_read(session, data + got,
		    sizeof(data) - got);
		ck_assert_int_gt(n, 0);
		got += (size_t)n;
	}
	ck_assert_mem_eq(data, text, len);
}

static void
make_pair(bool tcp, int fds[2])
{
	if (tcp)
		sockets_pair(fds);
	else
		ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
}

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
	ck_assert_int_eq(starttls_upgrade_run(upgrade, 50, &error),
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
	{ refusal, CLOSE, STARTTLS_E_REFUSED, false },
	{ early, CLOSE, STARTTLS_E_EARLY_DATA, false },
	{ nothing_offered, CLOSE, STARTTLS_E_NOT_OFFERED, false },
	{ noise, CLOSE, STARTTLS_E_PROTOCOL, false },
	{ NULL, CLOSE, STARTTLS_E_EOF, false },
	{ NULL, ECHO, STARTTLS_E_UNTRUSTED, true },
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
	    (const struct mint_cert *const[]){ &stranger }, 1);
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
	    (const struct mint_cert *const[]){ &root }, 1);
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

/* Deadlines. */

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

START_TEST(test_fd_deadline_holds_for_reading)
{
	struct peer peer = { .ending = _i == 0 ? DRIP_INSIDE : CHATTER,
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
	ck_assert_int_eq(starttls_session_set_deadline(session, 300), 0);
	while ((n = starttls_session_read(session, data, sizeof(data))) > 0)
		reads++;
	took = ms_since(start);
	ck_assert_int_eq(n, STARTTLS_E_TIMEOUT);
	ck_assert_int_ge(took, 300);
	ck_assert_int_lt(took, LATE_MS);
	if (_i == 0)
		ck_assert_int_eq(reads, 0);
	else
		ck_assert_int_gt(reads, 1);
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
	session = open_session(fds[0]);
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

/* Memory. */

static struct tlspair_server memory_server = { .chain = chain, .n = 1 };

/* One step on the clock of the heap. */
static int
tracked_step(struct conn *c)
{
	int rc;

	heap_track(true);
	rc = starttls_upgrade_step(c->upgrade, &c->error);
	heap_track(false);
	return rc;
}

START_TEST(test_memory_of_a_preamble)
{
	const struct starttls_protocol *p = NULL;
	size_t most = 0;

	if (!heap_is_watched())
		return;
	ck_assert_int_eq(starttls_policy_freeze(policy, NULL), 0);
	while ((p = starttls_protocol_next(p)) != NULL) {
		struct conn_spec spec = { .policy = policy,
			.protocol = starttls_protocol_scheme(p,
			    STARTTLS_GREETING),
			.from = STARTTLS_GREETING, .seed = 3 };
		struct conn c;
		int rc, steps = 0;

		heap_track(true);
		rc = conn_begin(&c, &spec);
		heap_track(false);
		ck_assert_int_eq(rc, 0);
		/* without a server the dialog is all there is */
		while (*c.clear != NULL) {
			rc = tracked_step(&c);
			ck_assert(is_wanting(rc) && ++steps < 1000);
			if (heap_in_use() > most)
				most = heap_in_use();
			conn_serve(&c);
		}
		heap_track(true);
		conn_done(&c);
		heap_track(false);
	}
	ck_assert_msg(most > 0 && most <= 8192, "%zu bytes", most);
	ck_assert_uint_eq(heap_blocks(), 0);
}
END_TEST

/* What an idle session holds: ours, or @bare. */
static size_t
idle_memory(bool bare, const char *priority)
{
	struct conn_spec spec = { .policy = policy,
		.server = &memory_server, .from = STARTTLS_GREETING };
	gnutls_session_t tls = NULL;
	struct conn c;
	size_t used;
	char byte;
	int rc;

	memory_server.priority = priority;
	heap_forget();
	if (bare) {
		tlspair_init(&c.pair, 0);
		heap_track(true);
		ck_assert_int_eq(gnutls_init(&tls, GNUTLS_CLIENT |
		    GNUTLS_NONBLOCK | GNUTLS_NO_SIGNAL | GNUTLS_NO_TICKETS),
		    0);
		gnutls_priority_set(tls, policy->priority);
		gnutls_credentials_set(tls, GNUTLS_CRD_CERTIFICATE,
		    policy->credentials);
		gnutls_server_name_set(tls, GNUTLS_NAME_DNS, PEER,
		    strlen(PEER));
		gnutls_transport_set_ptr(tls, &c.pair);
		gnutls_transport_set_pull_function(tls, tlspair_client_recv);
		gnutls_transport_set_push_function(tls, tlspair_client_send);
		heap_track(false);
		tlspair_start(&c.pair, &memory_server);
	} else {
		heap_track(true);
		ck_assert_int_eq(conn_begin(&c, &spec), 0);
		heap_track(false);
	}
	do {
		if (bare) {
			heap_track(true);
			rc = gnutls_handshake(tls);
			heap_track(false);
			tlspair_pump(&c.pair);
		} else {
			rc = tracked_step(&c);
			conn_serve(&c);
		}
	} while (bare ? rc == GNUTLS_E_AGAIN : is_wanting(rc));
	ck_assert_int_eq(rc, 0);
	/* one byte of data: a false start is over then */
	while (tlspair_pump(&c.pair) == GNUTLS_E_AGAIN)
		continue;
	tlspair_write(&c.pair, "x", 1);
	while (tlspair_pump(&c.pair) == GNUTLS_E_AGAIN)
		continue;
	heap_track(true);
	if (bare) {
		ck_assert_int_eq(gnutls_record_recv(tls, &byte, 1), 1);
	} else {
		c.session = starttls_upgrade_take(c.upgrade);
		c.upgrade = NULL;
		ck_assert_int_eq(starttls_session_read(c.session, &byte, 1),
		    1);
	}
	heap_track(false);
	used = heap_in_use();
	if (bare) {
		gnutls_deinit(tls);
		tlspair_done(&c.pair);
	} else {
		conn_done(&c);
	}
	return used;
}

START_TEST(test_memory_of_an_idle_session)
{
	static const char *const versions[] = { TLS12, TLS13 };
	struct starttls_policy *shared = policy;
	size_t bare, ours;

	if (!heap_is_watched())
		return;
	policy = test_policy((const struct mint_cert *const[]){ &root }, 1);
	ck_assert_int_eq(starttls_policy_set_resumption(policy, 0, NULL), 0);
	idle_memory(false, versions[_i]); /* anchors, caches of GnuTLS */
	idle_memory(true, versions[_i]);
	ours = idle_memory(false, versions[_i]);
	bare = idle_memory(true, versions[_i]);
	starttls_policy_unref(policy);
	policy = shared;
	ck_assert_msg(ours <= bare + 4096, "%zu bytes, bare GnuTLS %zu",
	    ours, bare);
	/* with 32 bits GnuTLS has no fast ciphers, and more state */
	ck_assert_msg(sizeof(void *) < 8 || ours <= 16384, "%zu bytes", ours);
}
END_TEST

/* A hundred conversations leave the heap as one did. */
START_TEST(test_memory_is_all_given_back)
{
	struct conn_spec spec = { .policy = policy, .protocol = "smtp",
		.server = &memory_server, .from = STARTTLS_GREETING };
	struct conn c;
	int i;

	if (!heap_is_watched())
		return;
	memory_server.priority = NULL;
	for (i = 0; i < 100; i++) {
		if (i == 10)
			heap_forget();
		spec.seed = (uint64_t)i;
		heap_track(true);
		ck_assert_int_eq(conn_run(&c, &spec), 0);
		ck_assert_int_eq(conn_echo(&c, "hello", 5), 0);
		if (i % 2 == 0)
			ck_assert_int_eq(conn_close(&c), 0);
		conn_done(&c);
		heap_track(false);
	}
	ck_assert_msg(heap_blocks() == 0, "%zu blocks, %zu bytes",
	    heap_blocks(), heap_in_use());
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("fd");
	TCase *owner = tcase_create("owner");
	TCase *refuses = tcase_create("refuses");
	TCase *signals = tcase_create("sigpipe");
	TCase *deadline = tcase_create("deadline");
	TCase *memory = tcase_create("memory");
	TCase *all[] = { owner, refuses, signals, deadline, memory };
	size_t i;

	mint_set_clock();
	for (i = 0; i < ARRAY_LEN(all); i++) {
		tcase_add_unchecked_fixture(all[i], set_up, tear_down);
		tcase_set_timeout(all[i], 60);
		suite_add_tcase(suite, all[i]);
	}
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

	tcase_add_loop_test(deadline, test_fd_deadline_holds_for_an_upgrade,
	    0, ARRAY_LEN(slow));
	tcase_add_loop_test(deadline, test_fd_deadline_holds_for_open, 0,
	    ARRAY_LEN(slow));
	tcase_add_loop_test(deadline, test_fd_deadline_holds_for_reading, 0,
	    2);
	tcase_add_test(deadline, test_fd_deadline_holds_for_closing);
	tcase_add_test(deadline, test_fd_deadline_holds_for_writing);
	tcase_add_loop_test(deadline, test_fd_steps_never_wait, 0, 2);
	tcase_add_loop_test(deadline,
	    test_fd_end_without_goodbye_is_truncation, 0, 2);

	tcase_add_test(memory, test_memory_of_a_preamble);
	tcase_add_loop_test(memory, test_memory_of_an_idle_session, 0, 2);
	tcase_add_test(memory, test_memory_is_all_given_back);
	return run_suite(suite);
}
