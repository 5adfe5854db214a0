# SPDX-License-Identifier: Apache-2.0
# Unit tests: tests/test_<stem>.c, linked with no more layers than they test.

TEST_ENV = CK_DEFAULT_TIMEOUT=$(if $(SANITIZE_CFLAGS),600,120)
AM_TESTS_ENVIRONMENT = $(TEST_ENV); export CK_DEFAULT_TIMEOUT; \
	CC='$(CC)'; export CC;
TEST_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
LIBS_PROTO = libproto.a $(PROTOBUFC_LIBS) $(XXHASH_LIBS) $(DEFLATE_LIBS) $(GMODULE_LIBS) $(GLIB_LIBS)
check_DATA =
LIBS_NODES = libnodes.a $(LIBS_PROTO)
LIBS_NETMODEL = libnetmodel.a $(LIBS_NODES)
LIBS_SIM = libsim.a $(LIBS_NETMODEL) $(JSON_LIBS) $(PCAP_LIBS) $(YAML_LIBS) $(ZSTD_LIBS) $(SQLITE_LIBS) -lpthread -lm

dist_check_SCRIPTS += %D%/style/test_style.sh
TESTS += %D%/style/test_style.sh
EXTRA_DIST += %D%/style/check_style.sh %D%/style/exports.allow \
	%D%/demo.sh %D%/test_install.sh

check_PROGRAMS += %D%/test_clock
TESTS += %D%/test_clock
%C%_test_clock_SOURCES = %D%/test_clock.c
%C%_test_clock_CFLAGS = $(TEST_CFLAGS)
%C%_test_clock_LDADD = libsim.a $(LIBS_NODES) $(CHECK_LIBS)

check_PROGRAMS += %D%/test_cluster_process %D%/bad_node %D%/echo
check_DATA += %D%/echo.so
TESTS += %D%/test_cluster_process
%C%_test_cluster_process_SOURCES = %D%/test_cluster_process.c \
	%D%/bad_node.c %D%/bad_node.h
%C%_test_cluster_process_CFLAGS = $(TEST_CFLAGS)
%C%_test_cluster_process_LDADD = libsim.a $(LIBS_NODES) $(CHECK_LIBS)
%C%_bad_node_SOURCES = %D%/bad_node_main.c %D%/bad_node.c %D%/bad_node.h
%C%_bad_node_CFLAGS = $(TEST_CFLAGS)
%C%_bad_node_LDADD = libseedbed-node.a $(GLIB_LIBS)
# The example, as a stranger would build it.
%C%_echo_SOURCES = nodes/echo/echo.c nodes/echo/echo.h \
	nodes/echo/echo_process.c
%C%_echo_CFLAGS = $(AM_CFLAGS)
%C%_echo_LDADD = libseedbed-node.a $(GLIB_LIBS)
CLEANFILES += %D%/echo.so
%D%/echo.so: nodes/echo/echo.c nodes/echo/echo_module.c libseedbed-node.a
	$(AM_V_CCLD)$(CC) $(AM_CPPFLAGS) $(CPPFLAGS) $(AM_CFLAGS) $(CFLAGS) \
	  -shared -o $@ $(top_srcdir)/nodes/echo/echo.c \
	  $(top_srcdir)/nodes/echo/echo_module.c libseedbed-node.a $(GLIB_LIBS)

# The two lines of the manual, against what was installed.
installcheck-local: %D%/test_cluster_process %D%/bad_node
	rm -rf %D%/installed
	cp -r $(DESTDIR)$(exampledir) %D%/installed
	cd %D%/installed && flags=`PKG_CONFIG_PATH=$(DESTDIR)$(pkgconfigdir) \
	  $(PKG_CONFIG) --define-variable=prefix=$(DESTDIR)$(prefix) \
	  --cflags --libs seedbed` && \
	  $(CC) $(CFLAGS) $(SANITIZE_CFLAGS) -shared -fPIC -o echo.so \
	    echo.c echo_module.c $$flags && \
	  $(CC) $(CFLAGS) $(SANITIZE_CFLAGS) -o echo \
	    echo.c echo_process.c $$flags
	CK_RUN_CASE=same SEEDBED_ECHO_SO=%D%/installed/echo.so \
	  SEEDBED_ECHO=%D%/installed/echo %D%/test_cluster_process
	srcdir=$(srcdir) $(srcdir)/%D%/test_own_program.sh \
	  $(DESTDIR)$(bindir)/seedbed `pwd`/%D%/installed/echo.so \
	  `pwd`/%D%/installed/echo
	sh $(srcdir)/%D%/test_install.sh $(DESTDIR)$(bindir) \
	  $(DESTDIR)$(pkgdatadir) $(DESTDIR)$(mandir)
	rm -rf %D%/installed

