/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * Signals.  Nothing is blocked: a command inherits what is, but no handler.
 */

#include "config.h"

#include "signals.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "compat.h"

/* All that a handler can get at. */
static int signal_out = -1;

static void
on_signal(int number)
{
	unsigned char byte = (unsigned char)number;
	int saved = errno;

	/* a full pipe holds enough to wake us */
	(void)!write(signal_out, &byte, 1);
	errno = saved;
}

bool
signals_open(int *ret_fd)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0)
		return false;
	*ret_fd = ends[0];
	signal_out = ends[1];
	return true;
}

void
signals_catch(int number)
{
	struct sigaction action;

	memset(&action, 0, sizeof(action));
	action.sa_handler = on_signal;
	action.sa_flags = SA_RESTART;
	sigemptyset(&action.sa_mask);
	sigaction(number, &action, NULL);
}
