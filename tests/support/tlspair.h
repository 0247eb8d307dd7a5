/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * A TLS server in the same process and thread as the client under test.
 *
 * The two talk over a pair of byte queues that take and give a little at a
 * time and say "would block" often, even if they could go on: whoever lives
 * with them lives with any network.  The client end is a pair of callbacks
 * that read and write like sockets.  At the server end the test first speaks
 * cleartext by hand, if it likes, then starts GnuTLS, and from then on calls
 * tlspair_pump() between the steps of the client:
 *
 *	tlspair_init(&p, 1);
 *	tlspair_say(&p, "220 ready\r\n");
 *	... step the client until tlspair_heard(&p, "EHLO x\r\n") == 1 ...
 *	tlspair_start(&p, &(struct tlspair_server){ .chain = chain, .n = 1 });
 *	while (is_wanting(rc = step(client)))
 *		tlspair_pump(&p);
 *	tlspair_done(&p);
 *
 * A seed always gives the same run of partial transfers (the sizes of TLS
 * messages may differ by a byte or two from run to run); seed 0 transfers all
 * that fits and blocks only if it must.
 *
 * Misuse and lack of memory abort: this is test code.
 */

#ifndef TESTS_TLSPAIR_H
#define TESTS_TLSPAIR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <gnutls/gnutls.h>

#include "mint.h"

/* a sender blocks when so many bytes wait; tlspair_say() and _put() do not */
#define TLSPAIR_CAPACITY 900

/* one direction; the fields of the second part are for tests to set */
struct tlspair_queue {
	uint8_t *data;
	size_t size;  /* allocated */
	size_t start; /* of the bytes that wait, in data */
	size_t len;   /* of the bytes that wait */
	uint64_t total; /* ever written */

	bool is_ended;	  /* end of stream behind the bytes that wait */
	int broken;	  /* an errno instead of it: ECONNRESET, ... */
	uint64_t cut_at;  /* end the stream when total is this; 0: never */
	uint64_t flip_at; /* damage the byte that makes total this; 0: none */
};

struct tlspair {
	struct tlspair_queue to_client;
	struct tlspair_queue to_server;
	uint64_t seed;
	/* changes of direction, and the first bytes; exact with seed 0 only */
	unsigned int flights;
	bool is_client_turn;  /* who wrote last */
	uint64_t blocked;     /* how often someone had to come again */

	/* NULL until tlspair_start(); tests may ask it anything */
	gnutls_session_t server;
	gnutls_certificate_credentials_t credentials;
	gnutls_datum_t own_ticket_key;
	gnutls_datum_t staple;
	bool checks_client;
	bool is_boundless; /* the capacity does not count, for an alert */
	bool sends_tickets;

	/* how it went, for tests to look at */
	bool is_ready;		    /* handshake done */
	bool is_closed_by_client;   /* close_notify received */
	bool is_bye_sent;	    /* close_notify sent */
	int error;		    /* what broke it, GNUTLS_E_*; else 0 */
	bool has_client_cert;
	unsigned int client_status; /* of it; only if client_ca was given */

	/* application data */
	struct tlspair_queue received;
	struct tlspair_queue unsent;
	bool is_sending; /* GnuTLS holds the record that it began */
	bool wants_bye;

	/* for tests to set: what is received is sent back */
	bool is_echo;
};

struct tlspair_server {
	const struct mint_cert *const *chain; /* leaf first; its key is used */
	size_t n;
	/* another chain, say with a key of another type; may be NULL */
	const struct mint_cert *const *chain2;
	size_t n2;

	/*
	 * Default: "NORMAL".  A leaf whose key usage does not permit the
	 * handshake needs ":%DEBUG_ALLOW_KEY_USAGE_VIOLATIONS" to be served.
	 */
	const char *priority;
	unsigned int flags;	       /* more GNUTLS_* for gnutls_init() */
	const gnutls_datum_t *staple;  /* a response, DER; copied */
	const char *alpn[4];
	unsigned int alpn_flags;       /* GNUTLS_ALPN_* */
	gnutls_certificate_request_t client_cert; /* default: not asked for */
	const struct mint_cert *client_ca;

