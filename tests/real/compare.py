#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The libstarttls authors
"""What starttls check says of a server, and what others say of the same one.

    compare.py config TLS    print a configuration for the blackbox exporter
    compare.py run TLS       compare; the result is TAP

TLS is a directory with certificates, BLACKBOX the exporter's port, and the
servers are in REAL_IMAP and so on, as compare.test starts them.

Where all are able to tell, they have to tell the same.  What differs is
asserted as well, so that this file stays the truth about it; doc/cookbook.md
says it in words:

- The exporter gives no end of validity and no reason when a certificate is not
  accepted, as Go's library hands out no certificate then.
- Its probe_ssl_last_chain_expiry_timestamp_seconds is that of the path that was
  validated, with the root.  We say when the first of those ends that were sent.
- It has no times for phases, and passes over cleartext behind the go-ahead.
- The plugins do not verify: they take wrong names, strangers' signatures and
  certificates that are not valid yet for good ones, and those that have expired
  too unless they are asked for the days.
- They know STARTTLS with SMTP only.
- "-D 30" warns with 30 days left, "days=30" with fewer than 30; and theirs are
  those of the certificate, ours those of its path.
"""

import calendar
import json
import os
import re
import shutil
import signal
import ssl
import subprocess
import tempfile
import sys
import time
import urllib.parse
import urllib.request

sys.dont_write_bytecode = True
TOP = os.environ.get("abs_top_srcdir") or os.path.join(
    os.path.dirname(os.path.abspath(__file__)), "..", "..")
sys.path.insert(0, os.path.join(TOP, "tests", "command"))
import serving  # noqa: E402 pylint: disable=wrong-import-position
from serving import Backend, Server, result, run  # noqa: E402 pylint: disable=wrong-import-position

HELLO = os.path.join(TOP, "examples", "imap-hello.sh")
PLUGINS = "/usr/lib/nagios/plugins"
TLS = ""
# protocol, how blackbox comes to TLS, what it says inside
DIALOGS = {
    "imap": ([("^\\* OK", None), (None, "a STARTTLS"), ("^a OK", None)],
             [(None, "b LOGOUT"), ("^b OK", None)]),
    "pop3": ([("^\\+OK", None), (None, "STLS"), ("^\\+OK", None)],
             [(None, "QUIT"), ("^\\+OK", None)]),
    "smtp": ([("^220", None), (None, "EHLO localhost"), ("STARTTLS", None),
              (None, "STARTTLS"), ("^220", None)],
             [(None, "QUIT"), ("^221", None)]),
    "ftp": ([("^220", None), (None, "AUTH TLS"), ("^234", None)],
            [(None, "QUIT"), ("^221", None)]),
    "nntp": ([("^20[01]", None), (None, "STARTTLS"), ("^382", None)],
             [(None, "QUIT"), ("^205", None)]),
}
DIALOGS["submission"] = DIALOGS["smtp"]
VERSIONS = {"imap": "1.2", "pop3": "1.2", "submission": "1.2"}
# those that can come to TLS by themselves: STARTTLS is known to one only
PLUGIN_OF = {
    "smtp": ["check_smtp", "-S"], "submission": ["check_smtp", "-S"],
    "smtps": ["check_ssmtp"], "submissions": ["check_ssmtp"],
    "imaps": ["check_imap", "-S"], "pop3s": ["check_pop", "-S"],
    "ftps": ["check_ftp", "-S"], "nntps": ["check_nntps"],
}


# ---- the others -------------------------------------------------------------

def steps(dialog):
    """For blackbox, which ends what it sends with a bare LF."""
    return [{"expect": expect} if send is None else {"send": send + "\r"}
            for expect, send in dialog]


