/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * Complaints: whatever they repeat was written by somebody else, and loses what
 * could move a cursor.  A mistake in the call is told without the URL, which
 * may hold what nobody should see.
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
	    clean(shown, sizeof(shown), text));
	return status;
}

int
complain_errno(const char *what, int number)
{
	fprintf(stderr, "%s: %s: %s\n", program_name, what, strerror(number));
	return EXIT_LOCAL;
}

void
complain_about(const char *url, const struct starttls_error *error,
	       const char *reason, const char *hint)
{
	char shown[200], peer[PEER_SHOWN];

	/* not the URL itself, which may hold what nobody should see */
	if (starttls_code_class(error->code) == STARTTLS_CLASS_USAGE) {
		fprintf(stderr, "starttls: %s\n", error->message);
		return;
	}
	fprintf(stderr, "starttls: %s: %s%s [%s]%s%s\n",
	    clean(shown, sizeof(shown), url), error->message,
	    show_peer(peer, sizeof(peer), url, error->address), reason,
	    hint[0] != '\0' ? "; " : "", hint);
}
