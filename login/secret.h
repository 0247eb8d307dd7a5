/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/* Passwords and tokens: where they come from, and how they are forgotten. */

#ifndef LOGIN_SECRET_H
#define LOGIN_SECRET_H

#include <stddef.h>
#include <stdint.h>

#include "starttls.h"

/* NUL-terminated text in memory of its own; zeroed: none. */
struct secret {
	char *text;
	size_t size;               /* of the memory */
};

enum secret_source {
	SECRET_NONE,
	SECRET_FILE,               /* that nobody else can read */
	SECRET_COMMAND,            /* what sh -c prints */
	SECRET_FD,                 /* that we have inherited */
	SECRET_ENV                 /* a variable, which is wiped */
};

#define SECRET_MAX 16384

/**
 * secret_read: the first line of a source, without its end.
 *
 * @deadline_us  on the clock of loop_now_us
 * @why          what is wrong, in words that show nothing of the secret
 *
 * Returns: 0; or, with @why filled, STARTTLS_E_INVALID (the source is not usable, the
 * line is empty or too long) or STARTTLS_E_SYSTEM (the command failed, the
 * deadline, memory)
 */
int secret_read(struct secret *ret_secret, enum secret_source source,
		const char *argument, int64_t deadline_us, char *why,
		size_t why_size);

/* The same for a file as a whole, of @max bytes at most. */
int secret_read_file(struct secret *ret_secret, const char *path, size_t max,
		     int64_t deadline_us, char *why, size_t why_size);

/* Wipe and free. */
void secret_done(struct secret *secret);

#endif
