/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * Commands in turns, by the clock on the wall.
 *
 * A run that took over 35 ms longer than the quickest of all is a stall: what
 * Nagle's algorithm and delayed acknowledgement cost together is 40 ms.
 *
 * usage: stall ROUNDS COMMAND...	(for sh)
 *
 * Prints for each command the median in ms, and how many runs stalled; a
 * command that fails has "- -".
 */

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MAX_COMMANDS 16
#define MAX_ROUNDS 1000
#define STALL_MS 35.0

static double
now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

/* Milliseconds, or less than 0 after a failure. */
static double
run(const char *command)
{
	double start = now_ms();
	pid_t pid = fork();
	int status, null;

	if (pid < 0)
		return -1;
	if (pid == 0) {
		null = open("/dev/null", O_RDWR);
		dup2(null, STDIN_FILENO);
		dup2(null, STDOUT_FILENO);
		execl("/bin/sh", "sh", "-c", command, (char *)NULL);
		_exit(127);
	}
	if (waitpid(pid, &status, 0) != pid || status != 0)
		return -1;
	return now_ms() - start;
}

static int
compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void
print(double *took, int rounds, double least)
{
	int i, stalls = 0;

	qsort(took, (size_t)rounds, sizeof(*took), compare);
	if (took[0] < 0) {
		puts("- -");
		return;
	}
	for (i = 0; i < rounds; i++)
		stalls += took[i] > least + STALL_MS;
	printf("%.1f %d\n", took[rounds / 2], stalls);
}

int
main(int argc, char **argv)
{
	static double took[MAX_COMMANDS][MAX_ROUNDS];
	int rounds = argc > 2 ? atoi(argv[1]) : 0, count = argc - 2, i, k;
	double least = 1e9;

	if (rounds < 1 || rounds > MAX_ROUNDS || count > MAX_COMMANDS) {
		fprintf(stderr, "usage: stall ROUNDS COMMAND...\n");
		return 1;
	}
	for (i = 0; i < rounds; i++)
		for (k = 0; k < count; k++) {
			took[k][i] = run(argv[2 + k]);
			if (took[k][i] >= 0 && took[k][i] < least)
				least = took[k][i];
		}
	for (k = 0; k < count; k++)
		print(took[k], rounds, least);
	return 0;
}
