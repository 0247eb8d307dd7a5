/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * Why a server says nothing: a second connection, with a ClientHello.
 */

#ifndef CHECK_HELLO_H
#define CHECK_HELLO_H

#include <stdbool.h>

#include "loop/loop.h"
#include "starttls.h"

#define HELLO_TIME_MS 2000         /* of silence before it, and for an answer */

struct hello {
	/* the owner's */
	struct loop *loop;
	struct starttls_policy *policy;
	const char *url;           /* of the first connection */
	/* once, unless it is ended before: does the port speak TLS at once? */
	void (*answer)(void *context, bool speaks_tls);
	void *context;

	struct watch watch;        /* the descriptor is ours */
	struct starttls_upgrade *upgrade;
};

/* To the @address that the first connection had; @port: NULL: that of the URL.
   False: it cannot be done, or makes no sense. */
bool hello_begin(struct hello *hello, const char *address, const char *port);
void hello_end(struct hello *hello);
/* The same, and wait for the answer, @timeout_ms or HELLO_TIME_MS at most. */
bool hello_ask(struct starttls_policy *policy, const char *url,
	       const char *address, const char *port, int timeout_ms);
/* The error of a server that speaks TLS at once; its code. */
int hello_explain(const char *url, bool was_silent,
		  struct starttls_error *error);
/* Whether it may be one: it has ended a conversation, which we had begun, and
   said nothing. */
bool hello_may_tell(int code, bool said, bool heard);

#endif
