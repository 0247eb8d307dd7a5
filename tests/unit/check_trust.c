/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * Trust on need is as good as the whole store: what GnuTLS accepts with all
 * anchors loaded, is accepted with the few that src/trust.c finds.  And what a
 * bundle, a directory or a buffer may look like.
 */

#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <gnutls/x509.h>

#include "harness.h"
#include "path.h"
#include "policy.h"
#include "trust.h"

#define MANY 145                   /* as many as the system has */
#define THREADS 8
#define UPGRADES 12                /* of each thread */

enum cast {
	NOBODY,
	ROOT,
	INTER,             /* by ROOT */
	SUB,               /* by INTER */
	LEAF,              /* by SUB */
	INTER_LEAF,        /* by INTER */
	ROOT_LEAF,         /* by ROOT */
	OLD,               /* a root ... */
	NEW,               /* ... its successor ... */
	NEW_BY_OLD,        /* ... cross-signed ... */
	OLD_BY_NEW,        /* ... and the other way round */
	NEW_LEAF,          /* by NEW */
	OLD_LEAF,
	TWIN_A,            /* roots of one name, with key identifiers */
	TWIN_B,
	TWIN_C,
	TWIN_LEAF_A,
	TWIN_LEAF_B,
	TWIN_LEAF_C,
	BARE_A,            /* the same without key identifiers */
	BARE_B,
	BARE_LEAF_A,
	BARE_LEAF_B,
	RENEWED,           /* name and key of ROOT, other dates */
	EXPIRED,           /* the same, expired */
	VERSION_1,         /* a root without extensions */
	VERSION_1_LEAF,
	NAMELESS,          /* a root with an empty subject */
	NAMELESS_LEAF,
	LONG_NAME,         /* needs two octets of length */
	LONG_NAME_LEAF,
	STRANGER,          /* another root */
	SELF_SIGNED,       /* a server's own */
	CAST_LEN
};

static char long_name[301];

static const struct {
	enum cast who, issuer;
	struct mint_spec spec;
} minted[] = {
	{ ROOT, NOBODY, { .cn = "root", .is_ca = true } },
	{ INTER, ROOT, { .cn = "inter", .is_ca = true } },
	{ SUB, INTER, { .cn = "sub", .is_ca = true } },
	{ LEAF, SUB, { .cn = "leaf", .dns = { PEER } } },
	{ INTER_LEAF, INTER, { .cn = "leaf", .dns = { PEER } } },
	{ ROOT_LEAF, ROOT, { .cn = "leaf", .dns = { PEER } } },
	{ OLD, NOBODY, { .cn = "old", .is_ca = true } },
	{ NEW, NOBODY, { .cn = "new", .is_ca = true } },
	{ NEW_LEAF, NEW, { .cn = "leaf", .dns = { PEER } } },
	{ OLD_LEAF, OLD, { .cn = "leaf", .dns = { PEER } } },
	{ TWIN_A, NOBODY, { .cn = "twin", .is_ca = true } },
	{ TWIN_B, NOBODY, { .cn = "twin", .is_ca = true } },
	{ TWIN_C, NOBODY, { .cn = "twin", .is_ca = true } },
	{ TWIN_LEAF_A, TWIN_A, { .cn = "leaf", .dns = { PEER } } },
	{ TWIN_LEAF_B, TWIN_B, { .cn = "leaf", .dns = { PEER } } },
	{ TWIN_LEAF_C, TWIN_C, { .cn = "leaf", .dns = { PEER } } },
	{ BARE_A, NOBODY,
	  { .cn = "bare", .is_ca = true, .no_key_ids = true } },
	{ BARE_B, NOBODY,
	  { .cn = "bare", .is_ca = true, .no_key_ids = true } },
	{ BARE_LEAF_A, BARE_A,
	  { .cn = "leaf", .dns = { PEER }, .no_key_ids = true } },
	{ BARE_LEAF_B, BARE_B,
	  { .cn = "leaf", .dns = { PEER }, .no_key_ids = true } },
	{ VERSION_1, NOBODY, { .cn = "version 1", .version = 1 } },
	{ VERSION_1_LEAF, VERSION_1, { .cn = "leaf", .dns = { PEER } } },
	{ NAMELESS, NOBODY, { .is_ca = true } },
	{ NAMELESS_LEAF, NAMELESS, { .cn = "leaf", .dns = { PEER } } },
	{ LONG_NAME, NOBODY, { .cn = long_name, .is_ca = true } },
	{ LONG_NAME_LEAF, LONG_NAME, { .cn = "leaf", .dns = { PEER } } },
	{ STRANGER, NOBODY, { .cn = "stranger", .is_ca = true } },
	{ SELF_SIGNED, NOBODY, { .cn = "self", .dns = { PEER } } },
};

static const struct {
	enum cast who, holder, issuer;
	struct mint_spec spec;
} minted_again[] = {
	{ NEW_BY_OLD, NEW, OLD, { .cn = "new", .is_ca = true } },
	{ OLD_BY_NEW, OLD, NEW, { .cn = "old", .is_ca = true } },
	{ RENEWED, ROOT, ROOT,
	  { .cn = "root", .is_ca = true, .not_before = -MINT_DAY } },
	{ EXPIRED, ROOT, ROOT,
	  { .cn = "root", .is_ca = true, .not_after = -MINT_DAY } },
};

enum wanted {
	SAME,              /* good if the whole store says so, or better */
	GOOD,
	BAD,
	MORE               /* good here, if GnuTLS may be wrong */
};

