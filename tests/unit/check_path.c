/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * The search for a path, in graphs: who has certified whom, RFC 4158 section
 * 2.  A server sends all certificates of a graph, some of which are bad.  If
 * there is a way from the anchor to the leaf over good ones it is found, and
 * if there is none the leaf is refused.
 */

#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness.h"
#include "path.h"

#define MAX_NODES 26
#define MAX_EDGES 40

/* Each edge is "issuer subject"; the leaf is '*', and has one edge. */
static const struct graph {
	const char *name;
	const char *edges[MAX_EDGES];
	const char *anchors;       /* each in its turn */
	unsigned trials;           /* 0: all sets of bad edges */
} graphs[] = {
	{ "line", { "B*", "AB", "TA" }, "T", 0 },
	{ "two roots", { "A*", "RA", "SA" }, "RS", 0 },
	{ "mesh", { "B*", "CB", "AB", "CA", "AC", "TC", "TA" }, "T", 0 },
	{ "ring", { "A*", "BA", "CB", "DC", "AD", "TD" }, "T", 0 },
	/* four hierarchies around a bridge, as in RFC 4158 section 2.4 */
	{ "bridge", { "N*", "FH", "FG", "GF", "HI", "IH", "GI", "WF", "WG",
	    "JK", "LN", "LM", "XJ", "XL", "BE", "BD", "AB", "CB", "AC", "CA",
	    "YA", "YC", "RS", "OR", "OQ", "PS", "ZO", "ZP", "WU", "UW", "XU",
	    "UX", "YU", "UY", "ZU", "UZ" }, "WXY", 20 },
};

/* In what way certificates are bad. */
static const struct {
	const char *name;
	struct mint_spec spec;
} faults[] = {
	{ "expired", { .is_ca = true, .not_after = -MINT_DAY } },
	{ "not yet valid", { .is_ca = true, .not_before = MINT_DAY } },
	{ "no CA", { .usage = GNUTLS_KEY_KEY_CERT_SIGN } },
	{ "no basic constraints",
	  { .is_ca = true, .no_basic_constraints = true } },
	{ "other purpose", { .is_ca = true,
	    .purposes = { GNUTLS_KP_EMAIL_PROTECTION } } },
	{ "SHA-1", { .is_ca = true, .digest = MINT_SHA1 } },
	{ "other names", { .is_ca = true, .permitted_dns = "example.com" } },
	{ "bad signature", { .is_ca = true, .bad_signature = true } },
};

static struct mint_cert nodes[MAX_NODES];

static void
name_of(char *text, char node)
{
	text[0] = node;
	text[1] = '\0';
}

static void
mint_nodes(void)
{
	struct mint_spec spec = { .is_ca = true };
	char cn[2];
	size_t i;

	for (i = 0; i < MAX_NODES; i++) {
		name_of(cn, (char)('A' + i));
		spec.cn = cn;
		mint(&nodes[i], &spec, NULL);
	}
}

static void
free_nodes(void)
{
	size_t i;

	for (i = 0; i < MAX_NODES; i++)
		mint_free(&nodes[i]);
}

/* The certificate of an edge, good or bad. */
static void
mint_edge(struct mint_cert *ret, const char *edge, const struct mint_spec *how,
	  bool has_ids)
{
	const struct mint_cert *issuer = &nodes[edge[0] - 'A'];
	struct mint_spec spec = *how;
	char cn[2];

	spec.no_key_ids = !has_ids;
	name_of(cn, edge[1]);
	spec.cn = cn;
	if (edge[1] == '*') {
		spec = (struct mint_spec){ .cn = "leaf", .dns = { PEER },
		    .no_key_ids = !has_ids };
		mint(ret, &spec, issuer);
	} else {
		mint_with_key(ret, &spec, &nodes[edge[1] - 'A'], issuer);
	}
}

/* Whether good edges lead from a node to the leaf. */
static bool
leads(const struct graph *g, uint64_t bad, char from, uint32_t seen)
{
	size_t i;

	if (from == '*')
		return true;
	if ((seen & 1u << (from - 'A')) != 0)
		return false;
	seen |= 1u << (from - 'A');
	for (i = 0; g->edges[i] != NULL; i++)
		if ((bad & UINT64_C(1) << i) == 0 && g->edges[i][0] == from &&
		    leads(g, bad, g->edges[i][1], seen))
			return true;
	return false;
}

/* All certificates of a graph, good and bad. */
struct edges {
	struct mint_cert good[MAX_EDGES], bad[MAX_EDGES];
	gnutls_datum_t good_der[MAX_EDGES], bad_der[MAX_EDGES];
	size_t count;
};

