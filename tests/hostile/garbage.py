# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The libstarttls authors
"""Text that spoofs (TX), garbage (PG), and the abuse of time and memory (TM),
in the clear and inside TLS."""

import random

from cleartext import ALL, GO_AHEAD, GREETING, HELLO, NO_WORDS, b
from engine import (bytewise, case, drip, fin, flood, padded, pause, rst,
                    silence)

CLOSED = (2, 4, 5)
DEDICATED = {"smtps": "smtp", "imaps": "imap", "ftps": "ftp",
             "nntps": "nntp", "pop3s": "pop3"}
UNOFFERED = "250-mail\r\n250 X-%s\r\n"
REFUSAL = {"smtp": "554 %s\r\n", "imap": "<T> NO %s\r\n",
           "ftp": "534 %s\r\n", "nntp": "580 %s\r\n",
           "pop3": "-ERR %s\r\n"}
WELCOME = {"smtp": "220 %s\r\n", "imap": "* OK %s\r\n",
           "ftp": "220 %s\r\n", "nntp": "200 %s\r\n",
           "pop3": "+OK %s\r\n"}

EVIL = {           # TX-1, TX-2
    "title": "\x1b]0;evil\x07", "clear": "\x1b[2J\x1b[H", "bell": "\a\a",
    "c1": "\u009b2J", "raw-c1": b"\x9b2J", "backspace": "bad\b\b\bgood",
    "delete": "bad\x7f\x7f", "vertical": "a\vb\fc", "shift": "a\x0eb\x0f",
    "raw-8bit": b"\xff\xfe\x80\x85\x9b", "c1-nel": "a\u0085b",
    "device": "\x1bP+q544e\x1b\\", "query": "\x1b[c\x1b[6n",
}
FORGED = "starttls: smtp://mail.example.test: verified"


def raw(text):
    return text if isinstance(text, bytes) else text.encode()


def with_text(reply, text):
    return b(reply).replace(b"%s", raw(text))


def shows_no(text):
    def judge(log):
        return ("it shows what it should not" if text in log.output
                else None)
    return judge


def no_forged_line(log):
    if b"\n" + FORGED.encode() in b"\n" + log.output:
        return "a line of its output is the server's"
    return None


def spoofed():
    for scheme in ALL:
        for what, text in EVIL.items():
            yield case("TX-1", scheme, what + "-refusal", NO_WORDS,
                       go=with_text(REFUSAL[scheme], text))
            yield case("TX-1", scheme, what + "-traced", NO_WORDS,
                       arguments=("--trace",),
                       go=with_text(REFUSAL[scheme], text))
            yield case("TX-1", scheme, what + "-greeting", (0, 3, 4),
                       greeting=with_text(WELCOME[scheme], text))
        for what in ("title", "raw-8bit"):
            yield case("TX-1", scheme, what + "-instead", NO_WORDS,
                       greeting=raw(EVIL[what]) + b"\r\n")
            yield case("TX-1", scheme, what + "-inside", (0, 3, 4),
                       in_ask=with_text(REFUSAL[scheme], EVIL[what]))
        for what, text in {"format": "%s%s%n%n%x%99999999d", "long":
                           "x" * 3900, "quotes": "'\"`$(id)\\n",
                           "html": "<b>&amp;</b>", "forged": FORGED}.items():
            yield case("TX-2", scheme, what, 3, judge=no_forged_line,
                       go=with_text(REFUSAL[scheme], text))
        for what, text in {"cr": "x\rforged", "lf": "x\nforged",
                           "nul": "x\0forged", "cr-cr": "x\r\rforged"}.items():
            yield case("TX-2", scheme, what, NO_WORDS,
                       go=with_text(REFUSAL[scheme], text))
    yield case("TX-1", "smtp", "list", NO_WORDS,
               ask=with_text(UNOFFERED, EVIL["title"]))
    for scheme, code in (("smtp", "554"), ("ftp", "534")):
        yield case("TX-2", scheme, "lines", 3, judge=no_forged_line,
                   go=b("%s-no\r\n%s-%s\r\n%s %s\r\n" % (code, code, FORGED,
                                                        code, FORGED)))
    text = b"[ALERT] Your password expired, call 555"
    for scheme in ("imap", "pop3"):
        for stage, good in (("greeting", GREETING), ("go", GO_AHEAD)):
            yield case("TX-3", scheme, stage, 0, judge=shows_no(text), **{
                stage: b(good[scheme]).replace(b"OK ", b"OK %s " % text)})
    yield case("TX-3", "imap", "untagged", 0, judge=shows_no(text),
               go=b"* OK %s\r\n* NO %s\r\n<T> OK go\r\n" % (text, text))


