/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * starttls-exporter(8): the command line, signals, and when the configuration
 * is read.
 *
 * The main thread waits for signals, and looks after clients whose time is
 * over.  A reload makes another configuration and puts it in the place of the
 * one before; a bad file changes nothing.
 */

#include "config.h"

#include "exporter.h"

#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <microhttpd.h>

#include "cli/options.h"
#include "loop/address.h"
#include "loop/clock.h"
#include "loop/descriptors.h"
#include "loop/door.h"
#include "loop/signals.h"
#include "pages.h"
#include "words/complain.h"
#include "words/status.h"
#include "words/suggest.h"

#define DEFAULT_CONFIG SYSCONFDIR "/starttls/exporter.conf"
#define DEFAULT_HOST "127.0.0.1"
#define DEFAULT_PORT "9924"
#define LEAVE_US 10000000          /* for requests under way */
#define LOOK_MS 500                /* between two looks at the clients */

const char program_name[] = "starttls-exporter";

struct arguments {
	const char *config;
	struct door_settings door; /* host and port are owned */
	bool only_check;
};

static int __attribute__((format(printf, 1, 2)))
misused(const char *format, ...)
{
	char text[160], line[200];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	snprintf(line, sizeof(line), "%s; see starttls-exporter --help",
	    text);
	return complain(line, EXIT_USAGE);
}

/* ---- signals ---- */

/* The next one; 0: none came in time. */
static int
next_signal(int in, int timeout_ms)
{
	struct pollfd fd = { .fd = in, .events = POLLIN };
	unsigned char number;
	int n;

	do {
		n = poll(&fd, 1, timeout_ms);
	} while (n < 0 && errno == EINTR);
	return n > 0 && read(in, &number, 1) == 1 ? number : 0;
}

/* ---- the configuration in use ---- */

static bool
load(struct exporter *exporter, const char *path)
{
	char why[600];
	struct config *config = config_load(path, why, sizeof(why));
	const struct module *m;

	metrics_reloaded(&exporter->metrics, config != NULL);
	if (config == NULL) {
		complain(why, EXIT_USAGE);
		return false;
	}
	for (m = config->modules; m != NULL; m = m->next)
		metrics_know_module(&exporter->metrics, m->name);
	clients_set_patience(&exporter->http.clients,
	    config->client_timeout_ms);
	current_set(&exporter->current, config);
	return true;
}

static void
reload(struct exporter *exporter, const char *path, const struct door *door)
{
	const uint64_t begun = reloads_begin(&exporter->reloads);
	const char *fault = door_fault_of_reload(door);
	bool good;

	manager_reloading(&door->manager);
	if (fault != NULL)
		complain(fault, 0);
	good = fault == NULL && load(exporter, path);
	manager_reloaded(&door->manager);
	reloads_end(&exporter->reloads, begun, good);
	if (good)
		complain("the configuration was read again", 0);
	else
		complain("the former configuration stays in use", 0);
}

/* ---- from beginning to end ---- */

/* Connections and probes have descriptors, and there may be many. */
static void
raise_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &limit);
}

static bool
announce(const struct door *door)
{
	char where[PEER_SIZE + 16];

	if (!door_show(door, where, sizeof(where)))
		return false;
	printf("listening on http://%s\n", where);
	if (fflush(stdout) != 0)
		return false;
	manager_ready(&door->manager, where);
	return true;
}

/* Whether all requests have come to an end.  A second signal, or time, may
   come first: threads cannot be ended. */
static bool
leave(struct exporter *exporter, const struct door *door, int in)
{
	const int64_t until_us = loop_now_us() + LEAVE_US;

	manager_stopping(&door->manager);
	reloads_stop(&exporter->reloads);
	http_quiesce(&exporter->http);
	/* one that was passed is for the next of us as well */
	if (door->manager.listener == 0)
		shutdown(door->listener, SHUT_RDWR);
	while (atomic_load(&exporter->http.requests) > 0 &&
	    loop_now_us() < until_us)
		switch (next_signal(in, 20)) {
		case SIGTERM:
		case SIGINT:
			return false;
		}
	return atomic_load(&exporter->http.requests) == 0;
}

static int
serve(struct exporter *exporter, const char *path, const struct door *door)
{
	int in, number;

	if (!signals_open(&in) || 
	    !http_start(&exporter->http, door->listener))
		return complain_errno("cannot begin", errno);
	signals_catch(SIGHUP);
	signals_catch(SIGTERM);
	signals_catch(SIGINT);
	if (!announce(door)) {
		http_stop(&exporter->http);
		return complain("cannot write to standard output",
		    EXIT_LOCAL);
	}
	while ((number = next_signal(in, LOOK_MS)) != SIGTERM &&
	    number != SIGINT) {
		if (number == SIGHUP)
			reload(exporter, path, door);
		clients_expire(&exporter->http.clients);
	}
	if (!leave(exporter, door, in))
		_exit(0);
	http_stop(&exporter->http);
	return 0;
}