static const struct store_row {
	const char *name;
	enum cast anchors[6], chain[6];
	enum wanted wanted;
} store_rows[] = {
	{ "root", { STRANGER, ROOT }, { LEAF, SUB, INTER }, GOOD },
	{ "root sent", { ROOT }, { LEAF, SUB, INTER, ROOT }, GOOD },
	{ "unordered", { ROOT }, { LEAF, ROOT, INTER, SUB }, GOOD },
	{ "unknown root", { STRANGER }, { LEAF, SUB, INTER, ROOT }, BAD },
	{ "missing intermediate", { ROOT }, { LEAF, SUB }, BAD },
	{ "intermediate", { INTER }, { LEAF, SUB }, GOOD },
	{ "intermediate sent", { INTER }, { LEAF, SUB, INTER }, GOOD },
	{ "intermediate and root sent", { INTER },
	  { LEAF, SUB, INTER, ROOT }, GOOD },
	{ "lower intermediate", { SUB }, { LEAF }, GOOD },
	{ "lower intermediate sent", { SUB }, { LEAF, SUB }, GOOD },
	{ "lower intermediate, upper sent", { SUB }, { LEAF, SUB, INTER },
	  SAME },
	{ "root and intermediates", { ROOT, INTER, SUB },
	  { LEAF, SUB, INTER }, GOOD },
	{ "root and intermediates, not sent", { ROOT, INTER, SUB }, { LEAF },
	  GOOD },
	{ "root and a gap", { ROOT, SUB }, { LEAF }, GOOD },
	{ "the leaf", { LEAF }, { LEAF }, GOOD },
	{ "the leaf, chain sent", { LEAF }, { LEAF, SUB, INTER }, SAME },
	{ "the self-signed leaf", { SELF_SIGNED }, { SELF_SIGNED }, GOOD },
	{ "another self-signed leaf", { LEAF }, { SELF_SIGNED }, BAD },

	{ "old only, cross sent", { OLD }, { NEW_LEAF, NEW_BY_OLD }, GOOD },
	{ "old only, cross and new sent", { OLD },
	  { NEW_LEAF, NEW, NEW_BY_OLD }, SAME },
	{ "old only, new and cross sent", { OLD },
	  { NEW_LEAF, NEW_BY_OLD, NEW }, SAME },
	{ "old only, all sent", { OLD }, { NEW_LEAF, NEW_BY_OLD, OLD },
	  GOOD },
	{ "old only, cross not sent", { OLD }, { NEW_LEAF }, BAD },
	{ "old only, new sent", { OLD }, { NEW_LEAF, NEW }, BAD },
	{ "new only, cross sent", { NEW }, { NEW_LEAF, NEW_BY_OLD }, GOOD },
	{ "new only, all sent", { NEW }, { NEW_LEAF, NEW_BY_OLD, OLD },
	  GOOD },
	{ "new only, cross not sent", { NEW }, { NEW_LEAF }, GOOD },
	{ "both, cross sent", { OLD, NEW }, { NEW_LEAF, NEW_BY_OLD }, GOOD },
	{ "both, cross not sent", { NEW, OLD }, { NEW_LEAF }, GOOD },
	{ "the cross certificate only", { NEW_BY_OLD }, { NEW_LEAF }, GOOD },
	{ "the cross certificate only, sent", { NEW_BY_OLD },
	  { NEW_LEAF, NEW_BY_OLD }, GOOD },
	{ "the cross certificate only, new sent", { NEW_BY_OLD },
	  { NEW_LEAF, NEW }, GOOD },
	{ "crossed both ways, a loop sent", { NEW },
	  { OLD_LEAF, OLD_BY_NEW, NEW_BY_OLD, OLD_BY_NEW }, SAME },
	{ "crossed both ways, a loop without anchor", { STRANGER },
	  { OLD_LEAF, OLD_BY_NEW, NEW_BY_OLD }, BAD },
	{ "old by new", { NEW }, { OLD_LEAF, OLD_BY_NEW }, GOOD },

	{ "renewed root", { RENEWED }, { ROOT_LEAF }, GOOD },
	{ "renewed root, old one sent", { RENEWED }, { ROOT_LEAF, ROOT },
	  GOOD },
	{ "expired root", { EXPIRED }, { ROOT_LEAF }, BAD },
	{ "expired root and its renewal", { EXPIRED, RENEWED },
	  { ROOT_LEAF }, GOOD },
	{ "renewed root and the expired one", { RENEWED, EXPIRED },
	  { ROOT_LEAF }, GOOD },
	{ "expired root in front, all sent", { EXPIRED, ROOT },
	  { LEAF, SUB, INTER, ROOT }, SAME },
	{ "expired root behind, all sent", { ROOT, EXPIRED },
	  { LEAF, SUB, INTER, ROOT }, SAME },

	{ "twins, leaf of A", { TWIN_A, TWIN_B, TWIN_C }, { TWIN_LEAF_A },
	  GOOD },
	{ "twins, leaf of B", { TWIN_A, TWIN_B, TWIN_C }, { TWIN_LEAF_B },
	  GOOD },
	{ "twins, leaf of C", { TWIN_A, TWIN_B, TWIN_C }, { TWIN_LEAF_C },
	  GOOD },
	{ "twins, leaf of C, A sent", { TWIN_A, TWIN_B, TWIN_C },
	  { TWIN_LEAF_C, TWIN_A }, GOOD },
	{ "only the wrong twins", { TWIN_A, TWIN_B }, { TWIN_LEAF_C }, BAD },
	{ "only the wrong twins, right one sent", { TWIN_A, TWIN_B },
	  { TWIN_LEAF_C, TWIN_C }, BAD },
	{ "bare twins A B, leaf of A", { BARE_A, BARE_B }, { BARE_LEAF_A },
	  MORE },
	{ "bare twins A B, leaf of B", { BARE_A, BARE_B }, { BARE_LEAF_B },
	  MORE },
	{ "bare twins B A, leaf of A", { BARE_B, BARE_A }, { BARE_LEAF_A },
	  MORE },
	{ "bare twins B A, leaf of B", { BARE_B, BARE_A }, { BARE_LEAF_B },
	  MORE },
	{ "wrong bare twin", { BARE_A }, { BARE_LEAF_B }, BAD },
	{ "right bare twin", { BARE_B }, { BARE_LEAF_B }, GOOD },

	{ "an anchor three times", { ROOT, ROOT, ROOT },
	  { LEAF, SUB, INTER }, GOOD },
	{ "version 1 root", { VERSION_1 }, { VERSION_1_LEAF }, SAME },
	{ "version 1 root sent", { VERSION_1 },
	  { VERSION_1_LEAF, VERSION_1 }, SAME },
	{ "empty subject", { NAMELESS }, { NAMELESS_LEAF }, SAME },
	{ "long subject", { STRANGER, LONG_NAME }, { LONG_NAME_LEAF },
	  GOOD },
};

static struct mint_cert cast[CAST_LEN];

static void
mint_cast(void)
{
	size_t i;

	memset(long_name, 'n', sizeof(long_name) - 1);
	for (i = 0; i < ARRAY_LEN(minted); i++)
		mint(&cast[minted[i].who], &minted[i].spec,
		    minted[i].issuer == NOBODY ? NULL :
		    &cast[minted[i].issuer]);
	for (i = 0; i < ARRAY_LEN(minted_again); i++)
		mint_with_key(&cast[minted_again[i].who],
		    &minted_again[i].spec, &cast[minted_again[i].holder],
		    &cast[minted_again[i].issuer]);
}

static void
free_cast(void)
{
	size_t i;

	for (i = 0; i < CAST_LEN; i++)
		mint_free(&cast[i]);
}

static size_t
gather(const enum cast *who, size_t max, const struct mint_cert **ret)
{
	size_t n;

	for (n = 0; n < max && who[n] != NOBODY; n++)
		ret[n] = &cast[who[n]];
	return n;
}

static struct starttls_policy *
new_policy(void)
{
	struct starttls_policy *policy;

	ck_assert_int_eq(starttls_policy_new(&policy, STARTTLS_CLIENT), 0);
	test_policy_clock(policy);
	return policy;
}

/* All anchors in a list of GnuTLS, or those that are needed in a policy. */
struct store {
	gnutls_x509_trust_list_t list;
	struct starttls_policy *policy;
};

static void
store_init(struct store *s, const char *pem, bool on_need)
{
	gnutls_datum_t data = { (unsigned char *)(uintptr_t)pem,
	    (unsigned)strlen(pem) };
	struct starttls_error error;

	s->policy = NULL;
	s->list = NULL;
	if (on_need) {
		s->policy = new_policy();
		starttls_error_reset(&error);
		ck_assert_msg(starttls_policy_trust_pem(s->policy, pem,
		    strlen(pem), &error) == 0, "%s", error.message);
		return;
	}
	ck_assert_int_eq(gnutls_x509_trust_list_init(&s->list, 0), 0);
	ck_assert_int_gt(gnutls_x509_trust_list_add_trust_mem(s->list, &data,
	    NULL, GNUTLS_X509_FMT_PEM, 0, 0), 0);
}

static void
store_done(struct store *s)
{
	starttls_policy_unref(s->policy);
	gnutls_x509_trust_list_deinit(s->list, 1);
}

/* Anchors that GnuTLS holds. */
static size_t
store_count(const struct store *s)
{
	gnutls_x509_trust_list_iter_t iter = NULL;
	gnutls_x509_crt_t crt;
	size_t count = 0;

	if (s->policy != NULL)
		return starttls_trust_parsed(s->policy->trust);
	while (gnutls_x509_trust_list_iter_get_ca(s->list, &iter, &crt) >= 0) {
		gnutls_x509_crt_deinit(crt);
		count++;
	}
	return count;
}

