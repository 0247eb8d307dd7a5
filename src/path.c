/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * The search for a path from a certificate to an anchor, RFC 4158.
 *
 * A server may send more than a chain: an intermediate that has expired
 * beside its successor, certificates of one name and several keys, roots of
 * old.  So what was sent is not a chain to be validated but a set to choose
 * from.  The search goes from the leaf upwards, by names and key identifiers
 * as GnuTLS compares them, anchors first.  Each path that it finds is judged
 * as a whole, by judge.c, until there is one on which nothing is wrong.
 *
 * All of it is bounded, however hostile the set is: see PATH_MAX_ATTEMPTS,
 * PATH_MAX_SIGNATURES and MAX_STEPS.
 */

#include "config.h"

#include "path.h"

#include <string.h>

#include "cause.h"
#include "judge.h"

#define MAX_STEPS 1024             /* looks at a pair of the same name */

/* What may be on a path; each level is tried if the one before gave none. */
enum effort {
	GOOD,                      /* what looks good by itself */
	DUBIOUS,                   /* also what has expired or is no CA */
	ANYTHING                   /* also what did not sign */
};

/* A certificate that was sent.  Bits stand for those that were sent, or in
   their order for the anchors with the name of its issuer. */
struct node {
	struct slice issuer, subject;
	bool is_dubious;
	bool is_self_signed;
	uint64_t signers, others;  /* who is known to have signed it or not */
	uint32_t other_anchors;
	uint8_t key_id[32];        /* made on need */
	size_t key_id_size;
};

struct search {
	const struct demand *demand;
	const struct chain *chain;
	struct node nodes[VERIFY_MAX_CHAIN];
	enum effort effort;
	unsigned attempts, signatures, steps;
	bool has_failed;           /* no memory */

	unsigned at[PATH_MAX_LEN]; /* the way to where we are */
	unsigned len;
	unsigned dubious;          /* of them */
	struct path *best;
	unsigned dead_end_len;     /* longest way that led to no anchor */
	int dead_end;              /* its last certificate */
};

static bool
is_over(const struct search *s)
{
	return s->has_failed || s->attempts >= PATH_MAX_ATTEMPTS ||
	    s->signatures >= PATH_MAX_SIGNATURES || s->steps >= MAX_STEPS ||
	    (s->best->len > 0 && (s->effort == ANYTHING ||
	    (s->best->verdict == 0 && (s->best->pinned ||
	    s->demand->policy->pin_count == 0) && (s->best->has_authority ||
	    s->demand->tlsa == NULL))));
}

static bool
is_dated(const struct search *s, gnutls_x509_crt_t crt)
{
	int64_t now = s->demand->policy->clock();

	return now >= (int64_t)gnutls_x509_crt_get_activation_time(crt) &&
	    now <= (int64_t)gnutls_x509_crt_get_expiration_time(crt);
}

static bool
is_ca(gnutls_x509_crt_t crt)
{
	unsigned ca = 0;

	return gnutls_x509_crt_get_basic_constraints(crt, NULL, &ca, NULL) >=
	    0 && ca != 0;
}

static void
init_nodes(struct search *s)
{
	const struct chain *chain = s->chain;
	unsigned i;

	for (i = 0; i < chain->len; i++) {
		struct node *n = &s->nodes[i];
		struct slice der = { chain->der[i].data, chain->der[i].size };

		if (!starttls_der_names(der, &n->issuer, &n->subject))
			n->issuer = n->subject = (struct slice){ der.data, 0 };
		n->is_dubious = i > 0 && (!is_dated(s, chain->crt[i]) ||
		    !is_ca(chain->crt[i]));
		n->is_self_signed = starttls_der_equal(n->issuer,
		    n->subject) && gnutls_x509_crt_check_issuer(
		    chain->crt[i], chain->crt[i]) != 0;
	}
}

