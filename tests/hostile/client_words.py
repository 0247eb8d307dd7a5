# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The libstarttls authors
"""What the protocols say in the clear, as a server of ours and its clients."""

import dataclasses

CRLF = b"\r\n"


@dataclasses.dataclass(frozen=True)
class Protocol:
    """What is said in the clear; patterns are of whole lines, or of whole
    messages where a protocol has no lines."""
    upgrade: bytes
    greeting: bytes           # None: the client speaks first
    go: bytes                 # the go-ahead
    no: bytes                 # any refusal
    final: bytes              # the last line of a reply
    private: bytes            # the refusal of a login: TLS first
    asks: bytes               # wants the secret
    ask: bytes                # asks for the capabilities
    listed: bytes             # a line in their list
    unlisted: bytes           # not in their list
    logins: tuple
    harmless: tuple           # (command, reply) in front of the upgrade
    pipelines: tuple          # legal ones in front of it
    begun: tuple              # begun in the clear, to be forgotten
    quit: bytes
    bye: bytes
    odd: object               # not the upgrade, for this protocol only
    alpn: tuple
    before: tuple = ()        # what an honest client says first
    multi: bytes = None       # replies that end with a dot
    prefix: bytes = b""       # in front of each command
    synonyms: tuple = ()      # other words for the upgrade
    probe: bytes = b"NOOP"    # inside TLS, at a server that is no echo
    probe_reply: bytes = b"2"
    unknown: bytes = b"XYZZY"
    secret: bytes = b"AHRlc3RlcgBzM2NyZXQ=\r\n"    # if it were asked for
    size: object = None       # of the message that begins like this, 0 if that
                              # is not known; None: lines
    text: object = None       # what people read of a message
    forms: tuple = ()         # of the upgrade, besides those of lines
    own: tuple = ()           # what is garbage for the others only
    garbage: dict = dataclasses.field(default_factory=dict)    # for this one
    hopeless: bytes = None    # what all know to be garbage; None: as lines do
    many: tuple = (10, 90)    # as often it does what is harmless
    leaves: bool = False      # it ends by the refusal of a login
    needs_alpn: bool = False  # on the dedicated port
    not_in: tuple = ()        # clients that do not know it
    silent: bytes = None      # commands that have no reply, in capitals
    end: bytes = CRLF         # of the server's lines and of honest clients'

    def line(self, command, end=None):
        return self.prefix + command + (self.end if end is None else end)

    def first(self, data):
        """The unit at its start, or None, and what is behind it."""
        if self.size:
            size = self.size(data)
            if 0 < size <= len(data):
                return data[:size], data[size:]
        elif self.end in data:
            line, _, data = data.partition(self.end)
            return line, data
        return None, data

    def cut(self, data):
        """The units at its start, and what is behind them."""
        units = []
        while True:
            unit, data = self.first(data)
            if unit is None:
                return units, data
            units.append(unit)

    def shown(self, unit):
        return self.text(unit) if self.text else unit

    @property
    def login(self):
        """One of them."""
        return next(iter(values(self.logins)))

    @property
    def noop(self):
        """What is answered, and does nothing else."""
        return next(iter(values(self.harmless)))[0]


def values(table):
    return table.values() if isinstance(table, dict) else table


def named(table, prefix, word):
    """Its entries and their names, which a word of each will do for unless it
    has some."""
    if isinstance(table, dict):
        for name, entry in table.items():
            yield prefix + name, entry
    else:
        for at, entry in enumerate(table):
            yield "%s%d-%s" % (prefix, at, word(entry)), entry


