# SPDX-License-Identifier: Apache-2.0
# The way in: gnuplot -c SCRIPTS/draw.gp SCRIPTS PICTURE FORMAT TITLE SECONDS
# NODES FAULTS OPERATIONS INTERVAL, in a run folder, whose CSV files are read. PICTURE
# is roles, latency or rate; FORMAT svg or png; the numbers say what to expect
# in the files, so that none of them has to be read twice.
scripts = ARG1
picture = ARG2
format = ARG3
about = ARG4
seconds = ARG5 + 0.0
nodes = int(ARG6)
faults = int(ARG7)
operations = int(ARG8)
interval = ARG9 + 0.0 # seconds between two rows of metrics.csv
load scripts . "/" . picture . ".gp"
