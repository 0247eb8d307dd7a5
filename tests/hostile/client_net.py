# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The libstarttls authors
"""Servers under test, and connections to them.

A case is a function of a Context, which fails by raising Failure, or Should
where a server would be safe, but not as strict as ours.
"""

import dataclasses
import os
import re
import select
import signal
import socket
import ssl
import struct
import subprocess
import threading
import time

from certs import NAME
from client_octets import DEDICATED, PROTOCOLS
from client_tls import HANDSHAKE, Refused, Tls, alpn, client_hello
from engine import TLS_RECORD
from hello import ALPN

AT_ONCE = 8                   # seconds; the patient server's deadline is 40
SECRETS = rb"s3cret|AHRlc3Rlc"


class Failure(Exception):
    """The server is at fault."""


class Should(Failure):
    """It is, but nobody is harmed."""


class Silence(Failure):
    """Nothing came in time."""


# ---- the server ------------------------------------------------------------

def status(pid, field):
    """A number of /proc/PID/status, or 0."""
    try:
        with open("/proc/%d/status" % pid) as file:
            return int(re.search(r"%s:\s*(\d+)" % field, file.read())[1])
    except (OSError, TypeError):
        return 0


def family(pid):
    """The process and all that it has started."""
    found = [pid]
    for each in found:
        try:
            with open("/proc/%d/task/%d/children" % (each, each)) as file:
                found += map(int, file.read().split())
        except OSError:
            pass
    return found


class Server:
    """One `starttls serve`, on a free port of 127.0.0.1."""

    def __init__(self, command, scheme, identity, timeout, options=(),
                 program=()):
        self.timeout, self.echo, self.output = timeout, True, []
        chain, key = identity
        argv = [command, "serve", "--listen", "127.0.0.1:0", "--cert", chain,
                "--key", key, "--timeout", str(timeout), *options,
                "%s://%s" % (scheme, NAME), *program]
        self.process = subprocess.Popen(
            argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT)
        ready, line = select.select([self.process.stdout], [], [], 20)[0], b""
        if ready:
            line = self.process.stdout.readline()
        found = re.fullmatch(rb"listening on 127\.0\.0\.1:(\d+)\n", line)
        if not found:
            self.process.kill()
            raise RuntimeError("%s: not %a" % (" ".join(argv), line))
        self.port = int(found[1])
        self.pid = self.process.pid
        self.rss, self.fds = self.memory(), self.descriptors()
        threading.Thread(target=self.listen, daemon=True).start()

    def listen(self):
        for line in self.process.stdout:
            if len(self.output) < 2000:
                self.output.append(line)

    def alive(self):
        return self.process.poll() is None

    def memory(self):
        """Resident memory in KiB."""
        return sum(status(pid, "VmRSS") for pid in family(self.pid))

    def peak(self):
        return status(self.pid, "VmHWM")

    def descriptors(self):
        try:
            return len(os.listdir("/proc/%d/fd" % self.pid))
        except OSError:
            return 0

    def stop(self):
        """End it; give what is wrong with that."""
        wrong = []
        if not self.alive():
            wrong.append("ended by itself: status %s" %
                         self.process.returncode)
        else:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                wrong.append("did not end on SIGTERM")
                self.process.kill()
                self.process.wait()
        text = b"".join(self.output)
        if re.search(rb"Sanitizer|runtime error|assert|GnuTLS error", text):
            wrong.append("said: %a" % text[-2000:])
        if re.search(SECRETS, text):
            wrong.append("shows a secret")
        bad = re.findall(rb"[\0-\x08\x0b-\x1f\x7f]", text)
        if bad:
            wrong.append("control characters in its output: %a" % bad[:8])
        return wrong


class Elsewhere:
    """Another server, on a port of 127.0.0.1, to compare with."""

    echo, process, output, rss, fds = False, None, [], 0, 0

    def __init__(self, port, timeout):
        self.port, self.timeout = port, timeout

    def alive(self):
        return True

    def memory(self):
        return 0

    peak = descriptors = memory

    def stop(self):
        return []


# ---- a connection ----------------------------------------------------------