check_PROGRAMS += %D%/test_buggify
TESTS += %D%/test_buggify
%C%_test_buggify_SOURCES = %D%/test_buggify.c
%C%_test_buggify_CFLAGS = $(TEST_CFLAGS)
%C%_test_buggify_LDADD = $(LIBS_NODES) $(CHECK_LIBS)

dist_check_SCRIPTS += %D%/test_chaos.sh
TESTS += %D%/test_chaos.sh
check_DATA += %D%/turns.so
EXTRA_DIST += %D%/turns.c
CLEANFILES += %D%/turns.so
%D%/turns.so: %D%/turns.c nodes/buggify.h libseedbed-node.a
	$(AM_V_CCLD)$(CC) $(AM_CPPFLAGS) $(CPPFLAGS) $(AM_CFLAGS) $(CFLAGS) \
	  -shared -o $@ $(top_srcdir)/tests/turns.c libseedbed-node.a $(GLIB_LIBS)

check_PROGRAMS += %D%/test_scenario_chaos
TESTS += %D%/test_scenario_chaos
%C%_test_scenario_chaos_SOURCES = %D%/test_scenario_chaos.c
%C%_test_scenario_chaos_CFLAGS = $(TEST_CFLAGS)
%C%_test_scenario_chaos_LDADD = $(LIBS_SIM) $(CHECK_LIBS)

check_PROGRAMS += %D%/test_rates
TESTS += %D%/test_rates
%C%_test_rates_SOURCES = %D%/test_rates.c
%C%_test_rates_CFLAGS = $(TEST_CFLAGS)
%C%_test_rates_LDADD = $(LIBS_NETMODEL) $(CHECK_LIBS) -lm

check_PROGRAMS += %D%/test_control
TESTS += %D%/test_control
%C%_test_control_SOURCES = %D%/test_control.c
%C%_test_control_CFLAGS = $(TEST_CFLAGS)
%C%_test_control_LDADD = $(LIBS_NODES) $(CHECK_LIBS)

if FUZZ
noinst_PROGRAMS += %D%/fuzz/fuzz_control
%C%_fuzz_fuzz_control_SOURCES = %D%/fuzz/fuzz_control.c nodes/bytes.c \
	nodes/effects.c nodes/host/control.c nodes/host/control_effect.c \
	nodes/host/control_handshake.c nodes/host/control_rules.c \
	nodes/host/ring.c nodes/host/transport.c
%C%_fuzz_fuzz_control_CFLAGS = $(AM_CFLAGS) -fsanitize=fuzzer,address,undefined
%C%_fuzz_fuzz_control_LDFLAGS = -fsanitize=fuzzer,address,undefined
%C%_fuzz_fuzz_control_LDADD = $(GLIB_LIBS)
endif

check_PROGRAMS += %D%/test_ring
TESTS += %D%/test_ring
%C%_test_ring_SOURCES = %D%/test_ring.c
%C%_test_ring_CFLAGS = $(TEST_CFLAGS) -pthread
%C%_test_ring_LDADD = $(LIBS_NODES) $(CHECK_LIBS) -lpthread

check_PROGRAMS += %D%/test_digest
TESTS += %D%/test_digest
%C%_test_digest_SOURCES = %D%/test_digest.c
%C%_test_digest_CFLAGS = $(TEST_CFLAGS)
%C%_test_digest_LDADD = libsim.a $(LIBS_NODES) $(CHECK_LIBS)

check_PROGRAMS += %D%/test_queue
TESTS += %D%/test_queue
%C%_test_queue_SOURCES = %D%/test_queue.c
%C%_test_queue_CFLAGS = $(TEST_CFLAGS)
%C%_test_queue_LDADD = libsim.a $(LIBS_NODES) $(CHECK_LIBS)

check_PROGRAMS += %D%/test_disk
TESTS += %D%/test_disk
%C%_test_disk_SOURCES = %D%/test_disk.c
%C%_test_disk_CFLAGS = $(TEST_CFLAGS)
%C%_test_disk_LDADD = libsim.a $(LIBS_NODES) $(CHECK_LIBS)

check_PROGRAMS += %D%/test_disk_crash
TESTS += %D%/test_disk_crash
%C%_test_disk_crash_SOURCES = %D%/test_disk_crash.c
%C%_test_disk_crash_CFLAGS = $(TEST_CFLAGS)
%C%_test_disk_crash_LDADD = libsim.a $(LIBS_NODES) $(CHECK_LIBS)

