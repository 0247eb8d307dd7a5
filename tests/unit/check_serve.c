/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * Every transcript of a server, fed to the engine whole, byte by byte and cut
 * at every split point, with replies sent at once, after a last look, or as
 * late as can be, and played to an upgrade over a socket pair.
 *
 * Cutting changes neither what is said nor the verdict, but for one thing:
 * what stands behind the upgrade command and comes after the go-ahead went
 * out is for TLS to choke on ("G:" in a transcript).  Whatever a client sends,
 * no word of it is said, traced, put into an error or kept, but for IMAP's tag
 * and what a command is for giving back.
 */

#include "config.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "harness.h"
#include "preamble.h"
#include "serve.h"
#include "transcript.h"

#define WHOLE SIZE_MAX
#define BYTEWISE (SIZE_MAX - 1)
#define MANY 200                   /* splits in the engine, at most */
#define SOME 30                    /* over a descriptor */
#define HEARD_SIZE 65536
#define SHOWN 400                  /* of a dialog, in messages */

static const char *dir;
static char **names;
static struct starttls_policy *policy;

/* libcheck writes to a file for each of its own: too much in inner loops. */
#define require(condition, ...) \
	do { \
		if (!(condition)) \
			ck_abort_msg(__VA_ARGS__); \
	} while (0)

/* What clients in the transcripts keep secret: clear, and in base64. */
static const char *const secrets[] = { "s3cret", "czNjcmV0" };

struct heard {
	char data[HEARD_SIZE + 1];
	size_t len;
};

static void
hear(struct heard *h, const void *data, size_t len)
{
	require(len <= HEARD_SIZE - h->len, "it says too much");
	memcpy(h->data + h->len, data, len);
	h->len += len;
}

static void
expect_no_secret(const struct transcript *t, const char *where,
		 const char *text, size_t len)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(secrets); i++)
		require(memmem(text, len, secrets[i],
		    strlen(secrets[i])) == NULL,
		    "%s: what the client said is in the %s: %.*s", t->name,
		    where, (int)len, text);
}

static bool
has_lines(const struct starttls_protocol *p)
{
	return p->serve_rules.frame == starttls_frame_command ||
	    p->serve_rules.frame == starttls_frame_command_lf;
}

/* The name of a request that is no line. */
static bool
is_request(const char *text)
{
	static const char *const known[] = {
		"SSLRequest", "GSSENCRequest", "CancelRequest",
		"StartupMessage", "(unknown request)", "(no request)",
		"StartTLS", "extended request", "(unknown extension)",
		"bind", "unbind", "search", "search of the root DSE",
		"abandon", "modify", "modify DN", "add", "delete", "compare",
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(known); i++)
		if (strcmp(known[i], text) == 0)
			return true;
	return false;
}

/*
 * What came is traced as a command that is known, or not at all: letters in
 * upper case, a blank and a hyphen in the midst.
 */
static void
check_trace(void *context, enum starttls_direction direction,
	    enum starttls_phase phase, const char *text)
{
	const struct transcript *t = context;

	require(is_plain_line(text) && phase == STARTTLS_PHASE_PREAMBLE,
	    "%s: traced \"%s\"", t->name, text);
	expect_no_secret(t, "trace", text, strlen(text));
	if (direction != STARTTLS_RECEIVED ||
	    strcmp(text, "(unknown command)") == 0)
		return;
	if (!has_lines(t->protocol)) {
		require(is_request(text), "%s: traced \"%s\"", t->name, text);
		return;
	}
	require(strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ -") ==
	    strlen(text) && strlen(text) <= 14, "%s: traced \"%s\"", t->name,
	    text);
}

/* The end of it, as much as a message takes: SHOWN bytes. */
static const char *
tail(struct heard *h)
{
	h->data[h->len] = '\0';
	return h->len > SHOWN ? h->data + h->len - SHOWN : h->data;
}

/* How a transcript is played. */
struct play {
	const struct transcript *t;
	size_t split;              /* WHOLE, BYTEWISE or an offset */
	bool eager;                /* sends at once what it has to say */
	bool looks;                /* the same, but looks if it must */
	const char *how;           /* for messages */
};

/* A run of the engine; at: the next step, and where in it. */
struct run {
	struct play play;
	struct preamble p;
	struct starttls_error error;
	struct heard heard;
	size_t at, inside;
	size_t offset;             /* of all that is fed */
};

static void
expect_equal(const struct play *play, struct heard *got,
	     struct heard *want, const char *verdict,
	     const char *wanted)
{
	bool equal = got->len == want->len &&
	    memcmp(got->data, want->data, got->len) == 0;

	require(equal && strcmp(verdict, wanted) == 0,
	    "%s: %s, split %zd: verdict %s, not %s%s; said %zu bytes, not "
	    "%zu, at last:\n%.*s" "instead of:\n%.*s", play->t->name,
	    play->how, (ssize_t)play->split, verdict, wanted,
	    play->eager && strcmp(verdict, "upgrade") == 0 ?
	    " (a line \"G: go-ahead\" lacks, or differs?)" : "", got->len,
	    want->len, SHOWN, tail(got), SHOWN, tail(want));
}

