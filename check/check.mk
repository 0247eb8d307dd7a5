# SPDX-License-Identifier: ISC
# Checking servers, and telling of it.

if ENABLE_CLI
noinst_LIBRARIES += libchecks.a
endif
libchecks_a_SOURCES = check/advice.c check/advice.h check/batch.c \
	check/batch.h check/checker.c check/checker.h check/conversation.c \
	check/conversation.h check/detect.c check/detect.h check/format.c check/format.h \
	check/format_file_sd.c check/format_human.c check/format_json.c check/format_json.h \
	check/format_nagios.c check/format_prometheus.c check/hello.c \
	check/hello.h check/port.c \
	check/port.h check/probe.c \
	check/probe.h check/probe_judge.c check/result.c check/result.h \
	check/sent.c check/sent.h check/speaker.c check/speaker.h \
	check/targets.c check/targets.h check/threshold.c check/threshold.h
libchecks_a_CPPFLAGS = $(ROOMS_CPPFLAGS)
libchecks_a_CFLAGS = $(COMMAND_CFLAGS) $(JANSSON_CFLAGS)
