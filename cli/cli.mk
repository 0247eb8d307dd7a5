# SPDX-License-Identifier: ISC
# starttls.

# The options that both programs have.
if ENABLE_CLI
noinst_LIBRARIES += liboptions.a
bin_PROGRAMS += starttls
endif
liboptions_a_SOURCES = cli/account.c cli/account.h cli/apply.c cli/choices.c \
	cli/choices.h cli/cli.h \
	cli/identity.c cli/options.c cli/options.h cli/settings.h \
	cli/values.c cli/values.h cli/version.c
liboptions_a_CPPFLAGS = $(ROOMS_CPPFLAGS)
liboptions_a_CFLAGS = $(COMMAND_CFLAGS)

starttls_SOURCES = cli/check.c cli/completion.c cli/connect.c cli/explain.c cli/main.c cli/place.c \
	cli/plugin.c cli/plugin.h cli/policy.c \
	cli/probe.c cli/probe.h cli/probe_print.c cli/proxy.c cli/reload.c \
	cli/report.c cli/serve.c cli/targets.c
starttls_CPPFLAGS = $(ROOMS_CPPFLAGS)
starttls_CFLAGS = $(COMMAND_CFLAGS) $(JANSSON_CFLAGS)
starttls_LDFLAGS = $(AM_LDFLAGS)
starttls_LDADD = librelay.a $(COMMAND_LIBS)

# check_starttls is the same program by another name.
if ENABLE_CLI
install-exec-hook:
	$(MKDIR_P) '$(DESTDIR)$(plugindir)' && \
	    rm -f '$(DESTDIR)$(plugindir)/check_starttls' && \
	    $(LN_S) '$(bindir)/starttls' '$(DESTDIR)$(plugindir)/check_starttls'
uninstall-plugin:
	rm -f '$(DESTDIR)$(plugindir)/check_starttls'
UNINSTALL_LOCAL += uninstall-plugin
endif

# What completes its words comes from the program, which has to run here.
if RUNS_HERE
COMPLETIONS = completion/bash/starttls completion/zsh/_starttls \
	completion/fish/starttls.fish
bashcompletiondir = $(datadir)/bash-completion/completions
nodist_bashcompletion_DATA = completion/bash/starttls
zshcompletiondir = $(datadir)/zsh/site-functions
nodist_zshcompletion_DATA = completion/zsh/_starttls
fishcompletiondir = $(datadir)/fish/vendor_completions.d
nodist_fishcompletion_DATA = completion/fish/starttls.fish
CLEANFILES += $(COMPLETIONS)
$(COMPLETIONS): starttls$(EXEEXT)
	$(AM_V_GEN)folder=$$(dirname $@) && $(MKDIR_P) $$folder && \
	    ./starttls$(EXEEXT) completion $$(basename $$folder) >$@.tmp && \
	    mv $@.tmp $@
endif
