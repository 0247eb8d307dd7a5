# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The libstarttls authors
"""ClientHellos: old, weak, broken, odd, and honest."""

import shutil
import ssl
import subprocess
import threading
import time

from client_net import (AT_ONCE, Case, Failure, Should, client_context,
                        outcome)
from client_tls import (CCS, FORMATS, GROUPS, HANDSHAKE, KEY_SHARE,
                        MASTER_SECRET, P256, P384, PSK, PSK_MODES,
                        RENEGOTIATION, SIGNATURES, SNI, TICKET, TLS13_SUITE,
                        VERSIONS, X25519, Refused, Tls, alpn, client_hello,
                        cut_records, extensions, record, share, sni, u16,
                        u16s, vec8, vec16)
from hello import ALPN

NO, ANY, YES = "refuse", "any", "serve"
OLD_CBC = [0xC009, 0xC00A, 0xC013, 0xC014, 0x002F, 0x0035]
FALLBACK, EMPTY_RENEGOTIATION = 0x5600, 0x00FF
GREASE = [0x0A0A + 0x1010 * i for i in range(16)]


def suites(*numbers):
    return {"version": 0x0303, "suites": list(numbers)}


def ext(version=0x0304, **table):
    """Replace extensions, by names of this module in lower case."""
    return {"version": version, "ext": {globals()[k.upper()]: v
                                        for k, v in table.items()}}


def number(kind, data, version=0x0304):
    return {"version": version, "ext": {kind: data}}


VERSION_CASES = {
    "ssl3": (NO, {"version": 0x0300, "only": {}, "suites": OLD_CBC}),
    "tls-1.0": (NO, {"version": 0x0301, "suites": OLD_CBC}),
    "tls-1.1": (NO, {"version": 0x0302, "suites": OLD_CBC}),
    "tls-1.0-good-suites": (NO, {"version": 0x0301}),
    "tls-1.1-good-suites": (NO, {"version": 0x0302}),
    "0.0": (NO, {"version": 0x0000, "suites": OLD_CBC}),
    "2.0": (NO, {"version": 0x0200, "suites": OLD_CBC}),
    "dtls-1.2": (ANY, {"legacy": 0xFEFD, "version": 0x0303}),
    "extension-old-only": (NO, ext(versions=vec8(u16s([0x0302, 0x0301])))),
    "extension-ssl3": (NO, ext(versions=vec8(u16s([0x0300])))),
    "extension-future-only": (NO, ext(versions=vec8(u16s([0x0305])))),
    "extension-drafts-only": (NO, ext(versions=vec8(u16s([0x7F1C])))),
    "extension-grease-only": (NO, ext(versions=vec8(u16s([0x1A1A])))),
    "extension-empty": (NO, ext(versions=b"\0")),
    "extension-void": (NO, ext(versions=b"")),
    "extension-odd": (NO, ext(versions=b"\3\3\4\3")),
    "extension-long": (NO, ext(versions=b"\xfe\3\4")),
    "extension-too-long": (ANY, ext(versions=vec8(u16s([0x0304] * 127)))),
    "legacy-high": (ANY, {"legacy": 0x0399, "version": 0x0303}),
    "legacy-4.0": (ANY, {"legacy": 0x0400}),
    "fallback-1.2": (NO, suites(0xC02B, 0xC02F, 0xCCA9, 0xCCA8, FALLBACK)),
    "fallback-1.1": (NO, {"version": 0x0302, "suites": [*OLD_CBC,
                                                        FALLBACK]}),
    "fallback-1.0": (NO, {"version": 0x0301, "suites": [*OLD_CBC,
                                                        FALLBACK]}),
}
SUITE_CASES = {
    "rc4": suites(0x0004, 0x0005, 0xC007, 0xC011),
    "3des": suites(0x000A, 0xC008, 0xC012, 0x0016), "des": suites(0x0009),
    "null": suites(0x0001, 0x0002, 0x003B, 0xC006, 0xC010),
    "null-null": suites(0x0000), "export": suites(0x0003, 0x0006, 0x0008),
    "anon": suites(0x0034, 0x003A, 0x00A6, 0xC018, 0xC019, 0xC015),
    "cbc": suites(0xC009, 0xC00A, 0xC013, 0xC014, 0xC023, 0xC024, 0xC027),
    "rsa-kex": suites(0x009C, 0x009D, 0x002F, 0x0035, 0x003C, 0x003D),
    "dhe": suites(0x009E, 0x009F, 0x0033, 0x0039, 0x0067, 0xCCAA),
    "dss": suites(0x0032, 0x0038, 0x00A2), "krb5": suites(0x001E, 0x0020),
    "ecdh-static": suites(0xC02D, 0xC031, 0xC004, 0xC00E),
    "psk": suites(0x00A8, 0x00A9, 0xCCAC, 0xD001, 0x008C),
    "srp": suites(0xC01D, 0xC020, 0xC01E), "seed": suites(0x0096),
    "camellia-cbc": suites(0x0041, 0x0084, 0xC072, 0xC076),
    "idea": suites(0x0007), "gost": suites(0x0081, 0xC100),
    "ccm-8": suites(0xC0AE, 0xC0AF), "1.3-only-1.2-hello": suites(
        0x1301, 0x1302, 0x1303), "unknown": suites(0xEEEE, 0xDDDD),
    "grease-only": suites(*GREASE), "signals": suites(EMPTY_RENEGOTIATION),
    "none": suites(), "1.3-none": {"suites": [0xC02B], "ext": {
        VERSIONS: vec8(u16s([0x0304]))}},
    "1.3-ccm-8": {"suites": [0x1305], "ext": {VERSIONS: vec8(b"\3\4")}},
    "1.3-integrity-only": {"suites": [0xC0B4, 0xC0B5], "ext": {
        VERSIONS: vec8(b"\3\4")}},
    "odd-length": {"suite_bytes": b"\x13\x03\x13"},
    "odd-one": {"suite_bytes": b"\x13"},
}
ALGORITHM_CASES = {
    "sha1": ext(0x0303, signatures=vec16(u16s([0x0201, 0x0203]))),
    "md5": ext(0x0303, signatures=vec16(u16s([0x0101, 0x0103]))),
    "sha1-md5-1.3": ext(signatures=vec16(u16s([0x0201, 0x0203, 0x0101]))),
    "sha224": ext(0x0303, signatures=vec16(u16s([0x0301, 0x0303]))),
    "dsa": ext(0x0303, signatures=vec16(u16s([0x0402, 0x0202]))),
    "empty": ext(signatures=b"\0\0"), "void": ext(signatures=b""),
    "odd": ext(signatures=vec16(b"\4\3\4")),
    "missing-1.3": {**ext(signatures=None), "suites": [TLS13_SUITE]},
    "unknown": ext(signatures=vec16(u16s([0xEEEE, 0xDDDD]))),
}


