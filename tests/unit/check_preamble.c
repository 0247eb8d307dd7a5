/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * Every transcript, fed to the engine whole, byte by byte and cut at every
 * split point, and played to an upgrade over a socket pair.
 *
 * Cutting changes nothing, as long as what is there before a command is there
 * before that command is sent.  A client that sends at once whatever it has to
 * say may take an early go-ahead for a timely one; but what was refused stays
 * refused.
 */

#include "config.h"

#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "preamble.h"
#include "transcript.h"

#define WHOLE SIZE_MAX
#define BYTEWISE (SIZE_MAX - 1)
#define LARGE 9000                 /* split only here and there above this */

static const char *dir;
static char **names;

/* How a transcript is played. */
struct play {
	size_t split;              /* WHOLE, BYTEWISE or an offset */
	bool eager;                /* sends at once what it has to say */
};

struct outcome {
	char verdict[24];
	int reply_code;
	size_t stray;              /* bytes said that were not expected */
};

static size_t
piece_len(const struct play *play, size_t offset, size_t left)
{
	if (play->split == BYTEWISE)
		return 1;
	if (play->split > offset && play->split < offset + left)
		return play->split - offset;
	return left;
}

/* Take what the dialog has to say; it must be @step, or nothing if NULL. */
static bool
hear(struct preamble *p, const struct step *step)
{
	size_t len;
	const char *out = starttls_preamble_out(p, &len);
	bool equal;

	if (step == NULL)
		return out == NULL;
	equal = out != NULL && len == step->len &&
	    memcmp(out, step->data, len) == 0;
	/* in two parts, so that partial sends are exercised */
	if (equal) {
		starttls_preamble_sent(p, len / 2);
		starttls_preamble_sent(p, len - len / 2);
	}
	return equal;
}

/* A client that is eager sends before it reads on. */
static void
drain(struct preamble *p)
{
	size_t len;

	while (starttls_preamble_out(p, &len) != NULL)
		starttls_preamble_sent(p, len);
}

static void
feed(struct preamble *p, const struct step *step, const struct play *play,
     size_t *offset)
{
	size_t at = 0;

	while (at < step->len) {
		size_t len = piece_len(play, *offset, step->len - at);

		starttls_preamble_feed(p, step->data + at, len);
		if (p->status == PREAMBLE_RUNNING)
			ck_assert_uint_lt(p->in_len, sizeof(p->in));
		if (play->eager)
			drain(p);
		at += len;
		*offset += len;
	}
}

static void
name_verdict(const struct preamble *p, const struct starttls_error *error,
	     struct outcome *ret)
{
	const char *name = "running";

	if (p->status == PREAMBLE_UPGRADE)
		name = "upgrade";
	else if (p->status == PREAMBLE_DONE)
		name = "done";
	else if (p->status == PREAMBLE_FAILED)
		name = starttls_code_name(error->code);
	snprintf(ret->verdict, sizeof(ret->verdict), "%s", name);
	ret->reply_code = error->reply_code;
}

/* An assertion for each byte would be a write for each. */
static bool
is_fit(const char *text)
{
	while (*text >= 0x20 && *text < 0x7f)
		text++;
	return *text == '\0';
}

static struct outcome
play_transcript(const struct transcript *t, const struct play *play)
{
	struct preamble *p = malloc(sizeof(*p));
	struct starttls_error error;
	struct outcome outcome = { "", 0, 0 };
	size_t offset = 0, i;

	ck_assert_ptr_nonnull(p);
	starttls_error_reset(&error);
	starttls_preamble_start(p, t->protocol, t->exchange ?
	    &t->protocol->exchange_rules : &t->protocol->upgrade_rules,
	    t->from, t->own_name, t->peer_name, &error);
	for (i = 0; i < t->count; i++) {
		const struct step *step = &t->steps[i];

		if (play->eager)
			drain(p);
		if (step->kind == FEED)
			feed(p, step, play, &offset);
		else if (step->kind == END)
			starttls_preamble_eof(p);
		else if (step->kind == HEAR && !play->eager)
			ck_assert_msg(hear(p, step), "%s: split %zu: step "
			    "%zu: the client says something else", t->name,
			    play->split, i);
	}
	if (p->status == PREAMBLE_UPGRADE) {
		ck_assert_uint_eq(p->in_len, 0);
		ck_assert_ptr_null(starttls_preamble_out(p, &i));
	}
	name_verdict(p, &error, &outcome);
	if (p->status == PREAMBLE_FAILED) {
		int code = error.code;

		/* sticky, and fit to be shown */
		starttls_preamble_feed(p, "220 go\r\n", 8);
		starttls_preamble_eof(p);
		ck_assert_int_eq(p->status, PREAMBLE_FAILED);
		ck_assert_int_eq(error.code, code);
		ck_assert(is_fit(error.message) && is_fit(error.reply));
		ck_assert(error.message[0] != '\0' &&
		    error.protocol[0] != '\0' && error.state[0] != '\0');
	}
	free(p);
	return outcome;
}