/* The key of a certificate that was sent; empty if GnuTLS cannot read it. */
static struct slice
key_of(struct search *s, unsigned who)
{
	struct node *n = &s->nodes[who];

	if (n->key_id_size == 0) {
		n->key_id_size = sizeof(n->key_id);
		if (gnutls_x509_crt_get_key_id(s->chain->crt[who],
		    GNUTLS_KEYID_USE_SHA256, n->key_id, &n->key_id_size) < 0)
			n->key_id_size = 0;
	}
	return (struct slice){ n->key_id, n->key_id_size };
}

/* Whoever is on the way already, under this name and with this key, makes a
   longer way of no use. */
static bool
was_met(struct search *s, unsigned who)
{
	unsigned i;

	for (i = 0; i < s->len; i++)
		if (s->at[i] == who || (starttls_der_equal(
		    s->nodes[s->at[i]].subject, s->nodes[who].subject) &&
		    starttls_der_equal(key_of(s, s->at[i]), key_of(s, who))))
			return true;
	return false;
}

/* Whether the certificate @who could be the issuer of the last on the way. */
static bool
is_candidate(struct search *s, unsigned who)
{
	unsigned last = s->at[s->len - 1];
	const struct node *n = &s->nodes[who];

	if (who == 0 || n->is_self_signed ||
	    (n->is_dubious && s->effort == GOOD) ||
	    !starttls_der_equal(s->nodes[last].issuer, n->subject))
		return false;
	s->steps++;
	return gnutls_x509_crt_check_issuer(s->chain->crt[last],
	    s->chain->crt[who]) != 0 && !was_met(s, who);
}

/* Of several candidates those that did not sign lead nowhere; ask once. */
static bool
has_signed(struct search *s, unsigned who)
{
	unsigned last = s->at[s->len - 1];
	struct node *n = &s->nodes[last];
	uint64_t bit = UINT64_C(1) << who;

	if (s->effort == ANYTHING || (n->signers & bit) != 0)
		return true;
	if ((n->others & bit) == 0) {
		s->signatures++;
		if (starttls_judge_signature(s->chain->crt[last],
		    s->chain->crt[who])) {
			n->signers |= bit;
			return true;
		}
		n->others |= bit;
	}
	return false;
}

/* The way and an anchor are a path; NULL: the leaf is the anchor.  Returns
   whether the anchor has signed what it should. */
static bool
try_path(struct search *s, gnutls_x509_crt_t anchor)
{
	struct path path;
	unsigned last = s->len - 1, i;

	memset(&path, 0, sizeof(path));
	for (i = 0; i < s->len; i++)
		path.crt[path.len++] = s->chain->crt[s->at[i]];
	if (anchor != NULL)
		path.crt[path.len++] = anchor;
	s->attempts++;
	starttls_judge(s->demand, s->chain, &path);
	s->signatures += path.signatures;
	if (s->best->len == 0 || starttls_judge_is_better(&path, s->best))
		*s->best = path;
	if ((path.verdict & STARTTLS_V_SIGNATURE) == 0)
		return true;
	if (path.fault < last)     /* never again */
		s->nodes[s->at[path.fault]].others |=
		    UINT64_C(1) << s->at[path.fault + 1];
	return path.fault != last;
}

static unsigned
find_anchors(struct search *s, struct slice name,
	     gnutls_x509_crt_t anchors[TRUST_MAX_CANDIDATES])
{
	const struct anchors *given = s->demand->anchors;
	unsigned count = 0, i;

	if (given == NULL) {
		if (name.len > 0 && starttls_trust_find(
		    s->demand->policy->trust, name, anchors, &count) != 0)
			s->has_failed = true;
		return count;
	}
	for (i = 0; i < given->count && count < TRUST_MAX_CANDIDATES; i++)
		if (starttls_der_equal(given->list[i].subject, name))
			anchors[count++] = given->list[i].crt;
	return count;
}

