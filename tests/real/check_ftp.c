/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * FTP transfers with a real server that wants each data channel to resume its
 * control session: passive and active, up, down and listings, many in one
 * session and in sessions side by side, and downloads that somebody between
 * the two cuts short.  tests/real/ftp-data.test starts the servers and says in
 * the environment where and what they are.
 *
 * Each session that was resumed is told on a line of its own, "# data RETR
 * resumed", to be compared with what the server has seen.
 */

#include "config.h"

#include <arpa/inet.h>
#include <check.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "starttls.h"

#define TIMEOUT_MS 10000
#define LARGE 1000003              /* bytes; no record of it is a small one */
#define ENOUGH 100000              /* bytes of a file, before it is cut */

/* How the two sides of a data channel find each other. */
enum way { EPSV, PASV, EPRT, PORT, WAYS };

/* One passive, one active, where all would be the same. */
#define SOME 2
static const enum way some[SOME] = { EPSV, EPRT };

/* Where somebody in the middle ends a download. */
enum cut {
	CUT_NOWHERE,
	CUT_IN_A_RECORD,
	CUT_BETWEEN_RECORDS,
	CUT_BEFORE_CLOSE_NOTIFY,   /* with all of the file before it */
	CUTS
};

struct control {
	struct starttls_session *session;
	char text[4096];           /* what has come, and was not yet heard */
	size_t len;
};

/* A data channel, from the command for its address until it is closed. */
struct channel {
	enum way way;
	int fd;                    /* -1: still to be accepted */
	int listener;              /* -1: passive */
	pid_t middle;              /* 0: nobody */
	struct starttls_session *session;
};

static const char *
env(const char *name)
{
	const char *value = getenv(name);

	ck_assert_msg(value != NULL, "%s is not set", name);
	return value;
}

/* ---- sockets ------------------------------------------------------------ */

static struct sockaddr_in
loopback(unsigned port)
{
	struct sockaddr_in sin = { .sin_family = AF_INET,
	    .sin_port = htons((uint16_t)port),
	    .sin_addr = { htonl(INADDR_LOOPBACK) } };

	return sin;
}

static int
listen_anywhere(unsigned *ret_port)
{
	struct sockaddr_in sin = loopback(0);
	socklen_t len = sizeof(sin);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&sin, len), 0);
	ck_assert_int_eq(listen(fd, 1), 0);
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&sin, &len), 0);
	*ret_port = ntohs(sin.sin_port);
	return fd;
}

static int
accept_soon(int listener)
{
	struct pollfd one = { listener, POLLIN, 0 };
	int fd;

	ck_assert_msg(poll(&one, 1, TIMEOUT_MS) == 1,
	    "nobody has connected");
	fd = accept(listener, NULL, NULL);
	ck_assert_int_ge(fd, 0);
	return fd;
}

static int
connect_to(unsigned port)
{
	struct starttls_error error;
	char text[8];
	int fd;

	snprintf(text, sizeof(text), "%u", port);
	ck_assert_msg(starttls_dial("127.0.0.1", text, STARTTLS_IPV4,
	    TIMEOUT_MS, &fd, &error) == 0, "%s", error.message);
	return fd;
}

/* ---- somebody in the middle, a process of its own ----------------------- */

struct middle {
	enum cut cut;
	size_t passed;             /* bytes from the server to the client */
	unsigned char head[5];     /* of a record */
	size_t head_len;
	size_t left;               /* of its body */
};

/* Whether the record that begins here is where to cut. */
static bool
is_the_place(const struct middle *m)
{
	/* an alert; TLS 1.3 has two bytes, their type, and a tag in it */
	bool is_alert = m->head[0] == 21 || (m->head[0] == 23 && m->left == 19);

	switch (m->cut) {
	case CUT_IN_A_RECORD:
	case CUT_BETWEEN_RECORDS:
		return m->passed > ENOUGH;
	case CUT_BEFORE_CLOSE_NOTIFY:
		return m->passed > LARGE && is_alert;
	case CUT_NOWHERE:
	case CUTS:
		break;
	}
	return false;
}

static bool
pass(struct middle *m, int to, const unsigned char *data, size_t len)
{
	m->passed += len;
	return send(to, data, len, MSG_NOSIGNAL) == (ssize_t)len;
}

