# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The libstarttls authors
"""What the tests of logins have in common.

The servers are threads of the script.  What the program writes is searched for
the password in every single run."""

import base64
import hashlib
import hmac
import html
import itertools
import os
import re
import shutil
import socket
import ssl
import subprocess
import threading

import serving
from serving import NAME, PATIENCE, path, until

HOST = socket.gethostname().lower()
# as the client introduces itself to a server on 127.0.0.1
EHLO = "EHLO " + (HOST if re.fullmatch(r"[a-z0-9-]+(\.[a-z0-9-]+)+", HOST)
                  and not HOST.startswith("localhost.") else "[127.0.0.1]")
USER = "tester"
PASSWORD = "s3cret-pass"
TOKEN = "ya29.Tok-en_of~some+length/=="
WRONG = "not-this-one"
SECRETS = [PASSWORD, TOKEN, WRONG]
SCHEMES = {"imap": "imaps", "smtp": "smtps", "submission": "submissions",
           "pop3": "pop3s", "ftp": "ftps", "nntp": "nntps", "sieve": "sieves",
           "ldap": "ldaps", "irc": "ircs", "xmpp": "xmpps"}


def b64(data):
    return base64.b64encode(data).decode()


# ---- servers ----------------------------------------------------------------

class Wrong(Exception):
    """The client did what it must not do."""


class Talk:
    """Lines over TLS, or in the clear."""

    def __init__(self, conn, seen, ends=("\r\n",)):
        self.conn, self.seen, self.ends = conn, seen, itertools.cycle(ends)

    def say(self, *lines):
        self.conn.sendall("".join(part + next(self.ends) for line in lines
                                  for part in line.split("\r\n")).encode())

    def hear(self, *want):
        line = b""
        while not line.endswith(b"\n"):
            byte = self.conn.recv(1)
            if not byte:
                raise Wrong("the client has hung up")
            line += byte
        text = line.decode()
        if not text.endswith("\r\n"):
            raise Wrong("no CRLF: %r" % text)
        self.seen.append(text[:-2])
        if want and text[:-2] not in want:
            raise Wrong("%r, not %r" % (text, want))
        return text[:-2]


class Pieces:
    """A connection on which all is said in pieces of a size."""

    def __init__(self, conn, size):
        self.conn, self.size = conn, size

    def sendall(self, data):
        for at in range(0, len(data), self.size):
            self.conn.sendall(data[at:at + self.size])

    def __getattr__(self, name):
        return getattr(self.conn, name)


class Elements(Talk):
    """XML over TLS, or in the clear."""
    whole = re.compile(
        r"<\?xml [^>]*\?><stream:stream [^>]*>|</stream:stream>|"
        r"<(starttls|auth|response|abort) [^>]*/>|"
        r"<(auth|response) [^>]*>[^<]*</\2>")

    def say(self, *texts):
        self.conn.sendall("".join(texts).encode())

    def hear(self, *want):
        text = ""
        while not self.whole.fullmatch(text):
            byte = self.conn.recv(1)
            if not byte:
                raise Wrong("the client has hung up behind %r" % text)
            text += byte.decode()
        self.seen.append(text)
        if want and text not in want:
            raise Wrong("%r, not %r" % (text, want))
        return text


class Protocol:
    """What protocols have in common: a command, with or without an initial
    response, challenges, yes and no."""
    empty = ""
    greeting = None
    talks = Talk
    yes_has_data = False
    cancelled = "BAD cancelled"

    def __init__(self, talk, mechanisms="PLAIN", initial=True):
        self.talk, self.mechanisms, self.initial = talk, mechanisms, initial

    @classmethod
    def upgrade(cls, talk):
        for reply, command in cls.clear:
            if command:
                talk.hear(command)
            talk.say(reply)

    def split(self, line, prefix):
        if not line.startswith(prefix + " "):
            return None, None
        words = line[len(prefix) + 1:].split(" ")
        if len(words) == 1:
            return words[0], None
        if words[1] == "=":
            return words[0], b""
        return words[0], base64.b64decode(words[1], validate=True)

    def decode(self, line):
        if line == "*":
            return None
        if line == self.empty:
            return b""
        return base64.b64decode(line, validate=True)

    def ask(self, data=b""):
        self.challenge(b64(data) if data else self.empty)
        return self.decode(self.talk.hear())


