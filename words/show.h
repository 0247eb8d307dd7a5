/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/* Text, times and dates as people get to see them. */

#ifndef WORDS_SHOW_H
#define WORDS_SHOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A name or URL as it was typed, in any script; no PINs. */
const char *show_typed(char *buf, size_t size, const char *text);
/* Printable ASCII of what somebody wrote; '?' for the rest; no PINs. */
const char *clean(char *buf, size_t size, const char *text);

#define PEER_SHOWN 70
/* " (ADDRESS)", of which peer it was, if the URL does not say so. */
const char *show_peer(char *buf, size_t size, const char *url,
		      const char *address);

/* Durations in the unit that suits them; the buffer has 16 bytes or more. */
const char *show_time(char *buf, size_t size, int64_t us);
/* Whether GnuTLS had to leave a later date at this one. */
bool is_clamped(int64_t seconds);
/* To the minute; the buffer has 32 bytes or more. */
void show_date(char *buf, size_t size, int64_t seconds);
/* Whole days from now to then, negative if it is past. */
long days_until(int64_t seconds);

#endif
