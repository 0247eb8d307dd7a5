/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * One conversation that waits, for who has nothing else to do; checker.c has
 * those that do not.
 */

#include "config.h"

#include "conversation.h"

#include <poll.h>
#include <stdbool.h>
#include <string.h>

#include "hello.h"
#include "loop/loop.h"
#include "port.h"

/* What is left of the deadline, in milliseconds, at least 0. */
static int
time_left_ms(const struct conversation *c)
{
	int64_t left = (c->deadline_us - loop_now_us() + 999) / 1000;

	return left < 0 ? 0 : (int)left;
}

static void
hear(void *context, enum starttls_direction direction,
     enum starttls_phase phase, const char *text)
{
	struct ear *ear = context;

	ear->heard = ear->heard || direction == STARTTLS_RECEIVED;
	if (ear->options->trace != NULL)
		ear->options->trace(ear->options->trace_context, direction,
		    phase, text);
}

/* Up to the first word of the server, or to a silence that is too long. */
static int
listen_for_a_while(struct conversation *c)
{
	const int64_t until = loop_now_us() + HELLO_TIME_MS * 1000;
	struct pollfd fd = { .fd = starttls_upgrade_fd(c->upgrade) };
	int left = HELLO_TIME_MS, rc;

	while (((rc = starttls_upgrade_step(c->upgrade, &c->error)) ==
	    STARTTLS_WANT_READ || rc == STARTTLS_WANT_WRITE) &&
	    !c->ear.heard && left > 0 && time_left_ms(c) > 0) {
		if (left > time_left_ms(c))
			left = time_left_ms(c);
		fd.events = rc == STARTTLS_WANT_READ ? POLLIN : POLLOUT;
		(void)!poll(&fd, 1, left);
		left = (int)((until - loop_now_us() + 999) / 1000);
	}
	return rc;
}

static int
dial_and_run(struct conversation *c, struct starttls_policy *policy,
	     const char *url, const struct starttls_options *options)
{
	struct starttls_options with_ear = *options;
	int rc;

	c->ear = (struct ear){ .options = options };
	with_ear.trace = hear;
	with_ear.trace_context = &c->ear;
	rc = starttls_upgrade_dial(&c->upgrade, policy, url,
	    time_left_ms(c), &with_ear, &c->error);
	if (rc == 0)
		rc = listen_for_a_while(c);
	if (rc != STARTTLS_WANT_READ && rc != STARTTLS_WANT_WRITE)
		return rc;
	if (!c->ear.heard && time_left_ms(c) > 0 && hello_ask(policy, url,
	    starttls_upgrade_fd(c->upgrade), time_left_ms(c)))
		return hello_explain(url, &c->error);
	return starttls_upgrade_run(c->upgrade, time_left_ms(c), &c->error);
}

int
converse(struct starttls_policy *policy,
	 const struct starttls_options *options, const char *url,
	 int timeout_ms, struct conversation *c)
{
	struct starttls_options without = *options;

	without.without_alpn = 1;
	memset(c, 0, sizeof(*c));
	c->report.size = sizeof(c->report);
	c->deadline_us = loop_now_us() + (int64_t)timeout_ms * 1000;
	c->code = port_check(url, &c->error);
	if (c->code != 0)
		return c->code;
	c->code = dial_and_run(c, policy, url, options);
	if (starttls_upgrade_alpn_refused(c->upgrade)) {
		starttls_upgrade_free(c->upgrade);
		c->upgrade = NULL;
		c->code = dial_and_run(c, policy, url, &without);
		c->ear.options = options; /* has the same trace */
	}
	if (c->upgrade == NULL)
		return c->code;
	if (c->code != 0) {
		starttls_upgrade_report(c->upgrade, &c->report);
		return c->code;
	}
	c->session = starttls_upgrade_take(c->upgrade);
	c->upgrade = NULL;
	starttls_session_report(c->session, &c->report);
	/* what waits from here on may be a loop */
	c->code = starttls_session_set_deadline(c->session, 0);
	return c->code;
}

void
check_inside(struct conversation *c)
{
	int left = time_left_ms(c);

	if (c->code != 0)
		return;
	c->code = starttls_session_set_deadline(c->session,
	    left > 0 ? left : 1);
	if (c->code == 0)
		c->code = starttls_session_check(c->session, &c->error);
	starttls_session_report(c->session, &c->report);
}

void
finish_conversation(struct conversation *c)
{
	starttls_upgrade_free(c->upgrade);
	starttls_session_free(c->session);
}

int
conversation_cert(const struct conversation *c, unsigned index,
		  struct starttls_cert *ret_cert)
{
	return c->session != NULL ?
	    starttls_session_cert(c->session, index, ret_cert) :
	    starttls_upgrade_cert(c->upgrade, index, ret_cert);
}

int
conversation_cert_der(const struct conversation *c, unsigned index,
		      const uint8_t **ret_der, size_t *ret_len)
{
	return c->session != NULL ?
	    starttls_session_cert_der(c->session, index, ret_der, ret_len) :
	    starttls_upgrade_cert_der(c->upgrade, index, ret_der, ret_len);
}
