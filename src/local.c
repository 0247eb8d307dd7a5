/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * Where connections come from: a local address, an interface.
 *
 * Both are only ever what the application has asked for: if they cannot be
 * had there is no connection.  Link-local addresses without a scope get the
 * interface's (RFC 4007 section 6).
 */

#include "config.h"

#include "local.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "name.h"
#include "text.h"

static int
invalid(struct starttls_error *error, const char *why)
{
	return starttls_error_set(error, STARTTLS_E_INVALID,
	    STARTTLS_PHASE_SETUP, "%s", why);
}

/* Numbers only; the resolver would take "127.1" as well. */
static bool
parse_address(struct local *l, const char *text)
{
	struct addrinfo *list, hints = { .ai_socktype = SOCK_STREAM,
		.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV };
	struct name name;
	const char *why;

	if (starttls_name_parse(text, &name, &why) != 0 || name.ip_len == 0 ||
	    getaddrinfo(text, NULL, &hints, &list) != 0)
		return false;
	memcpy(&l->address, list->ai_addr, list->ai_addrlen);
	l->len = list->ai_addrlen;
	freeaddrinfo(list);
	starttls_text_clean(l->shown, sizeof(l->shown), text, strlen(text));
	return true;
}

int
starttls_local_make(struct local *ret_local, const char *address,
		    const char *interface, enum starttls_family *family,
		    struct starttls_error *error)
{
	enum starttls_family own;

	*ret_local = (struct local){ .len = 0 };
	if (interface != NULL && (interface[0] == '\0' ||
	    strlen(interface) >= sizeof(ret_local->interface) ||
	    !starttls_text_is_plain(interface)))
		return invalid(error, "the local interface is empty, too "
		    "long, or has controls or 8-bit characters");
	if (interface != NULL)
		snprintf(ret_local->interface, sizeof(ret_local->interface),
		    "%s", interface);
	if (address == NULL)
		return 0;
	if (!parse_address(ret_local, address))
		return invalid(error, "the local address is no address");
	own = ret_local->address.ss_family == AF_INET6 ? STARTTLS_IPV6 :
	    STARTTLS_IPV4;
	if (*family != STARTTLS_ANY && *family != own)
		return invalid(error, "the local address is of the other "
		    "family");
	*family = own;
	return 0;
}

/* Returns 0, or -1 and errno. */
static int
bind_to_interface(const char *interface, int fd, int family)
{
#ifdef SO_BINDTODEVICE
	(void)family;
	return setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, interface,
	    (socklen_t)strlen(interface) + 1);
#elif defined(IP_BOUND_IF) && defined(IPV6_BOUND_IF)
	unsigned index = if_nametoindex(interface);

	if (index == 0)
		return -1;
	return family == AF_INET6 ?
	    setsockopt(fd, IPPROTO_IPV6, IPV6_BOUND_IF, &index,
		sizeof(index)) :
	    setsockopt(fd, IPPROTO_IP, IP_BOUND_IF, &index, sizeof(index));
#else
	(void)interface, (void)fd, (void)family;
	errno = ENOTSUP;
	return -1;
#endif
}

static void
add_scope(const struct local *l, struct sockaddr_storage *address)
{
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)(void *)address;

	if (l->interface[0] != '\0' && address->ss_family == AF_INET6 &&
	    in6->sin6_scope_id == 0 &&
	    IN6_IS_ADDR_LINKLOCAL(&in6->sin6_addr))
		in6->sin6_scope_id = if_nametoindex(l->interface);
}

/* Before it is connected to somebody else. */
static int
bind_address(const struct local *l, int fd)
{
	struct sockaddr_storage address = l->address;
#ifdef IP_BIND_ADDRESS_NO_PORT
	int one = 1;

	/* one port may then serve for several peers */
	setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one,
	    sizeof(one));
#endif
	add_scope(l, &address);
	return bind(fd, (const struct sockaddr *)&address, l->len);
}

static int
failed(struct starttls_error *error, const char *what, const char *which)
{
	return starttls_error_sys(error, STARTTLS_E_SYSTEM,
	    STARTTLS_PHASE_CONNECT, errno, "cannot dial from %s%s", what,
	    which);
}

int
starttls_local_bind(const struct local *local, int fd,
		    struct sockaddr_storage *remote,
		    struct starttls_error *error)
{
	if (local->interface[0] != '\0' && bind_to_interface(local->interface,
	    fd, remote->ss_family) != 0)
		return failed(error, "interface ", local->interface);
	add_scope(local, remote);
	if (local->len > 0 && bind_address(local, fd) != 0)
		return failed(error, "", local->shown);
	return 0;
}
