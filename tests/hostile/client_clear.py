# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The libstarttls authors
"""Clients before TLS: injection, logins, words that are not the upgrade,
garbage, goodbyes; and the honest ones, which must be served."""

import random
import re
import time

from client_net import (AT_ONCE, Case, Failure, Should, Silence, is_like,
                        printable)
from client_tls import Refused, Tls, client_hello, record
from client_words import CRLF, named, values

HELLO = record(22, client_hello(), 0x0301)
MOMENT = 0.25                 # enough for a reply, if there is one
PAUSE = 0.6                   # how long a ClientHello is left unanswered
LINE_LIMIT = 4096
MANY = 4000


def mixed(text):
    """cOMMANDS lIKE tHIS."""
    return bytes(c ^ 0x20 if i % 2 and chr(c).isalpha() else c
                 for i, c in enumerate(text.lower()))


def slug(text):
    """A command as a part of a name."""
    return "-".join(re.findall("[a-z0-9+~,=]+", text.decode().lower()))


def word_of(command):
    return command.split()[0].decode().lower()


# ---- behind the upgrade command --------------------------------------------

def payloads(p):
    login = p.line(p.login)
    return {
        "login": login, "logins": b"".join(map(p.line, values(p.logins))),
        "command": p.line(p.noop), "half": login[:9],
        "half-of-crlf": login[:-1], "crlf": CRLF, "lf": b"\n", "cr": b"\r",
        "one-byte": b"x", "nul": b"\0", "blank": b" ", "dot": b".\r\n",
        "again": p.line(p.upgrade), "quit": p.line(p.quit),
        "commands": p.line(p.noop) * MANY, "long": b"A" * 70000,
        "tls-byte": b"\x16", "tls-header": b"\x16\3\1\2\0",
        "tls-record": b"\x16\3\1\0\5hello", "tls-data": b"\x17\3\3\0\5hello",
        "ssl2": b"\x80\x2e\1\3\1\0\x15\0\0\0\x10", "high": b"\xff\xfe\xfd",
        "hello-and-command": HELLO + login,
    }


AFTER_ONLY = {
    "tls-alert": record(21, b"\2\x28"),
    "tls-warnings": record(21, b"\1\x5a") * 20,
    "tls-empty": record(22, b"") * 3, "tls-kind": record(99, b"x"),
    "tls-heartbeat": record(24, b"\1\x40\0"),
}


def behind(c, payload, manner):
    """Cleartext behind the upgrade command, before the ClientHello."""
    link, p = c.polite(), c.p
    if manner == "same":
        link.send(p.line(p.upgrade) + payload)
    else:
        link.send(p.line(p.upgrade))
        if manner == "after":
            c.go_ahead(link)
        link.send(payload)
    if manner != "after":
        lines = link.reply()
        if not lines:
            raise Should("closes without a refusal")
        if is_like(p.no, lines[-1]):
            refused_and_over(link)
            return
        if not is_like(p.go, lines[-1]):
            raise Failure("neither go-ahead nor refusal: %a" % lines)
    went_ahead(c, link, manner)


def refused_and_over(link):
    judge_lines(link, link.rest(), 1)


def went_ahead(c, link, manner):
    """Try TLS: what was sent in the clear must have had no effect."""
    tls = Tls(link)
    try:
        tls.start()
        link.patience = 1.5
        try:
            kind, body = link.record()
        except Silence:                # for the rest of a record, say
            link.patience = AT_ONCE
            link.fin()
            kind, body = link.record()
        if kind == 21:
            link.rest()
            return
        link.buffer = record(kind, body) + link.buffer
        tls.handshake()
    except Refused:
        return
    c.served(tls)
    raise Should("cleartext behind the upgrade command (%s) was dropped"
                 % manner)


def with_hello(c, size, manner):
    """The ClientHello in the segment of the upgrade command."""
    link, p = c.polite(), c.p
    hello = record(22, client_hello(), 0x0301)
    link.send(p.line(p.upgrade) + hello[:size])
    if manner == "later":
        time.sleep(0.05)
        link.send(hello[size:])
    lines = link.reply()
    if not lines or is_like(p.no, lines[-1]):
        refused_and_over(link)
        return
    if not is_like(p.go, lines[-1]):
        raise Failure("neither go-ahead nor refusal: %a" % lines)
    try:
        kind, _ = link.record()
    except Refused:
        return
    if kind not in (21, 22):
        raise Failure("a record of kind %d" % kind)