static void
mint_edges(struct edges *e, const struct graph *g,
	   const struct mint_spec *fault, bool has_ids)
{
	static const struct mint_spec good = { .is_ca = true };

	for (e->count = 0; g->edges[e->count] != NULL; e->count++) {
		size_t i = e->count;

		mint_edge(&e->good[i], g->edges[i], &good, has_ids);
		mint_edge(&e->bad[i], g->edges[i], fault, has_ids);
		ck_assert_int_eq(gnutls_x509_crt_export2(e->good[i].crt,
		    GNUTLS_X509_FMT_DER, &e->good_der[i]), 0);
		ck_assert_int_eq(gnutls_x509_crt_export2(e->bad[i].crt,
		    GNUTLS_X509_FMT_DER, &e->bad_der[i]), 0);
	}
}

static void
free_edges(struct edges *e)
{
	while (e->count-- > 0) {
		mint_free(&e->good[e->count]);
		mint_free(&e->bad[e->count]);
		gnutls_free(e->good_der[e->count].data);
		gnutls_free(e->bad_der[e->count].data);
	}
}

static void
expect_path(const struct starttls_policy *policy, const struct graph *g,
	    const struct edges *e, const char *fault, uint64_t bad,
	    char anchor)
{
	gnutls_datum_t der[MAX_EDGES];
	struct chain chain = { .der = der, .len = (unsigned)e->count };
	bool good = leads(g, bad, anchor, 0);
	struct path path;
	size_t i;

	for (i = 0; i < e->count; i++) {
		bool is_bad = (bad & UINT64_C(1) << i) != 0;

		chain.crt[i] = is_bad ? e->bad[i].crt : e->good[i].crt;
		der[i] = is_bad ? e->bad_der[i] : e->good_der[i];
	}
	starttls_path_find(&(struct demand){ .policy = policy }, &chain,
	    &path);
	ck_assert_msg((path.verdict == 0) == good, "%s, %s, bad %#llx, "
	    "anchor %c: verdict %#x for what is %s", g->name, fault,
	    (unsigned long long)bad, anchor, path.verdict,
	    good ? "good" : "bad");
	ck_assert_msg(path.signatures <= PATH_MAX_SIGNATURES +
	    2 * PATH_MAX_LEN, "%s: %u signatures", g->name, path.signatures);
	if (!good)
		return;
	ck_assert_ptr_eq(path.crt[0], e->good[0].crt);
	ck_assert_uint_gt(path.len, 1);
	for (i = 1; i < path.len; i++)
		ck_assert_uint_ne(gnutls_x509_crt_check_issuer(
		    path.crt[i - 1], path.crt[i]), 0);
}

/* A set of bad edges; the leaf's is not among them. */
static uint64_t
bad_set(const struct graph *g, size_t count, uint64_t trial)
{
	uint64_t x = trial * UINT64_C(6364136223846793005) + 1442695040888963407;
	unsigned i;

	if (g->trials == 0)
		return trial << 1;
	for (i = 0; i < 4; i++)
		x = (x ^ x >> 29) * UINT64_C(6364136223846793005);
	/* few of them, so that there often is a way */
	x &= x >> 17 & x << 13;
	return x & ((UINT64_C(1) << count) - 1) & ~UINT64_C(1);
}

START_TEST(test_path_is_found_in_a_graph)
{
	const struct graph *g = &graphs[(size_t)_i / 2 / ARRAY_LEN(faults)];
	size_t fault = (size_t)_i / 2 % ARRAY_LEN(faults);
	struct edges *e = calloc(1, sizeof(*e));
	uint64_t trial, trials;
	const char *at;

	ck_assert_ptr_nonnull(e);
	mint_edges(e, g, &faults[fault].spec, _i % 2 == 0);
	trials = g->trials > 0 ? g->trials : UINT64_C(1) << (e->count - 1);
	for (at = g->anchors; *at != '\0'; at++) {
		const struct mint_cert *anchors[] = { &nodes[*at - 'A'] };
		struct starttls_policy *policy = test_policy(anchors, 1);

		for (trial = 0; trial < trials; trial++)
			expect_path(policy, g, e, faults[fault].name,
			    bad_set(g, e->count, trial), *at);
		starttls_policy_unref(policy);
	}
	free_edges(e);
	free(e);
}
END_TEST

static Suite *
path_suite(void)
{
	Suite *s = suite_create("path");
	TCase *tc = tcase_create("graphs");

	tcase_add_unchecked_fixture(tc, mint_nodes, free_nodes);
	tcase_add_loop_test(tc, test_path_is_found_in_a_graph, 0,
	    (int)(2 * ARRAY_LEN(graphs) * ARRAY_LEN(faults)));
	tcase_set_timeout(tc, 300);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	return run_suite(path_suite());
}