/* Pass on what the server has sent; returns whether to go on. */
static bool
pass_records(struct middle *m, int to, const unsigned char *data, size_t len)
{
	while (len > 0) {
		size_t n = len < m->left ? len : m->left;

		if (n > 0) {
			if (!pass(m, to, data, n))
				return false;
			m->left -= n;
			data += n;
			len -= n;
			continue;
		}
		m->head[m->head_len++] = *data++;
		len--;
		if (m->head_len < sizeof(m->head))
			continue;
		m->head_len = 0;
		m->left = (size_t)m->head[3] << 8 | m->head[4];
		if (is_the_place(m)) {
			if (m->cut == CUT_IN_A_RECORD)
				pass(m, to, m->head, sizeof(m->head));
			_exit(EXIT_SUCCESS); /* closes both */
		}
		if (!pass(m, to, m->head, sizeof(m->head)))
			return false;
	}
	return true;
}

static void
stand_between(struct middle *m, int server, int client)
{
	struct pollfd both[2] = { { server, POLLIN, 0 },
	    { client, POLLIN, 0 } };
	unsigned char data[4096];
	ssize_t n;

	while (poll(both, 2, TIMEOUT_MS) > 0) {
		if (both[1].revents != 0) {
			n = recv(client, data, sizeof(data), 0);
			if (n <= 0)
				return;
			if (send(server, data, (size_t)n, MSG_NOSIGNAL) != n)
				return;
		}
		if (both[0].revents != 0) {
			n = recv(server, data, sizeof(data), 0);
			if (n <= 0 || !pass_records(m, client, data, (size_t)n))
				return;
		}
	}
}

/*
 * Put somebody in front of @port who ends what comes from the server, with
 * status 0 if there was a place to cut.  Changes @port to his own.
 */
static pid_t
put_between(enum cut cut, bool server_connects, unsigned *port)
{
	struct middle m = { .cut = cut };
	unsigned own;
	int listener = listen_anywhere(&own);
	pid_t pid = fork();
	int near, far;

	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		near = accept_soon(listener);
		far = connect_to(*port);
		stand_between(&m, server_connects ? near : far,
		    server_connects ? far : near);
		_exit(EXIT_FAILURE);
	}
	close(listener);
	*port = own;
	return pid;
}

/* ---- the control session ------------------------------------------------ */

/* A reply, up to its last line, which is left in @line.  Returns its code. */
static int
hear(struct control *c, char *line, size_t size)
{
	char first[5] = "", *end;

	for (;;) {
		while ((end = memchr(c->text, '\n', c->len)) == NULL) {
			ssize_t n;

			ck_assert_uint_lt(c->len, sizeof(c->text));
			ck_assert_int_eq(starttls_session_set_deadline(
			    c->session, TIMEOUT_MS), 0);
			n = starttls_session_read(c->session,
			    c->text + c->len, sizeof(c->text) - c->len);
			ck_assert_msg(n > 0, "waiting for a reply: %s",
			    starttls_code_name((int)n));
			c->len += (size_t)n;
		}
		snprintf(line, size, "%.*s", (int)(end - c->text), c->text);
		c->len -= (size_t)(end + 1 - c->text);
		memmove(c->text, end + 1, c->len);
		if (first[0] == '\0')
			snprintf(first, sizeof(first), "%.3s ", line);
		if (strncmp(line, first, 4) == 0)
			return (int)strtol(first, NULL, 10);
	}
}

static void
expect(struct control *c, int code)
{
	char line[512];
	int got = hear(c, line, sizeof(line));

	ck_assert_msg(got == code, "not %d but %s", code, line);
}

static void __attribute__((format(printf, 2, 3)))
say(struct control *c, const char *format, ...)
{
	char line[256];
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	ck_assert_int_eq(starttls_session_set_deadline(c->session,
	    TIMEOUT_MS), 0);
	ck_assert_int_eq(starttls_session_write(c->session, line, (size_t)n),
	    n);
}

static struct starttls_policy *
make_policy(void)
{
	struct starttls_policy *policy;

	ck_assert_int_eq(starttls_policy_new(&policy, STARTTLS_CLIENT), 0);
	ck_assert_int_eq(starttls_policy_trust_file(policy, env("REAL_CA"),
	    NULL), 0);
	return policy;
}

