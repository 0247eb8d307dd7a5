/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * A small IMAP server with STARTTLS, for measurements that must repeat.
 *
 * With a delay it behaves as a server behind a network: it pauses between its
 * own last handshake message and reading the client's answer.  A client that
 * writes its Finished and then its first command without TCP_NODELAY waits
 * for a delayed acknowledgement there.
 *
 * A process for each connection.  Prints its port and serves until killed.
 *
 * usage: server CHAINFILE KEYFILE DELAY-MS
 */

#include <gnutls/gnutls.h>

#include <netinet/in.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static useconds_t delay_us;

struct connection {
	int fd;
	int pause;                 /* before the next read */
};

static void
die(const char *what)
{
	fprintf(stderr, "server: %s failed\n", what);
	exit(1);
}

/* The last message of the server's flight was queued. */
static int
on_message(gnutls_session_t tls, unsigned type, unsigned when,
	   unsigned incoming, const gnutls_datum_t *message)
{
	struct connection *c = gnutls_session_get_ptr(tls);
	unsigned last = gnutls_protocol_get_version(tls) == GNUTLS_TLS1_3 ?
	    GNUTLS_HANDSHAKE_FINISHED : GNUTLS_HANDSHAKE_SERVER_HELLO_DONE;

	(void)when;
	(void)message;
	if (incoming == 0 && type == last)
		c->pause = 1;
	return 0;
}

/* GnuTLS reads when it has written everything. */
static ssize_t
pull(gnutls_transport_ptr_t ptr, void *data, size_t size)
{
	struct connection *c = ptr;

	if (c->pause)
		usleep(delay_us);
	c->pause = 0;
	return recv(c->fd, data, size, 0);
}

static ssize_t
push(gnutls_transport_ptr_t ptr, const void *data, size_t size)
{
	return send(((struct connection *)ptr)->fd, data, size, MSG_NOSIGNAL);
}

static void
say(int fd, const char *text)
{
	if (send(fd, text, strlen(text), MSG_NOSIGNAL) < 0)
		_exit(0);
}

static void
converse(gnutls_session_t tls)
{
	char line[512], reply[160];
	int leaving = 0;
	ssize_t n;

	while (!leaving && (n = gnutls_record_recv(tls, line,
	    sizeof(line) - 1)) > 0) {
		line[n] = '\0';
		leaving = strstr(line, "LOGOUT") != NULL;
		line[strcspn(line, " ")] = '\0';
		snprintf(reply, sizeof(reply), "%s\r\n%.40s OK done\r\n",
		    leaving ? "* BYE" : "* CAPABILITY IMAP4rev1 AUTH=PLAIN",
		    line);
		if (gnutls_record_send(tls, reply, strlen(reply)) < 0)
			return;
	}
	gnutls_bye(tls, GNUTLS_SHUT_WR);
}

/* Cleartext: one command a segment, until STARTTLS. */
static void
greet(int fd)
{
	char line[512], reply[160];
	int leaving = 0;
	ssize_t n;

	say(fd, "* OK [CAPABILITY IMAP4rev1 STARTTLS] ready\r\n");
	while (!leaving) {
		n = recv(fd, line, sizeof(line) - 1, 0);
		if (n <= 0)
			_exit(0);
		line[n] = '\0';
		leaving = strstr(line, "STARTTLS") != NULL;
		line[strcspn(line, " ")] = '\0';
		snprintf(reply, sizeof(reply), "%s%.40s OK done\r\n",
		    leaving ? "" : "* CAPABILITY IMAP4rev1 STARTTLS\r\n",
		    line);
		say(fd, reply);
	}
}

static void
serve(int fd, gnutls_certificate_credentials_t credentials,
      gnutls_priority_t priority, const gnutls_datum_t *key)
{
	struct connection c = { .fd = fd };
	gnutls_session_t tls;
	int rc;

	greet(fd);
	if (gnutls_init(&tls, GNUTLS_SERVER) < 0 ||
	    gnutls_priority_set(tls, priority) < 0 ||
	    gnutls_credentials_set(tls, GNUTLS_CRD_CERTIFICATE,
		credentials) < 0 ||
	    gnutls_session_ticket_enable_server(tls, key) < 0)
		die("session");
	gnutls_session_set_ptr(tls, &c);
	gnutls_transport_set_ptr(tls, &c);
	gnutls_transport_set_pull_function(tls, pull);
	gnutls_transport_set_push_function(tls, push);
	gnutls_handshake_set_timeout(tls, GNUTLS_INDEFINITE_TIMEOUT);
	if (delay_us > 0)
		gnutls_handshake_set_hook_function(tls, GNUTLS_HANDSHAKE_ANY,
		    GNUTLS_HOOK_POST, on_message);
	do {
		rc = gnutls_handshake(tls);
	} while (rc < 0 && gnutls_error_is_fatal(rc) == 0);
	if (rc == 0)
		converse(tls);
	gnutls_deinit(tls);
}

static int
listen_somewhere(void)
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	socklen_t len = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, len) != 0 ||
	    listen(fd, 64) != 0 ||
	    getsockname(fd, (struct sockaddr *)&address, &len) != 0)
		die("listen");
	printf("%u\n", ntohs(address.sin_port));
	fflush(stdout);
	return fd;
}

int
main(int argc, char **argv)
{
	gnutls_certificate_credentials_t credentials;
	gnutls_priority_t priority;
	gnutls_datum_t key;
	int listener, fd;

	if (argc != 4) {
		fprintf(stderr, "usage: server CHAINFILE KEYFILE DELAY-MS\n");
		return 1;
	}
	delay_us = (useconds_t)strtoul(argv[3], NULL, 10) * 1000;
	if (gnutls_certificate_allocate_credentials(&credentials) < 0 ||
	    gnutls_certificate_set_x509_key_file(credentials, argv[1],
		argv[2], GNUTLS_X509_FMT_PEM) < 0 ||
	    gnutls_priority_init(&priority, "NORMAL", NULL) < 0 ||
	    gnutls_session_ticket_key_generate(&key) < 0)
		die("setup");
	signal(SIGCHLD, SIG_IGN);
	listener = listen_somewhere();
	for (;;) {
		fd = accept(listener, NULL, NULL);
		if (fd < 0)
			continue;
		switch (fork()) {
		case -1:
			die("fork");
			break;
		case 0:
			close(listener);
			serve(fd, credentials, priority, &key);
			_exit(0);
		default:
			close(fd);
		}
	}
}
