# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The libstarttls authors
"""Mint certificates, good and bad, with the openssl command.

A Cert says only what is odd about it: all defaults together make a good
server certificate for mail.example.test, signed by the intermediate CA.
What openssl would not sign is put into the signed part afterwards (edit),
and the signature made anew.  Certificates are minted when first asked for,
under a lock, and their keys are shared.
"""

import base64
import dataclasses
import os
import re
import subprocess
import threading

NAME = "mail.example.test"

KEYS = {
    "ec": ("EC", "ec_paramgen_curve:P-256"),
    "ca": ("EC", "ec_paramgen_curve:P-256"),
    "other": ("EC", "ec_paramgen_curve:P-256"),
    "p384": ("EC", "ec_paramgen_curve:P-384"),
    "ed25519": ("ED25519",),
    "rsa2048": ("RSA", "rsa_keygen_bits:2048"),
    "rsa1024": ("RSA", "rsa_keygen_bits:1024"),
    "pss": ("RSA-PSS", "rsa_keygen_bits:2048"),
}


@dataclasses.dataclass(frozen=True)
class Cert:
    subject: str = "/CN=a server"
    san: str = "DNS:" + NAME      # openssl syntax; empty for none
    issuer: str = "inter"         # a name in the table; "self" for itself
    key: str = "ec"
    basic: str = "critical,CA:FALSE"
    usage: str = "critical,digitalSignature"
    purpose: str = "serverAuth"
    more: tuple = ()              # further extensions, openssl syntax
    digest: str = "sha256"
    edit: object = None           # changes the DER fields of what is signed
    send: tuple = None            # the chain as sent, if not the natural one


def authority(subject, issuer="root", **other):
    """A certificate of an authority."""
    other = {"san": "", "key": "ca", "purpose": "", "basic":
             "critical,CA:TRUE", "usage": "critical,keyCertSign,cRLSign",
             **other}
    return Cert(subject="/CN=" + subject, issuer=issuer, **other)


def tlv(tag, body):
    """Encode one DER element."""
    if len(body) < 128:
        return bytes([tag, len(body)]) + body
    size = len(body).to_bytes((len(body).bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(size)]) + size + body


def elements(der):
    """Split DER into its elements; give (whole element, content) of each."""
    found, at = [], 0
    while at < len(der):
        body, size = at + 2, der[at + 1]
        if size & 0x80:
            body += size & 0x7F
            size = int.from_bytes(der[at + 2:body], "big")
        found.append((der[at:body + size], der[body:body + size]))
        at = body + size
    return found


def validity(start, end):
    """An edit: set notBefore and notAfter (seconds since the epoch)."""
    import time

    def edit(fields):
        utc = [time.strftime("%y%m%d%H%M%SZ", time.gmtime(t)).encode()
               for t in (start, end)]
        return [*fields[:4], tlv(0x30, b"".join(tlv(0x17, t) for t in utc)),
                *fields[5:]]
    return edit


def replace(old, new):
    """An edit: replace bytes in all fields; the lengths must be equal."""
    assert len(old) == len(new)
    return lambda fields: [field.replace(old, new) for field in fields]


def version_1(fields):
    """An edit: a certificate of version 1 has no extensions."""
    return fields[1:7]


