/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * A server: it greets as one of the protocol, upgrades each client to TLS, and
 * then gives every line back.  One client after the other, on 127.0.0.1.
 *
 *	cc serve-echo.c -o serve-echo $(pkg-config --cflags --libs libstarttls)
 *	./serve-echo imap 1143 chain.pem key.pem
 *
 * A client cannot say anything to the application before TLS, as there is no
 * session to read it from; what harmless commands are allowed until then (NOOP,
 * CAPABILITY, QUIT, ...) the library answers by itself.
 */

#define _POSIX_C_SOURCE 200809L

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
#include <starttls.h>

#define UPGRADE_MS 10000
#define IDLE_MS 60000

static int
listen_on(unsigned long port)
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;

	address.sin_port = htons((unsigned short)port);
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd >= 0 &&
	    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0 &&
	    bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0 &&
	    listen(fd, 16) == 0)
		return fd;
	perror("cannot listen");
	if (fd >= 0)
		close(fd);
	return -1;
}

/* Until the client says close_notify, or nothing for too long.  What has come
   is what goes back, so lines need not be told apart. */
static int
echo(struct starttls_session *session)
{
	char data[4096];
	ssize_t n;

	if (starttls_session_set_deadline(session, -1) != 0 ||
	    starttls_session_set_idle(session, IDLE_MS) != 0)
		return -1;
	while ((n = starttls_session_read(session, data, sizeof(data))) > 0)
		if (starttls_session_write(session, data, (size_t)n) < 0)
			return -1;
	return n == 0 ? 0 : -1;
}

/* The last words of a refusal are lost if the socket is closed with bytes
   unread: let the client go first, for a moment. */
static void
drain(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	char scrap[4096];
	int tries = 16;

	shutdown(fd, SHUT_WR);
	while (tries-- > 0 && poll(&p, 1, 200) > 0 &&
	    recv(fd, scrap, sizeof(scrap), MSG_DONTWAIT) > 0)
		continue;
}

static void
serve(struct starttls_policy *policy, const char *protocol, int fd)
{
	struct starttls_upgrade *upgrade = NULL;
	struct starttls_session *session = NULL;
	struct starttls_error error;

	if (starttls_upgrade_new(&upgrade, policy,
	    starttls_protocol_find(protocol), STARTTLS_GREETING, NULL, fd,
	    NULL, &error) != 0 ||
	    starttls_upgrade_run(upgrade, UPGRADE_MS, &error) != 0) {
		fprintf(stderr, "%s\n", error.message);
		starttls_upgrade_free(upgrade);
		drain(fd);
		return;
	}
	session = starttls_upgrade_take(upgrade);
	if (echo(session) != 0 && starttls_session_error(session, &error) != 0)
		fprintf(stderr, "%s\n", error.message);
	starttls_session_end(session);  /* says goodbye, too */
}

int
main(int argc, char **argv)
{
	struct starttls_policy *policy;
	struct starttls_error error;
	int listener, fd;

	if (argc != 5 || starttls_protocol_find(argv[1]) == NULL ||
	    starttls_policy_new(&policy, STARTTLS_SERVER) != 0)
		return 2;
	if (starttls_policy_identity(policy, argv[3], argv[4], NULL,
	    &error) != 0) {
		fprintf(stderr, "%s\n", error.message);
		starttls_policy_unref(policy);
		return 1;
	}
	listener = listen_on(strtoul(argv[2], NULL, 10));
	while (listener >= 0) {
		fd = accept(listener, NULL, NULL);
		if (fd < 0 && errno != EINTR && errno != ECONNABORTED)
			break;
		if (fd < 0)
			continue;
		serve(policy, argv[1], fd);
		close(fd);
	}
	if (listener >= 0)
		close(listener);
	starttls_policy_unref(policy);
	return 1;                  /* a server goes on for ever */
}
