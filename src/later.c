/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * Response codes that say that the same may go well later.  They stand behind
 * the status, whatever the text says is not looked at.
 *
 *	IMAP         tag SP status SP "[" code [SP ...] "]"   RFC 9051, RFC 5530
 *	POP3         status SP "[" code "]"                   RFC 2449, RFC 3206
 *	ManageSieve  status SP "(" code [SP ...] ")"          RFC 5804
 *
 * IMAP's LIMIT is one as well: at this point of a conversation it can only be
 * that of connections.
 */

#include "config.h"

#include "later.h"

#include <string.h>
#include <strings.h>

#define MOST_WORDS 2               /* in front of the code */

static bool
is_code_for_later(const char *code, size_t len)
{
	static const char *const codes[] = {
		"UNAVAILABLE", "INUSE", "LIMIT",
		"SYS/TEMP", "IN-USE", "LOGIN-DELAY",
		"TRYLATER",
	};
	size_t i;

	for (i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		if (strlen(codes[i]) == len &&
		    strncasecmp(codes[i], code, len) == 0)
			return true;
	return false;
}

bool
starttls_says_later(struct bytes line)
{
	const char *p = (const char *)line.data, *end = p + line.len, *code;
	int words;

	for (words = 0; words <= MOST_WORDS && p < end; words++) {
		if (*p == '[' || *p == '(') {
			code = ++p;
			while (p < end && strchr(" ])", *p) == NULL)
				p++;
			return is_code_for_later(code, (size_t)(p - code));
		}
		while (p < end && *p != ' ')
			p++;
		p += p < end;
	}
	return false;
}
