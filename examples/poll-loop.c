/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * Check several servers at once, in one thread and one poll(2) loop, with one
 * deadline for all of it.
 *
 *	cc poll-loop.c -o poll-loop $(pkg-config --cflags --libs libstarttls)
 *	./poll-loop ca.pem imap://mail.example.org smtps://mail.example.org
 *
 * Names are resolved and connections made in the loop as well: nothing waits
 * but poll.  Status 0: all are well.
 */

#define _POSIX_C_SOURCE 200809L

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <time.h>
#include <starttls.h>

#define MAX_SERVERS 64
#define TIMEOUT_MS 10000

struct server {
	const char *url;
	struct starttls_upgrade *upgrade;
	struct starttls_session *session;
	int failed;
};

static long
now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (long)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void
finish(struct server *s, const char *failure)
{
	struct starttls_report r = { .size = sizeof(r) };

	if (failure != NULL)
		printf("%s: %s\n", s->url, failure);
	else if (starttls_session_report(s->session, &r) == 0)
		printf("%s: %s, %s, %d round trips\n", s->url, r.version,
		    r.cipher_suite, r.round_trips);
	s->failed = failure != NULL;
	starttls_upgrade_free(s->upgrade);
	starttls_session_free(s->session);
	s->upgrade = NULL;
	s->session = NULL;
}

/*
 * Go on as far as possible.  Gives what to poll, -1 when it is over.  What
 * follows the upgrade is one harmless exchange here; an application's own
 * reads and writes have the same results, and after them it has to ask
 * starttls_session_pending before it polls.
 */
static struct pollfd
step(struct server *s)
{
	struct pollfd next = { -1, 0, 0 };
	struct starttls_error error;
	int rc = 0;

	if (s->upgrade != NULL) {
		rc = starttls_upgrade_step(s->upgrade, &error);
		if (rc == 0) {
			s->session = starttls_upgrade_take(s->upgrade);
			s->upgrade = NULL;
		}
	}
	if (rc == 0)
		rc = starttls_session_check(s->session, &error);
	if (rc != STARTTLS_WANT_READ && rc != STARTTLS_WANT_WRITE) {
		finish(s, rc == 0 ? NULL : error.message);
		return next;
	}
	/* the upgrade's descriptor may be another one after each step */
	next.fd = s->upgrade != NULL ? starttls_upgrade_fd(s->upgrade) :
	    starttls_session_fd(s->session);
	next.events = rc == STARTTLS_WANT_READ ? POLLIN : POLLOUT;
	return next;
}

/* A step too early does no harm: when time has passed, all of them have one. */
static void
loop(struct server *servers, nfds_t count, long deadline)
{
	struct pollfd fds[MAX_SERVERS];
	int ready = 0, timeout, due, open;
	nfds_t i;

	do {
		timeout = (int)(deadline - now_ms());
		for (i = 0, open = 0; i < count; i++) {
			if (servers[i].upgrade == NULL &&
			    servers[i].session == NULL)
				fds[i].fd = -1; /* which poll skips */
			else if (ready == 0 || fds[i].revents != 0)
				fds[i] = step(&servers[i]);
			open += fds[i].fd >= 0;
			due = servers[i].upgrade != NULL ?
			    starttls_upgrade_timeout(servers[i].upgrade) :
			    starttls_session_timeout(servers[i].session);
			if (due >= 0 && due < timeout)
				timeout = due;
		}
		if (open > 0 && timeout >= 0)
			ready = poll(fds, count, timeout);
	} while (open > 0 && timeout >= 0 && (ready >= 0 || errno == EINTR));
	for (i = 0; i < count; i++)
		if (fds[i].fd >= 0)
			finish(&servers[i], "the deadline passed");
}

int
main(int argc, char **argv)
{
	struct server servers[MAX_SERVERS] = { { NULL, NULL, NULL, 0 } };
	long deadline = now_ms() + TIMEOUT_MS;
	struct starttls_policy *policy;
	struct starttls_error error;
	int i, count = argc - 2, status = 0;

	if (argc < 3 || count > MAX_SERVERS ||
	    starttls_policy_new(&policy, STARTTLS_CLIENT) != 0)
		return 2;
	if (starttls_policy_add_trust_file(policy, argv[1], &error) != 0) {
		fprintf(stderr, "%s\n", error.message);
		count = 0;
		status = 1;
	}
	for (i = 0; i < count; i++) {
		servers[i].url = argv[i + 2];
		if (starttls_upgrade_dial(&servers[i].upgrade, policy,
		    servers[i].url, TIMEOUT_MS, NULL, &error) != 0)
			finish(&servers[i], error.message);
	}
	loop(servers, (nfds_t)count, deadline);
	for (i = 0; i < count; i++)
		status |= servers[i].failed;
	starttls_policy_unref(policy);
	return status;
}