check_PROGRAMS += %D%/test_history
TESTS += %D%/test_history
%C%_test_history_SOURCES = %D%/test_history.c
%C%_test_history_CFLAGS = $(TEST_CFLAGS)
%C%_test_history_LDADD = libsim.a $(LIBS_NODES) $(CHECK_LIBS)

check_PROGRAMS += %D%/test_linear
TESTS += %D%/test_linear
%C%_test_linear_SOURCES = %D%/test_linear.c
%C%_test_linear_CFLAGS = $(TEST_CFLAGS)
%C%_test_linear_LDADD = libsim.a $(LIBS_NODES) $(CHECK_LIBS)

check_PROGRAMS += %D%/test_whole_dir
TESTS += %D%/test_whole_dir
%C%_test_whole_dir_SOURCES = %D%/test_whole_dir.c
%C%_test_whole_dir_CFLAGS = $(TEST_CFLAGS)
%C%_test_whole_dir_LDADD = libsim.a $(LIBS_NODES) $(CHECK_LIBS)

if FUZZ
noinst_PROGRAMS += %D%/fuzz/fuzz_history
%C%_fuzz_fuzz_history_SOURCES = %D%/fuzz/fuzz_history.c \
	sim/history.c sim/history_reader.c nodes/bytes.c
%C%_fuzz_fuzz_history_CFLAGS = $(AM_CFLAGS) -fsanitize=fuzzer,address,undefined
%C%_fuzz_fuzz_history_LDFLAGS = -fsanitize=fuzzer,address,undefined
%C%_fuzz_fuzz_history_LDADD = $(GLIB_LIBS)
noinst_PROGRAMS += %D%/fuzz/fuzz_linear
%C%_fuzz_fuzz_linear_SOURCES = %D%/fuzz/fuzz_linear.c \
	sim/history.c sim/history_reader.c nodes/bytes.c \
	sim/linear.c sim/linear_draw.c sim/linear_explain.c \
	sim/linear_models.c sim/linear_models_kv.c sim/linear_models_more.c \
	sim/linear_search.c sim/linear_search_memory.c \
	sim/linear_search_setup.c sim/linear_store.c sim/linear_text.c
%C%_fuzz_fuzz_linear_CFLAGS = $(AM_CFLAGS) -fsanitize=fuzzer,address,undefined
%C%_fuzz_fuzz_linear_LDFLAGS = -fsanitize=fuzzer,address,undefined
%C%_fuzz_fuzz_linear_LDADD = $(XXHASH_LIBS) $(GMODULE_LIBS) $(GLIB_LIBS)
endif

check_PROGRAMS += %D%/test_distribution
TESTS += %D%/test_distribution
%C%_test_distribution_SOURCES = %D%/test_distribution.c
%C%_test_distribution_CFLAGS = $(TEST_CFLAGS)
%C%_test_distribution_LDADD = $(LIBS_NETMODEL) $(CHECK_LIBS) -lm

check_PROGRAMS += %D%/test_loss
TESTS += %D%/test_loss
%C%_test_loss_SOURCES = %D%/test_loss.c
%C%_test_loss_CFLAGS = $(TEST_CFLAGS)
%C%_test_loss_LDADD = $(LIBS_NETMODEL) $(CHECK_LIBS)

check_PROGRAMS += %D%/test_netem
TESTS += %D%/test_netem
%C%_test_netem_SOURCES = %D%/test_netem.c
%C%_test_netem_CFLAGS = $(TEST_CFLAGS)
%C%_test_netem_LDADD = $(LIBS_NETMODEL) $(CHECK_LIBS)

check_PROGRAMS += %D%/test_regions
TESTS += %D%/test_regions
%C%_test_regions_SOURCES = %D%/test_regions.c
%C%_test_regions_CFLAGS = $(TEST_CFLAGS)
%C%_test_regions_LDADD = $(LIBS_NETMODEL) $(CHECK_LIBS)

check_PROGRAMS += %D%/test_topology
TESTS += %D%/test_topology
%C%_test_topology_SOURCES = %D%/test_topology.c
%C%_test_topology_CFLAGS = $(TEST_CFLAGS)
%C%_test_topology_LDADD = $(LIBS_NETMODEL) $(CHECK_LIBS)

check_PROGRAMS += %D%/test_link
TESTS += %D%/test_link
%C%_test_link_SOURCES = %D%/test_link.c
%C%_test_link_CFLAGS = $(TEST_CFLAGS)
%C%_test_link_LDADD = $(LIBS_NETMODEL) $(CHECK_LIBS)

check_PROGRAMS += %D%/test_partition
TESTS += %D%/test_partition
%C%_test_partition_SOURCES = %D%/test_partition.c
%C%_test_partition_CFLAGS = $(TEST_CFLAGS)
%C%_test_partition_LDADD = $(LIBS_NETMODEL) $(CHECK_LIBS)

