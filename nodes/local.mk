# SPDX-License-Identifier: Apache-2.0
# Node programs and their border. Nothing here may call into netmodel or sim.

noinst_LIBRARIES += libnodes.a
libnodes_a_SOURCES = \
	%D%/banned.h \
	%D%/buggify.h %D%/buggify_sites.h %D%/buggify.def \
	%D%/bugs.c %D%/bugs.h %D%/bugs.def \
	%D%/bytes.c %D%/bytes.h \
	%D%/config.c %D%/config.h \
	%D%/dice.h \
	%D%/echo/echo.c %D%/echo/echo.h \
	%D%/effects.c %D%/effects.h \
	%D%/host/child.c %D%/host/child.h \
	%D%/host/control.c %D%/host/control.h \
	%D%/host/control_effect.c %D%/host/control_handshake.c \
	%D%/host/control_rules.c \
	%D%/host/fatal.c %D%/host/fatal.h \
	%D%/host/programs.c %D%/host/programs.h \
	%D%/host/ring.c %D%/host/ring.h \
	%D%/host/transport.c %D%/host/transport.h \
	%D%/host/wire.h \
	%D%/frame.c %D%/frame.h \
	%D%/hash.h \
	%D%/member.c %D%/member.h \
	%D%/node.h \
	%D%/packed.h \
	%D%/probes.h %D%/probes.def \
	%D%/quantity.c %D%/quantity.h \
	%D%/sometimes.h %D%/sometimes.def \
	%D%/raft/kv.c %D%/raft/kv.h \
	%D%/raft/kv_server.c %D%/raft/kv_server.h \
	%D%/raft/kv_wire.c %D%/raft/kv_wire.h \
	%D%/raft/raft.c %D%/raft/raft.h \
	%D%/raft/raft_election.c %D%/raft/raft_election.h \
	%D%/raft/raft_follower.c \
	%D%/raft/raft_install.c %D%/raft/raft_install.h \
	%D%/raft/raft_kv.c %D%/raft/raft_kv.h \
	%D%/raft/raft_log.c %D%/raft/raft_log.h \
	%D%/raft/raft_record.c %D%/raft/raft_record.h \
	%D%/raft/raft_recovery.c %D%/raft/raft_recovery.h \
	%D%/raft/raft_replication.c %D%/raft/raft_replication.h \
	%D%/raft/raft_snapshot.c %D%/raft/raft_snapshot.h \
	%D%/raft/raft_storage.c %D%/raft/raft_storage.h \
	%D%/raft/raft_wire.c %D%/raft/raft_wire.h

# What a node program built out of tree links, and what it includes.
lib_LIBRARIES += libseedbed-node.a
libseedbed_node_a_SOURCES = \
	%D%/bytes.c %D%/config.c %D%/effects.c %D%/quantity.c \
	%D%/host/child.c %D%/host/control.c %D%/host/control_effect.c \
	%D%/host/control_handshake.c %D%/host/control_rules.c \
	%D%/host/fatal.c %D%/host/ring.c %D%/host/transport.c
libseedbed_node_a_CFLAGS = $(AM_CFLAGS)
nobase_pkginclude_HEADERS = \
	%D%/buggify.h %D%/bytes.h %D%/config.h %D%/dice.h %D%/effects.h \
	%D%/node.h %D%/quantity.h %D%/probes.h %D%/probes.def %D%/host/child.h
pkgconfigdir = $(libdir)/pkgconfig
pkgconfig_DATA = %D%/seedbed.pc
exampledir = $(docdir)/examples/echo
dist_example_DATA = \
	%D%/echo/echo.c %D%/echo/echo.h \
	%D%/echo/echo_module.c %D%/echo/echo_process.c

bin_PROGRAMS += seedbed-node
seedbed_node_SOURCES = %D%/host/node_main.c
seedbed_node_CPPFLAGS = $(AM_CPPFLAGS)
seedbed_node_CFLAGS = $(AM_CFLAGS)
seedbed_node_LDADD = $(LIBS_LIVE)

# The live host: real sockets, clocks and files. Not for simulations.
noinst_LIBRARIES += liblive.a
liblive_a_SOURCES = \
	%D%/host/live.c %D%/host/live.h \
	%D%/host/live_config.c %D%/host/live_config.h \
	%D%/host/live_conn.c %D%/host/live_conn.h \
	%D%/host/live_disk.c %D%/host/live_disk.h \
	%D%/host/live_disk_internal.h \
	%D%/host/live_disk_open.c \
	%D%/host/live_frame.c %D%/host/live_frame.h \
	%D%/host/live_log.c %D%/host/live_log.h \
	%D%/host/live_main.c \
	%D%/host/live_net.c %D%/host/live_net.h \
	%D%/host/live_net_internal.h \
	%D%/host/live_peer.c \
	%D%/host/live_stream.c \
	%D%/host/live_timer.c %D%/host/live_timer.h \
	%D%/host/live_wait.c %D%/host/live_wait.h
liblive_a_CFLAGS = $(AM_CFLAGS) $(UV_CFLAGS)
LIBS_LIVE = liblive.a libnodes.a libproto.a $(UV_LIBS) $(PROTOBUFC_LIBS) \
	$(XXHASH_LIBS) $(DEFLATE_LIBS) $(GMODULE_LIBS) $(GLIB_LIBS) -lpthread

# The client of the key-value service of live nodes.
bin_PROGRAMS += seedbed-kv
seedbed_kv_SOURCES = \
	%D%/host/kv_bench.c %D%/host/kv_bench.h \
	%D%/host/kv_client.c %D%/host/kv_client.h \
	%D%/host/kv_main.c
seedbed_kv_LDADD = $(LIBS_LIVE)

dist_man_MANS += %D%/host/seedbed-node.1 %D%/host/seedbed-kv.1

EXTRA_DIST += %D%/raft/README.md
