# SPDX-License-Identifier: ISC
# The tests: programs with libcheck, scripts, real and hostile servers.  All of
# them write TAP.

UNIT_TESTS = tests/unit/check_text tests/unit/check_name tests/unit/check_url \
	tests/unit/check_constraints \
	tests/unit/check_error tests/unit/check_frame tests/unit/check_keys tests/unit/check_profile \
	tests/unit/check_preamble \
	tests/unit/check_serve tests/unit/check_server tests/unit/check_guests \
	tests/unit/check_server_fd \
	tests/unit/check_arguments \
	tests/unit/check_resume tests/unit/check_data tests/unit/check_export \
	tests/unit/check_trust tests/unit/check_crl tests/unit/check_path tests/unit/check_verify \
	tests/unit/check_session tests/unit/check_dial tests/unit/check_fd \
	tests/unit/check_alloc tests/unit/check_threads
SCRIPT_TESTS = tests/rules/style.test tests/rules/symbols.test \
	tests/rules/fuzz.test
if ENABLE_CLI
SCRIPT_TESTS += tests/command/cli.test tests/command/format.test \
	tests/command/identity.test tests/command/serve.test \
	tests/command/proxy.test tests/command/again.test \
	tests/command/escapes.test tests/command/replies.test \
	tests/command/login.test tests/command/targets.test \
	tests/command/probe.test tests/command/monitoring.test
SERVER_TESTS = tests/hostile/run.test tests/hostile/clients.test \
	tests/real/dovecot.test \
	tests/real/postfix.test tests/real/vsftpd.test \
	tests/real/nnrpd.test tests/real/login.test tests/real/library.test \
	tests/real/readme.test tests/real/clients.test \
	tests/real/examples.test \
	tests/real/pipelined.test tests/real/ftp-data.test tests/real/compare.test \
	tests/real/cookbook.test
if ENABLE_EXPORTER
SCRIPT_TESTS += tests/command/exporter.test
SERVER_TESTS += tests/real/prometheus.test
endif
endif
FUZZERS = fuzz/fuzz_preamble fuzz/fuzz_serve fuzz/fuzz_trust
if ENABLE_CLI
if HAVE_GSASL
FUZZERS += fuzz/fuzz_login
endif
endif

TESTS =
check_PROGRAMS =
if ENABLE_TESTS
TESTS += $(UNIT_TESTS) $(SCRIPT_TESTS) $(SERVER_TESTS)
check_PROGRAMS += $(UNIT_TESTS) tests/real/check_real tests/real/check_ftp \
	tests/rules/unload $(FUZZERS)
endif

TEST_EXTENSIONS = .test
LOG_DRIVER = env AM_TAP_AWK='$(AWK)' $(SHELL) \
	$(top_srcdir)/build-aux/tap-driver.sh
TEST_LOG_DRIVER = $(LOG_DRIVER)
AM_TESTS_ENVIRONMENT = \
	abs_top_srcdir='$(abs_top_srcdir)'; export abs_top_srcdir; \
	abs_top_builddir='$(abs_top_builddir)'; export abs_top_builddir; \
	STARTTLS='$(abs_top_builddir)/starttls'; export STARTTLS; \
	CC='$(CC)'; export CC; \
	TEST_CFLAGS='$(CFLAGS) $(HARDEN_CFLAGS)'; export TEST_CFLAGS; \
	LANG=C; export LANG; LC_ALL=C; export LC_ALL;

TEST_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS) -I$(top_srcdir)/tests/support
TEST_LIBS = libinternal.la $(CHECK_LIBS) $(GNUTLS_LIBS)
MINT_SOURCES = tests/support/mint.c tests/support/mint.h tests/support/tlspair.c tests/support/tlspair.h
HARNESS_SOURCES = tests/support/harness.c tests/support/harness.h tests/support/hostname.c \
	tests/support/hostname.h $(MINT_SOURCES)
DUO_SOURCES = tests/support/duo.c tests/support/duo.h $(HARNESS_SOURCES)