SECRET = b"AHRlc3RlcgBzM2NyZXQ="
SMTP = Protocol(
    upgrade=b"STARTTLS", greeting=rb"220[ -].*", go=rb"220 .*",
    no=rb"[45]\d\d .*", final=rb"\d{3}( .*)?", private=rb"53[048] .*",
    asks=rb"3\d\d.*", ask=b"EHLO client.example.test",
    listed=rb"250[ -]STARTTLS", unlisted=rb"250[ -]AUTH.*",
    before=(b"EHLO client.example.test",), quit=b"QUIT", bye=rb"221 .*",
    logins=(b"AUTH PLAIN", b"AUTH PLAIN " + SECRET, b"AUTH LOGIN",
            b"AUTH LOGIN dGVzdGVy", b"AUTH CRAM-MD5", b"AUTH NTLM",
            b"AUTH EXTERNAL =", b"AUTH XOAUTH2 " + SECRET),
    harmless=((b"NOOP", rb"250 .*"), (b"RSET", rb"250 .*"),
              (b"HELO there", rb"250 .*"), (b"EHLO [192.0.2.1]", rb"250 .*"),
              (b"HELP", rb"(214|502) .*"), (b"NOOP x", rb"250 .*"),
              (b"VRFY root", rb"\d.*"), (b"EXPN staff", rb"\d.*"),
              (b"XYZZY", rb"50[02] .*"), (b"MAIL FROM:<>", rb"[25]\d\d .*"),
              (b"DATA", rb"5\d\d .*"), (b"RCPT TO:<a@b.test>", rb"5.*"),
              (b"", rb"5\d\d .*"), (b"EHLO", rb"5\d\d .*"),
              (b"EHLO [IPv6:::1]", rb"250 .*"), (b"EHLO a  ", rb"250 .*"),
              (b"HELO", rb"5\d\d .*")),
    pipelines=((b"RSET",), (b"NOOP", b"RSET"), (b"NOOP",) * 5),
    begun=((b"MAIL FROM:<a@b.test>",), (b"AUTH PLAIN",), (b"AUTH LOGIN",),
           (b"MAIL FROM:<a@b.test>", b"RCPT TO:<c@d.test>"),
           (b"EHLO other.test",), (b"HELO old.test",), (b"VRFY x",)),
    odd=(b"EHLO STARTTLS", b"NOOP STARTTLS", b"HELO x STARTTLS",
         b"BDAT 10\r\nSTARTTLS", b"BDAT 10 LAST\r\nSTARTTLS",
         b"HELP STARTTLS", b"X-STARTTLS", b"STLS"),
    alpn=(b"smtp",), probe=b"EHLO inside.test", probe_reply=b"250")
IMAP = Protocol(
    upgrade=b"STARTTLS", greeting=rb"\* OK.*", go=rb"a1 OK.*",
    no=rb"(a1 (NO|BAD)|\* BYE).*", final=rb"((a1|\*) (OK|NO|BAD|BYE)|\+).*",
    private=rb"a1 NO \[PRIVACYREQUIRED\].*", asks=rb"\+.*",
    ask=b"CAPABILITY", listed=rb"\* CAPABILITY .*\bSTARTTLS\b.*",
    unlisted=rb"\* CAPABILITY (?!.*LOGINDISABLED).*|.*AUTH=PLAIN.*",
    logins=(b"LOGIN tester s3cret", b'LOGIN "tester" "s3cret"',
            b"LOGIN {6}", b"LOGIN tester {6}", b"AUTHENTICATE PLAIN",
            b"AUTHENTICATE PLAIN " + SECRET, b"AUTHENTICATE LOGIN",
            b"AUTHENTICATE CRAM-MD5", b"AUTHENTICATE EXTERNAL ="),
    harmless=((b"NOOP", rb"a1 OK.*"), (b"CAPABILITY", rb"a1 OK.*"),
              (b"ID NIL", rb"a1 (OK|BAD).*"),
              (b'ID ("name" "test" "version" "1")', rb"a1 (OK|BAD).*"),
              (b"XYZZY", rb"a1 BAD.*"), (b"SELECT INBOX", rb"a1 (BAD|NO).*"),
              (b"ENABLE IMAP4rev2", rb"a1 .*"), (b"LIST x y", rb"a1 B.*"),
              (b"NAMESPACE", rb"a1 (BAD|NO).*"), (b"IDLE", rb"a1 (B|N).*"),
              (b"LOGIN", rb"a1 (BAD|NO).*"), (b"CHECK", rb"a1 BAD.*")),
    pipelines=((b"CAPABILITY",), (b"NOOP", b"CAPABILITY"), (b"ID NIL",),
               (b"NOOP",) * 5),
    begun=((b"AUTHENTICATE PLAIN",), (b"LOGIN {6}",), (b"SELECT INBOX",),
           (b"LOGIN tester s3cret",), (b"ID NIL",), (b"IDLE",)),
    odd=(b"UID STARTTLS", b"STARTTLS {3}", b"STARTTLS {3+}\r\nabc",
         b"LOGIN {11+}\r\na1 STARTTLS", b"NOOP STARTTLS",
         b"LOGIN x {13+}\r\na1 STARTTLS\r\n", b"ID {11+}\r\na1 STARTTLS",
         b"ID NIL STARTTLS", b"(STARTTLS)", b"STLS",
         b"LOGIN ~{11+}\r\na1 STARTTLS", b"STARTTLS NIL"),
    quit=b"LOGOUT", bye=rb"\* BYE.*", alpn=(b"imap",), prefix=b"a1 ",
    probe=b"NOOP", probe_reply=b"a1 OK")
