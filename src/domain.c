/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/* The name of an XMPP domain, which everybody else knows by its A-labels. */

#include "config.h"

#include "domain.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <gnutls/gnutls.h>

/* One character, as far as it is well formed, which is for GnuTLS to see to. */
static uint32_t
next_character(const uint8_t **at)
{
	uint32_t c = *(*at)++;
	unsigned more = c < 0xc0 ? 0 : c < 0xe0 ? 1 : c < 0xf0 ? 2 : 3;

	c &= more == 0 ? 0x7f : 0x3fu >> more;
	for (; more > 0 && (**at & 0xc0) == 0x80; more--)
		c = c << 6 | (*(*at)++ & 0x3f);
	return c;
}

/* Whether there was room. */
static bool
put_references(char *dst, size_t size, const uint8_t *at)
{
	size_t len = 0;

	while (*at != '\0' && len < size) {
		uint32_t c = next_character(&at);

		len += (size_t)snprintf(dst + len, size - len, c < 0x80 ?
		    "%c" : "&#%u;", (unsigned)c);
	}
	return len < size;
}

/* GnuTLS undoes more than it would do, so it has to come back as it was. */
static bool
put_u_labels(char dst[DOMAIN_SIZE], const char *name)
{
	gnutls_datum_t mapped = { NULL, 0 }, back = { NULL, 0 };
	bool good;

	good = gnutls_idna_reverse_map(name, (unsigned)strlen(name), &mapped,
	    0) >= 0 && gnutls_idna_map((const char *)mapped.data, mapped.size,
		&back, 0) >= 0 && back.size == strlen(name) &&
	    memcmp(back.data, name, back.size) == 0 &&
	    put_references(dst, DOMAIN_SIZE, mapped.data);
	gnutls_free(mapped.data);
	gnutls_free(back.data);
	return good;
}

void
starttls_domain(char dst[DOMAIN_SIZE], const char *name)
{
	if (strstr(name, "xn--") == NULL || !put_u_labels(dst, name))
		snprintf(dst, DOMAIN_SIZE, strchr(name, ':') != NULL ?
		    "[%s]" : "%s", name);
}
