/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/* The certificates that a server has sent, and those that it was verified
   with. */

#ifndef CHECK_SENT_H
#define CHECK_SENT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "conversation.h"

struct sent_cert {
	bool is_sent;              /* false: our anchor, behind the others */
	bool is_known;             /* it could be decoded */
	int place;                 /* on the path that was verified, 0 is the
	                              server's own; -1: not on it */
	struct starttls_cert cert;
	char *names;               /* all of them: each ends with a NUL, and so
	                              does the list; NULL: those in cert */
};

/* Shared by the copies of a result, also of several threads. */
struct sent {
	atomic_uint refs;
	size_t count;
	struct sent_cert certs[];
};

/* NULL: there are none, or no memory for them. */
struct sent *sent_new(const struct conversation *c);
struct sent *sent_ref(struct sent *sent);
void sent_unref(struct sent *sent);

/* One that was sent, from @sent if it is there; decoding is not for free.
   Returns whether it could be decoded. */
bool sent_cert(const struct sent *sent, const struct conversation *c,
	       unsigned index, struct starttls_cert *ret_cert);

#endif
