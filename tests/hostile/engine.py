# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The libstarttls authors
"""A scripted server: it plays the replies of a Case to one connection.

A Case names the stages at which its server differs from an honest one:

    greeting  ask  go  bye  other     in the clear; ask is the EHLO,
                                      CAPABILITY, FEAT, CAPABILITIES or
                                      CAPA, go the upgrade command
    first                             on a dedicated port, before all TLS
    hello                             instead of all TLS, after a ClientHello
    in_greeting  in_ask  in_bye  in_other      inside TLS

A reply is bytes, a function that does something to the channel, such as fin,
silence or drip(...), or a list of these; bytes are written in one go.  In
them <T> stands for the tag of the client's command, <T+1> for the next and
<PORT> for the port of the server.  All defaults are good and welcome any
login: a client that is fooled comes to a good end, and that fails the case.
"""

import dataclasses
import re
import select
import socket
import struct
import time

from certs import NAME

TLS_RECORD = (20, 21, 22, 23)
RECORD_HEADER = 5


class Over(Exception):
    """The conversation has ended."""


@dataclasses.dataclass(frozen=True)
class Protocol:
    commands: dict        # stage -> pattern of the command
    replies: dict         # stage -> honest reply
    size: object = None   # a function: bytes -> how many are a command, or 0;
                          # None: lines
    greets_again: bool = False    # inside TLS, unasked

    def stage(self, line):
        for stage, pattern in self.commands.items():
            if re.fullmatch(pattern, line, re.I | re.S):
                return stage
        return "other"


def protocol(commands, **replies):
    commands = zip(("ask", "go", "bye"), commands)
    return Protocol({k: v.encode() + rb"\r\n" for k, v in commands},
                    {k: v.encode() for k, v in replies.items()})


PROTOCOLS = {
    "smtp": protocol(
        (r"EHLO [\w.:\[\]-]+", "STARTTLS", "QUIT"),
        greeting="220 mail.example.test ESMTP\r\n",
        ask="250-mail.example.test\r\n250-STARTTLS\r\n250 HELP\r\n",
        go="220 2.0.0 go ahead\r\n", bye="221 bye\r\n", other="235 ok\r\n",
        in_ask="250-mail.example.test\r\n250-AUTH PLAIN\r\n250 HELP\r\n"),
    "imap": protocol(
        (r"\w+ CAPABILITY", r"\w+ STARTTLS", r"\w+ LOGOUT"),
        greeting="* OK ready\r\n",
        ask="* CAPABILITY IMAP4rev1 STARTTLS\r\n<T> OK done\r\n",
        go="<T> OK go ahead\r\n", bye="* BYE bye\r\n<T> OK done\r\n",
        other="<T> OK done\r\n",
        in_ask="* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\n<T> OK done\r\n"),
    "ftp": protocol(
        ("FEAT", "AUTH TLS", "QUIT"),
        greeting="220 ready\r\n", go="234 go ahead\r\n", bye="221 bye\r\n",
        ask="211-Features:\r\n AUTH TLS\r\n PBSZ\r\n211 End\r\n",
        other="230 ok\r\n",
        in_ask="211-Features:\r\n PBSZ\r\n PROT\r\n211 End\r\n"),
    "nntp": protocol(
        ("CAPABILITIES", "STARTTLS", "QUIT"),
        greeting="200 ready\r\n", go="382 go ahead\r\n", bye="205 bye\r\n",
        ask="101 list\r\nVERSION 2\r\nREADER\r\nSTARTTLS\r\n.\r\n",
        other="281 ok\r\n",
        in_ask="101 list\r\nVERSION 2\r\nREADER\r\nAUTHINFO USER\r\n.\r\n"),
    "pop3": protocol(
        ("CAPA", "STLS", "QUIT"),
        greeting="+OK ready\r\n", go="+OK go ahead\r\n", bye="+OK bye\r\n",
        ask="+OK list\r\nUSER\r\nSTLS\r\n.\r\n", other="+OK ok\r\n",
        in_ask="+OK list\r\nUSER\r\nSASL PLAIN\r\n.\r\n"),
}


def xml_size(data):
    """A tag, and the declaration in front of it."""
    found = re.match(rb"(<\?[^>]*>)?<[^>]*>", data)
    return found.end() if found else 0


def nbd_size(data):
    """The client's flags, or an option."""
    if not data.startswith(b"IHAVEOPT"[:len(data)]):
        return 4
    return 16 + int.from_bytes(data[12:16], "big") if len(data) >= 16 else 0


