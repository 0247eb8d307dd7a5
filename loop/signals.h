/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/* Signals as bytes of a pipe, one for the process. */

#ifndef LOOP_SIGNALS_H
#define LOOP_SIGNALS_H

#include <stdbool.h>

/* The end to read them from, which never blocks.  False: see errno. */
bool signals_open(int *ret_fd);
/* From now on this one comes as a byte of its number. */
void signals_catch(int number);

#endif