FTP = Protocol(
    upgrade=b"AUTH TLS", greeting=rb"220[ -].*", go=rb"234 .*",
    no=rb"[45]\d\d .*", final=rb"\d{3}( .*)?", private=rb"53[0-4] .*",
    asks=rb"33[0-9].*|230.*", ask=b"FEAT", listed=rb" AUTH .*TLS.*",
    unlisted=rb" USER.*",
    logins=(b"USER anonymous", b"USER tester", b"PASS s3cret", b"ACCT x",
            b"PASS", b"USER", b"USER root", b"PASS -s3cret"),
    harmless=((b"NOOP", rb"200 .*"), (b"SYST", rb"[25]\d\d .*"),
              (b"FEAT", rb"211 .*"), (b"HELP", rb"214 .*|5.*"),
              (b"XYZZY", rb"5\d\d .*"), (b"OPTS UTF8 ON", rb"[25]\d\d .*"),
              (b"PBSZ 0", rb"5\d\d .*"), (b"PROT P", rb"5\d\d .*"),
              (b"PWD", rb"5\d\d .*"), (b"LIST", rb"5\d\d .*"),
              (b"PORT 127,0,0,1,0,25", rb"5\d\d .*"), (b"PASV", rb"5.*"),
              (b"REIN", rb"[25]\d\d .*"), (b"HOST a.test", rb"[25].*"),
              (b"AUTH KERBEROS_V4", rb"50[34] .*")),
    pipelines=((b"NOOP",), (b"FEAT",), (b"SYST", b"FEAT")),
    begun=((b"USER anonymous",), (b"PBSZ 0", b"PROT P"), (b"REST 100",),
           (b"TYPE I",), (b"RNFR x",), (b"PORT 127,0,0,1,4,4",)),
    odd=(b"AUTH", b"AUTH ", b"AUTH KRB", b"AUTH GSSAPI", b"AUTH TLS-X",
         b"AUTHTLS", b"AUTH TLSTLS", b"AUTH XTLS", b"AUTH,TLS",
         b"STARTTLS", b"AUTH TL", b"SITE AUTH TLS", b"AUTH =TLS",
         b"NOOP AUTH TLS", b"ADAT AUTH TLS", b"AUTH KRB TLS"),
    quit=b"QUIT", bye=rb"221 .*", alpn=(b"ftp",), probe=b"SYST",
    synonyms=(b"AUTH TLS-C", b"auth tls-c"))
NNTP = Protocol(
    upgrade=b"STARTTLS", greeting=rb"20[01] .*", go=rb"382 .*",
    no=rb"[45]\d\d .*", final=rb"\d{3}( .*)?", multi=rb"10[01] .*",
    private=rb"483 .*", asks=rb"3[0-79]\d.*|38[13].*|2[38]\d.*",
    ask=b"CAPABILITIES", listed=rb"STARTTLS", unlisted=rb"AUTHINFO .*USER.*",
    logins=(b"AUTHINFO USER tester", b"AUTHINFO PASS s3cret",
            b"AUTHINFO SASL PLAIN", b"AUTHINFO SASL PLAIN " + SECRET,
            b"AUTHINFO GENERIC x", b"AUTHINFO SIMPLE", b"AUTHINFO",
            b"AUTHINFO SASL EXTERNAL ="),
    harmless=((b"CAPABILITIES", rb"\."), (b"MODE READER", rb"[2-5].*"),
              (b"HELP", rb"\.|5.*|4.*"), (b"DATE", rb"[145]\d\d .*"),
              (b"XYZZY", rb"500 .*"), (b"GROUP x.test", rb"[45]\d\d .*"),
              (b"CAPABILITIES AUTOUPDATE", rb"\."), (b"LIST", rb"4.*|5.*"),
              (b"POST", rb"[45]\d\d .*"), (b"IHAVE <a@b>", rb"[45].*"),
              (b"ARTICLE 1", rb"[45]\d\d .*"), (b"CHECK <a@b>", rb"[45].*"),
              (b"MODE STREAM", rb"[245]\d\d .*")),
    pipelines=((b"CAPABILITIES",), (b"MODE READER", b"CAPABILITIES"),
               (b"HELP",), (b"DATE",) * 3),
    begun=((b"AUTHINFO USER tester",), (b"GROUP x.test",), (b"POST",),
           (b"AUTHINFO SASL PLAIN",), (b"MODE READER",), (b"IHAVE <a@b>",)),
    odd=(b"MODE STARTTLS", b"TAKETHIS <a@b>\r\nSTARTTLS",
         b"CAPABILITIES STARTTLS", b"HELP STARTTLS", b"AUTHINFO STARTTLS",
         b"STLS", b"XSTARTTLS x"),
    quit=b"QUIT", bye=rb"205 .*", alpn=(b"nntp",), probe=b"CAPABILITIES",
    probe_reply=b"101")
