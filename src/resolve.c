/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * From a question to addresses, without waiting.
 *
 * getaddrinfo(3) cannot be interrupted, so it runs in detached threads, and
 * who has asked waits at a pipe, or goes: the thread is left behind then and
 * cleans up after itself.  There is a limit to the threads, so that a resolver
 * that does not answer costs a known amount; what is asked beyond it stands in
 * a queue, from which each thread takes its next question.  Who asks what is
 * being asked already waits for that answer.
 */

#include "config.h"

#include "resolve.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "compat.h"
#include "wait.h"

/*
 * Modules of the name service run on it, which may be anybody's: four times
 * what musl gives a thread, as much as macOS does.  What is not touched is
 * address space only, 64 MiB of it for all look-ups together.
 */
#define STACK_SIZE (512 * 1024)
#define JOIN_US 30000000           /* an older look-up may never end */
#define BUCKETS 1024

enum lookup_state { QUEUED, RUNNING, DONE };

/* There as long as somebody waits for it, or a thread is at it. */
struct lookup {
	struct lookup *next, *previous; /* until it is done */
	struct lookup *same_next, **same_at; /* of its bucket, as long */
	struct resolution *waiting;
	enum lookup_state state;
	int64_t since;
	int rc;
	int sys_errno;
	struct addresses found;
	struct question question;
};

/* The lock is for all of the look-ups as well. */
static struct {
	pthread_mutex_t lock;
	struct lookup *first, *last; /* in the order of their asking */
	struct lookup *buckets[BUCKETS]; /* by the question */
	size_t threads;
} under_way = { .lock = PTHREAD_MUTEX_INITIALIZER };

/* FNV-1a: names are those that the application asks for. */
static struct lookup **
bucket_of(const struct question *q)
{
	uint32_t hash = 2166136261u;
	const char *c;

	for (c = q->host; *c != '\0'; c++)
		hash = (hash ^ (unsigned char)*c) * 16777619u;
	for (c = q->port; *c != '\0'; c++)
		hash = (hash ^ (unsigned char)*c) * 16777619u;
	return &under_way.buckets[(hash ^ hash >> 16) % BUCKETS];
}

static void
enter(struct lookup *l)
{
	l->same_at = bucket_of(&l->question);
	l->same_next = *l->same_at;
	if (l->same_next != NULL)
		l->same_next->same_at = &l->same_next;
	*l->same_at = l;
	l->previous = under_way.last;
	*(l->previous != NULL ? &l->previous->next : &under_way.first) = l;
	under_way.last = l;
}

static void
leave(struct lookup *l)
{
	*l->same_at = l->same_next;
	if (l->same_next != NULL)
		l->same_next->same_at = l->same_at;
	*(l->previous != NULL ? &l->previous->next : &under_way.first) =
	    l->next;
	*(l->next != NULL ? &l->next->previous : &under_way.last) =
	    l->previous;
}

/* Nobody waits for it any more, and no thread is at it: away with it. */
static void
drop_if_unwanted(struct lookup *l)
{
	if (l->waiting != NULL || l->state == RUNNING)
		return;
	if (l->state == QUEUED)
		leave(l);
	free(l);
}

/* ---- threads ---- */

static void
hold(void)
{
	pthread_mutex_lock(&under_way.lock);
}

static void
let_go(void)
{
	pthread_mutex_unlock(&under_way.lock);
}

/* In the child of a fork there are no threads: who waits there, and goes on
   there, has to have one of its own. */
static void
start_over(void)
{
	struct lookup *l, *next;

	under_way.threads = 0;
	for (l = under_way.first; l != NULL; l = next) {
		next = l->next;
		l->state = QUEUED;
		drop_if_unwanted(l);
	}
	let_go();
}

static void
watch_forks(void)
{
	pthread_atfork(hold, let_go, start_over);
}

static struct lookup *
first_queued(void)
{
	struct lookup *l = under_way.first;

	while (l != NULL && l->state != QUEUED)
		l = l->next;
	return l;
}

static void
run(struct lookup *l)
{
	l->state = RUNNING;
	l->since = starttls_now_us();
}

static void
finish(struct lookup *l, int rc, int sys_errno)
{
	struct resolution *r;

	l->rc = rc;
	l->sys_errno = sys_errno;
	l->state = DONE;
	leave(l);
	for (r = l->waiting; r != NULL; r = r->next)
		(void)!write(r->ends[1], "", 1);
	drop_if_unwanted(l);
}

/* A thread: one question after the other, until there are none. */
static void *
look_up(void *argument)
{
	struct lookup *l = argument;

	while (l != NULL) {
		int rc = starttls_question_answer(&l->question, &l->found);
		int saved = errno;

		hold();
		finish(l, rc, saved);
		l = first_queued();
		if (l != NULL)
			run(l);
		else
			under_way.threads--;
		let_go();
	}
	return NULL;
}

