# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The libstarttls authors
"""The rows of the other modules for the dedicated ports of LMTP, ManageSieve,
IRC, XMPP, LDAP, PostgreSQL, telnet, HTTPS, and of TLS that nothing is known
of: what comes in place of TLS, ALPN, the end at each stage; and what HTTPS's
server may answer."""

from engine import (DEDICATED, PROTOCOLS, XMPP_HEADER, bytewise, case, drip,
                    fin, flood, pause, rst, silence)
from garbage import CLOSED, OTHERS
from hello import forge
from tls import FATAL

NO_TLS = (4, 5)
SPOKEN = (3, 4)
HEAD = b"HTTP/1.1 200 OK\r\n"
END = b"\r\n\r\n"
NO_EXCHANGE = ("tls", "telnets")
ONE_REQUEST = ("https", "ircs")       # which is the goodbye

# scheme: what a server without TLS says there of itself; None: nothing
GREETINGS = {
    "lmtps": b"220 mail.example.test LMTP\r\n",
    "sieves": b'"SASL" "PLAIN"\r\nOK "ready"\r\n',
    "ircs": b":x NOTICE * :*** wait\r\n", "xmpps": None,
    "xmpps-server": None, "ldaps": None, "postgress": None,
    "telnets": b"\xff\xfd\x18login: ", "https": None,
    "tls": b"220 hello\r\n",
}
# what it says to a ClientHello
ANSWERS = {
    "lmtps": b"500 5.5.1 what?\r\n", "sieves": b'NO "what?"\r\n',
    "ircs": b":x 421 * what :?\r\n",
    "xmpps": XMPP_HEADER + b"<stream:error/></stream:stream>",
    "xmpps-server": XMPP_HEADER + b"<stream:error/></stream:stream>",
    "ldaps": b"0\x0c\2\1\0x\7\x0a\1\2\4\0\4\0", "postgress": b"N",
    "telnets": b"\r\nPassword: ", "tls": b"what?\r\n",
    "https": b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n",
}


def in_place_of_tls(scheme, greeting, answer):
    if greeting:
        yield case("PG-1", scheme, "greets", NO_TLS, first=greeting)
        yield case("PG-1", scheme, "greets-slowly", (*NO_TLS, 6),
                   first=[bytewise(greeting, 0.01), silence])
    yield case("PG-1", scheme, "answers", NO_TLS, hello=answer)
    yield case("PG-1", scheme, "answers-closed", NO_TLS, hello=[answer, fin])
    for what in ("http", "noise"):
        yield case("PG-1", scheme, what, NO_TLS, hello=OTHERS[what])
    yield case("TX-3", scheme, "alert", NO_TLS, hello=FATAL)
    yield case("TX-3", scheme, "alert-first", NO_TLS, first=FATAL)
    yield case("TM-3", scheme, "flood", NO_TLS, hello=flood(answer))
    yield case("TL-1", scheme, "alpn", 5,
               hello=forge(extensions=[(16, b"\0\7\6daytim")]))


def ends(scheme):
    """Silence, a close and a reset, at each stage."""
    stages = [("hello", b""), ("hello", b"\x16\3\3\0\x7a\2")]
    replies = PROTOCOLS[DEDICATED[scheme]].replies
    if scheme not in NO_EXCHANGE and \
            replies.get("in_greeting", replies["greeting"]):
        stages.append(("in_greeting", b""))
    if scheme not in NO_EXCHANGE:
        stages.append(("in_bye" if scheme in ONE_REQUEST else "in_ask",
                       b""))
    for stage, part in stages:
        what = "%s-%d" % (stage, len(part))
        yield case("TM-1", scheme, what, 6, **{stage: [part, silence]})
        yield case("TM-7", scheme, what + "-fin", CLOSED,
                   **{stage: [part, fin]})
        yield case("TM-7", scheme, what + "-rst", CLOSED,
                   **{stage: [part, rst]})
    yield case("TM-7", scheme, "first-fin", CLOSED, first=fin)
    yield case("TM-7", scheme, "first-rst", CLOSED, first=rst)


def inside(scheme):
    """Another service inside TLS, and floods."""
    stage = "in_bye" if scheme in ONE_REQUEST else "in_ask"
    for what in ("imap", "noise-line"):
        yield case("TL-13", scheme, what, SPOKEN, **{stage: OTHERS[what]})
    yield case("TM-6", scheme, "line", 4, **{stage: flood(b"x" * 1000)})
    yield case("TM-6", scheme, "nul", SPOKEN, **{stage: flood(b"\0")})