def injection(p):
    for name, payload in payloads(p).items():
        for manner in ("same", "next", "after"):
            yield Case("behind/%s/%s" % (manner, name), lambda c, x=payload,
                       m=manner: behind(c, x, m))
        yield Case("behind/program/" + name, lambda c, x=payload:
                   behind(c, x, "same"), "program")
    for name, payload in AFTER_ONLY.items():
        yield Case("behind/after/" + name, lambda c, x=payload:
                   behind(c, x, "after"))
    for size, manner in ((None, "all"), (5, "later"), (1, "later"),
                         (60, "later"), (-1, "later")):
        yield Case("behind/same/hello-%s" % size, lambda c, s=size, m=manner:
                   with_hello(c, s, m))


# ---- logins ----------------------------------------------------------------

def judge_login(p, lines, command, strict=True):
    for line in lines:
        if is_like(p.asks, line):
            raise Failure("asks for the secret: %a" % line)
    if lines and not is_like(p.no, lines[-1]):
        raise Failure("not a refusal: %a" % lines)
    if not lines:
        raise Failure("closed without a refusal")
    if strict and not is_like(p.private, lines[-1]) and \
            not re.search(rb"\{|^AUTHINFO$|^PASS|^ACCT|^AUTH$", command):
        raise Should("refuses, but not for want of TLS: %a" % lines)


def login(c, command, form):
    p = c.p
    line = p.line(command)
    if form == "first" and p.greeting is not None:
        link = c.connect()
        link.send(line)
        c.take_greeting(link)
        judge_login(p, link.reply(), command, False)
        for before in p.before:
            link.command(before)
            link.reply()
    else:
        link = c.polite()
        forms = {"lower": line.lower(), "upper": line.upper(),
                 "mixed": p.prefix + mixed(line[len(p.prefix):]),
                 "twice": line + line,
                 "blank": p.line(command + b" ")}
        if form == "bytewise":
            link.bytewise(line)
        else:
            link.send(forms.get(form, line))
        for _ in range(2 if form == "twice" and not p.leaves else 1):
            judge_login(p, link.reply(), command)
    goes_on(c, link)


def goes_on(c, link):
    """A refusal is no obstacle, or the end."""
    if c.p.leaves:
        judge_lines(link, link.rest(), 0)
    else:
        c.upgraded(link)


def long_login(c, command, size):
    """An argument so long; it may end the conversation."""
    p, link = c.p, c.polite()
    line = p.line(command + b" " + b"A" * size)
    link.send(line)
    try:
        lines = link.reply()
    except Silence:
        lines = []
    if not lines and link.broken:
        return
    judge_login(p, lines, command, False)
    if len(line) > LINE_LIMIT:
        rest = link.settled(PAUSE)
        if is_like(p.asks, rest[:200]):
            raise Failure("says more: %a" % rest[:200])
        judge_lines(link, rest, 1)
        return
    c.upgraded(link)


def secret_unasked(c, command):
    """Go on as if the secret had been asked for."""
    p, link = c.p, c.polite()
    link.command(command)
    judge_login(p, link.reply(), command, False)
    link.send(p.secret)
    lines = link.reply()
    if lines and not is_like(p.no, lines[-1]) and \
            not is_like(rb"\S+ BAD.*", lines[-1]):
        raise Failure("takes the secret: %a" % lines)
    if lines and not is_like(rb"\* BYE.*", lines[-1]):
        goes_on(c, link)


