/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * A model of kqueue(2), with which its poller runs on Linux.  It is no kqueue: it
 * does what the manual pages of FreeBSD, OpenBSD and macOS say of the filters for
 * reading and writing, on stream sockets, pipes and FIFOs.
 *
 *  - A filter and a descriptor are one event.  EV_ADD adds it, and looks whether
 *    it is there already; if the event is known, udata changes, and EV_CLEAR does
 *    not.  EV_DELETE without one is ENOENT.  close(2) removes those of its
 *    descriptor.
 *  - What is told is told again while it lasts, or, with EV_CLEAR, once for each
 *    thing that happens.
 *  - EVFILT_READ tells of data, of connections to accept, and with EV_EOF of the
 *    end of that direction; EVFILT_WRITE of room, and with EV_EOF that nothing can
 *    be sent any more.  An end is one whoever made it.  fflags is the error then;
 *    to ask for it would take it from the program, so all are ECONNRESET here.
 *  - A change that fails is told with EV_ERROR if there is room for it, and else
 *    is the error of the call.
 *
 * Of the end of a pipe that has the other direction nothing is told, and to write
 * where nobody reads is EPIPE: the pages do not say it, but FreeBSD does it.
 * There is no data, no other filter or flag, and no ordinary file.
 *
 * epoll(7) does the work.  It has one entry for a descriptor, so there is a second
 * one for writing, which the first one watches.
 */

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/event.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define MOST 64                    /* told at once */
#define WRITERS (-1)               /* in place of a descriptor */
#define DESCRIPTORS 65536

enum { READING, WRITING };

struct note {
	void *udata;
	uint32_t events;           /* as epoll(7) has them */
};

struct queue {
	struct queue *next;
	int fds[2];                /* the first one is the kqueue */
	struct note notes[2][DESCRIPTORS];
};

static struct queue *queues;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

int
kqueue(void)
{
	struct epoll_event writers = { .events = EPOLLIN, .data.fd = WRITERS };
	struct queue *q = calloc(1, sizeof(*q));

	if (q == NULL)
		return -1;
	q->fds[READING] = epoll_create1(0);
	q->fds[WRITING] = epoll_create1(EPOLL_CLOEXEC);
	pthread_mutex_lock(&lock);
	q->next = queues;
	queues = q;
	pthread_mutex_unlock(&lock);
	if (epoll_ctl(q->fds[READING], EPOLL_CTL_ADD, q->fds[WRITING],
	    &writers) == 0)
		return q->fds[READING];
	close(q->fds[READING]);
	errno = EMFILE;
	return -1;
}

static struct queue **
find(int kq)
{
	struct queue **at = &queues;

	while (*at != NULL && (*at)->fds[READING] != kq)
		at = &(*at)->next;
	return at;
}

/* In place of the system's, as a kqueue takes along what it has. */
int
close(int fd)
{
	struct queue **at, *q;

	pthread_mutex_lock(&lock);
	at = find(fd);
	q = *at;
	if (q != NULL)
		*at = q->next;
	pthread_mutex_unlock(&lock);
	if (q != NULL) {
		syscall(SYS_close, q->fds[WRITING]);
		free(q);
	}
	return (int)syscall(SYS_close, fd);
}

static mode_t
type_of(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 ? st.st_mode & S_IFMT : 0;
}

static int
add(struct queue *q, int direction, const struct kevent *change)
{
	static const uint32_t masks[] = { EPOLLIN | EPOLLRDHUP, EPOLLOUT };
	static const int others[] = { O_WRONLY, O_RDONLY };
	const int fd = (int)change->ident, set = q->fds[direction];
	struct note *note = &q->notes[direction][fd];
	struct pollfd p = { .fd = fd };
	struct epoll_event event = {
		.events = masks[direction] |
		    ((change->flags & EV_CLEAR) != 0 ? EPOLLET : 0),
		.data.fd = fd,
	};

	if (type_of(fd) == S_IFIFO) {
		if ((fcntl(fd, F_GETFL) & O_ACCMODE) == others[direction])
			return 0;
		if (poll(&p, 1, 0) == 1 && (p.revents & POLLERR) != 0)
			return EPIPE;
	}
	if (epoll_ctl(set, EPOLL_CTL_ADD, fd, &event) == 0) {
		note->events = event.events;
	} else {
		event.events = note->events;
		if (errno != EEXIST ||
		    epoll_ctl(set, EPOLL_CTL_MOD, fd, &event) != 0)
			return errno;
	}
	note->udata = change->udata;
	return 0;
}

