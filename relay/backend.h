/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/* Where decrypted conversations go: commands, or a cleartext server. */

#ifndef RELAY_BACKEND_H
#define RELAY_BACKEND_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "front.h"

struct child;

/* All of them, with a limit to how many there are at a time. */
struct backends {
	struct front *front;
	char **command;            /* NULL: connect to @to; both: echo */
	struct addrinfo *to;
	size_t running, max_running;
	void (*vacant)(void *context); /* one less is running */
	void *context;
	struct child *children;    /* whose conversation is over */
};

struct backend {
	int fd;                    /* -1: none */
	pid_t pid;                 /* 0: no command */
};

/* What a command is told in its environment. */
struct facts {
	const char *scheme;
	const char *address;
	const struct starttls_report *report;
	const struct starttls_cert *cert; /* NULL: showed none */
};

/* A greeting that nobody will see. */
struct greeting {
	const struct starttls_protocol *protocol;
	size_t total, column;
	char line[9];              /* its beginning */
	bool is_welcome;
};

/* Start a command, or connecting.  Returns 0 or errno. */
int backend_start(struct backends *backends, const struct facts *facts,
		  struct backend *ret_backend);
/* After POLLOUT: 0 or errno. */
int backend_connected(const struct backend *backend);
/* Read up to the end of the greeting.  1: not there yet; 0: done; -1: it is
   no welcome, too long, or the end, and @ret_why says so. */
int backend_greeting(const struct backend *backend, struct greeting *greeting,
		     const char **ret_why);
/* The conversation is over.  If it was @cut off, the backend does not get an
   end of file but a signal, or a reset. */
void backend_end(struct backends *backends, struct backend *backend,
		 bool cut);
/* After SIGCHLD. */
void backends_reap(struct backends *backends);
/* The end: what was cut off and lives on is killed. */
void backends_done(struct backends *backends);

#endif
