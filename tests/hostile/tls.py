# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The libstarttls authors
"""What a server can do wrong in the TLS handshake and below (TL, TM-5)."""

import itertools
import ssl

import hello
from channels import records
from cleartext import ALL
from engine import case, echo_hello, fin, flood, pause, rst, silence
from garbage import CLOSED, INSIDE, noise
from hello import KEY_SHARE, RETRY, VERSIONS, forge, u16

V = ssl.TLSVersion
TLS12, TLS13 = (V.TLSv1_2, V.TLSv1_2), (V.TLSv1_3, V.TLSv1_3)
CLOSE_NOTIFY = bytes.fromhex("15030300020100")
FATAL = bytes.fromhex("15030300020228")
SCHEMES = itertools.cycle(("imaps", "smtp", "ftps", "nntp", "pop3s", "imap",
                           "smtps", "pop3", "nntps", "ftp"))


def any_scheme(row, what, exits, **other):
    """A case for which the protocol does not matter: they take turns."""
    return case(row, next(SCHEMES), what, exits, **other)


def offers():
    """What the client must and must not offer."""
    for row, what, judge in (
            ("TL-4", "offered", hello.versions),
            ("TL-5", "offered", hello.suites),
            ("TL-7", "groups", hello.groups),
            ("TL-8", "offered", hello.compression),
            ("TL-9", "offered", hello.signatures),
            ("TL-13", "no-extras", hello.extras),
            ("TL-14", "offered", hello.bindings),
            ("TL-11", "name", hello.sni("mail.example.test"))):
        for scheme in (*ALL, "imaps", "pop3s"):
            yield case(row, scheme, what, 0, judge=judge)
    for scheme in ("imap", "ftps"):
        yield case("TL-11", scheme, "address", 0, judge=hello.sni(None),
                   name="127.0.0.1", tls={"chain": "address"})
        yield case("TL-11", scheme, "address-6", 0, judge=hello.sni(None),
                   name="[::1]", tls={"chain": "address-6"})
        yield case("TL-11", scheme, "only-with-sni", 0,
                   tls={"only_with_sni": "mail.example.test"})


def no_tls():
    """TL-1: something else than TLS."""
    for what, reply in {
            "http": b"HTTP/1.1 400 Bad Request\r\n\r\n", "text": b"hello\r\n",
            "noise": noise(500, 2), "noise-long": noise(70000, 3),
            "nul": b"\0" * 100, "sslv2": bytes.fromhex("802e0100020015001000"
                                                      "10") + b"\1" * 60,
            "echo": echo_hello, "fatal": FATAL, "application":
            b"\x17\3\3\0\5hello", "ccs": bytes.fromhex("140303000102"),
            "unknown-type": b"\x30\3\3\0\5hello", "heartbeat":
            b"\x18\3\3\0\3\1\x40\0", "wrong-version": b"\x16\7\7\0\4\0\0\0\0",
            "short-alert": b"\x15\3\3\0\1\2", "certificate":
            b"\x16\3\3\0\7\x0b\0\0\3\0\0\0", "finished":
            b"\x16\3\3\0\x10\x14\0\0\x0c" + b"x" * 12, "unknown-message":
            b"\x16\3\3\0\4\x63\0\0\0", "client-hello-cut":
            b"\x16\3\3\0\4\1\0\0\0", "zero-version": b"\x16\0\0\0\4\2\0\0\0",
    }.items():
        yield any_scheme("TL-1", what, (4, 5), hello=reply)
        yield any_scheme("TL-1", what + "-closed", CLOSED,
                         hello=[reply, fin])
    yield any_scheme("TL-1", "close-notify", CLOSED, hello=CLOSE_NOTIFY)
    for code in (10, 40, 47, 48, 70, 71, 80, 86, 112, 120, 255):
        yield any_scheme("TL-1", "alert-%d" % code, 5,
                         hello=[FATAL[:-1] + bytes([code]), fin])


def edit_first(change):
    """A mangle: change the bytes of the first flight."""
    return lambda data, n: change(data) if n == 0 else data


