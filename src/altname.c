/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * The names in subjectAltName, RFC 5280 section 4.2.1.6, for people.  Whether
 * one of them matches is not decided here.
 */

#include "config.h"

#include "altname.h"

#include <arpa/inet.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "starttls.h"
#include "text.h"

#define MAX_NAMES 64               /* of a certificate */
#define REST ", ..."               /* stands for names that are left out */

/* A comma stands between names, so within one it is escaped like whatever else
   could be taken for something else. */
static size_t
escape_commas(char *dst, size_t size, const char *src)
{
	size_t len = 0;

	for (; *src != '\0' && len + 5 <= size; src++)
		len += (size_t)snprintf(dst + len, size - len,
		    *src == ',' ? "\\x2c" : "%c", *src);
	dst[len] = '\0';
	return len;
}

/* One name of subjectAltName behind the others.  Returns whether there was
   room; some is left for what stands for the rest. */
static bool
add_name(char *names, size_t size, const char *kind, const void *data,
	 size_t len)
{
	size_t used = strlen(names);
	char text[STARTTLS_HOST_SIZE], escaped[4 * sizeof(text)];

	starttls_text_clean(text, sizeof(text), data, len);
	len = escape_commas(escaped, sizeof(escaped), text);
	if (used + strlen(kind) + len + sizeof(", :" REST) > size)
		return false;
	snprintf(names + used, size - used, "%s%s:%s", used > 0 ? ", " : "",
	    kind, escaped);
	return true;
}

/* Returns whether there was room, and nothing was malformed. */
static bool
add_any_name(char *names, size_t size, int type, const unsigned char *data,
	     size_t len)
{
	char address[INET6_ADDRSTRLEN];

	switch (type) {
	case GNUTLS_SAN_DNSNAME:
		return add_name(names, size, "DNS", data, len);
	case GNUTLS_SAN_RFC822NAME:
		return add_name(names, size, "email", data, len);
	case GNUTLS_SAN_URI:
		return add_name(names, size, "URI", data, len);
	case GNUTLS_SAN_IPADDRESS:
		return (len == 4 || len == 16) &&
		    inet_ntop(len == 4 ? AF_INET : AF_INET6, data, address,
			sizeof(address)) != NULL &&
		    add_name(names, size, "IP", address, strlen(address));
	default:                   /* of no use to a host */
		return true;
	}
}

void
starttls_altname_list(gnutls_x509_crt_t crt, char *names, size_t room)
{
	unsigned char data[STARTTLS_HOST_SIZE];
	bool complete = true;
	size_t size, used;
	unsigned i;
	int type = 0;

	names[0] = '\0';
	/* a few dozen fill the text; a hostile thousand must not cost more */
	for (i = 0; type >= 0 && i <= MAX_NAMES; i++) {
		size = sizeof(data);
		type = gnutls_x509_crt_get_subject_alt_name(crt, i, data,
		    &size, NULL);
		if (type == GNUTLS_E_SHORT_MEMORY_BUFFER) {
			complete = false;
			type = 0;
		} else if (type >= 0 && (i == MAX_NAMES ||
		    !add_any_name(names, room, type, data, size))) {
			complete = false;
		}
	}
	used = strlen(names);
	if (!complete)
		snprintf(names + used, room - used, "%s",
		    used > 0 ? REST : &REST[2]);
}
