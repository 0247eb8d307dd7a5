#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Python's own clients, each in one logged-in conversation.

usage: pyclient.py MODULE MODE PORT [CA VERSION]

MODULE is smtplib, imaplib, ftplib, nntplib or poplib; MODE is upgrade,
dedicated, or clear: then there is no TLS, the login has to be refused, and the
refusal is printed.  CA vouches for localhost; VERSION is 1.2 or 1.3.
"""

import importlib
import ssl
import sys
import warnings

HOST, USER, PASSWORD = "localhost", "tester", "s3cret-pass"
MESSAGE = "From: a@example.test\r\nSubject: smtplib\r\n\r\n.Hello\r\n"
warnings.simplefilter("ignore")     # nntplib is about to be removed


def check(good, what):
    if not good:
        sys.exit("pyclient.py: " + what)


def make_context(ca, version):
    context = ssl.create_default_context(cafile=ca)
    context.minimum_version = context.maximum_version = {
        "1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}[version]
    return context


def smtplib(lib, mode, port, context):
    if mode == "dedicated":
        client = lib.SMTP_SSL(HOST, port, timeout=10, context=context)
    else:
        client = lib.SMTP(HOST, port, timeout=10)
    if mode == "upgrade":
        client.starttls(context=context)
    if mode == "clear":             # login() would not even try
        check(client.ehlo()[0] == 250 and not client.has_extn("auth"), "AUTH")
        code, text = client.docmd("AUTH PLAIN AHRlc3RlcgBzM2NyZXQtcGFzcw==")
        print(code, text.decode())
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
    client.login(USER, PASSWORD)
    check(client.select(readonly=True)[0] == "OK", "SELECT")
    found = client.uid("search", None, "SUBJECT", "fetched")[1][0].split()
    check(len(found) == 1, "SEARCH found %r" % found)
    text = client.uid("fetch", found[0], "(BODY.PEEK[TEXT])")[1][0][1]
    check(text.strip() == b"It is here.", "FETCH gave %r" % text)
    client.logout()


def implicit_ftp(lib, port, context):
    """The module has no dedicated port; this is the usual way to add it."""

    class FTPS(lib.FTP_TLS):
        @property
        def sock(self):
            return self.wrapped

        @sock.setter
        def sock(self, value):
            if value is not None and not isinstance(value, ssl.SSLSocket):
                value = self.context.wrap_socket(value, server_hostname=HOST)
            self.wrapped = value

        wrapped = None

    client = FTPS(context=context, timeout=10)
    client.connect(HOST, port)
    return client


def ftplib(lib, mode, port, context):
    if mode == "dedicated":
        client = implicit_ftp(lib, port, context)
    elif mode == "upgrade":
        client = lib.FTP_TLS(context=context, timeout=10)
        client.connect(HOST, port)
    else:
        client = lib.FTP(timeout=10)
        client.connect(HOST, port)
    client.login("anonymous" if mode != "clear" else USER, PASSWORD)
    check(client.pwd() == "/", "PWD")
    check(client.sendcmd("SYST").startswith("215"), "SYST")
    client.quit()


def nntplib(lib, mode, port, context):
    if mode == "dedicated":
        client = lib.NNTP_SSL(HOST, port, ssl_context=context, timeout=10)
    else:
        client = lib.NNTP(HOST, port, timeout=10)
    if mode == "upgrade":
        client.starttls(context)
    client.login(USER, PASSWORD, usenetrc=False)
    check(client.group("local.test")[1] == 1, "GROUP")
    article = client.article(1)[1]
    check(article.lines[-1] == b".Read inside TLS.", "ARTICLE")
    client.quit()


def poplib(lib, mode, port, context):
    if mode == "dedicated":
        client = lib.POP3_SSL(HOST, port, context=context, timeout=10)
    else:
        client = lib.POP3(HOST, port, timeout=10)
    if mode == "upgrade":
        client.stls(context=context)
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
