# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The libstarttls authors
"""The rows of the other modules for protocols without lines: XMPP, NBD, RDP,
telnet, LDAP, PostgreSQL and MySQL.  What can be wrong in their messages is in the transcripts; here are a
few of each kind, against the command."""

from engine import (NBD_GREETING, RDP_CONFIRM, TELNET_FOLLOWS, XMPP_FEATURES,
                    XMPP_HEADER, XMPP_LOGINS, XMPP_PROCEED, bytewise, case,
                    drip, fin, flood, ldap_result, mysql_packet, nbd_reply,
                    pause, postgres_error, rst, silence, MYSQL_GREETING)

NO_WORDS = (3, 4)
ERROR = 1 << 31


def stream_error(name):
    return (b"%s<stream:error><%s xmlns='urn:ietf:params:xml:ns:xmpp-streams'>"
            b"evil.test</%s></stream:error></stream:stream>" % (
                XMPP_HEADER, name, name))


def failure(code):
    return RDP_CONFIRM + bytes([3, 0, 8, 0, code, 0, 0, 0])


# scheme: stage: what: (exit statuses, reply)
TABLE = {
    "xmpp": {
        "ask": {
            "DG-1/none": (3, XMPP_HEADER + XMPP_LOGINS),
            "DG-1/empty": (3, XMPP_HEADER + b"<stream:features/>"),
            "DG-14/namespace": (3, XMPP_HEADER + b"<stream:features>"
                                b"<starttls/></stream:features>"),
            "DG-14/text": (3, XMPP_HEADER + b"<stream:features><a>&lt;"
                           b"starttls/&gt;</a></stream:features>"),
            "DG-13/proceed": (4, XMPP_HEADER + XMPP_FEATURES + XMPP_PROCEED),
            "DG-15/host-unknown": (3, stream_error(b"host-unknown")),
            "DG-18/see-other-host": (3, stream_error(b"see-other-host")),
            "PG-1/http": (4, b"HTTP/1.1 400 Bad Request\r\n\r\n"),
            "PG-1/noise": (4, bytes(range(256))),
            "PG-3/nul": (4, XMPP_HEADER + b"<stream:features>\0"),
            "PG-10/header": (4, XMPP_HEADER + XMPP_HEADER),
            "TX-1/escapes": (4, XMPP_HEADER + b"\x1b]0;x\a\x1b[2J\x9b"),
            "TM-3/tag": (4, [XMPP_HEADER, flood(b"<a" + b" " * 998)]),
            "TM-3/text": (4, [XMPP_HEADER + b"<stream:features>",
                              flood(b"x" * 1000)]),
            "TM-4/depth": (4, [XMPP_HEADER, flood(b"<a>")]),
            "TM-4/elements": (4, [XMPP_HEADER + b"<stream:features>",
                                  flood(b"<a/>")]),
            "TM-4/laughs": (4, b"<?xml version='1.0'?><!DOCTYPE a [<!ENTITY "
                            b"b 'bbbb'><!ENTITY c '&b;&b;&b;'>]>"),
            "TM-4/blanks": (4, [XMPP_HEADER, flood(b" ")]),
            "TM-2/blanks": (6, [XMPP_HEADER, drip(b" ")]),
            "TM-1/silence": (6, [XMPP_HEADER[:30], silence]),
            "TM-7/fin": (NO_WORDS, [XMPP_HEADER, fin]),
            "legal/bytewise": (0, bytewise(XMPP_HEADER + XMPP_FEATURES)),
            "legal/blanks": (0, [XMPP_HEADER + b"\n", pause(0.1),
                                 XMPP_FEATURES]),
        },
        "go": {
            "DG-3/failure": (3, b"<failure xmlns='urn:ietf:params:xml:ns:"
                             b"xmpp-tls'/></stream:stream>"),
            "DG-11/success": (4, b"<success xmlns='urn:ietf:params:xml:ns:"
                              b"xmpp-tls'/>"),
            "DG-12/namespace": (4, b"<proceed/>"),
            "DG-12/features": (4, XMPP_FEATURES),
            "DG-6/end": (3, b"</stream:stream>"),
            "RI-10/features": (4, XMPP_PROCEED + XMPP_LOGINS),
            "RI-10/blank": (4, XMPP_PROCEED + b" "),
            "RI-10/newline": (4, XMPP_PROCEED + b"\r\n"),
            "RI-4/like-tls": (4, XMPP_PROCEED + b"\x16\3\3\0\2"),
            "TM-1/silence": (6, [XMPP_PROCEED[:-1], silence]),
            "legal/bytewise": (0, bytewise(XMPP_PROCEED)),
        },
        "in_ask": {
            "TL-13/imap": (4, b"* OK ready\r\n"),
            "TM-6/elements": (4, [XMPP_HEADER + b"<stream:features>",
                                  flood(b"<a/>")]),
            "TX-1/escapes": (4, XMPP_HEADER + b"\x1b[2J"),
        },
    },
    "nbd": {
        "greeting": {
            "DG-1/old-style": (3, b"NBDMAGIC" + bytes.fromhex(
                "0000420281861253") + bytes(136)),
            "DG-1/flags": (3, NBD_GREETING[:-1] + b"\0"),
            "DG-13/ack": (4, NBD_GREETING + nbd_reply(5, 1)),
            "PG-1/smtp": (4, b"220 hi\r\n"),
            "PG-10/greeting": (4, NBD_GREETING * 2),
            "TM-1/silence": (6, [NBD_GREETING[:-1], silence]),
            "legal/bytewise": (0, bytewise(NBD_GREETING)),
        },
        "go": {
            "DG-3/policy": (3, nbd_reply(5, ERROR + 2, b"no TLS")),
            "DG-11/server": (4, nbd_reply(5, 2)),
            "DG-12/option": (4, nbd_reply(3, 1)),
            "DG-12/data": (4, nbd_reply(5, 1, b"x")),
            "RI-1/list": (4, nbd_reply(5, 1) + nbd_reply(3, 1)),
            "RI-3/byte": (4, nbd_reply(5, 1) + b"\0"),
            "TX-1/escapes": (3, nbd_reply(5, ERROR + 2, b"\x1b[2J\r\n\0")),
            "TM-3/length": (4, [nbd_reply(5, 1, size=(1 << 32) - 1),
                                flood(b"x" * 1000)]),
            "TM-3/text": (4, [nbd_reply(5, ERROR + 1, size=1 << 20),
                              silence]),
            "TM-7/rst": (4, rst),
            "legal/bytewise": (0, bytewise(nbd_reply(5, 1))),
        },
        "in_ask": {
            "TL-13/imap": (4, b"* OK ready\r\n"),
            "TM-6/exports": (4, flood(nbd_reply(3, 2, bytes(4)))),
            "legal/hidden": (0, nbd_reply(3, ERROR + 2)),
        },
    },
    "rdp": {
        "go": {
            "DG-1/classic": (3, bytes.fromhex("0300000b06d00000123400")),
            "DG-1/selected-0": (3, RDP_CONFIRM + bytes.fromhex(
                "0200080000000000")),
            "DG-3/failure": (3, failure(2)),
            "DG-11/both": (4, RDP_CONFIRM + bytes.fromhex(
                "0200080003000000")),
            "DG-12/length": (4, b"\3\0\0\x14" + RDP_CONFIRM[4:] +
                             bytes.fromhex("020008000100000000")),
            "RI-1/mcs": (4, RDP_CONFIRM + bytes.fromhex(
                "0201080001000000" "0300000902f0802180")),
            "PG-1/http": (4, b"HTTP/1.1 400 Bad Request\r\n\r\n"),
            "TM-3/length": (4, b"\3\0\xff\xff"),
            "TM-1/silence": (6, [RDP_CONFIRM, silence]),
            "legal/hybrid": (0, RDP_CONFIRM + bytes.fromhex(
                "021f080002000000")),
        },
    },
    "ldap": {
        "go": {
            "DG-2/busy": (3, ldap_result(1, 0x78, 51)),
            "DG-3/protocol": (3, ldap_result(1, 0x78, 2)),
            "DG-6/notice": (3, ldap_result(0, 0x78, 52, b"bye",
                                           b"1.3.6.1.4.1.1466.20036")),
            "DG-11/bind": (4, ldap_result(1, 0x61, 0)),
            "DG-12/name": (4, ldap_result(1, 0x78, 0, b"", b"1.2.3")),
            "DG-18/referral": (3, ldap_result(1, 0x78, 10)),
            "PG-7/id": (4, ldap_result(2, 0x78, 0)),
            "PG-8/indefinite": (4, b"\x30\x80" + ldap_result(1, 0x78, 0)[2:]
                                + b"\0\0"),
            "PG-8/negative": (4, b"\x30\x84\xff\xff\xff\xff"),
            "RI-1/bind": (4, ldap_result(1, 0x78, 0) + ldap_result(
                2, 0x61, 0)),
            "RI-3/byte": (4, ldap_result(1, 0x78, 0) + b"0"),
            "RI-11/entry": (4, b"0\x09\2\1\2d\4\4\0000\0" + ldap_result(
                1, 0x78, 0)),
            "TX-1/escapes": (3, ldap_result(1, 0x78, 53, b"\x1b[2J\r\n")),
            "TM-1/silence": (6, [ldap_result(1, 0x78, 0)[:-1], silence]),
            "TM-3/length": (4, [b"\x30\x84\x7f\xff\xff\xff",
                                flood(b"x" * 1000)]),
            "TM-4/notices": (4, flood(ldap_result(0, 0x78, 0, b"",
                                                  b"1.2.3"))),
            "TM-7/fin": (NO_WORDS, fin),
            "legal/bytewise": (0, bytewise(ldap_result(1, 0x78, 0))),
        },
        "in_ask": {
            "TL-13/imap": (4, b"* OK ready\r\n"),
            "PG-7/id": (4, ldap_result(1, 0x65, 0)),
            "DG-2/busy": (3, ldap_result(2, 0x65, 51)),
        },
    },
    "postgres": {
        "go": {
            "DG-1/no": (3, b"N"),
            "DG-1/no-more": (3, b"N" + postgres_error(b"53300", b"x")),
            "DG-2/error": (3, postgres_error(b"57P03", b"starting")),
            "DG-11/gss": (4, b"G"),
            "DG-12/lower": (4, b"s"),
            "RI-9/login": (4, b"SR\0\0\0\x08\0\0\0\0"),
            "RI-3/byte": (4, b"SS"),
            "RI-4/like-tls": (4, b"S\x16\3\3\0\2"),
            "PG-1/http": (4, b"HTTP/1.1 400 Bad Request\r\n\r\n"),
            "PG-8/length": (4, b"E\0\xff\xff\xff"),
            "TX-1/escapes": (3, postgres_error(b"28000", b"\x1b[2J\r\n")),
            "TM-3/text": (4, [b"E", flood(b"x" * 1000)]),
            "TM-1/silence": (6, silence),
            "TM-1/error": (6, [b"E\0\0\0\x20M", silence]),
            "TM-7/fin": (NO_WORDS, fin),
        },
        "in_ask": {
            "TL-13/imap": (4, b"* OK ready\r\n"),
            "DG-2/busy": (3, postgres_error(b"53300", b"too many")),
            "legal/no-user": (0, postgres_error(b"28000", b"no such")),
        },
    },
    "mysql": {
        "greeting": {
            "DG-1/flags": (3, MYSQL_GREETING.replace(b"\xff\xff\x08",
                                                     b"\xff\xf7\x08")),
            "DG-1/version-9": (3, mysql_packet(0, b"\x093.20\0" + bytes(13))),
            "DG-2/busy": (3, mysql_packet(0, b"\xff\x10\4Too many")),
            "DG-15/blocked": (3, mysql_packet(0, b"\xff\x69\4Host")),
            "PG-1/smtp": (4, b"220 hi\r\n"),
            "PG-7/number": (4, mysql_packet(1, MYSQL_GREETING[4:])),
            "PG-10/greeting": (4, MYSQL_GREETING * 2),
            "RI-1/ok": (4, MYSQL_GREETING + mysql_packet(2, bytes(7))),
            "RI-3/byte": (4, MYSQL_GREETING + b"\0"),
            "TX-1/escapes": (3, mysql_packet(0, b"\xff\x6a\4\x1b[2J\r\n")),
            "TM-1/silence": (6, [MYSQL_GREETING[:-1], silence]),
            "TM-3/length": (4, [b"\xff\xff\xff\0", flood(b"x" * 1000)]),
            "TM-7/fin": (NO_WORDS, fin),
            "legal/bytewise": (0, bytewise(MYSQL_GREETING)),
        },
        "in_ask": {
            "TL-13/imap": (4, b"* OK ready\r\n"),
            "DG-2/busy": (3, mysql_packet(3, b"\xff\x10\4#08004no")),
        },
    },
    "telnet": {
        "greeting": {
            "DG-1/login": (3, b"\xff\xfd\x1f\r\nlogin: "),
            "DG-3/dont": (3, b"\xff\xfe."),
            "DG-13/follows": (4, b"\xff\xfd." + TELNET_FOLLOWS),
            "TM-1/options": (6, [b"\xff\xfd\x1f\xff\xfb\3", silence]),
            "TM-4/options": (4, flood(b"\xff\xf1")),
            "TM-3/subnegotiation": (4, [b"\xff\xfa\x18",
                                        flood(b"x" * 1000)]),
            "legal/options": (0, b"\xff\xfd.\xff\xfd\x1f\xff\xfb\3"),
        },
        "go": {
            "DG-3/wont": (3, b"\xff\xfc."),
            "DG-12/follows-2": (4, b"\xff\xfa.\2\xff\xf0"),
            "RI-1/options": (4, TELNET_FOLLOWS + b"\xff\xfd\x1f"),
            "RI-2/prompt": (4, TELNET_FOLLOWS + b"login: "),
            "TX-1/escapes": (4, b"\x1b[2J"),
            "legal/bytewise": (0, bytewise(TELNET_FOLLOWS)),
        },
    },
}


def cases():
    for scheme, stages in TABLE.items():
        for stage, rows in stages.items():
            for name, (exits, reply) in rows.items():
                row, what = name.split("/")
                yield case(row, scheme, "%s-%s" % (stage, what), exits,
                           **{stage: reply})
