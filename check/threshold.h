/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/* When a check is no longer good enough, although nothing failed. */

#ifndef CHECK_THRESHOLD_H
#define CHECK_THRESHOLD_H

#include <stdbool.h>
#include <stdint.h>

#include "result.h"

struct threshold {
	bool has_time, has_days;
	int64_t time_us;           /* more is too slow */
	long days;                 /* less is too near the end */
};

/* Whether a threshold is set, known to apply, and not kept. */
bool exceeds_time(const struct threshold *t, const struct result *r);
bool exceeds_days(const struct threshold *t, const struct result *r);

#endif
