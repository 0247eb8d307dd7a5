/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/* What an upgrade waits for, in a loop. */

#ifndef LOOP_UPGRADE_H
#define LOOP_UPGRADE_H

#include <stdint.h>

#include "loop.h"
#include "starttls.h"

/**
 * loop_watch_upgrade: have the next step done when it is time.
 *
 * @turn      its late() does a step as well; not set if there is nothing to be
 *            done before @until_us, when the owner steps anyway
 * @want      what the last step returned
 *
 * The descriptor may be another one each time, so this comes before the next
 * step closes the one before.
 */
void loop_watch_upgrade(struct loop *loop, struct watch *watch,
			struct timer *turn,
			const struct starttls_upgrade *upgrade, int want,
			int64_t until_us);

#endif