# Instrumented, so it does not link the libraries but compiles their sources.
if FUZZ
noinst_PROGRAMS += %D%/fuzz/fuzz_netem
%C%_fuzz_fuzz_netem_SOURCES = %D%/fuzz/fuzz_netem.c $(libnetmodel_a_SOURCES)
%C%_fuzz_fuzz_netem_CFLAGS = $(AM_CFLAGS) -fsanitize=fuzzer,address,undefined
%C%_fuzz_fuzz_netem_LDFLAGS = -fsanitize=fuzzer,address,undefined
%C%_fuzz_fuzz_netem_LDADD = $(GLIB_LIBS)
endif

# Observers: what a run leaves. They are tested on records made by hand.
LIBS_OBSERVERS = libsim.a libnetmodel.a $(LIBS_NODES) $(ZSTD_LIBS) \
	$(PCAP_LIBS) $(JSON_LIBS)
MAKER_SOURCES = %D%/maker.c %D%/maker.h

check_PROGRAMS += %D%/test_trace
TESTS += %D%/test_trace
%C%_test_trace_SOURCES = %D%/test_trace.c $(MAKER_SOURCES)
%C%_test_trace_CFLAGS = $(TEST_CFLAGS)
%C%_test_trace_LDADD = $(LIBS_OBSERVERS) $(CHECK_LIBS)

check_PROGRAMS += %D%/test_frames
TESTS += %D%/test_frames
%C%_test_frames_SOURCES = %D%/test_frames.c
%C%_test_frames_CFLAGS = $(TEST_CFLAGS)
%C%_test_frames_LDADD = $(LIBS_OBSERVERS) $(CHECK_LIBS)

check_PROGRAMS += %D%/test_capture_frame
TESTS += %D%/test_capture_frame
%C%_test_capture_frame_SOURCES = %D%/test_capture_frame.c
%C%_test_capture_frame_CFLAGS = $(TEST_CFLAGS)
%C%_test_capture_frame_LDADD = $(LIBS_OBSERVERS) $(CHECK_LIBS)

check_PROGRAMS += %D%/test_trace_binary
TESTS += %D%/test_trace_binary
%C%_test_trace_binary_SOURCES = %D%/test_trace_binary.c $(MAKER_SOURCES) \
	%D%/maker_run.c %D%/maker_run.h
%C%_test_trace_binary_CFLAGS = $(TEST_CFLAGS)
%C%_test_trace_binary_LDADD = $(LIBS_OBSERVERS) $(CHECK_LIBS)

check_PROGRAMS += %D%/test_metrics
TESTS += %D%/test_metrics
%C%_test_metrics_SOURCES = %D%/test_metrics.c $(MAKER_SOURCES)
%C%_test_metrics_CFLAGS = $(TEST_CFLAGS)
%C%_test_metrics_LDADD = $(LIBS_OBSERVERS) $(CHECK_LIBS)

check_PROGRAMS += %D%/test_criteria
TESTS += %D%/test_criteria
%C%_test_criteria_SOURCES = %D%/test_criteria.c $(MAKER_SOURCES)
%C%_test_criteria_CFLAGS = $(TEST_CFLAGS)
%C%_test_criteria_LDADD = $(LIBS_SIM) $(CHECK_LIBS)

check_PROGRAMS += %D%/test_checks
TESTS += %D%/test_checks
%C%_test_checks_SOURCES = %D%/test_checks.c %D%/check_script.c \
	%D%/check_script.h $(MAKER_SOURCES)
%C%_test_checks_CFLAGS = $(TEST_CFLAGS)
%C%_test_checks_LDADD = $(LIBS_SIM) $(CHECK_LIBS)

check_PROGRAMS += %D%/test_disk_shadow
TESTS += %D%/test_disk_shadow
%C%_test_disk_shadow_SOURCES = %D%/test_disk_shadow.c \
	%D%/check_script.c %D%/check_script.h $(MAKER_SOURCES)
%C%_test_disk_shadow_CFLAGS = $(TEST_CFLAGS)
%C%_test_disk_shadow_LDADD = $(LIBS_SIM) $(CHECK_LIBS)

# A run made by hand, written by every observer into one folder.
check_PROGRAMS += %D%/make_run
%C%_make_run_SOURCES = %D%/make_run.c %D%/maker_run.c %D%/maker_run.h $(MAKER_SOURCES)
%C%_make_run_LDADD = $(LIBS_OBSERVERS)
# Scenarios and plans.
LIBS_SCENARIO = libsim.a $(LIBS_NETMODEL) $(YAML_LIBS)

