/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * Commands and cleartext servers behind serve.
 *
 * A command leads a process group of its own.  It is not waited for before
 * its conversation is over, so that its number stays its own as long as it may
 * have to be signalled.  If the conversation is cut off, the command gets
 * SIGTERM, a second later SIGKILL, and until it has gone its input does not
 * end: it cannot take what it has for the whole.
 */

#include "config.h"

#include "backend.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "compat.h"
#include "loop/descriptors.h"

#define FACTS 8
#define MAX_GREETING 4096

struct child {
	struct backends *backends;
	struct child *next;
	pid_t pid;
	int fd;                    /* -1: closed */
	struct timer timer;        /* to SIGKILL */
};

/* ---- commands ---- */

static bool
add_fact(char **facts, size_t *count, const char *name, const char *value)
{
	if (asprintf(&facts[*count], "STARTTLS_%s=%s", name, value) < 0)
		return false;
	(*count)++;
	return true;
}

static bool
list_facts(const struct facts *f, char **facts, size_t *count)
{
	return add_fact(facts, count, "PROTOCOL", f->report->protocol) &&
	    add_fact(facts, count, "SCHEME", f->scheme) &&
	    add_fact(facts, count, "VERSION", f->report->version) &&
	    add_fact(facts, count, "CIPHER_SUITE", f->report->cipher_suite) &&
	    add_fact(facts, count, "PEER_ADDRESS", f->address) &&
	    (f->cert == NULL ||
	    (add_fact(facts, count, "PEER_SUBJECT", f->cert->subject) &&
	    add_fact(facts, count, "PEER_PIN", f->cert->pin)));
}

/* Our environment, in which nobody else speaks for us, and the facts. */
static char **
make_environment(char *const *facts, size_t fact_count)
{
	size_t i, count = 0;
	char **made;

	while (environ[count] != NULL)
		count++;
	made = calloc(count + fact_count + 1, sizeof(*made));
	if (made == NULL)
		return NULL;
	count = 0;
	for (i = 0; environ[i] != NULL; i++)
		if (strncmp(environ[i], "STARTTLS_", 9) != 0)
			made[count++] = environ[i];
	for (i = 0; i < fact_count; i++)
		made[count++] = facts[i];
	return made;
}

/* Default signals, none blocked, a group of its own, @fd as 0 and 1. */
static int
spawn(char **command, char **environment, int fd, pid_t *ret_pid)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	sigset_t all, none;
	int rc;

	rc = posix_spawn_file_actions_init(&actions);
	if (rc != 0)
		return rc;
	rc = posix_spawnattr_init(&attr);
	if (rc != 0) {
		posix_spawn_file_actions_destroy(&actions);
		return rc;
	}
	sigfillset(&all);
	sigemptyset(&none);
	posix_spawnattr_setsigdefault(&attr, &all);
	posix_spawnattr_setsigmask(&attr, &none);
	posix_spawnattr_setpgroup(&attr, 0);
	rc = posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGDEF |
	    POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP);
	if (rc == 0)
		rc = posix_spawn_file_actions_adddup2(&actions, fd, 0);
	if (rc == 0)
		rc = posix_spawn_file_actions_adddup2(&actions, fd, 1);
	if (rc == 0)
		rc = posix_spawnp(ret_pid, command[0], &actions, &attr,
		    command, environment);
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&actions);
	return rc;
}

/* With the limit that we were started with: not all programs can cope with
   descriptors beyond 1023. */
static int
spawn_limited(struct backends *b, char **environment, int fd, pid_t *ret_pid)
{
	struct rlimit raised;
	bool lower = getrlimit(RLIMIT_NOFILE, &raised) == 0 &&
	    setrlimit(RLIMIT_NOFILE, &b->front->files) == 0;
	int rc = spawn(b->command, environment, fd, ret_pid);

	if (lower)
		setrlimit(RLIMIT_NOFILE, &raised);
	return rc;
}

static int
start_command(struct backends *b, const struct facts *f, struct backend *be)
{
	char *facts[FACTS], **environment = NULL;
	size_t count = 0, i;
	int pair[2], rc = ENOMEM;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
		return errno;
	if (list_facts(f, facts, &count))
		environment = make_environment(facts, count);
	if (environment != NULL)
		rc = spawn_limited(b, environment, pair[1], &be->pid);
	for (i = 0; i < count; i++)
		free(facts[i]);
	free(environment);
	close(pair[1]);
	if (rc != 0) {
		close(pair[0]);
		return rc;
	}
	fcntl(pair[0], F_SETFL, O_NONBLOCK);
	be->fd = pair[0];
	return 0;
}

static int
start_connecting(struct backends *b, struct backend *be)
{
	int fd = socket(b->to->ai_family,
	    SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), saved;

	if (fd < 0)
		return errno;
	be->pid = 0;
	keep_alive(fd);
	if (connect(fd, b->to->ai_addr, b->to->ai_addrlen) != 0 &&
	    errno != EINPROGRESS && errno != EINTR) {
		saved = errno;
		close(fd);
		return saved;
	}
	be->fd = fd;
	return 0;
}

static int
start_any(struct backends *b, const struct facts *f, struct backend *be)
{
	return b->command != NULL ? start_command(b, f, be) :
	    start_connecting(b, be);
}

