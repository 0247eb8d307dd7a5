/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/* A host and a port, and what the system's resolver says of them. */

#ifndef STARTTLS_QUESTION_H
#define STARTTLS_QUESTION_H

#include <stddef.h>
#include <sys/socket.h>

#include "error.h"

#define RESOLVE_MAX_ADDRESSES 16

struct addresses {
	struct {
		struct sockaddr_storage address;
		socklen_t len;
	} list[RESOLVE_MAX_ADDRESSES];
	size_t count;              /* at least 1 */
};

struct question {
	int family, flags;         /* for getaddrinfo(3) */
	char host[STARTTLS_HOST_SIZE + 1]; /* with a final dot */
	char port[32];
	char shown[100];           /* the host, for messages */
};

/**
 * starttls_question_make: look at a host and a port, ask nobody.
 *
 * Returns: 0; STARTTLS_E_INVALID (host, port), STARTTLS_E_RESOLVE (an address
 * of the other family)
 */
int starttls_question_make(struct question *ret_question, const char *host,
			   const char *port, enum starttls_family family,
			   struct starttls_error *error);

/**
 * starttls_question_answer: ask, and wait for as long as it takes.
 *
 * Returns: what getaddrinfo(3) does, and its errno
 */
int starttls_question_answer(const struct question *question,
			     struct addresses *ret_addresses);

/**
 * starttls_question_failed: the words for such a result that is not 0.
 *
 * Returns: STARTTLS_E_INVALID (no such service), STARTTLS_E_RESOLVE,
 * STARTTLS_E_NOMEM
 */
int starttls_question_failed(const struct question *question, int rc,
			     int sys_errno, struct starttls_error *error);

#endif
