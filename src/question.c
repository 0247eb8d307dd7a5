/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * A host and a port, and what the system's resolver says of them.
 *
 * What is no name, no address and no port is refused here and never asked.
 */

#include "config.h"

#include "question.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "name.h"
#include "text.h"

/*
 * Digits are a number from 1 to 65535; anything else may be the name of a
 * service, RFC 6335 section 5.1 and some that are older.  getaddrinfo() would
 * take "+1" and " 1" as well.
 */
static bool
is_port(const char *port, bool *ret_is_number)
{
	const size_t len = strlen(port), digits = strspn(port, "0123456789");

	*ret_is_number = digits == len;
	if (digits == len)
		return len > 0 && len <= 5 &&
		    strtoul(port, NULL, 10) - 1 < 65535;
	return len < sizeof(((struct question *)NULL)->port) &&
	    ((port[0] >= 'a' && port[0] <= 'z') ||
	    (port[0] >= 'A' && port[0] <= 'Z')) &&
	    strspn(port, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	    "0123456789-_.+/*") == len;
}

/*
 * An address with its scope; a name with its final dot, which keeps resolvers
 * from trying it in other domains first.  "localhost" is in no domain and in
 * the resolver's files, without a dot (RFC 6761 section 6.3).
 */
static void
write_host(struct question *question, const char *host, const struct name *name)
{
	snprintf(question->host, sizeof(question->host), "%s%s",
	    name->ip_len != 0 ? host : name->text, name->is_absolute &&
	    strcmp(name->text, "localhost") != 0 ? "." : "");
}

int
starttls_question_make(struct question *ret_question, const char *host,
		       const char *port, enum starttls_family family,
		       struct starttls_error *error)
{
	struct question *q = ret_question;
	struct name name;
	bool is_number;
	const char *why;
	int rc;

	if (!is_port(port, &is_number))
		return starttls_error_set(error, STARTTLS_E_INVALID,
		    STARTTLS_PHASE_SETUP, "the port is no number from 1 to "
		    "65535 and no service name");
	/* first, as the resolver takes "127.1" and "0x7f.1" for addresses */
	rc = starttls_name_parse(host, &name, &why);
	if (rc != 0)
		return starttls_error_set(error, rc, STARTTLS_PHASE_SETUP,
		    "the host cannot be used: %s", why);
	*q = (struct question){
		.family = family == STARTTLS_IPV4 ? AF_INET :
		    family == STARTTLS_IPV6 ? AF_INET6 : AF_UNSPEC,
		.flags = (name.ip_len != 0 ? AI_NUMERICHOST : 0) |
		    (is_number ? AI_NUMERICSERV : 0),
	};
	/* of an international name what is asked for */
	if (!starttls_text_is_plain(host))
		host = name.text;
	starttls_text_clean(q->shown, sizeof(q->shown), host, strlen(host));
	if ((family == STARTTLS_IPV4 && name.ip_len == 16) ||
	    (family == STARTTLS_IPV6 && name.ip_len == 4))
		return starttls_error_set(error, STARTTLS_E_RESOLVE,
		    STARTTLS_PHASE_RESOLVE, "cannot resolve %s: it is an "
		    "address of the other family", q->shown);
	write_host(q, host, &name);
	snprintf(q->port, sizeof(q->port), "%s", port);
	return 0;
}

/* Returns the next of the list, from @a on, that is of the family, or is not. */
static const struct addrinfo *
skip(const struct addrinfo *a, int family, bool is_of_it)
{
	while (a != NULL && (a->ai_family == family) != is_of_it)
		a = a->ai_next;
	return a;
}

static void
add(struct addresses *to, const struct addrinfo *a)
{
	if (to->count == RESOLVE_MAX_ADDRESSES ||
	    a->ai_addrlen > sizeof(to->list[0].address))
		return;
	memcpy(&to->list[to->count].address, a->ai_addr, a->ai_addrlen);
	to->list[to->count++].len = a->ai_addrlen;
}

/* The resolver's order, but with the families taking turns. */
static void
line_up(struct addresses *to, const struct addrinfo *list)
{
	const int family = list->ai_family;
	const struct addrinfo *same = list, *other = skip(list, family, false);

	to->count = 0;
	while (same != NULL || other != NULL) {
		if (same != NULL) {
			add(to, same);
			same = skip(same->ai_next, family, true);
		}
		if (other != NULL) {
			add(to, other);
			other = skip(other->ai_next, family, false);
		}
	}
}

int
starttls_question_answer(const struct question *question,
			 struct addresses *ret_addresses)
{
	struct addrinfo *list = NULL, hints = {
		.ai_family = question->family,
		.ai_socktype = SOCK_STREAM,
		.ai_flags = question->flags,
	};
	int rc = getaddrinfo(question->host, question->port, &hints, &list);
	int saved = errno;

	if (rc == 0) {
		line_up(ret_addresses, list);
		freeaddrinfo(list);
	}
	errno = saved;
	return rc;
}

int
starttls_question_failed(const struct question *question, int rc,
			 int sys_errno, struct starttls_error *error)
{
	const enum starttls_phase phase = STARTTLS_PHASE_RESOLVE;

	if (rc == EAI_MEMORY)
		return starttls_error_set(error, STARTTLS_E_NOMEM, phase,
		    "out of memory");
	if (rc == EAI_SERVICE)
		return starttls_error_set(error, STARTTLS_E_INVALID, phase,
		    "no such port or service");
	if (rc == EAI_SYSTEM)
		return starttls_error_sys(error, STARTTLS_E_RESOLVE, phase,
		    sys_errno, "cannot resolve %s", question->shown);
	return starttls_error_set(error, STARTTLS_E_RESOLVE, phase,
	    "cannot resolve %s: %s", question->shown, gai_strerror(rc));
}