/* All that needs files, and then no more of them.  As door_open. */
static int
open_door(struct exporter *exporter, const struct door_settings *settings,
	  struct door *door, char *why, size_t size)
{
	struct config *config = current_get(&exporter->current);
	int rc = config_prepare(config, why, size);

	config_unref(config);
	return rc != 0 ? rc :
	    door_open(door, settings, DEFAULT_PORT, why, size);
}

static int
run(const struct arguments *a)
{
	struct door door;
	struct exporter exporter = { .http = {
	    .takes_post = pages_takes_post, .show = pages_show,
	    .context = &exporter } };
	int status = 0, rc;
	char why[400];

	current_init(&exporter.current);
	metrics_init(&exporter.metrics);
	history_init(&exporter.history);
	journal_init(&exporter.journal);
	reloads_init(&exporter.reloads);
	http_init(&exporter.http);
	raise_limit();
	/* before a command for a password could take it for its own */
	rc = door_find(&door, &a->door, why, sizeof(why));
	if (rc != 0)
		status = complain(why, exit_status_of_call(rc));
	else if (!load(&exporter, a->config))
		status = EXIT_USAGE;
	if (status == 0 && !a->only_check) {
		rc = open_door(&exporter, &a->door, &door, why, sizeof(why));
		if (rc != 0)
			status = complain(why, exit_status_of_call(rc));
	}
	if (status == 0 && !a->only_check)
		status = serve(&exporter, a->config, &door);
	door_done(&door);
	http_done(&exporter.http);
	reloads_done(&exporter.reloads);
	journal_done(&exporter.journal);
	history_done(&exporter.history);
	metrics_done(&exporter.metrics);
	current_done(&exporter.current);
	return status;
}

/* ---- the command line ---- */

static const struct option options[] = {
	{ "config", required_argument, NULL, 'c' },
	{ "listen", required_argument, NULL, 'l' },
	{ "user", required_argument, NULL, 'u' },
	{ "chroot", required_argument, NULL, 'r' },
	{ "check-config", no_argument, NULL, 'n' },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'V' },
	{ NULL, 0, NULL, 0 }
};

static int
print_help(void)
{
	fputs("usage: starttls-exporter [OPTION...]\n\n"
	    "Check mail, news and FTP servers for Prometheus.\n\n"
	    "  --config FILE        modules, and the targets that are allowed; "
	    "default\n"
	    "                       " DEFAULT_CONFIG "\n"
	    "  --listen HOST:PORT   default " DEFAULT_HOST ":" DEFAULT_PORT
	    "; port 0 is a free one\n"
	    "  --user USER[:GROUP]  become this user once that listens\n"
	    "  --chroot DIR         see no other files from then on\n"
	    "  --check-config       say what is wrong with the file, and "
	    "stop\n"
	    "  --help               print this and stop\n"
	    "  --version            print the version and stop\n\n"
	    "See starttls-exporter(8).\n", stdout);
	return 0;
}

/* Where getopt_long has stopped, and what it may have been meant for. */
static int
misused_option(const char *option)
{
	const struct option *o;
	char near[SUGGESTED];
	struct suggestion s;
	const char *name = option + (strncmp(option, "--", 2) == 0 ? 2 : 0);

	suggest_begin(&s, name, strcspn(name, "="));
	for (o = options; o->name != NULL; o++)
		suggest_offer(&s, o->name);
	return misused("unknown option \"%.40s\"%s", option,
	    suggest_end(&s, near));
}

/* -1: go on; else the exit status. */
static int
parse(int argc, char **argv, struct arguments *a)
{
	int c;

	opterr = 0;
	while ((c = getopt_long(argc, argv, ":hV", options, NULL)) != -1) {
		switch (c) {
		case 'c':
			a->config = optarg;
			break;
		case 'l':
			if (!parse_address(optarg, 0, &a->door.host,
			    &a->door.port))
				return misused("--listen: \"%.60s\" is no "
				    "HOST:PORT", optarg);
			break;
		case 'u':
			a->door.user = optarg;
			break;
		case 'r':
			a->door.root = optarg;
			break;
		case 'n':
			a->only_check = true;
			break;
		case 'h':
			return print_help();
		case 'V':
			print_version(program_name);
			printf("libmicrohttpd %s\n", MHD_get_version());
			return 0;
		case ':':
			return misused("%.40s needs a value",
			    argv[optind - 1]);
		default:
			return misused_option(argv[optind - 1]);
		}
	}
	if (optind < argc)
		return misused("unexpected argument \"%.60s\"", argv[optind]);
	return -1;
}

int
main(int argc, char **argv)
{
	struct arguments a = { .config = DEFAULT_CONFIG };
	int status;

	if (!hold_standard_descriptors())
		return EXIT_LOCAL;
	signal(SIGPIPE, SIG_IGN);
	status = parse(argc, argv, &a);
	if (status < 0)
		status = run(&a);
	free(a.door.host);
	free(a.door.port);
	if (fflush(stdout) != 0 && status == 0)
		status = complain("cannot write to standard output",
		    EXIT_LOCAL);
	return status;
}
