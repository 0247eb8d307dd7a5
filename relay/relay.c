/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * The relay between a TLS session and descriptors, for connect, serve and
 * proxy.  It never waits; who calls it does.
 *
 * An end is passed on only if it is one: close_notify becomes the end of the
 * local output, and the end of the local input close_notify, sooner or later.
 * A failure on either side is reported to the caller, who has to see to it that
 * the other side does not take it for an end.
 */

#include "config.h"

#include "relay.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "compat.h"

#define BUFFER_SIZE 16384          /* one TLS record */
#define ROUNDS 8                   /* then it is somebody else's turn */

static bool
is_socket(int fd)
{
	struct stat st;

	return fd >= 0 && fstat(fd, &st) == 0 && S_ISSOCK(st.st_mode);
}

static bool
is_local(int fd)
{
	struct sockaddr_storage address;
	socklen_t len = sizeof(address);

	return getsockname(fd, (struct sockaddr *)&address, &len) == 0 &&
	    address.ss_family == AF_UNIX;
}

void
relay_init(struct relay *r, struct starttls_session *session, int in, int out)
{
	struct stat st;

	memset(r, 0, sizeof(*r));
	r->session = session;
	r->in = in;
	r->out = out;
	r->in_is_socket = is_socket(in);
	r->out_is_socket = is_socket(out);
	r->is_pair = r->in_is_socket && is_local(in);
	r->chunk = BUFFER_SIZE;
	if (out >= 0 && !r->out_is_socket && fstat(out, &st) == 0 &&
	    !S_ISREG(st.st_mode))
		r->chunk = PIPE_BUF;
}

void
relay_hold(struct relay *r, const struct patience *patience)
{
	struct starttls_report report = { .size = sizeof(report) };

	starttls_session_report(r->session, &report);
	r->holds = true;
	r->released = patience->half_close;
	r->reads_on = patience->half_close || patience->close_after_ms == 0;
	replies_init(&r->replies, report.protocol, !report.upgraded);
}

static bool
is_empty(const struct flow *flow)
{
	return flow->data == NULL;
}

static bool
fill(struct flow *flow)
{
	flow->data = malloc(BUFFER_SIZE);
	flow->at = flow->len = 0;
	return flow->data != NULL;
}

static void
discard(struct flow *flow)
{
	free(flow->data);
	flow->data = NULL;
	flow->at = flow->len = 0;
}

static void
took(struct relay *r, struct flow *flow, size_t n)
{
	flow->at += n;
	r->moved = true;
	if (flow->at == flow->len)
		discard(flow);
}

/* What read(2) and its kind gave: keep it, or the end, or nothing. */
static void
got(struct relay *r, struct flow *flow, ssize_t n, bool *ended)
{
	if (n > 0)
		flow->len = (size_t)n;
	else
		discard(flow);
	if (n == 0)
		*ended = true;
	r->moved = r->moved || n >= 0;
}

/* Translate WANT_* into poll events; 0 if it is neither. */
static short
wanted(ssize_t rc)
{
	return rc == STARTTLS_WANT_READ ? POLLIN :
	    rc == STARTTLS_WANT_WRITE ? POLLOUT : 0;
}

static enum relay_result
local_failed(struct relay *r, const char *what, int number)
{
	r->what = what;
	r->sys_errno = number;
	return RELAY_LOCAL_FAILED;
}

/* Nobody reads what we write. */
static void
hang_up(struct relay *r)
{
	discard(&r->down);
	r->out_dead = r->moved = true;
}

static bool
must_wait(void)
{
	return errno == EINTR || errno == EAGAIN;
}

/*
 * Line ends of the network for those of this system, in place: what was read is
 * in the second half of the buffer.  How many bytes there are now.
 */
