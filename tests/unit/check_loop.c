/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * The loop, and what it does not do: a step looks at what has something to
 * tell, and not at all others.  What is idle is in pages that must not be
 * touched, so each look is counted by the fault that it causes.
 */

#include "config.h"

#include <check.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "harness.h"
#include "looks.h"
#include "loop/heap.h"
#include "loop/loop.h"

#define IDLE 400
#define FAR_MS 1000000

static struct loop loop;

/* ---- what is idle ---- */

/* A page for each, as one look allows all others at the same page. */
struct idle {
	struct watch watch;
	struct timer in_queue, at_moment;
	int ends[2];
};

static struct timer_queue queue;

static struct idle *
idle(size_t i)
{
	return looks_page(i);
}

static void
never(void *context)
{
	(void)context;
	ck_abort_msg("what is idle was called");
}

static void
never_ready(void *context, short revents)
{
	(void)revents;
	never(context);
}

static void
pair(int ends[2])
{
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
}

static void
set_up(void)
{
	struct rlimit limit;
	size_t i;

	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
	memset(&loop, 0, sizeof(loop));
	memset(&queue, 0, sizeof(queue));
	looks_new(IDLE);
	ck_assert(loop_reserve(&loop, IDLE + 8));
	loop_add_queue(&loop, &queue, FAR_MS);
	for (i = 0; i < IDLE; i++) {
		struct idle *one = idle(i);

		pair(one->ends);
		one->watch.fd = one->ends[0];
		one->watch.ready = never_ready;
		one->in_queue.late = one->at_moment.late = never;
		loop_watch(&loop, &one->watch, POLLIN);
		loop_set_timer(&queue, &one->in_queue);
		/* those behind come sooner, and those before later */
		loop_set_timer_at(&loop, &one->at_moment, loop_now_us() +
		    FAR_MS * (int64_t)1000 * (i % 2 == 0 ? 500 + (int)i :
		    500 - (int)i));
	}
}

static void
tear_down(void)
{
	size_t i;

	looks_show();
	for (i = 0; i < IDLE; i++) {
		loop_unwatch(&loop, &idle(i)->watch);
		loop_clear_timer(&idle(i)->in_queue);
		loop_clear_timer(&idle(i)->at_moment);
		close(idle(i)->ends[0]);
		close(idle(i)->ends[1]);
	}
	looks_free();
	loop_done(&loop);
}

/* ---- who is busy ---- */

struct busy {
	struct watch watch;
	struct timer timer, moment;
	int ends[2];
	int turns;
};

static void
stop(void *context)
{
	(void)context;
	loop.stop = true;
}

/* As a conversation does: read, set the timers anew, wait, or come again. */
static void
exchange(void *context, short revents)
{
	struct busy *b = context;
	char byte;

	if ((revents & POLLIN) != 0)
		ck_assert_int_eq(read(b->ends[0], &byte, 1), 1);
	loop_set_timer(&queue, &b->timer);
	loop_set_timer_at(&loop, &b->moment, loop_now_us() + 300000000);
	loop_watch(&loop, &b->watch, b->turns % 2 == 0 ? POLLIN | POLLOUT :
	    POLLIN);
	if (b->turns % 3 == 0)
		loop_again(&loop, &b->watch);
	else
		ck_assert_int_eq(write(b->ends[1], "", 1), 1);
	if (++b->turns == 1000)
		loop.stop = true;
}

static void
init_busy(struct busy *b)
{
	memset(b, 0, sizeof(*b));
	pair(b->ends);
	b->watch = (struct watch){
		.fd = b->ends[0], .ready = exchange, .context = b,
	};
	b->timer.late = b->moment.late = never;
	loop_watch(&loop, &b->watch, POLLIN);
	ck_assert_int_eq(write(b->ends[1], "", 1), 1);
}

static void
done_busy(struct busy *b)
{
	loop_unwatch(&loop, &b->watch);
	loop_clear_timer(&b->timer);
	loop_clear_timer(&b->moment);
	close(b->ends[0]);
	close(b->ends[1]);
}

/* A thousand turns of one among many: no more looks at others than there are
   neighbours, and a few on the way in the heap. */
