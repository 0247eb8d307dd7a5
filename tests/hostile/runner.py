# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The libstarttls authors
"""Run the client against the server of each case and judge what it did."""

import contextlib
import os
import re
import select
import socket
import subprocess
import sys

import channels
import engine
from engine import Case, Channel, Clear, Log, Over

GRACE = 1.5                  # seconds behind the client's own deadline
AT_ONCE = 5                  # what must not take the deadline, takes less

CLEAR = {
    "smtp": rb"EHLO [\w.:\[\]-]+|STARTTLS|QUIT",
    "imap": rb"(\w{1,16}) (?:STARTTLS|CAPABILITY|LOGOUT)",
    "ftp": rb"AUTH TLS|QUIT",
    "nntp": rb"STARTTLS|CAPABILITIES|QUIT",
    "pop3": rb"STLS|QUIT",
    "xmpp": rb"<\?xml [^<>]*><stream:stream to='[\w.]+' [^<>]*>"
            rb"|<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>",
    "nbd": rb"\x00{3}[\x01\x03]|IHAVEOPT\x00{3}\x05\x00{4}",
    "rdp": rb"\x03\x00\x00\x13\x0e\xe0\x00{5}\x01\x00\x08\x00\x03\x00\x00\x00",
    "telnet": rb"\xff\xfb\.|\xff\xfa\.\x01\xff\xf0",
    "ldap": rb"0\x1d\x02\x01\x01w\x18\x80\x161\.3\.6\.1\.4\.1\.1466\.20037",
    "postgres": rb"\x00{3}\x08\x04\xd2\x16/",
    "mysql": rb"\x20\x00\x00\x01\x00\x8a\x00{5}\x01\x2d\x00{23}",
    "lmtp": rb"LHLO [\w.:\[\]-]+|STARTTLS",
    "sieve": rb"STARTTLS",
    "irc": rb"STARTTLS",
    "nut": rb"STARTTLS",
}
INSIDE = {
    "smtp": rb"EHLO [\w.:\[\]-]+|QUIT",
    "imap": rb"\w{1,16} (?:CAPABILITY|LOGOUT)",
    "ftp": rb"FEAT|QUIT",
    "nntp": rb"CAPABILITIES|QUIT",
    "pop3": rb"CAPA|QUIT",
    "xmpp": rb"<\?xml [^<>]*><stream:stream to='[\w.]+' [^<>]*>"
            rb"|</stream:stream>",
    "nbd": rb"IHAVEOPT\x00{3}[\x02\x03]\x00{4}",
    "rdp": rb"",
    "telnet": rb"",
    "ldap": rb"(?s:0\x2a\x02\x01\x02c.*)|0\x05\x02\x01\x03B\x00",
    "postgres": rb"(?s:\x00{3}\)\x00\x03.*starttls\x00\x00)",
    "mysql": rb"(?s:@\x00\x00\x02\x00\x8a\x08.*starttls.*)",
    "lmtp": rb"LHLO [\w.:\[\]-]+|QUIT",
    "sieve": rb"CAPABILITY|LOGOUT",
    "irc": rb"QUIT :bye",
    "nut": rb"VER|LOGOUT",
    "xmpp-server": rb"<\?xml [^<>]*><stream:stream [^<>]*to='[\w.]+' [^<>]*>"
                   rb"|</stream:stream>",
    "https": rb"HEAD / HTTP/1\.1\r\nHost: [\w.]+\r\nConnection: close\r\n\r\n",
    "tls": rb"",
}


class Gone(Exception):
    """A launcher has ended, which says nothing about the client."""


class Launcher:
    """A small process that starts clients, one at a time."""

    def __init__(self):
        self.process = None
        self.begin()

    def begin(self):
        here = os.path.dirname(os.path.abspath(__file__))
        self.process = subprocess.Popen(
            [sys.executable, "-I", "-S", os.path.join(here, "launch.py")],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            start_new_session=True)

    def start(self, seconds, output, argv):
        try:
            print(seconds, output, *argv, sep="\t", file=self.process.stdin,
                  flush=True)
        except BrokenPipeError:
            raise Gone from None

    def fileno(self):
        return self.process.stdout.fileno()

    def result(self):
        answer = self.process.stdout.readline()
        if not answer:
            raise Gone
        if answer.startswith("failed"):
            raise RuntimeError(answer)
        status, seconds, rss = answer.split()
        return int(status), float(seconds), int(rss)

    def stop(self):
        try:
            os.killpg(self.process.pid, 9)
        except ProcessLookupError:
            pass
        self.process.wait()


