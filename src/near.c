/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * Near misses: letters that lack, are too many, are others, or have changed
 * places with their neighbour; and words that were cut off.  Case does not
 * matter.
 *
 * What is longer than any of our words is near to none, so the work is bounded.
 */

#include "config.h"

#include "near.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

#define LONGEST 32
#define SHORTEST_STUB 4            /* of a word that was cut off */

static unsigned
least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

static char
lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

/* The row below @up, which is below @above, for the letter a[i]. */
static void
fill_row(unsigned *row, const unsigned *up, const unsigned *above,
	 const char *a, size_t i, const char *b, size_t b_len)
{
	size_t j;

	row[0] = (unsigned)i + 1;
	for (j = 0; j < b_len; j++) {
		const bool same = lower(a[i]) == lower(b[j]);

		row[j + 1] = least(up[j] + !same,
		    least(up[j + 1], row[j]) + 1);
		if (i > 0 && j > 0 && lower(a[i]) == lower(b[j - 1]) &&
		    lower(a[i - 1]) == lower(b[j]))
			row[j + 1] = least(row[j + 1], above[j - 1] + 1);
	}
}

/* Of two words that are not too long. */
static unsigned
distance(const char *a, size_t a_len, const char *b, size_t b_len)
{
	unsigned rows[3][LONGEST + 1];
	size_t i;

	for (i = 0; i <= b_len; i++)
		rows[0][i] = rows[2][i] = (unsigned)i;
	for (i = 0; i < a_len; i++)
		fill_row(rows[(i + 1) % 3], rows[i % 3], rows[(i + 2) % 3],
		    a, i, b, b_len);
	return rows[a_len % 3][b_len];
}

/* Short words are near to many. */
static unsigned
most(size_t len)
{
	return len < 3 ? 0 : len < 6 ? 1 : len < 9 ? 2 : 3;
}

void
starttls_near_begin(struct near *n, const char *word, size_t len)
{
	*n = (struct near){ .word = word, .len = len };
	n->distance = most(len) + 1;
}

void
starttls_near_offer(struct near *n, const char *candidate)
{
	size_t len = candidate == NULL ? 0 : strlen(candidate);
	unsigned far;

	if (n->len == 0 || n->len > LONGEST || len == 0 || len > LONGEST)
		return;
	far = distance(n->word, n->len, candidate, len);
	if (n->len >= SHORTEST_STUB && len > n->len &&
	    strncasecmp(n->word, candidate, n->len) == 0)
		far = least(far, most(n->len));
	if (far >= n->distance)
		return;
	n->distance = far;
	n->best = candidate;
}