static unsigned
path_verdict(const struct starttls_policy *policy, gnutls_x509_crt_t *chain,
	     unsigned n)
{
	struct chain sent = { .len = n };
	gnutls_datum_t der[16];
	struct path path;
	unsigned i;

	for (i = 0; i < n; i++) {
		ck_assert_int_eq(gnutls_x509_crt_export2(chain[i],
		    GNUTLS_X509_FMT_DER, &der[i]), 0);
		sent.crt[i] = chain[i];
	}
	sent.der = der;
	starttls_path_find(policy, &sent, NULL, &path);
	for (i = 0; i < n; i++)
		gnutls_free(der[i].data);
	return path.verdict;
}

/* What is wrong with a chain: as GnuTLS has it, or as we do; 0: nothing. */
static unsigned
store_verify(struct store *s, gnutls_x509_crt_t *chain, unsigned n)
{
	gnutls_typed_vdata_st purpose = {
		.type = GNUTLS_DT_KEY_PURPOSE_OID,
		.data = (unsigned char *)(uintptr_t)GNUTLS_KP_TLS_WWW_SERVER,
	};
	unsigned status = ~0u;

	if (s->policy != NULL)
		return path_verdict(s->policy, chain, n);
	ck_assert_int_eq(gnutls_x509_trust_list_verify_crt2(s->list, chain, n,
	    &purpose, 1, GNUTLS_PROFILE_TO_VFLAGS(GNUTLS_PROFILE_MEDIUM),
	    &status, NULL), 0);
	return status;
}

START_TEST(test_trust_on_need_says_what_the_store_says)
{
	const struct store_row *row = &store_rows[_i];
	const struct mint_cert *anchors[ARRAY_LEN(row->anchors)];
	const struct mint_cert *chain[ARRAY_LEN(row->chain)];
	gnutls_x509_crt_t crts[ARRAY_LEN(row->chain)];
	struct store whole, need;
	unsigned want, got, again;
	size_t n, i;
	char *pem;

	pem = mint_pem(anchors, gather(row->anchors,
	    ARRAY_LEN(row->anchors), anchors));
	n = gather(row->chain, ARRAY_LEN(row->chain), chain);
	for (i = 0; i < n; i++)
		crts[i] = chain[i]->crt;
	store_init(&whole, pem, false);
	store_init(&need, pem, true);
	want = store_verify(&whole, crts, (unsigned)n);
	got = store_verify(&need, crts, (unsigned)n);
	again = store_verify(&need, crts, (unsigned)n);
	ck_assert_msg(want != 0 || got == 0, "%s: verdict %#x, but the whole "
	    "store says it is good", row->name, got);
	ck_assert_msg(row->wanted == SAME || (got == 0) ==
	    (row->wanted != BAD), "%s: verdict %#x", row->name, got);
	ck_assert_msg(again == got, "%s: verdict %#x the second time",
	    row->name, again);
	ck_assert_msg(row->wanted == SAME || row->wanted == MORE ||
	    (want == 0) ==
	    (row->wanted == GOOD), "%s: whole store says %#x", row->name,
	    want);
	store_done(&need);
	store_done(&whole);
	free(pem);
}
END_TEST

/* And in a handshake: what the whole store accepts, the policy accepts. */
START_TEST(test_trust_policy_says_what_the_store_says)
{
	const struct store_row *row = &store_rows[_i];
	const struct mint_cert *anchors[ARRAY_LEN(row->anchors)];
	const struct mint_cert *chain[ARRAY_LEN(row->chain)];
	gnutls_x509_crt_t crts[ARRAY_LEN(row->chain)];
	struct tlspair_server server = { .chain = chain, .n = 1 };
	struct conn_spec spec = { .server = &server, .sent = chain };
	struct store whole;
	struct conn c;
	unsigned want;
	size_t i, n;
	char *pem;
	int rc;

	n = gather(row->anchors, ARRAY_LEN(row->anchors), anchors);
	pem = mint_pem(anchors, n);
	spec.policy = test_policy(anchors, n);
	spec.sent_n = gather(row->chain, ARRAY_LEN(row->chain), chain);
	for (i = 0; i < spec.sent_n; i++)
		crts[i] = chain[i]->crt;
	store_init(&whole, pem, false);
	want = store_verify(&whole, crts, (unsigned)spec.sent_n);
	rc = conn_run(&c, &spec);
	if (want == 0 || row->wanted == GOOD || row->wanted == MORE)
		ck_assert_msg(rc == 0, "%s: %s", row->name, c.error.message);
	if (row->wanted == BAD)
		ck_assert_msg(starttls_code_class(rc) ==
		    STARTTLS_CLASS_VERIFY, "%s: %s", row->name,
		    starttls_code_name(rc));
	conn_done(&c);
	starttls_policy_unref(spec.policy);
	store_done(&whole);
	free(pem);
}
END_TEST

/* What another chain has loaded before changes no verdict. */
START_TEST(test_trust_on_need_does_not_depend_on_history)
{
	static const enum cast all[] = { STRANGER, ROOT, OLD, NEW, TWIN_A,
	    TWIN_B, TWIN_C, BARE_A, LONG_NAME, NAMELESS, SELF_SIGNED };
	const struct mint_cert *anchors[ARRAY_LEN(all)];
	struct store whole, need, fresh;
	size_t i, k, round;
	char *pem = mint_pem(anchors, gather(all, ARRAY_LEN(all), anchors));

	store_init(&whole, pem, false);
	store_init(&need, pem, true);
	ck_assert_uint_eq(store_count(&need), 0);
	for (round = 0; round < 2; round++)
		for (i = 0; i < ARRAY_LEN(store_rows); i++) {
			/* forth, then back */
			const struct store_row *row = &store_rows[round == 0 ?
			    i : ARRAY_LEN(store_rows) - 1 - i];
			gnutls_x509_crt_t crts[ARRAY_LEN(row->chain)];
			unsigned n = 0;

			for (k = 0; k < ARRAY_LEN(row->chain) &&
			    row->chain[k] != NOBODY; k++)
				crts[n++] = cast[row->chain[k]].crt;
			store_init(&fresh, pem, true);
			ck_assert_msg(store_verify(&need, crts, n) ==
			    store_verify(&fresh, crts, n), "%s", row->name);
			store_done(&fresh);
		}
	ck_assert_uint_le(store_count(&need), store_count(&whole));
	store_done(&need);
	store_done(&whole);
	free(pem);
}
END_TEST

/* Shapes of names as root programmes have them; the number goes between. */
static const struct {
	const char *head, *tail;
} shapes[] = {
	{ "CN=Root ", "" },
	{ "CN=Root ", ",O=Example" },
	{ "CN=Root ", ",O=Example,C=XX" },
	{ "OU=Root ", ",O=Example\\, Inc.,C=XX" },
	{ "CN=Root ", ",OU=Trust Network,OU=(c) 2006 Example - For "
	  "authorized use only,O=Example\\, Inc.,C=XX" },
	{ "CN=T\303\234B\304\260TAK K\303\266k ",
	  ",O=T\303\274rkiye,L=Gebze - Kocaeli,C=TR" },
	{ "CN=\347\254\254", ",O=\344\270\255\345\233\275,C=CN" },
	{ "CN=Root ", ",DC=ca,DC=example,DC=org" },
	{ "EMAIL=ca", "@example.org,CN=Root,O=Example,L=Town,ST=State,C=XX" },
	{ "CN=R", ",O=A name that is so long that a single octet does not,"
	  "OU=hold the length of the sequence any more because there are,"
	  "OU=more than one hundred and twenty-seven octets in it,C=XX" },
	{ "serialNumber=", ",CN=Root,O=Example,C=XX" },
	{ "CN=", "" },
};

