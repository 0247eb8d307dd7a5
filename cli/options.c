/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * Options: one table for parsing, for --help and for the test that compares
 * both with the manual page.
 */

#include "config.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "account.h"
#include "check/format.h"
#include "choices.h"
#include "login/account.h"
#include "options.h"
#include "values.h"
#include "words/show.h"
#include "words/status.h"
#include "words/suggest.h"

#define DEFAULT_TIMEOUT_MS 30000
#define DEFAULT_CLOSE_AFTER_MS 2000
#define DEFAULT_IDLE_MS 1800000    /* RFC 9051 section 5.4 has the longest */

static const struct option_row rows[] = {
	{ 'a', "--ca-file", "FILE",
	  "trust these certificates and not the system's" },
	{ 'd', "--ca-dir", "DIR", "the same for a directory" },
	{ 'A', "--add-ca-file", "FILE", "trust these as well" },
	{ 'p', "--pin", "sha256//B64",
	  "require this public key in the chain; repeatable" },
	{ '0', "--accept-peer", "DIGEST",
	  "accept cert-sha256:HEX or the key sha256//B64, and nobody else" },
	{ 'r', "--crl-file", "FILE", "refuse what these CRLs revoke" },
	{ 'R', "--require-ocsp", NULL, "require a good stapled OCSP response" },
	{ 'C', "--client-ca", "FILE",
	  "trust these certificates to vouch for clients" },
	{ 'e', "--client-cert", "MODE",
	  "ask clients for a certificate: optional or required" },
	{ 'k', "--cert", "FILE",
	  "show this certificate chain (a file or PKCS#11 URI)" },
	{ 'K', "--key", "FILE", "its private key (default: in --cert FILE)" },
	{ 'i', "--intermediates", "FILE",
	  "show these certificates behind those of --cert" },
	{ 'P', "--key-passphrase-file", "FILE",
	  "read the key's passphrase from the first line" },
	{ 'm', "--min-tls", "VERSION", "1.2 (default) or 1.3" },
	{ 'x', "--restrict", "-ITEM[:-ITEM]",
	  "remove algorithms, as GnuTLS names them" },
	{ 'l', "--alpn", "MODE", "auto (default), off, on or require" },
	{ 'c', "--connect", "HOST:PORT",
	  "connect to this; the URL still names whom to verify" },
	{ 'n', "--client-name", "NAME",
	  "name to give in EHLO (default: the host's, or its address)" },
	{ 'L', "--listen", "HOST:PORT",
	  "listen on this; port 0 is a free one" },
	{ 'U', "--listen-unix", "PATH", "listen on a UNIX socket instead" },
	{ '5', "--user", "USER[:GROUP]",
	  "become this user once that listens" },
	{ '9', "--chroot", "DIR", "see no other files from then on" },
	{ 'N', "--name", "NAME",
	  "name to give in greetings (default: that of the URL)" },
	{ 'T', "--to", "HOST:PORT",
	  "relay to this loopback address, in the clear" },
	{ 'X', "--max-connections", "NUMBER", "connections at a time" },
	{ 'Y', "--max-running", "NUMBER",
	  "commands or backends at a time (default: 64)" },
	{ 'Q', "--idle", "SECONDS",
	  "end what is silent for so long; connect: behind the input's end" },
	{ 't', "--timeout", "SECONDS",
	  "one deadline for each URL (default: 30; probe: 10 for all)" },
	{ 'Z', "--close-after", "SECONDS",
	  "silence of the server after which the end of input is told it" },
	{ 'H', "--half-close", NULL, "tell it at once" },
	{ '1', "--crlf", NULL,
	  "end lines with CR LF (the default for those of a terminal)" },
	{ '2', "--greeting", NULL,
	  "print a greeting behind an upgrade, for clients that wait for it" },
	{ 'g', "--login", NULL, "log in and out again, with these:" },
	{ 'u', "--user", "NAME", "whom to log in as" },
	{ 'F', "--password-file", "FILE",
	  "the password is its first line; nobody else may read it" },
	{ 'B', "--password-command", "COMMAND",
	  "the password is the first line that sh -c COMMAND prints" },
	{ 'D', "--password-fd", "NUMBER",
	  "the password is the next line of an open descriptor" },
	{ 'E', "--password-env", "VARIABLE",
	  "the password is in the environment, and removed from it" },
	{ 'z', "--netrc", "[FILE]",
	  "name and password from a netrc (default: ~/.netrc)" },
	{ 'G', "--token-file", "FILE", "an OAuth 2.0 token instead" },
	{ 'J', "--token-command", "COMMAND", "the same" },
	{ 'I', "--token-fd", "NUMBER", "the same" },
	{ 'O', "--token-env", "VARIABLE", "the same" },
	{ 's', "--mechanism", "NAME",
	  "of SASL, or native (default: the strongest)" },
	{ '4', "--ipv4", NULL, "IPv4 only" },
	{ '6', "--ipv6", NULL, "IPv6 only" },
	{ '7', "--retry", "NUMBER",
	  "try so often again what is refused for now, or cannot be reached" },
	{ '3', "--resume", NULL,
	  "a second connection tries to resume the session of the first" },
	{ 'M', "--pem", NULL, "print the peer's chain as PEM and nothing else" },
	{ 'f', "--format", "FORMAT",
	  "human or json; check: nagios, prometheus; targets: file_sd" },
	{ 'o', "--output", "FILE", "replace this file when all is done" },
	{ 'w', "--warning", "time=S,days=N",
	  "-w: warn if it takes longer, or less is left; also N%, hours=N" },
	{ 'W', "--critical", "time=S,days=N", "-c: the same for critical" },
	{ 'v', "--trace", NULL, "show the dialog on standard error" },
	{ 'q', "--quiet", NULL, "no messages, only the exit status" },
	{ 'S', "--targets", "FILE",
	  "check the URLs in FILE, too, one a line; - is standard input" },
	{ 'j', "--jobs", "NUMBER",
	  "URLs at a time (default: 1, with --targets 100)" },
	{ 'V', "--unordered", NULL, "results as they come" },
	{ '8', "--only-problems", NULL, "of many, tell of nothing else" },
	{ 'b', "--port", "SCHEME=PORT",
	  "where to look for it, such as imaps=1993; repeatable" },
	{ 'y', "--address", "HOST",
	  "connect to this; the argument still names whom to verify" },
	{ 'h', "--help", NULL, "print this and stop" },
	{ 0, NULL, NULL, NULL }
};

