/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * Giving up root.  What is looked up in files is looked up before, and what was
 * given up is asked for once more, as a mistake here is not seen otherwise.
 */

#include "config.h"

#include "standing.h"

#include <errno.h>
#include <grp.h>
#include <netdb.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "compat.h"
#include "starttls.h"

static int
find_group(struct standing *s, const char *name, char *why, size_t size)
{
	const struct group *group = getgrnam(name);

	if (group == NULL) {
		snprintf(why, size, "--user: there is no group \"%.60s\"",
		    name);
		return STARTTLS_E_INVALID;
	}
	s->gid = group->gr_gid;
	return 0;
}

static int
find_user(struct standing *s, char *why, size_t size)
{
	const char *colon = strchr(s->user, ':');
	size_t len = colon == NULL ? strlen(s->user) :
	    (size_t)(colon - s->user);
	const struct passwd *user = NULL;

	if (len < sizeof(s->name)) {
		memcpy(s->name, s->user, len);
		user = getpwnam(s->name);
	}
	if (user == NULL) {
		snprintf(why, size, "--user: there is no user \"%.*s\"",
		    len < 60 ? (int)len : 60, s->user);
		return STARTTLS_E_INVALID;
	}
	s->uid = user->pw_uid;
	s->gid = user->pw_gid;
	if (colon != NULL && find_group(s, colon + 1, why, size) != 0)
		return STARTTLS_E_INVALID;
	if (s->uid == 0 || s->gid == 0) {
		snprintf(why, size, "--user: \"%.60s\" would keep what is root's",
		    s->user);
		return STARTTLS_E_INVALID;
	}
	return 0;
}

int
standing_find(struct standing *ret, const char *user, const char *root,
	      char *why, size_t size)
{
	struct standing s = { .user = user, .root = root };
	struct stat st;
	int rc = 0;

	if (user == NULL && root != NULL) {
		snprintf(why, size, "--chroot without --user: root can leave "
		    "it");
		return STARTTLS_E_INVALID;
	}
	if (user != NULL)
		rc = find_user(&s, why, size);
	if (rc == 0 && root != NULL && (stat(root, &st) != 0 ||
	    !S_ISDIR(st.st_mode))) {
		snprintf(why, size, "--chroot: \"%.100s\" is no folder", root);
		rc = STARTTLS_E_INVALID;
	}
	if (rc == 0 && user != NULL && geteuid() != 0) {
		snprintf(why, size, "--user: only root can become \"%.60s\"",
		    s.name);
		rc = STARTTLS_E_SYSTEM;
	}
	if (rc == 0)
		*ret = s;
	return rc;
}

/* What the C library would read at its first use, of files that will not be
   there: time zones, and the modules of its name services. */
static void
read_ahead(void)
{
	struct addrinfo *list;

	tzset();
	if (getaddrinfo("localhost", NULL, NULL, &list) == 0)
		freeaddrinfo(list);
}

static bool
enter(const char *root)
{
	if (root == NULL)
		return true;
	read_ahead();
	return chroot(root) == 0 && chdir("/") == 0;
}

static bool
is_regained(void)
{
	return setuid(0) == 0 || seteuid(0) == 0 || setgid(0) == 0 ||
	    setegid(0) == 0;
}

int
standing_take(const struct standing *s, char *why, size_t size)
{
	if (s->user == NULL)
		return 0;
	if (initgroups(s->name, s->gid) != 0)
		snprintf(why, size, "cannot have the groups of %s: %s",
		    s->name, strerror(errno));
	else if (!enter(s->root))
		snprintf(why, size, "cannot make %.100s our root: %s",
		    s->root, strerror(errno));
	else if (setgid(s->gid) != 0 || setuid(s->uid) != 0)
		snprintf(why, size, "cannot become %s: %s", s->name,
		    strerror(errno));
	else if (getuid() != s->uid || geteuid() != s->uid ||
	    getgid() != s->gid || getegid() != s->gid || is_regained())
		snprintf(why, size, "have become %s, but could be root again",
		    s->name);
	else
		return 0;
	return STARTTLS_E_SYSTEM;
}
