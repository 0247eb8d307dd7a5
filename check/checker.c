/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * Checks: dial, upgrade, verify, one harmless exchange or a login, goodbye.
 * Many of them share a loop, where nothing waits; check_url is a loop for one.
 */

#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "checker.h"
#include "conversation.h"
#include "login/account.h"
#include "hello.h"
#include "login/veil.h"
#include "loop/failure.h"
#include "loop/loop.h"
#include "loop/upgrade.h"
#include "port.h"

/* Whom to log in as at a URL, before anybody is connected to. */
int
find_account(const struct check_settings *settings, const char *url,
	     struct starttls_url *ret_url, struct login_options *ret_options,
	     struct starttls_error *error)
{
	int rc = starttls_url_parse(url, ret_url, error);

	if (rc != 0)
		return rc;
	rc = account_for(settings->account, ret_url, ret_options,
	    error->message, sizeof(error->message));
	ret_options->trace = settings->options->trace;
	ret_options->trace_context = settings->options->trace_context;
	error->code = rc;
	error->error_class = (int)starttls_code_class(rc);
	error->phase = STARTTLS_PHASE_SETUP;
	return rc;
}

/* The code of a login that was answered, and not with yes. */
static int
refusal(const struct login_outcome *o)
{
	const int later = STARTTLS_E_REFUSED_TEMPORARY;

	return strcmp(o->reason, starttls_code_name(later)) == 0 ? later :
	    STARTTLS_E_REFUSED;
}

/* What went wrong, in the words of the login. */
static void
fill_error(struct conversation *c, const struct login_outcome *o)
{
	struct starttls_error *e = &c->error;

	memset(e, 0, sizeof(*e));
	e->alert = e->depth = -1;
	if (c->code == 0)
		c->code = refusal(o);
	else if (c->code != starttls_session_error(c->session, e))
		e->code = c->code;
	e->code = c->code;
	e->error_class = (int)starttls_code_class(c->code);
	e->phase = STARTTLS_PHASE_SESSION;
	e->reply_code = o->reply_code;
	memcpy(e->state, o->state, sizeof(e->state));
	memcpy(e->reply, o->reply, sizeof(e->reply));
	memcpy(e->message, o->message, sizeof(e->message));
	if (e->message[0] == '\0')
		snprintf(e->message, sizeof(e->message), "cannot log in: %s",
		    starttls_code_name(c->code));
	snprintf(e->protocol, sizeof(e->protocol), "%s", c->report.protocol);
}

/* ---- one conversation ---- */

enum phase { UPGRADING, INSIDE, PAUSING };

#define MOST_HELLOS 32             /* descriptors that nobody has counted */

/* For who says "later". */
#define MOST_TRIES 4
#define PAUSE_US 500000            /* the first; each is twice as long, */
#define MOST_DOUBLINGS 3           /* up to four seconds */

struct check {
	struct checker *checker;
	struct check_target target;
	enum phase phase;
	struct watch watch;
	struct timer timer;
	struct timer patience;     /* for the greeting, or in a pause */
	struct timer turn;         /* of the upgrade, see loop/upgrade.h, or of
	                              its session */
	bool is_timed;             /* the greeting is, of this connection */
	bool heard;                /* something of the server */
	struct hello hello;        /* if it was not */
	long tries;                /* before this one */
	struct starttls_options options;
	const char *secret;        /* of the account; NULL: none */
	void *trace_context;
	struct conversation c;
	struct login *login;       /* NULL: none */
	struct login_outcome outcome;
	struct result *first;      /* of the first connection, while a second
	                              one tries to resume its session */
	int64_t started_us;
};

/* What a server says before a login may repeat the secret of an earlier one. */
static void
trace_veiled(void *context, enum starttls_direction direction,
	     enum starttls_phase phase, const char *text)
{
	struct check *k = context;

	k->heard = k->heard || direction == STARTTLS_RECEIVED;
	if (k->checker->settings->options->trace == NULL)
		return;
	k->checker->settings->options->trace(k->trace_context, direction, phase,
	    direction == STARTTLS_RECEIVED && k->secret != NULL &&
	    veil_repeats(text, k->secret) ? VEIL : text);
}

