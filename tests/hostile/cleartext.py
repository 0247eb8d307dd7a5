# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The libstarttls authors
"""What a server can do wrong before TLS: it withholds TLS (DG), injects
replies (RI), or says something that is not quite the go-ahead."""

from engine import bytewise, case, fin, pause

ALL = ("smtp", "imap", "ftp", "nntp", "pop3")
GO = {"smtp": "220", "ftp": "234", "nntp": "382"}
HELLO = {"smtp": "220", "ftp": "220", "nntp": "200"}
GREETING = {"smtp": "220 hi\r\n", "imap": "* OK hi\r\n",
            "ftp": "220 hi\r\n", "nntp": "200 hi\r\n",
            "pop3": "+OK hi\r\n"}
GO_AHEAD = {"smtp": "220 go\r\n", "imap": "<T> OK go\r\n",
            "ftp": "234 go\r\n", "nntp": "382 go\r\n",
            "pop3": "+OK go\r\n"}
NO = {"smtp": "502 no", "imap": "<T> BAD no", "ftp": "502 no",
      "nntp": "500 no", "pop3": "-ERR no"}
NO_WORDS = (3, 4)


def b(text):
    return text.encode()


def nothing_sent(log):
    """A judge: the client must not have sent anything but a goodbye."""
    if not all(line.rstrip().split(b" ")[-1] in (b"QUIT", b"LOGOUT")
               for line in log.clear):
        return "it went on after the greeting"
    return None


def asked_inside(log):
    """A judge: the client asks for the capabilities again, in TLS."""
    return None if len(log.inside) > 1 else "it did not ask again"


STRIPPED = {       # DG-1, DG-14, DG-16: lists that do not offer the upgrade
    "none": "250-mail\r\n250-AUTH PLAIN LOGIN\r\n250 HELP\r\n",
    "only-name": "250 mail.example.test\r\n",
    "code-only": "250\r\n",
    "bait": "250-mail\r\n250-AUTH CRAM-MD5 DIGEST-MD5 PLAIN\r\n250 HELP\r\n",
    "x-prefix": "250-mail\r\n250 XSTARTTLS\r\n",
    "x-suffix": "250-mail\r\n250 STARTTLSX\r\n",
    "dash": "250-mail\r\n250 STARTTLS-X\r\n",
    "equals": "250-mail\r\n250 STARTTLS=1\r\n",
    "dot": "250-mail\r\n250 STARTTLS.\r\n",
    "parameter": "250-mail\r\n250 AUTH STARTTLS\r\n",
    "auth-equals": "250-mail\r\n250 AUTH=STARTTLS\r\n",
    "greeting-name": "250-STARTTLS\r\n250 HELP\r\n",
    "only-line": "250 STARTTLS\r\n",
    "greeting-text": "250-mail STARTTLS\r\n250 HELP\r\n",
    "leading-space": "250-mail\r\n250  STARTTLS\r\n",
    "quoted": '250-mail\r\n250 "STARTTLS"\r\n',
    "two-words": "250-mail\r\n250 START TLS\r\n",
    "cut": "250-mail\r\n250 STARTTL\r\n",
    "full-width": "250-mail\r\n250 ＳＴＡＲＴＴＬＳ\r\n",
    "long-s": "250-mail\r\n250 \u017fTART\u0054L\u017f\r\n",
    "nul": "250-mail\r\n250 STARTTLS\0X\r\n",
    "nul-first": "250-mail\r\n250 \0STARTTLS\r\n",
}
IMAP_STRIPPED = {
    "none": "[CAPABILITY IMAP4rev1] hi",
    "bait": "[CAPABILITY IMAP4rev1 AUTH=CRAM-MD5 AUTH=PLAIN] hi",
    "empty": "[CAPABILITY] hi",
    "disabled": "[CAPABILITY IMAP4rev1 LOGINDISABLED] hi",
    "x-prefix": "[CAPABILITY IMAP4rev1 XSTARTTLS] hi",
    "x-suffix": "[CAPABILITY IMAP4rev1 STARTTLSX] hi",
    "dash": "[CAPABILITY IMAP4rev1 STARTTLS-X] hi",
    "equals": "[CAPABILITY IMAP4rev1 AUTH=STARTTLS] hi",
    "text": "[CAPABILITY IMAP4rev1] STARTTLS",
    "long-s": "[CAPABILITY IMAP4rev1 \u017fTARTTL\u017f] hi",
}