/* A self-signed CA with any name, which mint() does not do. */
static void
mint_named(struct mint_cert *ret, size_t i)
{
	struct mint_cert plain;
	gnutls_datum_t der;
	char name[300];

	snprintf(name, sizeof(name), "%s%zu%s",
	    shapes[i % ARRAY_LEN(shapes)].head, i,
	    shapes[i % ARRAY_LEN(shapes)].tail);
	mint(&plain, &(struct mint_spec){ .is_ca = true }, NULL);
	ck_assert_int_eq(gnutls_x509_crt_set_dn(plain.crt, name, NULL), 0);
	ck_assert_int_eq(gnutls_x509_crt_sign2(plain.crt, plain.crt,
	    plain.key, GNUTLS_DIG_SHA256, 0), 0);
	ck_assert_int_eq(gnutls_x509_crt_export2(plain.crt,
	    GNUTLS_X509_FMT_DER, &der), 0);
	gnutls_x509_crt_deinit(plain.crt);
	gnutls_x509_crt_init(&plain.crt);
	ck_assert_int_eq(gnutls_x509_crt_import(plain.crt, &der,
	    GNUTLS_X509_FMT_DER), 0);
	gnutls_free(der.data);
	*ret = plain;
}

START_TEST(test_trust_finds_each_of_many)
{
	static struct mint_cert roots[MANY];
	const struct mint_cert *all[MANY];
	struct mint_cert leaf;
	struct store one, many;
	gnutls_x509_crt_t chain[2];
	char *pem;
	size_t i;

	for (i = 0; i < MANY; i++) {
		mint_named(&roots[i], i);
		all[i] = &roots[i];
	}
	pem = mint_pem(all, MANY);
	store_init(&many, pem, true);
	ck_assert_uint_eq(starttls_trust_count(many.policy->trust), MANY);
	for (i = 0; i < MANY; i++) {
		mint(&leaf, &(struct mint_spec){ .cn = "leaf",
		    .dns = { PEER } }, &roots[i]);
		chain[0] = leaf.crt;
		chain[1] = roots[i].crt;
		store_init(&one, pem, true);
		ck_assert_msg(store_verify(&one, chain, 1) == 0,
		    "root %zu alone", i);
		ck_assert_uint_eq(store_count(&one), 1);
		store_done(&one);
		ck_assert_msg(store_verify(&many, chain, 1 + i % 2) == 0,
		    "root %zu", i);
		ck_assert_uint_eq(store_count(&many), i + 1);
		mint_free(&leaf);
	}
	store_done(&many);
	free(pem);
	for (i = 0; i < MANY; i++)
		mint_free(&roots[i]);
}
END_TEST

/* How many certificates of the bundle have this one's subject or issuer. */
static size_t
count_related(const gnutls_x509_crt_t *all, unsigned n, unsigned at)
{
	gnutls_datum_t subject, issuer, other;
	size_t count = 0;
	unsigned i;

	gnutls_x509_crt_get_raw_dn(all[at], &subject);
	gnutls_x509_crt_get_raw_issuer_dn(all[at], &issuer);
	for (i = 0; i < n; i++) {
		gnutls_x509_crt_get_raw_dn(all[i], &other);
		count += (other.size == subject.size && memcmp(other.data,
		    subject.data, other.size) == 0) ||
		    (other.size == issuer.size && memcmp(other.data,
		    issuer.data, other.size) == 0);
		gnutls_free(other.data);
	}
	gnutls_free(subject.data);
	gnutls_free(issuer.data);
	return count;
}

/* Every anchor that this system trusts is found under its name. */
START_TEST(test_trust_finds_the_systems_anchors)
{
	const char *path = starttls_trust_system_path();
	gnutls_x509_crt_t *all;
	gnutls_datum_t file;
	struct stat st;
	struct store whole, need, every;
	unsigned n, i;
	char *pem;

	if (stat(path, &st) != 0 || !S_ISREG(st.st_mode) ||
	    gnutls_load_file(path, &file) < 0)
		return;            /* none here */
	ck_assert_int_ge(gnutls_x509_crt_list_import2(&all, &n, &file,
	    GNUTLS_X509_FMT_PEM, 0), 0);
	pem = strndup((const char *)file.data, file.size);
	gnutls_free(file.data);
	store_init(&whole, pem, false);
	store_init(&every, pem, true);
	ck_assert_uint_eq(starttls_trust_count(every.policy->trust), n);
	for (i = 0; i < n; i++) {
		unsigned want = store_verify(&whole, &all[i], 1);

		store_init(&need, pem, true);
		ck_assert_msg((store_verify(&need, &all[i], 1) == 0) ==
		    (want == 0), "anchor %u: not %#x", i, want);
		ck_assert_msg(store_count(&need) > 0 && store_count(&need) <=
		    count_related(all, n, i), "anchor %u: %zu loaded", i,
		    store_count(&need));
		store_done(&need);
		ck_assert_msg((store_verify(&every, &all[i], 1) == 0) ==
		    (want == 0), "anchor %u among others: not %#x", i, want);
	}
	ck_assert_uint_eq(store_count(&every), store_count(&whole));
	store_done(&every);
	store_done(&whole);
	for (i = 0; i < n; i++)
		gnutls_x509_crt_deinit(all[i]);
	gnutls_free(all);
	free(pem);
}
END_TEST

/*
 * Bundles.  The text is before, the certificate of ROOT with an edit, and
 * after; "%" in before and after stands for the good certificate.
 */
enum edit {
	AS_IS,
	NOTHING,           /* no certificate at all */
	CRLF,
	INDENTED,
	TRAILING_BLANKS,
	ONE_LINE,          /* all of the base64 */
	NO_NEWLINE,        /* behind the last line */
	X509_LABEL,
	OTHER_LABEL,       /* a certificate request */
	TRUSTED_LABEL,
	CUT,               /* in the middle, nothing follows */
	CUT_GROUP,         /* one character less */
	BAD_CHARACTER,     /* in the middle */
	COMMENT_INSIDE,
	NO_END,            /* no END line */
	NO_BODY,
	GARBAGE,           /* base64 of something else */
	SHORT_DER,         /* the DER lacks its end */
	LONG_DER           /* there are bytes behind it */
};

#define BEGIN "-----BEGIN CERTIFICATE-----\n"
#define END "-----END CERTIFICATE-----\n"

