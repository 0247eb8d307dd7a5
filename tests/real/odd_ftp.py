#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""An FTP server on port $PORT of 127.0.0.1 whose data channels are odd.  The
user's name says how:

    fine    nothing is odd
    fresh   a full handshake with the certificate of the control connection
    other   a full handshake with another certificate of the same name
    cut     the connection ends without close_notify, and all is said to be well
    failed  a file that ends as it should, and was not sent whole, as the reply
            says
    away    EPSV names a port where nobody is

usage: odd_ftp.py CHAIN KEY OTHER-CHAIN OTHER-KEY
"""

import os
import socket
import socketserver
import ssl
import sys

REPLIES = {b"PASS": b"230 in", b"PBSZ": b"200 fine", b"PROT": b"200 fine",
           b"TYPE": b"200 fine", b"USER": b"331 password", b"QUIT": b"221 bye"}


def context(chain, key):
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(chain, key)
    return made


class Server(socketserver.BaseRequestHandler):
    def say(self, line):
        self.control.sendall(line + b"\r\n")

    def transfer(self, listener, verb):
        self.say(b"150 here it comes")
        raw, _ = listener.accept()
        wanted = {"fresh": context(*sys.argv[1:3]),
                  "other": context(*sys.argv[3:5])}
        try:
            data = wanted.get(self.user, usual).wrap_socket(
                raw, server_side=True)
            if verb == b"STOR":
                while data.recv(65536):
                    pass
            else:
                data.sendall(b"half of it\n")
            if self.user != "cut":
                data.unwrap()
            data.close()
        except (ssl.SSLError, OSError):
            self.say(b"425 no data channel")
            return
        self.say(b"426 failed" if self.user == "failed" else b"226 all well")

    def listen(self):
        listener = socket.create_server(("127.0.0.1", 0))
        port = listener.getsockname()[1]
        if self.user == "away":
            listener.close()
        self.say(b"229 there (|||%d|)" % port)
        return listener

    def handle(self):
        self.request.sendall(b"220 hello\r\n")
        if self.request.recv(1024) != b"AUTH TLS\r\n":
            return
        self.request.sendall(b"234 go ahead\r\n")
        self.control = usual.wrap_socket(self.request, server_side=True)
        self.user = None
        listener = None
        for line in self.control.makefile("rb"):
            verb, _, argument = line.strip().partition(b" ")
            if verb == b"USER":
                self.user = argument.decode()
            if verb == b"EPSV":
                listener = self.listen()
            elif verb in (b"STOR", b"RETR"):
                self.transfer(listener, verb)
            else:
                self.say(REPLIES.get(verb, b"502 what?"))


usual = context(*sys.argv[1:3])
socketserver.ThreadingTCPServer.allow_reuse_address = True
socketserver.ThreadingTCPServer.daemon_threads = True
with socketserver.ThreadingTCPServer(
        ("127.0.0.1", int(os.environ["PORT"])), Server) as server:
    server.serve_forever()