def tpkt_size(data):
    return int.from_bytes(data[2:4], "big") if len(data) >= 4 else 0


def telnet_size(data):
    return 6 if data[1:2] == b"\xfa" else 3


def nbd_reply(option, kind, data=b"", size=None):
    return (b"\0\3\xe8\x89\x04\x55\x65\xa9" + struct.pack(
        ">III", option, kind, len(data) if size is None else size) + data)


XMPP_TLS = b"urn:ietf:params:xml:ns:xmpp-tls"
XMPP_HEADER = (
    b"<?xml version='1.0'?><stream:stream from='localhost' id='i' "
    b"version='1.0' xmlns='jabber:client' "
    b"xmlns:stream='http://etherx.jabber.org/streams'>")
XMPP_START = b"<starttls xmlns='" + XMPP_TLS + b"'/>"
XMPP_PROCEED = b"<proceed xmlns='" + XMPP_TLS + b"'/>"
XMPP_FEATURES = b"<stream:features>" + XMPP_START + b"</stream:features>"
XMPP_LOGINS = (
    b"<stream:features><mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>"
    b"<mechanism>PLAIN</mechanism></mechanisms></stream:features>")
NBD_GREETING = b"NBDMAGICIHAVEOPT\0\3"
RDP_CONFIRM = bytes.fromhex("030000130ed00000123400")
TELNET_FOLLOWS = b"\xff\xfa.\1\xff\xf0"
PROTOCOLS["xmpp"] = Protocol(
    {"ask": rb"<\?xml version='1\.0'\?><stream:stream to='[\w.]+' "
            rb"version='1\.0' xmlns='jabber:client' xmlns:stream="
            rb"'http://etherx\.jabber\.org/streams'>",
     "go": re.escape(XMPP_START), "bye": b"</stream:stream>"},
    {"greeting": b"", "ask": XMPP_HEADER + XMPP_FEATURES, "go": XMPP_PROCEED,
     "bye": b"</stream:stream>", "in_ask": XMPP_HEADER + XMPP_LOGINS,
     "other": b"<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>"},
    xml_size)
PROTOCOLS["nbd"] = Protocol(
    {"flags": rb"\x00{3}[\x01\x03]", "go": rb"IHAVEOPT\x00{3}\x05\x00{4}",
     "ask": rb"IHAVEOPT\x00{3}\x03\x00{4}",
     "bye": rb"IHAVEOPT\x00{3}\x02\x00{4}"},
    {"greeting": NBD_GREETING, "in_greeting": b"", "flags": b"",
     "go": nbd_reply(5, 1), "bye": nbd_reply(2, 1), "other": nbd_reply(3, 1),
     "ask": nbd_reply(3, 2, b"\0\0\0\4disk") + nbd_reply(3, 1)},
    nbd_size)
PROTOCOLS["rdp"] = Protocol(
    {"go": re.escape(bytes.fromhex(
        "030000130ee00000000000" "0100080003000000"))},
    {"greeting": b"", "go": RDP_CONFIRM + bytes.fromhex("0201080001000000"),
     "other": b""}, tpkt_size)
PROTOCOLS["telnet"] = Protocol(
    {"will": rb"\xff\xfb\.", "go": rb"\xff\xfa\.\x01\xff\xf0"},
    {"greeting": b"\xff\xfd.", "in_greeting": b"login: ", "will": b"",
     "go": TELNET_FOLLOWS, "other": b""}, telnet_size)


def ldap_size(data):
    return 2 + data[1] if len(data) >= 2 else 0


def postgres_size(data):
    return int.from_bytes(data[:4], "big") if len(data) >= 4 else 0


def mysql_size(data):
    return 4 + int.from_bytes(data[:3], "little") if len(data) >= 4 else 0


def postgres_error(state, text):
    fields = b"SFATAL\0C%s\0M%s\0\0" % (state, text)
    return b"E" + struct.pack(">I", 4 + len(fields)) + fields


def ldap_result(ident, tag, code, text=b"", name=b""):
    op = b"\x0a\1%c\4\0\4%c%s" % (code, len(text), text)
    op += b"\x8a%c%s" % (len(name), name) if name else b""
    inner = b"\2\1%c%c%c%s" % (ident, tag, len(op), op)
    return b"\x30%c%s" % (len(inner), inner)


def mysql_packet(number, payload):
    return struct.pack("<I", len(payload) | number << 24) + payload