POP3 = Protocol(
    upgrade=b"STLS", greeting=rb"\+OK.*", go=rb"\+OK.*", no=rb"-ERR.*",
    final=rb"(\+OK|-ERR|\+).*", multi=None, private=rb"-ERR.*",
    asks=rb"\+.*", ask=b"CAPA", listed=rb"STLS", unlisted=rb"USER|SASL .*P.*",
    logins=(b"USER tester", b"PASS s3cret", b"AUTH PLAIN",
            b"APOP tester c4c9334bac560ecc979e58001b3e22fb", b"AUTH",
            b"AUTH PLAIN " + SECRET, b"AUTH LOGIN", b"AUTH CRAM-MD5"),
    harmless=((b"CAPA", rb"\."), (b"NOOP", rb"(\+OK|-ERR).*"),
              (b"STAT", rb"-ERR.*"), (b"LIST", rb"-ERR.*"),
              (b"XYZZY", rb"-ERR.*"), (b"UTF8", rb"(\+OK|-ERR).*"),
              (b"LANG", rb"\.|-ERR.*"), (b"RSET", rb"-ERR.*"),
              (b"RETR 1", rb"-ERR.*"), (b"TOP 1 0", rb"-ERR.*")),
    pipelines=((b"CAPA",), (b"CAPA", b"CAPA"), (b"XYZZY", b"CAPA")),
    begun=((b"USER tester",), (b"AUTH PLAIN",), (b"UTF8",), (b"LANG",)),
    odd=(b"STARTTLS", b"CAPA STLS", b"NOOP STLS", b"USER STLS",
         b"APOP STLS x", b"TLS", b"STLS+"),
    quit=b"QUIT", bye=rb"\+OK.*", alpn=(b"pop3",), probe=b"CAPA",
    probe_reply=b"+OK")
LMTP = dataclasses.replace(
    SMTP, ask=b"LHLO client.example.test", alpn=(b"lmtp",),
    before=(b"LHLO client.example.test",),
    harmless=((b"NOOP", rb"250 .*"), (b"RSET", rb"250 .*"),
              (b"LHLO [IPv6:::1]", rb"250 .*"), (b"LHLO a  ", rb"250 .*"),
              (b"EHLO there", rb"500 .*"), (b"HELO there", rb"500 .*"),
              (b"LHLO", rb"501 .*"), (b"HELP", rb"214 .*"),
              (b"NOOP x", rb"250 .*"), (b"VRFY root", rb"530 .*"),
              (b"EXPN staff", rb"530 .*"), (b"MAIL FROM:<>", rb"530 .*"),
              (b"DATA", rb"530 .*"), (b"XYZZY", rb"500 .*"),
              (b"", rb"500 .*")),
    begun=((b"MAIL FROM:<a@b.test>", b"RCPT TO:<c@d.test>"),
           (b"LHLO other.test",), (b"AUTH LOGIN",)),
    odd=(b"LHLO STARTTLS", b"NOOP STARTTLS", b"BDAT 10\r\nSTARTTLS",
         b"BDAT 10 LAST\r\nSTARTTLS", b"HELP STARTTLS", b"STLS"),
    probe=b"LHLO inside.test")
