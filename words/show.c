/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * Text, times and dates as people get to see them.  Nothing here knows what it
 * is about; all of it is for people, and no format for machines.
 */

#include "config.h"

#include "show.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "typed.h"

const char *
clean(char *buf, size_t size, const char *text)
{
	size_t i;

	for (i = 0; text[i] != '\0' && i + 1 < size; i++)
		buf[i] = (unsigned char)text[i] < 0x20 ||
		    (unsigned char)text[i] >= 0x7f ? '?' : text[i];
	buf[i] = '\0';
	starttls_typed_hide_pins(buf);
	return buf;
}

const char *
show_typed(char *buf, size_t size, const char *text)
{
	return starttls_typed_show(buf, size, text);
}

const char *
show_peer(char *buf, size_t size, const char *url, const char *address)
{
	buf[0] = '\0';
	if (address[0] != '\0' && strstr(url, address) == NULL)
		snprintf(buf, size, " (%s)", address);
	return buf;
}

const char *
show_time(char *buf, size_t size, int64_t us)
{
	if (us < 0)
		snprintf(buf, size, "-");
	else if (us < 1000)
		snprintf(buf, size, "%" PRId64 " us", us);
	else if (us < 1000000)
		snprintf(buf, size, "%.1f ms", (double)us / 1e3);
	else
		snprintf(buf, size, "%.2f s", (double)us / 1e6);
	return buf;
}

bool
is_clamped(int64_t seconds)
{
	/* where time_t has 32 bits, for all from 2038 on (lib/x509/time.c) */
	return SIZEOF_TIME_T == 4 && seconds == 2145914603;
}

void
show_date(char *buf, size_t size, int64_t seconds)
{
	time_t when = (time_t)seconds;
	char text[24];
	struct tm tm;

	if (gmtime_r(&when, &tm) == NULL ||
	    strftime(text, sizeof(text), "%Y-%m-%d %H:%M UTC", &tm) == 0)
		snprintf(text, sizeof(text), "unknown");
	snprintf(buf, size, "%s%s", text,
	    is_clamped(seconds) ? " or later" : "");
}

long
days_until(int64_t seconds)
{
	int64_t left = seconds - (int64_t)time(NULL);

	/* round down, so that the last day is day 0 and the past negative */
	return (long)(left >= 0 ? left / 86400 : -((-left + 86399) / 86400));
}