/* The same for an error, which ends in what the server said. */
static void
veil_error(const struct check *k, struct starttls_error *e)
{
	char *quote = strstr(e->message, ": \"");
	size_t room;

	if (k->secret == NULL || !veil_repeats(e->reply, k->secret))
		return;
	snprintf(e->reply, sizeof(e->reply), "%s", VEIL);
	room = quote == NULL ? 0 :
	    sizeof(e->message) - (size_t)(quote - e->message);
	if (quote != NULL)
		snprintf(quote, room, ": \"%s\"", VEIL);
}

static void
end_hello(struct check *k)
{
	if (k->hello.upgrade != NULL)
		atomic_fetch_sub(k->checker->hellos, 1);
	hello_end(&k->hello);
}

/* The result of the first connection, or, if that has one already, what the
   second one has to add to it. */
static void
gather(struct check *k, struct result *ret_result)
{
	login_free(k->login);
	k->login = NULL;
	if (k->first != NULL) {
		*ret_result = *k->first;
		ret_result->again = true;
		ret_result->resumed = k->c.code == 0 && k->c.report.resumed;
		return;
	}
	veil_error(k, &k->c.error);
	result_fill(ret_result, k->target.name, k->target.url, &k->c,
	    &k->outcome, k->started_us, k->checker->detail);
	ret_result->tries = k->tries + 1;
}

/* Give the result away, and forget everything. */
static void
give_away(struct check *k, const struct result *result)
{
	struct checker *checker = k->checker;
	struct loop *loop = checker->loop;

	loop_unwatch(loop, &k->watch);
	loop_clear_timer(&k->timer);
	loop_clear_timer(&k->patience);
	loop_clear_timer(&k->turn);
	end_hello(k);
	finish_conversation(&k->c);
	checker->running--;
	checker->done(checker->context, k->target.owner, result);
	sent_unref(result->sent);
	free(k->first);
	free(k);
}

static bool try_to_resume(struct check *k, const struct result *result);

static void
finish(struct check *k)
{
	struct result result;

	gather(k, &result);
	if (!try_to_resume(k, &result))
		give_away(k, &result);
}

static void
fail(struct check *k, int code, const struct starttls_error *error)
{
	k->c.code = code;
	k->c.error = *error;
	finish(k);
}

static void step(struct check *k);

/* A connection, which must come to its end in what is left of time. */
static void
dial(struct check *k)
{
	int64_t left = (k->timer.at_us - loop_now_us() + 999) / 1000;
	struct starttls_error error;
	int rc;

	rc = starttls_upgrade_dial(&k->c.upgrade,
	    k->checker->settings->policy, k->target.url,
	    left < 0 ? 0 : (int)left, &k->options, &error);
	if (rc != 0) {
		fail(k, rc, &error);
		return;
	}
	k->phase = UPGRADING;
	k->is_timed = false;
	step(k);
}

/* ---- again ---- */

static void
dial_again(struct check *k)
{
	struct conversation *c = &k->c;

	loop_unwatch(k->checker->loop, &k->watch);
	end_hello(k);
	k->heard = false;
	finish_conversation(c);
	*c = (struct conversation){ .report.size = sizeof(c->report) };
	dial(k);
}

/* Whether there is a second connection.  The first has to be a full handshake,
   or nothing would be known about certificates. */
static bool
try_to_resume(struct check *k, const struct result *result)
{
	if (!k->checker->settings->resumes || k->first != NULL ||
	    result->status != 0 || !loop_timer_is_set(&k->timer))
		return false;
	k->first = malloc(sizeof(*k->first));
	if (k->first == NULL)
		return false;
	*k->first = *result;
	k->options.without_resumption = 0;
	loop_clear_timer(&k->patience);
	loop_clear_timer(&k->turn);
	dial_again(k);
	return true;
}

static void
pause_is_over(void *context)
{
	dial_again(context);
}

