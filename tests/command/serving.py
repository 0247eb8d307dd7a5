# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The libstarttls authors
"""What serve.test and others share: results, certificates, processes, and
clients and servers that do as they like.  No test sleeps for its verdict: it
waits for a line, or for a condition, and not longer than PATIENCE."""

import calendar
import functools
import os
import re
import select
import shutil
import signal
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
import threading
import time

STARTTLS = os.environ.get("STARTTLS") or os.path.join(
    os.environ.get("abs_top_builddir", "."), "starttls")
# what libtool built is wrapped in a script, which is not the process to look at
WRAPPED = os.path.join(os.path.dirname(STARTTLS), ".libs")
if os.path.exists(os.path.join(WRAPPED, "starttls")):
    STARTTLS = os.path.join(WRAPPED, "starttls")
    os.environ["LD_LIBRARY_PATH"] = WRAPPED
NAME = "mail.example.test"
PATIENCE = 30
MEGABYTE = 1 << 20

count = failed = 0
new_key = ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
work = tempfile.mkdtemp(prefix="starttls.")
# a thousand of them have to fit into 32 bits
threading.stack_size(256 * 1024)


def result(good, what, detail=""):
    """One line of TAP."""
    global count, failed
    count += 1
    failed += not good
    print("%s %d - %s" % ("ok" if good else "not ok", count, what))
    if not good:
        for line in str(detail).splitlines():
            print("# " + ascii(line)[1:-1][:300])
    sys.stdout.flush()
    return good


def skip(what, why):
    global count
    count += 1
    print("ok %d - %s # SKIP %s" % (count, what, why))


@functools.lru_cache(maxsize=None)
def has_json():
    return b"built without" not in run("check", "--format", "json",
                                       "imap://")[2]


def needs_json(test):
    """A test of what is told in JSON, which a build may lack."""
    @functools.wraps(test)
    def either():
        if has_json():
            test()
        else:
            skip(test.__name__, "built without jansson")
    return either


def each(rows):
    """A test for each of the rows, which are its arguments."""
    def mark(test):
        test.rows = list(rows)
        return test
    return mark


def expand(tests):
    for test in tests:
        for row in getattr(test, "rows", [()]):
            one = functools.partial(test, *row)
            one.__name__ = test.__name__
            yield one


def run_one(test):
    """A test that raises is one that failed."""
    try:
        test()
    except Exception as error:  # pylint: disable=broad-except
        where = error.__traceback__.tb_next
        result(False, test.__name__, "%s: %s, line %d\n%r" % (
            type(error).__name__, error,
            (where or error.__traceback__).tb_lineno,
            [s.messages() for s in Server.running]))
    finally:
        Server.end_all()


def run_apart(test, out):
    """In a process of its own, with files of its own."""
    global work
    os.dup2(out.fileno(), 1)
    work = shutil.copytree(work, tempfile.mkdtemp(prefix="starttls."),
                           dirs_exist_ok=True)
    try:
        run_one(test)
    finally:
        shutil.rmtree(work, ignore_errors=True)
        sys.stdout.flush()
        os._exit(0)


def tell_again(text):
    """The results of another process, by our numbers."""
    for line in text.splitlines():
        said = re.fullmatch(r"((?:not )?ok) \d+ - (.*)", line)
        if said is None:
            print(line)
        elif " # SKIP " in line:
            skip(*said.group(2).split(" # SKIP ", 1))
        else:
            result(said.group(1) == "ok", said.group(2))


def run_many(tests, at_once):
    """So many at a time, told in their order: what takes long is to wait."""
    waiting, running, ended = list(enumerate(tests)), {}, {}
    outputs = [tempfile.TemporaryFile() for _ in tests]
    while waiting or running:
        while waiting and len(running) < at_once:
            i, test = waiting.pop(0)
            pid = os.fork()
            if pid == 0:
                run_apart(test, outputs[i])
            running[pid] = i
        pid, status = os.wait()
        ended[running.pop(pid)] = status
    for i, out in enumerate(outputs):
        out.seek(0)
        tell_again(out.read().decode())
        out.close()
        if ended[i] != 0:
            result(False, tests[i].__name__, "it ended with %#x" % ended[i])


