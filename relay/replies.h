/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * Which replies are still due in a conversation that others hold.
 *
 * It is told what passes, both ways, and keeps the beginning of a line each.
 */

#ifndef RELAY_REPLIES_H
#define RELAY_REPLIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One direction, cut into lines. */
struct part_line {
	char text[40];             /* the beginning of the line */
	size_t len;                /* of all that has come of it */
	size_t literal;            /* IMAP: the number in its last braces */
	size_t skip;               /* bytes to come that are no line */
	char brace;                /* '{' within, '}' behind them; 0: none */
	bool continued;            /* it began before a literal */
};

struct dialect;

struct replies {
	const struct dialect *dialect; /* NULL: a protocol not known here */
	struct part_line sent, heard;
	unsigned due;              /* commands that have no reply yet */
	uint64_t blocks;           /* whether theirs has many lines; oldest
	                              is the lowest bit */
	uint64_t doubts;           /* ... and whether that is unknown */
	unsigned open_code;        /* within a reply of many lines */
	bool in_block;             /* the same, up to a dot */
	bool in_content;           /* of the client: a message, up to a dot */
	bool in_login;             /* of the client: answers to challenges */
	bool greets;               /* the first reply is a greeting */
	bool speaks;               /* the peer does, this protocol */
	bool answers;              /* ... and has answered a command */
	bool unclear;              /* who counts on would guess */
	bool goodbye;              /* was the client's last line */
	bool bye;                  /* the last reply was one to that */
	bool announced;            /* IMAP: untagged BYE */
};

/* @greets: the peer's first reply is not to a command. */
void replies_init(struct replies *replies, const char *protocol, bool greets);
void replies_sent(struct replies *replies, const char *data, size_t len);
void replies_heard(struct replies *replies, const char *data, size_t len);
/* There are commands that the peer, if it speaks the protocol, has to answer. */
bool replies_are_asked(const struct replies *replies);
/* The peer, which speaks the protocol, owes replies for certain. */
bool replies_are_due(const struct replies *replies);
/* ... and will give them, as it has given others. */
bool replies_will_come(const struct replies *replies);
/* The last that was said to the peer was the protocol's goodbye. */
bool replies_said_goodbye(const struct replies *replies);
/* All was answered for certain, whether the goodbye is among it or not. */
bool replies_are_complete(const struct replies *replies);
/* ... and it is, and was the last: nothing can follow. */
bool replies_are_over(const struct replies *replies);

#endif
