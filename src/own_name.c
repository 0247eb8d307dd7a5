/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * What a client calls itself: a name that servers take, RFC 5321 sections
 * 2.3.5, 4.1.3 and 4.1.4.
 *
 * Many refuse a name without a domain, "localhost" above all; an address is
 * always good.  The domain is not looked for in the DNS, where it could take
 * any time to be found.  What is returned is made of letters, digits, '-' and
 * '.', or an address literal, whatever the host is called.
 */

#include "config.h"

#include "own_name.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "name.h"

/* Whether the host has a name that says something elsewhere. */
static bool
get_host_name(char ret_name[OWN_NAME_SIZE])
{
	char host[OWN_NAME_SIZE];
	struct name name;
	const char *why;

	if (gethostname(host, sizeof(host)) != 0 ||
	    memchr(host, '\0', sizeof(host)) == NULL ||
	    starttls_name_parse(host, &name, &why) != 0 || name.ip_len != 0 ||
	    strchr(name.text, '.') == NULL || strchr(name.text, '_') != NULL ||
	    strncmp(name.text, "localhost.", 10) == 0)
		return false;
	snprintf(ret_name, OWN_NAME_SIZE, "%s", name.text);
	return true;
}

void
starttls_own_name(const struct transport *io, char ret_name[OWN_NAME_SIZE])
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	uint8_t ip[16] = { 127, 0, 0, 1 };
	char text[INET6_ADDRSTRLEN];
	size_t len;

	if (get_host_name(ret_name))
		return;
	len = starttls_transport_own_address(io, ip);
	if (len == 16 && memcmp(ip, mapped, sizeof(mapped)) == 0)
		memmove(ip, ip + sizeof(mapped), 4);
	else if (len == 16 && inet_ntop(AF_INET6, ip, text, sizeof(text))) {
		snprintf(ret_name, OWN_NAME_SIZE, "[IPv6:%s]", text);
		return;
	}
	snprintf(ret_name, OWN_NAME_SIZE, "[%u.%u.%u.%u]", ip[0], ip[1],
	    ip[2], ip[3]);
}
