/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * starttls policy: what the options allow and require.
 */

#include "config.h"

#include <stdlib.h>

#include "cli.h"
#include "words/complain.h"
#include "words/status.h"

int
run_policy(struct settings *settings)
{
	char *text = starttls_policy_describe(settings->policy);

	if (text == NULL)
		return complain("the policy cannot be described: out of "
		    "memory, or an unusable crypto policy of the system",
		    EXIT_LOCAL);
	if (!settings->quiet)
		fputs(text, stdout);
	free(text);
	return 0;
}