def module(protocol, dedicated, name="localhost", authority="ca.pem"):
    before, inside = DIALOGS[protocol]
    greeting = before[:1] if dedicated else []
    dialog = steps(greeting + inside) if dedicated else \
        steps(before) + [{"starttls": True}] + steps(inside)
    return {"prober": "tcp", "timeout": "20s", "tcp": {
        "preferred_ip_protocol": "ip4", "tls": dedicated,
        "query_response": dialog, "tls_config": {
            "ca_file": os.path.join(TLS, authority), "server_name": name}}}


def config():
    """JSON is YAML."""
    modules = {}
    for protocol in DIALOGS:
        modules[protocol] = module(protocol, False)
        modules[protocol + "s"] = module(protocol, True)
    for scheme in ("imap", "imaps"):
        modules[scheme + "_name"] = module("imap", scheme != "imap",
                                           name="wrong.example.test")
        modules[scheme + "_authority"] = module("imap", scheme != "imap",
                                                authority="other.pem")
    return json.dumps({"modules": modules}, indent=1)


def samples(text):
    """{name: [(labels, value)]} of Prometheus' text format."""
    found = {}
    for name, labels, value in re.findall(
            r"^([a-z0-9_]+)(?:\{(.*)\})? (\S+)$", text, re.MULTILINE):
        found.setdefault(name, []).append((dict(re.findall(
            r'(\w+)="((?:[^"\\]|\\.)*)"', labels)), float(value)))
    return found


def one(of, name, label=None):
    """The value, or a label, of the only sample; None if there is none."""
    got = of.get(name, [])
    if len(got) != 1:
        return None
    return got[0][1] if label is None else got[0][0].get(label)


def blackbox(name, port, debug=False):
    query = {"module": name, "target": "127.0.0.1:%s" % port}
    if debug:
        query["debug"] = "true"
    with urllib.request.urlopen("http://127.0.0.1:%s/probe?%s" % (
            os.environ["BLACKBOX"], urllib.parse.urlencode(query)),
                                timeout=60) as reply:
        text = reply.read().decode("utf-8")
    return text if debug else samples(text)


def plugin(command, port, *arguments):
    """Status and output."""
    done = subprocess.run(
        [os.path.join(PLUGINS, command[0]), "-H", "127.0.0.1", "-p",
         str(port), "-t", "20", *command[1:], *arguments],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, check=False)
    return done.returncode, done.stdout.decode("utf-8", "replace")


def plugin_date(text):
    """The end of validity, as it says it."""
    found = re.search(r"(\w{3} \w{3} +\d+ \d\d:\d\d:\d\d \d{4}) \+0000", text)
    return found and calendar.timegm(time.strptime(
        found.group(1), "%a %b %d %H:%M:%S %Y"))


# ---- ours -------------------------------------------------------------------

def ours(scheme, port, name="localhost", authority="ca.pem", *arguments):
    return run("check", "--ca-file", os.path.join(TLS, authority),
               "--timeout", "20", "--connect", "127.0.0.1:%s" % port,
               *arguments, "%s://%s" % (scheme, name))


def our_metrics(*arguments):
    status, out, _ = ours(*arguments, "--format", "prometheus")
    return status, {name[9:]: value for name, value in
                    samples(out.decode("utf-8")).items()}


def our_plugin(scheme, port, *limits):
    """Status, days left, text."""
    status, out, _ = ours(scheme, port, "localhost", "ca.pem", "--format",
                          "nagios", *limits)
    found = re.search(rb" days=(-?\d+);", out)
    return status, found and int(found.group(1)), out.decode("utf-8")


