#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""A client of IMAP that resumes: resumes.py CA-FILE PORT 1.2|1.3

Each connection has its line echoed, and says goodbye; all but the first must
resume the session of the one before."""

import socket
import ssl
import sys

VERSIONS = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}


def line_of(sock):
    line = b""
    while not line.endswith(b"\n"):
        byte = sock.recv(1)
        if not byte:
            sys.exit("the server has hung up")
        line += byte
    return line


def connect(context, port, session):
    sock = socket.create_connection(("127.0.0.1", port), timeout=20)
    line_of(sock)
    sock.sendall(b"a STARTTLS\r\n")
    if not line_of(sock).startswith(b"a OK"):
        sys.exit("no go-ahead")
    tls = context.wrap_socket(sock, server_hostname="localhost",
                              session=session)
    tls.sendall(b"hello\r\n")
    if line_of(tls) != b"hello\r\n":
        sys.exit("no echo")
    session, reused = tls.session, tls.session_reused
    tls.unwrap()
    return session, reused


def main():
    context = ssl.create_default_context(cafile=sys.argv[1])
    context.minimum_version = VERSIONS[sys.argv[3]]
    context.maximum_version = VERSIONS[sys.argv[3]]
    session, reused = connect(context, int(sys.argv[2]), None)
    seen = [reused]
    for _ in range(3):
        session, reused = connect(context, int(sys.argv[2]), session)
        seen.append(reused)
    print(seen)
    sys.exit(seen != [False, True, True, True])


main()
