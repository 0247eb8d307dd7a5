# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The libstarttls authors
"""A TLS client that can do everything wrong (RFC 8446, RFC 5246).

It knows X25519, P-256 and ChaCha20-Poly1305, TLS 1.3 and 1.2, and verifies
nothing but the server's Finished.  Its ClientHellos are made of parts that
can be left out, replaced or spoiled, and its record layer sends what it is
told to.
"""

import hashlib
import hmac
import os
import struct

from hello import (GROUPS, KEY_SHARE, MASTER_SECRET, RENEGOTIATION, RETRY,
                   SIGNATURES, SNI, VERSIONS, Reader, u16)

FORMATS, TICKET, COOKIE, PSK_MODES, PSK = 11, 35, 44, 45, 41
CCS, ALERT, HANDSHAKE, DATA = 20, 21, 22, 23
X25519, P256, P384 = 29, 23, 24
TLS13_SUITE, ECDSA_SUITE, RSA_SUITE = 0x1303, 0xCCA9, 0xCCA8
PRIME = 2 ** 255 - 19
P256_PRIME = 2 ** 256 - 2 ** 224 + 2 ** 192 + 2 ** 96 - 1
P256_BASE = bytes.fromhex(
    "046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
    "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5")


class Refused(Exception):
    """The server has sent an alert, closed, or said what is not TLS."""


def u24(number):
    return number.to_bytes(3, "big")


def vec8(data):
    return bytes([len(data)]) + data


def vec16(data):
    return u16(len(data)) + data


def u16s(numbers):
    return b"".join(map(u16, numbers))


# ---- cryptography ----------------------------------------------------------

def x25519(scalar, point=9):
    """RFC 7748, section 5, for any number; it need not be a good one."""
    x2, z2, x3, z3, swap = 1, 0, point, 1, 0
    for bit in range(scalar.bit_length() - 1, -1, -1):
        now = scalar >> bit & 1
        if swap ^ now:
            x2, x3, z2, z3 = x3, x2, z3, z2
        swap = now
        a, b, c, d = x2 + z2, x2 - z2, x3 + z3, x3 - z3
        aa, bb, da, cb = a * a % PRIME, b * b % PRIME, d * a, c * b
        e = aa - bb
        x3, z3 = (da + cb) ** 2 % PRIME, point * (da - cb) ** 2 % PRIME
        x2, z2 = aa * bb % PRIME, e * (aa + 121665 * e) % PRIME
    if swap:
        x2, z2 = x3, z3
    return (x2 * pow(z2, PRIME - 2, PRIME) % PRIME).to_bytes(32, "little")


def p256_add(a, b):
    """Affine points of P-256; None is infinity."""
    if a is None or b is None:
        return a or b
    if a == b:
        slope = (3 * a[0] * a[0] - 3) * pow(2 * a[1], -1, P256_PRIME)
    elif a[0] == b[0]:
        return None
    else:
        slope = (b[1] - a[1]) * pow(b[0] - a[0], -1, P256_PRIME)
    x = (slope * slope - a[0] - b[0]) % P256_PRIME
    return x, (slope * (a[0] - x) - a[1]) % P256_PRIME


def p256(scalar, point):
    """A multiple of an uncompressed point."""
    found = None
    each = (int.from_bytes(point[1:33], "big"),
            int.from_bytes(point[33:], "big"))
    while scalar:
        if scalar & 1:
            found = p256_add(found, each)
        each, scalar = p256_add(each, each), scalar >> 1
    return b"\4" + b"".join(n.to_bytes(32, "big") for n in found)


ROUNDS = ((0, 4, 8, 12), (1, 5, 9, 13), (2, 6, 10, 14), (3, 7, 11, 15),
          (0, 5, 10, 15), (1, 6, 11, 12), (2, 7, 8, 13), (3, 4, 9, 14))


