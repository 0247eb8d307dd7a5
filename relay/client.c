/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * One connection of serve: upgrade, wait for a turn, start the backend, relay,
 * end.  Nothing here waits.
 *
 * One deadline covers everything from accept to the client's turn.  Later, time
 * is short for who holds up what the other side has ended: once the backend is
 * done, a client that neither reads nor says anything has as long again; and
 * for a conversation that stands still while others wait for their turn.
 */

#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "compat.h"
#include "loop/address.h"
#include "relay.h"
#include "serve.h"

#define LINE_SIZE 512

enum phase { UPGRADING, WAITING, CONNECTING, GREETING, RELAYING };

struct client {
	struct server *server;
	struct place place;
	enum phase phase;
	struct watch peer;         /* the TLS side */
	struct watch local;        /* the backend */
	struct timer timer;
	struct starttls_upgrade *upgrade;
	struct starttls_session *session;
	struct relay relay;
	struct backend backend;
	struct greeting greeting;
	char address[PEER_SIZE];
};

static void
move_to(struct client *c, struct queue *queue, enum phase phase)
{
	queue_enter(queue, &c->place);
	c->phase = phase;
}

/* ---- the end ---- */

static void
tell(const struct client *c, const char *name, const char *message)
{
	if (!c->server->settings->quiet)
		fprintf(stderr, "starttls: %s: %s: %s\n", c->address, name,
		    message);
}

/* Everything but the connection, which is returned. */
static int
dismantle(struct client *c, bool cut)
{
	struct server *server = c->server;
	int fd = c->peer.fd;

	loop_unwatch(&server->front.loop, &c->peer);
	loop_unwatch(&server->front.loop, &c->local);
	loop_clear_timer(&c->timer);
	queue_leave(&c->place);
	starttls_upgrade_free(c->upgrade);
	starttls_session_free(c->session);
	relay_done(&c->relay);
	backend_end(&server->backends, &c->backend, cut);
	free(c);
	return fd;
}

/* End well: what was said last arrives. */
static void
part(struct client *c, const char *name, const char *message)
{
	struct front *front = &c->server->front;

	tell(c, name, message);
	front_part(front, dismantle(c, false));
}

/* The client's side failed: the backend must not take it for an end. */
static void
cut_off(struct client *c, const char *name, const char *message)
{
	struct front *front = &c->server->front;

	tell(c, name, message);
	front_part(front, dismantle(c, true));
}

/* The backend is not to be had: nothing is lost, so the client is told. */
static void
no_backend(struct client *c, const char *why)
{
	char message[200];

	snprintf(message, sizeof(message), "no backend: %s", why);
	starttls_session_shutdown(c->session);
	part(c, "local", message);
}

/* The backend failed in mid-conversation: no close_notify, as that would say
   that all is well. */
static void
lose_backend(struct client *c, int number)
{
	char message[200];
	struct front *front = &c->server->front;

	snprintf(message, sizeof(message), "the backend failed: %s",
	    strerror(number));
	tell(c, "local", message);
	front_part(front, dismantle(c, true));
}

/* Nothing moves, and others wait. */
static bool
evict_silent(struct server *server)
{
	struct client *c = front_most_silent(&server->front);

	if (c == NULL)
		return false;
	tell(c, "limit", "had to make room after a silence");
	front_drop(&server->front, dismantle(c, true));
	return true;
}

/* No turn has come in time: say so in the words of the protocol. */
static void
turn_away(struct client *c)
{
	const struct serve_settings *s = c->server->settings;
	char line[LINE_SIZE];

	front_goodbye(s->url.protocol, s->options.own_name, "limit", line,
	    sizeof(line));
	(void)!starttls_session_write(c->session, line, strlen(line));
	starttls_session_shutdown(c->session);
	part(c, "limit", "no turn came in time, as too many are running");
}

/* ---- the relay ---- */

static void
say_done(struct client *c, const char *how)
{
	struct starttls_report report = { .size = sizeof(report) };
	char message[160];

	starttls_session_report(c->session, &report);
	snprintf(message, sizeof(message), "%s %s%s%s", report.version,
	    report.cipher_suite, report.resumed ? ", resumed" : "", how);
	part(c, "ok", message);
}

/*
 * Many clients close without close_notify when they are done.  Whatever was
 * said has been answered then, so an end is an end for the backend, too; a
 * client that is cut off while it speaks has had no answer yet.
 */
static bool
just_left(const struct relay *relay, const struct starttls_error *error)
{
	return (error->code == STARTTLS_E_TRUNCATED ||
	    (error->code == STARTTLS_E_IO && error->sys_errno ==
	    ECONNRESET)) && relay_is_answered(relay);
}

static void
watch_relay(struct client *c)
{
	struct front *front = &c->server->front;
	struct timer_queue *const queues[] = {
		[RELAY_NO_CLOCK] = &front->idles,
		[RELAY_SILENCE] = NULL, /* nothing is held */
		[RELAY_DEADLINE] = &front->deadlines,
	};

	relay_watch(&c->relay, &front->loop, &c->peer, &c->local, queues,
	    &c->timer);
}

