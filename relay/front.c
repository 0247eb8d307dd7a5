/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * Accepting connections without ever being locked out, signals, and partings.
 *
 * At the limit, or when descriptors run out, the connection that has waited
 * longest without becoming anything goes in favour of the new one, or that
 * which has been silent longest, so clients that say nothing cannot keep out
 * those that do.  If there is none such, nothing is accepted until one ends;
 * who has waited for that in vain is told.
 */

#include "config.h"

#include "front.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "compat.h"
#include "loop/address.h"
#include "loop/descriptors.h"
#include "loop/loop.h"
#include "loop/signals.h"
#include "words/complain.h"
#include "words/status.h"

#define DEFAULT_LIMIT 32768        /* connections, if descriptors allow */
#define SPARE_FILES 32             /* for us and the library */
#define MOMENT_MS 1000
#define BURST 32                   /* accepted in one turn */
#define MAX_REFUSED 1024
#define MAX_DRAINED (64u << 10)

/* A connection that is over, while its last words are on their way. */
struct parting {
	struct front *front;
	struct place place;
	struct watch watch;
	struct timer timer;
	size_t drained;
};

/* ---- signals ---- */

static void
stop(void *context)
{
	struct front *front = context;

	front->loop.stop = true;
}

static void
stop_listening(struct front *front)
{
	if (front->listener.fd < 0)
		return;
	loop_unwatch(&front->loop, &front->listener);
	loop_clear_timer(&front->retry);
	loop_clear_timer(&front->crowded);
	front->listener.fd = -1;
	door_close(&front->door);
}

static void
leave(struct front *front)
{
	if (front->leaving) {
		stop(front);
		return;
	}
	front->leaving = true;
	manager_stopping(&front->door.manager);
	stop_listening(front);
	loop_set_timer(&front->deadlines, &front->last_call);
	front->leave(front->context);
	if (front->connections == 0)
		stop(front);
}

static void
reload(struct front *front)
{
	const char *fault = door_fault_of_reload(&front->door);

	if (front->leaving)
		return;
	manager_reloading(&front->door.manager);
	if (fault != NULL)
		complain(fault, 0);
	else
		front->reload(front->context);
	manager_reloaded(&front->door.manager);
}

static void
read_signals(void *context, short revents)
{
	struct front *front = context;
	unsigned char number;

	(void)revents;
	while (read(front->signals.fd, &number, 1) == 1) {
		if (number == SIGTERM || number == SIGINT)
			leave(front);
		else if (number == SIGHUP)
			reload(front);
		else
			front->signalled(front->context, number);
	}
}

static bool
init_signals(struct front *front)
{
	int fd;

	if (!signals_open(&fd))
		return false;
	front->signals = (struct watch){
		.fd = fd,
		.ready = read_signals,
		.context = front,
	};
	loop_watch(&front->loop, &front->signals, POLLIN);
	signals_catch(SIGHUP);
	signals_catch(SIGTERM);
	signals_catch(SIGINT);
	return true;
}

/* ---- accepting ---- */

/* Listen unless nothing can be accepted at the moment. */
static void
resume(struct front *front)
{
	loop_clear_timer(&front->crowded);
	if (front->listener.fd >= 0 && !front->listener.is_watched)
		loop_watch(&front->loop, &front->listener, POLLIN);
}

static void
forget(struct front *front)
{
	front->connections--;
	resume(front);
	if (front->leaving && front->connections == 0)
		stop(front);
}

static void
retry(void *context)
{
	resume(context);
}

/* After an error that may last: try again in a moment, do not spin. */
static void
pause_accepting(struct front *front)
{
	loop_unwatch(&front->loop, &front->listener);
	loop_set_timer(&front->moments, &front->retry);
}

static void
end_parting(struct parting *p)
{
	struct front *front = p->front;

	loop_unwatch(&front->loop, &p->watch);
	loop_clear_timer(&p->timer);
	queue_leave(&p->place);
	close(p->watch.fd);
	free(p);
	forget(front);
}

void
front_line(const char *text, const char *name, const char *why, char *buf,
	   size_t size)
{
	const char *dollar = strchr(text, '$');
	size_t head = dollar == NULL ? strlen(text) : (size_t)(dollar - text);

	snprintf(buf, size, "%.*s%s%s%s%s\r\n", (int)head, text,
	    dollar != NULL ? name : "", dollar != NULL ? dollar + 1 : "",
	    why != NULL ? ": " : "", why != NULL ? why : "");
}

bool
front_make_room(struct front *front)
{
	struct parting *oldest = queue_first(&front->partings);

	if (oldest == NULL)
		return front->evict(front->context);
	end_parting(oldest);
	return true;
}

