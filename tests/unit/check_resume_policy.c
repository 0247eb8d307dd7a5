/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * What a policy resumes and what never.  Whether a session was offered is seen
 * in the ClientHello, whether it was taken in the report of both sides.
 */

#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness.h"
#include "policy.h"
#include "resume.h"
#include "traits.h"

#define EXT_SESSION_TICKET 35
#define EXT_PRE_SHARED_KEY 41

#define VERSIONS 2

static const char *const priorities[VERSIONS] = { TLS12, TLS13 };

static struct mint_cert root, inter, leaf, wrong_leaf;
static gnutls_datum_t ticket_key;
static const struct mint_cert *const anchors[] = { &root };
static const struct mint_cert *const chain[] = { &leaf, &inter };
static const struct mint_cert *const wrong_chain[] = { &wrong_leaf, &inter };

static void
mint_all(void)
{
	mint(&root, &(struct mint_spec){ .cn = "root", .is_ca = true }, NULL);
	mint(&inter, &(struct mint_spec){ .cn = "inter", .is_ca = true },
	    &root);
	mint(&leaf, &(struct mint_spec){ .cn = "leaf",
	    .dns = { PEER, "other.example.org" }, .ip = { "192.0.2.1" } },
	    &inter);
	mint(&wrong_leaf, &(struct mint_spec){ .cn = "leaf",
	    .dns = { "www.example.org" } }, &inter);
	ck_assert_int_eq(gnutls_session_ticket_key_generate(&ticket_key), 0);
}

static void
free_all(void)
{
	mint_free(&root);
	mint_free(&inter);
	mint_free(&leaf);
	mint_free(&wrong_leaf);
	gnutls_free(ticket_key.data);
}

/* What the last ClientHello offered: the ticket, of either kind. */
static struct {
	uint8_t data[2048];
	size_t len;
} offered;

static int
look_at_extension(void *ctx, unsigned id, const unsigned char *data,
		  unsigned size)
{
	(void)ctx;
	if (id == EXT_PRE_SHARED_KEY && size > 4) {
		/* list length, identity length, identity */
		size = (unsigned)data[2] << 8 | data[3];
		data += 4;
	} else if (id != EXT_SESSION_TICKET) {
		return 0;
	}
	ck_assert_uint_le(size, sizeof(offered.data));
	if (size > 0)
		memcpy(offered.data, data, size);
	offered.len = size;
	return 0;
}

static int
look_at_hello(gnutls_session_t session, unsigned type, unsigned when,
	      unsigned incoming, const gnutls_datum_t *message)
{
	(void)session;
	(void)type;
	(void)when;
	if (incoming)
		gnutls_ext_raw_parse(NULL, look_at_extension, message,
		    GNUTLS_EXT_RAW_FLAG_TLS_CLIENT_HELLO);
	return 0;
}

static void
watch(struct tlspair *pair)
{
	offered.len = 0;
	gnutls_handshake_set_hook_function(pair->server,
	    GNUTLS_HANDSHAKE_CLIENT_HELLO, GNUTLS_HOOK_PRE, look_at_hello);
}

/*
 * A whole conversation, in which something is read.  Gives back the code, and
 * whether the session was resumed.
 */
static int
talk(const struct conn_spec *spec, bool *ret_resumed)
{
	struct starttls_report report = { .size = sizeof(report) };
	struct conn_spec watched = *spec;
	struct conn c;
	int rc;

	watched.prepare = spec->prepare != NULL ? spec->prepare : watch;
	*ret_resumed = false;
	rc = conn_run(&c, &watched);
	if (rc == 0) {
		*ret_resumed = gnutls_session_is_resumed(c.pair.server) != 0;
		starttls_session_report(c.session, &report);
		ck_assert_int_eq(report.resumed, *ret_resumed);
		ck_assert_int_eq(report.verified, 1);
		ck_assert_uint_eq(report.verdict, 0);
		rc = conn_echo(&c, "hello", 5);
	}
	if (rc == 0)
		rc = conn_close(&c);
	conn_done(&c);
	return rc;
}

