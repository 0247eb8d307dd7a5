# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The libstarttls authors
"""Hostile, odd and honest clients against `starttls serve`: the run.

A scheme is served by several servers at once: a patient one for most cases,
a brief one for the deadline, one that wants client certificates, one that
runs a program for each client, and one for the crowd.
"""

import collections
import concurrent.futures
import signal
import sys
import threading
import time

import client_clear
import client_hello
import client_inside
import client_load
from certs import Mint
from client_net import (DEDICATED, PROTOCOLS, Context, Elsewhere, Failure,
                        Server, Should, family)
from client_tls import Refused

WORKERS = 40                  # for a scheme
SCHEMES = 3                   # at a time: most of what they do is to wait
PATIENT, BRIEF, CROWD = 40, 2, 4      # seconds, --timeout
# TLS, and the crowd, are the same whatever stands in front of them.
WITH_TLS = ("smtp", "imaps")
SPEAKER = 'echo first; read -r line; echo "got $line"'
SAME = {"echo": "plain"}      # kinds that one server is for
GROWTH = 65536                # KiB that a server may use above its start


def all_cases(scheme, whole):
    """The cases of a scheme; and those that come afterwards, alone."""
    p = PROTOCOLS[DEDICATED.get(scheme, scheme)]
    if scheme in DEDICATED:
        groups = (client_load.cases_dedicated, client_clear.cases_dedicated)
    else:
        groups = (client_load.cases, client_clear.cases)
    some = scheme not in WITH_TLS and not whole
    if some:
        groups += (client_hello.own_cases,)
    else:
        groups += (client_inside.cases, client_hello.cases,
                   client_inside.mutual_cases)
    return ([case for group in groups for case in group(p)],
            [] if some else list(client_load.alone(p)))


class Servers:
    """The servers of a scheme, started when they are first needed."""

    def __init__(self, command, scheme, mint):
        self.command, self.scheme, self.mint = command, scheme, mint
        self.running, self.lock = {}, threading.Lock()

    def settings(self, kind):
        return {
            "plain": (PATIENT,), "brief": (BRIEF,), "load": (CROWD,),
            "mutual": (PATIENT, ("--client-ca", self.mint.trust("root"))),
            "traced": (PATIENT, ("--trace",)),
            "program": (PATIENT, (), ("--", "cat")),
            "speaker": (PATIENT, (), ("--", "sh", "-c", SPEAKER)),
        }[kind]

    def get(self, kind):
        kind = SAME.get(kind, kind)
        with self.lock:
            if kind not in self.running:
                self.running[kind] = Server(
                    self.command, self.scheme, self.mint.chain("good"),
                    *self.settings(kind))
            return self.running[kind]

    def stop(self):
        """End them; give what is wrong with each."""
        for kind, server in self.running.items():
            yield kind, [*self.left_over(server), *server.stop()]

    @staticmethod
    def left_over(server):
        """When all clients are gone: what has not gone with them."""
        grown = server.peak() - server.rss
        if grown > GROWTH:
            yield "used %d KiB more than at its start" % grown
        end = time.monotonic() + 5
        while time.monotonic() < end and (
                server.descriptors() > server.fds or
                len(family(server.pid)) > 1):
            time.sleep(0.05)
        if server.descriptors() > server.fds:
            yield "%d descriptors, %d at its start" % (server.descriptors(),
                                                       server.fds)
        if len(family(server.pid)) > 1:
            yield "%d processes left" % len(family(server.pid))


class External(Servers):
    """Another server, started by somebody else."""

    def __init__(self, port, timeout):
        self.server, self.running = Elsewhere(port, timeout), {}

    def get(self, kind):
        return self.server