void *
front_most_silent(const struct front *front)
{
	const struct timer *first = queue_first(&front->idles.timers);

	if (first == NULL || loop_now_us() - (first->at_us -
	    front->idles.length_us) < front->deadlines.length_us)
		return NULL;
	return first->context;
}

void
front_goodbye(const struct starttls_protocol *protocol, const char *name,
	      const char *why, char *buf, size_t size)
{
	const char *text = starttls_protocol_goodbye(protocol);

	buf[0] = '\0';
	if (text != NULL)
		front_line(text, name, why, buf, size);
}

static bool
is_short_of_files(int number)
{
	return number == EMFILE || number == ENFILE || number == ENOBUFS ||
	    number == ENOMEM;
}

/* One connection, or -1: no more for now. */
static int
accept_one(struct front *front, char *peer, size_t size)
{
	struct sockaddr_storage address;
	socklen_t len = sizeof(address);
	int fd, tries = 0;

	do {
		fd = accept4(front->listener.fd, (struct sockaddr *)&address,
		    &len, SOCK_CLOEXEC | SOCK_NONBLOCK);
	} while (fd < 0 && (errno == EINTR || errno == ECONNABORTED ||
	    (is_short_of_files(errno) && tries++ == 0 &&
		front_make_room(front))));
	if (fd >= 0)
		show_address((struct sockaddr *)&address, len, peer, size);
	else if (errno != EAGAIN)
		pause_accepting(front);
	return fd;
}

/* The limit has held for the time that a client has: those who wait leave. */
static void
refuse_some(void *context)
{
	struct front *front = context;
	char peer[PEER_SIZE];
	int i, fd;

	if (front_make_room(front)) {
		resume(front);
		return;
	}
	loop_set_timer(&front->deadlines, &front->crowded);
	for (i = 0; i < MAX_REFUSED; i++) {
		fd = accept_one(front, peer, sizeof(peer));
		if (fd < 0)
			return;
		front->refuse(front->context, fd, peer);
		shutdown(fd, SHUT_WR);
		close(fd);
	}
}

static bool
is_full(const struct front *front)
{
	return front->connections >= front->max_connections ||
	    (front->connections + 1) * front->each + front->extra >
	    front->max_files;
}

static void
accept_some(void *context, short revents)
{
	struct front *front = context;
	char peer[PEER_SIZE];
	int i, fd;

	(void)revents;
	for (i = 0; i < BURST && front->listener.is_watched; i++) {
		if (is_full(front)) {
			/* only poll knows that there is one to make room
			   for */
			if (i > 0)
				return;
			if (!front_make_room(front)) {
				/* resumes when one ends */
				loop_unwatch(&front->loop, &front->listener);
				loop_set_timer(&front->deadlines,
				    &front->crowded);
				return;
			}
		}
		fd = accept_one(front, peer, sizeof(peer));
		if (fd < 0)
			return;
		/* each has two descriptors to watch at most */
		if (!loop_reserve(&front->loop,
		    2 * (front->connections + 1) + SPARE_FILES)) {
			close(fd);
			pause_accepting(front);
			return;
		}
		keep_alive(fd);
		front->connections++;
		front->accepted(front->context, fd, peer);
	}
}

/* ---- partings ---- */

static void
drain(void *context, short revents)
{
	struct parting *p = context;
	char scrap[4096];
	ssize_t n;

	(void)revents;
	n = recv(p->watch.fd, scrap, sizeof(scrap), MSG_DONTWAIT);
	if (n > 0)
		p->drained += (size_t)n;
	if (n == 0 || p->drained > MAX_DRAINED ||
	    (n < 0 && errno != EAGAIN && errno != EINTR))
		end_parting(p);
}

static void
drain_late(void *context)
{
	end_parting(context);
}

void
front_part(struct front *front, int fd)
{
	struct parting *p = calloc(1, sizeof(*p));

	shutdown(fd, SHUT_WR);
	if (p == NULL) {
		front_drop(front, fd);
		return;
	}
	p->front = front;
	p->watch = (struct watch){ .fd = fd, .ready = drain, .context = p };
	p->timer = (struct timer){ .late = drain_late, .context = p };
	p->place.owner = p;
	queue_enter(&front->partings, &p->place);
	loop_watch(&front->loop, &p->watch, POLLIN);
	loop_set_timer(&front->moments, &p->timer);
}

void
front_drop(struct front *front, int fd)
{
	close(fd);
	forget(front);
}

