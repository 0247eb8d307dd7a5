/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * poll(2), for systems that have nothing better: it looks at all descriptors
 * each time, and so do we.
 */

#include "config.h"

#include "poller.h"

#include <stdlib.h>

#include "compat.h"
#include "loop.h"

struct poller {
	struct pollfd *fds;
	struct watch **watches;    /* in the order of fds */
	size_t count, size;
	size_t next;               /* to be looked at first */
};

struct poller *
poller_new(void)
{
	return calloc(1, sizeof(struct poller));
}

bool
poller_reserve(struct poller *p, size_t count)
{
	struct pollfd *fds;
	struct watch **watches;
	size_t size = p->size < 32 ? 32 : p->size;

	if (count <= p->size)
		return true;
	while (size < count)
		size *= 2;
	fds = reallocarray(p->fds, size, sizeof(*fds));
	if (fds == NULL)
		return false;
	p->fds = fds;
	watches = reallocarray(p->watches, size,
	    sizeof(*watches)); /* NOLINT(bugprone-sizeof-expression) */
	if (watches == NULL)
		return false;
	p->watches = watches;
	p->size = size;
	return true;
}

int
poller_set(struct poller *p, struct watch *watch)
{
	if (!watch->is_known) {
		if (!poller_reserve(p, p->count + 1))
			return ENOMEM;
		watch->known_at = p->count++;
		p->watches[watch->known_at] = watch;
	}
	p->fds[watch->known_at] = (struct pollfd){
		.fd = watch->fd, .events = watch->events,
	};
	return 0;
}

void
poller_remove(struct poller *p, struct watch *watch)
{
	const size_t at = watch->known_at;

	p->count--;
	p->fds[at] = p->fds[p->count];
	p->watches[at] = p->watches[p->count];
	p->watches[at]->known_at = at;
}

int
poller_wait(struct poller *p, int timeout_ms, struct found *ret_list, int size)
{
	int n = poll(p->fds, (nfds_t)p->count, timeout_ms), told = 0;
	size_t i, at = p->next;

	if (n <= 0)
		return n;
	for (i = 0; i < p->count && told < n && told < size; i++, at++) {
		at = at < p->count ? at : 0;
		if (p->fds[at].revents != 0)
			ret_list[told++] = (struct found){
				p->watches[at], p->fds[at].revents,
			};
	}
	p->next = at;
	return told;
}

void
poller_free(struct poller *p)
{
	if (p == NULL)
		return;
	free(p->fds);
	free(p->watches);
	free(p);
}
