/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

#include "config.h"

#include "looks.h"

#include <check.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static char *pages;
static size_t page_size, page_count;
static volatile sig_atomic_t looks;

static void
allow(int number, siginfo_t *info, void *context)
{
	char *at = info->si_addr;

	(void)number, (void)context;
	if (at < pages || at >= pages + page_count * page_size)
		_exit(99);
	looks++;
	at = pages + (size_t)(at - pages) / page_size * page_size;
	mprotect(at, page_size, PROT_READ | PROT_WRITE);
}

void
looks_new(size_t count)
{
	struct sigaction action = { .sa_sigaction = allow };

	page_size = (size_t)sysconf(_SC_PAGESIZE);
	page_count = count;
	pages = mmap(NULL, count * page_size, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ck_assert_ptr_ne(pages, MAP_FAILED);
	action.sa_flags = SA_SIGINFO;
	sigaction(SIGSEGV, &action, NULL);
	sigaction(SIGBUS, &action, NULL);
}

void *
looks_page(size_t i)
{
	return pages + i * page_size;
}

void
looks_hide(void)
{
	looks = 0;
	ck_assert_int_eq(mprotect(pages, page_count * page_size, PROT_NONE), 0);
}

int
looks_count(void)
{
	return looks;
}

void
looks_show(void)
{
	mprotect(pages, page_count * page_size, PROT_READ | PROT_WRITE);
}

void
looks_free(void)
{
	signal(SIGSEGV, SIG_DFL);
	signal(SIGBUS, SIG_DFL);
	munmap(pages, page_count * page_size);
}
