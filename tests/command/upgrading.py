# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The libstarttls authors
"""Servers that come to TLS in the way of any scheme, and go on as they like."""

import socket
import ssl

from serving import PATIENCE, Backend, NAME, path, read_line, reset, run

# before TLS: what the server says, and to each command
CLEAR = {
    "smtp": [b"220 x\r\n", b"250-x\r\n250 STARTTLS\r\n", b"220 go\r\n"],
    "submission": [b"220 x\r\n", b"250-x\r\n250 STARTTLS\r\n", b"220 go\r\n"],
    "imap": [b"* OK x\r\n", b"%s OK go\r\n"],
    "pop3": [b"+OK x\r\n", b"+OK go\r\n"],
    "ftp": [b"220 x\r\n", b"234 go\r\n"],
    "nntp": [b"200 x\r\n", b"382 go\r\n"],
}

GREETINGS = {protocol: lines[0] for protocol, lines in CLEAR.items()}


class Cut(Exception):
    """End as it stands, without close_notify."""


class TLSServer(Backend):
    """Come to TLS in the way of @scheme, and let @inside(conn) go on."""

    def __init__(self, scheme, inside):
        self.scheme, self.inside = scheme, inside
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(path("server.pem"), path("server.key"))
        super().__init__(self.talk)

    def talk(self, conn):
        conn.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self.scheme in CLEAR:
            first, *others = CLEAR[self.scheme]
            conn.sendall(first)
            for reply in others:
                line = read_line(conn)
                if not line:
                    return
                tag = line.split()[0]
                conn.sendall(reply.replace(b"%s", tag))
        self.come_to_tls(conn)

    def come_to_tls(self, conn):
        tls = self.context.wrap_socket(conn.dup(), server_side=True,
                                       suppress_ragged_eofs=False)
        tls.settimeout(PATIENCE)
        if self.scheme not in CLEAR:
            tls.sendall(GREETINGS[self.scheme[:-1]])
        try:
            self.inside(tls)
            tls.unwrap().close()
        except Cut as how:
            if how.args:
                reset(conn)
            tls.close()


def connect_to(server, *options, data=b"", timeout=PATIENCE):
    return run("connect", "--ca-file", path("ca.pem"), "--connect",
               "127.0.0.1:%d" % server.port, "--timeout", "20", *options,
               "%s://%s" % (server.scheme, NAME), data=data, timeout=timeout)


def greeting(scheme):
    return b"" if scheme in CLEAR else GREETINGS[scheme[:-1]]


def schemes():
    for protocol in CLEAR:
        yield protocol, protocol
        yield protocol, protocol + "s"