/* What talk() must come to. */
static void
expect_talk(const char *what, const struct conn_spec *spec, bool resumed)
{
	bool is_resumed;
	int rc = talk(spec, &is_resumed);

	ck_assert_msg(rc == 0, "%s: %s", what, starttls_code_name(rc));
	ck_assert_msg(is_resumed == resumed, "%s: resumed %d", what,
	    is_resumed);
}

static size_t
kept(const struct conn_spec *spec)
{
	return starttls_resume_count(spec->policy->resume);
}

START_TEST(test_policy_resumes)
{
	struct tlspair_server server = { .chain = chain, .n = 2,
	    .priority = priorities[_i % VERSIONS],
	    .ticket_key = &ticket_key };
	struct conn_spec spec = { .policy = test_policy(anchors, 1),
	    .server = &server };
	bool is_13 = _i % VERSIONS == 1;
	uint8_t seen[9][sizeof(offered.data)];
	size_t len[9], n = 0, k;
	int i;

	for (i = 0; i < 9; i++) {
		bool has_some = i > 0 && kept(&spec) > 0;

		spec.seed = (uint64_t)(_i / VERSIONS * 100 + i);
		expect_talk("a connection", &spec, has_some);
		ck_assert_int_eq(offered.len > 0, has_some);
		ck_assert_uint_le(kept(&spec),
		    is_13 ? RESUME_MAX_PER_KEY : 1);
		if (!has_some)
			continue;
		/* RFC 8446 appendix C.4: never the same ticket twice */
		memcpy(seen[n], offered.data, offered.len);
		len[n] = offered.len;
		for (k = 0; is_13 && k < n; k++)
			ck_assert_msg(len[k] != len[n] || memcmp(seen[k],
			    seen[n], len[n]) != 0, "ticket %zu is %zu", n, k);
		n++;
	}
	/* a full handshake of TLS 1.3 brings two tickets, see tlspair.h */
	ck_assert_uint_eq(n, is_13 ? 6 : 8);
	starttls_policy_unref(spec.policy);
}
END_TEST

static void
ignore(void *context, const struct resumable *session)
{
	(void)context;
	(void)session;
}

/* Each ticket costs a copy of the server's chain; there is an end to that. */
/* What is not offered stays, and what comes instead is kept as well. */
START_TEST(test_policy_resumes_unless_told)
{
	struct tlspair_server server = { .chain = chain, .n = 2,
	    .priority = priorities[_i], .ticket_key = &ticket_key };
	struct conn_spec spec = { .policy = test_policy(anchors, 1),
	    .server = &server };
	size_t before;

	expect_talk("the first", &spec, false);
	before = kept(&spec);
	spec.without_resumption = 1;
	expect_talk("one that must not", &spec, false);
	ck_assert_uint_eq(offered.len, 0);
	ck_assert_uint_ge(kept(&spec), before);
	spec.without_resumption = 0;
	expect_talk("one that may", &spec, true);
	starttls_policy_unref(spec.policy);
}
END_TEST

START_TEST(test_policy_keeps_so_many_tickets)
{
	struct tlspair_server server = { .chain = chain, .n = 2,
	    .priority = TLS13, .ticket_key = &ticket_key };
	struct conn_spec spec = { .policy = test_policy(anchors, 1),
	    .server = &server };
	struct resume *resume;
	struct conn c;
	int i;

	ck_assert_int_eq(conn_run(&c, &spec), 0);
	resume = spec.policy->resume;
	ck_assert_int_eq(conn_echo(&c, "hello", 5), 0);
	c.pair.is_boundless = true;
	for (i = 0; i < 8; i++) {
		ck_assert_int_eq(gnutls_session_ticket_send(c.pair.server, 10,
		    0), 0);
		ck_assert_int_eq(conn_echo(&c, "hello", 5), 0);
	}
	ck_assert_uint_eq(starttls_resume_count(resume), RESUME_MAX_PER_KEY);
	/* what comes now is not kept any more */
	starttls_resume_take_all(resume, ignore, NULL);
	ck_assert_int_eq(gnutls_session_ticket_send(c.pair.server, 1, 0), 0);
	ck_assert_int_eq(conn_echo(&c, "hello", 5), 0);
	ck_assert_uint_eq(starttls_resume_count(resume), 0);
	conn_done(&c);
	starttls_policy_unref(spec.policy);
}
END_TEST