/* Whether a session was resumed; all else has to be as it should. */
static bool
is_resumed(struct starttls_session *s)
{
	struct starttls_report report = { .size = sizeof(report) };

	ck_assert_int_eq(starttls_session_report(s, &report), 0);
	ck_assert_int_eq(report.verified, 1);
	ck_assert_str_eq(report.version, env("FTP_VERSION"));
	ck_assert_str_eq(report.host, "localhost");
	return report.resumed != 0;
}

/* Up to protected, binary transfers; returns whether it was resumed. */
static bool
log_in(struct control *c, struct starttls_policy *policy, bool is_implicit)
{
	struct starttls_error error;
	char url[64];

	memset(c, 0, sizeof(*c));
	snprintf(url, sizeof(url), "%s://localhost:%s",
	    is_implicit ? "ftps" : "ftp",
	    env(is_implicit ? "REAL_FTPS" : "REAL_FTP"));
	ck_assert_msg(starttls_open(&c->session, policy, url, TIMEOUT_MS,
	    NULL, &error) == 0, "%s: %s", url, error.message);
	if (is_implicit)
		expect(c, 220);
	say(c, "USER %s\r\n", env("FTP_USER"));
	expect(c, 331);
	say(c, "PASS s3cret-pass\r\n");
	expect(c, 230);
	say(c, "PBSZ 0\r\n");
	expect(c, 200);
	say(c, "PROT P\r\n");
	expect(c, 200);
	say(c, "TYPE I\r\n");
	expect(c, 200);
	if (!is_resumed(c->session))
		return false;
	printf("# control resumed\n");
	fflush(stdout);
	return true;
}

static void
log_out(struct control *c)
{
	say(c, "QUIT\r\n");
	expect(c, 221);
	starttls_session_free(c->session);
}

/* ---- data channels ------------------------------------------------------ */

/* The port in a reply to EPSV, "(|||1234|)", or to PASV, "(h,h,h,h,p,p)". */
static unsigned
port_of(const char *line, enum way way)
{
	const char *at = strchr(line, '(');
	uint64_t number = 0;
	char *end;
	int i;

	ck_assert_ptr_nonnull(at);
	if (way == EPSV) {
		ck_assert_int_eq(strncmp(at, "(|||", 4), 0);
		return (unsigned)strtoul(at + 4, NULL, 10);
	}
	for (i = 0; i < 6; i++, at = end)
		number = number << 8 | strtoul(at + 1, &end, 10);
	ck_assert_uint_eq(number >> 16 & 0xffffffff, INADDR_LOOPBACK);
	return number & 0xffff;
}

/* Agree on addresses; a passive channel is connected after this. */
static void
prepare(struct control *c, struct channel *ch, enum way way, enum cut cut)
{
	bool is_active = way == EPRT || way == PORT;
	unsigned port = 0;
	char line[512];

	*ch = (struct channel){ .way = way, .fd = -1, .listener = -1 };
	if (is_active) {
		ch->listener = listen_anywhere(&port);
	} else {
		say(c, way == EPSV ? "EPSV\r\n" : "PASV\r\n");
		ck_assert_int_eq(hear(c, line, sizeof(line)),
		    way == EPSV ? 229 : 227);
		port = port_of(line, way);
	}
	if (cut != CUT_NOWHERE)
		ch->middle = put_between(cut, is_active, &port);
	if (!is_active) {
		ch->fd = connect_to(port);
		return;
	}
	if (way == EPRT)
		say(c, "EPRT |1|127.0.0.1|%u|\r\n", port);
	else
		say(c, "PORT 127,0,0,1,%u,%u\r\n", port >> 8, port & 255);
	expect(c, 200);
}

/* Give the command; the channel is connected then, and without TLS. */
static void
command(struct control *c, struct channel *ch, const char *verb,
	const char *name)
{
	char line[512];
	int code;

	say(c, "%s %s\r\n", verb, name);
	code = hear(c, line, sizeof(line));
	ck_assert_msg(code == 150 || code == 125, "%s %s: %s", verb, name,
	    line);
	if (ch->listener < 0)
		return;
	ch->fd = accept_soon(ch->listener);
	close(ch->listener);
}

