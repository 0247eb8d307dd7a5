#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Relay connections to a port of 127.0.0.1 so that they come from 127.0.0.2.

usage: elsewhere.py PORT
"""

import socket
import sys
import threading


def pump(source, sink):
    try:
        while data := source.recv(65536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        sink.close()


listener = socket.create_server(("127.0.0.1", 0))
print("listening on 127.0.0.1:%d" % listener.getsockname()[1], flush=True)
while True:
    client, _ = listener.accept()
    server = socket.create_connection(("127.0.0.1", int(sys.argv[1])),
                                      source_address=("127.0.0.2", 0))
    for ends in (client, server), (server, client):
        threading.Thread(target=pump, args=ends, daemon=True).start()
