# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The libstarttls authors
"""TLS that begins well, and is then broken; and client certificates."""

import ssl

import certificates
from certs import Cert, authority
from client_net import USUAL, Case, Failure, client_context, over
from client_tls import (ALERT, CCS, DATA, HANDSHAKE, Refused, Tls, message,
                        record, vec8, vec16)

BOTH = (0x0303, 0x0304)
NAMES = {0x0303: "1.2", 0x0304: "1.3"}


# ---- within the handshake --------------------------------------------------

def spoil(step, action):
    """on: at this step do that instead of it."""
    def on(now, tls):
        if now == step:
            return action(tls) is not False
        return False
    return on


def nothing(tls):
    """Leave a flight out."""


def wrong_finished(tls):
    tls.send(HANDSHAKE, message(20, bytes(len(tls.finished))))


def data_first(tls):
    tls.send(DATA, b"early\r\n")


def certificate_first(tls):
    tls.send(HANDSHAKE, message(11, b"\0\0\0\0" if tls.version == 0x0304
                                else b"\0\0\0"))
    return False


IN_HANDSHAKE = {              # name: (step, versions, action)
    "finished-wrong": ("finished", BOTH, wrong_finished),
    "finished-missing": ("finished", BOTH, data_first),
    "finished-short": ("finished", BOTH, lambda t: t.send(
        HANDSHAKE, message(20, t.finished[:-1]))),
    "finished-long": ("finished", BOTH, lambda t: t.send(
        HANDSHAKE, message(20, t.finished + b"x"))),
    "finished-clear": ("finished", BOTH, lambda t: t.link.send(
        record(HANDSHAKE, message(20, t.finished)))),
    "finished-and-more": ("finished", BOTH, lambda t: t.send(
        HANDSHAKE, message(20, t.finished) + message(20, t.finished))),
    "data-clear": ("finished", BOTH, lambda t: t.link.send(
        record(DATA, b"clear\r\n"))),
    "cleartext": ("finished", BOTH, lambda t: t.link.send(b"NOOP\r\n" * 9)),
    "garbage-record": ("finished", BOTH, lambda t: t.link.send(
        record(DATA, b"\x5a" * 52))),
    "ccs-twice": ("finished", BOTH[:1], lambda t: t.link.send(
        record(CCS, b"\1")) or False),
    "ccs-early": ("exchange", BOTH[:1], lambda t: t.link.send(
        record(CCS, b"\1")) or False),
    "ccs-missing": ("ccs", BOTH[:1], nothing),
    "ccs-long": ("ccs", BOTH[:1], lambda t: t.link.send(record(CCS, b"\1\1"))),
    "ccs-flood": ("ccs", BOTH, lambda t: t.link.send(
        record(CCS, b"\1") * 2000)),
    "exchange-missing": ("exchange", BOTH[:1], nothing),
    "exchange-zero": ("exchange", BOTH[:1], lambda t: t.send(
        HANDSHAKE, message(16, vec8(b"\4" + bytes(64))))),
    "exchange-one": ("exchange", BOTH[:1], lambda t: t.send(
        HANDSHAKE, message(16, vec8(b"\4" + b"\1" * 64)))),
    "exchange-short": ("exchange", BOTH[:1], lambda t: t.send(
        HANDSHAKE, message(16, vec8(b"x")))),
    "exchange-empty": ("exchange", BOTH[:1], lambda t: t.send(
        HANDSHAKE, message(16, b""))),
    "exchange-long": ("exchange", BOTH[:1], lambda t: t.send(
        HANDSHAKE, message(16, b"\xff" + b"x" * 300))),
    "certificate-unasked": ("finished", BOTH, certificate_first),
    "verify-unasked": ("finished", BOTH, lambda t: t.send(
        HANDSHAKE, message(15, b"\4\3" + vec16(b"x" * 70))) or False),
    "hello-again": ("finished", BOTH, lambda t: t.send(
        HANDSHAKE, t.hello) or False),
    "end-of-early-data": ("finished", BOTH[1:], lambda t: t.send(
        HANDSHAKE, message(5, b"")) or False),
    "update-early": ("finished", BOTH[1:], lambda t: t.send(
        HANDSHAKE, message(24, b"\0")) or False),
    "alert-fatal": ("finished", BOTH, lambda t: t.send(ALERT, b"\2\x28")),
    "alert-close": ("finished", BOTH, lambda t: t.send(ALERT, b"\1\0")),
    "alert-canceled": ("finished", BOTH, lambda t: t.send(
        ALERT, b"\1\x5a") or t.send(ALERT, b"\1\0")),
    "warnings": ("finished", BOTH, lambda t: [t.send(
        ALERT, b"\1\x5a") for _ in range(40)]),
    "empty-handshake": ("finished", BOTH, lambda t: ([t.send(
        HANDSHAKE, b"") for _ in range(40)], t.link.fin())),
    "long-record": ("finished", BOTH, lambda t: t.link.send(
        record(DATA, bytes(17500)))),
    "message-16m": ("finished", BOTH, lambda t: (t.send(
        HANDSHAKE, b"\x0b\xff\xff\xff" + bytes(9000)), t.send(
            HANDSHAKE, bytes(9000)), t.link.fin())),
}

