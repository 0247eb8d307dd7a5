/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/* Loads transcripts; see transcript.h for what they look like. */

#include "config.h"

#include "transcript.h"

#include "traits.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_LINE 1024

static void __attribute__((noreturn))
die(const char *file, const char *line, const char *why)
{
	fprintf(stderr, "transcript %s: %s: \"%s\"\n", file, why, line);
	abort();
}

static void
append(struct step *step, const void *data, size_t len)
{
	step->data = realloc(step->data, step->len + len + 1);
	if (step->data == NULL)
		abort();
	memcpy(step->data + step->len, data, len);
	step->len += len;
}

/* Undo the escapes in place; the length of the result. */
static size_t
unescape(const char *file, char *text)
{
	char *in = text, *out = text;
	unsigned value;

	while (*in != '\0') {
		if (*in != '\\') {
			*out++ = *in++;
		} else if (in[1] == 'r') {
			*out++ = '\r';
			in += 2;
		} else if (in[1] == 'n') {
			*out++ = '\n';
			in += 2;
		} else if (in[1] == '\\') {
			*out++ = '\\';
			in += 2;
		} else if (sscanf(in, "\\x%2x", &value) == 1) {
			*out++ = (char)value;
			in += 4;
		} else {
			die(file, text, "unknown escape");
		}
	}
	return (size_t)(out - text);
}

/* Behind the lines of both sides. */
static void
append_end(const struct transcript *t, struct step *step)
{
	const char *end = line_end_of(t->protocol);

	append(step, end, strlen(end));
}

static struct step *
step_of(struct transcript *t, enum step_kind kind)
{
	struct step *last = t->count > 0 ? &t->steps[t->count - 1] : NULL;

	if (last != NULL && last->kind == kind && (kind == FEED ||
	    kind == HEAR))
		return last;
	if (t->count == MAX_STEPS)
		die(t->name, "", "too many steps");
	t->steps[t->count].kind = kind;
	return &t->steps[t->count++];
}

/* A line that is fed. */
static void
peer_line(struct transcript *t, char *line)
{
	struct step *step = step_of(t, FEED);
	size_t before = step->len, number = 0, len, i;
	char *text = line + 2;

	if (line[1] == '@' || line[1] == '*')
		number = strtoul(line + 2, &text, 10);
	if (*text != ' ')
		die(t->name, line, "a blank is missing");
	text++;
	len = unescape(t->name, text);
	switch (line[1]) {
	case ':':
		append(step, text, len);
		append_end(t, step);
		break;
	case '|':
		append(step, text, len);
		break;
	case '@':
		append(step, text, len);
		for (i = len; i < number; i++)
			append(step, "x", 1);
		append_end(t, step);
		break;
	case '*':
		for (i = 0; i < number; i++) {
			append(step, text, len);
			append_end(t, step);
		}
		break;
	default:
		die(t->name, line, "unknown kind of line");
	}
	t->fed += step->len - before;
}

/* A line, or many, that is to be heard. */
static void
our_line(struct transcript *t, enum step_kind kind, char *line)
{
	struct step *step = step_of(t, kind);
	size_t number = 1, len;
	char *text = line + 2;

	if (line[1] == '*')
		number = strtoul(line + 2, &text, 10);
	else if (line[1] != ':' && line[1] != '|')
		die(t->name, line, "unknown kind of line");
	if (*text != ' ')
		die(t->name, line, "a blank is missing");
	text++;
	len = unescape(t->name, text);
	while (number-- > 0) {
		append(step, text, len);
		if (line[1] != '|')
			append_end(t, step);
	}
}

static void
parse_line(struct transcript *t, char *line)
{
	char peer = t->serve ? 'C' : 'S', us = t->serve ? 'S' : 'C';
	char word[64];

	if (line[0] == '#' || line[0] == '\0')
		return;
	if (sscanf(line, "protocol %63s", word) == 1) {
		t->protocol = starttls_protocol_find(word);
		if (t->protocol == NULL)
			die(t->name, line, "unknown protocol");
	} else if (strcmp(line, "dialog exchange") == 0) {
		t->exchange = true;
	} else if (strcmp(line, "from command") == 0) {
		t->from = STARTTLS_COMMAND;
	} else if (strcmp(line, "role server") == 0) {
		t->serve = true;
	} else if (sscanf(line, "client-name %63s", t->own_name) == 1 ||
	    sscanf(line, "server-name %63s", t->own_name) == 1 ||
	    sscanf(line, "peer-name %63s", t->peer_name) == 1) {
		return;
	} else if (t->protocol == NULL) {
		die(t->name, line, "the protocol comes first");
	} else if (line[0] == peer) {
		peer_line(t, line);
	} else if (strcmp(line, "--") == 0) {
		step_of(t, LATER);
	} else if (strcmp(line, "END") == 0) {
		step_of(t, END);
	} else if (line[0] == us) {
		our_line(t, HEAR, line);
	} else if (t->serve && line[0] == 'G') {
		our_line(t, GO_AHEAD, line);
	} else if (sscanf(line, "= %23s %d", t->verdict,
	    &t->reply_code) < 1) {
		die(t->name, line, "unknown line");
	}
}

struct transcript *
transcript_load(const char *dir, const char *file)
{
	struct transcript *t = calloc(1, sizeof(*t));
	char path[512], line[MAX_LINE];
	FILE *in;

	snprintf(path, sizeof(path), "%s/%s", dir, file);
	in = fopen(path, "r");
	if (t == NULL || in == NULL)
		die(path, "", "cannot be read");
	snprintf(t->name, sizeof(t->name), "%s", file);
	snprintf(t->own_name, sizeof(t->own_name), "localhost");
	snprintf(t->peer_name, sizeof(t->peer_name), "localhost");
	t->from = STARTTLS_GREETING;
	while (fgets(line, sizeof(line), in) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		parse_line(t, line);
	}
	fclose(in);
	if (t->protocol == NULL || t->verdict[0] == '\0')
		die(file, "", "no protocol or no verdict");
	return t;
}

void
transcript_free(struct transcript *t)
{
	size_t i;

	for (i = 0; i < t->count; i++)
		free(t->steps[i].data);
	free(t);
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

char **
transcript_list(const char *dir)
{
	struct dirent *entry;
	char **list = NULL;
	size_t count = 0;
	DIR *d = opendir(dir);

	if (d == NULL)
		die(dir, "", "cannot be read");
	while ((entry = readdir(d)) != NULL) {
		size_t len = strlen(entry->d_name);

		if (len < 4 || strcmp(entry->d_name + len - 4, ".txt") != 0)
			continue;
		list = realloc(list, (count + 2) * sizeof(*list));
		if (list == NULL)
			abort();
		list[count++] = strdup(entry->d_name);
	}
	closedir(d);
	if (list == NULL)
		die(dir, "", "no transcripts");
	qsort(list, count, sizeof(*list), by_name);
	list[count] = NULL;
	return list;
}
