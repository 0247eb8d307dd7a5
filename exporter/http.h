/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/* The HTTP side: paths, methods and answers. */

#ifndef EXPORTER_HTTP_H
#define EXPORTER_HTTP_H

#include "exporter.h"

/* Serve on a listening socket, which stays the caller's, in threads that take
   no signals.  False: it cannot be done, see errno. */
bool http_start(struct exporter *exporter, int listener);
/* No new connections. */
void http_quiesce(struct exporter *exporter);
/* Waits for requests under way. */
void http_stop(struct exporter *exporter);

/* One line of text, to which the end of the line is added. */
enum MHD_Result http_say(struct MHD_Connection *connection, unsigned status,
			 const char *line);
/* Text of open_memstream, which is taken. */
enum MHD_Result http_take(struct MHD_Connection *connection, unsigned status,
			  const char *type, char *text, size_t len);

#define TYPE_TEXT "text/plain; charset=utf-8"
#define TYPE_METRICS "text/plain; version=0.0.4; charset=utf-8"

#endif
