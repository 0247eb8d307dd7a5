# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The libstarttls authors
"""What can be wrong with a certificate (CE), and what must pass."""

import itertools
import time

from certs import NAME, Cert, authority, replace, validity, version_1
from engine import case

DAY = 86400
NOW = time.time()
PAST = validity(NOW - 20 * DAY, NOW - 10 * DAY)
JUST = validity(NOW - 20 * DAY, NOW - 3600)
FUTURE = validity(NOW + 10 * DAY, NOW + 20 * DAY)
STAPLE = ("tlsfeature=status_request",)
SRV = "otherName:1.3.6.1.5.5.7.8.7;IA5STRING:_imap." + NAME


def bad_signature(_):
    """An edit: keep everything and spoil the signature."""


def many(count):
    return ",".join([*("DNS:host%d.example.test" % i for i in range(count)),
                     "DNS:" + NAME])


TABLE = {
    "root": authority("Hostile Test Root", "self"),
    "inter": authority("Hostile Test Intermediate"),
    "good": Cert(),
    # good ones
    "rsa": Cert(key="rsa2048", usage="digitalSignature,keyEncipherment"),
    "pss": Cert(key="pss"),
    "p384": Cert(key="p384"),
    "ed25519": Cert(key="ed25519"),
    "sha384": Cert(digest="sha384"),
    "sha512": Cert(digest="sha512"),
    "wildcard": Cert(san="DNS:*.example.test"),
    "upper": Cert(san="DNS:MAIL.Example.TEST"),
    "second": Cert(san="DNS:other.test,DNS:*.other.test,DNS:" + NAME),
    "mixed": Cert(san="IP:192.0.2.1,email:a@b.test,URI:https://x.test/,DNS:"
                  + NAME),
    "address": Cert(san="IP:127.0.0.1"),
    "address-6": Cert(san="IP:0:0:0:0:0:0:0:1"),
    "idn": Cert(san="DNS:xn--bcher-kva.example"),
    "direct": Cert(issuer="root"),
    "no-ku": Cert(usage=""),
    "no-eku": Cert(purpose=""),
    "any-eku": Cert(purpose="clientAuth,serverAuth,emailProtection"),
    "no-basic": Cert(basic=""),
    "no-cn": Cert(subject="/O=Nobody"),
    "other-cn": Cert(subject="/CN=other.example.test"),
    "root-sent": Cert(send=("root-sent", "inter", "root")),
    "extra": Cert(send=("extra", "inter", "unknown")),
    "twice": Cert(send=("twice", "inter", "inter")),
    "cross": Cert(issuer="cross-inter",
                  send=("cross", "cross-inter", "cross-signed")),
    "cross-inter": authority("Cross Intermediate", "unknown"),
    "cross-signed": authority("Unknown Root", key="other"),
    "permitted": Cert(issuer="inter-permitted"),
    "inter-permitted": authority(
        "Permitted", more=("nameConstraints=critical,permitted;"
                           "DNS:example.test",)),
    "extension": Cert(more=("1.2.3.4.5=ASN1:NULL",)),
    # CE-1
    "other-name": Cert(san="DNS:other.example.test"),
    "suffix": Cert(san="DNS:%s.evil.test" % NAME),
    "prefix": Cert(san="DNS:evil" + NAME),
    "parent": Cert(san="DNS:example.test"),
    "child": Cert(san="DNS:x." + NAME),
    "shorter": Cert(san="DNS:" + NAME[:-1]),
    "longer": Cert(san="DNS:" + NAME + "s"),
    "first-label": Cert(san="DNS:mail"),
    "dot-first": Cert(san="DNS:." + NAME),
    "dots": Cert(san="DNS:mail..example.test"),
    "space": Cert(san="DNS: %s evil" % NAME),
    "comma": Cert(san="DNS:" + NAME + ";x"),
    "other-address": Cert(san="IP:127.0.0.2"),
    # CE-2
    "cn-only": Cert(subject="/CN=" + NAME, san=""),
    "cn-wildcard": Cert(subject="/CN=*.example.test", san=""),
    "cn-wrong-san": Cert(subject="/CN=" + NAME, san="DNS:other.test"),
    "cn-email-san": Cert(subject="/CN=" + NAME, san="email:a@b.test"),
    "cn-address": Cert(subject="/CN=127.0.0.1", san=""),
    "no-name": Cert(san=""),
    # CE-3
    "nul-san": Cert(san="DNS:%s@.evil.test" % NAME, edit=replace(
        NAME.encode() + b"@", NAME.encode() + b"\0")),
    "nul-cn": Cert(subject="/CN=%s@.evil.test" % NAME, san="", edit=replace(
        NAME.encode() + b"@", NAME.encode() + b"\0")),
    "nul-end": Cert(san="DNS:%s@" % NAME, edit=replace(
        NAME.encode() + b"@", NAME.encode() + b"\0")),
    # CE-4
    "email": Cert(san="email:" + NAME),
    "email-at": Cert(san="email:root@" + NAME),
    "uri": Cert(san="URI:imap://%s/" % NAME),
    "srv": Cert(san=SRV),
    "rid": Cert(san="RID:1.2.3.4"),
    "address-as-dns": Cert(san="DNS:127.0.0.1"),
    "address-as-wildcard": Cert(san="DNS:*.0.0.1"),
    "address-as-uri": Cert(san="URI:imap://127.0.0.1"),
    "address-mapped": Cert(san="IP:0:0:0:0:0:ffff:7f00:1"),
    "name-as-address": Cert(san="IP:109.97.105.108"),
    # CE-5
    "star": Cert(san="DNS:*"),
    "star-tld": Cert(san="DNS:*.test"),
    "star-middle": Cert(san="DNS:mail.*.test"),
    "star-last": Cert(san="DNS:mail.example.*"),
    "star-inside": Cert(san="DNS:m*l.example.test"),
    "star-end": Cert(san="DNS:mai*.example.test"),
    "star-begin": Cert(san="DNS:*mail.example.test"),
    "star-behind": Cert(san="DNS:mail*.example.test"),
    "stars": Cert(san="DNS:*.*.test"),
    "stars-all": Cert(san="DNS:*.*.*"),
    "star-star": Cert(san="DNS:**.example.test"),
    "star-deep": Cert(san="DNS:*.mail.example.test"),
    "star-wide": Cert(san="DNS:*.example"),
    "question": Cert(san="DNS:????.example.test"),
    "star-idn": Cert(san="DNS:xn--*.example"),
    # CE-6
    "expired": Cert(edit=PAST),
    "just-expired": Cert(edit=JUST),
    "future": Cert(edit=FUTURE),
    "of-expired": Cert(issuer="inter-expired"),
    "inter-expired": authority("Expired", edit=PAST),
    "of-future": Cert(issuer="inter-future"),
    "inter-future": authority("Future", edit=FUTURE),
    # CE-7
    "self": Cert(issuer="self"),
    "self-ca": authority(NAME, "self", key="ec", san="DNS:" + NAME,
                         usage="critical,digitalSignature,keyCertSign"),
    "unknown": authority("Unknown Root", "self", key="other"),
    "of-unknown": Cert(issuer="unknown", send=("of-unknown", "unknown")),
    "of-unknown-alone": Cert(issuer="unknown"),
    "impostor": authority("Hostile Test Root", "self", key="other"),
    "of-impostor": Cert(issuer="impostor", send=("of-impostor", "impostor")),
    "of-impostor-alone": Cert(issuer="impostor", send=("of-impostor-alone",)),
    "of-impostor-root": Cert(issuer="impostor",
                             send=("of-impostor-root", "root")),
    "missing": Cert(send=("missing",)),
    "missing-but-root": Cert(send=("missing-but-root", "root")),
    "bad-signature": Cert(edit=bad_signature),
    "of-bad-signature": Cert(issuer="inter-bad"),
    "inter-bad": authority("Bad Signature", edit=bad_signature),
    "wrong-order": Cert(issuer="inter-2", send=("wrong-order", "inter",
                                                "inter-2")),
    "inter-2": authority("Second Intermediate", "inter"),
    "alien-inter": Cert(send=("alien-inter", "inter-2")),
    # CE-8
    "of-leaf": Cert(issuer="leaf-as-ca"),
    "leaf-as-ca": Cert(subject="/CN=A Leaf", san="DNS:evil.test", key="ca",
                       usage="critical,digitalSignature,keyCertSign"),
    "of-false-ca": Cert(issuer="false-ca"),
    "false-ca": authority("False", basic="critical,CA:FALSE"),
    "of-no-basic": Cert(issuer="no-basic-ca"),
    "no-basic-ca": authority("No Constraints", basic=""),
    "of-v1": Cert(issuer="v1-ca"),
    "v1-ca": authority("Version One", edit=version_1),
    "of-no-sign": Cert(issuer="no-sign-ca"),
    "no-sign-ca": authority("No Sign", usage="critical,cRLSign"),
    "past-pathlen": Cert(issuer="inter-3"),
    "inter-3": authority("Past The Limit", "inter-0"),
    "inter-0": authority("No Further", basic="critical,CA:TRUE,pathlen:0"),
    "v1-leaf": Cert(subject="/CN=" + NAME, edit=version_1),
    # CE-9
    "not-permitted": Cert(issuer="inter-elsewhere"),
    "inter-elsewhere": authority(
        "Elsewhere", more=("nameConstraints=critical,permitted;"
                           "DNS:elsewhere.test",)),
    "excluded": Cert(issuer="inter-excluded"),
    "inter-excluded": authority(
        "Excluded", more=("nameConstraints=critical,excluded;"
                          "DNS:example.test",)),
    "critical": Cert(more=("1.2.3.4.5=critical,ASN1:NULL",)),
    "of-critical": Cert(issuer="inter-critical"),
    "inter-critical": authority(
        "Critical", more=("1.2.3.4.5=critical,ASN1:NULL",)),
    # CE-10
    "client": Cert(purpose="clientAuth"),
    "code": Cert(purpose="codeSigning"),
    "mail": Cert(purpose="emailProtection"),
    "ocsp": Cert(purpose="OCSPSigning"),
    "private-eku": Cert(purpose="1.2.3.4"),
    "critical-client": Cert(purpose="critical,clientAuth"),
    "of-client-ca": Cert(issuer="client-ca"),
    "client-ca": authority("Clients Only", purpose="clientAuth"),
    "no-signature": Cert(usage="critical,keyEncipherment"),
    "agreement": Cert(usage="critical,keyAgreement"),
    "sign-only": Cert(usage="critical,keyCertSign"),
    # CE-11
    "rsa-ca": authority("Some RSA", key="rsa2048"),
    "md5": Cert(digest="md5", issuer="rsa-ca"),
    "sha1": Cert(digest="sha1"),
    "rsa-1024": Cert(key="rsa1024"),
    "of-rsa-1024": Cert(issuer="inter-1024"),
    "inter-1024": authority("Small", key="rsa1024"),
    "of-sha1": Cert(issuer="inter-sha1"),
    "inter-sha1": authority("Old", digest="sha1"),
    "of-md5": Cert(issuer="inter-md5"),
    "inter-md5": authority("Older", "rsa-ca", digest="md5"),
    # CE-12
    "must-staple": Cert(more=STAPLE),
    # TM-8
    "sans-2000": Cert(san=many(2000)),
    "sans-200": Cert(san=many(200)),
    "padded": Cert(more=("1.2.3.4.5=ASN1:UTF8:" + "x" * 60000,)),
    "huge": Cert(more=("1.2.3.4.5=ASN1:UTF8:" + "x" * 200000,)),
    "sent-40": Cert(send=("sent-40", "inter", *["unknown"] * 40)),
    "sent-400": Cert(send=("sent-400", "inter", *["unknown"] * 400)),
    "deep": Cert(issuer="deep-39"),
    **{"deep-%d" % i: authority("Deep %d" % i,
                                "deep-%d" % (i - 1) if i else "root")
       for i in range(40)},
    # TX-1: names with control characters in what people are shown
    "escapes": Cert(subject="/CN=\x1b]0;evil\x07/O=\x1b[2J\u009b2J",
                    san="DNS:other.test"),
    "escapes-san": Cert(san="DNS:a@]0;evil@b@", edit=replace(
        b"a@]0;evil@b@", b"a\x1b]0;evil\x07b\n")),
    "of-escapes": Cert(issuer="escapes-ca", send=("of-escapes",
                                                  "escapes-ca")),
    "escapes-ca": authority("\x1b[31mevil\x07\u0085\u200e", "self",
                            key="other"),
}

