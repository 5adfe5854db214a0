# SPDX-License-Identifier: Apache-2.0
# Sweeps: the database, and the command as its users know it.
check_PROGRAMS += %D%/test_results
TESTS += %D%/test_results
%C%_test_results_SOURCES = %D%/test_results.c
%C%_test_results_CFLAGS = $(TEST_CFLAGS) $(SQLITE_CFLAGS)
%C%_test_results_LDADD = $(LIBS_SIM) $(CHECK_LIBS)

dist_check_SCRIPTS += %D%/test_sweep.sh
TESTS += %D%/test_sweep.sh
check_PROGRAMS += %D%/ask_sqlite
%C%_ask_sqlite_SOURCES = %D%/ask_sqlite.c
%C%_ask_sqlite_CFLAGS = $(AM_CFLAGS) $(SQLITE_CFLAGS)
%C%_ask_sqlite_LDADD = $(SQLITE_LIBS)
check_PROGRAMS += %D%/check_junit
%C%_check_junit_SOURCES = %D%/check_junit.c
%C%_check_junit_CFLAGS = $(AM_CFLAGS)
%C%_check_junit_LDADD = $(GLIB_LIBS)

check_PROGRAMS += %D%/test_sweep_vary
TESTS += %D%/test_sweep_vary
%C%_test_sweep_vary_SOURCES = %D%/test_sweep_vary.c
%C%_test_sweep_vary_CFLAGS = $(TEST_CFLAGS) $(SQLITE_CFLAGS)
%C%_test_sweep_vary_LDADD = $(LIBS_SIM) $(CHECK_LIBS)

check_PROGRAMS += %D%/test_scenario_set
TESTS += %D%/test_scenario_set
%C%_test_scenario_set_SOURCES = %D%/test_scenario_set.c
%C%_test_scenario_set_CFLAGS = $(TEST_CFLAGS)
%C%_test_scenario_set_LDADD = $(LIBS_SIM) $(CHECK_LIBS)

# One night of sweeps, as an example for cron, systemd and CI.
nightlydir = $(pkgdatadir)/examples
dist_nightly_SCRIPTS = %D%/nightly/nightly.sh
dist_nightly_DATA = %D%/nightly/seedbed-nightly.timer
nodist_nightly_DATA = %D%/nightly/seedbed-nightly.service
EXTRA_DIST += %D%/nightly/seedbed-nightly.service.in
CLEANFILES += %D%/nightly/seedbed-nightly.service
%D%/nightly/seedbed-nightly.service: %D%/nightly/seedbed-nightly.service.in \
		Makefile
	$(AM_V_GEN)$(MKDIR_P) %D%/nightly && sed -e 's,[@]bindir[@],$(bindir),' \
	  -e 's,[@]pkgdatadir[@],$(pkgdatadir),' \
	  $(srcdir)/%D%/nightly/seedbed-nightly.service.in >$@
dist_check_SCRIPTS += %D%/test_nightly.sh
TESTS += %D%/test_nightly.sh