def main(tests, at_once=1):
    """Run all, or those that are named."""
    tests = [test for test in expand(tests) if len(sys.argv) < 2 or
             any(name in test.__name__ for name in sys.argv[1:])]
    try:
        make_certificates()
        if at_once > 1:
            run_many(tests, at_once)
        else:
            for test in tests:
                run_one(test)
        print("1..%d" % count)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    sys.exit(1 if failed else 0)


def until(condition, patience=PATIENCE):
    """Wait for a condition; its value."""
    end = time.monotonic() + patience
    while True:
        value = condition()
        if value or time.monotonic() > end:
            return value
        time.sleep(0.02)


# ---- certificates -----------------------------------------------------------

def path(name):
    """A file of the test."""
    return os.path.join(work, name)


def openssl(*arguments):
    subprocess.run(["openssl", *arguments], check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def key_options(name):
    return ["-newkey", *new_key, "-nodes", "-keyout", path(name + ".key"),
            "-subj", "/CN=" + name]


def issue(name, issuer, names, usage="serverAuth"):
    """NAME.pem and NAME.key."""
    with open(path("ext"), "w", encoding="ascii") as file:
        file.write("extendedKeyUsage=%s\n" % usage)
        if names:
            file.write("subjectAltName=%s\n" % names)
    openssl("req", "-new", *key_options(name), "-out", path("csr"))
    openssl("x509", "-req", "-in", path("csr"), "-CA", path(issuer + ".pem"),
            "-CAkey", path(issuer + ".key"), "-CAcreateserial", "-days", "30",
            "-extfile", path("ext"), "-out", path(name + ".pem"))


def make_certificates():
    for name in ("ca", "other"):
        openssl("req", "-x509", *key_options(name), "-days", "30", "-addext",
                "keyUsage=critical,keyCertSign,cRLSign", "-out", path(name + ".pem"))
    issue("server", "ca", "DNS:localhost,DNS:%s,IP:127.0.0.1" % NAME)
    issue("second", "ca", "DNS:second.example.test")
    issue("client", "ca", "", "clientAuth")
    issue("stranger", "other", "", "clientAuth")


def pair(name="server"):
    """The options for an identity."""
    return ["--cert", path(name + ".pem"), "--key", path(name + ".key")]


def serial(name):
    """What Python's getpeercert says of NAME.pem."""
    done = subprocess.run(["openssl", "x509", "-noout", "-serial", "-in",
                           path(name + ".pem")], check=True,
                          stdout=subprocess.PIPE)
    return done.stdout.decode().strip().split("=")[1]


def issue_dated(name, start, end, is_ca=False):
    """As issue(), with dates, for 127.0.0.1, or an authority."""
    extensions = "basicConstraints=critical,CA:TRUE\n" \
        "keyUsage=critical,keyCertSign\n" if is_ca else \
        "extendedKeyUsage=serverAuth\nsubjectAltName=IP:127.0.0.1\n"
    with open(path("ca.cnf"), "w", encoding="ascii") as file:
        file.write("[ca]\ndefault_ca=d\n[d]\ndatabase=%s\nserial=%s\n"
                   "new_certs_dir=%s\ndefault_md=sha256\npolicy=p\n"
                   "x509_extensions=x\n[p]\ncommonName=supplied\n[x]\n"
                   "%s" % (path("index"), path("serial"), work, extensions))
    with open(path("index"), "w", encoding="ascii"):
        pass
    with open(path("serial"), "w", encoding="ascii") as file:
        file.write("7001\n")
    openssl("req", "-new", *key_options(name), "-out", path("csr"))
    openssl("ca", "-batch", "-notext", "-config", path("ca.cnf"), "-cert",
            path("ca.pem"), "-keyfile", path("ca.key"), "-in", path("csr"),
            "-startdate", start, "-enddate", end,
            "-out", path(name + ".pem"))


def has_small_time():
    """Whether time_t has 32 bits."""
    try:
        with open(os.path.join(os.environ.get("abs_top_builddir", "."),
                               "config.h"), encoding="ascii") as file:
            return "#define SIZEOF_TIME_T 4\n" in file
    except OSError:
        return False


LAST = 2145914603 if has_small_time() else 1 << 40


def dates(name):
    """notBefore and notAfter of NAME.pem in seconds, as openssl sees them, but
    not later than GnuTLS has them."""
    done = subprocess.run(["openssl", "x509", "-noout", "-dates", "-in",
                           path(name + ".pem")], check=True,
                          stdout=subprocess.PIPE)
    return [min(LAST, calendar.timegm(time.strptime(
        line.split("=")[1], "%b %d %H:%M:%S %Y GMT")))
            for line in done.stdout.decode().splitlines()]


# ---- processes --------------------------------------------------------------

def run(*arguments, data=b"", timeout=PATIENCE, **more):
    """Run the program to its end: status, output, messages."""
    try:
        done = subprocess.run([STARTTLS, *arguments], input=data,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              timeout=timeout, check=False, **more)
    except subprocess.TimeoutExpired:
        return None, b"", b"it hangs"
    return done.returncode, done.stdout, done.stderr


class Server:
    """A starttls serve, or proxy, that runs."""

    running = []
    program = STARTTLS

    def __init__(self, *arguments, **more):
        self.log = open(path("log.%d" % id(self)), "w+b")
        self.process = subprocess.Popen(
            [self.program, *arguments], stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=self.log, **more)
        Server.running.append(self)
        ready = select.select([self.process.stdout], [], [], PATIENCE)[0]
        self.line = self.process.stdout.readline().decode() if ready else ""
        found = re.fullmatch(r"listening on (?:.*:(\d+)|(/.*))\n", self.line)
        if found is None:
            self.process.wait(PATIENCE)
            raise RuntimeError("not listening: %r %r" % (self.line,
                                                         self.messages()))
        self.port = int(found.group(1) or 0)
        self.pid = self.process.pid

    def messages(self):
        with open(self.log.name, "rb") as log:
            return log.read()

    def says(self, text, patience=PATIENCE):
        """Wait for a message."""
        return until(lambda: text in self.messages(), patience)

    def files(self):
        return len(os.listdir("/proc/%d/fd" % self.pid))

    def children(self):
        """Processes that it has started, zombies included."""
        with open("/proc/%d/task/%d/children" % (self.pid, self.pid),
                  encoding="ascii") as file:
            return file.read().split()

    def ticks(self):
        """Processor time that it has used."""
        with open("/proc/%d/stat" % self.pid, encoding="ascii") as file:
            fields = file.read().rsplit(")", 1)[1].split()
        return int(fields[11]) + int(fields[12])

    def is_idle(self):
        """Whether it takes next to no time for half a second."""
        before = self.ticks()
        time.sleep(0.5)
        return self.ticks() - before < 10

    def signal(self, number):
        self.process.send_signal(number)

    def wait(self, patience=PATIENCE):
        try:
            return self.process.wait(patience)
        except subprocess.TimeoutExpired:
            return None

    def end(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        self.log.close()

    @classmethod
    def end_all(cls):
        while cls.running:
            cls.running.pop().end()


def connect(port):
    conn = socket.create_connection(("127.0.0.1", port), PATIENCE)
    conn.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return conn


def is_kept_alive(port, client=True):
    """Whether the one connection to a port of 127.0.0.1 asks within minutes if
    its peer is still there: the end of the client, or that of the server."""
    def timers():
        found = []
        with open("/proc/net/tcp", encoding="ascii") as file:
            for line in file.readlines()[1:]:
                fields = line.split()
                # established, to or from there: which timer, when (1/100 s)
                if fields[3] == "01" and int(fields[2 if client else 1].split(
                        ":")[1], 16) == port:
                    kind, when = fields[5].split(":")
                    found.append(kind == "02" and int(when, 16) <=
                                 300 * os.sysconf("SC_CLK_TCK"))
        return found

    return until(lambda: timers() == [True], 5) == True


def read_line(conn):
    line = b""
    while not line.endswith(b"\n"):
        byte = conn.recv(1)
        if not byte:
            break
        line += byte
    return line


def read_all(conn):
    """Up to the end; what ends otherwise ends with what went wrong."""
    data = b""
    while True:
        try:
            part = conn.recv(65536)
        except OSError as error:
            return data + b"!" + type(error).__name__.encode()
        if not part:
            return data
        data += part


def read_some(conn, size):
    data = b""
    while len(data) < size:
        part = conn.recv(size - len(data))
        if not part:
            break
        data += part
    return data


PREAMBLES = {
    "smtp": [b"EHLO x", b"STARTTLS"],
    "submission": [b"EHLO x", b"STARTTLS"],
    "imap": [b"a STARTTLS"],
    "ftp": [b"AUTH TLS"],
    "nntp": [b"STARTTLS"],
}


def upgrade(port, protocol="smtp", cert=None, name=NAME, greeting=True):
    """A client that has come to TLS, by Python's means."""
    context = ssl.create_default_context(cafile=path("ca.pem"))
    context.suppress_ragged_eofs = False
    if cert:
        context.load_cert_chain(path(cert + ".pem"), path(cert + ".key"))
    conn = connect(port)
    if protocol in PREAMBLES:
        if greeting:
            read_line(conn)
        for command in PREAMBLES[protocol]:
            conn.sendall(command + b"\r\n")
            while read_line(conn)[3:4] == b"-":
                pass
    return context.wrap_socket(conn, server_hostname=name,
                               suppress_ragged_eofs=False)


def say(conn, data):
    """Send and have the same back: an echo, or cat."""
    conn.sendall(data)
    return read_some(conn, len(data)) == data


def reset(conn):
    """End with a TCP reset."""
    conn.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                    struct.pack("ii", 1, 0))
    conn.close()


class Backend:
    """A cleartext server: @serve is called for each connection."""

    def __init__(self, serve):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.serve = serve
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                conn = self.listener.accept()[0]
            except OSError:
                self.listener.close()
                return
            threading.Thread(target=self.one, args=(conn,),
                             daemon=True).start()

    def one(self, conn):
        conn.settimeout(PATIENCE)
        try:
            self.serve(conn)
        except OSError:
            pass
        finally:
            conn.close()

    def close(self):
        # accept() closes it: until it does, nobody else is to have the number
        self.listener.shutdown(socket.SHUT_RDWR)


# ---- metrics ----------------------------------------------------------------

def parse_metrics(text):
    """{family: [(labels, value)]}; ValueError if it is not well formed."""
    families, current, types = {}, None, set()
    for line in text.splitlines():
        found = re.fullmatch(r"# (HELP|TYPE) ([a-z_]+) (.+)", line)
        if found:
            kind, name, rest = found.groups()
            if kind == "HELP":
                if name in families:
                    raise ValueError("%s comes twice" % name)
                families[name], current = [], name
            elif name != current or rest not in (
                    "gauge", "counter") or name in types:
                raise ValueError(line)
            else:
                types.add(name)
            continue
        found = re.fullmatch(
            r'([a-z_]+)(?:\{((?:[a-z_0-9]+="(?:[^"\\]|\\["\\n])*",?)*)\})? '
            r"(-?[0-9]+(?:\.[0-9]+)?)", line)
        if not found or found.group(1) != current or current not in types:
            raise ValueError(line)
        labels = {k: re.sub(r"\\(.)", lambda m: "\n" if m.group(1) == "n"
                            else m.group(1), v) for k, v in re.findall(
                                r'([a-z_0-9]+)="((?:[^"\\]|\\.)*)"',
                                found.group(2) or "")}
        families[current].append((labels, float(found.group(3))))
    if not text.endswith("\n"):
        raise ValueError("no end of line")
    return families


def promtool(text, what):
    if shutil.which("promtool") is None:
        skip("promtool: " + what, "promtool is missing")
        return
    done = subprocess.run(["promtool", "check", "metrics"], input=text,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          check=False)
    result(done.returncode == 0 and done.stdout == b"",
           "promtool: " + what, done.stdout.decode())
