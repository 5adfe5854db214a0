# SPDX-License-Identifier: Apache-2.0
# rate.svg: client operations that ended, per second and by outcome.
picture_title = "Client operations"
picture_height = 405
load scripts . "/style.gp"

set ylabel "operations per second" textcolor rgb INK offset 1, 0
set grid y linecolor rgb "#DDDDDD"
set style fill transparent solid 0.35 noborder

# At most 150 bins, each of whole intervals.
bin = interval * ceil(seconds / 150.0 / interval)
set boxwidth bin absolute
middle(at) = (floor(at / 1e9 / bin + 1e-6) + 0.5) * bin
OUTCOMES = "'metrics.csv' skip 1 using (middle($1)):($2 / bin) smooth frequency with boxes linecolor rgb SKY notitle, " . \
    "'metrics.csv' skip 1 using (middle($1)):($2 / bin) smooth frequency with histeps linewidth 1.6 linecolor rgb BLUE title 'ok', " . \
    "'metrics.csv' skip 1 using (middle($1)):($3 / bin) smooth frequency with histeps linewidth 1.6 linecolor rgb RED title 'failed', " . \
    "'metrics.csv' skip 1 using (middle($1)):($4 / bin) smooth frequency with histeps linewidth 1.6 dashtype '-' linecolor rgb ORANGE title 'unknown'"

set macros
if (operations == 0) {
    set yrange [0:10]
    set label 1 "no client operations" at graph 0.5, 0.5 center textcolor rgb GREY
    if (faults == 0) {
        plot NaN notitle
    } else {
        plot @BANDS, @LANES, NaN notitle
    }
} else {
    set yrange [0:*]
    set offsets 0, 0, graph 0.18, 0
    if (faults == 0) {
        plot @OUTCOMES
    } else {
        if (name_faults) {
            plot @BANDS, @OUTCOMES, @NAMES, @LANES
        } else {
            plot @BANDS, @OUTCOMES, @LANES
        }
    }
}
unset output