static const struct bundle_row {
	const char *name;
	const char *before;
	enum edit edit;
	const char *after;
	size_t count;      /* anchors; 0: refused */
	unsigned line;     /* in the message; 0: none */
} bundle_rows[] = {
	{ "one", "", AS_IS, "", 1, 0 },
	{ "three", "%", AS_IS, "%", 3, 0 },
	{ "comments", "# first\n\n%A comment, -----, ----BEGIN\n\n", AS_IS,
	  "the end\n", 2, 0 },
	{ "CRLF", "", CRLF, "", 1, 0 },
	{ "CRLF and LF", "%\r\n", CRLF, "%", 3, 0 },
	{ "indented", "", INDENTED, "", 1, 0 },
	{ "trailing blanks", "", TRAILING_BLANKS, "", 1, 0 },
	{ "base64 in one line", "", ONE_LINE, "", 1, 0 },
	{ "no final newline", "%", NO_NEWLINE, "", 2, 0 },
	{ "label X509 CERTIFICATE", "", X509_LABEL, "", 1, 0 },
	{ "a request beside it", "", OTHER_LABEL, "%", 1, 0 },
	{ "a trusted certificate beside it", "", TRUSTED_LABEL, "%", 1, 0 },

	{ "empty", "", NOTHING, "", 0, 0 },
	{ "blank", "\n \n\t\r\n", NOTHING, "", 0, 0 },
	{ "text", "no certificate here\n", NOTHING, "", 0, 0 },
	{ "only a request", "", OTHER_LABEL, "", 0, 0 },
	{ "only a label", "-----BEGIN CERTIFICATE-----", NOTHING, "", 0, 0 },
	{ "only a line", BEGIN, NOTHING, "", 0, 1 },
	{ "a cut label", "-----BEGIN CERTIFI", NOTHING, "", 0, 0 },
	{ "truncated", "", CUT, "", 0, 1 },
	{ "truncated, another follows", "\n\n", CUT, "\n%", 0, 3 },
	{ "truncated behind a good one", "#\n%\n", CUT, "", 0, 0 },
	{ "one character of base64 missing", "", CUT_GROUP, "", 0, 1 },
	{ "bad character", "# a\n# b\n", BAD_CHARACTER, "%", 0, 3 },
	{ "a comment inside", "", COMMENT_INSIDE, "", 0, 1 },
	{ "no END", "", NO_END, "", 0, 1 },
	{ "no END, another follows", "", NO_END, "%", 0, 1 },
	{ "no body", "", NO_BODY, "", 0, 1 },
	{ "garbage inside", "\n", GARBAGE, "", 0, 2 },
	{ "DER cut off", "", SHORT_DER, "", 0, 1 },
	{ "bytes behind the DER", "", LONG_DER, "", 0, 1 },
};

/* Put @len bytes of DER into PEM. */
static char *
pem_of(const void *data, size_t len)
{
	gnutls_datum_t der = { (unsigned char *)(uintptr_t)data,
	    (unsigned)len }, pem;
	char *text;

	ck_assert_int_eq(gnutls_pem_base64_encode2("CERTIFICATE", &der, &pem),
	    0);
	text = strndup((const char *)pem.data, pem.size);
	gnutls_free(pem.data);
	return text;
}

/* Copy @pem and put @line_end behind, and @indent before, each line. */
static void
relay_lines(char *out, size_t size, const char *pem, const char *indent,
	    const char *line_end)
{
	size_t len = 0;

	while (*pem != '\0') {
		int n = (int)strcspn(pem, "\n");

		len += (size_t)snprintf(out + len, size - len, "%s%.*s%s",
		    indent, n, pem, line_end);
		pem += n + 1;
	}
}

static void
edit_pem(char *out, size_t size, enum edit edit)
{
	const struct mint_cert *root[] = { &cast[ROOT] };
	char *pem = mint_pem(root, 1);
	gnutls_datum_t der;
	unsigned char longer[4096];
	char *at = NULL;

	ck_assert_int_eq(gnutls_x509_crt_export2(cast[ROOT].crt,
	    GNUTLS_X509_FMT_DER, &der), 0);
	snprintf(out, size, "%s", pem);
	switch (edit) {
	case AS_IS:
		break;
	case NOTHING:
		out[0] = '\0';
		break;
	case CRLF:
		relay_lines(out, size, pem, "", "\r\n");
		break;
	case INDENTED:
		relay_lines(out, size, pem, "\t  ", "\n");
		break;
	case TRAILING_BLANKS:
		relay_lines(out, size, pem, "", " \t\n");
		break;
	case ONE_LINE:
		relay_lines(out, size, pem, "", "");
		break;
	case NO_NEWLINE:
		out[strlen(out) - 1] = '\0';
		break;
	case X509_LABEL:
		snprintf(out, size, "-----BEGIN X509 CERTIFICATE-----\n%.*s"
		    "-----END X509 CERTIFICATE-----\n", (int)(strlen(pem) -
		    strlen(BEGIN) - strlen(END)), pem + strlen(BEGIN));
		break;
	case OTHER_LABEL:
		snprintf(out, size, "-----BEGIN CERTIFICATE REQUEST-----\n"
		    "!!!\n-----END CERTIFICATE REQUEST-----\n");
		break;
	case TRUSTED_LABEL:
		snprintf(out, size, "-----BEGIN TRUSTED CERTIFICATE-----\n"
		    "AAAA\n-----END TRUSTED CERTIFICATE-----\n");
		break;
	case CUT:
		out[strlen(out) / 2] = '\0';
		break;
	case CUT_GROUP:
		memmove(out + 100, out + 101, strlen(out + 100));
		break;
	case BAD_CHARACTER:
		out[strlen(out) / 2] = '!';
		break;
	case COMMENT_INSIDE:
		at = strchr(pem + strlen(BEGIN), '\n') + 1;
		snprintf(out, size, "%.*s# comment\n%s", (int)(at - pem), pem,
		    at);
		break;
	case NO_END:
		out[strlen(out) - strlen(END)] = '\0';
		break;
	case NO_BODY:
		snprintf(out, size, BEGIN END);
		break;
	case GARBAGE:
		at = pem_of("this is no certificate", 22);
		snprintf(out, size, "%s", at);
		free(at);
		break;
	case SHORT_DER:
		at = pem_of(der.data, der.size - 1);
		snprintf(out, size, "%s", at);
		free(at);
		break;
	case LONG_DER:
		ck_assert_uint_lt(der.size, sizeof(longer));
		memcpy(longer, der.data, der.size);
		longer[der.size] = 0;
		at = pem_of(longer, der.size + 1);
		snprintf(out, size, "%s", at);
		free(at);
		break;
	}
	gnutls_free(der.data);
	free(pem);
}

/* Append @text with every "%" replaced. */
static void
append_text(char *out, size_t size, const char *text)
{
	const struct mint_cert *other[] = { &cast[STRANGER] };
	char *pem = mint_pem(other, 1);
	size_t len;

	for (; *text != '\0'; text++) {
		len = strlen(out);
		if (*text == '%')
			snprintf(out + len, size - len, "%s", pem);
		else
			snprintf(out + len, size - len, "%c", *text);
	}
	free(pem);
}

static void
make_bundle(char *out, size_t size, const struct bundle_row *row)
{
	char edited[4096];

	out[0] = '\0';
	edit_pem(edited, sizeof(edited), row->edit);
	append_text(out, size, row->before);
	snprintf(out + strlen(out), size - strlen(out), "%s", edited);
	append_text(out, size, row->after);
}

/* A refusal names the place and changes nothing. */
static void
expect_refusal(const char *name, const struct starttls_policy *policy, int rc,
	       const struct starttls_error *error, const char *label,
	       unsigned line)
{
	char where[32] = "line";

	if (line > 0)
		snprintf(where, sizeof(where), "at line %u", line);
	ck_assert_msg(rc == STARTTLS_E_POLICY && error->code == rc,
	    "%s: %s", name, starttls_code_name(rc));
	ck_assert_msg(error->phase == STARTTLS_PHASE_SETUP, "%s: phase %d",
	    name, error->phase);
	ck_assert_msg(is_plain_line(error->message) &&
	    strstr(error->message, label) != NULL, "%s: \"%s\"", name,
	    error->message);
	ck_assert_msg(line == 0 || strstr(error->message, where) != NULL,
	    "%s: not %s in \"%s\"", name, where, error->message);
	ck_assert_msg(starttls_trust_count(policy->trust) == 0 &&
	    policy->use_system, "%s: something was added", name);
}

