/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * How strong certificates must be: the stricter of our own demand and that of
 * the system-wide configuration of GnuTLS.
 *
 * GnuTLS has a profile in the default priority string replaced by the one that
 * a program asks for, even if that is lower, and there is no function that
 * tells which it is.  So the string is looked up here, as GnuTLS does: the
 * keyword of a level has a profile, and a later %PROFILE_ replaces it.  The
 * min-verification-profile of that file GnuTLS applies by itself; it is looked
 * up as well, that sessions of another time are not taken for equally good.
 */

#include "config.h"

#include "profile.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <gnutls/gnutls.h>

#define MAX_STRING 2048            /* GnuTLS's own limit */
#define BLANKS " \t\r\n\v\f"

static const struct {
	const char *keyword;
	gnutls_certificate_verification_profiles_t profile;
} levels[] = {
	{ "NORMAL", GNUTLS_PROFILE_LOW },
	{ "PFS", GNUTLS_PROFILE_LOW },
	{ "PERFORMANCE", GNUTLS_PROFILE_LOW },
	{ "SECURE128", GNUTLS_PROFILE_LOW },
	{ "SECURE", GNUTLS_PROFILE_LOW },
	{ "SECURE192", GNUTLS_PROFILE_HIGH },
	{ "SECURE256", GNUTLS_PROFILE_HIGH },
	{ "SUITEB128", GNUTLS_PROFILE_SUITEB128 },
	{ "SUITEB192", GNUTLS_PROFILE_SUITEB192 },
};

static char *
trim(char *text)
{
	size_t len;

	text += strspn(text, BLANKS);
	for (len = strlen(text); len > 0 && strchr(BLANKS, text[len - 1]) !=
	    NULL; len--)
		text[len - 1] = '\0';
	return text;
}

/* A line of the file; whether it is the one that is looked for. */
static bool
take_line(char *line, const char *section, const char *key, bool *within,
	  char *ret_value)
{
	char *at = trim(line), *value;

	if (*at == '[') {
		*within = strncasecmp(at + 1, section, strlen(section)) == 0 &&
		    at[1 + strlen(section)] == ']';
		return false;
	}
	value = strpbrk(at, "=:");
	if (!*within || *at == '#' || *at == ';' || value == NULL)
		return false;
	*value++ = '\0';
	if (strcasecmp(trim(at), key) != 0)
		return false;
	value = trim(value);
	value[strcspn(value, BLANKS)] = '\0';
	snprintf(ret_value, MAX_STRING, "%s", value);
	return true;
}

/* The last value of a key, in a buffer of MAX_STRING. */
static bool
look_up(FILE *file, const char *section, const char *key, char *ret_value)
{
	bool within = false, found = false;
	char *line = NULL;
	size_t size = 0;

	rewind(file);
	while (getline(&line, &size, file) >= 0)
		if (take_line(line, section, key, &within, ret_value))
			found = true;
	free(line);
	return found;
}

/* "@A,B:more" stands for the first of the strings of these names; what is
   behind it counts as well. */
static bool
look_up_named(FILE *file, const char *names, char *ret_value)
{
	char name[MAX_STRING];
	size_t len;

	for (;; names += len + 1) {
		len = strcspn(names, ",:");
		snprintf(name, sizeof(name), "%.*s", (int)len, names);
		if (look_up(file, "priorities", name, ret_value))
			return true;
		if (names[len] != ',')
			return false;
	}
}

/* What the items of a string make of the profile that was there before. */
static unsigned
profile_of(const char *string, unsigned profile)
{
	static const char prefix[] = "%PROFILE_";
	char item[MAX_STRING];
	size_t len, i;

	for (;; string += len + 1) {
		len = strcspn(string, ":");
		snprintf(item, sizeof(item), "%.*s", (int)len, string);
		if (strncasecmp(item, prefix, sizeof(prefix) - 1) == 0)
			profile = (unsigned)
			    gnutls_certificate_verification_profile_get_id(
			    item + sizeof(prefix) - 1);
		for (i = 0; i < sizeof(levels) / sizeof(levels[0]); i++)
			if (strcasecmp(item + (item[0] == '+'),
			    levels[i].keyword) == 0 && (profile == 0 ||
			    profile > levels[i].profile))
				profile = levels[i].profile;
		if (string[len] == '\0')
			return profile;
	}
}

static unsigned
read_profile(FILE *file)
{
	char string[MAX_STRING], named[MAX_STRING];
	unsigned profile = GNUTLS_PROFILE_UNKNOWN, min = profile;

	/* what GnuTLS takes without one depends on how it was built */
	if (!look_up(file, "overrides", "default-priority-string", string))
		snprintf(string, sizeof(string), "@SYSTEM");
	if (string[0] == '@' && look_up_named(file, string + 1, named))
		profile = profile_of(named, profile);
	profile = profile_of(string, profile);
	if (look_up(file, "overrides", "min-verification-profile", string))
		min = (unsigned)
		    gnutls_certificate_verification_profile_get_id(string);
	return min > profile ? min : profile;
}

int
starttls_profile(gnutls_certificate_verification_profiles_t *ret_profile,
		 struct starttls_error *error)
{
	const char *path = gnutls_get_system_config_file();
	unsigned profile = GNUTLS_PROFILE_UNKNOWN;
	FILE *file = path != NULL ? fopen(path, "re") : NULL;
	bool failed = file == NULL && path != NULL && errno != ENOENT &&
	    errno != ENOTDIR;

	if (file != NULL) {
		profile = read_profile(file);
		failed = ferror(file) != 0;
		fclose(file);
	}
	if (failed)
		return starttls_error_set(error, STARTTLS_E_POLICY,
		    STARTTLS_PHASE_SETUP, "%.200s: the system's crypto policy "
		    "cannot be read", path);
	*ret_profile = profile > GNUTLS_PROFILE_MEDIUM ?
	    (gnutls_certificate_verification_profiles_t)profile :
	    GNUTLS_PROFILE_MEDIUM;
	return 0;
}
