/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * check_starttls, for Nagios, Icinga and their kin: options as the Monitoring
 * Plugins have them, https://www.monitoring-plugins.org/doc/guidelines.html
 *
 * All of it is "starttls check --format nagios" in other words, so this makes
 * those words.  What is not an option of plugins is left to it as it is.
 */

#include "config.h"

#include "plugin.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check/format.h"
#include "cli.h"
#include "compat.h"
#include "options.h"
#include "words/status.h"

#define DEFAULT_TIMEOUT "10"
#define ADDED 16                   /* arguments, at most, of our own */

struct plugin_row {
	char letter;
	const char *name;
	const char *argument;      /* NULL: none */
	const char *help;
};

static const struct plugin_row rows[] = {
	{ 'H', "--hostname", "HOST",
	  "whom to connect to, and to verify" },
	{ 'I', "--IP-address", "ADDRESS",
	  "connect to this; -H still names whom to verify" },
	{ 'p', "--port", "NUMBER", "port (default: that of the protocol)" },
	{ 'P', "--protocol", "SCHEME",
	  "as in URLs: imap, imaps, smtp; tls for others, with -p" },
	{ 'w', "--warning", "SECONDS", "warn if it takes longer" },
	{ 'c', "--critical", "SECONDS", "critical if it takes longer" },
	{ 'D', "--certificate", "DAYS[,DAYS]",
	  "warn, or critical, with that many or fewer days left" },
	{ 't', "--timeout", "SECONDS",
	  "critical if it is not over by then (default: " DEFAULT_TIMEOUT ")" },
	{ '4', "--use-ipv4", NULL, "IPv4 only" },
	{ '6', "--use-ipv6", NULL, "IPv6 only" },
	{ 'v', "--verbose", NULL, "show the dialog on standard error" },
	{ 'h', "--help", NULL, "print this" },
	{ 'V', "--version", NULL, "print the version" },
	{ 0, NULL, NULL, NULL }
};

struct plugin {
	const char *value[128];    /* by letter */
	const char **rest;         /* what is for check as it is */
	int rest_count;
	char **made;               /* what check gets */
	int count;
};

static int __attribute__((format(printf, 1, 2)))
unknown(const char *format, ...)
{
	char text[300];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	return plugin_unknown(text);
}

/* One more argument for check; false: out of memory. */
static bool __attribute__((format(printf, 2, 3)))
add(struct plugin *p, const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = vasprintf(&p->made[p->count], format, args);
	va_end(args);
	if (n < 0) {
		p->made[p->count] = NULL;
		return false;
	}
	p->count++;
	return true;
}

static int
print_help(void)
{
	const struct plugin_row *row;
	char name[40];

	fputs("usage: " PLUGIN_NAME " -H HOST -P PROTOCOL [OPTION...]\n\n"
	    "Check that a server upgrades to verified TLS, and for how long its\n"
	    "certificates are good.\n\n", stdout);
	for (row = rows; row->name != NULL; row++) {
		snprintf(name, sizeof(name), "-%c, %s%s%s", row->letter,
		    row->name, row->argument != NULL ? "=" : "",
		    row->argument != NULL ? row->argument : "");
		printf("  %-31s %s\n", name, row->help);
	}
	fputs("\nAll options of \"starttls check\" do as well, such as --ca-file "
	    "and --login.\nSee " PLUGIN_NAME "(8).\n", stdout);
	return PLUGIN_UNKNOWN;
}

/* ---- what it was called with ---- */

static const struct plugin_row *
find_long(const char *argument, const char **ret_value)
{
	const size_t len = strcspn(argument, "=");
	const struct plugin_row *row;

	*ret_value = argument[len] == '=' ? argument + len + 1 : NULL;
	for (row = rows; row->name != NULL; row++)
		if (strlen(row->name) == len &&
		    memcmp(row->name, argument, len) == 0)
			return row;
	return NULL;
}

static const struct plugin_row *
find_letter(char letter)
{
	const struct plugin_row *row = rows;

	while (row->name != NULL && row->letter != letter)
		row++;
	return row->name != NULL ? row : NULL;
}

