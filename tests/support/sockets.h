/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * Sockets on loopback for the tests.  Misuse aborts: this is test code.
 */

#ifndef TESTS_SOCKETS_H
#define TESTS_SOCKETS_H

#include <stdbool.h>
#include <stddef.h>

#define SOCKETS_PORT_SIZE 8

/**
 * sockets_bind: a TCP socket on a free loopback port, not listening: who
 * connects to it is refused, and nobody else gets the port.
 *
 * @family   AF_INET or AF_INET6
 *
 * Returns: the descriptor; -1 if the machine has no such address.
 */
int sockets_bind(int family, char ret_port[SOCKETS_PORT_SIZE]);

/** sockets_listen: the same, listening. */
int sockets_listen(int family, char ret_port[SOCKETS_PORT_SIZE]);

/**
 * sockets_fill: have a listener with its queue full: who connects to it gets
 * no answer at all.
 *
 * @ret_fds  the listener first, then what fills it; -1 behind them
 *
 * Returns: whether the system can be made to do that.
 */
bool sockets_fill(int family, char ret_port[SOCKETS_PORT_SIZE],
		  int ret_fds[16]);

/** sockets_pair: two ends of a TCP connection. */
void sockets_pair(int ret_fds[2]);

/** sockets_close: close descriptors up to a -1. */
void sockets_close(const int *fds);

/** sockets_count: open descriptors of the process. */
size_t sockets_count(void);

#endif
