# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The libstarttls authors
"""Read ClientHellos, and forge ServerHellos (RFC 5246, RFC 8446)."""

SUITES = {0x1301, 0x1302, 0x1303, 0x1304, 0x1305,        # TLS 1.3
          0xC02B, 0xC02C, 0xC02F, 0xC030, 0xCCA8, 0xCCA9,  # ECDHE and AEAD
          0xC0AC, 0xC0AD, 0xC0AE, 0xC0AF,
          0x00FF, 0x5600}                                # signals, no suites
SNI, GROUPS, SIGNATURES, HEARTBEAT, ALPN = 0, 10, 13, 15, 16
MASTER_SECRET, EARLY_DATA, VERSIONS, KEY_SHARE = 23, 42, 43, 51
RENEGOTIATION = 0xFF01
RETRY = bytes.fromhex("cf21ad74e59a6111be1d8c021e65b891"
                      "c2a211167abb8c5e079e09e2c8a8339c")


def u16(number):
    return number.to_bytes(2, "big")


def numbers(data):
    return [int.from_bytes(data[i:i + 2], "big")
            for i in range(0, len(data), 2)]


class Reader:
    def __init__(self, data):
        self.data = data

    def take(self, count):
        taken, self.data = self.data[:count], self.data[count:]
        if len(taken) < count:
            raise ValueError("the ClientHello is cut short")
        return taken

    def vector(self, width):
        return self.take(int.from_bytes(self.take(width), "big"))


class ClientHello:
    def __init__(self, record):
        body = Reader(record[9:])
        self.version = int.from_bytes(body.take(2), "big")
        body.take(32)
        self.session = body.vector(1)
        self.suites = set(numbers(body.vector(2)))
        self.compression = body.vector(1)
        rest, self.extensions = Reader(body.vector(2)), {}
        while rest.data:
            kind = int.from_bytes(rest.take(2), "big")
            self.extensions[kind] = rest.vector(2)

    def list(self, kind, width=2):
        """The numbers in an extension that is a list of numbers."""
        return set(numbers(Reader(self.extensions[kind]).vector(width)))


def forge(suite=0xC02B, version=0x0303, extensions=(), compression=0,
          random=b"\x7f" * 32, session=None, cut=None):
    """A reply: a ServerHello that answers the ClientHello."""
    def play(channel):
        echo = ClientHello(channel.raw.log.hello).session
        body = (u16(version) + random + bytes([len(session or echo)]) +
                (session or echo) + u16(suite) + bytes([compression]))
        listed = b"".join(u16(kind) + u16(len(data)) + data
                          for kind, data in extensions)
        if extensions:
            body += u16(len(listed)) + listed
        body = b"\2" + len(body).to_bytes(3, "big") + body[:cut]
        channel.send(b"\x16\3\3" + u16(len(body)) + body)
    return play


# Judges of the ClientHello: give what is wrong with it.

def judge(test):
    def of_log(log):
        return test(ClientHello(log.hello))
    return of_log


@judge
def versions(hello):
    old = hello.list(VERSIONS, 1) - {0x0303, 0x0304}
    return "offers versions %a" % old if old else None


@judge
def suites(hello):
    weak = ["%04x" % suite for suite in hello.suites - SUITES]
    return "offers suites %s" % weak if weak else None


@judge
def compression(hello):
    return None if hello.compression == b"\0" else "offers compression"


@judge
def signatures(hello):
    weak = [s for s in hello.list(SIGNATURES) if s >> 8 in (1, 2, 3)]
    return "offers signatures %a" % weak if weak else None


@judge
def groups(hello):
    small = hello.list(GROUPS) & {*range(1, 23), 0xFF01, 0xFF02}
    return "offers groups %a" % small if small else None


@judge
def bindings(hello):
    if RENEGOTIATION not in hello.extensions and 0x00FF not in hello.suites:
        return "does not offer secure renegotiation"
    if MASTER_SECRET not in hello.extensions:
        return "does not offer the extended master secret"
    return None


@judge
def extras(hello):
    extra = {HEARTBEAT, EARLY_DATA, ALPN} & set(hello.extensions)
    return "offers extensions %a" % extra if extra else None


def sni(name):
    @judge
    def test(hello):
        expected = name and (u16(len(name) + 3) + b"\0" + u16(len(name)) +
                             name.encode())
        if hello.extensions.get(SNI) != expected:
            return "its SNI is %a" % hello.extensions.get(SNI)
        return None
    return test