/* @value is what stands behind it already, or NULL.  -1 or the status. */
static int
take(struct plugin *p, const struct plugin_row *row, const char *value,
     int argc, char **argv, int *at)
{
	if (row->letter == 'h')
		return print_help();
	if (row->letter == 'V') {
		print_version(PLUGIN_NAME);
		return PLUGIN_UNKNOWN;
	}
	if (row->argument == NULL && value != NULL)
		return unknown("%s takes no value", row->name);
	if (row->argument != NULL && value == NULL) {
		if (*at + 1 >= argc)
			return unknown("-%c needs a value (%s)", row->letter,
			    row->argument);
		value = argv[++*at];
	}
	p->value[(unsigned char)row->letter] = value != NULL ? value : "";
	return -1;
}

/* "-4vH" and "-Hhost" are as good as "-4 -v -H host". */
static int
take_letters(struct plugin *p, int argc, char **argv, int *at)
{
	const char *letter = argv[*at] + 1;
	const struct plugin_row *row;
	int status = -1;

	for (; *letter != '\0' && status < 0; letter++) {
		row = find_letter(*letter);
		if (row == NULL)
			return unknown("unknown option \"-%.1s\"", letter);
		if (row->argument != NULL)
			return take(p, row, letter[1] != '\0' ? letter + 1 :
			    NULL, argc, argv, at);
		status = take(p, row, NULL, argc, argv, at);
	}
	return status;
}

static int
take_all(struct plugin *p, int argc, char **argv)
{
	const struct plugin_row *row;
	const char *value;
	int i, status = -1;

	for (i = 1; i < argc && status < 0; i++) {
		row = strncmp(argv[i], "--", 2) == 0 ?
		    find_long(argv[i], &value) : NULL;
		if (row != NULL)
			status = take(p, row, value, argc, argv, &i);
		else if (argv[i][0] == '-' && argv[i][1] != '-' &&
		    argv[i][1] != '\0')
			status = take_letters(p, argc, argv, &i);
		else if (strncmp(argv[i], "--format", 8) == 0 ||
		    strcmp(argv[i], "--") == 0)
			status = unknown("\"%.40s\" is not for a plugin",
			    argv[i]);
		else
			p->rest[p->rest_count++] = argv[i];
	}
	return status;
}

/* ---- in other words ---- */

/* Limits of the plugins are ranges: "5", ":5", "0:5" and "~:5" are one. */
static const char *
end_of_range(const char *text)
{
	size_t lead = text[0] == '~' || text[0] == '0' ? 1 : 0;

	return text[lead] == ':' ? text + lead + 1 : text;
}

/* "-D 7" means with 7 days left, ours with less than that. */
static void
show_days(char *buf, size_t size, const char *text, size_t len)
{
	char *end;
	long days = strtol(text, &end, 10);

	buf[0] = '\0';
	if (len > 0 && end == text + len && days < 100000)
		snprintf(buf, size, "days=%ld", days + 1);
	else if (len > 0)
		snprintf(buf, size, "days=%.*s", (int)len, text);
}

static bool
add_limit(struct plugin *p, char letter, const char *text, size_t len)
{
	const char *time = p->value[(unsigned char)letter];
	const bool is_ours = time != NULL && strchr(time, '=') != NULL;
	char days[60];

	if (time == NULL && len == 0)
		return true;
	show_days(days, sizeof(days), text, len);
	return add(p, "-%c", letter) && add(p, "%s%s%s%s",
	    time == NULL || is_ours ? "" : "time=",
	    time == NULL ? "" : is_ours ? time : end_of_range(time),
	    time != NULL && len > 0 ? "," : "", days);
}

static bool
add_limits(struct plugin *p)
{
	const char *days = p->value['D'] != NULL ? p->value['D'] : "";
	const size_t len = strcspn(days, ",");
	const char *critical = days[len] == ',' ? days + len + 1 : "";

	return add_limit(p, 'w', days, len) &&
	    add_limit(p, 'c', critical, strlen(critical));
}

