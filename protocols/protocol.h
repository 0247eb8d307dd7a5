/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * All that a protocol file sees, and all that it may do.
 *
 * A protocol is a table of facts and up to three step functions: the client's
 * cleartext preamble, the server's, and the harmless exchange inside TLS that
 * monitors use.  A step is called with one unit, a complete line or message of
 * the peer, and answers with one verdict of the vocabulary below; the first
 * call of a client's dialog has no unit (NULL) and is the place to speak first
 * or to expect the greeting.  A server is called only when there is a unit: if
 * it has no greeting, clients speak first.
 *
 * Any step may be missing: no upgrade, and the protocol has a dedicated port
 * only; no exchange, and a check ends with the handshake; no server, and we
 * are none.  A step has no I/O, no clock, no memory of its own and
 * no buffer arithmetic.  Limits, cutting of the stream, NUL and bare CR,
 * checks of what is sent, early data, traces and error text are the engine's
 * (src/engine.c, and src/preamble.c or src/serve.c on it) and cannot be
 * forgotten here.
 *
 * To add one, copy the nearest (protocols/pop3.c is the shortest), and add
 * its name to PROTOCOL_SOURCES in Makefile.am.  That word is all that there
 * is outside the file; registry, command line and tests read the table.  A
 * file may have several tables, each a scheme of its own (smtp.c); "_" in the
 * name of a table is for what is "-" in its scheme.
 *
 * A framer of general use is in src/frame.c; one that no other protocol could
 * have stands in the protocol's file.
 */

#ifndef STARTTLS_PROTOCOL_H
#define STARTTLS_PROTOCOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../src/domain.h"
#include "../src/frame.h"
#include "../src/ldap.h"
#include "../src/managesieve.h"
#include "../src/xml.h"

#define TAG_SIZE 65

/* What a step sees of the conversation. */
struct dialog {
	unsigned state;            /* of the protocol's own enum */
	bool seen;                 /* scratch: the capability was listed */
	const char *own_name;      /* for EHLO, or in a server's greeting */
	const char *peer_name;     /* that a client verifies: A-labels, or an
	                              address without brackets */
	char tag[TAG_SIZE];        /* of the command; empty: no tags */
};

enum verdict {
	VERDICT_GO_ON,
	VERDICT_UPGRADE,
	VERDICT_ACCEPT,            /* upgrade, once all is sent */
	VERDICT_LEAVE,             /* the client says goodbye; a client's own:
	                              the end, once all is sent */
	VERDICT_DONE,
	VERDICT_FAILED
};

/* The vocabulary.  Each failing verdict records the state and the line. */
#define say(...) starttls_say(__VA_ARGS__)
#define begin(...) starttls_begin(__VA_ARGS__)
#define put starttls_put
#define put_text(...) starttls_put_text(__VA_ARGS__)
#define put_and_upgrade starttls_put_and_upgrade
#define named starttls_named
#define goodbye(...) starttls_goodbye(__VA_ARGS__)
#define put_goodbye starttls_put_goodbye
#define put_last_words starttls_put_last_words
#define expect starttls_expect
#define more starttls_more
#define want_block starttls_want_block
#define want_bytes starttls_want_bytes
#define enter_element starttls_enter_element
#define upgrade starttls_go_ahead
#define done starttls_done
#define refused starttls_refused
#define refused_for_now starttls_refused_for_now
#define not_offered starttls_not_offered
#define malformed starttls_malformed
#define forbidden starttls_forbidden
#define bug starttls_bug

