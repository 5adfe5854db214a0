# SPDX-License-Identifier: Apache-2.0
# Raft and its helpers.
RAFT_NET = %D%/raft_net.c %D%/raft_net.h

check_PROGRAMS += %D%/test_raft_cluster
TESTS += %D%/test_raft_cluster
%C%_test_raft_cluster_SOURCES = %D%/test_raft_cluster.c $(RAFT_NET)
%C%_test_raft_cluster_CFLAGS = $(TEST_CFLAGS)
%C%_test_raft_cluster_LDADD = $(LIBS_NODES) $(CHECK_LIBS)
