/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * Check: what servers are like.
 *
 * The room has the conversation (conversation.h), one or many of them on a loop
 * (this header, and batch.h), what a host offers (probe.h), what was found
 * (result.h), and how it is told (format.h).  It uses loop, login and words,
 * and knows no option.
 *
 * This header has checks of URLs: upgrade, verify, one exchange or a login,
 * goodbye.
 */

#ifndef CHECK_CHECKER_H
#define CHECK_CHECKER_H

#include <stdatomic.h>

#include "login/account.h"
#include "loop/loop.h"
#include "result.h"

/* Whom to trust and reach, and how to log in. */
struct check_settings {
	struct starttls_policy *policy;
	const struct starttls_options *options;
	const struct account *account;
	bool resumes;              /* a second connection, after one that is
	                              good, tries to resume its session */
};

/* What is borrowed here has to live until the result is there. */
struct check_target {
	void *owner;               /* for done */
	const char *name;          /* for results and traces */
	const char *url;
	const char *connect_host;  /* NULL: as the settings say */
	const char *connect_port;
	int timeout_ms;            /* 0: the checker's */
	int greeting_ms;           /* for the greeting, once there is a
	                              connection; 0: no limit of its own */
};

/* Many checks on one loop.  Zeroed, but for what is the owner's. */
struct checker {
	/* the owner's */
	const struct check_settings *settings;
	struct loop *loop;
	size_t max_running;        /* how many are ever started at a time */
	int timeout_ms;            /* for each of them */
	enum result_detail detail; /* as in result_fill */
	bool names_traces;         /* traces tell whose they are */
	bool insists;              /* asks again who says "later" */
	long retries;              /* asks so often again also who cannot be
	                              connected to */
	bool any_port;             /* also where it makes no sense */
	bool says_hello;           /* to servers that do not greet, some at a
	                              time, on a second connection */
	void *context;
	/* a check is over; its result lives during the call */
	void (*done)(void *context, void *owner, const struct result *result);

	size_t running;
	atomic_size_t own_hellos;
	atomic_size_t *hellos;     /* of all that have this one; NULL: own */
	struct timer_queue silences; /* of HELLO_TIME_MS */
};

/* Returns 0 or errno. */
int checker_init(struct checker *checker);
/* May call done at once.  Returns 0 or ENOMEM. */
int checker_start(struct checker *checker, const struct check_target *target);

/**
 * check_url: check one URL, and wait for the result.
 *
 * @timeout_ms  one deadline for everything
 * @detail      as in result_fill
 *
 * Ownership: the result borrows @url; see result_fill.
 * Thread: safe, also with the same settings.
 */
void check_url(const struct check_settings *settings, const char *url,
	       int timeout_ms, enum result_detail detail,
	       struct result *ret_result);

/* Whom to log in as at a URL, before anybody is connected to.  0 or a library
   code, with @error filled. */
int find_account(const struct check_settings *settings, const char *url,
		 struct starttls_url *ret_url,
		 struct login_options *ret_options,
		 struct starttls_error *error);

#endif
