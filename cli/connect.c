/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * starttls connect: a tunnel for scripts.
 *
 * Standard input goes to the peer, the peer's bytes go to standard output,
 * and nothing else does.  Both directions move independently, each with one
 * buffer, so neither can make the other wait for ever.  The blocking mode of
 * the standard descriptors, which are shared with other processes, is left
 * alone: poll(2) says when a write of up to PIPE_BUF bytes cannot block.
 */

#include "config.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli.h"

#define BUFFER_SIZE 16384          /* one TLS record */

struct buffer {
	char data[BUFFER_SIZE];
	size_t at, len;
};

struct relay {
	struct starttls_session *session;
	struct buffer up;          /* standard input to peer */
	struct buffer down;        /* peer to standard output */
	bool input_ended;
	bool shut;                 /* our close_notify is out */
	bool peer_ended;
	short session_read, session_write; /* what they wait for */
	bool output_is_socket;
	size_t output_chunk;       /* a write that cannot block */
};

static int
local_error(const char *what)
{
	fprintf(stderr, "starttls: %s: %s\n", what, strerror(errno));
	return EXIT_LOCAL;
}

/* Translate WANT_* into poll events; 0 if it is neither. */
static short
wanted(ssize_t rc)
{
	return rc == STARTTLS_WANT_READ ? POLLIN :
	    rc == STARTTLS_WANT_WRITE ? POLLOUT : 0;
}

static int
read_input(struct relay *r, short revents)
{
	ssize_t n;

	if (r->input_ended || r->up.at < r->up.len || revents == 0)
		return 0;
	n = read(STDIN_FILENO, r->up.data, sizeof(r->up.data));
	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return 0;
	if (n < 0)
		return local_error("standard input");
	r->up.at = 0;
	r->up.len = (size_t)n;
	r->input_ended = n == 0;
	return 0;
}

static int
write_output(struct relay *r, short revents)
{
	size_t len = r->down.len - r->down.at;
	ssize_t n;

	if (len == 0 || revents == 0)
		return 0;
	if (len > r->output_chunk)
		len = r->output_chunk;
	n = r->output_is_socket ?
	    send(STDOUT_FILENO, r->down.data + r->down.at, len,
		MSG_DONTWAIT | MSG_NOSIGNAL) :
	    write(STDOUT_FILENO, r->down.data + r->down.at, len);
	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return 0;
	if (n < 0)
		return local_error("standard output");
	r->down.at += (size_t)n;
	return 0;
}

/* Move bytes up as long as the session takes them.  A library code or 0. */
static int
write_session(struct relay *r)
{
	ssize_t n = 0;

	r->session_write = 0;
	while (r->up.at < r->up.len) {
		n = starttls_session_write(r->session,
		    r->up.data + r->up.at, r->up.len - r->up.at);
		if (n < 0)
			break;
		r->up.at += (size_t)n;
	}
	if (n >= 0 && r->input_ended && !r->shut) {
		n = starttls_session_shutdown(r->session);
		r->shut = n == 0;
	}
	r->session_write = wanted(n);
	return n < 0 && r->session_write == 0 ? (int)n : 0;
}

static int
read_session(struct relay *r)
{
	ssize_t n;

	r->session_read = 0;
	if (r->peer_ended || r->down.at < r->down.len)
		return 0;
	n = starttls_session_read(r->session, r->down.data,
	    sizeof(r->down.data));
	r->session_read = wanted(n);
	if (n < 0)
		return r->session_read == 0 ? (int)n : 0;
	r->down.at = 0;
	r->down.len = (size_t)n;
	r->peer_ended = n == 0;
	return 0;
}

static int
wait_for_any(struct relay *r, struct pollfd *fds)
{
	bool hungry = !r->input_ended && r->up.at == r->up.len;
	bool full = r->down.at < r->down.len;

	fds[0] = (struct pollfd){ hungry ? STDIN_FILENO : -1, POLLIN, 0 };
	fds[1] = (struct pollfd){ full ? STDOUT_FILENO : -1, POLLOUT, 0 };
	fds[2] = (struct pollfd){ starttls_session_fd(r->session),
	    (short)(r->session_read | r->session_write), 0 };
	if (fds[2].events == 0)
		fds[2].fd = -1;
	while (poll(fds, 3, -1) < 0)
		if (errno != EINTR)
			return local_error("poll");
	return 0;
}

/* Until the peer has ended and everything of it is written. */
static int
relay(struct relay *r, int *ret_code)
{
	struct pollfd fds[3];
	int status;

	for (;;) {
		*ret_code = write_session(r);
		if (*ret_code == 0)
			*ret_code = read_session(r);
		if (*ret_code != 0)
			return 0;
		if (r->peer_ended && r->down.at == r->down.len)
			return 0;
		status = wait_for_any(r, fds);
		if (status == 0)
			status = read_input(r, fds[0].revents);
		if (status == 0)
			status = write_output(r, fds[1].revents);
		if (status != 0)
			return status;
	}
}

/* How much can be written to standard output once poll says so. */
static void
look_at_output(struct relay *r)
{
	struct stat st;

	r->output_chunk = PIPE_BUF;
	if (fstat(STDOUT_FILENO, &st) != 0)
		return;
	r->output_is_socket = S_ISSOCK(st.st_mode);
	if (r->output_is_socket || S_ISREG(st.st_mode))
		r->output_chunk = BUFFER_SIZE;
}

int
run_connect(struct settings *settings)
{
	static struct relay r;     /* too large for the stack's taste */
	const char *url = settings->urls[0];
	struct conversation c;
	int status = 0;

	if (converse(settings, url, &c) == 0) {
		r.session = c.session;
		look_at_output(&r);
		status = relay(&r, &c.code);
		if (c.code != 0)
			starttls_session_error(c.session, &c.error);
		else if (status == 0 && !r.shut)
			(void)!starttls_session_shutdown(c.session);
	}
	if (c.code != 0) {
		status = exit_status(&c.error);
		if (!settings->quiet || status == EXIT_USAGE)
			complain(url, &c.error);
	}
	finish_conversation(&c);
	return status;
}
