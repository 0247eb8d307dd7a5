/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * What <sys/event.h> has on systems with kqueue(2), as far as the model in
 * tests/kqueue/kqueue.c goes.
 */

#ifndef KQUEUE_SYS_EVENT_H
#define KQUEUE_SYS_EVENT_H

#include <stdint.h>
#include <time.h>

#define EVFILT_READ (-1)
#define EVFILT_WRITE (-2)

/* to do */
#define EV_ADD 0x0001
#define EV_DELETE 0x0002
/* how */
#define EV_CLEAR 0x0020
/* told */
#define EV_ERROR 0x4000
#define EV_EOF 0x8000

struct kevent {
	uintptr_t ident;
	short filter;
	unsigned short flags;
	unsigned int fflags;
	intptr_t data;
	void *udata;
};

#define EV_SET(kev, a, b, c, d, e, f) \
	(*(kev) = (struct kevent){ \
		.ident = (a), .filter = (b), .flags = (c), .fflags = (d), \
		.data = (e), .udata = (f), \
	})

int kqueue(void);
int kevent(int kq, const struct kevent *changes, int nchanges,
	   struct kevent *events, int nevents, const struct timespec *timeout);

#endif