ODD_CCS = {                   # in TLS 1.3 GnuTLS takes no notice since 3.8
    "ccs-bad": b"\2", "ccs-long": b"\1\1", "ccs-empty": b"",
}


def odd_ccs(c, body):
    """To be refused or without any effect."""
    tls = Tls(c.ready(), on=spoil("ccs", lambda t: t.link.send(
        record(CCS, body)) or True))
    try:
        tls.handshake()
    except Refused:
        return over(tls.link)
    return ended_or_served(c, tls)


def in_handshake(c, version, step, action):
    """Nothing must be echoed, and it must be over."""
    tls = Tls(c.ready(), version=version, on=spoil(step, action))
    try:
        tls.handshake()
        tls.write(b"is this heard\r\n")
        data = tls.read()
    except Refused:
        pass
    else:
        if data:
            raise Failure("the handshake succeeded: %a" % data)
    over(tls.link)


# ---- behind the handshake --------------------------------------------------

def renegotiate(tls):
    tls.send(HANDSHAKE, tls.hello)


def bad_mac(tls):
    data = bytearray(tls.protect(DATA, b"spoilt\r\n"))
    data[-1] ^= 1
    tls.link.send(bytes(data))


def replayed(tls):
    tls.link.send(tls.protect(DATA, b"once\r\n") * 2)


def padded(tls):
    """More than 2^14 bytes with its padding."""
    tls.send(DATA, b"x" * 16384, inner=bytes(200))


