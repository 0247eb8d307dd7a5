/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/* Thresholds: a good result that is not good enough. */

#include "config.h"

#include "threshold.h"

bool
exceeds_time(const struct threshold *t, const struct result *r)
{
	return t->has_time && r->total_us > t->time_us;
}

bool
exceeds_days(const struct threshold *t, const struct result *r)
{
	return t->has_days && r->ends_at != 0 && r->ends_in_days < t->days;
}
