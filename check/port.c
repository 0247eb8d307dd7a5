/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * What a port says about the scheme: the usual ports of the registry, which
 * have one meaning each, and no look at who listens there.
 */

#include "config.h"

#include "port.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *
scheme_at(const struct starttls_protocol *p, enum starttls_stage from,
	  const char *port)
{
	const char *usual = starttls_protocol_port(p, from);

	return usual != NULL && atol(usual) == atol(port) ?
	    starttls_protocol_scheme(p, from) : NULL;
}

const char *
port_scheme(const char *port)
{
	const struct starttls_protocol *p = NULL;
	const char *found = NULL, *scheme;

	/* 465 is that of submissions, RFC 8314 section 7.3 */
	while ((p = starttls_protocol_next(p)) != NULL) {
		scheme = scheme_at(p, STARTTLS_GREETING, port);
		if (scheme == NULL)
			scheme = scheme_at(p, STARTTLS_HANDSHAKE, port);
		if (scheme != NULL)
			found = scheme;
	}
	return found;
}

void
port_other_url(const struct starttls_url *url, const char *scheme, char *buf,
	       size_t size)
{
	const bool is_ipv6 = strchr(url->host, ':') != NULL;

	snprintf(buf, size, "%s://%s%s%s:%s", scheme, is_ipv6 ? "[" : "",
	    url->host, is_ipv6 ? "]" : "", url->port);
}

void
port_dedicated_url(const struct starttls_url *url, char *buf, size_t size)
{
	const char *scheme = starttls_protocol_scheme(url->protocol,
	    STARTTLS_HANDSHAKE);

	port_other_url(url, scheme != NULL ? scheme : "tls", buf, size);
}

/* The scheme that a port of TLS from the start has instead; NULL: it is none. */
static const char *
dedicated_scheme(const struct starttls_url *url)
{
	const char *scheme = port_scheme(url->port);
	const struct starttls_protocol *p = NULL;

	if (scheme_at(url->protocol, STARTTLS_HANDSHAKE, url->port) != NULL)
		return starttls_protocol_scheme(url->protocol,
		    STARTTLS_HANDSHAKE);
	while (scheme != NULL && (p = starttls_protocol_next(p)) != NULL)
		if (scheme_at(p, STARTTLS_HANDSHAKE, url->port) != NULL)
			return scheme_at(p, STARTTLS_HANDSHAKE, url->port);
	return NULL;
}

char *
port_complete(const char *url, const char *port)
{
	struct starttls_url parsed = { .size = sizeof(parsed) };
	size_t len = strlen(url);
	char *text;

	if (port == NULL || starttls_url_parse(url, &parsed, NULL) == 0)
		return NULL;
	if (len > 0 && url[len - 1] == '/')
		len--;
	if (asprintf(&text, "%.*s:%s", (int)len, url, port) < 0)
		return NULL;
	if (starttls_url_parse(text, &parsed, NULL) == 0)
		return text;
	free(text);                /* something else is wrong with it */
	return NULL;
}

int
port_check(const char *text, struct starttls_error *error)
{
	struct starttls_url url = { .size = sizeof(url) };
	char better[PORT_URL_SIZE];
	const char *scheme;

	if (starttls_url_parse(text, &url, error) != 0 || !url.has_port ||
	    url.from == STARTTLS_HANDSHAKE ||
	    scheme_at(url.protocol, url.from, url.port) != NULL)
		return 0;
	scheme = dedicated_scheme(&url);
	if (scheme == NULL)
		return 0;
	port_other_url(&url, scheme, better, sizeof(better));
	*error = (struct starttls_error){
		.code = STARTTLS_E_INVALID,
		.error_class = STARTTLS_CLASS_USAGE,
		.phase = STARTTLS_PHASE_SETUP,
		.alert = -1,
		.depth = -1,
	};
	snprintf(error->message, sizeof(error->message), "port %s is that of "
	    "%s, where TLS comes first and nobody greets: use %.200s",
	    url.port, scheme, better);
	return error->code;
}

const char *
port_of_place(const char *text)
{
	const char *colon = strrchr(text, ':');
	size_t digits;

	if (colon == NULL || strpbrk(text, "/@?#") != NULL)
		return NULL;
	/* more than one of them is an address, which has brackets then */
	if (text[0] == '[' ? colon[-1] != ']' : strchr(text, ':') != colon)
		return NULL;
	digits = strspn(colon + 1, "0123456789");
	return digits > 0 && digits < 6 && colon[1 + digits] == '\0' ?
	    colon + 1 : NULL;
}
