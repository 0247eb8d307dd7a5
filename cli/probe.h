/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/* Printing what a probe has found. */

#ifndef CLI_PROBE_H
#define CLI_PROBE_H

#include "check/probe.h"

void probe_print_table(const struct probe *probe);
/* False: out of memory. */
bool probe_print_json(const struct probe *probe);

#endif
