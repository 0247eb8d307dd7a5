/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * The front of serve and proxy: a listening socket with a limit to what comes
 * in, signals, and connections that are closed well.  Who is let in makes
 * progress or goes: --timeout is for beginning, --idle for going on.
 */

#ifndef RELAY_FRONT_H
#define RELAY_FRONT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/resource.h>

#include "loop/door.h"
#include "loop/loop.h"
#include "starttls.h"

/* How to listen, and for how long to be patient. */
struct front_settings {
	struct door_settings door;
	long max_connections;      /* 0: not said */
	int timeout_ms;            /* for beginning */
	int idle_ms;               /* for going on */
};

struct front {
	/* the owner's; accepted takes the descriptor over, evict makes room
	   by dropping what has waited longest, if there is something */
	void *context;
	void (*accepted)(void *context, int fd, const char *peer);
	bool (*evict)(void *context);
	void (*refuse)(void *context, int fd, const char *peer); /* say so,
	                                                 and no more */
	void (*signalled)(void *context, int number);
	void (*reload)(void *context); /* read files again */
	void (*leave)(void *context); /* drop what has not begun */

	struct loop loop;
	struct door door;
	struct timer_queue deadlines; /* of --timeout */
	struct timer_queue moments; /* short ones */
	struct timer_queue idles;  /* of --idle; each is set anew whenever
	                              something moves */
	struct watch listener, signals;
	struct timer retry;        /* after an error of accept(2) */
	struct timer crowded;      /* nobody new for as long as that */
	struct timer last_call;    /* when leaving */
	bool leaving;              /* nothing new; stop when all have ended */
	size_t connections, max_connections;
	size_t each, max_files;    /* descriptors of one, and of all */
	size_t extra;              /* of the owner: that some have for a while */
	struct rlimit files;       /* as we were started */
	struct queue partings;
};

/* Listen as the settings say, and become whom they say: all other files that
   are needed have been read.  Returns 0 or the exit status, and has said why.
   @port is for when there is no --listen.  A connection takes @each
   descriptors, and other things @spare.  SIGTERM and SIGINT are the front's:
   the first one lets what runs come to an end, for as long as --timeout says;
   and so is SIGHUP, unless that has come.  Others come to signalled() if they
   are caught, see signals.h. */
int front_init(struct front *front, const struct front_settings *settings,
	       const char *port, size_t each, size_t spare);
/* The one line on standard output; and, unless @quiet, how many connections
   there may be, on standard error. */
bool front_announce(const struct front *front, bool quiet);
/* Ways for a connection to end: at once, with a reset, or closed well, in
   the background, so that the last words arrive. */
void front_drop(struct front *front, int fd);
void front_reset(struct front *front, int fd);
void front_part(struct front *front, int fd);
/* Have a descriptor free, even if a connection has to go. */
bool front_make_room(struct front *front);
/* Whose timer of --idle runs longest, if that is longer than --timeout: they
   may go in favour of others.  NULL: nobody. */
void *front_most_silent(const struct front *front);
/* A line of a protocol: @text with @name for '$'; @why may be NULL. */
void front_line(const char *text, const char *name, const char *why,
		char *buf, size_t size);
/* The line that ends a conversation, in the words of @protocol. */
void front_goodbye(const struct starttls_protocol *protocol, const char *name,
		   const char *why, char *buf, size_t size);
void front_done(struct front *front);

#endif
