/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/* The clock of all deadlines. */

#ifndef LOOP_CLOCK_H
#define LOOP_CLOCK_H

#include <stdint.h>

/* Microseconds since some moment; nobody can set it. */
int64_t loop_now_us(void);

#endif
