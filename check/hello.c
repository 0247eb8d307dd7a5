/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * Why a server does not greet.  One that wants TLS from the start is as silent
 * as one that is broken, until it gets a ClientHello.
 *
 * The first connection is left as it is, so a server that is only slow loses no
 * time; and the second one goes to the very address of the first, without a
 * thread for the name.  Nothing is said in it but TLS.
 */

#include "config.h"

#include "hello.h"

#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "compat.h"
#include "port.h"

/* A connection to where the other one goes, that may not be there yet; or -1. */
static int
connect_as(int fd)
{
	struct sockaddr_storage address;
	socklen_t len = sizeof(address);
	int second;

	if (getpeername(fd, (struct sockaddr *)&address, &len) != 0 ||
	    address.ss_family == AF_UNIX)
		return -1;
	second = socket(address.ss_family,
	    SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (second >= 0 && connect(second, (struct sockaddr *)&address,
	    len) != 0 && errno != EINPROGRESS) {
		close(second);
		return -1;
	}
	return second;
}

static bool
has_tls(const struct hello *h, int code)
{
	struct starttls_report report = { .size = sizeof(report) };

	starttls_upgrade_report(h->upgrade, &report);
	return code == 0 || report.cipher_suite[0] != '\0' ||
	    code == STARTTLS_E_ALERT ||
	    starttls_code_class(code) == STARTTLS_CLASS_VERIFY;
}

static void
step(void *context, short revents)
{
	struct hello *h = context;
	int code = starttls_upgrade_step(h->upgrade, NULL);

	(void)revents;
	if (code == STARTTLS_WANT_READ)
		loop_watch(h->loop, &h->watch, POLLIN);
	else if (code == STARTTLS_WANT_WRITE)
		loop_watch(h->loop, &h->watch, POLLOUT);
	else
		h->answer(h->context, has_tls(h, code));
}

bool
hello_begin(struct hello *h, int fd)
{
	struct starttls_url url = { .size = sizeof(url) };
	struct starttls_options options = STARTTLS_OPTIONS_INIT;
	int second;

	if (starttls_url_parse(h->url, &url, NULL) != 0 ||
	    url.from == STARTTLS_HANDSHAKE || (second = connect_as(fd)) < 0)
		return false;
	options.port = url.port;
	h->watch = (struct watch){ .fd = second, .ready = step, .context = h };
	if (starttls_upgrade_new(&h->upgrade, h->policy, url.protocol,
	    STARTTLS_HANDSHAKE, url.host, second, &options, NULL) != 0) {
		h->upgrade = NULL;
		close(second);
		return false;
	}
	loop_watch(h->loop, &h->watch, POLLOUT);
	return true;
}

void
hello_end(struct hello *h)
{
	if (h->upgrade == NULL)
		return;
	loop_unwatch(h->loop, &h->watch);
	starttls_upgrade_free(h->upgrade);
	h->upgrade = NULL;
	close(h->watch.fd);
}

/* ---- for who waits ---- */

struct asked {
	struct loop loop;
	struct timer_queue times;
	struct timer timer;
	bool speaks_tls;
};

static void
keep(void *context, bool speaks_tls)
{
	struct asked *a = context;

	a->speaks_tls = speaks_tls;
	a->loop.stop = true;
}

static void
late(void *context)
{
	keep(context, false);
}

bool
hello_ask(struct starttls_policy *policy, const char *url, int fd,
	  int timeout_ms)
{
	struct asked a = { .timer = { .late = late, .context = &a } };
	struct hello h = {
		.loop = &a.loop, .policy = policy, .url = url, .answer = keep,
		.context = &a,
	};

	loop_add_queue(&a.loop, &a.times, timeout_ms < HELLO_TIME_MS ?
	    timeout_ms : HELLO_TIME_MS);
	if (loop_reserve(&a.loop, 1) && hello_begin(&h, fd)) {
		loop_set_timer(&a.times, &a.timer);
		loop_run(&a.loop);
	}
	loop_clear_timer(&a.timer);
	hello_end(&h);
	loop_done(&a.loop);
	return a.speaks_tls;
}

int
hello_explain(const char *text, struct starttls_error *error)
{
	struct starttls_url url = { .size = sizeof(url) };
	char better[PORT_URL_SIZE] = "";

	if (starttls_url_parse(text, &url, NULL) == 0)
		port_dedicated_url(&url, better, sizeof(better));
	*error = (struct starttls_error){
		.code = STARTTLS_E_NOT_OFFERED,
		.error_class = STARTTLS_CLASS_REFUSED,
		.phase = STARTTLS_PHASE_GREETING,
		.alert = -1,
		.depth = -1,
	};
	snprintf(error->message, sizeof(error->message), "the server does not "
	    "greet, but answers TLS at once on this port: use %.220s", better);
	return error->code;
}