REFUSED = {        # DG-2, DG-3: refusals of the upgrade, for now, for good
    "smtp": ("454 4.7.0 TLS not available", "421 4.3.2 later", "450 no",
             "500 what?", "501 no arguments", "502 no", "503 not now",
             "504 no", "530 5.7.0 no", "554 5.7.3 no", "550 no", "454", "5"
             "54-no\r\n554-not now\r\n554 and never"),
    "imap": ("<T> NO not now", "<T> BAD what?", "<T> NO [UNAVAILABLE] no",
             "<T> NO [PRIVACYREQUIRED] no", "<T> BAD", "<T> no ",
             "* NO hm\r\n<T> NO not now", "* BYE over", "* BAD hm\r\n<T> BAD"
             " what?", "* BYE\r\n<T> OK go"),
    "ftp": ("431 no resource", "421 later", "500 what?", "501 no", "502 no",
            "503 no", "504 no", "530 log in first", "533 no", "534 no",
            "550 no", "500-no\r\n 234 go\r\n500 no", "534"),
    "nntp": ("580 cannot", "502 no", "483 secure first", "480 log in first",
             "500 what?", "501 no", "400 later", "503 no", "580"),
    "pop3": ("-ERR no TLS here", "-ERR", "-ERR  two blanks", "-err no",
             "-Err no", "-ERR [SYS/TEMP] later", "-ERR [SYS/TEMP] BYE",
             "-ERR [SYS/PERM] no", "-ERR [SYS/TEMP", "-ERR [X-NEW] no",
             "-ERR [AUTH] log in first", "-ERR [IN-USE] locked", "-ERR BYE",
             "-ERR +OK go", "-ERR already in TLS"),
}
APOP = {           # DG-16: timestamps that ask for an MD5 of the password
    "last": "ready <1896.697@mail.example.test>", "only": "<1896.697@x>",
    "first": "<1896.697@x> ready", "two": "<1@x> <2@x>", "empty": "<>",
    "open": "ready <1896.697@x", "closed": "ready 1896.697@x>",
    "nested": "<<1@x>>", "no-at": "<1896>", "long": "<%s@x>" % ("1" * 3900),
    "format": "<%s%n@%x>", "utf8": "<\u00e9@x>", "escapes": "<\x1b[2J@x>",
    "shell": "<`id`@$(id)>", "mechanisms": "SASL CRAM-MD5 <1@x>",
}
BAD_GREETING = {   # DG-15
    "smtp": ("554 no", "421 later", "450 no", "500 no", "554-no\r\n554 no",
             "521 no mail here", "530 no"),
    "imap": ("* BYE no", "* BYE", "* NO no", "* BAD no", "* bye no",
             "* BYE [UNAVAILABLE] no", "* BYE [ALERT] no"),
    "ftp": ("421 later", "500 no", "530 no", "550 no", "421-no\r\n421 no"),
    "nntp": ("400 later", "502 no", "400", "500 no", "480 log in"),
    "pop3": ("-ERR no", "-ERR", "-err no", "-ERR [SYS/TEMP] later", "-ERR [S"
             "YS/PERM] no", "-ERR [LOGIN-DELAY] no", "-ERR <1896.697@x>",
             "-ERR +OK hi"),
}
NOT_A_GO = {       # DG-11
    "smtp": (250, 299, 354, 221, 235, 334, 200, 210, 211, 234, 320, 382,
             120, 620),
    "ftp": (334, 200, 220, 230, 232, 235, 233, 331, 335, 284, 134, 634),
    "nntp": (283, 381, 200, 201, 281, 383, 380, 350, 482, 282, 182),
}
NEARLY = {         # DG-12; %s is the code
    "two-digits": "{0:.2}", "two-digits-text": "{0:.2} go",
    "four-digits": "{0}0 go", "letter": "{0}x go", "minus": "-{0} go",
    "plus": "+{0} go", "space": " {0} go", "zero": "0{0} go",
    "tab": "{0}\tgo", "glued": "{0}go", "dot": "{0}.1 go", "hash": "{0}#go",
    "split": "{0[0]} {0[1]}{0[2]} go", "quoted": '"{0}" go',
    "twice": "{0}{0} go", "nul": "{0}\0 go", "nul-first": "\0{0} go",
    "underscore": "{0}_go", "colon": "{0}: go", "empty": "", "no-code": "go",
    "words": "OK go",
}
IMAP_NEARLY = {    # with the right tag
    "okay": "<T> OKAY", "ok-dash": "<T> OK-go", "ok-colon": "<T> OK: go",
    "tag-only": "<T>", "tag-blank": "<T> ", "two-spaces": "<T>  OK go",
    "quoted": '<T> "OK" go', "plus": "<T> +OK go", "split": "<T> O K",
    "nul": "<T> OK\0 go", "full-width": "<T> ＯＫ go", "half": "<T> O",
    "preauth": "<T> PREAUTH go", "bye": "<T> BYE go", "tab": "<T> OK\tgo",
    "capability": "<T> CAPABILITY STARTTLS", "zero": "<T> 0K go",
    "long-k": "<T> O\u212a go", "code": "<T> 220 go", "paren": "<T> (OK) go",
}
POP3_NEARLY = {    # small letters and a status alone are fine
    "okay": "+OKAY", "okay-text": "+OKAY go", "okay-lower": "+okay go",
    "half": "+O", "no-plus": "OK go", "plus-only": "+", "glued": "+OKgo",
    "dash": "+OK-go", "colon": "+OK: go", "dot": "+OK. go", "digit":
    "+OK1 go", "comma": "+OK, go", "equals": "+OK=go", "underscore":
    "+OK_go", "bracket": "+OK[X] go", "tab": "+OK\tgo", "vertical":
    "+OK\vgo", "nul": "+OK\0 go", "nul-first": "\0+OK go", "space":
    " +OK go", "tab-first": "\t+OK go", "split": "+ OK go", "split-word":
    "+O K go", "two-plus": "++OK go", "twice": "+OK+OK go", "minus":
    "-OK go", "plus-err": "+ERR go", "quoted": '"+OK" go', "stuffed":
    ".+OK go", "full-width": "\uff0b\uff2f\uff2b go", "long-k": "+O\u212a go",
    "zero": "+0K go", "no-break": "+OK\u00a0go", "mark": "\ufeff+OK go",
    "code": "220 go", "code-ok": "220 +OK go", "star": "* OK go", "tag":
    "a1 OK go", "tag-plus": "STLS +OK go", "word": "go", "empty": "",
    "blank": " ", "end": ".", "error": "-ERROR no", "err-colon": "-ERR: no",
    "err-tab": "-ERR\tno", "err-half": "-ER no", "minus-only": "-",
    "no-minus": "ERR no", "both": "-ERR+OK go", "escape": "+OK\x1b[0m go",
    "list": "STLS", "challenge": "+ PDE4OTYuNjk3QHg+",
}
IMAP_TAGS = {      # DG-12, PG-7: other tags
    "x-suffix": "<T>x OK go", "glued": "<T>OK go", "tab": "<T>\tOK go",
    "next": "<T+1> OK go", "x-prefix": "x<T> OK go", "dot": "<T>.OK go",
    "none": "OK go", "quoted": '"<T>" OK go', "zero": "<T>0 OK go",
    "space": " <T> OK go", "code": "220 go", "reversed": "OK <T> go",
    "nul": "<T>\0 OK go", "colon": "<T>: OK go", "star": "*<T> OK go",
    "untagged": "* OK go", "star-only": "*", "empty": "",
}