# what: (exit statuses, reply to HEAD /)
HTTP = {
    "legal": {
        "moved": (0, b"HTTP/1.1 301 Moved\r\nLocation: http://evil.test/" +
                  END),
        "bare": (0, b"HTTP/1.1 200" + END), "1.0": (0, b"HTTP/1.0 200 OK" +
                                                    END),
        "lf": (0, b"HTTP/1.1 200 OK\nServer: x\n\n"),
        "no-head": (0, b"HTTP/1.1 501 What" + END),
        "not-found": (0, b"HTTP/1.1 404 No" + END),
        "early-hints": (0, b"HTTP/1.1 103 Early Hints\r\nLink: </x>" + END +
                        HEAD + b"X: y" + END),
        "continue": (0, (b"HTTP/1.1 100 Continue" + END) * 9 + HEAD +
                     b"\r\n"),
        "long-field": (0, HEAD + b"Content-Security-Policy: " + b"x" * 9000 +
                       END),
        "fields": (0, HEAD + b"Set-Cookie: x=y\r\n" * 400 + b"\r\n"),
        "bytewise": (0, bytewise(HEAD + b"Server: x" + END)),
        "stays": (0, [HEAD + b"Server: x" + END, silence]),
        "body": (0, [HEAD + b"Content-Length: 9" + END + b"<h1>x</h1>"]),
        "body-stays": (0, [HEAD + END[2:] + b"<h1>" * 2000, silence]),
        "pieces": (0, [HEAD, pause(0.05), b"Server", pause(0.05),
                       b": x\r\n\r", pause(0.05), b"\n"]),
    },
    "DG-2": {"503": (3, b"HTTP/1.1 503 Later\r\nRetry-After: 9" + END)},
    "DG-3": {
        "400": (3, b"HTTP/1.1 400 Bad Request" + END),
        "421": (3, b"HTTP/1.1 421 Misdirected Request" + END),
        "500": (3, b"HTTP/1.1 500 Oops" + END),
    },
    "DG-11": {"upgrade": (4, b"HTTP/1.1 101 Switching Protocols" + END)},
    "PG-2": {
        "cr": (4, b"HTTP/1.1 200 OK\rX: y" + END),
        "nul-field": (4, HEAD + b"X: \0" + END),
        "no-colon": (4, HEAD + b"what is this" + END),
        "no-name": (4, HEAD + b": x" + END),
        "control-name": (4, HEAD + b"X\x1b[2J: y" + END),
    },
    "PG-4": {
        "http2": (4, b"HTTP/2 200" + END), "0.9": (4, b"<html>" + END),
        "icy": (4, b"ICY 200 OK" + END), "lower": (4, b"http/1.1 200 OK" +
                                                   END),
        "two-digits": (4, b"HTTP/1.1 99 x" + END),
        "four-digits": (4, b"HTTP/1.1 2000 x" + END),
        "600": (4, b"HTTP/1.1 600 x" + END), "0xx": (4, b"HTTP/1.1 000 x" +
                                                     END),
        "two-blanks": (4, b"HTTP/1.1  200 OK" + END),
        "blank-first": (4, b" HTTP/1.1 200 OK" + END),
        "line-first": (4, b"\r\nHTTP/1.1 200 OK" + END),
        "settings": (NO_TLS, b"\0\0\x12\4\0\0\0\0\0\0\3\0\0\0\x64"),
    },
    "TX-1": {
        "escapes": (3, b"HTTP/1.1 500 \x1b]0;x\a\x1b[2J\x9b" + END),
        "escapes-ok": (0, b"HTTP/1.1 200 \x1b[2J\r\nServer: \x1b[2J" + END),
        "latin-1": (3, b"HTTP/1.1 500 \xe9\x85" + END),
    },
    "TM-1": {"silence": (6, [HEAD + b"Server: x\r\n", silence])},
    "TM-2": {
        "status": (6, drip(b"H")), "field": (6, [HEAD, drip(b"X: y\r\n")]),
        "value": (6, [HEAD + b"X: ", drip(b"y")]),
        "interim": (6, drip(b"HTTP/1.1 100 Continue" + END)),
    },
    "TM-6": {
        "status": (4, [b"HTTP/1.1 200 ", flood(b"x" * 1000)]),
        "fields": (4, [HEAD, flood(b"X: y\r\n")]),
        "value": (4, [HEAD + b"X: ", flood(b"y" * 1000)]),
        "interim": (4, flood(b"HTTP/1.1 100 Continue" + END)),
        "interim-fields": (4, [b"HTTP/1.1 103 x\r\n", flood(b"X: y\r\n")]),
        "folded": (4, [HEAD + b"X: y\r\n", flood(b" z\r\n")]),
    },
    "TM-7": {
        "status-fin": (CLOSED, [HEAD, fin]),
        "field-fin": (CLOSED, [HEAD + b"X: y", fin]),
        "field-rst": (CLOSED, [HEAD + b"X: y\r\n", rst]),
        "interim-fin": (CLOSED, [b"HTTP/1.1 100 Continue" + END, fin]),
    },
}


def alpn():
    """PostgreSQL's is TLS with our ALPN, or none."""
    for what, ids in {"none": (), "other": ("imap",), "case":
                      ("PostgreSQL",), "longer": ("postgresql2",)}.items():
        yield case("TL-13", "postgress", "alpn-" + what, 5,
                   tls={"alpn": ids})
    for scheme in ("lmtps", "sieves", "ircs", "xmpps", "ldaps", "telnets",
                   "https", "tls"):
        yield case("legal", scheme, "alpn-others", 0, tls={"alpn": ("x",)})


def cases():
    for scheme, greeting in GREETINGS.items():
        yield from in_place_of_tls(scheme, greeting, ANSWERS[scheme])
        yield from ends(scheme)
        if scheme not in NO_EXCHANGE:
            yield from inside(scheme)
    for row, texts in HTTP.items():
        for what, (exits, reply) in texts.items():
            yield case(row, "https", "head-" + what, exits, in_bye=reply)
    yield from alpn()
