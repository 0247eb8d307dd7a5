/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/* When a check is no longer good enough, although nothing failed. */

#ifndef CHECK_THRESHOLD_H
#define CHECK_THRESHOLD_H

#include <stdbool.h>
#include <stdint.h>

#include "result.h"

/* What is left until the end, in whole ones. */
enum left_unit {
	LEFT_DAYS,
	LEFT_HOURS,
	LEFT_PERCENT               /* of the lifetime */
};
#define LEFT_UNITS (LEFT_PERCENT + 1)

struct threshold {
	bool has_time, has_end;
	int64_t time_us;           /* more is too slow */
	enum left_unit unit;
	long left;                 /* less is too near the end */
};

struct limits {
	struct threshold warning, critical;
};

enum severity { SEVERITY_NONE, SEVERITY_WARNING, SEVERITY_CRITICAL };

/* "days", "hours" or "percent". */
const char *left_name(enum left_unit unit);
/* False: it is not known. */
bool result_left(const struct result *r, enum left_unit unit, long *ret_left);

/* Whether a threshold is set, known to apply, and not kept. */
bool exceeds_time(const struct threshold *t, const struct result *r);
bool exceeds_end(const struct threshold *t, const struct result *r);

/* Whether there is any limit. */
bool has_limits(const struct limits *limits);
/* Whether the lifetime is needed, which is decoded for it. */
bool needs_lifetime(const struct limits *limits);
/* Of one that is good by itself. */
enum severity limits_judge(const struct limits *limits,
			   const struct result *r);
/* "warning", "critical"; "" for none. */
const char *severity_name(enum severity severity);
/* The status of the program for it. */
int severity_status(enum severity severity);
/* Which limit is to blame, in words: "slower than 2.000 s, less than 21 days
   left"; "" if none is. */
const char *limits_blame(char *buf, size_t size, const struct limits *limits,
			 const struct result *r);

#endif
