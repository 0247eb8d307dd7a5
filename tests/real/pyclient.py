#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Python's own clients, each in one logged-in conversation.

usage: pyclient.py MODULE MODE PORT [CA VERSION]

MODULE is smtplib, imaplib, ftplib or poplib; MODE is upgrade,
dedicated, or clear: then there is no TLS, and the password is sent in all ways
that the module has, whatever the server says; what it says is printed.  CA
vouches for localhost; VERSION is 1.2 or 1.3.  Fails if it was not let in.
"""

import base64
import importlib
import ssl
import sys

HOST, USER, PASSWORD = "localhost", "tester", "s3cret-pass"
PLAIN = ("\0%s\0%s" % (USER, PASSWORD)).encode()
MESSAGE = "From: a@example.test\r\nSubject: smtplib\r\n\r\n.Hello\r\n"


def check(good, what):
    if not good:
        sys.exit("pyclient.py: it failed: " + what)


def make_context(ca, version):
    context = ssl.create_default_context(cafile=ca)
    context.minimum_version = context.maximum_version = {
        "1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}[version]
    return context


def push(*attempts):
    """Log in without TLS: one after the other, and what comes of each."""
    let_in = False
    for attempt in attempts:
        try:
            print(*attempt())
            let_in = True
        except Exception as error:
            print("%s: %s" % (type(error).__name__, error))
    check(let_in, "no login")


def smtplib(lib, mode, port, context):
    if mode == "dedicated":
        client = lib.SMTP_SSL(HOST, port, timeout=10, context=context)
    else:
        client = lib.SMTP(HOST, port, timeout=10)
    if mode == "upgrade":
        client.starttls(context=context)
    if mode == "clear":
        client.ehlo()
        print(*client.docmd("AUTH PLAIN " + base64.b64encode(PLAIN).decode()))
        print(*client.docmd(base64.b64encode(PASSWORD.encode()).decode()))
        push(lambda: client.login(USER, PASSWORD))
    client.login(USER, PASSWORD)
    client.sendmail("a@example.test", "tester@example.test", MESSAGE)
    client.quit()


def imaplib(lib, mode, port, context):
    if mode == "dedicated":
        client = lib.IMAP4_SSL(HOST, port, ssl_context=context, timeout=10)
    else:
        client = lib.IMAP4(HOST, port, timeout=10)
    if mode == "upgrade":
        client.starttls(ssl_context=context)
    if mode == "clear":
        push(lambda: client.login(USER, PASSWORD),
             lambda: client.authenticate("PLAIN", lambda _: PLAIN))
    client.login(USER, PASSWORD)
    check(client.select(readonly=True)[0] == "OK", "SELECT")
    found = client.uid("search", None, "SUBJECT", "fetched")[1][0].split()
    check(len(found) == 1, "SEARCH found %r" % found)
    text = client.uid("fetch", found[0], "(BODY.PEEK[TEXT])")[1][0][1]
    check(text.strip() == b"It is here.", "FETCH gave %r" % text)
    client.logout()


def implicit_ftp(lib, context):
    """The module has no dedicated port; this is how people add it."""

    class FTPS(lib.FTP_TLS):
        wrapped = None

        @property
        def sock(self):
            return self.wrapped

        @sock.setter
        def sock(self, value):
            if value is not None and not isinstance(value, ssl.SSLSocket):
                value = self.context.wrap_socket(value, server_hostname=HOST)
            self.wrapped = value

    return FTPS(context=context, timeout=10)


def ftplib(lib, mode, port, context):
    if mode == "dedicated":
        client = implicit_ftp(lib, context)
    elif mode == "upgrade":
        client = lib.FTP_TLS(context=context, timeout=10)
    else:
        client = lib.FTP(timeout=10)
    client.connect(HOST, port)
    if mode == "clear":
        push(lambda: client.login(USER, PASSWORD),
             lambda: client.sendcmd("PASS " + PASSWORD))
    client.login("anonymous", PASSWORD)
    check(client.pwd().startswith("/"), "PWD")
    check(client.sendcmd("SYST").startswith("215"), "SYST")
    client.quit()


def poplib(lib, mode, port, context):
    if mode == "dedicated":
        client = lib.POP3_SSL(HOST, port, context=context, timeout=10)
    else:
        client = lib.POP3(HOST, port, timeout=10)
    if mode == "upgrade":
        client.stls(context=context)
    if mode == "clear":
        push(lambda: client.user(USER), lambda: client.pass_(PASSWORD),
             lambda: client.apop(USER, PASSWORD))
    client.user(USER)
    client.pass_(PASSWORD)
    check(client.stat()[0] >= 1, "STAT")
    check(b"It is here." in client.retr(1)[1], "RETR")
    client.quit()


def main(name, mode, port, ca=None, version=None):
    context = make_context(ca, version) if mode != "clear" else None
    try:
        globals()[name](importlib.import_module(name), mode, int(port), context)
    except Exception as error:
        print("%s: %s" % (type(error).__name__, error))
        sys.exit(1)


main(*sys.argv[1:])
