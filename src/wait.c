/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * Waiting with a total deadline on the monotonic clock.
 *
 * This is the only file that calls poll(2).  EINTR does not restart the
 * budget, as the time left is computed anew on every turn; whoever asks for it
 * is told.
 */

#include "config.h"

#include "wait.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <time.h>

#include "starttls.h"

#define POLLED_MAX 16

int64_t
starttls_now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t
starttls_deadline(int timeout_ms)
{
	if (timeout_ms < 0)
		return STARTTLS_NEVER;
	return starttls_now_us() + (int64_t)timeout_ms * 1000;
}

int
starttls_left_ms(int64_t deadline)
{
	int64_t left;

	if (deadline == STARTTLS_NEVER)
		return -1;
	left = deadline - starttls_now_us();
	if (left <= 0)
		return 0;
	left = (left + 999) / 1000;
	return left > INT_MAX ? INT_MAX : (int)left;
}

static int
poll_until(struct pollfd *one, int64_t deadline, bool interruptible)
{
	for (;;) {
		int left = starttls_left_ms(deadline);
		int n;

		if (left == 0)     /* even if something is ready */
			return STARTTLS_E_TIMEOUT;
		n = poll(one, 1, left);
		if (n > 0)
			return 0;
		if (n < 0 && errno == EINTR && interruptible)
			return STARTTLS_E_INTERRUPTED;
		if (n < 0 && errno != EINTR && errno != EAGAIN)
			return STARTTLS_E_SYSTEM;
	}
}

int
starttls_wait(int fd, int want, int64_t deadline, bool interruptible)
{
	struct pollfd one = {
		.fd = fd,
		.events = want == STARTTLS_WANT_WRITE ? POLLOUT : POLLIN,
	};

	return poll_until(&one, deadline, interruptible);
}

int
starttls_wait_until(int fd, int want, int64_t wake, int64_t deadline,
		    bool interruptible)
{
	int rc = starttls_wait(fd, want, wake < deadline ? wake : deadline,
	    interruptible);

	return rc == STARTTLS_E_TIMEOUT && wake < deadline ? 0 : rc;
}

void
starttls_which_ready(const int *fds, bool *ret_ready, size_t count)
{
	struct pollfd polled[POLLED_MAX];
	size_t i;
	int n;

	if (count > POLLED_MAX)
		count = POLLED_MAX;
	for (i = 0; i < count; i++)
		polled[i] = (struct pollfd){ .fd = fds[i], .events = POLLOUT };
	n = poll(polled, (nfds_t)count, 0);
	for (i = 0; i < count; i++)
		ret_ready[i] = n > 0 && polled[i].revents != 0;
}