def only_share(group, key):
    """The only group, and a share for it."""
    return NO, ext(groups=vec16(u16s([group])),
                   key_share=vec16(share(group, key)))


GROUP_CASES = {               # TLS 1.3
    "none": (NO, ext(groups=b"\0\0", key_share=b"\0\0")),
    "void": (NO, ext(groups=b"")),
    "odd": (NO, ext(groups=vec16(b"\0\x1d\0"))),
    "missing": (NO, {**ext(groups=None), "suites": [TLS13_SUITE]}),
    "ffdhe": (NO, ext(groups=vec16(u16s([256, 257])),
                      key_share=vec16(share(256, bytes(255) + b"\2")))),
    "tiny": (NO, ext(groups=vec16(u16s([1, 2, 15, 16, 19])),
                     key_share=b"\0\0")),
    "unknown": (NO, ext(groups=vec16(u16s([0xEEEE])),
                        key_share=vec16(share(0xEEEE, bytes(32))))),
    "share-zero": only_share(X25519, bytes(32)),
    "share-one": only_share(X25519, b"\1" + bytes(31)),
    "share-order-8": only_share(X25519, bytes.fromhex(
        "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800")),
    "share-prime": only_share(X25519, bytes.fromhex(
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f")),
    "share-short": only_share(X25519, bytes(31)),
    "share-long": only_share(X25519, bytes(33)),
    "share-empty": only_share(X25519, b""),
    "share-cut": (NO, ext(key_share=vec16(share()[:20]))),
    "share-void": (NO, ext(key_share=b"")),
    "share-missing": (NO, {**ext(key_share=None), "suites": [TLS13_SUITE]}),
    "share-not-offered": (ANY, ext(groups=vec16(u16s([P256])),
                                   key_share=vec16(share()))),
    "share-twice": (ANY, ext(key_share=vec16(share() + share()))),
    "p256-zero": only_share(P256, b"\4" + bytes(64)),
    "p256-off-curve": only_share(P256, b"\4" + b"\1" * 64),
    "p256-infinity": only_share(P256, b"\0"),
    "p256-compressed": only_share(P256, b"\2" + b"\1" * 32),
    "p256-short": only_share(P256, b"\4" + bytes(63)),
    "p384-zero": only_share(P384, b"\4" + bytes(96)),
}
NAME_CASES = {
    "missing": None, "empty": sni(b""), "void": b"", "list-empty": b"\0\0",
    "nul": sni(b"mail.example.test\0.evil.test"), "only-nul": sni(b"\0"),
    "ip": sni(b"127.0.0.1"), "ip-6": sni(b"::1"), "brackets": sni(b"[::1]"),
    "unknown": sni(b"no.such.name"), "upper": sni(b"MAIL.EXAMPLE.TEST"),
    "dot": sni(b"mail.example.test."), "dots": sni(b"...."),
    "long-255": sni(b"a" * 255), "long-256": sni(b"a" * 256),
    "long-10000": sni(b"a" * 10000), "escapes": sni(b"\x1b[2J\x07"),
    "crlf": sni(b"a\r\nSet: b"), "8-bit": sni(b"\xff\xfe"),
    "utf-8": sni("b\u00fccher.example".encode()), "wild": sni(b"*"),
    "path": sni(b"../../etc/passwd"), "format": sni(b"%s%n%s%n"),
    "type-1": sni(b"mail.example.test", 1), "type-255": sni(b"x", 255),
    "two": vec16(b"\0" + vec16(b"a.test") + b"\0" + vec16(b"b.test")),
    "cut": sni(b"mail.example.test")[:-4], "trailing":
    sni(b"mail.example.test") + b"xxxx", "list-long": b"\xff\xff\0\0\1a",
    "name-long": b"\0\6\0\xff\xffabc", "colon": sni(b"mail.example.test:25"),
    "blank": sni(b" "), "sql": sni(b"' OR 1=1 --"), "underscore": sni(b"a_b"),
}
BROKEN_CASES = {
    "block-missing-1.2": (ANY, {"version": 0x0303, "block": b""}),
    "block-short": (NO, {"block": b"\0\xff\0\0"}),
    "block-odd": (NO, {"block": b"\0"}),
    "block-tail": (NO, {"tail": b"\0\1\2"}),
    "block-trailing": (NO, {"end": b"xxxx"}),
    "extension-long": (NO, {"tail": b"\xee\xee\xff\xffx"}),
    "extension-twice": (NO, {"ext": {GROUPS: [
        extensions(0x0304)[GROUPS]] * 2}}),
    "sni-twice": (NO, {"ext": {SNI: [sni(b"a.test"), sni(b"b.test")]}}),
    "unknown-extension": (ANY, number(0xEEEE, b"x" * 900)),
    "unknown-500": (ANY, {"ext": {0x4000 + i: b"" for i in range(500)}}),
    "session-33": (NO, {"session": b"x" * 33}),
    "session-255": (NO, {"session": b"x" * 255}),
    "compression-none": (NO, {"compression": b""}),
    "compression-deflate": (NO, {"compression": b"\1"}),
    "compression-both-1.3": (ANY, {"compression": b"\1\0"}),
    "length-short": (NO, {"size": 40}),
    "length-zero": (NO, {"size": 0}),
    "length-16m": (ANY, {"size": 0xFFFFFF, "end": b"x" * 300}),
    "heartbleed": (ANY, {"ext": {15: b"\1"}}),
    "heartbeat-bad": (ANY, {"ext": {15: b"\7\7"}}),
    "max-fragment-bad": (NO, {"ext": {1: b"\x99"}}),
    "record-limit-small": (NO, {"ext": {28: b"\0\1"}}),
    "record-limit-void": (NO, {"ext": {28: b""}}),
    "renegotiation-data": (NO, {"version": 0x0303, "ext": {
        RENEGOTIATION: vec8(b"x" * 12)}}),
    "renegotiation-void": (NO, {"version": 0x0303, "ext": {
        RENEGOTIATION: b""}}),
    "psk-junk": (ANY, {"tail": u16(PSK) + vec16(
        vec16(vec16(b"junk" * 9) + bytes(4)) + vec16(vec8(bytes(32))))}),
    "psk-no-binder": (NO, {"tail": u16(PSK) + vec16(
        vec16(vec16(b"junk") + bytes(4)))}),
    "psk-not-last": (NO, {"ext": {PSK: vec16(vec16(b"j") + bytes(4)) +
                                  vec16(vec8(bytes(32))), 0xEEEE: b""}}),
    "psk-void": (NO, {"tail": u16(PSK) + b"\0\0"}),
    "psk-long": (ANY, {"tail": u16(PSK) + vec16(vec16(
        (vec16(b"j" * 60) + bytes(4)) * 90) + vec16(
            vec8(bytes(32)) * 90))}),
    "psk-binders-differ": (ANY, {"tail": u16(PSK) + vec16(vec16(
        (vec16(b"j" * 60) + bytes(4)) * 3) + vec16(vec8(bytes(32))))}),
    "psk-modes-void": (NO, {"ext": {PSK_MODES: b""}}),
    "ticket-junk": (ANY, number(TICKET, b"t" * 200, 0x0303)),
    "ticket-60000": (ANY, number(TICKET, b"t" * 60000, 0x0303)),
    "early-data": (ANY, {"ext": {42: b""}}),
    "cookie": (ANY, {"ext": {44: vec16(b"c" * 40)}}),
    "cookie-void": (ANY, {"ext": {44: b""}}),
    "formats-void": (NO, {"version": 0x0303, "ext": {FORMATS: b""}}),
    "formats-compressed-only": (ANY, {"version": 0x0303,
                                      "ext": {FORMATS: b"\1\1"}}),
    "master-secret-data": (ANY, {"version": 0x0303,
                                 "ext": {MASTER_SECRET: b"xx"}}),
    "status-junk": (ANY, {"ext": {5: b"\xff" * 9}}),
    "certificate-types": (ANY, {"ext": {9: b"\1\1", 20: b"\1\2"}}),
    "srtp": (ANY, {"ext": {14: b"\0\2\0\1\0"}}),
    "npn": (ANY, {"version": 0x0303, "ext": {13172: b""}}),
    "suites-30000": (ANY, {"suites": [0x4000 + i for i in range(7500)] * 4 +
                           [TLS13_SUITE]}),
    "extension-65000": (ANY, number(0xEEEE, b"x" * 65000)),
}
ALPN_CASES = {
    "http": (NO, alpn(b"http/1.1")), "h2": (NO, alpn(b"h2", b"http/1.1")),
    "other": (NO, alpn(b"xmpp-client")), "unknown": (NO, alpn(b"x" * 200)),
    "nul": (NO, alpn(b"\0")), "case": (NO, None), "prefix": (NO, None),
    "longer": (NO, None), "many": (NO, alpn(*[b"p%d" % i
                                             for i in range(500)])),
    "empty-name": (NO, alpn(b"")), "empty-list": (NO, b"\0\0"),
    "void": (NO, b""), "cut": (NO, b"\0\x09\x04ima"),
    "grease-only": (NO, alpn(b"\x0a\x0a")), "dns": (NO, alpn(b"dot")),
}


def alpn_cases(p):
    if not p.alpn:
        return
    own = p.alpn[0]
    for name, (want, value) in ALPN_CASES.items():
        value = {"case": alpn(own.upper()), "prefix": alpn(own[:-1]),
                 "longer": alpn(own + b"s2")}.get(name, value)
        yield "alpn-" + name, want, {"ext": {ALPN: value}}
    yield "alpn-own", YES, {"ext": {ALPN: alpn(own)}}
    yield "alpn-own-last", YES, {"ext": {ALPN: alpn(b"h2", b"\x0a\x0a", own)}}
    yield "alpn-own-1.2", YES, {"version": 0x0303, "ext": {ALPN: alpn(own)}}


def grease(version=0x0304):
    table = {GREASE[3]: b"", **extensions(version), GREASE[7]: b"\0"}
    table[GROUPS] = vec16(u16s([GREASE[2], X25519, P256]))
    table[SIGNATURES] = vec16(GREASE[1].to_bytes(2, "big") +
                              table[SIGNATURES][2:])
    if version == 0x0304:
        table[VERSIONS] = vec8(u16s([GREASE[5], 0x0304, 0x0303]))
        table[KEY_SHARE] = vec16(share(GREASE[2], b"\0") + share())
        table[PSK_MODES] = b"\2\x0b\1"
    return {"version": version, "only": table,
            "suites": [GREASE[0], TLS13_SUITE, 0xCCA9, 0xCCA8]}


HONEST = {                    # ClientHellos that must lead to a session
    "plain-1.3": {}, "plain-1.2": {"version": 0x0303},
    "grease-1.3": grease(), "grease-1.2": grease(0x0303),
    "padded-3000": number(21, bytes(2700)),
    "padded-12000": number(21, bytes(11700)),
    "padded-3000-1.2": number(21, bytes(2700), 0x0303),
    "post-quantum": {"ext": {
        GROUPS: vec16(u16s([0x11EC, X25519, P256])),
        KEY_SHARE: vec16(share(0x11EC, b"\7" * 1216) + share())}},
    "retry": {"ext": {GROUPS: vec16(u16s([X25519])), KEY_SHARE: b"\0\0"}},
    "no-session-id": {"session": b""}, "no-sni": {"ext": {SNI: None}},
    "no-sni-1.2": {"version": 0x0303, "ext": {SNI: None}},
    "no-master-secret": {"version": 0x0303, "ext": {MASTER_SECRET: None}},
    "signal-instead": {"version": 0x0303, "suites": [
        0xCCA9, 0xCCA8, EMPTY_RENEGOTIATION], "ext": {RENEGOTIATION: None}},
    "unknown-extensions": {"ext": {0x5555: b"x" * 50, 0x6666: b""}},
    "200-suites": {"suites": [*range(0x5000, 0x50C8), TLS13_SUITE]},
    "compression-both-1.2": {"version": 0x0303, "compression": b"\1\0"},
    "unknown-versions": {"ext": {VERSIONS: vec8(u16s(
        [0x7F1C, 0x0305, 0x0304, 0x0302]))}},
    "status-request": {"ext": {5: b"\1\0\0\0\0"}},
    "1.2-legacy-record": {"version": 0x0303},
    "1.3-only": {"suites": [TLS13_SUITE], "ext": {VERSIONS: vec8(b"\3\4")}},
}


# ---- what is done with them ------------------------------------------------

ALERTS = {                    # which alert it should be, for some
    "version-ssl3": 70, "version-tls-1.0": 70, "version-tls-1.1": 70,
    "version-extension-old-only": 70, "version-fallback-1.2": 86,
    "suite-rc4": 40, "suite-cbc": 40, "suite-anon": 40, "suite-dhe": 40,
    "signature-sha1": 40, "group-share-zero": 47, "group-p256-off-curve": 47,
    "alpn-http": 120, "alpn-other": 120, "alpn-case": 120,
    "broken-extension-long": 50, "broken-block-trailing": 50,
}


def judge(c, link, want, alert=None):
    """Alert or close, at once; give which."""
    got = outcome(link)
    if want == NO and got == "hello":
        raise Failure("goes on with the handshake")
    if got != "hello":
        link.only_tls()
    if alert and link.alert != bytes([2, alert]):
        raise Should("%s %a, not alert %d" % (got, link.alert, alert))
    return "%s %s" % (got, list(link.alert or b""))


def hello(c, want, parts, alert=None):
    link = c.ready()
    data = client_hello(**parts)
    if want == YES:
        c.served(Tls(link, **parts).handshake())
        return None
    link.send(cut_records(HANDSHAKE, data, 16384))
    if want == ANY:
        # nothing more comes: a length may have promised more
        time.sleep(0.05)
        link.fin()
    return judge(c, link, want, alert)


def cut_hello(c, at):
    """A ClientHello cut short, and FIN."""
    link = c.ready()
    link.send(record(HANDSHAKE, client_hello(), 0x0301)[:at])
    link.fin()
    return judge(c, link, NO)


def raw_bytes(c, data, fin=False):
    link = c.ready()
    link.send(data)
    if fin:
        link.fin()
    return judge(c, link, NO)


def ssl2(version, specs=bytes.fromhex("0700c0060040040080020080010080030080")):
    body = (b"\1" + u16(version) + u16(len(specs)) + u16(0) + u16(16) +
            specs + bytes(range(16)))
    return u16(0x8000 | len(body)) + body


H = client_hello()
RAW = {                       # instead of a ClientHello
    "ssl2": ssl2(0x0002), "ssl2-for-1.0": ssl2(0x0301),
    "ssl2-for-1.2": ssl2(0x0303, bytes.fromhex("00c02b00c02f0000ff")),
    "kind-99": record(99, H), "kind-0": record(0, H),
    "version-0": record(22, H, 0), "version-9": record(22, H, 0x0909),
    "data": record(23, H), "alert-fatal": record(21, b"\2\x28"),
    "close-notify": record(21, b"\1\0"),
    "alert-long": record(21, b"\2\x28" * 40), "alert-odd": record(21, b"\2"),
    "alert-level": record(21, b"\7\7"), "ccs-bad": record(20, b"\2"),
    "ccs-long": record(20, b"\1" * 20), "empty-data": record(23, b""),
    "record-20000": b"\x16\3\1" + vec16(H.ljust(20000, b"\0")),
    "record-65535": b"\x16\3\1\xff\xff" + bytes(65535),
    "finished-first": record(22, b"\x14\0\0\x0c" + bytes(12)),
    "server-hello": record(22, b"\2" + H[1:]),
    "hello-request": record(22, b"\0\0\0\0"),
    "message-99": record(22, b"\x63\0\0\4abcd"),
    "message-16m": record(22, b"\1\xff\xff\xff" + bytes(2000)) + record(
        22, bytes(16000)) * 20,
    "message-100k": record(22, b"\1\1\x90\0" + H[4:]) + record(
        22, bytes(16000)) * 7,
    "key-exchange": record(22, b"\x10\0\0\1a"),
    "certificate": record(22, b"\x0b\0\0\4\0\0\0\0"),
    "key-update": record(22, b"\x18\0\0\1\0"),
    "two-hellos": record(22, H) + record(22, H), "two-in-one":
    record(22, H + H), "zeros": bytes(3000), "ones": b"\xff" * 3000,
    "http": b"GET / HTTP/1.1\r\n\r\n", "dtls": b"\x16\xfe\xfd" + bytes(8) +
    vec16(H), "hello-and-finished": record(22, H + b"\x14\0\0\x0c" +
                                           bytes(12)),
    "hello-and-garbage": record(22, H) + b"\xff" * 400,
    "hello-and-data": record(22, H) + record(23, b"hello"),
    "hello-and-cleartext": record(22, H) + b"NOOP\r\n" * 30,
    "split-by-alert": record(22, H[:50]) + record(21, b"\1\x5a") + record(
        22, H[50:]), "split-by-data": record(22, H[:50]) + record(
            23, b"x") + record(22, H[50:]),
    "split-by-ccs": record(22, H[:50]) + record(20, b"\1") + record(
        22, H[50:]),
}
# Here a ServerHello may have been sent before what is wrong is seen.
# GnuTLS 3.8 takes no notice of a ChangeCipherSpec and waits for a ClientHello.
LATE = {"ccs-bad", "ccs-long", "two-hellos", "two-in-one", "hello-and-finished", "hello-and-garbage",
        "hello-and-data", "hello-and-cleartext", "split-by-ccs",
        "split-by-alert"}


def raw_late(c, data):
    link = c.ready()
    link.send(data)
    time.sleep(0.05)
    link.fin()
    link.only_tls()


def retry_loop(c, second):
    """A HelloRetryRequest, and a second ClientHello that is no better."""
    link, parts = c.ready(), {"ext": {KEY_SHARE: b"\0\0"}}
    link.send(record(HANDSHAKE, client_hello(**parts)))
    if outcome(link) != "hello":
        return
    if second == "same":
        again = client_hello(**parts)
    elif second == "other-group":
        again = client_hello(ext={KEY_SHARE: vec16(share(
            P384, b"\4" + bytes(96)))})
    elif second == "other-suites":
        again = client_hello(suites=[0x1305])
    elif second == "1.2":
        again = client_hello(0x0303)
    else:
        again = client_hello(ext={
            GROUPS: vec16(u16s([256])),
            KEY_SHARE: vec16(share(256, bytes(255) + b"\2"))})
    link.send(record(CCS, b"\1") + record(HANDSHAKE, again))
    while True:
        try:
            kind, body = link.record()
        except Refused:
            return
        if kind == 21:
            link.only_tls()
            return
        if kind == HANDSHAKE:
            raise Failure("goes on with the handshake")


# ---- honest, by OpenSSL ----------------------------------------------------

V12, V13 = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3


def in_records(size):
    return lambda data: [cut_records(22, data[5:], size)]


def in_segments(size, every=0.0):
    def shape(data):
        for at in range(0, len(data), size):
            yield data[at:at + size]
            if every:
                time.sleep(every)
    return shape


def bytewise_records(data):
    for at in range(5, len(data)):
        yield record(22, data[at:at + 1], 0x0301)


SHAPES = {"records-100": in_records(100), "records-1": in_records(1),
          "segments-1": in_segments(1), "segments-7": in_segments(7),
          "header-cut": in_segments(3, 0.01), "records-1-segments":
          bytewise_records, "slow": in_segments(60, 0.1)}


def honest(c, lowest=None, highest=None, ciphers=None, shape=None,
           curve=None, **more):
    context = client_context(lowest, highest, ciphers)
    if curve:
        context.set_ecdh_curve(curve)
    c.served(c.good(context=context, shape=shape, **more))


def goodbye(c, version):
    """close_notify is answered with one."""
    tls = c.good(context=client_context(version, version))
    c.served(tls)
    try:
        tls.close()
    except Refused as error:
        raise Failure("no close_notify: %s" % error) from None
    tls.link.rest()


def resumed(c, version):
    """A session offered again: taken or not, it must be served."""
    context = client_context(version, version)
    first = c.good(context=context)
    c.served(first)
    session = first.tls.session
    tls = c.good(context=context, session=session)
    c.served(tls)


def large(c, size):
    """Much data comes back as it was."""
    tls = c.good()
    text = (b"%08d\r\n" * (size // 10)) % tuple(range(size // 10))
    for at in range(0, len(text), 8000):
        c.echoed(tls, text[at:at + 8000])


def small_records(c, version):
    """Data in records of one byte."""
    tls = Tls(c.ready(), version=version).handshake()
    for byte in b"one byte\r\n":
        tls.write(bytes([byte]))
    got = b""
    while len(got) < 10:
        got += tls.read()
    if got != b"one byte\r\n":
        raise Failure("got %a" % got)


def speaker(c):
    """A program that speaks first, and ends first."""
    tls = c.good()
    got = b""
    while b"first\n" not in got:
        got += read(tls)
    tls.write(b"a line\n")
    while b"got a line\n" not in got:
        got += read(tls)
    if got != b"first\ngot a line\n":
        raise Failure("got %a" % got)
    if tls.read():
        raise Failure("goes on behind the end of the program")
    tls.close()


def read(tls):
    data = tls.read()
    if not data:
        raise Failure("closed too early")
    return data


def speaker_left(c):
    """The client goes while the program waits for it."""
    tls = c.good()
    read(tls)
    tls.link.rst()


PROGRAMS = {
    "s_client-1.2": ("openssl", "s_client", "-quiet", "-tls1_2", "-connect",
                     "127.0.0.1:%(port)d", "-starttls", "%(scheme)s"),
    "s_client-1.3": ("openssl", "s_client", "-quiet", "-tls1_3", "-connect",
                     "127.0.0.1:%(port)d", "-starttls", "%(scheme)s"),
    "gnutls-cli": ("gnutls-cli", "--insecure", "--logfile=/dev/null",
                   "--port=%(port)d", "127.0.0.1",
                   "--starttls-proto=%(scheme)s"),
}


def program(c, argv):
    """Somebody else's client."""
    if not shutil.which(argv[0]):
        return "not installed"
    words = {"port": c.server.port, "scheme": {"submission": "smtp"}.get(
        c.scheme, c.scheme)}
    argv = [word % words for word in argv]
    if c.dedicated:
        old = argv[-2] == "-starttls"
        del argv[-2 if old else -1:]
        for own in c.p.alpn:
            argv += ["-alpn" if old else "--alpn", own.decode()]
    child = subprocess.Popen(argv, stdin=subprocess.PIPE,
                             stdout=subprocess.PIPE,
                             stderr=subprocess.DEVNULL)
    timer = threading.Timer(AT_ONCE, child.kill)
    timer.start()
    try:
        child.stdin.write(b"a line for the echo\n")
        child.stdin.flush()
        for line in child.stdout:
            if b"a line for the echo" in line:
                return None
    finally:
        timer.cancel()
        child.kill()
        child.communicate()
    raise Failure("%s is not served" % " ".join(argv))


def hellos(groups):
    for name, want, parts in groups:
        yield Case("hello/" + name, lambda c, w=want, x=parts,
                   a=ALERTS.get(name): hello(c, w, x, a))


def own_cases(p):
    """What the protocol has a part in; the rest is the same for all."""
    yield from hellos(alpn_cases(p))
    for name, version in (("1.2", V12), ("1.3", V13)):
        yield Case("legal/tls/" + name, lambda c, v=version: honest(c, v, v))
        yield Case("legal/tls/goodbye-" + name, lambda c, v=version:
                   goodbye(c, v))
    yield Case("legal/program", honest, "program")
    yield Case("legal/speaker", speaker, "speaker")
    yield Case("legal/speaker-left", speaker_left, "speaker")
    for name, argv in PROGRAMS.items():
        if name not in p.not_in:
            yield Case("legal/client/" + name, lambda c, x=argv:
                       program(c, x), "echo")


def cases(p):
    yield from own_cases(p)
    groups = [("version-" + k, *v) for k, v in VERSION_CASES.items()]
    groups += [("suite-" + k, NO, v) for k, v in SUITE_CASES.items()]
    groups += [("signature-" + k, NO, v) for k, v in ALGORITHM_CASES.items()]
    groups += [("group-" + k, *v) for k, v in GROUP_CASES.items()]
    groups += [("sni-" + k, ANY, {"ext": {SNI: v}})
               for k, v in NAME_CASES.items()]
    groups += [("broken-" + k, *v) for k, v in BROKEN_CASES.items()]
    yield from hellos(groups)
    for name, parts in HONEST.items():
        yield Case("legal/hello/" + name, lambda c, x=parts:
                   hello(c, YES, x))
    for at in (1, 3, 5, 6, 9, 43, 100, 200):
        yield Case("hello/cut-%d" % at, lambda c, x=at: cut_hello(c, x))
    for name, data in RAW.items():
        if name in LATE:
            yield Case("raw/" + name, lambda c, x=data: raw_late(c, x))
        else:
            yield Case("raw/" + name, lambda c, x=data: raw_bytes(c, x))
    for second in ("same", "other-group", "other-suites", "1.2", "ffdhe"):
        yield Case("hello/retry-" + second, lambda c, x=second:
                   retry_loop(c, x))
    for name, version in (("1.2", V12), ("1.3", V13)):
        for what, shape in SHAPES.items():
            yield Case("legal/tls/%s-%s" % (what, name), lambda c, v=version,
                       s=shape: honest(c, v, v, shape=s))
        # X25519 is what it offers by itself, and not all versions of Python
        # can be told to
        for curve in ("prime256v1", "secp384r1"):
            if version == V12 and curve != "prime256v1":
                continue       # OpenSSL wants the certificate's curve, too
            yield Case("legal/tls/%s-%s" % (curve, name), lambda c, v=version,
                       x=curve: honest(c, v, v, curve=x))
        yield Case("legal/tls/resumed-" + name, lambda c, v=version:
                   resumed(c, v))
    for suite in ("ECDHE+AESGCM", "ECDHE+CHACHA20", "ECDHE+AES256"):
        yield Case("legal/tls/" + suite, lambda c, x=suite:
                   honest(c, V12, V12, ciphers=x))
    for name in ("mail.example.test", "other.test", "MAIL.EXAMPLE.TEST"):
        yield Case("legal/tls/sni-" + name, lambda c, x=name:
                   honest(c, name=x))
    yield Case("legal/tls/large", lambda c: large(c, 300000), "echo")
    for name, version in (("1.2", 0x0303), ("1.3", 0x0304)):
        yield Case("legal/tls/small-records-" + name, lambda c, v=version:
                   small_records(c, v), "echo")
