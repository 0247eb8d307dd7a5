/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * starttls completion: what bash, zsh or fish have to know to complete a
 * command line, made from the tables that the program itself reads.
 */

#include "config.h"

#include <stdio.h>
#include <string.h>

#include "choices.h"
#include "cli.h"
#include "words/status.h"

/* What the value of an option is. */
enum value { VALUE_NONE, VALUE_CHOICE, VALUE_FILE, VALUE_FOLDER, VALUE_OTHER };

static enum value
value_of(const struct subcommand *s, const struct option_row *row)
{
	const char *what = row->argument;

	if (what == NULL)
		return VALUE_NONE;
	if (choice(s, row->letter, 0) != NULL)
		return VALUE_CHOICE;
	if (strstr(what, "FILE") != NULL || strcmp(what, "PATH") == 0)
		return VALUE_FILE;
	return strcmp(what, "DIR") == 0 ? VALUE_FOLDER : VALUE_OTHER;
}

static bool
takes_urls(const struct subcommand *s)
{
	return strncmp(s->arguments, "URL", 3) == 0;
}

static void
print_choices(const struct subcommand *s, char letter)
{
	const char *word;
	size_t i;

	for (i = 0; (word = choice(s, letter, i)) != NULL; i++)
		printf("%s%s", i > 0 ? " " : "", word);
}

/* "imap:// imaps:// ...", each between @before and @behind. */
static void
print_schemes(const char *before, const char *behind)
{
	static const enum starttls_stage stages[] = {
		STARTTLS_GREETING, STARTTLS_HANDSHAKE,
	};
	const struct starttls_protocol *p = NULL;
	const char *scheme, *first;
	size_t i;

	while ((p = starttls_protocol_next(p)) != NULL)
		for (i = 0, first = NULL; i < 2; i++) {
			scheme = starttls_protocol_scheme(p, stages[i]);
			if (scheme == NULL || (first != NULL &&
			    strcmp(scheme, first) == 0))
				continue;
			first = scheme;
			printf("%s%s%s", before, scheme, behind);
		}
	printf("%stls%s", before, behind);
}

static void
print_subcommands(const struct subcommand *all)
{
	const struct subcommand *s;

	for (s = all; s->name != NULL; s++)
		printf("%s ", s->name);
	fputs("help", stdout);
}

/* @text with a backslash in front of each of @special, for single quotes: the
   quote itself is @quote. */
static void
print_quoted(const char *text, const char *special, const char *quote)
{
	for (; *text != '\0'; text++) {
		if (*text == '\'') {
			fputs(quote, stdout);
			continue;
		}
		if (strchr(special, *text) != NULL)
			putchar('\\');
		putchar(*text);
	}
}

/* ---- bash ---- */

static void
print_bash_values(const struct subcommand *s)
{
	const struct option_row *row = NULL;

	while ((row = option_next(s, row)) != NULL)
		/* of "[FILE]" the next word is none */
		switch (row->argument != NULL && row->argument[0] == '[' ?
		    VALUE_NONE : value_of(s, row)) {
		case VALUE_CHOICE:
			printf("\t%s:%s) words='", s->name, row->name);
			print_choices(s, row->letter);
			fputs("' ;;\n", stdout);
			break;
		case VALUE_FILE:
			printf("\t%s:%s) kind=-f ;;\n", s->name, row->name);
			break;
		case VALUE_FOLDER:
			printf("\t%s:%s) kind=-d ;;\n", s->name, row->name);
			break;
		case VALUE_OTHER:
			printf("\t%s:%s) return ;;\n", s->name, row->name);
			break;
		case VALUE_NONE:
			break;
		}
}

static void
print_bash_words(const struct subcommand *s)
{
	const struct option_row *row = NULL;

	printf("\t\t%s:-*) words='", s->name);
	while ((row = option_next(s, row)) != NULL)
		printf("%s ", row->name);
	fputs("' ;;\n", stdout);
	if (takes_urls(s))
		printf("\t\t%s:*) words=$urls; compopt -o nospace 2>/dev/null "
		    ";;\n", s->name);
}

