# SPDX-License-Identifier: Apache-2.0
# What every picture shares. Colours: Okabe and Ito, "Color Universal Design"
# (2008), which colour-blind readers can tell apart.
ORANGE = "#E69F00"
SKY = "#56B4E9"
GREEN = "#009E73"
YELLOW = "#F0E442"
BLUE = "#0072B2"
RED = "#D55E00"
PURPLE = "#CC79A7"
GREY = "#999999"
INK = "#222222"

set encoding utf8
set decimalsign "."
set datafile separator ","
set datafile missing ""

if (format eq "svg") {
    set terminal svg size 900, picture_height font "DejaVu Sans,13" \
        background "#FFFFFF" noenhanced
} else {
    set terminal pngcairo size 900, picture_height font "DejaVu Sans,10" \
        background "#FFFFFF" noenhanced
}
set output sprintf("%s.%s.partial", picture, format)

# Points for pngcairo are pixels for svg.
font_of(points) = sprintf(",%d", format eq "svg" ? points * 4 / 3 : points)
title_font = font_of(15)
small_font = font_of(9)
set title sprintf("%s: %s", picture_title, about) font title_font \
    textcolor rgb INK offset 0, 0.3
set border 3 linecolor rgb "#666666"
set tics nomirror textcolor rgb INK
set xrange [0:(seconds > 0 ? seconds : 1)]
set xlabel "virtual time (s)" textcolor rgb INK
set y2range [0:1]
unset y2tics
set key at screen 0.5, screen 7.0 / picture_height center bottom horizontal maxrows 1 \
    samplen 1.5 width 0.5 textcolor rgb INK
set lmargin 9
set rmargin 3
set bmargin 6.2

# Faults as shaded bands, with their names when there is room for them. A
# fault of an instant still gets a line's width.
sliver = seconds / 900.0
band_end(start, end) = end - start < sliver ? start + sliver : end
# Many overlap: each is fainter, so that what is drawn on them stays clear.
faint = faults <= 12 ? 0.25 : 0.08
name_faults = faults <= 12

# A band has the colour of the package that its fault belongs to
# (sim/nemesis.c), and a strip in a lane of the package's own on top, which
# shows it where many overlap. The key names the packages that occur.
packages = "partition kill pause clock packet disk other"
look(package) = package eq "partition" ? PURPLE : package eq "kill" ? RED : \
    package eq "pause" ? "#A6761D" : package eq "clock" ? "#7570B3" : \
    package eq "packet" ? GREEN : package eq "disk" ? INK : GREY
band(package, low, high, filling) = sprintf("'faults.csv' skip 1 using (strcol(6) eq '%s' ? ($3 / 1e9 + band_end($3 / 1e9, $4 / 1e9)) / 2 : NaN):(%g):($3 / 1e9):(band_end($3 / 1e9, $4 / 1e9)):(%g):(%g) axes x1y2 with boxxyerror fillcolor rgb '%s' fillstyle %s noborder notitle", package, (low + high) / 2.0, low, high, look(package), filling)
lane = 6.5 / picture_height
lanes = 0
BANDS = "NaN notitle"
LANES = "NaN notitle"
if (faults > 0) {
    do for [package in packages] {
        stats "faults.csv" skip 1 using (strcol(6) eq package ? 1 : 0) nooutput
        if (STATS_sum > 0) {
            lanes = lanes + 1
            BANDS = BANDS . ", " . band(package, 0, 1, sprintf("transparent solid %g", faint))
            LANES = LANES . ", " . band(package, 1 - lanes * lane, 1 - (lanes - 0.8) * lane, "solid") . \
                sprintf(", NaN with boxes fillstyle solid noborder linecolor rgb '%s' title '%s'", look(package), package)
        }
    }
}
NAMES = "'faults.csv' skip 1 using ($3 / 1e9):(1.0 - lanes * lane):2 axes x1y2 with labels left offset 0.2, -0.6 font small_font textcolor rgb '#7A3B5E' notitle"
# The key takes a row more.
set bmargin lanes > 2 ? 7.8 : 6.2
