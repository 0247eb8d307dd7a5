/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * Options one by one, for programs that have them from elsewhere than the
 * command line: options_begin, options_set as often as needed, options_end.
 * Text is borrowed and has to live as long as the settings.
 */

#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include "cli.h"

/* Certificates and keys as options name them, in pairs. */
#define MAX_IDENTITIES 32
struct identities {
	const char *cert[MAX_IDENTITIES];
	const char *key[MAX_IDENTITIES];
	size_t cert_count, key_count;
	const char *passphrase_file;
};

/* Of the program, and of what it stands on. */
void print_version(const char *program);

/* Defaults, and a policy; false: out of memory.  free_settings in any case. */
bool options_begin(struct settings *settings,
		   const struct subcommand *subcommand);
/* @name is without its dashes; flags are "yes" or "no".  0; or EXIT_*, with
   the words in @why. */
int options_set(struct settings *settings, struct identities *later,
		const char *name, const char *value, char *why,
		size_t why_size);
/* What needs all of them.  As options_set. */
int options_end(struct settings *settings, const struct identities *later,
		char *why, size_t why_size);

/* Read the credentials that the options name.  As options_set. */
int options_load_account(struct settings *settings, char *why,
			 size_t why_size);

/* One option by its letter.  0; or a library code with @error filled; or 1:
   @value is not acceptable. */
int option_apply(struct settings *settings, struct identities *later,
		 char letter, const char *value,
		 struct starttls_error *error);

/* Give the policy its certificates.  As options_set. */
int set_identities(struct starttls_policy *policy,
		   const struct identities *identities, char *why,
		   size_t why_size);

#endif