int
backend_start(struct backends *b, const struct facts *f,
	      struct backend *ret_backend)
{
	struct backend be = { .fd = -1 };
	int rc = start_any(b, f, &be);

	if ((rc == EMFILE || rc == ENFILE) && front_make_room(b->front))
		rc = start_any(b, f, &be);
	if (rc != 0)
		return rc;
	b->running++;
	*ret_backend = be;
	return 0;
}

/* ---- servers ---- */

int
backend_connected(const struct backend *be)
{
	int number = 0;
	socklen_t len = sizeof(number);

	if (getsockopt(be->fd, SOL_SOCKET, SO_ERROR, &number, &len) != 0)
		return errno;
	return number;
}

/*
 * Whether a greeting says yes: where a greeting and a goodbye of the protocol
 * begin to differ ("220" and "421", "+OK" and "-ERR"), it is a greeting.  If
 * they begin alike ("* OK" and "* BYE"), all but a goodbye is welcome, as
 * "* PREAUTH".
 */
static bool
is_welcome(const struct starttls_protocol *protocol, const char *line)
{
	const char *yes = starttls_protocol_greeting(protocol);
	const char *no = starttls_protocol_goodbye(protocol);
	size_t i = 0;

	while (yes[i] != '\0' && yes[i] == no[i])
		i++;
	return strncmp(line, yes, i) == 0 &&
	    (line[i] == yes[i] || (i > 0 && line[i] != no[i]));
}

/* One more byte.  True if it is the last one of the greeting. */
static bool
take_byte(struct greeting *g, char byte)
{
	g->total++;
	if (byte != '\n') {
		if (g->column < sizeof(g->line) - 1)
			g->line[g->column] = byte;
		g->column++;
		return false;
	}
	g->is_welcome = is_welcome(g->protocol, g->line);
	g->column = 0;
	if (g->line[3] == '-')
		memset(g->line, 0, sizeof(g->line));
	return g->line[0] != '\0';
}

int
backend_greeting(const struct backend *be, struct greeting *g,
		 const char **ret_why)
{
	char data[MAX_GREETING];
	ssize_t n, i = 0;
	bool done = false;

	/* looked at first, as what stands behind it is for the client */
	n = recv(be->fd, data, sizeof(data) - g->total,
	    MSG_PEEK | MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 1;
	*ret_why = "the backend hung up before it greeted";
	if (n <= 0)
		return -1;
	while (i < n && !done)
		done = take_byte(g, data[i++]);
	if (recv(be->fd, data, (size_t)i, MSG_DONTWAIT) != i)
		return -1;
	*ret_why = "the backend's greeting is too long";
	if (!done)
		return g->total < MAX_GREETING ? 1 : -1;
	*ret_why = "the backend turned us away";
	return g->is_welcome ? 0 : -1;
}

/* ---- the end ---- */

static void
free_slot(struct backends *b)
{
	b->running--;
	b->vacant(b->context);
}

static void
kill_child(void *context)
{
	struct child *c = context;

	kill(-c->pid, SIGKILL);
}

static bool
has_ended(pid_t pid)
{
	pid_t rc = waitpid(pid, NULL, WNOHANG);

	return rc == pid || (rc < 0 && errno == ECHILD);
}

static void
end_command(struct backends *b, struct backend *be, bool cut)
{
	struct child *c;

	if (cut)
		kill(-be->pid, SIGTERM);
	else
		close(be->fd);
	c = calloc(1, sizeof(*c));
	if (c == NULL) {           /* then without grace */
		kill(-be->pid, SIGKILL);
		if (cut)
			close(be->fd);
		waitpid(be->pid, NULL, 0);
		free_slot(b);
		return;
	}
	c->backends = b;
	c->pid = be->pid;
	c->fd = cut ? be->fd : -1;
	c->timer = (struct timer){ .late = kill_child, .context = c };
	c->next = b->children;
	b->children = c;
	if (cut)
		loop_set_timer(&b->front->moments, &c->timer);
	else
		backends_reap(b);
}

void
backend_end(struct backends *b, struct backend *be, bool cut)
{
	struct linger now = { .l_onoff = 1, .l_linger = 0 };

	if (be->fd < 0)
		return;
	if (be->pid != 0) {
		end_command(b, be, cut);
	} else {
		if (cut)
			setsockopt(be->fd, SOL_SOCKET, SO_LINGER, &now,
			    sizeof(now));
		close(be->fd);
		free_slot(b);
	}
	be->fd = -1;
}

static void
free_child(struct child *c)
{
	loop_clear_timer(&c->timer);
	if (c->fd >= 0)
		close(c->fd);
	free(c);
}

void
backends_reap(struct backends *b)
{
	struct child **link = &b->children, *c;
	size_t ended = 0;

	while ((c = *link) != NULL) {
		if (!has_ended(c->pid)) {
			link = &c->next;
			continue;
		}
		*link = c->next;
		free_child(c);
		ended++;
	}
	/* only now, as it may start others, and end them */
	for (; ended > 0; ended--)
		free_slot(b);
}

void
backends_done(struct backends *b)
{
	struct child *c;

	while ((c = b->children) != NULL) {
		b->children = c->next;
		if (c->fd >= 0) {  /* others may finish what they do */
			kill(-c->pid, SIGKILL);
			waitpid(c->pid, NULL, 0);
		}
		free_child(c);
	}
	if (b->to != NULL)
		freeaddrinfo(b->to);
}
