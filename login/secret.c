/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * Passwords and tokens.
 *
 * Each is read into memory that is allocated once, at its full size, so that
 * no copy stays behind in memory that was given back; and is wiped in the end.
 * A file that others can read is refused, as ssh does with keys.
 */

#include "config.h"

#include "secret.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "compat.h"
#include "loop/clock.h"

#define MAX_OUTPUT 65536           /* of a command, most of it ignored */

struct complaint {
	char *text;
	size_t size;
};

static int
say_why(struct complaint *why, int status, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static int
say_why(struct complaint *why, int status, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(why->text, why->size, format, args);
	va_end(args);
	return status;
}

static int
allocate(struct secret *s, size_t max, struct complaint *why)
{
	s->size = max + 1;
	s->text = calloc(1, s->size);
	return s->text != NULL ? 0 :
	    say_why(why, STARTTLS_E_SYSTEM, "out of memory");
}

void
secret_done(struct secret *secret)
{
	if (secret->text != NULL)
		explicit_bzero(secret->text, secret->size);
	free(secret->text);
	secret->text = NULL;
	secret->size = 0;
}

static bool
wait_readable(int fd, int64_t deadline_us)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };
	int64_t left;
	int n;

	do {
		left = (deadline_us - loop_now_us() + 999) / 1000;
		n = left <= 0 ? 0 : poll(&poll_fd, 1, (int)left);
	} while (n < 0 && errno == EINTR);
	return n > 0;
}

/*
 * Read into a secret until it is full, the input ends or, if @one_line, a line
 * does; in pieces of @step bytes.  What does not fit is dropped if @drop, up
 * to a limit, as a command that cannot write would fail.
 */
static int
read_from(int fd, struct secret *s, size_t step, bool one_line, bool drop,
	  int64_t deadline_us, struct complaint *why)
{
	char waste[1024];
	size_t len = 0, room, dropped = 0;
	ssize_t n;

	for (;;) {
		room = s->size - 1 - len;
		if (room == 0 && (!drop || dropped > MAX_OUTPUT))
			return 0;
		if (!wait_readable(fd, deadline_us))
			return say_why(why, STARTTLS_E_SYSTEM,
			    "the deadline passed before it was read");
		n = room > 0 ? read(fd, s->text + len, step < room ? step :
		    room) : read(fd, waste, sizeof(waste));
		if (n < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (n <= 0)
			break;
		if (room == 0)
			dropped += (size_t)n;
		else if (one_line && memchr(s->text + len, '\n', (size_t)n) !=
		    NULL)
			return 0;
		else
			len += (size_t)n;
	}
	explicit_bzero(waste, sizeof(waste));
	return n == 0 ? 0 :
	    say_why(why, STARTTLS_E_INVALID, "%s", strerror(errno));
}

/* Nothing but the first line, and that is there and not cut off. */
static int
keep_line(struct secret *s, struct complaint *why)
{
	char *end = memchr(s->text, '\n', s->size - 1);
	size_t len;

	if (end == NULL && s->text[s->size - 2] != '\0')
		return say_why(why, STARTTLS_E_INVALID, "the line is too long");
	if (end == NULL)
		end = s->text + strlen(s->text);
	explicit_bzero(end, s->size - (size_t)(end - s->text));
	len = (size_t)(end - s->text);
	if (strlen(s->text) != len)
		return say_why(why, STARTTLS_E_INVALID,
		    "the line has a NUL in it");
	if (len > 0 && s->text[len - 1] == '\r')
		s->text[len - 1] = '\0';
	return s->text[0] != '\0' ? 0 :
	    say_why(why, STARTTLS_E_INVALID, "the first line is empty");
}

/* What a service manager gives to one service alone: an access list says so, which
   looks like a right of the group's in the mode (systemd.exec(5)). */
static bool
is_credential(const char *path, const struct stat *st)
{
	const char *folder = getenv("CREDENTIALS_DIRECTORY");
	size_t len = folder == NULL ? 0 : strlen(folder);

	return len > 0 && strncmp(path, folder, len) == 0 &&
	    path[len] == '/' && st->st_uid == 0 && st->st_gid == 0 &&
	    (st->st_mode & 0777) == 0440;
}

/* A file that belongs to somebody else is for its owner to protect. */
static int
open_file(const char *path, struct complaint *why)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

	if (fd < 0 || fstat(fd, &st) != 0) {
		say_why(why, 0, "%s", strerror(errno));
	} else if (S_ISDIR(st.st_mode)) {
		say_why(why, 0, "it is a directory");
	} else if (S_ISREG(st.st_mode) && (st.st_mode & 077) != 0 &&
	    !is_credential(path, &st)) {
		say_why(why, 0, "others can use it (mode %03o): chmod 600",
		    (unsigned)st.st_mode & 0777);
	} else {
		return fd;
	}
	if (fd >= 0)
		close(fd);
	return -1;
}

