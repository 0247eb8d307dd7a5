/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/* What a peer says that must not be shown: our password or token. */

#ifndef LOGIN_VEIL_H
#define LOGIN_VEIL_H

#include <stdbool.h>

/* In place of what has it in it. */
#define VEIL "(it repeats the credentials)"

/**
 * veil_repeats: whether a text of the peer has our secret in it.
 *
 * As it is, in capitals, between quotes and escapes, with %41 or its like for a
 * character, or anywhere within base64 or hexadecimal digits, or two of that
 * around each other; or its beginning, in front of "..." at the end.
 */
bool veil_repeats(const char *text, const char *secret);

#endif
