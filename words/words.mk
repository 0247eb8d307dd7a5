# SPDX-License-Identifier: ISC
# What the programs say.

if ENABLE_CLI
noinst_LIBRARIES += libwords.a
endif
libwords_a_SOURCES = words/complain.c words/complain.h words/reasons.c \
	words/reasons.h words/show.c \
	words/show.h words/status.c words/status.h words/suggest.c \
	words/suggest.h src/near.c src/near.h \
	src/typed.c src/typed.h
libwords_a_CPPFLAGS = $(ROOMS_CPPFLAGS)
libwords_a_CFLAGS = $(COMMAND_CFLAGS)