START_TEST(test_others_are_not_looked_at)
{
	struct busy busy;

	init_busy(&busy);
	/* all changes are told */
	loop_again(&loop, &busy.watch);
	loop.stop = false;
	busy.turns = 999;
	ck_assert_int_eq(loop_run(&loop), 0);
	busy.turns = 0;
	loop.stop = false;
	looks_hide();
	ck_assert_int_eq(loop_run(&loop), 0);
	ck_assert_int_eq(busy.turns, 1000);
	ck_assert_int_le(looks_count(), 24);
	done_busy(&busy);
}
END_TEST

/* One that comes, lives and goes. */
START_TEST(test_coming_and_going)
{
	struct busy busy;

	init_busy(&busy);
	busy.turns = 999;
	ck_assert_int_eq(loop_run(&loop), 0);
	done_busy(&busy);
	looks_hide();
	init_busy(&busy);
	busy.turns = 900;
	loop.stop = false;
	ck_assert_int_eq(loop_run(&loop), 0);
	done_busy(&busy);
	ck_assert_int_le(looks_count(), 24);
}
END_TEST

/* ---- what is told ---- */

static short told;
static int calls;

static void
note(void *context, short revents)
{
	(void)context;
	told = revents;
	calls++;
	loop.stop = true;
}

static void
init_bare(void)
{
	memset(&loop, 0, sizeof(loop));
	told = 0;
	calls = 0;
	ck_assert(loop_reserve(&loop, 8));
}

static void
run_once(void)
{
	loop.stop = false;
	ck_assert_int_eq(loop_run(&loop), 0);
}

/* Without events a hang-up is told, and nothing else. */
START_TEST(test_hang_up)
{
	struct watch watch = { .ready = note };
	struct timer timer = { .late = stop };
	int ends[2];

	init_bare();
	pair(ends);
	watch.fd = ends[0];
	loop_watch(&loop, &watch, 0);
	ck_assert_int_eq(write(ends[1], "", 1), 1);
	loop_set_timer_at(&loop, &timer, loop_now_us());
	run_once();
	ck_assert_int_eq(calls, 0);
	close(ends[1]);
	run_once();
	ck_assert_int_eq(told & POLLHUP, POLLHUP);
	ck_assert_int_eq(told & POLLIN, 0);
	loop_unwatch(&loop, &watch);
	close(ends[0]);
	loop_done(&loop);
}
END_TEST

/* An end that is only one direction's. */
START_TEST(test_half_closed)
{
	struct watch watch = { .ready = note };
	int ends[2];

	init_bare();
	pair(ends);
	watch.fd = ends[0];
	loop_watch(&loop, &watch, POLLIN);
	shutdown(ends[1], SHUT_WR);
	run_once();
	ck_assert_int_eq(told, POLLIN);
	if (POLLRDHUP != 0) {
		loop_watch(&loop, &watch, POLLRDHUP);
		run_once();
		ck_assert_int_eq(told, POLLRDHUP);
	}
	loop_unwatch(&loop, &watch);
	close(ends[0]);
	close(ends[1]);
	loop_done(&loop);
}
END_TEST

/* Whether anything is told of what happened so far. */
static bool
is_told(void)
{
	struct timer timer = { .late = stop };
	const int before = calls;

	told = 0;
	loop_set_timer_at(&loop, &timer, loop_now_us());
	run_once();
	loop_clear_timer(&timer);
	return calls > before;
}

/* Our own end is no hang-up, nor the other one's; both are. */
START_TEST(test_both_ends)
{
	struct watch watch = { .ready = note };
	int ends[2];

	init_bare();
	pair(ends);
	watch.fd = ends[0];
	loop_watch(&loop, &watch, 0);
	ck_assert(!is_told());
	shutdown(ends[_i], SHUT_WR);
	ck_assert(!is_told());
	shutdown(ends[!_i], SHUT_WR);
	ck_assert(is_told());
	ck_assert_int_eq(told & (POLLHUP | POLLIN | POLLOUT), POLLHUP);
	loop_unwatch(&loop, &watch);
	close(ends[0]);
	close(ends[1]);
	loop_done(&loop);
}
END_TEST

