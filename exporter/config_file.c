/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * Reading the configuration file.
 *
 * inih takes lines apart.  It gets them from here, one by one, because what it
 * would do in silence is a mistake in a file that decides who is connected to:
 * it cuts long lines, takes indented ones for more of the last value, drops
 * what stands behind a semicolon, and tells nobody of a section without keys.
 */

#include "config.h"

#include "config_file.h"

#include <errno.h>
#include <ini.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifndef INI_HANDLER_LINENO
#define INI_HANDLER_LINENO 0
#endif

#define MAX_SECTION 49             /* inih cuts longer names */

struct reading {
	const struct config_reader *reader;
	FILE *file;
	char *text;                /* of the line */
	size_t size;
	int line;
	bool failed;
	char why[400];
};

static void
fail(struct reading *r, const char *why)
{
	r->failed = true;
	snprintf(r->why, sizeof(r->why), "%s", why);
}

/* "[NAME]" and nothing behind it. */
static void
begin_section(struct reading *r, const char *text)
{
	char name[MAX_SECTION + 1];
	size_t len = strcspn(text + 1, "]");

	if (text[1 + len] == '\0' || text[2 + len] != '\0' ||
	    len > MAX_SECTION) {
		fail(r, "this is no [section]");
		return;
	}
	memcpy(name, text + 1, len);
	name[len] = '\0';
	if (!r->reader->section(r->reader->context, name, r->line, r->why,
	    sizeof(r->why)))
		r->failed = true;
}

/* Whether something would be taken for a comment behind a value. */
static bool
has_comment_behind(const char *text)
{
	const char *at = text;

	while ((at = strchr(at, ';')) != NULL) {
		if (at > text && (at[-1] == ' ' || at[-1] == '\t'))
			return true;
		at++;
	}
	return false;
}

/* As fgets(3), for inih. */
static char *
read_line(char *buf, int size, void *stream)
{
	struct reading *r = stream;
	ssize_t n = r->failed ? -1 : getline(&r->text, &r->size, r->file);
	char *start;
	size_t len;

	if (n < 0) {
		if (!r->failed && ferror(r->file))
			fail(r, strerror(errno));
		return NULL;
	}
	r->line++;
	len = strlen(r->text);
	if (len != (size_t)n)
		fail(r, "the line has a NUL in it");
	while (len > 0 && strchr(" \t\r\n", r->text[len - 1]) != NULL)
		r->text[--len] = '\0';
	start = r->text + strspn(r->text, " \t");
	len = strlen(start);
	if (len + 1 >= (size_t)size)
		fail(r, "the line is too long: 190 characters are enough");
	else if (start[0] == '[')
		begin_section(r, start);
	else if (start[0] != '#' && start[0] != ';' &&
	    has_comment_behind(start))
		fail(r, "a comment needs a line of its own, and no value has "
		    "a semicolon behind a blank");
	if (r->failed)
		return NULL;
	memcpy(buf, start, len + 1);
	return buf;
}

#if INI_HANDLER_LINENO
static int
take_key(void *user, const char *section, const char *name,
	 const char *value, int line)
#else
static int
take_key(void *user, const char *section, const char *name, const char *value)
#endif
{
	struct reading *r = user;

#if INI_HANDLER_LINENO
	(void)line;
#endif
	(void)section;
	if (!r->failed && !r->reader->key(r->reader->context, name,
	    value != NULL ? value : "", r->line, r->why, sizeof(r->why)))
		r->failed = true;
	return !r->failed;
}

bool
config_file_read(const char *path, const struct config_reader *reader,
		 char *why, size_t size)
{
	struct reading r = { .reader = reader };
	int rc;

	r.file = fopen(path, "re");
	if (r.file == NULL) {
		snprintf(why, size, "%s: %s", path, strerror(errno));
		return false;
	}
	rc = ini_parse_stream(read_line, &r, take_key, &r);
	/* our own mistakes have their line in rc as well, or none */
	if (rc > 0 && (!r.failed || rc < r.line)) {
		r.line = rc;
		fail(&r, "this is neither a [section] nor a key = value");
	} else if (rc < 0) {
		fail(&r, "out of memory");
	}
	fclose(r.file);
	free(r.text);
	if (r.failed)
		snprintf(why, size, "%s:%d: %s", path, r.line, r.why);
	return !r.failed;
}