def downgrade():
    for what, reply in STRIPPED.items():
        row = "DG-1" if what in ("none", "only-name", "code-only") else (
            "DG-16" if what == "bait" else "DG-14")
        exits = NO_WORDS if "nul" in what else 3
        for scheme in ("smtp", "submission")[:1 + (row == "DG-1")]:
            yield case(row, scheme, what, exits, ask=b(reply))
    yield case("DG-1", "smtp", "none-refused", 3, ask=b(STRIPPED["none"]),
               go=b"502 no\r\n")
    for what, text in IMAP_STRIPPED.items():
        row = {"none": "DG-1", "bait": "DG-16"}.get(what, "DG-14")
        greeting = b("* OK %s\r\n" % text)
        yield case(row, "imap", what, 3, greeting=greeting)
        yield case(row, "imap", what + "-refused", 3, greeting=greeting,
                   go=b"<T> BAD what?\r\n")
    yield case("DG-14", "imap", "no-list", 3, go=b"<T> BAD what?\r\n",
               greeting=b"* OK STARTTLS [CAPABILITY IMAP4rev1]\r\n")
    for scheme in ALL:
        for text in REFUSED[scheme]:
            row = "DG-2" if text[0] == "4" or "NO" in text or (
                "TEMP" in text) else "DG-3"
            what = "-".join(text.replace("<T>", "").split())[:24]
            yield case(row, scheme, what, 3, go=b(text + "\r\n"))
            if text[0] == "4" or "BYE" in text:
                yield case("DG-6", scheme, what, 3, go=[b(text + "\r\n"),
                                                        fin])
        for text in BAD_GREETING[scheme]:
            what = "-".join(text.split())[:24]
            exits = NO_WORDS if text[:4] in ("* NO", "* BA") else 3
            yield case("DG-15", scheme, what, exits, judge=nothing_sent,
                       greeting=b(text + "\r\n"))
            yield case("DG-15", scheme, what + "-closed", exits,
                       greeting=[b(text + "\r\n"), fin])
        for what in ("250 ok", "* OK ok", "HTTP/1.1 400 no", "+OK ok"):
            yield case("DG-8", scheme, what[:4].strip("* "), (4, 5),
                       hello=b(what + "\r\n") * 2)
    for code in (500, 501, 502, 503, 504, 550, 554, 421):
        yield case("DG-4", "smtp", str(code), 3, ask=b"%d no\r\n" % code,
                   other=b"250 mail\r\n")
    for code in (220, 251, 350, 354, 235):
        yield case("DG-4", "smtp", str(code), NO_WORDS,
                   ask=b"%d-mail\r\n%d STARTTLS\r\n" % (code, code))
    yield case("DG-6", "smtp", "421-ehlo", 3, ask=[b"421 bye\r\n", fin])
    for scheme in ("imap", "ftp", "nntp", "pop3"):
        no = b(NO[scheme] + "\r\n")
        yield case("DG-5", scheme, "never-asked", 0, ask=no)
        yield case("DG-5", scheme, "and-refused", 3, ask=no, go=no)
    for what, text in APOP.items():
        greeting = b("+OK %s\r\n" % text)
        for why, go in {"no": "-ERR no", "login": "-ERR not today, but do lo"
                        "g in", "code": "-ERR [AUTH] use APOP"}.items():
            yield case("DG-16", "pop3", "apop-%s-%s" % (what, why), 3,
                       greeting=greeting, go=b(go + "\r\n"))
        yield case("DG-16", "pop3", "apop-%s-later" % what, NO_WORDS,
                   go=b("+ %s\r\n" % text))
    for what, greeting in {
            "bare": "* PREAUTH hi", "lower": "* preauth hi",
            "list": "* PREAUTH [CAPABILITY IMAP4rev1] hi",
            "offered": "* PREAUTH [CAPABILITY IMAP4rev1 STARTTLS] hi",
            "no-text": "* PREAUTH", "then-ok": "* PREAUTH hi\r\n* OK hi",
            "mail": "* PREAUTH hi\r\n* 1 EXISTS"}.items():
        yield case("DG-9", "imap", what, NO_WORDS, judge=nothing_sent,
                   greeting=b(greeting + "\r\n"))
        yield case("DG-9", "imap", what + "-bad", NO_WORDS,
                   greeting=b(greeting + "\r\n"), go=b"<T> BAD no\r\n")
    yield case("DG-10", "ftp", "then-tls", (0, 3, 4),
               greeting=b"230 Logged in\r\n")
    for code in (500, 503, 534, 230):
        yield case("DG-10", "ftp", "then-%d" % code, NO_WORDS,
                   greeting=b"230 Logged in\r\n", go=b"%d no\r\n" % code)
    for what, text in {"maildrop": "maildrop has 2 messages (320 octets)",
                       "words": "Logged in", "auth": "[AUTH] hi"}.items():
        greeting = b("+OK %s\r\n" % text)
        yield case("DG-10", "pop3", what + "-then-tls", 0, greeting=greeting)
        for go in ("no", "[AUTH] only before the login"):
            yield case("DG-10", "pop3", "%s-then-%s" % (what, go.split()[-1]),
                       3, greeting=greeting, go=b("-ERR %s\r\n" % go))


