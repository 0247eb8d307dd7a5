/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/* The file of passwords that ftp(1) began with, .netrc. */

#ifndef LOGIN_NETRC_H
#define LOGIN_NETRC_H

#include "secret.h"

struct netrc_entry {
	const char *machine;       /* NULL: default */
	const char *login;         /* NULL: none */
	const char *password;
};

struct netrc {
	struct secret text;        /* the entries point into it */
	struct netrc_entry *entries;
	size_t count;
};

/**
 * netrc_read: read and take apart a file.
 *
 * @path     NULL: .netrc in the home directory
 *
 * Returns: as secret_read
 */
int netrc_read(struct netrc *ret_netrc, const char *path, int64_t deadline_us,
	       char *why, size_t why_size);

/* The first entry for a host that has a login, @user if that is not NULL, and
   a password; NULL: there is none. */
const struct netrc_entry *netrc_find(const struct netrc *netrc,
				     const char *host, const char *user);

void netrc_done(struct netrc *netrc);

#endif
