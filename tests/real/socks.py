#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""A SOCKS5 proxy on port $PORT of 127.0.0.1 that connects to 127.0.0.1 whatever
the name, as long as it is the one expected; it gives a name in its answer, so
that a client has to tell how long that is.

usage: socks.py NAME
"""

import os
import socket
import socketserver
import sys
import threading


def pump(source, sink):
    try:
        while data := source.recv(65536):
            sink.sendall(data)
    except OSError:
        pass
    for end in (source, sink):
        try:
            end.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


class Proxy(socketserver.StreamRequestHandler):
    rbufsize = 0

    def handle(self):
        version, count = self.rfile.read(2)
        methods = self.rfile.read(count)
        if version != 5 or 0 not in methods:
            self.wfile.write(b"\x05\xff")
            return
        self.wfile.write(b"\x05\x00")
        head = self.rfile.read(5)
        name = self.rfile.read(head[4])
        port = int.from_bytes(self.rfile.read(2), "big")
        if head[:4] != b"\x05\x01\x00\x03" or name != sys.argv[1].encode():
            self.wfile.write(b"\x05\x04\x00\x01" + bytes(6))
            return
        with socket.create_connection(("127.0.0.1", port)) as server:
            # answer and first data in one go, as a fast server makes it
            greeting = server.recv(65536)
            self.wfile.write(
                b"\x05\x00\x00\x03\x09localhost\x00\x00" + greeting
            )
            back = threading.Thread(
                target=pump, args=(server, self.connection), daemon=True
            )
            back.start()
            pump(self.connection, server)
            back.join()


socketserver.ThreadingTCPServer.allow_reuse_address = True
socketserver.ThreadingTCPServer.daemon_threads = True
port = int(os.environ["PORT"])
with socketserver.ThreadingTCPServer(("127.0.0.1", port), Proxy) as server:
    server.serve_forever()
