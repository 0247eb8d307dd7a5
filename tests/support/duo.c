/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/* Both ends of a conversation in one thread: see duo.h. */

#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "duo.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "error.h"

#define MAX_TURNS 200000
#define MAX_IDLE 3000

static _Noreturn void
die(const char *what)
{
	fprintf(stderr, "duo: %s\n", what);
	abort();
}

static void
must(int rc, const char *what)
{
	if (rc < 0)
		die(what);
}

/* The server's transport: what it sends is kept. */

static ssize_t
server_recv(void *ctx, void *data, size_t size)
{
	struct duo *d = ctx;

	if (d->fds[0] >= 0)
		return recv(d->fds[0], data, size, MSG_DONTWAIT);
	return tlspair_server_recv(&d->pair, data, size);
}

static ssize_t
server_send(void *ctx, const void *data, size_t len)
{
	struct duo *d = ctx;
	ssize_t n;

	if (d->fds[0] >= 0)
		return send(d->fds[0], data, len, MSG_DONTWAIT |
		    MSG_NOSIGNAL);
	n = tlspair_server_send(&d->pair, data, len);
	if (n > 0) {
		d->said = realloc(d->said, d->said_len + (size_t)n);
		if (d->said == NULL)
			die("out of memory");
		memcpy(d->said + d->said_len, data, (size_t)n);
		d->said_len += (size_t)n;
	}
	return n;
}

static int
guest_wait(gnutls_transport_ptr_t ctx, unsigned timeout_ms)
{
	const struct tlspair *pair = ctx;

	(void)timeout_ms;
	return pair->to_client.len > 0 || pair->to_client.is_ended;
}

static void
guest_alpn(struct duo *d, const char *const *names)
{
	gnutls_datum_t ids[16];
	unsigned count = 0;

	for (; *names != NULL; names++)
		ids[count++] = (gnutls_datum_t){
		    (unsigned char *)(uintptr_t)*names,
		    (unsigned)strlen(*names) };
	must(gnutls_alpn_set_protocols(d->guest, ids, count, 0), "ALPN");
}

static void
guest_begin(struct duo *d, const struct duo_spec *spec)
{
	must(gnutls_certificate_allocate_credentials(&d->guest_credentials),
	    "credentials");
	if (spec->n > 0)
		show_bytes(d->guest_credentials, spec->chain, spec->n,
		    spec->der);
	/* a chain is shown also if the server did not name its issuer */
	must(gnutls_init(&d->guest, GNUTLS_CLIENT | GNUTLS_NONBLOCK |
	    GNUTLS_FORCE_CLIENT_CERT | spec->flags), "guest");
	must(gnutls_priority_set_direct(d->guest, spec->priority != NULL ?
	    spec->priority : "NORMAL", NULL), "priority");
	must(gnutls_credentials_set(d->guest, GNUTLS_CRD_CERTIFICATE,
	    d->guest_credentials), "credentials");
	if (spec->sni != NULL)
		must(gnutls_server_name_set(d->guest, GNUTLS_NAME_DNS,
		    spec->sni, strlen(spec->sni)), "name");
	if (spec->alpn != NULL)
		guest_alpn(d, spec->alpn);
	if (spec->ticket != NULL)
		must(gnutls_session_set_data(d->guest, spec->ticket->data,
		    spec->ticket->size), "ticket");
	gnutls_transport_set_ptr(d->guest, &d->pair);
	gnutls_transport_set_push_function(d->guest, tlspair_client_send);
	gnutls_transport_set_pull_function(d->guest, tlspair_client_recv);
	gnutls_transport_set_pull_timeout_function(d->guest, guest_wait);
	d->guest_rc = GNUTLS_E_AGAIN;
}

static const struct starttls_protocol *
protocol_of(const struct duo_spec *spec)
{
	return starttls_protocol_find(spec->protocol != NULL ?
	    spec->protocol : "imap");
}

static enum starttls_stage
stage_of(const struct duo_spec *spec)
{
	return spec->from != 0 ? spec->from : STARTTLS_HANDSHAKE;
}

static int
client_begin(struct duo *d, const struct duo_spec *spec)
{
	struct starttls_options options = STARTTLS_OPTIONS_INIT;

	options.port = spec->port;
	if (!spec->over_socket) {
		options.recv = tlspair_client_recv;
		options.send = tlspair_client_send;
		options.transport_context = &d->pair;
	}
	return starttls_upgrade_new(&d->client.upgrade, spec->client,
	    protocol_of(spec), stage_of(spec), spec->name != NULL ?
	    spec->name : PEER, d->fds[1], &options, &d->client.error);
}