/* Whether an anchor is to be tried on this way. */
static bool
is_new(const struct search *s, gnutls_x509_crt_t anchor, unsigned number)
{
	bool is_dubious = !is_dated(s, anchor);

	if ((s->nodes[s->at[s->len - 1]].other_anchors & 1u << number) != 0)
		return false;
	switch (s->effort) {
	case GOOD:
		return !is_dubious;
	case DUBIOUS:              /* the others had their turn */
		return is_dubious || s->dubious > 0;
	case ANYTHING:
		break;
	}
	return true;
}

/* Returns whether there was an anchor for the last on the way, of any kind. */
static bool
try_anchors(struct search *s)
{
	gnutls_x509_crt_t anchors[TRUST_MAX_CANDIDATES];
	unsigned last = s->at[s->len - 1], count, i;
	bool found = false;

	count = find_anchors(s, s->nodes[last].issuer, anchors);
	for (i = 0; i < count && !is_over(s); i++) {
		s->steps++;
		if (gnutls_x509_crt_check_issuer(s->chain->crt[last],
		    anchors[i]) == 0)
			continue;
		found = true;
		if (is_new(s, anchors[i], i) && !try_path(s, anchors[i]))
			s->nodes[last].other_anchors |= 1u << i;
	}
	return found;
}

/* Note how far it went without an anchor at its end. */
static void
note_dead_end(struct search *s)
{
	if (s->len > s->dead_end_len) {
		s->dead_end_len = s->len;
		s->dead_end = (int)s->at[s->len - 1];
	}
}

/* Go on from the last on the way, to wherever it leads. */
static void
extend(struct search *s)
{
	unsigned who[VERIFY_MAX_CHAIN], count = 0, i;
	bool is_dead_end = !try_anchors(s);

	if (s->len == PATH_MAX_LEN - 1)
		return;
	for (i = 0; i < s->chain->len && !is_over(s); i++)
		if (is_candidate(s, i))
			who[count++] = i;
	for (i = 0; i < count && !is_over(s); i++) {
		/* the only one there is need not be asked, nor paid for */
		if ((count > 1 || !is_dead_end) && !has_signed(s, who[i]))
			continue;
		is_dead_end = false;
		s->at[s->len++] = who[i];
		s->dubious += s->nodes[who[i]].is_dubious;
		extend(s);
		s->dubious -= s->nodes[who[i]].is_dubious;
		s->len--;
	}
	if (is_dead_end)
		note_dead_end(s);
}

/* The leaf may be an anchor itself, if it is one of the policy's. */
static void
try_leaf(struct search *s)
{
	gnutls_x509_crt_t anchors[TRUST_MAX_CANDIDATES];
	unsigned count, i;

	if (s->demand->anchors != NULL)
		return;
	count = find_anchors(s, s->nodes[0].subject, anchors);
	for (i = 0; i < count; i++)
		if (gnutls_x509_crt_equals(s->chain->crt[0], anchors[i])) {
			try_path(s, NULL);
			break;
		}
}

void
starttls_path_find(const struct demand *demand, const struct chain *chain,
		   struct path *ret_path)
{
	struct search s;

	memset(&s, 0, sizeof(s));
	memset(ret_path, 0, sizeof(*ret_path));
	s.demand = demand;
	s.chain = chain;
	s.best = ret_path;
	s.len = 1;
	init_nodes(&s);
	try_leaf(&s);
	for (s.effort = GOOD; s.effort <= ANYTHING && !is_over(&s) &&
	    (ret_path->len == 0 || ret_path->verdict != 0); s.effort++)
		extend(&s);
	ret_path->signatures = s.signatures;
	ret_path->is_cut_short = s.has_failed;
	if (s.has_failed) {
		ret_path->verdict |= STARTTLS_V_OTHER;
	} else if (ret_path->len == 0) {
		ret_path->verdict = STARTTLS_V_UNTRUSTED;
		ret_path->depth = s.dead_end;
		if (!is_over(&s))
			ret_path->verdict |= starttls_cause_find(chain,
			    &ret_path->depth);
	}
}
