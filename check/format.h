/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * Formats for results.  A format gets one result after the other and decides
 * what can be written at once and what has to wait for the end, so that
 * results need not be kept.
 */

#ifndef CHECK_FORMAT_H
#define CHECK_FORMAT_H

#include <stdio.h>

#include "result.h"
#include "threshold.h"

struct format;

/* How to judge, and how to tell. */
struct format_settings {
	const struct format *format; /* NULL: not said */
	const char *output;        /* NULL: standard output */
	struct limits limits;
	bool quiet;
	bool only_problems;        /* tell of nothing else */
	bool many;                 /* targets: a line each, for people */
};

/* Exit status of monitoring plugins. */
enum plugin_state {
	PLUGIN_OK = 0,
	PLUGIN_WARNING = 1,
	PLUGIN_CRITICAL = 2,
	PLUGIN_UNKNOWN = 3
};

struct format_run;

struct format {
	const char *name;
	bool machine;              /* tells everything itself: nothing goes
	                              to standard error */
	bool plugin;               /* ends with enum plugin_state */
	bool whole;                /* has to have all results */
	bool lists;                /* targets, which have no results yet */
	enum result_detail detail; /* that it wants of good ones */
	bool (*begin)(struct format_run *run);  /* may be NULL */
	bool (*add)(struct format_run *run, const struct result *r);
	bool (*end)(struct format_run *run);    /* also after a failure */
};

/* The results of one call. */
struct format_run {
	const struct format *format;
	const struct format_settings *settings;
	FILE *out;
	bool colour;
	size_t count;              /* results so far */
	size_t failed;             /* of them */
	size_t beyond[2];          /* and beyond a limit: of warnings, and of
	                              those that are critical */
	int status;                /* to exit with, so far */
	bool incomplete;           /* memory ran out */
	void *state;               /* the format's own */

	char *buffer;              /* --output */
	size_t len;
};

extern const struct format format_human, format_json, format_nagios,
    format_prometheus, format_file_sd;

/* The version of jansson, and that it was built with; NULL: without. */
const char *format_library(const char **ret_built);
/* One after the other; NULL at the end. */
const struct format *format_at(size_t index);
/* NULL: no such name.  Its add is NULL if the program was built without. */
const struct format *format_find(const char *name);

/* What is needed of good ones to judge and to tell. */
enum result_detail format_detail(const struct format_settings *settings);

/* Green and red on a terminal that wants them, https://no-color.org/ */
bool format_wants_colour(void);

/* 0; or the exit status, and has complained. */
int format_open(struct format_run *run, const struct format_settings *settings);
void format_add(struct format_run *run, const struct result *r);
/* Write what is left; the exit status of everything. */
int format_close(struct format_run *run);

/* One result and nothing else, to a stream; false: out of memory. */
bool format_one(const struct format_settings *settings, const struct result *r,
		FILE *out);

/* For what went wrong before there was a result: the line that a monitor
   reads, and its status. */
int plugin_unknown(const char *message);

#endif