static ssize_t
end_lines(struct relay *r, size_t n)
{
	const char *from = r->up.data + BUFFER_SIZE / 2;
	char *to = r->up.data;
	size_t i;

	for (i = 0; i < n; i++) {
		const char c = from[i];

		if (c == '\n' && r->last != '\r')
			*to++ = '\r';
		*to++ = c;
		r->last = c;
	}
	return to - r->up.data;
}

static enum relay_result
read_local(struct relay *r)
{
	const size_t at = r->ends_lines ? BUFFER_SIZE / 2 : 0;
	ssize_t n;

	if (r->in < 0 || r->in_ended || !is_empty(&r->up) ||
	    (r->may_block && !r->in_ready))
		return RELAY_GOES_ON;
	r->in_ready = false;
	if (!fill(&r->up))
		return local_failed(r, "input", ENOMEM);
	n = r->in_is_socket ? recv(r->in, r->up.data + at, BUFFER_SIZE - at,
	    MSG_DONTWAIT) : read(r->in, r->up.data + at, BUFFER_SIZE - at);
	/* a process that ends without having read everything of ours */
	if (n < 0 && errno == ECONNRESET && r->is_pair && !r->may_block)
		n = 0;
	if (n < 0 && !must_wait())
		return local_failed(r, "input", errno);
	if (n > 0 && r->ends_lines)
		n = end_lines(r, (size_t)n);
	got(r, &r->up, n, &r->in_ended);
	if (n > 0 && r->holds)
		replies_sent(&r->replies, r->up.data, (size_t)n);
	return RELAY_GOES_ON;
}

/*
 * Whether replies may have been lost when the peer has ended: some are missing,
 * or nothing came of it since the last of the input, of which it had to answer
 * something or learn of the end.  A local client that is still there sees for
 * itself.
 */
static bool
is_unanswered(const struct relay *r)
{
	return r->said && !r->out_dead && (r->in_ended || r->may_block) &&
	    (replies_are_due(&r->replies) || (!r->heard &&
	    (r->released || replies_are_asked(&r->replies))));
}

static enum relay_result
write_local(struct relay *r)
{
	size_t len = r->down.len - r->down.at;
	ssize_t n;

	if (r->in < 0 || r->out_dead || (r->may_block && !r->out_ready))
		return RELAY_GOES_ON;
	if (is_empty(&r->down)) {
		if (r->peer_ended && !r->out_ended && !is_unanswered(r)) {
			if (r->out_is_socket)
				shutdown(r->out, SHUT_WR);
			r->out_ended = r->moved = true;
		}
		return RELAY_GOES_ON;
	}
	r->out_ready = false;
	if (len > r->chunk)
		len = r->chunk;
	n = r->out_is_socket ? send(r->out, r->down.data + r->down.at, len,
	    MSG_DONTWAIT | MSG_NOSIGNAL) :
	    write(r->out, r->down.data + r->down.at, len);
	if (n >= 0)
		took(r, &r->down, (size_t)n);
	else if (errno == EPIPE && !r->may_block)
		hang_up(r);        /* is no failure if it said enough */
	else if (!must_wait())
		return local_failed(r, "output", errno);
	return RELAY_GOES_ON;
}

/* Whether the peer may learn that the local input has ended. */
static bool
may_shut(const struct relay *r)
{
	return !r->holds || r->released || r->peer_ended || r->out_dead;
}

/* The peer is gone.  What it said is delivered, and what comes is dropped. */
static void
forgive(struct relay *r)
{
	discard(&r->up);
	r->cut = r->peer_ended = r->shut = r->moved = true;
}

/*
 * A peer that ends in whatever way behind its close_notify, or behind its
 * complete reply to the goodbye, which was the last that was said to it, has
 * kept nothing back.
 */
static bool
is_forgiven(struct relay *r, ssize_t code)
{
	bool is_over = r->holds ? is_empty(&r->up) &&
	    replies_are_over(&r->replies) : r->peer_ended;

	if (!is_over ||
	    (code != STARTTLS_E_TRUNCATED && code != STARTTLS_E_IO))
		return false;
	forgive(r);
	return true;
}

