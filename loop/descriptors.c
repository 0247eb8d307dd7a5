/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * Descriptors that a process was started with.  Nothing is closed: what is not
 * ours may be somebody's, and only must not go to commands.
 */

#include "config.h"

#include "descriptors.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#define MAX_INHERITED 1024

bool
hold_standard_descriptors(void)
{
	int fd;

	for (fd = 0; fd <= 2; fd++)
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null",
		    fd == STDERR_FILENO ? O_WRONLY : O_RDONLY) != fd)
			return false;
	return true;
}

/* There may be some beyond any limit; if they cannot be listed, the usual
   ones. */
void
keep_from_commands(void)
{
	DIR *list = opendir("/dev/fd");
	const struct dirent *entry;
	int fd;

	for (fd = 3; fd < MAX_INHERITED; fd++)
		fcntl(fd, F_SETFD, FD_CLOEXEC);
	if (list == NULL)
		return;
	while ((entry = readdir(list)) != NULL) {
		fd = (int)strtol(entry->d_name, NULL, 10);
		if (fd >= MAX_INHERITED)
			fcntl(fd, F_SETFD, FD_CLOEXEC);
	}
	closedir(list);
}
