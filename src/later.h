/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/* Whether a refusal is for now only, as its response code says. */

#ifndef STARTTLS_LATER_H
#define STARTTLS_LATER_H

#include <stdbool.h>

#include "frame.h"

/**
 * starttls_says_later: whether a line of the peer, such as "* BYE", "a1 NO",
 * "-ERR" or "NO" and what follows, has a response code for "not now".
 */
bool starttls_says_later(struct bytes line);

#endif