tests_unit_check_text_SOURCES = tests/unit/check_text.c $(HARNESS_SOURCES)
tests_unit_check_text_CFLAGS = $(TEST_CFLAGS)
tests_unit_check_text_LDADD = $(TEST_LIBS)
tests_unit_check_name_SOURCES = tests/unit/check_name.c $(HARNESS_SOURCES)
tests_unit_check_name_CFLAGS = $(TEST_CFLAGS)
tests_unit_check_name_LDADD = $(TEST_LIBS)
tests_unit_check_url_SOURCES = tests/unit/check_url.c $(HARNESS_SOURCES)
tests_unit_check_url_CFLAGS = $(TEST_CFLAGS)
tests_unit_check_url_LDADD = $(TEST_LIBS)
tests_unit_check_error_SOURCES = tests/unit/check_error.c $(HARNESS_SOURCES)
tests_unit_check_error_CFLAGS = $(TEST_CFLAGS)
tests_unit_check_error_LDADD = $(TEST_LIBS)
tests_unit_check_keys_SOURCES = tests/unit/check_keys.c $(DUO_SOURCES)
tests_unit_check_keys_CFLAGS = $(TEST_CFLAGS)
tests_unit_check_keys_LDADD = $(TEST_LIBS)
tests_unit_check_profile_SOURCES = tests/unit/check_profile.c $(DUO_SOURCES)
tests_unit_check_profile_CFLAGS = $(TEST_CFLAGS)
tests_unit_check_profile_LDADD = $(TEST_LIBS)
tests_unit_check_frame_SOURCES = tests/unit/check_frame.c $(HARNESS_SOURCES)
tests_unit_check_frame_CFLAGS = $(TEST_CFLAGS)
tests_unit_check_frame_LDADD = $(TEST_LIBS)
tests_unit_check_preamble_SOURCES = tests/unit/check_preamble.c tests/support/transcript.c \
	tests/support/transcript.h
tests_unit_check_preamble_CFLAGS = $(TEST_CFLAGS)
tests_unit_check_preamble_LDADD = $(TEST_LIBS)
tests_unit_check_serve_SOURCES = tests/unit/check_serve.c tests/support/transcript.c \
	tests/support/transcript.h $(HARNESS_SOURCES)
tests_unit_check_serve_CFLAGS = $(TEST_CFLAGS)
tests_unit_check_serve_LDADD = $(TEST_LIBS)
tests_unit_check_server_SOURCES = tests/unit/check_server.c $(DUO_SOURCES)
tests_unit_check_guests_SOURCES = tests/unit/check_guests.c $(DUO_SOURCES)
tests_unit_check_guests_CFLAGS = $(TEST_CFLAGS)
tests_unit_check_guests_LDADD = $(TEST_LIBS)
tests_unit_check_server_fd_SOURCES = tests/unit/check_server_fd.c tests/support/sockets.c \
	tests/support/sockets.h tests/support/heap.c tests/support/heap.h $(DUO_SOURCES)
tests_unit_check_server_fd_CFLAGS = $(TEST_CFLAGS)
tests_unit_check_server_fd_LDADD = $(TEST_LIBS)
tests_unit_check_server_CFLAGS = $(TEST_CFLAGS)
tests_unit_check_server_LDADD = $(TEST_LIBS)
tests_unit_check_resume_SOURCES = tests/unit/check_resume.c $(HARNESS_SOURCES)
tests_unit_check_resume_CFLAGS = $(TEST_CFLAGS)
tests_unit_check_resume_LDADD = $(TEST_LIBS)
tests_unit_check_data_SOURCES = tests/unit/check_data.c $(HARNESS_SOURCES)
tests_unit_check_data_CFLAGS = $(TEST_CFLAGS)
tests_unit_check_data_LDADD = $(TEST_LIBS)
tests_unit_check_arguments_SOURCES = tests/unit/check_arguments.c $(HARNESS_SOURCES)
tests_unit_check_arguments_CFLAGS = $(TEST_CFLAGS)
tests_unit_check_arguments_LDADD = $(TEST_LIBS)
tests_unit_check_export_SOURCES = tests/unit/check_export.c $(HARNESS_SOURCES)
tests_unit_check_export_CFLAGS = $(TEST_CFLAGS)
tests_unit_check_export_LDADD = $(TEST_LIBS)
tests_unit_check_trust_SOURCES = tests/unit/check_trust.c $(HARNESS_SOURCES)
tests_unit_check_trust_CFLAGS = $(TEST_CFLAGS)
tests_unit_check_trust_LDADD = $(TEST_LIBS)
tests_unit_check_crl_SOURCES = tests/unit/check_crl.c $(HARNESS_SOURCES)
tests_unit_check_crl_CFLAGS = $(TEST_CFLAGS)
tests_unit_check_crl_LDADD = $(TEST_LIBS)
tests_unit_check_constraints_SOURCES = tests/unit/check_constraints.c \
	$(HARNESS_SOURCES)
