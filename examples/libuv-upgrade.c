/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * An upgrade in libuv's loop: a uv_poll_t watches the descriptor, a uv_timer_t
 * is the deadline.
 *
 *	cc libuv-upgrade.c -o libuv-upgrade \
 *	    $(pkg-config --cflags --libs libstarttls libuv)
 *	./libuv-upgrade ca.pem imap mail.example.org 143
 *
 * The socket is the program's own.  starttls_dial waits until it is connected;
 * a program that cannot have that uses uv_getaddrinfo and connect(2).  A
 * uv_tcp_t is of no use here: libuv reads from it by itself.
 */

#define _POSIX_C_SOURCE 200809L

#include <stdio.h>
#include <unistd.h>
#include <uv.h>
#include <starttls.h>

#define TIMEOUT_MS 10000

/* One of upgrade and session is there, or, when it is over, none. */
struct client {
	uv_poll_t poll;
	uv_timer_t timer;
	struct starttls_upgrade *upgrade;
	struct starttls_session *session;
	int status;
};

static void step(uv_poll_t *handle, int status, int events);

/* No watcher may be left when a descriptor is closed: main does that last. */
static void
finish(struct client *c, const char *failure)
{
	struct starttls_report r = { .size = sizeof(r) };

	if (failure != NULL)
		fprintf(stderr, "%s\n", failure);
	else if (starttls_session_report(c->session, &r) == 0)
		printf("%s, %s\n", r.version, r.cipher_suite);
	c->status = failure != NULL;
	uv_close((uv_handle_t *)&c->poll, NULL);
	uv_close((uv_handle_t *)&c->timer, NULL);
	starttls_upgrade_free(c->upgrade);
	starttls_session_free(c->session);
	c->upgrade = NULL;
	c->session = NULL;
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
	}
	if (rc == 0)
		rc = starttls_session_check(c->session, &error);
	if (rc == STARTTLS_WANT_READ || rc == STARTTLS_WANT_WRITE) {
		rc = uv_poll_start(&c->poll, rc == STARTTLS_WANT_READ ?
		    UV_READABLE : UV_WRITABLE, step);
		if (rc != 0)
			finish(c, uv_strerror(rc));
	} else {
		finish(c, rc == 0 ? NULL : error.message);
	}
}

/* Also an error of the descriptor is best told by the next step. */
static void
step(uv_poll_t *handle, int status, int events)
{
	(void)status;
	(void)events;
	go_on(handle->data);
}

static void
expired(uv_timer_t *timer)
{
	finish(timer->data, "the deadline passed");
}

/* 0: the loop will see to the end of it. */
static int
start(struct client *c, uv_loop_t *loop, struct starttls_policy *policy,
      char **argv, int fd)
{
	struct starttls_options options = STARTTLS_OPTIONS_INIT;
	struct starttls_error error;

	options.port = argv[4];
	if (starttls_upgrade_new(&c->upgrade, policy,
	    starttls_protocol_find(argv[2]), STARTTLS_GREETING, argv[3], fd,
	    &options, &error) != 0) {
		fprintf(stderr, "%s\n", error.message);
		return -1;
	}
	if (uv_poll_init(loop, &c->poll, fd) != 0) {
		starttls_upgrade_free(c->upgrade);
		return -1;
	}
	uv_timer_init(loop, &c->timer);
	c->poll.data = c->timer.data = c;
	uv_timer_start(&c->timer, expired, TIMEOUT_MS, 0);
	go_on(c);
	return 0;
}

int
main(int argc, char **argv)
{
	struct client c = { .status = 1 };
	struct starttls_policy *policy;
	struct starttls_error error;
	uv_loop_t loop;
	int fd = -1;

	if (argc != 5 || uv_loop_init(&loop) != 0 ||
	    starttls_policy_new(&policy, STARTTLS_CLIENT) != 0)
		return 2;
	if (starttls_policy_add_trust_file(policy, argv[1], &error) != 0 ||
	    starttls_dial(argv[3], argv[4], STARTTLS_ANY, TIMEOUT_MS, &fd,
		&error) != 0)
		fprintf(stderr, "%s\n", error.message);
	else if (start(&c, &loop, policy, argv, fd) == 0)
		uv_run(&loop, UV_RUN_DEFAULT);
	uv_loop_close(&loop);
	if (fd >= 0)
		close(fd);
	starttls_policy_unref(policy);
	return c.status;
}