class Imap(Protocol):
    clear = [("* OK ready", None), ("a1 OK go", "a1 STARTTLS")]
    greeting = "* OK ready"
    goodbye = "a3 LOGOUT"

    def capabilities(self, more=""):
        self.talk.hear("a1 CAPABILITY")
        self.talk.say("* CAPABILITY IMAP4rev1" +
                      (" SASL-IR" if self.initial else "") + more +
                      "".join(" AUTH=" + m for m in self.mechanisms.split()),
                      "a1 OK done")

    def command(self):
        return self.split(self.talk.hear(), "a2 AUTHENTICATE")

    def challenge(self, text):
        self.talk.say("+ " + text)

    def yes(self, _data=None):
        self.talk.say("* CAPABILITY IMAP4rev1", "a2 OK welcome")

    def no(self, text="NO [AUTHENTICATIONFAILED] wrong"):
        self.talk.say("a2 " + text)

    later = "NO [UNAVAILABLE] try later"

    def native(self, user, password):
        line = self.talk.hear()
        if not line.endswith("}"):
            quoted = [re.sub(r'(["\\])', r"\\\1", t) for t in (user, password)]
            return line == 'a2 LOGIN "%s" "%s"' % tuple(quoted)
        self.talk.say("+ OK")
        second = self.talk.hear()
        self.talk.say("+ OK")
        third = self.talk.hear()
        return (line, second, third) == (
            "a2 LOGIN {%d}" % len(user.encode()),
            "%s {%d}" % (user, len(password.encode())), password)

    def bye(self):
        self.talk.hear(self.goodbye)
        self.talk.say("* BYE", "a3 OK bye")


class Smtp(Protocol):
    cancelled = "501 cancelled"
    clear = [("220 mx ready", None),
             ("250-mx\r\n250 STARTTLS", EHLO),
             ("220 go", "STARTTLS")]
    greeting = "220-mx\r\n220 ready"
    goodbye = "QUIT"

    def capabilities(self, more=""):
        self.talk.hear(EHLO)
        self.talk.say("250-mx", "250-SIZE 100" + more,
                      *(["250-AUTH " + self.mechanisms]
                        if self.mechanisms else []), "250 PIPELINING")

    def command(self):
        return self.split(self.talk.hear(), "AUTH")

    def challenge(self, text):
        self.talk.say("334 " + text)

    def yes(self, _data=None):
        self.talk.say("235 2.7.0 welcome")

    def no(self, text="535-5.7.8 wrong\r\n535 5.7.8 see https://example.test"):
        self.talk.say(text)

    later = "454 4.7.0 try later"

    def bye(self):
        self.talk.hear(self.goodbye)
        self.talk.say("221 bye")


class Pop3(Protocol):
    cancelled = "-ERR cancelled"
    clear = [("+OK ready", None), ("+OK go", "STLS")]
    greeting = "+OK ready"
    goodbye = "QUIT"

    def capabilities(self, more=""):
        self.talk.hear("CAPA")
        self.talk.say("+OK", "TOP", *more.split(),
                      *(["SASL " + self.mechanisms] if self.mechanisms
                        else []), ".")

    def command(self):
        return self.split(self.talk.hear(), "AUTH")

    def challenge(self, text):
        self.talk.say("+ " + text)

    def yes(self, _data=None):
        self.talk.say("+OK welcome")

    def no(self, text="-ERR [AUTH] wrong"):
        self.talk.say(text)

    later = "-ERR [SYS/TEMP] try later"

    def native(self, user, password):
        good = self.talk.hear() == "USER " + user
        self.talk.say("+OK")
        return self.talk.hear() == "PASS " + password and good

    def bye(self):
        self.talk.hear(self.goodbye)
        self.talk.say("+OK bye")


