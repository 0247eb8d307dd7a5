/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * The history of probes, and the page that shows it.
 *
 * Those that failed have places of their own, as they are what is asked about:
 * a hundred good servers would soon have pushed them out.  The page needs no
 * scripts and no styles; what may have been written by somebody else is
 * escaped.
 */

#include "config.h"

#include "history.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "words/show.h"

void
history_init(struct history *h)
{
	memset(h, 0, sizeof(*h));
	pthread_mutex_init(&h->lock, NULL);
}

void
history_done(struct history *h)
{
	size_t i;

	for (i = 0; i < HISTORY_SIZE; i++) {
		free(h->good[i].record);
		free(h->bad[i].record);
	}
	pthread_mutex_destroy(&h->lock);
}

void
history_add(struct history *h, struct past_probe *probe)
{
	struct past_probe *place;
	char *former;

	pthread_mutex_lock(&h->lock);
	place = strcmp(probe->reason, "ok") == 0 ?
	    &h->good[h->good_count++ % HISTORY_SIZE] :
	    &h->bad[h->bad_count++ % HISTORY_SIZE];
	former = place->record;
	probe->number = ++h->count;
	*place = *probe;
	pthread_mutex_unlock(&h->lock);
	free(former);
}

/* Held.  The @back'th from the end; NULL: there are not so many. */
static const struct past_probe *
nth_last(const struct past_probe *probes, uint64_t count, uint64_t back)
{
	return back < count && back < HISTORY_SIZE ?
	    &probes[(count - 1 - back) % HISTORY_SIZE] : NULL;
}

char *
history_record(struct history *h, uint64_t number)
{
	const struct past_probe *found = NULL;
	char *copy = NULL;
	size_t i;

	pthread_mutex_lock(&h->lock);
	for (i = 0; i < HISTORY_SIZE && number != 0 && found == NULL; i++)
		if (h->good[i].number == number)
			found = &h->good[i];
		else if (h->bad[i].number == number)
			found = &h->bad[i];
	if (found != NULL && found->record != NULL)
		copy = strdup(found->record);
	pthread_mutex_unlock(&h->lock);
	return copy;
}

/* ---- HTML ---- */

static void
print_escaped(FILE *out, const char *text)
{
	for (; *text != '\0'; text++)
		switch (*text) {
		case '&': fputs("&amp;", out); break;
		case '<': fputs("&lt;", out); break;
		case '>': fputs("&gt;", out); break;
		case '"': fputs("&quot;", out); break;
		case '\'': fputs("&#39;", out); break;
		default: putc((unsigned char)*text < 0x20 ||
		    (unsigned char)*text > 0x7e ? '?' : *text, out);
		}
}

static void
print_row(FILE *out, const struct past_probe *p)
{
	char date[32], took[16];
	time_t when = (time_t)p->ended_at;
	struct tm tm;

	if (gmtime_r(&when, &tm) == NULL ||
	    strftime(date, sizeof(date), "%Y-%m-%d %H:%M:%S", &tm) == 0)
		date[0] = '\0';
	fprintf(out, "<tr><td>%s</td><td>", date);
	print_escaped(out, p->target);
	fputs("</td><td>", out);
	print_escaped(out, p->module);
	fputs("</td><td>", out);
	print_escaped(out, p->reason);
	if (p->phase[0] != '\0') {
		fputs(" (", out);
		print_escaped(out, p->phase);
		putc(')', out);
	}
	fprintf(out, "</td><td>%s</td><td><a href=\"/logs?id=%" PRIu64
	    "\">log</a></td></tr>\n",
	    show_time(took, sizeof(took), p->took_us), p->number);
}

static const char beginning[] =
    "<!DOCTYPE html>\n"
    "<html lang=\"en\">\n"
    "<head><meta charset=\"utf-8\"/><title>starttls-exporter</title></head>\n"
    "<body>\n"
    "<h1>starttls-exporter</h1>\n"
    "<ul>\n"
    "<li>/probe?target=URL&amp;module=NAME checks a server; with "
    "&amp;debug=true it tells what happened</li>\n"
    "<li><a href=\"/metrics\">/metrics</a> of the exporter itself</li>\n"
    "<li><a href=\"/-/healthy\">/-/healthy</a> tells whether it "
    "answers</li>\n"
    "</ul>\n";

void
history_print(struct history *h, FILE *out)
{
	const struct past_probe *good, *bad;
	uint64_t i = 0, j = 0;

	fputs(beginning, out);
	fputs("<table>\n<caption>Recent probes, the latest first</caption>\n"
	    "<thead><tr><th>Ended (UTC)</th><th>Target</th><th>Module</th>"
	    "<th>Verdict</th><th>Took</th><th>Record</th></tr></thead>\n"
	    "<tbody>\n", out);
	pthread_mutex_lock(&h->lock);
	for (;;) {
		good = nth_last(h->good, h->good_count, i);
		bad = nth_last(h->bad, h->bad_count, j);
		if (good == NULL && bad == NULL)
			break;
		if (bad == NULL || (good != NULL &&
		    good->number > bad->number)) {
			print_row(out, good);
			i++;
		} else {
			print_row(out, bad);
			j++;
		}
	}
	if (h->count == 0)
		fputs("<tr><td>none yet</td></tr>\n", out);
	pthread_mutex_unlock(&h->lock);
	fputs("</tbody>\n</table>\n</body>\n</html>\n", out);
}