/* Is it the dialog that ends with the go-ahead, where that may be? */
static bool
is_late(const struct play *play, const struct heard *got,
	const char *verdict)
{
	static struct heard want;
	const struct transcript *t = play->t;
	size_t i;

	want.len = 0;
	if (strcmp(verdict, "upgrade") != 0)
		return false;
	for (i = 0; i < t->count; i++) {
		const struct step *step = &t->steps[i];

		if (step->kind == HEAR || step->kind == GO_AHEAD)
			hear(&want, step->data, step->len);
		if (step->kind == GO_AHEAD)
			return got->len == want.len &&
			    memcmp(got->data, want.data, want.len) == 0;
	}
	return false;
}

static void
expect_dialog(const struct play *play, struct heard *got,
	      const char *verdict)
{
	static struct heard want;
	const struct transcript *t = play->t;
	size_t i;

	expect_no_secret(t, "output", got->data, got->len);
	if (play->eager && is_late(play, got, verdict))
		return;
	want.len = 0;
	for (i = 0; i < t->count; i++)
		if (t->steps[i].kind == HEAR)
			hear(&want, t->steps[i].data, t->steps[i].len);
	expect_equal(play, got, &want, verdict, t->verdict);
}

static void
expect_error(const struct transcript *t, const struct starttls_error *error)
{
	require(is_plain_line(error->message), "%s: \"%s\"", t->name,
	    error->message);
	expect_no_secret(t, "error", error->message, strlen(error->message));
	require(error->reply[0] == '\0' && error->reply_code == 0 &&
	    strcmp(error->protocol, t->protocol->name) == 0 &&
	    strcmp(error->state, "commands") == 0 &&
	    error->phase == STARTTLS_PHASE_PREAMBLE,
	    "%s: the error is of %s, %s, \"%s\"", t->name, error->protocol,
	    error->state, error->reply);
}

static bool
is_open(const struct preamble *p)
{
	return p->status == PREAMBLE_RUNNING ||
	    p->status == PREAMBLE_ACCEPTING;
}

/* Who has failed says nothing any more: see starttls_upgrade_step(). */
static const char *
output(const struct preamble *p, size_t *ret_len)
{
	return p->status == PREAMBLE_FAILED ? NULL :
	    starttls_preamble_out(p, ret_len);
}

static bool
has_output(const struct preamble *p)
{
	size_t len;

	return output(p, &len) != NULL;
}

static const struct step *
next_step(struct run *r)
{
	const struct transcript *t = r->play.t;

	while (r->at < t->count && (t->steps[r->at].kind == HEAR ||
	    t->steps[r->at].kind == GO_AHEAD))
		r->at++;
	return r->at < t->count ? &t->steps[r->at] : NULL;
}

/* Whether more input comes before what there is to say is sent. */
static bool
may_give(const struct run *r)
{
	if (!is_open(&r->p))
		return false;
	if (!has_output(&r->p))
		return true;
	if (r->play.looks)
		return starttls_preamble_must_look(&r->p);
	return !r->play.eager;
}

/* What one receive gives; false: nothing is there now. */
static bool
give(struct run *r)
{
	const struct step *step = next_step(r);
	size_t len, size;

	if (step == NULL || step->kind == LATER)
		return false;
	/* who has something to say sees the end only if it looks */
	if (step->kind == END && has_output(&r->p) &&
	    !starttls_preamble_must_look(&r->p))
		return false;
	if (step->kind == END) {
		starttls_preamble_eof(&r->p);
		r->at++;
		return true;
	}
	starttls_preamble_space(&r->p, &size);
	if (size == 0)
		return false;
	len = step->len - r->inside;
	if (r->play.split == BYTEWISE)
		len = 1;
	else if (r->play.split > r->offset &&
	    r->play.split - r->offset < len)
		len = r->play.split - r->offset;
	if (len > size)
		len = size;
	starttls_preamble_feed(&r->p, step->data + r->inside, len);
	r->offset += len;
	r->inside += len;
	if (r->inside == step->len) {
		r->inside = 0;
		r->at++;
	}
	return true;
}

/* Send what there is, in two parts; false: nothing. */
static bool
say_it(struct run *r)
{
	size_t len;
	const char *out = output(&r->p, &len);

	if (out == NULL)
		return false;
	require(len <= PREAMBLE_MAX_COMMAND && (r->p.raw ||
	    memcmp(out + len - strlen(starttls_preamble_line_end(&r->p)),
	    starttls_preamble_line_end(&r->p),
	    strlen(starttls_preamble_line_end(&r->p))) == 0),
	    "not in lines");
	hear(&r->heard, out, len);
	starttls_preamble_sent(&r->p, len / 2);
	starttls_preamble_sent(&r->p, len - len / 2);
	return true;
}

