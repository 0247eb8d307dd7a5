/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/* Descriptors that a process was started with, and what is set on its own. */

#ifndef LOOP_DESCRIPTORS_H
#define LOOP_DESCRIPTORS_H

#include <stdbool.h>

/* A closed 0, 1 or 2 must not become somebody's socket.  What stands in for
   standard output cannot be written to, so that losing output is noticed. */
bool hold_standard_descriptors(void);

/* What we were started with is not for commands, but for 0, 1 and 2. */
void keep_from_commands(void);

/* A peer that has vanished is noticed in minutes; nothing on other sockets than
   TCP's. */
void keep_alive(int fd);

#endif