def noise(size, seed=1):
    data = random.Random(seed).randbytes(size)
    return data.replace(b"\r", b"R").replace(b"\n", b"N")


OTHERS = {         # PG-1: greetings of other protocols
    "http": b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n",
    "ssh": b"SSH-2.0-OpenSSH_9.2\r\n", "pop3": b"+OK ready\r\n",
    "imap": b"* OK ready\r\n", "nntp": b"200 ready\r\n",
    "smtp": b"220 mail.example.test ESMTP\r\n",
    "sieve": b'"IMPLEMENTATION" "x"\r\nOK\r\n', "vnc": b"RFB 003.008\n",
    "mysql": b"J\0\0\0\n8.0.0\0\1\0\0\0abcdefgh\0\xff\xf7",
    "alert": bytes.fromhex("15030100020246"),
    "noise": noise(300), "noise-line": noise(300) + b"\r\n",
    "xml": b"<?xml version='1.0'?><stream:stream>\r\n",
    "telnet": b"\xff\xfd\x18\xff\xfd\x20login: \r\n", "empty": b"\r\n",
}


def others():
    for scheme in ALL:
        for what, text in OTHERS.items():
            same = what == scheme or (scheme, what) == ("ftp", "smtp")
            if not same:
                # without a line's end a client may wait for it
                exits = NO_WORDS if b"\n" in text else (*NO_WORDS, 6)
                yield case("PG-1", scheme, what, exits, greeting=text)
            if what in ("http", "alert", "noise"):
                yield case("PG-1", scheme, what + "-closed", CLOSED,
                           greeting=[text, fin])
    for scheme in DEDICATED:
        for what in ("smtp", "imap", "nntp", "pop3", "http", "noise",
                     "alert"):
            yield case("PG-1", scheme, what, (4, 5), hello=OTHERS[what])
    for scheme in DEDICATED:         # TL-13: another service inside TLS
        for what in ("http", "pop3", "imap", "nntp", "smtp", "ssh", "empty"):
            same = what + "s" == scheme or (scheme, what) == ("ftps", "smtp")
            if not same:
                yield case("TL-13", scheme, what, NO_WORDS,
                           in_greeting=OTHERS[what])
    for scheme in ALL:
        for what in ("http", "ssh", "smtp" if scheme == "pop3" else "pop3"):
            yield case("TL-13", scheme, what, NO_WORDS, in_ask=OTHERS[what])


UNCLOSED = {       # PG-6, inside TLS
    "status": b"+OK list\r\n", "list": b"+OK list\r\nUSER\r\n",
    "stuffed": b"+OK\r\nUSER\r\n..\r\n", "blank": b"+OK\r\n. \r\n",
    "blank-first": b"+OK\r\n .\r\n", "word": b"+OK\r\n.USER\r\n",
    "empty": b"+OK\r\n\r\n", "again": b"+OK\r\n+OK\r\n", "refused":
    b"+OK\r\nUSER\r\n-ERR no\r\n", "no-end": b"+OK\r\nUSER\r\n.",
    "half-end": b"+OK\r\nUSER\r\n.\r", "on-status": b"+OK .\r\n",
}