dist_check_SCRIPTS += %D%/test_capture.sh
TESTS += %D%/test_capture.sh

dist_check_SCRIPTS += %D%/test_viewers.sh
TESTS += %D%/test_viewers.sh
EXTRA_DIST += %D%/perfetto.proto %D%/check_perfetto.awk %D%/check_shiviz.awk

dist_check_SCRIPTS += %D%/test_report.sh
TESTS += %D%/test_report.sh
check_PROGRAMS += %D%/test_report_event
TESTS += %D%/test_report_event
%C%_test_report_event_SOURCES = %D%/test_report_event.c
%C%_test_report_event_CFLAGS = $(TEST_CFLAGS)
%C%_test_report_event_LDADD = libsim.a $(LIBS_NODES) $(CHECK_LIBS)
if FUZZ
noinst_PROGRAMS += %D%/fuzz/fuzz_report
%C%_fuzz_fuzz_report_SOURCES = %D%/fuzz/fuzz_report.c sim/html.c \
	sim/report_data.c sim/report_diagram.c sim/report_event.c \
	sim/report_words.c
%C%_fuzz_fuzz_report_CFLAGS = $(AM_CFLAGS) -fsanitize=fuzzer,address,undefined
%C%_fuzz_fuzz_report_LDFLAGS = -fsanitize=fuzzer,address,undefined
%C%_fuzz_fuzz_report_LDADD = $(JSON_LIBS) $(GLIB_LIBS)
endif

dist_check_SCRIPTS += %D%/test_own_program.sh
TESTS += %D%/test_own_program.sh

dist_check_SCRIPTS += %D%/test_plot.sh
TESTS += %D%/test_plot.sh

# Whole runs beside the lines they must give; `make golden-traces` rewrites them.
dist_check_SCRIPTS += %D%/test_golden_trace.sh
TESTS += %D%/test_golden_trace.sh
EXTRA_DIST += %D%/golden/trace-echo-ring.txt %D%/golden/trace-raft-election.txt

golden-traces: seedbed
	srcdir='$(srcdir)' GOLDEN_UPDATE=1 $(srcdir)/%D%/test_golden_trace.sh

# Seeds that found a bug once.
dist_check_SCRIPTS += %D%/test_seeds.sh
TESTS += %D%/test_seeds.sh
# Minutes: not part of `make check`.
dist_check_SCRIPTS += %D%/test_valgrind.sh
.PHONY: check-valgrind
check-valgrind: seedbed seedbed-node
	srcdir='$(srcdir)' $(srcdir)/%D%/test_valgrind.sh || test $$? -eq 77

dist_check_SCRIPTS += %D%/test_bugs.sh
TESTS += %D%/test_bugs.sh
dist_check_SCRIPTS += %D%/test_canary.sh
TESTS += %D%/test_canary.sh
EXTRA_DIST += %D%/bugs/README.md %D%/bugs/bugs.csv %D%/bugs/bugs.svg
EXTRA_DIST += %D%/seeds/seeds.list %D%/seeds/chaos-1.yaml \
	%D%/seeds/chaos-2.yaml %D%/seeds/long.yaml

if FUZZ
noinst_PROGRAMS += %D%/fuzz/fuzz_trace
%C%_fuzz_fuzz_trace_SOURCES = %D%/fuzz/fuzz_trace.c sim/frames.c \
	sim/trace_binary.c sim/trace_fact.c sim/trace_line.c \
	sim/trace_probe.c sim/trace_record.c sim/trace_talk.c \
	sim/trace_text.c sim/trace_words.c nodes/bytes.c nodes/effects.c netmodel/fate.c
%C%_fuzz_fuzz_trace_CFLAGS = $(AM_CFLAGS) -fsanitize=fuzzer,address,undefined
%C%_fuzz_fuzz_trace_LDFLAGS = -fsanitize=fuzzer,address,undefined
%C%_fuzz_fuzz_trace_LDADD = $(LIBS_PROTO) $(ZSTD_LIBS)
endif