/* The thread must not take the application's signals.  Returns 0 or errno. */
static int
start_thread(struct lookup *l)
{
	pthread_attr_t attr;
	pthread_t thread;
	sigset_t all, old;
	int rc;

	sigfillset(&all);
	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attr, STACK_SIZE);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	rc = pthread_create(&thread, &attr, look_up, l);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	pthread_attr_destroy(&attr);
	return rc;
}

/* Returns 0, or errno if there is no thread that could come to the queue. */
static int
start_threads(void)
{
	struct lookup *l;

	while (under_way.threads < RESOLVE_MAX_LOOKUPS &&
	    (l = first_queued()) != NULL) {
		int rc;

		run(l);
		rc = start_thread(l);
		if (rc != 0) {
			l->state = QUEUED;
			return under_way.threads > 0 ? 0 : rc;
		}
		under_way.threads++;
	}
	return 0;
}

/* ---- those who wait ---- */

static struct lookup *
find_lookup(const struct question *q)
{
	const int64_t oldest = starttls_now_us() - JOIN_US;
	struct lookup *l;

	for (l = *bucket_of(q); l != NULL; l = l->same_next)
		if ((l->state == QUEUED || l->since >= oldest) &&
		    l->question.family == q->family &&
		    l->question.flags == q->flags &&
		    strcmp(l->question.host, q->host) == 0 &&
		    strcmp(l->question.port, q->port) == 0)
			break;
	return l;
}

/* Returns 0 or ENOMEM. */
static int
join_lookup(struct resolution *r, const struct question *question)
{
	struct lookup *l = find_lookup(question);

	if (l == NULL) {
		l = calloc(1, sizeof(*l));
		if (l == NULL)
			return ENOMEM;
		l->question = *question;
		enter(l);
	}
	r->next = l->waiting;
	r->at = &l->waiting;
	if (r->next != NULL)
		r->next->at = &r->next;
	l->waiting = r;
	r->lookup = l;
	return 0;
}

static int
no_memory(struct starttls_error *error)
{
	return starttls_error_set(error, STARTTLS_E_NOMEM,
	    STARTTLS_PHASE_RESOLVE, "out of memory");
}

static int
lacks(const char *what, int number, struct starttls_error *error)
{
	return starttls_error_sys(error, STARTTLS_E_SYSTEM,
	    STARTTLS_PHASE_RESOLVE, number, "no %s for the resolver", what);
}

static int
ask(struct resolution *r, const struct question *question,
    struct starttls_error *error)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	int rc;

	pthread_once(&once, watch_forks);
	if (pipe2(r->ends, O_CLOEXEC | O_NONBLOCK) != 0)
		return lacks("pipe", errno, error);
	hold();
	rc = join_lookup(r, question);
	let_go();
	if (rc == 0)
		return 0;
	close(r->ends[0]);
	close(r->ends[1]);
	return no_memory(error);
}

static int
hear(struct resolution *r, const struct question *question,
     struct addresses *ret_addresses, struct starttls_error *error)
{
	struct lookup *l = r->lookup;
	bool is_done;
	int rc = 0;

	hold();
	is_done = l->state == DONE;
	if (l->state == QUEUED)
		rc = start_threads();
	let_go();
	if (rc != 0)
		return lacks("thread", rc, error);
	if (!is_done)
		return STARTTLS_WANT_READ;
	/* what is done does not change */
	if (l->rc != 0)
		return starttls_question_failed(question, l->rc, l->sys_errno,
		    error);
	*ret_addresses = l->found;
	return 0;
}

int
starttls_resolve(struct resolution *r, const struct question *question,
		 struct addresses *ret_addresses, struct starttls_error *error)
{
	const int numbers = AI_NUMERICHOST | AI_NUMERICSERV;
	int rc;

	if ((question->flags & numbers) == numbers) {
		rc = starttls_question_answer(question, ret_addresses);
		return rc == 0 ? 0 :
		    starttls_question_failed(question, rc, errno, error);
	}
	rc = r->lookup == NULL ? ask(r, question, error) : 0;
	return rc != 0 ? rc : hear(r, question, ret_addresses, error);
}

int
starttls_resolve_late(const struct resolution *r,
		      const struct question *question,
		      struct starttls_error *error)
{
	bool is_queued;
	size_t threads;

	hold();
	is_queued = r->lookup != NULL && r->lookup->state == QUEUED;
	threads = under_way.threads;
	let_go();
	if (is_queued)
		return starttls_error_sys(error, STARTTLS_E_RESOLVE,
		    STARTTLS_PHASE_RESOLVE, EAGAIN, "cannot resolve %s: "
		    "%zu look-ups wait for the resolver already",
		    question->shown, threads);
	return starttls_error_set(error, STARTTLS_E_TIMEOUT,
	    STARTTLS_PHASE_RESOLVE,
	    "the deadline passed, waiting for the resolver");
}

void
starttls_resolve_done(struct resolution *r)
{
	if (r->lookup == NULL)
		return;
	hold();
	*r->at = r->next;
	if (r->next != NULL)
		r->next->at = r->at;
	drop_if_unwanted(r->lookup);
	let_go();
	r->lookup = NULL;
	close(r->ends[0]);
	close(r->ends[1]);
}