GOOD = ("good rsa pss p384 ed25519 sha384 sha512 wildcard upper second mixed "
        "direct no-ku no-eku any-eku no-basic no-cn other-cn root-sent extra "
        "twice cross permitted extension sans-200").split()
ROWS = {           # what must be refused
    "CE-1": "other-name suffix prefix parent child shorter longer "
            "first-label dot-first dots space comma",
    "CE-2": "cn-only cn-wildcard cn-wrong-san cn-email-san no-name",
    "CE-3": "nul-san nul-cn nul-end",
    "CE-4": "email email-at uri srv rid name-as-address",
    "CE-5": "star star-tld star-middle star-last star-inside star-end "
            "star-begin star-behind stars stars-all star-star star-deep "
            "star-wide question",
    "CE-6": "expired just-expired future of-expired of-future",
    "CE-7": "self self-ca of-unknown of-unknown-alone of-impostor missing "
            "of-impostor-alone of-impostor-root missing-but-root "
            "bad-signature of-bad-signature alien-inter",
    "CE-8": "of-leaf of-false-ca of-no-basic of-v1 of-no-sign past-pathlen "
            "v1-leaf",
    "CE-9": "not-permitted excluded critical of-critical",
    "CE-10": "client code mail ocsp private-eku critical-client "
             "of-client-ca no-signature sign-only agreement",
    "CE-11": "md5 sha1 rsa-1024 of-rsa-1024 of-sha1 of-md5",
    "CE-12": "must-staple",
    "TX-1": "escapes escapes-san of-escapes",
}
ADDRESS_WRONG = {"CE-1": "other-address good",
                 "CE-2": "cn-address",
                 "CE-4": "address-as-dns address-as-wildcard address-as-uri",
                 "CE-5": "star stars-all"}
