/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/* Which scheme a port has that is no usual one: by what the server says. */

#ifndef CHECK_DETECT_H
#define CHECK_DETECT_H

#include "conversation.h"

/**
 * detect_scheme: connect, a few times, and look.
 *
 * @place  HOST:PORT
 * @c      NULL is returned: what went wrong, in code and error
 *
 * Returns: a static string; NULL: nobody there, or nobody that is known
 */
const char *detect_scheme(struct starttls_policy *policy,
			  const struct starttls_options *options,
			  const char *place, int timeout_ms,
			  struct conversation *c);

#endif