/* Whether a moment later it may be well, with nobody doing anything about it:
   who is refused for now, and who restarts.  Never what was verified. */
static bool
may_pass(int code)
{
	return code == STARTTLS_E_REFUSED_TEMPORARY ||
	    code == STARTTLS_E_CONNECT;
}

static int64_t
next_pause_us(const struct check *k)
{
	const long doublings = k->tries < MOST_DOUBLINGS ? k->tries :
	    MOST_DOUBLINGS;

	return (int64_t)PAUSE_US << doublings;
}

/* A pause and another try have to fit in what is left of time. */
static bool
may_ask_again(const struct check *k)
{
	const struct checker *checker = k->checker;
	const bool wanted = checker->insists ?
	    k->c.code == STARTTLS_E_REFUSED_TEMPORARY &&
	    k->tries + 1 < MOST_TRIES :
	    may_pass(k->c.code) && k->tries < checker->retries;

	return wanted && k->first == NULL &&
	    loop_timer_is_set(&k->timer) &&
	    loop_now_us() + next_pause_us(k) < k->timer.at_us;
}

static void
pause_for_a_while(struct check *k)
{
	const int64_t until_us = loop_now_us() + next_pause_us(k);
	struct conversation *c = &k->c;

	k->tries++;
	end_hello(k);
	login_free(k->login);
	k->login = NULL;
	k->outcome = (struct login_outcome){ .tried = false };
	loop_unwatch(k->checker->loop, &k->watch);
	loop_clear_timer(&k->turn);
	finish_conversation(c);
	c->session = NULL;
	c->upgrade = NULL;
	k->phase = PAUSING;
	k->patience.late = pause_is_over;
	loop_set_timer_at(k->checker->loop, &k->patience, until_us);
}

/* ---- inside TLS ---- */

/* Nobody but the library knows what it hopes for, and for how long. */
static void
wait_inside(struct check *k)
{
	const int left = starttls_session_timeout(k->c.session);

	loop_watch(k->checker->loop, &k->watch,
	    k->c.code == STARTTLS_WANT_WRITE ? POLLOUT : POLLIN);
	loop_clear_timer(&k->turn);
	if (left >= 0)
		loop_set_timer_at(k->checker->loop, &k->turn,
		    loop_now_us() + (int64_t)left * 1000);
}

static void
step_inside(struct check *k)
{
	struct conversation *c = &k->c;

	c->code = k->login != NULL ? login_step(k->login) :
	    starttls_session_check(c->session, &c->error);
	if (c->code == STARTTLS_WANT_READ || c->code == STARTTLS_WANT_WRITE) {
		wait_inside(k);
		return;
	}
	/* after a false start only now is everything known */
	starttls_session_report(c->session, &c->report);
	if (k->login != NULL) {
		login_outcome(k->login, &k->outcome);
		if (c->code != 0 || !k->outcome.ok)
			fill_error(c, &k->outcome);
	}
	if (may_ask_again(k))
		pause_for_a_while(k);
	else
		finish(k);
}

/* Whom to log in as was found before anybody was connected to. */
static void
begin_inside(struct check *k)
{
	const struct check_settings *s = k->checker->settings;
	struct starttls_url url = { .size = sizeof(url) };
	struct login_options account;
	struct conversation *c = &k->c;

	c->session = starttls_upgrade_take(c->upgrade);
	c->upgrade = NULL;
	k->watch.fd = starttls_session_fd(c->session);
	k->phase = INSIDE;
	starttls_session_report(c->session, &c->report);
	/* late() comes once, and may be what has led here */
	c->code = loop_timer_is_set(&k->timer) ? 0 :
	    starttls_session_set_deadline(c->session, 1);
	if (c->code == 0 && s->account->wanted && k->first == NULL) {
		c->code = find_account(s, k->target.url, &url, &account,
		    &c->error);
		account.trace = k->options.trace;
		account.trace_context = k->options.trace_context;
		if (c->code == 0)
			c->code = login_new(&k->login, c->session, &url,
			    &account);
	}
	if (c->code != 0) {
		fill_error(c, &k->outcome);
		finish(k);
		return;
	}
	step_inside(k);
}