def named_plugin(scheme, port, *options):
    """As our_plugin, by the name and with the options of a plugin."""
    with tempfile.TemporaryDirectory() as folder:
        name = os.path.join(folder, "check_starttls")
        os.symlink(serving.STARTTLS, name)
        done = subprocess.run(
            [name, "-H", "localhost", "-I", "127.0.0.1", "-p", str(port),
             "-P", scheme, "-t", "20", "--ca-file",
             os.path.join(TLS, "ca.pem"), *options], check=False,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
    return done.returncode, done.stdout.decode("utf-8")


# ---- what is to be told -----------------------------------------------------

def end_of(name):
    """notAfter, as openssl tells it."""
    done = subprocess.run(["openssl", "x509", "-noout", "-enddate", "-in",
                           os.path.join(TLS, name)], check=True,
                          stdout=subprocess.PIPE)
    return calendar.timegm(time.strptime(done.stdout.decode().strip(),
                                         "notAfter=%b %d %H:%M:%S %Y GMT"))


def servers():
    """Scheme and port of those that run."""
    found = []
    for protocol in DIALOGS:
        for scheme in (protocol, protocol + "s"):
            port = os.environ.get("REAL_" + scheme.upper())
            if port:
                found.append((scheme, port))
    return found


def test_good():
    """Both succeed; both tell the same ends, certificate and version."""
    for scheme, port in servers():
        theirs = blackbox(scheme, port)
        status, mine = our_metrics(scheme, port, "localhost", "ca.pem")
        result(one(theirs, "probe_success") == 1 and status == 0 and
               one(mine, "up") == one(mine, "verified") == 1 and
               "failure" not in mine, "%s: both say it is fine" % scheme,
               "%s\n%s\n%s" % (theirs, status, mine))
        result(one(theirs, "probe_ssl_earliest_cert_expiry") ==
               one(mine, "certificate_chain_not_after_timestamp_seconds") ==
               end_of("intermediate.pem"),
               "%s: the same first end of those that were sent" % scheme,
               "%s\n%s" % (theirs, mine))
        result(one(theirs, "probe_ssl_last_chain_expiry_timestamp_seconds") ==
               end_of("ca.pem") and
               one(mine, "certificate_not_after_timestamp_seconds") ==
               end_of("server.pem"), "%s: they tell the end of the path with "
               "its root, and we that of the leaf" % scheme,
               "%s\n%s" % (theirs, mine))
        result(one(theirs, "probe_ssl_last_chain_info",
                   "fingerprint_sha256") is not None and
               one(theirs, "probe_ssl_last_chain_info",
                   "fingerprint_sha256") ==
               one(mine, "certificate_info", "fingerprint_sha256"),
               "%s: the same certificate" % scheme,
               "%s\n%s" % (theirs, mine))
        version = VERSIONS.get(scheme) or VERSIONS.get(scheme[:-1], "1.3")
        result(one(theirs, "probe_tls_version_info", "version") ==
               "TLS " + version and
               one(mine, "tls_info", "version") == "TLS" + version,
               "%s: the same version, TLS %s" % (scheme, version),
               "%s\n%s" % (theirs, mine))
        timed = {label["phase"] for label, _ in
                 mine.get("phase_duration_seconds", [])}
        result(one(theirs, "probe_duration_seconds") > 0 and not any(
            "phase" in label for values in theirs.values()
            for label, _ in values) and {"connect", "handshake"} <= timed and
               ("preamble" in timed) == (scheme in DIALOGS),
               "%s: they have a time, we have those of phases" % scheme,
               "%s\n%s" % (theirs, mine))


def is_bad(scheme, port, reason, words, end, theirs="",
           name="localhost", authority="ca.pem"):
    """They say no and nothing more; we say why, and until when."""
    what = "%s, %s" % (reason, scheme)
    theirs = theirs or scheme
    got = blackbox(theirs, port)
    result(one(got, "probe_success") == 0 and not any(
        sample.startswith(("probe_ssl_", "probe_tls_")) for sample in got),
           "%s: the exporter tells no end and no version" % what, got)
    log = blackbox(theirs, port, debug=True)
    result(re.search(words, log) is not None,
           "%s: it means the same, as its log says" % what, log)
    status, mine = our_metrics(scheme, port, name, authority)
    result(status == 5 and one(mine, "up") == one(mine, "verified") == 0 and
           one(mine, "failure", "reason") ==
           one(mine, "certificate_problem", "problem") == reason and
           one(mine, "failure", "phase") == "handshake",
           "%s: we tell the reason" % what, "%s\n%s" % (status, mine))
    result(one(mine, "certificate_not_after_timestamp_seconds") == end and
           one(mine, "tls_info") == 1,
           "%s: we tell the end all the same" % what, mine)


def dated(name, scheme):
    """A server whose certificate is not valid now."""
    return Server("serve", "--cert", os.path.join(TLS, name + ".pem"),
                  "--key", os.path.join(TLS, name + ".key"),
                  scheme + "://localhost", "--", HELLO).port


def test_bad():
    for scheme in ("imap", "imaps"):
        port = os.environ["REAL_" + scheme.upper()]
        is_bad(scheme, port, "name-mismatch", "certificate is valid for",
               end_of("server.pem"), scheme + "_name",
               name="wrong.example.test")
        is_bad(scheme, port, "cert-untrusted", "unknown authority",
               end_of("server.pem"), scheme + "_authority",
               authority="other.pem")
        is_bad(scheme, dated("expired", scheme), "cert-expired",
               "expired or is not yet valid.* is after",
               end_of("expired.leaf"))
        is_bad(scheme, dated("early", scheme), "cert-not-yet-valid",
               "expired or is not yet valid.* is before",
               end_of("early.leaf"))


def test_injected():
    """Cleartext behind the go-ahead, and then TLS as if nothing had been."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(os.path.join(TLS, "server.crt"),
                            os.path.join(TLS, "server.key"))

    def server(injected):
        def serve(conn):
            conn.sendall(b"* OK ready\r\n")
            tag = serving.read_line(conn).split()[0]
            conn.sendall(tag + b" OK go\r\n" + injected)
            inside = context.wrap_socket(conn, server_side=True)
            for _ in range(2):  # ours asks for capabilities first
                words = serving.read_line(inside).split() or [b"x"]
                inside.sendall(b"* CAPABILITY IMAP4rev1\r\n" + words[0] +
                               b" OK done\r\n")
                if words[-1] == b"LOGOUT":
                    break
            inside.unwrap().close()
        return Backend(serve).port

    clean, port = server(b""), server(b"* OK injected\r\n")
    theirs = [one(blackbox("imap", at), "probe_success")
              for at in (clean, port)]
    mine = [our_metrics("imap", at, "localhost", "ca.pem")
            for at in (clean, port)]
    result(theirs[0] == 1 and mine[0][0] == 0,
           "nothing injected: both say it is fine", "%s\n%s" % (theirs, mine))
    result(theirs[1] == 1 and mine[1][0] == 4 and
           one(mine[1][1], "failure", "reason") == "early-data",
           "injected cleartext: they pass over it, we refuse it",
           "%s\n%s" % (theirs, mine))


def has_plugins():
    if shutil.which("check_smtp", path=PLUGINS) is not None:
        return True
    serving.count += 1
    print("ok %d - plugins # SKIP monitoring-plugins-basic is missing: "
          "tools/install-deps tests" % serving.count)
    return False


def test_plugins():
    """They go by the certificate, we by the first end on its path, which is the
    root's here; the limits differ by one."""
    if not has_plugins():
        return
    end, first = end_of("server.pem"), end_of("ca.pem")
    for scheme, port in servers():
        if scheme not in PLUGIN_OF:
            continue
        command, what = PLUGIN_OF[scheme], "%s: %s" % (
            scheme, PLUGIN_OF[scheme][0])
        for warn, crit, state, ours in ((10, 7, 0, 0), (30, 7, 0, 1),
                                        (30, 25, 0, 2), (90, 7, 1, 1),
                                        (90, 80, 2, 2)):
            status, text = plugin(command, port, "-D",
                                  "%d,%d" % (warn, crit))
            mine = our_plugin(scheme, port, "-w", "days=%d" % warn, "-c",
                              "days=%d" % crit)
            named = named_plugin(scheme, port, "-D", "%d,%d" % (warn, crit))
            found = re.search(r"expires in (\d+) day", text)
            result(status == state and mine[0] == named[0] == ours and
                   plugin_date(text) == end and
                   mine[1] == (first - time.time()) // 86400 and
                   (state == 0 or int(found.group(1)) ==
                    (end - time.time()) // 86400),
                   "%s: state %d, and we %d" % (what, state, ours),
                   "%s %s\n%s\n%s" % (status, text, mine, named))
    days = int((end - time.time()) // 86400)
    states = [plugin(PLUGIN_OF["imaps"], os.environ["REAL_IMAPS"], "-D",
                     "%d,1" % limit)[0] for limit in (days - 1, days)]
    days = our_plugin("imaps", os.environ["REAL_IMAPS"])[1]
    mine = [our_plugin("imaps", os.environ["REAL_IMAPS"], "-w",
                       "days=%d" % limit)[0]
            for limit in (days, days + 1)]
    result(states == mine == [0, 1],
           "-D N warns at N days, days=N at fewer", "%s %s" % (states, mine))
    named = [named_plugin("imaps", os.environ["REAL_IMAPS"], "-D",
                          "%d,1" % limit) for limit in (days - 1, days)]
    result([status for status, _ in named] == states,
           "-D N of check_starttls warns at N days, too", named)


def test_plugins_bad():
    """What they do not see."""
    if not has_plugins():
        return
    imaps = os.environ["REAL_IMAPS"]
    command = PLUGIN_OF["imaps"]
    expired = dated("expired", "imaps")
    status, text = plugin(command, expired, "-D", "30,7")
    mine = our_plugin("imaps", expired)
    result(status == mine[0] == 2 and "expired" in text and
           "cert-expired" in mine[2] and mine[1] < 0,
           "cert-expired: critical for both", "%s %s\n%s" % (
               status, text, mine))
    status, text = plugin(command, expired)
    result(status == 0, "cert-expired: accepted without -D", text)
    early = dated("early", "imaps")
    status, text = plugin(command, early, "-D", "30,7")
    mine = our_plugin("imaps", early)
    result(status == 0 and mine[0] == 2 and "cert-not-yet-valid" in mine[2],
           "cert-not-yet-valid: accepted by them, critical for us",
           "%s %s\n%s" % (status, text, mine))
    # They are told neither a name nor an authority, so each is accepted.
    status, text = plugin(command, imaps, "-D", "30,7")
    for reason, name, authority in (
            ("name-mismatch", "wrong.example.test", "ca.pem"),
            ("cert-untrusted", "localhost", "other.pem")):
        code, out, _ = ours("imaps", imaps, name, authority, "--format",
                            "nagios")
        result(status == 0 and code == 2 and reason.encode() in out,
               "%s: accepted by them, critical for us" % reason,
               "%s %s\n%s %s" % (status, text, code, out))


def test_plugins_upgrade():
    """-S is TLS from the first byte, but for SMTP."""
    if not has_plugins():
        return
    for scheme, port in servers():
        if scheme + "s" not in PLUGIN_OF or scheme in PLUGIN_OF:
            continue
        status, text = plugin(PLUGIN_OF[scheme + "s"], port, "-D", "30,7")
        mine = our_plugin(scheme, port)
        result(status == 2 and "SSL" in text and mine[0] == 0,
               "%s: no STARTTLS for %s" % (scheme,
                                           PLUGIN_OF[scheme + "s"][0]),
               "%s %s\n%s" % (status, text, mine))


def main():
    global TLS
    TLS = sys.argv.pop(2)
    if sys.argv.pop(1) == "config":
        shutil.rmtree(serving.work)
        print(config())
        return
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    serving.make_certificates = lambda: None
    serving.main([test_good, test_bad, test_injected, test_plugins,
                  test_plugins_bad, test_plugins_upgrade])


main()
