/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/* For those who make upgrades: see src/open.c. */

#ifndef STARTTLS_UPGRADE_H
#define STARTTLS_UPGRADE_H

#include "session.h"

struct dial;
struct preamble;

enum upgrade_state {
	UPGRADE_DIALLING,
	UPGRADE_PREAMBLE,
	UPGRADE_HANDSHAKE,
	UPGRADE_FINISHED
};

struct starttls_upgrade {
	struct starttls_session *session;
	struct dial *dial;         /* until the step behind its end */
	struct preamble *preamble; /* only while it is spoken */
	enum upgrade_state state;
	bool looked;               /* for input ahead of this command */
	int64_t mark;              /* start of the phase; 0: not started */
	int64_t deadline;          /* of all of it, see wait.h */
};

/**
 * starttls_upgrade_check: what starttls_upgrade_new() asks of its arguments,
 * for those who have to connect first.
 *
 * @ret_name      the peer's name, taken apart
 * @ret_expected  what the options ask of it, for the caller to unref; NULL:
 *                nothing
 *
 * Returns: 0; STARTTLS_E_INVALID, STARTTLS_E_TLSA_UNUSABLE, STARTTLS_E_NOMEM
 */
int starttls_upgrade_check(const struct starttls_policy *policy,
			   const struct starttls_protocol *protocol,
			   enum starttls_stage from, const char *peer_name,
			   const struct starttls_options *options,
			   struct name *ret_name,
			   struct expected **ret_expected,
			   struct starttls_error *error);

/**
 * starttls_upgrade_make: all of an upgrade but its connection.  Freezes the
 * policy.
 *
 * Returns: 0; as starttls_upgrade_new
 */
int starttls_upgrade_make(struct starttls_upgrade **ret_upgrade,
			  struct starttls_policy *policy,
			  const struct starttls_protocol *protocol,
			  enum starttls_stage from, const char *peer_name,
			  const struct starttls_options *options,
			  struct starttls_error *error);

/**
 * starttls_upgrade_begin: the connection is there; get ready to talk.
 *
 * @options  for the transport; NULL: it is a socket
 *
 * Returns: 0; STARTTLS_E_INVALID (@fd), STARTTLS_E_NOMEM
 */
int starttls_upgrade_begin(struct starttls_upgrade *u, int fd,
			   const struct starttls_options *options,
			   struct starttls_error *error);

/**
 * starttls_upgrade_dialled: an upgrade that begins with @dial.
 *
 * @options  NULL: defaults
 *
 * Ownership: takes @dial on success.
 * Returns: 0; as starttls_upgrade_new
 */
int starttls_upgrade_dialled(struct starttls_upgrade **ret_upgrade,
			     struct starttls_policy *policy,
			     const struct starttls_url *url, struct dial *dial,
			     int64_t deadline,
			     const struct starttls_options *options,
			     struct starttls_error *error);

/**
 * starttls_options_copy: an application's options; the defaults for NULL.
 *
 * Nobody else copies them: those of another size may end before ours do.
 *
 * Returns: 0; STARTTLS_E_INVALID
 */
int starttls_options_copy(struct starttls_options *ret_options,
			  const struct starttls_options *options,
			  struct starttls_error *error);

#endif
