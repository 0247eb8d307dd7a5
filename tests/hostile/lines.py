# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The libstarttls authors
"""The rows of the other modules for LMTP, ManageSieve, IRC and NUT.  What can be
wrong in their lines is in the transcripts; here are a few of each kind, against
the command."""

from engine import bytewise, case, drip, fin, flood, rst, silence

NO_WORDS = (3, 4)
# The client does not wait for a greeting: a go-ahead that comes before its
# command is early, and one that comes later has another one behind it.
UNASKED = (4, 5)
SIEVE_LIST = b'"SASL" ""\r\n"STARTTLS"\r\n'
IRC_GO = b":x 670 * :go ahead\r\n"
NOTICE = b":x NOTICE * :*** wait\r\n"


def common(go, no, noise, end):
    """What any of them may meet at its upgrade command."""
    return {
        "DG-3/refused": (3, no),
        "DG-6/fin": (NO_WORDS, fin),
        "DG-7/silence": (6, silence),
        "RI-1/pipelined": (4, go + no),
        "RI-2/half-a-line": (4, go + no[:3]),
        "RI-3/byte": (4, go + b"\n"),
        "RI-4/like-tls": (4, go + b"\x16\3\3\0\2"),
        "TX-1/escapes": ((3, 4), no.replace(end, b" \x1b[2J\x07" + end)),
        "PG-1/http": (4, b"HTTP/1.1 400 Bad Request\r\n\r\n"),
        "PG-1/noise": (4, bytes(range(256))),
        "PG-3/nul": (4, go.replace(end, b"\0" + end)),
        "TM-2/drip": (6, drip(noise[:1])),
        "TM-3/line": (4, flood(noise)),
        "TM-7/rst": (4, rst),
        "legal/bytewise": (0, bytewise(go)),
    }


# scheme: stage: what: (exit statuses, reply)
TABLE = {
    "lmtp": {
        "greeting": {
            "DG-15/no": (3, b"554 no\r\n"),
            "DG-13/go": (4, b"220 x\r\n220 go\r\n"),
            "PG-1/ssh": (4, b"SSH-2.0-x\r\n"),
        },
        "ask": {
            "DG-1/stripped": (3, b"250-x\r\n250 8BITMIME\r\n"),
            "DG-4/refused": (3, b"500 5.5.1 what?\r\n"),
            "DG-14/lies": (3, b"250-STARTTLS\r\n250-XSTARTTLS\r\n"
                           b"250 STARTTLSX\r\n"),
            "PG-5/codes": (4, b"250-x\r\n550-STARTTLS\r\n250 x\r\n"),
            "TM-4/endless": (4, flood(b"250-STARTTLS\r\n")),
        },
        "go": {
            "DG-2/later": (3, b"454 4.7.0 later\r\n"),
            "DG-11/250": (4, b"250 go\r\n"),
            **common(b"220 go\r\n", b"502 5.5.1 no\r\n", b"x" * 1000,
                     b"\r\n"),
        },
        "in_ask": {"TX-1/escapes": (0, b"250 \x1b[2J\r\n"),
                   "TM-4/endless": (4, flood(b"250-x\r\n"))},
    },
    "sieve": {
        "greeting": {
            "DG-1/stripped": (3, b'"SASL" "PLAIN"\r\nOK\r\n'),
            "DG-13/go": (4, SIEVE_LIST + b"OK\r\nOK\r\n"),
            "DG-14/lies": (3, b'"XSTARTTLS"\r\n"X" "STARTTLS"\r\nOK\r\n'),
            "DG-15/bye": (3, b'BYE "no"\r\n'),
            "DG-18/referral": (3, b'BYE (REFERRAL "sieve://evil") "x"\r\n'),
            "PG-8/hidden": (3, b'"X" {17}\r\n"STARTTLS"\r\nOK\r\n\r\n'
                            b"OK\r\n"),
            "PG-8/huge": (4, b'"X" {4294967296}\r\n'),
            "PG-8/minus": (4, b'"X" {-1}\r\n'),
            "PG-8/flood": (4, [b'"X" {4096}\r\n', flood(b"\n" * 1000)]),
            "TM-4/endless": (4, flood(b'"X" "y"\r\n')),
            "TM-1/silence": (6, [SIEVE_LIST, silence]),
            "legal/literals": (0, b'{8}\r\nSTARTTLS\r\nOK {3}\r\nNO\n\r\n'),
        },
        "go": {
            "DG-11/okay": (4, b"OKAY\r\n"),
            "DG-11/list": (4, SIEVE_LIST),
            **common(b'OK "go"\r\n', b'NO "no"\r\n', b"x" * 1000, b"\r\n"),
        },
        "in_greeting": {
            "RI-6/none": (6, silence),
            "TL-13/imap": (4, b"* OK ready\r\n"),
            "TM-4/endless": (4, flood(b'"X" "y"\r\n')),
        },
    },
    "irc": {
        "greeting": {
            "DG-13/go": (UNASKED, IRC_GO),
            "legal/notice": (0, NOTICE),
        },
        "go": {
            "DG-3/unknown": (3, b":x 421 * STARTTLS :Unknown command\r\n"),
            "DG-3/error": (3, b"ERROR :Closing link\r\n"),
            "DG-11/671": (4, b":x 671 a :is secure\r\n"),
            "DG-12/6700": (4, b":x 6700 * :go\r\n"),
            "RI-1/notice": (4, IRC_GO + NOTICE),
            "TM-4/notices": (4, flood(NOTICE)),
            "TM-2/notices": (6, drip(NOTICE)),
            "legal/notices": (0, NOTICE + b"PING :x\r\n" + IRC_GO),
            **common(IRC_GO, b":x 691 * :no\r\n", b"x" * 1000, b"\r\n"),
        },
        "in_bye": {
            "TM-7/fin": (5, fin),
            "TM-4/notices": (4, flood(NOTICE)),
            "TL-13/smtp": (4, b"220 x\r\n"),
        },
    },
    "nut": {
        "greeting": {"DG-13/go": (UNASKED, b"OK STARTTLS\n")},
        "go": {
            "DG-1/none": (3, b"ERR FEATURE-NOT-CONFIGURED\n"),
            "DG-11/ok": (4, b"OK\n"),
            "DG-12/more": (4, b"OK STARTTLS now\n"),
            "DG-12/glued": (4, b"OK STARTTLSX\n"),
            "legal/crlf": (0, b"OK STARTTLS\r\n"),
            **common(b"OK STARTTLS\n", b"ERR UNKNOWN-COMMAND\n", b"x" * 1000,
                     b"\n"),
        },
        "in_ask": {"TX-1/escapes": (0, b"upsd \x1b[2J\n"),
                   "DG-3/err": (3, b"ERR ACCESS-DENIED\n")},
    },
}


def cases():
    for scheme, stages in TABLE.items():
        for stage, rows in stages.items():
            for name, (exits, reply) in rows.items():
                row, what = name.split("/")
                yield case(row, scheme, "%s-%s" % (stage, what), exits,
                           **{stage: reply})
