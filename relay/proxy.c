/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * TLS for local clients that know nothing of it.
 *
 * Nothing of a client is read before the server is verified, so a client has
 * nothing to lose to anybody else.  All of it happens in one loop.
 */

#include "config.h"

#include "proxy.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "compat.h"
#include "loop/address.h"
#include "loop/descriptors.h"
#include "loop/upgrade.h"
#include "relay.h"
#include "words/complain.h"
#include "words/show.h"
#include "words/status.h"

#define LINE_SIZE 1024
#define EACH 2                     /* descriptors: the client's and ours */
#define DIALLING 2                 /* more, while we dial; rarely others */

struct proxy {
	const struct proxy_settings *settings;
	struct starttls_policy *policy; /* for new connections */
	struct front front;
	struct queue beginning;    /* until the server is verified */
	struct queue running;
	struct timer_queue silences; /* of --close-after */
	struct timer_queue answers; /* ... for a first one */
	struct starttls_options without_alpn;
};

struct customer {
	struct proxy *proxy;
	struct place place;
	struct watch local;        /* the client */
	struct watch peer;         /* the server */
	struct timer timer;
	struct timer turn;         /* of the upgrade, see loop/upgrade.h */
	struct starttls_upgrade *upgrade;
	struct starttls_session *session;
	struct relay relay;
	char address[PEER_SIZE];
};

/* ---- the end ---- */

static void
tell(const struct customer *c, const char *name, const char *message)
{
	if (!c->proxy->settings->quiet)
		fprintf(stderr, "starttls: %s: %s: %s\n", c->address, name,
		    message);
}

/* Everything but the client's connection, which is returned. */
static int
dismantle(struct customer *c)
{
	struct loop *loop = &c->proxy->front.loop;
	int fd = c->local.fd;

	if (c->session == NULL)
		c->proxy->front.extra -= DIALLING;
	loop_unwatch(loop, &c->local);
	loop_unwatch(loop, &c->peer);
	loop_clear_timer(&c->timer);
	loop_clear_timer(&c->turn);
	queue_leave(&c->place);
	starttls_upgrade_free(c->upgrade);
	starttls_session_free(c->session);
	relay_done(&c->relay);
	free(c);
	return fd;
}

/* No server: tell the client in its own words. */
static void
say_goodbye(const struct customer *c, const char *name, const char *message)
{
	const struct starttls_url *t = &c->proxy->settings->url;
	char line[LINE_SIZE];

	tell(c, name, message);
	front_goodbye(t->protocol, t->host, name, line, sizeof(line));
	(void)!send(c->local.fd, line, strlen(line),
	    MSG_DONTWAIT | MSG_NOSIGNAL);
}

static void
turn_away(struct customer *c, const char *name, const char *message)
{
	struct front *front = &c->proxy->front;

	say_goodbye(c, name, message);
	front_part(front, dismantle(c));
}

/* There is no server for the client, for a reason of the library's. */
static void
fail(struct customer *c, int code, const struct starttls_error *error)
{
	char message[STARTTLS_MESSAGE_SIZE + PEER_SHOWN], peer[PEER_SHOWN];

	snprintf(message, sizeof(message), "%s%s", error->message,
	    show_peer(peer, sizeof(peer), c->proxy->settings->target,
		error->address));
	turn_away(c, starttls_code_name(code), message);
}

/* The server's side failed: the client must not take it for an end. */
static void
cut_off(struct customer *c, const char *name, const char *message)
{
	struct front *front = &c->proxy->front;

	tell(c, name, message);
	front_reset(front, dismantle(c));
}

/* The client failed: no close_notify for the server either. */
static void
lose_client(struct customer *c, int number)
{
	struct front *front = &c->proxy->front;

	tell(c, "local", strerror(number));
	front_drop(front, dismantle(c));
}

static void
say_done(struct customer *c)
{
	struct front *front = &c->proxy->front;
	struct starttls_report report = { .size = sizeof(report) };
	char message[160];

	starttls_session_report(c->session, &report);
	snprintf(message, sizeof(message), "%s %s%s", report.version,
	    report.cipher_suite, c->relay.cut ? ", no close_notify" : "");
	tell(c, "ok", message);
	front_part(front, dismantle(c));
}

/* ---- the relay ---- */

static void
watch_relay(struct customer *c)
{
	struct front *front = &c->proxy->front;
	struct timer_queue *const queues[] = {
		[RELAY_NO_CLOCK] = &front->idles,
		[RELAY_SILENCE] = &c->proxy->silences,
		[RELAY_ANSWER] = &c->proxy->answers,
		[RELAY_DEADLINE] = &front->deadlines,
	};

	relay_watch(&c->relay, &front->loop, &c->peer, &c->local, queues,
	    &c->timer);
}

