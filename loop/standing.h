/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/* Standing: what a process may do, and giving that up once all is opened that
   needs it. */

#ifndef LOOP_STANDING_H
#define LOOP_STANDING_H

#include <stddef.h>
#include <sys/types.h>

struct standing {
	const char *user;          /* as asked for; NULL: no other than now */
	const char *root;          /* of our files from then on; NULL: / */
	char name[64];             /* of the user */
	uid_t uid;
	gid_t gid;
};

/**
 * standing_find: look up whom to become.
 *
 * @user  NAME, or NAME:GROUP; NULL: nobody else
 * @root  NULL: stay where we are
 *
 * Texts are borrowed.
 *
 * Returns: 0; or, with what is wrong in @why, STARTTLS_E_INVALID for a user who
 * does not exist, or is no lesser one, and for a folder that is none, or
 * STARTTLS_E_SYSTEM for us, who are not root
 */
int standing_find(struct standing *ret_standing, const char *user,
		  const char *root, char *why, size_t why_size);

/**
 * standing_take: become it, for good.
 *
 * There must be no other threads.
 *
 * Returns: 0; or STARTTLS_E_SYSTEM: the process must not go on
 */
int standing_take(const struct standing *standing, char *why,
		  size_t why_size);

#endif
