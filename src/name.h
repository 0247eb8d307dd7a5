/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/* Reference names of peers, and whether a presented name matches. */

#ifndef STARTTLS_NAME_H
#define STARTTLS_NAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "starttls.h"

struct name {
	char text[STARTTLS_HOST_SIZE]; /* lower case, A-labels, no final dot;
	                                  or an address without scope */
	uint8_t ip[16];
	size_t ip_len;             /* 0: a DNS name; 4 or 16: an address */
	bool is_absolute;          /* it had a final dot */
	bool is_service;           /* "_imap.example.org", an SRV-ID: set by
	                              whoever has asked for one */
};

#define NAMES_MAX (1 + STARTTLS_MAX_NAMES)

/* Names of which any will do; they belong to somebody else. */
struct names {
	const struct name *name[NAMES_MAX];
	unsigned count;
	const char *service;       /* whose SRV-ID, of the first name, will do
	                              as well: "_xmpp-client"; NULL: none */
	bool has_xmpp_addr;        /* and an XmppAddr of it */
};

/**
 * starttls_name_parse: make a reference name of what a person wrote.
 *
 * Returns: 0; STARTTLS_E_INVALID (and @ret_why says what is wrong with it)
 */
int starttls_name_parse(const char *text, struct name *ret_name,
			const char **ret_why);

/**
 * starttls_name_matches_dns: compare with a dNSName, RFC 9525 section 6.3.
 *
 * ASCII without case.  A wildcard stands for exactly one label, must be the
 * whole left-most one, and must have two labels behind it.  A final dot makes
 * a dNSName malformed (RFC 5280 section 4.2.1.6, RFC 1034 section 3.5).
 */
bool starttls_name_matches_dns(const struct name *name, const uint8_t *dns,
			       size_t len);

/**
 * starttls_name_matches_srv: compare with the SRVName of an otherName, RFC
 * 4985 section 2: the service and its domain, without wildcards.
 *
 * @srv  DER of the IA5String
 */
bool starttls_name_matches_srv(const struct name *name, const uint8_t *srv,
			       size_t len);

/**
 * starttls_name_matches_service: the same for a service of a domain, "_imap",
 * in whose name no service is.
 */
bool starttls_name_matches_service(const struct name *name,
				   const char *service, const uint8_t *srv,
				   size_t len);

/**
 * starttls_name_matches_xmpp: compare with the XmppAddr of an otherName, RFC
 * 6120 section 13.7.1.4, which has to be a domain.
 *
 * @addr  DER of the UTF8String
 */
bool starttls_name_matches_xmpp(const struct name *name, const uint8_t *addr,
				size_t len);

/** starttls_name_matches_ip: compare with an iPAddress, octet by octet. */
bool starttls_name_matches_ip(const struct name *name, const uint8_t *ip,
			      size_t len);

#endif