static void
step_relay(struct customer *c)
{
	struct starttls_error error;

	switch (relay_step(&c->relay)) {
	case RELAY_GOES_ON:
		watch_relay(c);
		return;
	case RELAY_DONE:
		say_done(c);
		return;
	case RELAY_UNANSWERED:
		cut_off(c, "closed", "the server ended without a reply to "
		    "the last that the client said");
		return;
	case RELAY_SESSION_FAILED:
		starttls_session_error(c->session, &error);
		cut_off(c, starttls_code_name(error.code), error.message);
		return;
	case RELAY_LOCAL_FAILED:
		lose_client(c, c->relay.sys_errno);
		return;
	}
}

/* After an upgrade the server says nothing more unasked: greet for it. */
static void
begin(struct customer *c)
{
	const struct starttls_url *t = &c->proxy->settings->url;
	const char *greeting = starttls_protocol_greeting(t->protocol);
	char line[LINE_SIZE];

	c->session = starttls_upgrade_take(c->upgrade);
	c->upgrade = NULL;
	c->proxy->front.extra -= DIALLING;
	c->peer.fd = starttls_session_fd(c->session);
	keep_alive(c->peer.fd);
	loop_clear_timer(&c->timer);
	loop_clear_timer(&c->turn);
	queue_enter(&c->proxy->running, &c->place);
	relay_init(&c->relay, c->session, c->local.fd, c->local.fd);
	relay_hold(&c->relay, &c->proxy->settings->patience);
	if (t->from != STARTTLS_HANDSHAKE && greeting != NULL) {
		front_line(greeting, t->host, NULL, line, sizeof(line));
		if (!relay_say(&c->relay, line)) {
			lose_client(c, ENOMEM);
			return;
		}
	}
	step_relay(c);
}

/* ---- the upgrade ---- */

static void step_upgrade(struct customer *c);

static void
dial(struct customer *c, const struct starttls_options *options)
{
	const struct proxy_settings *s = c->proxy->settings;
	int64_t left = (c->timer.at_us - loop_now_us() + 999) / 1000;
	struct starttls_error error;
	int rc;

	loop_unwatch(&c->proxy->front.loop, &c->peer);
	starttls_upgrade_free(c->upgrade);
	c->upgrade = NULL;
	rc = starttls_upgrade_dial(&c->upgrade, c->proxy->policy, s->target,
	    left < 0 ? 0 : (int)left, options, &error);
	if (rc == 0)
		step_upgrade(c);
	else
		fail(c, rc, &error);
}

static void
upgraded(struct customer *c, int rc, const struct starttls_error *error)
{
	if (rc == STARTTLS_WANT_READ || rc == STARTTLS_WANT_WRITE)
		loop_watch_upgrade(&c->proxy->front.loop, &c->peer,
		    &c->turn, c->upgrade, rc,
		    c->timer.at_us);
	else if (rc == 0)
		begin(c);
	else if (starttls_upgrade_alpn_refused(c->upgrade))
		/* which was only an offer: once more without */
		dial(c, &c->proxy->without_alpn);
	else
		fail(c, rc, error);
}

static void
step_upgrade(struct customer *c)
{
	struct starttls_error error;
	int rc = starttls_upgrade_step(c->upgrade, &error);

	upgraded(c, rc, &error);
}

static void
take_turn(void *context)
{
	step_upgrade(context);
}

static void
peer_ready(void *context, short revents)
{
	struct customer *c = context;

	if (c->session == NULL)
		step_upgrade(c);
	else if (relay_is_reset(&c->relay, revents))
		cut_off(c, "io", "the server reset the connection");
	else
		step_relay(c);
}

/* Before the relay only hang-ups and errors are watched for. */
static void
local_ready(void *context, short revents)
{
	struct customer *c = context;
	struct front *front = &c->proxy->front;

	if (c->session == NULL) {
		tell(c, "closed", "the client went before there was a server");
		front_drop(front, dismantle(c));
		return;
	}
	relay_heed_local(&c->relay, revents);
	step_relay(c);
}

/* ---- the front ---- */

static void
late(void *context)
{
	struct customer *c = context;
	struct starttls_error error;
	int rc;

	if (c->session == NULL) {
		rc = starttls_upgrade_run(c->upgrade, 0, &error);
		upgraded(c, rc, &error);
	} else if (c->relay.clock == RELAY_NO_CLOCK) {
		cut_off(c, "deadline", "nothing was said for too long");
	} else if (relay_is_patient(&c->relay)) {
		step_relay(c);
	} else {
		cut_off(c, "deadline", "the server neither answered nor ended "
		    "in time when the client had ended");
	}
}

