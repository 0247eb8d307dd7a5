/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * What a program is made of: for reports of bugs, and for who wonders why there
 * is no login or no JSON.
 */

#include "config.h"

#include <stdio.h>
#include <string.h>

#include <gnutls/gnutls.h>

#include "check/format.h"
#include "login/login.h"
#include "options.h"

static void
print_library(const char *name, const char *built, const char *running,
	      const char *without)
{
	if (running == NULL)
		printf("no %s, so %s\n", name, without);
	else if (strcmp(built, running) == 0)
		printf("%s %s\n", name, running);
	else
		printf("%s %s, built with %s\n", name, running, built);
}

/* GnuTLS may have been built without. */
static bool
has_international_names(void)
{
	static const char name[] = "b\xc3\xbc" "cher.example";
	gnutls_datum_t mapped = { NULL, 0 };
	const int rc = gnutls_idna_map(name, sizeof(name) - 1, &mapped, 0);

	gnutls_free(mapped.data);
	return rc >= 0;
}

void
print_version(const char *program)
{
	const char *built, *running;

	printf("%s %s\n", program, starttls_version());
	print_library("GnuTLS", GNUTLS_VERSION, gnutls_check_version(NULL), "");
	running = login_library(&built);
	print_library("GNU SASL", built, running, "no logins");
	running = format_library(&built);
	print_library("jansson", built, running, "no JSON");
	printf("international names: %s\n",
	    has_international_names() ? "yes, IDNA 2008" : "no");
}