class Nntp(Protocol):
    clear = [("201 ready", None), ("382 go", "STARTTLS")]
    greeting = "200 ready"
    goodbye = "QUIT"
    empty = "="
    yes_has_data = True
    cancelled = "481 cancelled"

    def capabilities(self, more=""):
        self.talk.hear("CAPABILITIES")
        self.talk.say("101 list", "VERSION 2",
                      "AUTHINFO" + (" SASL" if self.mechanisms else "") + more,
                      *(["SASL " + self.mechanisms] if self.mechanisms
                        else []), ".")

    def command(self):
        return self.split(self.talk.hear(), "AUTHINFO SASL")

    def challenge(self, text):
        self.talk.say("383 " + text)

    def yes(self, data=None):
        self.talk.say("281 welcome" if data is None else "283 " + b64(data))

    def no(self, text="481 wrong"):
        self.talk.say(text)

    later = "400 try later"

    def native(self, user, password):
        good = self.talk.hear() == "AUTHINFO USER " + user
        self.talk.say("381 password")
        return self.talk.hear() == "AUTHINFO PASS " + password and good

    def bye(self):
        self.talk.hear(self.goodbye)
        self.talk.say("205 bye")


class Sieve(Protocol):
    clear = [('"STARTTLS"\r\nOK', None), ("OK", "STARTTLS")]
    goodbye = "LOGOUT"
    yes_has_data = True
    cancelled = 'NO "cancelled"'

    def capabilities(self, more=""):
        self.talk.say('"IMPLEMENTATION" "x"' + more, '"SASL" "%s"' %
                      self.mechanisms, '"VERSION" "1.0"', 'OK "ready"')

    def string(self, text):
        """What is quoted, or in a literal."""
        literal = re.fullmatch(r"{(\d+)\+}", text)
        if literal is None:
            if not re.fullmatch(r'"[^"]{0,1024}"', text):
                raise Wrong("no string: %r" % text)
            return text[1:-1]
        line = self.talk.hear()
        if len(line) != int(literal[1]):
            raise Wrong("a literal of %s: %r" % (literal[1], line))
        return line

    def command(self):
        words = self.talk.hear().split(" ")
        if words[0] != "AUTHENTICATE":
            return None, None
        return words[1].strip('"'), base64.b64decode(
            self.string(words[2]), validate=True) if len(words) > 2 else None

    def challenge(self, text):
        self.talk.say('"%s"' % text)

    def ask(self, data=b""):
        self.challenge(b64(data))
        return self.decode(self.string(self.talk.hear()))

    def yes(self, data=None):
        self.talk.say('OK "welcome"' if data is None else
                      'OK (SASL "%s")' % b64(data))

    def no(self, text='NO "wrong"'):
        self.talk.say(text)

    later = 'NO (TRYLATER) "try later"'

    def bye(self):
        self.talk.hear(self.goodbye)
        self.talk.say("OK")