EXACT = {          # rows whose cause must be named, by its stable name
    "CE-1": b"name-mismatch", "expired": b"cert-expired",
    "future": b"cert-not-yet-valid", "of-unknown": b"root-untrusted",
    "self": b"cert-self-signed", "missing": b"chain-incomplete",
    "must-staple": b"staple-missing", "CE-11": b"cert-weak",
    "client": b"cert-purpose"}
SCHEMES = itertools.cycle(("smtp", "imaps", "ftp", "nntps", "pop3", "smtps",
                           "imap", "pop3s", "nntp", "ftps"))


def says(cause):
    def judge(log):
        return None if cause in log.output else "does not say %a" % cause
    return judge


def staples():
    """CE-12: revocation that the server itself tells."""
    def server(leaf, *response):
        return {"chain": leaf, "staple": (leaf, *response)}
    for leaf in ("good", "must-staple"):
        yield "staple-%s-valid" % leaf, 0, server(leaf, "V")
        yield "staple-%s-revoked" % leaf, 5, server(leaf, "R")
        yield "staple-%s-alien" % leaf, 5, server(leaf, "V", 2, "unknown")
    yield "staple-good-unknown", (0, 5), server("good", "-")
    yield "staple-must-staple-unknown", 5, server("must-staple", "-")