TLS = dataclasses.replace(SMTP, alpn=(b"tls",))
SIEVE = Protocol(
    upgrade=b"STARTTLS", greeting=rb"OK.*", go=rb"OK.*", no=rb"(NO|BYE) .*",
    final=rb"(OK|NO|BYE)\b.*", private=rb"NO \(ENCRYPT-NEEDED\) .*",
    asks=rb'["{].*|OK.*', ask=b"CAPABILITY", listed=rb'"STARTTLS"',
    unlisted=rb'"SASL" "[^"].*',
    logins=(b'AUTHENTICATE "PLAIN"', b'AUTHENTICATE "PLAIN" "%s"' % SECRET,
            b'AUTHENTICATE "LOGIN"', b'AUTHENTICATE "EXTERNAL" ""',
            b'AUTHENTICATE "SCRAM-SHA-256" "biwsbj11LHI9cg=="',
            b"AUTHENTICATE PLAIN", b"AUTHENTICATE"),
    harmless=((b"NOOP", rb"OK.*"), (b"CAPABILITY", rb"OK.*"),
              (b'NOOP "a \\" tag"', rb'OK \(TAG "a \\" tag"\) .*'),
              (b'NOOP ""', rb'OK \(TAG ""\) .*'), (b"NOOP x", rb"NO .*"),
              (b"LISTSCRIPTS", rb"NO .*"), (b'GETSCRIPT "a"', rb"NO .*"),
              (b'PUTSCRIPT "a" "keep;"', rb"NO .*"), (b"", rb"NO .*"),
              (b'HAVESPACE "a" 9', rb"NO .*"), (b"XYZZY", rb"NO .*"),
              (b"UNAUTHENTICATE", rb"NO .*"), (b"CAPABILITY x", rb"NO .*")),
    pipelines=((b"CAPABILITY",), (b"NOOP", b"CAPABILITY"), (b"NOOP",) * 5),
    begun=((b'AUTHENTICATE "PLAIN"',), (b'PUTSCRIPT "a" "b"',),
           (b"LISTSCRIPTS",), (b'SETACTIVE "a"',)),
    odd=(b'PUTSCRIPT "a" {10+}\r\nSTARTTLS', b'PUTSCRIPT "a" {10}\r\nSTARTTLS',
         b'AUTHENTICATE "PLAIN" {8+}\r\nSTARTTLS', b"STARTTLS {3+}\r\nabc",
         b"{8+}\r\nSTARTTLS", b'PUTSCRIPT {1+}\r\na "x"\r\nSTARTTLS',
         b'PUTSCRIPT "a" "x\r\nSTARTTLS"', b'NOOP "STARTTLS"',
         b"NOOP STARTTLS", b"(STARTTLS)", b"STLS", b'STARTTLS ""'),
    quit=b"LOGOUT", bye=rb"OK.*", alpn=(b"managesieve",),
    probe=b"CAPABILITY", probe_reply=b"OK")