class Irc(Protocol):
    clear = [(":srv 670 * :go", "STARTTLS")]
    goodbye = "QUIT :bye"
    empty = "+"
    cancelled = ":srv 906 * :cancelled"
    later = ":srv 263 * AUTHENTICATE :try later"
    is_native = False

    def capabilities(self, more=""):
        self.talk.hear("CAP LS 302")
        self.talk.say(":srv CAP * LS * :multi-prefix" + more,
                      ":srv CAP * LS :" + (
                          "sasl=%s" % self.mechanisms.replace(" ", ",")
                          if self.mechanisms else "x"))
        if self.mechanisms:
            self.talk.hear("CAP REQ :sasl")
            self.talk.say(":srv CAP * ACK :sasl")

    def command(self):
        words = self.talk.hear().split(" ")
        if len(words) != 2 or words[0] != "AUTHENTICATE":
            return None, None
        return words[1], None

    def challenge(self, text):
        while len(text) >= 400:
            self.talk.say("AUTHENTICATE " + text[:400])
            text = text[400:]
        self.talk.say("AUTHENTICATE " + (text or "+"))

    def ask(self, data=b""):
        self.challenge(b64(data))
        text, chunk = "", "x" * 400
        while len(chunk) == 400:
            line = self.talk.hear()
            if not line.startswith("AUTHENTICATE ") or len(line) > 413:
                raise Wrong("no chunk: %r" % line)
            chunk = line[13:]
            text += "" if chunk == "+" else chunk
        return self.decode(text or "+")

    def yes(self, _data=None):
        self.talk.say(*([":srv 001 chk :welcome", ":srv 002 chk :more"]
                        if self.is_native else
                        [":srv 900 * a!b@c tester :you are tester",
                         ":srv 903 * :welcome"]))

    def no(self, text=None):
        self.talk.say(text or ":srv %d * :wrong" % (
            464 if self.is_native else 904))

    def native(self, user, password):
        self.is_native = True
        good = self.talk.hear() == "PASS :" + password
        nick = self.talk.hear()
        if not re.fullmatch("NICK [a-z0-9]{9}", nick):
            raise Wrong("nick: %r" % nick)
        self.talk.hear("USER %s 0 * :%s" % (user, user))
        self.talk.hear("CAP END")
        return good

    def bye(self):
        self.talk.hear(self.goodbye)
        self.talk.say(":srv 003 chk :more", "ERROR :Closing Link")


class Xmpp(Protocol):
    header = "<?xml version='1.0'?><stream:stream to='%s' version='1.0' " \
        "xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/" \
        "streams'>" % NAME
    opened = "<?xml version='1.0'?><s:stream id='x' from='x' " \
        "version='1.0' xmlns:s='http://etherx.jabber.org/streams' " \
        "xmlns='jabber:client' xmlns:a='urn:ietf:params:xml:ns:xmpp-sasl'>"
    clear = [(opened + "<s:features><starttls "
              "xmlns='urn:ietf:params:xml:ns:xmpp-tls'/></s:features>",
              header),
             ("<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>",
              "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>")]
    goodbye = "</stream:stream>"
    sasl = " xmlns='urn:ietf:params:xml:ns:xmpp-sasl'"
    talks = Elements
    yes_has_data = True
    cancelled = "aborted"
    later = "temporary-auth-failure"

    def capabilities(self, more=""):
        self.talk.hear(self.header)
        self.talk.say(
            self.opened, "<s:features><x xmlns='urn:x'><mechanism>NO"
            "</mechanism></x><a:mechanisms>" + more + "".join(
                "<a:mechanism>%s</a:mechanism>" % html.escape(m)
                for m in self.mechanisms.split()),
            "</a:mechanisms></s:features>")

    def command(self):
        found = re.fullmatch("<auth%s mechanism='([^']*)'(?:/|>(.+)</auth)>" %
                             self.sasl, self.talk.hear())
        text = found[2]
        return found[1], text if text is None else b"" if text == "=" else \
            base64.b64decode(text, validate=True)

    def challenge(self, text):
        self.talk.say("<a:challenge>%s</a:challenge>" % text)

    def ask(self, data=b""):
        self.challenge(b64(data))
        line = self.talk.hear()
        if line == "<abort%s/>" % self.sasl:
            return None
        return base64.b64decode(re.fullmatch(
            "<response%s>(.*)</response>" % self.sasl, line)[1],
            validate=True)

    def yes(self, data=None):
        self.talk.say("<a:success/>" if data is None else
                      "<success%s>%s</success>" % (self.sasl, b64(data) or
                                                   "="))
        self.is_in = True
    is_in = False

    def no(self, text="not-authorized"):
        self.talk.say("<failure%s><text>%s</text><%s/></failure>" % (
            self.sasl, "try later" if text == self.later else "wrong", text))

    def bye(self):
        if self.is_in:
            self.talk.hear(self.header)
            self.talk.say(self.opened, "<s:features/>")
        self.talk.hear(self.goodbye)
        self.talk.say("</s:stream>")