MYSQL_GREETING = mysql_packet(0, b"\x0a8.0.36\0\3\0\0\0" + b"12345678\0"
                              b"\xff\xff\x08\2\0\xff\xdf\x15" + bytes(10) +
                              b"abcdefghijkl\0mysql_native_password\0")
PROTOCOLS["ldap"] = Protocol(
    {"go": rb"0\x1d\x02\x01\x01w\x18\x80\x161\.3\.6\.1\.4\.1\.1466\.20037",
     "ask": rb"0\x2a\x02\x01\x02c.*", "bye": rb"0\x05\x02\x01\x03B\x00"},
    {"greeting": b"", "go": ldap_result(1, 0x78, 0), "bye": b"",
     "ask": b"0\x09\2\1\2d\4\4\0000\0" + ldap_result(2, 0x65, 0),
     "other": ldap_result(2, 0x61, 0)}, ldap_size)
PROTOCOLS["postgres"] = Protocol(
    {"go": rb"\x00{3}\x08\x04\xd2\x16/",
     "ask": rb"\x00{3}\)\x00\x03\x00\x00user\x00starttls\x00.*"},
    {"greeting": b"", "go": b"S", "ask": b"R\0\0\0\x08\0\0\0\3",
     "other": b"R\0\0\0\x08\0\0\0\0"}, postgres_size)
PROTOCOLS["mysql"] = Protocol(
    {"go": rb"\x20\x00\x00\x01\x00\x8a.*",
     "ask": rb"@\x00\x00\x02\x00\x8a\x08.*starttls.*"},
    {"greeting": MYSQL_GREETING, "in_greeting": b"", "go": b"",
     "ask": mysql_packet(3, b"\xff\x15\x04#28000no"),
     "other": mysql_packet(3, b"\0\0\0\2\0\0\0")}, mysql_size)

PROTOCOLS["lmtp"] = protocol(
    (r"LHLO [\w.:\[\]-]+", "STARTTLS", "QUIT"),
    greeting="220 mail.example.test LMTP\r\n",
    ask="250-mail.example.test\r\n250 STARTTLS\r\n",
    go="220 2.0.0 go ahead\r\n", bye="221 bye\r\n", other="235 ok\r\n",
    in_ask="250 mail.example.test\r\n")
PROTOCOLS["sieve"] = dataclasses.replace(protocol(
    ("CAPABILITY", "STARTTLS", "LOGOUT"),
    greeting='"SASL" ""\r\n"STARTTLS"\r\nOK "ready"\r\n',
    in_greeting='"SASL" "PLAIN"\r\nOK "ready"\r\n',
    ask='"SASL" "PLAIN"\r\nOK\r\n', go='OK "go ahead"\r\n',
    bye="OK\r\n", other="OK\r\n"), greets_again=True)
PROTOCOLS["irc"] = protocol(
    ("CAP LS", "STARTTLS", "QUIT :bye"), greeting="",
    ask=":x CAP * LS :tls\r\n", go=":x 670 * :go ahead\r\n",
    bye="ERROR :bye\r\n", other=":x 001 a :Welcome\r\n")
PROTOCOLS["nut"] = Protocol(
    {"ask": rb"VER\n", "go": rb"STARTTLS\n", "bye": rb"LOGOUT\n"},
    {"greeting": b"", "ask": b"Network UPS Tools upsd 2.8.0\n",
     "go": b"OK STARTTLS\n", "bye": b"OK Goodbye\n", "other": b"OK\n"})



def http_size(data):
    return data.find(b"\r\n\r\n") + 4 if b"\r\n\r\n" in data else 0


PROTOCOLS["xmpp-server"] = dataclasses.replace(PROTOCOLS["xmpp"], commands={
    **PROTOCOLS["xmpp"].commands, "ask": rb"<\?xml .*'jabber:server' .*"},
    replies={**PROTOCOLS["xmpp"].replies, "in_ask": XMPP_HEADER.replace(
        b"jabber:client", b"jabber:server") + XMPP_LOGINS})
PROTOCOLS["https"] = Protocol(
    {"bye": rb"HEAD / HTTP/1\.1\r\n.*"},
    {"greeting": b"", "other": b"HTTP/1.1 200 OK\r\n\r\n",
     "bye": b"HTTP/1.1 200 OK\r\nServer: x\r\n\r\n"}, http_size)
PROTOCOLS["tls"] = Protocol({}, {"greeting": b"", "other": b""}, len)

