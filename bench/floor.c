/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * Data through one connection with plain GnuTLS, whose descriptor is passed in:
 * what a peer of the programs does, and the least that they could cost.
 *
 * usage: floor client CAFILE - FD MODE [BYTES]
 *        floor server CERTFILE KEYFILE FD MODE [BYTES]
 *
 * give makes so many bytes, take drops what comes and tells the peer how much it
 * was; up and down are the tightest loops that relay: standard input to the peer,
 * and the peer to standard output.  Each moves one way only.
 * What is said at the end goes to standard output.
 */

#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <gnutls/gnutls.h>

#define SIZE (64 << 10)            /* what a pipe has room for */
#define RECORD (16 << 10)

static char buffer[SIZE];

static void
must(int rc, const char *what)
{
	if (rc >= 0)
		return;
	fprintf(stderr, "floor: %s: %s\n", what, gnutls_strerror(rc));
	exit(1);
}

static void
wait_for(gnutls_session_t tls)
{
	struct pollfd fd = { gnutls_transport_get_int(tls), POLLIN, 0 };

	poll(&fd, 1, -1);
}

/* As much as is there; sending waits. */
static ssize_t
pull(gnutls_transport_ptr_t ptr, void *data, size_t size)
{
	return recv((int)(intptr_t)ptr, data, size, MSG_DONTWAIT);
}

static gnutls_session_t
begin(int is_server, const char *cert_file, const char *key_file, int fd)
{
	gnutls_certificate_credentials_t credentials;
	gnutls_session_t tls;
	int rc;

	must(gnutls_certificate_allocate_credentials(&credentials),
	    "credentials");
	if (is_server)
		must(gnutls_certificate_set_x509_key_file(credentials,
		    cert_file, key_file, GNUTLS_X509_FMT_PEM), cert_file);
	else
		must(gnutls_certificate_set_x509_trust_file(credentials,
		    cert_file, GNUTLS_X509_FMT_PEM), cert_file);
	must(gnutls_init(&tls, is_server ? GNUTLS_SERVER : GNUTLS_CLIENT),
	    "session");
	must(gnutls_set_default_priority(tls), "priority");
	must(gnutls_credentials_set(tls, GNUTLS_CRD_CERTIFICATE, credentials),
	    "credentials");
	if (!is_server) {
		must(gnutls_server_name_set(tls, GNUTLS_NAME_DNS, "localhost",
		    9), "server name");
		gnutls_session_set_verify_cert(tls, "localhost", 0);
	}
	gnutls_transport_set_int(tls, fd);
	gnutls_transport_set_pull_function(tls, pull);
	do {
		rc = gnutls_handshake(tls);
		if (rc == GNUTLS_E_AGAIN)
			wait_for(tls);
	} while (rc < 0 && gnutls_error_is_fatal(rc) == 0);
	must(rc, "handshake");
	return tls;
}

static void
send_all(gnutls_session_t tls, size_t len)
{
	ssize_t n;
	size_t at;

	for (at = 0; at < len; at += (size_t)n) {
		n = gnutls_record_send(tls, buffer + at, len - at);
		must((int)n, "send");
	}
}

static void
give(gnutls_session_t tls, long long bytes)
{
	for (; bytes >= SIZE; bytes -= SIZE)
		send_all(tls, SIZE);
	send_all(tls, (size_t)bytes);
}

static void
up(gnutls_session_t tls)
{
	struct pollfd fds[2] = {
		{ 0, POLLIN, 0 }, { gnutls_transport_get_int(tls), POLLIN, 0 },
	};
	ssize_t n = 1;

	/* what has to be ready for either side cannot wait in a read */
	while (poll(fds, 2, -1) > 0 && (n = read(0, buffer, SIZE)) > 0)
		send_all(tls, (size_t)n);
	if (n < 0) {
		perror("floor: read");
		exit(1);
	}
}

/*
 * Records until there is no room for another one, or no other one is there.
 * Returns how many bytes that is; 0: the end.
 */
static size_t
receive(gnutls_session_t tls)
{
	size_t len = 0;
	ssize_t n = 1;

	while (n > 0 && SIZE - len >= RECORD) {
		n = gnutls_record_recv(tls, buffer + len, RECORD);
		len += n > 0 ? (size_t)n : 0;
		if (n != GNUTLS_E_AGAIN && n != GNUTLS_E_INTERRUPTED)
			must((int)n, "receive");
		else if (len == 0)
			wait_for(tls);
		if (n < 0)
			n = len == 0;
	}
	return len;
}

static void
take(gnutls_session_t tls)
{
	long long bytes = 0;
	size_t n;

	while ((n = receive(tls)) > 0)
		bytes += (long long)n;
	send_all(tls, (size_t)snprintf(buffer, SIZE, "%lld\n", bytes));
	printf("%lld\n", bytes);
}

static void
down(gnutls_session_t tls)
{
	size_t n, at;
	ssize_t written;

	while ((n = receive(tls)) > 0)
		for (at = 0; at < n; at += (size_t)written) {
			written = write(1, buffer + at, n - at);
			if (written < 0) {
				perror("floor: write");
				exit(1);
			}
		}
}

int
main(int argc, char **argv)
{
	const char *mode = argc > 5 ? argv[5] : "";
	gnutls_session_t tls;

	if (argc != 6 + (strcmp(mode, "give") == 0)) {
		fprintf(stderr, "usage: floor client CAFILE - FD MODE [BYTES]\n"
		    "       floor server CERTFILE KEYFILE FD MODE [BYTES]\n");
		return 1;
	}
	tls = begin(strcmp(argv[1], "server") == 0, argv[2], argv[3],
	    atoi(argv[4]));
	if (strcmp(mode, "give") == 0)
		give(tls, atoll(argv[6]));
	else if (strcmp(mode, "up") == 0)
		up(tls);
	else if (strcmp(mode, "down") == 0)
		down(tls);
	else
		take(tls);
	must(gnutls_bye(tls, GNUTLS_SHUT_WR), "bye");
	if (strcmp(mode, "give") == 0 || strcmp(mode, "up") == 0)
		down(tls);
	return 0;
}
