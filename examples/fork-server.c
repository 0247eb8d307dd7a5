/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * A server with a process for each client, which gives up what it does not
 * need: it reads its files, makes the keys of its tickets, and then locks
 * itself into an empty folder as somebody who may do nothing.  Its children
 * share the tickets: a client that comes again resumes, whichever of them it
 * meets.
 *
 *	cc fork-server.c -o fork-server \
 *	    $(pkg-config --cflags --libs libstarttls)
 *	./fork-server imap 1143 chain.pem key.pem [/var/empty nobody]
 *
 * As serve-echo.c it gives back what it gets, on 127.0.0.1.  SIGTERM ends the
 * children that are told of it in an orderly way, with a goodbye.
 */

#define _DEFAULT_SOURCE            /* chroot, setgroups */

#include <errno.h>
#include <grp.h>
#include <netinet/in.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <starttls.h>

#define UPGRADE_MS 10000
#define IDLE_MS 60000
#define MAX_CHILDREN 50

static volatile sig_atomic_t stopped;

static void
stop(int number)
{
	(void)number;
	stopped = 1;
}

static int
listen_on(unsigned long port)
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;

	address.sin_port = htons((unsigned short)port);
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd >= 0 &&
	    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0 &&
	    bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0 &&
	    listen(fd, 16) == 0)
		return fd;
	perror("cannot listen");
	if (fd >= 0)
		close(fd);
	return -1;
}

/* For good, and in this order: each step needs what the next one takes. */
static int
drop_privileges(const char *folder, const char *name)
{
	const struct passwd *user = getpwnam(name);

	if (user == NULL) {
		fprintf(stderr, "%s: no such user\n", name);
		return -1;
	}
	if (chroot(folder) == 0 && chdir("/") == 0 &&
	    setgroups(0, NULL) == 0 && setgid(user->pw_gid) == 0 &&
	    setuid(user->pw_uid) == 0)
		return 0;
	perror("cannot drop privileges");
	return -1;
}

/* Until the client says close_notify, or nothing for too long, or we are to
   stop: a signal ends a wait, so that we see it. */
static void
echo(struct starttls_session *session)
{
	char data[4096];
	ssize_t n = 0;

	if (starttls_session_set_deadline(session, -1) != 0 ||
	    starttls_session_set_idle(session, IDLE_MS) != 0)
		return;
	while (!stopped) {
		n = starttls_session_read(session, data, sizeof(data));
		if (n == STARTTLS_E_INTERRUPTED)
			continue;
		if (n <= 0)
			return;
		while (starttls_session_write(session, data, (size_t)n) ==
		    STARTTLS_E_INTERRUPTED)
			continue;  /* nothing else may follow a part of it */
	}
}

/* The status of a child. */
static int
serve(struct starttls_policy *policy, const char *protocol, int fd)
{
	struct starttls_options options = STARTTLS_OPTIONS_INIT;
	struct starttls_upgrade *upgrade = NULL;
	struct starttls_session *session;
	struct starttls_error error;
	int rc;

	options.interruptible = 1;
	rc = starttls_upgrade_new(&upgrade, policy,
	    starttls_protocol_find(protocol), STARTTLS_GREETING, NULL, fd,
	    &options, &error);
	if (rc == 0)
		rc = starttls_upgrade_run(upgrade, UPGRADE_MS, &error);
	if (rc != 0) {
		fprintf(stderr, "%s\n", error.message);
		starttls_upgrade_free(upgrade);
		shutdown(fd, SHUT_WR);
		return 1;
	}
	session = starttls_upgrade_take(upgrade);
	echo(session);
	rc = starttls_session_error(session, &error);
	if (rc != 0)
		fprintf(stderr, "%s\n", error.message);
	starttls_session_end(session);
	return rc != 0;
}

/* How many of the children have ended; at least one if there are too many. */
static int
reap(int children)
{
	int ended = 0;
	pid_t pid;

	while (ended < children && !stopped) {
		pid = waitpid(-1, NULL, children - ended < MAX_CHILDREN ?
		    WNOHANG : 0);
		if (pid == 0 || (pid < 0 && errno != EINTR))
			break;
		ended += pid > 0;
	}
	return ended;
}

/* A child for each client; who comes when there are too many has to wait. */
static void
loop(struct starttls_policy *policy, const char *protocol, int listener)
{
	int children = 0, fd;
	pid_t pid;

	while (!stopped) {
		children -= reap(children);
		fd = accept(listener, NULL, NULL);
		if (fd < 0 && errno != EINTR && errno != ECONNABORTED)
			return;
		if (fd < 0)
			continue;
		pid = fork();
		if (pid == 0) {
			close(listener);
			_exit(serve(policy, protocol, fd));
		}
		if (pid < 0)
			perror("no child");
		children += pid > 0;
		close(fd);         /* it is the child's */
	}
}

int
main(int argc, char **argv)
{
	struct sigaction action = { .sa_handler = stop };
	struct starttls_policy *policy;
	struct starttls_error error;
	int listener;

	if ((argc != 5 && argc != 7) ||
	    starttls_protocol_find(argv[1]) == NULL ||
	    starttls_policy_new(&policy, STARTTLS_SERVER) != 0)
		return 2;
	/* all that needs a file, or has to be the same for all children */
	if (starttls_policy_identity(policy, argv[3], argv[4], NULL,
	    &error) != 0 || starttls_policy_prepare(policy, &error) != 0) {
		fprintf(stderr, "%s\n", error.message);
		starttls_policy_unref(policy);
		return 1;
	}
	sigaction(SIGTERM, &action, NULL);
	listener = listen_on(strtoul(argv[2], NULL, 10));
	if (listener >= 0 && (argc == 5 ||
	    drop_privileges(argv[5], argv[6]) == 0))
		loop(policy, argv[1], listener);
	if (listener >= 0)
		close(listener);
	starttls_policy_unref(policy);
	return stopped ? 0 : 1;
}
