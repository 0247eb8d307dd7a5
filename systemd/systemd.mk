# SPDX-License-Identifier: ISC
# Units for systemd, and what they read.

UNITS_OF_COMMAND = systemd/starttls-check.service \
	systemd/starttls-check.timer systemd/starttls-proxy@.service \
	systemd/starttls-serve@.service
UNITS_OF_EXPORTER = systemd/starttls-exporter.service \
	systemd/starttls-exporter.socket
nodist_unit_DATA =
if ENABLE_CLI
nodist_unit_DATA += $(UNITS_OF_COMMAND)
servicesdir = $(pkgdatadir)/services
dist_services_DATA = systemd/proxy-imap.conf systemd/serve-imap.conf \
	systemd/targets
endif
if ENABLE_EXPORTER
nodist_unit_DATA += $(UNITS_OF_EXPORTER)
endif
EXTRA_DIST += $(UNITS_OF_COMMAND:=.in) $(UNITS_OF_EXPORTER:=.in)
CLEANFILES += $(UNITS_OF_COMMAND) $(UNITS_OF_EXPORTER)

$(UNITS_OF_COMMAND) $(UNITS_OF_EXPORTER): Makefile
	$(AM_V_GEN)$(MKDIR_P) systemd && $(SED) \
	    -e 's|@bindir[@]|$(bindir)|g' \
	    -e 's|@sysconfdir[@]|$(sysconfdir)|g' \
	    -e 's|@pkgdatadir[@]|$(pkgdatadir)|g' \
	    '$(srcdir)/$@.in' >$@.tmp && mv $@.tmp $@
$(UNITS_OF_COMMAND) $(UNITS_OF_EXPORTER): \
	$(UNITS_OF_COMMAND:=.in) $(UNITS_OF_EXPORTER:=.in)

# What an administrator has written stays.
if ENABLE_EXPORTER
install-data-local:
	@conf='$(DESTDIR)$(sysconfdir)/starttls/exporter.conf'; \
	    test -e "$$conf" || { \
	    $(MKDIR_P) '$(DESTDIR)$(sysconfdir)/starttls' && \
	    $(INSTALL_DATA) '$(srcdir)/monitoring/exporter.conf' "$$conf"; }
uninstall-config:
	@conf='$(DESTDIR)$(sysconfdir)/starttls/exporter.conf'; \
	    ! cmp -s '$(srcdir)/monitoring/exporter.conf' "$$conf" || \
	    { rm -f "$$conf" && \
	    { rmdir '$(DESTDIR)$(sysconfdir)/starttls' 2>/dev/null || :; }; }
UNINSTALL_LOCAL += uninstall-config
endif
