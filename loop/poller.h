/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * What poll(2) tells of many descriptors, without a look at those of which
 * there is nothing to tell.  configure chooses one of three: epoll(7),
 * kqueue(2), and poll(2) itself, where there is nothing better.
 */

#ifndef LOOP_POLLER_H
#define LOOP_POLLER_H

#include <stdbool.h>
#include <stddef.h>

struct watch;
struct poller;

/* Something was told of this one; in the terms of poll(2). */
struct found {
	struct watch *watch;
	short revents;
};

/* NULL: see errno. */
struct poller *poller_new(void);
/* Have room for @count watches.  False: out of memory. */
bool poller_reserve(struct poller *poller, size_t count);
/* Wait for what the watch wants from now on; its known_fd and known_events are
   what was wanted before, if it is known.  0 or errno. */
int poller_set(struct poller *poller, struct watch *watch);
/* For one that is known. */
void poller_remove(struct poller *poller, struct watch *watch);
/* How many were found, @size at most, all of which have their turn; or -1, see
   errno. */
int poller_wait(struct poller *poller, int timeout_ms, struct found *ret_list,
		int size);
void poller_free(struct poller *poller);

#endif
