/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * All that the login of a protocol sees, and all that it may do.
 *
 * It is a table of facts and a step function, which is called with one line
 * of the server and answers with a verdict of the vocabulary below; the first
 * call has no line (NULL) and is the place to speak first or to expect the
 * greeting.  Limits, cutting of the stream, mechanisms, base64, traces that
 * show no credentials, and the words for failures are the engine's.
 */

#ifndef LOGIN_DIALOG_H
#define LOGIN_DIALOG_H

#include <stdbool.h>
#include <stddef.h>

#include "frame.h"

/* The server's line, without its end. */
struct login_line {
	const char *text;          /* NUL-terminated */
	unsigned code;             /* three-digit reply code; 0: none */
	const char *rest;          /* behind the code and its separator */
	bool first;                /* of a reply */
	bool last;
};

enum login_verdict {
	LOGIN_GO_ON,
	LOGIN_OVER
};

struct login_dialog;

struct login_protocol {
	const char *name;          /* as the library's */
	frame_fn *frame;           /* how the stream is cut */
	enum login_verdict (*step)(struct login_dialog *d,
				   const struct login_line *line);
	unsigned greeting, begin, goodbye; /* states; greeting is where the
	                              server speaks first inside TLS */
	const char *const *states; /* names, for messages */
	const char *unasked;       /* start of lines that may come at any time;
	                              NULL: none */
	bool has_native;           /* own commands, unless the step says no */
	const char *logout;        /* the command that ends it all */
	const char *authenticate;  /* what stands before a mechanism; NULL: no
	                              SASL in this protocol */
	const char *challenge;     /* first words of lines that are never */
	const char *success;       /* shown; NULL: none */
	const char *empty;         /* how an empty response is written */
	size_t max_command;        /* longer initial responses have to wait
	                              until they are asked for */
};

/* What a step sees of the conversation. */
struct login_dialog {
	unsigned state;            /* of the protocol's own enum */
	const char *own_name;
	const char *user;
	const char *secret;        /* NULL: none */
	bool native;               /* the protocol's own commands may be used */
	bool initial;              /* responses may come with the command */
};

/* Send a line and go to @next; the engine adds CRLF. */
enum login_verdict login_say(struct login_dialog *d, unsigned next,
			     const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* The same for one with credentials; @shown is what a trace shows of it. */
enum login_verdict login_whisper(struct login_dialog *d, unsigned next,
				 const char *shown, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
enum login_verdict login_expect(struct login_dialog *d, unsigned next);
enum login_verdict login_more(struct login_dialog *d);
/* A block follows: its lines come without stuffed dots, and the dot that ends
   it as one with .last set. */
enum login_verdict login_block(struct login_dialog *d, unsigned next);

/* The server knows these mechanisms, separated by blanks. */
void login_offers(struct login_dialog *d, const char *mechanisms);
/* It has none after all. */
void login_offers_none(struct login_dialog *d);
/* All is known: begin with the strongest mechanism, and go to @sasl, or to
   @native without having said anything. */
enum login_verdict login_begin(struct login_dialog *d, unsigned sasl,
			       unsigned native);
/* Answer a challenge, and stay, or go to @cancelled if we do not like it. */
enum login_verdict login_answer(struct login_dialog *d, const char *challenge,
				unsigned cancelled);

/* How it ended; each of these says goodbye. */

/* Yes; @data is what came with it, NULL if nothing. */
enum login_verdict login_accepted(struct login_dialog *d, const char *data,
				  const struct login_line *line);
enum login_verdict login_refused(struct login_dialog *d,
				 const struct login_line *line);
/* No, but it does not say anything about the credentials; or not now, as
   login_failed tells by response codes in lines without numbers. */
enum login_verdict login_not_now(struct login_dialog *d,
				 const struct login_line *line);
enum login_verdict login_failed(struct login_dialog *d,
				const struct login_line *line);
/* After login_answer went to its @cancelled: the reason is known already. */
enum login_verdict login_cancelled(struct login_dialog *d,
				   const struct login_line *line);

/* And these do not. */
enum login_verdict login_malformed(struct login_dialog *d,
				   const struct login_line *line);
enum login_verdict login_goodbye(struct login_dialog *d);
enum login_verdict login_no_memory(struct login_dialog *d);
enum login_verdict login_bug(struct login_dialog *d);

/* login_not_now for 4xx, login_failed for 5xx, else login_malformed. */
enum login_verdict login_no(struct login_dialog *d,
			    const struct login_line *line);

/* What stands behind @words and a blank at the start of @text, without case;
   NULL: it does not begin so.  "" if nothing is there. */
const char *login_behind(const char *text, const char *words);
/* Without case, whatever comes behind it. */
bool login_starts(const char *text, const char *start);
/* The word behind the first one of @text; "" if there is none. */
const char *login_next(const char *text);

extern const struct login_protocol login_ftp, login_imap, login_nntp,
    login_pop3, login_smtp, login_submission;

#endif
