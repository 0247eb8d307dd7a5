# SPDX-License-Identifier: ISC
# Logging in inside TLS.

if ENABLE_CLI
noinst_LIBRARIES += liblogin.a
endif
liblogin_a_SOURCES = login/account.c login/account.h login/login.h \
	login/netrc.c login/netrc.h login/secret.c login/secret.h \
	login/veil.c login/veil.h
# What needs GNU SASL.  The framers are the library's, see "Decisions".
LOGIN_SOURCES = login/dialog.h login/engine.h login/ftp.c login/imap.c \
	login/irc.c login/ldap.c login/login.c login/mechanism.c login/nntp.c \
	login/pop3.c login/sasl.c login/sasl.h login/sieve.c login/smtp.c \
	login/verdict.c login/xmpp.c src/domain.c src/domain.h src/frame.c src/frame.h \
	src/frame_packet.c src/ldap.c src/ldap.h src/later.c src/later.h \
	src/managesieve.c src/managesieve.h src/xml.c src/xml.h
if HAVE_GSASL
liblogin_a_SOURCES += $(LOGIN_SOURCES)
else
liblogin_a_SOURCES += login/none.c
endif
liblogin_a_CPPFLAGS = $(ROOMS_CPPFLAGS)
liblogin_a_CFLAGS = $(COMMAND_CFLAGS) $(GSASL_CFLAGS)
LOGIN_LIBS = $(GSASL_LIBS)
