/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * Counting replies: for each command there is one, in the order of the
 * commands, however many lines each has.  What cannot be counted, such as
 * commands and replies that are unknown here, makes the rest unclear, and
 * nothing is said of it.
 *
 * Invariant: replies_are_over() only if the peer's last complete line is the
 * end of its reply to the goodbye.  So no text of others, in a message or a
 * list, may pass for a reply: blocks, literals and replies of many lines are
 * followed to their end, or are unclear.
 *
 * RFC 5321 section 4.2, RFC 959 section 4.2, RFC 3977 section 3.2 and
 * appendix C, RFC 1939 section 3, RFC 9051 sections 2.2, 4.3 and 6.1.3.
 */

#include "config.h"

#include "replies.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define MAX_LITERAL (1u << 30)
#define BLOCK_BITS 64

enum meaning {
	REPLY,                     /* one, of one line or as its code says */
	BLOCK,                     /* one, with a block behind it */
	BLOCK_ALONE,               /* the same if there is no argument */
	DOUBTFUL,                  /* one, with or without if it is good */
	CONTENT,                   /* one; then a message, and another one */
	CHUNK,                     /* one, for as many bytes as it says, too */
	STRANGE
};

struct verb {
	const char *name;
	enum meaning meaning;
};

struct dialect {
	const char *protocol;
	const char *goodbye;
	unsigned goodbye_code;     /* of the reply to that; 0: no codes */
	const struct verb *verbs;  /* the last one, NULL, is for the rest */
	void (*sent)(struct replies *r, const char *line);
	void (*heard)(struct replies *r, const char *line);
};

static void
strange(struct replies *r)
{
	r->unclear = true;
}

static void
owe(struct replies *r, enum meaning meaning)
{
	if (r->due < BLOCK_BITS) {
		r->blocks |= (uint64_t)(meaning == BLOCK) << r->due;
		r->doubts |= (uint64_t)(meaning == DOUBTFUL) << r->due;
	} else if (meaning != REPLY) {
		strange(r);
	}
	r->due++;
}

/* A reply has come; whether it is one with a block. */
static bool
pay(struct replies *r)
{
	bool block = (r->blocks & 1) != 0;

	r->answers = r->speaks || !r->greets;
	r->speaks = true;
	if (r->due > 0)
		r->due--;
	r->blocks >>= 1;
	r->doubts >>= 1;
	return block;
}

/* What is behind the word @name at the front of @line; NULL: it is another. */
static const char *
behind(const char *line, const char *name)
{
	size_t len = strlen(name);

	if (strncasecmp(line, name, len) != 0 ||
	    (line[len] != '\0' && line[len] != ' '))
		return NULL;
	line += len;
	return line + strspn(line, " ");
}

static bool
is_alone(const char *line, const char *name)
{
	const char *rest = behind(line, name);

	return rest != NULL && rest[0] == '\0';
}

/* ---- SMTP, FTP, NNTP, POP3 ---- */

/* Behind AUTH, a word that is no command is an answer to a challenge. */
static enum meaning
meaning_of(struct replies *r, const struct verb *v, const char *line,
	   const char *rest)
{
	if (v->name == NULL && r->in_login && strchr(line, ' ') == NULL)
		return REPLY;
	r->in_login = v->name != NULL && rest[0] != '\0' &&
	    strcmp(v->name, "AUTH") == 0;
	return v->meaning;
}

static void
expect_chunk(struct replies *r, const char *size)
{
	size_t digits = strspn(size, "0123456789");

	if (digits == 0 || digits > 9 || size[digits] > ' ')
		strange(r);
	else
		r->sent.skip = (size_t)atol(size);
}