INSIDE = {                    # name: (versions, action): over, no echo
    "renegotiation": (BOTH, renegotiate), "bad-mac": (BOTH, bad_mac),
    "clear-data": (BOTH, lambda t: t.link.send(record(DATA, b"NOOP\r\n"))),
    "clear-alert": (BOTH, lambda t: t.link.send(record(ALERT, b"\2\x28"))),
    "clear-hello": (BOTH, lambda t: t.link.send(record(HANDSHAKE, t.hello))),
    "cleartext": (BOTH, lambda t: t.link.send(b"QUIT\r\n" * 9)),
    "garbage": (BOTH, lambda t: t.link.send(b"\xff" * 300)),
    "zeros": (BOTH, lambda t: t.link.send(bytes(300))),
    "ccs": (BOTH, lambda t: t.link.send(record(CCS, b"\1"))),
    "kind-24": (BOTH, lambda t: t.send(24, b"\1\x40\0")),
    "kind-99": (BOTH, lambda t: t.send(99, b"x")),
    "kind-0": (BOTH[1:], lambda t: t.send(0, b"x")),
    "no-kind": (BOTH[1:], lambda t: t.send(0, b"")),
    "long": (BOTH, lambda t: t.send(DATA, b"x" * 17000)),
    "padded-long": (BOTH[1:], padded),
    "short": (BOTH, lambda t: t.link.send(record(DATA, b"x" * 8))),
    "empty-outer": (BOTH, lambda t: t.link.send(record(DATA, b""))),
    "alert-fatal": (BOTH, lambda t: t.send(ALERT, b"\2\x50")),
    "alert-odd": (BOTH, lambda t: t.send(ALERT, b"\2")),
    "alert-empty": (BOTH[1:], lambda t: t.send(ALERT, b"")),
    "close": (BOTH, lambda t: t.close()),
    "close-and-more": (BOTH, lambda t: (t.close(), t.write(b"more\r\n"))),
    "update-bad": (BOTH[1:], lambda t: t.send(
        HANDSHAKE, message(24, b"\2"))),
    "update-long": (BOTH[1:], lambda t: t.send(
        HANDSHAKE, message(24, b"\0\0"))),
    "update-1.2": (BOTH[:1], lambda t: t.send(
        HANDSHAKE, message(24, b"\0"))),
    "finished-again": (BOTH, lambda t: t.send(
        HANDSHAKE, message(20, t.finished))),
    "ticket": (BOTH, lambda t: t.send(HANDSHAKE, message(4, bytes(20)))),
    "certificate": (BOTH, lambda t: t.send(HANDSHAKE, message(
        11, b"\0\0\0\0"))),
    "certificate-request": (BOTH, lambda t: t.send(HANDSHAKE, message(
        13, bytes(9)))),
    "hello-request": (BOTH[1:], lambda t: t.send(
        HANDSHAKE, message(0, b""))),
    "server-hello": (BOTH, lambda t: t.send(HANDSHAKE, message(
        2, bytes(70)))),
    "end-of-early-data": (BOTH[1:], lambda t: t.send(
        HANDSHAKE, message(5, b""))),
    "fin": (BOTH, lambda t: t.link.fin()),
    "half-record": (BOTH, lambda t: (t.link.send(
        t.protect(DATA, b"half\r\n")[:9]), t.link.fin())),
    "half-header": (BOTH, lambda t: (t.link.send(b"\x17\3"), t.link.fin())),
    "replay": (BOTH, replayed),
}


def inside(c, version, action):
    tls = Tls(c.ready(), version=version).handshake()
    c.served(tls)
    action(tls)
    tls.link.fin()
    try:
        while True:
            data = tls.read()
            if not data:
                break
            if data != b"once\r\n":
                raise Failure("gives back %a" % data[:80])
    except Refused:
        pass
    over(tls.link)


def ended_or_served(c, tls):
    """Either is well, if it is at once."""
    if tls.link.broken:
        return "ended"
    try:
        tls.write(b"still there\r\n")
        while tls.read() != b"still there\r\n":
            pass
    except Refused as error:
        return str(error)
    return "served"


def key_updates(c, count, request):
    """Each must be followed, or all refused."""
    tls = Tls(c.ready()).handshake()
    c.served(tls)
    for _ in range(count):
        tls.update(request)
        if tls.link.broken:
            break
    return ended_or_served(c, tls)


def empty_records(c, version, count, kind):
    """They cost much and say nothing."""
    tls = Tls(c.ready(), version=version).handshake()
    c.served(tls)
    while count > 0 and not tls.link.broken:
        tls.send_many(kind, b"", 500)
        count -= 500
    return ended_or_served(c, tls)


def warnings(c, version, count):
    tls = Tls(c.ready(), version=version).handshake()
    c.served(tls)
    while count > 0 and not tls.link.broken:
        tls.send_many(ALERT, b"\1\x5a", 100)
        count -= 100
    return ended_or_served(c, tls)


