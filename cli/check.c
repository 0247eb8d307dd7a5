/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * starttls check: upgrade, verify, one harmless exchange, goodbye.
 */

#include "config.h"

#include <string.h>

#include "cli.h"
#include "checker.h"
#include "format.h"

/*
 * Machines get results, or one complaint about the call and no results:
 * nobody is connected to before all URLs are known to be good.  People are
 * told about each URL in its turn.
 */
static int
check_urls(const struct settings *settings)
{
	struct starttls_url parsed = { .size = sizeof(parsed) };
	struct login_options ignored;
	struct starttls_error error;
	int i, rc = 0;

	for (i = 0; rc == 0 && i < settings->url_count; i++) {
		rc = starttls_url_parse(settings->urls[i], &parsed, &error);
		if (rc == 0)
			rc = starttls_url_check(settings->policy, &parsed,
			    &settings->options, &error);
		if (rc == 0 && settings->account.wanted)
			rc = find_account(settings, settings->urls[i],
			    &parsed, &ignored, &error);
	}
	if (rc == 0)
		return 0;
	if (settings->format->plugin)
		return plugin_unknown(error.message);
	complain(settings->urls[i - 1], &error);
	return exit_status(&error);
}

static int
load_account(struct settings *settings)
{
	char why[400];
	int status = account_load(&settings->account, settings->timeout_ms,
	    why, sizeof(why));

	if (status == 0)
		return 0;
	complain_usage(settings->subcommand->name, "%s", why);
	return settings->format->plugin ? PLUGIN_UNKNOWN : status;
}

int
run_check(struct settings *settings)
{
	struct format_run run;
	struct result result;
	int i, status = 0;

	if (settings->format == NULL)
		settings->format = &format_human;
	status = load_account(settings);
	if (status == 0 && settings->format->machine)
		status = check_urls(settings);
	if (status == 0)
		status = format_open(&run, settings);
	if (status != 0)
		return status;
	for (i = 0; i < settings->url_count; i++) {
		check_url(settings, settings->urls[i], settings->timeout_ms,
		    run.format->chain, &result);
		format_add(&run, &result);
	}
	return format_close(&run);
}
