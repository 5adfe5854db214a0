# SPDX-License-Identifier: Apache-2.0
# The scripts of `seedbed plot`, one a picture; draw.gp is the way in.

plotsdir = $(pkgdatadir)/plots
dist_plots_DATA = %D%/draw.gp %D%/style.gp %D%/roles.gp %D%/latency.gp \
	%D%/rate.gp %D%/why.gp %D%/bugs.gp %D%/sweep_style.gp %D%/cdf.gp \
	%D%/heat.gp %D%/paired.gp

# The Wireshark profile, and the .proto files that it reads.
wiresharkdir = $(pkgdatadir)/wireshark/seedbed
dist_wireshark_DATA = %D%/wireshark/preferences %D%/wireshark/seedbed.lua
nodist_wireshark_DATA = %D%/wireshark/protobuf_search_paths
protofilesdir = $(pkgdatadir)/proto
protofiles_DATA = $(PROTO_FILES)
CLEANFILES += %D%/wireshark/protobuf_search_paths

%D%/wireshark/protobuf_search_paths: Makefile
	$(AM_V_GEN)$(MKDIR_P) %D%/wireshark && \
	  printf '"%s","TRUE"\n' '$(pkgdatadir)/proto' >$@

dist_man_MANS += %D%/seedbed-output.7

# The picture of the README: roles.svg of `make demo`.
EXTRA_DIST += %D%/demo.svg
