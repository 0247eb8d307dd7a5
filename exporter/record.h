/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/* What happened in a probe, as text for people. */

#ifndef EXPORTER_RECORD_H
#define EXPORTER_RECORD_H

#include <stdint.h>
#include <stdio.h>

#include "check/checker.h"
#include "settings.h"

struct record {
	FILE *out;                 /* NULL: there was no memory for it */
	char *text;
	size_t len;
	int64_t started_us;
	size_t traced;             /* bytes of the dialog so far */
	bool cut;                  /* there was more of it */
};

/* Who is probed, and how; then the dialog follows.  @settings, which the record
   is to get the dialog from, is made to tell it: it and @options, which
   @settings points to from now on, are the caller's. */
void record_begin(struct record *record, const char *target,
		  const struct module *module, struct check_settings *settings,
		  struct starttls_options *options);
/* The certificates, as far as @result has them, the verdict and the metrics. */
void record_result(struct record *record, const struct result *result,
		   const char *metrics, size_t metrics_len);
/* The text, of malloc(3), which is the caller's; NULL: no memory. */
char *record_end(struct record *record);

#endif