class Link:
    """A connection to a server under test."""

    alert = None
    patience = AT_ONCE

    def __init__(self, port, protocol):
        self.protocol, self.buffer, self.log = protocol, b"", []
        self.broken, self.last = False, None
        self.start = time.monotonic()
        self.sock = socket.create_connection(("127.0.0.1", port), AT_ONCE)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def note(self, direction, data):
        if len(self.log) < 60:
            self.log.append((direction, bytes(data[:300]), len(data)))

    def send(self, data):
        """Send; a server that is gone does not matter here."""
        self.note("C", data)
        self.sock.settimeout(AT_ONCE)
        try:
            self.sock.sendall(data)
        except socket.timeout:
            raise Silence("the server does not read") from None
        except OSError:
            self.broken = True

    def command(self, *commands):
        self.send(b"".join(map(self.protocol.line, commands)))
        self.last = commands[-1].upper()

    def bytewise(self, data, every=0.0):
        for at in range(len(data)):
            self.send(data[at:at + 1])
            if every:
                time.sleep(every)

    def recv(self, patience=None):
        """What comes next; b"" at the end."""
        patience = self.patience if patience is None else patience
        self.sock.settimeout(max(patience, 0.001))
        try:
            data = self.sock.recv(65536)
        except socket.timeout:
            raise Silence("nothing came for %.1f s" % patience) from None
        except OSError:
            data = b""
        self.note("S", data)
        return data

    def line(self, patience=None):
        """The next unit, a line without its end; None at the end of all."""
        unit, rest = self.protocol.first(self.buffer)
        while unit is None:
            data = self.recv(patience)
            if not data:
                if self.buffer:
                    raise Failure("ends in half a line: %a" % self.buffer)
                return None
            self.buffer += data
            if len(self.buffer) > 65536:
                raise Failure("a line without end")
            unit, rest = self.protocol.first(self.buffer)
        self.buffer = rest
        printable(self.protocol.shown(unit))
        return unit

    def reply(self, patience=None):
        """The units of one reply; [] at the end."""
        lines, p = [], self.protocol
        if self.last is not None and is_like(p.silent, self.last):
            return [b""]
        while True:
            line = self.line(patience)
            if line is None:
                if lines:
                    raise Failure("ends in half a reply: %a" % lines)
                return []
            lines.append(line)
            if is_like(p.multi, lines[0]) or (
                    self.last == b"CAPA" and lines[0][:3] == b"+OK"):
                if line == b".":
                    return lines
            elif is_like(p.final, line):
                return lines

    def rest(self, patience=AT_ONCE):
        """All that comes up to the end, which must come."""
        end = time.monotonic() + patience
        data, self.buffer = self.buffer, b""
        while True:
            more = self.recv(end - time.monotonic())
            if not more:
                return data
            data += more
            if len(data) > 1 << 22:
                raise Failure("output without end")

    def settled(self, patience):
        """All that comes up to the end, or as long."""
        end = time.monotonic() + patience
        data, self.buffer = self.buffer, b""
        try:
            while len(data) < 1 << 22:
                more = self.recv(end - time.monotonic())
                if not more:
                    break
                data += more
        except Silence:
            pass
        return data

    def record(self):
        """The next record of TLS: its kind and content."""
        while len(self.buffer) < 5 or len(self.buffer) < 5 + int.from_bytes(
                self.buffer[3:5], "big"):
            if self.buffer and self.buffer[0] not in TLS_RECORD:
                raise Failure("cleartext where TLS is due: %a" %
                              self.buffer[:80])
            data = self.recv()
            if not data:
                if self.buffer:
                    raise Failure("ends in half a record: %a" % self.buffer)
                raise Refused("closed")
            self.buffer += data
        if self.buffer[0] not in TLS_RECORD:
            raise Failure("cleartext where TLS is due: %a" % self.buffer[:80])
        size = 5 + int.from_bytes(self.buffer[3:5], "big")
        found, self.buffer = self.buffer[:size], self.buffer[size:]
        return found[0], found[5:]

    def only_tls(self, patience=AT_ONCE):
        """Up to the end there must be nothing but TLS; give the records."""
        found, end = [], time.monotonic() + patience
        while time.monotonic() < end:
            try:
                found.append(self.record())
            except Refused:
                return found
        raise Silence("it does not end")

    def fin(self):
        self.note("C", b"<FIN>")
        try:
            self.sock.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def rst(self):
        self.note("C", b"<RST>")
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                             struct.pack("ii", 1, 0))
        self.sock.close()

    def close(self):
        self.sock.close()


def is_like(pattern, line):
    return pattern is not None and re.fullmatch(pattern, line, re.S)


def printable(text):
    bad = re.search(rb"[^\x20-\x7e]", text)
    if bad:
        raise Failure("not printable ASCII: %a" % text[:200])


class Good:
    """OpenSSL on a link: an honest client.

    shape(flight) gives the pieces in which the first flight is sent.
    """

    def __init__(self, link, context, name=NAME, shape=None, session=None):
        self.link, self.shape = link, shape
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.incoming.write(link.buffer)
        self.tls = context.wrap_bio(self.incoming, self.outgoing, False,
                                    name, session)

    def flush(self):
        data = self.outgoing.read()
        if not data:
            return
        pieces = self.shape(data) if self.shape else [data]
        self.shape = None
        for piece in pieces:
            self.link.send(piece)

    def do(self, what, *args):
        while True:
            try:
                result = what(*args)
                self.flush()
                return result
            except ssl.SSLWantReadError:
                self.flush()
                data = self.link.recv()
                if not data:
                    self.incoming.write_eof()
                elif not self.incoming.write(data):
                    raise
            except ssl.SSLZeroReturnError:
                return b""
            except (ssl.SSLError, OSError) as error:
                self.flush()
                raise Refused("%s" % error) from None

    def handshake(self):
        self.do(self.tls.do_handshake)
        return self

    def write(self, data):
        for at in range(0, len(data), 16384):
            self.do(self.tls.write, data[at:at + 16384])

    def read(self):
        return self.do(self.tls.read, 65536)

    def close(self):
        """Say goodbye; the server must answer it."""
        self.do(self.tls.unwrap)