check_PROGRAMS += %D%/test_scenario
TESTS += %D%/test_scenario
%C%_test_scenario_SOURCES = %D%/test_scenario.c %D%/scenario_mistakes.h
%C%_test_scenario_CFLAGS = $(TEST_CFLAGS) -DSRCDIR='"$(abs_top_srcdir)"'
%C%_test_scenario_LDADD = $(LIBS_SCENARIO) $(CHECK_LIBS)
scenariodir = $(pkgdatadir)/scenarios
dist_scenario_DATA = \
	%D%/scenarios/canary.yaml %D%/scenarios/echo-ring.yaml \
	%D%/scenarios/raft-chaos.yaml \
	%D%/scenarios/raft-swarm.yaml \
	%D%/scenarios/raft-clocks.yaml \
	%D%/scenarios/raft-deaf-leader.yaml \
	%D%/scenarios/raft-disk.yaml \
	%D%/scenarios/raft-growth.yaml \
	%D%/scenarios/raft-liveness.yaml \
	%D%/scenarios/raft-lossy.yaml \
	%D%/scenarios/raft-minority.yaml \
	%D%/scenarios/raft-partition.yaml \
	%D%/scenarios/raft-pictures.yaml \
	%D%/scenarios/raft-regions.yaml \
	%D%/scenarios/raft-rejoin.yaml \
	%D%/scenarios/raft-rot.yaml \
	%D%/scenarios/raft-steady.yaml \
	%D%/scenarios/raft-streams.yaml

check_PROGRAMS += %D%/test_plan
TESTS += %D%/test_plan
%C%_test_plan_SOURCES = %D%/test_plan.c
%C%_test_plan_CFLAGS = $(TEST_CFLAGS)
%C%_test_plan_LDADD = $(LIBS_SCENARIO) $(CHECK_LIBS)

check_PROGRAMS += %D%/test_plan_draw
TESTS += %D%/test_plan_draw
%C%_test_plan_draw_SOURCES = %D%/test_plan_draw.c
%C%_test_plan_draw_CFLAGS = $(TEST_CFLAGS)
%C%_test_plan_draw_LDADD = $(LIBS_SCENARIO) $(CHECK_LIBS)

check_PROGRAMS += %D%/test_yaml_tree
TESTS += %D%/test_yaml_tree
%C%_test_yaml_tree_SOURCES = %D%/test_yaml_tree.c
%C%_test_yaml_tree_CFLAGS = $(TEST_CFLAGS)
%C%_test_yaml_tree_LDADD = $(LIBS_SCENARIO) $(CHECK_LIBS)

# Instrumented: they compile what they fuzz.
if FUZZ
SCENARIO_FUZZED = sim/yaml_tree.c sim/yaml_tree_set.c \
	sim/scenario.c sim/scenario_keys.c \
	sim/scenario_read.c sim/scenario_read_words.c sim/scenario_text.c \
	sim/scenario_value.c sim/selector.c \
	sim/plan.c sim/plan_read.c \
	sim/plan_draw.c nodes/quantity.c \
	$(libnetmodel_a_SOURCES)
noinst_PROGRAMS += %D%/fuzz/fuzz_scenario %D%/fuzz/fuzz_plan
%C%_fuzz_fuzz_scenario_SOURCES = %D%/fuzz/fuzz_scenario.c $(SCENARIO_FUZZED)
%C%_fuzz_fuzz_scenario_CFLAGS = $(AM_CFLAGS) -fsanitize=fuzzer,address,undefined
%C%_fuzz_fuzz_scenario_LDFLAGS = -fsanitize=fuzzer,address,undefined
%C%_fuzz_fuzz_scenario_LDADD = $(YAML_LIBS) $(XXHASH_LIBS) $(GLIB_LIBS)
%C%_fuzz_fuzz_plan_SOURCES = %D%/fuzz/fuzz_plan.c $(SCENARIO_FUZZED)
%C%_fuzz_fuzz_plan_CFLAGS = $(AM_CFLAGS) -fsanitize=fuzzer,address,undefined
%C%_fuzz_fuzz_plan_LDFLAGS = -fsanitize=fuzzer,address,undefined
%C%_fuzz_fuzz_plan_LDADD = $(YAML_LIBS) $(XXHASH_LIBS) $(GLIB_LIBS)
endif

include tests/bench/local.mk
include tests/raft.mk
include tests/command.mk
include tests/sweep.mk

# The live host.
check_PROGRAMS += %D%/test_live
TESTS += %D%/test_live
%C%_test_live_SOURCES = %D%/test_live.c
%C%_test_live_CFLAGS = $(TEST_CFLAGS)
%C%_test_live_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=fdatasync
%C%_test_live_LDADD = $(LIBS_LIVE) $(CHECK_LIBS)

LIVE_CLUSTER_SOURCES = %D%/live_cluster.c %D%/live_cluster.h \
	nodes/host/kv_client.c nodes/host/kv_client.h
check_PROGRAMS += %D%/test_live_cluster
TESTS += %D%/test_live_cluster
%C%_test_live_cluster_SOURCES = %D%/test_live_cluster.c $(LIVE_CLUSTER_SOURCES)
%C%_test_live_cluster_CFLAGS = $(TEST_CFLAGS)
%C%_test_live_cluster_LDADD = $(LIBS_LIVE) $(CHECK_LIBS)

