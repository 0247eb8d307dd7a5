/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * A TLS session on one side, descriptors on the other, bytes both ways.
 *
 * Each direction has at most one buffer, and nothing is read while it holds
 * something, so neither side can make us keep more than it takes.  A buffer is
 * only there while it is needed.
 */

#ifndef RELAY_RELAY_H
#define RELAY_RELAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "loop/loop.h"
#include "replies.h"
#include "starttls.h"

struct flow {
	char *data;                /* NULL: empty */
	size_t at, len;
};

enum relay_result {
	RELAY_GOES_ON,             /* poll for what the relay wants */
	RELAY_DONE,                /* both directions have ended */
	RELAY_UNANSWERED,          /* ... but replies may have been lost */
	RELAY_SESSION_FAILED,      /* starttls_session_error knows more */
	RELAY_LOCAL_FAILED         /* see sys_errno */
};

/* What the time is for, while nothing moves. */
enum relay_clock {
	RELAY_NO_CLOCK,            /* a conversation */
	RELAY_SILENCE,             /* the last words may have been said */
	RELAY_ANSWER,              /* the first is due, if there are any */
	RELAY_DEADLINE             /* somebody has to say something, or end */
};

/* What to do about the end of the local input. */
struct patience {
	bool half_close;           /* the peer is told at once */
	int close_after_ms;        /* ... else after such a silence, */
	int answer_ms;             /* or this one if it was asked something, and
	                              has not answered anything yet */
	int timeout_ms;            /* for an answer that will come, or an end */
};

struct relay {
	struct starttls_session *session;
	int in, out;               /* local; may be the same; -1: echo */
	bool may_block;            /* standard input and output: used when
	                              poll says so, and failures are final */
	bool in_ready, out_ready;  /* it did; the caller sets them */
	bool is_quiet;             /* it said that the peer has nothing, and
	                              so does the session; likewise */
	bool in_is_socket, out_is_socket;
	bool is_pair;              /* a socket of a process of this machine */
	bool ends_lines;           /* LF of the local side becomes CR LF */
	char last;                 /* byte that it said */
	size_t chunk;              /* a write that cannot block */
	bool never_waits;          /* the system can be asked not to */
	struct flow up;            /* local to session */
	struct flow down;          /* session to local */
	bool in_ended;             /* end of the local input */
	bool shut;                 /* ... and close_notify is out */
	bool peer_ended;           /* close_notify has come */
	bool out_ended;            /* ... and was passed on */
	bool out_dead;             /* nobody reads what we write */
	bool waits;                /* the peer, for an answer */
	bool asked;                /* ... in this round */
	bool holds;                /* the end of the input is kept back */
	bool released;             /* ... no longer */
	bool reads_on;             /* until the peer ends; it was told at once,
	                              and may have waited for that */
	bool said;                 /* something to the peer */
	bool heard;                /* ... and something of it since */
	bool cut;                  /* the peer ended in another way, when all
	                              was said already */
	struct replies replies;    /* if it holds */
	enum relay_clock clock;    /* that relay_watch has set */
	bool is_dry;               /* nothing more has come, in this call */
	bool failed;               /* the session, for good */
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
/*
 * Keep the end of the local input from the peer until it has ended itself or
 * been silent for a while: many servers take close_notify for a client that is
 * gone, and throw away what they had to say.  And let a peer that has answered
 * the protocol's goodbye end without close_notify.
 *
 * @patience  for how long; half_close tells the end at once all the same
 */
void relay_hold(struct relay *relay, const struct patience *patience);
/* Move what can be moved, within bounds. */
enum relay_result relay_step(struct relay *relay);
/* Have this said to the local side first.  False: no memory. */
bool relay_say(struct relay *relay, const char *text);
/* The peer has nothing to wait for: it had the last word of the local side. */
bool relay_is_answered(const struct relay *relay);
/* Everything of the peer was delivered, and there will be no more. */
bool relay_has_delivered(const struct relay *relay);
/* What to wait for, and no longer than that takes. */
enum relay_clock relay_clock(const struct relay *relay);
/* It took longer.  True: go on with relay_step; false: too long. */
bool relay_is_patient(struct relay *relay);
void relay_done(struct relay *relay);

/* For a relay in a loop, where @local may have no descriptor (-1). */

/* Watch for what it wants, and set the timer as relay_clock says, anew whenever
   something has moved; a queue for each clock. */
void relay_watch(struct relay *relay, struct loop *loop,
		 struct watch *peer, struct watch *local,
		 struct timer_queue *const *queues, struct timer *timer);
/* Tell it what poll said of the local side. */
void relay_heed_local(struct relay *relay, short revents);
/* True if poll said of the peer that the connection is gone, no read or write
   would notice, and it is a failure. */
bool relay_is_reset(struct relay *relay, short revents);

#endif
