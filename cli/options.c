/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * Options: one table for parsing, for --help and for the test that compares
 * both with the manual page.
 */

#include "config.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <fcntl.h>

#include "cli.h"

#define DEFAULT_TIMEOUT_MS 30000
#define MAX_TIMEOUT 86400          /* seconds */
#define MAX_PASSPHRASE 1024

struct option_row {
	char letter;               /* in struct subcommand.options */
	const char *name;
	const char *argument;      /* NULL: none */
	const char *help;
};

static const struct option_row rows[] = {
	{ 'a', "--ca-file", "FILE",
	  "trust these PEM certificates and not the system's" },
	{ 'd', "--ca-dir", "DIR", "the same for a directory" },
	{ 'A', "--add-ca-file", "FILE", "trust these as well" },
	{ 'p', "--pin", "sha256//B64",
	  "require this public key in the chain; repeatable" },
	{ 'r', "--crl-file", "FILE", "refuse what these PEM CRLs revoke" },
	{ 'R', "--require-ocsp", NULL, "require a good stapled OCSP response" },
	{ 'k', "--cert", "FILE",
	  "show this certificate chain if asked (PEM or PKCS#11 URI)" },
	{ 'K', "--key", "FILE", "its private key (default: in --cert FILE)" },
	{ 'P', "--key-passphrase-file", "FILE",
	  "read the key's passphrase from the first line" },
	{ 'm', "--min-tls", "VERSION", "1.2 (default) or 1.3" },
	{ 'x', "--restrict", "-ITEM[:-ITEM]",
	  "remove algorithms, as GnuTLS names them" },
	{ 'l', "--alpn", "MODE", "auto (default), off, on or require" },
	{ 'c', "--connect", "HOST:PORT",
	  "connect to this; the URL still names whom to verify" },
	{ 'n', "--client-name", "NAME",
	  "name to give in EHLO (default: localhost)" },
	{ 't', "--timeout", "SECONDS",
	  "one deadline for each URL, 30 by default; may have a fraction" },
	{ '4', "--ipv4", NULL, "IPv4 only" },
	{ '6', "--ipv6", NULL, "IPv6 only" },
	{ 'M', "--pem", NULL, "print the peer's chain as PEM and nothing else" },
	{ 'v', "--trace", NULL, "show the dialog on standard error" },
	{ 'q', "--quiet", NULL, "no messages, only the exit status" },
	{ 'h', "--help", NULL, "print this and stop" },
	{ 0, NULL, NULL, NULL }
};

/* What has to wait until all options are known. */
struct deferred {
	const char *cert, *key, *passphrase_file;
	bool failed;
};

void
print_help_of(const struct subcommand *s)
{
	const struct option_row *row;
	char name[48];

	printf("usage: starttls %s [OPTION...]%s%s\n\n%c%s.\n\n", s->name,
	    s->arguments[0] != '\0' ? " " : "", s->arguments,
	    s->summary[0] - 'a' + 'A', s->summary + 1);
	for (row = rows; row->name != NULL; row++) {
		if (strchr(s->options, row->letter) == NULL)
			continue;
		snprintf(name, sizeof(name), "%s%s%s", row->name,
		    row->argument != NULL ? " " : "",
		    row->argument != NULL ? row->argument : "");
		printf("  %-30s %s\n", name, row->help);
	}
}

void
complain_usage(const char *subcommand, const char *format, ...)
{
	char text[400], shown[400];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	fprintf(stderr, "starttls: %s; see starttls %s%s--help\n",
	    clean(shown, sizeof(shown), text),
	    subcommand != NULL ? subcommand : "",
	    subcommand != NULL ? " " : "");
}

static bool
parse_timeout(const char *text, int *ret_ms)
{
	double seconds;
	char *end;

	errno = 0;
	seconds = strtod(text, &end);
	/* no hexadecimal, no "inf" or "nan", no leading blanks */
	if (!isdigit((unsigned char)text[0]) || *end != '\0' || errno != 0 ||
	    strspn(text, "0123456789.") != strlen(text) ||
	    seconds > MAX_TIMEOUT)
		return false;
	*ret_ms = (int)(seconds * 1000 + 0.999);
	return *ret_ms > 0;
}

/* HOST:PORT, [ADDRESS]:PORT */
static bool
parse_connect(const char *text, struct settings *s)
{
	const char *colon = strrchr(text, ':');
	size_t len, i;

	if (colon == NULL || colon == text || colon[1] == '\0' ||
	    strlen(colon + 1) > 5)
		return false;
	for (i = 1; colon[i] != '\0'; i++)
		if (!isdigit((unsigned char)colon[i]))
			return false;
	if (atol(colon + 1) < 1 || atol(colon + 1) > 65535)
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
	free(s->connect_host);
	free(s->connect_port);
	s->connect_host = strndup(text, len);
	s->connect_port = strdup(colon + 1);
	s->options.connect_host = s->connect_host;
	s->options.connect_port = s->connect_port;
	return s->connect_host != NULL && s->connect_port != NULL;
}

