/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * Why a server does not greet: a second connection, with a ClientHello.
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

/* To where @fd is connected.  False: it cannot be done, or makes no sense. */
bool hello_begin(struct hello *hello, int fd);
void hello_end(struct hello *hello);
/* The same, and wait for the answer, @timeout_ms or HELLO_TIME_MS at most. */
bool hello_ask(struct starttls_policy *policy, const char *url, int fd,
	       int timeout_ms);
/* The error of a server that speaks TLS at once; its code. */
int hello_explain(const char *url, struct starttls_error *error);

#endif
