/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * starttls serve: the server's side, for demonstrations, tests, and programs
 * that know nothing of TLS.
 *
 * One process, one loop.  A connection that has not come to TLS costs memory
 * and one descriptor; commands and backends are only for clients whose
 * handshake is done, and there is a limit to them.
 */

#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "serve.h"
#include "loop/signals.h"

#define DEFAULT_RUNNING 64
#define MAX_INHERITED 1024

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

/* Several conversations at a time: each line says whose it is. */
static void
show_line(void *context, enum starttls_direction direction,
	  enum starttls_phase phase, const char *text)
{
	fprintf(stderr, "%s %s [%s] %s\n", (const char *)context,
	    direction == STARTTLS_SENT ? "S:" :
	    direction == STARTTLS_RECEIVED ? "C:" : "--",
	    starttls_phase_name(phase), text);
}

/* The certificates may have changed: the same command line, once more. */
static void
reload(struct server *server)
{
	const struct settings *old = server->settings;
	struct starttls_error error;
	struct settings fresh;
	int rc;

	/* has said what is wrong */
	if (parse_options(old->subcommand, old->argc, old->argv, &fresh) >= 0) {
		free_settings(&fresh);
		return;
	}
	rc = starttls_url_check(fresh.policy, &server->url, &server->options,
	    &error);
	if (rc != 0) {
		fprintf(stderr, "starttls: %s\n", error.message);
	} else {
		starttls_policy_unref(server->policy);
		server->policy = starttls_policy_ref(fresh.policy);
	}
	free_settings(&fresh);
}

static void
signalled(void *context, int number)
{
	struct server *server = context;

	if (number == SIGCHLD)
		backends_reap(&server->backends);
	else if (number == SIGHUP && !server->front.leaving)
		reload(server);
}

/* What can be found out before listening.  0 or the exit status. */
static int
prepare(struct server *server, const struct settings *settings)
{
	struct starttls_error error;
	int rc;

	server->url.size = sizeof(server->url);
	rc = starttls_url_parse(settings->urls[0], &server->url, &error);
	if (rc != 0) {
		complain_usage("serve", "%s", error.message);
		return EXIT_USAGE;
	}
	server->settings = settings;
	server->options = settings->options;
	if (server->options.own_name == NULL)
		server->options.own_name = server->url.host;
	if (settings->trace)
		server->options.trace = show_line;
	rc = starttls_url_check(settings->policy, &server->url,
	    &server->options, &error);
	if (rc != 0) {
		complain_usage("serve", "%s", error.message);
		return exit_status(&error);
	}
	server->policy = starttls_policy_ref(settings->policy);
	server->backends.front = &server->front;
	server->backends.command = settings->command;
	server->backends.max_running = settings->max_running > 0 ?
	    (size_t)settings->max_running : DEFAULT_RUNNING;
	server->backends.vacant = vacant;
	server->backends.context = server;
	if (settings->to_host == NULL)
		return 0;
	return find_address(settings->to_host, settings->to_port, true,
	    &server->backends.to);
}

/* What we were started with is not for commands, but for 0, 1 and 2.  There
   may be some beyond any limit; if they cannot be listed, the usual ones. */
static void
keep_descriptors(void)
{
	DIR *list = opendir("/dev/fd");
	const struct dirent *entry;
	int fd;

	for (fd = 3; fd < MAX_INHERITED; fd++)
		fcntl(fd, F_SETFD, FD_CLOEXEC);
	if (list == NULL)
		return;
	while ((entry = readdir(list)) != NULL) {
		fd = (int)strtol(entry->d_name, NULL, 10);
		if (fd >= MAX_INHERITED)
			fcntl(fd, F_SETFD, FD_CLOEXEC);
	}
	closedir(list);
}

static int
listen_and_serve(struct server *server)
{
	const struct settings *settings = server->settings;
	int status, rc;

	server->front.context = server;
	server->front.accepted = accepted;
	server->front.evict = evict;
	server->front.refuse = refuse;
	server->front.signalled = signalled;
	server->front.leave = leave;
	status = front_init(&server->front, settings,
	    server->url.has_port ? server->url.port : "0",
	    1, server->backends.max_running);
	if (status != 0)
		return status;
	signals_catch(SIGHUP);
	signals_catch(SIGCHLD);
	if (!front_announce(&server->front))
		return EXIT_LOCAL;
	rc = loop_run(&server->front.loop);
	if (rc != 0)
		fprintf(stderr, "starttls: poll: %s\n", strerror(rc));
	return rc != 0 ? EXIT_LOCAL : 0;
}

int
run_serve(struct settings *settings)
{
	static struct server server;
	int status = prepare(&server, settings);

	if (status == 0) {
		keep_descriptors();
		status = listen_and_serve(&server);
		clients_done(&server);
		front_done(&server.front);
	}
	backends_done(&server.backends);
	starttls_policy_unref(server.policy);
	return status;
}
