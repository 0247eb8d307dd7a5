/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * What a probe has found, side by side in a table, and in JSON.
 */

#include "config.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "check/format.h"
#include "probe.h"
#include "words/show.h"

#define CELL 38                    /* columns */

/* What there is to say about TLS that is there. */
static void
describe(char *buf, size_t size, const struct way *way)
{
	const struct result *r = way->result;
	size_t len;

	snprintf(buf, size, "yes, %s%s%s", r->report.version,
	    r->report.version[0] != '\0' && r->status != 0 ? ", " : "",
	    r->status != 0 ? r->reason : "");
	len = strlen(buf);
	if (r->ends_at != 0 && r->status == 0)
		snprintf(buf + len, size - len, ", %ld day%s", r->ends_in_days,
		    r->ends_in_days == 1 ? "" : "s");
}

static void
print_cell(const struct way *way, int width, bool colour)
{
	char text[CELL + 1];
	const char *begin = "";

	if (way->port[0] == '\0') {
		printf(" %5s %-*s", "-", width, "");
		return;
	}
	if (probe_exists(way->state)) {
		describe(text, sizeof(text), way);
		begin = way->result->status == 0 ? "\033[32m" : "\033[31m";
	} else {
		snprintf(text, sizeof(text), "no: %s",
		    probe_state_text(way->state));
	}
	printf(" %5s %s%-*s%s", way->port, colour ? begin : "", width, text,
	    colour && begin[0] != '\0' ? "\033[0m" : "");
}

/* Whether a row says nothing but that nobody is there. */
static bool
is_empty(const struct row *row)
{
	return probe_is_all(row, PROBE_CLOSED) ||
	    probe_is_all(row, PROBE_UNREACHABLE);
}

/* "closed:  ftp 21 990, ldap 389 636", in as few lines as it takes. */
static void
print_empty(const struct probe *probe, enum probe_state state)
{
	int column = 0;
	size_t i;

	for (i = 0; i < probe->count; i++) {
		const struct row *row = &probe->rows[i];
		const char *first = row->upgrade.port, *second =
		    row->dedicated.port;
		char text[64];
		int len;

		if (!probe_is_all(row, state))
			continue;
		if (strcmp(first, second) == 0)
			second = "";
		len = snprintf(text, sizeof(text), "%s %s%s%s",
		    probe_name(row), first, first[0] != '\0' &&
		    second[0] != '\0' ? " " : "", second);
		if (column == 0)
			column = printf("%s: %s", probe_state_text(state),
			    text);
		else if (column + 2 + len > 78)
			column = printf(",\n    %s", text) - 2;
		else
			column += printf(", %s", text);
	}
	if (column > 0)
		putchar('\n');
}

/* Who asks for a protocol gets its line; else those that say something. */
void
probe_print_table(const struct probe *probe)
{
	const bool all = probe->protocol_count > 0;
	bool begun = false;
	const bool colour = format_wants_colour();
	char shown[300];
	size_t i;

	puts(show_typed(shown, sizeof(shown), probe->host));
	for (i = 0; i < probe->count; i++) {
		const struct row *row = &probe->rows[i];

		if (!all && is_empty(row))
			continue;
		if (!begun)
			printf("%-11s %-9s  %-*s %s\n", "PROTOCOL", "OFFERS",
			    CELL + 6, "UPGRADE", "DEDICATED PORT");
		begun = true;
		printf("%-11s %-9s ", probe_name(row), probe_offers(row));
		print_cell(&row->upgrade, CELL, colour);
		print_cell(&row->dedicated, 0, colour);
		putchar('\n');
	}
	if (all)
		return;
	print_empty(probe, PROBE_CLOSED);
	print_empty(probe, PROBE_UNREACHABLE);
}

#ifdef HAVE_JANSSON

#include <stdlib.h>

#include "check/format_json.h"

static json_t *
way_of(const struct way *way)
{
	json_t *o;

	if (way->port[0] == '\0')
		return json_null();
	o = json_object();
	return json_whole(o,
	    json_set(o, "port", json_integer(atol(way->port))) &&
	    json_set(o, "tls", json_boolean(probe_exists(way->state))) &&
	    json_set(o, "state", json_string(probe_state_name(way->state))) &&
	    json_set(o, "check", way->result != NULL ?
		json_of_result(way->result, &(struct limits){
		    .warning = { .has_time = false } }) : json_null()));
}

static json_t *
row_of(const struct row *row)
{
	json_t *o = json_object();

	return json_whole(o,
	    json_set(o, "protocol", json_string(probe_name(row))) &&
	    json_set(o, "offers", json_string(probe_offers(row))) &&
	    json_set(o, "upgrade", way_of(&row->upgrade)) &&
	    json_set(o, "dedicated", way_of(&row->dedicated)));
}

static json_t *
rows_of(const struct probe *probe)
{
	json_t *array = json_array();
	bool good = array != NULL;
	size_t i;

	for (i = 0; good && i < probe->count; i++)
		good = json_array_append_new(array,
		    row_of(&probe->rows[i])) == 0;
	return json_whole(array, good);
}

bool
probe_print_json(const struct probe *probe)
{
	json_t *o = json_object();
	char shown[300];

	return json_print(stdout, json_whole(o,
	    json_set(o, "host", json_string(show_typed(shown, sizeof(shown),
		probe->host))) &&
	    json_set(o, "time", json_of_date((int64_t)time(NULL))) &&
	    json_set(o, "protocols", rows_of(probe))));
}

#else

bool
probe_print_json(const struct probe *probe)
{
	(void)probe;
	return false;              /* the format is refused before */
}

#endif
