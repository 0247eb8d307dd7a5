/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * An upgrade in GLib's main loop: g_unix_fd_add watches the descriptor, and
 * g_timeout_add is the deadline.
 *
 *	cc glib-upgrade.c -o glib-upgrade \
 *	    $(pkg-config --cflags --libs libstarttls glib-2.0)
 *	./glib-upgrade ca.pem imap mail.example.org 143
 *
 * The socket is the program's own.  starttls_dial waits until it is connected;
 * a program that cannot have that uses GSocketClient, and the descriptor of
 * the GSocket that it gets.
 */

#include <stdio.h>
#include <unistd.h>
#include <glib-unix.h>
#include <starttls.h>

#define TIMEOUT_MS 10000

/* One of upgrade and session is there, or, when it is over, none. */
struct client {
	GMainLoop *loop;
	struct starttls_upgrade *upgrade;
	struct starttls_session *session;
	guint watch, timer;        /* 0: none */
	int fd;
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
	if (c->watch != 0)
		g_source_remove(c->watch);
	if (c->timer != 0)
		g_source_remove(c->timer);
	g_main_loop_quit(c->loop);
}

/*
 * What follows the upgrade is one harmless exchange here.  An application's
 * own reads and writes have the same results; it reads until WANT_*, or asks
 * starttls_session_pending, before it goes back to the loop.
 *
 * What is to be watched may change at each step, so each has a new source.
 * An error of the descriptor, too, is best told by the step.
 */
static gboolean
step(gint fd, GIOCondition condition, gpointer data)
{
	struct client *c = data;
	struct starttls_error error;
	int rc = 0;

	(void)condition;
	c->watch = 0;
	if (c->upgrade != NULL) {
		rc = starttls_upgrade_step(c->upgrade, &error);
		if (rc == 0) {
			c->session = starttls_upgrade_take(c->upgrade);
			c->upgrade = NULL;
		}
	}
	if (rc == 0)
		rc = starttls_session_check(c->session, &error);
	if (rc == STARTTLS_WANT_READ || rc == STARTTLS_WANT_WRITE)
		c->watch = g_unix_fd_add(fd, rc == STARTTLS_WANT_READ ?
		    G_IO_IN : G_IO_OUT, step, c);
	else
		finish(c, rc == 0 ? NULL : error.message);
	return G_SOURCE_REMOVE;
}

static gboolean
expired(gpointer data)
{
	struct client *c = data;

	c->timer = 0;
	finish(c, "the deadline passed");
	return G_SOURCE_REMOVE;
}

static void
run(struct client *c)
{
	c->loop = g_main_loop_new(NULL, FALSE);
	c->watch = g_unix_fd_add(c->fd, G_IO_OUT, step, c);
	c->timer = g_timeout_add(TIMEOUT_MS, expired, c);
	g_main_loop_run(c->loop);
	g_main_loop_unref(c->loop);
}

int
main(int argc, char **argv)
{
	struct client c = { .fd = -1, .status = 1 };
	struct starttls_options options = STARTTLS_OPTIONS_INIT;
	struct starttls_policy *policy;
	struct starttls_error error;

	if (argc != 5 || starttls_policy_new(&policy, STARTTLS_CLIENT) != 0)
		return 2;
	options.port = argv[4];
	if (starttls_policy_add_trust_file(policy, argv[1], &error) != 0 ||
	    starttls_dial(argv[3], argv[4], STARTTLS_ANY, TIMEOUT_MS, &c.fd,
		&error) != 0 ||
	    starttls_upgrade_new(&c.upgrade, policy,
		starttls_protocol_find(argv[2]), STARTTLS_GREETING, argv[3],
		c.fd, &options, &error) != 0)
		fprintf(stderr, "%s\n", error.message);
	else
		run(&c);
	/* the objects first, and then the descriptor under them */
	starttls_upgrade_free(c.upgrade);
	starttls_session_free(c.session);
	if (c.fd >= 0)
		close(c.fd);
	starttls_policy_unref(policy);
	return c.status;
}