static void
step_relay(struct client *c)
{
	struct starttls_error error;

	switch (relay_step(&c->relay)) {
	case RELAY_GOES_ON:
		watch_relay(c);
		return;
	case RELAY_DONE:
		say_done(c, c->relay.cut ? ", reset behind close_notify" :
		    "");
		return;
	case RELAY_UNANSWERED: /* only if it holds */
		return;
	case RELAY_SESSION_FAILED:
		starttls_session_error(c->session, &error);
		if (just_left(&c->relay, &error)) {
			say_done(c, ", no close_notify");
			return;
		}
		cut_off(c, starttls_code_name(error.code), error.message);
		return;
	case RELAY_LOCAL_FAILED:
		lose_backend(c, c->relay.sys_errno);
		return;
	}
}

static void
start_relay(struct client *c)
{
	move_to(c, &c->server->running, RELAYING);
	loop_clear_timer(&c->timer);
	relay_init(&c->relay, c->session, c->backend.fd, c->backend.fd);
	step_relay(c);
}

/* ---- the backend ---- */

/* After an upgrade the client gets no second greeting (RFC 3207 section 4.2,
   RFC 9051 section 6.2.1, RFC 4642 section 2.2.2). */
static bool
must_swallow_greeting(const struct client *c)
{
	const struct starttls_url *url = &c->server->settings->url;

	return c->server->backends.to != NULL &&
	    url->from != STARTTLS_HANDSHAKE &&
	    starttls_protocol_greeting(url->protocol) != NULL;
}

static void
step_greeting(struct client *c)
{
	const char *why = "";
	int rc;

	c->greeting.protocol = c->server->settings->url.protocol;
	rc = backend_greeting(&c->backend, &c->greeting, &why);

	if (rc < 0)
		no_backend(c, why);
	else if (rc == 0)
		start_relay(c);
}

static void
step_connecting(struct client *c)
{
	int number = backend_connected(&c->backend);

	if (number != 0) {
		no_backend(c, strerror(number));
	} else if (must_swallow_greeting(c)) {
		c->phase = GREETING;
		loop_watch(&c->server->front.loop, &c->local, POLLIN);
	} else {
		start_relay(c);
	}
}

static void
local_ready(void *context, short revents)
{
	struct client *c = context;

	switch (c->phase) {
	case CONNECTING:
		step_connecting(c);
		return;
	case GREETING:
		step_greeting(c);
		return;
	case RELAYING:
		relay_heed_local(&c->relay, revents);
		step_relay(c);
		return;
	case UPGRADING:
	case WAITING:
		return;
	}
}

static int
start_backend(struct client *c)
{
	struct starttls_report report = { .size = sizeof(report) };
	struct starttls_cert cert = { .size = sizeof(cert) };
	const struct starttls_url *url = &c->server->settings->url;
	char address[PEER_SIZE];
	struct facts facts = { .address = address, .report = &report };

	starttls_session_report(c->session, &report);
	if (starttls_session_cert(c->session, 0, &cert) == 0)
		facts.cert = &cert;
	facts.scheme = starttls_protocol_scheme(url->protocol,
	    url->from);
	/* without port and brackets */
	snprintf(address, sizeof(address), "%s",
	    c->address + (c->address[0] == '['));
	if (strrchr(address, ':') != NULL)
		*strrchr(address, ':') = '\0';
	address[strcspn(address, "]")] = '\0';
	return backend_start(&c->server->backends, &facts, &c->backend);
}

/* Verified, and it is its turn. */
static void
start_running(struct client *c)
{
	struct server *server = c->server;
	int number;

	move_to(c, &server->running, CONNECTING);
	number = start_backend(c);
	if (number != 0) {
		no_backend(c, strerror(number));
		return;
	}
	c->local = (struct watch){
		.fd = c->backend.fd, .ready = local_ready, .context = c,
	};
	if (server->backends.to == NULL) {
		start_relay(c);
		return;
	}
	loop_watch(&server->front.loop, &c->peer, POLLRDHUP);
	loop_watch(&server->front.loop, &c->local, POLLOUT);
	loop_set_timer(&server->front.deadlines, &c->timer);
}

void
clients_start_waiting(struct server *server)
{
	struct client *c;

	while (server->backends.running < server->backends.max_running &&
	    (c = queue_first(&server->waiting)) != NULL)
		start_running(c);
}

static bool
is_echo(const struct server *server)
{
	return server->backends.command == NULL &&
	    server->backends.to == NULL;
}

static void
begin(struct client *c)
{
	struct server *server = c->server;

	c->session = starttls_upgrade_take(c->upgrade);
	c->upgrade = NULL;
	if (is_echo(server)) {
		start_relay(c);
		return;
	}
	/* nothing is read of who waits, but it is noticed if it goes */
	move_to(c, &server->waiting, WAITING);
	loop_watch(&server->front.loop, &c->peer, POLLRDHUP);
	clients_start_waiting(server);
	if (queue_first(&server->waiting) != NULL)
		evict_silent(server);
}

