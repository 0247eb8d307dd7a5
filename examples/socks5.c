/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * An upgrade through a SOCKS5 proxy (RFC 1928), over a transport of two
 * callbacks.  The proxy resolves the name; it sees what is said in the clear,
 * and can break the connection, but it cannot be the server: the certificate
 * is verified against the name as ever.
 *
 *	cc socks5.c -o socks5 $(pkg-config --cflags --libs libstarttls)
 *	./socks5 ca.pem 127.0.0.1 1080 imap mail.example.org 143
 *
 * Behind SOCKS the plain descriptor would do as well.  Callbacks are for
 * tunnels with a framing or an encryption of their own; these just count.
 */

#define _POSIX_C_SOURCE 200809L

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>
#include <starttls.h>

#define TIMEOUT_MS 10000

struct tunnel {
	int fd;
	size_t received, sent;
};

/* Neither may wait, whatever the mode of the descriptor, or raise SIGPIPE. */
static ssize_t
tunnel_recv(void *context, void *data, size_t size)
{
	struct tunnel *t = context;
	ssize_t n = recv(t->fd, data, size, MSG_DONTWAIT);

	t->received += n > 0 ? (size_t)n : 0;
	return n;
}

static ssize_t
tunnel_send(void *context, const void *data, size_t len)
{
	struct tunnel *t = context;
	ssize_t n = send(t->fd, data, len, MSG_DONTWAIT | MSG_NOSIGNAL);

	t->sent += n > 0 ? (size_t)n : 0;
	return n;
}

/* Not a byte more than asked for: what follows is the server's. */
static int
read_all(int fd, unsigned char *data, size_t size)
{
	return recv(fd, data, size, MSG_WAITALL) == (ssize_t)size ? 0 : -1;
}

/* Ask the proxy for host and port.  0, or -1 and why. */
static int
connect_through(int fd, const char *host, const char *port,
		const char **ret_why)
{
	static const unsigned char hello[] = { 5, 1, 0 }; /* no login */
	unsigned char ask[4 + 1 + 255 + 2] = { 5, 1, 0, 3 }, reply[256 + 2];
	size_t len = strlen(host);
	unsigned long number = strtoul(port, NULL, 10);

	*ret_why = "not a name and a port for a proxy";
	if (len == 0 || len > 255 || number == 0 || number > 65535)
		return -1;
	ask[4] = (unsigned char)len;
	memcpy(ask + 5, host, len);
	ask[5 + len] = (unsigned char)(number >> 8);
	ask[6 + len] = (unsigned char)number;
	*ret_why = "the proxy gives no answer, or wants a login";
	if (send(fd, hello, 3, MSG_NOSIGNAL) != 3 ||
	    read_all(fd, reply, 2) != 0 || reply[0] != 5 || reply[1] != 0)
		return -1;
	*ret_why = "the proxy cannot connect";
	if (send(fd, ask, len + 7, MSG_NOSIGNAL) != (ssize_t)len + 7 ||
	    read_all(fd, reply, 5) != 0 || reply[0] != 5 || reply[1] != 0)
		return -1;
	/* the address it has used: IPv4, a name, or IPv6; and the port */
	len = reply[3] == 1 ? 3 : reply[3] == 3 ? reply[4] : 15;
	return read_all(fd, reply, len + 2);
}

static int
open_tunnel(struct tunnel *t, char **argv, struct starttls_error *error)
{
	const struct timeval limit = { TIMEOUT_MS / 1000, 0 };
	const char *why = "no time limit";

	if (starttls_dial(argv[2], argv[3], STARTTLS_ANY, TIMEOUT_MS, &t->fd,
	    error) != 0)
		return -1;
	if (setsockopt(t->fd, SOL_SOCKET, SO_RCVTIMEO, &limit,
	    sizeof(limit)) == 0 &&
	    connect_through(t->fd, argv[5], argv[6], &why) == 0)
		return 0;
	snprintf(error->message, sizeof(error->message), "%s", why);
	return -1;
}

int
main(int argc, char **argv)
{
	struct tunnel t = { -1, 0, 0 };
	struct starttls_options options = STARTTLS_OPTIONS_INIT;
	struct starttls_upgrade *upgrade = NULL;
	struct starttls_session *session = NULL;
	struct starttls_policy *policy;
	struct starttls_error error;
	int rc = -1;

	options.recv = tunnel_recv;
	options.send = tunnel_send;
	options.transport_context = &t;
	if (argc != 7 || starttls_policy_new(&policy, STARTTLS_CLIENT) != 0)
		return 2;
	options.port = argv[6];
	/* with callbacks the descriptor is for poll(2) only */
	if (starttls_policy_add_trust_file(policy, argv[1], &error) == 0 &&
	    open_tunnel(&t, argv, &error) == 0 &&
	    starttls_upgrade_new(&upgrade, policy,
		starttls_protocol_find(argv[4]), STARTTLS_GREETING, argv[5],
		t.fd, &options, &error) == 0 &&
	    starttls_upgrade_run(upgrade, TIMEOUT_MS, &error) == 0 &&
	    (session = starttls_upgrade_take(upgrade)) != NULL) {
		upgrade = NULL;
		rc = starttls_session_check(session, &error);
	}
	if (rc == 0)
		printf("%zu bytes sent, %zu received\n", t.sent, t.received);
	else
		fprintf(stderr, "%s\n", error.message);
	starttls_upgrade_free(upgrade);
	starttls_session_free(session);
	if (t.fd >= 0)
		close(t.fd);
	starttls_policy_unref(policy);
	return rc == 0 ? 0 : 1;
}
