#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""A mail server in the clear, on port $PORT of 127.0.0.1, for Dovecot to relay
to: the text of the last message goes to a file, byte for byte as it came.

usage: sink.py FILE
"""

import os
import socketserver
import sys


class Sink(socketserver.StreamRequestHandler):
    def say(self, line):
        self.wfile.write(line.encode() + b"\r\n")

    def take(self):
        self.say("354 go on")
        with open(sys.argv[1], "wb") as text:
            for line in self.rfile:
                if line == b".\r\n":
                    break
                text.write(line)
        self.say("250 2.0.0 taken")

    def handle(self):
        self.say("220 localhost ESMTP")
        for line in self.rfile:
            verb = line.split()[0].upper() if line.split() else b""
            if verb == b"EHLO":
                self.say("250-localhost\r\n250-8BITMIME\r\n250 XCLIENT ADDR")
            elif verb == b"DATA":
                self.take()
            elif verb == b"QUIT":
                self.say("221 2.0.0 bye")
                return
            else:
                self.say("250 2.0.0 fine")


socketserver.ThreadingTCPServer.allow_reuse_address = True
socketserver.ThreadingTCPServer.daemon_threads = True
port = int(os.environ["PORT"])
with socketserver.ThreadingTCPServer(("127.0.0.1", port), Sink) as server:
    server.serve_forever()