START_TEST(test_trust_reads_bundles)
{
	const struct bundle_row *row = &bundle_rows[_i];
	struct starttls_policy *policy = new_policy();
	char path[] = "/tmp/check_trust-XXXXXX", text[16384];
	struct starttls_error error;
	gnutls_x509_crt_t leaf = cast[ROOT_LEAF].crt;
	struct store store;
	int fd = mkstemp(path), rc;

	ck_assert_int_ge(fd, 0);
	close(fd);
	make_bundle(text, sizeof(text), row);
	mint_write_text(path, text);
	rc = starttls_policy_trust_file(policy, path, &error);
	if (row->count == 0) {
		expect_refusal(row->name, policy, rc, &error, path,
		    row->line);
		rc = starttls_policy_add_trust_file(policy, path, &error);
		expect_refusal(row->name, policy, rc, &error, path,
		    row->line);
		rc = starttls_policy_trust_pem(policy, text, strlen(text),
		    &error);
		expect_refusal(row->name, policy, rc, &error, "PEM",
		    row->line);
	} else {
		ck_assert_msg(rc == 0, "%s: %s", row->name, error.message);
		ck_assert_msg(starttls_trust_count(policy->trust) ==
		    row->count && !policy->use_system, "%s: %zu anchors",
		    row->name, starttls_trust_count(policy->trust));
	}
	unlink(path);
	starttls_policy_unref(policy);

	/* and what was read is what is there */
	if (row->count > 0 && row->edit != OTHER_LABEL &&
	    row->edit != TRUSTED_LABEL) {
		store_init(&store, text, true);
		ck_assert_msg(store_verify(&store, &leaf, 1) == 0,
		    "%s: the anchor is useless", row->name);
		store_done(&store);
	}
}
END_TEST

/* The first of two calls counts, if the second fails. */
START_TEST(test_trust_keeps_what_it_had)
{
	const struct mint_cert *root[] = { &cast[ROOT] };
	struct starttls_policy *policy = test_policy(root, 1);
	struct starttls_error error;
	gnutls_x509_crt_t leaf = cast[ROOT_LEAF].crt;
	struct store store = { NULL, policy };
	char text[16384];
	size_t i;

	for (i = 0; i < ARRAY_LEN(bundle_rows); i++) {
		if (bundle_rows[i].count > 0)
			continue;
		make_bundle(text, sizeof(text), &bundle_rows[i]);
		ck_assert_int_eq(starttls_policy_trust_pem(policy, text,
		    strlen(text), &error), STARTTLS_E_POLICY);
		ck_assert_msg(starttls_trust_count(policy->trust) == 1,
		    "%s: %zu anchors", bundle_rows[i].name,
		    starttls_trust_count(policy->trust));
		ck_assert_msg(store_verify(&store, &leaf, 1) == 0, "%s",
		    bundle_rows[i].name);
	}
	starttls_policy_unref(policy);
}
END_TEST

/* A buffer is not read past its end, nor up to a NUL only. */
START_TEST(test_trust_counts_bytes)
{
	const struct mint_cert *root[] = { &cast[ROOT] };
	struct starttls_policy *policy = new_policy();
	char *pem = mint_pem(root, 1), *exact;
	size_t len = strlen(pem), n;
	struct starttls_error error;
	int rc;

	for (n = 0; n <= len; n++) {
		exact = malloc(n > 0 ? n : 1);
		ck_assert_ptr_nonnull(exact);
		memcpy(exact, pem, n);
		rc = starttls_policy_trust_pem(policy, exact, n, &error);
		/* the rest of the END line is not looked at */
		ck_assert_msg(rc == (n < len - strlen(END) + 9 ?
		    STARTTLS_E_POLICY : 0), "%zu of %zu bytes: %s", n, len,
		    starttls_code_name(rc));
		free(exact);
	}
	starttls_policy_unref(policy);

	policy = new_policy();
	exact = malloc(2 * len + 3);
	ck_assert_ptr_nonnull(exact);
	memcpy(exact, pem, len);
	memcpy(exact + len, "a\0b", 3);
	memcpy(exact + len + 3, pem, len);
	ck_assert_int_eq(starttls_policy_trust_pem(policy, exact, 2 * len + 3,
	    &error), 0);
	ck_assert_uint_eq(starttls_trust_count(policy->trust), 2);
	free(exact);
	free(pem);
	starttls_policy_unref(policy);
}
END_TEST

static const struct file_row {
	const char *name;
	int sys_errno;     /* 0: any */
} file_rows[] = {
	{ "nonexistent", ENOENT },
	{ "nonexistent/file", ENOENT },
	{ "directory", EISDIR },
	{ "fifo", 0 },
	{ "loop", ELOOP },
	{ "", 0 },
};

/* Files that cannot be read say why, and do not block. */
START_TEST(test_trust_refuses_what_is_no_file)
{
	const struct file_row *row = &file_rows[_i];
	struct starttls_policy *policy = new_policy();
	char dir[] = "/tmp/check_trust-XXXXXX", path[64], made[64];
	struct starttls_error error;
	int rc;

	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/%s", dir, row->name);
	snprintf(made, sizeof(made), "%s/directory", dir);
	ck_assert_int_eq(mkdir(made, 0700), 0);
	snprintf(made, sizeof(made), "%s/fifo", dir);
	ck_assert_int_eq(mkfifo(made, 0600), 0);
	snprintf(made, sizeof(made), "%s/loop", dir);
	ck_assert_int_eq(symlink("loop", made), 0);

	rc = starttls_policy_trust_file(policy, path, &error);
	expect_refusal(row->name, policy, rc, &error, dir, 0);
	ck_assert_msg(error.sys_errno != 0 && (row->sys_errno == 0 ||
	    error.sys_errno == row->sys_errno), "%s: errno %d", row->name,
	    error.sys_errno);
	rc = starttls_policy_add_trust_file(policy, path, NULL);
	ck_assert_msg(rc == STARTTLS_E_POLICY, "%s", row->name);
	starttls_policy_unref(policy);

	unlink(made);
	snprintf(made, sizeof(made), "%s/fifo", dir);
	unlink(made);
	snprintf(made, sizeof(made), "%s/directory", dir);
	rmdir(made);
	ck_assert_int_eq(rmdir(dir), 0);
}
END_TEST

/* Directories: names and what is in them, "R" ROOT, "S" STRANGER, "x" junk. */
static const struct dir_row {
	const char *name;
	const char *files[10];
	size_t count;              /* anchors; 0: refused */
} dir_rows[] = {
	{ "plain names", { "R a.pem", "S b.crt" }, 2 },
	{ "the three endings", { "R a.pem", "S b.crt", "R c.cer" }, 3 },
	{ "other files beside",
	  { "R a.pem", "x README", "x a.key", "x .hidden.pem", "x pem",
	    "x a.pem~" }, 1 },
	{ "hashed names", { "R 0123abcd.0", "S 89ef4567.0" }, 2 },
	{ "hashed names that collide", { "R 0123abcd.0", "S 0123abcd.1",
	    "S 0123abcd.10" }, 3 },
	{ "hashed names beside the files they stand for",
	  { "R 0123abcd.0", "S 89ef4567.0", "R root.pem", "S other.pem" },
	  2 },
	{ "nearly hashed names",
	  { "R root.pem", "x 0123abcd.r0", "x 0123ABCD.0", "x 123abcd.0",
	    "x 0123abcd.", "x 0123abcd.0x", "x 0123abcde.0",
	    "x 0123abcd" }, 1 },
	{ "empty directory", { NULL }, 0 },
	{ "nothing of use in it", { "R README", "R a.key" }, 0 },
	{ "junk", { "x a.pem" }, 0 },
	{ "junk among good ones",
	  { "R a.pem", "S b.pem", "R c.pem", "S d.pem", "x m.pem",
	    "R w.pem", "S x.pem", "R y.pem", "S z.pem" }, 0 },
};

