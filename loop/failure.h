/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/* A lack of this system, of which the library knows nothing, in its form. */

#ifndef LOOP_FAILURE_H
#define LOOP_FAILURE_H

#include "starttls.h"

/* STARTTLS_E_SYSTEM with errno's @number: "@what: why". */
void fill_system_error(struct starttls_error *error, int number,
		       const char *what);

#endif
