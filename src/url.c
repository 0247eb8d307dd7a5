/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * URLs of the form scheme://host[:port][/], RFC 3986.
 *
 * The host may be an address in brackets, with a scope (RFC 6874, "%25" or a
 * plain "%").  Whether it is a possible name is not decided here.
 */

#include "config.h"

#include "url.h"

#include <stdio.h>
#include <string.h>

#include "error.h"
#include "near.h"
#include "registry.h"
#include "text.h"

/* Cut-off for the URL in messages, and for the rest. */
#define SHOWN 80
#define REASON 220

static int __attribute__((format(printf, 3, 4)))
bad(struct starttls_error *error, const char *text, const char *why, ...)
{
	char shown[SHOWN], reason[REASON];
	va_list args;

	va_start(args, why);
	vsnprintf(reason, sizeof(reason), why, args);
	va_end(args);
	starttls_text_clean(shown, sizeof(shown), text, strlen(text));
	return starttls_error_set(error, STARTTLS_E_INVALID,
	    STARTTLS_PHASE_SETUP, "URL \"%s\": %s", shown, reason);
}

static bool
is_port(const char *text, size_t len)
{
	unsigned value = 0;
	size_t i;

	for (i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
		value = value * 10 + (unsigned)(text[i] - '0');
		if (value > 65535)
			return false;
	}
	return len > 0 && len <= 5 && value > 0;
}

/* Copy the host and undo the "%25" of a scope. */
static bool
copy_host(struct starttls_url *url, const char *text, size_t len)
{
	const char *scope;
	size_t head;

	if (len == 0 || len >= sizeof(url->host))
		return false;
	scope = memchr(text, '%', len);
	head = scope == NULL ? len : (size_t)(scope - text) + 1;
	memcpy(url->host, text, head);
	text += head;
	len -= head;
	if (scope != NULL && len > 2 && memcmp(text, "25", 2) == 0) {
		text += 2;
		len -= 2;
	}
	memcpy(url->host + head, text, len);
	url->host[head + len] = '\0';
	return true;
}

/* What it may have been meant for, or what there is. */
static int
bad_scheme(struct starttls_error *error, const char *text, size_t len)
{
	const struct starttls_protocol *p;
	char all[REASON - 32] = "";
	struct near near;
	size_t at = 0, i;

	starttls_near_begin(&near, text, len);
	for (i = 0; (p = starttls_protocol_at(i)) != NULL; i++) {
		const bool upgrades = p->upgrade_rules.step != NULL;
		const char *scheme = upgrades ? p->name : p->scheme_tls;

		starttls_near_offer(&near, scheme);
		starttls_near_offer(&near, p->scheme_tls);
		if (at + strlen(scheme) + sizeof(", ...") > sizeof(all))
			continue;
		at += (size_t)snprintf(all + at, sizeof(all) - at, "%s%s",
		    at > 0 ? ", " : "", scheme);
	}
	if (near.best != NULL)
		return bad(error, text, "unknown scheme (did you mean "
		    "%s://?)", near.best);
	return bad(error, text, "unknown scheme; there are %s", all);
}

int
starttls_url_parse(const char *text, struct starttls_url *ret_url,
		   struct starttls_error *error)
{
	return starttls_url_parse_at(text, NULL, ret_url, error);
}

int
starttls_url_parse_at(const char *text, const char *last_port,
		      struct starttls_url *ret_url,
		      struct starttls_error *error)
{
	struct starttls_url url;
	const char *rest, *end, *host_end, *port = NULL;

	if (error != NULL)
		starttls_error_reset(error);
	if (text == NULL || ret_url == NULL || ret_url->size != sizeof(url))
		return starttls_error_set(error, STARTTLS_E_INVALID,
		    STARTTLS_PHASE_SETUP, "a URL and a place for its parts, "
		    "of the right size, are needed");
	memset(&url, 0, sizeof(url));
	url.size = sizeof(url);
	if (strchr(text, '@') != NULL) /* may be a password: not shown */
		return starttls_error_set(error, STARTTLS_E_INVALID,
		    STARTTLS_PHASE_SETUP, "the URL has an '@': no user or "
		    "password belongs into it");
	rest = strstr(text, "://");
	if (rest == NULL)
		return bad(error, text, "no scheme; write imap://host, "
		    "smtps://host:465 or the like");
	url.protocol = starttls_protocol_of_scheme((struct bytes){
	    (const uint8_t *)text, (size_t)(rest - text) }, &url.from);
	if (url.protocol == NULL)
		return bad_scheme(error, text, (size_t)(rest - text));
	rest += 3;
	end = rest + strcspn(rest, "/?#");
	if (strcmp(end, "") != 0 && strcmp(end, "/") != 0)
		return bad(error, text, "nothing may follow host and port");
	if (*rest == '[') {
		rest++;
		host_end = memchr(rest, ']', (size_t)(end - rest));
		if (host_end == NULL)
			return bad(error, text, "']' is missing");
		if (host_end + 1 < end && host_end[1] != ':')
			return bad(error, text, "only :port may follow ']'");
		port = host_end + 1 < end ? host_end + 2 : NULL;
	} else {
		host_end = memchr(rest, ':', (size_t)(end - rest));
		port = host_end == NULL ? NULL : host_end + 1;
		if (host_end == NULL)
			host_end = end;
		if (port != NULL &&
		    memchr(port, ':', (size_t)(end - port)) != NULL)
			return bad(error, text,
			    "write an IPv6 address in brackets");
	}
	if (!copy_host(&url, rest, (size_t)(host_end - rest)))
		return bad(error, text, "no host, or one too long");
	url.has_port = port != NULL;
	if (port == NULL) {
		port = starttls_protocol_port(url.protocol, url.from);
		if (port == NULL)
			port = last_port;
		if (port == NULL)
			return bad(error, text, "%s has no usual port; write "
			    "%s://host:port", starttls_protocol_scheme(
			    url.protocol, url.from), starttls_protocol_scheme(
			    url.protocol, url.from));
		end = port + strlen(port);
	}
	if (!is_port(port, (size_t)(end - port)))
		return bad(error, text, "the port is no number from 1 to "
		    "65535");
	memcpy(url.port, port, (size_t)(end - port));
	*ret_url = url;
	return 0;
}