def half_line(c, ending):
    """What is no whole line is echoed or not; the end is an end."""
    tls = Tls(c.ready()).handshake()
    tls.write(b"no end")
    if ending == "close":
        tls.close()
    tls.link.fin()
    over(tls.link)


def half_closed(c):
    """All that was sent comes back, also behind a close_notify."""
    tls = c.good(context=USUAL)
    text = b"a line of text\r\n" * 200
    tls.write(text)
    got = b""
    while len(got) < len(text):
        data = tls.read()
        if not data:
            raise Failure("closed after %d bytes" % len(got))
        got += data
    tls.close()


def flood_unread(c):
    """Write and never read: it must stop reading, not hoard."""
    before = c.server.memory()
    tls = c.good()
    tls.link.sock.settimeout(1)
    sent = 0
    try:
        while sent < 64 << 20:
            tls.tls.write(b"x" * 16384)
            data = tls.outgoing.read()
            tls.link.sock.sendall(data)
            sent += 16384
    except OSError:
        pass
    grown = c.server.memory() - before
    if sent >= 64 << 20:
        raise Failure("takes 64 MiB whose echo nobody reads")
    if grown > 32768:
        raise Failure("grew by %d KiB" % grown)


def cases(p):
    for name, (step, versions, action) in IN_HANDSHAKE.items():
        for v in versions:
            yield Case("handshake/%s-%s" % (name, NAMES[v]), lambda c, v=v,
                       s=step, a=action: in_handshake(c, v, s, a))
    for name, body in ODD_CCS.items():
        yield Case("handshake/%s-1.3" % name, lambda c, b=body: odd_ccs(c, b))
    for name, (versions, action) in INSIDE.items():
        for v in versions:
            yield Case("inside/%s-%s" % (name, NAMES[v]), lambda c, v=v,
                       a=action: inside(c, v, a))
    for count, request in ((1, 0), (1, 1), (4, 1), (500, 0), (500, 1)):
        yield Case("inside/updates-%d-%d" % (count, request), lambda c,
                   n=count, r=request: key_updates(c, n, r), "echo")
    for v in BOTH:
        yield Case("inside/empty-20000-" + NAMES[v], lambda c, v=v:
                   empty_records(c, v, 20000, DATA), "echo")
        yield Case("inside/empty-handshake-" + NAMES[v], lambda c, v=v:
                   empty_records(c, v, 2000, HANDSHAKE), "echo")
        yield Case("inside/warnings-" + NAMES[v], lambda c, v=v:
                   warnings(c, v, 2000), "echo")
    for ending in ("fin", "close"):
        yield Case("inside/half-line-" + ending, lambda c, e=ending:
                   half_line(c, e))
    yield Case("inside/all-back", half_closed, "echo")
    yield Case("inside/unread", flood_unread, "echo")


# ---- client certificates ---------------------------------------------------

def client(**other):
    return Cert(**{"subject": "/CN=a client", "san": "email:a@client.test",
                   "purpose": "clientAuth", **other})