/* The same after an upgrade in mid-conversation, for each protocol. */
START_TEST(test_policy_resumes_upgrades)
{
	const struct starttls_protocol *p = NULL;
	struct tlspair_server server = { .chain = chain, .n = 2,
	    .priority = priorities[_i], .ticket_key = &ticket_key };
	struct conn_spec spec = { .policy = test_policy(anchors, 1),
	    .server = &server, .from = STARTTLS_GREETING };

	while ((p = starttls_protocol_next(p)) != NULL) {
		spec.protocol = starttls_protocol_scheme(p,
		    STARTTLS_GREETING);
		if (!has_upgrade(p))
			continue;
		expect_talk(spec.protocol, &spec, false);
		expect_talk(spec.protocol, &spec, true);
	}
	starttls_policy_unref(spec.policy);
}
END_TEST

/* What makes another peer of it, and what does not. */
static const struct peer_row {
	const char *label;
	const char *name, *port, *protocol;
	enum starttls_stage from;
	bool is_same;
} peer_rows[] = {
	{ "itself", NULL, NULL, NULL, 0, true },
	{ "upper case", "MAIL.Example.Org", NULL, NULL, 0, true },
	{ "final dot", PEER ".", NULL, NULL, 0, true },
	{ "the usual port, named", NULL, "993", NULL, 0, true },
	{ "another name of the server", "other.example.org", NULL, NULL, 0,
	  false },
	{ "its address", "192.0.2.1", NULL, NULL, 0, false },
	{ "another port", NULL, "1993", NULL, 0, false },
	{ "the port of the upgrade", NULL, NULL, NULL, STARTTLS_GREETING,
	  false },
	{ "another protocol", NULL, NULL, "nntp", 0, false },
	{ "another protocol on the port", NULL, "993", "nntp", 0, false },
	{ "smtp on the port", NULL, "993", "smtp", 0, false },
};

START_TEST(test_policy_resumes_with_the_same_peer_only)
{
	const struct peer_row *row = &peer_rows[_i / VERSIONS];
	struct tlspair_server server = { .chain = chain, .n = 2,
	    .priority = priorities[_i % VERSIONS],
	    .ticket_key = &ticket_key };
	struct conn_spec spec = { .policy = test_policy(anchors, 1),
	    .server = &server };
	struct conn_spec other = spec;

	expect_talk(row->label, &spec, false);
	other.name = row->name;
	other.port = row->port;
	other.protocol = row->protocol;
	other.from = row->from;
	expect_talk(row->label, &other, row->is_same);
	ck_assert_msg((offered.len > 0) == row->is_same, "%s: offered %zu",
	    row->label, offered.len);
	/* and the other one did not spoil it */
	expect_talk(row->label, &spec, true);
	starttls_policy_unref(spec.policy);
}
END_TEST

START_TEST(test_policy_resumes_nothing_of_another_policy)
{
	struct tlspair_server server = { .chain = chain, .n = 2,
	    .priority = priorities[_i], .ticket_key = &ticket_key };
	struct conn_spec spec = { .policy = test_policy(anchors, 1),
	    .server = &server };
	struct conn_spec other = { .policy = test_policy(anchors, 1),
	    .server = &server };

	expect_talk("first", &spec, false);
	expect_talk("of another policy", &other, false);
	ck_assert_uint_eq(offered.len, 0);
	expect_talk("of the first policy", &spec, true);
	starttls_policy_unref(spec.policy);
	starttls_policy_unref(other.policy);
}
END_TEST

START_TEST(test_policy_resumes_nothing_if_told_so)
{
	struct tlspair_server server = { .chain = chain, .n = 2,
	    .priority = priorities[_i], .ticket_key = &ticket_key };
	struct conn_spec spec = { .policy = test_policy(anchors, 1),
	    .server = &server };
	int i;

	ck_assert_int_eq(starttls_policy_set_resumption(spec.policy, 0, NULL),
	    0);
	for (i = 0; i < 3; i++) {
		expect_talk("without", &spec, false);
		ck_assert_uint_eq(offered.len, 0);
	}
	ck_assert_ptr_null(spec.policy->resume);
	starttls_policy_unref(spec.policy);
}
END_TEST