static void
expect_verdict(const struct transcript *t, const struct play *play)
{
	struct outcome outcome = play_transcript(t, play);

	ck_assert_msg(strcmp(outcome.verdict, t->verdict) == 0,
	    "%s: split %zu: verdict %s, not %s", t->name, play->split,
	    outcome.verdict, t->verdict);
	if (t->reply_code != 0)
		ck_assert_int_eq(outcome.reply_code, t->reply_code);
}

/* No way of cutting turns a refusal into an upgrade. */
static void
expect_no_upgrade(const struct transcript *t, const struct play *play)
{
	struct outcome outcome = play_transcript(t, play);

	if (strcmp(t->verdict, "upgrade") == 0 ||
	    strcmp(t->verdict, "done") == 0)
		ck_assert_str_eq(outcome.verdict, t->verdict);
	else if (strcmp(t->verdict, "early-data") != 0)
		ck_assert_msg(strcmp(outcome.verdict, "upgrade") != 0 &&
		    strcmp(outcome.verdict, "done") != 0,
		    "%s: split %zu: cutting made it succeed", t->name,
		    play->split);
}

START_TEST(test_preamble_verdict_does_not_depend_on_cutting)
{
	struct transcript *t = transcript_load(dir, names[_i]);
	size_t step = t->fed > LARGE ? 509 : 1;
	struct play play;
	size_t split;

	for (play.eager = false;; play.eager = true) {
		void (*check)(const struct transcript *,
			      const struct play *) =
		    play.eager ? expect_no_upgrade : expect_verdict;

		play.split = WHOLE;
		check(t, &play);
		play.split = BYTEWISE;
		check(t, &play);
		for (split = 1; split < t->fed; split += step) {
			play.split = split;
			check(t, &play);
		}
		if (play.eager)
			break;
	}
	transcript_free(t);
}
END_TEST

/* Read what the client says until a line end or until it says no more. */
static size_t
hear_all(int fd, uint8_t *data, size_t size)
{
	ssize_t n = recv(fd, data, size, MSG_DONTWAIT);

	return n > 0 ? (size_t)n : 0;
}

static void
write_all(int fd, const struct step *step)
{
	/* a failing client may have closed; that is for its verdict */
	size_t at = 0;

	while (at < step->len) {
		ssize_t n = send(fd, step->data + at, step->len - at,
		    MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n <= 0)
			return;
		at += (size_t)n;
	}
}

/*
 * Play to a whole upgrade.  The server's side is taken step by step, with the
 * client stepped in between, so nothing here waits.
 */
