#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Hold a scripted conversation many times, and end the input with its last
line: nothing of the server's may be missing.

usage: pipeline.py TIMES COMMAND [ARGUMENT ...] <SCRIPT
       pipeline.py TIMES :PORT <SCRIPT

The conversation is with a command, whose status has to be 0, or with a port of
127.0.0.1, which has to end without a reset.  Lines "C: text" of the script that
follow each other are sent at once; a line "S: pattern" waits for a line in which
the regular expression is found.  At the last "C:" line the input ends.  Each
conversation may take 20 seconds.  Status 0 if all of them came true.
"""

import re
import signal
import socket
import subprocess
import sys


def parse(lines):
    """[(what to send, patterns to wait for)]"""
    steps = [(b"", [])]
    for line in lines:
        kind, _, text = line.rstrip("\n").partition(" ")
        if kind == "S:":
            steps[-1][1].append(text)
        elif steps[-1][1]:
            steps.append((text.encode() + b"\r\n", []))
        else:
            steps[-1] = (steps[-1][0] + text.encode() + b"\r\n", [])
    return steps


class Command:
    def __init__(self, arguments):
        self.process = subprocess.Popen(
            arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.lines = self.process.stdout

    def send(self, data, is_last):
        self.process.stdin.write(data)
        self.process.stdin.flush()
        if is_last:
            self.process.stdin.close()

    def end(self):
        if self.process.wait() != 0:
            raise EOFError("status %d" % self.process.returncode)

    def close(self):
        self.process.kill()
        self.process.wait()
        self.lines.close()


class Port:
    def __init__(self, number):
        self.conn = socket.create_connection(("127.0.0.1", number))
        self.lines = self.conn.makefile("rb")

    def send(self, data, is_last):
        self.conn.sendall(data)
        if is_last:
            self.conn.shutdown(socket.SHUT_WR)

    def end(self):
        pass

    def close(self):
        self.lines.close()
        self.conn.close()


def hold(peer, steps, heard):
    for number, (data, patterns) in enumerate(steps):
        peer.send(data, number == len(steps) - 1)
        for pattern in patterns:
            for line in peer.lines:
                heard.append(line)
                if re.search(pattern, line.decode("latin-1").rstrip("\r\n")):
                    break
            else:
                raise EOFError("the end came before %r" % pattern)
    heard += peer.lines
    peer.end()


def expired(*_):
    raise TimeoutError("20 seconds have passed")


def main(times, arguments):
    steps = parse(sys.stdin)
    signal.signal(signal.SIGALRM, expired)
    failures = 0
    for _ in range(times):
        heard = []
        peer = None
        signal.alarm(20)
        try:
            peer = Port(int(arguments[0][1:])) if arguments[0][0] == ":" \
                else Command(arguments)
            hold(peer, steps, heard)
        except (OSError, EOFError) as error:
            failures += 1
            print("%s: %s, behind %r" % (type(error).__name__, error,
                                         heard[-2:]))
        finally:
            signal.alarm(0)
            if peer is not None:
                peer.close()
    print("%d of %d failed" % (failures, times))
    return failures != 0


sys.exit(main(int(sys.argv[1]), sys.argv[2:]))