# Without lines, and with lines of their own: see octets.py, lines.py; and those
# of dedicated.py.
OCTETS = ("xmpp", "nbd", "rdp", "telnet", "ldap", "postgres", "mysql",
          "lmtp", "sieve", "irc", "nut")
NO_UPGRADE = ("https", "tls", "xmpp-server")
UPGRADED = {**{name: name for name in PROTOCOLS
               if name not in OCTETS and name not in NO_UPGRADE},
            "submission": "smtp"}
DEDICATED = {"smtps": "smtp", "submissions": "smtp", "imaps": "imap",
             "ftps": "ftp", "nntps": "nntp", "pop3s": "pop3",
             "lmtps": "lmtp", "sieves": "sieve", "ircs": "irc",
             "xmpps": "xmpp", "xmpps-server": "xmpp-server", "ldaps": "ldap",
             "postgress": "postgres", "telnets": "telnet", "https": "https",
             "tls": "tls"}


NEEDED_ALPN = {"postgress": ("postgresql",)}


@dataclasses.dataclass
class Case:
    id: str
    scheme: str
    exits: frozenset                  # the exit statuses that will do
    replies: dict                     # stage -> reply
    tls: dict = dataclasses.field(default_factory=dict)
    timeout: float = 10               # the client's --timeout
    late: bool = False                # may (late) or must (6) take that long
    name: str = NAME                  # the name in the URL
    arguments: tuple = ()             # more arguments for the client
    trust: str = "root"               # certificates in --ca-file; or None
    growth: int = 4096                # KiB more than for a good conversation
    judge: object = None              # a function: log -> what is wrong

    @property
    def family(self):
        return (UPGRADED.get(self.scheme) or DEDICATED.get(self.scheme) or
                self.scheme)

    @property
    def protocol(self):
        return PROTOCOLS[self.family]

    def reply(self, stage):
        honest = self.protocol.replies
        plain = stage.removeprefix("in_")
        return self.replies.get(stage, honest.get(stage, honest[plain]))


def case(row, scheme, what, exits, late=False, timeout=None, **other):
    """Make a case: fields of Case by their names, replies by their stage."""
    exits = frozenset([exits] if isinstance(exits, int) else exits)
    late = late or 6 in exits
    fields = {k: other.pop(k) for k in Case.__dataclass_fields__
              if k in other}
    return Case("%s/%s/%s" % (row, scheme, what), scheme, exits, other,
                late=late, timeout=timeout or (1 if late else 10), **fields)


class Log:
    """What the server saw."""

    def __init__(self):
        self.clear = []               # lines, before TLS
        self.inside = []              # lines, in TLS
        self.hello = b""              # the ClientHello's record
        self.behind = b""             # what came in the clear from then on
        self.output = b""             # of the client, and how it ended:
        self.code, self.seconds, self.rss = None, 0, 0


def following(tag):
    """The tag that comes next."""
    head, number = re.fullmatch(rb"(.*?)(\d*)", tag, re.S).groups()
    return b"%s%0*d" % (head, len(number), int(number or 0) + 1)


class Channel:
    """A stream to the client."""

    tag = b"a1"
    port = 0

    def __init__(self):
        self.buffer = b""

    def line(self):
        """The next line of the client; what there is at the end."""
        while b"\n" not in self.buffer:
            data = self.recv()
            self.buffer += data
            if not data or len(self.buffer) > 65536:
                rest, self.buffer = self.buffer, b""
                return rest
        line, _, self.buffer = self.buffer.partition(b"\n")
        return line + b"\n"

    def command(self, size):
        """The next command; what there is at the end."""
        if size is None:
            return self.line()
        while not self.buffer or not 0 < size(self.buffer) <= len(self.buffer):
            data = self.recv()
            self.buffer += data
            if not data or len(self.buffer) > 65536:
                rest, self.buffer = self.buffer, b""
                return rest
        number = size(self.buffer)
        command, self.buffer = self.buffer[:number], self.buffer[number:]
        return command

    def play(self, reply):
        for part in reply if isinstance(reply, (list, tuple)) else [reply]:
            if callable(part):
                part(self)
            elif part:
                self.send(self.fill(part))

    def fill(self, text):
        if b"<" in text:
            text = text.replace(b"<T>", self.tag)
            text = text.replace(b"<T+1>", following(self.tag))
            text = text.replace(b"<T+2>", following(following(self.tag)))
            text = text.replace(b"<PORT>", b"%d" % self.port)
        return text


