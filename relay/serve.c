/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * The server's side, for demonstrations, tests, and programs
 * that know nothing of TLS.
 *
 * One process, one loop.  A connection that has not come to TLS costs memory
 * and one descriptor; commands and backends are only for clients whose
 * handshake is done, and there is a limit to them.
 */

#include "config.h"

#include "serve.h"

#include <errno.h>
#include <netdb.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "loop/address.h"
#include "loop/descriptors.h"
#include "loop/signals.h"
#include "words/complain.h"
#include "words/status.h"

#define DEFAULT_RUNNING 64

static void
accepted(void *context, int fd, const char *peer)
{
	client_new(context, fd, peer);
}

static bool
evict(void *context)
{
	return clients_evict(context);
}

static void
refuse(void *context, int fd, const char *peer)
{
	client_refuse(context, fd, peer);
}

static void
vacant(void *context)
{
	clients_start_waiting(context);
}

static void
leave(void *context)
{
	clients_leave(context);
}

static void
reload(void *context)
{
	struct server *server = context;
	const struct serve_settings *s = server->settings;
	struct starttls_policy *fresh = s->reload(s->context);

	if (fresh == NULL)
		return;
	starttls_policy_unref(server->policy);
	server->policy = fresh;
}

static void
signalled(void *context, int number)
{
	struct server *server = context;

	if (number == SIGCHLD)
		backends_reap(&server->backends);
}

/* Before listening.  0 or the exit status. */
static int
prepare(struct server *server, const struct serve_settings *settings)
{
	struct starttls_error error;
	char why[400];
	int rc;

	server->settings = settings;
	server->policy = starttls_policy_ref(settings->policy);
	server->backends.front = &server->front;
	server->backends.command = settings->command;
	server->backends.max_running = settings->max_running > 0 ?
	    (size_t)settings->max_running : DEFAULT_RUNNING;
	server->backends.vacant = vacant;
	server->backends.context = server;
	if (starttls_policy_prepare(server->policy, &error) != 0)
		return complain(error.message, exit_status(&error));
	if (settings->to_host == NULL)
		return 0;
	rc = find_address(settings->to_host, settings->to_port, true,
	    &server->backends.to, why, sizeof(why));
	return rc == 0 ? 0 : complain(why, exit_status_of_call(rc));
}

static int
listen_and_serve(struct server *server)
{
	const struct serve_settings *settings = server->settings;
	int status, rc;

	server->front.context = server;
	server->front.accepted = accepted;
	server->front.evict = evict;
	server->front.refuse = refuse;
	server->front.signalled = signalled;
	server->front.reload = reload;
	server->front.leave = leave;
	status = front_init(&server->front, &settings->front,
	    settings->url.has_port ? settings->url.port : "0",
	    1, server->backends.max_running);
	if (status != 0)
		return status;
	signals_catch(SIGCHLD);
	if (!front_announce(&server->front, settings->quiet))
		return EXIT_LOCAL;
	rc = loop_run(&server->front.loop);
	return rc == 0 ? 0 : complain_errno("cannot wait", rc);
}

int
serve(const struct serve_settings *settings)
{
	static struct server server;
	int status = prepare(&server, settings);

	if (status == 0) {
		keep_from_commands();
		status = listen_and_serve(&server);
		clients_done(&server);
		front_done(&server.front);
	}
	backends_done(&server.backends);
	starttls_policy_unref(server.policy);
	return status;
}