def go_aheads():
    for scheme, codes in NOT_A_GO.items():
        for code in codes:
            yield case("DG-11", scheme, str(code), NO_WORDS,
                       go=b"%d go\r\n" % code)
    for scheme in ("imap", "pop3"):
        for what, text in {"plus": "+ go\r\n", "plus-only": "+\r\n",
                           "plus-blank": "+ \r\n", "plus-then": "+ go\r\n" +
                           GO_AHEAD[scheme]}.items():
            yield case("DG-11", scheme, what, NO_WORDS, go=b(text))
    for code in (200, 220, 234, 235, 250, 334, 382):
        yield case("DG-11", "pop3", str(code), NO_WORDS,
                   go=b"%d go\r\n" % code)
    for scheme, code in GO.items():
        for what, text in NEARLY.items():
            yield case("DG-12", scheme, what, NO_WORDS,
                       go=b(text.format(code) + "\r\n"))
        wide = "".join(chr(ord(c) + 0xFEE0) for c in code)
        yield case("DG-12", scheme, "full-width", NO_WORDS,
                   go=b(wide + " go\r\n"))
    yield case("DG-12", "nntp", "dash", NO_WORDS,
               go=b"382-go\r\n382 go\r\n")
    for what, text in IMAP_NEARLY.items():
        yield case("DG-12", "imap", what, NO_WORDS, go=b(text + "\r\n"))
    for what, text in POP3_NEARLY.items():
        yield case("DG-12", "pop3", what, 4, go=b(text + "\r\n"))
        yield case("DG-12", "pop3", what + "-then", 4,
                   go=b(text + "\r\n" + GO_AHEAD["pop3"]))
        yield case("PG-4", "pop3", what, 4, judge=nothing_sent,
                   greeting=b(text + "\r\n"))
    for what, text in IMAP_TAGS.items():
        row = "PG-7" if what in ("next", "none", "reversed") else "DG-12"
        yield case(row, "imap", "tag-" + what, (3, 4, 6),
                   go=b(text + "\r\n"))
    yield case("PG-7", "imap", "greeting-tagged", 4,
               greeting=b"<T> OK hi\r\n")
    yield case("PG-7", "imap", "greeting-next", 4,
               greeting=b"<T+1> OK hi\r\n")
    yield case("PG-7", "imap", "wrong-then-right", (0, 4),
               go=b"zz OK go\r\n<T> OK go\r\n")
    yield case("DG-18", "imap", "refused", 3, go=b"<T> NO [REFERRAL imap://"
               b"user;AUTH=*@127.0.0.1:<PORT>/] there\r\n")
    yield case("DG-18", "imap", "greeting", 0, greeting=b"* OK [REFERRAL "
               b"imap://127.0.0.1:<PORT>/] hi\r\n")
    yield case("DG-18", "imap", "bye", 3, greeting=b"* BYE [REFERRAL "
               b"imap://127.0.0.1:<PORT>/] hi\r\n")
    yield case("DG-18", "imap", "untagged", 0, go=b"* OK [REFERRAL "
               b"imap://127.0.0.1:<PORT>/] there\r\n<T> OK go\r\n")
    for scheme in ALL:         # the engine refuses a second connection
        yield case("DG-17", scheme, "broken", (4, 5),
                   hello=[bytes.fromhex("15030300020228"), fin])


