# SPDX-License-Identifier: Apache-2.0
# The scripts of `seedbed plot`, one a picture; draw.gp is the way in.

plotsdir = $(pkgdatadir)/plots
dist_plots_DATA = %D%/draw.gp %D%/style.gp %D%/roles.gp %D%/latency.gp \
	%D%/rate.gp
