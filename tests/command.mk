# SPDX-License-Identifier: Apache-2.0
# The command as its users know it.
dist_check_SCRIPTS += %D%/test_cli.sh %D%/test_replay.sh %D%/test_bisect.sh \
	%D%/test_verify.sh
TESTS += %D%/test_cli.sh %D%/test_replay.sh %D%/test_bisect.sh \
	%D%/test_verify.sh
EXTRA_DIST += %D%/command.sh %D%/unsteady.c
check_PROGRAMS += %D%/check_json
%C%_check_json_SOURCES = %D%/check_json.c
%C%_check_json_CFLAGS = $(AM_CFLAGS) $(JSON_CFLAGS)
%C%_check_json_LDADD = $(JSON_LIBS) $(GLIB_LIBS)
dist_check_SCRIPTS += %D%/test_linear.sh
TESTS += %D%/test_linear.sh
EXTRA_DIST += %D%/linear_lock.c
check_DATA += %D%/linear_lock.so
CLEANFILES += %D%/linear_lock.so
%D%/linear_lock.so: %D%/linear_lock.c sim/linear_model.h
	$(AM_V_CCLD)$(CC) -I$(top_srcdir) $(CFLAGS) $(SANITIZE_CFLAGS) \
	  -shared -fPIC -o $@ $(top_srcdir)/tests/linear_lock.c

check_DATA += %D%/unsteady.so
CLEANFILES += %D%/unsteady.so
%D%/unsteady.so: %D%/unsteady.c libseedbed-node.a
	$(AM_V_CCLD)$(CC) $(AM_CPPFLAGS) $(CPPFLAGS) $(AM_CFLAGS) $(CFLAGS) \
	  -UNDEBUG -shared -o $@ $(top_srcdir)/tests/unsteady.c \
	  libseedbed-node.a $(GLIB_LIBS)

# One digest a scenario, whatever carries it, and the one that is committed:
# another machine, compiler or switch may disagree here.
EXTRA_DIST += %D%/check_determinism.sh %D%/golden/digests.txt
check-determinism: seedbed seedbed-node
	srcdir=$(srcdir) $(SHELL) $(srcdir)/tests/check_determinism.sh
update-digests: seedbed seedbed-node
	srcdir=$(srcdir) $(SHELL) $(srcdir)/tests/check_determinism.sh --update
.PHONY: check-determinism update-digests

check_PROGRAMS += %D%/test_cause
TESTS += %D%/test_cause
%C%_test_cause_SOURCES = %D%/test_cause.c $(MAKER_SOURCES)
%C%_test_cause_CFLAGS = $(TEST_CFLAGS)
%C%_test_cause_LDADD = $(LIBS_SIM) $(CHECK_LIBS)

dist_check_SCRIPTS += %D%/test_disk_faults.sh
TESTS += %D%/test_disk_faults.sh

check_PROGRAMS += %D%/test_ddmin
TESTS += %D%/test_ddmin
%C%_test_ddmin_SOURCES = %D%/test_ddmin.c
%C%_test_ddmin_CFLAGS = $(TEST_CFLAGS)
%C%_test_ddmin_LDADD = $(LIBS_SIM) $(CHECK_LIBS)

dist_check_SCRIPTS += %D%/test_shrink.sh %D%/test_why.sh
TESTS += %D%/test_shrink.sh %D%/test_why.sh

check_PROGRAMS += %D%/test_shrink_edit
TESTS += %D%/test_shrink_edit
%C%_test_shrink_edit_SOURCES = %D%/test_shrink_edit.c
%C%_test_shrink_edit_CFLAGS = $(TEST_CFLAGS)
%C%_test_shrink_edit_LDADD = $(LIBS_SIM) $(CHECK_LIBS)
