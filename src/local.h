/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/* Where connections come from: a local address, an interface. */

#ifndef STARTTLS_LOCAL_H
#define STARTTLS_LOCAL_H

#include <net/if.h>
#include <sys/socket.h>

#include "error.h"

struct local {
	struct sockaddr_storage address;
	socklen_t len;             /* 0: any */
	char interface[IF_NAMESIZE]; /* "": any */
	char shown[64];            /* the address as it was written */
};

/**
 * starttls_local_make: look at what the options say.
 *
 * @address, @interface  NULL: any
 * @family               that of the peer's addresses; ANY becomes the
 *                       address's
 *
 * Returns: 0; STARTTLS_E_INVALID
 */
int starttls_local_make(struct local *ret_local, const char *address,
			const char *interface, enum starttls_family *family,
			struct starttls_error *error);

/**
 * starttls_local_bind: have @fd, which is not connected, come from there.
 *
 * @remote  what it will connect to, which gets the interface for its scope if
 *          it needs one and has none
 *
 * Returns: 0; STARTTLS_E_SYSTEM
 */
int starttls_local_bind(const struct local *local, int fd,
			struct sockaddr_storage *remote,
			struct starttls_error *error);

#endif