/* Whether mistakes have to be told to a monitor, which reads standard output
   and knows no exit status but four. */
static bool for_plugin;

/* "[VALUE]" only goes behind an equals sign. */
static bool
is_optional(const struct option_row *row)
{
	return row->argument != NULL && row->argument[0] == '[';
}

const struct option_row *
option_next(const struct subcommand *s, const struct option_row *before)
{
	const struct option_row *row = before == NULL ? rows : before + 1;

	while (row->name != NULL && strchr(s->options, row->letter) == NULL)
		row++;
	return row->name != NULL ? row : NULL;
}

void
print_help_of(const struct subcommand *s)
{
	const struct option_row *row = NULL;
	char name[48];

	printf("usage: starttls %s [OPTION...]%s%s\n\n%c%s.\n\n", s->name,
	    s->arguments[0] != '\0' ? " " : "", s->arguments,
	    s->summary[0] - 'a' + 'A', s->summary + 1);
	while ((row = option_next(s, row)) != NULL) {
		snprintf(name, sizeof(name), "%s%s%s", row->name,
		    row->argument == NULL ? "" :
		    is_optional(row) ? "[=" : " ",
		    row->argument == NULL ? "" :
		    row->argument + is_optional(row));
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
	if (for_plugin) {
		plugin_unknown(text);
		return;
	}
	fprintf(stderr, "starttls: %s; see starttls %s%s--help\n",
	    clean(shown, sizeof(shown), text),
	    subcommand != NULL ? subcommand : "",
	    subcommand != NULL ? " " : "");
}

/* "--name", "--name=value"; of a name that several have, that of @sub. */
static const struct option_row *
find_option(const struct subcommand *sub, const char *argument,
	    const char **ret_value)
{
	const char *equals = strchr(argument, '=');
	size_t len = equals == NULL ? strlen(argument) :
	    (size_t)(equals - argument);
	const struct option_row *row, *found = NULL;

	*ret_value = equals == NULL ? NULL : equals + 1;
	if (argument[1] != '-')
		return NULL;
	for (row = rows; row->name != NULL; row++)
		if (strlen(row->name) == len &&
		    memcmp(row->name, argument, len) == 0 &&
		    (found == NULL || strchr(sub->options, row->letter)))
			found = row;
	return found;
}

/* -4, -6, -q as everybody types them, and -w and -c as every plugin has them. */
static const struct option_row *
find_letter(const char *argument)
{
	const struct option_row *row;
	/* monitoring plugins have -c, and --connect none */
	const char letter = argument[1] == 'c' ? 'W' : argument[1];

	if (strlen(argument) != 2 || strchr("46qhwW", letter) == NULL ||
	    argument[1] == 'W')
		return NULL;
	for (row = rows; row->letter != letter; row++)
		continue;
	return row;
}

/* @context is where the URL is, if it has to be told. */
static void
show_trace(void *context, enum starttls_direction direction,
	   enum starttls_phase phase, const char *text)
{
	const char *const *url = context;
	char shown[200];

	fprintf(stderr, "%s%s%s [%s] %s\n", url == NULL ? "" :
	    show_typed(shown, sizeof(shown), *url), url == NULL ? "" : " ",
	    direction == STARTTLS_SENT ? "C:" :
	    direction == STARTTLS_RECEIVED ? "S:" : "--",
	    starttls_phase_name(phase), text);
}

static bool
is_host(const struct subcommand *sub)
{
	return strncmp(sub->arguments, "HOST", 4) == 0;
}

/* The URLs, or a host: as many as the subcommand takes. */
static bool
check_urls(const struct subcommand *sub, const struct settings *s)
{
	bool many = strcmp(sub->arguments, "URL...") == 0 || is_host(sub);
	bool none = sub->arguments[0] == '\0';

	if (sub->arguments[0] == '[') /* as many as there are */
		return true;
	if (s->url_count == (none ? 0 : 1) || (many && s->url_count > 1) ||
	    s->batch.targets != NULL)
		return true;
	if (s->url_count == 0)
		complain_usage(sub->name, "a %s is missing",
		    is_host(sub) ? "host" :
		    strcmp(sub->arguments, "SHELL") == 0 ? "shell" : "URL");
	else
		complain_usage(sub->name, "unexpected argument \"%.80s\"",
		    s->urls[none ? 0 : 1]);
	return false;
}

/* What must not, or has to, come together, in words; NULL: nothing. */
static const char *
find_mistake(const struct settings *s)
{
	if (s->command != NULL && s->command[0] == NULL)
		return "the command behind -- is missing";
	if (s->command != NULL && s->to_host != NULL)
		return "--to and a command exclude each other";
	if (s->front.door.path != NULL && s->front.door.host != NULL)
		return "--listen and --listen-unix exclude each other";
	if (s->front.door.root != NULL && s->front.door.user == NULL)
		return "--chroot without --user: root can leave it";
	if (s->client_cert && !s->client_ca)
		return "--client-cert without --client-ca: whose certificates "
		    "are good?";
	if (s->format.only_problems && s->format.format != NULL &&
	    s->format.format->whole)
		return "--only-problems: a metric that is missing is no good "
		    "news";
	return account_mistake(&s->account);
}

/* Apply one option.  0; or the exit status, with the words in @why. */
static int
apply_row(struct settings *s, struct identities *later,
	  const struct option_row *row, const char *value, char *why,
	  size_t size)
{
	struct starttls_error error;
	int rc = option_apply(s, later, row->letter, value, &error);
	char choices[CHOICES + SUGGESTED];

	if (rc == 0)
		return 0;
	if (rc > 0 && row->argument == NULL)
		snprintf(why, size, "--ipv4 and --ipv6 exclude each other");
	else if (rc > 0 && choose_again(s->subcommand, row->letter, value,
	    choices, sizeof(choices)))
		snprintf(why, size, "%s: \"%.60s\" %s", row->name, value,
		    choices);
	else if (rc > 0)
		snprintf(why, size, "%s: \"%.80s\" is no %s", row->name,
		    value, row->argument);
	else if (strchr("p0xb", row->letter) != NULL)
		/* the library says what it should be; others may be secret */
		snprintf(why, size, "%s: \"%.60s\": %s", row->name, value,
		    error.message);
	else
		snprintf(why, size, "%s: %s", row->name, error.message);
	return exit_status_of_call(rc < 0 ? rc : STARTTLS_E_INVALID);
}

/* @option is known elsewhere, or may have been meant for one that is here. */
static void
complain_unknown(const struct subcommand *sub, const char *option,
		 const struct option_row *elsewhere)
{
	const struct option_row *row;
	struct suggestion s;
	char near[SUGGESTED];

	if (elsewhere != NULL) {
		complain_usage(sub->name, "unknown option \"%s\": %s has none "
		    "such", elsewhere->name, sub->name);
		return;
	}
	suggest_begin(&s, option, strcspn(option, "="));
	for (row = rows; row->name != NULL; row++)
		if (strchr(sub->options, row->letter) != NULL)
			suggest_offer(&s, row->name);
	complain_usage(sub->name, "unknown option \"%.40s\"%s", option,
	    suggest_end(&s, near));
}

/* One argument that is an option.  -1: fine; else the exit status. */
static int
parse_one(const struct subcommand *sub, int argc, char **argv, int *at,
	  struct settings *s, struct identities *later)
{
	char why[400];
	const char *value = NULL;
	const struct option_row *row = find_letter(argv[*at]);
	int status;

	if (row == NULL)
		row = find_option(sub, argv[*at], &value);
	if (row == NULL || strchr(sub->options, row->letter) == NULL) {
		complain_unknown(sub, argv[*at], row);
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
	if (row->argument != NULL && value == NULL && !is_optional(row)) {
		if (*at + 1 >= argc) {
			complain_usage(sub->name, "%s needs a value (%s)",
			    row->name, row->argument);
			return EXIT_USAGE;
		}
		value = argv[++*at];
	}
	status = apply_row(s, later, row, value, why, sizeof(why));
	if (status == 0)
		return -1;
	complain_usage(sub->name, "%s", why);
	return status;
}

int
options_set(struct settings *s, struct identities *later, const char *name,
	    const char *value, char *why, size_t size)
{
	const struct option_row *row;
	struct suggestion near;
	char meant[SUGGESTED];
	bool is_flag;

	suggest_begin(&near, name, strlen(name));
	for (row = rows; row->name != NULL; row++) {
		if (strchr(s->subcommand->options, row->letter) == NULL)
			continue;
		if (strcmp(row->name + 2, name) == 0)
			break;
		suggest_offer(&near, row->name + 2);
	}
	if (row->name == NULL) {
		snprintf(why, size, "there is no \"%.40s\" here%s", name,
		    suggest_end(&near, meant));
		return EXIT_USAGE;
	}
	is_flag = row->argument == NULL || is_optional(row);
	if (is_flag && strcmp(value, "no") == 0)
		return 0;
	if (is_flag && strcmp(value, "yes") == 0)
		value = NULL;
	if (row->argument == NULL && value != NULL) {
		snprintf(why, size, "%s is yes or no", name);
		return EXIT_USAGE;
	}
	return apply_row(s, later, row, value, why, size);
}

/* The arguments in order.  -1: fine; else the exit status. */
static int
parse_arguments(const struct subcommand *sub, int argc, char **argv,
		struct settings *s, struct identities *later)
{
	int i, status;

	for (i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--") == 0 && sub->has_command) {
			s->command = argv + i + 1;
			break;
		}
		if (strcmp(argv[i], "--") == 0) {
			while (++i < argc)
				s->urls[s->url_count++] = argv[i];
			break;
		}
		if (argv[i][0] != '-' || argv[i][1] == '\0') {
			s->urls[s->url_count++] = argv[i];
			continue;
		}
		status = parse_one(sub, argc, argv, &i, s, later);
		if (status >= 0)
			return status;
	}
	return -1;
}

static bool
make_policy(struct settings *s, enum starttls_role role)
{
	return starttls_policy_new(&s->policy, role) == 0;
}

/* A mistake may come before the option that says to whom it is told. */
static bool
asks_for_plugin(const struct subcommand *sub, int argc, char **argv)
{
	const struct format *format = NULL, *found;
	const char *value;
	int i;

	if (strchr(sub->options, 'f') == NULL)
		return false;
	for (i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
		value = strncmp(argv[i], "--format=", 9) == 0 ? argv[i] + 9 :
		    strcmp(argv[i], "--format") == 0 && i + 1 < argc ?
		    argv[i + 1] : "";
		found = format_find(value);
		format = found != NULL ? found : format;
	}
	return format != NULL && format->plugin;
}

bool
options_begin(struct settings *s, const struct subcommand *sub)
{
	memset(s, 0, sizeof(*s));
	s->options.size = sizeof(s->options);
	s->patience.close_after_ms = -1;
	s->timeout_ms = sub->timeout_ms != 0 ? sub->timeout_ms :
	    DEFAULT_TIMEOUT_MS;
	s->subcommand = sub;
	return make_policy(s, sub->role);
}

/*
 * For connect --idle is all the patience behind the end of the input.  For
 * those that listen it is another: with conversations in which nothing is said.
 */
static void
choose_patience(struct settings *s)
{
	struct patience *p = &s->patience;
	const bool listens = strchr(s->subcommand->options, 'L') != NULL;
	const int idle_ms = listens ? 0 : s->front.idle_ms;
	const bool is_said = p->close_after_ms >= 0;

	if (listens && s->front.idle_ms == 0)
		s->front.idle_ms = DEFAULT_IDLE_MS;
	p->timeout_ms = idle_ms > 0 ? idle_ms : s->timeout_ms;
	p->answer_ms = is_said ? p->close_after_ms : p->timeout_ms;
	if (!is_said)
		p->close_after_ms = idle_ms > 0 ? idle_ms :
		    DEFAULT_CLOSE_AFTER_MS;
}

int
options_end(struct settings *s, const struct identities *later, char *why,
	    size_t size)
{
	struct starttls_error error;
	const char *mistake;
	int status = set_identities(s->policy, later, why, size);

	if (status != 0)
		return status;
	s->account.has_certificate = later->cert_count > 0;
	choose_patience(s);
	mistake = find_mistake(s);
	if (mistake != NULL) {
		snprintf(why, size, "%s", mistake);
		return EXIT_USAGE;
	}
	/* a client of one connection needs no tickets */
	if (s->subcommand->role == STARTTLS_CLIENT && !s->resumes &&
	    starttls_policy_set_resumption(s->policy, 0, &error) != 0) {
		snprintf(why, size, "%s", error.message);
		return EXIT_USAGE;
	}
	/* not before all is read, as what is required stays so */
	if (s->client_ca && !s->client_cert &&
	    starttls_policy_client_cert(s->policy,
		STARTTLS_CLIENT_CERT_REQUIRED, &error) != 0) {
		snprintf(why, size, "%s", error.message);
		return EXIT_USAGE;
	}
	return 0;
}

static int
parse_all(const struct subcommand *sub, int argc, char **argv,
	  struct settings *ret_settings)
{
	struct settings *s = ret_settings;
	struct identities later = { .cert_count = 0 };
	char why[400];
	int status;

	if (!options_begin(s, sub) ||
	    (s->urls = calloc((size_t)argc, sizeof(*s->urls))) == NULL) {
		fprintf(stderr, "starttls: out of memory\n");
		return EXIT_LOCAL;
	}
	s->argc = argc;
	s->argv = argv;
	status = parse_arguments(sub, argc, argv, s, &later);
	if (status >= 0)
		return status;
	if (!check_urls(sub, s))
		return EXIT_USAGE;
	status = options_end(s, &later, why, sizeof(why));
	if (status != 0) {
		complain_usage(sub->name, "%s", why);
		return status;
	}
	if (s->trace)
		s->options.trace = show_trace;
	return -1;
}

int
parse_options(const struct subcommand *sub, int argc, char **argv,
	      struct settings *ret_settings)
{
	int status;

	for_plugin = asks_for_plugin(sub, argc, argv);
	status = parse_all(sub, argc, argv, ret_settings);
	return status > 0 && for_plugin ? PLUGIN_UNKNOWN : status;
}

struct check_settings
check_settings_of(const struct settings *settings)
{
	return (struct check_settings){
		.policy = settings->policy,
		.options = &settings->options,
		.account = &settings->account,
		.resumes = settings->resumes,
	};
}

void
free_settings(struct settings *settings)
{
	int i;

	starttls_policy_unref(settings->policy);
	account_done(&settings->account);
	free(settings->connect_host);
	free(settings->connect_port);
	free(settings->front.door.host);
	free(settings->front.door.port);
	free(settings->to_host);
	free(settings->to_port);
	for (i = 0; settings->own_urls != NULL && i < settings->url_count; i++)
		free(settings->own_urls[i]);
	free(settings->own_urls);
	free(settings->urls);
}
