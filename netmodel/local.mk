# SPDX-License-Identifier: Apache-2.0
# What the network does to a packet: pure functions of state, packet, dice.

#noinst_LIBRARIES += libnetmodel.a
#libnetmodel_a_SOURCES =
