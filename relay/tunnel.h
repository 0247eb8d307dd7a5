/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/* A session on one side, standard input and output on the other. */

#ifndef RELAY_TUNNEL_H
#define RELAY_TUNNEL_H

#include <stdbool.h>

#include "relay.h"
#include "starttls.h"

/* What to do besides moving bytes. */
struct tunnel_settings {
	const char *greeting;      /* to say first; NULL: none */
	bool ends_lines;           /* LF of the input becomes CR LF */
	struct patience patience;  /* behind the end of the input */
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