START_TEST(test_preamble_over_a_descriptor)
{
	struct transcript *t = transcript_load(dir, names[_i]);
	struct starttls_options options = STARTTLS_OPTIONS_INIT;
	struct starttls_policy *policy;
	struct starttls_upgrade *u;
	struct starttls_error error;
	uint8_t heard[4096];
	int fd[2], size = 1 << 20, rc = STARTTLS_WANT_READ;
	bool has_hello = false;
	size_t i, len = 0;

	if (t->exchange) {
		transcript_free(t);
		return;
	}
	starttls_error_reset(&error);
	options.own_name = t->own_name;
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fd), 0);
	setsockopt(fd[1], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	ck_assert_int_eq(starttls_policy_new(&policy, STARTTLS_CLIENT), 0);
	ck_assert_int_eq(starttls_upgrade_new(&u, policy, t->protocol,
	    t->from, t->peer_name, fd[0], &options, NULL), 0);
	for (i = 0; i < t->count; i++) {
		const struct step *step = &t->steps[i];

		if (step->kind == FEED) {
			write_all(fd[1], step);
			/* all of it is there before the client looks */
			if (i + 1 < t->count && t->steps[i + 1].kind == FEED)
				continue;
		} else if (step->kind == END) {
			shutdown(fd[1], SHUT_WR);
		}
		if (!starttls_is_fatal(rc))
			rc = starttls_upgrade_step(u, &error);
		len = 0;
		if (step->kind == HEAR) {
			len = hear_all(fd[1], heard, sizeof(heard));
			/* where there is no go-ahead, TLS comes next */
			ck_assert_msg((len == step->len ||
			    (len > step->len && heard[step->len] == 0x16)) &&
			    memcmp(heard, step->data, step->len) == 0,
			    "%s: step %zu: heard %.*s", t->name, i, (int)len,
			    (const char *)heard);
			/* of what is behind it, how much and its start */
			len -= step->len;
			if (len > 0) {
				heard[0] = heard[step->len];
				has_hello = true;
			}
		}
	}
	len += hear_all(fd[1], heard + len, sizeof(heard) - len);
	if (strcmp(t->verdict, "upgrade") == 0) {
		/* the ClientHello follows the go-ahead */
		ck_assert_int_eq(rc, STARTTLS_WANT_READ);
		ck_assert_uint_gt(len, 100);
		ck_assert_uint_eq(heard[0], 0x16);
	} else if (strcmp(t->verdict, "early-data") == 0 &&
	    (len > 0 || has_hello)) {
		/* in a later segment: GnuTLS must choke on it */
		ck_assert(has_hello || heard[0] == 0x16);
		ck_assert_int_eq(error.code, STARTTLS_E_NOT_TLS);
	} else {
		ck_assert_msg(strcmp(starttls_code_name(rc), t->verdict) == 0,
		    "%s: verdict %s", t->name, starttls_code_name(rc));
		ck_assert_int_eq(error.code, rc);
		/* more than one receive takes may hide behind a greeting */
		if (strcmp(t->verdict, "limit") != 0)
			ck_assert_uint_eq(len, 0);
		if (t->reply_code != 0)
			ck_assert_int_eq(error.reply_code, t->reply_code);
	}
	ck_assert_ptr_null(starttls_upgrade_take(u));
	starttls_upgrade_free(u);
	starttls_policy_unref(policy);
	close(fd[0]);
	close(fd[1]);
	transcript_free(t);
}
END_TEST

static size_t
count_named(const char *prefix)
{
	size_t i, count = 0;

	for (i = 0; names[i] != NULL; i++)
		count += strncmp(names[i], prefix, strlen(prefix)) == 0;
	return count;
}

/* A protocol without these has not been thought through. */
START_TEST(test_preamble_every_protocol_has_transcripts)
{
	static const char *const needed[] = {
		"ok", "refused", "not-offered", "early-data"
	};
	const struct starttls_protocol *p = NULL;
	char name[64], lacking[512] = "";
	size_t i, len = 0;

	while ((p = starttls_protocol_next(p)) != NULL)
		for (i = 0; i < 4 && p->upgrade_rules.step != NULL; i++) {
			snprintf(name, sizeof(name), "%s-%s.txt", p->name,
			    needed[i]);
			if (count_named(name) != 1 && len < sizeof(lacking))
				len += (size_t)snprintf(lacking + len,
				    sizeof(lacking) - len, " %s", name);
		}
	ck_assert_msg(len == 0, "missing transcripts:%s", lacking);
}
END_TEST

/* An argument that would be a second command never gets into the dialog. */
START_TEST(test_preamble_arguments_are_checked)
{
	static const char *const bad[] = {
		"", "a b", "a\rb", "a\nb", "a\r\nSTARTTLS", "a\tb", "\x7f",
		"\xc3\xbc.example",
	};
	struct starttls_options options = STARTTLS_OPTIONS_INIT;
	struct starttls_policy *policy;
	struct starttls_upgrade *u = NULL;
	struct starttls_error error;
	char longest[300];
	size_t i;
	int fd[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fd), 0);
	ck_assert_int_eq(starttls_policy_new(&policy, STARTTLS_CLIENT), 0);
	memset(longest, 'x', sizeof(longest));
	longest[256] = '\0';
	for (i = 0; i <= sizeof(bad) / sizeof(bad[0]); i++) {
		options.own_name = i < sizeof(bad) / sizeof(bad[0]) ?
		    bad[i] : longest;
		ck_assert_int_eq(starttls_upgrade_new(&u, policy,
		    starttls_protocol_find("smtp"), STARTTLS_GREETING,
		    "localhost", fd[0], &options, &error),
		    STARTTLS_E_INVALID);
		ck_assert_ptr_null(u);
	}
	starttls_policy_unref(policy);
	close(fd[0]);
	close(fd[1]);
}
END_TEST

