# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The libstarttls authors
"""Servers that are odd but honest: with all of them the check must pass."""

import itertools
import ssl

from channels import records
from cleartext import ALL, APOP, GO_AHEAD, GREETING, b
from engine import UPGRADED, bytewise, case, fin, padded, pause
from garbage import DEDICATED
from tls import TLS12, TLS13, edit_first

SCHEMES = itertools.cycle(("imaps", "smtp", "ftps", "nntp", "pop3s", "imap",
                           "smtps", "pop3", "nntps", "ftp"))
UTF8 = "Grüße, 世界"
LIST = "250-mail\r\n%s"

SMTP = {
    "greeting": {
        "no-text": "220", "space": "220 ", "name-only": "220 mail",
        "lines": "220-a\r\n220-b\r\n220 c", "lines-no-text":
        "220-\r\n220-\r\n220", "utf8": "220 " + UTF8, "latin-1":
        b"220 Gr\xfc\xdfe\r\n", "stars": "220 ****************2****0",
        "code-in-text": "220-454 TLS\r\n220 250-STARTTLS", "tab":
        "220 a\tb", "no-esmtp": "220 mail", "angle": "220 <a@b> [::1]",
        "many": "220-x\r\n" * 60 + "220 x"},
    "ask": {
        "first": LIST % "250-STARTTLS\r\n250 HELP",
        "middle": LIST % "250-SIZE\r\n250-STARTTLS\r\n250 HELP",
        "last": LIST % "250-SIZE\r\n250 STARTTLS",
        "alone": LIST % "250 STARTTLS", "lower": LIST % "250 starttls",
        "mixed": LIST % "250 StartTLS", "space": LIST % "250 STARTTLS ",
        "spaces": LIST % "250-STARTTLS   \r\n250 HELP",
        "parameter": LIST % "250-STARTTLS REQUIRED\r\n250 HELP",
        "twice": LIST % "250-STARTTLS\r\n250 STARTTLS",
        "name-utf8": "250-" + UTF8 + "\r\n250 STARTTLS",
        "name-only-code": "250-\r\n250 STARTTLS",
        "name-starttls": "250-STARTTLS\r\n250 STARTTLS",
        "near-miss-too": LIST % "250-XSTARTTLS\r\n250-STARTTLSX\r\n250 "
        "STARTTLS", "end-empty": LIST % "250-STARTTLS\r\n250",
        "end-space": LIST % "250-STARTTLS\r\n250 ",
        "many": LIST % ("250-X-NR\r\n" * 300 + "250 STARTTLS"),
        "auth": LIST % "250-AUTH PLAIN LOGIN\r\n250-AUTH=PLAIN\r\n250-STAR"
        "TTLS\r\n250 SMTPUTF8"},
    "go": {
        "no-text": "220", "space": "220 ", "enhanced": "220 2.0.0 Ready",
        "lines": "220-a\r\n220 b", "lines-no-text": "220-\r\n220",
        "utf8": "220 " + UTF8, "code": "220 454 not", "ehlo":
        "220 250-STARTTLS", "punctuation": "220 -go", "tab": "220 \tgo"},
    "in_ask": {
        "one-line": "250 mail", "code": "250", "starttls":
        "250-mail\r\n250 STARTTLS", "utf8": "250-mail\r\n250 " + UTF8,
        "many": "250-X\r\n" * 500 + "250 X"},
    "in_bye": {"no-text": "221", "lines": "221-a\r\n221 b"},
}
IMAP = {
    "greeting": {
        "list": "* OK [CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED] hi",
        "list-first": "* OK [CAPABILITY STARTTLS IMAP4rev1] hi",
        "list-lower": "* ok [capability imap4rev1 starttls] hi",
        "list-last": "* OK [CAPABILITY IMAP4rev2 AUTH=PLAIN STARTTLS] hi",
        "list-only": "* OK [CAPABILITY IMAP4rev1 STARTTLS]",
        "list-brackets": "* OK [CAPABILITY IMAP4rev1 STARTTLS] [::1] ]",
        "list-long": "* OK [CAPABILITY IMAP4rev1 %s STARTTLS] hi" %
        " ".join("X-%d" % i for i in range(200)),
        "mixed": "* Ok hi", "lower": "* ok hi", "space": "* OK ",
        "no-text": "* OK hi", "utf8": "* OK " + UTF8,
        "alert": "* OK [ALERT] hi", "code": "* OK [X-UNKNOWN a b] hi",
        "text-starttls": "* OK no STARTTLS here, says [CAPABILITY]",
        "then-untagged": "* OK hi\r\n* CAPABILITY IMAP4rev1 STARTTLS"},
    "go": {
        "lower": "<T> ok go", "mixed": "<T> Ok go", "space": "<T> OK ",
        "utf8": "<T> OK " + UTF8, "list":
        "<T> OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] go", "code":
        "<T> OK [ALERT] go", "brackets": "<T> OK [X] [Y] {z}x",
        "capability": "* CAPABILITY IMAP4rev1 STARTTLS\r\n<T> OK go",
        "no-starttls": "* CAPABILITY IMAP4rev1\r\n<T> OK go",
        "exists": "* 1 EXISTS\r\n* 0 RECENT\r\n<T> OK go",
        "alert": "* OK [ALERT] x\r\n<T> OK go", "ok": "* OK x\r\n<T> OK go",
        "no": "* NO x\r\n<T> OK go", "bad": "* BAD x\r\n<T> OK go",
        "quoted": '* LIST () "/" "<T> NO"\r\n<T> OK go', "utf8-untagged":
        "* OK " + UTF8 + "\r\n<T> OK go", "tag-in-text":
        "* OK <T> NO\r\n<T> OK go", "many": "* 1 EXISTS\r\n" * 300 +
        "<T> OK go", "words": "<T> OK Begin TLS negotiation now."},
    "in_ask": {
        "exists": "* 1 EXISTS\r\n* CAPABILITY IMAP4rev1\r\n<T> OK done",
        "lower": "* capability imap4rev1\r\n<T> ok done",
        "code": "* CAPABILITY IMAP4rev1\r\n<T> OK [CAPABILITY IMAP4rev1] x",
        "starttls": "* CAPABILITY IMAP4rev1 STARTTLS\r\n<T> OK done",
        "alert": "* OK [ALERT] x\r\n* CAPABILITY IMAP4rev1\r\n<T> OK done",
        "many": "* 1 EXISTS\r\n" * 500 + "* CAPABILITY X\r\n<T> OK done"},
    "in_bye": {
        "no-bye": "<T> OK done", "bye-only": ("* BYE done\r\n", fin),
        "text": "* BYE " + UTF8 + "\r\n* 1 EXISTS\r\n<T> OK done"},
}
FTP = {
    "greeting": {
        "no-text": "220", "space": "220 ", "wait": "120 wait\r\n220 hi",
        "waits": "120 a\r\n120 b\r\n120 c\r\n220 hi", "wait-later":
        ("120 wait\r\n", pause(0.2), "220 hi\r\n"), "lines":
        "220-a\r\n220-b\r\n220 c", "indented": "220-a\r\n b\r\n220 c",
        "text": "220-a\r\nb\r\n\r\n  \r\n220 c", "codes":
        "220-a\r\n530 no\r\n421 bye\r\n220 c", "other-lines":
        "220-a\r\n530-no\r\n220 c", "indented-end":
        "220-a\r\n 220 no\r\n220 c", "glued": "220-a\r\n220x\r\n2200 x\r\n"
        "220 c", "utf8": "220-" + UTF8 + "\r\n" + UTF8 + "\r\n220 c",
        "latin-1": b"220 Gr\xfc\xdfe\r\n", "wait-lines":
        "120-a\r\n220 no\r\n120 b\r\n220 c", "many": "220-a\r\n" + "x\r\n" *
        300 + "220 c", "banner": "220-" + "-" * 70 + "\r\n220-|  #  |\r\n2"
        "20 " + "-" * 70, "end-only": "220-\r\n220 "},
    "go": {
        "no-text": "234", "space": "234 ", "lines": "234-a\r\n234 b",
        "codes": "234-a\r\n534 no\r\n234 b", "indented":
        "234-a\r\n 234 no\r\n234 b", "text": "234-a\r\nb\r\n234 c",
        "words": "234 AUTH TLS OK.", "code": "234 534 no", "utf8":
        "234 " + UTF8, "mechanism": "234 [TLSv1.2] go"},
    "in_ask": {
        "refused": "500 what?", "refused-502": "502 no", "refused-530":
        "530 log in first", "lines": "211-x\r\n AUTH TLS\r\n211 end",
        "none": "211 no features", "dashes": "211-x\r\n211-AUTH TLS\r\n211 "
        "end", "codes": "211-x\r\n530 no\r\n211 end",
        "utf8": "211-x\r\n UTF8 " + UTF8 + "\r\n211 end"},
    "in_bye": {"no-text": "221", "lines": "221-You sent\r\n 0 bytes\r\n221 x",
               "500": "500 what?"},
}
NNTP = {
    "greeting": {
        "201": "201 no posting", "no-text": "200", "space": "200 ",
        "201-no-text": "201", "utf8": "200 " + UTF8, "code": "200 400 no",
        "long": "200 " + "x" * 500, "latin-1": b"200 Gr\xfc\xdfe\r\n"},
    "go": {"no-text": "382", "space": "382 ", "words": "382 Continue with "
           "TLS negotiation", "utf8": "382 " + UTF8, "code": "382 580 no"},
    "in_ask": {
        "refused": "500 what?", "refused-502": "502 no", "refused-480":
        "480 log in first", "empty": "101 list\r\n.", "short":
        "101\r\nVERSION 2\r\n.", "stuffed": "101 x\r\n..dot\r\n.",
        "starttls": "101 x\r\nVERSION 2\r\nSTARTTLS\r\n.", "mode-reader":
        "101 x\r\nVERSION 2\r\nMODE-READER\r\n.", "codes":
        "101 x\r\n502 no\r\n.", "many": "101 x\r\n" + "X-Y\r\n" * 500 + "."},
    "in_bye": {"no-text": "205", "text": "205 " + UTF8},
}
POP3 = {
    "greeting": {
        "no-text": "+OK", "space": "+OK ", "spaces": "+OK   hi",
        "lower": "+ok hi", "mixed": "+Ok hi", "utf8": "+OK " + UTF8,
        "latin-1": b"+OK Gr\xfc\xdfe\r\n", "tab": "+OK a\tb", "dot": "+OK .",
        "err": "+OK -ERR no", "code": "+OK 554 [SYS/PERM]", "resp-code":
        "+OK [X-A/B] hi", "stars": "+OK *********", "stls": "+OK no STLS",
        **{"apop-" + what: "+OK " + text for what, text in APOP.items()}},
    "go": {
        "no-text": "+OK", "space": "+OK ", "spaces": "+OK   go",
        "lower": "+ok go", "mixed": "+oK go", "utf8": "+OK " + UTF8,
        "words": "+OK Begin TLS negotiation now.", "err": "+OK -ERR not",
        "code": "+OK 454 not", "twice": "+OK +OK", "plus": "+OK + go",
        "dot": "+OK .", "tab": "+OK \tgo", "apop": "+OK <1896.697@x>"},
    "in_ask": {
        "refused": "-ERR what?", "refused-no-text": "-ERR", "refused-lower":
        "-err what?", "refused-code": "-ERR [SYS/PERM] no", "empty":
        "+OK list\r\n.", "short": "+OK\r\nUSER\r\n.", "lower":
        "+ok list\r\nuser\r\n.", "stuffed": "+OK\r\n..dot\r\n...\r\n..\r\n.",
        "blank": "+OK\r\n .\r\n.", "empty-line": "+OK\r\n\r\nUSER\r\n.",
        "codes": "+OK\r\n-ERR no\r\n+OK\r\n.", "stls": "+OK\r\nSTLS\r\n.",
        "words": "+OK\r\nSASL PLAIN LOGIN\r\nEXPIRE NEVER\r\nLOGIN-DELAY 900"
        "\r\nRESP-CODES\r\nIMPLEMENTATION x\r\n.", "utf8": "+OK " + UTF8 +
        "\r\nUTF8 USER\r\nIMPLEMENTATION " + UTF8 + "\r\n.",
        "longest": "+OK\r\nIMPLEMENTATION %s\r\n." % ("x" * 4079),
        "many": "+OK\r\n" + "X-Y\r\n" * 500 + "."},
    "in_bye": {"no-text": "+OK", "lower": "+ok bye", "text": "+OK " + UTF8,
               "refused": "-ERR some deleted messages not removed",
               "refused-code": "-ERR [SYS/TEMP] not now"},
}
REPLIES = {"smtp": SMTP, "imap": IMAP, "ftp": FTP, "nntp": NNTP,
           "pop3": POP3}