def premature():
    """DG-13, PG-10: input that is there before its command."""
    for scheme in ALL:
        hi, go = GREETING[scheme], GO_AHEAD[scheme]
        yield case("DG-13", scheme, "with-greeting", 4,
                   greeting=b(hi + go))
        yield case("DG-13", scheme, "with-greeting-bad", 4,
                   greeting=b(hi + go), go=b(NO[scheme] + "\r\n"))
        yield case("DG-13", scheme, "half", 4, greeting=b(hi + go[:3]))
        if scheme != "imap":
            yield case("PG-10", scheme, "greeting", 4, greeting=b(hi + hi))
            yield case("PG-10", scheme, "three", 4, greeting=b(hi * 3))
    caps = "250-mail\r\n250 STARTTLS\r\n"
    yield case("DG-13", "smtp", "with-list", 4, ask=b(caps + "220 go\r\n"))
    yield case("DG-13", "smtp", "all", 4,
               greeting=b("220 hi\r\n" + caps + "220 go\r\n"))
    yield case("DG-13", "smtp", "half-list", 4, ask=b(caps + "220"))
    yield case("DG-13", "smtp", "two-lists", 4, ask=b(caps + caps))
    yield case("DG-13", "smtp", "one-byte", 4, ask=b(caps + "2"))
    yield case("DG-13", "smtp", "crlf", 4, ask=b(caps + "\r\n"))
    for what, text in {
            "all": "+OK list\r\nSTLS\r\n.\r\n+OK go\r\n", "one-byte": "+",
            "crlf": "\r\n", "lf": "\n", "refused": "-ERR no\r\n", "lower":
            "+ok go\r\n", "status": "+OK\r\n", "plus": "+ go\r\n", "login":
            "+OK go\r\n+OK logged in\r\n", "apop": "+OK hi <1@x>\r\n"
            }.items():
        yield case("DG-13", "pop3", what, 4, greeting=b("+OK hi\r\n" + text))
        yield case("DG-13", "pop3", what + "-bad", 4, go=b"-ERR no\r\n",
                   greeting=b("+OK hi\r\n" + text))
    # in POP3 a greeting that comes again is a go-ahead: TLS must follow it
    for what, text in {"greeting": "+OK hi", "refused": "-ERR no"}.items():
        yield case("PG-10", "pop3", what + "-later", (3, 4, 5), greeting=[
            b"+OK hi\r\n", pause(0.05), b(text + "\r\n")], go=b"-ERR no\r\n")
    for what, text in {
            "next": "<T+1> OK go", "untagged-and-next": "* CAPABILITY IMAP4"
            "rev1 STARTTLS\r\n<T> OK list\r\n<T+1> OK go",
            "untagged-and-go": "* 1 EXISTS\r\n<T> OK go"}.items():
        yield case("DG-13", "imap", what, 4,
                   greeting=b("* OK hi\r\n%s\r\n" % text))
        yield case("DG-13", "imap", what + "-bad", 4, go=b"<T> BAD no\r\n",
                   greeting=b("* OK hi\r\n%s\r\n" % text))
    yield case("DG-13", "imap", "with-list", 4, greeting=b"* OK [CAPABILITY "
               b"IMAP4rev1 STARTTLS] hi\r\n<T> OK go\r\n")
    yield case("PG-10", "imap", "greeting", (0, 4),
               greeting=b"* OK hi\r\n* OK hi\r\n")
    yield case("PG-10", "imap", "preauth", (0, 3, 4),
               greeting=b"* OK hi\r\n* PREAUTH hi\r\n")
    yield case("PG-10", "imap", "bye", NO_WORDS,
               greeting=b"* OK hi\r\n* BYE no\r\n")


