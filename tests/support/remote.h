/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * A server in a thread, behind a real descriptor, and what stands in front of
 * it.
 */

#ifndef TESTS_REMOTE_H
#define TESTS_REMOTE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include <check.h>
#include <gnutls/gnutls.h>

#include "harness.h"

#define LATE_MS 2500               /* a deadline of 300 ms, generously */

/* made for each case of fd_case(); the policy trusts @fd_root */
extern struct mint_cert fd_root, fd_leaf, fd_stranger;
extern struct starttls_policy *policy;

/* How a server thread behaves once the dialog is through. */
enum ending {
	ECHO,                      /* handshake, then send back what comes */
	GREET,                     /* handshake, then say something */
	CLOSE,                     /* close at once */
	HANG,                      /* say nothing until the peer is gone */
	DRIP,                      /* a byte every 50 ms, without end */
	DRIP_RECORD,               /* a record that drips in */
	DRIP_INSIDE,               /* handshake, then such a record */
	CHATTER                    /* handshake, a short record every 50 ms */
};

struct peer {
	const char *const *script; /* as in harness.h */
	enum ending ending;
	const char *priority;
	int fd;                    /* owned */
	int listener;              /* or: accept one here; borrowed */
	atomic_bool stop;
	pthread_t thread;
	gnutls_certificate_credentials_t credentials;
	const char *alpn;          /* and no other */
	bool all;                  /* who comes, until the listener is shut */
	int met;                   /* connections then */
	bool heard_bye;            /* close_notify came */
	bool saw_end;              /* the stream ended */
};

/** peer_start: begin to serve, with @fd_leaf. */
void peer_start(struct peer *p);

/** peer_join: have it end, and free all but the listener. */
void peer_join(struct peer *p);

/** new_upgrade: an upgrade of @fd; a failure to make it is the test's. */
struct starttls_upgrade *new_upgrade(const char *protocol,
				     enum starttls_stage from, int fd);

/** open_session: all the way with a blocking or non-blocking descriptor. */
struct starttls_session *open_session(int fd);

/** expect_echo: send a text and have it back. */
void expect_echo(struct starttls_session *session, const char *text);

/** make_pair: connected sockets, of TCP or of the system. */
void make_pair(bool tcp, int fds[2]);

/** is_open: whether @fd is the descriptor of anything. */
bool is_open(int fd);

/** fd_case: a case for tests that use all this. */
TCase *fd_case(Suite *s, const char *name);

#endif