void
front_reset(struct front *front, int fd)
{
	struct linger now = { .l_onoff = 1, .l_linger = 0 };

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	front_drop(front, fd);
}

/* ---- beginning and end ---- */

/* As many descriptors as we may have; more than that only if somebody asks for
   them who is privileged. */
static rlim_t
raise_limit(struct front *front, size_t needed)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &front->files) != 0)
		front->files = (struct rlimit){ 256, 256 };
	limit = front->files;
	if (limit.rlim_max != RLIM_INFINITY && limit.rlim_max < needed) {
		limit.rlim_cur = limit.rlim_max = needed;
		if (setrlimit(RLIMIT_NOFILE, &limit) == 0)
			return limit.rlim_cur;
	}
	limit.rlim_cur = limit.rlim_max = front->files.rlim_max;
	return setrlimit(RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_cur :
	    front->files.rlim_cur;
}

/* How many connections is that? */
static int
set_limits(struct front *front, long wanted, size_t each, size_t spare)
{
	struct rlimit limit = {
		.rlim_cur = raise_limit(front, wanted > 0 ?
		    (size_t)wanted * each + spare + SPARE_FILES : 0),
	};
	size_t possible = 0;

	front->each = each;
	if (limit.rlim_cur == RLIM_INFINITY || limit.rlim_cur > 1 << 24)
		front->max_files = 1 << 24;
	else if (limit.rlim_cur > spare + SPARE_FILES)
		front->max_files = (size_t)limit.rlim_cur - spare -
		    SPARE_FILES;
	possible = front->max_files / each;
	if (possible == 0 || (wanted > 0 && (size_t)wanted > possible)) {
		fprintf(stderr, "starttls: the limit of %llu descriptors "
		    "allows %zu connections; see ulimit -n\n",
		    (unsigned long long)limit.rlim_cur, possible);
		return EXIT_LOCAL;
	}
	if (wanted > 0)
		possible = (size_t)wanted;
	else if (possible > DEFAULT_LIMIT)
		possible = DEFAULT_LIMIT;
	front->max_connections = possible;
	return 0;
}

int
front_init(struct front *front, const struct front_settings *settings,
	   const char *port, size_t each, size_t spare)
{
	char why[400];
	int rc, status = set_limits(front, settings->max_connections,
	    each, spare);

	if (status != 0)
		return status;
	loop_add_queue(&front->loop, &front->deadlines, settings->timeout_ms);
	loop_add_queue(&front->loop, &front->moments, MOMENT_MS);
	loop_add_queue(&front->loop, &front->idles, settings->idle_ms);
	front->listener = (struct watch){
		.fd = -1, .ready = accept_some, .context = front,
	};
	front->retry = (struct timer){ .late = retry, .context = front };
	front->crowded = (struct timer){
		.late = refuse_some, .context = front,
	};
	front->last_call = (struct timer){ .late = stop, .context = front };
	if (!loop_reserve(&front->loop, SPARE_FILES) ||
	    !init_signals(front))
		return complain_errno("cannot begin", errno);
	rc = door_find(&front->door, &settings->door, why, sizeof(why));
	if (rc == 0)
		rc = door_open(&front->door, &settings->door, port, why,
		    sizeof(why));
	if (rc != 0)
		return complain(why, exit_status_of_call(rc));
	front->listener.fd = front->door.listener;
	resume(front);
	return 0;
}

/* Who plans for many should know how many there may be. */
static void
tell_limits(const struct front *front)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return;
	fprintf(stderr, "starttls: up to %zu connections at a time, with %llu "
	    "descriptors", front->max_connections,
	    (unsigned long long)limit.rlim_cur);
	if (limit.rlim_cur != front->files.rlim_cur)
		fprintf(stderr, "; the limit was raised from %llu",
		    (unsigned long long)front->files.rlim_cur);
	fputc('\n', stderr);
}

bool
front_announce(const struct front *front, bool quiet)
{
	char where[200];

	if (!door_show(&front->door, where, sizeof(where)))
		return false;
	printf("listening on %s\n", where);
	if (fflush(stdout) != 0) {
		fprintf(stderr, "starttls: cannot write to standard output\n");
		return false;
	}
	/* behind it, for whoever reads both as one */
	if (!quiet)
		tell_limits(front);
	manager_ready(&front->door.manager, where);
	return true;
}

void
front_done(struct front *front)
{
	struct parting *p;

	if (front->listener.is_watched || front->listener.fd > 0)
		stop_listening(front);
	while ((p = queue_first(&front->partings)) != NULL)
		end_parting(p);
	door_done(&front->door);
	loop_done(&front->loop);
}
