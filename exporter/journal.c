/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * The journal.  Who may send requests must not be able to fill a disk, so
 * there are a few lines at once, and then one each second; how many were left
 * out is said in the next one.
 */

#include "config.h"

#include "journal.h"

#include <inttypes.h>
#include <stdio.h>

#include "loop/clock.h"
#include "words/complain.h"
#include "words/show.h"

void
journal_init(struct journal *j)
{
	pthread_mutex_init(&j->lock, NULL);
	j->free_at_us = 0;
	j->left_out = 0;
}

void
journal_done(struct journal *j)
{
	pthread_mutex_destroy(&j->lock);
}

/* Whether there may be a line, and how many were left out before it. */
static bool
may_tell(struct journal *j, uint64_t *ret_left_out)
{
	const int64_t now = loop_now_us();
	bool may;

	pthread_mutex_lock(&j->lock);
	if (j->free_at_us < now)
		j->free_at_us = now;
	may = j->free_at_us - now <=
	    (int64_t)(JOURNAL_BURST - 1) * JOURNAL_EACH_US;
	if (may) {
		j->free_at_us += JOURNAL_EACH_US;
		*ret_left_out = j->left_out;
		j->left_out = 0;
	} else {
		j->left_out++;
	}
	pthread_mutex_unlock(&j->lock);
	return may;
}

void
journal_add(struct journal *j, const char *module, const struct result *r)
{
	char line[STARTTLS_MESSAGE_SIZE + 340], peer[PEER_SHOWN];
	uint64_t left_out = 0;

	if (r->status == 0 || !may_tell(j, &left_out))
		return;
	if (left_out > 0) {
		snprintf(line, sizeof(line), "%" PRIu64 " more failed probes "
		    "have no line here", left_out);
		complain(line, 0);
	}
	snprintf(line, sizeof(line), "%s with module %s: %s%s [%s]", r->shown,
	    module, r->error.message, show_peer(peer, sizeof(peer), r->name,
	    r->error.address), r->reason);
	complain(line, 0);
}