/* Whose validity bounds the sessions made with it. */
enum bound { LEAF_ENDS, INTER_ENDS, ROOT_ENDS, CRL_ENDS, STAPLE_ENDS };

enum staple_need { NOT_NEEDED, BY_POLICY, BY_LEAF };

static const struct end_row {
	const char *name;
	enum bound bound;
	bool sends_root;
	int code;                  /* afterwards, from a full handshake */
	enum staple_need need;
	bool is_undated;           /* the staple has no nextUpdate */
	bool is_pinned;            /* the leaf */
} end_rows[] = {
	{ .name = "leaf", .bound = LEAF_ENDS, .code = STARTTLS_E_EXPIRED },
	{ .name = "intermediate", .bound = INTER_ENDS,
	  .code = STARTTLS_E_EXPIRED },
	{ .name = "root, sent along", .bound = ROOT_ENDS, .sends_root = true,
	  .code = STARTTLS_E_EXPIRED },
	{ .name = "root, not sent", .bound = ROOT_ENDS,
	  .code = STARTTLS_E_EXPIRED },
	{ .name = "revocation list", .bound = CRL_ENDS,
	  .code = STARTTLS_E_STALE_CRL },
	{ .name = "staple, required", .bound = STAPLE_ENDS,
	  .code = STARTTLS_E_BAD_STAPLE, .need = BY_POLICY },
	{ .name = "staple, required by the leaf", .bound = STAPLE_ENDS,
	  .code = STARTTLS_E_BAD_STAPLE, .need = BY_LEAF },
	{ .name = "staple without next update", .bound = STAPLE_ENDS,
	  .code = STARTTLS_E_BAD_STAPLE, .need = BY_POLICY,
	  .is_undated = true },
	/* it needs no path, but what had one has its end */
	{ .name = "root of a pinned leaf", .bound = ROOT_ENDS,
	  .is_pinned = true },
	{ .name = "intermediate of a pinned leaf", .bound = INTER_ENDS,
	  .is_pinned = true },
};

/* A CRL by @issuer that ends in an hour. */
static void
add_crl(struct starttls_policy *policy, const struct mint_cert *issuer)
{
	char path[] = "/tmp/check_resume-XXXXXX";
	gnutls_x509_crl_t crl = mint_crl(issuer, NULL, 0, 0, MINT_HOUR);
	char *pem = mint_crl_pem(crl);
	int fd = mkstemp(path);

	ck_assert_int_ge(fd, 0);
	close(fd);
	mint_write_text(path, pem);
	ck_assert_int_eq(starttls_policy_crl_file(policy, path, NULL), 0);
	unlink(path);
	free(pem);
	gnutls_x509_crl_deinit(crl);
}

/* A staple that ends in an hour. */
static void
make_staple(gnutls_datum_t *ret, const struct mint_cert *cert,
	    const struct mint_cert *issuer, bool is_undated)
{
	const struct mint_ocsp_spec dated = { .next_update = MINT_HOUR },
	    undated = { .this_update = -15 * MINT_DAY + MINT_HOUR,
		.no_next_update = true };

	mint_ocsp(ret, cert, issuer, is_undated ? &undated : &dated);
}

static void
pin(struct starttls_policy *policy, const struct mint_cert *cert)
{
	char *text = mint_pin(cert);

	ck_assert_int_eq(starttls_policy_pin(policy, text, NULL), 0);
	free(text);
}