TABLE = {
    **certificates.TABLE,
    "c-good": client(), "c-rsa": client(key="rsa2048"),
    "c-direct": client(issuer="root"), "c-no-eku": client(purpose=""),
    "c-both-eku": client(purpose="serverAuth,clientAuth"),
    "c-p384": client(key="p384"), "c-no-san": client(san=""),
    "c-ed25519": client(key="ed25519"),
    "c-expired": client(edit=certificates.PAST),
    "c-just-expired": client(edit=certificates.JUST),
    "c-future": client(edit=certificates.FUTURE),
    "c-of-expired": client(issuer="inter-expired"),
    "c-of-future": client(issuer="inter-future"),
    "c-self": client(issuer="self"),
    "c-self-ca": authority("a client", "self", key="ec",
                           usage="critical,digitalSignature,keyCertSign"),
    "c-unknown": client(issuer="unknown", send=("c-unknown", "unknown")),
    "c-unknown-alone": client(issuer="unknown", send=("c-unknown-alone",)),
    "c-twin": client(issuer="impostor", send=("c-twin", "impostor")),
    "c-twin-alone": client(issuer="impostor", send=("c-twin-alone",)),
    "c-twin-root": client(issuer="impostor", send=("c-twin-root", "root")),
    "c-server-eku": client(purpose="serverAuth"),
    "c-mail-eku": client(purpose="emailProtection"),
    "c-code-eku": client(purpose="codeSigning"),
    "c-of-server-ca": client(issuer="server-ca"),
    "server-ca": authority("Servers Only", purpose="serverAuth"),
    "c-no-signature": client(usage="critical,keyEncipherment"),
    "c-damaged": client(edit=certificates.bad_signature),
    "c-of-damaged": client(issuer="inter-bad"),
    "c-missing": client(send=("c-missing",)),
    "c-of-leaf": client(issuer="leaf-as-ca"),
    "c-of-false-ca": client(issuer="false-ca"),
    "c-critical": client(more=("1.2.3.4.5=critical,ASN1:NULL",)),
    "c-sha1": client(digest="sha1"), "c-rsa1024": client(key="rsa1024"),
    "c-of-sha1": client(issuer="inter-sha1"),
    "c-escapes": client(subject="/CN=\x1b]0;evil\x07\x1b[2J",
                        issuer="unknown", send=("c-escapes", "unknown")),
    "c-past-pathlen": client(issuer="inter-3"),
}
GOOD = "good rsa direct no-eku both-eku p384 no-san ed25519".split()
BAD = [name[2:] for name in TABLE if name[:2] == "c-" and
       name[2:] not in GOOD]


def authenticated(c, chain, version):
    context = client_context(version, version, "DEFAULT:@SECLEVEL=0")
    if chain:
        context.load_cert_chain(*c.mint.chain("c-" + chain))
    return c.good(context=context)


def admitted(c, chain, version):
    c.served(authenticated(c, chain, version))


def rejected(c, chain, version):
    """Refused in the handshake: an alert, and no byte of data."""
    try:
        tls = authenticated(c, chain, version)
    except Failure:
        return
    try:                       # in TLS 1.3 the client is ready before that
        tls.write(b"let me in\r\n")
        data = tls.read()
    except Refused as error:
        if "EOF" in str(error):
            raise Failure("closed without an alert") from None
        return
    raise Failure("let in: %a" % data)


def spoilt_certificate(c, version, body):
    """A Certificate message that cannot be read."""
    tls = Tls(c.ready(), version=version, on=spoil(
        "certificate" if version == 0x0304 else "exchange",
        lambda t: t.send(HANDSHAKE, message(11, body)) or False))
    try:
        tls.handshake()
        tls.write(b"let me in\r\n")
        data = tls.read()
    except Refused:
        data = b""
    if data:
        raise Failure("let in: %a" % data)
    over(tls.link)


SPOILT = {"void": b"", "cut": b"\0\0\xff", "junk":
          b"\0\0\0\x0b\0\0\x08junkjunk", "junk-1.3":
          b"\0\0\0\x0d\0\0\x08junkjunk\0\0", "long": b"\xff\xff\xff\xff" * 4}


def mutual_cases(p):
    v12, v13 = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3
    for name, v in (("1.2", v12), ("1.3", v13)):
        yield Case("client/none-" + name, lambda c, v=v:
                   rejected(c, None, v), "mutual")
        for chain in GOOD:
            yield Case("client/%s-%s" % (chain, name), lambda c, x=chain,
                       v=v: admitted(c, x, v), "mutual")
        for chain in BAD:
            yield Case("client/%s-%s" % (chain, name), lambda c, x=chain,
                       v=v: rejected(c, x, v), "mutual")
    for v in BOTH:
        for name, body in SPOILT.items():
            yield Case("client/spoilt-%s-%s" % (name, NAMES[v]), lambda c,
                       v=v, b=body: spoilt_certificate(c, v, b), "mutual")
