/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/* For those who make upgrades: see src/open.c. */

#ifndef STARTTLS_UPGRADE_H
#define STARTTLS_UPGRADE_H

#include "session.h"

struct preamble;

enum upgrade_state {
	UPGRADE_PREAMBLE,
	UPGRADE_HANDSHAKE,
	UPGRADE_FINISHED
};

struct starttls_upgrade {
	struct starttls_session *session;
	struct preamble *preamble; /* only while it is spoken */
	enum upgrade_state state;
	bool looked;               /* for input ahead of this command */
	int64_t mark;              /* start of the phase; 0: not started */
};

#endif