/* What nobody wanted to know when it happened. */
START_TEST(test_end_before_it_is_wanted)
{
	struct watch watch = { .ready = note };
	int ends[2];

	init_bare();
	pair(ends);
	watch.fd = ends[0];
	shutdown(ends[1], SHUT_WR);
	loop_watch(&loop, &watch, POLLOUT);
	ck_assert(is_told());
	ck_assert_int_eq(told, POLLOUT);
	if (POLLRDHUP != 0) {
		loop_watch(&loop, &watch, POLLRDHUP);
		ck_assert(is_told());
		ck_assert_int_eq(told, POLLRDHUP);
		loop_watch(&loop, &watch, POLLOUT | POLLRDHUP);
		ck_assert(is_told());
		ck_assert_int_ne(told & POLLRDHUP, 0);
	}
	loop_watch(&loop, &watch, POLLIN);
	ck_assert(is_told());
	ck_assert_int_eq(told, POLLIN);
	close(ends[1]);
	loop_watch(&loop, &watch, 0);
	ck_assert(is_told());
	ck_assert_int_eq(told & (POLLHUP | POLLIN), POLLHUP);
	loop_unwatch(&loop, &watch);
	close(ends[0]);
	loop_done(&loop);
}
END_TEST

/* A pipe has one direction, whose end is all of it. */
START_TEST(test_pipe)
{
	struct watch watch = { .ready = note };
	int ends[2];

	init_bare();
	ck_assert_int_eq(pipe(ends), 0);
	watch.fd = ends[_i];
	loop_watch(&loop, &watch, 0);
	ck_assert(!is_told());
	close(ends[!_i]);
	ck_assert(is_told());
	ck_assert_int_ne(told & (POLLHUP | POLLERR), 0);
	loop_unwatch(&loop, &watch);
	close(ends[_i]);
	loop_done(&loop);
}
END_TEST

