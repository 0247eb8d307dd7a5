/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/* The pages of the exporter. */

#ifndef EXPORTER_PAGES_H
#define EXPORTER_PAGES_H

#include <stdbool.h>

#include "exporter.h"

bool pages_takes_post(const char *path);
/* The answer to a request for @path.  @exporter is a struct exporter. */
void pages_show(void *exporter, struct MHD_Connection *connection,
		const char *path, struct answer *ret_answer);

#endif
