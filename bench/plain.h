/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * A client with nothing but GnuTLS, what ours is measured against.
 *
 * It does as little as a correct program can: blocking, no timeouts, no
 * socket options; GnuTLS verifies the chain and the name.  It ends the
 * process on any failure.
 */

#ifndef BENCH_PLAIN_H
#define BENCH_PLAIN_H

#include <gnutls/gnutls.h>

struct plain {
	const char *port;
	const char *protocol;      /* "imap", "smtp", or "tls": at once */
	gnutls_certificate_credentials_t credentials;
	gnutls_priority_t priority;
	int resume;
	gnutls_datum_t saved;      /* what to resume */
};

/**
 * plain_init: trust one file; the priority is GnuTLS's default.
 *
 * @version  "1.2" to rule out TLS 1.3, or "1.3"
 */
void plain_init(struct plain *p, const char *ca_file, const char *protocol,
		const char *port, const char *version, int resume);

void plain_done(struct plain *p);

/** plain_upgrade: connect to localhost, perhaps STARTTLS, handshake. */
gnutls_session_t plain_upgrade(struct plain *p);

/** plain_exchange: ask for the capabilities. */
void plain_exchange(struct plain *p, gnutls_session_t tls);

/** plain_goodbye: LOGOUT or QUIT, close_notify both ways, and free. */
void plain_goodbye(struct plain *p, gnutls_session_t tls);

#endif
