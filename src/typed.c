/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * Text of this side: names in any script, as they were typed, and no secret.
 * For that of a peer, which is shown in ASCII alone, there is text.c.
 *
 * Left out are the controls (ISO 6429's C1 as well), what turns the direction
 * of a line (Unicode TR36, CVE-2021-42574), what is not seen, and what means
 * nothing to others.  A PIN may stand in a URI, RFC 7512 section 2.3.
 */

#include "config.h"

#include "typed.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

static const struct {
	uint32_t from, to;
} unseen[] = {
	{ 0x00, 0x1f }, { 0x7f, 0x9f }, { 0xad, 0xad }, { 0x34f, 0x34f },
	{ 0x61c, 0x61c }, { 0x115f, 0x1160 }, { 0x17b4, 0x17b5 },
	{ 0x180b, 0x180f }, { 0x200b, 0x200f }, { 0x2028, 0x202e },
	{ 0x2060, 0x206f }, { 0x3164, 0x3164 }, { 0xd800, 0xf8ff },
	{ 0xfe00, 0xfe0f }, { 0xfeff, 0xfeff }, { 0xffa0, 0xffa0 },
	{ 0xfff0, 0xffff }, { 0xe0000, UINT32_MAX },
};

static bool
is_seen(uint32_t c)
{
	size_t i;

	for (i = 0; i < sizeof(unseen) / sizeof(unseen[0]); i++)
		if (c >= unseen[i].from && c <= unseen[i].to)
			return false;
	return true;
}

size_t
starttls_typed_char(const char *text)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	const unsigned char *p = (const unsigned char *)text;
	const size_t len = *p < 0x80 ? 1 : *p < 0xc0 ? 0 : *p < 0xe0 ? 2 :
	    *p < 0xf0 ? 3 : *p < 0xf8 ? 4 : 0;
	uint32_t c = len < 2 ? *p : *p & (0x7fu >> len);
	size_t i;

	for (i = 1; i < len; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (p[i] & 0x3f);
	}
	return len > 0 && c >= least[len] && is_seen(c) ? len : 0;
}

void
starttls_typed_hide_pins(char *text)
{
	static const char key[] = "pin-value=", dots[] = "...";
	char *end;

	for (; *text != '\0'; text++) {
		if (strncasecmp(text, key, sizeof(key) - 1) != 0)
			continue;
		text += sizeof(key) - 1;
		end = text + strcspn(text, " &\"");
		/* a shorter one leaves no room, and is dots alone */
		if (end - text > 3) {
			memcpy(text, dots, 3);
			memmove(text + 3, end, strlen(end) + 1);
		} else {
			memset(text, '.', (size_t)(end - text));
		}
		text--;
	}
}

const char *
starttls_typed_show(char *dst, size_t size, const char *text)
{
	size_t at = 0, len;

	while (*text != '\0') {
		len = starttls_typed_char(text);
		if (at + (len > 0 ? len : 1) >= size)
			break;
		if (len == 0)
			dst[at] = '?';
		else
			memcpy(dst + at, text, len);
		len += len == 0;
		text += len;
		at += len;
	}
	dst[at] = '\0';
	starttls_typed_hide_pins(dst);
	return dst;
}