tests_unit_check_constraints_CFLAGS = $(TEST_CFLAGS)
tests_unit_check_constraints_LDADD = $(TEST_LIBS)
tests_unit_check_path_SOURCES = tests/unit/check_path.c $(HARNESS_SOURCES)
tests_unit_check_path_CFLAGS = $(TEST_CFLAGS)
tests_unit_check_path_LDADD = $(TEST_LIBS)
tests_unit_check_verify_SOURCES = tests/unit/check_verify.c $(HARNESS_SOURCES)
tests_unit_check_verify_CFLAGS = $(TEST_CFLAGS)
tests_unit_check_verify_LDADD = $(TEST_LIBS)
tests_unit_check_session_SOURCES = tests/unit/check_session.c $(HARNESS_SOURCES)
tests_unit_check_session_CFLAGS = $(TEST_CFLAGS)
tests_unit_check_session_LDADD = $(TEST_LIBS)
tests_unit_check_dial_SOURCES = tests/unit/check_dial.c tests/support/sockets.c \
	tests/support/sockets.h tests/support/heap.c tests/support/heap.h $(HARNESS_SOURCES)
tests_unit_check_dial_CFLAGS = $(TEST_CFLAGS)
tests_unit_check_dial_LDADD = $(TEST_LIBS)
tests_unit_check_fd_SOURCES = tests/unit/check_fd.c tests/support/sockets.c \
	tests/support/sockets.h tests/support/heap.c tests/support/heap.h $(HARNESS_SOURCES)
tests_unit_check_fd_CFLAGS = $(TEST_CFLAGS)
tests_unit_check_fd_LDADD = $(TEST_LIBS)
tests_unit_check_alloc_SOURCES = tests/unit/check_alloc.c tests/support/heap.c \
	tests/support/heap.h $(HARNESS_SOURCES)
tests_unit_check_alloc_CFLAGS = $(TEST_CFLAGS)
tests_unit_check_alloc_LDADD = $(TEST_LIBS)
tests_unit_check_threads_SOURCES = tests/unit/check_threads.c $(HARNESS_SOURCES)
tests_unit_check_threads_CFLAGS = $(TEST_CFLAGS)
tests_unit_check_threads_LDADD = $(TEST_LIBS)
tests_real_check_real_SOURCES = tests/real/check_real.c
tests_real_check_real_CFLAGS = $(TEST_CFLAGS)
tests_real_check_real_LDADD = libstarttls.la $(CHECK_LIBS)
tests_real_check_ftp_SOURCES = tests/real/check_ftp.c
tests_real_check_ftp_CFLAGS = $(TEST_CFLAGS)
tests_real_check_ftp_LDADD = libstarttls.la $(CHECK_LIBS)
# Has a resolver of its own, which the library has to find.
tests_rules_unload_SOURCES = tests/rules/unload.c
tests_rules_unload_LDFLAGS = $(AM_LDFLAGS) -export-dynamic
# Linked with a plain main they replay what they are given.
fuzz_fuzz_preamble_SOURCES = fuzz/fuzz_preamble.c fuzz/replay.c
fuzz_fuzz_preamble_CFLAGS = $(TEST_CFLAGS)
fuzz_fuzz_preamble_LDADD = $(TEST_LIBS)
fuzz_fuzz_serve_SOURCES = fuzz/fuzz_serve.c fuzz/replay.c
fuzz_fuzz_serve_CFLAGS = $(TEST_CFLAGS)
fuzz_fuzz_serve_LDADD = $(TEST_LIBS)
fuzz_fuzz_trust_SOURCES = fuzz/fuzz_trust.c fuzz/replay.c
fuzz_fuzz_trust_CFLAGS = $(TEST_CFLAGS)
fuzz_fuzz_trust_LDADD = $(TEST_LIBS)
# The logins of the command, over a session that is the target's own.
fuzz_fuzz_login_SOURCES = fuzz/fuzz_login.c fuzz/replay.c loop/loop.c \
	check/conversation.c loop/queue.c login/veil.c $(LOGIN_SOURCES)
fuzz_fuzz_login_CPPFLAGS = $(ROOMS_CPPFLAGS) \
	-Dstarttls_session_read=peer_read \
	-Dstarttls_session_write=peer_write \
	-Dstarttls_session_shutdown=peer_shutdown \
	-Dstarttls_session_error=peer_error \
	-Dstarttls_session_report=peer_report \
	-Dstarttls_session_channel_binding=peer_binding
fuzz_fuzz_login_CFLAGS = $(TEST_CFLAGS) $(GSASL_CFLAGS)
fuzz_fuzz_login_LDADD = $(TEST_LIBS) $(GSASL_LIBS)

# For tools/run-tests, which runs these under other conditions as well.
print-unit-tests:
	@echo $(UNIT_TESTS)
.PHONY: print-unit-tests

EXTRA_DIST += tests/command tests/hostile tests/real tests/rules \
	tests/transcripts tests/tsan.supp tests/valgrind.supp \
	tools examples bench/run bench/many
