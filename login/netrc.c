/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * .netrc: words between blanks and line ends.
 *
 *	file  = *( entry / macro )
 *	entry = ( ( "machine" / "host" ) word / "default" )
 *	        *( ( "login" / "user" ) word / ( "password" / "passwd" ) word /
 *	           "account" word / other word )
 *	macro = "macdef" name line-end *( line ) empty-line
 *	word  = 1*<no blank> / DQUOTE *( <any> / "\" <any> ) DQUOTE
 *
 * A '#' in place of a keyword begins a comment.  Keywords are known in capitals
 * as well.  Those of other programs, as "port", "protocol" or "force", are
 * passed over, with a value that has to stand in the same line.
 *
 * A mistake must not lead to a password for somebody else: a keyword of ours
 * in place of a value that is missing, and a second name or password in one
 * entry, are errors.  Of errors nothing but the line is told, as they may be
 * passwords out of place.
 */

#include "config.h"

#include "netrc.h"

#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>


#define MAX_NETRC (256u << 10)

struct reader {
	char *at;
	unsigned line;             /* of what is at it */
	unsigned word_line;        /* of the last word */
	bool is_open;              /* it had a quote that is not closed */
};

enum keyword { OTHER, MACHINE, DEFAULT, LOGIN, PASSWORD, ACCOUNT, MACRO };

static enum keyword
find_keyword(const char *word)
{
	static const struct {
		const char *word;
		enum keyword keyword;
	} keywords[] = {
		{ "machine", MACHINE }, { "host", MACHINE },
		{ "default", DEFAULT }, { "login", LOGIN }, { "user", LOGIN },
		{ "password", PASSWORD }, { "passwd", PASSWORD },
		{ "account", ACCOUNT }, { "macdef", MACRO },
	};
	size_t i;

	for (i = 0; i < sizeof(keywords) / sizeof(keywords[0]); i++)
		if (strcasecmp(word, keywords[i].word) == 0)
			return keywords[i].keyword;
	return OTHER;
}

/* As curl has it. */
static char
escaped(char c)
{
	return c == 'n' ? '\n' : c == 'r' ? '\r' : c == 't' ? '\t' : c;
}

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
	r->word_line = r->line;
	quoted = *r->at == '"';
	r->at += quoted;
	word = to = r->at;
	while (*r->at != '\0' && *r->at != '\n' && (quoted ? *r->at != '"' :
	    strchr(" \t\r", *r->at) == NULL)) {
		if (quoted && *r->at == '\\' && r->at[1] != '\0') {
			*to++ = escaped(r->at[1]);
			r->at += 2;
		} else {
			*to++ = *r->at++;
		}
	}
	r->is_open = quoted && *r->at != '"';
	/* the word may end where its end is written */
	r->line += *r->at == '\n';
	if (*r->at != '\0')
		r->at++;
	*to = '\0';
	return r->is_open ? NULL : word;
}

/*
 * What stands behind a keyword: one of ours in another line is no value, but
 * shows that there is none.  NULL: that, or as next_word.
 */
static char *
next_value(struct reader *r, enum keyword of)
{
	const unsigned line = r->word_line;
	char *value = next_word(r);
	bool same_line = r->word_line == line;

	r->word_line = line;
	if (value == NULL || (of == OTHER && !same_line))
		return NULL;
	return (same_line && of != OTHER) || find_keyword(value) == OTHER ?
	    value : NULL;
}

/* The rest of the line that the last word was in. */
static void
skip_line(struct reader *r)
{
	if (r->line != r->word_line)
		return;
	r->at += strcspn(r->at, "\n");
	r->line += *r->at == '\n';
	r->at += *r->at == '\n';
}

/* Up to the first empty line. */
static void
skip_macro(struct reader *r)
{
	skip_line(r);
	while (*r->at != '\0' && r->at[strspn(r->at, "\r")] != '\n') {
		r->word_line = r->line;
		skip_line(r);
	}
}

static bool
add_entry(struct netrc *n, const char *machine)
{
	struct netrc_entry *more = realloc(n->entries,
	    (n->count + 1) * sizeof(*more));

	if (more == NULL)
		return false;
	n->entries = more;
	more[n->count++] = (struct netrc_entry){ .machine = machine };
	return true;
}

/* A name or password, once in each entry. */
static bool
set_once(const char **field, const char *value)
{
	if (*field != NULL)
		return false;
	*field = value;
	return true;
}

/* 0, STARTTLS_E_INVALID (at the last word's line) or STARTTLS_E_SYSTEM. */
static int
take(struct netrc *n, struct reader *r, const char *word)
{
	struct netrc_entry *entry = n->count > 0 ? &n->entries[n->count - 1] :
	    NULL;
	enum keyword keyword = find_keyword(word);
	const char *value = NULL;

	if (keyword != DEFAULT && (value = next_value(r, keyword)) == NULL)
		return STARTTLS_E_INVALID;
	switch (keyword) {
	case MACHINE:
	case DEFAULT:
		return add_entry(n, value) ? 0 : STARTTLS_E_SYSTEM;
	case LOGIN:
		return entry != NULL && set_once(&entry->login, value) ? 0 :
		    STARTTLS_E_INVALID;
	case PASSWORD:
		return entry != NULL && set_once(&entry->password, value) ?
		    0 : STARTTLS_E_INVALID;
	case MACRO:
		skip_macro(r);
		return 0;
	case ACCOUNT:
	case OTHER:
		break;
	}
	return 0;
}

static int
parse(struct netrc *n, struct reader *r)
{
	const char *word;
	int rc = 0;

	while (rc == 0 && (word = next_word(r)) != NULL) {
		if (word[0] == '#')
			skip_line(r);
		else
			rc = take(n, r, word);
	}
	return rc == 0 && r->is_open ? STARTTLS_E_INVALID : rc;
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
		return STARTTLS_E_SYSTEM;
	}
	rc = secret_read_file(&n->text, path != NULL ? path : own, MAX_NETRC,
	    deadline_us, why, size);
	free(own);
	if (rc != 0)
		return rc;
	r.at = n->text.text;
	rc = parse(n, &r);
	if (rc == STARTTLS_E_SYSTEM)
		snprintf(why, size, "out of memory");
	else if (rc != 0)
		snprintf(why, size, "line %u cannot be understood", r.word_line);
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