/* Over, whichever way: nothing is said any more, whatever comes. */
static void
expect_over(struct run *r)
{
	enum preamble_status status = r->p.status;
	int code = r->error.code;

	require(!has_output(&r->p), "%s: more to say", r->play.t->name);
	starttls_preamble_feed(&r->p, "a NOOP\r\n", 8);
	require(!has_output(&r->p), "%s: it answers", r->play.t->name);
	if (status != PREAMBLE_FAILED)
		return;
	starttls_preamble_hang_up(&r->p);
	starttls_preamble_eof(&r->p);
	require(r->p.status == PREAMBLE_FAILED && r->error.code == code,
	    "%s: not sticky", r->play.t->name);
	expect_error(r->play.t, &r->error);
}

static void
play_engine(const struct play *play)
{
	static struct run r;
	const struct transcript *t = play->t;
	const struct step *step;
	bool moved;

	memset(&r, 0, sizeof(r));
	r.play = *play;
	starttls_error_reset(&r.error);
	starttls_preamble_serve(&r.p, t->protocol, t->from, t->own_name,
	    &r.error);
	r.p.trace = check_trace;
	r.p.trace_context = (void *)(uintptr_t)t;
	do {
		moved = false;
		while (may_give(&r) && give(&r))
			moved = true;
		moved |= say_it(&r);
		step = next_step(&r);
		if (!moved && step != NULL && step->kind == LATER) {
			r.at++;
			moved = true;
		}
	} while (moved);
	expect_dialog(play, &r.heard, r.p.status == PREAMBLE_UPGRADE ?
	    "upgrade" : is_open(&r.p) ? "running" :
	    starttls_code_name(r.error.code));
	expect_no_secret(t, "memory", (char *)r.p.in + r.p.in_len,
	    sizeof(r.p.in) - r.p.in_len);
	if (!is_open(&r.p))
		expect_over(&r);
}

/* Call for each way of cutting: with more splits than that, some of them. */
static void
for_each_cut(struct play *play, size_t splits,
	     void (*with)(const struct play *))
{
	size_t step = play->t->fed / splits + 1;

	play->split = WHOLE;
	with(play);
	play->split = BYTEWISE;
	with(play);
	for (play->split = 1; play->split < play->t->fed;
	    play->split += step)
		with(play);
}

START_TEST(test_serve_replies_do_not_depend_on_cutting)
{
	struct transcript *t = transcript_load(dir, names[_i]);
	struct play play = { .t = t };

	ck_assert_msg(t->serve, "%s: not a server's", t->name);
	play.how = "late";
	for_each_cut(&play, MANY, play_engine);
	play.looks = true;
	play.how = "looking";
	for_each_cut(&play, MANY, play_engine);
	play.looks = false;
	play.eager = true;
	play.how = "eager";
	for_each_cut(&play, MANY, play_engine);
	transcript_free(t);
}
END_TEST

/* The dialog as it is written: each reply is there before more is sent. */
START_TEST(test_serve_replies_come_at_once)
{
	static struct run r;
	static struct heard want;
	struct transcript *t = transcript_load(dir, names[_i]);
	size_t i;

	memset(&r, 0, sizeof(r));
	want.len = 0;
	starttls_error_reset(&r.error);
	starttls_preamble_serve(&r.p, t->protocol, t->from, t->own_name,
	    &r.error);
	for (i = 0; i < t->count; i++) {
		const struct step *step = &t->steps[i];

		/* what cannot be held at once is for the other tests */
		if (step->kind == END ||
		    (step->kind == FEED && step->len > PREAMBLE_MAX_LINE))
			break;
		if (step->kind == FEED && is_open(&r.p))
			starttls_preamble_feed(&r.p, step->data, step->len);
		if (step->kind == HEAR)
			hear(&want, step->data, step->len);
		if (i + 1 < t->count && t->steps[i + 1].kind != FEED)
			continue;
		while (say_it(&r))
			continue;
		ck_assert_msg(r.heard.len == want.len &&
		    memcmp(r.heard.data, want.data, want.len) == 0,
		    "%s: step %zu: said:\n%.*sinstead of:\n%.*s", t->name, i,
		    SHOWN, tail(&r.heard), SHOWN, tail(&want));
	}
	transcript_free(t);
}
END_TEST

/* A conversation over a socket pair: ours is fd[0]. */
struct line {
	struct play play;
	struct starttls_upgrade *u;
	struct starttls_error error;
	struct heard heard;
	int fd[2];
	int rc;
	size_t offset;
};

static void
listen_now(struct line *l)
{
	char data[4096];
	ssize_t n;

	while ((n = recv(l->fd[1], data, sizeof(data), MSG_DONTWAIT)) > 0)
		hear(&l->heard, data, (size_t)n);
}

static void
step_now(struct line *l)
{
	if (!starttls_is_fatal(l->rc))
		l->rc = starttls_upgrade_step(l->u, &l->error);
	listen_now(l);
}