/* TLS, with an accepted descriptor by the caller's own poll(2). */
static void
secure(struct control *c, struct channel *ch, const char *verb)
{
	struct starttls_upgrade *u;
	struct starttls_error error;
	int rc;

	ck_assert_msg(starttls_upgrade_data(&u, c->session, ch->fd, NULL,
	    &error) == 0, "%s", error.message);
	if (ch->listener < 0)
		rc = starttls_upgrade_run(u, TIMEOUT_MS, &error);
	else while ((rc = starttls_upgrade_step(u, &error)) ==
	    STARTTLS_WANT_READ || rc == STARTTLS_WANT_WRITE) {
		struct pollfd one = { ch->fd, rc == STARTTLS_WANT_WRITE ?
		    POLLOUT : POLLIN, 0 };

		ck_assert_int_eq(poll(&one, 1, TIMEOUT_MS), 1);
	}
	ck_assert_msg(rc == 0, "%s: %s", verb, error.message);
	ch->session = starttls_upgrade_take(u);
	ck_assert_ptr_nonnull(ch->session);
	ck_assert_msg(is_resumed(ch->session), "%s: not resumed", verb);
	printf("# data %s resumed\n", verb);
	fflush(stdout);
	ck_assert_int_eq(starttls_session_set_deadline(ch->session,
	    TIMEOUT_MS), 0);
}

static void
hang_up(struct channel *ch)
{
	starttls_session_free(ch->session);
	ck_assert_int_eq(close(ch->fd), 0);
}

/* ---- transfers ---------------------------------------------------------- */

/* What a file has in it, never the same for two of them. */
static void
fill(unsigned char *data, size_t len, unsigned seed)
{
	uint32_t x = seed * 2654435761u + 1;
	size_t i;

	for (i = 0; i < len; i++) {
		x = x * 1664525u + 1013904223u;
		data[i] = (unsigned char)(x >> 24);
	}
}

static void
upload(struct control *c, enum way way, const char *name,
       const unsigned char *data, size_t len)
{
	struct channel ch;
	int rc;

	prepare(c, &ch, way, CUT_NOWHERE);
	command(c, &ch, "STOR", name);
	secure(c, &ch, "STOR");
	ck_assert_int_eq(starttls_session_write(ch.session, data, len),
	    (ssize_t)len);
	rc = starttls_session_close(ch.session);
	ck_assert_msg(rc == 0, "the end of an upload: %s",
	    starttls_code_name(rc));
	hang_up(&ch);
	expect(c, 226);
}

/* What came until the end, and how that was, 0 or a code. */
static ssize_t
read_all(struct channel *ch, unsigned char *data, size_t size, size_t *ret_len)
{
	ssize_t n;

	*ret_len = 0;
	while ((n = starttls_session_read(ch->session, data + *ret_len,
	    size - *ret_len)) > 0) {
		*ret_len += (size_t)n;
		ck_assert_uint_lt(*ret_len, size);
	}
	return n;
}

static size_t
download(struct control *c, enum way way, const char *verb, const char *name,
	 unsigned char *data, size_t size)
{
	struct channel ch;
	size_t len;
	ssize_t n;

	prepare(c, &ch, way, CUT_NOWHERE);
	command(c, &ch, verb, name);
	secure(c, &ch, verb);
	n = read_all(&ch, data, size, &len);
	ck_assert_msg(n == 0, "%s %s: %s after %zu bytes", verb, name,
	    starttls_code_name((int)n), len);
	ck_assert_int_eq(starttls_session_close(ch.session), 0);
	hang_up(&ch);
	expect(c, 226);
	return len;
}

static void
compare(struct control *c, enum way way, const char *name,
	const unsigned char *data, size_t len)
{
	unsigned char *got = malloc(LARGE + 1);

	ck_assert_ptr_nonnull(got);
	ck_assert_uint_eq(download(c, way, "RETR", name, got, LARGE + 1), len);
	ck_assert_int_eq(memcmp(got, data, len), 0);
	free(got);
}

/*
 * Up, down, and in the listings: ten data channels.  ProFTPD gives no ticket on
 * one that it only reads from, so there are many of those in a row.
 */
