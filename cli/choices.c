/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * What there is to choose from, for who has chosen something else.  What each
 * value means is in values.c and where it is used.
 */

#include "config.h"

#include "choices.h"

#include <stdio.h>
#include <string.h>

#include "check/format.h"
#include "login/login.h"
#include "words/suggest.h"

#define MOST 16

static const struct {
	char letter;
	const char *values[5];
} few[] = {
	{ 'l', { "auto", "off", "on", "require", NULL } },
	{ 'm', { "1.2", "1.3", NULL } },
	{ 'e', { "optional", "required", NULL } },
};

/* Those of monitors are for what has limits; lists for what asks nobody. */
static bool
suits(const struct subcommand *sub, const struct format *format)
{
	if (format->lists || strchr(sub->options, 't') == NULL)
		return format->lists && strchr(sub->options, 't') == NULL;
	return strchr(sub->options, 'w') != NULL || format == &format_human ||
	    format == &format_json;
}

static const char *
format_choice(const struct subcommand *sub, size_t index)
{
	const struct format *format;
	size_t i;

	for (i = 0; (format = format_at(i)) != NULL; i++)
		if (suits(sub, format) && index-- == 0)
			return format->name;
	return NULL;
}

const char *
choice(const struct subcommand *sub, char letter, size_t index)
{
	size_t i, j;

	if (letter == 'f')
		return format_choice(sub, index);
	if (letter == 's')
		return login_mechanism(index);
	for (i = 0; i < sizeof(few) / sizeof(few[0]); i++)
		for (j = 0; few[i].letter == letter &&
		    few[i].values[j] != NULL; j++)
			if (j == index)
				return few[i].values[j];
	return NULL;
}

bool
choose_again(const struct subcommand *sub, char letter, const char *value,
	     char *buf, size_t size)
{
	const char *words[MOST + 1] = { NULL };
	char all[CHOICES], near[SUGGESTED];
	struct suggestion s;
	size_t count;

	suggest_begin(&s, value, strlen(value));
	for (count = 0; count < MOST; count++) {
		words[count] = choice(sub, letter, count);
		if (words[count] == NULL)
			break;
		suggest_offer(&s, words[count]);
	}
	if (count == 0)
		return false;
	snprintf(buf, size, "is not %s%s",
	    list_words(all, sizeof(all), words), suggest_end(&s, near));
	return true;
}
