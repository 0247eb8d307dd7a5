/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * Resumption caches.
 *
 * A ring of slots: the oldest session makes room for the newest.  It is
 * small, so a scan that compares hashes beats a cleverer structure.
 */

#include "config.h"

#include "resume.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#include "compat.h"

struct slot {
	char *key;                 /* NULL: free */
	uint8_t *data;
	size_t len;
	int64_t expires;
	uint64_t age;              /* counts puts */
	uint32_t hash;
	uint16_t note;
	bool once;
	bool spent;                /* was used, but is the last */
};

struct resume {
	atomic_uint refs;
	pthread_mutex_t lock;
	pid_t owner;               /* the process that may use the tickets */
	uint64_t puts;
	size_t count;
	size_t used;               /* no slot behind these was ever filled */
	size_t size;
	bool keeps_last;
	struct slot slots[];
};

static uint32_t
hash_of(const char *key)
{
	uint32_t h = 2166136261u;

	while (*key != '\0')
		h = (h ^ (uint8_t)*key++) * 16777619u;
	return h;
}

static bool
is_for(const struct slot *s, const char *key, uint32_t hash)
{
	return s->key != NULL && s->hash == hash && strcmp(s->key, key) == 0;
}

static void
clear(struct resume *r, struct slot *s)
{
	if (s->key == NULL)
		return;
	free(s->key);
	if (s->data != NULL) {
		explicit_bzero(s->data, s->len);
		free(s->data);
	}
	memset(s, 0, sizeof(*s));
	r->count--;
}

/*
 * Have the cache to ourselves.  What is to be used once is in the memory of two
 * processes after a fork, and stays with the one that has got it.  The tickets
 * of a session go wherever that is used.
 */
static void
take_over(struct resume *r)
{
	pid_t self = getpid();
	size_t i;

	pthread_mutex_lock(&r->lock);
	if (r->owner == self || r->keeps_last)
		return;
	for (i = 0; i < r->used; i++)
		if (r->slots[i].once)
			clear(r, &r->slots[i]);
	r->owner = self;
}

struct resume *
starttls_resume_new(size_t size, bool keeps_last)
{
	struct resume *r = calloc(1, sizeof(*r) + size * sizeof(r->slots[0]));

	if (r == NULL)
		return NULL;
	if (pthread_mutex_init(&r->lock, NULL) != 0) {
		free(r);
		return NULL;
	}
	atomic_init(&r->refs, 1);
	r->owner = getpid();
	r->size = size;
	r->keeps_last = keeps_last;
	return r;
}

struct resume *
starttls_resume_ref(struct resume *r)
{
	if (r != NULL)
		atomic_fetch_add(&r->refs, 1);
	return r;
}

void
starttls_resume_unref(struct resume *r)
{
	size_t i;

	if (r == NULL || atomic_fetch_sub(&r->refs, 1) != 1)
		return;
	for (i = 0; i < r->used; i++)
		clear(r, &r->slots[i]);
	pthread_mutex_destroy(&r->lock);
	free(r);
}

/* Forget a peer's sessions, all or those that are spent. */
static void
drop(struct resume *r, const char *key, uint32_t hash, bool only_spent)
{
	size_t i;

	for (i = 0; i < r->used; i++)
		if (is_for(&r->slots[i], key, hash) &&
		    (r->slots[i].spent || !only_spent))
			clear(r, &r->slots[i]);
}

/* The slot to fill: of this peer if it has its share, else a free one, else
   the oldest of all. */
static struct slot *
choose(struct resume *r, const char *key, uint32_t hash, bool once)
{
	struct slot *empty = NULL, *oldest = NULL, *mine = NULL;
	size_t i, own = 0;

	for (i = 0; i < r->used; i++) {
		struct slot *s = &r->slots[i];

		if (s->key == NULL) {
			empty = s;
			continue;
		}
		if (oldest == NULL || s->age < oldest->age)
			oldest = s;
		if (is_for(s, key, hash)) {
			own++;
			if (mine == NULL || s->age < mine->age)
				mine = s;
		}
	}
	if (own >= (once ? RESUME_MAX_PER_KEY : 1))
		return mine;
	if (empty != NULL)
		return empty;
	return r->used < r->size ? &r->slots[r->used++] : oldest;
}

void
starttls_resume_put(struct resume *r, const char *key, uint8_t *data,
		    size_t len, int64_t expires, bool once, uint16_t note)
{
	uint32_t hash = hash_of(key);
	char *copy = strdup(key);
	struct slot *s;

	if (copy == NULL) {
		explicit_bzero(data, len);
		free(data);
		return;
	}
	take_over(r);
	drop(r, key, hash, true);
	s = choose(r, key, hash, once);
	clear(r, s);
	*s = (struct slot){ .key = copy, .data = data, .len = len,
	    .expires = expires, .age = ++r->puts, .hash = hash,
	    .once = once, .note = note };
	r->count++;
	pthread_mutex_unlock(&r->lock);
}

static void
lend(const struct slot *s, resume_use_fn *use, void *context)
{
	const struct resumable session = { s->key, s->data, s->len,
	    s->expires, s->once, s->note };

	use(context, &session);
}

bool
starttls_resume_use(struct resume *r, const char *key, int64_t now,
		    resume_use_fn *use, void *context)
{
	uint32_t hash = hash_of(key);
	struct slot *best = NULL;
	size_t i, own = 0;

	take_over(r);
	for (i = 0; i < r->used; i++) {
		struct slot *s = &r->slots[i];

		if (!is_for(s, key, hash))
			continue;
		if (s->expires <= now) {
			clear(r, s);
			continue;
		}
		own++;
		if (best == NULL || s->age > best->age)
			best = s;
	}
	if (best != NULL) {
		lend(best, use, context);
		best->spent = best->once;
		if (best->once && (own > 1 || !r->keeps_last))
			clear(r, best);
	}
	pthread_mutex_unlock(&r->lock);
	return best != NULL;
}

static struct slot *
oldest_of(struct resume *r)
{
	struct slot *oldest = NULL;
	size_t i;

	for (i = 0; i < r->used; i++)
		if (r->slots[i].key != NULL &&
		    (oldest == NULL || r->slots[i].age < oldest->age))
			oldest = &r->slots[i];
	return oldest;
}

void
starttls_resume_take_all(struct resume *r, resume_use_fn *use, void *context)
{
	struct slot *s;

	take_over(r);
	while ((s = oldest_of(r)) != NULL) {
		if (!s->spent)
			lend(s, use, context);
		clear(r, s);
	}
	pthread_mutex_unlock(&r->lock);
}

void
starttls_resume_drop(struct resume *r, const char *key)
{
	take_over(r);
	drop(r, key, hash_of(key), false);
	pthread_mutex_unlock(&r->lock);
}

size_t
starttls_resume_count(struct resume *r)
{
	size_t count;

	take_over(r);
	count = r->count;
	pthread_mutex_unlock(&r->lock);
	return count;
}