def chacha_blocks(starts):
    """RFC 8439, section 2.3: the blocks of many states at once.

    One number holds the same word of all states, 64 bits for each.
    """
    count = len(starts)
    m = int.from_bytes(b"\xff\xff\xff\xff\0\0\0\0" * count, "little")
    first = [int.from_bytes(struct.pack("<%dQ" % count, *words), "little")
             for words in zip(*starts)]
    s = list(first)
    for _ in range(10):
        for i, j, k, n in ROUNDS:
            a, b, c, d = s[i], s[j], s[k], s[n]
            a = a + b & m
            d ^= a
            d = (d << 16 | d >> 16) & m
            c = c + d & m
            b ^= c
            b = (b << 12 | b >> 20) & m
            a = a + b & m
            d ^= a
            d = (d << 8 | d >> 24) & m
            c = c + d & m
            b ^= c
            s[i], s[j], s[k], s[n] = a, (b << 7 | b >> 25) & m, c, d
    rows = [struct.unpack("<%dQ" % count,
                          (x + y & m).to_bytes(8 * count, "little"))
            for x, y in zip(s, first)]
    return [struct.pack("<16L", *words) for words in zip(*rows)]


def chacha(key, nonce, data):
    """Encrypt or decrypt; give the result and the key for Poly1305."""
    return chacha_many(key, [nonce], [data])[0]


