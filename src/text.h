/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/* Text of the peer made safe to show, and base64. */

#ifndef STARTTLS_TEXT_H
#define STARTTLS_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * starttls_text_clean: copy @src so that it may reach a terminal or a log.
 *
 * Printable ASCII stays; every other byte (C0, C1, DEL, 8-bit) and the
 * backslash become \xNN; what does not fit ends in "...".
 *
 * @size     capacity of @dst, at least 4
 *
 * Returns: length of the NUL-terminated result.
 */
size_t starttls_text_clean(char *dst, size_t size, const void *src,
			   size_t len);

/** starttls_text_is_plain: whether @text is free of controls and 8-bit. */
bool starttls_text_is_plain(const char *text);

/**
 * starttls_base64_decode: decode until a byte that is not base64.
 *
 * Line ends and blanks are skipped.  Decoding may be in place.
 *
 * @dst      room for 3 bytes for each 4 of @src
 * @ret_end  offset in @src of the first byte not decoded
 *
 * Returns: bytes written; -1 if the padding is wrong.
 */
ptrdiff_t starttls_base64_decode(uint8_t *dst, const char *src, size_t len,
				 size_t *ret_end);

/**
 * starttls_base64_encode: NUL-terminated base64 of @src.
 *
 * @dst      room for 4 bytes for each 3 of @src begun, and 1
 */
void starttls_base64_encode(char *dst, const uint8_t *src, size_t len);

#endif
