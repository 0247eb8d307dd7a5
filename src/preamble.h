/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * The cleartext preamble as its owner sees it, without I/O.  A client's begins
 * here, a server's in serve.h.
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

#include "engine.h"

/**
 * starttls_preamble_start: begin a dialog.
 *
 * @from     STARTTLS_GREETING or STARTTLS_COMMAND
 * @peer_name  that is verified, see protocols/protocol.h
 * @error    where failures go; borrowed
 */
void starttls_preamble_start(struct preamble *p,
			     const struct starttls_protocol *protocol,
			     const struct dialog_rules *rules,
			     enum starttls_stage from,
			     const char *own_name, const char *peer_name,
			     struct starttls_error *error);

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

/** starttls_preamble_free: with what was received, a password maybe. */
void starttls_preamble_free(struct preamble *p);

#endif
