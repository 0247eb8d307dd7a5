/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * starttls explain: what a reason means, and what to do about it.
 */

#include "config.h"

#include <string.h>

#include "cli.h"
#include "words/reasons.h"
#include "words/status.h"
#include "words/suggest.h"

/* As they stand in messages: "[cert-expired]". */
static const struct reason *
find_shown(const char *word)
{
	char name[32];
	size_t len = strlen(word);

	if (len < 3 || len > sizeof(name) || word[0] != '[' ||
	    word[len - 1] != ']')
		return find_reason(word);
	memcpy(name, word + 1, len - 2);
	name[len - 2] = '\0';
	return find_reason(name);
}

static int
refuse(const char *word)
{
	struct suggestion near;
	char meant[SUGGESTED];
	const struct reason *r;

	suggest_begin(&near, word, strlen(word));
	for (r = reasons; r->name != NULL; r++)
		suggest_offer(&near, r->name);
	complain_usage("explain", "unknown reason \"%.40s\"%s; starttls "
	    "explain lists them", word, suggest_end(&near, meant));
	return EXIT_USAGE;
}

int
run_explain(struct settings *settings)
{
	int i;

	for (i = 0; i < settings->url_count; i++)
		if (find_shown(settings->urls[i]) == NULL)
			return refuse(settings->urls[i]);
	if (settings->url_count == 0)
		list_reasons(stdout);
	for (i = 0; i < settings->url_count; i++) {
		if (i > 0)
			putchar('\n');
		print_reason(stdout, find_shown(settings->urls[i]));
	}
	return 0;
}