/* ---- the upgrade ---- */

static void
step_upgrade(struct client *c)
{
	struct loop *loop = &c->server->front.loop;
	struct starttls_error error;
	int rc = starttls_upgrade_step(c->upgrade, &error);

	if (rc == STARTTLS_WANT_READ)
		loop_watch(loop, &c->peer, POLLIN);
	else if (rc == STARTTLS_WANT_WRITE)
		loop_watch(loop, &c->peer, POLLOUT);
	else if (rc == 0)
		begin(c);
	else
		part(c, starttls_code_name(rc), error.message);
}

/* Time is up: the library says goodbye if it still can. */
static void
end_upgrade(struct client *c)
{
	struct starttls_error error;
	int rc = starttls_upgrade_run(c->upgrade, 0, &error);

	if (rc == 0)
		begin(c);
	else
		part(c, starttls_code_name(rc), error.message);
}

static void
peer_ready(void *context, short revents)
{
	struct client *c = context;

	switch (c->phase) {
	case UPGRADING:
		step_upgrade(c);
		return;
	case WAITING:
		part(c, "closed", "the client went while it waited for its "
		    "turn");
		return;
	case CONNECTING:
	case GREETING:
		cut_off(c, "closed", "the client went before the backend was "
		    "ready");
		return;
	case RELAYING:
		if (relay_is_reset(&c->relay, revents))
			cut_off(c, "io", "the connection was reset");
		else
			step_relay(c);
		return;
	}
}

static void
late(void *context)
{
	struct client *c = context;

	switch (c->phase) {
	case UPGRADING:
		end_upgrade(c);
		return;
	case CONNECTING:
	case GREETING:
		no_backend(c, "it was not ready in time");
		return;
	case RELAYING:
		cut_off(c, "deadline", c->relay.clock == RELAY_NO_CLOCK ?
		    "nothing was said for too long" :
		    "the client did not end when the backend had ended");
		return;
	case WAITING:
		/* somebody has to end first, and may take a moment */
		loop_set_timer(&c->server->front.deadlines, &c->timer);
		if (!evict_silent(c->server))
			turn_away(c);
		return;
	}
}

void
client_new(struct server *server, int fd, const char *peer)
{
	struct starttls_options options = server->settings->options;
	struct starttls_error error;
	struct client *c = calloc(1, sizeof(*c));
	int rc;

	if (c == NULL) {
		front_drop(&server->front, fd);
		return;
	}
	c->server = server;
	c->backend.fd = -1;
	c->peer = (struct watch){
		.fd = fd, .ready = peer_ready, .context = c,
	};
	c->timer = (struct timer){ .late = late, .context = c };
	snprintf(c->address, sizeof(c->address), "%s", peer);
	c->place.owner = c;
	move_to(c, &server->upgrading, UPGRADING);
	options.trace_context = c->address;
	rc = starttls_upgrade_new(&c->upgrade, server->policy,
	    server->settings->url.protocol, server->settings->url.from, NULL,
	    fd, &options, &error);
	if (rc != 0) {
		part(c, starttls_code_name(rc), error.message);
		return;
	}
	loop_set_timer(&server->front.deadlines, &c->timer);
	step_upgrade(c);
}

void
client_refuse(const struct server *server, int fd, const char *peer)
{
	const struct serve_settings *s = server->settings;
	char line[LINE_SIZE];

	if (!s->quiet)
		fprintf(stderr, "starttls: %s: limit: too many connections\n",
		    peer);
	if (s->url.from == STARTTLS_HANDSHAKE)
		return;
	front_goodbye(s->url.protocol, s->options.own_name, "limit", line,
	    sizeof(line));
	(void)!send(fd, line, strlen(line), MSG_DONTWAIT | MSG_NOSIGNAL);
}

bool
clients_evict(struct server *server)
{
	struct client *c = queue_first(&server->upgrading);
	struct starttls_error error;

	if (c == NULL)
		return evict_silent(server);
	/* a word of goodbye, but no time to see it off */
	(void)!starttls_upgrade_run(c->upgrade, 0, &error);
	tell(c, "limit", "had to make room before it came to TLS");
	front_drop(&server->front, dismantle(c, false));
	return true;
}

void
clients_leave(struct server *server)
{
	struct starttls_error error;
	struct client *c;

	while ((c = queue_first(&server->upgrading)) != NULL) {
		(void)!starttls_upgrade_run(c->upgrade, 0, &error);
		part(c, "closed", "we are about to end");
	}
	while ((c = queue_first(&server->waiting)) != NULL) {
		starttls_session_shutdown(c->session);
		part(c, "closed", "we are about to end");
	}
}

void
clients_done(struct server *server)
{
	struct client *c;

	while ((c = queue_first(&server->running)) != NULL)
		cut_off(c, "closed", "we end");
}
