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