START_TEST(test_policy_resumes_not_past_the_chains_end)
{
	const struct end_row *row = &end_rows[_i / VERSIONS];
	gnutls_datum_t staple = { NULL, 0 };
	struct mint_cert r, i, l;
	const struct mint_cert *trusted[] = { &r };
	const struct mint_cert *sent[] = { &l, &i, &r };
	struct tlspair_server server = { .chain = sent,
	    .n = row->sends_root ? 3 : 2,
	    .priority = priorities[_i % VERSIONS],
	    .ticket_key = &ticket_key };
	struct conn_spec spec = { .server = &server };
	bool resumed;
	int rc;

	mint(&r, &(struct mint_spec){ .cn = "r", .is_ca = true,
	    .not_after = row->bound == ROOT_ENDS ? MINT_HOUR : 0 }, NULL);
	mint(&i, &(struct mint_spec){ .cn = "i", .is_ca = true,
	    .not_after = row->bound == INTER_ENDS ? MINT_HOUR : 0 }, &r);
	mint(&l, &(struct mint_spec){ .cn = "l", .dns = { PEER },
	    .must_staple = row->need == BY_LEAF,
	    .not_after = row->bound == LEAF_ENDS ? MINT_HOUR : 0 }, &i);
	spec.policy = test_policy(trusted, 1);
	if (row->bound == STAPLE_ENDS) {
		make_staple(&staple, &l, &i, row->is_undated);
		server.staple = &staple;
	}
	if (row->need == BY_POLICY)
		ck_assert_int_eq(starttls_policy_require_ocsp(spec.policy,
		    NULL), 0);
	if (row->is_pinned)
		pin(spec.policy, &l);
	if (row->bound == CRL_ENDS)
		add_crl(spec.policy, &i);

	expect_talk(row->name, &spec, false);
	mint_advance(MINT_HOUR - 60);
	expect_talk(row->name, &spec, true);
	ck_assert_uint_ge(kept(&spec), 1);
	mint_advance(120);
	rc = talk(&spec, &resumed);
	ck_assert_msg(!resumed && offered.len == 0, "%s: offered %zu bytes",
	    row->name, offered.len);
	ck_assert_msg(rc == row->code, "%s: %s", row->name,
	    starttls_code_name(rc));
	mint_set_clock();

	starttls_policy_unref(spec.policy);
	gnutls_free(staple.data);
	mint_free(&r);
	mint_free(&i);
	mint_free(&l);
}
END_TEST

/* A staple that nobody needs binds nobody. */
START_TEST(test_policy_resumes_past_a_staple_that_is_not_needed)
{
	gnutls_datum_t staple;
	struct tlspair_server server = { .chain = chain, .n = 2,
	    .priority = priorities[_i], .ticket_key = &ticket_key,
	    .staple = &staple };
	struct conn_spec spec = { .policy = test_policy(anchors, 1),
	    .server = &server };

	make_staple(&staple, chain[0], chain[1], false);
	expect_talk("first", &spec, false);
	mint_advance(2 * MINT_HOUR);
	expect_talk("again", &spec, true);
	mint_set_clock();
	gnutls_free(staple.data);
	starttls_policy_unref(spec.policy);
}
END_TEST

/* What is sent along and not part of the path does not count. */
START_TEST(test_policy_resumes_in_spite_of_an_expired_extra)
{
	struct mint_cert expired;
	const struct mint_cert *sent[] = { &leaf, &inter, &expired };
	struct tlspair_server server = { .chain = chain, .n = 2,
	    .priority = priorities[_i], .ticket_key = &ticket_key };
	struct conn_spec spec = { .policy = test_policy(anchors, 1),
	    .server = &server, .sent = sent, .sent_n = 3 };

	mint(&expired, &(struct mint_spec){ .cn = "expired", .is_ca = true,
	    .not_after = -MINT_DAY }, NULL);
	expect_talk("first", &spec, false);
	expect_talk("again", &spec, true);
	starttls_policy_unref(spec.policy);
	mint_free(&expired);
}
END_TEST

START_TEST(test_policy_keeps_nothing_of_a_failure)
{
	struct tlspair_server server = { .chain = wrong_chain, .n = 2,
	    .priority = priorities[_i], .ticket_key = &ticket_key };
	struct conn_spec spec = { .policy = test_policy(anchors, 1),
	    .server = &server };
	bool resumed;

	ck_assert_int_eq(talk(&spec, &resumed), STARTTLS_E_NAME_MISMATCH);
	ck_assert_uint_eq(kept(&spec), 0);
	ck_assert_int_eq(talk(&spec, &resumed), STARTTLS_E_NAME_MISMATCH);
	ck_assert_uint_eq(offered.len, 0);
	starttls_policy_unref(spec.policy);
}
END_TEST