int
duo_serve(struct duo *d, const struct duo_spec *spec)
{
	struct starttls_options options = STARTTLS_OPTIONS_INIT;

	options.port = spec->port;
	options.pending = spec->pending;
	options.pending_len = spec->pending_len;
	if (!spec->over_socket) {
		options.recv = server_recv;
		options.send = server_send;
		options.transport_context = d;
	}
	starttls_upgrade_free(d->server.upgrade);
	d->server.upgrade = NULL;
	if (spec->control != NULL)
		return starttls_upgrade_data(&d->server.upgrade,
		    spec->control, d->fds[0], &options, &d->server.error);
	return starttls_upgrade_new(&d->server.upgrade, spec->server,
	    protocol_of(spec), stage_of(spec), NULL, d->fds[0], &options,
	    &d->server.error);
}

int
duo_begin(struct duo *d, const struct duo_spec *spec)
{
	int rc;

	memset(d, 0, sizeof(*d));
	d->fds[0] = d->fds[1] = -1;
	d->guest_alert = -1;
	d->server.rc = d->client.rc = STARTTLS_WANT_READ;
	tlspair_init(&d->pair, spec->seed);
	if (spec->over_socket && socketpair(AF_UNIX, SOCK_STREAM, 0, d->fds))
		die("socketpair");
	if (spec->client == NULL) {
		d->client.rc = 0;
		guest_begin(d, spec);
	} else {
		rc = client_begin(d, spec);
		if (rc != 0)
			return rc;
	}
	return duo_serve(d, spec);
}

static void
step(struct duo_end *e)
{
	if (e->upgrade == NULL || !is_wanting(e->rc))
		return;
	e->rc = starttls_upgrade_step(e->upgrade, &e->error);
	if (e->rc == 0) {
		e->session = starttls_upgrade_take(e->upgrade);
		e->upgrade = NULL;
	}
}

void
duo_step_server(struct duo *d)
{
	bool was_over = !is_wanting(d->server.rc);

	step(&d->server);
	if (!was_over && starttls_is_fatal(d->server.rc)) {
		tlspair_end(&d->pair);
		if (d->fds[0] >= 0)
			shutdown(d->fds[0], SHUT_WR);
	}
}

static void
note_alert(struct duo *d, int rc)
{
	if (rc == GNUTLS_E_FATAL_ALERT_RECEIVED ||
	    rc == GNUTLS_E_WARNING_ALERT_RECEIVED)
		d->guest_alert = (int)gnutls_alert_get(d->guest);
}

void
duo_step_client(struct duo *d)
{
	step(&d->client);
	if (d->guest == NULL || d->guest_rc != GNUTLS_E_AGAIN)
		return;
	d->guest_rc = gnutls_handshake(d->guest);
	note_alert(d, d->guest_rc);
	if (d->guest_rc < 0 && !gnutls_error_is_fatal(d->guest_rc))
		d->guest_rc = GNUTLS_E_AGAIN;
	else if (d->guest_rc < 0)
		tlspair_client_end(&d->pair);
}

int
duo_shake(struct duo *d)
{
	uint64_t moved = 0, now;
	int turns, idle = 0;

	for (turns = 0; turns < MAX_TURNS && idle < MAX_IDLE; turns++) {
		duo_step_client(d);
		duo_step_server(d);
		if (!is_wanting(d->server.rc) && !is_wanting(d->client.rc) &&
		    d->guest_rc != GNUTLS_E_AGAIN)
			return d->server.rc;
		now = d->pair.to_client.total + d->pair.to_server.total -
		    d->pair.to_client.len - d->pair.to_server.len;
		idle = now == moved ? idle + 1 : 0;
		moved = now;
	}
	return HARNESS_STUCK;
}

int
duo_run(struct duo *d, const struct duo_spec *spec)
{
	int rc = duo_begin(d, spec);

	return rc == 0 ? duo_shake(d) : rc;
}

/* Warnings are no data, and keep nobody from going on. */
static bool
is_again(struct duo *d, ssize_t n)
{
	note_alert(d, (int)n);
	return d->guest != NULL && n < 0 && !gnutls_error_is_fatal((int)n);
}

static ssize_t
client_read(struct duo *d, void *data, size_t size)
{
	ssize_t n;

	if (d->guest == NULL)
		return starttls_session_read(d->client.session, data, size);
	n = gnutls_record_recv(d->guest, data, size);
	return is_again(d, n) ? STARTTLS_WANT_READ : n;
}

static ssize_t
client_write(struct duo *d, const void *data, size_t len)
{
	ssize_t n;

	if (d->guest == NULL)
		return starttls_session_write(d->client.session, data, len);
	n = gnutls_record_send(d->guest, data, len);
	return is_again(d, n) ? STARTTLS_WANT_WRITE : n;
}

static ssize_t
server_read(struct duo *d, void *data, size_t size)
{
	return starttls_session_read(d->server.session, data, size);
}

static ssize_t
server_write(struct duo *d, const void *data, size_t len)
{
	return starttls_session_write(d->server.session, data, len);
}

typedef ssize_t (*read_fn)(struct duo *d, void *data, size_t size);
typedef ssize_t (*write_fn)(struct duo *d, const void *data, size_t len);

