# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The libstarttls authors
"""The TLS ends of the scripted server.

Tls is Python's, with memory between it and the connection, so that each
flight can be mangled on its way.  SServer bridges to `openssl s_server` for
what Python cannot do: stapling, TLS 1.3 suites, key updates.
"""

import contextlib
import os
import select
import socket
import ssl
import subprocess
import threading
import time
import warnings

from engine import NEEDED_ALPN, Channel, Over

warnings.simplefilter("ignore", DeprecationWarning)


def records(data):
    """Cut a flight into its records."""
    found = []
    while data:
        size = 5 + int.from_bytes(data[3:5], "big")
        found.append(data[:size])
        data = data[size:]
    return found


def context(mint, chain="good", versions=(None, None), ciphers=None,
            tickets=None, client_cert=None, alpn=(), only_with_sni=None):
    """Make a server's context from the settings of a case."""
    ctx = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ctx.set_ciphers((ciphers or "DEFAULT") + ":@SECLEVEL=0")
    lowest, highest = versions
    ctx.minimum_version = lowest or ssl.TLSVersion.TLSv1_2
    ctx.maximum_version = highest or ssl.TLSVersion.TLSv1_3
    ctx.load_cert_chain(*mint.chain("other-name" if only_with_sni else chain))
    if tickets is not None:
        ctx.num_tickets = tickets
    if client_cert is not None:
        ctx.load_verify_locations(mint.cert("root"))
        ctx.verify_mode = client_cert
    if alpn:
        ctx.set_alpn_protocols(alpn)
    if only_with_sni:
        right = context(mint, chain)

        def choose(connection, name, _):
            if name == only_with_sni:
                connection.context = right
        ctx.sni_callback = choose
    return ctx


class Tls(Channel):
    """A server in TLS.  mangle(flight, number) gives the reply to play in the
    clear instead of the server's flight."""

    noisy = False

    def __init__(self, raw, ctx, mangle=None, abrupt=False):
        super().__init__()
        self.raw, self.mangle, self.abrupt = raw, mangle, abrupt
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.incoming.write(raw.buffer)
        self.tls = ctx.wrap_bio(self.incoming, self.outgoing, True)
        self.flights = 0

    def __enter__(self):
        self._do(self.tls.do_handshake)
        return self

    def __exit__(self, kind, *_):
        if kind is None and not self.abrupt:
            with contextlib.suppress(ssl.SSLError):
                self._do(self.tls.unwrap)

    def _flush(self):
        data = self.outgoing.read()
        if not data:
            return
        if self.mangle:
            data = self.mangle(data, self.flights)
            self.flights += 1
        self.raw.play(data)

    def _do(self, function, *args):
        while True:
            try:
                result = function(*args)
            except ssl.SSLWantReadError:
                self._flush()
                data = self.raw.recv()
                if data:
                    self.incoming.write(data)
                else:
                    self.incoming.write_eof()
            except ssl.SSLError:
                self._flush()
                raise
            else:
                self._flush()
                return result

    def send(self, data):
        for at in range(0, len(data), 16384):
            self._do(self.tls.write, data[at:at + 16384])

    def recv(self):
        try:
            return self._do(self.tls.read, 65536)
        except (ssl.SSLEOFError, ssl.SSLZeroReturnError):
            return b""


class SServer(Channel):
    """A server in TLS that is a process, reached by a socket in a directory.
    Noisy ones take commands (k, K, r) and mix messages with the data."""

    running = set()

    def __init__(self, raw, mint, chain="good", arguments=(), noisy=False):
        super().__init__()
        self.raw, self.noisy = raw, noisy
        # relative, as s_server wants the path of its socket to be short
        name = "s-%d" % raw.port
        issuers = mint.issuers(chain)
        chain, key = mint.chain(chain)
        command = ["openssl", "s_server", "-unix", name, "-naccept", "1",
                   "-cert", chain, "-key", key,
                   *(["-cert_chain", issuers] if issuers else []), *arguments, *([] if noisy else ["-quiet"])]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, cwd=mint.directory)
        SServer.running.add(self.process)
        try:
            self.sock = self._connect(mint.path(name))
        except BaseException:
            self._stop()
            raise
        os.unlink(mint.path(name))
        self.sock.sendall(raw.buffer)
        self.relay = threading.Thread(target=self._relay)
        self.relay.start()

    def _connect(self, path):
        """Connect as soon as the server listens."""
        sock = socket.socket(socket.AF_UNIX)
        while True:
            try:
                sock.connect(path)
                return sock
            except OSError:
                if self.process.poll() is not None:
                    sock.close()
                    raise RuntimeError("s_server did not start")
                self.raw.rest(0.003)

    def _relay(self):
        """Copy between the connection and the process until one ends."""
        try:
            while True:
                left = self.raw.end - time.monotonic()
                for ready in select.select([self.raw.sock, self.sock], [], [],
                                           max(0, left))[0]:
                    if ready is self.sock:
                        data = self.sock.recv(65536)
                        self.raw.send(data)
                    else:
                        data = self.raw.recv()
                        self.sock.sendall(data)
                    if not data:
                        return
                if left < 0:
                    return
        except (OSError, Over, ValueError):
            pass
        finally:
            for sock in (self.sock, self.raw.sock):
                with contextlib.suppress(OSError):
                    sock.shutdown(socket.SHUT_RDWR)

    def _stop(self):
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.kill()
        self.process.wait()
        SServer.running.discard(self.process)

    @classmethod
    def stop_all(cls):
        for process in cls.running:
            process.kill()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        try:
            self.process.stdin.close()     # makes it say close_notify
            self.relay.join()
        except OSError:
            pass
        finally:
            self._stop()
            self.sock.close()

    def send(self, data):
        self.process.stdin.write(data)
        self.process.stdin.flush()

    def recv(self):
        return os.read(self.process.stdout.fileno(), 65536)


def starter(case, mint):
    """How the case starts TLS: a function of the clear channel."""
    settings = dict(case.tls)
    if case.scheme in NEEDED_ALPN:
        settings.setdefault("alpn", NEEDED_ALPN[case.scheme])
    if "staple" in settings:
        response = mint.staple(*settings.pop("staple"))
        settings["s_server"] = ("-status", "-status_file", response)
    if "s_server" in settings:
        arguments = settings.pop("s_server")
        return lambda raw: SServer(raw, mint, arguments=arguments, **settings)
    extra = {k: settings.pop(k) for k in ("mangle", "abrupt")
             if k in settings}
    ctx = context(mint, **settings)
    return lambda raw: Tls(raw, ctx, **extra)
