/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/* Whose words these are: what the first ones of a server tell of its protocol. */

#ifndef CHECK_SPEAKER_H
#define CHECK_SPEAKER_H

#include <stdbool.h>

enum speaker_kind {
	SPEAKER_UNKNOWN,
	SPEAKER_KNOWN,             /* of a protocol that we have */
	SPEAKER_SMTP_OR_FTP,       /* 220, and nothing that tells more */
	SPEAKER_XMPP,              /* a stream, and not whose */
	SPEAKER_TLS,               /* which answers cleartext with an alert */
	SPEAKER_STRANGER           /* of one that has no scheme of ours */
};

struct speaker {
	enum speaker_kind kind;
	const char *protocol;      /* KNOWN; SMTP_OR_FTP, XMPP: the likely one;
	                              STRANGER: inside TLS, or NULL */
	const char *name;          /* STRANGER: "SSH" */
};

/* @words as starttls_error has them, escaped and cut short. */
struct speaker speaker_of(const char *words);
/* Whether both may begin with the same words: 220, or a stream. */
bool speaker_is_alike(const char *protocol, const char *other);

#endif