/* Send one line and go to @next; the engine adds its end. */
enum verdict say(struct dialog *d, unsigned next, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* A line in front of the one that say() sends. */
void begin(struct dialog *d, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* What people read of the bytes that are put next. */
void named(struct dialog *d, const char *name);
/* Send bytes as they are, for protocols without lines. */
enum verdict put(struct dialog *d, unsigned next, const void *data,
		 size_t len);
/* The same for text that is no line, without control characters. */
enum verdict put_text(struct dialog *d, unsigned next, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* As put() for the last words: the peer may also just close. */
enum verdict put_goodbye(struct dialog *d, unsigned next, const void *data,
			 size_t len);
/* As put() for last words that have no reply: the dialog ends with them. */
enum verdict put_last_words(struct dialog *d, const void *data, size_t len);
/* As put() where no go-ahead exists: TLS begins right behind these bytes. */
enum verdict put_and_upgrade(struct dialog *d, const void *data, size_t len);
/* As say() for the last command: the peer may also just close. */
enum verdict goodbye(struct dialog *d, unsigned next, const char *line);
enum verdict expect(struct dialog *d, unsigned next);  /* go and wait */
enum verdict more(struct dialog *d);                   /* stay and wait */
/* A block follows: its lines come as units, its dot as one with .last set */
enum verdict want_block(struct dialog *d, unsigned next);
/* With starttls_frame_exact: the next unit is just so many bytes. */
enum verdict want_bytes(struct dialog *d, unsigned next, size_t len);
/* With XML: the peer's outermost element is open, and was not seen. */
void enter_element(struct dialog *d);
enum verdict upgrade(struct dialog *d);                /* the go-ahead */
enum verdict done(struct dialog *d);                   /* exchange over */
/* No; or not now, as refused() tells by the response codes of IMAP, POP3 and
   ManageSieve, and a protocol by its own.  Monitors try what is refused for now
   again, so that is nothing which a person has to mend. */
enum verdict refused(struct dialog *d, const struct unit *u);
enum verdict refused_for_now(struct dialog *d, const struct unit *u);
enum verdict not_offered(struct dialog *d, const struct unit *u);
enum verdict malformed(struct dialog *d, const struct unit *u);
enum verdict forbidden(struct dialog *d, const struct unit *u);
enum verdict bug(struct dialog *d);

/*
 * refused_for_now() for 4xx and refused() for 5xx, as in RFC 5321 and RFC 959,
 * else malformed(): a code that means neither yes nor no is not a reply to what
 * was asked.
 */
#define no_or_malformed starttls_no_or_malformed
enum verdict no_or_malformed(struct dialog *d, const struct unit *u);

/*
 * The server's side of the vocabulary.  What is said is constant text of the
 * protocol, but for our own name, which stands where the text has a '$', and
 * for the arguments of a command that are ECHOED, which stand for a '%'.
 * Lines are separated by '\n', the last gets d->tag and a blank in front if
 * there is a tag, and the engine adds CRLF.
 */
enum action {
	ANSWER,                    /* harmless: say the reply */
	REFUSE,                    /* the same, but counted */
	LEAVE,                     /* the client's goodbye: reply and end */
	HANG_UP,                   /* what follows could not be understood */
	UPGRADE                    /* the reply is the go-ahead */
};

/*
 * The same for protocols without lines: what comes of a message, and the bytes
 * to be said, none if @len is 0.
 *
 * @what     the name of the request for the trace, constant text
 */
#define answer starttls_answer
enum verdict answer(struct dialog *d, const char *what, enum action action,
		    const void *data, size_t len);

/* ECHOED is NEEDED, for what the protocol gives back: of printable ASCII and
   bounded. */
enum arguments { OPTIONAL, NEEDED, NONE, ECHOED };

/* A command that a server knows before TLS. */
struct command {
	const char *name;          /* one word, or two: "MODE READER" */
	enum action action;
	enum arguments arguments;
	const char *reply;         /* NULL: there is none */
	const char *wrong;         /* if arguments lack, or there are any */
};

/*
 * Serve one command line: the first row that fits, blanks behind it ignored.
 *
 * @commands  ends with a row without a name, which is for everything else
 */
#define serve starttls_serve
enum verdict serve(struct dialog *d, struct bytes line,
		   const struct command *commands);

/* Compare without case, ASCII only, whole strings. */
#define bytes_equal starttls_bytes_equal
bool bytes_equal(struct bytes b, const char *text);
/* Whether @b begins with @text, or may do so when there is more of it; also
   without case. */
#define bytes_may_begin starttls_bytes_may_begin
bool bytes_may_begin(struct bytes b, const char *text);
/* Cut what stands in front of the first @c off @rest; false: there is none. */
#define bytes_until starttls_bytes_until
bool bytes_until(struct bytes *rest, uint8_t c, struct bytes *ret);
#define ber_next starttls_ber_next
#define ber_take starttls_ber_take
#define ber_number starttls_ber_number
/* Cut the first word, up to a blank, off @rest. */
#define bytes_word starttls_bytes_word
struct bytes bytes_word(struct bytes *rest);

struct dialog_rules {
	enum verdict (*step)(struct dialog *d, const struct unit *u);
	unsigned from_greeting;    /* first states */
	unsigned from_command;
	const char *const *states; /* names, for messages */
};

/* What a server says: lines in the form of above, or bytes as they are. */
struct words {
	const char *text;          /* NULL: nothing */
	size_t len;                /* 0: lines */
};

#define LINES(text) { text, 0 }
#define BYTES(text) { text, sizeof(text) - 1 }

struct serve_rules {
	frame_fn *frame;
	enum verdict (*step)(struct dialog *d, const struct unit *u);
	const char *greeting;      /* NULL: the client speaks first */
	const char *inside;        /* the same where TLS is up; NULL: equal;
	                              empty: servers say it again, unasked */
	struct words hangup;       /* last words to a client that misbehaves */
	struct words pipelined;    /* the refusal of an upgrade command with
	                              something behind it */
	size_t wanted;             /* bytes of the first unit, with
	                              starttls_frame_exact */
};

struct starttls_protocol {
	const char *name;          /* also the scheme that upgrades, if any */
	const char *scheme_tls;    /* the scheme of the dedicated port; NULL:
	                              there are none */
	const char *port;          /* NULL: there is no usual one */
	const char *port_tls;
	const char *alpn;          /* registered id; NULL: none */
	const char *alpn_in_use;   /* never offered, but served: a habit of
	                              clients; NULL: none */
	bool needs_alpn;           /* TLS from the start is TLS with our id */
	bool ends_in_lf;           /* lines that we say, instead of CRLF */
	const char *srv_id;        /* of the domain, which will do in place of
	                              a DNS-ID: "_xmpp-client"; NULL: none */
	bool has_xmpp_addr;        /* the same for XmppAddr */
	const char *rfc;
	/* what may come at any time and means nothing: by the start of the
	   input, true as long as it may be; NULL: nothing */
	bool (*is_unasked)(struct bytes start);
	bool has_data_channels;    /* that resume the control session */
	bool goes_on;              /* inside TLS, behind what was said before:
	                              nothing of it is said again */
	frame_fn *frame;
	bool (*read)(struct unit *u); /* say what people read of a message;
	                              false: malformed; NULL: lines */
	struct dialog_rules upgrade_rules;  /* no step: there is no such */
	struct dialog_rules exchange_rules; /* dialog, neither a client's */
	struct serve_rules serve_rules;     /* nor a server's */
};

#endif
