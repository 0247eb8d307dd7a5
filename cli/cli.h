/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/* What the subcommands of starttls(1) share. */

#ifndef CLI_H
#define CLI_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "starttls.h"
#include "login/account.h"

/* Exit status, stable: see starttls(1). */
enum {
	EXIT_USAGE = 1,
	EXIT_UNREACHED = 2,
	EXIT_REFUSED = 3,
	EXIT_PROTOCOL = 4,
	EXIT_TLS = 5,
	EXIT_TIMEOUT = 6,
	EXIT_LOGIN = 7,
	EXIT_LOCAL = 8
};

struct format;

/* When a check is no longer good enough, although nothing failed. */
struct threshold {
	bool has_time, has_days;
	int64_t time_us;           /* more is too slow */
	long days;                 /* less is too near the end */
};

#define MAX_PORTS 32

struct settings {
	struct starttls_policy *policy;
	struct starttls_options options;
	char *connect_host;        /* owned; options points to them */
	char *connect_port;
	int timeout_ms;
	int close_after_ms;        /* connect and proxy */
	bool quiet;
	bool trace;
	bool pem;                  /* report */
	const struct format *format; /* check; NULL: for people */
	const char *output;        /* NULL: standard output */
	struct threshold warning, critical;
	struct account account;    /* check --login */
	const char *targets;       /* file of URLs; NULL: none */
	long jobs;                 /* checks at a time; 0: not said */
	bool unordered;            /* results as they come */
	const char *ports[MAX_PORTS]; /* probe: SCHEME=PORT */
	size_t port_count;
	const char *address;       /* to connect to; NULL: the host's own */
	char **urls;               /* what follows the options */
	int url_count;

	/* serve and proxy */
	char *listen_host;         /* owned; NULL: not said */
	char *listen_port;
	const char *listen_unix;
	bool only_loopback;        /* listen on no other address */
	char *to_host;             /* owned; NULL: no backend */
	char *to_port;
	char **command;            /* what follows "--"; NULL: none */
	bool client_ca, client_cert; /* options that were given */
	long max_connections;      /* 0: not said */
	int idle_ms;
	long max_running;
	const struct subcommand *subcommand; /* to do it once more */
	int argc;
	char **argv;
};

/* One call of a subcommand against one URL. */
struct conversation {
	struct starttls_upgrade *upgrade; /* until taken, or failed */
	struct starttls_session *session;
	struct starttls_report report;
	struct starttls_error error;
	int code;                  /* 0 or STARTTLS_E_* */
	int64_t deadline_us;
};

struct subcommand {
	const char *name;
	const char *arguments;
	const char *summary;
	const char *options;       /* letters of the options that it takes */
	int (*run)(struct settings *settings);
	enum starttls_role role;   /* of the policy; 0: STARTTLS_CLIENT */
	bool has_command;          /* what follows "--" is no URL */
	int timeout_ms;            /* if none is given; 0: the usual one */
};

/* Each program's own, for messages. */
extern const char program_name[];

int run_connect(struct settings *settings);
int run_check(struct settings *settings);
int run_probe(struct settings *settings);
int run_report(struct settings *settings);
int run_policy(struct settings *settings);
int run_serve(struct settings *settings);
int run_proxy(struct settings *settings);

/* Fill settings from the command line; EXIT_* or -1 to go on. */
int parse_options(const struct subcommand *subcommand, int argc, char **argv,
		  struct settings *ret_settings);
void print_help_of(const struct subcommand *subcommand);
void free_settings(struct settings *settings);

/* Dial and upgrade under one deadline; the code is also in @c. */
int converse(const struct settings *settings, const char *url, int timeout_ms,
	     struct conversation *c);
/* If there is a session: one harmless exchange in it, and goodbye. */
void check_inside(struct conversation *c);
void finish_conversation(struct conversation *c);
/* As starttls_upgrade_cert, of whatever there is. */
int conversation_cert(const struct conversation *c, unsigned index,
		      struct starttls_cert *ret_cert);

/* A peer that has vanished is noticed in minutes; nothing on other sockets than
   TCP's. */
void keep_alive(int fd);

/* A closed 0, 1 or 2 must not become somebody's socket.  What stands in for
   standard output cannot be written to, so that losing output is noticed. */
bool hold_standard_descriptors(void);

/* Printable ASCII of what somebody wrote; '?' for the rest. */
const char *clean(char *buf, size_t size, const char *text);
int exit_status(const struct starttls_error *error);
/* What a person could do about it; "" if nothing comes to mind. */
const char *advice(const char *url, const struct conversation *c);
#define PEER_SHOWN 70
/* " (ADDRESS)", of which peer it was, if the URL does not say so. */
const char *show_peer(char *buf, size_t size, const char *url,
		      const char *address);
/* One line on stderr, cause first, then what to do. */
void complain(const char *url, struct conversation *c);
/* The same with another name than that of the error's code, and other advice. */
void complain_as(const char *url, const struct starttls_error *error,
		 const char *reason, const char *hint);
/* A lack of this system, of which the library knows nothing. */
void fill_system_error(struct starttls_error *error, int number,
		       const char *what);
void complain_usage(const char *subcommand, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Durations in the unit that suits them; the buffer has 16 bytes or more. */
const char *show_time(char *buf, size_t size, int64_t us);
/* Whether GnuTLS had to leave a later date at this one. */
bool is_clamped(int64_t seconds);
/* To the minute; the buffer has 32 bytes or more. */
void show_date(char *buf, size_t size, int64_t seconds);
/* Whole days from now to then, negative if it is past. */
long days_until(int64_t seconds);

#endif
