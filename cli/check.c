/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * starttls check: upgrade, verify, one harmless exchange, goodbye.
 */

#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"

static void
print_phases(const struct starttls_report *r)
{
	const struct {
		const char *name;
		int64_t us;
	} phases[] = {
		{ "resolve", r->resolve_us }, { "connect", r->connect_us },
		{ "greeting", r->greeting_us }, { "upgrade", r->preamble_us },
		{ "handshake", r->handshake_us },
		{ "exchange", r->exchange_us }, { "total", r->total_us },
	};
	char text[16];
	size_t i;

	fputs(" ", stdout);
	for (i = 0; i < sizeof(phases) / sizeof(phases[0]); i++)
		if (phases[i].us >= 0)
			printf(" %s %s%s", phases[i].name, show_time(text,
			    sizeof(text), phases[i].us),
			    i + 1 < sizeof(phases) / sizeof(phases[0]) ?
			    "," : "\n");
}

/* The end of validity; and of a certificate that failed, the names. */
static void
print_certificate(const struct conversation *c)
{
	struct starttls_cert cert = { .size = sizeof(cert) };
	char date[32];
	long days = days_until(c->report.not_after);

	if (c->report.not_after == 0)
		return;
	fputs("  certificate", stdout);
	if (c->upgrade != NULL &&
	    starttls_upgrade_cert(c->upgrade, 0, &cert) == 0)
		printf(" for %.120s%s", cert.names[0] != '\0' ? cert.names :
		    cert.subject, strlen(cert.names) > 120 ? "..." : "");
	show_date(date, sizeof(date), c->report.not_after);
	printf(" valid until %s (%ld day%s)\n", date, days,
	    days == 1 ? "" : "s");
}

/* Green and red on a terminal that wants them, https://no-color.org/ */
static const char *
colour(const char *code)
{
	static int wanted = -1;
	const char *no = getenv("NO_COLOR");

	if (wanted < 0)
		wanted = isatty(STDOUT_FILENO) != 0 &&
		    (no == NULL || no[0] == '\0');
	return wanted ? code : "";
}

static void
print_result(const char *url, const struct conversation *c)
{
	const struct starttls_report *r = &c->report;
	char shown[200];

	clean(shown, sizeof(shown), url);
	if (c->code == 0)
		printf("%s: %sok%s, %s %s%s, %d round trips\n", shown,
		    colour("\033[32m"), colour("\033[0m"), r->version,
		    r->cipher_suite, r->resumed ? ", resumed" : "",
		    r->round_trips);
	else
		printf("%s: %s%s%s\n", shown, colour("\033[31m"),
		    starttls_code_name(c->code), colour("\033[0m"));
	if (c->session != NULL || c->upgrade != NULL) {
		print_certificate(c);
		print_phases(r);
	}
}

static int
check(const struct settings *settings, const char *url)
{
	struct conversation c;
	int status;

	converse(settings, url, &c);
	check_inside(&c);
	status = c.code == 0 ? 0 : exit_status(&c.error);
	if (!settings->quiet && status != EXIT_USAGE)
		print_result(url, &c);
	/* in order, whatever the buffers: the line, then the reason */
	fflush(stdout);
	if (c.code != 0 && (!settings->quiet || status == EXIT_USAGE))
		complain(url, &c.error);
	finish_conversation(&c);
	return status;
}

int
run_check(struct settings *settings)
{
	int i, status, first = 0;

	for (i = 0; i < settings->url_count; i++) {
		status = check(settings, settings->urls[i]);
		if (first == 0)
			first = status;
	}
	return first;
}