check_PROGRAMS += %D%/test_live_kill
TESTS += %D%/test_live_kill
%C%_test_live_kill_SOURCES = %D%/test_live_kill.c $(LIVE_CLUSTER_SOURCES)
%C%_test_live_kill_CFLAGS = $(TEST_CFLAGS)
%C%_test_live_kill_LDADD = $(LIBS_LIVE) $(CHECK_LIBS)

check_PROGRAMS += %D%/test_live_config
TESTS += %D%/test_live_config
%C%_test_live_config_SOURCES = %D%/test_live_config.c
%C%_test_live_config_CFLAGS = $(TEST_CFLAGS)
%C%_test_live_config_LDADD = $(LIBS_LIVE) $(CHECK_LIBS)

check_PROGRAMS += %D%/test_live_disk
TESTS += %D%/test_live_disk
%C%_test_live_disk_SOURCES = %D%/test_live_disk.c
%C%_test_live_disk_CFLAGS = $(TEST_CFLAGS)
%C%_test_live_disk_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=fdatasync -Wl,--wrap=fsync
%C%_test_live_disk_LDADD = $(LIBS_LIVE) $(CHECK_LIBS)

check_PROGRAMS += %D%/test_live_frame
TESTS += %D%/test_live_frame
%C%_test_live_frame_SOURCES = %D%/test_live_frame.c
%C%_test_live_frame_CFLAGS = $(TEST_CFLAGS)
%C%_test_live_frame_LDADD = $(LIBS_LIVE) $(CHECK_LIBS)

check_PROGRAMS += %D%/test_live_net
TESTS += %D%/test_live_net
%C%_test_live_net_SOURCES = %D%/test_live_net.c
%C%_test_live_net_CFLAGS = $(TEST_CFLAGS) $(UV_CFLAGS)
%C%_test_live_net_LDADD = $(LIBS_LIVE) $(CHECK_LIBS)

check_PROGRAMS += %D%/test_live_wait
TESTS += %D%/test_live_wait
%C%_test_live_wait_SOURCES = %D%/test_live_wait.c
%C%_test_live_wait_CFLAGS = $(TEST_CFLAGS)
%C%_test_live_wait_LDADD = $(LIBS_LIVE) $(CHECK_LIBS)

if FUZZ
noinst_PROGRAMS += %D%/fuzz/fuzz_live_frame
%C%_fuzz_fuzz_live_frame_SOURCES = %D%/fuzz/fuzz_live_frame.c \
	nodes/host/live_config.c nodes/host/live_frame.c
%C%_fuzz_fuzz_live_frame_CFLAGS = $(AM_CFLAGS) -fsanitize=fuzzer,address,undefined
%C%_fuzz_fuzz_live_frame_LDFLAGS = -fsanitize=fuzzer,address,undefined
%C%_fuzz_fuzz_live_frame_LDADD = $(GLIB_LIBS)
endif

check_DATA += %D%/bad_module.so
CLEANFILES += %D%/bad_module.so
EXTRA_DIST += %D%/bad_module.c %D%/test_crash.sh %D%/soak_all.sh
TESTS += %D%/test_crash.sh
%D%/bad_module.so: tests/bad_module.c tests/bad_node.c tests/bad_node.h \
		libseedbed-node.a
	$(AM_V_CCLD)$(CC) $(AM_CPPFLAGS) $(CPPFLAGS) $(AM_CFLAGS) $(CFLAGS) \
	  -shared -o $@ $(top_srcdir)/tests/bad_module.c \
	  $(top_srcdir)/tests/bad_node.c libseedbed-node.a $(GLIB_LIBS)

check_PROGRAMS += %D%/test_zipf
TESTS += %D%/test_zipf
%C%_test_zipf_SOURCES = %D%/test_zipf.c
%C%_test_zipf_CFLAGS = $(TEST_CFLAGS)
%C%_test_zipf_LDADD = $(LIBS_NETMODEL) $(CHECK_LIBS)

# A small world with a function of the test for a program.
RIG_SOURCES = %D%/rig.c %D%/rig.h

check_PROGRAMS += %D%/test_cell
TESTS += %D%/test_cell
%C%_test_cell_SOURCES = %D%/test_cell.c $(RIG_SOURCES)
%C%_test_cell_CFLAGS = $(TEST_CFLAGS)
%C%_test_cell_LDADD = $(LIBS_SIM) $(CHECK_LIBS)

check_PROGRAMS += %D%/test_tcp
TESTS += %D%/test_tcp
%C%_test_tcp_SOURCES = %D%/test_tcp.c $(RIG_SOURCES)
%C%_test_tcp_CFLAGS = $(TEST_CFLAGS)
%C%_test_tcp_LDADD = $(LIBS_SIM) $(CHECK_LIBS)

