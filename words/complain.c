/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * Complaints: whatever they repeat was written by somebody else, and loses what
 * could move a cursor.
 */

#include "config.h"

#include "complain.h"

#include <stdio.h>
#include <string.h>

#include "show.h"
#include "status.h"

int
complain(const char *text, int status)
{
	char shown[600];

	fprintf(stderr, "%s: %s\n", program_name,
	    show_typed(shown, sizeof(shown), text));
	return status;
}

int
complain_errno(const char *what, int number)
{
	fprintf(stderr, "%s: %s: %s\n", program_name, what, strerror(number));
	return EXIT_LOCAL;
}

const char *
with_url(char *buf, size_t size, const char *url, const char *message)
{
	char shown[200];

	/* the library has named it, or it holds what nobody should see */
	if (strstr(message, "URL") != NULL || strchr(url, '@') != NULL)
		snprintf(buf, size, "%s", message);
	else
		snprintf(buf, size, "%s: %s",
		    show_typed(shown, sizeof(shown), url), message);
	return buf;
}

void
complain_about(const char *url, const struct starttls_error *error,
	       const char *reason, const char *hint)
{
	char shown[200], peer[PEER_SHOWN], text[WITH_URL];

	if (starttls_code_class(error->code) == STARTTLS_CLASS_USAGE) {
		fprintf(stderr, "starttls: %s\n", with_url(text, sizeof(text),
		    url, error->message));
		return;
	}
	fprintf(stderr, "starttls: %s: %s%s [%s]%s%s\n",
	    show_typed(shown, sizeof(shown), url), error->message,
	    show_peer(peer, sizeof(peer), url, error->address), reason,
	    hint[0] != '\0' ? "; " : "", hint);
}
