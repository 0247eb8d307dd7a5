/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * What this system lacks, as an error of the library's, so that there is one
 * way to tell of errors.
 */

#include "config.h"

#include "failure.h"

#include <stdio.h>
#include <string.h>

void
fill_system_error(struct starttls_error *e, int number, const char *what)
{
	memset(e, 0, sizeof(*e));
	e->code = STARTTLS_E_SYSTEM;
	e->error_class = (int)starttls_code_class(e->code);
	e->phase = STARTTLS_PHASE_SETUP;
	e->sys_errno = number;
	e->alert = e->depth = -1;
	snprintf(e->message, sizeof(e->message), "%s: %s", what,
	    strerror(number));
}