/* What comes behind a failure is a consequence of it, or of no account. */
START_TEST(test_preamble_first_cause_stays)
{
	static struct preamble p;
	const struct starttls_protocol *smtp = starttls_protocol_find("smtp");
	struct starttls_error error, first;

	starttls_error_reset(&error);
	starttls_preamble_start(&p, smtp, &smtp->upgrade_rules,
	    STARTTLS_GREETING, "localhost", "localhost", &error);
	starttls_preamble_feed(&p, "554 go away\r\n", 13);
	ck_assert_int_eq(error.code, STARTTLS_E_REFUSED);
	first = error;
	starttls_preamble_eof(&p);
	starttls_preamble_feed(&p, "220 hi\r\n", 8);
	starttls_preamble_fail(&p, STARTTLS_E_LIMIT, NULL, "later");
	ck_assert_int_eq(p.status, PREAMBLE_FAILED);
	ck_assert_mem_eq(&error, &first, sizeof(error));
}
END_TEST

/* A peer that hangs up on a goodbye has heard it. */
START_TEST(test_preamble_end_before_goodbye)
{
	static struct preamble p;
	const struct starttls_protocol *protocol = NULL;
	static const struct {
		const char *name, *said;
	} peers[] = {
		{ "smtp", "250 hi\r\n" }, { "imap", "a1 OK\r\n" },
		{ "pop3", "-ERR what?\r\n" }, { "ftp", "500 what?\r\n" },
		{ "nntp", "500 what?\r\n" },
	};
	struct starttls_error error;
	size_t i, len;
	int sent;

	for (i = 0; i < sizeof(peers) / sizeof(peers[0]); i++)
		for (sent = 0; sent < 3; sent++) {
			starttls_error_reset(&error);
			protocol = starttls_protocol_find(peers[i].name);
			starttls_preamble_start(&p, protocol,
			    &protocol->exchange_rules, STARTTLS_COMMAND,
			    "localhost", "localhost", &error);
			starttls_preamble_out(&p, &len);
			starttls_preamble_sent(&p, len);
			starttls_preamble_feed(&p, peers[i].said,
			    strlen(peers[i].said));
			ck_assert_ptr_nonnull(starttls_preamble_out(&p,
			    &len));
			/* nothing, half, or all of it */
			starttls_preamble_sent(&p, sent == 2 ? len :
			    sent == 1 ? len / 2 : 0);
			starttls_preamble_eof(&p);
			ck_assert_msg(p.status == (sent == 2 ? PREAMBLE_DONE :
			    PREAMBLE_FAILED) && error.code == (sent == 2 ? 0 :
			    STARTTLS_E_EOF), "%s, %d: status %d, %s",
			    peers[i].name, sent, p.status, error.message);
		}
}
END_TEST

/* Even if nobody has looked at a name, it makes no second command. */
START_TEST(test_preamble_sends_no_controls)
{
	static struct preamble p;
	static const char *const bad[] = {
		"a\r\nSTARTTLS", "a\n", "\r", "a\x7f", "\x1b[m", "\x80",
	};
	const struct starttls_protocol *smtp = starttls_protocol_find("smtp");
	struct starttls_error error;
	size_t i, len;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		starttls_error_reset(&error);
		starttls_preamble_start(&p, smtp, &smtp->upgrade_rules,
		    STARTTLS_GREETING, bad[i], "localhost", &error);
		starttls_preamble_feed(&p, "220 hi\r\n", 8);
		ck_assert_int_eq(error.code, STARTTLS_E_INVALID);
		ck_assert_int_eq(p.status, PREAMBLE_FAILED);
		ck_assert_ptr_null(starttls_preamble_out(&p, &len));
	}
}
END_TEST

struct traced {
	char text[4096];
};

static void
note(void *context, enum starttls_direction direction,
     enum starttls_phase phase, const char *text)
{
	struct traced *traced = context;
	size_t len = strlen(traced->text);

