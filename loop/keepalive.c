/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * Keepalive, for connections that may be silent for long.
 *
 * A peer that has vanished, or a router that has forgotten the connection, is
 * noticed after four minutes; the default of most systems begins to ask after
 * two hours.
 */

#include "config.h"

#include "descriptors.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#define FIRST_PROBE 120            /* seconds of silence */
#define NEXT_PROBE 30
#define PROBES 4                   /* without an answer */

#if !defined(TCP_KEEPIDLE) && defined(TCP_KEEPALIVE)
#define TCP_KEEPIDLE TCP_KEEPALIVE /* macOS */
#endif

static void
set(int fd, int level, int name, int value)
{
	(void)!setsockopt(fd, level, name, &value, sizeof(value));
}

void
keep_alive(int fd)
{
	set(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
#ifdef TCP_KEEPIDLE
	set(fd, IPPROTO_TCP, TCP_KEEPIDLE, FIRST_PROBE);
#endif
#ifdef TCP_KEEPINTVL
	set(fd, IPPROTO_TCP, TCP_KEEPINTVL, NEXT_PROBE);
#endif
#ifdef TCP_KEEPCNT
	set(fd, IPPROTO_TCP, TCP_KEEPCNT, PROBES);
#endif
}
