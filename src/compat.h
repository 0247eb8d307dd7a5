/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * What the library and its programs use, and some system lacks.
 *
 * Linux with glibc or musl and the BSDs have all of it, with few exceptions;
 * macOS lacks most.  Files that use one of these include this one, and call
 * it by its own name.  Where a descriptor gets its flags a moment later, a
 * process that another thread starts in between has it as well.
 */

#ifndef STARTTLS_COMPAT_H
#define STARTTLS_COMPAT_H

#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#if !HAVE_DECL_ENVIRON
extern char **environ;
#endif

#if !HAVE_DECL_SOCK_CLOEXEC
#undef SOCK_CLOEXEC
#undef SOCK_NONBLOCK
#define SOCK_CLOEXEC 0x10000000
#define SOCK_NONBLOCK 0x20000000
#endif

/* Returns @fd, or -1 and it is closed. */
static inline int
compat_set_flags(int fd, int is_cloexec, int is_nonblocking)
{
	int saved;

	if (fd < 0 || ((!is_cloexec || fcntl(fd, F_SETFD, FD_CLOEXEC) == 0) &&
	    (!is_nonblocking || fcntl(fd, F_SETFL, O_NONBLOCK) == 0)))
		return fd;
	saved = errno;
	close(fd);
	errno = saved;
	return -1;
}

#if !HAVE_DECL_SOCK_CLOEXEC
static inline int
compat_socket(int family, int type, int protocol)
{
	return compat_set_flags(socket(family,
	    type & ~(SOCK_CLOEXEC | SOCK_NONBLOCK), protocol),
	    type & SOCK_CLOEXEC, type & SOCK_NONBLOCK);
}

static inline int
compat_socketpair(int family, int type, int protocol, int fds[2])
{
	if (socketpair(family, type & ~(SOCK_CLOEXEC | SOCK_NONBLOCK),
	    protocol, fds) != 0)
		return -1;
	fds[0] = compat_set_flags(fds[0], type & SOCK_CLOEXEC,
	    type & SOCK_NONBLOCK);
	fds[1] = compat_set_flags(fds[1], type & SOCK_CLOEXEC,
	    type & SOCK_NONBLOCK);
	if (fds[0] >= 0 && fds[1] >= 0)
		return 0;
	close(fds[0] >= 0 ? fds[0] : fds[1]);
	return -1;
}

#define socket(family, type, protocol) compat_socket(family, type, protocol)
#define socketpair(family, type, protocol, fds) \
	compat_socketpair(family, type, protocol, fds)
#endif

#ifndef HAVE_ACCEPT4
static inline int
compat_accept4(int fd, struct sockaddr *address, socklen_t *len, int flags)
{
	/* whether O_NONBLOCK is inherited is different from system to system */
	return compat_set_flags(accept(fd, address, len),
	    flags & SOCK_CLOEXEC, flags & SOCK_NONBLOCK);
}

#undef accept4
#define accept4 compat_accept4
#endif

#ifndef HAVE_PIPE2
static inline int
compat_pipe2(int fds[2], int flags)
{
	if (pipe(fds) != 0)
		return -1;
	fds[0] = compat_set_flags(fds[0], flags & O_CLOEXEC,
	    flags & O_NONBLOCK);
	fds[1] = compat_set_flags(fds[1], flags & O_CLOEXEC,
	    flags & O_NONBLOCK);
	if (fds[0] >= 0 && fds[1] >= 0)
		return 0;
	close(fds[0] >= 0 ? fds[0] : fds[1]);
	return -1;
}

#undef pipe2
#define pipe2 compat_pipe2
#endif

#if !HAVE_DECL_MSG_NOSIGNAL
#undef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0             /* then compat_no_signal() has to do */
#endif

/* No SIGPIPE for what is sent to @fd, where that cannot be said for a call. */
static inline void
compat_no_signal(int fd)
{
#if !HAVE_DECL_MSG_NOSIGNAL && defined(SO_NOSIGPIPE)
	int one = 1;

	setsockopt(fd, SOL_SOCKET, SO_NOSIGPIPE, &one, sizeof(one));
#else
	(void)fd;
#endif
}

#ifndef HAVE_EXPLICIT_BZERO
static inline void
compat_explicit_bzero(void *data, size_t len)
{
	volatile unsigned char *byte = data;

	while (len-- > 0)
		*byte++ = 0;
}

#undef explicit_bzero
#define explicit_bzero compat_explicit_bzero
#endif

#ifndef HAVE_REALLOCARRAY
static inline void *
compat_reallocarray(void *old, size_t count, size_t size)
{
	if (size != 0 && count > SIZE_MAX / size) {
		errno = ENOMEM;
		return NULL;
	}
	return realloc(old, count * size);
}

#undef reallocarray
#define reallocarray compat_reallocarray
#endif

#endif