def reply(text):
    if isinstance(text, tuple):
        return [part if callable(part) else b(part) for part in text]
    return text if isinstance(text, bytes) else b(text + "\r\n")


def spoken():
    """Odd replies of all kinds."""
    for scheme, stages in REPLIES.items():
        for stage, texts in stages.items():
            for what, text in texts.items():
                yield case("legal", scheme, "%s-%s" % (stage, what), 0,
                           **{stage: reply(text)})
    for scheme, family in DEDICATED.items():
        for what, text in REPLIES[family]["greeting"].items():
            yield case("legal", scheme, "greeting-" + what, 0,
                       in_greeting=reply(text))
    yield case("legal", "imaps", "greeting-without-starttls", 0,
               in_greeting=b"* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] hi\r\n")


def lengths():
    """Lines up to 4096 bytes, 64 KiB in all."""
    for scheme in ALL:
        for size in (510, 512, 513, 998, 1000, 1024, 2048, 4095, 4096):
            for stage, good in (("greeting", GREETING), ("go", GO_AHEAD)):
                yield case("legal", scheme, "%s-%d" % (stage, size), 0,
                           **{stage: padded(b(good[scheme]), size)})
    line = b"x" * 990 + b"\r\n"
    for scheme, where in (
            ("smtp", {"greeting": (b"220-" + line) * 60 + b"220 x\r\n"}),
            ("smtp", {"ask": b"250-x\r\n" + (b"250-" + line) * 60 +
                      b"250 STARTTLS\r\n"}),
            ("ftp", {"go": b"234-\r\n" + line * 60 + b"234 x\r\n"}),
            ("imap", {"go": (b"* " + line) * 60 + b"<T> OK x\r\n"}),
            ("pop3", {"in_ask": b"+OK\r\n" + line * 60 + b".\r\n"})):
        yield case("legal", scheme, "60000-in-" + [*where][0], 0, **where)