static void
exercise(struct control *c, enum way way, unsigned seed)
{
	static const struct {
		const char *name;
		size_t len;
	} files[] = {
		{ "incoming/file-0", 0 }, { "incoming/file-1", 1 },
		{ "incoming/file-2", 20000 }, { "incoming/file-3", LARGE }
	};
	unsigned char *data = malloc(LARGE);
	char text[4096];
	size_t i, len;

	ck_assert_ptr_nonnull(data);
	fill(data, LARGE, seed);
	for (i = 0; i < 4; i++)
		upload(c, way, files[i].name, data, files[i].len);
	for (i = 0; i < 4; i++)
		compare(c, way, files[i].name, data, files[i].len);
	len = download(c, way, "LIST", "incoming", (unsigned char *)text,
	    sizeof(text) - 1);
	text[len] = '\0';
	ck_assert_msg(strstr(text, " 1000003 ") != NULL &&
	    strstr(text, " file-3\r\n") != NULL, "LIST: %s", text);
	len = download(c, way, "NLST", "incoming", (unsigned char *)text,
	    sizeof(text) - 1);
	text[len] = '\0';
	ck_assert_msg(strstr(text, "file-3\r\n") != NULL, "NLST: %s", text);
	free(data);
}

/* ---- the tests ---------------------------------------------------------- */

/* Also in a second control session, which has resumed the first. */
START_TEST(test_ftp_transfers)
{
	bool resumes = strcmp(env("FTP_RESUMES"), "yes") == 0;
	struct starttls_policy *policy = make_policy();
	bool is_implicit = _i >= WAYS;
	enum way way = is_implicit ? some[_i - WAYS] : (enum way)_i;
	struct control c;
	unsigned i;

	for (i = 0; i < 2; i++) {
		bool resumed = log_in(&c, policy, is_implicit);

		ck_assert_msg(resumed == (resumes && i > 0),
		    "control session %u: resumed %d", i, resumed);
		exercise(&c, way, 2 * (unsigned)_i + i);
		log_out(&c);
	}
	starttls_policy_unref(policy);
}
END_TEST

/* A chain of control sessions, each of which resumes the one before it. */
START_TEST(test_ftp_many_control_sessions)
{
	bool resumes = strcmp(env("FTP_RESUMES"), "yes") == 0;
	struct starttls_policy *policy = make_policy();
	unsigned char data[1000];
	struct control c;
	unsigned i;

	for (i = 0; i < 4; i++) {
		ck_assert_int_eq(log_in(&c, policy, false), resumes && i > 0);
		fill(data, sizeof(data), i);
		upload(&c, EPSV, "incoming/one", data, sizeof(data));
		compare(&c, EPSV, "incoming/one", data, sizeof(data));
		log_out(&c);
	}
	starttls_policy_unref(policy);
}
END_TEST

/* Two control sessions of one policy do not mix up their data channels. */
START_TEST(test_ftp_control_sessions_side_by_side)
{
	struct starttls_policy *policy = make_policy();
	unsigned char a[1000], b[1000];
	struct control one, other;
	enum way way = some[_i];
	unsigned i;

	log_in(&one, policy, false);
	log_in(&other, policy, false);
	for (i = 0; i < 3; i++) {
		fill(a, sizeof(a), 2 * i);
		fill(b, sizeof(b), 2 * i + 1);
		upload(&one, way, "incoming/a", a, sizeof(a));
		upload(&other, way, "incoming/b", b, sizeof(b));
		compare(&one, way, "incoming/b", b, sizeof(b));
		compare(&other, way, "incoming/a", a, sizeof(a));
	}
	log_out(&one);
	log_out(&other);
	starttls_policy_unref(policy);
}
END_TEST

