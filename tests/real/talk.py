#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Hold a scripted conversation with a command over its input and output.

usage: talk.py COMMAND [ARGUMENT ...] <SCRIPT

A script line "C: text" is sent to the command as a line that ends in CR LF.
A line "S: pattern" waits for a line of the command's in which the regular
expression is found; lines before it may be anything.  "C| text" and "S| pattern"
are the same for what has no lines.  At the end of the script
the command's input is closed, and the command has to end with status 0, or with
that of a script line "= status".  All of it may take 20 seconds.  Prints what
was said; status 0 if all of it came true.
"""

import re
import signal
import subprocess
import sys


def expired(*_):
    raise TimeoutError("20 seconds have passed")


def say(command, line, end=b"\r\n"):
    print("C:", line)
    command.stdin.write(line.encode() + end)
    command.stdin.flush()


def hear(command, pattern):
    for line in command.stdout:
        text = line.decode("latin-1").rstrip("\r\n")
        print("S:", text)
        if re.search(pattern, text):
            return
    raise EOFError("the end came first")


def hear_bytes(command, pattern):
    text = ""
    while data := command.stdout.read1(4096):
        text += data.decode("latin-1")
        if re.search(pattern, text):
            print("S:", text)
            return
    raise EOFError("the end came first, behind " + text)


def talk(command):
    status = 0
    for line in sys.stdin:
        kind, _, text = line.rstrip("\n").partition(" ")
        try:
            if kind == "C:":
                say(command, text)
            elif kind == "S:":
                hear(command, text)
            elif kind == "C|":
                say(command, text, b"")
            elif kind == "S|":
                hear_bytes(command, text)
            elif kind == "=":
                status = int(text)
            else:
                raise ValueError("not a line of a script")
        except (OSError, EOFError, ValueError) as error:
            sys.exit(f"talk.py: at {line.strip()!r}: {error}")
    command.stdin.close()
    for line in command.stdout:
        print("S:", line.decode("latin-1").rstrip("\r\n"))
    if command.wait() != status:
        sys.exit(f"talk.py: the command ended with {command.returncode}")


sys.stdout.reconfigure(line_buffering=True)
signal.signal(signal.SIGALRM, expired)
signal.alarm(20)
command = subprocess.Popen(
    sys.argv[1:], stdin=subprocess.PIPE, stdout=subprocess.PIPE
)
try:
    talk(command)
except TimeoutError as error:
    sys.exit(f"talk.py: {error}")
finally:
    command.kill()
