/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/* Where anchors come from: what bundles, directories and buffers may look like. */

#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <gnutls/x509.h>

#include "harness.h"
#include "policy.h"
#include "trust.h"
#include "truststore.h"

enum cast {
	ROOT,
	ROOT_LEAF,         /* by ROOT */
	STRANGER,          /* another root */
	CAST_LEN
};

static struct mint_cert cast[CAST_LEN];

static void
mint_cast(void)
{
	mint(&cast[ROOT], &(struct mint_spec){ .cn = "root", .is_ca = true },
	    NULL);
	mint(&cast[ROOT_LEAF], &(struct mint_spec){ .cn = "leaf",
	    .dns = { PEER } }, &cast[ROOT]);
	mint(&cast[STRANGER], &(struct mint_spec){ .cn = "stranger",
	    .is_ca = true }, NULL);
}

static void
free_cast(void)
{
	size_t i;

	for (i = 0; i < CAST_LEN; i++)
		mint_free(&cast[i]);
}

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

/* What a store is identified by. */
static void
digest_of(struct trust *t, uint8_t ret_digest[32])
{
	gnutls_hash_hd_t hash;

	ck_assert_int_ge(gnutls_hash_init(&hash, GNUTLS_DIG_SHA256), 0);
	ck_assert_int_ge(starttls_trust_digest(t, hash), 0);
	gnutls_hash_deinit(hash, ret_digest);
}

/* How many of the anchors with the name of @cert are @cert; *ret_others: and
   how many are not. */
static unsigned
find_cert(struct trust *t, const struct mint_cert *cert, unsigned *ret_others)
{
	gnutls_x509_crt_t found[TRUST_MAX_CANDIDATES];
	gnutls_datum_t name;
	unsigned count, i, same = 0;

	ck_assert_int_ge(gnutls_x509_crt_get_raw_dn(cert->crt, &name), 0);
	ck_assert_int_eq(starttls_trust_find(t, (struct slice){ name.data,
	    name.size }, found, &count), 0);
	gnutls_free(name.data);
	for (i = 0; i < count; i++)
		same += gnutls_x509_crt_equals(found[i], cert->crt) != 0;
	*ret_others = count - same;
	return same;
}

static int
take(struct trust *t, const char *text, struct starttls_error *error)
{
	char *given = strdup(text);

	ck_assert_ptr_nonnull(given);
	return starttls_trust_take_pem(t, "taken", given, strlen(given),
	    error);
}

/* A bundle that is decoded on need is the same as one that was at once. */
START_TEST(test_trust_takes_bundles)
{
	const struct bundle_row *row = &bundle_rows[_i];
	struct trust *whole = starttls_trust_new(), *t = starttls_trust_new();
	struct starttls_error error, other;
	uint8_t digest[2][32];
	char text[16384];
	unsigned others;

	ck_assert(whole != NULL && t != NULL);
	starttls_error_reset(&error);
	starttls_error_reset(&other);
	make_bundle(text, sizeof(text), row);
	ck_assert_int_eq(starttls_trust_add_pem(whole, "taken", text,
	    strlen(text), &error), take(t, text, &other));
	ck_assert_uint_eq(starttls_trust_count(whole), row->count);
	ck_assert_uint_eq(starttls_trust_count(t), row->count);
	if (row->count == 0) {
		ck_assert_str_eq(error.message, other.message);
	} else if (row->edit != OTHER_LABEL && row->edit != TRUSTED_LABEL) {
		ck_assert_uint_eq(find_cert(t, &cast[ROOT], &others), 1);
		ck_assert_uint_eq(others, 0);
	}
	digest_of(whole, digest[0]);
	digest_of(t, digest[1]);
	ck_assert_mem_eq(digest[0], digest[1], 32);
	/* and a second one beside it */
	ck_assert_int_eq(take(t, text, &other), row->count == 0 ?
	    STARTTLS_E_POLICY : 0);
	ck_assert_uint_eq(starttls_trust_count(t), 2 * row->count);
	starttls_trust_free(whole);
	starttls_trust_free(t);
}
END_TEST

