/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * The options of the account that check --login uses.  Its password never comes
 * from the command line, which everybody on the machine can read.
 */

#include "config.h"

#include "account.h"

#include <stdio.h>
#include <string.h>

#include "login/account.h"
#include "words/status.h"

/* Which source an option names. */
static const struct {
	char letter;
	enum secret_source source;
	bool is_token;
	const char *name;
} sources[] = {
	{ 'F', SECRET_FILE, false, "--password-file" },
	{ 'B', SECRET_COMMAND, false, "--password-command" },
	{ 'D', SECRET_FD, false, "--password-fd" },
	{ 'E', SECRET_ENV, false, "--password-env" },
	{ 'G', SECRET_FILE, true, "--token-file" },
	{ 'J', SECRET_COMMAND, true, "--token-command" },
	{ 'I', SECRET_FD, true, "--token-fd" },
	{ 'O', SECRET_ENV, true, "--token-env" },
};

#define SOURCES (sizeof(sources) / sizeof(sources[0]))

static bool
set_source(struct account *a, char letter, const char *value)
{
	size_t i;

	for (i = 0; i < SOURCES && sources[i].letter != letter; i++)
		continue;
	if (i == SOURCES || value[0] == '\0' ||
	    (sources[i].source == SECRET_FD && (strlen(value) > 4 ||
	    strspn(value, "0123456789") != strlen(value))) ||
	    (sources[i].source == SECRET_ENV && strchr(value, '=') != NULL))
		return false;
	a->source = sources[i].source;
	a->is_token = sources[i].is_token;
	a->argument = value;
	a->sources++;
	return true;
}

bool
account_option(struct account *a, char letter, const char *value)
{
	switch (letter) {
	case 'g':
		a->wanted = true;
		return true;
	case 'u':
		a->user = value;
		return value[0] != '\0';
	case 's':
		a->mechanism = value;
		return !login_is_built() ||
		    login_knows(value) != LOGIN_UNKNOWN;
	case 'z':
		a->from_netrc = true;
		a->argument = value;
		a->sources++;
		return value == NULL || value[0] != '\0';
	default:
		return set_source(a, letter, value);
	}
}

/* Whether the credentials are those of the mechanism that was named. */
static const char *
mechanism_mistake(const struct account *a)
{
	switch (login_knows(a->mechanism)) {
	case LOGIN_NEEDS_PASSWORD:
		return a->is_token ? "a token is for --mechanism OAUTHBEARER "
		    "or XOAUTH2" : NULL;
	case LOGIN_NEEDS_TOKEN:
		return a->is_token ? NULL : "this --mechanism needs a token: "
		    "--token-file, --token-command, --token-fd or --token-env";
	case LOGIN_NEEDS_CERTIFICATE:
		return !a->has_certificate ? "--mechanism EXTERNAL needs "
		    "--cert" : a->sources > 0 ? "--mechanism EXTERNAL needs "
		    "no password or token" : NULL;
	case LOGIN_UNKNOWN:
		break;
	}
	return NULL;
}

const char *
account_mistake(const struct account *a)
{
	const char *why;

	if (!a->wanted)
		return a->sources > 0 || a->user != NULL ||
		    a->mechanism != NULL ?
		    "credentials without --login are of no use" : NULL;
	if (!login_is_built())
		return "--login: built without GNU SASL";
	if (a->sources > 1)
		return "one source of credentials is enough";
	why = a->mechanism == NULL ? NULL : mechanism_mistake(a);
	if (why != NULL)
		return why;
	if (a->sources == 0 && (a->mechanism == NULL ||
	    login_knows(a->mechanism) != LOGIN_NEEDS_CERTIFICATE))
		return "--login needs credentials: --netrc, or --user and "
		    "--password-file or the like";
	if (a->user == NULL && a->sources > 0 && !a->from_netrc)
		return "--login needs --user, or --netrc";
	return NULL;
}

static const char *
source_name(const struct account *a)
{
	size_t i;

	for (i = 0; i < SOURCES; i++)
		if (sources[i].source == a->source &&
		    sources[i].is_token == a->is_token)
			return sources[i].name;
	return "--netrc";
}

int
options_load_account(struct settings *s, char *why, size_t size)
{
	const struct account *a = &s->account;
	/* not a command's text, which may have anything in it */
	bool shown = a->argument != NULL && a->source != SECRET_COMMAND;
	char text[200];
	int rc = account_load(&s->account, s->timeout_ms, text, sizeof(text));

	if (rc != 0)
		snprintf(why, size, "%s%s%.100s: %s", source_name(a),
		    shown ? " " : "", shown ? a->argument : "", text);
	return exit_status_of_call(rc);
}
