# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The libstarttls authors
"""What the tests of the command line have in common.

The servers are threads of the script on free ports of 127.0.0.1, with
certificates that the openssl command mints.  STARTTLS names the program under
test; the result is TAP.
"""

import inspect
import os
import re
import shutil
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
import threading
import time

STARTTLS = os.environ.get("STARTTLS") or os.path.join(
    os.environ.get("abs_top_builddir", "."), "starttls")
# what libtool built is wrapped in a script, which is slow and has a shell's
# idea of closed descriptors
WRAPPED = os.path.join(os.path.dirname(STARTTLS), ".libs")
if os.path.exists(os.path.join(WRAPPED, "starttls")):
    STARTTLS = os.path.join(WRAPPED, "starttls")
    os.environ["LD_LIBRARY_PATH"] = WRAPPED
NAME = "mail.example.org"
SECRET = "Tr0ub4dor"
PATIENCE = 60                   # seconds; nothing should take that long
MEGABYTE = 1 << 20
EVERY_BYTE = bytes(range(256))
count = failed = 0


def result(good, what, detail=""):
    """One line of TAP."""
    global count, failed
    count += 1
    failed += not good
    print("%s %d - %s" % ("ok" if good else "not ok", count, what))
    if not good:
        for line in str(detail).splitlines():
            print("# " + ascii(line)[1:-1][:300])
    sys.stdout.flush()
    return good


class Outcome:
    """What a run of the program left behind."""

    def __init__(self, status, out, err):
        self.status, self.out, self.err = status, out, err

    def __str__(self):
        return "status %s\nstdout %r\nstderr %r" % (
            self.status, self.out[:300], self.err[:600])

    def one_line(self):
        """Exactly one printable line on standard error."""
        return re.fullmatch(rb"starttls: [\x20-\x7e]+\n", self.err) is not None


def run(*arguments, data=b"", shell=None, timeout=PATIENCE, **more):
    """Run the program; @shell is a redirection, as sh writes it."""
    command = [STARTTLS, *arguments]
    if shell is not None:
        command = ["sh", "-c", 'exec "$0" "$@" ' + shell] + command
    more.setdefault("stdout", subprocess.PIPE)
    more.setdefault("stderr", subprocess.PIPE)
    if "stdin" not in more:
        more["input"] = data
    try:
        done = subprocess.run(command, timeout=timeout, check=False, **more)
    except subprocess.TimeoutExpired:
        return Outcome("none: it hangs", b"", b"")
    return Outcome(done.returncode, done.stdout or b"", done.stderr or b"")


# ---------------------------------------------------------------------------
# Servers

class Certificates:
    """A CA, an intermediate, a server's chain, and another CA."""

    def __init__(self, directory):
        self.directory = directory
        self.make_ca("ca")
        self.make_ca("other")
        self.issue("inter", "ca", "basicConstraints=critical,CA:TRUE\n"
                   "keyUsage=critical,keyCertSign,cRLSign\n")
        self.issue("leaf", "inter", "subjectAltName=DNS:%s\n"
                   "extendedKeyUsage=serverAuth\n" % NAME)
        with open(self.path("chain.pem"), "wb") as chain:
            for name in ("leaf", "inter"):
                with open(self.path(name + ".pem"), "rb") as part:
                    chain.write(part.read())

    def path(self, name):
        return os.path.join(self.directory, name)

    def openssl(self, *arguments):
        subprocess.run(["openssl", *arguments], check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def key(self, name):
        return ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                "-nodes", "-keyout", self.path(name + ".key"),
                "-subj", "/CN=" + name]

    def make_ca(self, name):
        self.openssl("req", "-x509", *self.key(name), "-days", "30",
                     "-out", self.path(name + ".pem"))

    def issue(self, name, issuer, extensions):
        with open(self.path(name + ".ext"), "w", encoding="ascii") as file:
            file.write(extensions)
        self.openssl("req", "-new", *self.key(name),
                     "-out", self.path(name + ".csr"))
        self.openssl("x509", "-req", "-in", self.path(name + ".csr"),
                     "-CA", self.path(issuer + ".pem"),
                     "-CAkey", self.path(issuer + ".key"),
                     "-CAcreateserial", "-days", "30",
                     "-extfile", self.path(name + ".ext"),
                     "-out", self.path(name + ".pem"))


def read_line(conn):
    line = b""
    while not line.endswith(b"\n"):
        byte = conn.recv(1)
        if not byte:
            break
        line += byte
    return line