class Mint:
    """Certificates and keys in a directory, minted on demand."""

    def __init__(self, directory, table):
        self.directory = directory
        self.table = table
        self.lock = threading.RLock()
        self.serial = 0x1000

    def path(self, name):
        return os.path.join(self.directory, name)

    def openssl(self, *args, data=None):
        done = subprocess.run(["openssl", *args], input=data,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        if done.returncode:
            raise RuntimeError("openssl %s: %s" % (
                " ".join(args), done.stderr.decode(errors="replace")))
        return done.stdout

    def key(self, name):
        """The path of a private key."""
        path = self.path(name + ".key")
        with self.lock:
            if not os.path.exists(path):
                algorithm, *options = KEYS[name]
                self.openssl("genpkey", "-algorithm", algorithm, "-out", path,
                             *[w for o in options for w in ("-pkeyopt", o)])
        return path

    def cert(self, name):
        """The path of a certificate."""
        path = self.path(name + ".pem")
        with self.lock:
            if not os.path.exists(path):
                self._mint(self.table[name], path)
        return path

    def chain(self, name):
        """The paths of a chain file, as a server sends it, and its key."""
        path = self.path(name + ".chain")
        with self.lock:
            if not os.path.exists(path):
                self._join(path, self.table[name].send or self._natural(name))
        return path, self.key(self.table[name].key)

    def issuers(self, name):
        """The path of a chain file without its first certificate, if there is
        more in it."""
        path = self.path(name + ".issuers")
        sent = self.table[name].send or self._natural(name)
        with self.lock:
            if len(sent) > 1 and not os.path.exists(path):
                self._join(path, sent[1:])
        return path if len(sent) > 1 else None

    def trust(self, names):
        """The path of a file of anchors; names are joined with "+"."""
        path = self.path("trust-" + names)
        with self.lock:
            if not os.path.exists(path):
                self._join(path, names.split("+"))
        return path

    def _join(self, path, names):
        text = []
        for name in names:
            with open(self.cert(name)) as file:
                text.append(file.read())
        with open(path, "w") as file:
            file.writelines(text)

    def _natural(self, name):
        chain = [name]
        while self.table[chain[-1]].issuer not in ("self", "root", "unknown"):
            chain.append(self.table[chain[-1]].issuer)
        return chain

    def _mint(self, cert, path):
        signer = self.key(cert.key)
        issued = []
        if cert.issuer != "self":
            signer = self.key(self.table[cert.issuer].key)
            issued = ["-CA", self.cert(cert.issuer), "-CAkey", signer]
        self.serial += 1
        extensions = {
            "basicConstraints": cert.basic, "keyUsage": cert.usage,
            "extendedKeyUsage": cert.purpose, "subjectAltName": cert.san}
        listed = ["%s=%s" % (k, v) for k, v in extensions.items() if v]
        config = self.path("one.cnf")
        with open(config, "w") as file:
            file.write("[req]\ndistinguished_name=dn\nx509_extensions=ext\n"
                       "[dn]\n[ext]\n" + "\n".join([*listed, *cert.more]))
        self.openssl("req", "-new", "-x509", "-config", config, "-utf8",
                     "-key", self.key(cert.key), "-subj", cert.subject,
                     "-days", "30", "-" + cert.digest, "-out", path,
                     "-set_serial", str(self.serial), *issued)
        if cert.edit:
            self._sign_again(path, cert, signer)

    def _sign_again(self, path, cert, signer):
        with open(path) as file:
            body = re.search("-----\n(.*)-----END", file.read(), re.S)[1]
        [(_, content)] = elements(base64.b64decode(body))
        (_, signed), (algorithm, _), (signature, _) = elements(content)
        fields = cert.edit([whole for whole, _ in elements(signed)])
        if fields is None:               # spoil the signature instead
            tbs = tlv(0x30, signed)
            signature = signature[:-1] + bytes([signature[-1] ^ 1])
        else:
            tbs = tlv(0x30, b"".join(fields))
            signature = tlv(3, b"\0" + self.openssl(
                "dgst", "-" + cert.digest, "-sign", signer, data=tbs))
        der = tlv(0x30, tbs + algorithm + signature)
        with open(path, "w") as file:
            file.write("-----BEGIN CERTIFICATE-----\n%s"
                       "-----END CERTIFICATE-----\n"
                       % base64.encodebytes(der).decode())

    def staple(self, name, status, days=2, signer="inter"):
        """The path of an OCSP response for a certificate: V(alid), R(evoked)
        or none, which is the status "unknown"."""
        path = self.path("%s-%s%s-%s.ocsp" % (name, status, days, signer))
        with self.lock:
            if os.path.exists(path):
                return path
            index, request = self.path("index"), self.path("request")
            serial = self.openssl("x509", "-in", self.cert(name), "-noout",
                                  "-serial").decode().strip().split("=")[1]
            with open(index, "w") as file:
                if status in "VR":
                    revoked = "240101000000Z" if status == "R" else ""
                    file.write("%s\t491231000000Z\t%s\t%s\tunknown\t/CN=x\n"
                               % (status, revoked, serial))
            self.openssl("ocsp", "-issuer", self.cert("inter"), "-cert",
                         self.cert(name), "-no_nonce", "-reqout", request)
            self.openssl("ocsp", "-index", index, "-CA", self.cert("inter"),
                         "-rsigner", self.cert(signer), "-rkey",
                         self.key(self.table[signer].key), "-reqin", request,
                         "-respout", path, "-ndays", str(days))
        return path
