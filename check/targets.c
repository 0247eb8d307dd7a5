/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * A list of targets.  A file is read whole, and its first mistake is told with
 * its line, before any of it is used.
 */

#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compat.h"
#include "loop/address.h"
#include "port.h"
#include "result.h"
#include "targets.h"
#include "words/status.h"

#define BLANKS " \t\r\n"
#define MAX_LINE 2048
#define MAX_TARGETS 1000000

static struct target *
append(struct targets *t)
{
	size_t size = t->size == 0 ? 64 : t->size * 2;
	struct target *list;

	if (t->count == t->size) {
		list = reallocarray(t->list, size, sizeof(*list));
		if (list == NULL)
			return NULL;
		t->list = list;
		t->size = size;
	}
	memset(&t->list[t->count], 0, sizeof(*t->list));
	return &t->list[t->count++];
}

/* One line, which may have nothing for us.  NULL, or what is wrong. */
static const char *
add_line(struct targets *t, char *line, size_t len, size_t number)
{
	char *rest, *url, *address, *more, *whole;
	struct target *target;

	if (memchr(line, '\0', len) != NULL)
		return "a NUL byte";
	if (len > MAX_LINE)
		return "the line is too long";
	url = strtok_r(line, BLANKS, &rest);
	if (url == NULL || url[0] == '#')
		return NULL;
	address = strtok_r(NULL, BLANKS, &rest);
	more = strtok_r(NULL, BLANKS, &rest);
	if (more != NULL)
		return "only a URL and HOST:PORT may be in a line";
	if (t->count == MAX_TARGETS)
		return "too many targets";
	target = append(t);
	if (target == NULL)
		return strerror(ENOMEM);
	target->line = number;
	target->url = strdup(url);
	if (target->url == NULL)
		return strerror(ENOMEM);
	if (address == NULL)
		return NULL;
	if (!parse_address(address, 1, &target->connect_host,
	    &target->connect_port))
		return "the second word is no HOST:PORT";
	whole = port_complete(url, target->connect_port);
	if (whole != NULL) {
		free(target->url);
		target->url = whole;
	}
	if (asprintf(&target->name, "%s %s", url, address) >= 0)
		return NULL;
	target->name = NULL;
	return strerror(ENOMEM);
}

static int
read_file(struct targets *t, FILE *file, char *why, size_t size)
{
	const char *mistake = NULL;
	char *line = NULL;
	size_t room = 0, number = 0;
	ssize_t len;

	while (mistake == NULL && (len = getline(&line, &room, file)) >= 0)
		mistake = add_line(t, line, (size_t)len, ++number);
	if (mistake != NULL)
		snprintf(why, size, "%.200s:%zu: %s", t->file, number,
		    mistake);
	else if (ferror(file))
		snprintf(why, size, "%.200s: %s", t->file, strerror(errno));
	free(line);
	return mistake != NULL || ferror(file) ? EXIT_USAGE : 0;
}

static int
open_and_read(struct targets *t, const char *path, char *why, size_t size)
{
	FILE *file = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
	int status;

	t->file = path;
	if (file == NULL) {
		snprintf(why, size, "--targets %.200s: %s", path,
		    strerror(errno));
		return EXIT_USAGE;
	}
	status = read_file(t, file, why, size);
	if (file != stdin)
		fclose(file);
	if (status != 0 || t->count > 0)
		return status;
	snprintf(why, size, "--targets %.200s: there is no URL in it", path);
	return EXIT_USAGE;
}

int
targets_read(struct targets *ret_targets, char *const *urls, size_t count,
	     const char *file, char *why, size_t size)
{
	struct targets *t = ret_targets;
	struct target *target;
	size_t i;

	memset(t, 0, sizeof(*t));
	for (i = 0; i < count; i++) {
		target = append(t);
		if (target == NULL) {
			snprintf(why, size, "%s", strerror(ENOMEM));
			return EXIT_LOCAL;
		}
		target->url = urls[i];
	}
	return file == NULL ? 0 : open_and_read(t, file, why, size);
}

const char *
target_complaint(char *buf, size_t size, const struct targets *targets,
		 const struct target *t, const char *message)
{
	char text[WITH_URL];
	size_t len;

	buf[0] = '\0';
	if (t->line > 0)
		snprintf(buf, size, "%.200s:%zu: ", targets->file, t->line);
	len = strlen(buf);
	snprintf(buf + len, size - len, "%s",
	    with_url(text, sizeof(text), t->url, message));
	return buf;
}

void
targets_done(struct targets *t)
{
	size_t i;

	for (i = 0; i < t->count; i++) {
		if (t->list[i].line > 0)
			free(t->list[i].url);
		free(t->list[i].name);
		free(t->list[i].connect_host);
		free(t->list[i].connect_port);
		if (t->list[i].result != NULL)
			sent_unref(t->list[i].result->sent);
		free(t->list[i].result);
	}
	free(t->list);
}