def logins(p):
    forms = ("plain", "twice", "first", "bytewise")
    if not p.size:
        forms += ("lower", "mixed", "blank")
    for at, (name, command) in enumerate(named(p.logins, "login/", word_of)):
        for form in forms:
            yield Case("%s/%s" % (name, form), lambda c, x=command, f=form:
                       login(c, x, f))
        yield Case(name + "/secret-unasked", lambda c, x=command:
                   secret_unasked(c, x), "traced")
        for size in (1000, 3900, 4096, 16384, 70000, 200000):
            if (at < 3 or size in (1000, 200000)) and not p.size:
                yield Case("%s/%d-bytes" % (name, size), lambda c, x=command,
                           s=size: long_login(c, x, s))


# ---- what is begun in the clear --------------------------------------------

def begun(c, commands):
    """Begun in the clear, forgotten in TLS."""
    link = c.polite()
    for command in commands:
        link.command(command)
        link.reply()
    c.ask_for_tls(link)
    tls = c.good(link)
    try:
        data = link.recv(0.15)
        tls.incoming.write(data)
        if data and tls.tls.pending():
            raise Failure("speaks first in TLS")
    except Silence:
        pass
    c.served(tls, b"PASS s3cret")


def capabilities(c):
    link = c.polite()
    link.command(c.p.ask)
    lines = link.reply()
    if not any(is_like(c.p.listed, line) for line in lines):
        raise Failure("does not list the upgrade: %a" % lines)
    for line in lines:
        if is_like(c.p.unlisted, line):
            raise Failure("lists logins in the clear: %a" % line)
    c.upgraded(link)


def forgotten(p):
    for name, commands in named(p.begun, "begun/",
                                lambda commands: word_of(commands[0])):
        yield Case(name, lambda c, x=commands: begun(c, x))
        yield Case(name + "/program", lambda c, x=commands: begun(c, x),
                   "program")
    yield Case("begun/nothing", lambda c: begun(c, ()))
    if p.listed:
        yield Case("capabilities", capabilities)


# ---- what is not the upgrade -----------------------------------------------

def unanswered(link):
    """A ClientHello must stay without an answer.

    It comes after a moment: too early, it would be refused anyhow.
    """
    rest = link.settled(MOMENT)
    link.send(HELLO)
    rest += link.settled(PAUSE)
    if re.search(b"[\x14-\x17]\x03[\0-\4]", rest):
        raise Failure("was taken for the upgrade")
    judge_lines(link, rest, 16)


def not_taken(c, data):
    link = c.polite()
    link.send(data)
    unanswered(link)


def not_first(c, data, size):
    """The upgrade behind so many bytes of the same line."""
    link = c.polite()
    link.send(b'"'.ljust(size, b"A") + data)
    unanswered(link)


def not_later(c, data, size):
    """The same, but the command ends before, and blanks fill its line."""
    link, p = c.polite(), c.p
    link.send(p.line(p.noop + b" " * size, b"") + data)
    unanswered(link)


def odd_words(p):
    for name, command in named(p.odd, "word/", slug):
        yield Case(name, lambda c, x=p.line(command): not_taken(c, x))
    if not p.size:
        yield from odd_lines(p)


def odd_lines(p):
    word, line = p.upgrade, p.line(p.upgrade)
    first, last = word[:1], word[-1:]
    words = {
        "x-behind": word + b"X", "x-in-front": b"X" + word,
        "cut": word[:-1], "half": word[:len(word) // 2], "doubled": word + word,
        "nul-behind": word + b"\0", "nul-in-front": b"\0" + word,
        "nul-inside": word[:4] + b"\0" + word[4:],
        "nul-and-more": word + b"\0x", "long-s": word.replace(
            b"S", "\u017f".encode()), "kelvin-like": "\uff33".encode() + word,
        "soft-hyphen": word[:4] + b"\xc2\xad" + word[4:],
        "8-bit": word[:-1] + bytes([last[0] | 0x80]),
        "8-bit-first": bytes([first[0] | 0x80]) + word[1:],
        "quotes": b'"' + word + b'"', "apostrophes": b"'" + word + b"'",
        "brackets": b"<" + word + b">", "argument": word + b" x",
        "arguments": word + b" x y z", "tls-argument": word + b" TLS1.3",
        "comma": word + b",x", "semicolon": word + b";", "dot": word + b".",
        "equals": word + b"=TLS", "tab-argument": word + b"\tx",
        "colon": word + b":", "blank-in-front": b" " + word,
        "tab-in-front": b"\t" + word, "inside": word[:3] + b" " + word[3:],
        "backspace": b"X\x08" + word, "escape": b"\x1b[A" + word,
        "iac": b"\xff\xf4\xff\xf2" + word, "del": word + b"\x7f",
        "bom": b"\xef\xbb\xbf" + word, "percent": b"%53" + word[1:],
        "minus": b"-" + word, "plus": word + b"+", "star": b"*" + word,
        "utf-16": word.decode().encode("utf-16-le"),
        "crcr": word + b"\r\rx", "vt": word + b"\x0b", "ff": word + b"\x0c",
        "nbsp": word + b"\xc2\xa0",
    }
    ends = {
        "cr": b"\r", "lf": b"\n", "cr-nul": b"\r\0", "nul": b"\0",
        "lfcr": b"\n\r", "none": b"", "nel": b"\xc2\x85", "ls":
        b"\xe2\x80\xa8", "cr-cr": b"\r\r", "nul-crlf": b"\0\r\n",
        "lf-lf": b"\n\n", "cr-x-lf": b"\rx\n", "backslashes": b"\\r\\n",
    }
    for name, odd in words.items():
        yield Case("word/" + name, lambda c, x=p.line(odd): not_taken(c, x))
    for name, end in ends.items():
        if end == p.end:
            continue
        yield Case("end/" + name, lambda c, x=p.line(word, end):
                   not_taken(c, x))
    for size in (2, 510, 512, 998, 1000, 1022, 1024, 2048, 4086, 4094, 4096,
                 4097, 8190, 8192, 16384, 65536, 70000):
        yield Case("hidden/behind-%d" % size, lambda c, s=size:
                   not_first(c, line, s))
    for size in (4086, 4096, 8192, 70000):
        yield Case("hidden/blanks-%d" % size, lambda c, s=size:
                   not_later(c, line, s))
    noop = p.noop
    for name, data in {
            "cr": p.line(noop, b"\r") + line,
            **({"lf": p.line(noop, b"\n") + line} if p.end == CRLF else {}),
            "nul": p.line(noop, b"\0") + line,
            "cr-in-argument": p.line(noop + b" x\r" + line)}.items():
        yield Case("hidden/behind-" + name, lambda c, x=data: not_taken(c, x))
    if p.prefix:
        yield from tags(word)


def tags(word):
    """IMAP only."""
    for name, tag in {
            "plus": b"+", "star": b"*", "none": b"", "paren": b"(",
            "paren-inside": b"a(b", "close": b")", "brace": b"a{1}",
            "percent": b"a%", "quote": b'a"b', "backslash": b"a\\b",
            "del": b"a\x7f", "esc": b"a\x1b[2J", "8-bit": b"\xc3\xa9",
            "nul": b"a\0b", "tab": b"a\tb", "plus-inside": b"a+b",
            "cr": b"a\rb", "quoted": b'"a1"', "wild": b"a*",
            "two": b"a1 a2", "long": b"a" * 5000}.items():
        yield Case("tag/" + name, lambda c, x=tag + b" " + word + CRLF:
                   not_taken(c, x))
    for name, data in {
            "no-tag": word + CRLF, "only-tag": b"a1" + CRLF,
            "lf-tag": b"a1\n" + word + CRLF, "two-blanks":
            b"a1  " + word + b" x\r\n"}.items():
        yield Case("tag/" + name, lambda c, x=data: not_taken(c, x))


# ---- garbage ---------------------------------------------------------------

ALIEN = {                     # to which there is one refusal at most
    "http-get": b"GET / HTTP/1.1\r\nHost: a.test\r\nX: y\r\n\r\n",
    "http-post": b"POST /%s HTTP/1.0\r\nContent-Length: 30\r\n\r\n"
    b"EHLO a.test\r\nMAIL FROM:<>\r\n",
    "http-options": b"OPTIONS * HTTP/1.1\r\n\r\n",
    "http-connect": b"CONNECT a.test:25 HTTP/1.1\r\n\r\n",
    "http2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0",
    "ssh": b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n",
    "sip": b"OPTIONS sip:nm SIP/2.0\r\nVia: SIP/2.0/TCP nm\r\n\r\n",
    "rtsp": b"OPTIONS / RTSP/1.0\r\n\r\n",
    "socks4": b"\4\1\0\x19\x7f\0\0\1\0", "socks5": b"\5\1\0",
    "postgresql": bytes.fromhex("0000000804d2162f"),
    "mysql": b"\x20\0\0\1\x85\xa6\x3f\x20\0\0\0\1\x21" + bytes(23),
    "ldap": bytes.fromhex("300c020101600702010304008000"),
    "rdp": bytes.fromhex("030000130ee000000000000100080003000000"),
    "smb": b"\0\0\0\x2f\xffSMBr\0\0\0\0\x08\x01\x40" + bytes(30),
    "dns": bytes.fromhex("001e000601000001000000000000"
                         "0776657273696f6e0462696e6400001000 03".replace(
                             " ", "")),
    "hello-unasked": HELLO, "hello-1.2": record(22, client_hello(0x0303)),
    "ssl2-unasked": b"\x80\x2e\1\0\2\0\x15\0\0\0\x10" + bytes(37),
    "alert-unasked": record(21, b"\2\x28"),
    "data-unasked": record(17, b"hello"), "heartbeat": record(24, b"\1\x40\0"),
    "x11": b"l\0\x0b\0\0\0\0\0\0\0\0\0", "bittorrent":
    b"\x13BitTorrent protocol" + bytes(8), "quic": b"\xc3\0\0\0\1\x08" +
    bytes(1200), "nul": b"\0", "nuls": bytes(5000), "lf": b"\n",
    "lfs": b"\n" * 5000, "crs": b"\r" * 5000, "all-bytes": bytes(range(256)),
    "telnet": b"\xff\xfd\x18\xff\xfd\x20\xff\xfb\x01\n",
    "utf-16": "EHLO a.test\r\n".encode("utf-16"),
    "random": random.Random(1).randbytes(5000) + b"\0",
    "long-line": b"A" * 70000, "long-line-crlf": b"A" * 5000 + CRLF,
    "long-8-bit": b"\xff" * 9000, "lf-commands": b"NOOP\nNOOP\nQUIT\n",
    "cr-commands": b"NOOP\rNOOP\rQUIT\r",
}
PRINTED = {                   # lines, to each of which there may be a refusal
    "escapes": b"\x1b]0;evil\x07\x1b[2J\r\n", "c1": b"\xc2\x9b2J\r\n",
    "8-bit": bytes(range(128, 256)) + CRLF, "del": b"\x7f" * 9 + CRLF,
    "controls": bytes({*range(1, 32)} - {10, 13}) + CRLF,
    "formats": b"%s%s%n%n%p%99999999d\r\n", "shell": b"$(id);`id`|id\r\n",
    "telnet-line": b"\xff\xfb\x01\xff\xfd\x03\r\n", "bom":
    b"\xef\xbb\xbfNOOP\r\n", "emoji": "\U0001f600\r\n".encode(),
    "redis": b"*1\r\n$4\r\nPING\r\n", "irc": b"NICK a\r\nUSER a a a :a\r\n",
    "xmpp": b"<?xml version='1.0'?><stream:stream to='a'>\r\n",
    "memcached": b"stats items\r\n", "proxy-1":
    b"PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n", "crlf": CRLF,
    "crlfs": CRLF * 9, "blanks": b"   \r\n", "dot": b".\r\n",
    "tab": b"\t\r\n", "jndi": b"${jndi:ldap://a.test/x}\r\n",
    "proxy-2": b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c" + bytes(12),
    "log": b"x\\r\\n[error] forged\r\n", "sieve": b'AUTHENTICATE "PLAIN"\r\n',
}


def alien(c, data):
    """One printable refusal at most, and an end at once."""
    link = c.greeted()
    link.send(data)
    link.fin()
    judge_lines(link, link.rest(), 1 + many_lines(c.p, data))


def alien_stays(c, data):
    """The same, but the client does not hang up."""
    link = c.greeted()
    link.send(data)
    judge_lines(link, link.rest(), 1 + many_lines(c.p, data))


def many_lines(p, data):
    """Where LF is an end, garbage has commands in it."""
    return data.count(b"\n") if p.end == b"\n" else 0


def judge_lines(link, text, limit):
    lines, rest = link.protocol.cut(text)
    if rest:
        raise Failure("half a line: %a" % rest[-200:])
    for line in lines:
        printable(link.protocol.shown(line))
    if len(lines) > limit:
        raise Failure("%d lines of refusals: %a" % (len(lines), text[:300]))


def printed(c, data):
    """Refusals in printable ASCII, which quote nothing that is not."""
    link = c.polite()
    link.send(data)
    link.fin()
    judge_lines(link, link.rest(), data.count(CRLF) + 1)


def garbage(p):
    ends = rb"\0|\r[^\r\n]|HTTP/|SSH-|SIP/|RTSP/|A{5000}"
    if p.end == CRLF:
        ends += rb"|[^\r]\n|\r\r"
    for name, data in ALIEN.items():
        if name in p.own:
            continue
        yield Case("garbage/" + name, lambda c, x=data: alien(c, x))
        if re.search(p.hopeless or ends, data, re.S):
            yield Case("garbage/stays/" + name, lambda c, x=data:
                       alien_stays(c, x))
    for name, data in p.garbage.items():
        yield Case("garbage/stays/" + name, lambda c, x=data:
                   alien_stays(c, x))
        yield Case("word/" + name, lambda c, x=data: not_taken(c, x))
    for name, data in PRINTED.items() if not p.size else ():
        yield Case("garbage/line/" + name, lambda c, x=data: printed(c, x))


def garbage_dedicated(p):
    """Cleartext on the dedicated port: no word in the clear."""
    texts = {**ALIEN, **PRINTED, "command": p.line(p.probe),
             "login": p.line(p.login), "upgrade": p.line(p.upgrade),
             "upgrade-and-hello": p.line(p.upgrade) + HELLO}
    for name in ("hello-unasked", "hello-1.2"):
        del texts[name]
    for name, data in texts.items():
        yield Case("garbage/" + name, lambda c, x=data: speechless(c, x))
    yield Case("garbage/waits", waits)


def speechless(c, data):
    link = c.connect()
    link.send(data)
    link.fin()
    link.only_tls()


def waits(c):
    """It does not speak first."""
    link = c.connect()
    data = link.settled(PAUSE)
    if data:
        raise Failure("speaks before TLS: %a" % data)
    c.served(c.good(link))


# ---- going away ------------------------------------------------------------

STAGES = ("connect", "greeting", "asked", "half-line", "upgrade", "go-ahead",
          "half-hello", "hello", "server-hello", "in-tls", "half-record")


def advance(c, stage):
    """A link that has come so far."""
    p, at = c.p, STAGES.index(stage)
    link = c.connect()
    if not c.dedicated:
        if at > 0:
            c.take_greeting(link)
        if at > 1:
            for command in p.before or (p.ask,):
                link.command(command)
                link.reply()
        if stage == "half-line":
            link.send(p.line(p.upgrade)[:6])
        if at > 3:
            link.command(p.upgrade)
        if at > 4:
            c.go_ahead(link)
    if stage == "half-hello":
        link.send(HELLO[:100])
    if stage in ("hello", "server-hello"):
        link.send(record(22, c.hello(), 0x0301))
    if stage == "server-hello":
        link.recv()
    if stage in ("in-tls", "half-record"):
        tls = c.raw(link)
        tls.handshake()
        c.served(tls)
        if stage == "half-record":
            link.send(tls.protect(23, b"half of this")[:12])
    return link


def leave(c, stage, how):
    link = advance(c, stage)
    if how == "rst":
        link.rst()
        return
    link.fin()
    if c.dedicated or stage not in STAGES[:5]:
        link.only_tls()
    else:
        judge_lines(link, link.rest(), 12)


def half_executed(c):
    """A line without its end is not executed."""
    link = c.polite()
    link.send(c.p.line(c.p.upgrade)[:-1 if c.p.size else -len(c.p.end)])
    link.fin()
    for line in c.p.cut(link.rest())[0]:
        if is_like(c.p.go, line):
            raise Failure("executes half a line: %a" % line)


def departures(p):
    for stage in STAGES:
        for how in ("fin", "rst"):
            yield Case("leaves/%s/%s" % (stage, how), lambda c, s=stage,
                       h=how: leave(c, s, h))
    yield Case("leaves/half-upgrade", half_executed)


def departures_dedicated(p):
    for stage in ("connect", *STAGES[6:]):
        for how in ("fin", "rst"):
            yield Case("leaves/%s/%s" % (stage, how), lambda c, s=stage,
                       h=how: leave(c, s, h))


# ---- honest clients --------------------------------------------------------

def honest(c, data, every=0.0, bytewise=False, go=None):
    """The upgrade command in a form that must be taken for it."""
    link = c.polite()
    if bytewise:
        link.bytewise(data, every)
    else:
        link.send(data)
    c.go_ahead(link, go)
    c.served(c.good(link))


def tagged(c, tag):
    """IMAP: the tag comes back as it was, and any legal one will do."""
    link = c.polite()
    link.send(tag + b" NOOP\r\n" + tag + b" STARTTLS\r\n")
    for _ in range(2):
        line = link.line()
        if not line or not line.startswith(tag + b" OK"):
            raise Failure("not an OK for %a: %a" % (tag, line))
    c.served(c.good(link))


TAGS = (b"A", b"0", b"0001", b"a.b-c", b"a]", b"$1", b"&x", b"~", b"[a", b"'",
        b"a:b=c", b"x" * 32, b"x" * 60, b"STARTTLS", b"OK", b"!#")


def in_two(c, at):
    link, line = c.polite(), c.p.line(c.p.upgrade)
    link.send(line[:at])
    time.sleep(0.05)
    link.send(line[at:])
    c.go_ahead(link)
    c.served(c.good(link))


def pipelined(c, commands):
    """Commands in front of the upgrade, in one segment with it."""
    link = c.polite()
    link.command(*commands, c.p.upgrade)
    for command in commands:
        link.last = command
        if not link.reply():
            raise Failure("no reply to %a" % command)
    link.last = c.p.upgrade
    c.go_ahead(link)
    c.served(c.good(link))


def in_front(c, command, pattern, times=1):
    link = c.polite()
    for _ in range(times):
        link.command(command)
        lines = link.reply()
        if not lines or not is_like(pattern, lines[-1]):
            if lines and is_like(c.p.no, lines[-1]):
                raise Should("refused %a with %a" % (command, lines[-1]))
            raise Failure("%a got %a, not %a" % (command, lines, pattern))
    c.upgraded(link)


def in_front_lower(c, command, pattern):
    in_front(c, command.lower(), pattern)


def slow(c):
    """Slow, and within the deadline."""
    link = c.greeted()
    for command in c.p.before:
        time.sleep(0.4)
        link.command(command)
        link.reply()
    link.bytewise(c.p.line(c.p.upgrade), 0.12)
    c.go_ahead(link)
    time.sleep(0.5)
    c.served(c.good(link, shape=lambda data: slowly(data, 40, 0.05)))


def slowly(data, size, every):
    for at in range(0, len(data), size):
        time.sleep(every)
        yield data[at:at + size]


def unasked(c):
    """Upgrade without asking for anything."""
    link = c.greeted()
    link.command(c.p.upgrade)
    lines = link.reply()
    if c.p.before and lines and is_like(c.p.no, lines[-1]):
        for command in c.p.before:
            link.command(command)
            link.reply()
        c.upgraded(link)
        return
    if not lines or not is_like(c.p.go, lines[-1]):
        raise Failure("not the go-ahead: %a" % lines)
    c.served(c.good(link))


def early_bird(c):
    """The first command before the greeting has been read."""
    link = c.connect()
    commands = c.p.before or (c.p.harmless[1][0],)
    link.command(*commands)
    c.take_greeting(link)
    link.reply()
    c.upgraded(link)


def goodbye(c, form):
    link, p = c.polite(), c.p
    line = p.line(p.quit)
    line = {"lower": line.lower(), "blank": p.line(p.quit + b" "),
            "behind-others": p.line(p.noop) * 3 + line}.get(
                form, line)
    if form == "bytewise":
        link.bytewise(line)
    else:
        link.send(line)
    if form in ("fin", "behind-others"):
        link.fin()
    lines, rest = p.cut(link.rest())
    if rest:
        raise Failure("half a line: %a" % rest)
    if p.bye and not any(is_like(p.bye, line) for line in lines):
        raise Failure("no goodbye: %a" % lines)
    if not p.bye and lines and form != "behind-others":
        raise Failure("says goodbye: %a" % lines)


def goodbye_then_more(c):
    """What comes behind the goodbye is not executed."""
    replies = []
    for more in (b"", c.p.line(c.p.upgrade)):
        link = c.polite()
        link.send(c.p.line(c.p.quit) + more)
        replies.append(link.rest())
    if replies[0] != replies[1]:
        raise Failure("goes on behind the goodbye: %a" % replies)


def legal(p):
    line = p.line(p.upgrade)
    for name, data, go in p.forms:
        yield Case("legal/form/" + name, lambda c, x=data, y=go:
                   honest(c, x, go=y))
    yield Case("legal/bytewise", lambda c: honest(c, line, 0, True))
    yield Case("legal/bytewise-slow", lambda c: honest(c, line, 0.03, True))
    for at in range(1, len(line)):
        yield Case("legal/in-two-%d" % at, lambda c, x=at: in_two(c, x))
    for at, commands in enumerate(p.pipelines):
        yield Case("legal/pipeline-%d" % at, lambda c, x=commands:
                   pipelined(c, x))
    for name, (command, pattern) in named(
            p.harmless, "legal/in-front/", lambda row: slug(row[0])):
        yield Case(name, lambda c, x=command, y=pattern: in_front(c, x, y))
    command, pattern = next(iter(values(p.harmless)))
    for times in p.many:
        yield Case("legal/in-front/%d-times" % times, lambda c, n=times:
                   in_front(c, command, pattern, n))
    yield Case("legal/refusals", lambda c: in_front(c, p.unknown, rb".*", 10))
    yield Case("legal/slow", slow)
    yield Case("legal/unasked", unasked)
    for form in ("plain", "fin", "bytewise", "behind-others"):
        yield Case("legal/goodbye/" + form, lambda c, f=form: goodbye(c, f))
    yield Case("legal/goodbye/then-more", goodbye_then_more)
    if not p.size:
        yield from legal_lines(p)


def legal_lines(p):
    """What is legal where there are lines and words."""
    for name, data in {
            "lower": p.line(p.upgrade.lower()), "upper": p.line(p.upgrade),
            "mixed": p.line(mixed(p.upgrade)),
            "title": p.line(p.upgrade.title()),
            "blank": p.line(p.upgrade + b" "),
            "crlf": p.line(p.upgrade, CRLF),
            "cr-cr-lf": p.line(p.upgrade, b"\r\r\n")}.items():
        yield Case("legal/form/" + name, lambda c, x=data: honest(c, x))
    for word in p.synonyms:
        yield Case("legal/form/" + word.decode(), lambda c, x=p.line(word):
                   honest(c, x))
    for tag in TAGS if p.prefix else ():
        name = tag.decode() if tag.isalnum() else tag.hex()
        yield Case("legal/tag/" + name, lambda c, x=tag: tagged(c, x))
    for name, (command, pattern) in named(
            p.harmless, "legal/in-front/", lambda row: slug(row[0])):
        yield Case(name + "/lower", lambda c, x=command, y=pattern:
                   in_front_lower(c, x, y))
    yield Case("legal/early-bird", early_bird)
    for form in ("lower", "blank"):
        yield Case("legal/goodbye/" + form, lambda c, f=form: goodbye(c, f))


def cases(p):
    for group in (injection, logins, forgotten, odd_words, garbage,
                  departures, legal):
        yield from group(p)


def cases_dedicated(p):
    for group in (garbage_dedicated, departures_dedicated):
        yield from group(p)