	snprintf(traced->text + len, sizeof(traced->text) - len, "%d %s %s\n",
	    (int)direction, starttls_phase_name(phase), text);
}

START_TEST(test_preamble_trace_shows_each_line)
{
	struct starttls_error error;
	struct traced traced = { "" };
	struct preamble p;
	size_t len;

	starttls_error_reset(&error);
	starttls_preamble_start(&p, starttls_protocol_find("imap"),
	    &starttls_protocol_find("imap")->upgrade_rules,
	    STARTTLS_GREETING, "localhost", "localhost", &error);
	p.trace = note;
	p.trace_context = &traced;
	starttls_preamble_feed(&p, "* OK \033[2Jhi\r\n", 13);
	ck_assert_ptr_nonnull(starttls_preamble_out(&p, &len));
	starttls_preamble_sent(&p, len);
	starttls_preamble_feed(&p, "a1 OK go\r\n", 10);
	ck_assert_str_eq(traced.text,
	    "2 greeting * OK \\x1b[2Jhi\n"
	    "1 preamble a1 STARTTLS\n"
	    "2 preamble a1 OK go\n");
}
END_TEST

/* Of a message people see what it is and its text, and nothing raw. */
START_TEST(test_preamble_trace_shows_messages)
{
	static const char busy[] =
	    "\x30\x10\x02\x01\x01\x78\x0b\x0a\x01\x33\x04\x00\x04\x04"
	    "\x1b[2J";
	const struct starttls_protocol *ldap = starttls_protocol_find("ldap");
	struct starttls_error error;
	struct traced traced = { "" };
	struct preamble p;
	size_t len;

	starttls_error_reset(&error);
	starttls_preamble_start(&p, ldap, &ldap->upgrade_rules,
	    STARTTLS_GREETING, "localhost", "localhost", &error);
	p.trace = note;
	p.trace_context = &traced;
	ck_assert_ptr_nonnull(starttls_preamble_out(&p, &len));
	starttls_preamble_sent(&p, len);
	starttls_preamble_feed(&p, busy, sizeof(busy) - 1);
	ck_assert_str_eq(traced.text,
	    "1 preamble StartTLS\n"
	    "2 preamble busy: \\x1b[2J\n");
	ck_assert_str_eq(error.reply, "busy: \\x1b[2J");
	ck_assert_int_eq(error.reply_code, 51);
	ck_assert_int_eq(error.code, STARTTLS_E_REFUSED_TEMPORARY);
}
END_TEST

/*
 * A protocol that counts bytes and lets the client speak first, as PostgreSQL
 * does: eight bytes, and one byte for an answer.
 */
enum { ASK, REPLY };

static const char *const counting_states[] = { "ask", "answer" };
static const uint8_t request[8] = { 0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f };

static enum verdict
counting_step(struct dialog *d, const struct unit *u)
{
	switch (d->state) {
	case ASK:
		want_bytes(d, REPLY, 1);
		return put(d, REPLY, request, sizeof(request));
	case REPLY:
		if (u->line.data[0] == 'S')
			return upgrade(d);
		return u->line.data[0] == 'N' ? refused(d, u) :
		    malformed(d, u);
	}
	return bug(d);
}

static const struct starttls_protocol counting = {
	.name = "counting",
	.frame = starttls_frame_exact,
	.upgrade_rules = { counting_step, ASK, ASK, counting_states },
};

START_TEST(test_preamble_counts_bytes)
{
	static const struct {
		const char *said;
		size_t len;
		int code;          /* 0: upgrade */
	} answers[] = {
		{ "S", 1, 0 },
		{ "N", 1, STARTTLS_E_REFUSED },
		{ "E", 1, STARTTLS_E_PROTOCOL },
		{ "\0", 1, STARTTLS_E_PROTOCOL },
		{ "S\x16", 2, STARTTLS_E_EARLY_DATA },
	};
	struct starttls_error error;
	struct preamble p;
	size_t i, len;
	const char *out;

	for (i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		starttls_error_reset(&error);
		starttls_preamble_start(&p, &counting,
		    &counting.upgrade_rules, STARTTLS_GREETING, "localhost",
		    "localhost", &error);
		out = starttls_preamble_out(&p, &len);
		ck_assert_uint_eq(len, sizeof(request));
		ck_assert_mem_eq(out, request, len);
		starttls_preamble_sent(&p, len);
		starttls_preamble_feed(&p, answers[i].said, answers[i].len);
		ck_assert_int_eq(error.code, answers[i].code);
		ck_assert_int_eq(p.status, answers[i].code == 0 ?
		    PREAMBLE_UPGRADE : PREAMBLE_FAILED);
	}
	/* an answer that is there before the question */
	starttls_error_reset(&error);
	starttls_preamble_start(&p, &counting, &counting.upgrade_rules,
	    STARTTLS_GREETING, "localhost", "localhost", &error);
	starttls_preamble_feed(&p, "S", 1);
	ck_assert_int_eq(error.code, STARTTLS_E_EARLY_DATA);
}
END_TEST