def on_flight(number, count, end):
    """A mangle: only so many records of a flight, then end."""
    return lambda data, n: ([b"".join(records(data)[:count]), end]
                            if n == number else data)


def notify(channel):
    channel.play([CLOSE_NOTIFY, fin])


def truncated():
    """TL-2: the end comes too soon."""
    for name, versions, flights in (("1.3", TLS13, ((0, 6),)),
                                    ("1.2", TLS12, ((0, 4), (1, 2)))):
        for flight, size in flights:
            for count in range(size):
                what = "%s-%d-%d" % (name, flight, count)
                for end, exits in ((fin, CLOSED), (rst, CLOSED),
                                   (notify, CLOSED), (silence, 6)):
                    if end is silence and count not in (1, size - 1):
                        continue
                    yield any_scheme(
                        "TL-2", "%s-%s" % (what, end.__name__), exits,
                        tls={"versions": versions,
                             "mangle": on_flight(flight, count, end)})
        for at in (1, 4, 5, 6, 9, 60, 130, 200, -1, -30):
            yield any_scheme(
                "TL-2", "%s-at-%d" % (name, at), CLOSED,
                tls={"versions": versions, "mangle": edit_first(
                    lambda data, at=at: [data[:at], fin])})
    yield any_scheme("TL-2", "cut-record", 6, tls={"mangle": edit_first(
        lambda data: [data[:-1], silence])})


def flip(record, offset, bit=1):
    """A mangle: flip a bit of a record of the first flight."""
    def change(data):
        parts = [bytearray(r) for r in records(data)]
        parts[record][offset] ^= bit
        return b"".join(parts)
    return edit_first(change)


def reorder(order):
    """A mangle: other records, or the same in another order."""
    def change(data):
        parts = records(data)
        return b"".join(parts[i] for i in order(range(len(parts))))
    return edit_first(change)


def tampered():
    """TL-3: damage."""
    where = {"1.3": [(0, 5), (0, 9), (0, 12), (0, 43), (0, 50), (0, 77),
                     (0, 78), (0, 81), (0, -1), (1, 5), (2, 0), (2, 5),
                     (2, -1), (3, 5), (3, 100), (3, -1), (4, 5), (4, -1),
                     (5, 5), (5, -1)],
             "1.2": [(0, 5), (0, 9), (0, 12), (0, 43), (0, 50), (0, -1),
                     (1, 5), (1, 9), (1, 20), (1, 100), (1, 300), (1, -1),
                     (2, 5), (2, 9), (2, 12), (2, 20), (2, 80), (2, -1),
                     (3, 5), (3, 8)]}
    for (name, places), versions in zip(where.items(), (TLS13, TLS12)):
        for record, offset in places:
            # a length that grew leaves the client waiting for the rest
            exits = (5, 6) if (record, offset) in (
                (3, 8), (0, 43), (0, 81), (1, 9), (2, 12)) else 5
            # GnuTLS does not look at the outer type of encrypted records, nor,
            # since 3.8, at what is in a ChangeCipherSpec of TLS 1.3
            exits = (0, 5) if (name, offset) == ("1.3", 0) or (
                name, record, offset) == ("1.3", 1, 5) else exits
            yield any_scheme(
                "TL-3", "%s-flip-%d-%d" % (name, record, offset), exits,
                tls={"versions": versions, "mangle": flip(record, offset)})
        for offset, bit, exits in ((0, 1, (4, 5)), (0, 0x80, (4, 5)),
                                   (3, 0x80, (4, 5)), (3, 1, (4, 5, 6)),
                                   (4, 0x40, (4, 5, 6)), (1, 0x40, (4, 5))):
            yield any_scheme(
                "TL-3", "%s-header-%d-%02x" % (name, offset, bit), exits,
                tls={"versions": versions, "mangle": flip(0, offset, bit)})
        for what, order in {
                "twice": lambda r: [*r, *r], "reversed": lambda r: [*r][::-1],
                "no-hello": lambda r: [*r][1:],
                "hello-twice": lambda r: [0, *r],
                "swapped": lambda r: [0, *[*r][-1:], *[*r][1:-1]],
                "last-twice": lambda r: [*r, r[-1]],
        }.items():
            yield any_scheme("TL-3", "%s-%s" % (name, what), (4, 5),
                             tls={"versions": versions,
                                  "mangle": reorder(order)})
        for gone in (1, 2, 3):
            exits = (0, 5, 6) if (name, gone) == ("1.3", 1) else (5, 6)
            yield any_scheme(
                "TL-3", "%s-without-%d" % (name, gone), exits,
                tls={"versions": versions, "mangle": reorder(
                    lambda r, gone=gone: [i for i in r if i != gone])})
    # nor at the content of the ChangeCipherSpec, which nothing depends on
    for what, which, exits in (("ccs", -2, (0, 5)), ("finished", -1, 5)):
        def spoil(data, n, which=which):
            if n != 1:
                return data
            parts = records(data)
            parts[which] = parts[which][:-1] + bytes([parts[which][-1] ^ 1])
            return b"".join(parts)
        yield any_scheme("TL-3", "1.2-" + what, exits,
                         tls={"versions": TLS12, "mangle": spoil})
    for what, junk in {"application": b"\x17\3\3\0\5hello", "fatal": FATAL,
                       "certificate": b"\x16\3\3\0\7\x0b\0\0\3\0\0\0",
                       "text": b"250 ok\r\n", "close": CLOSE_NOTIFY}.items():
        for name, versions in (("1.3", TLS13), ("1.2", TLS12)):
            for at in (1, 3):
                def insert(data, at=at, junk=junk):
                    parts = records(data)
                    return b"".join([*parts[:at], junk, *parts[at:]])
                yield any_scheme("TL-3", "%s-%s-%d" % (name, what, at),
                                 CLOSED, tls={"versions": versions,
                                              "mangle": edit_first(insert)})


