# SPDX-License-Identifier: ISC
# The tests: programs with libcheck, scripts, real and hostile servers.  All of
# them write TAP.

# To add one, write its file and name it here.
UNIT_TESTS = \
	tests/unit/check_text tests/unit/check_name tests/unit/check_near tests/unit/check_typed tests/unit/check_url \
	tests/unit/check_constraints tests/unit/check_error \
	tests/unit/check_frame tests/unit/check_keys tests/unit/check_profile \
	tests/unit/check_preamble tests/unit/check_greeting \
	tests/unit/check_bare tests/unit/check_serve tests/unit/check_server \
	tests/unit/check_server_identity tests/unit/check_guests \
	tests/unit/check_server_fd tests/unit/check_arguments \
	tests/unit/check_resume tests/unit/check_resume_policy \
	tests/unit/check_fork tests/unit/check_data tests/unit/check_export \
	tests/unit/check_files tests/unit/check_trust \
	tests/unit/check_trust_source tests/unit/check_trust_threads \
	tests/unit/check_crl tests/unit/check_revoked tests/unit/check_path \
	tests/unit/check_verify \
	tests/unit/check_verify_name tests/unit/check_verify_use \
	tests/unit/check_verify_revocation tests/unit/check_verify_pin \
	tests/unit/check_verify_malformed tests/unit/check_verify_bytes \
	tests/unit/check_peer \
	tests/unit/check_tlsa tests/unit/check_tlsa_options \
	tests/unit/check_tlsa_names tests/unit/check_session \
	tests/unit/check_session_handshake tests/unit/check_session_check \
	tests/unit/check_session_binding tests/unit/check_session_report \
	tests/unit/check_session_identity tests/unit/check_session_misuse \
	tests/unit/check_session_descriptor tests/unit/check_dial \
	tests/unit/check_dialling tests/unit/check_resolve \
	tests/unit/check_wait tests/unit/check_waiting tests/unit/check_xml \
	tests/unit/check_interrupted tests/unit/check_hearing_out \
	tests/unit/check_fd \
	tests/unit/check_fd_deadline tests/unit/check_fd_memory \
	tests/unit/check_alloc tests/unit/check_alloc_policy \
	tests/unit/check_threads
RULE_TESTS = tests/rules/style.test tests/rules/symbols.test \
	tests/rules/circles.test tests/rules/porting.test tests/rules/fuzz.test \
	tests/rules/reasons.test tests/rules/adding.test \
	tests/rules/configure.test tests/rules/roles.test \
	tests/rules/html.test tests/rules/packages.test \
	tests/rules/release.test
COMMAND_TESTS = tests/command/cli.test tests/command/mistakes.test \
	tests/command/names.test tests/command/retry.test \
	tests/command/tunnel.test \
	tests/command/format.test \
	tests/command/identity.test tests/command/serve.test \
	tests/command/services.test tests/command/plugin.test \
	tests/command/completion.test \
	tests/command/crowd.test tests/command/proxy.test \
	tests/command/bare.test tests/command/again.test \
	tests/command/escapes.test tests/command/replies.test \
	tests/command/connect.test tests/command/verdicts.test \
	tests/command/login.test tests/command/login-echo.test \
	tests/command/login-hostile.test tests/command/login-scram.test \
	tests/command/login-irc.test tests/command/login-ldap.test \
	tests/command/login-sieve.test tests/command/login-xmpp.test \
	tests/command/login-source.test tests/command/targets.test \
	tests/command/probe.test tests/command/monitoring.test \
	tests/command/resume.test tests/command/another.test
SERVER_TESTS = tests/hostile/run.test tests/hostile/clients.test \
	tests/real/dovecot.test tests/real/postfix.test \
	tests/real/vsftpd.test tests/real/prosody.test tests/real/ejabberd.test \
	tests/real/nbd.test tests/real/rdp.test tests/real/telnet.test \
	tests/real/nnrpd.test tests/real/login.test \
	tests/real/library.test tests/real/readme.test \
	tests/real/clients.test tests/real/examples.test \
	tests/real/pipelined.test tests/real/ftp-data.test \
	tests/real/compare.test tests/real/cookbook.test \
	tests/real/ldap.test tests/real/mysql.test tests/real/postgres.test \
	tests/real/tunnel.test tests/real/others.test \
	tests/real/systemd.test
EXPORTER_TESTS = tests/command/exporter.test \
	tests/command/exporter-crowd.test tests/command/exporter-pages.test \
	tests/command/exporter-reload.test tests/command/schemes.test \
	tests/real/prometheus.test tests/real/shards.test \
	tests/real/alerts.test
