/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * epoll(7), level-triggered: it tells the same as poll(2), in the same bits.
 */

#include "config.h"

#include "poller.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "loop.h"

#define MOST 64                    /* told at once */

_Static_assert(EPOLLIN == POLLIN && EPOLLOUT == POLLOUT &&
    EPOLLERR == POLLERR && EPOLLHUP == POLLHUP &&
    (POLLRDHUP == 0 || EPOLLRDHUP == POLLRDHUP), "bits are those of poll(2)");

struct poller {
	int fd;
};

struct poller *
poller_new(void)
{
	struct poller *poller = malloc(sizeof(*poller));

	if (poller == NULL)
		return NULL;
	poller->fd = epoll_create1(EPOLL_CLOEXEC);
	if (poller->fd >= 0)
		return poller;
	free(poller);
	return NULL;
}

bool
poller_reserve(struct poller *poller, size_t count)
{
	(void)poller, (void)count;
	return true;
}

int
poller_set(struct poller *poller, struct watch *watch)
{
	struct epoll_event event = {
		.events = (uint32_t)watch->events,
		.data.ptr = watch,
	};

	return epoll_ctl(poller->fd, watch->is_known ? EPOLL_CTL_MOD :
	    EPOLL_CTL_ADD, watch->fd, &event) == 0 ? 0 : errno;
}

/* One that is closed already has left by itself. */
void
poller_remove(struct poller *poller, struct watch *watch)
{
	struct epoll_event ignored = { .events = 0 };

	epoll_ctl(poller->fd, EPOLL_CTL_DEL, watch->known_fd, &ignored);
}

int
poller_wait(struct poller *poller, int timeout_ms, struct found *ret_list,
	    int size)
{
	struct epoll_event events[MOST];
	int i, n = epoll_wait(poller->fd, events, size < MOST ? size : MOST,
	    timeout_ms);

	for (i = 0; i < n; i++)
		ret_list[i] = (struct found){
			events[i].data.ptr, (short)events[i].events,
		};
	return n;
}

void
poller_free(struct poller *poller)
{
	if (poller == NULL)
		return;
	close(poller->fd);
	free(poller);
}