static bool
is_upgraded(const struct line *l)
{
	struct starttls_report report = { .size = sizeof(report) };

	/* the preamble is over, the handshake is not */
	require(starttls_upgrade_report(l->u, &report) == 0, "no report");
	return report.preamble_us >= 0 && is_wanting(l->rc);
}

static void
send_now(struct line *l, const void *data, size_t len)
{
	/* it may have ended, which is for its verdict */
	(void)!send(l->fd[1], data, len, MSG_NOSIGNAL | MSG_DONTWAIT);
}

/* All of a step; stepped in between as the split has it. */
static void
send_step(struct line *l, const struct step *step)
{
	size_t split = l->play.split, at = 0;

	while (at < step->len && !starttls_is_fatal(l->rc) &&
	    !is_upgraded(l)) {
		size_t len = step->len - at;

		if (split == BYTEWISE)
			len = 1;
		else if (split > l->offset && split - l->offset < len)
			len = split - l->offset;
		send_now(l, step->data + at, len);
		at += len;
		l->offset += len;
		if (at < step->len || (split != WHOLE && split == l->offset))
			step_now(l);
	}
}

/* The go-ahead was said: cleartext gets an alert or nothing. */
static void
expect_only_tls(struct line *l)
{
	size_t clear = l->heard.len;

	send_now(l, "a NOOP\r\n", 8);
	step_now(l);
	ck_assert_msg(l->rc == STARTTLS_E_NOT_TLS, "%s: %s", l->play.t->name,
	    starttls_code_name(l->rc));
	expect_no_secret(l->play.t, "error", l->error.message,
	    strlen(l->error.message));
	ck_assert_msg(l->heard.len == clear ||
	    l->heard.data[clear] == 0x15, "%s: split %zu: cleartext behind "
	    "the go-ahead", l->play.t->name, l->play.split);
	l->heard.len = clear;
}

static void
play_line(const struct play *play)
{
	static struct line l;
	struct starttls_options options = STARTTLS_OPTIONS_INIT;
	const struct transcript *t = play->t;
	int size = 1 << 20;
	size_t i;
	bool upgraded;

	memset(&l, 0, sizeof(l));
	l.play = *play;
	l.rc = STARTTLS_WANT_READ;
	options.own_name = t->own_name;
	options.trace = check_trace;
	options.trace_context = (void *)(uintptr_t)t;
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, l.fd), 0);
	setsockopt(l.fd[1], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	ck_assert_int_eq(starttls_upgrade_new(&l.u, policy, t->protocol,
	    t->from, NULL, l.fd[0], &options, NULL), 0);
	for (i = 0; i < t->count; i++) {
		const struct step *step = &t->steps[i];

		if (step->kind == FEED)
			send_step(&l, step);
		else if (step->kind == END)
			shutdown(l.fd[1], SHUT_WR);
		else if (step->kind == HEAR || step->kind == LATER)
			step_now(&l);
		if (step->kind == LATER)
			break;     /* expect_only_tls() has it */
	}
	step_now(&l);
	upgraded = is_upgraded(&l);
	if (upgraded)
		expect_only_tls(&l);
	else if (is_wanting(l.rc))
		ck_abort_msg("%s: no verdict", t->name);
	else if (l.error.phase == STARTTLS_PHASE_PREAMBLE)
		expect_error(t, &l.error);
	/* an end of the stream behind the go-ahead is TLS's, too */
	expect_dialog(play, &l.heard, upgraded ||
	    l.error.phase == STARTTLS_PHASE_HANDSHAKE ? "upgrade" :
	    starttls_code_name(l.rc));
	ck_assert_ptr_null(starttls_upgrade_take(l.u));
	starttls_upgrade_free(l.u);
	close(l.fd[0]);
	close(l.fd[1]);
}

START_TEST(test_serve_over_a_descriptor)
{
	struct transcript *t = transcript_load(dir, names[_i]);
	struct play play = { .t = t, .split = WHOLE, .how = "descriptor" };

	/* all is there before the server looks */
	play_line(&play);
	play.eager = true;
	for_each_cut(&play, SOME, play_line);
	transcript_free(t);
}
END_TEST

