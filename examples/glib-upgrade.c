/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * From a URL to TLS in GLib's main loop, where nothing waits: g_unix_fd_add
 * watches the descriptor, g_timeout_add is the time at which to step anyway.
 *
 *	cc glib-upgrade.c -o glib-upgrade \
 *	    $(pkg-config --cflags --libs libstarttls glib-2.0)
 *	./glib-upgrade ca.pem imap://mail.example.org
 */

#include <stdio.h>
#include <glib-unix.h>
#include <starttls.h>

#define TIMEOUT_MS 10000

/* One of upgrade and session is there, or, when it is over, none. */
struct client {
	GMainLoop *loop;
	struct starttls_upgrade *upgrade;
	struct starttls_session *session;
	guint watch, timer;        /* 0: none */
	gint64 until;              /* for the session, in us */
	int status;
};

static void
finish(struct client *c, const char *failure)
{
	struct starttls_report r = { .size = sizeof(r) };

	if (failure != NULL)
		fprintf(stderr, "%s\n", failure);
	else if (starttls_session_report(c->session, &r) == 0)
		printf("%s, %s\n", r.version, r.cipher_suite);
	c->status = failure != NULL;
	g_main_loop_quit(c->loop);
}

/* Each step has new sources, as what is to be watched may change with it. */
static void
unwatch(struct client *c)
{
	if (c->watch != 0)
		g_source_remove(c->watch);
	if (c->timer != 0)
		g_source_remove(c->timer);
	c->watch = c->timer = 0;
}

static void go_on(struct client *c);

/* An error of the descriptor, too, is best told by the step. */
static gboolean
ready(gint fd, GIOCondition condition, gpointer data)
{
	struct client *c = data;

	(void)fd;
	(void)condition;
	c->watch = 0;
	go_on(c);
	return G_SOURCE_REMOVE;
}

/* The upgrade says itself when its deadline has passed.  A session may have
   something to do before. */
static gboolean
due(gpointer data)
{
	struct client *c = data;

	c->timer = 0;
	if (c->upgrade != NULL || g_get_monotonic_time() < c->until)
		go_on(c);
	else
		finish(c, "the deadline passed");
	return G_SOURCE_REMOVE;
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
	int rc = 0, fd, left, soon;

	unwatch(c);
	if (c->upgrade != NULL) {
		rc = starttls_upgrade_step(c->upgrade, &error);
		if (rc == 0) {
			c->session = starttls_upgrade_take(c->upgrade);
			c->upgrade = NULL;
			c->until = g_get_monotonic_time() +
			    TIMEOUT_MS * 1000;
		}
	}
	if (rc == 0)
		rc = starttls_session_check(c->session, &error);
	if (rc != STARTTLS_WANT_READ && rc != STARTTLS_WANT_WRITE) {
		finish(c, rc == 0 ? NULL : error.message);
		return;
	}
	fd = c->upgrade != NULL ? starttls_upgrade_fd(c->upgrade) :
	    starttls_session_fd(c->session);
	left = c->upgrade != NULL ? starttls_upgrade_timeout(c->upgrade) :
	    (int)MAX((c->until - g_get_monotonic_time()) / 1000, 0);
	soon = starttls_session_timeout(c->session);
	if (soon >= 0 && soon < left)
		left = soon;
	c->watch = g_unix_fd_add(fd, rc == STARTTLS_WANT_READ ? G_IO_IN :
	    G_IO_OUT, ready, c);
	c->timer = g_timeout_add((guint)left, due, c);
}

static gboolean
begin(gpointer data)
{
	go_on(data);
	return G_SOURCE_REMOVE;
}

static void
run(struct client *c)
{
	c->loop = g_main_loop_new(NULL, FALSE);
	g_idle_add(begin, c);
	g_main_loop_run(c->loop);
	unwatch(c);
	g_main_loop_unref(c->loop);
}

int
main(int argc, char **argv)
{
	struct client c = { .status = 1 };
	struct starttls_policy *policy;
	struct starttls_error error;

	if (argc != 3 || starttls_policy_new(&policy, STARTTLS_CLIENT) != 0)
		return 2;
	if (starttls_policy_add_trust_file(policy, argv[1], &error) != 0 ||
	    starttls_upgrade_dial(&c.upgrade, policy, argv[2], TIMEOUT_MS,
		NULL, &error) != 0)
		fprintf(stderr, "%s\n", error.message);
	else
		run(&c);
	starttls_upgrade_free(c.upgrade);
	starttls_session_free(c.session);
	starttls_policy_unref(policy);
	return c.status;
}
