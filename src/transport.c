/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * A byte stream without waiting: a socket, or the application's callbacks.
 *
 * Every call on a socket asks for MSG_DONTWAIT, so its blocking mode is left
 * alone, and for MSG_NOSIGNAL.  Here also live the two remedies against the
 * 40 ms stall of Nagle's algorithm meeting delayed acknowledgement, and the
 * count of round trips.
 */

#include "config.h"

#include "transport.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "compat.h"

int
starttls_transport_init(struct transport *io, int fd,
			const struct starttls_options *options)
{
	struct sockaddr_storage address;
	socklen_t len = sizeof(int), address_len = sizeof(address);
	int type = 0, one = 1;

	*io = (struct transport){
		.fd = fd,
		.spoke = true,     /* the SYN */
		.round_trips = 0,
		.budget = TRANSPORT_NO_BUDGET,
		.interruptible = options != NULL && options->interruptible,
	};
	if (options != NULL && options->recv != NULL) {
		io->recv = options->recv;
		io->send = options->send;
		io->context = options->transport_context;
		io->round_trips = 1;
		return 0;
	}
	io->is_socket = true;
	io->round_trips = 1;
	if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) != 0)
		return STARTTLS_E_INVALID;
	errno = EPROTOTYPE;
	if (type != SOCK_STREAM)
		return STARTTLS_E_INVALID;
	compat_no_signal(fd);
	if (getsockname(fd, (struct sockaddr *)&address, &address_len) == 0)
		io->is_tcp = address.ss_family == AF_INET ||
		    address.ss_family == AF_INET6;
	if (io->is_tcp) {
		io->quick_ack = true;
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	}
	return 0;
}

void
starttls_transport_find_address(struct transport *io)
{
	struct sockaddr_storage address;
	socklen_t len = sizeof(address);

	if (!io->is_tcp)
		return;
	if (getpeername(io->fd, (struct sockaddr *)&address, &len) != 0 ||
	    getnameinfo((struct sockaddr *)&address, len, io->address,
		sizeof(io->address), NULL, 0, NI_NUMERICHOST) != 0)
		io->address[0] = '\0';
}

void
starttls_transport_done(struct transport *io)
{
	if (io->owns_fd && io->fd >= 0)
		close(io->fd);
	io->fd = -1;
}

/*
 * Before the caller waits for more: have the kernel acknowledge what came so
 * far at once.  A server that wrote its session tickets holds back its first
 * reply until they are acknowledged.
 */
static void
acknowledge(const struct transport *io)
{
#ifdef TCP_QUICKACK
	int one = 1;

	if (io->is_tcp && io->quick_ack)
		setsockopt(io->fd, IPPROTO_TCP, TCP_QUICKACK, &one,
		    sizeof(one));
#else
	(void)io;
#endif
}

static bool
would_block(int number)
{
#if EAGAIN != EWOULDBLOCK
	if (number == EWOULDBLOCK)
		return true;
#endif
	return number == EAGAIN;
}

/* A descriptor never blocks, so there is nothing that a signal could end. */
static bool
is_to_repeat(const struct transport *io, ssize_t n)
{
	return n < 0 && errno == EINTR && (io->is_socket ||
	    !io->interruptible);
}

ssize_t
starttls_transport_recv(struct transport *io, void *data, size_t size)
{
	ssize_t n;

	if (io->budget == 0) {
		errno = EMSGSIZE;
		return -1;
	}
	if (size > io->budget)
		size = io->budget;
	do {
		n = io->is_socket ? recv(io->fd, data, size, MSG_DONTWAIT) :
		    io->recv(io->context, data, size);
	} while (is_to_repeat(io, n));
	io->blocked = n < 0 && would_block(errno);
	if (io->blocked) {
		acknowledge(io);
		errno = EAGAIN;
	}
	io->ended = io->ended || n == 0;
	if (n > 0) {
		if ((size_t)n > size) { /* a broken callback */
			errno = EINVAL;
			return -1;
		}
		if (io->budget != TRANSPORT_NO_BUDGET)
			io->budget -= (size_t)n;
		io->moved = true;
		io->round_trips += io->spoke;
		io->spoke = false;
	}
	return n;
}

ssize_t
starttls_transport_send(struct transport *io, const struct iovec *iov,
			int count)
{
	struct msghdr message;
	ssize_t n;

	memset(&message, 0, sizeof(message));
	message.msg_iov = (struct iovec *)(uintptr_t)iov; /* only read */
	message.msg_iovlen = (size_t)count;
	do {
		n = io->is_socket ?
		    sendmsg(io->fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL) :
		    io->send(io->context, iov[0].iov_base, iov[0].iov_len);
	} while (is_to_repeat(io, n));
	if (n < 0 && would_block(errno))
		errno = EAGAIN;
	/* a broken callback; what moves nothing would be called for ever */
	if (!io->is_socket && ((n == 0 && iov[0].iov_len > 0) ||
	    n > (ssize_t)iov[0].iov_len)) {
		errno = EINVAL;
		return -1;
	}
	if (n > 0)
		io->spoke = io->gave = true;
	return n;
}

size_t
starttls_transport_own_address(const struct transport *io, uint8_t ret_ip[16])
{
	struct sockaddr_storage address;
	const struct sockaddr_in *in = (const void *)&address;
	const struct sockaddr_in6 *in6 = (const void *)&address;
	socklen_t len = sizeof(address);

	if (io->fd < 0 ||
	    getsockname(io->fd, (struct sockaddr *)&address, &len) != 0)
		return 0;
	if (address.ss_family == AF_INET) {
		memcpy(ret_ip, &in->sin_addr, 4);
		return 4;
	}
	if (address.ss_family == AF_INET6) {
		memcpy(ret_ip, &in6->sin6_addr, 16);
		return 16;
	}
	return 0;
}
