/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * A record: settings, dialog, certificates, verdict and metrics of one probe.
 *
 * It is shown to whoever asks, so it has no secrets: of settings that are one,
 * or lead to one, only the name; the dialog comes from the library and from
 * login, which leave passwords out of it.  What peers say is bounded here, and
 * has no control characters.
 */

#include "config.h"

#include "record.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "loop/clock.h"
#include "words/show.h"

#define MOST_TRACED 16384          /* bytes of dialog */
#define MOST_CERTS 10
#define LINE_SIZE 1200

/* A line of somebody else's. */
static void
print_line(struct record *r, const char *name, const char *text)
{
	char shown[LINE_SIZE];

	if (text[0] != '\0')
		fprintf(r->out, "%-13s %s\n", name,
		    clean(shown, sizeof(shown), text));
}

static void
print_date(struct record *r, const char *name, int64_t seconds)
{
	char date[32];

	show_date(date, sizeof(date), seconds);
	print_line(r, name, date);
}

/* ---- settings ---- */

static bool
is_secret(const char *name)
{
	static const char *const words[] = {
		"password", "passphrase", "token", "user", "netrc"
	};
	size_t i;

	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strstr(name, words[i]) != NULL)
			return true;
	return false;
}

static void
print_settings(struct record *r, const struct module *module)
{
	const struct text *text;
	char shown[LINE_SIZE];

	fprintf(r->out, "\n== Settings of [module %s]\n", module->name);
	for (text = module->texts; text != NULL; text = text->next)
		fprintf(r->out, "%s = %s\n", text->name,
		    is_secret(text->name) ? "(not shown)" :
		    show_typed(shown, sizeof(shown), text->value));
}

/* ---- the dialog ---- */

static void
take_trace(void *context, enum starttls_direction direction,
	   enum starttls_phase phase, const char *text)
{
	struct record *r = context;
	char shown[LINE_SIZE];
	int len;

	if (r->cut)
		return;
	if (r->traced > MOST_TRACED) {
		r->cut = true;
		fputs("(and more, which is left out)\n", r->out);
		return;
	}
	len = fprintf(r->out, "%9.3f s  %s [%s] %s\n",
	    (double)(loop_now_us() - r->started_us) / 1e6,
	    direction == STARTTLS_SENT ? "C:" :
	    direction == STARTTLS_RECEIVED ? "S:" : "--",
	    starttls_phase_name(phase), clean(shown, sizeof(shown), text));
	if (len > 0)
		r->traced += (size_t)len;
}

/* ---- certificates ---- */

static void
print_cert(struct record *r, unsigned index, int place,
	   const struct starttls_cert *cert)
{
	fprintf(r->out, "%scertificate %u%s", index > 0 ? "\n" : "", index,
	    index == 0 ? ", the server's own" : "");
	if (place > 0)
		fprintf(r->out, ", number %d on the path", place);
	else if (place < 0)
		fputs(", not on the path", r->out);
	fputc('\n', r->out);
	print_line(r, "  subject", cert->subject);
	print_line(r, "  names", cert->names);
	print_line(r, "  issuer", cert->issuer);
	print_line(r, "  serial", cert->serial);
	print_date(r, "  not before", cert->not_before);
	print_date(r, "  not after", cert->not_after);
	print_line(r, "  key", cert->key);
	print_line(r, "  signature", cert->signature);
	print_line(r, "  pin", cert->pin);
}

/* Where there is no path none of them is off it. */
static bool
has_path(const struct sent *sent)
{
	size_t i;

	for (i = 0; i < sent->count; i++)
		if (sent->certs[i].place >= 0)
			return true;
	return false;
}

static void
print_certificates(struct record *r, const struct sent *sent)
{
	const bool has = has_path(sent);
	size_t i;

	fputs("\n== Certificates, as they were sent\n", r->out);
	for (i = 0; i < sent->count && sent->certs[i].is_sent &&
	     i < MOST_CERTS; i++)
		if (sent->certs[i].is_known)
			print_cert(r, (unsigned)i, has ?
			    sent->certs[i].place : 0, &sent->certs[i].cert);
	if (i < sent->count && sent->certs[i].is_sent)
		fputs("(and more, which are left out)\n", r->out);
}

/* ---- the verdict ---- */

static void
print_verdict(struct record *r, const struct result *result)
{
	char line[STARTTLS_MESSAGE_SIZE + 100];

	fputs("\n== Verdict\n", r->out);
	snprintf(line, sizeof(line), "%s%s%s%s", result->reason,
	    result->phase[0] != '\0' ? " (" : "", result->phase,
	    result->phase[0] != '\0' ? ")" : "");
	print_line(r, "reason", line);
	print_line(r, "message", result->error.message);
	print_line(r, "advice", result->advice);
	print_line(r, "address", result->report.address);
	print_line(r, "version", result->report.version);
	print_line(r, "cipher", result->report.cipher_suite);
	if (result->report.path_not_after != 0)
		print_date(r, "path ends", result->report.path_not_after);
	if (result->ends_first[0] != '\0')
		print_line(r, "of", result->ends_first);
	if (result->again)
		print_line(r, "resumption", result->resumed ? "ok" : "no");
	if (result->login.tried)
		print_line(r, "login", result->login.ok ? "ok" : "failed");
	fprintf(r->out, "%-13s %.3f s\n", "took",
	    (double)result->total_us / 1e6);
}

/* ---- from beginning to end ---- */

void
record_begin(struct record *r, const char *target, const struct module *module,
	     struct check_settings *settings, struct starttls_options *options)
{
	char shown[LINE_SIZE];

	memset(r, 0, sizeof(*r));
	r->started_us = loop_now_us();
	r->out = open_memstream(&r->text, &r->len);
	if (r->out == NULL)
		return;
	fprintf(r->out, "Probe of %s\n",
	    show_typed(shown, sizeof(shown), target));
	print_settings(r, module);
	fputs("\n== What happened\n", r->out);
	*options = *settings->options;
	options->trace = take_trace;
	options->trace_context = r;
	settings->options = options;
}

void
record_result(struct record *r, const struct result *result,
	      const char *metrics, size_t metrics_len)
{
	if (r->out == NULL)
		return;
	if (result->sent != NULL)
		print_certificates(r, result->sent);
	print_verdict(r, result);
	if (metrics_len == 0)
		return;
	fputs("\n== Metrics\n", r->out);
	fwrite(metrics, 1, metrics_len, r->out);
}

char *
record_end(struct record *r)
{
	if (r->out != NULL && fclose(r->out) == 0)
		return r->text;
	free(r->text);
	return NULL;
}
