/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/* Sockets that listen. */

#ifndef LOOP_LISTEN_H
#define LOOP_LISTEN_H

#include <stdbool.h>
#include <stddef.h>

/* The descriptor is the caller's, does not block, and is no command's.  These
   return as find_address; a path is repeated as it was given. */
int listen_tcp(const char *host, const char *port, bool only_loopback,
	       int *ret_fd, char *why, size_t size);
int listen_unix(const char *path, int *ret_fd, char *why, size_t size);

#endif