/* Bash takes "--format=json" for three words, and "imap://" for two. */
static void
print_bash(const struct subcommand *all)
{
	const struct subcommand *s;

	fputs("# bash completion of starttls; made by starttls completion bash\n"
	    "\n_starttls()\n{\n"
	    "\tlocal cur=${COMP_WORDS[COMP_CWORD]} kind= words=\n"
	    "\tlocal prev=${COMP_WORDS[COMP_CWORD-1]} sub=${COMP_WORDS[1]}\n"
	    "\tlocal urls='", stdout);
	print_schemes("", ":// ");
	fputs("'\n\n\tCOMPREPLY=()\n"
	    "\tif [ \"$COMP_CWORD\" -gt 2 ]; then\n"
	    "\t\t[ \"$prev\" != = ] || "
	    "prev=${COMP_WORDS[COMP_CWORD-2]}\n"
	    "\t\t[ \"$cur\" != = ] || cur=\n"
	    "\tfi\n"
	    "\tif [ \"$COMP_CWORD\" -eq 1 ]; then\n\t\twords='", stdout);
	print_subcommands(all);
	fputs(" --help --version'\n\telse case $sub:$prev in\n", stdout);
	for (s = all; s->name != NULL; s++)
		print_bash_values(s);
	fputs("\t*:: | *:/*) return ;;\n"
	    "\t*)\tcase $sub:$cur in\n", stdout);
	for (s = all; s->name != NULL; s++)
		print_bash_words(s);
	fputs("\t\tcompletion:*) words='bash zsh fish' ;;\n"
	    "\t\thelp:*) words='", stdout);
	print_subcommands(all);
	fputs("' ;;\n\t\tesac ;;\n\tesac; fi\n"
	    "\t[ -z \"$kind\" ] || compopt -o filenames 2>/dev/null\n"
	    "\tlocal IFS=$'\\n'\n"
	    "\tif [ -n \"$kind\" ]; then\n"
	    "\t\tCOMPREPLY=($(compgen \"$kind\" -- \"$cur\"))\n"
	    "\telse\n"
	    "\t\tCOMPREPLY=($(IFS=' '; compgen -W \"$words\" -- \"$cur\"))\n"
	    "\tfi\n}\n"
	    "complete -F _starttls starttls\n", stdout);
}

/* ---- zsh ---- */

static void
print_zsh_option(const struct subcommand *s, const struct option_row *row)
{
	const enum value value = value_of(s, row);
	const bool is_optional = value != VALUE_NONE && row->argument[0] == '[';

	printf(" \\\n\t\t    '*%s%s[", row->name, value == VALUE_NONE ? "" :
	    is_optional ? "=-" : "=");
	print_quoted(row->help, "[]:\\", "'\\''");
	fputs("]", stdout);
	if (value != VALUE_NONE) {
		fputs(is_optional ? "::" : ":", stdout);
		print_quoted(row->argument, "[]:\\", "'\\''");
		fputs(":", stdout);
	}
	if (value == VALUE_CHOICE) {
		fputs("(", stdout);
		print_choices(s, row->letter);
		fputs(")", stdout);
	} else if (value == VALUE_FILE || value == VALUE_FOLDER) {
		fputs(value == VALUE_FILE ? "_files" : "_files -/", stdout);
	}
	fputs("'", stdout);
}