/* An offer that is not accepted is no reason to trust what comes then. */
START_TEST(test_policy_verifies_what_is_not_resumed)
{
	gnutls_datum_t new_key;
	struct tlspair_server server = { .chain = chain, .n = 2,
	    .priority = priorities[_i], .ticket_key = &ticket_key };
	struct conn_spec spec = { .policy = test_policy(anchors, 1),
	    .server = &server };
	bool resumed;

	ck_assert_int_eq(gnutls_session_ticket_key_generate(&new_key), 0);
	expect_talk("first", &spec, false);
	server.ticket_key = &new_key;
	expect_talk("the server has new keys", &spec, false);
	ck_assert_uint_gt(offered.len, 0);
	server.chain = wrong_chain;
	server.ticket_key = &ticket_key;
	ck_assert_int_eq(talk(&spec, &resumed), STARTTLS_E_NAME_MISMATCH);
	ck_assert_uint_gt(offered.len, 0);
	/* what was offered may be to blame */
	ck_assert_uint_eq(kept(&spec), 0);
	starttls_policy_unref(spec.policy);
	gnutls_free(new_key.data);
}
END_TEST

/* A session before TLS 1.3 is kept when the server's Finished has come. */
START_TEST(test_policy_keeps_no_session_of_a_false_start)
{
	struct tlspair_server server = { .chain = chain, .n = 2,
	    .priority = TLS12, .ticket_key = &ticket_key };
	struct conn_spec spec = { .policy = test_policy(anchors, 1),
	    .server = &server };
	struct starttls_report report = { .size = sizeof(report) };
	struct conn c;

	ck_assert_int_eq(conn_run(&c, &spec), 0);
	starttls_session_report(c.session, &report);
	ck_assert_int_eq(report.false_start, 1);
	ck_assert_uint_eq(kept(&spec), 0);
	ck_assert_int_eq(conn_echo(&c, "hello", 5), 0);
	ck_assert_uint_eq(kept(&spec), 1);
	conn_done(&c);
	starttls_policy_unref(spec.policy);
}
END_TEST

START_TEST(test_policy_shows_the_chain_of_a_resumed_session)
{
	struct tlspair_server server = { .chain = chain, .n = 2,
	    .priority = priorities[_i], .ticket_key = &ticket_key };
	struct conn_spec spec = { .policy = test_policy(anchors, 1),
	    .server = &server };
	struct starttls_report report = { .size = sizeof(report) };
	struct starttls_cert cert = { .size = sizeof(cert) };
	char *pin;
	struct conn c;

	expect_talk("first", &spec, false);
	ck_assert_int_eq(conn_run(&c, &spec), 0);
	ck_assert_int_eq(starttls_session_report(c.session, &report), 0);
	ck_assert_int_eq(report.resumed, 1);
	ck_assert_int_eq(report.verified, 1);
	ck_assert_uint_eq(report.chain_len, 2);
	ck_assert_int_eq(starttls_session_cert(c.session, 0, &cert), 0);
	pin = mint_pin(&leaf);
	ck_assert_str_eq(cert.pin, pin);
	ck_assert_ptr_nonnull(strstr(cert.names, "DNS:" PEER));
	free(pin);
	ck_assert_int_eq(starttls_session_cert(c.session, 1, &cert), 0);
	ck_assert_str_eq(cert.subject, "CN=inter");
	conn_done(&c);
	starttls_policy_unref(spec.policy);
}
END_TEST

/* Postfix sends no ticket on a resumed session. */
START_TEST(test_policy_loses_nothing_if_no_new_ticket_comes)
{
	bool is_13 = _i == 1;
	struct tlspair_server server = { .chain = chain, .n = 2,
	    .priority = priorities[_i], .ticket_key = &ticket_key };
	struct conn_spec spec = { .policy = test_policy(anchors, 1),
	    .server = &server };
	size_t left, i;

	expect_talk("first", &spec, false);
	server.flags = GNUTLS_NO_AUTO_SEND_TICKET;
	left = kept(&spec);
	ck_assert_uint_ge(left, 1);
	for (i = 0; i < 5; i++) {
		expect_talk("again", &spec, left > 0);
		if (is_13 && left > 0)
			left--;
		ck_assert_uint_eq(kept(&spec), left);
	}
	starttls_policy_unref(spec.policy);
}
END_TEST

