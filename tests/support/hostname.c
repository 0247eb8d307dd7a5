/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/* What the machine is called, for all that is linked with this.  Without
   unistd.h, which may have a definition of its own. */

#include "hostname.h"

#include <stdio.h>

int gethostname(char *name, size_t size);

const char *test_host_name = TEST_HOST_NAME;

int
gethostname(char *name, size_t size)
{
	if (test_host_name == NULL)
		return -1;
	snprintf(name, size, "%s", test_host_name);
	return 0;
}