static int
listening(struct sockaddr_in *address)
{
	socklen_t size = sizeof(*address);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	*address = (struct sockaddr_in){
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	ck_assert_int_eq(bind(fd, (void *)address, size), 0);
	ck_assert_int_eq(getsockname(fd, (void *)address, &size), 0);
	ck_assert_int_eq(listen(fd, 1), 0);
	return fd;
}

/* Of what listens only those who come are told; and a failure of one of them
   is, whatever is wanted. */
START_TEST(test_listening_and_reset)
{
	static const short wanted[] = { 0, POLLIN, POLLOUT, POLLRDHUP };
	const struct linger linger = { .l_onoff = 1 };
	struct watch door = { .ready = note }, guest = { .ready = note };
	struct sockaddr_in address;
	int peer = socket(AF_INET, SOCK_STREAM, 0);

	init_bare();
	door.fd = listening(&address);
	loop_watch(&loop, &door, POLLIN | POLLOUT);
	ck_assert(!is_told());
	ck_assert_int_eq(connect(peer, (void *)&address, sizeof(address)), 0);
	ck_assert(is_told());
	ck_assert_int_eq(told, POLLIN);
	guest.fd = accept(door.fd, NULL, NULL);
	loop_watch(&loop, &guest, wanted[_i]);
	ck_assert_int_eq(is_told(), wanted[_i] == POLLOUT);
	setsockopt(peer, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
	close(peer);
	ck_assert(is_told());
	ck_assert_int_eq(told & (POLLERR | POLLHUP), POLLERR | POLLHUP);
	ck_assert_int_eq(told & (POLLIN | POLLOUT), wanted[_i] &
	    (POLLIN | POLLOUT));
	loop_unwatch(&loop, &door);
	loop_unwatch(&loop, &guest);
	close(door.fd);
	close(guest.fd);
	loop_done(&loop);
}
END_TEST

static struct watch heir;

/* Its descriptor is closed, and the number comes again at once. */
static void
hand_over(void *context, short revents)
{
	struct watch *own = context;
	int ends[2];

	(void)revents;
	loop_unwatch(&loop, own);
	close(own->fd);
	pair(ends);
	ck_assert_int_eq(ends[0], own->fd);
	heir = (struct watch){ .fd = ends[0], .ready = note };
	loop_watch(&loop, &heir, POLLIN);
	ck_assert_int_eq(write(ends[1], "", 1), 1);
}

START_TEST(test_number_comes_again_in_its_turn)
{
	struct watch watch = { .ready = hand_over, .context = &watch };
	int ends[2];

	init_bare();
	pair(ends);
	watch.fd = ends[0];
	loop_watch(&loop, &watch, POLLOUT);
	run_once();
	ck_assert_int_eq(calls, 1);
	ck_assert_int_eq(told, POLLIN);
	/* one that is closed already */
	close(heir.fd);
	loop_unwatch(&loop, &heir);
	ck_assert(!is_told());
	close(ends[1]);
	loop_done(&loop);
}
END_TEST

/* A watch moves to another descriptor, whose number comes again elsewhere. */
START_TEST(test_numbers_come_again)
{
	struct watch one = { .ready = note }, other = { .ready = never_ready };
	int first[2], second[2], third[2];

	init_bare();
	pair(first);
	pair(second);
	one.fd = first[0];
	loop_watch(&loop, &one, POLLOUT);
	run_once();
	one.fd = second[0];
	loop_watch(&loop, &one, POLLIN);
	close(first[0]);
	pair(third);
	ck_assert_int_eq(third[0], first[0]);
	other.fd = third[0];
	loop_watch(&loop, &other, POLLIN);
	ck_assert_int_eq(write(second[1], "", 1), 1);
	run_once();
	ck_assert_int_eq(told, POLLIN);
	one.ready = never_ready;
	other.ready = note;
	loop_watch(&loop, &one, 0);
	ck_assert_int_eq(write(third[1], "", 1), 1);
	told = 0;
	run_once();
	ck_assert_int_eq(told, POLLIN);
	loop_unwatch(&loop, &one);
	loop_unwatch(&loop, &other);
	close(first[1]);
	close(second[0]);
	close(second[1]);
	close(third[0]);
	close(third[1]);
	loop_done(&loop);
}
END_TEST

static struct watch *rival;

/* Both are ready: whoever comes first takes the other one away. */
static void
take_rival(void *context, short revents)
{
	struct watch *own = context;

	(void)revents;
	calls++;
	loop_unwatch(&loop, own == rival ? own - 1 : rival);
	memset(own == rival ? own - 1 : rival, 0x55, sizeof(*own));
	loop.stop = true;
}

START_TEST(test_taken_away_in_its_turn)
{
	struct watch *watches = calloc(2, sizeof(*watches));
	int ends[2], other[2], i;

	init_bare();
	pair(ends);
	pair(other);
	for (i = 0; i < 2; i++) {
		watches[i] = (struct watch){
			.fd = i == 0 ? ends[0] : other[0],
			.ready = take_rival, .context = &watches[i],
		};
		loop_watch(&loop, &watches[i], POLLOUT);
	}
	rival = &watches[1];
	run_once();
	ck_assert_int_eq(calls, 1);
	loop_done(&loop);
	free(watches);
	close(ends[0]);
	close(ends[1]);
	close(other[0]);
	close(other[1]);
}
END_TEST

/* More are ready than are found at once: all have their turn. */
#define MANY (3 * LOOP_TURN)

static void
count_once(void *context, short revents)
{
	struct watch *watch = context;

	(void)revents;
	loop_unwatch(&loop, watch);
	if (++calls == MANY)
		loop.stop = true;
}

static int rounds;

static void
count_round(void *context, short revents)
{
	(void)revents;
	ck_assert_int_le(++rounds, MANY);
	loop_again(&loop, context);
}

START_TEST(test_all_have_their_turn)
{
	struct watch watches[MANY] = { 0 }, restless = { .ready = count_round };
	int ends[MANY][2], i;

	init_bare();
	rounds = 0;
	ck_assert(loop_reserve(&loop, MANY + 1));
	for (i = 0; i < MANY; i++) {
		pair(ends[i]);
		watches[i] = (struct watch){
			.fd = ends[i][0], .ready = count_once,
			.context = &watches[i],
		};
		loop_watch(&loop, &watches[i], POLLOUT);
	}
	restless.fd = ends[0][1];
	restless.context = &restless;
	loop_watch(&loop, &restless, POLLOUT);
	loop_again(&loop, &restless);
	run_once();
	ck_assert_int_eq(calls, MANY);
	loop_unwatch(&loop, &restless);
	for (i = 0; i < MANY; i++) {
		close(ends[i][0]);
		close(ends[i][1]);
	}
	loop_done(&loop);
}
END_TEST

/* ---- timers ---- */

#define LEAVES 3000

static int wrong;

static unsigned
depth(const struct leaf *leaf, const struct leaf *above, int64_t least)
{
	unsigned left, right;

	if (leaf == NULL)
		return 0;
	wrong += leaf->above != above || leaf->at_us < least;
	left = depth(leaf->left, leaf, leaf->at_us);
	right = depth(leaf->right, leaf, leaf->at_us);
	wrong += left < right || leaf->depth != right + 1;
	return right + 1;
}

/* Whatever enters and leaves, the order is right, and the way to the right
   short. */
START_TEST(test_heap)
{
	static struct leaf leaves[LEAVES];
	struct heap heap = { NULL };
	unsigned i, seed = (unsigned)_i, in = 0;
	int64_t last = -1;

	memset(leaves, 0, sizeof(leaves));
	for (i = 0; i < 4 * LEAVES; i++) {
		struct leaf *leaf;

		seed = seed * 1103515245u + 12345u;
		leaf = &leaves[(seed >> 16) % LEAVES];
		in += leaf->heap == NULL;
		heap_enter(&heap, leaf, _i == 0 ? (int64_t)i :
		    (int64_t)(seed >> 8) % 5000);
		seed = seed * 1103515245u + 12345u;
		leaf = &leaves[(seed >> 16) % LEAVES];
		in -= leaf->heap != NULL;
		heap_leave(leaf);
		if (i % 500 == 0)
			ck_assert_uint_le(depth(heap.first, NULL, 0), 12);
	}
	while (heap.first != NULL) {
		wrong += heap.first->at_us < last;
		last = heap.first->at_us;
		heap_leave(heap.first);
		in--;
	}
	ck_assert_uint_eq(in, 0);
	ck_assert_int_eq(wrong, 0);
}
END_TEST

static int order[3];

static void
note_order(void *context)
{
	order[calls++] = *(int *)context;
	loop.stop = calls == 3;
}

/* Queues and moments are one order. */
START_TEST(test_order_of_timers)
{
	int names[] = { 1, 2, 3 };
	struct timer_queue soon = { 0 };
	struct timer timers[3] = { { 0 } };
	int i;

	init_bare();
	loop_add_queue(&loop, &soon, 5);
	for (i = 0; i < 3; i++) {
		timers[i].late = note_order;
		timers[i].context = &names[i];
	}
	loop_set_timer(&soon, &timers[1]);
	loop_set_timer_at(&loop, &timers[2], loop_now_us() + 20000);
	/* it moves from the one to the other */
	loop_set_timer(&soon, &timers[0]);
	loop_set_timer_at(&loop, &timers[0], loop_now_us() - 1);
	ck_assert(loop_timer_is_set(&timers[0]));
	run_once();
	ck_assert_int_eq(order[0], 1);
	ck_assert_int_eq(order[1], 2);
	ck_assert_int_eq(order[2], 3);
	for (i = 0; i < 3; i++)
		ck_assert(!loop_timer_is_set(&timers[i]));
	loop_done(&loop);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("loop");
	TCase *crowd = tcase_create("crowd"), *bare = tcase_create("bare");

	tcase_add_checked_fixture(crowd, set_up, tear_down);
	tcase_add_test(crowd, test_others_are_not_looked_at);
	tcase_add_test(crowd, test_coming_and_going);
	tcase_add_test(bare, test_hang_up);
	tcase_add_test(bare, test_half_closed);
	tcase_add_loop_test(bare, test_both_ends, 0, 2);
	tcase_add_test(bare, test_end_before_it_is_wanted);
	tcase_add_loop_test(bare, test_pipe, 0, 2);
	tcase_add_loop_test(bare, test_listening_and_reset, 0, 4);
	tcase_add_test(bare, test_number_comes_again_in_its_turn);
	tcase_add_test(bare, test_numbers_come_again);
	tcase_add_test(bare, test_taken_away_in_its_turn);
	tcase_add_test(bare, test_all_have_their_turn);
	tcase_add_loop_test(bare, test_heap, 0, 4);
	tcase_add_test(bare, test_order_of_timers);
	suite_add_tcase(suite, crowd);
	suite_add_tcase(suite, bare);
	return run_suite(suite);
}