/* ---- the upgrade ---- */

static void upgraded(struct check *k, int code);

/* No greeting, that is; everything else has the time of the whole. */
static void
greeting_is_late(void *context)
{
	struct check *k = context;

	if (k->phase != UPGRADING)
		return;
	starttls_upgrade_report(k->c.upgrade, &k->c.report);
	if (k->c.report.greeting_us < 0)
		upgraded(k, starttls_upgrade_run(k->c.upgrade, 0,
		    &k->c.error));
}

/* ---- silence ---- */

static void
hello_is_answered(void *context, bool speaks_tls)
{
	struct check *k = context;

	end_hello(k);
	loop_clear_timer(&k->patience);
	if (!speaks_tls || k->phase != UPGRADING || k->heard)
		return;
	starttls_upgrade_report(k->c.upgrade, &k->c.report);
	k->c.code = hello_explain(k->target.url, &k->c.error);
	finish(k);
}

static void
hello_is_late(void *context)
{
	end_hello(context);
}

/* A port that wants TLS at once is silent as well. */
static void
silent_for_a_while(void *context)
{
	struct check *k = context;
	struct checker *checker = k->checker;

	if (k->phase != UPGRADING || k->heard)
		return;
	if (atomic_fetch_add(checker->hellos, 1) >= MOST_HELLOS) {
		atomic_fetch_sub(checker->hellos, 1);
		return;
	}
	k->hello = (struct hello){
		.loop = checker->loop,
		.policy = checker->settings->policy,
		.url = k->target.url,
		.answer = hello_is_answered,
		.context = k,
	};
	if (!hello_begin(&k->hello, k->watch.fd)) {
		atomic_fetch_sub(checker->hellos, 1);
		return;
	}
	k->patience.late = hello_is_late;
	loop_set_timer(&checker->silences, &k->patience);
}

/* Which begins when there is a connection. */
static void
be_patient(struct check *k)
{
	const bool is_limited = k->target.greeting_ms > 0;

	if (k->is_timed || (!is_limited && !k->checker->says_hello))
		return;
	starttls_upgrade_report(k->c.upgrade, &k->c.report);
	k->is_timed = k->c.report.connect_us >= 0;
	if (k->is_timed && is_limited) {
		k->patience.late = greeting_is_late;
		loop_set_timer_at(k->checker->loop, &k->patience,
		    loop_now_us() + (int64_t)k->target.greeting_ms * 1000);
	} else if (k->is_timed) {
		k->patience.late = silent_for_a_while;
		loop_set_timer(&k->checker->silences, &k->patience);
	}
}

static void
upgraded(struct check *k, int code)
{
	struct conversation *c = &k->c;

	c->code = code;
	if (code == STARTTLS_WANT_READ || code == STARTTLS_WANT_WRITE) {
		loop_watch_upgrade(k->checker->loop, &k->watch,
		    &k->turn, c->upgrade, code,
		    k->timer.at_us);
		be_patient(k);
	} else if (starttls_upgrade_alpn_refused(c->upgrade)) {
		k->options.without_alpn = 1;
		dial_again(k);
	} else if (may_ask_again(k)) {
		pause_for_a_while(k);
	} else if (code != 0) {
		starttls_upgrade_report(c->upgrade, &c->report);
		finish(k);
	} else {
		begin_inside(k);
	}
}

static void
step(struct check *k)
{
	upgraded(k, starttls_upgrade_step(k->c.upgrade, &k->c.error));
}

static void
take_turn(void *context)
{
	struct check *k = context;

	if (k->phase == UPGRADING)
		step(k);
	else if (k->phase == INSIDE)
		step_inside(k);
}

static void
ready(void *context, short revents)
{
	struct check *k = context;

	(void)revents;
	if (k->phase == UPGRADING)
		step(k);
	else
		step_inside(k);
}