/* Whatever is missing, the file is not taken for whole; then all goes on. */
START_TEST(test_ftp_a_download_cut_short)
{
	struct starttls_policy *policy = make_policy();
	enum cut cut = (enum cut)(_i / SOME + 1);
	enum way way = some[_i % SOME];
	unsigned char *data = malloc(LARGE), *got = malloc(LARGE + 1);
	struct starttls_error error;
	struct channel ch;
	struct control c;
	char line[512];
	int status, code;
	size_t len;

	ck_assert_ptr_nonnull(data);
	ck_assert_ptr_nonnull(got);
	fill(data, LARGE, (unsigned)_i);
	log_in(&c, policy, false);
	upload(&c, way, "incoming/cut", data, LARGE);
	prepare(&c, &ch, way, cut);
	command(&c, &ch, "RETR", "incoming/cut");
	secure(&c, &ch, "RETR");
	ck_assert_int_eq(read_all(&ch, got, LARGE + 1, &len),
	    STARTTLS_E_TRUNCATED);
	ck_assert_int_eq(starttls_session_error(ch.session, &error),
	    STARTTLS_E_TRUNCATED);
	ck_assert_int_eq(error.error_class, STARTTLS_CLASS_CLOSED);
	ck_assert_int_eq(starttls_session_close(ch.session),
	    STARTTLS_E_TRUNCATED);
	hang_up(&ch);
	ck_assert_int_eq(waitpid(ch.middle, &status, 0), ch.middle);
	ck_assert_int_eq(status, EXIT_SUCCESS);
	if (cut == CUT_BEFORE_CLOSE_NOTIFY)
		ck_assert_uint_eq(len, LARGE);
	else
		ck_assert_uint_lt(len, 2 * ENOUGH);
	ck_assert_int_eq(memcmp(got, data, len), 0);

	code = hear(&c, line, sizeof(line));
	printf("# cut %d: %s\n", (int)cut, line);
	fflush(stdout);
	/* the server may think that all is well, or know that it is not */
	ck_assert_msg(code == 226 || code / 100 == 4 || code / 100 == 5, "%s",
	    line);
	compare(&c, way, "incoming/cut", data, LARGE);
	log_out(&c);
	free(data);
	free(got);
	starttls_policy_unref(policy);
}
END_TEST

/* The server means it: a data channel that is not resumed is refused. */
START_TEST(test_ftp_a_full_handshake_is_refused)
{
	struct starttls_policy *policy = make_policy(), *other = make_policy();
	struct starttls_upgrade *u;
	struct starttls_error error;
	struct channel ch;
	struct control c;
	char line[512];
	int code, rc;

	log_in(&c, policy, false);
	prepare(&c, &ch, some[_i], CUT_NOWHERE);
	command(&c, &ch, "LIST", "incoming");
	ck_assert_int_eq(starttls_upgrade_new(&u, other,
	    starttls_protocol_find("ftp"), STARTTLS_HANDSHAKE, "localhost",
	    ch.fd, NULL, &error), 0);
	rc = starttls_upgrade_run(u, TIMEOUT_MS, &error);
	if (rc == 0) {
		ch.session = starttls_upgrade_take(u);
		ck_assert(!is_resumed(ch.session));
		ck_assert_int_eq(starttls_session_set_deadline(ch.session,
		    TIMEOUT_MS), 0);
		(void)!starttls_session_read(ch.session, line, 1);
	} else {
		starttls_upgrade_free(u);
	}
	hang_up(&ch);
	code = hear(&c, line, sizeof(line));
	printf("# refused: %s\n", line);
	fflush(stdout);
	if (code == 425) {         /* and one that is resumed is not */
		exercise(&c, some[_i], (unsigned)_i);
		log_out(&c);
	} else {                   /* vsftpd leaves, without close_notify */
		ck_assert_msg(code == 522, "%s", line);
		ck_assert_int_eq(starttls_session_read(c.session, line, 1),
		    STARTTLS_E_TRUNCATED);
		starttls_session_free(c.session);
	}
	starttls_policy_unref(policy);
	starttls_policy_unref(other);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("ftp");
	TCase *control = tcase_create("control");
	TCase *tcase = tcase_create("data");
	SRunner *runner;
	int failed;

	if (getenv("FTP_VERSION") == NULL) {
		fprintf(stderr, "check_ftp: run it by "
		    "tests/real/ftp-data.test\n");
		return EXIT_FAILURE;
	}
	tcase_set_timeout(tcase, 60);
	tcase_add_loop_test(tcase, test_ftp_transfers, 0, WAYS + SOME);
	tcase_add_loop_test(tcase, test_ftp_control_sessions_side_by_side, 0,
	    SOME);
	tcase_add_loop_test(tcase, test_ftp_a_download_cut_short, 0,
	    (CUTS - 1) * SOME);
	tcase_add_loop_test(tcase, test_ftp_a_full_handshake_is_refused, 0,
	    SOME);
	suite_add_tcase(suite, tcase);
	tcase_set_timeout(control, 60);
	tcase_add_test(control, test_ftp_many_control_sessions);
	suite_add_tcase(suite, control);
	runner = srunner_create(suite);
	srunner_set_tap(runner, "-");
	srunner_run_all(runner, CK_SILENT);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
