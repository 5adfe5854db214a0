# SPDX-License-Identifier: Apache-2.0
# The simulator's engine. One file a line, in the order of the alphabet.

noinst_LIBRARIES += libsim.a
libsim_a_SOURCES =
libsim_a_SOURCES += %D%/backtrace.c %D%/backtrace.h
libsim_a_SOURCES += %D%/bisect.c %D%/bisect.h
libsim_a_SOURCES += %D%/build_id.c %D%/build_id.h
libsim_a_SOURCES += %D%/bugs_measure.c %D%/bugs_measure.h
libsim_a_SOURCES += %D%/bugs_report.c %D%/bugs_report.h
libsim_a_SOURCES += %D%/canonical.c %D%/canonical.h
libsim_a_SOURCES += %D%/capture.c %D%/capture.h
libsim_a_SOURCES += %D%/capture_frame.c %D%/capture_frame.h
libsim_a_SOURCES += %D%/capture_pcapng.c %D%/capture_pcapng.h
libsim_a_SOURCES += %D%/carrier.c %D%/carrier.h
libsim_a_SOURCES += %D%/catalogue.c %D%/catalogue.h
libsim_a_SOURCES += %D%/catch_up.c %D%/catch_up.h
libsim_a_SOURCES += %D%/cause.c %D%/cause.h
libsim_a_SOURCES += %D%/cell.c %D%/cell.h
libsim_a_SOURCES += %D%/cell_effects.c
libsim_a_SOURCES += %D%/cell_life.c
libsim_a_SOURCES += %D%/cell_output.c
libsim_a_SOURCES += %D%/cell_private.h
libsim_a_SOURCES += %D%/checks.c %D%/checks.h
libsim_a_SOURCES += %D%/checks.def
libsim_a_SOURCES += %D%/checks_apply.c %D%/checks_apply.h
libsim_a_SOURCES += %D%/checks_commit.c %D%/checks_commit.h
libsim_a_SOURCES += %D%/checks_durable.c %D%/checks_durable.h
libsim_a_SOURCES += %D%/checks_liveness.c %D%/checks_liveness.h
libsim_a_SOURCES += %D%/checks_log.c %D%/checks_log.h
libsim_a_SOURCES += %D%/checks_progress.c %D%/checks_progress.h
libsim_a_SOURCES += %D%/checks_recovery.c %D%/checks_recovery.h
libsim_a_SOURCES += %D%/checks_roles.c %D%/checks_roles.h
libsim_a_SOURCES += %D%/checks_votes.c %D%/checks_votes.h
libsim_a_SOURCES += %D%/client.c %D%/client.h
libsim_a_SOURCES += %D%/clock.c %D%/clock.h
libsim_a_SOURCES += %D%/cluster_inline.c
libsim_a_SOURCES += %D%/cluster_process.c
libsim_a_SOURCES += %D%/coverage.c %D%/coverage.h
libsim_a_SOURCES += %D%/crash_box.c %D%/crash_box.h
libsim_a_SOURCES += %D%/ddmin.c %D%/ddmin.h
libsim_a_SOURCES += %D%/digest.c %D%/digest.h
libsim_a_SOURCES += %D%/disk.c %D%/disk.h
libsim_a_SOURCES += %D%/disk_directory.c
libsim_a_SOURCES += %D%/disk_fault.c %D%/disk_private.h
libsim_a_SOURCES += %D%/disk_file.c %D%/disk_file.h
libsim_a_SOURCES += %D%/disk_shadow.c %D%/disk_shadow.h
libsim_a_SOURCES += %D%/engine.c %D%/engine.h
libsim_a_SOURCES += %D%/event.h
libsim_a_SOURCES += %D%/faults.def
libsim_a_SOURCES += %D%/frames.c %D%/frames.h
libsim_a_SOURCES += %D%/futures.c %D%/futures.h
libsim_a_SOURCES += %D%/histogram.c %D%/histogram.h
libsim_a_SOURCES += %D%/history.c %D%/history.h
libsim_a_SOURCES += %D%/history_reader.c
libsim_a_SOURCES += %D%/html.c %D%/html.h
libsim_a_SOURCES += %D%/index_ring.h
libsim_a_SOURCES += %D%/linear.c %D%/linear.h
libsim_a_SOURCES += %D%/linear_draw.c %D%/linear_draw.h
libsim_a_SOURCES += %D%/linear_explain.c
libsim_a_SOURCES += %D%/linear_model.h
libsim_a_SOURCES += %D%/linear_models.c %D%/linear_models.h
libsim_a_SOURCES += %D%/linear_models_kv.c
libsim_a_SOURCES += %D%/linear_models_more.c
libsim_a_SOURCES += %D%/linear_models_private.h
libsim_a_SOURCES += %D%/linear_private.h
libsim_a_SOURCES += %D%/linear_search.c %D%/linear_search.h
libsim_a_SOURCES += %D%/linear_search_memory.c
libsim_a_SOURCES += %D%/linear_search_private.h
libsim_a_SOURCES += %D%/linear_search_setup.c
libsim_a_SOURCES += %D%/linear_store.c %D%/linear_store.h
libsim_a_SOURCES += %D%/linear_text.c %D%/linear_text.h
libsim_a_SOURCES += %D%/metrics.c %D%/metrics.h
libsim_a_SOURCES += %D%/perfetto.c %D%/perfetto.h
libsim_a_SOURCES += %D%/nemesis.c %D%/nemesis.h
libsim_a_SOURCES += %D%/plan.c %D%/plan.h
libsim_a_SOURCES += %D%/plan.h
libsim_a_SOURCES += %D%/plan_draw.c
libsim_a_SOURCES += %D%/plan_read.c %D%/plan_read.h
libsim_a_SOURCES += %D%/plan_words.c %D%/plan_words.h
libsim_a_SOURCES += %D%/plot.c %D%/plot.h
libsim_a_SOURCES += %D%/pool.c %D%/pool.h
libsim_a_SOURCES += %D%/process.c %D%/process.h
libsim_a_SOURCES += %D%/queue.c %D%/queue.h
libsim_a_SOURCES += %D%/queue_heap.h
libsim_a_SOURCES += %D%/queue_key.c %D%/queue_key.h
libsim_a_SOURCES += %D%/queue_sort.c
libsim_a_SOURCES += %D%/raft_view.c %D%/raft_view.h
libsim_a_SOURCES += %D%/reached.c %D%/reached.h
libsim_a_SOURCES += %D%/record.h
libsim_a_SOURCES += %D%/record_difference.c %D%/record_difference.h
libsim_a_SOURCES += %D%/report.c %D%/report.h
libsim_a_SOURCES += %D%/report_data.c %D%/report_data.h
libsim_a_SOURCES += %D%/report_diagram.c %D%/report_diagram.h
libsim_a_SOURCES += %D%/report_event.c %D%/report_event.h
libsim_a_SOURCES += %D%/report_tables.c %D%/report_tables.h
libsim_a_SOURCES += %D%/report_timeline.c %D%/report_timeline.h
libsim_a_SOURCES += %D%/resolve.c %D%/resolve.h
libsim_a_SOURCES += %D%/results.c %D%/results.h
libsim_a_SOURCES += %D%/results_coverage.c
libsim_a_SOURCES += %D%/results_owner.c %D%/results_owner.h
libsim_a_SOURCES += %D%/results_private.h
libsim_a_SOURCES += %D%/results_query.c
libsim_a_SOURCES += %D%/run.c %D%/run.h
libsim_a_SOURCES += %D%/run_files.c %D%/run_files.h
libsim_a_SOURCES += %D%/run_folder.c %D%/run_folder.h
libsim_a_SOURCES += %D%/run_history.c %D%/run_history.h
libsim_a_SOURCES += %D%/run_json.c
libsim_a_SOURCES += %D%/run_observer.c %D%/run_observer.h
libsim_a_SOURCES += %D%/run_watch.c %D%/run_watch.h
libsim_a_SOURCES += %D%/scenario.c %D%/scenario.h
libsim_a_SOURCES += %D%/scenario.def
libsim_a_SOURCES += %D%/scenario.h
libsim_a_SOURCES += %D%/scenario_chaos.c %D%/scenario_chaos.h
libsim_a_SOURCES += %D%/scenario_keys.c %D%/scenario_keys.h
libsim_a_SOURCES += %D%/scenario_manual.c
libsim_a_SOURCES += %D%/scenario_read.c %D%/scenario_read.h
libsim_a_SOURCES += %D%/scenario_read_private.h
libsim_a_SOURCES += %D%/scenario_read_words.c
libsim_a_SOURCES += %D%/scenario_set.c %D%/scenario_set.h
libsim_a_SOURCES += %D%/scenario_text.c %D%/scenario_text.h
libsim_a_SOURCES += %D%/scenario_value.c %D%/scenario_value.h
libsim_a_SOURCES += %D%/scratch.c %D%/scratch.h
libsim_a_SOURCES += %D%/selector.c %D%/selector.h
libsim_a_SOURCES += %D%/shrink.c %D%/shrink.h
libsim_a_SOURCES += %D%/shrink_edit.c %D%/shrink_edit.h
libsim_a_SOURCES += %D%/shrink_knob.c
libsim_a_SOURCES += %D%/signature.c %D%/signature.h
libsim_a_SOURCES += %D%/situation.c %D%/situation.h
libsim_a_SOURCES += %D%/statistics.c %D%/statistics.h
libsim_a_SOURCES += %D%/story.c %D%/story.h
libsim_a_SOURCES += %D%/streams.c %D%/streams.h
libsim_a_SOURCES += %D%/sweep.c %D%/sweep.h
libsim_a_SOURCES += %D%/sweep_compare.c %D%/sweep_compare.h
libsim_a_SOURCES += %D%/sweep_export.c %D%/sweep_export.h
libsim_a_SOURCES += %D%/sweep_folder.c %D%/sweep_folder.h
libsim_a_SOURCES += %D%/sweep_job.c %D%/sweep_job.h
libsim_a_SOURCES += %D%/sweep_json.c
libsim_a_SOURCES += %D%/sweep_other.c %D%/sweep_other.h
libsim_a_SOURCES += %D%/sweep_progress.c %D%/sweep_progress.h
libsim_a_SOURCES += %D%/sweep_summary.c %D%/sweep_summary.h
libsim_a_SOURCES += %D%/sweep_vary.c %D%/sweep_vary.h
libsim_a_SOURCES += %D%/tcp.c %D%/tcp.h
libsim_a_SOURCES += %D%/tcp_private.h
libsim_a_SOURCES += %D%/tcp_send.c
libsim_a_SOURCES += %D%/trace.c %D%/trace.h
libsim_a_SOURCES += %D%/trace_binary.c %D%/trace_binary.h
libsim_a_SOURCES += %D%/trace_fact.c %D%/trace_fact.h
libsim_a_SOURCES += %D%/trace_label.c %D%/trace_label.h
libsim_a_SOURCES += %D%/trace_line.c %D%/trace_line.h
libsim_a_SOURCES += %D%/trace_perfetto.c %D%/trace_perfetto.h
libsim_a_SOURCES += %D%/trace_probe.c %D%/trace_probe.h
libsim_a_SOURCES += %D%/trace_record.c %D%/trace_record.h
libsim_a_SOURCES += %D%/trace_shiviz.c %D%/trace_shiviz.h
libsim_a_SOURCES += %D%/trace_talk.c %D%/trace_talk.h
libsim_a_SOURCES += %D%/trace_text.c %D%/trace_text.h
libsim_a_SOURCES += %D%/trace_words.c %D%/trace_words.h
libsim_a_SOURCES += %D%/trials.c %D%/trials.h
libsim_a_SOURCES += %D%/whole_dir.c %D%/whole_dir.h
libsim_a_SOURCES += %D%/whole_file.c %D%/whole_file.h
libsim_a_SOURCES += %D%/why.c %D%/why.h
libsim_a_SOURCES += %D%/why_folder.c %D%/why_private.h
libsim_a_SOURCES += %D%/workers.c %D%/workers.h
libsim_a_SOURCES += %D%/world.c %D%/world.h
libsim_a_SOURCES += %D%/world_account.c
libsim_a_SOURCES += %D%/world_apply.c
libsim_a_SOURCES += %D%/world_core.c
libsim_a_SOURCES += %D%/world_private.h
libsim_a_SOURCES += %D%/world_state.c
libsim_a_SOURCES += %D%/yaml_tree.c %D%/yaml_tree.h
libsim_a_SOURCES += %D%/yaml_tree_private.h
libsim_a_SOURCES += %D%/yaml_tree_set.c
# What a model built out of tree includes.
nobase_pkginclude_HEADERS += %D%/linear_model.h
libsim_a_CPPFLAGS = $(AM_CPPFLAGS) $(JSON_CFLAGS) $(SQLITE_CFLAGS)
bin_PROGRAMS += seedbed
seedbed_SOURCES = %D%/main.c
seedbed_SOURCES += %D%/cmd_bisect.c
seedbed_SOURCES += %D%/cmd_bugs.c
seedbed_SOURCES += %D%/cmd_check.c
seedbed_SOURCES += %D%/cmd_list.c
seedbed_SOURCES += %D%/cmd_plot.c
seedbed_SOURCES += %D%/cmd_replay.c
seedbed_SOURCES += %D%/cmd_report.c
seedbed_SOURCES += %D%/cmd_run.c
seedbed_SOURCES += %D%/cmd_sweep.c
seedbed_SOURCES += %D%/cmd_shrink.c
seedbed_SOURCES += %D%/cmd_verify.c
seedbed_SOURCES += %D%/cmd_why.c
seedbed_SOURCES += %D%/command.c %D%/command.h
seedbed_SOURCES += %D%/summary.c %D%/summary.h
seedbed_CPPFLAGS = $(AM_CPPFLAGS)
seedbed_LDFLAGS = $(AM_LDFLAGS) -rdynamic
seedbed_LDADD = $(LIBS_SIM)
dist_man_MANS += %D%/seedbed.1 %D%/seedbed-sweep.5
# Written by the table that the parser follows. It is in the tarball, newer
# than the table, so that who builds for another machine need not run seedbed.
dist_man_MANS += %D%/seedbed-scenario.5
MAINTAINERCLEANFILES = %D%/seedbed-scenario.5
%D%/seedbed-scenario.5: %D%/scenario.def %D%/scenario_keys.c \
		%D%/scenario_manual.c | seedbed$(EXEEXT)
	$(AM_V_GEN)$(MKDIR_P) %D% && \
	  ./seedbed list keys --man >$@.tmp && mv $@.tmp $@
# The style sheet and the script of a report, as texts for C.
EXTRA_DIST += %D%/report.css %D%/report.js
BUILT_SOURCES += %D%/report_assets.h
CLEANFILES += %D%/report_assets.h
%D%/report_assets.h: %D%/report.css %D%/report.js
	$(AM_V_GEN)$(MKDIR_P) %D% && { \
	  echo '/* Generated from report.css and report.js. */'; \
	  echo '#define REPORT_ASSETS_STYLE \'; \
	  sed 's/[\\"]/\\&/g; s/^/"/; s/$$/\\n" \\/' $(srcdir)/%D%/report.css; \
	  echo '""'; \
	  echo '#define REPORT_ASSETS_SCRIPT \'; \
	  sed 's/[\\"]/\\&/g; s/^/"/; s/$$/\\n" \\/' $(srcdir)/%D%/report.js; \
	  echo '""'; } >$@.tmp && mv $@.tmp $@
%D%/libsim_a-report.$(OBJEXT): %D%/report_assets.h
