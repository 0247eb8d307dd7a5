/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * Which targets may be probed.
 *
 * What is compared is the URL as it was taken apart to connect to it: there is
 * no second reading of it that could differ.  What a pattern does not match is
 * refused, so another way to write a name or an address is refused, too.
 */

#include "config.h"

#include "allow.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <fnmatch.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool
say_why(char *why, size_t size, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(why, size, format, args);
	va_end(args);
	return false;
}

static void
lower(char *text)
{
	for (; *text != '\0'; text++)
		*text = (char)tolower((unsigned char)*text);
}

/* The port that a scheme has by itself; 0: there is none, as with tls. */
static long
usual_port(const char *scheme)
{
	struct starttls_url url = { .size = sizeof(url) };
	struct starttls_error ignored;
	char text[32];

	snprintf(text, sizeof(text), "%s://host", scheme);
	if (starttls_url_parse(text, &url, &ignored) != 0)
		return 0;
	return strtol(url.port, NULL, 10);
}

/* "", ":*" or ":NUMBER" */
static bool
parse_port(const char *text, struct pattern *p)
{
	if (text[0] == '\0')
		return true;
	if (strcmp(text, ":*") == 0) {
		p->any_port = true;
		return true;
	}
	text++;
	if (text[0] == '\0' || strlen(text) > 5 ||
	    strspn(text, "0123456789") != strlen(text))
		return false;
	p->port = strtol(text, NULL, 10);
	return p->port >= 1 && p->port <= 65535;
}

/* "127.1" and "127.0x1" are neither names nor addresses, so no target has
   them. */
static bool
is_shorthand(const char *host)
{
	const char *label = strrchr(host, '.');
	struct in_addr ignored;

	label = label == NULL ? host : label + 1;
	if (inet_pton(AF_INET, host, &ignored) == 1)
		return false;
	return strncmp(label, "0x", 2) == 0 ?
	    label[2 + strspn(label + 2, "0123456789abcdef")] == '\0' :
	    label[strspn(label, "0123456789")] == '\0';
}

/* [ADDRESS] loses its brackets; others may be sets of fnmatch(3). */
static bool
parse_host(const char *text, size_t len, struct pattern *p)
{
	bool has_colon = memchr(text, ':', len) != NULL;

	if (has_colon) {
		if (len < 3 || text[0] != '[' || text[len - 1] != ']')
			return false;
		text++;
		len -= 2;
	}
	if (len == 0 || len >= sizeof(p->host))
		return false;
	memcpy(p->host, text, len);
	p->host[len] = '\0';
	lower(p->host);
	/* a scope says where a connection starts, not where it leads */
	return strpbrk(p->host, "/@% \t") == NULL && !is_shorthand(p->host);
}

/* Or it says why not, in the words of the library, which knows what was
   meant. */
static bool
is_scheme(const char *scheme, char *why, size_t size)
{
	struct starttls_url url = { .size = sizeof(url) };
	struct starttls_error error;
	char example[40];

	snprintf(example, sizeof(example), "%.24s://host:1", scheme);
	return strcmp(scheme, "*") == 0 ||
	    starttls_url_parse(example, &url, &error) == 0 ||
	    say_why(why, size, "there is no scheme \"%s\": %s", scheme,
		error.message);
}

static bool
parse_pattern(const char *text, struct pattern *ret_pattern, char *why,
	      size_t size)
{
	const char *host = strstr(text, "://"), *port;
	struct pattern p = { .port = 0 };
	size_t len = host == NULL ? 0 : (size_t)(host - text);

	if (len == 0 || len >= sizeof(p.scheme))
		return say_why(why, size, "\"%.80s\" is not of the form "
		    "SCHEME://HOST[:PORT]", text);
	memcpy(p.scheme, text, len);
	p.scheme[len] = '\0';
	lower(p.scheme);
	if (!is_scheme(p.scheme, why, size))
		return false;
	host += 3;
	port = strrchr(host, ':');
	/* a colon within brackets is one of an address */
	if (port == NULL || strchr(port, ']') != NULL)
		port = host + strlen(host);
	if (!parse_port(port, &p))
		return say_why(why, size, "\"%.10s\" is no port: a number "
		    "or *", port + 1);
	if (!p.any_port && p.port == 0 && strcmp(p.scheme, "*") != 0 &&
	    usual_port(p.scheme) == 0)
		return say_why(why, size, "%s has no usual port; write "
		    "%s://HOST:PORT", p.scheme, p.scheme);
	if (!parse_host(host, (size_t)(port - host), &p))
		return say_why(why, size, "\"%.80s\" has no usable host: IPv6 "
		    "addresses go in brackets and have no scope, others are "
		    "written in full", text);
	*ret_pattern = p;
	return true;
}

static bool
matches(const struct pattern *p, const struct starttls_url *url)
{
	const char *scheme = starttls_protocol_scheme(url->protocol,
	    url->from);
	char host[sizeof(url->host)];
	long port = p->port != 0 ? p->port : usual_port(scheme);

	if (strcmp(p->scheme, "*") != 0 && strcmp(p->scheme, scheme) != 0)
		return false;
	if (!p->any_port && strtol(url->port, NULL, 10) != port)
		return false;
	memcpy(host, url->host, sizeof(host));
	host[strcspn(host, "%")] = '\0'; /* or "%x.example.org" would match */
	lower(host);
	return fnmatch(p->host, host, FNM_NOESCAPE) == 0;
}

bool
allow_list_add(struct allow_list *list, const char *text, char *why,
	       size_t size)
{
	struct pattern *more = realloc(list->patterns, (list->count + 1) *
	    sizeof(*more));

	if (more == NULL)
		return say_why(why, size, "out of memory");
	list->patterns = more;
	if (!parse_pattern(text, &more[list->count], why, size))
		return false;
	list->count++;
	return true;
}

bool
allow_list_has(const struct allow_list *list, const struct starttls_url *url)
{
	size_t i;

	for (i = 0; i < list->count; i++)
		if (matches(&list->patterns[i], url))
			return true;
	return false;
}

void
allow_list_done(struct allow_list *list)
{
	free(list->patterns);
	list->patterns = NULL;
	list->count = 0;
}
