/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * A TLS server in the same process as the client under test: see tlspair.h.
 *
 * Nothing here waits.  The queues are the only transport, and all the chance
 * in them comes from the seed.
 */

#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "tlspair.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static _Noreturn void
die(const char *what, const char *why)
{
	fprintf(stderr, "tlspair: %s: %s\n", what, why);
	abort();
}

static void
must(int rc, const char *what)
{
	if (rc < 0)
		die(what, gnutls_strerror(rc));
}

/*
 * The queues
 */

static void
append(struct tlspair_queue *q, const void *data, size_t len)
{
	if (len == 0)
		return;
	if (q->start > 0)
		memmove(q->data, q->data + q->start, q->len);
	q->start = 0;
	if (len > q->size - q->len) {
		q->size = q->len + len + TLSPAIR_CAPACITY;
		q->data = realloc(q->data, q->size);
		if (q->data == NULL)
			die("queue", "out of memory");
	}
	memcpy(q->data + q->len, data, len);
	q->len += len;
}

static size_t
take(struct tlspair_queue *q, void *buf, size_t size)
{
	size_t n = size < q->len ? size : q->len;

	if (n > 0)
		memcpy(buf, q->data + q->start, n);
	q->start += n;
	q->len -= n;
	return n;
}

/* onto the wire, with the mishaps that the test wants */
static void
transmit(struct tlspair *p, bool is_client, const void *data, size_t len)
{
	struct tlspair_queue *q = is_client ? &p->to_server : &p->to_client;
	uint64_t before = q->total, after = before + len;
	size_t keep = len;

	if (q->is_ended || len == 0)
		return;
	if (p->flights == 0 || p->is_client_turn != is_client)
		p->flights++;
	p->is_client_turn = is_client;
	if (q->cut_at != 0 && after >= q->cut_at) {
		keep = q->cut_at > before ? (size_t)(q->cut_at - before) : 0;
		q->is_ended = true;
	}
	append(q, data, keep);
	q->total += keep;
	if (q->flip_at > before && q->flip_at <= q->total)
		q->data[q->start + q->len - 1 - (q->total - q->flip_at)] ^= 1;
}

/* xorshift64* */
static uint64_t
chance(struct tlspair *p)
{
	p->seed ^= p->seed >> 12;
	p->seed ^= p->seed << 25;
	p->seed ^= p->seed >> 27;
	return (p->seed * UINT64_C(2685821657736338717)) >> 32;
}

/* how many of at most max bytes move this time; 0: none, come again */
static size_t
share(struct tlspair *p, size_t max)
{
	if (p->seed == 0 || max == 0)
		return max;
	switch (chance(p) % 8) {
	case 0:
	case 1:
		return 0;
	case 2:
		return 1;
	case 3:
		return max;
	}
	return 1 + (size_t)(chance(p) % max);
}

static ssize_t
would_block(struct tlspair *p)
{
	p->blocked++;
	errno = EAGAIN;
	return -1;
}

static ssize_t
fail(int error)
{
	errno = error;
	return -1;
}

static ssize_t
receive(struct tlspair *p, struct tlspair_queue *q, void *buf, size_t size)
{
	size_t n;

	if (q->broken != 0)
		return fail(q->broken);
	if (q->len == 0 && q->is_ended)
		return 0;
	n = share(p, size < q->len ? size : q->len);
	if (n == 0)
		return would_block(p);
	return (ssize_t)take(q, buf, n);
}

static ssize_t
transfer(struct tlspair *p, bool is_client, const void *buf, size_t len)
{
	struct tlspair_queue *q = is_client ? &p->to_server : &p->to_client;
	size_t room = 0;

	if (q->broken != 0)
		return fail(q->broken);
	if (q->is_ended && (q->cut_at == 0 || q->total < q->cut_at))
		return fail(EPIPE);
	if (p->is_boundless)
		room = len;
	else if (q->len < TLSPAIR_CAPACITY)
		room = TLSPAIR_CAPACITY - q->len;
	room = share(p, len < room ? len : room);
	if (room == 0 && len > 0)
		return would_block(p);
	transmit(p, is_client, buf, room);
	return (ssize_t)room;
}

ssize_t
tlspair_client_recv(void *ctx, void *buf, size_t size)
{
	struct tlspair *p = ctx;

	return receive(p, &p->to_client, buf, size);
}

ssize_t
tlspair_client_send(void *ctx, const void *buf, size_t len)
{
	return transfer(ctx, true, buf, len);
}

ssize_t
tlspair_server_recv(void *ctx, void *buf, size_t size)
{
	struct tlspair *p = ctx;

	return receive(p, &p->to_server, buf, size);
}

ssize_t
tlspair_server_send(void *ctx, const void *buf, size_t len)
{
	return transfer(ctx, false, buf, len);
}

/*
 * Cleartext and mishaps
 */

void
tlspair_put(struct tlspair *p, const void *data, size_t len)
{
	transmit(p, false, data, len);
}

void
tlspair_say(struct tlspair *p, const char *text)
{
	tlspair_put(p, text, strlen(text));
}