/* One that has no go-ahead, as MySQL: TLS begins behind our request. */
enum { WAIT, REQUEST };

static const char *const silent_states[] = { "wait", "request" };

static enum verdict
silent_step(struct dialog *d, const struct unit *u)
{
	if (u == NULL)
		return want_bytes(d, REQUEST, 1);
	return put_and_upgrade(d, "\n\0\r\n", 4);
}

static const struct starttls_protocol silent = {
	.name = "silent",
	.frame = starttls_frame_exact,
	.upgrade_rules = { silent_step, WAIT, WAIT, silent_states },
};

static unsigned traced;

static void
count_traces(void *context, enum starttls_direction direction,
	     enum starttls_phase phase, const char *text)
{
	(void)context;
	(void)phase;
	traced += direction == STARTTLS_SENT;
	ck_assert_ptr_null(strchr(text, '\n'));
}

START_TEST(test_preamble_upgrades_without_go_ahead)
{
	struct starttls_error error;
	struct preamble p;
	size_t len;

	starttls_error_reset(&error);
	starttls_preamble_start(&p, &silent, &silent.upgrade_rules,
	    STARTTLS_GREETING, "localhost", "localhost", &error);
	p.trace = count_traces;
	traced = 0;
	starttls_preamble_feed(&p, "g", 1);
	ck_assert_int_eq(p.status, PREAMBLE_ACCEPTING);
	ck_assert_mem_eq(starttls_preamble_out(&p, &len), "\n\0\r\n", 4);
	ck_assert_uint_eq(len, 4);
	starttls_preamble_sent(&p, 1);
	ck_assert_int_eq(p.status, PREAMBLE_ACCEPTING);
	starttls_preamble_sent(&p, 3);
	ck_assert_int_eq(p.status, PREAMBLE_UPGRADE);
	ck_assert_uint_eq(traced, 1); /* in one piece */
	starttls_preamble_feed(&p, "x", 1);
	ck_assert_int_eq(error.code, STARTTLS_E_EARLY_DATA);

	/* ahead of the request, together with the greeting and later */
	for (len = 1; len <= 2; len++) {
		starttls_error_reset(&error);
		starttls_preamble_start(&p, &silent, &silent.upgrade_rules,
		    STARTTLS_GREETING, "localhost", "localhost", &error);
		starttls_preamble_feed(&p, "gx", len);
		if (len == 1)
			starttls_preamble_feed(&p, "x", 1);
		ck_assert_int_eq(error.code, STARTTLS_E_EARLY_DATA);
		ck_assert_int_eq(p.status, PREAMBLE_FAILED);
	}
}
END_TEST

/* One where lines may come at any time that only their end tells apart. */
static bool
chatty_is_unasked(struct bytes start)
{
	return bytes_may_begin(start, ":x NOTE");
}

static enum verdict
chatty_step(struct dialog *d, const struct unit *u)
{
	if (u == NULL) {
		begin(d, "TO %s", d->peer_name);
		return say(d, REPLY, "GO");
	}
	if (bytes_equal(u->line, ":x NOTE"))
		return more(d);
	return bytes_equal(u->line, ":x YES") ? upgrade(d) : refused(d, u);
}

static const struct starttls_protocol chatty = {
	.name = "chatty",
	.ends_in_lf = true,
	.frame = starttls_frame_line,
	.is_unasked = chatty_is_unasked,
	.upgrade_rules = { chatty_step, ASK, ASK, counting_states },
};

