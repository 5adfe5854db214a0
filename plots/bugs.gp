# SPDX-License-Identifier: Apache-2.0
# CPU-seconds until each planted bug is found, median and 95 %, from bugs.csv
# in the current folder: gnuplot -c bugs.gp SCRIPTS bugs FORMAT
INK = "#222222"
GREY = "#888888"
BLUE = "#0072B2"
RED = "#D55E00"

set datafile separator ","
stats "bugs.csv" skip 1 using 0 nooutput
rows = STATS_records
set border 1 linecolor rgb GREY
set xtics nomirror textcolor rgb INK
set ytics scale 0 textcolor rgb INK
set logscale x
set xrange [0.001:400]
set format x "%g"
set yrange [rows - 0.3:-0.7]
set grid x linecolor rgb "#DDDDDD"
set xlabel "CPU-seconds until found: median and 95 %" textcolor rgb INK
set arrow 1 from 60, graph 0 to 60, graph 1 nohead linecolor rgb RED dashtype "-"
set label 1 "60 s" at 66, graph 0.985 textcolor rgb RED
set key off
least(x) = x < 0.001 ? 0.001 : x
most(text) = strlen(text) > 0 ? column(10) : 400
picture = "plot 'bugs.csv' skip 1 using (least($9)):0:(most(strcol(10)) - least($9)):(0) with vectors nohead linewidth 2.5 linecolor rgb BLUE, '' skip 1 using (strlen(strcol(8)) > 0 ? least($8) : 400):0:ytic(1) with points pointtype 7 pointsize 0.7 linecolor rgb INK"

height = 120 + 17 * rows
if (ARG3 eq "svg") {
    set terminal svg size 900, height font "sans,12" background rgb "white"
} else {
    set terminal pngcairo size 900, height font "sans,10"
}
set output ARG2 . "." . ARG3 . ".partial"
eval picture
unset output
