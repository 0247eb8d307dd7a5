/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * Trust on need is as good as the whole store: what GnuTLS accepts with all
 * anchors loaded, is accepted with the few that src/trust.c finds.
 */

#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <gnutls/x509.h>

#include "harness.h"
#include "policy.h"
#include "trust.h"
#include "truststore.h"

#define MANY 145                   /* as many as the system has */

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

#define add_loop(tc, test, rows) \
	tcase_add_loop_test(tc, test, 0, (int)ARRAY_LEN(rows))

int
main(void)
{
	Suite *s = suite_create("trust");
	TCase *tc = tcase_create("need");

	tcase_add_unchecked_fixture(tc, mint_cast, free_cast);
	add_loop(tc, test_trust_on_need_says_what_the_store_says, store_rows);
	add_loop(tc, test_trust_policy_says_what_the_store_says, store_rows);
	tcase_add_test(tc, test_trust_on_need_does_not_depend_on_history);
	tcase_add_test(tc, test_trust_finds_each_of_many);
	tcase_add_test(tc, test_trust_finds_the_systems_anchors);
	tcase_set_timeout(tc, 300);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