IRC = Protocol(
    upgrade=b"STARTTLS", greeting=None, go=rb":\S+ 670 .*",
    no=rb":\S+ ([45]\d\d|691|904) .*|ERROR .*", final=rb".*",
    private=rb":\S+ (451|464|904) .*STARTTLS.*",
    asks=rb"AUTHENTICATE .*|:\S+ (00\d|381|90[03]) .*", ask=b"CAP LS 302",
    listed=rb":\S+ CAP \* LS :.*\btls\b.*", unlisted=rb".*\bsasl\b.*",
    logins=(b"PASS s3cret", b"AUTHENTICATE PLAIN", b"OPER root s3cret",
            b"AUTHENTICATE " + SECRET, b"PASS :a b", b"AUTHENTICATE EXTERNAL",
            b"WEBIRC s3cret gateway a.test 192.0.2.1"),
    harmless=((b"CAP LS 302", rb":\S+ CAP \* LS :tls"),
              (b"NICK tester", rb""),
              (b"USER tester 0 * :A Tester", rb":\S+ NOTICE \* :.*"),
              (b"CAP LS", rb":\S+ CAP \* LS :tls"), (b"", rb""),
              (b"CAP LIST", rb":\S+ CAP \* LIST :"),
              (b"CAP REQ :sasl multi-prefix",
               rb":\S+ CAP \* NAK :sasl multi-prefix"),
              (b"CAP END", rb":\S+ 451 .*STARTTLS.*"),
              (b"PING :to ken", rb":\S+ PONG \S+ :to ken"),
              (b"PING token", rb":\S+ PONG \S+ token"),
              (b"PING", rb":\S+ 409 .*"), (b"NICK", rb":\S+ 431 .*"),
              (b"USER", rb":\S+ 461 .*"), (b"JOIN #a", rb":\S+ 451 .*"),
              (b"PRIVMSG a :b", rb":\S+ 451 .*"),
              (b"PING " + b"x" * 300, rb":\S+ 409 .*"),
              (b"XYZZY", rb":\S+ 421 .*"), (b"STARTTLS x", rb":\S+ 691 .*")),
    pipelines=((b"CAP LS 302",), (b"CAP LS 302", b"NICK tester",
                                  b"USER tester 0 * :A Tester"),
               (b"NICK a", b"USER a a a :a"), (b"PASS x", b"NICK a")),
    begun=((b"NICK tester", b"USER a 0 * :a"), (b"PASS s3cret", b"NICK a"),
           (b"CAP REQ :sasl", b"AUTHENTICATE PLAIN"), (b"PING x",)),
    odd=(b":a STARTTLS", b"CAP REQ :STARTTLS", b"CAP STARTTLS",
         b"NICK STARTTLS", b"PING STARTTLS", b"STARTTLS :", b"STLS",
         b"@a=b STARTTLS", b"USER a 0 * :STARTTLS"),
    quit=b"QUIT :bye", bye=rb"ERROR .*", alpn=(b"irc",), probe=b"CAP LS 302",
    probe_reply=b"CAP", silent=rb"NICK .*|", not_in=("gnutls-cli",))
NUT = Protocol(
    upgrade=b"STARTTLS", greeting=None, go=rb"OK STARTTLS", no=rb"ERR .*",
    final=rb".*", private=rb"ERR ACCESS-DENIED .*STARTTLS.*", asks=rb"OK.*",
    ask=b"HELP", listed=rb"Commands: .*\bSTARTTLS\b.*",
    unlisted=rb".*\b(USERNAME|PASSWORD|LOGIN)\b.*",
    logins=(b"USERNAME tester", b"PASSWORD s3cret", b"LOGIN ups",
            b"PASSWORD", b"USERNAME", b"MASTER ups", b"PRIMARY ups"),
    harmless=((b"VER", rb"Network UPS Tools.*"), (b"NETVER", rb"1\.\d"),
              (b"PROTVER", rb"1\.\d"), (b"HELP", rb"Commands: .*"),
              (b"LIST UPS", rb"ERR ACCESS-DENIED.*"),
              (b"GET VAR ups ups.status", rb"ERR ACCESS-DENIED.*"),
              (b'SET VAR ups a "b"', rb"ERR ACCESS-DENIED.*"),
              (b"INSTCMD ups x", rb"ERR ACCESS-DENIED.*"),
              (b"FSD ups", rb"ERR ACCESS-DENIED.*"), (b"", rb"ERR .*"),
              (b"XYZZY", rb"ERR UNKNOWN-COMMAND"),
              (b"STARTTLS x", rb"ERR INVALID-ARGUMENT.*")),
    pipelines=((b"VER",), (b"NETVER", b"VER"), (b"HELP",) * 5),
    begun=((b"USERNAME tester", b"PASSWORD s3cret"), (b"LOGIN ups",),
           (b"VER",)),
    odd=(b"VER STARTTLS", b"HELP STARTTLS", b"GET STARTTLS", b"OK STARTTLS",
         b"STLS", b"USERNAME STARTTLS", b'"STARTTLS'),
    quit=b"LOGOUT", bye=rb"OK Goodbye", alpn=(b"nut",), probe=b"VER",
    probe_reply=b"Network", end=b"\n",
    not_in=("s_client-1.2", "s_client-1.3", "gnutls-cli"))

PROTOCOLS = {"smtp": SMTP, "submission": SMTP, "imap": IMAP, "ftp": FTP,
             "nntp": NNTP, "pop3": POP3, "lmtp": LMTP, "sieve": SIEVE,
             "irc": IRC, "nut": NUT, "tls": TLS}
DEDICATED = {"smtps": "smtp", "submissions": "submission", "imaps": "imap",
             "ftps": "ftp", "nntps": "nntp", "pop3s": "pop3",
             "lmtps": "lmtp", "sieves": "sieve", "ircs": "irc", "tls": "tls"}