def garbled():
    for scheme in ALL:
        hi, go = b(GREETING[scheme]), b(GO_AHEAD[scheme])
        for stage, good in (("greeting", hi), ("go", go)):
            yield case("PG-2", scheme, stage + "-bare-lf", 0,
                       **{stage: good.replace(b"\r\n", b"\n")})
            yield case("PG-2", scheme, stage + "-bare-cr", (4, 6),
                       **{stage: good.replace(b"\r\n", b"\r")})
            yield case("PG-2", scheme, stage + "-bare-cr-twice", (4, 6),
                       **{stage: good.replace(b"\r\n", b"\r") * 2})
            yield case("PG-2", scheme, stage + "-cr-cr-lf", 0,
                       **{stage: good.replace(b"\r\n", b"\r\r\n")})
            yield case("PG-2", scheme, stage + "-cr-cr-inside", 4,
                       **{stage: good.replace(b"\r", b"\r\rb\r")})
            yield case("PG-2", scheme, stage + "-lf-cr", (0, 3, 4, 6),
                       **{stage: good.replace(b"\r\n", b"\n\r")})
            yield case("PG-2", scheme, stage + "-cr-inside", 4,
                       **{stage: good.replace(b"\r", b"a\rb\r")})
            for end in (b"", b"\r"):
                yield case("PG-2", scheme, "%s-cut-%d" % (stage, len(end)),
                           CLOSED, **{stage: [good[:-2] + end, fin]})
            for what, data in {"nul-first": b"\0" + good, "nul-inside":
                               good.replace(b"\r", b"a\0b\r"), "nul-end":
                               good.replace(b"\r", b"\0\r")}.items():
                exits = NO_WORDS if what == "nul-first" else (0, 3, 4)
                yield case("PG-3", scheme, "%s-%s" % (stage, what), exits,
                           **{stage: data})
    for scheme, code in HELLO.items():
        for what, text in {
                "999": "999 hi", "000": "000 hi", "minus": "-%s hi", "plus":
                "+%s hi", "long": "%s00000000000000000 hi", "short":
                "22 hi", "one": "2 hi", "letters": "2xx hi", "octal":
                "0%s hi", "hex": "0xdc hi", "space": " %s hi", "no-code":
                "hi", "glued": "%shi", "tab": "%s\thi"}.items():
            yield case("PG-4", scheme, what, NO_WORDS,
                       greeting=b(text.replace("%s", code) + "\r\n"))
    for what, ask in {
            "middle": "250-mail\r\n550-STARTTLS\r\n250 HELP\r\n",
            "end": "250-mail\r\n250-STARTTLS\r\n550 HELP\r\n",
            "first": "550-mail\r\n250-STARTTLS\r\n250 HELP\r\n",
            "no-code": "250-mail\r\nSTARTTLS\r\n250 HELP\r\n",
            "space": "250-mail\r\n 250-STARTTLS\r\n250 HELP\r\n",
            "empty": "250-mail\r\n\r\n250 STARTTLS\r\n",
            "wide": "250-mail\r\n2500-STARTTLS\r\n250 HELP\r\n",
            "glued": "250-mail\r\n250STARTTLS\r\n250 HELP\r\n"}.items():
        yield case("PG-5", "smtp", "list-" + what, NO_WORDS, ask=b(ask))
    for what, go in {"refused": "220-go\r\n454 no", "other": "220-a\r\n221 b",
                     "reverse": "454-no\r\n220 go", "no-code":
                     "220-a\r\nb\r\n220 c", "empty": "220-a\r\n\r\n220 c",
                     "glued": "220-a\r\n220b\r\n220 c"}.items():
        yield case("PG-5", "smtp", "go-" + what, NO_WORDS,
                   go=b(go + "\r\n"))
        yield case("PG-5", "smtp", "greeting-" + what, NO_WORDS,
                   greeting=b(go + "\r\n"))
    yield case("PG-5", "ftp", "refused-inside-out", 3,
               go=b"534-no\r\n234 go\r\n534 no\r\n")
    for what, go in {"indented": "234-x\r\n 234 x\r\n", "other-code":
                     "234-x\r\n534 no\r\n", "dashes": "234-x\r\n234-y\r\n",
                     "glued": "234-x\r\n234x\r\n", "bare": "234-x\r\n",
                     "wide": "234-x\r\n2340 x\r\n"}.items():
        yield case("PG-6", "ftp", what, (4, 6), go=b(go))
        yield case("PG-6", "ftp", what + "-closed", CLOSED, go=[b(go), fin])
    for stage, text in (("greeting", "220-x\r\n"), ("ask", "250-STARTTLS"
                        "\r\n"), ("go", "220-x\r\n")):
        yield case("PG-6", "smtp", stage, 6, **{stage: b(text)})
        yield case("PG-6", "smtp", stage + "-closed", CLOSED,
                   **{stage: [b(text), fin]})
    yield case("PG-6", "nntp", "inside", 6, in_ask=b"101 x\r\nVERSION 2\r\n")
    yield case("PG-6", "ftp", "inside", 6, in_ask=b"211-x\r\n PBSZ\r\n")
    for what, text in UNCLOSED.items():
        yield case("PG-6", "pop3", what, 6, in_ask=text)
        yield case("PG-6", "pop3s", what + "-closed", CLOSED,
                   in_ask=[text, fin])
    for what, text in {"go": "-ERR no", "refused": "+OK list", "words":
                       "USER"}.items():
        yield case("PG-5", "pop3", "go-" + what, NO_WORDS,
                   go=b("-ERR no\r\n" + text + "\r\n"))
        yield case("PG-5", "pop3", "greeting-" + what, NO_WORDS,
                   greeting=b("-ERR no\r\n" + text + "\r\n"))
    for scheme in ("pop3", "pop3s"):
        for what, text in {
                "list-refused": "-ERR no\r\nUSER\r\n.\r\n", "end-twice":
                "+OK\r\n.\r\n.\r\n", "bye-too": "+OK\r\n.\r\n+OK bye\r\n",
                "two-lists": "+OK\r\n.\r\n+OK\r\n.\r\n", "rest":
                "+OK\r\n.\r\nUS"}.items():
            yield case("PG-5", scheme, what, 4, in_ask=b(text))
        for what, text in {
                "no-status": "USER\r\n.\r\n", "end-only": ".\r\n", "plus":
                "+ \r\nUSER\r\n.\r\n", "okay": "+OKAY\r\nUSER\r\n.\r\n",
                "empty": "\r\n", "nntp": "101 list\r\nUSER\r\n.\r\n", "nul":
                "+OK\r\nUS\0ER\r\n.\r\n", "cr": "+OK\r\nUS\rER\r\n.\r\n",
                "cr-cr": "+OK\r\nUS\r\rER\r\n.\r\n", "end-cr":
                "+OK\r\n.\r.\r\n", "error": "-ERROR what?\r\n"}.items():
            yield case("PG-5", scheme, "list-" + what, 4, in_ask=b(text))
        for what, text in {"lf": "+OK\nUSER\n.\n", "lf-end":
                           "+OK\r\nUSER\r\n.\n", "cr-cr-lf":
                           "+OK\r\r\nUSER\r\r\n.\r\r\n"}.items():
            yield case("PG-2", scheme, "list-" + what, 0,
                       in_ask=b(text))
    for what, size in (("huge", "2147483648"), ("minus", "-1"), ("plus",
                       "+5"), ("wrap", "18446744073709551616"), ("32-bit",
                       "4294967296"), ("nothing", ""), ("word", "x"),
                       ("max", "18446744073709551615"), ("small", "9")):
        for line in ("* OK {%s}", "* LIST {%s}", "<T> OK {%s}", "* X {%s+}"):
            text = b(line % size + "\r\n") + b"x" * 9
            yield case("PG-8", "imap", "%s-%s" % (
                what, line.replace("{%s", "").replace(" ", "-").strip("}*-<>")
            ), (3, 4, 6), go=text)
    hidden = b"<T> OK go\r\n"
    for what, size in (("exact", 11), ("longer", 500)):
        yield case("PG-8", "imap", "hidden-" + what, (3, 4, 6),
                   go=b"* X {%d}\r\n" % size + hidden)
    yield case("PG-8", "imap", "greeting", (3, 4, 6),
               greeting=b"* OK {11}\r\n* OK hi...\r\n")


