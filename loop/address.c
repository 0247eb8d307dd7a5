/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * Addresses, to listen on and to tell.  What is to stay on this machine is
 * compared as an address, never as a name.
 */

#include "config.h"

#include "address.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "starttls.h"

bool
parse_address(const char *text, long least, char **ret_host, char **ret_port)
{
	const char *colon = strrchr(text, ':');
	size_t len, i;

	if (colon == NULL || colon == text || colon[1] == '\0' ||
	    strlen(colon + 1) > 5)
		return false;
	for (i = 1; colon[i] != '\0'; i++)
		if (!isdigit((unsigned char)colon[i]))
			return false;
	if (atol(colon + 1) < least || atol(colon + 1) > 65535)
		return false;
	len = (size_t)(colon - text);
	if (text[0] == '[') {
		if (len < 3 || text[len - 1] != ']')
			return false;
		text++;
		len -= 2;
	} else if (memchr(text, ':', len) != NULL) {
		return false;
	}
	free(*ret_host);
	free(*ret_port);
	*ret_host = strndup(text, len);
	*ret_port = strdup(colon + 1);
	return *ret_host != NULL && *ret_port != NULL;
}

void
show_address(const struct sockaddr *address, unsigned len, char *buf,
	     size_t size)
{
	char host[PEER_SIZE], port[8];

	if (address->sa_family == AF_UNIX ||
	    getnameinfo(address, len, host, sizeof(host), port, sizeof(port),
		NI_NUMERICHOST | NI_NUMERICSERV) != 0)
		snprintf(buf, size, "local");
	else
		snprintf(buf, size, address->sa_family == AF_INET6 ?
		    "[%s]:%s" : "%s:%s", host, port);
}

bool
is_loopback(const struct sockaddr *address)
{
	const struct sockaddr_in *in = (const void *)address;
	const struct sockaddr_in6 *in6 = (const void *)address;

	if (address->sa_family == AF_INET)
		return ntohl(in->sin_addr.s_addr) >> 24 == 127;
	return address->sa_family == AF_INET6 &&
	    IN6_IS_ADDR_LOOPBACK(&in6->sin6_addr);
}

/* "127.1" and "0x7f000001" are addresses to the resolver, and to nobody who
   reads them. */
static bool
is_shorthand(const char *host)
{
	struct addrinfo *list, hints = {
		.ai_family = AF_INET,
		.ai_flags = AI_NUMERICHOST,
	};
	struct in_addr ignored;

	if (getaddrinfo(host, NULL, &hints, &list) != 0)
		return false;
	freeaddrinfo(list);
	return inet_pton(AF_INET, host, &ignored) != 1;
}

int
find_address(const char *host, const char *port, bool only_loopback,
	     struct addrinfo **ret_list, char *why, size_t size)
{
	struct addrinfo hints = {
		.ai_family = AF_UNSPEC,
		.ai_socktype = SOCK_STREAM,
		.ai_flags = AI_PASSIVE | AI_NUMERICSERV,
	};
	struct addrinfo *list = NULL;
	int rc;

	/* no resolver decides what is loopback */
	if (only_loopback) {
		hints.ai_flags |= AI_NUMERICHOST;
		if (strcmp(host, "localhost") == 0)
			host = "127.0.0.1";
	}
	if (is_shorthand(host)) {
		snprintf(why, size, "%.100s is no address that is written in "
		    "full", host);
		return STARTTLS_E_INVALID;
	}
	rc = getaddrinfo(host, port, &hints, &list);
	if (rc != 0 && !only_loopback) {
		snprintf(why, size, "%.100s: %s", host, gai_strerror(rc));
		return STARTTLS_E_SYSTEM;
	}
	if (rc == 0 && (!only_loopback || is_loopback(list->ai_addr))) {
		*ret_list = list;
		return 0;
	}
	if (rc == 0)
		freeaddrinfo(list);
	snprintf(why, size, "%.100s is no loopback address, and in the clear "
	    "nothing may leave this machine; use 127.0.0.1 or [::1]", host);
	return STARTTLS_E_INVALID;
}
