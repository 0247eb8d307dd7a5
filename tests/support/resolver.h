/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * A resolver of the test's own, which stands in for the system's; numeric
 * addresses go on to the real one.
 *
 * A program that links this has getaddrinfo and connect replaced, for itself
 * and for every library in it.
 */

#ifndef TESTS_RESOLVER_H
#define TESTS_RESOLVER_H

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

#include "starttls.h"

#define MAX_ATTEMPTS 32

struct resolver {
	struct {
		const char *address, *port;
	} answers[20];             /* in this order */
	int rc, sys_errno;         /* instead of answers */
	bool waits;                /* until told to go on */
	char host[300], port[40];  /* what it was asked */
	int family, flags;
	sigset_t mask;             /* of the thread that asked */
	bool measures;
	size_t stack_size;         /* of the thread, if it is measured */
	int calls;
};

extern struct resolver resolver;
extern pthread_mutex_t resolver_lock;
extern pthread_cond_t resolver_go;

/* families in the order in which they were connected to */
extern int attempts[MAX_ATTEMPTS];
extern size_t attempt_count;
extern struct sockaddr_storage last_attempt;

/** set_up: every test begins with a resolver that knows nothing. */
void set_up(void);

/** answer: have it know one more. */
void answer(size_t i, const char *address, const char *port);

/** order: what looked at it is behind us for who takes the lock now. */
void order(void);

/** fill: sockets_fill(), whose own attempts do not count. */
bool fill(int family, char *ret_port, int *ret_fds);

/**
 * refuse: dial something that fails: nothing is left open, the result
 * untouched.
 */
void refuse(const char *host, const char *port, enum starttls_family family,
	    int timeout_ms, int code, int phase, struct starttls_error *error);

/** hold_resolver: nobody gets an answer any more. */
void hold_resolver(void);

/** release_resolver: those who wait get theirs. */
void release_resolver(void);

/** let_resolver_go: the same, and the threads that asked have ended. */
void let_resolver_go(void);

/** count_usual_threads: a fixture for those who count the others. */
void count_usual_threads(void);

/** thread_count: those of the library. */
size_t thread_count(void);

/**
 * expect_connected: a descriptor that starttls_dial() made is connected to
 * @listener; closes it.
 */
void expect_connected(int fd, int listener);

#endif
