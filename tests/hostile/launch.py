# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The libstarttls authors
"""Start one client at a time and report how it ended and what it used.

Linux counts the memory of the process that forked towards the child's
ru_maxrss, so clients are started from this small interpreter and not from
the test itself.  One request a line on stdin, separated by tabs: the
seconds after which to kill, the output file, the command.  One answer a line
on stdout: the wait status, the seconds it took and the peak memory in KiB; or
"failed" and why, if it could not be started.
"""

import os
import signal
import sys
import time


def run(limit, output, argv):
    to_file = [(os.POSIX_SPAWN_OPEN, 0, "/dev/null", os.O_RDONLY, 0),
               (os.POSIX_SPAWN_OPEN, 1, output,
                os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600),
               (os.POSIX_SPAWN_DUP2, 1, 2)]
    start = time.monotonic()
    pid = os.posix_spawnp(argv[0], argv, os.environ, file_actions=to_file,
                          setsigdef=[signal.SIGPIPE])

    def late(*_):
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:   # it has just ended
            pass
    signal.signal(signal.SIGALRM, late)
    signal.setitimer(signal.ITIMER_REAL, limit)
    _, status, usage = os.wait4(pid, 0)
    signal.setitimer(signal.ITIMER_REAL, 0)
    return status, time.monotonic() - start, usage.ru_maxrss


for request in sys.stdin:
    seconds, path, *command = request.rstrip("\n").split("\t")
    try:
        print(*run(float(seconds), path, command), flush=True)
    except OSError as error:
        print("failed", error, flush=True)
