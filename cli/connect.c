/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * starttls connect: a tunnel for scripts.
 *
 * A reply that may have been lost is never a success: if commands are left
 * without one, or if the peer was told of the end of the input and nothing came
 * of it since then or since the last of the input, the status says so.
 *
 * Standard input goes to the peer, the peer's bytes go to standard output,
 * and nothing else does.  The blocking mode of the standard descriptors, which
 * are shared with other processes, is left alone: poll(2) says when a write of
 * up to PIPE_BUF bytes cannot block.
 */

#include "config.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "relay/relay.h"

static int
local_error(const char *what, const char *more, int number)
{
	fprintf(stderr, "starttls: %s%s: %s\n", what, more,
	    strerror(number));
	return EXIT_LOCAL;
}

/* Or until @until; 0: for ever. */
static int
wait_for_any(struct relay *r, int64_t until)
{
	struct pollfd fds[3] = {
		{ r->in_events != 0 ? r->in : -1, r->in_events, 0 },
		{ r->out_events != 0 ? r->out : -1, r->out_events, 0 },
		{ starttls_session_fd(r->session), r->session_events, 0 },
	};
	int64_t left = until == 0 ? -1 : until - loop_now_us();

	if (r->session_events == 0)
		fds[2].fd = -1;
	if (r->again || (until != 0 && left < 0))
		left = 0;
	while (poll(fds, 3, left > 0 ? (int)(left / 1000) + 1 : (int)left) < 0)
		if (errno != EINTR)
			return local_error("poll", "", errno);
	r->in_ready = fds[0].revents != 0;
	r->out_ready = fds[1].revents != 0;
	return 0;
}

/* When patience ends, anew whenever something has moved; 0: never. */
static int64_t
set_clock(struct relay *r, const struct settings *settings, int64_t until)
{
	enum relay_clock clock = relay_clock(r);

	if (clock == RELAY_NO_CLOCK)
		return 0;
	if (r->moved || clock != r->clock || until == 0)
		until = loop_now_us() + 1000 * (int64_t)(
		    clock == RELAY_SILENCE ? settings->close_after_ms :
		    settings->timeout_ms);
	r->clock = clock;
	return until;
}

static void
fail(struct conversation *c, int code, const char *message)
{
	c->code = c->error.code = code;
	c->error.phase = STARTTLS_PHASE_SESSION;
	snprintf(c->error.message, sizeof(c->error.message), "%s", message);
}

/* One step; 0: go on, 1: the end, or why not is in @c. */
static int
step(struct relay *r, struct conversation *c, int *ret_status)
{
	switch (relay_step(r)) {
	case RELAY_GOES_ON:
		return relay_has_delivered(r);
	case RELAY_DONE:
		return 1;
	case RELAY_UNANSWERED:
		fail(c, STARTTLS_E_EOF, "the server ended without a reply to "
		    "the last of the input");
		return 1;
	case RELAY_SESSION_FAILED:
		c->code = starttls_session_error(r->session, &c->error);
		return 1;
	case RELAY_LOCAL_FAILED:
		*ret_status = local_error("standard ", r->what, r->sys_errno);
		break;
	}
	return 1;
}

/* Until the peer has ended and everything of it is written. */
static int
relay(struct relay *r, const struct settings *settings,
      struct conversation *c)
{
	int64_t until = 0;
	int status = 0;

	while (step(r, c, &status) == 0) {
		until = set_clock(r, settings, until);
		status = wait_for_any(r, until);
		if (status != 0)
			break;
		if (until == 0 || loop_now_us() < until)
			continue;
		until = 0;
		if (!relay_is_patient(r)) {
			fail(c, STARTTLS_E_TIMEOUT, "the server neither "
			    "answered nor ended in time behind the end of the "
			    "input");
			break;
		}
	}
	return status;
}

int
run_connect(struct settings *settings)
{
	const char *url = settings->urls[0];
	struct conversation c;
	struct relay r;
	int status = 0;

	if (converse(settings, url, settings->timeout_ms, &c) == 0) {
		keep_alive(starttls_session_fd(c.session));
		relay_init(&r, c.session, STDIN_FILENO, STDOUT_FILENO);
		relay_hold(&r);
		r.may_block = true;
		r.out_ended = true; /* when we end, and not before */
		status = relay(&r, settings, &c);
		if (c.code == 0 && status == 0 && !r.shut)
			(void)!starttls_session_shutdown(c.session);
		relay_done(&r);
	}
	if (c.code != 0) {
		status = exit_status(&c.error);
		if (!settings->quiet || status == EXIT_USAGE)
			complain(url, &c);
	}
	finish_conversation(&c);
	return status;
}