def segments():
    """Replies cut up, and slow ones."""
    for scheme in UPGRADED:
        protocol = case("", scheme, "", 0).protocol
        for stage in ("greeting", "ask", "go", "in_ask", "in_bye"):
            text = protocol.replies.get(stage) or protocol.replies["bye"]
            if stage == "ask" and protocol.replies["greeting"][:3] != b"220":
                continue
            yield case("legal", scheme, stage + "-bytewise", 0,
                       **{stage: bytewise(text, 0.001)})
            # cut in the code, before and in the line's end
            for at in (1, 3, -2, -1):
                yield case("legal", scheme, "%s-cut-%d" % (stage, at), 0, **{
                    stage: lambda ch, text=text, at=at: ch.play(
                        [ch.fill(text)[:at], pause(0.02),
                         ch.fill(text)[at:]])})
        yield case("legal", scheme, "slow", 0, timeout=10, late=True,
                   greeting=bytewise(protocol.replies["greeting"], 0.03),
                   go=[pause(0.5), protocol.replies["go"]],
                   in_ask=[pause(0.5), protocol.replies["in_ask"]])
    for scheme, family in DEDICATED.items():
        text = b(GREETING[family])
        yield case("legal", scheme, "greeting-bytewise", 0,
                   in_greeting=bytewise(text, 0.001))
        yield case("legal", scheme, "greeting-cut", 0,
                   in_greeting=[text[:2], pause(0.02), text[2:]])
        yield case("legal", scheme, "slow", 0,
                   in_greeting=[pause(0.5), text])
    yield case("legal", "imap", "untagged-cut", 0, greeting=[
        b"* OK hi\r\n* 1 EXI", pause(0.02), b"STS\r\n"])
    yield case("legal", "imap", "untagged-while-shaking-hands", 0, go=[
        b"* 1 EXISTS\r\n", pause(0.02), b"* 2 EXISTS\r\n<T> OK go\r\n"])


