# SPDX-License-Identifier: Apache-2.0
# Raft and its helpers.
RAFT_NET = %D%/raft_net.c %D%/raft_net.h

check_PROGRAMS += %D%/test_raft_cluster
TESTS += %D%/test_raft_cluster
%C%_test_raft_cluster_SOURCES = %D%/test_raft_cluster.c $(RAFT_NET)
%C%_test_raft_cluster_CFLAGS = $(TEST_CFLAGS)
%C%_test_raft_cluster_LDADD = $(LIBS_NODES) $(CHECK_LIBS)

check_PROGRAMS += %D%/test_raft_wire
TESTS += %D%/test_raft_wire
%C%_test_raft_wire_SOURCES = %D%/test_raft_wire.c
%C%_test_raft_wire_CFLAGS = $(TEST_CFLAGS)
%C%_test_raft_wire_LDADD = $(LIBS_NODES) $(CHECK_LIBS)

check_PROGRAMS += %D%/test_kv
TESTS += %D%/test_kv
%C%_test_kv_SOURCES = %D%/test_kv.c
%C%_test_kv_CFLAGS = $(TEST_CFLAGS)
%C%_test_kv_LDADD = $(LIBS_NODES) $(CHECK_LIBS)

check_PROGRAMS += %D%/test_quantity
TESTS += %D%/test_quantity
%C%_test_quantity_SOURCES = %D%/test_quantity.c
%C%_test_quantity_CFLAGS = $(TEST_CFLAGS)
%C%_test_quantity_LDADD = $(LIBS_NODES) $(CHECK_LIBS)

check_PROGRAMS += %D%/test_config
TESTS += %D%/test_config
%C%_test_config_SOURCES = %D%/test_config.c
%C%_test_config_CFLAGS = $(TEST_CFLAGS)
%C%_test_config_LDADD = $(LIBS_NODES) $(CHECK_LIBS)

check_PROGRAMS += %D%/test_frame
TESTS += %D%/test_frame
%C%_test_frame_SOURCES = %D%/test_frame.c
%C%_test_frame_CFLAGS = $(TEST_CFLAGS)
%C%_test_frame_LDADD = $(LIBS_NODES) $(CHECK_LIBS)

check_PROGRAMS += %D%/test_member
TESTS += %D%/test_member
%C%_test_member_SOURCES = %D%/test_member.c
%C%_test_member_CFLAGS = $(TEST_CFLAGS)
%C%_test_member_LDADD = $(LIBS_NODES) $(CHECK_LIBS)

check_PROGRAMS += %D%/test_raft_rules
TESTS += %D%/test_raft_rules
%C%_test_raft_rules_SOURCES = %D%/test_raft_rules.c %D%/raft_rules.def
%C%_test_raft_rules_CFLAGS = $(TEST_CFLAGS)
%C%_test_raft_rules_LDADD = $(LIBS_NODES) $(CHECK_LIBS)

check_PROGRAMS += %D%/test_raft_recovery
TESTS += %D%/test_raft_recovery
%C%_test_raft_recovery_SOURCES = %D%/test_raft_recovery.c $(RAFT_NET)
%C%_test_raft_recovery_CFLAGS = $(TEST_CFLAGS)
%C%_test_raft_recovery_LDADD = $(LIBS_NODES) $(CHECK_LIBS)

check_PROGRAMS += %D%/test_raft_files
TESTS += %D%/test_raft_files
%C%_test_raft_files_SOURCES = %D%/test_raft_files.c
%C%_test_raft_files_CFLAGS = $(TEST_CFLAGS)
%C%_test_raft_files_LDADD = $(LIBS_NODES) $(CHECK_LIBS)

# Instrumented, so they compile the sources of nodes they need.
if FUZZ
RAFT_FUZZ_SOURCES = nodes/bugs.c nodes/bytes.c nodes/effects.c nodes/frame.c \
	nodes/raft/kv.c nodes/raft/kv_wire.c nodes/raft/raft.c \
	nodes/raft/raft_election.c nodes/raft/raft_follower.c \
	nodes/raft/raft_install.c nodes/raft/raft_log.c \
	nodes/raft/raft_record.c nodes/raft/raft_recovery.c \
	nodes/raft/raft_replication.c nodes/raft/raft_snapshot.c \
	nodes/raft/raft_storage.c nodes/raft/raft_wire.c

noinst_PROGRAMS += %D%/fuzz/fuzz_raft_wire
%C%_fuzz_fuzz_raft_wire_SOURCES = %D%/fuzz/fuzz_raft_wire.c $(RAFT_FUZZ_SOURCES)
%C%_fuzz_fuzz_raft_wire_CFLAGS = $(AM_CFLAGS) -fsanitize=fuzzer,address,undefined
%C%_fuzz_fuzz_raft_wire_LDFLAGS = -fsanitize=fuzzer,address,undefined
%C%_fuzz_fuzz_raft_wire_LDADD = $(XXHASH_LIBS) $(GLIB_LIBS)

noinst_PROGRAMS += %D%/fuzz/fuzz_kv_request
%C%_fuzz_fuzz_kv_request_SOURCES = %D%/fuzz/fuzz_kv_request.c $(RAFT_FUZZ_SOURCES)
%C%_fuzz_fuzz_kv_request_CFLAGS = $(AM_CFLAGS) -fsanitize=fuzzer,address,undefined
%C%_fuzz_fuzz_kv_request_LDFLAGS = -fsanitize=fuzzer,address,undefined
%C%_fuzz_fuzz_kv_request_LDADD = $(XXHASH_LIBS) $(GLIB_LIBS)

noinst_PROGRAMS += %D%/fuzz/fuzz_frame
%C%_fuzz_fuzz_frame_SOURCES = %D%/fuzz/fuzz_frame.c $(RAFT_FUZZ_SOURCES)
%C%_fuzz_fuzz_frame_CFLAGS = $(AM_CFLAGS) -fsanitize=fuzzer,address,undefined
%C%_fuzz_fuzz_frame_LDFLAGS = -fsanitize=fuzzer,address,undefined
%C%_fuzz_fuzz_frame_LDADD = $(XXHASH_LIBS) $(GLIB_LIBS)
endif
