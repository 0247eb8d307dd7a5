/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * Threads that resolve names and connect, a bounded number of them.
 *
 * A thread has nothing but its dial, and what that points to does not change.
 * It reports through a pipe; who asked may be gone by then.
 */

#include "config.h"

#include "dialler.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "compat.h"
#include "failure.h"
#include "loop.h"

#define STACK_SIZE 262144
#define BURST 32                   /* threads started in one turn of the loop:
                                      most are done before the next */

struct dial {
	struct dialler *dialler;
	struct request *request;   /* NULL: has gone; not the thread's */
	pthread_t thread;
	struct starttls_policy *policy;
	const char *url;
	const struct starttls_options *options;
	int timeout_ms;
	struct starttls_upgrade *upgrade;
	struct starttls_error error;
	int code;
};

static void *
run_dial(void *argument)
{
	struct dial *d = argument;

	d->code = starttls_upgrade_dial(&d->upgrade, d->policy, d->url,
	    d->timeout_ms, d->options, &d->error);
	while (write(d->dialler->report_fd, &d, sizeof(d)) < 0 &&
	    errno == EINTR)
		continue;
	return NULL;
}

/* The thread takes no signals, and needs little: names are resolved in one of
   the library's.  Returns 0 or errno. */
static int
start_thread(struct dial *d)
{
	pthread_attr_t attr;
	sigset_t all, old;
	int rc;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK_SIZE);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	rc = pthread_create(&d->thread, &attr, run_dial, d);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	pthread_attr_destroy(&attr);
	return rc;
}

static int
start_dial(struct dialler *dialler, struct request *request)
{
	int64_t left = (request->deadline_us - loop_now_us()) / 1000;
	struct dial *d = calloc(1, sizeof(*d));
	int rc;

	if (d == NULL)
		return ENOMEM;
	d->dialler = dialler;
	d->request = request;
	d->policy = request->policy;
	d->url = request->url;
	d->options = request->options;
	d->timeout_ms = left < 1 ? 1 : (int)left;
	rc = start_thread(d);
	if (rc != 0) {
		free(d);
		return rc;
	}
	request->dial = d;
	dialler->running++;
	return 0;
}

static void
start_dials(struct dialler *dialler)
{
	struct starttls_error error;
	struct request *request;
	int rc;

	while (dialler->running < dialler->max_running &&
	    (request = queue_first(&dialler->waiting)) != NULL) {
		if (dialler->started >= BURST) {
			loop_again(dialler->loop, &dialler->reports);
			return;
		}
		dialler->started++;
		rc = start_dial(dialler, request);
		/* too many threads: there will be room when one has ended */
		if (rc == EAGAIN && dialler->running > 0)
			return;
		queue_leave(&request->place);
		if (rc == 0)
			continue;
		fill_system_error(&error, rc, "no thread to connect in");
		dialler->answer(request->owner, NULL, error.code, &error);
	}
}

static void
end_dial(struct dial *d)
{
	struct dialler *dialler = d->dialler;
	struct request *request = d->request;

	pthread_join(d->thread, NULL);
	dialler->running--;
	if (request != NULL) {
		request->dial = NULL;
		dialler->answer(request->owner, d->upgrade, d->code,
		    &d->error);
	} else {
		starttls_upgrade_free(d->upgrade);
	}
	free(d);
}

static void
read_reports(void *context, short revents)
{
	struct dialler *dialler = context;
	struct dial *d;

	(void)revents;
	dialler->started = 0;
	while (read(dialler->reports.fd, &d, sizeof(d)) ==
	    (ssize_t)sizeof(d)) /* NOLINT(bugprone-sizeof-expression) */
		end_dial(d);
	start_dials(dialler);
}

int
dialler_init(struct dialler *dialler, struct loop *loop)
{
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) != 0)
		return errno;
	fcntl(fds[0], F_SETFL, O_NONBLOCK);
	if (dialler->max_running == 0)
		dialler->max_running = MAX_DIALS;
	dialler->loop = loop;
	dialler->report_fd = fds[1];
	dialler->reports = (struct watch){
		.fd = fds[0], .ready = read_reports, .context = dialler,
	};
	loop_watch(loop, &dialler->reports, POLLIN);
	return 0;
}

void
dialler_done(struct dialler *dialler)
{
	loop_unwatch(dialler->loop, &dialler->reports);
	close(dialler->reports.fd);
	close(dialler->report_fd);
}

void
dialler_ask(struct dialler *dialler, struct request *request)
{
	request->place.owner = request;
	queue_enter(&dialler->waiting, &request->place);
	start_dials(dialler);
}

void
dialler_cancel(struct request *request)
{
	queue_leave(&request->place);
	if (request->dial != NULL)
		request->dial->request = NULL;
	request->dial = NULL;
}
