/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * The engine of the cleartext preamble, without I/O.
 *
 * The owner moves bytes: it sends what preamble_out() holds, says so with
 * preamble_sent(), receives into preamble_space() and says so with
 * preamble_received().  Before it sends a command for the first time it should
 * receive once without waiting, so that input ahead of a command is seen.
 * Failure is sticky and lands in the owner's error.
 */

#ifndef STARTTLS_PREAMBLE_H
#define STARTTLS_PREAMBLE_H

#include "error.h"
#include "frame.h"

/* Hard limits on what a peer can make us take in the clear. */
#define PREAMBLE_MAX_LINE 4096      /* with its CRLF */
#define PREAMBLE_MAX_LINES 2048
#define PREAMBLE_MAX_TOTAL 65536
#define PREAMBLE_MAX_COMMAND 512    /* RFC 5321 section 4.5.3.1.4 */

enum preamble_status {
	PREAMBLE_RUNNING,
	PREAMBLE_UPGRADE,          /* go-ahead read, nothing behind it */
	PREAMBLE_DONE,             /* exchange over */
	PREAMBLE_FAILED
};

struct preamble {
	struct dialog dialog;      /* first: steps get a pointer to it */
	enum preamble_status status;
	const struct starttls_protocol *protocol;
	const struct dialog_rules *rules;
	struct framer framer;
	struct starttls_error *error;
	enum starttls_phase phase;
	starttls_trace_fn trace;
	void *trace_context;
	bool leaving;              /* goodbye was said */
	unsigned lines;
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
			     const char *client_name,
			     struct starttls_error *error);

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

#endif
