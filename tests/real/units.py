# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The libstarttls authors
"""What tests/real/systemd.test runs as a service of a systemd of its own:
PREFIX, and the folder of the configuration."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
import traceback
import urllib.parse
import urllib.request

PREFIX, CONFIG = sys.argv[1:]
PATIENCE = 30
NAME = "mail.example.test"
BINARY = PREFIX + "/bin/starttls"
count = 0


def result(good, what, detail=""):
    global count
    count += 1
    print("%s %d - %s" % ("ok" if good else "not ok", count, what))
    if not good:
        print("".join("# %s\n" % line for line in str(detail).splitlines()))
    sys.stdout.flush()
    return good


def run(*command):
    done = subprocess.run(command, check=False, timeout=PATIENCE,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT)
    return done.returncode, done.stdout.decode("utf-8", "replace")


def systemctl(*arguments):
    return run("systemctl", "--no-pager", *arguments)


def show(unit, name):
    return systemctl("show", "-P", name, unit)[1].strip()


def write(name, text, mode=0o644):
    os.makedirs(os.path.dirname(name), exist_ok=True)
    with open(name, "w", encoding="utf-8") as file:
        file.write(text)
    os.chmod(name, mode)


def get(where):
    with urllib.request.urlopen("http://127.0.0.1:9924" + where,
                                timeout=PATIENCE) as answer:
        return answer.read().decode()


def works(unit):
    """It starts, is told to be ready, is confined, and reloads."""
    status, out = systemctl("start", unit)
    result(status == 0 and show(unit, "ActiveState") == "active" and
           show(unit, "StatusText").startswith("listening on "),
           unit + ": is ready", out + systemctl("status", unit)[1])
    pid = show(unit, "MainPID")
    with open("/proc/%s/status" % pid, encoding="ascii") as file:
        fields = dict(line.rstrip("\n").split(":\t", 1) for line in file
                      if ":\t" in line)
    bounds = {"0000000000000000", "0000000000000400"}
    result(int(fields["Uid"].split()[0]) > 60000 and
           fields["CapBnd"] in bounds and fields["NoNewPrivs"] == "1" and
           fields["Seccomp"] == "2", unit + ": is confined", fields)
    status, out = systemctl("reload", unit)
    end = time.monotonic() + PATIENCE
    while show(unit, "ActiveState") == "reloading" and time.monotonic() < end:
        time.sleep(0.01)
    result(status == 0 and show(unit, "ActiveState") == "active" and
           show(unit, "MainPID") == pid, unit + ": reloads",
           out + systemctl("status", unit)[1])


def stops(unit):
    systemctl("stop", unit)
    result(show(unit, "Result") == "success" and
           show(unit, "ActiveState") == "inactive", unit + ": stops",
           systemctl("status", unit)[1])


def make_identity():
    run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
        "ec_paramgen_curve:P-256", "-nodes", "-keyout", "/tmp/key", "-out",
        "/tmp/cert", "-days", "30", "-subj", "/CN=test", "-addext",
        "subjectAltName=DNS:" + NAME)
    with open("/tmp/cert", encoding="ascii") as cert, \
            open("/tmp/key", encoding="ascii") as key:
        text = cert.read()
        write(CONFIG + "/ca.pem", text)
        write(CONFIG + "/serve-test.pem", text + key.read(), 0o600)


def port_of(unit):
    return int(show(unit, "StatusText").rsplit(":", 1)[1])


def test_serve():
    write(CONFIG + "/serve-test.conf", 'ARGS="--listen 127.0.0.1:143 imap://%s'
          ' -- %s/share/doc/libstarttls/examples/imap-hello.sh"\n' %
          (NAME, PREFIX))
    works("starttls-serve@test.service")
    status, out = run(BINARY, "check", "--ca-file", CONFIG + "/ca.pem",
                      "--connect", "127.0.0.1:143", "imap://" + NAME)
    result(status == 0, "starttls-serve@test.service: serves", out)


def test_proxy():
    write(CONFIG + "/proxy-test.conf", "ARGS='--ca-file %s/ca.pem --connect "
          "127.0.0.1:143 imap://%s'\n" % (CONFIG, NAME))
    works("starttls-proxy@test.service")
    with socket.create_connection(
            ("127.0.0.1", port_of("starttls-proxy@test.service")),
            PATIENCE) as conn:
        conn.sendall(b"a1 LOGOUT\r\n")
        said = b"".join(iter(lambda: conn.recv(4096), b""))
    result(b"* OK" in said and b"a1 OK" in said,
           "starttls-proxy@test.service: relays", said)
    stops("starttls-proxy@test.service")


def test_exporter():
    write("/run/units/starttls-exporter.service.d/password.conf",
          "[Service]\nLoadCredential=monitor:%s/password\n" % CONFIG)
    write(CONFIG + "/password", "secret\n", 0o600)
    secret = "login = yes\nuser = me\npassword-file = %s\n" % (
        "/run/credentials/starttls-exporter.service/monitor")
    if "built without" in run(BINARY, "check", "--login", "imap://")[1]:
        secret = ""
    write(CONFIG + "/exporter.conf", "[exporter]\nallow = imap://%s\n"
          "[module default]\nca-file = %s/ca.pem\nconnect = 127.0.0.1:143\n"
          "[module login]\n%s" % (NAME, CONFIG, secret))
    systemctl("daemon-reload")
    works("starttls-exporter.service")
    found = get("/probe?target=" + urllib.parse.quote("imap://" + NAME))
    result(re.search(r"\nstarttls_up\{.*\} 1\n", found) is not None,
           "starttls-exporter.service: probes", found[:300])
    with open("/proc/%s/limits" % show("starttls-exporter.service",
                                       "MainPID"), encoding="ascii") as file:
        soft, hard = re.search(r"Max open files +(\d+) +(\d+)",
                               file.read()).groups()
    result(soft == hard, "starttls-exporter.service: raises its limit",
           (soft, hard))
    stops("starttls-exporter.service")


def test_socket():
    """It is started by the first request."""
    status, out = systemctl("start", "starttls-exporter.socket")
    before = show("starttls-exporter.service", "ActiveState")
    found = get("/-/healthy")
    result(status == 0 and before == "inactive" and found == "ok\n",
           "starttls-exporter.socket: a request starts the service", out)
    status, out = systemctl("restart", "starttls-exporter.service")
    result(status == 0 and get("/-/healthy") == "ok\n",
           "starttls-exporter.socket: it starts again on the same socket",
           out)
    systemctl("stop", "starttls-exporter.socket")
    stops("starttls-exporter.service")


def test_check():
    write(CONFIG + "/targets", "imap://%s\n" % NAME)
    write("/run/units/starttls-check.service.d/test.conf",
          '[Service]\nEnvironment="ARGS=--ca-file %s/ca.pem --connect '
          '127.0.0.1:143"\n' % CONFIG)
    systemctl("daemon-reload")
    for up in ("1", "0"):
        status, out = systemctl("start", "starttls-check.service")
        try:
            with open("/run/starttls/check.prom", encoding="ascii") as file:
                found = file.read()
                mode = os.stat(file.fileno()).st_mode & 0o777
        except OSError as error:
            found, mode = str(error), 0
        result(status == 0 and re.search(
            r"^starttls_up\{.*\} %s$" % up, found, re.M) is not None and
               mode & 0o44 == 0o44,
               "starttls-check.service: a file for all, up is " + up,
               (out, found[:300], oct(mode)))
        if up == "1":
            stops("starttls-serve@test.service")
    status, out = systemctl("start", "starttls-check.timer")
    result(status == 0 and show("starttls-check.timer", "NextElapseUSecRealtime")
           != "", "starttls-check.timer: waits", out)


def main():
    try:
        make_identity()
        test_serve()
        test_proxy()
        if os.path.exists(BINARY + "-exporter"):
            test_exporter()
            test_socket()
        test_check()
    except Exception:  # pylint: disable=broad-except
        result(False, "an exception", traceback.format_exc())
    print("1..%d" % count)
    sys.stdout.flush()
    # as "systemctl poweroff --force --force", of no more than this system
    os.kill(1, signal.SIGRTMIN + 14)


main()
