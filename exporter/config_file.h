/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/* Files of sections and keys, line by line, on top of inih. */

#ifndef EXPORTER_CONFIG_FILE_H
#define EXPORTER_CONFIG_FILE_H

#include <stdbool.h>
#include <stddef.h>

/* Who is told.  Each returns false for what it does not take, with the words
   in @why. */
struct config_reader {
	void *context;
	bool (*section)(void *context, const char *name, int line, char *why,
			size_t why_size);
	bool (*key)(void *context, const char *name, const char *value,
		    int line, char *why, size_t why_size);
};

/* Stops at the first mistake: false, with "FILE:LINE: words" in @why. */
bool config_file_read(const char *path, const struct config_reader *reader,
		      char *why, size_t why_size);

#endif
