# SPDX-License-Identifier: ISC
# TLS on one side, cleartext on the other.

if ENABLE_CLI
noinst_LIBRARIES += librelay.a
endif
librelay_a_SOURCES = relay/backend.c relay/backend.h relay/client.c \
	relay/front.c relay/front.h relay/proxy.c relay/proxy.h \
	relay/relay.c relay/relay.h relay/replies.c relay/replies.h \
	relay/serve.c relay/serve.h relay/tunnel.c relay/tunnel.h
librelay_a_CPPFLAGS = $(ROOMS_CPPFLAGS)
librelay_a_CFLAGS = $(COMMAND_CFLAGS)