/* Without -P it is what is usual at the port, as for "check HOST:PORT". */
static bool
add_url(struct plugin *p)
{
	const char *host = p->value['H'], *port = p->value['p'];
	const char *scheme = p->value['P'];
	const bool bare = strchr(host, ':') != NULL && host[0] != '[';

	return add(p, "%s%s%s%s%s%s%s", scheme != NULL ? scheme : "",
	    scheme != NULL ? "://" : "", bare ? "[" : "", host,
	    bare ? "]" : "", port != NULL ? ":" : "",
	    port != NULL ? port : "");
}

/* To @address at the port of -p, or of the scheme. */
static int
add_address(struct plugin *p, const char *address)
{
	struct starttls_url url = { .size = sizeof(url) };
	const bool bare = strchr(address, ':') != NULL && address[0] != '[';
	const char *port = p->value['p'];
	struct starttls_error error;
	char text[100];

	if (port == NULL && p->value['P'] != NULL) {
		snprintf(text, sizeof(text), "%.60s://h", p->value['P']);
		if (starttls_url_parse(text, &url, &error) != 0)
			return unknown("-P: %s", error.message);
		port = url.port;
	}
	if (!add(p, "--connect") || !add(p, "%s%s%s:%s", bare ? "[" : "",
	    address, bare ? "]" : "", port))
		return unknown("out of memory");
	return -1;
}

static int
add_place(struct plugin *p)
{
	int status = -1;

	if (p->value['P'] == NULL && p->value['p'] == NULL)
		return unknown("-P is missing: which protocol?");
	if (p->value['I'] != NULL)
		status = add_address(p, p->value['I']);
	if (status < 0 && !add_url(p))
		status = unknown("out of memory");
	return status;
}

static int
translate(struct plugin *p, int argc, char **argv)
{
	const char *timeout;
	int i, status = take_all(p, argc, argv);

	if (status >= 0)
		return status;
	if (p->value['H'] == NULL && (p->value['P'] != NULL ||
	    p->value['p'] != NULL || p->value['I'] != NULL ||
	    p->rest_count == 0))
		return unknown("-H is missing: which host?");
	timeout = p->value['t'];
	if (!add(p, "check") || !add(p, "--format=nagios") ||
	    !add(p, "--timeout") ||
	    !add(p, "%s", timeout != NULL ? timeout : DEFAULT_TIMEOUT) ||
	    (p->value['4'] != NULL && !add(p, "--ipv4")) ||
	    (p->value['6'] != NULL && !add(p, "--ipv6")) ||
	    (p->value['v'] != NULL && !add(p, "--trace")) ||
	    !add_limits(p))
		return unknown("out of memory");
	if (p->value['H'] != NULL)
		status = add_place(p);
	for (i = 0; status < 0 && i < p->rest_count; i++)
		if (!add(p, "%s", p->rest[i]))
			status = unknown("out of memory");
	return status;
}

bool
is_plugin(const char *argv0)
{
	const char *slash = strrchr(argv0, '/');

	return strcmp(slash != NULL ? slash + 1 : argv0, PLUGIN_NAME) == 0;
}

void
plugin_free(char **argv)
{
	size_t i;

	for (i = 0; argv != NULL && argv[i] != NULL; i++)
		free(argv[i]);
	free(argv);
}

int
plugin_translate(int argc, char **argv, int *ret_argc, char ***ret_argv)
{
	struct plugin p = { .count = 0 };
	int status;

	p.rest = calloc((size_t)argc, sizeof(*p.rest));
	p.made = calloc((size_t)argc + ADDED + 1, sizeof(*p.made));
	status = p.rest == NULL || p.made == NULL ?
	    unknown("out of memory") : translate(&p, argc, argv);
	free(p.rest);
	if (status >= 0) {
		plugin_free(p.made);
		return status;
	}
	*ret_argc = p.count;
	*ret_argv = p.made;
	return -1;
}
