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
#include <sys/uio.h>
#include <unistd.h>

#include "compat.h"

#define RECORD_SIZE 16384          /* the most that is in one of TLS */
#define BUFFER_SIZE (4 * RECORD_SIZE)
#define ROUNDS 4                   /* then it is somebody else's turn */
#define SPARES 2                   /* one for each direction */

/*
 * Buffers that nobody has at the moment.  Most turns of a loop need two for as
 * long as they last, and what malloc(3) does to give and take so much memory is
 * dearer than what is done with it.
 */
static _Thread_local struct {
	char *buffer[SPARES];
	size_t count;
} spares;

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
	    !S_ISREG(st.st_mode)) {
		r->chunk = PIPE_BUF;
		r->never_waits = true;
	}
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
	flow->data = spares.count > 0 ? spares.buffer[--spares.count] :
	    malloc(BUFFER_SIZE);
	flow->at = flow->len = 0;
	return flow->data != NULL;
}

static void
discard(struct flow *flow)
{
	if (flow->data != NULL && spares.count < SPARES)
		spares.buffer[spares.count++] = flow->data;
	else
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

/* What the local side gave: keep it, or the end, or nothing. */
static void
got(struct relay *r, ssize_t n)
{
	if (n > 0)
		r->up.len = (size_t)n;
	else
		discard(&r->up);
	if (n == 0)
		r->in_ended = true;
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
	if (n > 0 && !r->may_block)
		r->is_dry = false; /* look once more before it is sent */
	if (n > 0 && r->ends_lines)
		n = end_lines(r, (size_t)n);
	got(r, n);
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

/*
 * To what is no socket, and may be others', so that its blocking mode is theirs:
 * as much as it takes at once if the system can be asked for that, else what
 * poll(2) has room for.
 */
static ssize_t
write_file(struct relay *r, const char *data, size_t len)
{
#if defined(HAVE_PWRITEV2) && defined(RWF_NOWAIT)
	const struct iovec iov = { (char *)(uintptr_t)data, len };
	ssize_t n;

	if (r->never_waits) {
		n = pwritev2(r->out, &iov, 1, -1, RWF_NOWAIT);
		if (n >= 0 || (errno != EOPNOTSUPP && errno != ENOSYS &&
		    errno != EINVAL && errno != ESPIPE))
			return n;
	}
#endif
	r->never_waits = false;
	if (r->may_block && !r->out_ready) {
		errno = EAGAIN;
		return -1;
	}
	r->out_ready = false;
	return write(r->out, data, len < r->chunk ? len : r->chunk);
}

static enum relay_result
write_local(struct relay *r)
{
	const char *data;
	size_t len;
	ssize_t n;

	if (r->in < 0 || r->out_dead ||
	    (r->may_block && !r->out_ready && !r->never_waits))
		return RELAY_GOES_ON;
	if (is_empty(&r->down)) {
		if (r->peer_ended && !r->out_ended && !is_unanswered(r)) {
			if (r->out_is_socket)
				shutdown(r->out, SHUT_WR);
			r->out_ended = r->moved = true;
		}
		return RELAY_GOES_ON;
	}
	data = r->down.data + r->down.at;
	len = r->down.len - r->down.at;
	n = r->out_is_socket ? send(r->out, data, len,
	    MSG_DONTWAIT | MSG_NOSIGNAL) : write_file(r, data, len);
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

/* The session has failed for good, and will say so again: what it gave before
   is delivered first. */
static enum relay_result
session_failed(struct relay *r)
{
	r->failed = true;
	return r->in >= 0 && !is_empty(&r->down) ? RELAY_GOES_ON :
	    RELAY_SESSION_FAILED;
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
	return r->session_writes == 0 ? session_failed(r) : RELAY_GOES_ON;
}

/* As much as has come, but no more records than can fill the buffer: they may
   be tiny.  Returns what the last of the reads did. */
static ssize_t
read_records(struct relay *r)
{
	struct flow *down = &r->down;
	ssize_t n = 1;
	int i;

	for (i = 0; i < BUFFER_SIZE / RECORD_SIZE && n > 0; i++) {
		n = starttls_session_read(r->session, down->data + down->len,
		    BUFFER_SIZE - down->len);
		down->len += n > 0 ? (size_t)n : 0;
	}
	return n;
}

static enum relay_result
read_session(struct relay *r)
{
	ssize_t n;

	r->session_reads = 0;
	if (r->peer_ended || r->out_dead || !is_empty(&r->down))
		return RELAY_GOES_ON;
	if (r->is_dry) {
		r->session_reads = POLLIN;
		return RELAY_GOES_ON;
	}
	if (!fill(&r->down))
		return local_failed(r, "output", ENOMEM);
	n = read_records(r);
	r->moved = r->moved || n >= 0 || r->down.len > 0;
	r->peer_ended = n == 0;
	r->session_reads = wanted(n);
	r->is_dry = n == STARTTLS_WANT_READ;
	if (r->down.len > 0) {
		r->waits = r->asked = r->heard = true;
		if (r->holds)
			replies_heard(&r->replies, r->down.data, r->down.len);
	} else {
		discard(&r->down);
	}
	return n < 0 && r->session_reads == 0 && !is_forgiven(r, n) ?
	    session_failed(r) : RELAY_GOES_ON;
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

	r->is_dry = r->is_quiet;
	r->is_quiet = false;
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
	    (r->out_dead || (relay_has_delivered(r) && r->out_ended)))
		return RELAY_DONE;
	return result;
}

bool
relay_say(struct relay *r, const char *text)
{
	size_t len = strlen(text);

	if (len > BUFFER_SIZE || !fill(&r->down))
		return false;
	memcpy(r->down.data, text, len);
	r->down.len = len;
	return true;
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

	if (r->cut || r->failed)
		loop_unwatch(loop, peer);
	else
		loop_watch(loop, peer, r->session_events);
	set_clock(r, queues, timer);
	if (r->again && !r->cut && !r->failed)
		loop_again(loop, peer);
	if (r->in < 0)
		return;
	/* with nothing to move, a hang-up is news only behind its end */
	if (events != 0 || (r->in_ended && !r->out_dead))
		loop_watch(loop, local, events);
	else
		loop_unwatch(loop, local);
	if (r->again && (r->cut || r->failed))
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
