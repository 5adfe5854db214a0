# SPDX-License-Identifier: Apache-2.0
# paired-METRIC.svg: the same seeds run two ways, their differences in order.
# The words: how many, before and after, the mean difference and its 95 %
# interval.
scripts = ARG1
picture = ARG2
format = ARG3
about = ARG4
label = ARG5
words = ARG6
count = int(word(words, 1))
before = word(words, 2)
after = word(words, 3)
mean = word(words, 4) + 0.0
low = word(words, 5) + 0.0
high = word(words, 6) + 0.0
picture_title = label . ", the same seeds"
picture_height = 470
load scripts . "/sweep_style.gp"
stats numbers skip 1 using ($6 > 0 ? 1 : 0) nooutput
more = STATS_mean * 100
stats numbers skip 1 using ($6 < 0 ? 1 : 0) nooutput
less = STATS_mean * 100

set xrange [0:1]
set xlabel sprintf("share of %d seeds, in the order of their difference", count) textcolor rgb INK
set ylabel "difference of " . label textcolor rgb INK offset 1, 0
set grid y linecolor rgb "#DDDDDD"
set arrow 1 from graph 0, first 0 to graph 1, first 0 nohead linewidth 1.2 linecolor rgb INK
set object 1 rectangle from graph 0, first low to graph 1, first high \
    fillcolor rgb ORANGE fillstyle transparent solid 0.3 noborder back
set arrow 2 from graph 0, first mean to graph 1, first mean nohead linewidth 1.4 dashtype 2 linecolor rgb RED
set key maxrows 2 Left reverse
set bmargin 7.5
plot numbers skip 1 using 1:6 with points pointtype 7 pointsize (count > 2000 ? 0.2 : 0.5) linecolor rgb BLUE title sprintf("%s minus %s: more in %.0f %% of seeds, less in %.0f %%", after, before, more, less), \
    NaN with lines dashtype 2 linewidth 1.4 linecolor rgb RED title sprintf("mean %.4g, with 95 %% confidence %.4g to %.4g", mean, low, high)
unset output