static int
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
	return starttls_policy_set_alpn(s->policy, (enum starttls_alpn)99,
	    error);
}

static int
set_min_version(struct settings *s, const char *value,
		struct starttls_error *error)
{
	enum starttls_tls_version version = (enum starttls_tls_version)0;

	if (strcmp(value, "1.2") == 0)
		version = STARTTLS_TLS1_2;
	else if (strcmp(value, "1.3") == 0)
		version = STARTTLS_TLS1_3;
	return starttls_policy_raise_min_version(s->policy, version, error);
}

/* Apply one option.  0; or a library code with @error filled; or 1: @value
   is not acceptable. */
static int
apply(struct settings *s, struct deferred *later, char letter,
      const char *value, struct starttls_error *error)
{
	switch (letter) {
	case 'a':
		return starttls_policy_trust_file(s->policy, value, error);
	case 'd':
		return starttls_policy_trust_dir(s->policy, value, error);
	case 'A':
		return starttls_policy_add_trust_file(s->policy, value, error);
	case 'p':
		return starttls_policy_pin(s->policy, value, error);
	case 'r':
		return starttls_policy_crl_file(s->policy, value, error);
	case 'R':
		return starttls_policy_require_ocsp(s->policy, error);
	case 'k':
		later->cert = value;
		return 0;
	case 'K':
		later->key = value;
		return 0;
	case 'P':
		later->passphrase_file = value;
		return 0;
	case 'm':
		return set_min_version(s, value, error);
	case 'x':
		return starttls_policy_restrict(s->policy, value, error);
	case 'l':
		return set_alpn(s, value, error);
	case 'c':
		return parse_connect(value, s) ? 0 : 1;
	case 'n':
		s->options.own_name = value;
		return 0;
	case 't':
		return parse_timeout(value, &s->timeout_ms) ? 0 : 1;
	case '4':
	case '6':
		if (s->options.family != STARTTLS_ANY)
			return 1;
		s->options.family = letter == '4' ? STARTTLS_IPV4 :
		    STARTTLS_IPV6;
		return 0;
	case 'M':
		s->pem = true;
		return 0;
	case 'v':
		s->trace = true;
		return 0;
	case 'q':
		s->quiet = true;
		return 0;
	default:
		return 1;
	}
}

/* "--name", "--name=value", and -4, -6, -q as everybody types them. */
static const struct option_row *
find_option(const char *argument, const char **ret_value)
{
	const char *equals = strchr(argument, '=');
	size_t len = equals == NULL ? strlen(argument) :
	    (size_t)(equals - argument);
	const struct option_row *row;

	*ret_value = equals == NULL ? NULL : equals + 1;
	if (argument[1] != '-')
		return NULL;
	for (row = rows; row->name != NULL; row++)
		if (strlen(row->name) == len &&
		    memcmp(row->name, argument, len) == 0)
			return row;
	return NULL;
}

static const struct option_row *
find_letter(const char *argument)
{
	const struct option_row *row;

	if (strlen(argument) != 2 || strchr("46qh", argument[1]) == NULL)
		return NULL;
	for (row = rows; row->letter != argument[1]; row++)
		continue;
	return row;
}

static char *
read_passphrase(const char *path, char *buf, size_t size)
{
	ssize_t n, len = 0;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return NULL;
	do {
		n = read(fd, buf + len, size - 1 - (size_t)len);
		len += n > 0 ? n : 0;
	} while (n > 0 && (size_t)len < size - 1);
	close(fd);
	if (n < 0)
		return NULL;
	buf[len] = '\0';
	buf[strcspn(buf, "\r\n")] = '\0';
	return buf;
}

static int
set_identity(struct settings *s, const struct deferred *later,
	     const char *subcommand, struct starttls_error *error)
{
	char passphrase[MAX_PASSPHRASE];
	const char *secret = NULL;
	int rc;

	if (later->cert == NULL) {
		if (later->key == NULL && later->passphrase_file == NULL)
			return 0;
		complain_usage(subcommand, "%s without --cert",
		    later->key != NULL ? "--key" : "--key-passphrase-file");
		return 1;
	}
	if (later->passphrase_file != NULL) {
		secret = read_passphrase(later->passphrase_file, passphrase,
		    sizeof(passphrase));
		if (secret == NULL) {
			complain_usage(subcommand, "%s: %s",
			    later->passphrase_file, strerror(errno));
			return 1;
		}
	}
	rc = starttls_policy_identity(s->policy, later->cert,
	    later->key != NULL ? later->key : later->cert, secret, error);
	explicit_bzero(passphrase, sizeof(passphrase));
	return rc;
}