static bool
is_there(const char *protocol, const char *what)
{
	char name[64];
	size_t i;

	snprintf(name, sizeof(name), "%s-%s.txt", protocol, what);
	for (i = 0; names[i] != NULL; i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return false;
}

/* A protocol without these has not been thought through. */
START_TEST(test_serve_every_protocol_has_transcripts)
{
	static const char *const any[] = {
		"ok", "ok-from-command", "early-byte", "early-like-tls",
		"bad-http", "closed-at-once", "closed-within-request",
		"limit-refusals",
	};
	static const char *const lines[] = {
		"ok", "ok-from-command", "ok-commands", "ok-case-and-blanks",
		"ok-pipeline", "ok-longest-line", "early-command",
		"early-half-line", "early-lf", "ok-cr-cr-lf", "early-like-tls", "bad-nul",
		"bad-cr", "bad-lf", "bad-http", "closed-at-once", "quit",
		"limit-line", "limit-commands", "limit-refusals",
		"limit-total", "unknown", "arguments",
	};
	const struct starttls_protocol *p = NULL;
	char lacking[1024] = "";
	size_t i, len = 0;

	while ((p = starttls_protocol_next(p)) != NULL) {
		const char *const *needed = has_lines(p) ? lines : any;
		size_t count = has_lines(p) ? ARRAY_LEN(lines) :
		    ARRAY_LEN(any);

		if (p->serve_rules.step == NULL ||
		    strcmp(p->name, "submission") == 0)
			continue;  /* is smtp */
		for (i = 0; i < count; i++)
			if (!is_there(p->name, needed[i]) && !(p->ends_in_lf &&
			    strcmp(needed[i], "bad-lf") == 0) &&
			    len < sizeof(lacking))
				len += (size_t)snprintf(lacking + len,
				    sizeof(lacking) - len, " %s-%s.txt",
				    p->name, needed[i]);
	}
	ck_assert_msg(len == 0, "missing transcripts:%s", lacking);
}
END_TEST

START_TEST(test_serve_submission_is_smtp)
{
	const struct serve_rules *smtp =
	    &starttls_protocol_find("smtp")->serve_rules;
	const struct serve_rules *submission =
	    &starttls_protocol_find("submission")->serve_rules;

	ck_assert_ptr_eq(smtp->step, submission->step);
	ck_assert_ptr_eq(smtp->frame, submission->frame);
	ck_assert_str_eq(smtp->greeting, submission->greeting);
	ck_assert_str_eq(smtp->hangup.text, submission->hangup.text);
	ck_assert_str_eq(smtp->pipelined.text, submission->pipelined.text);
}
END_TEST

/* The longest name that is let in stands in every reply, or in none. */
START_TEST(test_serve_long_names)
{
	const struct starttls_protocol *protocol = NULL;
	static struct run r;
	char name[256];
	size_t len;

	memset(name, 'x', 255);
	name[255] = '\0';
	while ((protocol = starttls_protocol_next(protocol)) != NULL) {
		if (protocol->serve_rules.greeting == NULL)
			continue;
		memset(&r, 0, sizeof(r));
		starttls_error_reset(&r.error);
		starttls_preamble_serve(&r.p, protocol, STARTTLS_GREETING,
		    name, &r.error);
		ck_assert_ptr_nonnull(strstr(starttls_preamble_out(&r.p,
		    &len), strchr(protocol->serve_rules.greeting, '$') !=
		    NULL ? name : ""));
		while (say_it(&r))
			continue;
		starttls_preamble_feed(&r.p, "EHLO x\r\n", 8);
		while (say_it(&r))
			continue;
		ck_assert_int_eq(r.error.code, 0);
		starttls_preamble_feed(&r.p, "\n", 1);
		while (say_it(&r))
			continue;
		ck_assert_int_eq(r.error.code, STARTTLS_E_PROTOCOL);
	}
}
END_TEST

/*
 * The last words at any moment, as a deadline has it: once, behind a reply
 * that is half said, and never behind the go-ahead.
 */
START_TEST(test_serve_hangs_up)
{
	const struct starttls_protocol *protocol = NULL;
	static struct run r;
	const char *out;
	size_t len, half;

	while ((protocol = starttls_protocol_next(protocol)) != NULL) {
		if (protocol->serve_rules.hangup.text == NULL)
			continue;
		starttls_error_reset(&r.error);
		starttls_preamble_serve(&r.p, protocol, STARTTLS_COMMAND,
		    "localhost", &r.error);
		starttls_preamble_hang_up(&r.p);
		ck_assert_int_eq(r.p.status, PREAMBLE_LEAVING);
		out = starttls_preamble_out(&r.p, &len);
		ck_assert_ptr_nonnull(out);
		starttls_preamble_hang_up(&r.p);
		ck_assert_ptr_eq(starttls_preamble_out(&r.p, &half), out);
		ck_assert_uint_eq(half, len);
		starttls_preamble_sent(&r.p, len);
		ck_assert_int_eq(r.p.status, PREAMBLE_FAILED);

		if (protocol->serve_rules.greeting == NULL)
			continue;
		/* in the midst of the greeting */
		starttls_error_reset(&r.error);
		starttls_preamble_serve(&r.p, protocol, STARTTLS_GREETING,
		    "localhost", &r.error);
		ck_assert_ptr_nonnull(starttls_preamble_out(&r.p, &len));
		starttls_preamble_sent(&r.p, 3);
		starttls_preamble_hang_up(&r.p);
		ck_assert_ptr_nonnull(starttls_preamble_out(&r.p, &half));
		ck_assert_uint_eq(half, len - 3);
		starttls_preamble_sent(&r.p, half);
		ck_assert_int_eq(r.p.status, PREAMBLE_FAILED);
		ck_assert_ptr_null(starttls_preamble_out(&r.p, &len));
	}
}
END_TEST

static void
keep_sent(void *context, enum starttls_direction direction,
	  enum starttls_phase phase, const char *text)
{
	char *last = context;

	(void)phase;
	if (direction == STARTTLS_SENT)
		snprintf(last, STARTTLS_MESSAGE_SIZE, "%s", text);
}

/* Last words that take the place of a reply are not traced by its name. */
START_TEST(test_serve_traces_what_is_said)
{
	static const struct {
		const char *protocol, *said;
		size_t len;
		const char *traced;
	} rows[] = {
#define START_TLS "0\x1d\2\1\1w\x18\x80\x16" "1.3.6.1.4.1.1466.20037"
#define BIND "0\x0c\2\1\1`\7\2\1\3\4\0\x80\0"
		{ "ldap", START_TLS "x", 32, "nothing may follow" },
		{ "ldap", BIND BIND BIND BIND BIND BIND BIND BIND BIND BIND
		  BIND BIND BIND, 13 * 14, "this is not expected" },
		{ "ldap", BIND, 14, "confidentialityRequired" },
		{ "postgres", "\0\0\0\x08\4\xd2\x16/x", 9,
		  "received unencrypted data" },
		{ "postgres", "\0\0\0\x09\0\2\0\0", 8, "no request" },
		{ "postgres", "\0\0\0\x09\0\3\0\0", 8, "TLS is needed" },
	};
	char last[STARTTLS_MESSAGE_SIZE] = "";
	static struct run r;

	memset(&r, 0, sizeof(r));
	starttls_error_reset(&r.error);
	starttls_preamble_serve(&r.p,
	    starttls_protocol_find(rows[_i].protocol), STARTTLS_COMMAND,
	    "localhost", &r.error);
	r.p.trace = keep_sent;
	r.p.trace_context = last;
	starttls_preamble_feed(&r.p, rows[_i].said, rows[_i].len);
	while (say_it(&r))
		continue;
	ck_assert_msg(strstr(last, rows[_i].traced) != NULL,
	    "%s: traced \"%s\", not \"%s\"", rows[_i].protocol, last,
	    rows[_i].traced);
}
END_TEST

/* Who gave up must not promise TLS any more. */
START_TEST(test_serve_hangs_up_without_a_go_ahead)
{
	static struct run r;
	const char *out;
	size_t len;

	starttls_error_reset(&r.error);
	starttls_preamble_serve(&r.p, starttls_protocol_find("nntp"),
	    STARTTLS_COMMAND, "localhost", &r.error);
	starttls_preamble_feed(&r.p, "STARTTLS\r\n", 10);
	ck_assert_int_eq(r.p.status, PREAMBLE_ACCEPTING);
	starttls_preamble_hang_up(&r.p);
	out = starttls_preamble_out(&r.p, &len);
	ck_assert_msg(out == NULL || memcmp(out, "382", 3) != 0,
	    "the go-ahead as last words: %.*s", (int)len, out);
}
END_TEST

/* ... nor say more in the clear when a part of the promise is out. */
START_TEST(test_serve_hangs_up_in_a_go_ahead)
{
	static const char *const commands[][2] = {
		{ "smtp", "STARTTLS\r\n" }, { "submission", "STARTTLS\r\n" },
		{ "imap", "a STARTTLS\r\n" }, { "pop3", "STLS\r\n" },
		{ "ftp", "AUTH TLS\r\n" }, { "nntp", "STARTTLS\r\n" },
	};
	const char *command = commands[_i][1];
	static struct run r;
	size_t len, left;

	starttls_error_reset(&r.error);
	starttls_preamble_serve(&r.p,
	    starttls_protocol_find(commands[_i][0]), STARTTLS_COMMAND,
	    "localhost", &r.error);
	starttls_preamble_feed(&r.p, command, strlen(command));
	ck_assert_int_eq(r.p.status, PREAMBLE_ACCEPTING);
	ck_assert_ptr_nonnull(starttls_preamble_out(&r.p, &len));
	starttls_preamble_sent(&r.p, 3);
	starttls_preamble_hang_up(&r.p);
	ck_assert_ptr_null(starttls_preamble_out(&r.p, &left));
	ck_assert_int_eq(r.p.status, PREAMBLE_FAILED);
}
END_TEST

/* A known command with the wrong arguments is as bad as an unknown one. */
START_TEST(test_serve_wrong_arguments_are_refusals)
{
	static const char *const commands[][2] = {
		{ "smtp", "STARTTLS x\r\n" }, { "submission", "EHLO\r\n" },
		{ "imap", "a CAPABILITY x\r\n" }, { "pop3", "CAPA x\r\n" },
		{ "pop3", "STLS x\r\n" }, { "ftp", "FEAT x\r\n" },
		{ "ftp", "AUTH TLS x\r\n" }, { "ftp", "AUTH\r\n" },
		{ "nntp", "STARTTLS x\r\n" }, { "irc", "NICK\r\n" },
		{ "irc", "PING\r\n" }, { "irc", "PING \x1b[2J\r\n" },
		{ "irc", " \x01\r\n" }, { "irc", "CAP REQ\r\n" },
		{ "sieve", "NOOP x\r\n" }, { "sieve", "NOOP \"x\" y\r\n" },
		{ "sieve", "NOOP \"\x7f\"\r\n" },
	};
	const char *command = commands[_i][1];
	static struct run r;
	size_t len;
	int i;

	starttls_error_reset(&r.error);
	starttls_preamble_serve(&r.p,
	    starttls_protocol_find(commands[_i][0]), STARTTLS_COMMAND,
	    "localhost", &r.error);
	for (i = 0; i <= PREAMBLE_MAX_REFUSALS; i++) {
		ck_assert_msg(r.p.status == PREAMBLE_RUNNING, "%s: ended "
		    "after %d", command, i);
		starttls_preamble_feed(&r.p, command, strlen(command));
		ck_assert_ptr_nonnull(starttls_preamble_out(&r.p, &len));
		starttls_preamble_sent(&r.p, len);
	}
	ck_assert_int_eq(r.p.status, PREAMBLE_FAILED);
	ck_assert_int_eq(r.error.code, STARTTLS_E_LIMIT);
}
END_TEST

/* What the application's reader held, more than is held here. */
START_TEST(test_serve_pending)
{
	static const struct {
		const char *name;
		const char *data;
		int code;
		enum preamble_status status;
	} rows[] = {
		{ "command", "STARTTLS\r\n", 0, PREAMBLE_ACCEPTING },
		{ "half a command", "STARTT", 0, PREAMBLE_RUNNING },
		{ "more behind it", "STARTTLS\r\nx", STARTTLS_E_EARLY_DATA,
		  PREAMBLE_LEAVING },
		{ "a NUL's neighbour", "\n", STARTTLS_E_PROTOCOL,
		  PREAMBLE_LEAVING },
		{ "goodbye", "QUIT\r\n", STARTTLS_E_EOF, PREAMBLE_LEAVING },
	};
	static struct run r;
	char *much = calloc(1, 100000);
	size_t i, j;

	ck_assert_ptr_nonnull(much);
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		starttls_error_reset(&r.error);
		starttls_preamble_serve(&r.p, starttls_protocol_find("nntp"),
		    STARTTLS_COMMAND, "localhost", &r.error);
		starttls_preamble_feed(&r.p, rows[i].data,
		    strlen(rows[i].data));
		ck_assert_msg(r.error.code == rows[i].code &&
		    r.p.status == rows[i].status, "%s: %s", rows[i].name,
		    starttls_code_name(r.error.code));
	}
	/* whatever stands behind it, and however much: its place is seen */
	for (i = 4080; i < 4100; i++) {
		memset(much, 'x', i);
		memcpy(much + i - 2, "\r\n", 2);
		memcpy(much + i, "STARTTLS\r\n", 10);
		for (j = 0; j < 2; j++) {
			starttls_error_reset(&r.error);
			starttls_preamble_serve(&r.p,
			    starttls_protocol_find("nntp"), STARTTLS_COMMAND,
			    "localhost", &r.error);
			starttls_preamble_feed(&r.p, much, i + 10 + j * 5000);
			ck_assert(r.p.status != PREAMBLE_ACCEPTING &&
			    r.p.status != PREAMBLE_UPGRADE);
		}
	}
	free(much);
}
END_TEST

