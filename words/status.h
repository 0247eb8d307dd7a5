/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * Words: what the programs say to people, and to whoever has called them.
 *
 * The room has exit statuses, text as it may be shown, times and dates, and the
 * one line of a complaint.  It knows the library and nothing else of ours;
 * every other room but loop uses it.
 *
 * This header has the exit statuses.
 */

#ifndef WORDS_STATUS_H
#define WORDS_STATUS_H

#include "starttls.h"

/* Stable: see starttls(1). */
enum {
	EXIT_USAGE = 1,
	EXIT_UNREACHED = 2,
	EXIT_REFUSED = 3,
	EXIT_PROTOCOL = 4,
	EXIT_TLS = 5,
	EXIT_TIMEOUT = 6,
	EXIT_LOGIN = 7,
	EXIT_LOCAL = 8,
	EXIT_WARNING = 9,          /* good, but beyond a limit that was set */
	EXIT_CRITICAL = 10
};

/* 0 if nothing is wrong. */
int exit_status(const struct starttls_error *error);
/* Of a code that says no more than whose fault it is: the call's, or a lack of
   this system. */
int exit_status_of_call(int code);

#endif
