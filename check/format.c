/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * Which format, and where it goes.
 *
 * What goes to a file is kept until it is complete, and then takes the place of
 * the file in one step: nobody ever reads half of it, and if anything goes
 * wrong the former one is still there.
 */

#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "format.h"
#include "words/show.h"
#include "words/status.h"

static const struct format *const formats[] = {
	&format_human, &format_json, &format_nagios, &format_prometheus,
	&format_file_sd,
};

const struct format *
format_at(size_t index)
{
	return index < sizeof(formats) / sizeof(formats[0]) ? formats[index] :
	    NULL;
}

const struct format *
format_find(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
		if (strcmp(formats[i]->name, name) == 0)
			return formats[i];
	return NULL;
}

enum result_detail
format_detail(const struct format_settings *settings)
{
	return settings->format->detail == DETAIL_NONE &&
	    needs_lifetime(&settings->limits) ? DETAIL_OWN :
	    settings->format->detail;
}

bool
format_wants_colour(void)
{
	const char *no = getenv("NO_COLOR"), *term = getenv("TERM");

	return isatty(STDOUT_FILENO) != 0 && (no == NULL || no[0] == '\0') &&
	    (term == NULL || strcmp(term, "dumb") != 0);
}

/* One line, and the exit status. */
static int
local_failure(const struct format_run *run, const char *message)
{
	if (run->format->plugin)
		return plugin_unknown(message);
	fprintf(stderr, "starttls: %s\n", message);
	return EXIT_LOCAL;
}

static int
cannot_write(const struct format_run *run, const char *why)
{
	char shown[200], text[400];

	snprintf(text, sizeof(text), "--output: cannot write %s: %s",
	    show_typed(shown, sizeof(shown), run->settings->output), why);
	return local_failure(run, text);
}

/* Said before anybody is connected to, rather than when all is done.  Only
   regular files are replaced: root must not lose /dev/null that way. */
static int
check_output(const struct format_run *run)
{
	const char *file = run->settings->output;
	const char *slash = strrchr(file, '/');
	struct stat st;
	char *folder;
	int rc;

	/* what a link leads to is not replaced, and may be anything by then */
	if (lstat(file, &st) == 0 && !S_ISREG(st.st_mode))
		return cannot_write(run, S_ISLNK(st.st_mode) ?
		    "it is a link" : "it is no regular file");
	folder = slash == NULL ? strdup(".") : slash == file ? strdup("/") :
	    strndup(file, (size_t)(slash - file));
	if (folder == NULL)
		return cannot_write(run, strerror(ENOMEM));
	rc = access(folder, W_OK | X_OK) == 0 ? 0 : errno;
	free(folder);
	return rc == 0 ? 0 : cannot_write(run, strerror(rc));
}

int
format_open(struct format_run *run, const struct format_settings *settings)
{
	int status;

	memset(run, 0, sizeof(*run));
	run->settings = settings;
	run->format = settings->format;
	run->out = stdout;
	if (settings->output != NULL) {
		status = check_output(run);
		if (status != 0)
			return status;
		run->out = open_memstream(&run->buffer, &run->len);
		if (run->out == NULL)
			return cannot_write(run, strerror(errno));
	} else {
		run->colour = format_wants_colour();
	}
	if (run->format->begin == NULL || run->format->begin(run))
		return 0;
	return format_close(run);
}

/* The first failure; or else the worst limit that was passed. */
static int
more_telling(int before, int now)
{
	const bool had_failed = before != 0 && before < EXIT_WARNING;
	const bool fails = now != 0 && now < EXIT_WARNING;

	return had_failed || (!fails && before > now) ? before : now;
}

void
format_add(struct format_run *run, const struct result *r)
{
	const enum severity severity = r->status != 0 ? SEVERITY_NONE :
	    limits_judge(&run->settings->limits, r);

	run->count++;
	run->failed += r->status != 0;
	if (severity != SEVERITY_NONE)
		run->beyond[severity == SEVERITY_CRITICAL]++;
	if (!run->format->plugin)
		run->status = more_telling(run->status, r->status != 0 ?
		    r->status : severity_status(severity));
	/* a plugin counts the others, too */
	if (run->settings->only_problems && !run->format->plugin &&
	    r->status == 0 && severity == SEVERITY_NONE)
		return;
	if (!run->format->add(run, r))
		run->incomplete = true;
}

/* A name of its own in the same folder, which collectors of *.prom do not
   mistake for a result.  Returns a descriptor, or -1 with errno. */
static int
open_temporary(char *name, size_t size, const char *file)
{
	int fd = -1, i;

	for (i = 0; fd < 0 && i < 100; i++) {
		if (snprintf(name, size, "%s.%ld.%d.tmp", file,
		    (long)getpid(), i) >= (int)size) {
			errno = ENAMETOOLONG;
			return -1;
		}
		fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
		    0644);
		if (fd < 0 && errno != EEXIST)
			return -1;
	}
	return fd;
}

static bool
write_all(int fd, const char *data, size_t len)
{
	ssize_t n;

	while (len > 0) {
		n = write(fd, data, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return false;
		data += n;
		len -= (size_t)n;
	}
	return true;
}

static int
replace_file(const struct format_run *run)
{
	const char *file = run->settings->output;
	char name[4096];
	int fd, rc = 0;

	/* a limit of the size is to be an error, not the end */
	signal(SIGXFSZ, SIG_IGN);
	fd = open_temporary(name, sizeof(name), file);
	if (fd < 0)
		return cannot_write(run, strerror(errno));
	if (!write_all(fd, run->buffer, run->len) || fsync(fd) != 0)
		rc = errno;
	if (close(fd) != 0 && rc == 0)
		rc = errno;
	if (rc == 0 && rename(name, file) != 0)
		rc = errno;
	if (rc == 0)
		return 0;
	unlink(name);
	return cannot_write(run, strerror(rc));
}

int
format_close(struct format_run *run)
{
	const bool to_file = run->out != stdout;
	int status = 0;

	if (!run->format->end(run))
		run->incomplete = true;
	if (to_file && fclose(run->out) != 0)
		run->incomplete = true;
	if (run->incomplete)
		status = local_failure(run, "out of memory");
	else if (to_file)
		status = replace_file(run);
	else if (run->format->plugin && fflush(run->out) != 0)
		/* of the others main() takes care */
		status = local_failure(run, "cannot write to standard output");
	free(run->buffer);
	return status != 0 ? status : run->status;
}

bool
format_one(const struct format_settings *settings, const struct result *r,
	   FILE *out)
{
	struct format_run run = {
		.format = settings->format, .settings = settings, .out = out,
	};
	bool good = run.format->begin == NULL || run.format->begin(&run);

	if (good)
		format_add(&run, r);
	return run.format->end(&run) && good && !run.incomplete;
}
