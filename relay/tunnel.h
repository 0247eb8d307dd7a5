/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/* A session on one side, standard input and output on the other. */

#ifndef RELAY_TUNNEL_H
#define RELAY_TUNNEL_H

#include "starttls.h"

/* How long to be patient. */
struct tunnel_settings {
	int close_after_ms;        /* silence of the server after which the end
	                              of the input is told it */
	int timeout_ms;            /* for an answer to that */
};

enum tunnel_result {
	TUNNEL_DONE,
	TUNNEL_FAILED,             /* the server: see the error */
	TUNNEL_LOCAL_FAILED        /* the descriptors */
};

/**
 * tunnel: relay until the peer has ended and everything of it is written.
 *
 * @in, @out  left open, and in whatever mode they are: other processes may
 *            share them
 * @error     what has failed
 */
enum tunnel_result tunnel(struct starttls_session *session, int in, int out,
			  const struct tunnel_settings *settings,
			  struct starttls_error *error);

#endif