static enum relay_result
write_session(struct relay *r)
{
	ssize_t n = 0;

	r->session_writes = 0;
	if (!is_empty(&r->up)) {
		n = starttls_session_write(r->session,
		    r->up.data + r->up.at, r->up.len - r->up.at);
		if (n > 0) {
			took(r, &r->up, (size_t)n);
			r->said = true;
			r->heard = false;
		}
		if (is_empty(&r->up))
			r->waits = r->asked;
	} else if (r->in_ended && !r->shut && may_shut(r)) {
		n = starttls_session_shutdown(r->session);
		/* whoever has said goodbye need not wait for ours */
		if (n < 0 && wanted(n) == 0 && r->peer_ended)
			n = 0;
		r->shut = n == 0;
		r->moved = r->moved || r->shut;
	}
	if (n >= 0 || is_forgiven(r, n))
		return RELAY_GOES_ON;
	r->session_writes = wanted(n);
	return r->session_writes == 0 ? RELAY_SESSION_FAILED : RELAY_GOES_ON;
}

static enum relay_result
read_session(struct relay *r)
{
	ssize_t n;

	r->session_reads = 0;
	if (r->peer_ended || r->out_dead || !is_empty(&r->down))
		return RELAY_GOES_ON;
	if (!fill(&r->down))
		return local_failed(r, "output", ENOMEM);
	n = starttls_session_read(r->session, r->down.data, BUFFER_SIZE);
	got(r, &r->down, n, &r->peer_ended);
	if (n > 0) {
		r->waits = r->asked = r->heard = true;
		if (r->holds)
			replies_heard(&r->replies, r->down.data, (size_t)n);
	}
	r->session_reads = wanted(n);
	return n < 0 && r->session_reads == 0 && !is_forgiven(r, n) ?
	    RELAY_SESSION_FAILED : RELAY_GOES_ON;
}

/* Echo: what came down goes up. */
static void
turn_around(struct relay *r)
{
	if (r->in >= 0 || !is_empty(&r->up))
		return;
	r->up = r->down;
	r->down = (struct flow){ NULL, 0, 0 };
	if (is_empty(&r->up) && r->peer_ended)
		r->in_ended = r->out_ended = true;
}

static enum relay_result
move_once(struct relay *r)
{
	enum relay_result result = read_local(r);

	r->asked = false;
	/* a write that fails would hide what the peer said before it left */
	if (result == RELAY_GOES_ON)
		result = read_session(r);
	if (result == RELAY_GOES_ON)
		result = write_session(r);
	if (result == RELAY_GOES_ON)
		result = write_local(r);
	turn_around(r);
	return result;
}

static void
set_events(struct relay *r)
{
	bool is_full = !is_empty(&r->down);

	r->session_events = (short)(r->session_reads | r->session_writes);
	r->in_events = !r->in_ended && is_empty(&r->up) ? POLLIN : 0;
	r->out_events = !r->out_dead && (is_full ||
	    (r->peer_ended && !r->out_ended)) ? POLLOUT : 0;
}

enum relay_result
relay_step(struct relay *r)
{
	enum relay_result result;
	int rounds = 0;

	do {
		r->moved = false;
		result = move_once(r);
	} while (result == RELAY_GOES_ON && r->moved && ++rounds < ROUNDS);
	r->moved = r->moved || rounds > 0;
	/* what the session holds already, poll does not know of */
	r->again = rounds == ROUNDS || (r->session_reads != 0 &&
	    starttls_session_pending(r->session) > 0);
	set_events(r);
	if (result == RELAY_GOES_ON && relay_has_delivered(r) &&
	    is_unanswered(r))
		return RELAY_UNANSWERED;
	if (result == RELAY_GOES_ON && r->shut &&
	    (r->out_dead || (r->peer_ended && r->out_ended)))
		return RELAY_DONE;
	return result;
}

