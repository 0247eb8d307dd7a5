/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * A TLS session on one side, descriptors on the other, bytes both ways.
 *
 * Each direction has at most one buffer, and nothing is read while it holds
 * something, so neither side can make us keep more than it takes.  A buffer is
 * only there while it is needed.
 */

#ifndef RELAY_H
#define RELAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "loop.h"
#include "starttls.h"

struct flow {
	char *data;                /* NULL: empty */
	size_t at, len;
};

enum relay_result {
	RELAY_GOES_ON,             /* poll for what the relay wants */
	RELAY_DONE,                /* both directions have ended */
	RELAY_SESSION_FAILED,      /* starttls_session_error knows more */
	RELAY_LOCAL_FAILED         /* see sys_errno */
};

struct relay {
	struct starttls_session *session;
	int in, out;               /* local; may be the same; -1: echo */
	bool may_block;            /* standard input and output: used when
	                              poll says so, and failures are final */
	bool in_ready, out_ready;  /* it did; the caller sets them */
	bool in_is_socket, out_is_socket;
	bool is_pair;              /* a socket of a process of this machine */
	size_t chunk;              /* a write that cannot block */
	struct flow up;            /* local to session */
	struct flow down;          /* session to local */
	bool in_ended;             /* end of the local input */
	bool shut;                 /* ... and close_notify is out */
	bool peer_ended;           /* close_notify has come */
	bool out_ended;            /* ... and was passed on */
	bool out_dead;             /* nobody reads what we write */
	bool waits;                /* the peer, for an answer */
	bool moved;                /* something, in this call */
	bool again;                /* more to do without waiting */
	short session_events, in_events, out_events; /* what to poll for */
	short session_reads, session_writes;
	const char *what;          /* has failed: input or output */
	int sys_errno;
};

/* @relay is zeroed first.  Takes nothing over. */
void relay_init(struct relay *relay, struct starttls_session *session,
		int in, int out);
/* Move what can be moved, within bounds. */
enum relay_result relay_step(struct relay *relay);
/* Have this said to the local side first.  False: no memory. */
bool relay_say(struct relay *relay, const char *text);
/* The peer has nothing to wait for: it had the last word of the local side. */
bool relay_is_answered(const struct relay *relay);
/* Everything of the peer was delivered, and there will be no more. */
bool relay_has_delivered(const struct relay *relay);
void relay_done(struct relay *relay);

/* For a relay in a loop, where @local may have no descriptor (-1). */

/* Watch for what it wants.  Once the local side has ended or is gone, the peer
   has as long as @queue says each time, so the timer is set then. */
void relay_watch(const struct relay *relay, struct loop *loop,
		 struct watch *peer, struct watch *local,
		 struct timer_queue *queue, struct timer *timer);
/* Tell it what poll said of the local side. */
void relay_heed_local(struct relay *relay, short revents);
/* True if poll said of the peer that the connection is gone, and no read or
   write would notice. */
bool relay_is_reset(const struct relay *relay, short revents);

#endif
