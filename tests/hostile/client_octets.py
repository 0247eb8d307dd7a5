# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The libstarttls authors
"""What protocols without lines say in the clear: LDAP and PostgreSQL; and the
table of all."""

import re
import struct

import client_words
from client_words import Protocol
from engine import ldap_size

NAME = b"cn=tester,dc=example,dc=test"
SECRET = b"s3cret"


# ---- LDAP ------------------------------------------------------------------

START_TLS = b"1.3.6.1.4.1.1466.20037"


def ber(tag, *parts):
    content = b"".join(parts)
    size = len(content)
    if size < 128:
        return b"%c%c%s" % (tag, size, content)
    return b"%c\x82%s%s" % (tag, struct.pack(">H", size), content)


def long_ber(tag, *parts):
    """As Active Directory writes it."""
    content = b"".join(parts)
    return b"%c\x84%s%s" % (tag, struct.pack(">I", len(content)), content)


def text(data, tag=4):
    return ber(tag, data)


def number(value, tag=2):
    return ber(tag, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def message(*parts, ident=number(1)):
    return ber(0x30, ident, *parts)


def extended(name, *value, tag=0x77):
    return ber(tag, text(name, 0x80), *value)


def bind(credentials, name=NAME, version=3):
    return ber(0x60, number(version), text(name), credentials)


def sasl(name, *credentials):
    return bind(ber(0xA3, text(name), *map(text, credentials)), b"")


def search(base=b"", scope=0, end=ber(0x30, text(b"1.1"))):
    return ber(0x63, text(base), number(scope, 10), number(0, 10), number(0),
               number(0), text(b"\0", 1), text(b"objectClass", 0x87), end)


def controls(name, *rest):
    return ber(0xA0, ber(0x30, text(name), *rest))


def result(code, tag=rb"[\x61\x65\x67\x69\x6b\x6d\x6f\x78]", ident=number(1)):
    """A pattern of responses."""
    return rb"0.%s%s.\n\x01%s.*" % (re.escape(ident), tag, code)


def texts(data):
    """All that is text in a message, which has to be whole."""
    while data:
        tag, size, content = data[0], data[1], data[2:2 + data[1]]
        if size > 127 or len(content) < size:
            yield b"\0"
            return
        if tag & 0x20:
            yield from texts(content)
        elif tag not in (2, 10):
            yield content
        data = data[2 + size:]


ROOT_DSE, UNBIND = message(search()), message(b"\x42\0", ident=number(3))
CRITICAL, NOT_CRITICAL = text(b"\xff", 1), text(b"\0", 1)
ASK = extended(START_TLS)
PRIVATE = result(rb"\r")
LDAP_LOGINS = {
    "simple": bind(text(SECRET, 0x80)),
    "anonymous": bind(text(b"", 0x80), b""),
    "no-password": bind(text(b"", 0x80)),
    "version-2": bind(text(SECRET, 0x80), version=2),
    "plain": sasl(b"PLAIN", b"\0tester\0s3cret"),
    "plain-later": sasl(b"PLAIN"), "external": sasl(b"EXTERNAL", b""),
    "scram": sasl(b"SCRAM-SHA-256", b"n,,n=tester,r=rOprNGfwEbeRWgbNEkqO"),
    "digest": sasl(b"DIGEST-MD5"), "spnego": sasl(b"GSS-SPNEGO", b"NTLMSSP"),
    "anonymous-sasl": sasl(b"ANONYMOUS", b"a"), "no-mechanism": sasl(b""),
    "ntlm-discover": bind(text(b"", 0x89), b""),
    "ntlm": bind(text(b"NTLMSSP", 0x8A)),
    "kerberos-4": bind(text(SECRET, 0x81)),
    "long-name": bind(text(SECRET, 0x80), NAME * 40),
    "long-password": bind(text(SECRET * 600, 0x80)),
    "long-lengths": long_ber(0x60, number(3), text(NAME),
                             long_ber(0x80, SECRET)),
    "not-a-bind": ber(0x60), "escapes": bind(text(b"\x1b[2J", 0x80), b"\x07"),
}
LDAP = Protocol(
    upgrade=message(ASK), greeting=None, go=result(rb"\0", rb"\x78"),
    no=result(rb"[^\0]") + b"|" + result(rb"[^\0]", ident=number(0)),
    final=rb"0.\x02(\x01|\x02.|\x03..|\x04...).[^\x64].*",
    private=PRIVATE, asks=result(rb"[\0\x0e]", rb"\x61"), ask=ROOT_DSE,
    listed=rb".*supportedExtension1.*%s" % re.escape(START_TLS),
    unlisted=rb".*(SASLMechanisms|PLAIN).*",
    logins={**{name: message(op) for name, op in LDAP_LOGINS.items()},
            "control": message(bind(text(SECRET, 0x80)), controls(
                b"1.3.6.1.4.1.42.2.27.8.5.1"))},
    harmless={
        "root-dse": (ROOT_DSE, result(rb"\0", rb"\x65")),
        "all-of-it": (message(search(end=ber(0x30, text(b"+"), text(b"*")))),
                      result(rb"\0", rb"\x65")),
        "control": (message(search(), controls(b"1.2.3")),
                    result(rb"\0", rb"\x65")),
        "critical": (message(search(), controls(b"1.2.3", CRITICAL)),
                     result(rb"\x0c", rb"\x65")),
        "base": (message(search(b"dc=test")), result(rb"\r", rb"\x65")),
        "subtree": (message(search(scope=2)), result(rb"\r", rb"\x65")),
        "abandon": (message(b"\x50\1\1"), rb""),
        "modify": (message(ber(0x66, text(NAME), ber(0x30))),
                   result(rb"\r", rb"\x67")),
        "add": (message(ber(0x68, text(NAME), ber(0x30))),
                result(rb"\r", rb"\x69")),
        "delete": (message(text(NAME, 0x4A)), result(rb"\r", rb"\x6b")),
        "rename": (message(ber(0x6C, text(NAME), text(b"cn=a"), CRITICAL)),
                   result(rb"\r", rb"\x6d")),
        "compare": (message(ber(0x6E, text(NAME), ber(
            0x30, text(b"cn"), text(b"a")))), result(rb"\r", rb"\x6f")),
        "who-am-i": (message(extended(b"1.3.6.1.4.1.4203.1.11.3")),
                     result(rb"\x02", rb"\x78")),
        "password": (message(extended(b"1.3.6.1.4.1.4203.1.11.1", text(
            ber(0x30, text(SECRET, 0x81)), 0x81))), result(rb"\x02", rb"\x78")),
        "value": (message(extended(START_TLS, text(b"x", 0x81))),
                  result(rb"\x02", rb"\x78")),
        "critical-upgrade": (message(ASK, controls(b"1.2.3", CRITICAL)),
                             result(rb"\x0c", rb"\x78")),
    },
    pipelines=((ROOT_DSE,), (message(b"\x50\1\1"), ROOT_DSE), (ROOT_DSE,) * 5),
    begun={"bind": (message(LDAP_LOGINS["simple"]),),
           "scram": (message(LDAP_LOGINS["scram"]),),
           "search": (message(search(b"dc=test", 2)),),
           "abandoned": (ROOT_DSE, message(b"\x50\1\1"))},
    odd={
        "other-name": message(extended(START_TLS[:-1] + b"6")),
        "nul-behind": message(extended(START_TLS + b"\0")),
        "cut": message(extended(START_TLS[:-1])),
        "doubled": message(extended(START_TLS * 2)),
        "blank": message(extended(START_TLS + b" ")),
        "arc": message(extended(START_TLS + b".1")),
        "dot": message(extended(START_TLS + b".")),
        "zeros": message(extended(b"1.3.6.1.4.1.01466.20037")),
        "urn": message(extended(b"urn:oid:" + START_TLS)),
        "word": message(extended(b"StartTLS")),
        "no-name": message(ber(0x77)), "empty-name": message(extended(b"")),
        "value": message(extended(START_TLS, text(b"", 0x81))),
        "value-first": message(ber(0x77, text(b"", 0x81),
                                   text(START_TLS, 0x80))),
        "twice": message(ber(0x77, text(START_TLS, 0x80) * 2)),
        "octet-string": message(ber(0x77, text(START_TLS))),
        "pieces": message(ber(0x77, ber(0xA0, text(START_TLS[:9]),
                                        text(START_TLS[9:])))),
        "der-name": message(extended(bytes.fromhex("2b060104018b3a819c45"))),
        "two-in-one": message(ASK, ASK),
        "in-a-bind": message(bind(text(START_TLS, 0x80))),
        "in-a-search": message(search(START_TLS)),
        "in-controls": message(search(), controls(START_TLS, CRITICAL)),
        "in-abandon": message(ber(0x50, message(ASK))),
        "in-text": message(ber(0x6E, text(message(ASK)), ber(0x30))),
    },
    garbage={
        "set": b"\x31" + message(ASK)[1:], "tag": b"\x3f\x30\x1d\2\1\1",
        "primitive": b"\x10\x05\2\1\1\x42\0", "lines": b"STARTTLS\r\n",
        "indefinite": b"\x30\x80\2\1\1" + ASK + b"\0\0",
        "reserved": b"\x30\xff\2\1\1", "five-octets":
        b"\x30\x85\0\0\0\0\x1d\2\1\1" + ASK, "4-gib": b"\x30\x84\xff\xff\xff\xff",
        "2-gib": b"\x30\x84\x80\0\0\0", "16-mib": b"\x30\x83\xff\xff\xff",
        "64-kib": b"\x30\x82\xff\xff\x02\x01\x01", "4001": b"\x30\x82\x0f\xa1",
        "long-bind": message(bind(text(b"A" * 5000, 0x80))),
        "empty": b"\x30\0", "only-id": message(), "no-id": ber(0x30, ASK),
        "id-empty": message(ASK, ident=b"\2\0"), "id-zero":
        message(ASK, ident=number(0)), "id-negative":
        message(ASK, ident=b"\2\1\xff"), "id-2-to-31":
        message(ASK, ident=number(1 << 31)), "id-zeros":
        message(ASK, ident=b"\2\2\0\1"), "id-long":
        message(ASK, ident=b"\2\5\0\0\0\0\1"), "id-enumerated":
        message(ASK, ident=b"\x0a\1\1"), "id-constructed":
        message(ASK, ident=b"\x22\3\2\1\1"), "id-twice": message(
            number(1), ASK), "op-too-long": message(b"\x77\x30\x80\x01x"),
        "op-cut": message(b"\x77"), "op-indefinite": message(
            b"\x77\x80" + text(START_TLS, 0x80) + b"\0\0"),
        "op-primitive": message(extended(START_TLS, tag=0x57)),
        "op-universal": message(extended(START_TLS, tag=0x37)),
        "op-context": message(extended(START_TLS, tag=0xB7)),
        "op-private": message(extended(START_TLS, tag=0xF7)),
        "op-long-tag": message(b"\x7f\x17" + ASK[1:]),
        "response": message(extended(START_TLS, tag=0x78)),
        "our-response": message(ber(0x78, b"\n\1\0\4\0\4\0")),
        "bind-response": message(ber(0x61, b"\n\1\0\4\0\4\0")),
        "intermediate": message(ber(0x79)), "notice": message(ber(
            0x78, b"\n\1\2\4\0\4\0"), ident=number(0)),
        "unknown-op": message(ber(0x7D)),
        "behind-op": message(ASK, b"x"), "null-behind": message(ASK, b"\5\0"),
        "zeros-behind": message(ASK, b"\0\0"),
        "controls-cut": message(ASK, b"\xa0\x20\x30"),
        "controls-primitive": message(ASK, b"\x80\0"),
        "controls-twice": message(ASK, controls(b"1.2.3") * 2),
        "control-empty": message(ASK, ber(0xA0, b"\x30\0")),
        "control-of-what": message(ASK, controls(b"1.2.3", b"\1\1\0\4\1x\5\0")),
        "control-long-boolean": message(ASK, controls(b"1.2.3", b"\1\2\0\0")),
        "search-cut": message(b"\x63\5\4\0\n\1\0"),
        "search-and-more": message(search(end=ber(0x30) + b"\5\0")),
        "search-no-filter": message(ber(0x63, text(b""), number(0, 10))),
        "abandon-empty": message(b"\x50\0"),
        "name-too-long": message(ber(0x77, b"\x80\x7f1.3")),
        "name-cut": message(ber(0x77, b"\x80")),
    },
    forms=(
        *(("id-%d" % value, message(ASK, ident=number(value)),
           result(rb"\0", rb"\x78", number(value)))
          for value in (0x7f, 0x80, 0xff, 0x7fff, 0x8000, (1 << 31) - 1)),
        ("long-lengths", long_ber(0x30, number(1), long_ber(
            0x77, long_ber(0x80, START_TLS))), None),
        ("odd-lengths", b"\x30\x81\x1d\2\1\1" + ASK, None),
        ("control", message(ASK, controls(b"1.2.3", text(b"value"))), None),
        ("not-critical", message(ASK, controls(b"1.2.3", NOT_CRITICAL)), None),
        ("no-controls", message(ASK, b"\xa0\0"), None),
    ),
    quit=UNBIND, bye=None, alpn=(), end=b"", size=ldap_size,
    text=lambda unit: b"".join(texts(unit)), own=("ldap",),
    hopeless=rb"^[^0]", silent=rb"0.\x02\x01.\x50.*", probe=ROOT_DSE,
    probe_reply=b"objectClass", secret=message(sasl(b"PLAIN", SECRET)),
    unknown=message(extended(b"1.2.3")))


# ---- PostgreSQL ------------------------------------------------------------

def request(code, size=8, more=b""):
    return struct.pack(">II", size & 0xFFFFFFFF, code) + more


def startup(code, **settings):
    body = b"".join(b"%s\0%s\0" % (name.encode(), value)
                    for name, value in settings.items()) + b"\0"
    return request(code, 8 + len(body), body)


def postgres_size(data):
    """Of a server's message in the clear: a byte, or an error."""
    if data[:1] != b"E":
        return len(data[:1])
    return 1 + int.from_bytes(data[1:5], "big") if len(data) > 4 else 0


def postgres_text(unit):
    if unit[:1] != b"E":
        return unit
    return b"".join(unit[5:-2].split(b"\0")) if unit[-2:] == b"\0\0" else b"\0"


SSL, GSS, CANCEL = 80877103, 80877104, 80877102
GSS_REQUEST = request(GSS)
POSTGRES = Protocol(
    upgrade=request(SSL), greeting=None, go=rb"S", no=rb"N|E.*", final=rb".*",
    private=rb"E.*C28000\0MTLS is needed.*", asks=rb"[^NE].*",
    ask=GSS_REQUEST, listed=None, unlisted=None,
    logins={
        "startup": startup(0x30000, user=b"tester", database=b"s3cret"),
        "version-3.2": startup(0x30002, user=b"tester"),
        "replication": startup(0x30000, user=b"tester", replication=b"true"),
        "options": startup(0x30000, user=b"tester", options=b"-c a=s3cret"),
        "escapes": startup(0x30000, user=b"\x1b[2J\x07%n"),
        "long": startup(0x30000, user=b"A" * 3000),
        "too-long": startup(0x30000, user=b"A" * 70000),
        "nobody": startup(0x30000), "2-gib": request(0x30000, 1 << 31),
    },
    harmless={"gss": (GSS_REQUEST, rb"N")},
    pipelines=((GSS_REQUEST,), (GSS_REQUEST,) * 5),
    begun={"gss": (GSS_REQUEST,), "gss-twice": (GSS_REQUEST,) * 2},
    odd={"behind-gss": GSS_REQUEST + b"x" + request(SSL)},
    garbage={
        "cut-length": request(SSL, 7), "length-0": request(SSL, 0),
        "length-9": request(SSL, 9, b"x"), "length-12": request(
            SSL, 12, b"\0\0\0\0"), "length-16": request(SSL, 16, bytes(8)),
        "negative": request(SSL, -8), "only-code": request(SSL)[4:] * 2,
        "little-endian": request(SSL)[3::-1] + request(SSL)[:3:-1],
        "code-above": request(SSL + 2), "code-below": request(SSL - 3),
        "code-0": request(0), "version-1": startup(0x10000, user=b"a"),
        "version-2": request(0x20000, 296, bytes(288)),
        "version-4": startup(0x40000, user=b"a"), "version-3-short":
        request(0x30000, 8), "version-3-negative": request(0x30000, -1),
        "gss-long": request(GSS, 12, b"\0\0\0\0"), "gss-0": request(GSS, 0),
        "cancel-short": request(CANCEL), "nul-in-front": b"\0" + request(SSL),
        "password": b"p" + struct.pack(">I", 11) + SECRET + b"\0",
        "query": b"Q\0\0\0\x0dselect 1\0", "terminate": b"X\0\0\0\4" * 2,
        "sasl": b"p\0\0\0\x36SCRAM-SHA-256\0", "ssl-typed":
        b"S" + request(SSL), "our-error": b"E\0\0\0\5\0abcde",
    },
    quit=request(CANCEL, 16, bytes(8)), bye=None, alpn=(b"postgresql",),
    end=b"", size=postgres_size, text=postgres_text, own=("postgresql",),
    hopeless=rb"^.{8}", many=(10,), leaves=True, needs_alpn=True,
    probe=GSS_REQUEST, secret=b"p\0\0\0\x0bs3cret\0", unknown=GSS_REQUEST)

PROTOCOLS = {**client_words.PROTOCOLS, "ldap": LDAP, "postgres": POSTGRES}
DEDICATED = {**client_words.DEDICATED, "ldaps": "ldap",
             "postgress": "postgres"}