size_t
tlspair_get(struct tlspair *p, void *buf, size_t size)
{
	return take(&p->to_server, buf, size);
}

int
tlspair_heard(struct tlspair *p, const void *data, size_t len)
{
	struct tlspair_queue *q = &p->to_server;
	size_t n = len < q->len ? len : q->len;

	if (n > 0 && memcmp(q->data + q->start, data, n) != 0)
		return -1;
	if (n < len)
		return 0;
	q->start += len;
	q->len -= len;
	return 1;
}

void
tlspair_end(struct tlspair *p)
{
	p->to_client.is_ended = true;
}

void
tlspair_client_end(struct tlspair *p)
{
	p->to_server.is_ended = true;
}

void
tlspair_break(struct tlspair *p, int error)
{
	p->to_client.broken = error;
	p->to_server.broken = error;
}

/*
 * The server
 */

static int
on_pull_timeout(gnutls_transport_ptr_t ctx, unsigned int timeout_ms)
{
	const struct tlspair *p = ctx;

	(void)timeout_ms;
	return p->to_server.len > 0 || p->to_server.is_ended ||
	       p->to_server.broken != 0;
}

static int
on_status_request(gnutls_session_t session, void *ctx, gnutls_datum_t *ret)
{
	const struct tlspair *p = ctx;

	(void)session;
	ret->data = gnutls_malloc(p->staple.size);
	if (ret->data == NULL)
		return GNUTLS_E_MEMORY_ERROR;
	memcpy(ret->data, p->staple.data, p->staple.size);
	ret->size = p->staple.size;
	return 0;
}

static void
add_chain(struct tlspair *p, const struct mint_cert *const *chain, size_t n)
{
	gnutls_x509_crt_t list[16];

	if (n == 0 || n > sizeof(list) / sizeof(list[0]))
		die("chain", "too short or too long");
	for (size_t i = 0; i < n; i++)
		list[i] = chain[i]->crt;
	must(gnutls_certificate_set_x509_key(p->credentials, list, (int)n,
					     chain[0]->key),
	     "server certificate");
}

/*
 * A callback, because GnuTLS keeps back a response of its own that is expired
 * or is for another certificate.
 */
static void
set_staple(struct tlspair *p, const gnutls_datum_t *staple)
{
	p->staple.data = gnutls_malloc(staple->size + 1);
	if (p->staple.data == NULL)
		die("staple", "out of memory");
	memcpy(p->staple.data, staple->data, staple->size);
	p->staple.size = staple->size;
	gnutls_certificate_set_ocsp_status_request_function(
		p->credentials, on_status_request, p);
}

static void
set_alpn(struct tlspair *p, const struct tlspair_server *server)
{
	gnutls_datum_t list[sizeof(server->alpn) / sizeof(server->alpn[0])];
	char names[sizeof(list) / sizeof(list[0])][64];
	unsigned int n = 0;

	for (; n < sizeof(list) / sizeof(list[0]) && server->alpn[n]; n++) {
		size_t len = strlen(server->alpn[n]);

		if (len >= sizeof(names[n]))
			die("ALPN", "too long");
		memcpy(names[n], server->alpn[n], len + 1);
		list[n].data = (unsigned char *)names[n];
		list[n].size = (unsigned int)len;
	}
	if (n > 0)
		must(gnutls_alpn_set_protocols(p->server, list, n,
					       server->alpn_flags),
		     "ALPN");
}

static void
set_tickets(struct tlspair *p, const gnutls_datum_t *key)
{
	if (key == NULL) {
		must(gnutls_session_ticket_key_generate(&p->own_ticket_key),
		     "ticket key");
		key = &p->own_ticket_key;
	}
	must(gnutls_session_ticket_enable_server(p->server, key), "tickets");
}

/* all of it goes out, whatever the seed */
static void
send_tickets(struct tlspair *p)
{
	uint64_t seed = p->seed;

	if (!p->sends_tickets ||
	    gnutls_protocol_get_version(p->server) < GNUTLS_TLS1_3 ||
	    gnutls_session_is_resumed(p->server))
		return;
	p->seed = 0;
	p->is_boundless = true;
	must(gnutls_session_ticket_send(p->server, 2, 0), "send tickets");
	p->is_boundless = false;
	p->seed = seed;
}

static void
set_transport(struct tlspair *p)
{
	gnutls_transport_set_ptr(p->server, p);
	gnutls_transport_set_push_function(p->server, tlspair_server_send);
	gnutls_transport_set_pull_function(p->server, tlspair_server_recv);
	gnutls_transport_set_pull_timeout_function(p->server, on_pull_timeout);
}

