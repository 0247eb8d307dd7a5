/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/* The inside of a login: what moves the bytes, and what finds the words. */

#ifndef LOGIN_ENGINE_H
#define LOGIN_ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "login.h"
#include "dialog.h"
#include "sasl.h"

/* As the library's in the clear, src/preamble.h. */
#define LOGIN_MAX_LINE 4096        /* with its CRLF */
#define LOGIN_MAX_LINES 2048
#define LOGIN_MAX_TOTAL 65536

struct login {
	struct login_dialog d;     /* first: what a step sees */
	const struct login_protocol *protocol;
	struct starttls_session *session;
	struct starttls_url url;
	struct login_options options;
	struct login_outcome outcome;
	int code;                  /* 0 or STARTTLS_E_* */
	bool started, over;
	int64_t started_us, answered_us; /* answered: 0, not yet */

	struct sasl *sasl;
	unsigned offered;          /* mechanisms, by number */
	char offers[STARTTLS_REPLY_SIZE]; /* all of them, not sanitised */
	char *pending;             /* response that waits for its challenge */
	size_t pending_len;
	char *whispered;           /* credentials as they were said last */
	char kept[LOGIN_MAX_LINE]; /* parts of a challenge */
	size_t kept_len;

	char *out;                 /* being sent; NULL: nothing */
	size_t out_len, out_at;
	bool is_aside;             /* it asks for nothing */
	bool is_restarted;         /* see login_restart */

	char in[LOGIN_MAX_LINE];
	size_t in_len;
	char text[LOGIN_MAX_LINE + 1]; /* of the line that is heard */
	struct framer framer;
	size_t early;              /* bytes that came before we asked */
	size_t lines, total;
	char first_line[STARTTLS_REPLY_SIZE]; /* of a long reply */
	char peer_name[STARTTLS_HOST_SIZE];
};

static inline struct login *
login_of(struct login_dialog *d)
{
	return (struct login *)d;
}

/* The first cause counts.  Always returns LOGIN_OVER. */
enum login_verdict login_fail(struct login *l, int code,
			      const struct login_line *line,
			      const char *format, ...)
	__attribute__((format(printf, 4, 5)));
/* The same without an end: goodbye may follow. */
void login_blame(struct login *l, const char *reason,
		 const struct login_line *line, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
/* Say goodbye: the answer is there. */
enum login_verdict login_leave(struct login *l);
/*
 * What somebody might try next.  We do not: a password that SCRAM keeps to
 * itself is not told to a server unasked because it says no to SCRAM.
 */
void login_advise(struct login *l);
const char *login_state_name(const struct login *l);
/* Remember it, as it may be shown, if there are more to come. */
void login_keep_first(struct login *l, const struct login_line *line);
/* Text of the server, or what stands for it if it repeats the credentials: all
   that is shown of a server has to come through here, before it is cut. */
const char *login_veil(const struct login *l, const char *text);
void login_trace(const struct login *l, enum starttls_direction direction,
		 const char *text);

#endif