static void
late(void *context)
{
	struct check *k = context;

	switch (k->phase) {
	case PAUSING:
		return;            /* no pause lasts until then */
	case UPGRADING:
		upgraded(k, starttls_upgrade_run(k->c.upgrade, 0,
		    &k->c.error));
		return;
	case INSIDE:
		/* nothing to wait for any more, but words for that */
		if (starttls_session_set_deadline(k->c.session, 1) == 0)
			step_inside(k);
		return;
	}
}

/* ---- all of them ---- */

int
checker_init(struct checker *checker)
{
	if (!loop_reserve(checker->loop, checker->max_running + MOST_HELLOS))
		return errno;
	if (checker->hellos == NULL)
		checker->hellos = &checker->own_hellos;
	loop_add_queue(checker->loop, &checker->silences, HELLO_TIME_MS);
	return 0;
}

/* The dial, unless it is known already that it would be for nothing. */
static void
begin(struct check *k)
{
	const struct check_settings *settings = k->checker->settings;
	struct starttls_url url = { .size = sizeof(url) };
	struct login_options account;
	struct starttls_error error;
	int rc = k->checker->any_port ? 0 :
	    port_check(k->target.url, &error);

	if (rc == 0 && settings->account->wanted)
		rc = find_account(settings, k->target.url, &url, &account,
		    &error);
	if (rc != 0) {
		fail(k, rc, &error);
		return;
	}
	if (settings->account->wanted)
		k->secret = account.secret;
	dial(k);
}

int
checker_start(struct checker *checker, const struct check_target *target)
{
	struct check *k = calloc(1, sizeof(*k));

	if (k == NULL)
		return ENOMEM;
	k->checker = checker;
	k->target = *target;
	k->started_us = loop_now_us();
	k->c.report.size = sizeof(k->c.report);
	k->watch = (struct watch){ .fd = -1, .ready = ready, .context = k };
	k->timer = (struct timer){ .late = late, .context = k };
	k->turn = (struct timer){ .late = take_turn, .context = k };
	k->patience.context = k;
	k->options = *checker->settings->options;
	k->options.without_resumption = checker->settings->resumes;
	if (target->connect_host != NULL) {
		k->options.connect_host = target->connect_host;
		k->options.connect_port = target->connect_port;
	}
	k->trace_context = checker->names_traces ? &k->target.name :
	    k->options.trace_context;
	if (k->options.trace != NULL || checker->says_hello)
		k->options.trace = trace_veiled;
	k->options.trace_context = k;
	checker->running++;
	loop_set_timer_at(checker->loop, &k->timer, k->started_us +
	    1000 * (int64_t)(target->timeout_ms > 0 ? target->timeout_ms :
	    checker->timeout_ms));
	begin(k);
	return 0;
}

/* ---- one of them ---- */

struct only {
	struct loop loop;
	struct result *result;
};

static void
keep(void *context, void *owner, const struct result *result)
{
	struct only *only = context;

	(void)owner;
	*only->result = *result;
	sent_ref(only->result->sent);
	only->loop.stop = true;
}

static void
give_up(const char *url, int number, struct result *ret_result)
{
	struct conversation c = { .code = STARTTLS_E_SYSTEM };

	fill_system_error(&c.error, number, "cannot begin");
	result_fill(ret_result, url, url, &c, NULL, loop_now_us(),
	    DETAIL_NONE);
}

void
check_url(const struct check_settings *settings, const char *url,
	  int timeout_ms, enum result_detail detail, struct result *ret_result)
{
	struct only only = { .result = ret_result };
	struct checker checker = {
		.settings = settings, .loop = &only.loop, .max_running = 1,
		.timeout_ms = timeout_ms, .detail = detail, .context = &only,
		.done = keep,
	};
	const struct check_target target = { .name = url, .url = url };
	int rc = checker_init(&checker);

	if (rc == 0) {
		rc = checker_start(&checker, &target);
		/* the system may lack memory for a while */
		while (rc == 0 && loop_run(&only.loop) != 0)
			continue;
	}
	if (rc != 0)
		give_up(url, rc, ret_result);
	loop_done(&only.loop);
}
