/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * kqueue(2), in the terms of poll(2).
 *
 * Hang-ups are told by the filters for reading and writing only, so both are
 * there for each watch.  The one that nobody wants is told of once for each
 * thing that happens (EV_CLEAR), and passed over unless it is an end.
 */

#include "config.h"

#include "poller.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/types.h>
#include <sys/event.h>
#include <sys/time.h>
#include <unistd.h>

#include "compat.h"
#include "loop.h"

#define MOST 64                    /* told at once */

struct poller {
	int fd;
};

struct poller *
poller_new(void)
{
	struct poller *poller = malloc(sizeof(*poller));

	if (poller == NULL)
		return NULL;
	poller->fd = kqueue();
	if (poller->fd >= 0) {
		compat_set_flags(poller->fd, 1, 0);
		return poller;
	}
	free(poller);
	return NULL;
}

bool
poller_reserve(struct poller *poller, size_t count)
{
	(void)poller, (void)count;
	return true;
}

static int
change(const struct poller *poller, int fd, short filter, unsigned short flags,
       struct watch *watch)
{
	struct kevent event;

	EV_SET(&event, (uintptr_t)fd, filter, flags, 0, 0, watch);
	return kevent(poller->fd, &event, 1, NULL, 0, NULL) == 0 ? 0 : errno;
}

/* What is there already keeps its flags, so it goes first. */
static int
set(const struct poller *poller, struct watch *watch, short filter,
    short event)
{
	const bool is_wanted = (watch->events & event) != 0;
	int rc;

	/* with neither wanted, ends that were told are told once more */
	if (watch->is_known) {
		if (((watch->known_events & event) != 0) == is_wanted &&
		    watch->events != 0)
			return 0;
		change(poller, watch->fd, filter, EV_DELETE, watch);
	}
	rc = change(poller, watch->fd, filter,
	    is_wanted ? EV_ADD : EV_ADD | EV_CLEAR, watch);
	/* a pipe has only one of the two directions */
	return is_wanted ? rc : 0;
}

int
poller_set(struct poller *poller, struct watch *watch)
{
	int rc = set(poller, watch, EVFILT_READ, POLLIN);

	return rc == 0 ? set(poller, watch, EVFILT_WRITE, POLLOUT) : rc;
}

/* One that is closed already has left by itself. */
void
poller_remove(struct poller *poller, struct watch *watch)
{
	change(poller, watch->known_fd, EVFILT_READ, EV_DELETE, watch);
	change(poller, watch->known_fd, EVFILT_WRITE, EV_DELETE, watch);
}

/* An end of what comes is no hang-up yet, unless it is a failure. */
static short
translate(const struct watch *watch, const struct kevent *event)
{
	const bool has_ended = (event->flags & EV_EOF) != 0;
	int revents = 0;

	if (event->filter == EVFILT_READ) {
		revents |= watch->events & POLLIN;
		if (has_ended)
			revents |= watch->events & POLLRDHUP;
	} else {
		revents |= watch->events & POLLOUT;
		if (has_ended)
			revents |= POLLHUP;
	}
	if (has_ended && event->fflags != 0)
		revents |= POLLERR | POLLHUP;
	return (short)revents;
}

int
poller_wait(struct poller *poller, int timeout_ms, struct found *ret_list,
	    int size)
{
	struct kevent events[MOST];
	const struct timespec time = {
		.tv_sec = timeout_ms / 1000,
		.tv_nsec = (timeout_ms % 1000) * 1000000L,
	};
	int i, told = 0, n = kevent(poller->fd, NULL, 0, events,
	    size < MOST ? size : MOST, timeout_ms < 0 ? NULL : &time);

	for (i = 0; i < n; i++) {
		struct watch *watch = (void *)events[i].udata;
		const short revents = translate(watch, &events[i]);

		if (revents == 0)
			continue;
		/* both filters of one watch are one thing found */
		if (watch->known_at < (size_t)told &&
		    ret_list[watch->known_at].watch == watch) {
			ret_list[watch->known_at].revents |= revents;
			continue;
		}
		watch->known_at = (size_t)told;
		ret_list[told++] = (struct found){ watch, revents };
	}
	return n < 0 ? n : told;
}

void
poller_free(struct poller *poller)
{
	if (poller == NULL)
		return;
	close(poller->fd);
	free(poller);
}