# What the scripts need besides.
TEST_FILES = tests/command/commanding.py \
	tests/command/exporting.py tests/command/logins.py \
	tests/command/serving.py tests/command/upgrading.py \
	tests/hostile/README.md tests/hostile/certificates.py \
	tests/hostile/certs.py tests/hostile/channels.py \
	tests/hostile/cleartext.py tests/hostile/client_clear.py \
	tests/hostile/client_hello.py tests/hostile/client_inside.py \
	tests/hostile/client_load.py tests/hostile/client_net.py \
	tests/hostile/client_octets.py \
	tests/hostile/client_tls.py tests/hostile/client_words.py \
	tests/hostile/clients.py tests/hostile/dedicated.py \
	tests/hostile/engine.py tests/hostile/garbage.py \
	tests/hostile/hello.py tests/hostile/launch.py \
	tests/hostile/legal.py tests/hostile/lines.py tests/hostile/octets.py \
	tests/hostile/runner.py tests/hostile/tls.py \
	tests/real/chat.sh tests/real/compare.py tests/real/databases.sh \
	tests/real/elsewhere.py tests/real/inside.py tests/real/irssi.py \
	tests/real/lib.sh \
	tests/real/nntpclient.pl tests/real/odd_ftp.py \
	tests/real/pipeline.py tests/real/pyclient.py \
	tests/real/resumes.py tests/real/services.sh tests/real/sink.py \
	tests/real/socks.py tests/real/talk.py tests/real/tap.sh \
	tests/real/units.py \
	tests/kqueue/kqueue.c tests/kqueue/sys/event.h \
	fuzz/dict tests/packages/build tests/packages/cycle \
	tests/packages/rpm \
	tests/real/with-servers tests/transcripts tests/tsan.supp \
	tests/valgrind.supp
if ENABLE_CLI
UNIT_TESTS += tests/unit/check_loop
endif
FUZZERS = fuzz/fuzz_preamble fuzz/fuzz_serve fuzz/fuzz_trust
if ENABLE_CLI
if HAVE_GSASL
FUZZERS += fuzz/fuzz_login
endif
endif

# What takes longest begins first.
TESTS =
check_PROGRAMS =
if ENABLE_TESTS
if ENABLE_CLI
TESTS += $(SERVER_TESTS)
if ENABLE_EXPORTER
TESTS += $(EXPORTER_TESTS)
endif
TESTS += $(COMMAND_TESTS)
endif
TESTS += $(UNIT_TESTS) $(RULE_TESTS)
check_PROGRAMS += $(UNIT_TESTS) tests/real/check_real tests/real/check_ftp \
	tests/rules/unload $(FUZZERS)
endif

if LACKS_CHECK
check-local:
	@echo 'make check: $(tests_why); then configure again' >&2; exit 1
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
	CK_TIMEOUT_MULTIPLIER=5; export CK_TIMEOUT_MULTIPLIER; \
	LANG=C; export LANG; LC_ALL=C; export LC_ALL;

# What the units stand on, compiled once.  A program has of it what it needs.
if ENABLE_TESTS
check_LIBRARIES = tests/libsupport.a
endif
tests_libsupport_a_SOURCES = tests/support/cast.c tests/support/cast.h \
	tests/support/duo.c tests/support/duo.h \
	tests/support/harness.c tests/support/harness.h \
	tests/support/hostname.c tests/support/hostname.h \
	tests/support/looks.c tests/support/looks.h \
	tests/support/mint.c tests/support/mint.h tests/support/mint_private.h \
	tests/support/mint_status.c tests/support/mint_text.c \
	tests/support/remote.c tests/support/remote.h \
	tests/support/sockets.c tests/support/sockets.h \
	tests/support/tlspair.c tests/support/tlspair.h \
	tests/support/traits.c tests/support/traits.h \
	tests/support/transcript.c tests/support/transcript.h \
	tests/support/truststore.c tests/support/truststore.h \
	tests/support/usual.c tests/support/usual.h \
	tests/support/verdict.c tests/support/verdict.h
TEST_LIBS = libinternal.la $(CHECK_LIBS) $(GNUTLS_LIBS)
# For all that does not say otherwise.
LDADD = tests/libsupport.a $(TEST_LIBS)

# Not in the archive: whoever wants malloc() would get this one.
HEAP_SOURCES = tests/support/heap.c tests/support/heap.h
SCARCE_SOURCES = tests/support/scarce.c tests/support/scarce.h $(HEAP_SOURCES)
tests_unit_check_alloc_SOURCES = tests/unit/check_alloc.c $(SCARCE_SOURCES)
tests_unit_check_alloc_policy_SOURCES = tests/unit/check_alloc_policy.c \
	$(SCARCE_SOURCES)
tests_unit_check_fd_memory_SOURCES = tests/unit/check_fd_memory.c \
	$(HEAP_SOURCES)
