#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Pictures of runs made by hand: all of them there, not empty, the same twice,
# also without operations, without faults, with one node and with fifty.
set -eu

srcdir=${srcdir:-.}
SEEDBED_PLOTS=$(cd "$srcdir/plots" && pwd)
export SEEDBED_PLOTS
make_run=$(pwd)/tests/make_run
command -v gnuplot >/dev/null || exit 77

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

fail() {
    echo "test_plot: $*" >&2
    exit 1
}

# name, nodes, clients, seconds, faults
draw() {
    mkdir "$folder/$1"
    "$make_run" "$folder/$1" "$2" "$3" "$4" "$5" 1 >/dev/null ||
        fail "$1: no pictures"
    for picture in roles latency rate; do
        for format in svg png; do
            file=$folder/$1/$picture.$format
            [ -s "$file" ] || fail "$1: no $picture.$format"
        done
        grep -q 'made-up_run, seed 7' "$folder/$1/$picture.svg" ||
            fail "$1: $picture.svg has no title"
        grep -q 'virtual time (s)' "$folder/$1/$picture.svg" ||
            fail "$1: $picture.svg has no unit"
    done
    if find "$folder/$1" -name '*partial*' | grep -q .; then
        fail "$1: something is left over"
    fi
}

draw plain 5 2 3 1
draw again 5 2 3 1
draw alone 1 0 1 0
draw idle 3 0 1 1
draw calm 3 2 1 0
draw many 50 2 2 1
for picture in roles.svg roles.png latency.svg latency.png rate.svg rate.png; do
    cmp "$folder/plain/$picture" "$folder/again/$picture" ||
        fail "$picture is not the same twice"
done
grep -q 'term 2' "$folder/plain/roles.svg" || fail "no term in roles.svg"
grep -q 'partition' "$folder/plain/rate.svg" || fail "no fault in rate.svg"
grep -q 'no client operations' "$folder/idle/rate.svg" || fail "idle: no word"
grep -q '>n50<\|n50' "$folder/many/roles.svg" || fail "many: no n50"

# What is no run, or not all of one, is the user's mistake: one line, and no
# picture. file, what is in it (nothing: there is none), what is said
while IFS='|' read -r file text line; do
    rm -rf "$folder/odd"
    mkdir "$folder/odd"
    cp "$folder/plain"/*.csv "$folder/plain/run.json" "$folder/odd"
    rm "$folder/odd/$file"
    [ -z "$text" ] || echo "$text" >"$folder/odd/$file"
    got=0
    ./seedbed plot "$folder/odd" >"$folder/stdout" 2>"$folder/error" || got=$?
    [ "$got" -eq 254 ] || fail "$file '$text': exit code $got"
    [ "$(wc -l <"$folder/error")" -eq 1 ] || fail "$file: not one line"
    grep -qF "$line" "$folder/error" || fail "$file: $(cat "$folder/error")"
    [ ! -s "$folder/stdout" ] || fail "$file: something on stdout"
    [ ! -e "$folder/odd/roles.svg" ] || fail "$file: a picture"
done <<'EOF'
run.json||odd: not a run folder: no run.json in it
run.json|[]|odd/run.json: not what a run leaves
run.json|{|odd/run.json
metrics.csv||odd/metrics.csv
metrics.csv|x,y|odd/metrics.csv: found other columns, expected at_ns,ok,fail
roles.csv||odd/roles.csv: cannot open: No such file or directory
roles.csv|x,y|odd/roles.csv: found other columns, expected node,role,term
faults.csv|x,y|odd/faults.csv: found other columns, expected line,kind,
operations.csv|x,y|odd/operations.csv: found other columns, expected invoke_ns
EOF

# Without gnuplot: one clear line, and no picture.
mkdir "$folder/without"
if PATH=$folder "$make_run" "$folder/without" 5 2 1 1 1 \
    >/dev/null 2>"$folder/error"; then
    fail "it drew without gnuplot"
fi
[ "$(wc -l <"$folder/error")" -eq 1 ] || fail "more than a line of complaint"
grep -q 'gnuplot is not installed' "$folder/error" || fail "no clear line"
[ ! -e "$folder/without/roles.svg" ] || fail "a picture without gnuplot"
