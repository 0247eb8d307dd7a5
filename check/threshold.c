/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * Thresholds: a good result that is not good enough.
 *
 * The end is that of the verified path.  Days suit certificates of months and
 * hours those of days; a part of the lifetime suits both.
 */

#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "threshold.h"
#include "words/status.h"

#define HOUR 3600                  /* seconds */

const char *
left_name(enum left_unit unit)
{
	static const char *const names[LEFT_UNITS] = {
		[LEFT_DAYS] = "days", [LEFT_HOURS] = "hours",
		[LEFT_PERCENT] = "percent",
	};

	return names[unit];
}

/* Towards what is worse, as days_until does. */
static long
floor_of(int64_t part, int64_t whole)
{
	return (long)(part / whole - (part % whole < 0));
}

bool
result_left(const struct result *r, enum left_unit unit, long *ret_left)
{
	const int64_t left = r->ends_at - r->checked_at;
	const int64_t lifetime = r->ends_at - r->ends_from;

	if (r->ends_at == 0)
		return false;
	switch (unit) {
	case LEFT_DAYS:
		*ret_left = r->ends_in_days;
		return true;
	case LEFT_HOURS:
		*ret_left = floor_of(left, HOUR);
		return true;
	case LEFT_PERCENT:
		if (r->ends_from == 0 || lifetime <= 0)
			return false;
		*ret_left = floor_of(100 * left, lifetime);
		return true;
	}
	return false;
}

bool
exceeds_time(const struct threshold *t, const struct result *r)
{
	return t->has_time && r->total_us > t->time_us;
}

bool
exceeds_end(const struct threshold *t, const struct result *r)
{
	long left;

	return t->has_end && result_left(r, t->unit, &left) && left < t->left;
}

bool
has_limits(const struct limits *limits)
{
	return limits->warning.has_time || limits->warning.has_end ||
	    limits->critical.has_time || limits->critical.has_end;
}

static bool
is_part(const struct threshold *t)
{
	return t->has_end && t->unit == LEFT_PERCENT;
}

bool
needs_lifetime(const struct limits *limits)
{
	return is_part(&limits->warning) || is_part(&limits->critical);
}

static bool
exceeds(const struct threshold *t, const struct result *r)
{
	return exceeds_time(t, r) || exceeds_end(t, r);
}

enum severity
limits_judge(const struct limits *limits, const struct result *r)
{
	return exceeds(&limits->critical, r) ? SEVERITY_CRITICAL :
	    exceeds(&limits->warning, r) ? SEVERITY_WARNING : SEVERITY_NONE;
}

const char *
severity_name(enum severity severity)
{
	return severity == SEVERITY_CRITICAL ? "critical" :
	    severity == SEVERITY_WARNING ? "warning" : "";
}

int
severity_status(enum severity severity)
{
	return severity == SEVERITY_CRITICAL ? EXIT_CRITICAL :
	    severity == SEVERITY_WARNING ? EXIT_WARNING : 0;
}

const char *
limits_blame(char *buf, size_t size, const struct limits *limits,
	     const struct result *r)
{
	const struct threshold *t = exceeds(&limits->critical, r) ?
	    &limits->critical : &limits->warning;
	size_t len;

	buf[0] = '\0';
	if (exceeds_time(t, r))
		snprintf(buf, size, "slower than %" PRId64 ".%03d s",
		    t->time_us / 1000000, (int)(t->time_us / 1000 % 1000));
	len = strlen(buf);
	if (exceeds_end(t, r))
		snprintf(buf + len, size - len, "%sless than %ld%s left",
		    len > 0 ? ", " : "", t->left, t->unit == LEFT_PERCENT ?
		    "% of the lifetime" : t->unit == LEFT_HOURS ? " hours" :
		    " days");
	return buf;
}