HALF = {"greeting": {s: b(t)[:-3] for s, t in GREETING.items()},
        "go": {"smtp": b"220 g", "imap": b"<T> O", "ftp": b"234 g",
               "nntp": b"382 g", "pop3": b"+OK g"}}
INSIDE = {"smtp": b"250-mail\r\n250-A", "imap": b"* CAPABILITY IM",
          "ftp": b"211-x\r\n PB", "nntp": b"101 list\r\nVER",
          "pop3": b"+OK list\r\nUS"}
LEGAL_LINE = {"smtp": b"220-x\r\n", "imap": b"* 1 EXISTS\r\n",
              "ftp": b"220-x\r\n", "nntp": b"200-x\r\n",
              "pop3": b"+OK x\r\n"}
LONG = {"smtp": b"250-X\r\n", "imap": b"* 1 EXISTS\r\n", "ftp":
        b"211-x\r\n", "nntp": b"101 list\r\nX\r\n",
        "pop3": b"+OK list\r\nX\r\n"}
MORE = {"smtp": b"250-X\r\n", "imap": b"* 1 EXISTS\r\n",
        "ftp": b" X\r\n", "nntp": b"X\r\n", "pop3": b"X\r\n"}


def ends(scheme, stage, part):
    """TM-1 and TM-7 at one stage, after part of a reply."""
    what = "%s-%d" % (stage, len(part))
    yield case("TM-1", scheme, what, 6, **{stage: [part, silence]})
    yield case("TM-7", scheme, what + "-fin", CLOSED,
               **{stage: [part, fin]})
    yield case("TM-7", scheme, what + "-rst", CLOSED,
               **{stage: [part, rst]})


