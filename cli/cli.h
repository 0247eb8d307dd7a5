/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * The command: main, the table of options, one thin file for each subcommand,
 * and printing for people.
 *
 * The room may use all others but exporter, and no other uses it, but for what
 * exporter's configuration needs: options.h and values.h.
 *
 * This header has what the subcommands share.
 */

#ifndef CLI_CLI_H
#define CLI_CLI_H

#include <stdbool.h>
#include <stdio.h>

#include "settings.h"

struct subcommand {
	const char *name;
	const char *arguments;
	const char *summary;
	const char *options;       /* letters of the options that it takes */
	int (*run)(struct settings *settings);
	enum starttls_role role;   /* of the policy; 0: STARTTLS_CLIENT */
	bool has_command;          /* what follows "--" is no URL */
	int timeout_ms;            /* if none is given; 0: the usual one */
};

struct option_row {
	char letter;               /* in struct subcommand.options */
	const char *name;
	const char *argument;      /* NULL: none */
	const char *help;
};

/* The options that it takes, from the first, behind NULL, to NULL. */
const struct option_row *option_next(const struct subcommand *subcommand,
				     const struct option_row *before);

int run_connect(struct settings *settings);
int run_check(struct settings *settings);
int run_probe(struct settings *settings);
int run_report(struct settings *settings);
int run_policy(struct settings *settings);
int run_serve(struct settings *settings);
int run_proxy(struct settings *settings);
int run_targets(struct settings *settings);
int run_explain(struct settings *settings);
int run_completion(struct settings *settings);

/* Fill settings from the command line; EXIT_* or -1 to go on. */
int parse_options(const struct subcommand *subcommand, int argc, char **argv,
		  struct settings *ret_settings);
void print_help_of(const struct subcommand *subcommand);
void free_settings(struct settings *settings);
/* For new connections to @url: a policy as the options say by now, with a
   reference for the caller; NULL, and has complained. */
struct starttls_policy *read_again(const struct settings *settings,
				   const struct starttls_url *url,
				   const struct starttls_options *options);
/* Give arguments that are HOST:PORT the scheme of that port, or of the server
   there, and say so.  0, or the exit status, and has complained. */
int complete_urls(struct settings *settings);

void complain_usage(const char *subcommand, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif
