# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The libstarttls authors
"""Clients that are slow, silent, endless or many."""

import contextlib
import threading
import time

from client_clear import advance
from client_net import Case, Failure, Link, Silence
from client_tls import (ALERT, CCS, HANDSHAKE, Refused, Tls, client_hello,
                        record)
from client_words import CRLF

GRACE = 3.0                   # seconds behind the deadline, on a busy machine
WELL = 2.0                    # a good client is served within


# ---- one deadline ----------------------------------------------------------

def cut_off(c, link):
    """By the deadline, which counts from the connection."""
    limit = c.server.timeout + GRACE
    link.settled(link.start + limit - time.monotonic())
    took = time.monotonic() - link.start
    with contextlib.suppress(Silence):
        if link.recv(0.01) == b"":
            return
    raise Failure("still there after %.1f s" % took)


def silent(c, stage):
    cut_off(c, advance(c, stage))


def drip(c, link, pieces, every=0.1):
    """Send a piece at a time, for ever."""
    end = link.start + c.server.timeout + GRACE
    while time.monotonic() < end and not link.broken:
        link.send(next(pieces))
        with contextlib.suppress(Silence):
            if link.recv(every) == b"":
                return
    if not link.broken:
        raise Failure("still there after %.1f s" %
                      (time.monotonic() - link.start))


def forever(data):
    while True:
        yield data


def bytes_of(data):
    for at in range(len(data)):
        yield data[at:at + 1]
    yield from forever(b"A")


def dribble(c, stage, pieces, every=0.1):
    drip(c, advance(c, stage), pieces(c.p), every)


def hello_pieces(p):
    return bytes_of(record(HANDSHAKE, client_hello(end=b"x" * 2000), 0x0301))


def fragments(p):
    """The ClientHello in records of one byte."""
    hello = client_hello()
    for at in range(len(hello) - 1):
        yield record(HANDSHAKE, hello[at:at + 1], 0x0301)
    yield from forever(record(HANDSHAKE, b"", 0x0301))


CLEAR_DRIPS = {
    "byte": lambda p: forever(b"A"), "line-bytes": lambda p: bytes_of(
        p.line(p.noop) * 100), "command": lambda p: forever(
            p.line(p.noop)), "empty-line": lambda p: forever(
                p.end or CRLF),
    "refused": lambda p: forever(p.line(p.login)),
    "ask": lambda p: forever(p.line(p.ask)), "blank": lambda p: forever(b" "),
    "upgrade-bytes": lambda p: bytes_of(p.line(p.upgrade)[:-2]),
}
TLS_DRIPS = {
    "hello-bytes": hello_pieces, "hello-fragments": fragments,
    "empty-record": lambda p: forever(record(HANDSHAKE, b"", 0x0301)),
    "warning": lambda p: forever(record(ALERT, b"\1\x5a")),
    "ccs": lambda p: forever(record(CCS, b"\1")),
}
SILENT = ("connect", "greeting", "asked", "half-line", "go-ahead",
          "half-hello", "server-hello")


def phases(c):
    """Each phase is quick enough for a deadline of its own."""
    link, pause = c.connect(), c.server.timeout * 0.8
    for data in (c.p.line(c.p.upgrade), HELLO[:50], HELLO[50:-1]):
        time.sleep(pause)
        link.send(data)
    cut_off(c, link)


def outlasts(c):
    """The deadline is for the handshake, not for the session."""
    tls = c.good()
    c.served(tls)
    time.sleep(c.server.timeout + 0.5)
    c.echoed(tls, b"still there\r\n")


HELLO = record(HANDSHAKE, client_hello(), 0x0301)


def silent_finished(c, version):
    """Everything but the Finished."""
    tls = Tls(c.ready(), version=version,
              on=lambda step, _: step == "finished")
    with contextlib.suppress(Refused, Silence):
        tls.link.sock.settimeout(c.server.timeout + GRACE)
        tls.start()
        tls.link.record()
    cut_off(c, tls.link)


def deadlines(p):
    for stage in SILENT:
        yield Case("silent/" + stage, lambda c, s=stage: silent(c, s),
                   "brief")
    for name, pieces in CLEAR_DRIPS.items():
        yield Case("drip/" + name, lambda c, x=pieces:
                   dribble(c, "greeting", x), "brief")
    for name in ("byte", "command", "empty-line"):
        yield Case("drip/fast-" + name, lambda c, x=CLEAR_DRIPS[name]:
                   dribble(c, "greeting", x, 0.01), "brief")
    for name, pieces in TLS_DRIPS.items():
        yield Case("drip/tls-" + name, lambda c, x=pieces:
                   dribble(c, "go-ahead", x), "brief")
    yield Case("silent/unfinished", lambda c: silent_finished(c, 0x0303),
               "brief")
    yield Case("silent/phases", phases, "brief")
    yield Case("legal/outlasts", outlasts, "brief")


def deadlines_dedicated(p):
    for stage in ("connect", "half-hello", "server-hello"):
        yield Case("silent/" + stage, lambda c, s=stage: silent(c, s),
                   "brief")
    for name, pieces in {**TLS_DRIPS, "byte": lambda p: forever(b"\x16"),
                         "command": CLEAR_DRIPS["command"]}.items():
        yield Case("drip/" + name, lambda c, x=pieces:
                   dribble(c, "connect", x), "brief")
    yield Case("silent/unfinished", lambda c: silent_finished(c, 0x0303),
               "brief")
    yield Case("legal/outlasts", outlasts, "brief")


# ---- without end -----------------------------------------------------------