class Suite:
    def __init__(self, client, mint):
        self.client, self.mint = client, mint
        self.usual_rss = {}

    def run(self, case, launcher):
        """Run one case; give what is wrong with it, and the log."""
        log = Log()
        start = channels.starter(case, self.mint)     # mints before the clock
        output = self.mint.path("output-%d" % launcher.process.pid)
        with socket.create_server(("127.0.0.1", 0)) as listener:
            launcher.start(case.timeout + GRACE + 2, output,
                           self.command(case, listener.getsockname()[1]))
            try:
                served = self.serve(case, listener, launcher, log, start)
            finally:
                status, log.seconds, log.rss = launcher.result()
            again = bool(select.select([listener], [], [], 0)[0])
        with open(output, "rb") as file:
            log.output = file.read()
        log.code = os.waitstatus_to_exitcode(status)
        wrong = list(self.judge(case, log))
        if not served:
            wrong.append("it did not connect")
        if again:
            wrong.append("it connected again")
        return wrong, log

    def command(self, case, port):
        trust = []
        if case.trust:
            trust = ["--ca-file", self.mint.trust(case.trust)]
        return [self.client, "check", *trust, "--timeout", str(case.timeout),
                "--connect", "127.0.0.1:%d" % port, *case.arguments,
                "%s://%s" % (case.scheme, case.name)]

    @staticmethod
    def serve(case, listener, launcher, log, start):
        """Play the server's part, once the client has connected."""
        if listener not in select.select([listener, launcher], [], [])[0]:
            return False
        sock, _ = listener.accept()
        with sock:
            clear = Clear(sock, case.timeout + GRACE + 1, log)
            with contextlib.suppress(Over, OSError):     # also those of TLS
                engine.talk(case, clear, log, start)
            with contextlib.suppress(Over, OSError):     # say it all
                engine.fin(clear)
        return True

    def judge(self, case, log):
        """Say all that is wrong with the end of a client."""
        if log.code not in case.exits:
            yield "exit status %d, not %s" % (log.code, sorted(case.exits))
        limit = case.timeout + GRACE if case.late else AT_ONCE
        if log.seconds > limit:
            yield "took %.1f s, not %.1f" % (log.seconds, limit)
        if log.code == 6 and log.seconds < 0.9 * case.timeout:
            yield "timeout after only %.1f s" % log.seconds
        yield from self.judge_output(log.code, log.output)
        yield from self.judge_sent(case, log)
        usual = self.usual_rss.get(case.family, log.rss)
        if log.rss > usual + case.growth:
            yield "used %d KiB, a good run %d" % (log.rss, usual)
        if case.judge:
            wrong = case.judge(log)
            if wrong:
                yield wrong

    @staticmethod
    def judge_output(code, output):
        text = output.decode("utf-8", "surrogateescape")
        bad = re.findall("[\0-\x08\x0b-\x1f\x7f-\x9f\udc80-\udc9f]", text)
        if bad:
            yield "control characters in its output: %a" % bad[:8]
        if len(output) > 8192:
            yield "%d bytes of output" % len(output)
        if code and not output:
            yield "failed without a word"

    @staticmethod
    def judge_sent(case, log):
        for name, lines, table in (("the clear", log.clear, CLEAR),
                                   ("TLS", log.inside, INSIDE)):
            for line in lines:
                end = (b"" if case.protocol.size else
                       b"\n" if case.family == "nut" else b"\r\n")
                if not re.fullmatch(b"(?:%s)%s" % (
                        table[case.family], end), line):
                    yield "sent in %s: %a" % (name, line[:80])
        for record in channels.records(log.behind):
            if record[0] not in engine.TLS_RECORD:
                yield "sent %a behind the ClientHello" % record[:20]
                break

    def good(self, scheme, launcher):
        """An honest server; from it learn the usual memory and tag."""
        case = Case("good/" + scheme, scheme, frozenset({0}), {})
        wrong, log = self.run(case, launcher)
        self.usual_rss.setdefault(case.family, log.rss)
        if case.family == "imap" and log.clear:
            Channel.tag = log.clear[-1].split(b" ")[0]
        return case, wrong, log


def show(log):
    """Diagnostics of a case for people."""
    text = log.output.decode("utf-8", "backslashreplace")
    lines = ["client: %s" % line.encode("unicode_escape").decode()
             for line in text.splitlines()]
    lines += ["clear:  %a" % line for line in log.clear]
    lines += ["in TLS: %a" % line for line in log.inside]
    return lines
