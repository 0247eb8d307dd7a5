/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/* The heap under watch: see heap.h. */

#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "heap.h"

#include <dlfcn.h>
#include <errno.h>
#include <link.h>
#include <malloc.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Part of this runs before the sanitizers are ready. */
#if defined(__GNUC__)
#define EARLY __attribute__((no_sanitize("address", "thread", "undefined")))
#else
#define EARLY
#endif

#define TABLE_SIZE (1u << 16)
#define GONE ((void *)1)

struct block {
	void *at;                  /* NULL: free, GONE: was in use */
	size_t size;
};

static struct block table[TABLE_SIZE];
static size_t in_use, blocks;
static atomic_flag lock = ATOMIC_FLAG_INIT;

static _Thread_local bool tracking;
static size_t fail_at, calls;
static bool fail_forever, failed;

/* Code that ends or crashes the process where there is no memory. */
static struct {
	uintptr_t start, end;
} excluded[16];
static size_t excluded_count;

static struct {
	void *(*malloc)(size_t);
	void *(*calloc)(size_t, size_t);
	void *(*realloc)(void *, size_t);
	void (*free)(void *);
} real;

/* For what dlsym() itself may want. */
static _Alignas(16) char pool[4096];
static size_t pool_used;
static bool starting;

static void
exclude(uintptr_t from, size_t len)
{
	if (from == 0 ||
	    excluded_count == sizeof(excluded) / sizeof(excluded[0]))
		return;
	excluded[excluded_count].start = from;
	excluded[excluded_count].end = from + len;
	excluded_count++;
}

static int
exclude_library(struct dl_phdr_info *info, size_t size, void *context)
{
	static const char *const names[] = { "libgmp.", "libnettle.",
		"libhogweed.", "libtasn1." };
	size_t i;
	int k;

	(void)size;
	(void)context;
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strstr(info->dlpi_name, names[i]) != NULL)
			break;
	if (i == sizeof(names) / sizeof(names[0]))
		return 0;
	for (k = 0; k < info->dlpi_phnum; k++) {
		const ElfW(Phdr) *segment = &info->dlpi_phdr[k];

		if (segment->p_type == PT_LOAD &&
		    (segment->p_flags & PF_X) != 0)
			exclude(info->dlpi_addr + segment->p_vaddr,
			    segment->p_memsz);
	}
	return 0;
}

/*
 * GnuTLS gives GMP functions of its own that abort, and its
 * gnutls_x509_dn_init() does not look at what calloc() says.
 */
static void
exclude_functions(void)
{
	void (*get)(void *(**)(size_t), void *(**)(void *, size_t, size_t),
		    void (**)(void *, size_t));
	void *(*alloc)(size_t) = NULL;
	void *(*resize)(void *, size_t, size_t) = NULL;

	*(void **)&get = dlsym(RTLD_DEFAULT, "__gmp_get_memory_functions");
	if (get != NULL)
		get(&alloc, &resize, NULL);
	exclude((uintptr_t)alloc, 256);
	exclude((uintptr_t)resize, 256);
	exclude((uintptr_t)dlsym(RTLD_DEFAULT, "gnutls_x509_dn_init"), 64);
}

static EARLY void
start(void)
{
	starting = true;
	*(void **)&real.calloc = dlsym(RTLD_NEXT, "calloc");
	*(void **)&real.realloc = dlsym(RTLD_NEXT, "realloc");
	*(void **)&real.free = dlsym(RTLD_NEXT, "free");
	*(void **)&real.malloc = dlsym(RTLD_NEXT, "malloc");
	starting = false;
}

static EARLY void *
from_pool(size_t size)
{
	void *at = pool + pool_used;

	size = (size + 15) & ~(size_t)15;
	if (size > sizeof(pool) - pool_used)
		abort();
	pool_used += size;
	return at;
}

static EARLY bool
is_of_pool(const void *at)
{
	return (const char *)at >= pool &&
	    (const char *)at < pool + sizeof(pool);
}

static EARLY size_t
slot_of(const void *at)
{
	return (size_t)((uintptr_t)at * UINT64_C(0x9e3779b97f4a7c15) >> 48) %
	    TABLE_SIZE;
}

static EARLY void
enter(void)
{
	while (atomic_flag_test_and_set_explicit(&lock, memory_order_acquire))
		continue;
}