class Tap:
    def __init__(self, planned, verbose, strict):
        self.number, self.failed, self.verbose = 0, 0, verbose
        self.strict, self.lock = strict, threading.Lock()
        print("1..%d" % planned, flush=True)

    def report(self, name, wrong, notes=()):
        """wrong is what is, or nothing."""
        soft = isinstance(wrong, Should) and not self.strict
        with self.lock:
            self.number += 1
            self.failed += bool(wrong) and not soft
            lines = ["%s %d - %s" % ("not ok" if wrong and not soft else "ok",
                                     self.number, name)]
            if wrong:
                lines.append("# %s%s" % ("should: " if soft else "", wrong))
            if self.verbose or wrong and not soft:
                lines += ["# " + note for note in notes]
            print("\n".join(lines), flush=True)


    def note(self, text):
        with self.lock:
            print("# " + text, flush=True)


def run(case, scheme, servers, tap):
    name = "%s/%s" % (scheme, case.name)
    started = time.monotonic()
    context, wrong, notes = None, None, []
    try:
        server = servers.get(case.kind)
        context = Context(scheme, server, servers.mint)
        said = case.run(context)
        if said:
            notes.append(said)
        if not server.alive():
            raise Failure("the server is gone: %s" %
                          server.process.returncode)
    except (Failure, Refused) as error:
        wrong = error
    except ConnectionError as error:
        wrong = Failure("connecting: %s" % error)
    except Exception as error:           # a mistake of this suite
        wrong = Failure("the test itself: %r" % error)
    took = time.monotonic() - started
    if context:
        context.close()
        notes += context.show()
    notes.append("%.2f s" % took)
    tap.report(name, wrong, notes)


def work(queues, scheme, servers, tap):
    """Run cases of the first queue, then of the next."""
    for queue in queues:
        while True:
            try:
                case = queue.popleft()
            except IndexError:
                break
            run(case, scheme, servers, tap)


def run_scheme(scheme, servers, cases, alone, tap, quiet):
    # Those that wait come first, but not all of them at once.
    slow = [case for case in cases if case.kind == "brief"]
    rest = [case for case in cases if case.kind != "brief"]
    queues = [collections.deque(slow), collections.deque(rest)]
    threads = [threading.Thread(target=work, daemon=True, args=(
        queues[::1 if number % 2 else -1], scheme, servers, tap))
        for number in range(WORKERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with quiet:
        for case in alone:
            run(case, scheme, servers, tap)
    for kind, wrong in servers.stop():
        tap.report("%s/server-%s" % (scheme, kind),
                   Failure("; ".join(wrong)) if wrong else None)


def main(options, directory):
    """Run what the options say; 0 if all is well."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit(1))
    mint = Mint(directory, client_inside.TABLE)
    runs = []
    for scheme in options.schemes:
        cases, alone = ([case for case in found if options.k in case.name]
                        for found in all_cases(scheme, options.whole))
        runs.append((scheme, cases, alone))
    if options.list:
        for scheme, cases, alone in runs:
            for case in (*cases, *alone):
                print("%s/%s" % (scheme, case.name))
        return 0
    if options.connect:
        for _, cases, alone in runs:
            wanted = ("plain", "brief") if options.timeout else ("plain",)
            cases[:] = [case for case in cases if case.kind in wanted]
            alone.clear()
    servers = [len({SAME.get(case.kind, case.kind)
                    for case in (*cases, *alone)})
               for _, cases, alone in runs if not options.connect]
    tap = Tap(sum(len(cases) + len(alone) for _, cases, alone in runs) +
              sum(servers), options.v, not options.lenient)
    quiet = threading.Lock()

    def serve(row):
        scheme, cases, alone = row
        if options.connect:
            servers = External(options.connect, options.timeout)
            servers.mint = mint
        else:
            servers = Servers(options.command, scheme, mint)
        started = time.monotonic()
        try:
            run_scheme(scheme, servers, cases, alone, tap, quiet)
        finally:
            for server in servers.running.values():
                if server.alive():
                    server.stop()
        tap.note("%s: %.1f s" % (scheme, time.monotonic() - started))
    with concurrent.futures.ThreadPoolExecutor(
            1 if options.connect else SCHEMES) as pool:
        list(pool.map(serve, runs))
    print("# %d of %d failed" % (tap.failed, tap.number), flush=True)
    return bool(tap.failed)