static void
print_zsh(const struct subcommand *all)
{
	const struct option_row *row;
	const struct subcommand *s;

	fputs("#compdef starttls\n"
	    "# zsh completion of starttls; made by starttls completion zsh\n\n"
	    "_starttls_urls()\n{\n\tcompadd -S '' --", stdout);
	print_schemes(" ", "://");
	fputs("\n}\n\n_starttls()\n{\n"
	    "\tlocal -a subcommands\n\tsubcommands=(\n", stdout);
	for (s = all; s->name != NULL; s++) {
		printf("\t    '%s:", s->name);
		print_quoted(s->summary, "", "'\\''");
		fputs("'\n", stdout);
	}
	fputs("\t    'help:print the options of a subcommand'\n\t)\n"
	    "\tif (( CURRENT == 2 )); then\n"
	    "\t\t_describe subcommand subcommands\n\t\treturn\n\tfi\n"
	    "\tlocal sub=$words[2]\n\tshift words\n\t(( CURRENT-- ))\n"
	    "\tcase $sub in\n"
	    "\thelp)\t_describe subcommand subcommands ;;\n", stdout);
	for (s = all; s->name != NULL; s++) {
		printf("\t%s)\t_arguments -S", s->name);
		for (row = NULL; (row = option_next(s, row)) != NULL;)
			print_zsh_option(s, row);
		if (takes_urls(s))
			fputs(" \\\n\t\t    '*:URL:_starttls_urls'", stdout);
		else if (s->run == run_completion)
			fputs(" \\\n\t\t    ':shell:(bash zsh fish)'", stdout);
		fputs(" ;;\n", stdout);
	}
	fputs("\tesac\n}\n\n_starttls \"$@\"\n", stdout);
}

/* ---- fish ---- */

static void
print_fish_option(const struct subcommand *s, const struct option_row *row)
{
	const enum value value = value_of(s, row);

	printf("complete -c starttls -n '__fish_seen_subcommand_from %s' -l %s",
	    s->name, row->name + 2);
	if (value == VALUE_CHOICE) {
		fputs(" -x -a '", stdout);
		print_choices(s, row->letter);
		fputs("'", stdout);
	} else if (value == VALUE_FILE) {
		fputs(" -r -F", stdout);
	} else if (value == VALUE_FOLDER) {
		fputs(" -x -a '(__fish_complete_directories)'", stdout);
	} else if (value == VALUE_OTHER) {
		fputs(" -x", stdout);
	}
	fputs(" -d '", stdout);
	print_quoted(row->help, "\\", "\\'");
	fputs("'\n", stdout);
}

static void
print_fish(const struct subcommand *all)
{
	const struct option_row *row;
	const struct subcommand *s;

	fputs("# fish completion of starttls; made by starttls completion fish\n"
	    "complete -c starttls -f\n"
	    "complete -c starttls -n __fish_use_subcommand -a help "
	    "-d 'print the options of a subcommand'\n"
	    "complete -c starttls -n '__fish_seen_subcommand_from completion' "
	    "-a 'bash zsh fish'\n", stdout);
	for (s = all; s->name != NULL; s++) {
		printf("complete -c starttls -n __fish_use_subcommand -a %s "
		    "-d '", s->name);
		print_quoted(s->summary, "\\", "\\'");
		fputs("'\n", stdout);
		for (row = NULL; (row = option_next(s, row)) != NULL;)
			print_fish_option(s, row);
		if (!takes_urls(s))
			continue;
		printf("complete -c starttls -n '__fish_seen_subcommand_from "
		    "%s' -a '", s->name);
		print_schemes("", ":// ");
		fputs("'\n", stdout);
	}
}

int
run_completion(struct settings *settings)
{
	static const struct {
		const char *name;
		void (*print)(const struct subcommand *all);
	} shells[] = {
		{ "bash", print_bash }, { "zsh", print_zsh },
		{ "fish", print_fish },
	};
	size_t i;

	for (i = 0; i < sizeof(shells) / sizeof(shells[0]); i++)
		if (strcmp(shells[i].name, settings->urls[0]) == 0) {
			shells[i].print(settings->subcommands);
			return 0;
		}
	complain_usage("completion", "\"%.40s\" is not bash, zsh or fish",
	    settings->urls[0]);
	return EXIT_USAGE;
}