class Ftp(Protocol):
    clear = [("220 ready", None), ("234 go", "AUTH TLS")]
    greeting = "220-hello\r\nthere\r\n220 ready"
    goodbye = "QUIT"

    def capabilities(self, more=""):
        pass

    def yes(self, _data=None):
        self.talk.say("230-welcome", " to us", "230 done")

    def no(self, text="530 wrong"):
        self.talk.say(text)

    later = "421 try later"

    def native(self, user, password):
        good = self.talk.hear() == "USER " + user
        self.talk.say("331 password")
        return self.talk.hear() == "PASS " + password and good

    def bye(self):
        self.talk.hear(self.goodbye)
        self.talk.say("221 bye")


def ber(tag, *parts):
    content = b"".join(parts)
    size = len(content)
    head = bytes([size]) if size < 128 else b"\x82" + size.to_bytes(2, "big")
    return bytes([tag]) + head + content


def integer(value):
    return ber(2, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def elements(data):
    """What is in a constructed element: tags and contents."""
    while data:
        size, at = data[1], 2
        if size > 127:
            at += size - 128
            size = int.from_bytes(data[2:at], "big")
        if len(data) < at + size:
            raise Wrong("BER: %r" % data)
        yield data[0], data[at:at + size]
        data = data[at + size:]


class Ldap(Protocol):
    """Messages instead of lines.  A mechanism is given up by unbinding."""
    goodbye = "unbind"
    yes_has_data = True
    later = "52 try later"
    unbound = False

    def __init__(self, talk, *args, **more):
        super().__init__(talk, *args, **more)
        self.ident, self.early = 0, None

    @classmethod
    def upgrade(cls, talk):
        p = cls(talk)
        tag, op = p.hear()
        if (tag, op) != (0x77, ber(0x80, b"1.3.6.1.4.1.1466.20037")):
            raise Wrong("no StartTLS: %r" % op)
        p.result(0x78, 0)

    def hear(self):
        """A request: tag and content, its number remembered."""
        def exactly(size):
            data = b""
            while len(data) < size:
                piece = self.talk.conn.recv(size - len(data))
                if not piece:
                    raise Wrong("the client has hung up")
                data += piece
            return data
        head = exactly(2)
        size = head[1]
        if size > 127:
            octets = exactly(size - 128)
            size = int.from_bytes(octets, "big")
            if size < 128:
                raise Wrong("a length that is too long")
        (kind, ident), op = elements(exactly(size))
        number = int.from_bytes(ident, "big")
        if head[0] != 0x30 or kind != 2 or number <= self.ident:
            raise Wrong("no message: %r" % (head + ident))
        self.ident = number
        self.talk.seen.append({
            0x63: "search", 0x60: "bind", 0x42: "unbind"}.get(op[0], "?"))
        self.unbound = op == (0x42, b"")
        return op

    def send(self, *ops, ident=None):
        number = self.ident if ident is None else ident
        self.talk.conn.sendall(b"".join(
            ber(0x30, integer(number), op) for op in ops))

    def result(self, tag, code, text="", *more, ident=None):
        self.send(ber(tag, ber(10, bytes([code])), ber(4),
                      ber(4, text.encode()), *more), ident=ident)

    def capabilities(self, more=""):
        """Who is known by a DN does not ask."""
        tag, op = self.hear()
        if tag != 0x63:
            self.early = tag, op
            return
        if b"supportedSASLMechanisms" not in op or op[:2] != b"\4\0":
            raise Wrong("no search of the root DSE: %r" % op)
        values = [ber(4, m.encode()) for m in self.mechanisms.split()]
        self.send(ber(0x64, ber(4), ber(0x30, ber(
            0x30, ber(4, b"supportedSASLMechanisms"), ber(0x31, *values))
            if values else b"")))
        self.result(0x65, 0)

    def bind(self):
        """Name and authentication."""
        tag, op = self.early or self.hear()
        self.early = None
        if self.unbound:
            return None
        version, name, authentication = elements(op)
        if tag != 0x60 or version != (2, b"\3") or name[0] != 4:
            raise Wrong("no bind: %r" % op)
        return name[1], authentication

    def sasl(self):
        """The mechanism and its credentials, None if there are none."""
        bound = self.bind()
        if bound is None:
            return None, None
        name, (kind, content) = bound
        parts = list(elements(content)) if kind == 0xA3 else []
        if name or not 0 < len(parts) < 3 or any(
                tag != 4 for tag, _ in parts):
            raise Wrong("no SASL: %r" % content)
        return parts[0][1].decode(), parts[1][1] if parts[1:] else None

    def command(self):
        mechanism, credentials = self.sasl()
        self.mechanism = mechanism
        self.talk.seen[-1] += " " + str(mechanism)
        return mechanism, credentials

    def ask(self, data=b""):
        self.result(0x61, 14, "", *([ber(0x87, data)] if data else []))
        mechanism, credentials = self.sasl()
        if mechanism not in (None, self.mechanism):
            raise Wrong("%r, not %r" % (mechanism, self.mechanism))
        return credentials

    def yes(self, data=None):
        self.result(0x61, 0, "", *([] if data is None else
                                   [ber(0x87, data)]))

    def no(self, text="49 wrong"):
        code, _, words = text.partition(" ")
        if not self.unbound:
            self.result(0x61, int(code) if code.isdigit() else 49,
                        words if code.isdigit() else text)

    def native(self, user, password):
        return self.bind() == (user.encode(), (0x80, password.encode()))

    def bye(self):
        if not self.unbound and (self.hear(), self.unbound)[1] is False:
            raise Wrong("no goodbye")


PROTOCOLS = {"imap": Imap, "smtp": Smtp, "submission": Smtp, "pop3": Pop3,
             "ftp": Ftp, "nntp": Nntp, "sieve": Sieve, "ldap": Ldap,
             "irc": Irc, "xmpp": Xmpp}
SASL = ["imap", "smtp", "submission", "pop3", "nntp", "sieve", "ldap", "irc",
        "xmpp"]
# those with lines, of base64 where a mechanism speaks
LINES = [name for name in PROTOCOLS if name not in ("ldap", "xmpp")]


class Listener(threading.Thread):
    """A server of one protocol, whose inside is a function of the test's."""
    running = []

    def __init__(self, scheme, inside, client_ca=None, tls12=False,
                 ends=("\r\n",), **more):
        super().__init__(daemon=True)
        self.ends = ends
        self.scheme, self.inside, self.more = scheme, inside, more
        self.dedicated = scheme not in PROTOCOLS
        self.kind = PROTOCOLS[scheme[:-1] if self.dedicated else scheme]
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(path("server.pem"), path("server.key"))
        if tls12:
            self.context.maximum_version = ssl.TLSVersion.TLSv1_2
        if client_ca:
            self.context.load_verify_locations(client_ca)
            self.context.verify_mode = ssl.CERT_OPTIONAL
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.seen, self.trouble, self.busy = [], None, False
        self.came = False
        Listener.running.append(self)
        self.start()

    def run(self):
        while True:
            try:
                conn, _ = self.listener.accept()
            except OSError:
                self.listener.close()
                return
            self.busy = self.came = True
            try:
                self.serve(conn)
            except (OSError, ValueError, Wrong) as trouble:
                self.trouble = repr(trouble)
            finally:
                conn.close()
                self.busy = False

    def serve(self, conn):
        conn.settimeout(PATIENCE)
        conn.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if not self.dedicated:
            self.kind.upgrade(self.kind.talks(conn, [], self.ends))
        with self.context.wrap_socket(conn, server_side=True) as tls:
            protocol = self.kind(self.kind.talks(tls, self.seen, self.ends),
                                 **self.more)
            if self.dedicated and protocol.greeting:
                protocol.talk.say(protocol.greeting)
            self.inside(protocol)
            try:
                tls.unwrap()
            except (OSError, ValueError):
                pass

    @classmethod
    def end_all(cls):
        # run() closes it: until it does, nobody else is to have the number
        for one in cls.running:
            one.listener.shutdown(socket.SHUT_RDWR)
        cls.running = []


class Run:
    """The program, and what came of it."""

    def __init__(self, server, *arguments, login=True, timeout="20",
                 scheme=None, port="", **more):
        scheme = scheme or server.scheme
        command = [serving.STARTTLS, "check", "--ca-file", path("ca.pem"),
                   "--timeout", timeout, "--trace",
                   "--connect", "127.0.0.1:%d" % server.port]
        if login:
            command += ["--login"]
        done = subprocess.run(
            command + list(arguments) + ["%s://%s%s" % (scheme, NAME, port)],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False,
            timeout=PATIENCE, **more)
        self.status = done.returncode
        self.out, self.err = done.stdout.decode(), done.stderr.decode()
        self.server = server
        until(lambda: not server.busy, 2)
        self.leaks = [s for s in SECRETS for t in (s, b64(s.encode())[:-4])
                      if t in self.out or t in self.err]

    def is_ok(self, mechanism):
        return self.status == 0 and not self.leaks and \
            "ok, " + mechanism + "\n" in self.out and \
            self.server.trouble is None and \
            re.search(r"login \d.*, logout \d", self.out) is not None

    def failed(self, status, reason, text=""):
        """Once, with a name, in one line, without a leak."""
        last = self.err.splitlines()[-1] if self.err else ""
        return self.status == status and not self.leaks and \
            last.startswith("starttls: ") and "[%s]" % reason in last and \
            text in last and ": %s\n" % reason in self.out

    def __str__(self):
        return "status %s\n%s\n%s\nleaks %s\nserver %s %s" % (
            self.status, self.out, self.err, self.leaks, self.server.trouble,
            self.server.seen)


def password_file(text=PASSWORD + "\n", name="password", mode=0o600):
    if os.path.exists(path(name)):
        os.unlink(path(name))     # its owner may not be allowed to write to it
    with open(path(name), "wb") as file:
        file.write(text if isinstance(text, bytes) else text.encode())
    os.chmod(path(name), mode)
    return path(name)


def with_password(user=USER):
    return ["--user", user, "--password-file", path("password")]


def with_token():
    return ["--user", USER, "--token-file", path("token")]


# ---- mechanisms, as servers see them ----------------------------------------

def begin(p, name, first=True):
    """The command; the initial response, asked for if need be."""
    mechanism, initial = p.command()
    if mechanism != name:
        raise Wrong("mechanism %r, not %r" % (mechanism, name))
    if first and initial is None:
        initial = p.ask()
    return initial


def plain(p, good=PASSWORD, user=USER):
    return begin(p, "PLAIN") == ("\0%s\0%s" % (user, good)).encode()


def login(p, good=PASSWORD):
    if begin(p, "LOGIN", first=False) is not None:
        raise Wrong("LOGIN with an initial response")
    user = p.ask(b"Username:")
    return user == USER.encode() and p.ask(b"Password:") == good.encode()


def xoauth2(p, good=TOKEN):
    if begin(p, "XOAUTH2") == ("user=%s\1auth=Bearer %s\1\1" % (
            USER, good)).encode():
        return True
    if p.ask(b'{"status":"401"}') != b"":
        raise Wrong("not the answer of XOAUTH2")
    return False


def oauthbearer(p, good=TOKEN):
    said = begin(p, "OAUTHBEARER").decode()
    port = said.split("\1")[2]
    want = "n,a=%s,\1host=%s\1%s\1auth=Bearer %s\1\1" % (USER, NAME, port,
                                                           good)
    if re.fullmatch(r"port=\d+", port) is None:
        raise Wrong("port: %r" % port)
    if said == want:
        return True
    if p.ask(b'{"status":"invalid_token"}') != b"\1":
        raise Wrong("not the answer of OAUTHBEARER")
    return False


def external(p, good=b""):
    return begin(p, "EXTERNAL") == good


class Scram:
    """RFC 5802, and everything in which a server could get it wrong."""

    def __init__(self, name, password=PASSWORD, rounds=4096, binding=None,
                 **tricks):
        self.name, self.password, self.rounds = name, password, rounds
        self.hash = "sha256" if "256" in name else "sha1"
        self.binding, self.tricks = binding, tricks

    def mac(self, key, text):
        return hmac.new(key, text, self.hash).digest()

    def __call__(self, p):
        """Whether the client knows the password; says what comes before yes
        or no."""
        first = begin(p, self.name).decode()
        gs2, bare = re.fullmatch(r"((?:n|y|p=[^,]*),,)(n=.*)", first).groups()
        self.gs2 = gs2
        name, nonce = re.fullmatch(r"n=(.*),r=([\x21-\x2b\x2d-\x7e]+)",
                                   bare).groups()
        salt = b"NaCl of the server"
        both = self.tricks.get("nonce", nonce + "abcdef" +
                               self.tricks.get("nonce_more", ""))
        server_first = self.tricks.get("first", "r=%s,s=%s,i=%d" % (
            both, b64(salt), self.rounds))
        final = p.ask(server_first.encode())
        if final is None:
            return False
        without, proof = final.decode().rsplit(",p=", 1)
        want = gs2.encode() + (self.binding(p) if self.binding else b"")
        if without != "c=%s,r=%s" % (b64(want), both):
            raise Wrong("channel binding or nonce: %r, not %r" % (
                without, want))
        salted = hashlib.pbkdf2_hmac(self.hash, self.password.encode(), salt,
                                     self.rounds)
        message = ",".join([bare, server_first, without]).encode()
        key = self.mac(salted, b"Client Key")
        stored = hashlib.new(self.hash, key).digest()
        signature = self.mac(stored, message)
        if bytes(a ^ b for a, b in zip(key, signature)) != \
                base64.b64decode(proof) or name != USER:
            return False
        self.last = b"v=" + b64(self.mac(self.mac(salted, b"Server Key"),
                                         message)).encode()
        return True

    def finish(self, p):
        """The server's signature, with or before the yes."""
        last = self.tricks.get("last", self.last)
        if last is None or (p.yes_has_data and not self.tricks.get("apart")):
            p.yes(last)
            return
        answer = p.ask(last)
        if answer is None:
            p.no(p.cancelled)
        elif answer != b"":
            raise Wrong("more than nothing")
        else:
            p.yes()


def scripted(mechanism, more=""):
    """A server that does what the mechanism asks for, to the end."""
    def inside(p):
        p.capabilities(more)
        if mechanism(p):
            finish = getattr(mechanism, "finish", None)
            if finish:
                finish(p)
            else:
                p.yes()
        else:
            p.no()
        p.bye()
    return inside


def native(user=USER, password=PASSWORD, more=""):
    def inside(p):
        p.capabilities(more)
        if p.native(user, password):
            p.yes()
        else:
            p.no()
        p.bye()
    return inside


def main(tests):
    for program in ("openssl", "sh"):
        if shutil.which(program) is None:
            print("1..0 # SKIP %s is missing" % program)
            return
    done = subprocess.run([serving.STARTTLS, "check", "--login", "x:"],
                          stderr=subprocess.PIPE, check=False)
    if b"without GNU SASL" in done.stderr:
        print("1..0 # SKIP built without GNU SASL")
        return

    def ended(test):
        def wrapped():
            try:
                test()
            finally:
                Listener.end_all()
        wrapped.__name__ = test.__name__
        return wrapped
    serving.main([ended(test) for test in tests])
