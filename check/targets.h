/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * What to check: the URLs of the command line, and those of a file.
 *
 * A line has a URL, and may have behind it HOST:PORT, where to connect to.
 * Lines that are empty, or begin with '#', are passed over.
 */

#ifndef CHECK_TARGETS_H
#define CHECK_TARGETS_H

#include <stddef.h>

#include "words/complain.h"

struct result;

/* What target_complaint has room for. */
#define COMPLAINT (220 + WITH_URL)

struct target {
	char *url;                 /* owned, if it is of a file */
	char *name;                /* owned: with HOST:PORT; NULL: the URL */
	char *connect_host;        /* owned; NULL: as the settings say */
	char *connect_port;
	size_t line;               /* of the file; 0: of the command line */
	struct result *result;     /* owned; NULL: not there, or told */
};

struct targets {
	struct target *list;
	size_t count, size;
	const char *file;          /* for messages; NULL: none */
};

/* 0; or EXIT_*, with the words in @why. */
int targets_read(struct targets *ret_targets, char *const *urls, size_t count,
		 const char *file, char *why, size_t why_size);
/* @message with the URL, and where in the file that is. */
const char *target_complaint(char *buf, size_t size,
			     const struct targets *targets,
			     const struct target *t, const char *message);
void targets_done(struct targets *targets);

#endif