class Clear(Channel):
    """The connection itself."""

    def __init__(self, sock, seconds, log):
        super().__init__()
        self.sock, self.log, self.in_tls = sock, log, False
        self.port = sock.getsockname()[1]
        self.end = time.monotonic() + seconds
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.poll = select.poll()
        self.poll.register(sock, select.POLLRDHUP)

    @property
    def raw(self):
        return self

    def _limit(self):
        left = self.end - time.monotonic()
        if left <= 0:
            raise Over
        self.sock.settimeout(left)

    def send(self, data):
        self._limit()
        self.sock.sendall(data)

    def recv(self):
        self._limit()
        data = self.sock.recv(65536)
        if self.in_tls and len(self.log.behind) < 1 << 20:
            self.log.behind += data
        return data

    def fill(self, text):
        return text if self.in_tls else super().fill(text)

    def first(self):
        """The first byte of what comes next, left in place; -1 at the end."""
        while not self.buffer:
            data = self.recv()
            if not data:
                return -1
            self.buffer = data
        return self.buffer[0]

    def _need(self, size):
        while len(self.buffer) < size:
            data = self.recv()
            if not data:
                raise Over
            self.buffer += data

    def client_hello(self):
        """Wait for a whole ClientHello, left in place."""
        self.in_tls, self.log.behind = True, self.buffer
        self._need(RECORD_HEADER)
        size = RECORD_HEADER + int.from_bytes(self.buffer[3:5], "big")
        self._need(size)
        self.log.hello = self.buffer[:size]

    def rest(self, seconds):
        """Let time pass, unless the client goes away."""
        left = self.end - time.monotonic()
        if left <= 0 or self.poll.poll(1000 * min(seconds, left)):
            raise Over

    def drain(self):
        while self.recv():
            pass
        raise Over


# What a reply can do besides saying something.

def fin(channel):
    """Close in good order, without a goodbye of TLS."""
    channel.raw.sock.shutdown(socket.SHUT_WR)
    channel.raw.drain()


def rst(channel):
    """Reset the connection."""
    channel.raw.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                struct.pack("ii", 1, 0))
    channel.raw.sock.close()
    raise Over


def silence(channel):
    """Say nothing any more."""
    channel.raw.drain()


def pause(seconds):
    return lambda channel: channel.raw.rest(seconds)


def drip(data, every=0.2):
    """Say the same again and again, slowly and for ever."""
    def play(channel):
        while True:
            channel.send(channel.fill(data))
            channel.raw.rest(every)
    return play


def flood(data, total=64 << 20):
    """Say the same again and again, fast, for so many bytes; then wait."""
    def play(channel):
        block = channel.fill(data) * max(1, 65536 // len(data))
        for _ in range(total // len(block)):
            channel.send(block)
        channel.raw.drain()
    return play


def bytewise(data, every=0.0):
    """The bytes of a reply one at a time."""
    def play(channel):
        text = channel.fill(data)
        for at in range(len(text)):
            channel.send(text[at:at + 1])
            if every:
                channel.raw.rest(every)
    return play


def padded(reply, size):
    """A reply of one line, made so many bytes long."""
    return lambda channel: channel.send(
        channel.fill(reply[:-2]).ljust(size - 2, b"x") + b"\r\n")


def echo_hello(channel):
    channel.send(channel.raw.log.hello)


def talk(case, channel, log, start):
    """Serve one connection; start(clear channel) makes the TLS channel."""
    protocol = case.protocol
    if case.scheme not in DEDICATED:
        channel.play(case.reply("greeting"))
        while channel.first() not in TLS_RECORD:
            line = channel.command(protocol.size)
            if not line:
                return
            log.clear.append(line)
            channel.tag = line.split(b" ")[0]
            channel.play(case.reply(protocol.stage(line)))
    elif "first" in case.replies:
        channel.play(case.replies["first"])
    channel.client_hello()
    if "hello" in case.replies:
        channel.play(case.replies["hello"])
        channel.drain()
    with start(channel) as inside:
        inside.tag, inside.port = channel.tag, channel.port
        if case.scheme in DEDICATED or protocol.greets_again:
            inside.play(case.reply("in_greeting"))
        stage = None
        while stage != "bye":
            line = inside.command(protocol.size)
            stage = protocol.stage(line)
            if not line:
                return
            if inside.noisy and stage == "other":
                continue
            log.inside.append(line)
            inside.tag = line.split(b" ")[0]
            inside.play(case.reply("in_" + stage))