tests_unit_check_server_fd_SOURCES = tests/unit/check_server_fd.c \
	$(HEAP_SOURCES)
tests_unit_check_loop_CPPFLAGS = $(ROOMS_CPPFLAGS) \
	-I$(top_srcdir)/tests/support
tests_unit_check_loop_LDADD = tests/libsupport.a libloop.a $(TEST_LIBS)
# Nor is this, which replaces getaddrinfo() and connect().
RESOLVER_SOURCES = tests/support/resolver.c tests/support/resolver.h
tests_unit_check_dial_SOURCES = tests/unit/check_dial.c $(RESOLVER_SOURCES)
tests_unit_check_dialling_SOURCES = tests/unit/check_dialling.c \
	$(RESOLVER_SOURCES) $(HEAP_SOURCES)
tests_unit_check_resolve_SOURCES = tests/unit/check_resolve.c \
	$(RESOLVER_SOURCES) $(HEAP_SOURCES)
# Nor this, which replaces poll() and clock_gettime().
STANDSTILL_SOURCES = tests/support/standstill.c tests/support/standstill.h
tests_unit_check_waiting_SOURCES = tests/unit/check_waiting.c \
	$(STANDSTILL_SOURCES)
tests_unit_check_interrupted_SOURCES = tests/unit/check_interrupted.c \
	$(STANDSTILL_SOURCES)
tests_unit_check_hearing_out_SOURCES = tests/unit/check_hearing_out.c \
	$(STANDSTILL_SOURCES)
# These have names that others have as well.
DANE_SOURCES = tests/support/dane.c tests/support/dane.h
tests_unit_check_tlsa_SOURCES = tests/unit/check_tlsa.c $(DANE_SOURCES)
tests_unit_check_tlsa_options_SOURCES = tests/unit/check_tlsa_options.c \
	$(DANE_SOURCES)
tests_unit_check_tlsa_names_SOURCES = tests/unit/check_tlsa_names.c \
	$(DANE_SOURCES)
HOST_SOURCES = tests/support/host.c tests/support/host.h
tests_unit_check_server_SOURCES = tests/unit/check_server.c $(HOST_SOURCES)
tests_unit_check_server_identity_SOURCES = \
	tests/unit/check_server_identity.c $(HOST_SOURCES)
# With what is installed, and nothing else.
tests_real_check_real_LDADD = libstarttls.la $(CHECK_LIBS)
tests_real_check_ftp_LDADD = libstarttls.la $(CHECK_LIBS)
# Has a resolver of its own, which the library has to find.
tests_rules_unload_LDFLAGS = $(AM_LDFLAGS) -export-dynamic
tests_rules_unload_LDADD =
# Linked with a plain main they replay what they are given.
fuzz_fuzz_preamble_SOURCES = fuzz/fuzz_preamble.c fuzz/replay.c
fuzz_fuzz_preamble_LDADD = $(TEST_LIBS)
fuzz_fuzz_serve_SOURCES = fuzz/fuzz_serve.c fuzz/replay.c
fuzz_fuzz_serve_LDADD = $(TEST_LIBS)
fuzz_fuzz_trust_SOURCES = fuzz/fuzz_trust.c fuzz/replay.c
fuzz_fuzz_trust_LDADD = $(TEST_LIBS)
# The logins of the command, over a session that is the target's own.
fuzz_fuzz_login_SOURCES = fuzz/fuzz_login.c fuzz/replay.c loop/clock.c \
	login/veil.c words/show.c $(LOGIN_SOURCES)
fuzz_fuzz_login_CPPFLAGS = $(ROOMS_CPPFLAGS) \
	-Dstarttls_session_read=peer_read \
	-Dstarttls_session_write=peer_write \
	-Dstarttls_session_shutdown=peer_shutdown \
	-Dstarttls_session_error=peer_error \
	-Dstarttls_session_report=peer_report \
	-Dstarttls_session_channel_binding=peer_binding \
	-Dgnutls_rnd=peer_random
fuzz_fuzz_login_CFLAGS = $(AM_CFLAGS) $(GSASL_CFLAGS)
fuzz_fuzz_login_LDADD = $(TEST_LIBS) $(GSASL_LIBS)

# For tools/run-tests, which runs these under other conditions as well.
print-unit-tests:
	@echo $(UNIT_TESTS)
.PHONY: print-unit-tests

# No folders that a build writes to: what it leaves there would be taken, too.
EXTRA_DIST += $(RULE_TESTS) $(COMMAND_TESTS) $(SERVER_TESTS) \
	$(EXPORTER_TESTS) $(TEST_FILES) tools bench/run bench/data \
	bench/many bench/idle bench/growth bench/probes