/* Whatever happens to a part that nobody has looked at, it is refused, or as
   good as none, and its neighbours are what they were. */
START_TEST(test_trust_takes_what_is_damaged)
{
	static const char damages[] = "!A\n-= ";
	const struct mint_cert *all[] = { &cast[STRANGER], &cast[ROOT],
	    &cast[STRANGER] };
	char *pem = mint_pem(all, 3), *body, *end, *text = strdup(pem);
	unsigned others, late = 0;
	const char *damage = damages;

	body = strstr(strstr(pem, BEGIN) + 1, BEGIN) + strlen(BEGIN);
	end = strstr(body, END);
	for (; *damage != '\0'; damage++)
		for (char *at = body; at < end; at++) {
			struct trust *t = starttls_trust_new();
			struct starttls_error error;
			uint8_t digest[32];

			starttls_error_reset(&error);
			ck_assert(t != NULL && text != NULL);
			memcpy(text, pem, strlen(pem));
			text[at - pem] = *damage;
			if (take(t, text, &error) != 0) {
				ck_assert_uint_eq(starttls_trust_count(t), 0);
			} else if (strcmp(text, pem) != 0 &&
			    (pem[at - pem] != '\n' || *damage != ' ')) {
				late++;
				ck_assert_uint_eq(find_cert(t, &cast[ROOT],
				    &others), 0);
				ck_assert_uint_eq(find_cert(t,
				    &cast[STRANGER], &others), 2);
			}
			digest_of(t, digest);
			starttls_trust_free(t);
		}
	ck_assert_uint_gt(late, 500);
	free(pem);
	free(text);
}
END_TEST

/* The system's store is one of those. */
START_TEST(test_trust_takes_the_systems)
{
	const char *path = starttls_trust_system_path();
	struct trust *whole = starttls_trust_new(), *t = starttls_trust_new();
	struct starttls_error error;
	uint8_t digest[2][32];
	struct stat st;

	ck_assert(whole != NULL && t != NULL);
	starttls_error_reset(&error);
	if (stat(path, &st) == 0 && S_ISREG(st.st_mode)) {
		ck_assert_int_eq(starttls_trust_add_file(whole, path, &error),
		    0);
		ck_assert_int_eq(starttls_trust_add_system(t, &error), 0);
		ck_assert_uint_eq(starttls_trust_count(t),
		    starttls_trust_count(whole));
		digest_of(whole, digest[0]);
		digest_of(t, digest[1]);
		ck_assert_mem_eq(digest[0], digest[1], 32);
	}
	starttls_trust_free(whole);
	starttls_trust_free(t);
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
		ck_assert_msg(rc == (way == 5 ? STARTTLS_E_INCOMPLETE : 0),
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

#define add_loop(tc, test, rows) \
	tcase_add_loop_test(tc, test, 0, (int)ARRAY_LEN(rows))

int
main(void)
{
	Suite *s = suite_create("trust_source");
	TCase *tc = tcase_create("sources");

	tcase_add_unchecked_fixture(tc, mint_cast, free_cast);
	add_loop(tc, test_trust_reads_bundles, bundle_rows);
	tcase_add_test(tc, test_trust_keeps_what_it_had);
	add_loop(tc, test_trust_takes_bundles, bundle_rows);
	tcase_add_test(tc, test_trust_takes_what_is_damaged);
	tcase_add_test(tc, test_trust_takes_the_systems);
	tcase_add_test(tc, test_trust_counts_bytes);
	add_loop(tc, test_trust_refuses_what_is_no_file, file_rows);
	add_loop(tc, test_trust_reads_directories, dir_rows);
	tcase_add_test(tc, test_trust_comes_from_files_directories_and_memory);
	tcase_add_test(tc, test_trust_adds_to_or_replaces_the_system);
	tcase_set_timeout(tc, 300);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
