/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * kqueue(2), in the terms of poll(2).
 *
 * There is a filter for what is wanted.  If that is neither reading nor writing,
 * there are both, as nothing else tells of hang-ups: once for each thing that
 * happens (EV_CLEAR), which is passed over unless it is an end.
 *
 * Each filter tells the end of its direction, whoever made it, and a connection
 * has hung up when both have ended.  poll(2) itself is not asked: that of macOS
 * takes the end of one of them for a hang-up.
 */

#include "config.h"

#include "poller.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/types.h>
#include <sys/event.h>
#include <sys/stat.h>
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

/* With which flags there is the filter of @event for @events; 0: there is none. */
static unsigned short
flags_for(short events, short event)
{
	if ((events & event) != 0)
		return EV_ADD;
	if ((events & (POLLIN | POLLOUT)) == 0 ||
	    (event == POLLIN && (events & POLLRDHUP) != 0))
		return EV_ADD | EV_CLEAR;
	return 0;
}

/* What is there already keeps its flags, and what it told is not told again, so
   it goes first. */
static int
set(const struct poller *poller, struct watch *watch, short filter,
    short event)
{
	const unsigned short flags = flags_for(watch->events, event),
	    known_flags = watch->is_known ?
	    flags_for(watch->known_events, event) : 0;
	int rc = 0;

	if (flags == known_flags && (flags & EV_CLEAR) == 0)
		return 0;
	if (known_flags != 0)
		change(poller, watch->fd, filter, EV_DELETE, watch);
	if (flags != 0)
		rc = change(poller, watch->fd, filter, flags, watch);
	/* a pipe has only one of the two directions */
	return (flags & EV_CLEAR) == 0 ? rc : 0;
}

int
poller_set(struct poller *poller, struct watch *watch)
{
	int rc = set(poller, watch, EVFILT_READ, POLLIN);

	watch->known_ends = 0;
	return rc == 0 ? set(poller, watch, EVFILT_WRITE, POLLOUT) : rc;
}

/* One that is closed already has left by itself. */
void
poller_remove(struct poller *poller, struct watch *watch)
{
	change(poller, watch->known_fd, EVFILT_READ, EV_DELETE, watch);
	change(poller, watch->known_fd, EVFILT_WRITE, EV_DELETE, watch);
}

/* Whether one direction is all there is. */
static bool
is_one_way(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && !S_ISSOCK(st.st_mode);
}

static short
translate(struct watch *watch, const struct kevent *event)
{
	const int direction = event->filter == EVFILT_READ ? POLLIN : POLLOUT;
	int revents = watch->events & direction;

	if ((event->flags & EV_EOF) == 0)
		return (short)revents;
	if (direction == POLLIN)
		revents |= watch->events & POLLRDHUP;
	watch->known_ends = (short)(watch->known_ends | direction);
	if (event->fflags != 0)
		revents |= POLLERR | POLLHUP;
	else if (watch->known_ends == (POLLIN | POLLOUT) ||
	    is_one_way(watch->fd))
		revents |= POLLHUP;
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