def time_and_memory():
    for scheme in ALL:
        for stage, part in (("greeting", b""), ("go", b""), ("hello", b""),
                            ("hello", b"\x16\x03"), ("in_ask", b""),
                            ("greeting", HALF["greeting"][scheme]),
                            ("go", HALF["go"][scheme]),
                            ("in_ask", INSIDE[scheme])):
            yield from ends(scheme, stage, part)
        yield case("TM-2", scheme, "byte-greeting", 6, greeting=[
            b(GREETING[scheme][:4]), drip(b"x")])
        yield case("TM-2", scheme, "byte-go", 6, go=[
            b(GO_AHEAD[scheme][:-2]), drip(b"x")])
        yield case("TM-2", scheme, "byte-hello", (5, 6), hello=[
            bytes.fromhex("16030340000200"), drip(b"\0")])
        yield case("TM-2", scheme, "byte-inside", 6,
                   in_ask=[INSIDE[scheme], drip(b"x")])
        # the second line of POP3 is a go-ahead, but it is no ServerHello
        exits = {"nntp": NO_WORDS, "pop3": (4, 5)}.get(scheme, 6)
        yield case("TM-2", scheme, "line-greeting", exits,
                   greeting=drip(LEGAL_LINE[scheme]) if scheme != "imap" else
                   [b"* OK hi\r\n", drip(LEGAL_LINE[scheme])], go=silence)
        yield case("TM-2", scheme, "line-inside", 6, in_ask=[
            LONG[scheme], drip(MORE[scheme])])
        for what, data in (("x", b"x"), ("nul", b"\0"), ("cr", b"\r"),
                           ("lf", b"\n"), ("crlf", b"\r\n"), ("2", b"2"),
                           ("space", b" "), ("dash", b"-"), ("plus", b"+"),
                           ("8bit", b"\xff")):
            yield case("TM-3", scheme, what + "-greeting", NO_WORDS,
                       greeting=flood(data))
            yield case("TM-3", scheme, what + "-inside", NO_WORDS,
                       in_ask=flood(data))
        for stage, good in (("greeting", GREETING), ("go", GO_AHEAD),
                            ("in_ask", INSIDE)):
            yield case("TM-3", scheme, stage, 4, **{
                stage: [raw(good[scheme])[:-2], flood(b"x")]})
        yield case("TM-4", scheme, "greeting", 4, greeting=[
            b"* OK hi\r\n" if scheme == "imap" else b"",
            flood(LEGAL_LINE[scheme])])
        yield case("TM-6", scheme, "lines", 4,
                   in_ask=[LONG[scheme], flood(MORE[scheme])])
        yield case("TM-6", scheme, "bye", (0, 4, 6), in_bye=flood(b"x"))
        yield case("TM-6", scheme, "bye-silence", (0, 6), in_bye=silence)
    yield from ends("smtp", "ask", b"")
    yield from ends("smtp", "ask", b"250-mail\r\n250-ST")
    yield case("TM-2", "smtp", "line-ask", 6, ask=drip(b"250-STARTTLS\r\n"))
    yield case("TM-2", "ftp", "wait", (3, 4, 6),
               greeting=drip(b"120 wait\r\n"))
    yield case("TM-2", "imap", "untagged", 6, go=drip(b"* 1 EXISTS\r\n"))
    yield case("TM-4", "smtp", "ask", 4, ask=flood(b"250-STARTTLS\r\n"))
    yield case("TM-4", "smtp", "go", 4, go=flood(b"220-go\r\n"))
    yield case("TM-4", "ftp", "go", 4, go=flood(b"234-go\r\n"))
    yield case("TM-4", "ftp", "text", 4, go=[b"234-\r\n", flood(b"x\r\n")])
    yield case("TM-4", "ftp", "wait", 4, greeting=flood(b"120 wait\r\n"))
    yield case("TM-4", "imap", "go", 4, go=flood(b"* 1 EXISTS\r\n"))
    yield case("TM-4", "imap", "caps", 4, go=flood(b"* CAPABILITY X\r\n"))
    for scheme, family in DEDICATED.items():
        for stage, part in (("in_greeting", b""), ("in_ask", b""),
                            ("in_greeting", HALF["greeting"][family]),
                            ("hello", b"")):
            yield from ends(scheme, stage, part)
        yield case("TM-2", scheme, "byte-greeting", 6, in_greeting=[
            b(GREETING[family][:4]), drip(b"x")])
        yield case("TM-6", scheme, "greeting", 4, in_greeting=[
            b(GREETING[family][:-2]), flood(b"x")])
        yield case("TM-6", scheme, "nul", NO_WORDS,
                   in_greeting=flood(b"\0"))
        yield case("TM-7", scheme, "bye-fin", 0, in_bye=fin)
        yield case("TM-7", scheme, "bye-rst", (0, *CLOSED), in_bye=rst)
        yield case("TL-12", scheme, "cut", CLOSED, in_ask=[
            INSIDE[family], fin])


