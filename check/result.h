/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/* What a check of one URL has found: the one object behind every format. */

#ifndef CHECK_RESULT_H
#define CHECK_RESULT_H

#include "advice.h"
#include "conversation.h"
#include "login/login.h"
#include "sent.h"

#define RESULT_PHASES 8

/* What is known of the certificates of a good server; of others all is. */
enum result_detail {
	DETAIL_NONE,               /* when they end */
	DETAIL_OWN,                /* the server's own, and their lifetimes */
	DETAIL_ALL                 /* all of them, whatever became of it */
};

/* A phase by its stable name, and its time; -1 if it was not reached. */
struct phase_time {
	const char *name;
	int64_t us;
};

struct result {
	const char *name;          /* borrowed: the URL, and behind a blank
	                              where to connect to, if that belongs to
	                              this target */
	const char *url;           /* borrowed, as it was given */
	char shown[200];           /* the name in printable ASCII */
	char scheme[16];           /* taken apart; empty if that failed */
	char host[512];
	char port[8];

	int status;                /* exit status, EXIT_* */
	const char *reason;        /* "ok", starttls_code_name, login's */
	const char *phase;         /* that failed; "" if none did */
	char advice[ADVICE_SIZE];  /* what to do about it; may be "" */
	struct starttls_error error; /* its message is "" if all is well */
	struct starttls_report report; /* has_report is false: nothing but the
	                              address is known, and that perhaps */
	bool has_report;
	long tries;                /* how often it was tried; all of the rest
	                              is about the last time */
	bool again;                /* there was a second connection, */
	bool resumed;              /* which resumed the session of the first */
	bool up;                   /* all is well, or but for a refused
	                              login */
	struct login_outcome login;

	/* The peer's own certificate, also one that was refused. */
	bool has_leaf;
	struct starttls_cert leaf;
	int64_t not_after;         /* of it; 0: not known */
	long days_left;            /* until then, negative if it is past */
	/* What counts: the verified path as a whole. */
	int64_t ends_at;           /* the first end on it, or as not_after if
	                              there is none; 0: not known */
	int64_t ends_from;         /* the begin of whichever ends first; 0: not
	                              known */
	long ends_in_days;
	char ends_first[120];      /* whose end that is, if it is an hour or more
	                              before not_after; else empty */
	int64_t chain_not_after;   /* the earliest of those that were sent;
	                              0: not known */

	struct sent *sent;         /* all of them, if that was asked for; a copy
	                              that outlives its original has to ref it;
	                              NULL: not known */

	int64_t checked_at;        /* seconds since 1970 */
	int64_t total_us;          /* from the start to the last goodbye */
};

/**
 * result_fill: gather everything that is known about a conversation.
 *
 * @detail   what to decode of a chain that is good, which takes time
 * @started_us  on the clock of loop_now_us
 *
 * Ownership: borrows @name and @url, which have to live as long as @r; with
 * DETAIL_ALL the caller calls sent_unref() for what was sent.
 */
void result_fill(struct result *r, const char *name, const char *url,
		 const struct conversation *c,
		 const struct login_outcome *login, int64_t started_us,
		 enum result_detail detail);

/* The phases in their order, each with its time; how many. */
size_t result_phases(const struct result *r,
		     struct phase_time ret_phases[RESULT_PHASES]);

/* Everything that is wrong with the certificate, as stable names: the
   @index'th, or NULL when there are no more. */
const char *result_problem(const struct result *r, size_t index);

#endif