static void
show_trace(void *context, enum starttls_direction direction,
	   enum starttls_phase phase, const char *text)
{
	(void)context;
	fprintf(stderr, "%s [%s] %s\n", direction == STARTTLS_SENT ? "C:" :
	    direction == STARTTLS_RECEIVED ? "S:" : "--",
	    starttls_phase_name(phase), text);
}

/* The URLs: as many as the subcommand takes. */
static bool
check_urls(const struct subcommand *sub, const struct settings *s)
{
	bool many = strcmp(sub->arguments, "URL...") == 0;
	bool none = sub->arguments[0] == '\0';

	if (s->url_count == (none ? 0 : 1) || (many && s->url_count > 1))
		return true;
	if (s->url_count == 0)
		complain_usage(sub->name, "a URL is missing");
	else
		complain_usage(sub->name, "unexpected argument \"%.80s\"",
		    s->urls[none ? 0 : 1]);
	return false;
}

/* One argument that is an option.  -1: fine; else the exit status. */
static int
parse_one(const struct subcommand *sub, int argc, char **argv, int *at,
	  struct settings *s, struct deferred *later)
{
	struct starttls_error error;
	const char *value = NULL;
	const struct option_row *row = find_letter(argv[*at]);
	int rc;

	if (row == NULL)
		row = find_option(argv[*at], &value);
	if (row == NULL || strchr(sub->options, row->letter) == NULL) {
		complain_usage(sub->name, "unknown option \"%.40s\"",
		    argv[*at]);
		return EXIT_USAGE;
	}
	if (row->argument == NULL && value != NULL) {
		complain_usage(sub->name, "%s takes no value", row->name);
		return EXIT_USAGE;
	}
	if (row->letter == 'h') {
		print_help_of(sub);
		return 0;
	}
	if (row->argument != NULL && value == NULL) {
		if (*at + 1 >= argc) {
			complain_usage(sub->name, "%s needs a value (%s)",
			    row->name, row->argument);
			return EXIT_USAGE;
		}
		value = argv[++*at];
	}
	rc = apply(s, later, row->letter, value, &error);
	if (rc == 0)
		return -1;
	if (rc > 0 && row->argument == NULL)
		complain_usage(sub->name,
		    "--ipv4 and --ipv6 exclude each other");
	else if (rc > 0)
		complain_usage(sub->name, "%s: \"%.80s\" is no %s", row->name,
		    value, row->argument);
	else
		complain_usage(sub->name, "%s: %s", row->name, error.message);
	return starttls_code_class(rc) == STARTTLS_CLASS_LOCAL ? EXIT_LOCAL :
	    EXIT_USAGE;
}

int
parse_options(const struct subcommand *sub, int argc, char **argv,
	      struct settings *ret_settings)
{
	struct settings *s = ret_settings;
	struct deferred later = { NULL, NULL, NULL, false };
	struct starttls_error error;
	int i, status, rc;

	memset(s, 0, sizeof(*s));
	s->options.size = sizeof(s->options);
	s->timeout_ms = DEFAULT_TIMEOUT_MS;
	if (starttls_policy_new(&s->policy, STARTTLS_CLIENT) != 0 ||
	    starttls_policy_set_resumption(s->policy, 0, NULL) != 0) {
		fprintf(stderr, "starttls: out of memory\n");
		return EXIT_LOCAL;
	}
	s->urls = calloc((size_t)argc, sizeof(*s->urls));
	if (s->urls == NULL)
		return EXIT_LOCAL;
	for (i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--") == 0) {
			while (++i < argc)
				s->urls[s->url_count++] = argv[i];
			break;
		}
		if (argv[i][0] != '-' || argv[i][1] == '\0') {
			s->urls[s->url_count++] = argv[i];
			continue;
		}
		status = parse_one(sub, argc, argv, &i, s, &later);
		if (status >= 0)
			return status;
	}
	rc = set_identity(s, &later, sub->name, &error);
	if (rc < 0)
		complain_usage(sub->name, "--cert: %s", error.message);
	if (rc != 0 || !check_urls(sub, s))
		return EXIT_USAGE;
	if (s->trace)
		s->options.trace = show_trace;
	return -1;
}

void
free_settings(struct settings *settings)
{
	starttls_policy_unref(settings->policy);
	free(settings->connect_host);
	free(settings->connect_port);
	free(settings->urls);
}
