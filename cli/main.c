/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * starttls(1): find the subcommand and call it.
 */

#include "config.h"

#include <signal.h>
#include <string.h>

#include "cli.h"
#include "loop/descriptors.h"
#include "options.h"
#include "plugin.h"
#include "words/complain.h"
#include "words/status.h"
#include "words/suggest.h"

const char program_name[] = "starttls";

#define COMMON "aAdp0PrRkKimxlnct46qvh"
#define SERVE "Cep0rikKPmxlL59NTXYQtqvh"

static const struct subcommand subcommands[] = {
	{ "connect", "URL", "upgrade, then relay stdin and stdout over TLS",
	  COMMON "ZQH12", run_connect, STARTTLS_CLIENT, false, 0 },
	{ "check", "URL...", "upgrade, verify, one harmless exchange, goodbye",
	  COMMON "SjV8fowW37gusFBDEzGJIO", run_check, STARTTLS_CLIENT, false, 0 },
	{ "probe", "HOST [PROTOCOL...]",
	  "which protocols a host has, and how they come to TLS",
	  "aAdp0PrRkKimxlnt46qvhfby", run_probe, STARTTLS_CLIENT, false, 10000 },
	{ "report", "URL", "print what was negotiated, and the certificates",
	  COMMON "Mf", run_report, STARTTLS_CLIENT, false, 0 },
	{ "policy", "", "print what the options allow and require",
	  "aAdp0PrRkKimxlqh", run_policy, STARTTLS_CLIENT, false, 0 },
	{ "serve", "URL [-- COMMAND [ARG...]]",
	  "be the server: upgrade clients, then run a command, or echo",
	  SERVE, run_serve, STARTTLS_SERVER, true, 0 },
	{ "proxy", "URL", "upgrade and verify for local clients without TLS",
	  COMMON "LU59XZQH", run_proxy, STARTTLS_CLIENT, false, 0 },
	{ "targets", "URL...", "the same list for Prometheus to discover them in",
	  "Sfoqh", run_targets, STARTTLS_CLIENT, false, 0 },
	{ "explain", "[NAME] ...", "what a reason means, and what to do about it",
	  "h", run_explain, STARTTLS_CLIENT, false, 0 },
	{ "completion", "SHELL", "print what completes its words in a shell",
	  "h", run_completion, STARTTLS_CLIENT, false, 0 },
	{ NULL, NULL, NULL, NULL, NULL, STARTTLS_CLIENT, false, 0 }
};

static void
print_help(FILE *out)
{
	const struct starttls_protocol *p = NULL;
	const struct subcommand *s;

	fputs("usage: starttls SUBCOMMAND [OPTION...] [URL...]\n\n"
	    "Upgrade a connection to verified TLS.\n\n", out);
	for (s = subcommands; s->name != NULL; s++)
		fprintf(out, "  %-10s %-7.*s %s\n", s->name,
		    (int)strcspn(s->arguments, " "), s->arguments,
		    s->summary);
	fputs("\nstarttls SUBCOMMAND --help lists its options; see also "
	    "starttls(1).\n\n"
	    "A URL is scheme://host[:port].  Schemes that upgrade, and those "
	    "of dedicated ports:\n", out);
	while ((p = starttls_protocol_next(p)) != NULL) {
		const char *name = starttls_protocol_scheme(p,
		    STARTTLS_GREETING);
		const char *dedicated = starttls_protocol_scheme(p,
		    STARTTLS_HANDSHAKE);

		if (dedicated == NULL)
			dedicated = "-";
		else if (strcmp(dedicated, name) == 0)
			name = "-";
		fprintf(out, "  %-12s %-13s %s\n", name, dedicated,
		    starttls_protocol_rfc(p));
	}
	p = starttls_protocol_find("tls");
	fprintf(out, "  %-12s %-13s %s; any other protocol, with a port\n", "-",
	    starttls_protocol_scheme(p, STARTTLS_HANDSHAKE),
	    starttls_protocol_rfc(p));
}

/* Whether HOST:PORT will do for a URL. */
static bool
takes_places(const struct subcommand *s)
{
	return s->role == STARTTLS_CLIENT &&
	    strncmp(s->arguments, "URL", 3) == 0;
}

/* What stands where a subcommand should, and may have been meant for one. */
static void
complain_unknown(const char *name)
{
	const struct subcommand *s;
	struct suggestion near;
	char meant[SUGGESTED];

	if (name[0] == '-' || strstr(name, "://") != NULL) {
		complain_usage(NULL, "a subcommand is missing in front of "
		    "\"%.80s\"", name);
		return;
	}
	suggest_begin(&near, name, strlen(name));
	suggest_offer(&near, "help");
	for (s = subcommands; s->name != NULL; s++)
		suggest_offer(&near, s->name);
	complain_usage(NULL, "unknown subcommand \"%.40s\"%s", name,
	    suggest_end(&near, meant));
}

/* NULL, and has complained: there is none of that name. */
static const struct subcommand *
find_subcommand(const char *name)
{
	const struct subcommand *s;

	for (s = subcommands; s->name != NULL; s++)
		if (strcmp(s->name, name) == 0)
			return s;
	complain_unknown(name);
	return NULL;
}

/* starttls help [SUBCOMMAND].  The exit status. */
static int
help(int argc, char **argv)
{
	const struct subcommand *s;

	if (argc > 3) {
		complain_usage(NULL, "help is for one subcommand");
		return EXIT_USAGE;
	}
	if (argc < 3) {
		print_help(stdout);
		return 0;
	}
	s = find_subcommand(argv[2]);
	if (s == NULL)
		return EXIT_USAGE;
	print_help_of(s);
	return 0;
}

static int
run(const struct subcommand *s, int argc, char **argv)
{
	struct settings settings;
	int status = parse_options(s, argc, argv, &settings);

	if (status < 0) {
		settings.subcommands = subcommands;
		status = takes_places(s) ? complete_urls(&settings) : 0;
		if (status == 0)
			status = s->run(&settings);
	}
	free_settings(&settings);
	return status;
}

static int
run_plugin(int argc, char **argv)
{
	char **check_argv;
	int check_argc;
	int status = plugin_translate(argc, argv, &check_argc, &check_argv);

	if (status >= 0)
		return status;
	status = run(find_subcommand("check"), check_argc, check_argv);
	plugin_free(check_argv);
	return status;
}

int
main(int argc, char **argv)
{
	const struct subcommand *s;
	int status = EXIT_USAGE;

	if (!hold_standard_descriptors())
		return EXIT_LOCAL;
	signal(SIGPIPE, SIG_IGN);
	if (argc > 0 && is_plugin(argv[0])) {
		status = run_plugin(argc, argv);
	} else if (argc < 2) {
		complain_usage(NULL, "a subcommand is missing");
		return EXIT_USAGE;
	} else if (strcmp(argv[1], "help") == 0) {
		status = help(argc, argv);
	} else if (strcmp(argv[1], "--help") == 0 ||
	    strcmp(argv[1], "-h") == 0) {
		print_help(stdout);
		status = 0;
	} else if (strcmp(argv[1], "--version") == 0 ||
	    strcmp(argv[1], "-V") == 0) {
		print_version(program_name);
		status = 0;
	} else {
		s = find_subcommand(argv[1]);
		if (s == NULL)
			return EXIT_USAGE;
		status = run(s, argc - 1, argv + 1);
	}
	/* output that could not be written is work lost */
	if (fflush(stdout) != 0 || ferror(stdout)) {
		if (status == 0)
			status = complain("cannot write to standard output",
			    EXIT_LOCAL);
	}
	return status;
}
