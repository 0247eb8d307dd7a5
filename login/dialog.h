/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * All that the login of a protocol sees, and all that it may do.
 *
 * It is a table of facts and a step function, which is called with one line
 * or message of the server and answers with a verdict of the vocabulary below;
 * the first call has no line (NULL) and is the place to speak first or to expect
 * the greeting.  Limits, cutting of the stream, mechanisms, base64, traces that
 * show no credentials, and the words for failures are the engine's.
 *
 * How the messages of a mechanism are wrapped is the protocol's: in lines, as
 * most do, it is login_respond_in_lines; else a function of its own, which gets
 * them as bytes and as base64.  What has credentials in it is wiped by the engine
 * once it was sent; what a step has made of them in memory of its own, by that.
 */

#ifndef LOGIN_DIALOG_H
#define LOGIN_DIALOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "frame.h"

/* The server's line, without its end; or its message. */
struct login_line {
	const char *text;          /* that people read, NUL-terminated */
	unsigned code;             /* three-digit reply code; 0: none */
	const char *rest;          /* behind the code and its separator */
	bool first;                /* of a reply */
	bool last;
	const struct unit *unit;   /* as the framer has it, byte for byte */
};

enum login_verdict {
	LOGIN_GO_ON,
	LOGIN_OVER
};

struct login_dialog;

/* A message of the mechanism, that is to be sent. */
struct login_response {
	enum login_move {
		LOGIN_BEGIN,       /* the first: names the mechanism */
		LOGIN_RESPOND,
		LOGIN_CANCEL       /* no more of it */
	} move;
	const char *mechanism;
	const char *text;          /* base64; NULL: none, at the begin only */
	struct bytes data;         /* the same, decoded */
};

struct login_protocol {
	const char *name;          /* as the library's */
	frame_fn *frame;           /* how the stream is cut */
	bool (*read)(struct unit *u); /* say what people read of a message, in
	                              its line; false: malformed.  NULL: lines */
	enum login_verdict (*step)(struct login_dialog *d,
				   const struct login_line *line);
	unsigned greeting, begin, goodbye; /* states; greeting is where the
	                              server speaks first inside TLS */
	const char *const *states; /* names, for messages */
	/* what may come at any time and answers nothing; NULL: nothing */
	bool (*is_unasked)(const struct login_line *line);
	/* of a mechanism, and never shown; NULL: there is none */
	bool (*is_challenge)(const struct login_dialog *d,
			     const struct login_line *line);
	bool has_native;           /* own commands, unless the step says no */
	bool has_no_lines;         /* nothing is added to what is said */
	bool has_last_words;       /* its goodbye has no reply */
	const char *logout;        /* the command that ends it all, or what */
	enum login_verdict (*leave)(struct login_dialog *d, unsigned next);
	                           /* says so; one of them is NULL */
	/* Send a message of the mechanism, and go to @next; NULL: there is no
	   SASL in this protocol. */
	enum login_verdict (*respond)(struct login_dialog *d, unsigned next,
				      const struct login_response *r);
	const char *authenticate;  /* in lines: stands before the mechanism */
	const char *empty;         /* how empty data is written in base64 */
	size_t max_command;        /* longer initial responses have to wait
	                              until they are asked for; 0: none is */
};

/* What a step sees of the conversation. */
struct login_dialog {
	unsigned state;            /* of the protocol's own enum */
	const char *own_name;
	const char *peer_name;     /* that was verified: A-labels, or an
	                              address without brackets */
	const char *user;
	const char *secret;        /* NULL: none */
	bool by_name;              /* the mechanism is not ours to choose */
	bool native;               /* the protocol's own commands may be used */
	bool initial;              /* responses may come with the command */
	bool seen;                 /* scratch: a capability was listed */
	uint32_t random;           /* for what nobody else has, or knows */
	const char *kept;          /* see login_keep; "" if there is nothing */
	uint32_t sent;             /* messages and lines so far */
};

/* Send a line and go to @next; the engine adds its end. */
enum login_verdict login_say(struct login_dialog *d, unsigned next,
			     const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* The same for one with credentials; @shown is what a trace shows of it. */
enum login_verdict login_whisper(struct login_dialog *d, unsigned next,
				 const char *shown, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
/* A line in front of the one that is said next. */
void login_add(struct login_dialog *d, const char *shown, const char *format,
	       ...) __attribute__((format(printf, 3, 4)));
/* Send bytes as they are; @shown is what a trace shows of them. */
enum login_verdict login_put(struct login_dialog *d, unsigned next,
			     const char *shown, const void *data, size_t len);
/* Say what asks for nothing: what is there already may be an answer still to
   what was asked before. */
enum login_verdict login_aside(struct login_dialog *d, const char *shown,
			       const char *format, ...)
	__attribute__((format(printf, 3, 4)));
enum login_verdict login_expect(struct login_dialog *d, unsigned next);
enum login_verdict login_more(struct login_dialog *d);
/* A block follows: its lines come without stuffed dots, and the dot that ends
   it as one with .last set. */
enum login_verdict login_block(struct login_dialog *d, unsigned next);
/* The next that comes is a new stream; what came behind this line is dropped. */
void login_restart(struct login_dialog *d);
/* Keep a part of a challenge, behind those that are kept already, for d->kept; up
   to the next message of the mechanism.  As login_more, or it is too long. */
enum login_verdict login_keep(struct login_dialog *d, struct bytes part);

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
/* The same for one that is not in base64. */
enum login_verdict login_answer_bytes(struct login_dialog *d,
				      struct bytes challenge,
				      unsigned cancelled);
/* As .respond: AUTH NAME [BASE64], BASE64, "*". */
enum login_verdict login_respond_in_lines(struct login_dialog *d,
					  unsigned next,
					  const struct login_response *r);

/* How it ended; each of these says goodbye. */

/* Yes; @data is what came with it, NULL if nothing. */
enum login_verdict login_accepted(struct login_dialog *d, const char *data,
				  const struct login_line *line);
/* The same for data that is not in base64. */
enum login_verdict login_accepted_bytes(struct login_dialog *d,
					const struct bytes *data,
					const struct login_line *line);
enum login_verdict login_refused(struct login_dialog *d,
				 const struct login_line *line);
/* No, but it does not say anything about the credentials; or not now, as
   login_failed tells by response codes in lines without numbers. */
enum login_verdict login_not_now(struct login_dialog *d,
				 const struct login_line *line);
enum login_verdict login_failed(struct login_dialog *d,
				const struct login_line *line);
/* After login_answer went to its @cancelled: the reason is known already.  No
   line: none has come. */
enum login_verdict login_cancelled(struct login_dialog *d,
				   const struct login_line *line);

/* And these do not. */
enum login_verdict login_malformed(struct login_dialog *d,
				   const struct login_line *line);
/* Nothing that has to be sent can be: the name or password has what this
   protocol has no place for. */
enum login_verdict login_unfit(struct login_dialog *d);
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

extern const struct login_protocol login_ftp, login_imap, login_irc,
    login_ldap, login_nntp, login_pop3, login_sieve, login_smtp,
    login_submission, login_xmpp;

#endif
