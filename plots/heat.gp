# SPDX-License-Identifier: Apache-2.0
# heat-METRIC.svg: the median (of `failed` the share) over two keys of the
# scenario, with the number in each cell. The words: the two keys,
# columns and rows.
scripts = ARG1
picture = ARG2
format = ARG3
about = ARG4
label = ARG5
words = ARG6
columns = int(word(words, 3))
rows = int(word(words, 4))
longest = int(word(words, 5))
picture_title = label . (picture eq "heat-failed" ? "" : ", median")
picture_height = 190 + 54 * (rows > 3 ? rows : 3)
load scripts . "/sweep_style.gp"
stats numbers skip 1 using 6 nooutput

set xlabel word(words, 1) textcolor rgb INK
set ylabel word(words, 2) textcolor rgb INK offset -1, 0
set lmargin (longest < 8 ? 15 : longest > 40 ? 47 : longest + 7)
set rmargin 15
set bmargin 4.5
set xrange [-0.5:columns - 0.5]
set yrange [rows - 0.5:-0.5]
set border 0
set xtics scale 0
set ytics scale 0
# Cividis (Nunez, Anderton, Renslow, 2018): in order for every reader.
set palette defined (0 "#00224E", 0.25 "#35456C", 0.5 "#7C7B78", \
    0.75 "#BCAF6F", 1 "#FEE838")
low = STATS_min
high = STATS_max > STATS_min ? STATS_max : STATS_min + 1
set cbrange [low:high]
set cblabel label textcolor rgb INK offset 2, 0
text(value) = value == 0 ? "0" : abs(value) >= 1000 ? sprintf("%.0f", value) : \
    sprintf("%.3g", value)
# Light words on dark cells.
paper(value) = (value - low) / (high - low) < 0.55 ? 0xFFFFFF : 0x222222
plot numbers skip 1 using 1:2:($1 - 0.48):($1 + 0.48):($2 - 0.46):($2 + 0.46):6:xticlabels(strcol(3)):yticlabels(strcol(4)) with boxxyerror fillcolor palette fillstyle solid noborder notitle, \
    numbers skip 1 using 1:2:(text($6)):(paper($6)) with labels font font_of(12) textcolor rgb variable notitle, \
    numbers skip 1 using ($5 == 0 ? $1 : NaN):2:('no run passed') with labels font font_of(10) textcolor rgb GREY notitle
unset output
