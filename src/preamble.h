/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * The engine of the cleartext preamble, without I/O.
 *
 * The owner moves bytes: it sends what preamble_out() holds, says so with
 * preamble_sent(), receives into preamble_space() and says so with
 * preamble_received().  Before it sends a command for the first time it should
 * receive once without waiting, so that input ahead of a command is seen; a
 * server does that before the go-ahead only (preamble_must_look).  Failure is
 * sticky and lands in the owner's error; a server's owner sends what is there
 * first (PREAMBLE_LEAVING).
 */

#ifndef STARTTLS_PREAMBLE_H
#define STARTTLS_PREAMBLE_H

#include "error.h"
#include "../protocols/protocol.h"

/* Hard limits on what a peer can make us take in the clear. */
#define PREAMBLE_MAX_LINE 4096      /* with its CRLF */
#define PREAMBLE_MAX_LINES 2048
#define PREAMBLE_MAX_TOTAL 65536
#define PREAMBLE_MAX_COMMAND 512    /* RFC 5321 section 4.5.3.1.4 */
#define PREAMBLE_MAX_COMMANDS 100   /* that a server answers before TLS */
#define PREAMBLE_MAX_REFUSALS 12    /* of them */

enum preamble_status {
	PREAMBLE_RUNNING,
	PREAMBLE_ACCEPTING,        /* server: go-ahead not sent yet */
	PREAMBLE_LEAVING,          /* server: last words not sent yet */
	PREAMBLE_UPGRADE,          /* go-ahead given, nothing behind it */
	PREAMBLE_DONE,             /* exchange over */
	PREAMBLE_FAILED
};

struct preamble {
	struct dialog dialog;      /* first: steps get a pointer to it */
	enum preamble_status status;
	const struct starttls_protocol *protocol;
	const struct dialog_rules *rules; /* NULL: a server */
	struct framer framer;
	struct starttls_error *error;
	enum starttls_phase phase;
	starttls_trace_fn trace;
	void *trace_context;
	bool leaving;              /* goodbye was said */
	unsigned lines;
	unsigned refusals;         /* a server's */
	size_t total;
	size_t in_len;
	size_t out_len, out_done;
	uint8_t in[PREAMBLE_MAX_LINE];
	char out[PREAMBLE_MAX_COMMAND];
};

/**
 * starttls_preamble_start: begin a dialog.
 *
 * @from     STARTTLS_GREETING or STARTTLS_COMMAND
 * @error    where failures go; borrowed
 */
void starttls_preamble_start(struct preamble *p,
			     const struct starttls_protocol *protocol,
			     const struct dialog_rules *rules,
			     enum starttls_stage from,
			     const char *own_name,
			     struct starttls_error *error);

/**
 * starttls_preamble_serve: begin a server's dialog (src/serve.c).
 *
 * @from     STARTTLS_GREETING, or STARTTLS_COMMAND to wait for commands
 */
void starttls_preamble_serve(struct preamble *p,
			     const struct starttls_protocol *protocol,
			     enum starttls_stage from, const char *own_name,
			     struct starttls_error *error);

/**
 * starttls_preamble_hang_up: have a server say its last words, if nothing
 * else waits to be sent.  The error is the owner's.
 */
void starttls_preamble_hang_up(struct preamble *p);

/** starttls_preamble_must_look: whether to receive once before sending. */
bool starttls_preamble_must_look(const struct preamble *p);

/** starttls_preamble_out: what is to be sent; NULL: nothing. */
const char *starttls_preamble_out(const struct preamble *p, size_t *ret_len);
void starttls_preamble_sent(struct preamble *p, size_t len);

/** starttls_preamble_space: where input goes; never empty while running. */
uint8_t *starttls_preamble_space(struct preamble *p, size_t *ret_size);
void starttls_preamble_received(struct preamble *p, size_t len);

/** starttls_preamble_feed: the same from the caller's buffer, all of it. */
void starttls_preamble_feed(struct preamble *p, const void *data, size_t len);

/** starttls_preamble_eof: the stream has ended. */
void starttls_preamble_eof(struct preamble *p);

/* Between preamble.c and serve.c. */

/** starttls_preamble_fail: record a failure with the peer's words, if any. */
enum verdict starttls_preamble_fail(struct preamble *p, int code,
				    const struct unit *u,
				    const char *format, ...)
	__attribute__((format(printf, 4, 5)));
/** starttls_preamble_trace: a line for the trace function. */
void starttls_preamble_trace(const struct preamble *p,
			     enum starttls_direction direction,
			     const void *line, size_t len);
/** starttls_preamble_count: one more line; whether limits still hold. */
bool starttls_preamble_count(struct preamble *p, size_t len);
/** starttls_preamble_drop: forget the front of the input. */
void starttls_preamble_drop(struct preamble *p, size_t len);
/** starttls_serve_advance: let a server see what has come. */
void starttls_serve_advance(struct preamble *p);
/** starttls_serve_sent: everything to say was said. */
void starttls_serve_sent(struct preamble *p);

#endif