static EARLY void
leave(void)
{
	atomic_flag_clear_explicit(&lock, memory_order_release);
}

static EARLY void *
add(void *at)
{
	size_t i = slot_of(at), turns = 0;

	if (!tracking || at == NULL)
		return at;
	enter();
	while (table[i].at != NULL && table[i].at != GONE) {
		i = (i + 1) % TABLE_SIZE;
		if (++turns == TABLE_SIZE)
			abort();
	}
	table[i].at = at;
	table[i].size = malloc_usable_size(at);
	in_use += table[i].size;
	blocks++;
	leave();
	return at;
}

static EARLY void
drop(const void *at)
{
	size_t i = slot_of(at), turns;

	if (at == NULL)
		return;
	enter();
	for (turns = 0; table[i].at != NULL && turns < TABLE_SIZE; turns++) {
		if (table[i].at == at) {
			in_use -= table[i].size;
			blocks--;
			/* keep chains of GONE short */
			table[i].at = table[(i + 1) % TABLE_SIZE].at ==
			    NULL ? NULL : GONE;
			break;
		}
		i = (i + 1) % TABLE_SIZE;
	}
	leave();
}

/* Whether this allocation has to fail. */
static EARLY bool
must_fail(const void *caller)
{
	size_t i;

	if (!tracking)
		return false;
	for (i = 0; i < excluded_count; i++)
		if ((uintptr_t)caller >= excluded[i].start &&
		    (uintptr_t)caller < excluded[i].end)
			return false;
	calls++;
	if (fail_at == 0 || (fail_forever ? calls < fail_at :
	    calls != fail_at))
		return false;
	failed = true;
	errno = ENOMEM;
	return true;
}

EARLY void *
malloc(size_t size)
{
	if (real.malloc == NULL) {
		if (starting)
			return from_pool(size);
		start();
	}
	if (must_fail(__builtin_return_address(0)))
		return NULL;
	return add(real.malloc(size));
}

EARLY void *
calloc(size_t count, size_t size)
{
	if (real.malloc == NULL) {
		if (starting)
			return from_pool(count * size);
		start();
	}
	if (must_fail(__builtin_return_address(0)))
		return NULL;
	return add(real.calloc(count, size));
}

EARLY void *
realloc(void *at, size_t size)
{
	void *moved;

	if (real.malloc == NULL)
		start();
	if (is_of_pool(at)) {
		moved = malloc(size);
		if (moved != NULL)
			memcpy(moved, at, size < 64 ? size : 64);
		return moved;
	}
	if (must_fail(__builtin_return_address(0)))
		return NULL;
	drop(at);
	moved = real.realloc(at, size);
	return add(moved);
}

/* The C library's own would hide from us who wants it. */
EARLY char *
strdup(const char *text)
{
	size_t size = strlen(text) + 1;
	char *copy;

	if (real.malloc == NULL)
		start();
	if (must_fail(__builtin_return_address(0)))
		return NULL;
	copy = add(real.malloc(size));
	return copy == NULL ? NULL : memcpy(copy, text, size);
}

EARLY void
free(void *at)
{
	if (at == NULL || is_of_pool(at))
		return;
	if (real.malloc == NULL)
		start();
	drop(at);
	real.free(at);
}

bool
heap_is_watched(void)
{
	size_t before = blocks;
	void *volatile block;
	bool seen;

	heap_track(true);
	block = malloc(1);
	heap_track(false);
	seen = blocks == before + 1;
	free(block);
	return seen;
}

void
heap_track(bool on)
{
	if (excluded_count == 0) {
		dl_iterate_phdr(exclude_library, NULL);
		exclude_functions();
	}
	tracking = on;
}

size_t
heap_in_use(void)
{
	return in_use;
}

size_t
heap_blocks(void)
{
	return blocks;
}

void
heap_forget(void)
{
	enter();
	memset(table, 0, sizeof(table));
	in_use = blocks = 0;
	leave();
}

void
heap_fail(size_t nth, bool forever)
{
	fail_at = nth;
	fail_forever = forever;
	calls = 0;
	failed = false;
}

size_t
heap_calls(void)
{
	return calls;
}

bool
heap_failed(void)
{
	return failed;
}