/*
 * A server without lines, whose client speaks first, and which has NUL and LF
 * in what it says: of two bytes the first is the request.
 */
static enum verdict
octets_step(struct dialog *d, const struct unit *u)
{
	switch (u->line.data[0]) {
	case 'U':
		return answer(d, "UPGRADE", UPGRADE, "\0\n", 2);
	case 'A':
		return answer(d, "ASK", ANSWER, "a\0", 2);
	case 'Q':
		return answer(d, "QUIT", LEAVE, NULL, 0);
	case 'H':
		return answer(d, "HANG UP", HANG_UP, "never", 5);
	}
	return answer(d, "(unknown command)", REFUSE, "\0", 1);
}

static const struct starttls_protocol octets = {
	.name = "octets",
	.serve_rules = {
		.frame = starttls_frame_exact,
		.wanted = 2,
		.step = octets_step,
		.hangup = BYTES("\0bye\n"),
		.pipelined = BYTES("\0early"),
	},
};

START_TEST(test_serve_octets)
{
	static const struct {
		const char *said;
		size_t len;
		int code;
		const char *heard;
		size_t heard_len;
	} rows[] = {
		{ "U\0", 2, 0, "\0\n", 2 },
		{ "A\0U\0", 4, 0, "a\0\0\n", 4 },
		{ "x\0U\0", 4, 0, "\0\0\n", 3 },
		{ "U\0\x16", 3, STARTTLS_E_EARLY_DATA, "\0early", 6 },
		{ "Q\0", 2, STARTTLS_E_EOF, "", 0 },
		{ "H\0", 2, STARTTLS_E_PROTOCOL, "\0bye\n", 5 },
		{ "x\0x\0x\0x\0x\0x\0x\0x\0x\0x\0x\0x\0x\0", 26,
		  STARTTLS_E_LIMIT, "\0\0\0\0\0\0\0\0\0\0\0\0\0bye\n", 17 },
	};
	static struct run r;
	size_t i, at, piece;

	for (i = 0; i < ARRAY_LEN(rows); i++)
		for (piece = 1; piece < 3; piece++) {
			memset(&r, 0, sizeof(r));
			starttls_error_reset(&r.error);
			starttls_preamble_serve(&r.p, &octets,
			    STARTTLS_GREETING, "localhost", &r.error);
			ck_assert(!say_it(&r));
			for (at = 0; at < rows[i].len; at += piece) {
				size_t left = rows[i].len - at;

				starttls_preamble_feed(&r.p, rows[i].said + at,
				    left < piece ? left : piece);
				/* a go-ahead waits for what is behind it */
				if (r.p.status == PREAMBLE_RUNNING)
					say_it(&r);
			}
			while (say_it(&r))
				continue;
			ck_assert_msg(r.error.code == rows[i].code, "row %zu, "
			    "%zu: %s", i, piece, r.error.message);
			ck_assert_msg(r.heard.len == rows[i].heard_len &&
			    memcmp(r.heard.data, rows[i].heard,
			    r.heard.len) == 0, "row %zu, %zu: said %zu bytes",
			    i, piece, r.heard.len);
		}
}
END_TEST