bool
relay_say(struct relay *r, const char *text)
{
	r->down = (struct flow){ strdup(text), 0, strlen(text) };
	return r->down.data != NULL;
}

bool
relay_is_answered(const struct relay *r)
{
	return !r->waits && is_empty(&r->up) && is_empty(&r->down);
}

bool
relay_has_delivered(const struct relay *r)
{
	return r->peer_ended && is_empty(&r->down);
}

static bool
is_holding(const struct relay *r)
{
	return r->in_ended && !r->shut && is_empty(&r->up) && !may_shut(r);
}

/* Whether the peer, which was told of the end, has answered all there was. */
static bool
is_answered_and_told(const struct relay *r)
{
	return r->shut && (!r->said ||
	    (r->heard && replies_are_complete(&r->replies)));
}

/* Whether it has nothing more to say, with or without a goodbye. */
static bool
is_settled(const struct relay *r)
{
	return replies_are_over(&r->replies) || is_answered_and_told(r);
}

enum relay_clock
relay_clock(const struct relay *r)
{
	bool is_slow = r->in >= 0 && !is_empty(&r->down);

	/* whoever reads standard output has all the time in the world */
	if ((!r->in_ended && !r->out_dead) || (is_slow && r->may_block))
		return RELAY_NO_CLOCK;
	if (is_slow || !r->holds)
		return RELAY_DEADLINE;
	if (replies_are_over(&r->replies) ||
	    (is_answered_and_told(r) && !r->reads_on))
		return RELAY_SILENCE;
	if (!is_holding(r) || replies_said_goodbye(&r->replies) ||
	    replies_will_come(&r->replies))
		return RELAY_DEADLINE;
	return replies_are_asked(&r->replies) ? RELAY_ANSWER : RELAY_SILENCE;
}

bool
relay_is_patient(struct relay *r)
{
	if (relay_clock(r) == RELAY_DEADLINE && !is_empty(&r->down))
		return false;
	if (is_holding(r)) {
		r->released = true;
		return true;
	}
	if (r->holds && is_settled(r)) {
		r->peer_ended = r->shut = true;
		return true;
	}
	return false;
}

void
relay_done(struct relay *r)
{
	discard(&r->up);
	discard(&r->down);
}

static void
set_clock(struct relay *r, struct timer_queue *const *queues,
	  struct timer *timer)
{
	enum relay_clock clock = relay_clock(r);

	if (queues[clock] == NULL)
		loop_clear_timer(timer);
	else if (r->moved || clock != r->clock || !loop_timer_is_set(timer))
		loop_set_timer(queues[clock], timer);
	r->clock = clock;
}

void
relay_watch(struct relay *r, struct loop *loop, struct watch *peer,
	    struct watch *local, struct timer_queue *const *queues,
	    struct timer *timer)
{
	short events = (short)(r->in_events | r->out_events);

	if (r->cut)
		loop_unwatch(loop, peer);
	else
		loop_watch(loop, peer, r->session_events);
	set_clock(r, queues, timer);
	if (r->again && !r->cut)
		loop_again(loop, peer);
	if (r->in < 0)
		return;
	/* with nothing to move, a hang-up is news only behind its end */
	if (events != 0 || (r->in_ended && !r->out_dead))
		loop_watch(loop, local, events);
	else
		loop_unwatch(loop, local);
	if (r->again && r->cut)
		loop_again(loop, local);
}

void
relay_heed_local(struct relay *r, short revents)
{
	if ((revents & (POLLERR | POLLHUP)) != 0 && r->in_ended &&
	    r->out_events == 0)
		hang_up(r);
}

bool
relay_is_reset(struct relay *r, short revents)
{
	if ((revents & (POLLERR | POLLHUP)) == 0 || r->session_events != 0)
		return false;
	if (!r->peer_ended)
		return true;
	forgive(r);
	return false;
}
