# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The libstarttls authors
"""What the tests of starttls-exporter have in common.

The servers that are probed are starttls serve, and scripts, on free ports of
127.0.0.1.  STARTTLS names the program that is next to the one under test; the
result is TAP.  Arguments are parts of the names of the tests to run."""

import html.parser
import http.client
import os
import subprocess
import threading
import urllib.parse

import serving
from serving import (
    NAME, PATIENCE, STARTTLS, Backend, Server, issue_dated, pair,
    parse_metrics, path, read_all, read_line)

TOP = os.environ.get("abs_top_srcdir") or os.path.join(
    os.path.dirname(os.path.abspath(__file__)), "..", "..")
HELLO = os.path.join(TOP, "examples", "imap-hello.sh")
EXPORTER = STARTTLS + "-exporter"
PASSWORD = "s3cret-pass"


def write(name, text, mode=0o644):
    with open(path(name), "w", encoding="utf-8") as file:
        file.write(text)
    os.chmod(path(name), mode)
    return path(name)


def execute(*arguments):
    """The exporter, when it is to end by itself."""
    try:
        done = subprocess.run([EXPORTER, *arguments], timeout=PATIENCE,
                              stdin=subprocess.DEVNULL, check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    except subprocess.TimeoutExpired:
        return None, b"", b"it hangs"
    return done.returncode, done.stdout, done.stderr


def config(exporter="allow = *://127.0.0.1:*", module="timeout = 20",
           more=""):
    return "[exporter]\n%s\n[module default]\nca-file = %s\n%s\n%s\n" % (
        exporter, path("ca.pem"), module, more)


class Exporter(Server):
    """One that runs, with a configuration of its own."""

    program = EXPORTER

    def __init__(self, text=None, *arguments, **more):
        self.file = write("exporter.conf", text or config())
        super().__init__("--config", self.file, "--listen", "127.0.0.1:0",
                         *arguments, **more)

    def get(self, where, method="GET", **headers):
        """Status, headers and text of an answer."""
        conn = http.client.HTTPConnection("127.0.0.1", self.port,
                                          timeout=PATIENCE)
        try:
            conn.request(method, where, headers={
                name.replace("_", "-"): value
                for name, value in headers.items()})
            answer = conn.getresponse()
            return answer.status, answer.headers, answer.read().decode()
        finally:
            conn.close()

    def probe(self, target, module=None, **headers):
        query = {"target": target, **({"module": module} if module else {})}
        return self.get("/probe?" + urllib.parse.urlencode(query), **headers)

    def samples(self, target, module=None, **headers):
        """{name: [(labels, value)]} of a probe that was taken."""
        status, _, text = self.probe(target, module, **headers)
        if status != 200:
            raise ValueError("%d %s" % (status, text))
        return parse_metrics(text)

    def own(self, name, **labels):
        """A sample of /metrics; None: there is none such."""
        for found, value in parse_metrics(self.get("/metrics")[2]).get(
                name, []):
            if found == labels:
                return value
        return None

    def refused(self, cause):
        return self.own("starttls_exporter_refused_total", cause=cause)

    def running_probes(self):
        return self.own("starttls_exporter_probes_running")


def one_line(text):
    return text.count("\n") == 1 and text.endswith("\n")


def good(identity="server", url="imap://" + NAME):
    return "imap%s://127.0.0.1:%d" % (
        "s" if url.startswith("imaps") else "",
        Server("serve", *pair(identity), url, "--", HELLO).port)


def refusing():
    """A server that does not want TLS."""
    def serve(conn):
        conn.sendall(b"* OK ready\r\n")
        read_line(conn)
        conn.sendall(b"a1 NO not today\r\n")
        read_all(conn)

    return "imap://127.0.0.1:%d" % Backend(serve).port


class Silent:
    """A server that says nothing until it is let go."""

    def __init__(self):
        self.free, self.met = threading.Event(), 0
        self.url = "imap://127.0.0.1:%d" % Backend(self.serve).port

    def serve(self, conn):
        self.met += 1
        self.free.wait(PATIENCE)
        conn.sendall(b"* BYE\r\n")


def in_threads(count, work):
    """What @work returned, that many times at once."""
    results = []
    threads = [threading.Thread(target=lambda: results.append(work()))
               for _ in range(count)]
    for thread in threads:
        thread.start()
    return threads, results


class Page(html.parser.HTMLParser):
    """A page whose tags are closed in their order; its rows, as texts, with
    the links."""

    EMPTY = ("meta",)

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.open, self.tags, self.rows, self.links = [], set(), [], []
        self.wrong = []
        self.feed(text)
        self.close()
        self.wrong += self.open

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.open.append(tag)
        if tag == "tr":
            self.rows.append([])
        if tag == "td":
            self.rows[-1].append("")
        for name, value in attrs:
            if (name, tag) not in (("lang", "html"), ("href", "a"),
                                   ("charset", "meta")):
                self.wrong.append(name)
            if name == "href":
                self.links.append(value)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        self.open.pop()

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.wrong.append("/" + tag)

    def handle_data(self, data):
        if "td" in self.open:
            self.rows[-1][-1] += data


def login(source):
    return config(more="[module login]\nca-file = %s\nlogin = yes\n"
                  "user = joe\ntimeout = 20\n%s" % (path("ca.pem"), source))


def main(tests):
    made = serving.make_certificates

    def make_all():
        made()
        issue_dated("expired", "20200101000000Z", "20200301000000Z")

    serving.make_certificates = make_all
    serving.main(tests)