START_TEST(test_preamble_unasked_lines)
{
	static const struct {
		const char *before, *after;
		int code;          /* 0: upgrade */
	} rows[] = {
		{ "", ":x YES\r\n", 0 },
		{ ":x NOTE\r\n", ":x YES\n", 0 },
		{ ":x NOTE\n:x", " NOTE\n:x YES\n", 0 },
		{ ":x NOT", "E\n:x YES\n", 0 },
		{ ":x YES\n", "", STARTTLS_E_EARLY_DATA },
		{ ":x YE", "", STARTTLS_E_EARLY_DATA },
		/* begun before it was asked for */
		{ ":x ", "YES\n", STARTTLS_E_EARLY_DATA },
		{ ":", "x YES\n", STARTTLS_E_EARLY_DATA },
		{ "", ":x NO\n", STARTTLS_E_REFUSED },
	};
	struct starttls_error error;
	struct preamble p;
	size_t i, len;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		starttls_error_reset(&error);
		starttls_preamble_start(&p, &chatty, &chatty.upgrade_rules,
		    STARTTLS_GREETING, "localhost", "localhost", &error);
		starttls_preamble_feed(&p, rows[i].before,
		    strlen(rows[i].before));
		if (error.code == 0) {
			ck_assert_mem_eq(starttls_preamble_out(&p, &len),
			    "TO localhost\nGO\n", 16);
			ck_assert_uint_eq(len, 16);
			starttls_preamble_sent(&p, len);
		}
		starttls_preamble_feed(&p, rows[i].after,
		    strlen(rows[i].after));
		ck_assert_msg(error.code == rows[i].code, "row %zu: %d", i,
		    error.code);
		ck_assert_int_eq(p.status, rows[i].code == 0 ?
		    PREAMBLE_UPGRADE : PREAMBLE_FAILED);
	}
}
END_TEST

/* Whatever the names, a command of many lines fits or is not said at all. */
START_TEST(test_preamble_begins_what_fits)
{
	char name[600];
	struct starttls_error error;
	struct preamble p;
	size_t len, i;
	const char *out;

	for (i = 490; i < 520; i++) {
		memset(name, 'x', i);
		name[i] = '\0';
		starttls_error_reset(&error);
		starttls_preamble_start(&p, &chatty, &chatty.upgrade_rules,
		    STARTTLS_GREETING, "localhost", name, &error);
		out = starttls_preamble_out(&p, &len);
		ck_assert(error.code == STARTTLS_E_INVALID ||
		    (len == i + 7 && out[len - 1] == '\n'));
		ck_assert_int_eq(error.code == 0, i + 7 < sizeof(p.out));
		ck_assert(error.code == 0 || p.status == PREAMBLE_FAILED);
	}
}
END_TEST

int
main(void)
{
	const char *srcdir = getenv("abs_top_srcdir");
	Suite *suite = suite_create("preamble");
	TCase *tcase;
	SRunner *runner;
	char path[512];
	int count, failed;

	snprintf(path, sizeof(path), "%s/tests/transcripts",
	    srcdir == NULL ? "." : srcdir);
	dir = path;
	names = transcript_list(dir);
	for (count = 0; names[count] != NULL; count++)
		continue;

	tcase = tcase_create("cutting");
	tcase_set_timeout(tcase, 60);
	tcase_add_loop_test(tcase,
	    test_preamble_verdict_does_not_depend_on_cutting, 0, count);
	suite_add_tcase(suite, tcase);
	tcase = tcase_create("descriptor");
	tcase_set_timeout(tcase, 60);
	tcase_add_loop_test(tcase, test_preamble_over_a_descriptor, 0, count);
	suite_add_tcase(suite, tcase);
	tcase = tcase_create("rules");
	tcase_add_test(tcase, test_preamble_every_protocol_has_transcripts);
	tcase_add_test(tcase, test_preamble_first_cause_stays);
	tcase_add_test(tcase, test_preamble_end_before_goodbye);
	tcase_add_test(tcase, test_preamble_sends_no_controls);
	tcase_add_test(tcase, test_preamble_arguments_are_checked);
	tcase_add_test(tcase, test_preamble_trace_shows_each_line);
	tcase_add_test(tcase, test_preamble_trace_shows_messages);
	tcase_add_test(tcase, test_preamble_counts_bytes);
	tcase_add_test(tcase, test_preamble_upgrades_without_go_ahead);
	tcase_add_test(tcase, test_preamble_unasked_lines);
	tcase_add_test(tcase, test_preamble_begins_what_fits);
	suite_add_tcase(suite, tcase);

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
