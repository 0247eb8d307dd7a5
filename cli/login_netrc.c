/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * .netrc: words between blanks and line ends.
 *
 *	entry  = ( "machine" name / "default" ) *( "login" word /
 *	         "password" word / "account" word )
 *	macro  = "macdef" name line-end *( line ) empty-line
 *	word   = 1*<no blank> / DQUOTE *( <any> / "\" <any> ) DQUOTE
 *
 * A '#' in place of a keyword begins a comment.  Anything else is an error, of
 * which nothing but the line is told: it may be a password out of place.
 */

#include "config.h"

#include "login_netrc.h"

#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "cli.h"

#define MAX_NETRC (256u << 10)

struct reader {
	char *at;
	unsigned line;
	bool ended_line;           /* the last word was the last of its line */
};

/* The next word, in place; NULL: no more, or a quote that is not closed. */
static char *
next_word(struct reader *r)
{
	char *word, *to;
	bool quoted;

	for (; *r->at != '\0' && strchr(" \t\r\n", *r->at) != NULL; r->at++)
		r->line += *r->at == '\n';
	if (*r->at == '\0')
		return NULL;
	quoted = *r->at == '"';
	r->at += quoted;
	word = to = r->at;
	while (*r->at != '\0' && (quoted ? *r->at != '"' :
	    strchr(" \t\r\n", *r->at) == NULL)) {
		if (*r->at == '\n')
			return NULL;
		if (quoted && *r->at == '\\' && r->at[1] != '\0')
			r->at++;
		*to++ = *r->at++;
	}
	if (quoted && *r->at != '"')
		return NULL;
	r->ended_line = *r->at == '\n';
	r->line += *r->at == '\n';
	if (*r->at != '\0')
		r->at++;
	*to = '\0';
	return word;
}

static void
skip_line(struct reader *r)
{
	if (!r->ended_line) {
		r->at += strcspn(r->at, "\n");
		if (*r->at == '\n') {
			r->at++;
			r->line++;
		}
	}
	r->ended_line = false;
}

/* Up to the first empty line. */
static void
skip_macro(struct reader *r)
{
	skip_line(r);
	while (*r->at != '\0' && *r->at != '\n') {
		r->ended_line = false;
		skip_line(r);
	}
}

static struct netrc_entry *
add_entry(struct netrc *n, const char *machine)
{
	struct netrc_entry *more = realloc(n->entries,
	    (n->count + 1) * sizeof(*more));

	if (more == NULL)
		return NULL;
	n->entries = more;
	more[n->count] = (struct netrc_entry){ .machine = machine };
	return &more[n->count++];
}

/* 0, EXIT_USAGE (at the reader's line) or EXIT_LOCAL. */
static int
parse(struct netrc *n, struct reader *r)
{
	struct netrc_entry *entry = NULL;
	const char *word, *value;

	while ((word = next_word(r)) != NULL) {
		if (word[0] == '#') {
			skip_line(r);
			continue;
		}
		if (strcmp(word, "default") == 0) {
			if ((entry = add_entry(n, NULL)) == NULL)
				return EXIT_LOCAL;
			continue;
		}
		value = next_word(r);
		if (value == NULL)
			return EXIT_USAGE;
		if (strcmp(word, "macdef") == 0)
			skip_macro(r);
		else if (strcmp(word, "machine") == 0) {
			if ((entry = add_entry(n, value)) == NULL)
				return EXIT_LOCAL;
		} else if (entry != NULL && strcmp(word, "login") == 0)
			entry->login = value;
		else if (entry != NULL && strcmp(word, "password") == 0)
			entry->password = value;
		else if (entry == NULL || strcmp(word, "account") != 0)
			return EXIT_USAGE;
	}
	return *r->at == '\0' ? 0 : EXIT_USAGE;
}

static const char *
home(void)
{
	const char *dir = getenv("HOME");
	const struct passwd *pw;

	if (dir != NULL && dir[0] != '\0')
		return dir;
	pw = getpwuid(getuid());
	return pw != NULL ? pw->pw_dir : "/";
}

int
netrc_read(struct netrc *ret_netrc, const char *path, int64_t deadline_us,
	   char *why, size_t size)
{
	struct netrc *n = ret_netrc;
	struct reader r = { .line = 1 };
	char *own = NULL;
	int rc;

	if (path == NULL && asprintf(&own, "%s/.netrc", home()) < 0) {
		snprintf(why, size, "out of memory");
		return EXIT_LOCAL;
	}
	rc = secret_read_file(&n->text, path != NULL ? path : own, MAX_NETRC,
	    deadline_us, why, size);
	free(own);
	if (rc != 0)
		return rc;
	r.at = n->text.text;
	rc = parse(n, &r);
	if (rc == EXIT_LOCAL)
		snprintf(why, size, "out of memory");
	else if (rc != 0)
		snprintf(why, size, "line %u cannot be understood", r.line);
	if (rc != 0)
		netrc_done(n);
	return rc;
}

const struct netrc_entry *
netrc_find(const struct netrc *netrc, const char *host, const char *user)
{
	size_t i;

	for (i = 0; i < netrc->count; i++) {
		const struct netrc_entry *e = &netrc->entries[i];

		if (e->password != NULL && e->login != NULL &&
		    (e->machine == NULL || strcasecmp(e->machine, host) == 0) &&
		    (user == NULL || strcmp(e->login, user) == 0))
			return e;
	}
	return NULL;
}

void
netrc_done(struct netrc *netrc)
{
	secret_done(&netrc->text);
	free(netrc->entries);
	netrc->entries = NULL;
	netrc->count = 0;
}