class Server(threading.Thread):
    """Say what IMAP says before TLS, then let @inside go on with it."""

    def __init__(self, inside, certificates, clear=True):
        super().__init__(daemon=True)
        self.inside, self.clear = inside, clear
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(certificates.path("chain.pem"),
                                     certificates.path("leaf.key"))
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.seen = {}          # what @inside wants to tell
        self.start()

    def run(self):
        while True:
            try:
                conn, _ = self.listener.accept()
            except OSError:
                self.listener.close()
                return
            threading.Thread(target=self.serve, args=(conn,),
                             daemon=True).start()

    def serve(self, conn):
        try:
            conn.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self.clear:
                conn.sendall(b"* OK ready\r\n")
                if read_line(conn) != b"a1 STARTTLS\r\n":
                    return
                conn.sendall(b"a1 OK go\r\n")
            tls = self.context.wrap_socket(conn, server_side=True,
                                           suppress_ragged_eofs=False)
            with tls:
                self.inside(tls, self.seen)
        except (OSError, ValueError) as trouble:
            self.seen["trouble"] = repr(trouble)
        finally:
            self.seen["over"] = True
            conn.close()

    def stop(self):
        # run() closes it: until it does, nobody else is to have the number
        self.listener.shutdown(socket.SHUT_RDWR)

    def wait(self, what):
        """For something in @seen."""
        end = time.monotonic() + PATIENCE
        while what not in self.seen and time.monotonic() < end:
            time.sleep(0.01)
        return self.seen.get(what)


def receive(tls, seen):
    """Everything until close_notify; ValueError if the stream just ends."""
    parts = []
    try:
        while True:
            part = tls.recv(65536)
            if not part:
                break
            parts.append(part)
    except ssl.SSLEOFError:
        seen["ragged"] = True
        raise ValueError("no close_notify") from None
    seen["close_notify"] = True
    return b"".join(parts)


def echo(tls, seen):
    while True:
        part = tls.recv(65536)
        if not part:
            break
        tls.sendall(part)
    seen["close_notify"] = True
    tls.unwrap()


def answer_later(tls, seen):
    """All the questions first, then the answer."""
    seen["got"] = receive(tls, seen)
    tls.sendall(EVERY_BYTE * 12000)
    tls.unwrap()


def greet(tls, seen):
    tls.sendall(b"* hello\r\n" * 1000)
    receive(tls, seen)
    tls.unwrap()


def cut_off(tls, seen):
    """Data, and then the end of the stream without close_notify."""
    tls.sendall(EVERY_BYTE * 400)
    seen["sent"] = True
    raw = tls.detach()
    os.close(raw)


def answer_and_cut_off(tls, seen):
    """As answer_later(), but for the goodbye."""
    receive(tls, seen)
    tls.sendall(EVERY_BYTE * 400)
    raw = tls.detach()
    os.close(raw)


def reset(tls, seen):
    tls.sendall(b"x" * 1000)
    seen["sent"] = True
    tls.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                   struct.pack("ii", 1, 0))
    raw = tls.detach()
    os.close(raw)


def bye_at_once(tls, seen):
    tls.sendall(b"bye")
    tls.unwrap()
    seen["unwrapped"] = True


def flood(tls, seen):
    """More than anybody wants."""
    try:
        while True:
            tls.sendall(b"x" * 65536)
    except OSError:
        seen["gone"] = True


def imap(tls, seen):
    """A session, as the exchange of check and report wants it."""
    while True:
        line = read_line(tls).split()
        if len(line) < 2:
            return
        seen["last"] = line[1]
        if line[1] == b"LOGOUT":
            tls.sendall(b"* BYE\r\n" + line[0] + b" OK\r\n")
            tls.unwrap()
            return
        tls.sendall(b"* CAPABILITY IMAP4rev1\r\n" + line[0] + b" OK\r\n")


class Silent:
    """A listener that accepts and says nothing, and a port that refuses."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.bound = socket.socket()
        self.bound.bind(("127.0.0.1", 0))
        self.refused = self.bound.getsockname()[1]


def main(*tests):
    """Run them; a parameter's name says what it is."""
    for program in ("openssl", "sh"):
        if shutil.which(program) is None:
            print("1..0 # SKIP %s is missing" % program)
            return 0
    with tempfile.TemporaryDirectory() as directory:
        certificates = Certificates(directory)
        there = {"certificates": certificates,
                 "server": Server(imap, certificates), "silent": Silent()}
        for test in tests:
            test(*[there[name] for name in inspect.signature(test).parameters])
        print("1..%d" % count)
        return failed != 0
