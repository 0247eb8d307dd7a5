/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * From a URL to TLS in libuv's loop, where nothing waits: a uv_poll_t watches
 * the descriptor, a uv_timer_t is the time at which to step anyway.
 *
 *	cc libuv-upgrade.c -o libuv-upgrade \
 *	    $(pkg-config --cflags --libs libstarttls libuv)
 *	./libuv-upgrade ca.pem imap://mail.example.org
 *
 * A uv_tcp_t is of no use here: libuv reads from it by itself.
 */

#define _POSIX_C_SOURCE 200809L

#include <stdio.h>
#include <stdlib.h>
#include <uv.h>
#include <starttls.h>

#define TIMEOUT_MS 10000

/* One of upgrade and session is there, or, when it is over, none. */
struct client {
	uv_loop_t loop;
	uv_poll_t *poll;           /* NULL: nothing is watched */
	int fd;                    /* that it watches */
	uv_timer_t timer;
	uint64_t until;            /* for the session, as uv_now() has it */
	struct starttls_upgrade *upgrade;
	struct starttls_session *session;
	int status;
};

static void go_on(struct client *c);

static void
free_handle(uv_handle_t *handle)
{
	free(handle);
}

/* The handle is closed later, but lets go of the descriptor now. */
static void
unwatch(struct client *c)
{
	if (c->poll == NULL)
		return;
	uv_poll_stop(c->poll);
	uv_close((uv_handle_t *)c->poll, free_handle);
	c->poll = NULL;
}

/* No watcher may be left when a descriptor is closed. */
static void
finish(struct client *c, const char *failure)
{
	struct starttls_report r = { .size = sizeof(r) };

	if (failure != NULL)
		fprintf(stderr, "%s\n", failure);
	else if (starttls_session_report(c->session, &r) == 0)
		printf("%s, %s\n", r.version, r.cipher_suite);
	c->status = failure != NULL;
	unwatch(c);
	uv_close((uv_handle_t *)&c->timer, NULL);
	starttls_upgrade_free(c->upgrade);
	starttls_session_free(c->session);
	c->upgrade = NULL;
	c->session = NULL;
}

/* Also an error of the descriptor is best told by the next step. */
static void
ready(uv_poll_t *handle, int status, int events)
{
	(void)status;
	(void)events;
	go_on(handle->data);
}

/* While an upgrade dials its descriptor may be another one after a step; the
   one before is open until the next step, so that it can be let go of. */
static int
watch(struct client *c, int fd, int events)
{
	int rc;

	if (c->poll != NULL && c->fd != fd)
		unwatch(c);
	if (c->poll == NULL) {
		c->poll = malloc(sizeof(*c->poll));
		if (c->poll == NULL)
			return UV_ENOMEM;
		rc = uv_poll_init(&c->loop, c->poll, fd);
		if (rc != 0) {
			free(c->poll);
			c->poll = NULL;
			return rc;
		}
		c->poll->data = c;
		c->fd = fd;
	}
	return uv_poll_start(c->poll, events, ready);
}

/* The upgrade says itself when its deadline has passed.  A session may have
   something to do before. */
static void
due(uv_timer_t *timer)
{
	struct client *c = timer->data;

	if (c->upgrade != NULL || uv_now(&c->loop) < c->until)
		go_on(c);
	else
		finish(c, "the deadline passed");
}

/* When to go on if nothing has come until then. */
static void
set_timer(struct client *c)
{
	uint64_t now = uv_now(&c->loop), left;
	int soon = starttls_session_timeout(c->session);

	if (c->upgrade != NULL)
		left = (uint64_t)starttls_upgrade_timeout(c->upgrade);
	else
		left = c->until > now ? c->until - now : 0;
	if (soon >= 0 && (uint64_t)soon < left)
		left = (uint64_t)soon;
	uv_timer_start(&c->timer, due, left, 0);
}

/*
 * What follows the upgrade is one harmless exchange here.  An application's
 * own reads and writes have the same results; it reads until WANT_*, or asks
 * starttls_session_pending, before it goes back to the loop.
 */
static void
go_on(struct client *c)
{
	struct starttls_error error;
	int rc = 0;

	if (c->upgrade != NULL &&
	    (rc = starttls_upgrade_step(c->upgrade, &error)) == 0) {
		c->session = starttls_upgrade_take(c->upgrade);
		c->upgrade = NULL;
		c->until = uv_now(&c->loop) + TIMEOUT_MS;
	}
	if (rc == 0)
		rc = starttls_session_check(c->session, &error);
	if (rc != STARTTLS_WANT_READ && rc != STARTTLS_WANT_WRITE) {
		finish(c, rc == 0 ? NULL : error.message);
		return;
	}
	set_timer(c);
	rc = watch(c, c->upgrade != NULL ? starttls_upgrade_fd(c->upgrade) :
	    starttls_session_fd(c->session), rc == STARTTLS_WANT_READ ?
	    UV_READABLE : UV_WRITABLE);
	if (rc != 0)
		finish(c, uv_strerror(rc));
}

int
main(int argc, char **argv)
{
	struct client c = { .status = 1 };
	struct starttls_policy *policy;
	struct starttls_error error;

	if (argc != 3 || uv_loop_init(&c.loop) != 0 ||
	    starttls_policy_new(&policy, STARTTLS_CLIENT) != 0)
		return 2;
	if (starttls_policy_add_trust_file(policy, argv[1], &error) != 0 ||
	    starttls_upgrade_dial(&c.upgrade, policy, argv[2], TIMEOUT_MS,
		NULL, &error) != 0) {
		fprintf(stderr, "%s\n", error.message);
	} else {
		uv_timer_init(&c.loop, &c.timer);
		c.timer.data = &c;
		go_on(&c);
		uv_run(&c.loop, UV_RUN_DEFAULT);
	}
	uv_loop_close(&c.loop);
	starttls_policy_unref(policy);
	return c.status;
}
