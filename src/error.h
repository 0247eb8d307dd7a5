/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * Filling struct starttls_error.  None of these allocates or fails; the first
 * cause is kept, so a later call on a filled error only returns its code.
 */

#ifndef STARTTLS_ERROR_H
#define STARTTLS_ERROR_H

#include <stdarg.h>
#include <stdbool.h>

#include "starttls.h"

/** starttls_error_reset: make @error say that nothing has failed. */
void starttls_error_reset(struct starttls_error *error);

/**
 * starttls_error_set: record a failure, unless there is one already.
 *
 * Returns: the code of the recorded failure, also if @error is NULL.
 */
int starttls_error_set(struct starttls_error *error, int code,
		       enum starttls_phase phase, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
int starttls_error_vset(struct starttls_error *error, int code,
			enum starttls_phase phase, const char *format,
			va_list args) __attribute__((format(printf, 4, 0)));

/**
 * starttls_error_sys: the same with an errno, whose text is appended.
 */
int starttls_error_sys(struct starttls_error *error, int code,
		       enum starttls_phase phase, int sys_errno,
		       const char *format, ...)
	__attribute__((format(printf, 5, 6)));

/**
 * starttls_error_interrupted: tell the caller, and him alone, that a signal
 * came.  No object keeps it, as nothing has failed.
 *
 * Returns: STARTTLS_E_INTERRUPTED.
 */
int starttls_error_interrupted(struct starttls_error *error,
			       enum starttls_phase phase);

/**
 * starttls_error_give: copy @from, an object's sticky error, to the caller.
 *
 * Returns: its code.
 */
int starttls_error_give(struct starttls_error *error,
			const struct starttls_error *from);

/** starttls_is_fatal: whether it is over, and not to be called again. */
bool starttls_is_fatal(int code);

#endif
