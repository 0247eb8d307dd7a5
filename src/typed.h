/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/* What somebody here has typed, as it may be shown again. */

#ifndef STARTTLS_TYPED_H
#define STARTTLS_TYPED_H

#include <stddef.h>

/**
 * starttls_typed_char: a character that is harmless in a line of text: UTF-8,
 * and no control, nor what hides or turns what is around it.
 *
 * Returns: its bytes, 1 to 4; 0: the first byte is not to be shown.
 */
size_t starttls_typed_char(const char *text);

/**
 * starttls_typed_show: a line of such characters, with '?' for each other byte,
 * and without the PINs of PKCS#11 URIs.
 *
 * Returns: @dst.
 */
const char *starttls_typed_show(char *dst, size_t size, const char *text);

/** starttls_typed_hide_pins: make the values of pin-value "...", in place. */
void starttls_typed_hide_pins(char *text);

#endif
