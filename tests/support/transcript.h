/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * Transcripts: dialogs as data, tests/transcripts/PROTOCOL-WHAT.txt.
 *
 *	# comment
 *	protocol imap          which dialog
 *	dialog exchange        the one inside TLS; else the upgrade
 *	from command           STARTTLS_COMMAND; else STARTTLS_GREETING
 *	client-name NAME
 *	peer-name NAME         that the client verifies; else localhost
 *	S: text                the server sends a line; its end is added:
 *	                       CRLF, or what the protocol has instead
 *	S| text                the server sends just this
 *	S@N text               a line padded with x to N bytes before its end
 *	S*N text               the same line N times
 *	--                     what follows comes in a later segment
 *	END                    the server ends the stream
 *	C: text                the client must send just this line now
 *	                       (several in a row: in one write)
 *	C| text                the same without an end
 *	= name [code]          the verdict: upgrade, done, or a code's name
 *
 * \r \n \\ and \xNN are understood.  A line of the server in front of a line
 * of the client is there before the client can speak.
 *
 * Where we are the server, tests/transcripts/serve/PROTOCOL-WHAT.txt, the
 * roles are turned: the C lines are fed, in all the forms above, and the S
 * lines (S:, S| and S*N) must be said.
 *
 *	role server
 *	server-name NAME
 *	G: text                the go-ahead that may be said here instead of
 *	                       all that follows, if what the client sends
 *	                       behind its upgrade command comes too late to be
 *	                       seen before
 */

#ifndef TRANSCRIPT_H
#define TRANSCRIPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "starttls.h"

#define MAX_STEPS 64

enum step_kind { FEED, LATER, HEAR, END, GO_AHEAD };

struct step {
	enum step_kind kind;
	uint8_t *data;             /* FEED: bytes; HEAR: the same */
	size_t len;
};

struct transcript {
	char name[80];
	const struct starttls_protocol *protocol;
	bool exchange;
	bool serve;                /* we are the server */
	enum starttls_stage from;
	char own_name[64];
	char peer_name[64];
	struct step steps[MAX_STEPS];
	size_t count;
	size_t fed;                /* bytes of all FEED steps */
	char verdict[24];
	int reply_code;            /* 0: not looked at */
};

/* Load one; aborts with a message if it is malformed. */
struct transcript *transcript_load(const char *dir, const char *file);
void transcript_free(struct transcript *t);

/* The names of all, sorted; NULL at the end. */
char **transcript_list(const char *dir);

#endif
