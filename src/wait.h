/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * Waiting: the only file that calls poll(2).  A deadline is a point on the
 * monotonic clock in microseconds, so nothing that a peer does moves it.
 */

#ifndef STARTTLS_WAIT_H
#define STARTTLS_WAIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define STARTTLS_NEVER INT64_MAX

/** starttls_now_us: the monotonic clock. */
int64_t starttls_now_us(void);

/** starttls_deadline: @timeout_ms from now; -1: STARTTLS_NEVER. */
int64_t starttls_deadline(int timeout_ms);

/** starttls_left_ms: until @deadline, rounded up, for poll(2); -1: never. */
int starttls_left_ms(int64_t deadline);

/**
 * starttls_wait: wait until @fd is ready.
 *
 * @want           STARTTLS_WANT_READ or STARTTLS_WANT_WRITE
 * @interruptible  whether a signal ends it
 *
 * Returns: 0, also for a descriptor in error, which the next operation will
 * report; STARTTLS_E_TIMEOUT; STARTTLS_E_INTERRUPTED; STARTTLS_E_SYSTEM
 */
int starttls_wait(int fd, int want, int64_t deadline, bool interruptible);

/**
 * starttls_wait_until: the same, but no longer than @wake.
 *
 * Returns: as starttls_wait; 0 also when @wake has come before @deadline
 */
int starttls_wait_until(int fd, int want, int64_t wake, int64_t deadline,
			bool interruptible);

/**
 * starttls_which_ready: which of @fds, 16 at most, are writable or in error.
 * Does not wait.
 */
void starttls_which_ready(const int *fds, bool *ret_ready, size_t count);

#endif