def limits():
    """PG-9 and the sizes that must not pass."""
    for scheme in ALL:
        for stage, good in (("greeting", GREETING), ("go", GO_AHEAD)):
            for size in (4097, 4098, 5000, 8192, 16384, 65536):
                yield case("PG-9", scheme, "%s-%d" % (stage, size), 4,
                           **{stage: padded(b(good[scheme]), size)})
        for size in (4097, 4098, 65536):
            yield case("PG-9", scheme, "inside-%d" % size, 4,
                       in_ask=[LONG[scheme], padded(MORE[scheme], size)])
    for scheme, line in (("smtp", b"220-"), ("ftp", b"220-"),
                         ("imap", b"* X "), ("pop3", b"+OK ")):
        line += b"x" * (1000 - len(line)) + b"\r\n"
        for lines in (66, 100):
            text = line * lines
            yield case("PG-9", scheme, "%d-bytes" % len(text), 4, **(
                {"go": text + b"<T> OK go\r\n"} if scheme == "imap" else
                {"in_ask": text + b".\r\n"} if scheme == "pop3" else
                {"greeting": text + b"220 hi\r\n"}))
        yield case("PG-9", scheme, "bytewise", 4, greeting=bytewise(
            line[:4] + b"x" * 4100))
        yield case("PG-9", scheme, "paused", 4, greeting=[
            line[:900], pause(0.02), b"x" * 4000, pause(0.02), b"x" * 4000])


def cases():
    yield from spoofed()
    yield from others()
    yield from garbled()
    yield from time_and_memory()
    yield from limits()
