# SPDX-License-Identifier: Apache-2.0
# cdf-METRIC.svg: the share of seeds with at most that value, a curve a
# variant, each in its 95 % band. The words: how many curves, and their
# names.
scripts = ARG1
picture = ARG2
format = ARG3
about = ARG4
label = ARG5
words = ARG6
curves = int(word(words, 1))
picture_title = label
picture_height = 460 + 22 * curves
load scripts . "/sweep_style.gp"
stats numbers skip 1 using 3 nooutput
least = STATS_min
most = STATS_max

colours = "#0072B2 #D55E00 #009E73 #CC79A7 #E69F00 #56B4E9 #222222"
colour(curve) = word(colours, curve)
set ylabel "share of seeds" textcolor rgb INK offset 1, 0
set yrange [0:1.02]
set xlabel label textcolor rgb INK
set grid x y linecolor rgb "#DDDDDD"
set key at screen 0.5, screen 7.0 / picture_height center bottom vertical \
    maxrows curves Left reverse samplen 2.5
set bmargin 4.6 + 1.35 * curves

# Over two decades a linear axis hides all but the largest.
if (least > 0 && most / least > 100) {
    set logscale x
} else {
    margin = (most - least) * 0.03
    margin = margin > 0 ? margin : abs(most) * 0.05 + 0.5
    set xrange [least - margin:most + margin]
}
of(curve, field) = sprintf("(column(1) == %d ? column(%d) : NaN)", curve, field)
BANDS = "NaN notitle"
LINES = "NaN notitle"
do for [curve = 1:curves] {
    BANDS = BANDS . sprintf(", '%s' skip 1 using %s:5:6 with filledcurves fillcolor rgb '%s' fillstyle transparent solid 0.15 noborder notitle", numbers, of(curve, 3), colour(curve))
    LINES = LINES . sprintf(", '%s' skip 1 using %s:4 with steps linewidth 1.8 dashtype %d linecolor rgb '%s' title word(words, %d)", numbers, of(curve, 3), curve > 4 ? 2 : 1, colour(curve), curve + 1)
}
set macros
plot @BANDS, @LINES
unset output
