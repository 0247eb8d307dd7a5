#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""What happens inside TLS: servers that know nothing of it, as small as can be.

usage: inside.py PROTOCOL DIR		on standard input and output
       inside.py relay DIR		on a free port of 127.0.0.1

PROTOCOL is smtp, imap, nntp, ftp or pop3, and behind "starttls serve" one run
is one conversation: with a greeting of its own on the dedicated port and
without one after an upgrade, which the environment tells.  relay is smtp that
wants no login, says "listening on 127.0.0.1:PORT", and goes on.

The account is tester, password s3cret-pass.  Mail goes to the maildir DIR/mail.
All that is received is added to DIR/log.
"""

import base64
import itertools
import os
import socketserver
import sys
import time

USER, PASSWORD = "tester", "s3cret-pass"
ARTICLE = """\
Path: localhost!not-for-mail
From: someone@example.test
Newsgroups: local.test
Subject: Inside
Date: Thu, 01 Jan 2026 00:00:00 +0000
Message-ID: <one@example.test>

..Read inside TLS.
""".splitlines()
numbers = itertools.count(1)


class Peer:
    """The client, line by line."""

    def __init__(self, source, sink, directory):
        self.source, self.sink, self.directory = source, sink, directory

    def say(self, *lines):
        for line in lines:
            self.sink.write(line.encode("latin-1") + b"\r\n")
        self.sink.flush()

    def hear(self):
        line = self.source.readline()
        if not line:
            raise EOFError
        with open(self.directory + "/log", "ab") as log:
            log.write(line)
        return line.decode("latin-1").rstrip("\r\n")

    def lines(self):
        while True:
            yield self.hear()

    def commands(self):
        """Pairs: the word, in capitals, and the rest."""
        for line in self.lines():
            word, _, rest = line.partition(" ")
            yield word.upper(), rest

    def block(self):
        lines = []
        while (line := self.hear()) != ".":
            lines.append(line[line.startswith("."):])
        return lines


def is_plain(text):
    given = base64.b64decode(text).decode("latin-1").split("\0")
    return given[1:] == [USER, PASSWORD]


def store(directory, lines):
    name = "%d.%d_%d.localhost" % (time.time(), os.getpid(), next(numbers))
    with open(directory + "/mail/tmp/" + name, "w", encoding="latin-1") as out:
        out.writelines(line + "\n" for line in lines)
    os.rename(directory + "/mail/tmp/" + name, directory + "/mail/new/" + name)


def smtp_auth(peer, mechanism):
    name, _, initial = mechanism.partition(" ")
    if name.upper() == "PLAIN":
        if not initial:
            peer.say("334 ")
            initial = peer.hear()
        return is_plain(initial)
    given = [initial] if initial else []
    for prompt in ("Username:", "Password:")[len(given):]:
        peer.say("334 " + base64.b64encode(prompt.encode()).decode())
        given.append(peer.hear())
    return [base64.b64decode(x).decode() for x in given] == [USER, PASSWORD]


def smtp(peer, greet, is_open=False):
    if greet:
        peer.say("220 localhost ESMTP inside")
    for word, rest in peer.commands():
        if word == "EHLO":
            peer.say("250-localhost inside", "250-8BITMIME",
                     "250 AUTH PLAIN LOGIN")
        elif word == "AUTH":
            is_open = smtp_auth(peer, rest)
            peer.say("235 2.7.0 welcome" if is_open else "535 5.7.8 no")
        elif word in ("HELO", "RSET", "NOOP"):
            peer.say("250 2.0.0 OK")
        elif word == "QUIT":
            peer.say("221 2.0.0 goodbye")
            return
        elif not is_open:
            peer.say("530 5.7.0 authentication required")
        elif word in ("MAIL", "RCPT"):
            peer.say("250 2.1.0 OK")
        elif word == "DATA":
            peer.say("354 go on")
            store(peer.directory, peer.block())
            peer.say("250 2.0.0 stored")
        else:
            peer.say("500 5.5.1 no such command")


def relay(peer, greet):
    smtp(peer, greet, True)


def imap(peer, greet):
    capability = "CAPABILITY IMAP4rev1 AUTH=PLAIN"
    if greet:
        peer.say("* OK [%s] inside" % capability)
    for tag, command in (line.split(" ", 1) for line in peer.lines()):
        word, _, rest = command.partition(" ")
        word = word.upper()
        if word == "CAPABILITY":
            peer.say("* " + capability, tag + " OK done")
        elif word == "LOGIN":
            is_right = rest.replace('"', "").split() == [USER, PASSWORD]
            peer.say(tag + (" OK welcome" if is_right else " NO"))
        elif word == "LOGOUT":
            peer.say("* BYE", tag + " OK goodbye")
            return
        else:
            peer.say(tag + " BAD")


def nntp_article(peer, word, head, body):
    status = {"ARTICLE": 220, "HEAD": 221, "BODY": 222}[word]
    text = {"ARTICLE": head + [""] + body, "HEAD": head, "BODY": body}[word]
    peer.say("%d 1 <one@example.test>" % status, *text, ".")


def nntp(peer, greet):
    head, body = ARTICLE[:ARTICLE.index("")], ARTICLE[ARTICLE.index("") + 1:]
    is_in = False
    if greet:
        peer.say("201 inside")
    for word, rest in peer.commands():
        if word == "CAPABILITIES":
            peer.say("101 capabilities", "VERSION 2", "READER",
                     "AUTHINFO USER", ".")
        elif word == "AUTHINFO" and rest.upper().startswith("USER "):
            peer.say("381 and the password")
        elif word == "AUTHINFO":
            is_in = rest.split()[1:] == [PASSWORD]
            peer.say("281 welcome" if is_in else "481 no")
        elif word == "MODE":
            peer.say("201 no posting")
        elif word == "QUIT":
            peer.say("205 goodbye")
            return
        elif not is_in:
            peer.say("480 authentication required")
        elif word == "GROUP":
            peer.say("211 1 1 1 " + rest)
        elif word in ("ARTICLE", "HEAD", "BODY"):
            nntp_article(peer, word, head, body)
        else:
            peer.say("500 no such command")


def ftp(peer, greet):
    answers = {
        "USER": "331 and the password", "PWD": '257 "/"',
        "SYST": "215 UNIX Type: L8", "PBSZ": "200 PBSZ=0", "PROT": "200 OK",
        "TYPE": "200 OK", "NOOP": "200 OK", "CWD": "250 OK",
        "QUIT": "221 goodbye",
    }
    if greet:
        peer.say("220 inside")
    for word, rest in peer.commands():
        if word == "FEAT":
            peer.say("211-features", " PBSZ", " PROT", "211 end")
        elif word == "PASS":
            peer.say("230 welcome" if rest == PASSWORD else "530 no")
        else:
            peer.say(answers.get(word, "500 no such command"))
        if word == "QUIT":
            return


def pop3(peer, greet):
    if greet:
        peer.say("+OK inside")
    for word, rest in peer.commands():
        if word == "CAPA":
            peer.say("+OK", "USER", ".")
        elif word == "PASS":
            peer.say("+OK welcome" if rest == PASSWORD else "-ERR no")
        elif word == "STAT":
            peer.say("+OK 0 0")
        elif word in ("USER", "NOOP", "QUIT"):
            peer.say("+OK")
        else:
            peer.say("-ERR no such command")
        if word == "QUIT":
            return


def on_standard_input(protocol, directory):
    env = os.environ
    greet = env.get("STARTTLS_SCHEME") != env.get("STARTTLS_PROTOCOL")
    peer = Peer(sys.stdin.buffer, sys.stdout.buffer, directory)
    try:
        protocol(peer, greet)
    except EOFError:
        pass


def on_a_port(protocol, directory):
    class Handler(socketserver.StreamRequestHandler):
        def handle(self):
            try:
                protocol(Peer(self.rfile, self.wfile, directory), True)
            except EOFError:
                pass

    server = socketserver.TCPServer(("127.0.0.1", 0), Handler)
    print("listening on 127.0.0.1:%d" % server.server_address[1], flush=True)
    server.serve_forever()


def main():
    protocol = {"smtp": smtp, "imap": imap, "nntp": nntp, "ftp": ftp,
                "pop3": pop3, "relay": relay}[sys.argv[1]]
    directory = sys.argv[2]
    for name in ("tmp", "new", "cur"):
        os.makedirs(directory + "/mail/" + name, exist_ok=True)
    if protocol is relay:
        on_a_port(protocol, directory)
    else:
        on_standard_input(protocol, directory)


main()
