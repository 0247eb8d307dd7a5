/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * Values of options: numbers are whole and in bounds, or no numbers.
 */

#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "check/format.h"
#include "choices.h"
#include "loop/address.h"
#include "values.h"

#define MAX_TIMEOUT 86400          /* seconds */
#define MAX_COUNT 1000000
#define MAX_DAYS 100000

bool
parse_seconds(const char *text, int *ret_ms)
{
	double seconds;
	char *end;

	errno = 0;
	seconds = strtod(text, &end);
	/* no hexadecimal, no "inf" or "nan", no blanks */
	if (text[0] == '\0' || *end != '\0' || errno != 0 ||
	    strspn(text, "0123456789.") != strlen(text) ||
	    seconds > MAX_TIMEOUT)
		return false;
	*ret_ms = (int)(seconds * 1000 + 0.999);
	return true;
}

bool
parse_timeout(const char *text, int *ret_ms)
{
	return parse_seconds(text, ret_ms) && *ret_ms > 0;
}

bool
parse_connect(const char *text, struct settings *s)
{
	if (!parse_address(text, 1, &s->connect_host, &s->connect_port))
		return false;
	s->options.connect_host = s->connect_host;
	s->options.connect_port = s->connect_port;
	return true;
}

bool
parse_count(const char *text, long *ret_count)
{
	if (text[0] == '\0' || strlen(text) > 7 ||
	    strspn(text, "0123456789") != strlen(text) ||
	    atol(text) < 1 || atol(text) > MAX_COUNT)
		return false;
	*ret_count = atol(text);
	return true;
}

bool
parse_retries(const char *text, long *ret_count)
{
	*ret_count = 0;
	return strcmp(text, "0") == 0 || parse_count(text, ret_count);
}

/* "days=N", "days=N%", "hours=N" */
static bool
parse_end(const char *text, struct threshold *t)
{
	long most = MAX_DAYS;
	size_t digits;

	t->unit = LEFT_DAYS;
	if (strncmp(text, "hours=", 6) == 0) {
		t->unit = LEFT_HOURS;
		most = 24 * MAX_DAYS;
		text += 6;
	} else if (strncmp(text, "days=", 5) == 0) {
		text += 5;
	} else {
		return false;
	}
	digits = strspn(text, "0123456789");
	if (t->unit == LEFT_DAYS && strcmp(text + digits, "%") == 0) {
		t->unit = LEFT_PERCENT;
		most = 100;
	} else if (text[digits] != '\0') {
		return false;
	}
	if (digits == 0 || digits > 7 || atol(text) > most)
		return false;
	t->has_end = true;
	t->left = atol(text);
	return true;
}

static bool
parse_limit(const char *text, struct threshold *t)
{
	int ms;

	if (strncmp(text, "time=", 5) == 0 &&
	    parse_timeout(text + 5, &ms)) {
		t->has_time = true;
		t->time_us = (int64_t)ms * 1000;
		return true;
	}
	return parse_end(text, t);
}

bool
parse_threshold(const char *text, struct threshold *ret_threshold)
{
	struct threshold t = { .has_time = false };
	char part[32];
	size_t len;

	do {
		len = strcspn(text, ",");
		if (len >= sizeof(part))
			return false;
		memcpy(part, text, len);
		part[len] = '\0';
		if (!parse_limit(part, &t))
			return false;
		text += len;
	} while (*text++ == ',');
	*ret_threshold = t;
	return true;
}

int
set_format(struct settings *s, const char *value,
	   struct starttls_error *error)
{
	const struct format *format = format_find(value);
	size_t i = 0;
	const char *name;

	while ((name = choice(s->subcommand, 'f', i)) != NULL &&
	    strcmp(name, value) != 0)
		i++;
	if (name == NULL || format == NULL)
		return 1;
	s->format.format = format;
	if (format->add != NULL)
		return 0;
	memset(error, 0, sizeof(*error));
	snprintf(error->message, sizeof(error->message),
	    "%s is not in this program: it was built without the library for "
	    "it", format->name);
	error->code = STARTTLS_E_INVALID;
	return error->code;
}

int
set_port(struct settings *s, const char *text, struct starttls_error *error)
{
	struct starttls_url url = { .size = sizeof(url) };
	const char *equals = strchr(text, '=');
	struct starttls_error ignored;
	char example[64];

	if (equals == NULL || s->probe.port_count == MAX_PORTS ||
	    snprintf(example, sizeof(example), "%.*s://h:%s",
	    (int)(equals - text), text, equals + 1) >= (int)sizeof(example))
		return 1;
	if (starttls_url_parse(example, &url, &ignored) != 0) {
		/* without what stands behind it, which may be anything */
		snprintf(example, sizeof(example), "%.*s://h:1",
		    (int)(equals - text), text);
		return starttls_url_parse(example, &url, error) != 0 ?
		    error->code : 1;
	}
	s->probe.ports[s->probe.port_count++] = text;
	return strncmp(text, starttls_protocol_scheme(url.protocol, url.from),
	    (size_t)(equals - text)) == 0 && strlen(equals + 1) ==
	    strlen(url.port) ? 0 : 1;
}

int
set_alpn(struct settings *s, const char *value, struct starttls_error *error)
{
	static const struct {
		const char *name;
		enum starttls_alpn mode;
	} modes[] = {
		{ "auto", STARTTLS_ALPN_AUTO }, { "off", STARTTLS_ALPN_OFF },
		{ "on", STARTTLS_ALPN_ON }, { "require", STARTTLS_ALPN_REQUIRE },
	};
	size_t i;

	for (i = 0; i < sizeof(modes) / sizeof(modes[0]); i++)
		if (strcmp(modes[i].name, value) == 0)
			return starttls_policy_set_alpn(s->policy,
			    modes[i].mode, error);
	return 1;
}

int
set_min_version(struct settings *s, const char *value,
		struct starttls_error *error)
{
	enum starttls_tls_version version = STARTTLS_TLS1_2;

	if (strcmp(value, "1.3") == 0)
		version = STARTTLS_TLS1_3;
	else if (strcmp(value, "1.2") != 0)
		return 1;
	return starttls_policy_raise_min_version(s->policy, version, error);
}

int
set_client_cert(struct settings *s, const char *value,
		struct starttls_error *error)
{
	enum starttls_client_cert mode = STARTTLS_CLIENT_CERT_OPTIONAL;

	if (strcmp(value, "required") == 0)
		mode = STARTTLS_CLIENT_CERT_REQUIRED;
	else if (strcmp(value, "optional") != 0)
		return 1;
	s->client_cert = true;
	return starttls_policy_client_cert(s->policy, mode, error);
}

int
set_client_ca(struct settings *s, const char *value,
	      struct starttls_error *error)
{
	s->client_ca = true;
	return starttls_policy_trust_file(s->policy, value, error);
}
