/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * A byte stream without waiting: a socket, or the application's callbacks.
 */

#ifndef STARTTLS_TRANSPORT_H
#define STARTTLS_TRANSPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

#include "starttls.h"

struct transport {
	int fd;                    /* to poll; -1: none */
	bool is_socket;            /* else the callbacks serve */
	bool is_tcp;
	bool owns_fd;
	bool interruptible;        /* a signal ends what may wait */
	bool quick_ack;            /* acknowledge at once, see _recv */
	bool blocked;              /* the last receive would have blocked */
	bool ended;                /* the stream has ended */
	bool moved;                /* something was received; for the owner */
	bool gave;                 /* something was sent; for the owner */
	bool spoke;                /* the last thing done was sending */
	char address[64];          /* of a TCP peer, which cannot be asked for
	                              any more once it has reset */
	int round_trips;
	size_t budget;             /* bytes that may still be received */
	starttls_recv_fn recv;
	starttls_send_fn send;
	void *context;
};

#define TRANSPORT_NO_BUDGET SIZE_MAX

/**
 * starttls_transport_init: set up for a socket, or for callbacks.
 *
 * Returns: 0; STARTTLS_E_INVALID (no stream socket; sets errno)
 */
int starttls_transport_init(struct transport *io, int fd,
			    const struct starttls_options *options);

/**
 * starttls_transport_find_address: fill in what a TCP socket is connected to;
 * nothing if it is none, or has reset already.
 */
void starttls_transport_find_address(struct transport *io);

/** starttls_transport_done: close the descriptor if it is ours. */
void starttls_transport_done(struct transport *io);

/**
 * starttls_transport_recv: as recv(2), never waits, repeats on EINTR.
 *
 * Returns: bytes; 0: end; -1: errno is set, EAGAIN: would block, EMSGSIZE:
 * the budget is used up; EINTR: callbacks that block were interrupted, and the
 * application wants to be told.
 */
ssize_t starttls_transport_recv(struct transport *io, void *data,
				size_t size);

/** starttls_transport_send: as writev(2), no SIGPIPE; else the same. */
ssize_t starttls_transport_send(struct transport *io, const struct iovec *iov,
				int count);

/**
 * starttls_transport_own_address: our end of a connection of the internet.
 *
 * Also for callbacks, if what is polled for them is a socket.
 *
 * Returns: 4 or 16 octets; 0: there is none, and @ret_ip is untouched.
 */
size_t starttls_transport_own_address(const struct transport *io,
				      uint8_t ret_ip[16]);

#endif
