/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * Exporter: HTTP in front of check.
 *
 * The room has the server, its clients, its configuration, and what it tells
 * about itself.  Of the command it uses the options, which are the keys of a
 * module.
 *
 * main.c owns all of it and gives the server its pages; a page makes an answer
 * of what it is given, and sends nothing.
 *
 * This header has what the threads share.
 */

#ifndef EXPORTER_EXPORTER_H
#define EXPORTER_EXPORTER_H

#include "current.h"
#include "history.h"
#include "http.h"
#include "journal.h"
#include "metrics.h"
#include "reload.h"

struct exporter {
	struct current current;
	struct metrics metrics;
	struct history history;
	struct journal journal;
	struct reloads reloads;
	struct http http;
};

#endif
