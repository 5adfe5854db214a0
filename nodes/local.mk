# SPDX-License-Identifier: Apache-2.0
# Node programs and their border. Nothing here may call into netmodel or sim.

noinst_LIBRARIES += libnodes.a
libnodes_a_SOURCES = \
	%D%/bugs.c %D%/bugs.h %D%/bugs.def \
	%D%/bytes.c %D%/bytes.h \
	%D%/dice.h \
	%D%/effects.c %D%/effects.h \
	%D%/node.h \
	%D%/probes.h %D%/probes.def
