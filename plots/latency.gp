# SPDX-License-Identifier: Apache-2.0
# latency.svg: every client operation as a point at its invocation, how long
# it took, how it ended; and the quantiles of each interval.
picture_title = "Client latency"
picture_height = 475
load scripts . "/style.gp"

set ylabel "latency (ms)" textcolor rgb INK offset 1, 0
set logscale y
set format y "%g"
set grid y linecolor rgb "#DDDDDD"

# A picture of more points says no more and takes for ever to show. What did
# not go well is rarer and stays.
thin_ok = operations > 20000 ? ceil(operations / 20000.0) : 1
thin_bad = operations > 500000 ? ceil(operations / 500000.0) : 1
if (thin_ok > 1) {
    set xlabel sprintf("virtual time (s); one ok operation in %d is drawn", thin_ok)
}
# Many points need to be small to show where they are many.
small = operations > 20000 ? 0.15 : operations > 2000 ? 0.3 : 0.55
ms(invoke, end) = end - invoke < 1000 ? 0.001 : (end - invoke) / 1e6
points(outcome, thin, size, colour, shape) = sprintf("'operations.csv' skip 1 every %d using ($3 == %d ? $1 / 1e9 : NaN):(ms($1, $2)) with points pointtype %d pointsize %g linecolor rgb '%s' notitle", thin, outcome, shape, size, colour)
ENDED = points(1, thin_ok, small, SKY, 7) . ", " . \
    points(3, thin_bad, 0.7, ORANGE, 9) . ", " . \
    points(2, thin_bad, 0.6, RED, 2) . ", " . \
    points(0, 1, 0.7, INK, 4)
KEY = "NaN with points pointtype 7 pointsize 0.7 linecolor rgb SKY title 'ok', " . \
    "NaN with points pointtype 2 pointsize 0.7 linecolor rgb RED title 'failed', " . \
    "NaN with points pointtype 9 pointsize 0.8 linecolor rgb ORANGE title 'unknown', " . \
    "NaN with points pointtype 4 pointsize 0.7 linecolor rgb INK title 'open at the end'"
# An interval without any breaks the line.
quantile(text) = strlen(text) > 0 ? text / 1e6 : NaN
QUANTILES = "'metrics.csv' skip 1 using ($1 / 1e9 + interval):(quantile(strcol(5))) with lines linewidth 1.6 linecolor rgb INK title 'p50 of 1 s', " . \
    "'metrics.csv' skip 1 using ($1 / 1e9 + interval):(quantile(strcol(6))) with lines linewidth 1.4 dashtype '-' linecolor rgb GREEN title 'p99 of 1 s'"

set macros
if (operations == 0) {
    set yrange [0.1:1000]
    set label 1 "no client operations" at graph 0.5, 0.5 center textcolor rgb GREY
    if (faults == 0) {
        plot NaN notitle
    } else {
        plot @BANDS, @LANES, NaN notitle
    }
} else {
    stats "operations.csv" skip 1 using (ms($1, $2)) nooutput
    set yrange [STATS_min * 0.6:(STATS_max * 3 > STATS_min * 2 ? STATS_max * 3 : STATS_min * 2)]
    if (faults == 0) {
        plot @ENDED, @KEY, @QUANTILES
    } else {
        if (name_faults) {
            plot @BANDS, @ENDED, @KEY, @QUANTILES, @NAMES, @LANES
        } else {
            plot @BANDS, @ENDED, @KEY, @QUANTILES, @LANES
        }
    }
}
unset output