def in_clear(data):
    """A reply: bytes behind the back of TLS."""
    return lambda channel: channel.raw.send(data)


def below():
    """Bytes of an attacker inside the session."""
    for scheme in ("smtp", "imap", "ftps", "nntps", "pop3"):
        for what, junk in {"text": b"250 ok\r\n* OK\r\n+OK\r\n", "close":
                           CLOSE_NOTIFY, "fatal": FATAL, "application":
                           b"\x17\3\3\0\x20" + b"x" * 32, "hello-request":
                           b"\x16\3\3\0\4\0\0\0\0"}.items():
            for name, versions in (("1.3", TLS13), ("1.2", TLS12)):
                yield case("TL-3", scheme, "%s-inside-%s" % (name, what),
                           CLOSED, tls={"versions": versions},
                           in_ask=[in_clear(junk), fin])
        yield case("TL-3", scheme, "replayed", (4, 5), tls={
            "mangle": lambda data, n: data if n < 2 else data + data,
            "versions": TLS12}, in_ask=[INSIDE["smtp"], b"x"])


def weak():
    """TL-4 to TL-10: real servers that cannot do better."""
    for what, versions in {"1.0": (V.TLSv1, V.TLSv1), "1.1":
                           (V.TLSv1_1, V.TLSv1_1), "1.0-1.1":
                           (V.TLSv1, V.TLSv1_1)}.items():
        for scheme in (*ALL, "imaps", "pop3s"):
            yield case("TL-4", scheme, what, 5, tls={"versions": versions})
    for row, what, ciphers, chain in (
            ("TL-5", "null", "eNULL", "good"), ("TL-5", "anon", "aNULL",
                                                "good"),
            ("TL-5", "cbc", "ECDHE+AES128+SHA1", "good"),
            ("TL-5", "cbc-256", "ECDHE-ECDSA-AES128-SHA256", "good"),
            ("TL-5", "camellia", "ECDHE+CAMELLIA", "good"),
            ("TL-6", "gcm", "kRSA+AESGCM", "rsa"),
            ("TL-6", "cbc", "AES128-SHA", "rsa"),
            ("TL-7", "dhe", "kDHE", "rsa")):
        for scheme in ("smtp", "imaps"):
            yield case(row, scheme, what, 5, tls={
                "versions": TLS12, "ciphers": ciphers, "chain": chain})
    for what, signature, chain in (("ecdsa", "ECDSA+SHA1", "good"),
                                   ("rsa", "RSA+SHA1", "rsa")):
        yield any_scheme("TL-9", what, 5, tls={
            "chain": chain, "s_server": ("-tls1_2", "-sigalgs", signature,
                                         "-cipher", "DEFAULT:@SECLEVEL=0")})
    def rename(data):            # the signature of the key exchange
        parts = records(data)
        parts[2] = parts[2].replace(b"\4\3", b"\2\3", 1)
        return b"".join(parts)
    yield any_scheme("TL-9", "named", 5, tls={
        "versions": TLS12, "mangle": edit_first(rename)})
    for name, versions in (("1.2", TLS12), ("1.3", TLS13)):
        for scheme in ("smtp", "imap", "ftps", "nntps", "pop3"):
            yield case("TL-10", scheme, "required-" + name, CLOSED, tls={
                "versions": versions, "client_cert": ssl.CERT_REQUIRED})
    for scheme in ("imap", "smtps"):
        yield case("TL-14", scheme, "renegotiation", (0, 4, 5, 6),
                   in_ask=[b"r\n", pause(0.05), INSIDE[scheme.rstrip("s")]],
                   tls={"s_server": ("-tls1_2",), "noisy": True},
                   judge=no_second_handshake)