int
secret_read_file(struct secret *ret_secret, const char *path, size_t max,
		 int64_t deadline_us, char *text, size_t size)
{
	struct complaint why = { text, size };
	int rc, fd = open_file(path, &why);

	if (fd < 0)
		return STARTTLS_E_INVALID;
	rc = allocate(ret_secret, max + 1, &why);
	if (rc == 0)
		rc = read_from(fd, ret_secret, max, false, false, deadline_us,
		    &why);
	close(fd);
	if (rc == 0 && ret_secret->text[max] != '\0')
		rc = say_why(&why, STARTTLS_E_INVALID, "it is too long");
	if (rc != 0)
		secret_done(ret_secret);
	return rc;
}

static int
read_line_of(const char *path, struct secret *s, int64_t deadline_us,
	     struct complaint *why)
{
	int rc, fd = open_file(path, why);

	if (fd < 0)
		return STARTTLS_E_INVALID;
	rc = read_from(fd, s, SECRET_MAX, true, false, deadline_us, why);
	close(fd);
	return rc;
}

/* Byte by byte: what comes behind the line is somebody else's. */
static int
read_fd(const char *number, struct secret *s, int64_t deadline_us,
	struct complaint *why)
{
	int rc, fd = (int)strtol(number, NULL, 10);

	if (fcntl(fd, F_GETFD) < 0)
		return say_why(why, STARTTLS_E_INVALID, "it is not open");
	rc = read_from(fd, s, 1, true, false, deadline_us, why);
	if (fd > STDERR_FILENO)
		close(fd);
	return rc;
}

/* The commands that we start, and those who look at us, see it no more. */
static int
read_variable(const char *name, struct secret *s, struct complaint *why)
{
	char *value = getenv(name);
	size_t len = value == NULL ? 0 : strlen(value);

	if (value == NULL)
		return say_why(why, STARTTLS_E_INVALID, "it is not set");
	if (len > SECRET_MAX)
		return say_why(why, STARTTLS_E_INVALID, "it is too long");
	memcpy(s->text, value, len);
	explicit_bzero(value, len);
	unsetenv(name);
	return 0;
}

/* In a group of its own, to end all of it; but where there is a terminal, it
   has to stay in front to ask there. */
static bool
has_terminal(void)
{
	int fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static pid_t
start_command(const char *command, bool own_group, int *ret_fd)
{
	int ends[2], null;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) != 0)
		return -1;
	pid = fork();
	if (pid == 0) {
		null = open("/dev/null", O_RDONLY | O_CLOEXEC);
		if (own_group)
			setpgid(0, 0);
		signal(SIGPIPE, SIG_DFL);
		if (null >= 0 && dup2(null, STDIN_FILENO) >= 0 &&
		    dup2(ends[1], STDOUT_FILENO) >= 0)
			execl("/bin/sh", "sh", "-c", command, (char *)NULL);
		_exit(127);
	}
	close(ends[1]);
	if (pid < 0) {
		close(ends[0]);
		return -1;
	}
	*ret_fd = ends[0];
	return pid;
}

/* Its status as waitpid gives it, or -1 if it had to be killed. */
static int
reap(pid_t pid, bool own_group, int64_t deadline_us)
{
	const struct timespec pause = { .tv_nsec = 2000000 };
	int status = 0;
	pid_t done;

	while ((done = waitpid(pid, &status, WNOHANG)) == 0 &&
	    loop_now_us() < deadline_us)
		nanosleep(&pause, NULL);
	if (done == pid)
		return status;
	kill(own_group ? -pid : pid, SIGKILL);
	waitpid(pid, &status, 0);
	return -1;
}

static int
read_command(const char *command, struct secret *s, int64_t deadline_us,
	     struct complaint *why)
{
	bool own_group = !has_terminal();
	int rc, status, fd = -1;
	pid_t pid = start_command(command, own_group, &fd);

	if (pid < 0)
		return say_why(why, STARTTLS_E_SYSTEM, "%s", strerror(errno));
	rc = read_from(fd, s, SECRET_MAX, false, true, deadline_us, why);
	close(fd);
	status = reap(pid, own_group, rc == 0 ? deadline_us : 0);
	if (rc != 0)
		return rc;
	if (status == -1)
		return say_why(why, STARTTLS_E_SYSTEM,
		    "the deadline passed before it ended");
	if (WIFSIGNALED(status))
		return say_why(why, STARTTLS_E_SYSTEM,
		    "it was killed by signal %d",
		    WTERMSIG(status));
	return WEXITSTATUS(status) == 0 ? 0 : say_why(why, STARTTLS_E_SYSTEM,
	    "it failed with status %d", WEXITSTATUS(status));
}

int
secret_read(struct secret *ret_secret, enum secret_source source,
	    const char *argument, int64_t deadline_us, char *text, size_t size)
{
	struct complaint why = { text, size };
	struct secret *s = ret_secret;
	int rc = allocate(s, SECRET_MAX, &why);

	if (rc != 0)
		return rc;
	switch (source) {
	case SECRET_NONE:
		break;
	case SECRET_FILE:
		rc = read_line_of(argument, s, deadline_us, &why);
		break;
	case SECRET_COMMAND:
		rc = read_command(argument, s, deadline_us, &why);
		break;
	case SECRET_FD:
		rc = read_fd(argument, s, deadline_us, &why);
		break;
	case SECRET_ENV:
		rc = read_variable(argument, s, &why);
		break;
	}
	if (rc == 0)
		rc = keep_line(s, &why);
	if (rc != 0)
		secret_done(s);
	return rc;
}