def pour(link, data, total):
    """As fast as it goes, reading what comes; the bytes that were taken."""
    block = data * max(1, 65536 // len(data))
    sent, got = 0, 0
    link.sock.settimeout(0.05)
    end = time.monotonic() + 15
    link.note("C", data[:100] + b" for ever")
    while sent < total and time.monotonic() < end:
        try:
            sent += link.sock.send(block[sent % len(data):])
        except TimeoutError:
            pass
        except OSError:
            return sent, got
        try:
            while True:
                data_in = link.sock.recv(65536)
                got += len(data_in)
                if not data_in:
                    return sent, got
                link.sock.settimeout(0.001)
        except TimeoutError:
            link.sock.settimeout(0.05)
        except OSError:
            return sent, got
    return -1, got


def endless(c, stage, data, total=8 << 20):
    """It must be cut off, and must not say much."""
    link = advance(c, stage)
    sent, got = pour(link, data, total)
    if sent < 0:
        raise Failure("takes more than %d bytes" % total)
    if got > 1 << 18:
        raise Failure("said %d bytes" % got)


def unread(c):
    """Commands whose replies nobody reads."""
    link, p = c.greeted(), c.p
    before = c.server.memory()
    link.sock.settimeout(0.5)
    block, sent = p.line(p.ask) * 1000, 0
    try:
        while sent < 16 << 20:
            sent += link.sock.send(block)
    except OSError:
        pass
    grown = c.server.memory() - before
    if sent >= 16 << 20:
        raise Failure("takes 16 MiB whose replies nobody reads")
    if grown > 32768:
        raise Failure("grew by %d KiB" % grown)


def commands(c, count):
    """So many; it may end them, but not stumble."""
    link, p = c.polite(), c.p
    sent, got = pour(link, p.line(p.noop), count *
                     len(p.line(p.noop)))
    if got > 1 << 20:
        raise Failure("said %d bytes" % got)


def floods(p):
    texts = {
        "line": b"A", "crlf": CRLF, "nul": b"\0", "commands":
        p.line(p.noop), "unknown": p.line(p.unknown),
        "logins": p.line(p.login), "lists": p.line(p.ask),
        "blanks": b" ", "8-bit": b"\xff", "cr": b"\r", "lf": b"\n",
        "tls": record(HANDSHAKE, b"", 0x0301), "arguments":
        p.line(p.noop + b" " + b"A" * 400),
    }
    if p.prefix:
        texts.update({"literals": b"a1 LOGIN {10+}\r\n0123456789 {10}\r\n",
                      "literal": b"a1 LOGIN {99999999+}\r\n" + b"A" * 9000,
                      "braces": b"a1 NOOP {{{{{{{{\r\n", "tags": b"a" * 50})
    for name, data in texts.items():
        yield Case("endless/" + name, lambda c, x=data:
                   endless(c, "greeting", x))
    yield Case("endless/unread", unread)
    yield Case("endless/10000-commands", lambda c: commands(c, 10000))
    yield from floods_tls(p)


def floods_tls(p):
    for name, data in {
            "empty-records": record(HANDSHAKE, b"", 0x0301),
            "warnings": record(ALERT, b"\1\x5a"), "ccs": record(CCS, b"\1"),
            "message": record(HANDSHAKE, b"\1\xff\xff\xff" + bytes(16000)),
            "hellos": record(HANDSHAKE, client_hello()), "zeros": b"\0",
            "one-byte-records": record(HANDSHAKE, b"\1", 0x0301),
            }.items():
        yield Case("endless/tls-" + name, lambda c, x=data:
                   endless(c, "go-ahead", x))


# ---- many ------------------------------------------------------------------

class Crowd(threading.Thread):
    """Come and go, and dribble, until told to stop."""

    def __init__(self, port, p, count, idle, dribblers, text):
        super().__init__(daemon=True)
        self.port, self.p, self.count = port, p, count
        self.text = text               # what is dribbled
        self.idle, self.dribblers = idle, dribblers
        self.held, self.wrong = [], None

    def run(self):
        try:
            for _ in range(self.idle + self.dribblers):
                self.held.append(Link(self.port, self.p))
            for number in range(self.count):
                link = Link(self.port, self.p)
                if number % 3 == 0:
                    link.rst()
                elif number % 3 == 1:
                    link.send(self.p.line(self.p.ask))
                link.close()
                if number % 10 == 0:
                    for each in self.held[self.idle:]:
                        at = number // 10
                        each.send(self.text[at:at + 1])
        except OSError as error:
            self.wrong = error


def crowded(c):
    """200 idle, 60 that dribble, 500 that come and go; and a good one."""
    c.served(c.good())
    server, start = c.server, time.monotonic()
    time.sleep(0.3)
    fds, rss = server.descriptors(), server.memory()
    crowd = Crowd(server.port, c.p, 500, 200, 60,
                  HELLO if c.dedicated else c.p.line(c.p.upgrade)[:-1]
                  if c.p.size else b"A" * 50)
    crowd.start()
    slowest, rounds, most = 0, 0, 0
    while crowd.is_alive() or time.monotonic() < start + 1.5:
        begun = time.monotonic()
        c.served(c.good())
        slowest = max(slowest, time.monotonic() - begun)
        most = max(most, server.memory())
        rounds += 1
        c.close()
        c.links.clear()
        time.sleep(0.05)
    if crowd.wrong:
        raise Failure("connections are refused: %s" % crowd.wrong)
    if slowest > WELL:
        raise Failure("a good client waited %.1f s" % slowest)
    if most - rss > 32768:
        raise Failure("grew from %d to %d KiB" % (rss, most))
    c.close()
    end = time.monotonic() + server.timeout + GRACE + 2
    while time.monotonic() < end and server.descriptors() > fds + 2:
        time.sleep(0.1)
    if server.descriptors() > fds + 2:
        raise Failure("%d descriptors, %d before" % (server.descriptors(),
                                                     fds))
    for link in crowd.held:
        link.close()
    left = server.memory()
    if left - rss > 16384:
        raise Failure("%d KiB afterwards, %d before" % (left, rss))
    c.served(c.good())
    return "%d rounds, slowest %.2f s, %d to %d KiB, %.1f s" % (
        rounds, slowest, rss, most, time.monotonic() - start)


def good_again(c, count):
    """Memory does not grow by good clients either."""
    for _ in range(10):
        c.served(c.good())
    c.close()
    before = c.server.memory()
    for _ in range(count):
        c.served(c.good())
        c.links.pop().close()
    grown = c.server.memory() - before
    if grown > 4096:
        raise Failure("%d good clients cost %d KiB" % (count, grown))


def cases(p):
    yield from deadlines(p)
    yield from floods(p)


def cases_dedicated(p):
    yield from deadlines_dedicated(p)
    yield from floods_tls(p)


def alone(p):
    """Those that need a server, and the machine, for themselves."""
    yield Case("load/good-again", lambda c: good_again(c, 60), "load")
    yield Case("load/crowd", crowded, "load")