def no_second_handshake(log):
    """A judge: behind its first data the client does not shake hands."""
    kinds = [r[0] for r in records(log.behind)]
    if 23 in kinds and 22 in kinds[kinds.index(23):]:
        return "it renegotiates"
    return None


def tls13(suite=0x1301, version=0x0304, share=(0x001D, b"\x7f" * 32),
          more=(), **other):
    """A forged ServerHello or HelloRetryRequest of TLS 1.3."""
    extensions = [(VERSIONS, u16(version)), *more]
    if share:
        group, key = share
        extensions.append((KEY_SHARE, u16(group) + (
            u16(len(key)) + key if key else b"")))
    return forge(suite, extensions=extensions, **other)


def forged():
    """ServerHellos that no honest server sends."""
    for suite, what in ((0x0000, "null-null"), (0x0002, "null"),
                        (0x0003, "export"), (0x0005, "rc4"), (0x0009, "des"),
                        (0x000A, "3des"), (0xC006, "ecdhe-null"),
                        (0xC007, "ecdhe-rc4"), (0xC012, "ecdhe-3des"),
                        (0x0034, "anon"), (0xC018, "ecdh-anon"),
                        (0xC009, "cbc"), (0x1304 + 0x99, "unknown"),
                        (0x0A0A, "grease"), (0x00FF, "scsv"),
                        (0x5600, "fallback"), (0x1301, "of-1.3")):
        yield any_scheme("TL-5", "forged-" + what, 5, hello=forge(suite))
    for suite, row in ((0x002F, "TL-6"), (0x009C, "TL-6"), (0x009E, "TL-7"),
                       (0x0033, "TL-7"), (0xC0A8, "TL-6"), (0x008C, "TL-6")):
        yield any_scheme(row, "forged-%04x" % suite, 5, hello=forge(suite))
    for version in (0x0002, 0x0200, 0x0300, 0x0301, 0x0302, 0x0304, 0x0305,
                    0x7F1C, 0xFEFD, 0xFFFF):
        yield any_scheme("TL-4", "forged-%04x" % version, 5,
                         hello=forge(version=version))
    for version in (0x0300, 0x0301, 0x0302, 0x0303, 0x0305, 0x7F1C):
        yield any_scheme("TL-4", "forged-1.3-%04x" % version, 5,
                         hello=tls13(version=version))
    # with TLS 1.2 GnuTLS looks for the first only and waits for what follows
    for end, exits in ((b"DOWNGRD\1", 5), (b"DOWNGRD\0", (5, 6))):
        yield any_scheme("TL-4", "sentinel-%d" % end[-1], exits,
                         hello=forge(random=b"\x7f" * 24 + end))
    yield any_scheme("TL-8", "forged", 5, hello=forge(compression=1))
    yield any_scheme("TL-8", "forged-1.3", 5, hello=tls13(compression=1))
    for what, reply in {
            "alpn": forge(extensions=[(16, b"\0\7\6daytim")]),
            "unasked": forge(extensions=[(0x1234, b"")]),
            "heartbeat": forge(extensions=[(15, b"\1")]),
            "unasked-1.3": tls13(more=[(0x1234, b"")]),
            "twice": forge(extensions=[(23, b""), (23, b"")]),
            "cut": forge(cut=30), "cut-to-nothing": forge(cut=0),
            "long-session": forge(session=b"x" * 33),
            "other-session-1.3": tls13(session=b"x" * 32),
            "other-suite-1.3": tls13(suite=0xC02B),
            "no-share": tls13(share=None),
            "short-share": tls13(share=(0x001D, b"x")),
            "zero-share": tls13(share=(0x001D, b"\0" * 32)),
            "alien-group": tls13(share=(0x0001, b"x" * 32)),
            "bad-point": tls13(share=(0x0017, b"\4" + b"\x7f" * 64)),
            "psk": tls13(more=[(41, b"\0\0")]),
            "early-data": tls13(more=[(42, b"")]),
            "retry-alien": tls13(random=RETRY, share=(0x0001, b"")),
            "retry-nothing": tls13(random=RETRY, share=None)}.items():
        yield any_scheme("TL-3", "forged-" + what, (5, 6), hello=reply)
    retry = tls13(random=RETRY, share=(0x0018, b""))
    yield any_scheme("TL-3", "forged-retry-twice", 5,
                     hello=[retry, pause(0.05), retry])