def fragments(size):
    """A mangle: cut handshake records of the first flight into small ones."""
    def cut(data):
        parts = []
        for record in records(data):
            body = record[5:]
            if record[0] != 22:
                parts.append(record)
                continue
            for at in range(0, len(body), size):
                piece = body[at:at + size]
                parts.append(record[:3] + len(piece).to_bytes(2, "big") +
                             piece)
        return b"".join(parts)
    return edit_first(cut)


def joined(data):
    """All plain handshake messages of a TLS 1.2 flight in one record."""
    body = b"".join(record[5:] for record in records(data))
    return b"\x16\3\3" + len(body).to_bytes(2, "big") + body


def commands(*lines):
    """Commands to s_server, before the reply to the client."""
    def play(channel):
        for line in lines:
            channel.send(line)
            channel.raw.rest(0.03)     # s_server takes one line a time
    return play


def shaken():
    """TLS of all kinds."""
    def two(what, tls, **other):
        for scheme in (next(SCHEMES), next(SCHEMES)):
            yield case("legal", scheme, "tls-" + what, 0, tls=tls, **other)

    for name, versions in (("1.2", TLS12), ("1.3", TLS13)):
        for scheme in (*ALL, *DEDICATED):
            yield case("legal", scheme, "tls-" + name, 0,
                       tls={"versions": versions})
        for group in ("P-256", "X25519", "P-384", "P-521"):
            yield from two("%s-%s" % (name, group), {"s_server": (
                "-groups", group, "-tls" + name.replace(".", "_"))})
        for what, setting in {
                "optional-client": {"client_cert": ssl.CERT_OPTIONAL},
                "bytewise": {"mangle": lambda data, n: bytewise(data)},
                "halves": {"mangle": lambda data, n: [
                    data[:len(data) // 2], pause(0.02),
                    data[len(data) // 2:]]},
                "by-record": {"mangle": lambda data, n: records(data)},
                "header-cut": {"mangle": lambda data, n: [
                    data[:3], pause(0.02), data[3:]]},
                "slow": {"mangle": lambda data, n: [pause(0.3), data]},
                "alpn": {"alpn": ["imap", "smtp", "ftp", "nntp",
                                  "pop3"]},
                "alpn-other": {"alpn": ["h2"]}}.items():
            yield from two("%s-%s" % (name, what),
                           {"versions": versions, **setting})
        for chain in ("rsa", "pss", "ed25519", "p384"):
            yield from two("%s-%s" % (name, chain),
                           {"versions": versions, "chain": chain})
    for cipher, chain in (
            ("ECDHE-ECDSA-AES128-GCM-SHA256", "good"),
            ("ECDHE-ECDSA-AES256-GCM-SHA384", "good"),
            ("ECDHE-ECDSA-CHACHA20-POLY1305", "good"),
            ("ECDHE-RSA-AES128-GCM-SHA256", "rsa"),
            ("ECDHE-RSA-AES256-GCM-SHA384", "rsa"),
            ("ECDHE-RSA-CHACHA20-POLY1305", "rsa")):
        yield from two(cipher, {"versions": TLS12, "ciphers": cipher,
                                "chain": chain})
    for suite in ("TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384",
                  "TLS_CHACHA20_POLY1305_SHA256"):
        yield from two(suite, {"s_server": ("-ciphersuites", suite)})
    for count in (0, 2, 10):
        yield from two("tickets-%d" % count, {"versions": TLS13,
                                              "tickets": count})
    for size in (1, 5, 100):
        yield from two("1.2-fragments-%d" % size, {
            "versions": TLS12, "mangle": fragments(size)})
    yield from two("1.2-joined", {"versions": TLS12,
                                  "mangle": edit_first(joined)})
    yield from two("1.3-fragments-50", {"versions": TLS13, "mangle":
                                        edit_first(first_only(50))})
    yield from two("no-middlebox", {"s_server": ("-no_middlebox",)})
    yield from two("padded", {"s_server": ("-record_padding", "512")})
    yield from two("status", {"s_server": ("-status",)})
    yield from two("abrupt", {"abrupt": True})
    yield from two("bye-fin", {}, in_bye=fin)
    for scheme in ("imap", "smtps"):
        text = case("", scheme, "", 0).protocol.replies["in_ask"]
        for what, keys in {"key-update": [b"k\n"], "key-update-both":
                           [b"K\n"], "key-updates": [b"k\n"] * 5}.items():
            yield case("legal", scheme, "tls-" + what, 0,
                       tls={"s_server": ("-tls1_3",), "noisy": True},
                       in_ask=[commands(*keys), text])


def first_only(size):
    """Cut the ServerHello of TLS 1.3; the rest is encrypted."""
    def cut(data):
        first, *rest = records(data)
        return b"".join([fragments(size)(first, 0), *rest])
    return cut


def cases():
    for part in (spoken, lengths, segments, shaken):
        yield from part()
