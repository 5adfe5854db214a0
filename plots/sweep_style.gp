# SPDX-License-Identifier: Apache-2.0
# What the pictures over many seeds share: style.gp without virtual time.
# gnuplot -c PICTURE.gp SCRIPTS NAME FORMAT SCENARIO LABEL WORDS
seconds = 1.0
nodes = 0
faults = 0
load scripts . "/style.gp"
set autoscale x
numbers = picture . ".csv"