def floods():
    """TM-5: no end of records."""
    big = b"\x16\3\3\x40\0" + b"\0" * 16384
    for what, reply in {
            "warnings": bytes.fromhex("1503030002015a"),
            "warnings-name": bytes.fromhex("15030300020170"),
            "ccs": bytes.fromhex("140303000101"),
            "empty-handshake": bytes.fromhex("1603030000"),
            "empty-alert": bytes.fromhex("1503030000"),
            "empty-data": bytes.fromhex("1703030000"),
            "hello-request": bytes.fromhex("160303000400000000")}.items():
        yield any_scheme("TM-5", what, (4, 5, 6), hello=flood(reply))
        for name, versions in (("1.2", TLS12), ("1.3", TLS13)):
            yield any_scheme(
                "TM-5", "%s-mid-%s" % (what, name), (4, 5, 6),
                tls={"versions": versions, "mangle": edit_first(
                    lambda data, reply=reply: [records(data)[0],
                                               flood(reply)])})
            yield any_scheme(
                "TM-5", "%s-inside-%s" % (what, name), (4, 5, 6),
                tls={"versions": versions},
                in_ask=lambda ch, reply=reply: flood(reply)(ch.raw))
    for kind in (0, 1, 2, 4, 8, 11, 12, 13, 15, 20, 22):
        first = b"\x16\3\3\x40\0" + bytes([kind]) + b"\xff" * 3 + b"\0" * 16380
        yield any_scheme("TM-5", "16-mb-%d" % kind, 5,
                         hello=[first, flood(big)])
    yield any_scheme("TM-5", "16-mb-certificate", 5, tls={
        "versions": TLS12, "mangle": edit_first(lambda data: [
            records(data)[0], b"\x16\3\3\x40\0\x0b\xff\xff\xff" +
            b"\0" * 16380, flood(big)])})
    for size in (16385 + 2048, 0x8000, 0xFFFF):
        yield any_scheme("TM-5", "record-%d" % size, 5, hello=[
            b"\x16\3\3" + u16(size) + b"\2\0\xff\0" + b"\0" * (size - 4)])
        yield any_scheme("TM-5", "data-%d" % size, (4, 5), in_ask=[
            in_clear(b"\x17\3\3" + u16(size) + b"\0" * size)])


def cases():
    for part in (offers, no_tls, truncated, tampered, below, weak, forged,
                 floods):
        yield from part()