/* Returns 0 or errno. */
static int
apply(struct queue *q, const struct kevent *change)
{
	const int direction = change->filter == EVFILT_WRITE,
	    fd = (int)change->ident, action = change->flags & ~EV_CLEAR;
	struct epoll_event ignored;

	if ((change->filter != EVFILT_READ && direction != WRITING) ||
	    (action != EV_ADD && action != EV_DELETE))
		return EINVAL;
	if (fcntl(fd, F_GETFD) < 0)
		return EBADF;
	if (fd >= DESCRIPTORS)
		return ENOMEM;
	if (action == EV_ADD)
		return add(q, direction, change);
	return epoll_ctl(q->fds[direction], EPOLL_CTL_DEL, fd, &ignored) == 0 ?
	    0 : errno;
}

/* TCP says so.  Others do when nothing is sent, which from TCP would take an
   error. */
static bool
is_shut(int fd)
{
	struct tcp_info tcp;
	socklen_t size = sizeof(tcp);

	if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &tcp, &size) == 0)
		return tcp.tcpi_state != TCP_ESTABLISHED &&
		    tcp.tcpi_state != TCP_SYN_SENT &&
		    tcp.tcpi_state != TCP_SYN_RECV &&
		    tcp.tcpi_state != TCP_CLOSE_WAIT;
	return send(fd, "", 0, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 &&
	    errno == EPIPE;
}

static struct kevent
tell(const struct queue *q, int direction, const struct epoll_event *event)
{
	const int fd = event->data.fd;
	const struct note *note = &q->notes[direction][fd];
	const bool has_failed = (event->events & EPOLLERR) != 0;
	const bool has_ended = (event->events & EPOLLHUP) != 0 ||
	    (direction == READING ? (event->events & EPOLLRDHUP) != 0 :
	    has_failed || (type_of(fd) == S_IFSOCK && is_shut(fd)));

	return (struct kevent){
		.ident = (uintptr_t)fd,
		.filter = direction == READING ? EVFILT_READ : EVFILT_WRITE,
		.flags = (unsigned short)((has_ended ? EV_EOF : 0) |
		    ((note->events & EPOLLET) != 0 ? EV_CLEAR : 0)),
		.fflags = has_ended && has_failed &&
		    type_of(fd) == S_IFSOCK ? ECONNRESET : 0,
		.udata = note->udata,
	};
}

/* As many as there are and find room, or -1. */
static int
collect(const struct queue *q, int timeout_ms, struct kevent *ret, int size)
{
	struct epoll_event found[MOST];
	int i, n, told = 0, room = size < MOST ? size : MOST;
	bool can_write = false;

	n = epoll_wait(q->fds[READING], found, room, timeout_ms);
	for (i = 0; i < n; i++)
		if (found[i].data.fd == WRITERS)
			can_write = true;
		else
			ret[told++] = tell(q, READING, &found[i]);
	if (!can_write)
		return n;
	n = epoll_wait(q->fds[WRITING], found, room - told, 0);
	for (i = 0; i < n; i++)
		ret[told++] = tell(q, WRITING, &found[i]);
	return told;
}

int
kevent(int kq, const struct kevent *changes, int nchanges,
       struct kevent *events, int nevents, const struct timespec *timeout)
{
	struct queue *q;
	int i, told = 0;

	pthread_mutex_lock(&lock);
	q = *find(kq);
	pthread_mutex_unlock(&lock);
	errno = q == NULL ? EBADF : 0;
	for (i = 0; i < nchanges && errno == 0; i++) {
		errno = apply(q, &changes[i]);
		if (errno == 0 || told == nevents)
			continue;
		events[told] = changes[i];
		events[told].flags = EV_ERROR;
		events[told++].data = errno;
		errno = 0;
	}
	if (errno != 0)
		return -1;
	if (told > 0 || nevents == 0)
		return told;
	return collect(q, timeout == NULL ? -1 : (int)(timeout->tv_sec * 1000 +
	    (timeout->tv_nsec + 999999) / 1000000), events, nevents);
}
