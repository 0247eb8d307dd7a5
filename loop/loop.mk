# SPDX-License-Identifier: ISC
# One loop, and what processes have to do with descriptors.

if ENABLE_CLI
noinst_LIBRARIES += libloop.a
endif
libloop_a_SOURCES = loop/address.c loop/address.h loop/clock.c \
	loop/clock.h loop/descriptors.c \
	loop/descriptors.h loop/door.c loop/door.h loop/failure.c \
	loop/failure.h loop/heap.c loop/heap.h loop/keepalive.c \
	loop/listen.c loop/listen.h \
	loop/loop.c loop/loop.h loop/manager.c loop/manager.h loop/poller.h loop/queue.c loop/queue.h \
	loop/signals.c loop/signals.h loop/standing.c loop/standing.h \
	loop/upgrade.c loop/upgrade.h
# the one that configure chose
EXTRA_libloop_a_SOURCES = loop/poller_epoll.c loop/poller_kqueue.c \
	loop/poller_poll.c
libloop_a_LIBADD = loop/libloop_a-poller_$(POLLER).$(OBJEXT)
libloop_a_DEPENDENCIES = $(libloop_a_LIBADD)
libloop_a_CPPFLAGS = $(ROOMS_CPPFLAGS)
libloop_a_CFLAGS = $(COMMAND_CFLAGS)
