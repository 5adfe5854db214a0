# SPDX-License-Identifier: Apache-2.0
# Node programs and their border. Nothing here may call into netmodel or sim.

noinst_LIBRARIES += libnodes.a
libnodes_a_SOURCES = \
	%D%/bugs.c %D%/bugs.h %D%/bugs.def \
	%D%/bytes.c %D%/bytes.h \
	%D%/dice.h \
	%D%/echo/echo.c %D%/echo/echo.h \
	%D%/effects.c %D%/effects.h \
	%D%/host/child.c %D%/host/child.h \
	%D%/host/control.c %D%/host/control_effect.c %D%/host/control.h \
	%D%/host/fatal.c %D%/host/fatal.h \
	%D%/host/programs.c %D%/host/programs.h \
	%D%/host/ring.c %D%/host/ring.h \
	%D%/host/transport.c %D%/host/transport.h \
	%D%/host/wire.h \
	%D%/node.h \
	%D%/probes.h %D%/probes.def

# What a node program built out of tree links, and what it includes.
lib_LIBRARIES += libseedbed-node.a
libseedbed_node_a_SOURCES = \
	%D%/bytes.c %D%/effects.c \
	%D%/host/child.c %D%/host/control.c %D%/host/control_effect.c \
	%D%/host/fatal.c %D%/host/ring.c %D%/host/transport.c
libseedbed_node_a_CFLAGS = $(AM_CFLAGS)
nobase_pkginclude_HEADERS = \
	%D%/bytes.h %D%/dice.h %D%/effects.h %D%/node.h \
	%D%/probes.h %D%/probes.def %D%/host/child.h
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
seedbed_node_LDADD = libnodes.a libproto.a $(PROTOBUFC_LIBS) \
	$(XXHASH_LIBS) $(DEFLATE_LIBS) $(GMODULE_LIBS) $(GLIB_LIBS)
