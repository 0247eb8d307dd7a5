# SPDX-License-Identifier: ISC
# starttls-exporter, for Prometheus.

EXPORTER_SOURCES = exporter/allow.c exporter/allow.h exporter/answer.c \
	exporter/answer.h exporter/clients.c exporter/clients.h \
	exporter/config_file.c exporter/config_file.h exporter/current.c \
	exporter/current.h exporter/exporter.h exporter/history.c \
	exporter/history.h exporter/http.c exporter/http.h \
	exporter/journal.c exporter/journal.h exporter/main.c exporter/metrics.c \
	exporter/metrics.h exporter/pages.c exporter/pages.h \
	exporter/probe.c exporter/probe.h exporter/record.c \
	exporter/record.h exporter/reload.c exporter/reload.h \
	exporter/settings.c \
	exporter/settings.h
if ENABLE_EXPORTER
bin_PROGRAMS += starttls-exporter
dist_man_MANS += doc/starttls-exporter.8
else
EXTRA_DIST += doc/starttls-exporter.8
endif
starttls_exporter_SOURCES = $(EXPORTER_SOURCES)
starttls_exporter_CPPFLAGS = $(ROOMS_CPPFLAGS) \
	-DSYSCONFDIR='"$(sysconfdir)"'
starttls_exporter_CFLAGS = $(COMMAND_CFLAGS) $(MICROHTTPD_CFLAGS) \
	$(INIH_CFLAGS)
starttls_exporter_LDFLAGS = $(AM_LDFLAGS)
starttls_exporter_LDADD = $(COMMAND_LIBS) $(MICROHTTPD_LIBS) $(INIH_LIBS)