def cases():
    for what in GOOD:
        for scheme in (next(SCHEMES), next(SCHEMES)):
            yield case("legal", scheme, "cert-" + what, 0,
                       tls={"chain": what})
    for row, names in ROWS.items():
        for what in names.split():
            for scheme in (next(SCHEMES), next(SCHEMES)):
                yield case(row, scheme, what, 5, tls={"chain": what})
    for key, cause in EXACT.items():
        for what in ROWS.get(key, key).split():
            yield case("CE", "imaps", "says-" + what, 5, judge=says(cause),
                       tls={"chain": what})
    for row, names in ADDRESS_WRONG.items():
        for what in names.split():
            yield case(row, next(SCHEMES), "ip-" + what, 5,
                       name="127.0.0.1", tls={"chain": what})
    yield case("CE-4", "imap", "ip-6-as-4", 5, name="[::1]",
               tls={"chain": "address"})
    yield case("CE-4", "imap", "ip-mapped", (0, 5), name="127.0.0.1",
               tls={"chain": "address-mapped"})
    for scheme in ("imap", "ftps"):
        yield case("legal", scheme, "cert-address", 0, name="127.0.0.1",
                   tls={"chain": "address"})
        yield case("legal", scheme, "cert-address-6", 0, name="[::1]",
                   tls={"chain": "address-6"})
        yield case("legal", scheme, "cert-idn", 0, name="bücher.example",
                   tls={"chain": "idn"})
        yield case("legal", scheme, "cert-idn-a-label", 0,
                   name="xn--bcher-kva.example", tls={"chain": "idn"})
        yield case("legal", scheme, "cert-upper-url", 0,
                   name="MAIL.Example.Test", tls={"chain": "good"})
        yield case("legal", scheme, "cert-anchor-of-two", 0, trust="impostor"
                   "+root", tls={"chain": "good"})
        yield case("CE-5", scheme, "star-idn", 5, name="bücher.example",
                   tls={"chain": "star-idn"})
        yield case("CE-13", scheme, "no-ca-file", 5, trust=None)
        yield case("CE-13", scheme, "other-ca-file", 5, trust="unknown")
        yield case("CE-13", scheme, "leaf-as-anchor-other-name", 5,
                   trust="other-name", tls={"chain": "other-name"})
    yield case("legal", "smtp", "cert-wrong-order", (0, 5),
               tls={"chain": "wrong-order"})
    for what, exits in {"sans-2000": (0, 5), "padded": (0, 5), "huge": 5,
                        "sent-40": (0, 5), "sent-400": (0, 5),
                        "deep": (0, 5)}.items():
        yield case("TM-8", next(SCHEMES), what, exits, tls={"chain": what},
                   growth=32768)
    for what, exits, tls in staples():
        for scheme in ("smtp", "imaps"):
            yield case("CE-12", scheme, what, exits, tls=tls)
