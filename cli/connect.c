/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * starttls connect: a tunnel for scripts.
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
#include "relay.h"

static int
local_error(const char *what, const char *more, int number)
{
	fprintf(stderr, "starttls: %s%s: %s\n", what, more,
	    strerror(number));
	return EXIT_LOCAL;
}

static int
wait_for_any(struct relay *r)
{
	struct pollfd fds[3] = {
		{ r->in_events != 0 ? r->in : -1, r->in_events, 0 },
		{ r->out_events != 0 ? r->out : -1, r->out_events, 0 },
		{ starttls_session_fd(r->session), r->session_events, 0 },
	};

	if (r->session_events == 0)
		fds[2].fd = -1;
	while (poll(fds, 3, r->again ? 0 : -1) < 0)
		if (errno != EINTR)
			return local_error("poll", "", errno);
	r->in_ready = fds[0].revents != 0;
	r->out_ready = fds[1].revents != 0;
	return 0;
}

/* Until the peer has ended and everything of it is written. */
static int
relay(struct relay *r, int *ret_code, struct starttls_error *error)
{
	int status = 0;

	while (status == 0) {
		switch (relay_step(r)) {
		case RELAY_GOES_ON:
			if (relay_has_delivered(r))
				return 0;
			status = wait_for_any(r);
			break;
		case RELAY_DONE:
			return 0;
		case RELAY_SESSION_FAILED:
			*ret_code = starttls_session_error(r->session, error);
			return 0;
		case RELAY_LOCAL_FAILED:
			return local_error("standard ", r->what,
			    r->sys_errno);
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
		relay_init(&r, c.session, STDIN_FILENO, STDOUT_FILENO);
		r.may_block = true;
		r.out_ended = true; /* when we end, and not before */
		status = relay(&r, &c.code, &c.error);
		if (c.code == 0 && status == 0 && !r.shut)
			(void)!starttls_session_shutdown(c.session);
		relay_done(&r);
	}
	if (c.code != 0) {
		status = exit_status(&c.error);
		if (!settings->quiet || status == EXIT_USAGE)
			complain(url, &c.error);
	}
	finish_conversation(&c);
	return status;
}
