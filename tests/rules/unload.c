/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * Loads the library, leaves a look-up behind, and unloads the library before
 * the resolver answers.
 *
 *	unload PATH/libstarttls.so
 *
 * Exit status 0 if the thread has found its way home.
 */

#include <dirent.h>
#include <dlfcn.h>
#include <netdb.h>
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static bool asked, unloaded;

/* The library's resolver. */
int
getaddrinfo(const char *host, const char *port, const struct addrinfo *hints,
	    struct addrinfo **ret)
{
	(void)host, (void)port, (void)hints, (void)ret;
	pthread_mutex_lock(&lock);
	asked = true;
	pthread_cond_broadcast(&changed);
	while (!unloaded)
		pthread_cond_wait(&changed, &lock);
	pthread_mutex_unlock(&lock);
	return EAI_NONAME;
}

static int
thread_count(void)
{
	DIR *dir = opendir("/proc/self/task");
	int count = 0;

	if (dir == NULL)
		return 0;
	while (readdir(dir) != NULL)
		count++;
	closedir(dir);
	return count - 2;
}

int
main(int argc, char **argv)
{
	int (*dial)(const char *, const char *, int, int, int *, void *);
	void *library = argc == 2 ? dlopen(argv[1], RTLD_NOW | RTLD_LOCAL) :
	    NULL;
	int fd;

	alarm(60);
	if (library == NULL) {
		fprintf(stderr, "cannot load the library: %s\n",
		    argc == 2 ? dlerror() : "name it");
		return 2;
	}
	*(void **)&dial = dlsym(library, "starttls_dial");
	dial("mail.example.org", "25", 0, 0, &fd, NULL);
	pthread_mutex_lock(&lock);
	while (!asked)
		pthread_cond_wait(&changed, &lock);
	dlclose(library);
	unloaded = true;
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&lock);
	while (thread_count() > 1)
		sched_yield();
	return 0;
}