def chacha_many(key, nonces, texts):
    """The same for many."""
    head = (0x61707865, 0x3320646E, 0x79622D32, 0x6B206574,
            *struct.unpack("<8L", key))
    counts = [1 + (len(text) + 63) // 64 for text in texts]
    blocks = iter(chacha_blocks([
        (*head, number, *struct.unpack("<3L", nonce))
        for nonce, count in zip(nonces, counts) for number in range(count)]))
    found = []
    for text, count in zip(texts, counts):
        mac_key = next(blocks)[:32]
        stream = b"".join(next(blocks) for _ in range(count - 1))
        mixed = (int.from_bytes(stream[:len(text)], "big") ^
                 int.from_bytes(text, "big"))
        found.append((mixed.to_bytes(len(text), "big"), mac_key))
    return found


def poly1305(key, data, extra):
    """The tag of RFC 8439, section 2.8."""
    r = (int.from_bytes(key[:16], "little") &
         0x0FFFFFFC0FFFFFFC0FFFFFFC0FFFFFFF)
    text = (extra + bytes(-len(extra) % 16) + data + bytes(-len(data) % 16) +
            struct.pack("<QQ", len(extra), len(data)))
    total = 0
    for at in range(0, len(text), 16):
        block = int.from_bytes(text[at:at + 16], "little") + (1 << 128)
        total = (total + block) * r % (2 ** 130 - 5)
    total += int.from_bytes(key[16:], "little")
    return (total & (1 << 128) - 1).to_bytes(16, "little")


class Aead:
    """One direction of a connection."""

    def __init__(self, key, iv):
        self.key, self.iv, self.number = key, iv, 0

    def nonce(self):
        number = self.number.to_bytes(12, "big")
        self.number += 1
        return bytes(a ^ b for a, b in zip(self.iv, number))

    def seal(self, data, extra):
        return self.seal_many([data], [extra])[0]

    def seal_many(self, texts, extras):
        nonces = [self.nonce() for _ in texts]
        return [sealed + poly1305(mac_key, sealed, extra)
                for extra, (sealed, mac_key) in zip(
                    extras, chacha_many(self.key, nonces, texts))]

    def open(self, sealed, extra):
        sealed, tag = sealed[:-16], sealed[-16:]
        data, mac_key = chacha(self.key, self.nonce(), sealed)
        if poly1305(mac_key, sealed, extra) != tag:
            raise Refused("a record of the server cannot be decrypted")
        return data


def digest(*data):
    return hashlib.sha256(b"".join(data)).digest()


def mac(key, *data):
    return hmac.new(key, b"".join(data), hashlib.sha256).digest()


def expand(secret, label, context=b"", size=32):
    """HKDF-Expand-Label; 32 bytes are one block."""
    info = u16(size) + vec8(b"tls13 " + label) + vec8(context)
    return mac(secret, info, b"\1")[:size]


def prf(secret, label, seed, size):
    """The PRF of TLS 1.2."""
    found, a = b"", label + seed
    while len(found) < size:
        a = mac(secret, a)
        found += mac(secret, a, label, seed)
    return found[:size]


# ---- messages and records --------------------------------------------------

def record(kind, data, version=0x0303):
    return bytes([kind]) + u16(version) + vec16(data)


def message(kind, body):
    return bytes([kind]) + u24(len(body)) + body


def cut_records(kind, data, size, version=0x0301):
    """The same bytes in records of so many."""
    return b"".join(record(kind, data[at:at + size], version)
                    for at in range(0, len(data), size))


def sni(name, kind=0):
    return vec16(bytes([kind]) + vec16(name))


def alpn(*names):
    return vec16(b"".join(map(vec8, names)))


PRIVATE = int.from_bytes(os.urandom(7), "big") << 3 | 1 << 59
PUBLIC = {X25519: x25519(PRIVATE), P256: p256(PRIVATE, P256_BASE)}


def shared_secret(group, theirs):
    if group == X25519:
        return x25519(PRIVATE, int.from_bytes(theirs, "little"))
    if group == P256:
        return p256(PRIVATE, theirs)[1:33]
    raise Refused("the server chose group %d" % group)


def share(group=X25519, key=None):
    return u16(group) + vec16(PUBLIC[group] if key is None else key)


def extensions(version):
    """Those of an honest ClientHello that offers versions up to this."""
    found = {
        SNI: sni(b"mail.example.test"),
        MASTER_SECRET: b"",
        RENEGOTIATION: b"\0",
        GROUPS: vec16(u16s([X25519, P256, P384])),
        FORMATS: b"\1\0",
        SIGNATURES: vec16(u16s([0x0403, 0x0804, 0x0401, 0x0503, 0x0805,
                                0x0807, 0x0806])),
    }
    if version >= 0x0304:
        found[VERSIONS] = vec8(u16s([0x0304, 0x0303]))
        found[PSK_MODES] = b"\1\1"
        found[KEY_SHARE] = vec16(share())
    return found


def listed(table):
    """Encode extensions; a value may be a list, for one that comes twice."""
    return b"".join(u16(kind) + vec16(data) for kind, value in table.items()
                    for data in (value if isinstance(value, list)
                                 else [value]))


def client_hello(version=0x0304, suites=None, ext=None, only=None, legacy=None,
                 random=None, session=None, compression=b"\0", tail=b"",
                 block=None, end=b"", size=None, suite_bytes=None):
    """A ClientHello: the message.

    ext replaces extensions by their number, None leaves one out; only is all
    of them.  tail stands behind the extensions, in their block, block instead
    of it, end behind all; size is the length that the message claims.
    """
    if suites is None:
        suites = [ECDSA_SUITE, RSA_SUITE]
        if version >= 0x0304:
            suites = [TLS13_SUITE, *suites]
    table = extensions(version) if only is None else dict(only)
    table.update(ext or {})
    table = {k: v for k, v in table.items() if v is not None}
    if legacy is None:
        legacy = min(version, 0x0303)
    if session is None:
        session = b"\x5a" * 32
    suites = u16s(suites) if suite_bytes is None else suite_bytes
    if block is None:
        block = vec16(listed(table) + tail)
    body = (u16(legacy) + (random or os.urandom(32)) + vec8(session) +
            vec16(suites) + vec8(compression) + block + end)
    return b"\1" + u24(len(body) if size is None else size) + body


class Tls:
    """The client's end of TLS on a connection of clients.py.

    on(step, tls) is called before each flight, for what shall be done in its
    place; if it gives True the flight is not sent.
    """

    def __init__(self, link, hello=None, on=None, shape=None, **parts):
        self.link = link
        self.on = on or (lambda step, tls: False)
        self.shape = shape or (lambda data: record(HANDSHAKE, data, 0x0301))
        self.random = os.urandom(32)
        self.parts = {"random": self.random, **parts}
        self.hello = hello or client_hello(**self.parts)
        self.transcript, self.messages = b"", b""
        self.version, self.reader, self.writer = 0x0303, None, None
        self.inside = b""                   # decrypted, and not yet read
        self.tickets, self.ended = 0, False

    # records

    def send(self, kind, data, version=0x0303, inner=b""):
        self.link.send(self.protect(kind, data, version, inner))

    def protect(self, kind, data, version=0x0303, pad=b""):
        if not self.writer:
            return record(kind, data, version)
        if self.version == 0x0304:
            data += bytes([kind]) + pad
            extra = b"\x17\3\3" + u16(len(data) + 16)
            return extra + self.writer.seal(data, extra)
        extra = struct.pack(">QBHH", self.writer.number, kind, version,
                            len(data))
        return record(kind, self.writer.seal(data, extra), version)

    def send_many(self, kind, data, count):
        """The same record so often, in one write."""
        if self.version == 0x0304:
            data += bytes([kind])
            extras = [b"\x17\3\3" + u16(len(data) + 16)] * count
            kind = DATA
        else:
            extras = [struct.pack(">QBHH", self.writer.number + i, kind,
                                  0x0303, len(data)) for i in range(count)]
        self.link.send(b"".join(record(kind, sealed) for sealed in
                                self.writer.seal_many([data] * count,
                                                      extras)))

    def receive(self):
        """The next record: its kind and content."""
        kind, body = self.link.record()
        if kind == CCS and self.version == 0x0304:
            return self.receive()
        if self.reader:
            if self.version == 0x0304:
                extra = bytes([kind, 3, 3]) + u16(len(body))
                body = self.reader.open(body, extra).rstrip(b"\0")
                kind, body = body[-1], body[:-1]
            else:
                extra = struct.pack(">QBHH", self.reader.number, kind,
                                    0x0303, len(body) - 16)
                body = self.reader.open(body, extra)
        if kind == ALERT:
            self.ended = body == b"\1\0"
            self.link.alert = body
            raise Refused("alert %d" % body[1] if len(body) == 2 else
                          "alert %a" % body)
        return kind, body

    def message(self):
        """The next handshake message, whole."""
        while len(self.messages) < 4 or len(
                self.messages) < 4 + int.from_bytes(self.messages[1:4], "big"):
            kind, body = self.receive()
            if kind == CCS and self.version == 0x0303:
                self.reader = self.next_reader
                continue
            if kind != HANDSHAKE:
                raise Refused("a record of kind %d in the handshake" % kind)
            self.messages += body
        size = 4 + int.from_bytes(self.messages[1:4], "big")
        found, self.messages = self.messages[:size], self.messages[size:]
        return found

    def expect(self, *kinds):
        found = self.message()
        if found[0] not in kinds:
            raise Refused("handshake message %d, not %s" % (found[0], kinds))
        return found

    def say(self, kind, body, step):
        """Send a handshake message, and note it for both Finisheds."""
        text = message(kind, body)
        if not self.on(step, self):
            self.send(HANDSHAKE, text)
        self.transcript += text

    # the handshake

    def start(self):
        """Send the ClientHello."""
        if not self.on("hello", self):
            self.link.send(self.shape(self.hello))
        self.transcript = self.hello

    def handshake(self):
        if not self.transcript:
            self.start()
        found = self.expect(2)
        if found[6:38] == RETRY:
            found = self.retry(found)
        self.transcript += found
        self.server_random = found[6:38]
        body = Reader(found[38:])
        body.vector(1)
        self.suite = int.from_bytes(body.take(2), "big")
        body.take(1)
        self.answers = {}
        rest = Reader(body.vector(2)) if body.data else Reader(b"")
        while rest.data:
            kind = int.from_bytes(rest.take(2), "big")
            self.answers[kind] = rest.vector(2)
        if VERSIONS in self.answers:
            self.version = 0x0304
            self.handshake_13()
        else:
            self.handshake_12()
        self.on("done", self)
        return self

    def retry(self, found):
        """Answer a HelloRetryRequest with the share that it wants."""
        self.version = 0x0304
        self.transcript = (message(254, digest(self.transcript)) + found)
        again = dict(self.parts)
        again["ext"] = dict(again.get("ext", {}))
        rest = Reader(found[38:])
        rest.vector(1)
        rest.take(3)
        rest = Reader(rest.vector(2))
        while rest.data:
            kind, data = int.from_bytes(rest.take(2), "big"), rest.vector(2)
            if kind == COOKIE:
                again["ext"][COOKIE] = data
            if kind == KEY_SHARE:
                group = int.from_bytes(data, "big")
                if group not in PUBLIC:
                    raise Refused("the server wants group %d" % group)
                again["ext"][KEY_SHARE] = vec16(share(group))
        hello = client_hello(**again)
        if not self.on("retry", self):
            self.link.send(record(HANDSHAKE, hello))
        self.transcript += hello
        return self.expect(2)

    def keys_13(self, secret):
        return Aead(expand(secret, b"key"), expand(secret, b"iv", size=12))

    def handshake_13(self):
        answer = self.answers[KEY_SHARE]
        shared = shared_secret(int.from_bytes(answer[:2], "big"), answer[4:])
        empty, zero = digest(), bytes(32)
        early = mac(zero, zero)
        secret = mac(expand(early, b"derived", empty), shared)
        so_far = digest(self.transcript)
        ours = expand(secret, b"c hs traffic", so_far)
        theirs = expand(secret, b"s hs traffic", so_far)
        self.reader = self.keys_13(theirs)
        master = mac(expand(secret, b"derived", empty), zero)
        self.wants_certificate = False
        while True:
            found = self.message()
            if found[0] == 20:
                break
            self.wants_certificate |= found[0] == 13
            self.transcript += found
        if found[4:] != mac(expand(theirs, b"finished"),
                            digest(self.transcript)):
            raise Refused("the server's Finished is wrong")
        self.transcript += found
        so_far = digest(self.transcript)
        self.secret = expand(master, b"c ap traffic", so_far)
        server_secret = expand(master, b"s ap traffic", so_far)
        if not self.on("ccs", self):
            self.link.send(record(CCS, b"\1"))
        self.writer = self.keys_13(ours)
        if self.wants_certificate:
            self.say(11, b"\0" + u24(0), "certificate")
        self.finished = mac(expand(ours, b"finished"),
                            digest(self.transcript))
        self.say(20, self.finished, "finished")
        self.writer = self.keys_13(self.secret)
        self.reader = self.keys_13(server_secret)
        self.server_secret = server_secret

    def handshake_12(self):
        exchange = b""
        while True:
            found = self.message()
            self.transcript += found
            if found[0] == 12:
                exchange = found
            if found[0] == 14:
                break
        group = int.from_bytes(exchange[5:7], "big")
        shared = shared_secret(group, exchange[8:8 + exchange[7]])
        self.say(16, vec8(PUBLIC[group]), "exchange")
        if MASTER_SECRET in self.answers:
            self.master = prf(shared, b"extended master secret",
                              digest(self.transcript), 48)
        else:
            self.master = prf(shared, b"master secret",
                              self.random + self.server_random, 48)
        block = prf(self.master, b"key expansion",
                    self.server_random + self.random, 88)
        if not self.on("ccs", self):
            self.link.send(record(CCS, b"\1"))
        self.writer = Aead(block[:32], block[64:76])
        self.next_reader = Aead(block[32:64], block[76:88])
        self.finished = prf(self.master, b"client finished",
                            digest(self.transcript), 12)
        self.say(20, self.finished, "finished")
        found = self.expect(4, 20)
        if found[0] == 4:
            self.transcript += found
            found = self.expect(20)
        if found[4:] != prf(self.master, b"server finished",
                            digest(self.transcript), 12):
            raise Refused("the server's Finished is wrong")

    # behind it

    def update(self, request=0):
        """A key update of TLS 1.3."""
        self.send(HANDSHAKE, message(24, bytes([request])))
        self.secret = expand(self.secret, b"traffic upd")
        self.writer = self.keys_13(self.secret)

    def write(self, data):
        self.send(DATA, data)

    def read(self):
        """Some data; b"" at the server's close_notify."""
        while True:
            try:
                kind, body = self.receive()
            except Refused:
                if self.ended:
                    return b""
                raise
            if kind == HANDSHAKE:
                self.post(body)
            elif kind == DATA and body:
                return body

    def post(self, body):
        """Handshake messages behind the handshake."""
        if self.version == 0x0304 and body[:1] == b"\x18":
            self.server_secret = expand(self.server_secret, b"traffic upd")
            self.reader = self.keys_13(self.server_secret)
        self.tickets += body[:1] == b"\4"

    def close(self):
        self.send(ALERT, b"\1\0")