static void
sent_command(struct replies *r, const char *line)
{
	const struct verb *v = r->dialect->verbs;
	const char *rest = "";
	enum meaning meaning;

	if (r->in_content) {
		if (strcmp(line, ".") != 0)
			return;
		r->in_content = false;
		owe(r, REPLY);
		return;
	}
	while (v->name != NULL && (rest = behind(line, v->name)) == NULL)
		v++;
	meaning = meaning_of(r, v, line, rest);
	switch (meaning) {
	case STRANGE:
		strange(r);
		break;
	case CONTENT:
		r->in_content = true;
		break;
	case CHUNK:
		expect_chunk(r, rest);
		break;
	case REPLY:
	case BLOCK:
	case BLOCK_ALONE:
	case DOUBTFUL:
		break;
	}
	if (meaning == BLOCK_ALONE && rest[0] == '\0')
		meaning = BLOCK;
	owe(r, meaning == BLOCK || meaning == DOUBTFUL ? meaning : REPLY);
	r->goodbye = is_alone(line, r->dialect->goodbye);
}

static bool
ends_block(struct replies *r, const char *line)
{
	if (!r->in_block)
		return false;
	r->in_block = strcmp(line, ".") != 0;
	return true;
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* The code of a reply, and what stands behind it; 0: it has none. */
static unsigned
code_of(const char *line, char *ret_kind)
{
	if (line[0] < '1' || line[0] > '5' || !is_digit(line[1]) ||
	    !is_digit(line[2]))
		return 0;
	*ret_kind = line[3] == '\0' ? ' ' : line[3];
	return (unsigned)(line[0] - '0') * 100u +
	    (unsigned)(line[1] - '0') * 10u + (unsigned)(line[2] - '0');
}

static void
end_reply(struct replies *r, unsigned code)
{
	r->open_code = 0;
	r->bye = code == r->dialect->goodbye_code;
	if (code >= 400 && r->due == 0)
		r->in_content = false; /* not wanted */
}

static void
heard_smtp(struct replies *r, const char *line)
{
	char kind = 0;
	unsigned code = code_of(line, &kind);

	if ((kind != ' ' && kind != '-') ||
	    (r->open_code != 0 && code != r->open_code)) {
		strange(r);
	} else if (kind == '-') {
		r->open_code = code;
	} else {
		pay(r);
		end_reply(r, code);
	}
}

/* Lines between the first and the last one may be anything. */
static void
heard_ftp(struct replies *r, const char *line)
{
	char kind = 0;
	unsigned code = code_of(line, &kind);

	if (r->open_code != 0 && (code != r->open_code || kind != ' '))
		return;
	if (kind != ' ' && kind != '-') {
		strange(r);
	} else if (kind == '-') {
		r->open_code = code;
	} else if (code / 100 == 1) { /* another one will come */
		r->speaks = true;
		end_reply(r, code);
	} else {
		pay(r);
		end_reply(r, code);
	}
}

/* Codes that always have a block, and those that never have. */
static bool
has_nntp_block(struct replies *r, unsigned code, bool expected)
{
	switch (code) {
	case 100:
	case 101:
	case 202:                  /* RFC 2980 */
	case 215:
	case 220:
	case 221:
	case 222:
	case 224:
	case 225:
	case 230:
	case 231:
		return true;
	case 211:                  /* of LISTGROUP, not of GROUP */
		return expected;
	case 111:
	case 200:
	case 201:
	case 205:
	case 223:
	case 235:
	case 240:
	case 281:
	case 283:
		return false;
	default:
		if (code < 300)
			strange(r);
		return false;
	}
}

static void
heard_nntp(struct replies *r, const char *line)
{
	char kind = 0;
	unsigned code;

	if (ends_block(r, line))
		return;
	code = code_of(line, &kind);
	if (kind != ' ') {
		strange(r);
		return;
	}
	r->in_block = has_nntp_block(r, code, pay(r));
	end_reply(r, code);
}

static void
heard_pop3(struct replies *r, const char *line)
{
	const bool good = behind(line, "+OK") != NULL;
	const bool doubt = (r->doubts & 1) != 0;

	if (ends_block(r, line))
		return;
	if (!good && behind(line, "-ERR") == NULL && behind(line, "+") == NULL) {
		strange(r);
		return;
	}
	r->in_block = pay(r) && good;
	r->bye = good;
	if (doubt && good)
		strange(r);
}

/* ---- IMAP ---- */

/* A line of one word goes on with a command: DONE, or an answer of SASL. */
static void
sent_imap(struct replies *r, const char *line)
{
	const char *command = strchr(line, ' ');

	r->goodbye = false;
	if (command == NULL || command == line)
		return;
	if (is_alone(command + 1, "COMPRESS DEFLATE"))
		strange(r);
	owe(r, REPLY);
	r->goodbye = is_alone(command + 1, "LOGOUT");
}

static bool
is_status(const char *word)
{
	return behind(word, "OK") != NULL || behind(word, "NO") != NULL ||
	    behind(word, "BAD") != NULL;
}

static void
heard_imap(struct replies *r, const char *line)
{
	const char *blank = strchr(line, ' ');
	const char *word = blank == NULL ? "" : blank + 1;
	bool tagged = line[0] != '*' && line[0] != '+';

	if (line[0] == '+' || (line[0] == '*' && blank == line + 1))
		r->speaks = true;
	else if (!tagged || !is_status(word))
		strange(r);
	/* their text is for people, and may end in what looks like a literal */
	if (tagged || line[0] == '+' || is_status(word) ||
	    behind(word, "BYE") != NULL || behind(word, "PREAUTH") != NULL)
		r->heard.brace = 0;
	if (line[0] == '*' && behind(word, "BYE") != NULL)
		r->announced = true;
	if (tagged)
		pay(r);
	r->bye = tagged && r->announced && behind(word, "OK") != NULL;
}

/* ---- NUT ---- */

/* One line, or a list from BEGIN LIST to END LIST, RFC 9271 section 4.2. */
static void
heard_nut(struct replies *r, const char *line)
{
	if (r->in_block) {
		r->in_block = behind(line, "END LIST") == NULL;
		return;
	}
	r->in_block = behind(line, "BEGIN LIST") != NULL;
	pay(r);
	r->bye = behind(line, "OK") != NULL;
}

/* ---- protocols ---- */

static const struct verb smtp_verbs[] = {
	{ "DATA", CONTENT }, { "BDAT", CHUNK }, { NULL, REPLY },
};

/* behind a message there are as many replies as recipients */
static const struct verb lmtp_verbs[] = {
	{ "DATA", STRANGE }, { "BDAT", STRANGE }, { NULL, REPLY },
};

static const struct verb plain_verbs[] = {
	{ NULL, REPLY },
};

static const struct verb nntp_verbs[] = {
	{ "POST", CONTENT }, { "IHAVE", CONTENT }, { "LISTGROUP", BLOCK },
	{ "TAKETHIS", STRANGE }, { "COMPRESS", STRANGE }, { NULL, REPLY },
};

static const struct verb pop3_verbs[] = {
	{ "USER", REPLY }, { "PASS", REPLY }, { "APOP", REPLY },
	{ "STAT", REPLY }, { "NOOP", REPLY }, { "DELE", REPLY },
	{ "RSET", REPLY }, { "QUIT", REPLY }, { "UTF8", REPLY },
	{ "AUTH", BLOCK_ALONE }, { "CAPA", BLOCK }, { "RETR", BLOCK },
	{ "TOP", BLOCK },
	{ "LIST", BLOCK_ALONE }, { "UIDL", BLOCK_ALONE },
	{ "LANG", DOUBTFUL }, { "HELP", DOUBTFUL }, { NULL, DOUBTFUL },
};

static const struct dialect dialects[] = {
	{ "smtp", "QUIT", 221, smtp_verbs, sent_command, heard_smtp },
	{ "submission", "QUIT", 221, smtp_verbs, sent_command, heard_smtp },
	{ "lmtp", "QUIT", 221, lmtp_verbs, sent_command, heard_smtp },
	{ "ftp", "QUIT", 221, plain_verbs, sent_command, heard_ftp },
	{ "nntp", "QUIT", 205, nntp_verbs, sent_command, heard_nntp },
	{ "pop3", "QUIT", 0, pop3_verbs, sent_command, heard_pop3 },
	{ "imap", "LOGOUT", 0, NULL, sent_imap, heard_imap },
	{ "nut", "LOGOUT", 0, plain_verbs, sent_command, heard_nut },
};

/* ---- lines ---- */

/* "{12}" or "{12+}" at the end of a line announces a literal. */
static void
look_for_literal(struct part_line *l, char c)
{
	if (c == '{') {
		l->brace = c;
		l->literal = 0;
	} else if (l->brace == '{' && is_digit(c) && l->literal < MAX_LITERAL) {
		l->literal = l->literal * 10 + (size_t)(c - '0');
	} else if (l->brace == '{' && (c == '+' || c == '}')) {
		l->brace = c == '+' ? '{' : c;
	} else if (c != '\r') {
		l->brace = 0;
		l->literal = 0;
	}
}

static void
add(struct part_line *l, char c)
{
	if (l->len < sizeof(l->text) - 1)
		l->text[l->len] = c == '\0' ? '?' : c;
	l->len++;
	look_for_literal(l, c);
}

/* The line is whole: its text, without its end. */
static const char *
text_of(struct part_line *l)
{
	size_t len = l->len < sizeof(l->text) ? l->len : sizeof(l->text) - 1;

	while (len > 0 && l->len < sizeof(l->text) && l->text[len - 1] == '\r')
		len--;
	l->text[len] = '\0';
	return l->text;
}

static void
next_line(struct part_line *l, bool has_literals)
{
	l->continued = has_literals && l->brace == '}';
	if (l->continued)
		l->skip = l->literal;
	l->len = l->literal = 0;
	l->brace = 0;
}

static void
take(struct replies *r, struct part_line *l, const char *data, size_t len,
     void (*line)(struct replies *r, const char *line))
{
	bool has_literals = r->dialect->verbs == NULL;
	size_t n;

	while (len > 0) {
		n = 1;
		if (l->skip > 0) {
			n = l->skip < len ? l->skip : len;
			l->skip -= n;
		} else if (*data != '\n') {
			add(l, *data);
		} else {
			if (!l->continued)
				line(r, text_of(l));
			next_line(l, has_literals);
		}
		data += n;
		len -= n;
	}
}

void
replies_init(struct replies *r, const char *protocol, bool greets)
{
	size_t i;

	memset(r, 0, sizeof(*r));
	for (i = 0; i < sizeof(dialects) / sizeof(dialects[0]); i++)
		if (strcmp(dialects[i].protocol, protocol) == 0)
			r->dialect = &dialects[i];
	/* IMAP's greeting has no tag, and is no reply */
	r->greets = greets && r->dialect != NULL && r->dialect->verbs != NULL;
	if (r->greets)
		owe(r, REPLY);
}

void
replies_sent(struct replies *r, const char *data, size_t len)
{
	if (r->dialect != NULL)
		take(r, &r->sent, data, len, r->dialect->sent);
}

void
replies_heard(struct replies *r, const char *data, size_t len)
{
	if (r->dialect != NULL)
		take(r, &r->heard, data, len, r->dialect->heard);
}

bool
replies_are_due(const struct replies *r)
{
	/* some servers end with IMAP's BYE, and think that this is enough */
	const bool is_enough = r->announced && r->goodbye && !r->bye;

	return (r->speaks || r->open_code != 0) && !r->unclear &&
	    (r->in_block || r->due > (is_enough ? 1 : 0));
}

bool
replies_will_come(const struct replies *r)
{
	return r->answers && replies_are_due(r);
}

bool
replies_said_goodbye(const struct replies *r)
{
	return r->goodbye && r->sent.len == 0 && r->sent.skip == 0;
}

bool
replies_are_complete(const struct replies *r)
{
	return r->speaks && !r->unclear && r->due == 0 && !r->in_block &&
	    !r->in_content && r->open_code == 0 &&
	    r->sent.len == 0 && r->sent.skip == 0 &&
	    r->heard.len == 0 && r->heard.skip == 0;
}

bool
replies_are_over(const struct replies *r)
{
	return replies_said_goodbye(r) && r->bye && replies_are_complete(r);
}

bool
replies_are_asked(const struct replies *r)
{
	return !r->unclear && r->due > (r->greets && !r->speaks ? 1 : 0);
}