static void
dir_file(const char *dir, const char *file, bool remove)
{
	const struct mint_cert *root[] = { file[0] == 'S' ? &cast[STRANGER] :
	    &cast[ROOT] };
	char path[96], *pem;

	snprintf(path, sizeof(path), "%s/%s", dir, file + 2);
	if (remove) {
		unlink(path);
		return;
	}
	pem = mint_pem(root, 1);
	mint_write_text(path, file[0] == 'x' ? BEGIN "junk" : pem);
	free(pem);
}

START_TEST(test_trust_reads_directories)
{
	const struct dir_row *row = &dir_rows[_i];
	struct starttls_policy *policy = new_policy();
	char dir[] = "/tmp/check_trust-XXXXXX";
	struct starttls_error error;
	size_t i;
	int rc;

	ck_assert_ptr_nonnull(mkdtemp(dir));
	for (i = 0; i < ARRAY_LEN(row->files) && row->files[i]; i++)
		dir_file(dir, row->files[i], false);
	rc = starttls_policy_trust_dir(policy, dir, &error);
	for (i = 0; i < ARRAY_LEN(row->files) && row->files[i]; i++)
		dir_file(dir, row->files[i], true);
	ck_assert_int_eq(rmdir(dir), 0);
	if (row->count == 0) {
		expect_refusal(row->name, policy, rc, &error, dir, 0);
	} else {
		ck_assert_msg(rc == 0, "%s: %s", row->name, error.message);
		ck_assert_msg(starttls_trust_count(policy->trust) ==
		    row->count && !policy->use_system, "%s: %zu anchors",
		    row->name, starttls_trust_count(policy->trust));
	}
	rc = starttls_policy_trust_dir(policy, dir, &error);
	ck_assert_int_eq(rc, STARTTLS_E_POLICY);
	ck_assert_int_eq(error.sys_errno, ENOENT);
	starttls_policy_unref(policy);
}
END_TEST

/* A whole upgrade with each way of naming the same anchors. */
START_TEST(test_trust_comes_from_files_directories_and_memory)
{
	const struct mint_cert *root[] = { &cast[ROOT] };
	const struct mint_cert *other[] = { &cast[STRANGER] };
	const struct mint_cert *chain[] = { &cast[ROOT_LEAF] };
	struct tlspair_server server = { .chain = chain, .n = 1 };
	struct conn_spec spec = { .server = &server };
	char dir[] = "/tmp/check_trust-XXXXXX", path[64];
	char *pem = mint_pem(root, 1), *other_pem = mint_pem(other, 1);
	struct starttls_error error;
	struct conn c;
	int way, rc;

	ck_assert_ptr_nonnull(mkdtemp(dir));
	mint_write(dir, "root", root, 1, NULL);
	snprintf(path, sizeof(path), "%s/root.crt", dir);
	for (way = 0; way < 6; way++) {
		spec.policy = new_policy();
		rc = -1;
		switch (way) {
		case 0:
			rc = starttls_policy_trust_file(spec.policy, path,
			    &error);
			break;
		case 1:
			rc = starttls_policy_trust_dir(spec.policy, dir,
			    &error);
			break;
		case 2:
			rc = starttls_policy_trust_pem(spec.policy, pem,
			    strlen(pem), &error);
			break;
		case 3: /* they add up */
			rc = starttls_policy_trust_pem(spec.policy, other_pem,
			    strlen(other_pem), &error);
			if (rc == 0)
				rc = starttls_policy_trust_file(spec.policy,
				    path, &error);
			break;
		case 4: /* in addition to what else is trusted */
			rc = starttls_policy_trust_pem(spec.policy, other_pem,
			    strlen(other_pem), &error);
			if (rc == 0)
				rc = starttls_policy_add_trust_file(
				    spec.policy, path, &error);
			break;
		case 5:
			rc = starttls_policy_trust_pem(spec.policy, other_pem,
			    strlen(other_pem), &error);
			break;
		}
		ck_assert_msg(rc == 0, "way %d: %s", way, error.message);
		rc = conn_run(&c, &spec);
		ck_assert_msg(rc == (way == 5 ? STARTTLS_E_UNTRUSTED : 0),
		    "way %d: %s", way, c.error.message);
		conn_done(&c);
		starttls_policy_unref(spec.policy);
	}
	unlink(path);
	ck_assert_int_eq(rmdir(dir), 0);
	free(pem);
	free(other_pem);
}
END_TEST

/* The system's store goes with additional anchors, and not with others. */
START_TEST(test_trust_adds_to_or_replaces_the_system)
{
	const struct mint_cert *root[] = { &cast[ROOT] };
	char dir[] = "/tmp/check_trust-XXXXXX", path[64];
	struct starttls_policy *policy = new_policy();
	struct starttls_error error;
	struct stat st;

	ck_assert_ptr_nonnull(mkdtemp(dir));
	mint_write(dir, "root", root, 1, NULL);
	snprintf(path, sizeof(path), "%s/root.crt", dir);
	ck_assert_int_eq(starttls_policy_add_trust_file(policy, path,
	    &error), 0);
	ck_assert(policy->use_system);
	ck_assert_uint_eq(starttls_trust_count(policy->trust), 1);
	if (stat(starttls_trust_system_path(), &st) == 0) {
		ck_assert_msg(starttls_policy_freeze(policy, &error) == 0,
		    "%s", error.message);
		ck_assert_uint_gt(starttls_trust_count(policy->trust), 1);
	}
	starttls_policy_unref(policy);

	policy = new_policy();
	ck_assert_int_eq(starttls_policy_trust_file(policy, path, &error), 0);
	ck_assert_int_eq(starttls_policy_freeze(policy, &error), 0);
	ck_assert_uint_eq(starttls_trust_count(policy->trust), 1);
	starttls_policy_unref(policy);
	unlink(path);
	ck_assert_int_eq(rmdir(dir), 0);
}
END_TEST

/* Threads: each has a server of its own CA, all share the policy. */
struct worker {
	pthread_t thread;
	struct starttls_policy *policy;
	struct mint_cert root, inter, leaf;
	const struct mint_cert *chain[2];
	const gnutls_datum_t *ticket_keys; /* for TLS 1.2 and 1.3 */
	int number;
	int rc;                    /* first failure */
	char message[STARTTLS_MESSAGE_SIZE];
};

static void *
work(void *arg)
{
	struct worker *w = arg;
	struct tlspair_server server = { .chain = w->chain, .n = 2 };
	struct conn_spec spec = { .policy = w->policy, .server = &server };
	struct conn c;
	int i;

	for (i = 0; i < UPGRADES && w->rc == 0; i++) {
		int v = (i + w->number) % 2;

		server.priority = v == 0 ? TLS12 : TLS13;
		server.ticket_key = i % 3 != 0 ? &w->ticket_keys[v] : NULL;
		spec.seed = (uint64_t)(i * THREADS + w->number) % 5;
		w->rc = conn_run(&c, &spec);
		if (w->rc == 0)
			w->rc = conn_echo(&c, "hello", 5);
		if (w->rc == 0)
			w->rc = conn_close(&c);
		if (w->rc != 0)
			snprintf(w->message, sizeof(w->message), "%s",
			    c.error.message);
		conn_done(&c);
	}
	return NULL;
}

