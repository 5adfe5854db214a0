# SPDX-License-Identifier: Apache-2.0
# why.svg: gnuplot -c why.gp SCRIPTS NAME FORMAT TITLE SECONDS FAULTS, in the
# folder that has why.csv and faults.csv. Above: how likely the same failure is
# when the future is redrawn from then on; below, for the FAULTS rows of
# faults.csv that could be judged, how often it fails from the fault's beginning
# on with it and without it.
scripts = ARG1
picture = ARG2
format = ARG3
about = ARG4
seconds = ARG5 + 0.0
faults = int(ARG6)
picture_title = "The same failure, if the future is redrawn from then on"
curve_height = 390
row_height = faults > 24 ? 26 : 34
rows_height = faults > 0 ? 80 + row_height * faults : 0
picture_height = curve_height + rows_height
load scripts . "/style.gp"
unset key
share(pixels) = pixels / (1.0 * picture_height)

set multiplot
# A title belongs to its plot's margins, which differ between terminals.
unset title
set label 9 sprintf("%s: %s", picture_title, about) at screen 0.53, screen 1.0 - share(20) center font title_font textcolor rgb INK
set lmargin at screen 0.09
set rmargin at screen 0.97
set tmargin at screen 1.0 - share(44)
set bmargin at screen share(rows_height + 88)
set yrange [0:1]
set ytics ("0 %%" 0, "25 %%" 0.25, "50 %%" 0.5, "75 %%" 0.75, "100 %%" 1)
set grid y linecolor rgb "#DDDDDD"
set ylabel "futures that fail alike" textcolor rgb INK offset 1, 0
set xlabel "virtual time (s)" textcolor rgb INK
set xrange [0:(seconds > 0 ? seconds * 1.01 : 1)]
set key at screen 0.53, screen share(rows_height + 24) center bottom horizontal maxrows 1 samplen 1.5 width 0.5 textcolor rgb INK
set arrow 1 from first seconds, graph 0 to first seconds, graph 1 nohead linecolor rgb RED linewidth 1.2 back
set label 1 "failed" at first seconds, graph 1.03 right font small_font textcolor rgb RED
# Lines of the plan, from their beginning: what is needed is darker.
COLOUR = "(strcol(3) eq 'needed' ? 0x7A3B5E : 0xDDBBCE)"
plot "faults.csv" skip 1 using ($2 / 1e9):(0):(0):(1):(@COLOUR) with vectors nohead linewidth 1 linecolor rgb variable notitle, \
    NaN with lines linecolor rgb 0x7A3B5E title "a fault begins that it needs", \
    "why.csv" skip 1 using ($1 / 1e9):5:6 with filledcurves fillcolor rgb SKY fillstyle transparent solid 0.35 noborder title "95 %", \
    "why.csv" skip 1 using ($1 / 1e9):($3 / $2) with linespoints linewidth 1.8 pointtype 7 pointsize 0.5 linecolor rgb BLUE title "fail alike"

# Strings that stand for parts of a plot must be there before the block.
judged = "(strcol(3) eq 'needed' || strcol(3) eq 'unclear')"
row(variable, x) = sprintf("(%s ? (%s = %s + 1, %s) : NaN)", judged, variable, variable, x)
a = 0; b = 0; c = 0
WITH = "'faults.csv' skip 1 using " . row("a", "$6 / $5 / 2") . ":(a):(0):($6 / $5):(a + 0.02):(a + 0.19) with boxxyerror fillcolor rgb ORANGE fillstyle solid noborder notitle"
WITHOUT = "'faults.csv' skip 1 using " . row("b", "$11 / $10 / 2") . ":(b):(0):($11 / $10):(b + 0.19):(b + 0.36) with boxxyerror fillcolor rgb BLUE fillstyle solid noborder notitle"
WORDS = "'faults.csv' skip 1 using " . row("c", "0.005") . ":(c - 0.18):16 with labels left font small_font textcolor rgb INK notitle"

if (faults > 0) {
    unset arrow 1
    unset label 1
    unset key
    set label 9 "Without each fault: failures from its beginning on" at screen 0.53, screen share(rows_height - 8) center font title_font textcolor rgb INK
    set tmargin at screen share(rows_height - 44)
    set bmargin at screen share(36)
    set xrange [0:1]
    set xtics ("0 %%" 0, "25 %%" 0.25, "50 %%" 0.5, "75 %%" 0.75, "100 %%" 1) textcolor rgb INK
    unset xlabel
    unset ylabel
    set yrange [faults + 0.6:0.35]
    set ytics ("" 0) scale 0
    set grid noy x linecolor rgb "#DDDDDD"
    set key at graph 1, graph 1.0 right bottom horizontal samplen 1.2 width 0.5
    set style fill solid noborder
    plot @WITH, @WITHOUT, @WORDS, \
        NaN with boxes fillstyle solid linecolor rgb ORANGE title "with it", \
        NaN with boxes fillstyle solid linecolor rgb BLUE title "without it"
}
unset multiplot
# A title belongs to its plot's margins, which differ between terminals.
unset title
set label 9 sprintf("%s: %s", picture_title, about) at screen 0.53, screen 1.0 - share(20) center font title_font textcolor rgb INK
unset output