/* A server without tickets is served as well, only never resumed. */
START_TEST(test_policy_lives_without_tickets)
{
	struct tlspair_server server = { .chain = chain, .n = 2,
	    .priority = priorities[_i] };
	struct conn_spec spec = { .policy = test_policy(anchors, 1),
	    .server = &server };
	int i;

	for (i = 0; i < 3; i++)
		expect_talk("without", &spec, false);
	ck_assert_uint_le(kept(&spec), 1);
	starttls_policy_unref(spec.policy);
}
END_TEST

/*
 * A session that makes the server stumble is not offered again: here a server
 * takes a TLS 1.2 ticket for a TLS 1.3 one, as its key is the same.
 */
START_TEST(test_policy_drops_a_session_that_failed)
{
	struct tlspair_server server = { .chain = chain, .n = 2,
	    .priority = TLS12, .ticket_key = &ticket_key };
	struct conn_spec spec = { .policy = test_policy(anchors, 1),
	    .server = &server };
	bool resumed;

	expect_talk("first", &spec, false);
	ck_assert_uint_eq(kept(&spec), 1);
	server.priority = TLS13;
	if (talk(&spec, &resumed) != 0) {
		ck_assert_uint_gt(offered.len, 0);
		ck_assert_uint_eq(kept(&spec), 0);
	}
	expect_talk("another try", &spec, resumed);
	starttls_policy_unref(spec.policy);
}
END_TEST

START_TEST(test_policy_checks_alpn_of_resumed_sessions)
{
	struct tlspair_server server = { .chain = chain, .n = 2,
	    .priority = priorities[_i], .ticket_key = &ticket_key,
	    .alpn = { "imap" } };
	struct conn_spec spec = { .policy = test_policy(anchors, 1),
	    .server = &server };
	bool resumed;

	ck_assert_int_eq(starttls_policy_set_alpn(spec.policy,
	    STARTTLS_ALPN_REQUIRE, NULL), 0);
	expect_talk("first", &spec, false);
	expect_talk("resumed", &spec, true);

	server.alpn[0] = NULL;
	ck_assert_int_eq(talk(&spec, &resumed), STARTTLS_E_ALPN);
	ck_assert_uint_gt(offered.len, 0);

	server.alpn[0] = "imap";
	expect_talk("has it again", &spec, kept(&spec) > 0);
	spec.prepare = conn_answer_other_alpn;
	ck_assert_int_eq(talk(&spec, &resumed), STARTTLS_E_ALPN);
	starttls_policy_unref(spec.policy);
}
END_TEST

#define add_both(tc, test) tcase_add_loop_test(tc, test, 0, VERSIONS)
#define add_rows(tc, test, rows) \
	tcase_add_loop_test(tc, test, 0, (int)(VERSIONS * ARRAY_LEN(rows)))

int
main(void)
{
	Suite *s = suite_create("resume_policy");
	TCase *tc = tcase_create("policy");

	tcase_add_unchecked_fixture(tc, mint_all, free_all);
	add_both(tc, test_policy_resumes_unless_told);
	tcase_add_loop_test(tc, test_policy_resumes, 0, 4 * VERSIONS);
	tcase_add_test(tc, test_policy_keeps_so_many_tickets);
	add_both(tc, test_policy_resumes_upgrades);
	add_rows(tc, test_policy_resumes_with_the_same_peer_only, peer_rows);
	add_both(tc, test_policy_resumes_nothing_of_another_policy);
	add_both(tc, test_policy_resumes_nothing_if_told_so);
	add_rows(tc, test_policy_resumes_not_past_the_chains_end, end_rows);
	add_both(tc, test_policy_resumes_past_a_staple_that_is_not_needed);
	add_both(tc, test_policy_resumes_in_spite_of_an_expired_extra);
	add_both(tc, test_policy_keeps_nothing_of_a_failure);
	add_both(tc, test_policy_verifies_what_is_not_resumed);
	tcase_add_test(tc, test_policy_keeps_no_session_of_a_false_start);
	add_both(tc, test_policy_shows_the_chain_of_a_resumed_session);
	add_both(tc, test_policy_loses_nothing_if_no_new_ticket_comes);
	add_both(tc, test_policy_lives_without_tickets);
	tcase_add_test(tc, test_policy_drops_a_session_that_failed);
	add_both(tc, test_policy_checks_alpn_of_resumed_sessions);
	tcase_set_timeout(tc, 300);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