def client_context(lowest=None, highest=None, ciphers=None):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    if lowest:
        context.minimum_version = lowest
    if highest:
        context.maximum_version = highest
    if ciphers:
        context.set_ciphers(ciphers)
    return context


USUAL = client_context()


# ---- cases -----------------------------------------------------------------

@dataclasses.dataclass(frozen=True)
class Case:
    name: str
    run: object                      # a function of a Context
    kind: str = "plain"              # the server: plain, brief, mutual, ...


class Context:
    """What a case works with."""

    def __init__(self, scheme, server, mint):
        self.scheme, self.server, self.mint = scheme, server, mint
        self.dedicated = scheme in DEDICATED
        self.p = PROTOCOLS[DEDICATED.get(scheme, scheme)]
        self.links = []
        # parts of any ClientHello
        self.needs = {"ext": {ALPN: alpn(*self.p.alpn)}} if \
            self.dedicated and self.p.needs_alpn else {}

    def connect(self):
        self.links.append(Link(self.server.port, self.p))
        return self.links[-1]

    def greeted(self):
        """Connected, and in the clear."""
        link = self.connect()
        self.take_greeting(link)
        return link

    def take_greeting(self, link):
        if self.p.greeting is None:
            return
        lines = link.reply()
        if not lines or not is_like(self.p.greeting, lines[-1]):
            raise Failure("not a greeting: %a" % lines)

    def polite(self):
        """The same, and what an honest client says first is said."""
        link = self.greeted()
        for command in self.p.before:
            link.command(command)
            link.reply()
        return link

    def ready(self):
        """Connected, and TLS is due."""
        if self.dedicated:
            return self.connect()
        link = self.polite()
        self.ask_for_tls(link)
        return link

    def ask_for_tls(self, link):
        link.command(self.p.upgrade)
        self.go_ahead(link)

    def go_ahead(self, link, pattern=None):
        lines = link.reply()
        if not lines or not is_like(pattern or self.p.go, lines[-1]):
            raise Failure("not the go-ahead: %a" % lines)
        if link.buffer:
            raise Failure("behind the go-ahead: %a" % link.buffer)

    def raw(self, link=None, **parts):
        """A raw TLS client, its handshake not begun."""
        return Tls(link or self.ready(), **self.needs, **parts)

    def hello(self):
        """What any client begins with."""
        return client_hello(**self.needs)

    def good(self, link=None, context=None, **more):
        """An honest TLS client, shaken hands."""
        if self.needs:
            context = context or client_context()
            context.set_alpn_protocols([x.decode() for x in self.p.alpn])
        tls = Good(link or self.ready(), context or USUAL, **more)
        try:
            return tls.handshake()
        except Refused as error:
            raise Failure("the handshake failed: %s" % error) from None

    def served(self, tls, token=b"one"):
        """The first command in TLS gets exactly its own reply."""
        try:
            if self.server.echo:
                self.echoed(tls, token + b" of the client\r\n")
                self.echoed(tls, b"and another\r\n")
            else:
                self.probed(tls)
        except Refused as error:
            raise Failure("not served: %s" % error) from None

    @staticmethod
    def echoed(tls, text):
        tls.write(text)
        got = b""
        while len(got) < len(text):
            data = tls.read()
            if not data:
                raise Failure("closed after %a" % got)
            got += data
        if got != text:
            raise Failure("got %a, not the echo of %a" % (got[:200],
                                                          text[:200]))

    def probed(self, tls):
        if self.dedicated:
            tls.read()
        tls.write(self.p.line(self.p.probe))
        got = tls.read()
        while not got.endswith(self.p.end):
            got += tls.read()
        if self.p.probe_reply not in got:
            raise Failure("got %a" % got[:200])

    def upgraded(self, link):
        """From cleartext to a served client."""
        self.ask_for_tls(link)
        self.served(self.good(link))

    def close(self):
        for link in self.links:
            link.close()

    def show(self):
        """What was sent and got, for people."""
        for number, link in enumerate(self.links[:3]):
            for direction, data, size in link.log[:40]:
                text = "%d %s %a" % (number, direction, data)
                yield text + (" ... %d bytes" % size if size > len(data)
                              else "")


def outcome(link, patience=AT_ONCE):
    """What a ClientHello led to: hello, alert, closed."""
    end = time.monotonic() + patience
    while time.monotonic() < end:
        try:
            kind, body = link.record()
        except Refused:
            return "closed"
        if kind == HANDSHAKE:
            return "hello"
        if kind == 21:
            link.alert = body
            return "alert"
    raise Silence("neither alert nor close")


def over(link, patience=AT_ONCE):
    """An alert or a close in good time, and nothing but TLS."""
    return link.only_tls(patience)
