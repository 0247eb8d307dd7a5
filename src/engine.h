/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * What both sides of the cleartext preamble stand on: the buffers and their
 * limits, the first failure, the trace.  It knows neither side: preamble.c is
 * the client's and what the owner calls, serve.c the server's, vocabulary.c the
 * words that a protocol has for them.
 */

#ifndef STARTTLS_ENGINE_H
#define STARTTLS_ENGINE_H

#include <string.h>

#include "compat.h"
#include "error.h"
#include "hearsay.h"
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
	PREAMBLE_ACCEPTING,        /* go-ahead, or request without one, not
	                              sent yet */
	PREAMBLE_LEAVING,          /* last words not sent yet, and no more to
	                              be heard */
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
	struct hearsay *hearsay;   /* the owner's; NULL: nobody asks */
	enum starttls_phase phase;
	starttls_trace_fn trace;
	void *trace_context;
	bool leaving;              /* goodbye was said */
	bool early;                /* the input began before our command */
	bool raw;                  /* the output is no lines */
	const char *shown;         /* for bytes to be sent; NULL: lines */
	unsigned lines;
	unsigned refusals;         /* a server's */
	size_t total;
	size_t in_len;
	size_t out_len, out_done;
	uint8_t in[PREAMBLE_MAX_LINE];
	char out[PREAMBLE_MAX_COMMAND];
};

/** starttls_preamble_line_end: what is behind each line that we say. */
static inline const char *
starttls_preamble_line_end(const struct preamble *p)
{
	return p->protocol->ends_in_lf ? "\n" : "\r\n";
}

/** starttls_preamble_of: the engine of a step's dialog. */
static inline struct preamble *
starttls_preamble_of(struct dialog *d)
{
	return (struct preamble *)(void *)d;
}

/** starttls_preamble_is_server: which side of the dialog we are. */
static inline bool
starttls_preamble_is_server(const struct preamble *p)
{
	return p->rules == NULL;
}

/** starttls_preamble_state: the name of its state, for messages. */
const char *starttls_preamble_state(const struct preamble *p);

/** starttls_preamble_fail: record a failure with the peer's words, if any. */
enum verdict starttls_preamble_fail(struct preamble *p, int code,
				    const struct unit *u,
				    const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/** starttls_preamble_words: a unit as people may see it. */
void starttls_preamble_words(const struct unit *u, char *text, size_t size);

/** starttls_preamble_show: what the trace function is told. */
void starttls_preamble_show(const struct preamble *p,
			    enum starttls_direction direction,
			    const void *line, size_t len);

/* What happens to each line is here, as a peer may send many. */

/** starttls_preamble_trace: a line for the trace function, if there is one. */
static inline void
starttls_preamble_trace(const struct preamble *p,
			enum starttls_direction direction, const void *line,
			size_t len)
{
	if (p->trace != NULL)
		starttls_preamble_show(p, direction, line, len);
}

/** starttls_preamble_count_bytes: no line; whether limits still hold. */
static inline bool
starttls_preamble_count_bytes(struct preamble *p, size_t len)
{
	p->total += len;
	if (p->lines <= PREAMBLE_MAX_LINES && p->total <= PREAMBLE_MAX_TOTAL)
		return true;
	starttls_preamble_fail(p, STARTTLS_E_LIMIT, NULL,
	    "more than %d lines or %d bytes from the peer",
	    PREAMBLE_MAX_LINES, PREAMBLE_MAX_TOTAL);
	return false;
}

/** starttls_preamble_count: one more line; whether limits still hold. */
static inline bool
starttls_preamble_count(struct preamble *p, size_t len)
{
	p->lines++;
	return starttls_preamble_count_bytes(p, len);
}

/** starttls_preamble_drop: forget the front of the input, a password maybe. */
static inline void
starttls_preamble_drop(struct preamble *p, size_t len)
{
	p->in_len -= len;
	memmove(p->in, p->in + len, p->in_len);
	explicit_bzero(p->in + p->in_len, len);
}

#endif