/* A line one way, whole. */
static int
carry(struct duo *d, write_fn write_one, read_fn read_one, const char *line)
{
	size_t len = strlen(line), sent = 0, got = 0;
	char data[64];
	int turns;
	ssize_t n;

	for (turns = 0; turns < MAX_IDLE && got < len; turns++) {
		n = sent < len ? write_one(d, line + sent, len - sent) : 0;
		if (n < 0 && !is_wanting(n))
			return (int)n;
		sent += n > 0 ? (size_t)n : 0;
		n = read_one(d, data + got, sizeof(data) - got);
		if (n == 0)
			return STARTTLS_E_EOF;
		if (n < 0 && !is_wanting(n))
			return (int)n;
		got += n > 0 ? (size_t)n : 0;
	}
	if (got < len)
		return HARNESS_STUCK;
	return got == len && memcmp(data, line, len) == 0 ? 0 :
	    HARNESS_OFF_SCRIPT;
}

int
duo_exchange(struct duo *d)
{
	int rc = carry(d, client_write, server_read, "a CAPABILITY\r\n");

	return rc != 0 ? rc : carry(d, server_write, client_read,
	    "* CAPABILITY IMAP4rev1\r\na OK\r\n");
}

ssize_t
duo_client_read(struct duo *d)
{
	char data[4096];
	int turns;
	ssize_t n;

	for (turns = 0; turns < MAX_IDLE; turns++) {
		n = client_read(d, data, sizeof(data));
		if (!is_wanting(n))
			return n;
	}
	return HARNESS_STUCK;
}

ssize_t
duo_server_read(struct duo *d)
{
	char data[4096];
	int turns;
	ssize_t n;

	for (turns = 0; turns < MAX_IDLE; turns++) {
		n = server_read(d, data, sizeof(data));
		if (!is_wanting(n))
			return n;
	}
	return HARNESS_STUCK;
}

int
duo_alert(struct duo *d)
{
	struct starttls_error error;

	if (d->guest != NULL && d->guest_rc == 0 && d->guest_alert < 0)
		(void)duo_client_read(d);
	if (d->guest != NULL)
		return d->guest_alert;
	if (starttls_is_fatal(d->client.rc))
		return d->client.error.alert;
	(void)duo_client_read(d);
	return starttls_session_error(d->client.session, &error) == 0 ? -1 :
	    error.alert;
}

bool
duo_is_tls(const struct duo *d, size_t clear)
{
	size_t at = clear, len;

	while (at < d->said_len) {
		const uint8_t *record = d->said + at;

		if (record[0] < 20 || record[0] > 23)
			return false;
		if (d->said_len - at < 5)
			break;
		if (record[1] != 3)
			return false;
		len = (size_t)record[3] << 8 | record[4];
		if (len > 16384 + 256)
			return false;
		at += 5 + len;
	}
	return true;
}

void
duo_put(struct duo *d, const void *data, size_t len)
{
	uint64_t seed = d->pair.seed;

	d->pair.seed = 0;
	d->pair.is_boundless = true;
	(void)tlspair_client_send(&d->pair, data, len);
	d->pair.is_boundless = false;
	d->pair.seed = seed;
}

void
duo_done(struct duo *d)
{
	starttls_upgrade_free(d->server.upgrade);
	starttls_session_free(d->server.session);
	starttls_upgrade_free(d->client.upgrade);
	starttls_session_free(d->client.session);
	if (d->guest != NULL)
		gnutls_deinit(d->guest);
	if (d->guest_credentials != NULL)
		gnutls_certificate_free_credentials(d->guest_credentials);
	if (d->fds[0] >= 0) {
		close(d->fds[0]);
		close(d->fds[1]);
	}
	free(d->said);
	tlspair_done(&d->pair);
	memset(d, 0, sizeof(*d));
	d->fds[0] = d->fds[1] = -1;
}

void
duo_identity(struct starttls_policy *policy,
	     const struct mint_cert *const *chain, size_t n)
{
	char dir[] = "/tmp/duo.XXXXXX", cert[64], key[64];
	struct starttls_error error;

	if (mkdtemp(dir) == NULL)
		die("no directory");
	mint_write(dir, "own", chain, n, chain[0]);
	snprintf(cert, sizeof(cert), "%s/own.crt", dir);
	snprintf(key, sizeof(key), "%s/own.key", dir);
	if (starttls_policy_identity(policy, cert, key, NULL, &error) != 0)
		die(error.message);
	unlink(cert);
	unlink(key);
	rmdir(dir);
}

struct starttls_policy *
duo_policy(const struct mint_cert *const *chain, size_t n)
{
	struct starttls_policy *policy;

	if (starttls_policy_new(&policy, STARTTLS_SERVER) != 0)
		die("no policy");
	test_policy_clock(policy);
	duo_identity(policy, chain, n);
	return policy;
}
