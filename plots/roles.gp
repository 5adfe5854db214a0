# SPDX-License-Identifier: Apache-2.0
# roles.svg: who was what when; a row per node, a colour per role, the terms
# of leaders in words.
row_height = nodes > 30 ? 18 : nodes > 12 ? 24 : 36
picture_title = "Roles and terms"
picture_height = 180 + row_height * (nodes > 4 ? nodes : 4)
load scripts . "/style.gp"

# Room for the lanes of the faults.
above = (nodes + 1) * lanes * lane
set yrange [-(nodes + 0.6):(faults > 0 && name_faults ? 0.3 : -0.4) + above]
set ylabel "node" textcolor rgb INK offset -1, 0
node_font = font_of(nodes > 30 ? 9 : 12)
term_font = font_of(nodes > 30 ? 8 : 10)
set ytics ("" 1) scale 0 font node_font
do for [node = 1:nodes] {
    set ytics add (sprintf("n%d", node) -node)
}

colour(role) = role == 0 ? 0xA9D5F2 : role == 1 ? 0xF0E442 : \
    role == 2 ? 0xE69F00 : role == 3 ? 0x0072B2 : role == 4 ? 0x555555 : 0x9FD9C6
half = 0.4
# A role of an instant still shows.
ends(start, end) = end - start < sliver ? start + sliver : end
# A term is named where its words fit.
fits(start, end) = end - start > seconds * 0.07

roles(role) = sprintf("'roles.csv' skip 1 using ($2 == %d ? ($4 + $5) / 2e9 : NaN):(-$1):($4 / 1e9):(ends($4 / 1e9, $5 / 1e9)):(-$1 - half):(-$1 + half):(colour($2)) with boxxyerror fillcolor rgb variable fillstyle solid noborder notitle", role)
# The rare and short ones last, on top of the common ones.
ROWS = roles(5) . ", " . roles(0) . ", " . roles(4) . ", " . roles(3) . \
    ", " . roles(1) . ", " . roles(2)
TERMS = "'roles.csv' skip 1 using ($2 == 3 && fits($4 / 1e9, $5 / 1e9) ? ($4 + $5) / 2e9 : NaN):(-$1):(sprintf('term %d', $3)) with labels font term_font textcolor rgb '#FFFFFF' notitle"
KEY = "NaN with boxes fillstyle solid noborder linecolor rgb 0x0072B2 title 'leader', " . \
    "NaN with boxes fillstyle solid noborder linecolor rgb 0xA9D5F2 title 'follower', " . \
    "NaN with boxes fillstyle solid noborder linecolor rgb 0xF0E442 title 'pre-candidate', " . \
    "NaN with boxes fillstyle solid noborder linecolor rgb 0xE69F00 title 'candidate', " . \
    "NaN with boxes fillstyle solid noborder linecolor rgb 0x555555 title 'down', " . \
    "NaN with boxes fillstyle solid noborder linecolor rgb 0x9FD9C6 title 'up'"

set macros
if (faults == 0) {
    plot @ROWS, @TERMS, @KEY
} else {
    if (name_faults) {
        plot @BANDS, @ROWS, @TERMS, @NAMES, @KEY, @LANES
    } else {
        plot @BANDS, @ROWS, @TERMS, @KEY, @LANES
    }
}
unset output
