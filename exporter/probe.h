/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/* /probe: check the server that a request names, and say what was found. */

#ifndef EXPORTER_PROBE_H
#define EXPORTER_PROBE_H

#include "exporter.h"

enum MHD_Result probe(struct exporter *exporter,
		      struct MHD_Connection *connection);

#endif
