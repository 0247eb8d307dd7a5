/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * A tunnel.
 *
 * A reply that may have been lost is never a success: if commands are left
 * without one, or if the peer was told of the end of the input and nothing came
 * of it since then or since the last of the input, the result says so.
 *
 * The blocking mode of the local descriptors, which are shared with other
 * processes, is left alone: poll(2) says when a write of up to PIPE_BUF bytes
 * cannot block.
 */

#include "config.h"

#include "tunnel.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "loop/failure.h"
#include "loop/loop.h"
#include "relay.h"

/* Or until @until; 0: for ever.  Returns 0 or errno. */
static int
wait_for_any(struct relay *r, int64_t until)
{
	struct pollfd fds[3] = {
		{ r->in_events != 0 ? r->in : -1, r->in_events, 0 },
		{ r->out_events != 0 ? r->out : -1, r->out_events, 0 },
		{ starttls_session_fd(r->session), r->session_events, 0 },
	};
	const bool is_listening = (r->session_events & POLLIN) != 0 &&
	    !r->again;
	int64_t left = until == 0 ? -1 : until - loop_now_us();

	if (r->session_events == 0)
		fds[2].fd = -1;
	if (r->again || (until != 0 && left < 0))
		left = 0;
	while (poll(fds, 3, left > 0 ? (int)(left / 1000) + 1 : (int)left) < 0)
		if (errno != EINTR)
			return errno;
	r->in_ready = fds[0].revents != 0;
	r->out_ready = fds[1].revents != 0;
	r->is_quiet = is_listening && fds[2].revents == 0;
	return 0;
}

/* When patience ends, anew whenever something has moved; 0: never. */
static int64_t
set_clock(struct relay *r, const struct patience *patience, int64_t until)
{
	enum relay_clock clock = relay_clock(r);

	if (clock == RELAY_NO_CLOCK)
		return 0;
	if (r->moved || clock != r->clock || until == 0)
		until = loop_now_us() + 1000 * (int64_t)(
		    clock == RELAY_SILENCE ? patience->close_after_ms :
		    clock == RELAY_ANSWER ? patience->answer_ms :
		    patience->timeout_ms);
	r->clock = clock;
	return until;
}

static enum tunnel_result
fail(struct starttls_error *e, int code, const char *message)
{
	*e = (struct starttls_error){
		.code = code,
		.error_class = (int)starttls_code_class(code),
		.phase = STARTTLS_PHASE_SESSION,
		.alert = -1,
		.depth = -1,
	};
	snprintf(e->message, sizeof(e->message), "%s", message);
	return TUNNEL_FAILED;
}

static enum tunnel_result
fail_here(struct starttls_error *e, const char *what, int number)
{
	fill_system_error(e, number, what);
	return TUNNEL_LOCAL_FAILED;
}

/* What the last step has led to, if it was the last one. */
static enum tunnel_result
end(const struct relay *r, enum relay_result last, struct starttls_error *e)
{
	char what[40];

	switch (last) {
	case RELAY_GOES_ON:
	case RELAY_DONE:
		break;
	case RELAY_UNANSWERED:
		return fail(e, STARTTLS_E_EOF, "the server ended without a "
		    "reply to the last of the input");
	case RELAY_SESSION_FAILED:
		starttls_session_error(r->session, e);
		return TUNNEL_FAILED;
	case RELAY_LOCAL_FAILED:
		snprintf(what, sizeof(what), "standard %s", r->what);
		return fail_here(e, what, r->sys_errno);
	}
	return TUNNEL_DONE;
}

static enum tunnel_result
run(struct relay *r, const struct patience *patience, struct starttls_error *e)
{
	enum relay_result last;
	int64_t until = 0;
	int rc;

	while ((last = relay_step(r)) == RELAY_GOES_ON &&
	    !relay_has_delivered(r)) {
		until = set_clock(r, patience, until);
		rc = wait_for_any(r, until);
		if (rc != 0)
			return fail_here(e, "poll", rc);
		if (until == 0 || loop_now_us() < until)
			continue;
		until = 0;
		if (!relay_is_patient(r))
			return fail(e, STARTTLS_E_TIMEOUT, "the server "
			    "neither answered nor ended in time behind the "
			    "end of the input");
	}
	return end(r, last, e);
}

enum tunnel_result
tunnel(struct starttls_session *session, int in, int out,
       const struct tunnel_settings *settings, struct starttls_error *error)
{
	enum tunnel_result result;
	struct relay r;

	relay_init(&r, session, in, out);
	relay_hold(&r, &settings->patience);
	r.may_block = true;
	r.ends_lines = settings->ends_lines;
	r.out_ended = true;        /* when we end, and not before */
	result = settings->greeting == NULL ||
	    relay_say(&r, settings->greeting) ?
	    run(&r, &settings->patience, error) :
	    fail_here(error, "greeting", ENOMEM);
	if (result == TUNNEL_DONE && !r.shut)
		starttls_session_shutdown(session);
	relay_done(&r);
	return result;
}