BEHIND = {         # RI-1 to RI-4: what comes behind the go-ahead
    "crlf": b"\r\n", "lf": b"\n", "cr": b"\r", "space": b" ", "nul": b"\0",
    "byte": b"x", "go": b"<GO>", "no-line": b"250-X AUTH PLAIN LOGIN ",
    "long": b"x" * 9000, "nuls": b"\0" * 20,
    "alert": bytes.fromhex("15030300020100"),
    "fatal": bytes.fromhex("15030300020228"),
    "ccs": bytes.fromhex("140303000101"),
    "tls-byte": b"\x16", "tls-header": b"\x16\x03\x03\x00\x7a",
    "server-hello": bytes.fromhex("160303002c0200002803037f" + "00" * 31 +
                                  "00130100000000"),
}
REPLIES = {        # RI-1: replies to what the client would say in TLS
    "smtp": b"250-x\r\n250 AUTH PLAIN\r\n235 ok\r\n221 bye\r\n",
    "imap": b"* CAPABILITY IMAP4rev1\r\n<T+1> OK\r\n<T+2> OK\r\n",
    "ftp": b"230 ok\r\n211 no features\r\n221 bye\r\n",
    "nntp": b"101 list\r\nVERSION 2\r\n.\r\n205 bye\r\n",
    "pop3": b"+OK list\r\nUSER\r\n.\r\n+OK bye\r\n",
}


