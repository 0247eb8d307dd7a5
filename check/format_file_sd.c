/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * The targets as service discovery of Prometheus reads them, from a file or
 * over HTTP: one array, of groups with targets and labels.  It is no format
 * for results, and has nothing of them but the URLs.
 */

#include "config.h"

#include "format.h"

#ifdef HAVE_JANSSON

#include "format_json.h"

static bool
file_sd_begin(struct format_run *run)
{
	run->state = json_array();
	return run->state != NULL;
}

/* False also for a URL that is no UTF-8; such names are refused before. */
static bool
file_sd_add(struct format_run *run, const struct result *r)
{
	return json_array_append_new(run->state, json_string(r->url)) == 0;
}

static bool
file_sd_end(struct format_run *run)
{
	if (run->state == NULL)
		return false;
	return json_print(run->out, json_pack("[{s:o, s:{}}]", "targets",
	    run->state, "labels"));
}

#else
#define file_sd_begin NULL
#define file_sd_add NULL
#define file_sd_end NULL
#endif

const struct format format_file_sd = {
	.name = "file_sd",
	.machine = true,
	.whole = true,
	.lists = true,
	.begin = file_sd_begin,
	.add = file_sd_add,
	.end = file_sd_end,
};