static void
make_policy(void)
{
	char path[] = "/tmp/check_serve.XXXXXX", chain[64], key[64];
	struct mint_cert leaf;

	ck_assert_ptr_nonnull(mkdtemp(path));
	mint(&leaf, &(struct mint_spec){ .dns = { PEER } }, NULL);
	mint_write(path, "leaf", (const struct mint_cert *const[]){ &leaf },
	    1, &leaf);
	snprintf(chain, sizeof(chain), "%s/leaf.crt", path);
	snprintf(key, sizeof(key), "%s/leaf.key", path);
	if (starttls_policy_new(&policy, STARTTLS_SERVER) != 0 ||
	    starttls_policy_identity(policy, chain, key, NULL, NULL) != 0)
		abort();
	test_policy_clock(policy);
	unlink(chain);
	unlink(key);
	rmdir(path);
	mint_free(&leaf);
}

static void
free_policy(void)
{
	policy = starttls_policy_unref(policy);
}

int
main(void)
{
	const char *srcdir = getenv("abs_top_srcdir");
	Suite *suite = suite_create("serve");
	TCase *tcase;
	SRunner *runner;
	char path[512];
	int count, failed;

	snprintf(path, sizeof(path), "%s/tests/transcripts/serve",
	    srcdir == NULL ? "." : srcdir);
	dir = path;
	names = transcript_list(dir);
	for (count = 0; names[count] != NULL; count++)
		continue;

	tcase = tcase_create("cutting");
	tcase_set_timeout(tcase, 60);
	tcase_add_loop_test(tcase,
	    test_serve_replies_do_not_depend_on_cutting, 0, count);
	tcase_add_loop_test(tcase, test_serve_replies_come_at_once, 0,
	    count);
	suite_add_tcase(suite, tcase);
	tcase = tcase_create("descriptor");
	tcase_set_timeout(tcase, 60);
	tcase_add_unchecked_fixture(tcase, make_policy, free_policy);
	tcase_add_loop_test(tcase, test_serve_over_a_descriptor, 0, count);
	suite_add_tcase(suite, tcase);
	tcase = tcase_create("rules");
	tcase_add_test(tcase, test_serve_every_protocol_has_transcripts);
	tcase_add_test(tcase, test_serve_submission_is_smtp);
	tcase_add_test(tcase, test_serve_long_names);
	tcase_add_test(tcase, test_serve_hangs_up);
	tcase_add_loop_test(tcase, test_serve_traces_what_is_said, 0, 6);
	tcase_add_test(tcase, test_serve_hangs_up_without_a_go_ahead);
	tcase_add_loop_test(tcase, test_serve_hangs_up_in_a_go_ahead, 0, 6);
	tcase_add_loop_test(tcase, test_serve_wrong_arguments_are_refusals,
	    0, 17);
	tcase_add_test(tcase, test_serve_pending);
	tcase_add_test(tcase, test_serve_octets);
	suite_add_tcase(suite, tcase);

	/* not run_suite(): RSA keys are not needed, and forks are many */
	mint_set_clock();
	runner = srunner_create(suite);
	srunner_set_tap(runner, "-");
	srunner_run_all(runner, CK_SILENT);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	for (count = 0; names[count] != NULL; count++)
		free(names[count]);
	free(names);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
