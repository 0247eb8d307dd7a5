/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/* What an upgrade waits for, in a loop. */

#include "config.h"

#include "upgrade.h"

void
loop_watch_upgrade(struct loop *loop, struct watch *watch,
		   struct timer *turn,
		   const struct starttls_upgrade *upgrade, int want,
		   int64_t until_us)
{
	int64_t left = starttls_upgrade_timeout(upgrade);
	int64_t at_us = loop_now_us() + left * 1000;

	watch->fd = starttls_upgrade_fd(upgrade);
	loop_watch(loop, watch,
	    want == STARTTLS_WANT_WRITE ? POLLOUT : POLLIN);
	loop_clear_timer(turn);
	if (left >= 0 && at_us < until_us)
		loop_set_timer_at(loop, turn, at_us);
}
