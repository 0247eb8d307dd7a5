/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/* /probe: check the server that a request names, and say what was found. */

#ifndef EXPORTER_PROBE_H
#define EXPORTER_PROBE_H

#include <microhttpd.h>

#include "answer.h"
#include "exporter.h"

/* @connection is asked for the parameters of the request, and nothing else. */
void probe(struct exporter *exporter, const struct config *config,
	   struct MHD_Connection *connection, struct answer *ret_answer);

#endif