void
tlspair_start(struct tlspair *p, const struct tlspair_server *server)
{
	if (p->server != NULL)
		die("tlspair_start", "started already");
	must(gnutls_certificate_allocate_credentials(&p->credentials),
	     "credentials");
	add_chain(p, server->chain, server->n);
	if (server->chain2 != NULL)
		add_chain(p, server->chain2, server->n2);
	if (server->staple != NULL)
		set_staple(p, server->staple);
	if (server->client_ca != NULL) {
		p->checks_client = true;
		must(gnutls_certificate_set_x509_trust(
			     p->credentials,
			     &(gnutls_x509_crt_t){ server->client_ca->crt }, 1),
		     "client CA");
	}

	must(gnutls_init(&p->server,
			 GNUTLS_SERVER | GNUTLS_NONBLOCK |
				 GNUTLS_NO_AUTO_SEND_TICKET | server->flags),
	     "session");
	must(gnutls_priority_set_direct(
		     p->server,
		     server->priority != NULL ? server->priority : "NORMAL",
		     NULL),
	     "priority");
	must(gnutls_credentials_set(p->server, GNUTLS_CRD_CERTIFICATE,
				    p->credentials),
	     "credentials");
	if (server->client_cert != GNUTLS_CERT_IGNORE)
		gnutls_certificate_server_set_request(p->server,
						      server->client_cert);
	set_alpn(p, server);
	if (server->has_tickets || server->ticket_key != NULL) {
		set_tickets(p, server->ticket_key);
		p->sends_tickets =
			(server->flags & GNUTLS_NO_AUTO_SEND_TICKET) == 0;
	}
	set_transport(p);
}

/* a fatal error, remembered; the alert goes out whole, whatever the seed */
static int
failed(struct tlspair *p, int error)
{
	uint64_t seed = p->seed;

	p->error = error;
	p->seed = 0;
	p->is_boundless = true;
	if (!p->is_ready)
		gnutls_alert_send_appropriate(p->server, error);
	p->is_boundless = false;
	p->seed = seed;
	return error;
}

static int
shake_hands(struct tlspair *p)
{
	int rc = gnutls_handshake(p->server);

	if (rc < 0 && !gnutls_error_is_fatal(rc))
		return GNUTLS_E_AGAIN;
	if (rc < 0)
		return failed(p, rc);
	p->is_ready = true;
	send_tickets(p);
	p->has_client_cert =
		gnutls_certificate_get_peers(p->server, NULL) != NULL;
	if (p->has_client_cert && p->checks_client)
		must(gnutls_certificate_verify_peers2(p->server,
						      &p->client_status),
		     "verify the client");
	return 0;
}

/* all that has come; GNUTLS_E_AGAIN never */
static int
receive_records(struct tlspair *p)
{
	uint8_t buf[4096];

	while (!p->is_closed_by_client) {
		ssize_t n = gnutls_record_recv(p->server, buf, sizeof(buf));

		if (n == 0)
			p->is_closed_by_client = true;
		else if (n < 0 && gnutls_error_is_fatal((int)n))
			return failed(p, (int)n);
		else if (n < 0)
			break;
		else
			append(p->is_echo ? &p->unsent : &p->received, buf,
			       (size_t)n);
	}
	return 0;
}

/*
 * A record that GnuTLS has begun is finished by a call without data, so the
 * queue may move in memory in the meantime.
 */
static int
send_records(struct tlspair *p)
{
	struct tlspair_queue *q = &p->unsent;

	while (q->len > 0) {
		ssize_t n;

		if (p->is_sending)
			n = gnutls_record_send(p->server, NULL, 0);
		else
			n = gnutls_record_send(p->server, q->data + q->start,
					       q->len);
		p->is_sending = n < 0;
		if (n < 0 && gnutls_error_is_fatal((int)n))
			return failed(p, (int)n);
		if (n < 0)
			return GNUTLS_E_AGAIN;
		q->start += (size_t)n;
		q->len -= (size_t)n;
	}
	return 0;
}

int
tlspair_pump(struct tlspair *p)
{
	int rc = 0;

	if (p->error < 0 || p->server == NULL)
		return p->error;
	if (!p->is_ready)
		rc = shake_hands(p);
	if (rc == 0)
		rc = receive_records(p);
	if (rc == 0)
		rc = send_records(p);
	if (rc != 0 || !p->wants_bye || p->is_bye_sent)
		return rc;
	rc = gnutls_bye(p->server, GNUTLS_SHUT_WR);
	if (rc < 0 && !gnutls_error_is_fatal(rc))
		return GNUTLS_E_AGAIN;
	if (rc < 0)
		return failed(p, rc);
	p->is_bye_sent = true;
	return 0;
}

void
tlspair_write(struct tlspair *p, const void *data, size_t len)
{
	append(&p->unsent, data, len);
}

size_t
tlspair_read(struct tlspair *p, void *buf, size_t size)
{
	return take(&p->received, buf, size);
}

void
tlspair_bye(struct tlspair *p)
{
	p->wants_bye = true;
}

void
tlspair_init(struct tlspair *p, uint64_t seed)
{
	memset(p, 0, sizeof(*p));
	p->seed = seed;
}

void
tlspair_done(struct tlspair *p)
{
	if (p->server != NULL)
		gnutls_deinit(p->server);
	if (p->credentials != NULL)
		gnutls_certificate_free_credentials(p->credentials);
	gnutls_free(p->own_ticket_key.data);
	gnutls_free(p->staple.data);
	free(p->to_client.data);
	free(p->to_server.data);
	free(p->received.data);
	free(p->unsent.data);
	memset(p, 0, sizeof(*p));
}