START_TEST(test_trust_is_shared_by_threads)
{
	static struct worker workers[THREADS];
	const struct mint_cert *roots[THREADS];
	struct starttls_policy *policy;
	gnutls_datum_t keys[2];
	char cn[32];
	int i;

	for (i = 0; i < 2; i++)
		ck_assert_int_eq(gnutls_session_ticket_key_generate(&keys[i]),
		    0);
	for (i = 0; i < THREADS; i++) {
		struct worker *w = &workers[i];

		snprintf(cn, sizeof(cn), "root %d", i);
		mint(&w->root, &(struct mint_spec){ .cn = cn,
		    .is_ca = true }, NULL);
		mint(&w->inter, &(struct mint_spec){ .cn = "inter",
		    .is_ca = true }, &w->root);
		mint(&w->leaf, &(struct mint_spec){ .cn = "leaf",
		    .dns = { PEER } }, &w->inter);
		w->chain[0] = &w->leaf;
		w->chain[1] = &w->inter;
		w->ticket_keys = keys;
		w->number = i;
		roots[i] = &w->root;
	}
	policy = test_policy(roots, THREADS);
	for (i = 0; i < THREADS; i++) {
		workers[i].policy = policy;
		ck_assert_int_eq(pthread_create(&workers[i].thread, NULL,
		    work, &workers[i]), 0);
	}
	for (i = 0; i < THREADS; i++)
		pthread_join(workers[i].thread, NULL);
	for (i = 0; i < THREADS; i++) {
		ck_assert_msg(workers[i].rc == 0, "thread %d: %s: %s", i,
		    starttls_code_name(workers[i].rc), workers[i].message);
		mint_free(&workers[i].root);
		mint_free(&workers[i].inter);
		mint_free(&workers[i].leaf);
	}
	starttls_policy_unref(policy);
	for (i = 0; i < 2; i++)
		gnutls_free(keys[i].data);
}
END_TEST

/*
 * A verification that does not end keeps nobody else waiting, not even one
 * that needs an anchor for the first time: the first thread's clock stands
 * still until the second thread is through.
 */
struct patience {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool is_waiting, may_go, is_through;
};

static struct patience patience = { PTHREAD_MUTEX_INITIALIZER,
    PTHREAD_COND_INITIALIZER, false, false, false };
static _Thread_local bool is_patient;

/* What GnuTLS asks in the midst of a validation. */
static time_t
patient_clock(time_t *ret_now)
{
	if (is_patient) {
		pthread_mutex_lock(&patience.lock);
		patience.is_waiting = true;
		pthread_cond_broadcast(&patience.changed);
		while (!patience.may_go)
			pthread_cond_wait(&patience.changed, &patience.lock);
		pthread_mutex_unlock(&patience.lock);
	}
	return mint_clock(ret_now);
}

static void *
verify_patiently(void *arg)
{
	struct worker *w = arg;
	gnutls_x509_crt_t chain[] = { w->leaf.crt, w->inter.crt };

	is_patient = w->number == 0;
	w->rc = path_verdict(w->policy, chain, 2) == 0 ? 0 : -1;
	pthread_mutex_lock(&patience.lock);
	if (!is_patient)
		patience.is_through = true;
	pthread_cond_broadcast(&patience.changed);
	pthread_mutex_unlock(&patience.lock);
	return NULL;
}

START_TEST(test_trust_keeps_nobody_waiting)
{
	static struct worker workers[2];
	const struct mint_cert *roots[2];
	struct starttls_policy *policy;
	struct timespec limit;
	bool is_through;
	char cn[32];
	int i;

	for (i = 0; i < 2; i++) {
		struct worker *w = &workers[i];

		snprintf(cn, sizeof(cn), "root %d", i);
		mint(&w->root, &(struct mint_spec){ .cn = cn,
		    .is_ca = true }, NULL);
		mint(&w->inter, &(struct mint_spec){ .cn = "inter",
		    .is_ca = true }, &w->root);
		mint(&w->leaf, &(struct mint_spec){ .cn = "leaf",
		    .dns = { PEER } }, &w->inter);
		w->number = i;
		roots[i] = &w->root;
	}
	policy = test_policy(roots, 2);
	gnutls_global_set_time_function(patient_clock);
	clock_gettime(CLOCK_REALTIME, &limit);
	limit.tv_sec += 60;        /* only if it never comes */
	for (i = 0; i < 2; i++) {
		workers[i].policy = policy;
		ck_assert_int_eq(pthread_create(&workers[i].thread, NULL,
		    verify_patiently, &workers[i]), 0);
		pthread_mutex_lock(&patience.lock);
		while (!patience.is_waiting)
			pthread_cond_wait(&patience.changed, &patience.lock);
		pthread_mutex_unlock(&patience.lock);
	}
	pthread_mutex_lock(&patience.lock);
	while (!patience.is_through && pthread_cond_timedwait(
	    &patience.changed, &patience.lock, &limit) == 0)
		continue;
	is_through = patience.is_through;
	patience.may_go = true;
	pthread_cond_broadcast(&patience.changed);
	pthread_mutex_unlock(&patience.lock);
	for (i = 0; i < 2; i++) {
		pthread_join(workers[i].thread, NULL);
		ck_assert_int_eq(workers[i].rc, 0);
		mint_free(&workers[i].root);
		mint_free(&workers[i].inter);
		mint_free(&workers[i].leaf);
	}
	mint_set_clock();
	ck_assert_msg(is_through, "a new anchor waits for a verification");
	starttls_policy_unref(policy);
}
END_TEST

#define add_loop(tc, test, rows) \
	tcase_add_loop_test(tc, test, 0, (int)ARRAY_LEN(rows))

static Suite *
trust_suite(void)
{
	Suite *s = suite_create("trust");
	TCase *tc;

	tc = tcase_create("need");
	tcase_add_unchecked_fixture(tc, mint_cast, free_cast);
	add_loop(tc, test_trust_on_need_says_what_the_store_says, store_rows);
	add_loop(tc, test_trust_policy_says_what_the_store_says, store_rows);
	tcase_add_test(tc, test_trust_on_need_does_not_depend_on_history);
	tcase_add_test(tc, test_trust_finds_each_of_many);
	tcase_add_test(tc, test_trust_finds_the_systems_anchors);
	tcase_set_timeout(tc, 300);
	suite_add_tcase(s, tc);

	tc = tcase_create("sources");
	tcase_add_unchecked_fixture(tc, mint_cast, free_cast);
	add_loop(tc, test_trust_reads_bundles, bundle_rows);
	tcase_add_test(tc, test_trust_keeps_what_it_had);
	tcase_add_test(tc, test_trust_counts_bytes);
	add_loop(tc, test_trust_refuses_what_is_no_file, file_rows);
	add_loop(tc, test_trust_reads_directories, dir_rows);
	tcase_add_test(tc, test_trust_comes_from_files_directories_and_memory);
	tcase_add_test(tc, test_trust_adds_to_or_replaces_the_system);
	tcase_set_timeout(tc, 300);
	suite_add_tcase(s, tc);

	tc = tcase_create("threads");
	tcase_add_test(tc, test_trust_is_shared_by_threads);
	tcase_add_test(tc, test_trust_keeps_nobody_waiting);
	tcase_set_timeout(tc, 300);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	return run_suite(trust_suite());
}