check_PROGRAMS += %D%/test_world
TESTS += %D%/test_world
%C%_test_world_SOURCES = %D%/test_world.c $(RIG_SOURCES)
%C%_test_world_CFLAGS = $(TEST_CFLAGS)
%C%_test_world_LDADD = $(LIBS_SIM) $(CHECK_LIBS)

check_PROGRAMS += %D%/test_engine
TESTS += %D%/test_engine
%C%_test_engine_SOURCES = %D%/test_engine.c
%C%_test_engine_CFLAGS = $(TEST_CFLAGS)
%C%_test_engine_LDADD = $(LIBS_SIM) $(CHECK_LIBS)

check_PROGRAMS += %D%/test_resolve
TESTS += %D%/test_resolve
%C%_test_resolve_SOURCES = %D%/test_resolve.c
%C%_test_resolve_CFLAGS = $(TEST_CFLAGS)
%C%_test_resolve_LDADD = $(LIBS_SIM) $(CHECK_LIBS)

check_PROGRAMS += %D%/test_canonical
TESTS += %D%/test_canonical
%C%_test_canonical_SOURCES = %D%/test_canonical.c $(MAKER_SOURCES)
%C%_test_canonical_CFLAGS = $(TEST_CFLAGS)
%C%_test_canonical_LDADD = $(LIBS_SIM) $(CHECK_LIBS)

check_PROGRAMS += %D%/test_story
TESTS += %D%/test_story
%C%_test_story_SOURCES = %D%/test_story.c $(MAKER_SOURCES)
%C%_test_story_CFLAGS = $(TEST_CFLAGS)
%C%_test_story_LDADD = $(LIBS_SIM) $(CHECK_LIBS)

check_PROGRAMS += %D%/test_client
TESTS += %D%/test_client
%C%_test_client_SOURCES = %D%/test_client.c
%C%_test_client_CFLAGS = $(TEST_CFLAGS)
%C%_test_client_LDADD = $(LIBS_SIM) $(CHECK_LIBS) -lm

check_PROGRAMS += %D%/test_pool
TESTS += %D%/test_pool
%C%_test_pool_SOURCES = %D%/test_pool.c
%C%_test_pool_CFLAGS = $(TEST_CFLAGS)
%C%_test_pool_LDADD = $(LIBS_SIM) $(CHECK_LIBS)

check_PROGRAMS += %D%/test_signature
TESTS += %D%/test_signature
%C%_test_signature_SOURCES = %D%/test_signature.c
%C%_test_signature_CFLAGS = $(TEST_CFLAGS)
%C%_test_signature_LDADD = $(LIBS_SIM) $(CHECK_LIBS)

check_PROGRAMS += %D%/test_bugs_report
TESTS += %D%/test_bugs_report
%C%_test_bugs_report_SOURCES = %D%/test_bugs_report.c
%C%_test_bugs_report_CFLAGS = $(TEST_CFLAGS)
%C%_test_bugs_report_LDADD = $(LIBS_SIM) $(CHECK_LIBS)

check_PROGRAMS += %D%/test_catch_up
TESTS += %D%/test_catch_up
%C%_test_catch_up_SOURCES = %D%/test_catch_up.c $(MAKER_SOURCES)
%C%_test_catch_up_CFLAGS = $(TEST_CFLAGS)
%C%_test_catch_up_LDADD = $(LIBS_SIM) $(CHECK_LIBS)

check_PROGRAMS += %D%/test_coverage
TESTS += %D%/test_coverage
%C%_test_coverage_SOURCES = %D%/test_coverage.c $(MAKER_SOURCES)
%C%_test_coverage_CFLAGS = $(TEST_CFLAGS)
%C%_test_coverage_LDADD = $(LIBS_SIM) $(CHECK_LIBS)

check_PROGRAMS += %D%/test_statistics
TESTS += %D%/test_statistics
%C%_test_statistics_SOURCES = %D%/test_statistics.c
%C%_test_statistics_CFLAGS = $(TEST_CFLAGS)
%C%_test_statistics_LDADD = $(LIBS_SIM) $(CHECK_LIBS)

check_PROGRAMS += %D%/test_sweep_plot
TESTS += %D%/test_sweep_plot
%C%_test_sweep_plot_SOURCES = %D%/test_sweep_plot.c
%C%_test_sweep_plot_CFLAGS = $(TEST_CFLAGS)
%C%_test_sweep_plot_LDADD = $(LIBS_SIM) $(CHECK_LIBS)