def injection():
    for scheme in ALL:
        go = b(GO_AHEAD[scheme])
        for what, rest in {"replies": REPLIES[scheme], **BEHIND}.items():
            rest = rest.replace(b"<GO>", go)
            row = {"no-line": "RI-2", "crlf": "RI-3", "lf": "RI-3",
                   "byte": "RI-3", "alert": "RI-4", "fatal": "RI-4",
                   "server-hello": "RI-4"}.get(what, "RI-1")
            yield case(row, scheme, what, 4, go=go + rest)
            if what in ("replies", "crlf", "byte", "nul", "no-line", "go"):
                yield case(row, scheme, what + "-later", (4, 5),
                           go=[go, pause(0.03), rest])
                yield case("RI-5", scheme, what, (4, 5),
                           tls={"mangle": lambda flight, n, rest=rest:
                                [rest, flight] if n == 0 else flight})
        yield case("RI-1", scheme, "cut-inside", (4, 5),
                   go=[go[:4], pause(0.03), go[4:] + REPLIES[scheme]])
        yield case("RI-1", scheme, "bytewise", (4, 5),
                   go=bytewise(go + REPLIES[scheme], 0.002))
    for what, list_ in {"fewer": b"", "other": b"250-AUTH GSSAPI\r\n"
                        }.items():
        yield case("RI-6", "smtp", what, 0, judge=asked_inside,
                   ask=b"250-mail\r\n250-STARTTLS\r\n250-AUTH CRAM-MD5\r\n"
                   b"250-REQUIRETLS\r\n250 PIPELINING\r\n",
                   in_ask=b"250-mail\r\n" + list_ + b"250 HELP\r\n")
    yield case("RI-6", "imap", "greeting", 0, judge=asked_inside,
               greeting=b"* OK [CAPABILITY IMAP4rev1 STARTTLS AUTH=CRAM-MD5"
               b" LITERAL+] hi\r\n")
    yield case("RI-6", "imap", "go", 0, judge=asked_inside,
               go=b"<T> OK [CAPABILITY IMAP4rev1 AUTH=CRAM-MD5] go\r\n")
    yield case("RI-6", "ftp", "greeting", 0, judge=asked_inside,
               greeting=b"220-FEAT\r\n211-x\r\n AUTH TLS\r\n220 hi\r\n")
    yield case("RI-6", "nntp", "greeting", 0, judge=asked_inside,
               greeting=b"200 AUTHINFO USER SASL hi\r\n")
    for what, stage, text in (
            ("greeting", "greeting", "+OK [CAPA STLS USER SASL PLAIN] hi"),
            ("apop", "greeting", "+OK hi <1896.697@mail.example.test>"),
            ("go", "go", "+OK [CAPA USER SASL PLAIN] no need to ask"),
            ("fewer", "in_ask", "+OK list\r\n."),
            ("other", "in_ask", "+OK list\r\nSASL GSSAPI\r\n."),
            ("again", "in_ask", "+OK list\r\nSTLS\r\n."),
            ("nearly", "in_ask", "+OK list\r\nXSTLS\r\nSTLSX\r\nSASL STLS\r"
             "\n."), ("replies", "in_ask", "+OK list\r\n-ERR no\r\n+OK\r\n."),
            ("refused", "in_ask", "-ERR what?")):
        yield case("RI-6", "pop3", what, 0, judge=asked_inside,
                   **{stage: b(text + "\r\n")})
    for what, line in {
            "list": '* LIST () "/" "evil"', "exists": "* 7 EXISTS",
            "search": "* SEARCH 1 2 3", "flags": "* FLAGS (\\Evil)",
            "fetch": '* 1 FETCH (FLAGS (\\Seen))', "status":
            '* STATUS "x" (MESSAGES 1)', "id": '* ID ("name" "evil")',
            "enabled": "* ENABLED UTF8=ACCEPT", "namespace":
            '* NAMESPACE (("" "/")) NIL NIL'}.items():
        yield case("RI-7", "imap", what, 0, judge=asked_inside,
                   go=b(line + "\r\n<T> OK go\r\n"))


def cases():
    yield from downgrade()
    yield from go_aheads()
    yield from premature()
    yield from injection()
