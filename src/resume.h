/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * Resumption caches: bounded, shared by threads.  A policy has one, keyed by
 * peer name, port and protocol, and so has each session whose data channels
 * are to resume it.  Knows nothing of TLS: data is bytes.
 */

#ifndef STARTTLS_RESUME_H
#define STARTTLS_RESUME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RESUME_MAX 128             /* sessions in all */
#define RESUME_MAX_PER_KEY 4       /* single-use tickets for one peer */

struct resume;

/**
 * starttls_resume_new: an empty cache for @size sessions, 1..RESUME_MAX.
 *
 * @keeps_last  the last session of a peer stays when it is used, even if it
 *              should be used once only; it does so until another comes
 *
 * Returns: the cache, with one reference; NULL: no memory.
 */
struct resume *starttls_resume_new(size_t size, bool keeps_last);
struct resume *starttls_resume_ref(struct resume *r);
void starttls_resume_unref(struct resume *r);

/**
 * starttls_resume_put: keep a session.
 *
 * @data     owned by the cache from now on, also after failure; free(3)d
 * @expires  seconds since 1970
 * @once     a ticket that must be used once only (TLS 1.3); otherwise it
 *           replaces what is there for the key
 * @note     whatever is to be known of it when it is used
 */
void starttls_resume_put(struct resume *r, const char *key, uint8_t *data,
			 size_t len, int64_t expires, bool once,
			 uint16_t note);

/* What is to be known of a session; all of it is lent. */
struct resumable {
	const char *key;
	const uint8_t *data;
	size_t len;
	int64_t expires;           /* seconds since 1970 */
	bool once;
	uint16_t note;
};

typedef void resume_use_fn(void *context, const struct resumable *session);

/**
 * starttls_resume_use: lend the newest session for a key that is still good.
 *
 * @use  is called with the cache locked, so that nothing is copied
 *
 * Returns: whether there was one.
 */
bool starttls_resume_use(struct resume *r, const char *key, int64_t now,
			 resume_use_fn *use, void *context);

/**
 * starttls_resume_take_all: lend every session that may still be used, the
 * oldest first, and forget all.
 */
void starttls_resume_take_all(struct resume *r, resume_use_fn *use,
			      void *context);

/** starttls_resume_drop: forget a peer's sessions; they did not work. */
void starttls_resume_drop(struct resume *r, const char *key);

/** starttls_resume_count: sessions held. */
size_t starttls_resume_count(struct resume *r);

#endif
