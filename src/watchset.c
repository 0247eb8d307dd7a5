/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * Several sockets that connect, and a moment, behind one descriptor.
 *
 * Whoever waits for an upgrade can poll one descriptor only.  Where a system
 * has no epoll(7), or there is none to be had, the caller has to do without.
 */

#include "config.h"

#include "watchset.h"

#include <time.h>
#include <unistd.h>
#ifdef HAVE_EPOLL_CREATE1
#include <sys/epoll.h>
#include <sys/timerfd.h>
#endif

#include "wait.h"

#ifdef HAVE_EPOLL_CREATE1

static bool
watch(const struct watchset *set, int fd, uint32_t events)
{
	struct epoll_event event = { .events = events };

	return epoll_ctl(set->fd, EPOLL_CTL_ADD, fd, &event) == 0;
}

static bool
is_open(struct watchset *set)
{
	if (set->fd >= 0)
		return true;
	set->fd = epoll_create1(EPOLL_CLOEXEC);
	set->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
	if (set->fd >= 0 && set->timer >= 0 &&
	    watch(set, set->timer, EPOLLIN))
		return true;
	starttls_watchset_done(set);
	return false;
}

bool
starttls_watchset_add(struct watchset *set, int fd)
{
	return is_open(set) && watch(set, fd, EPOLLOUT);
}

bool
starttls_watchset_at(struct watchset *set, int64_t moment)
{
	/* zero would be none */
	struct itimerspec when = { .it_value.tv_nsec = 1 };

	if (moment == STARTTLS_NEVER)
		when.it_value.tv_nsec = 0;
	else if (moment > 0)
		when.it_value = (struct timespec){
			.tv_sec = (time_t)(moment / 1000000),
			.tv_nsec = (long)(moment % 1000000) * 1000 + 1,
		};
	return is_open(set) &&
	    timerfd_settime(set->timer, TFD_TIMER_ABSTIME, &when, NULL) == 0;
}

#else

bool
starttls_watchset_add(struct watchset *set, int fd)
{
	(void)set, (void)fd;
	return false;
}

bool
starttls_watchset_at(struct watchset *set, int64_t moment)
{
	(void)set, (void)moment;
	return false;
}

#endif

void
starttls_watchset_done(struct watchset *set)
{
	if (set->fd >= 0)
		close(set->fd);
	if (set->timer >= 0)
		close(set->timer);
	set->fd = set->timer = -1;
}
