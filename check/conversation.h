/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/* One conversation: up to TLS, and how it went. */

#ifndef CHECK_CONVERSATION_H
#define CHECK_CONVERSATION_H

#include <stdbool.h>
#include <stdint.h>

#include "starttls.h"

/* What the server says goes by here, and on to the trace that is wanted. */
struct ear {
	const struct starttls_options *options;
	bool heard;                /* anything */
};

struct conversation {
	struct ear ear;            /* as long as the session */
	struct starttls_upgrade *upgrade; /* until taken, or failed */
	struct starttls_session *session;
	struct starttls_report report;
	struct starttls_error error;
	int code;                  /* 0 or STARTTLS_E_* */
	int64_t deadline_us;
};

/* Dial and upgrade under one deadline; the code is also in @c. */
int converse(struct starttls_policy *policy,
	     const struct starttls_options *options, const char *url,
	     int timeout_ms, struct conversation *c);
/* If there is a session: one harmless exchange in it, and goodbye. */
void check_inside(struct conversation *c);
void finish_conversation(struct conversation *c);
/* As starttls_upgrade_cert, of whatever there is. */
int conversation_cert(const struct conversation *c, unsigned index,
		      struct starttls_cert *ret_cert);
int conversation_cert_der(const struct conversation *c, unsigned index,
			  const uint8_t **ret_der, size_t *ret_len);

#endif