	/*
	 * TLS 1.2 and 1.3 tickets; a key shared by pairs resumes among them.
	 * In TLS 1.3 two come with each full handshake and none on a resumed
	 * session, or none at all with GNUTLS_NO_AUTO_SEND_TICKET; left to
	 * itself, GnuTLS does one or another thing by its version.
	 */
	bool has_tickets;
	const gnutls_datum_t *ticket_key; /* copied; NULL: a new key */
};

/**
 * tlspair_init: an idle pair, both queues empty.
 */
void tlspair_init(struct tlspair *p, uint64_t seed);

/**
 * tlspair_done: free all that the pair holds.
 */
void tlspair_done(struct tlspair *p);

/**
 * tlspair_client_recv, tlspair_client_send: the client's transport.
 *
 * @ctx  the struct tlspair
 *
 * Returns: the count; 0 for end of stream; -1 with errno EAGAIN if it would
 *          block, or the errno that the queue is broken with, or EPIPE.
 */
ssize_t tlspair_client_recv(void *ctx, void *buf, size_t size);
ssize_t tlspair_client_send(void *ctx, const void *buf, size_t len);

/**
 * tlspair_server_recv, tlspair_server_send: the same at the other end.
 */
ssize_t tlspair_server_recv(void *ctx, void *buf, size_t size);
ssize_t tlspair_server_send(void *ctx, const void *buf, size_t len);

/**
 * tlspair_put, tlspair_say: cleartext from the server, all of it at once.
 */
void tlspair_put(struct tlspair *p, const void *data, size_t len);
void tlspair_say(struct tlspair *p, const char *text);

/**
 * tlspair_get: raw bytes from the client, as many as there are.
 *
 * Returns: how many, maybe 0.
 */
size_t tlspair_get(struct tlspair *p, void *buf, size_t size);

/**
 * tlspair_heard: is this what the client has said next?
 *
 * Returns: 1 and takes it, just it, from the queue; 0 if it may still become
 *          that; -1 if it will not.
 */
int tlspair_heard(struct tlspair *p, const void *data, size_t len);

/**
 * tlspair_end: the server's end of stream, without a close_notify.
 *
 * What waits is still delivered.  Sending in the other direction goes on.
 */
void tlspair_end(struct tlspair *p);

/**
 * tlspair_client_end: the same for the client's stream.
 */
void tlspair_client_end(struct tlspair *p);

/**
 * tlspair_break: the connection is gone, with this errno, for both ends.
 *
 * What waits is lost.
 */
void tlspair_break(struct tlspair *p, int error);

/**
 * tlspair_start: from here on the server speaks TLS.
 *
 * The certificates need not outlive the call.
 */
void tlspair_start(struct tlspair *p, const struct tlspair_server *server);

/**
 * tlspair_pump: let the server do what it can do now.
 *
 * That is the handshake; then to receive, to send what tlspair_write() left,
 * and to say bye, if asked.  A handshake that fails sends its alert.
 *
 * Returns: 0, nothing is left to do; GNUTLS_E_AGAIN, something is; or the
 *          sticky fatal GNUTLS_E_* that is also in p->error.
 */
int tlspair_pump(struct tlspair *p);

/**
 * tlspair_write: have application data sent, by tlspair_pump().
 */
void tlspair_write(struct tlspair *p, const void *data, size_t len);

/**
 * tlspair_read: take application data that tlspair_pump() received.
 *
 * Returns: how many bytes, maybe 0.
 */
size_t tlspair_read(struct tlspair *p, void *buf, size_t size);

/**
 * tlspair_bye: have close_notify sent after the data, by tlspair_pump().
 */
void tlspair_bye(struct tlspair *p);

#endif
