# SPDX-License-Identifier: Apache-2.0
# Benchmarks: programs that print one JSON object each, beside their peers;
# never a timed test. `make bench` builds and runs them one after another.

BENCH_CFLAGS = $(AM_CFLAGS) -DBENCH_SOURCE_TOP=\"$(abs_top_srcdir)\"
bench_common = %D%/bench.c %D%/bench.h
benches =

benches += %D%/bench_handoff
%C%_bench_handoff_SOURCES = %D%/handoff.c $(bench_common)
%C%_bench_handoff_CFLAGS = $(BENCH_CFLAGS)
%C%_bench_handoff_LDADD = libsim.a $(LIBS_NODES)

benches += %D%/bench_linear
%C%_bench_linear_SOURCES = %D%/linear.c $(bench_common)
%C%_bench_linear_CFLAGS = $(BENCH_CFLAGS)
%C%_bench_linear_LDADD = libsim.a $(LIBS_NODES)

benches += %D%/bench_phold
%C%_bench_phold_SOURCES = %D%/phold.c $(bench_common)
%C%_bench_phold_CFLAGS = $(BENCH_CFLAGS)
%C%_bench_phold_LDADD = libsim.a $(LIBS_NODES) -lm

benches += %D%/bench_raft
%C%_bench_raft_SOURCES = %D%/raft.c $(bench_common)
%C%_bench_raft_CFLAGS = $(BENCH_CFLAGS)
%C%_bench_raft_LDADD = $(LIBS_SIM)
EXTRA_DIST += %D%/raft.yaml %D%/raft-light.yaml

benches += %D%/bench_sweep
%C%_bench_sweep_SOURCES = %D%/sweep.c $(bench_common)
%C%_bench_sweep_CFLAGS = $(BENCH_CFLAGS) $(SQLITE_CFLAGS)
%C%_bench_sweep_LDADD = $(LIBS_SIM)

EXTRA_PROGRAMS += $(benches)
CLEANFILES += $(benches)

# Instruction counts: compared, never timed.
EXTRA_DIST += %D%/callgrind.sh %D%/instructions.txt
bench-instructions: %D%/bench_raft
	$(SHELL) $(srcdir)/%D%/callgrind.sh %D%/bench_raft
update-instructions: %D%/bench_raft
	$(SHELL) $(srcdir)/%D%/callgrind.sh %D%/bench_raft --update
.PHONY: bench-instructions update-instructions

.PHONY: bench
bench: $(benches)
	@for program in $(benches); do ./$$program || exit 1; done
