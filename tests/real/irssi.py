#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The libstarttls authors
"""irssi as a client: irssi.py PORT CA-FILE

It upgrades by STARTTLS, verifies the server, and registers inside; the server of
the tests, which wants TLS of its own, answers that with a goodbye.  As irssi wants
a terminal, this is one.  Status 0: the answer is on it.
"""

import os
import pty
import re
import select
import sys
import tempfile
import time

LIMIT = 20
CONFIG = """
servers = ( { address = "localhost"; chatnet = "test"; port = "%s";
    use_tls = "no"; starttls = "yes"; tls_verify = "yes"; tls_cafile = "%s";
    autoconnect = "yes"; } );
chatnets = { test = { type = "IRC"; }; };
settings = { core = { nick = "tester"; user_name = "tester"; }; };
"""


def read_until(terminal, pattern, end):
    """What it has shown, without escapes; ends with the program, too."""
    shown = b""
    while time.monotonic() < end:
        if not select.select([terminal], [], [], end - time.monotonic())[0]:
            break
        try:
            shown += os.read(terminal, 65536)
        except OSError:
            break
        if re.search(pattern, re.sub(rb"\x1b\[[0-9;?]*[A-Za-z]", b" ", shown)):
            return True, shown
    return False, shown


def main(port, ca, home):
    with open(os.path.join(home, "config"), "w") as file:
        file.write(CONFIG % (port, ca))
    pid, terminal = pty.fork()
    if pid == 0:
        os.environ["TERM"] = "xterm"
        os.execvp("irssi", ["irssi", "--home=" + home])
    end = time.monotonic() + LIMIT
    answered, shown = read_until(terminal, rb"Closing\s+link", end)
    os.write(terminal, b"/quit\r")
    read_until(terminal, rb"(?!)", end)
    os.waitpid(pid, 0)
    if not answered:
        print(ascii(shown[-2000:]))
    return not answered


with tempfile.TemporaryDirectory(prefix="irssi-") as directory:
    status = main(*sys.argv[1:3], directory)
sys.exit(status)