static void
accepted(void *context, int fd, const char *peer)
{
	struct proxy *proxy = context;
	struct customer *c = calloc(1, sizeof(*c));

	if (c == NULL) {
		front_drop(&proxy->front, fd);
		return;
	}
	c->proxy = proxy;
	c->local = (struct watch){
		.fd = fd, .ready = local_ready, .context = c,
	};
	c->peer = (struct watch){
		.fd = -1, .ready = peer_ready, .context = c,
	};
	c->timer = (struct timer){ .late = late, .context = c };
	c->turn = (struct timer){ .late = take_turn, .context = c };
	snprintf(c->address, sizeof(c->address), "%s", peer);
	c->place.owner = c;
	proxy->front.extra += DIALLING;
	queue_enter(&proxy->beginning, &c->place);
	loop_watch(&proxy->front.loop, &c->local, 0);
	loop_set_timer(&proxy->front.deadlines, &c->timer);
	dial(c, proxy->settings->options);
}

static bool
evict(void *context)
{
	struct proxy *proxy = context;
	struct customer *c = queue_first(&proxy->beginning);

	if (c != NULL) {
		say_goodbye(c, "limit", "had to make room before there was a "
		    "server");
		front_drop(&proxy->front, dismantle(c));
		return true;
	}
	c = front_most_silent(&proxy->front);
	if (c == NULL)
		return false;
	cut_off(c, "limit", "had to make room after a silence");
	return true;
}

static void
refuse(void *context, int fd, const char *peer)
{
	const struct proxy_settings *s =
	    ((const struct proxy *)context)->settings;
	char line[LINE_SIZE];

	if (!s->quiet)
		fprintf(stderr, "starttls: %s: limit: too many connections\n",
		    peer);
	front_goodbye(s->url.protocol, s->url.host, "limit", line,
	    sizeof(line));
	(void)!send(fd, line, strlen(line), MSG_DONTWAIT | MSG_NOSIGNAL);
}

static void
leave(void *context)
{
	struct proxy *proxy = context;

	struct customer *c;

	while ((c = queue_first(&proxy->beginning)) != NULL)
		turn_away(c, "closed", "we are about to end");
}

static void
reload(void *context)
{
	struct proxy *proxy = context;
	const struct proxy_settings *s = proxy->settings;
	struct starttls_policy *fresh = s->reload(s->context);

	if (fresh == NULL)
		return;
	starttls_policy_unref(proxy->policy);
	proxy->policy = fresh;
}

/* 0 or the exit status. */
static int
prepare(struct proxy *proxy, const struct proxy_settings *settings)
{
	struct starttls_error error;
	int rc;

	proxy->settings = settings;
	proxy->policy = starttls_policy_ref(settings->policy);
	if (starttls_policy_prepare(proxy->policy, &error) != 0)
		return complain(error.message, exit_status(&error));
	proxy->without_alpn = *settings->options;
	proxy->without_alpn.without_alpn = 1;
	proxy->front.context = proxy;
	proxy->front.accepted = accepted;
	proxy->front.evict = evict;
	proxy->front.refuse = refuse;
	proxy->front.reload = reload;
	proxy->front.leave = leave;
	rc = front_init(&proxy->front, &settings->front, "0", EACH, 0);
	if (rc != 0)
		return rc;
	loop_add_queue(&proxy->front.loop, &proxy->silences,
	    settings->patience.close_after_ms);
	loop_add_queue(&proxy->front.loop, &proxy->answers,
	    settings->patience.answer_ms);
	return 0;
}

static int
listen_and_relay(struct proxy *proxy)
{
	const struct proxy_settings *s = proxy->settings;
	int rc;

	if (!s->quiet && starttls_protocol_has_data(s->url.protocol))
		complain("data connections are not protected by this proxy, "
		    "only the control connection is", 0);
	if (!front_announce(&proxy->front, s->quiet))
		return EXIT_LOCAL;
	rc = loop_run(&proxy->front.loop);
	return rc == 0 ? 0 : complain_errno("cannot wait", rc);
}

int
proxy(const struct proxy_settings *settings)
{
	static struct proxy all;
	struct customer *c;
	int status = prepare(&all, settings);

	if (status == 0)
		status = listen_and_relay(&all);
	while ((c = queue_first(&all.running)) != NULL)
		cut_off(c, "closed", "we end");
	front_done(&all.front);
	starttls_policy_unref(all.policy);
	return status;
}
