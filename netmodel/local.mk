# SPDX-License-Identifier: Apache-2.0
# What the network does to a packet: pure functions of state, packet, dice.

noinst_LIBRARIES += libnetmodel.a
libnetmodel_a_SOURCES = \
	%D%/chance.h \
	%D%/distribution.c %D%/distribution.h \
	%D%/distribution_files.c \
	%D%/distribution_tables.c %D%/distribution_tables.h \
	%D%/fate.c %D%/fate.h \
	%D%/link.c %D%/link.h \
	%D%/loss.c %D%/loss.h \
	%D%/netem.c %D%/netem.h \
	%D%/netem_units.c %D%/netem_units.h \
	%D%/partition.c %D%/partition.h \
	%D%/rates.c %D%/rates.h \
	%D%/regions.c %D%/regions.h \
	%D%/topology.c %D%/topology.h \
	%D%/zipf.c %D%/zipf.h

# Makes distribution_tables.c, by hand: the tables are committed.
EXTRA_DIST += %D%/distribution_tables.py
