#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A server that answers reads past the log keeps every invariant of Raft: only
# the clients' history can tell. And `seedbed check` as its users know it.
set -eu

srcdir=${srcdir:-.}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
scenario=$srcdir/tests/scenarios/raft-chaos.yaml

fail() {
    echo "test_linear: $*"
    exit 1
}

# What a command ends with.
ends() {
    want=$1
    shift
    got=0
    "$@" >"$folder/said" 2>"$folder/wrong" || got=$?
    [ "$got" -eq "$want" ] || {
        cat "$folder/said" "$folder/wrong"
        fail "$* ended with $got, expected $want"
    }
}

line() {
    printf '{"process":%s,"type":"%s","f":"%s","key":"k","value":%s,"time":%s}\n' \
        "$@"
}

good() {
    line 0 invoke write 1 10
    line 0 ok write 1 20
    line 1 invoke read null 30
    line 1 ok read 1 40
}

bad() {
    good
    line 0 invoke write 2 50
    line 0 ok write 2 60
    line 1 invoke read null 70
    line 1 ok read 1 80
}

good >"$folder/good"
bad >"$folder/bad"
ends 0 ./seedbed check "$folder/good"
ends 0 ./seedbed check --quiet - <"$folder/good"
[ ! -s "$folder/said" ] || fail "--quiet said something"
ends 1 ./seedbed check "$folder/bad" --svg "$folder/bad.svg"
grep -q 'key "k" is not linearizable: the first 8 lines of .* are the shortest' \
    "$folder/said" || fail "$(cat "$folder/said")"
grep -q 'these 3 operations cannot be ordered' "$folder/said" ||
    fail "$(cat "$folder/said")"
grep -q 'state before the last return could be: 2' "$folder/said" ||
    fail "$(cat "$folder/said")"
grep -q '^<svg .*width="900"' "$folder/bad.svg" || fail "no picture"
[ "$(grep -c '#c8463c' "$folder/bad.svg")" -eq 3 ] ||
    fail "not three red bars in the picture"
ends 1 ./seedbed check "$folder/bad" --json
grep -q '"prefix_lines" : 8' "$folder/said" || fail "$(cat "$folder/said")"
ends 1 ./seedbed check "$folder/bad" --model register
ends 1 ./seedbed check "$folder/bad" --model kv-whole
ends 2 ./seedbed check "$folder/bad" --memory-limit "1 B"
ends 2 ./seedbed check "$folder/bad" --time-limit "0 ns" --json
grep -q '"verdict" : "unknown"' "$folder/said" || fail "$(cat "$folder/said")"

# What is wrong is said in one line.
mistake() {
    ends 254 ./seedbed check "$@"
    [ "$(wc -l <"$folder/wrong")" -eq 1 ] || fail "$(cat "$folder/wrong")"
}
mistake "$folder/none"
mistake "$folder/good" --model queue
grep -q "good:1: found f \"write\" and its value, expected by model queue" \
    "$folder/wrong" || fail "$(cat "$folder/wrong")"
mistake "$folder/good" --model nothing
mistake "$folder/good" --model ./nothing.so
mistake "$folder/good" --time-limit soon
mistake "$folder/good" --memory-limit much
sed 3d "$folder/good" >"$folder/broken"
mistake "$folder/broken"
grep -q 'broken:3: process 1 has nothing under way' "$folder/wrong" ||
    fail "$(cat "$folder/wrong")"
echo '{' >>"$folder/broken"
sed 3d "$folder/broken" >"$folder/torn"
mistake "$folder/torn"
grep -q 'torn:3: column 2' "$folder/wrong" || fail "$(cat "$folder/wrong")"

# A model of one's own, out of the tree but for where it is.
ends 0 ./seedbed check --model tests/linear_lock.so - <<LOCKS
$(line 0 invoke lock null 1)
$(line 0 ok lock null 2)
$(line 1 invoke lock null 3)
$(line 0 invoke unlock null 4)
$(line 0 ok unlock null 5)
$(line 1 ok lock null 6)
LOCKS
ends 1 ./seedbed check --model tests/linear_lock.so - <<LOCKS
$(line 0 invoke lock null 1)
$(line 0 ok lock null 2)
$(line 1 invoke lock null 3)
$(line 1 ok lock null 6)
LOCKS

# A run's own history, checked again.
ends 0 ./seedbed run "$scenario" --seed 1 --out "$folder/run" --quiet
ends 0 ./seedbed check "$folder/run/history.jsonl"
[ ! -e "$folder/run/linearizability.svg" ] || fail "a picture of nothing"

./seedbed bugs | grep -q '^Compiled in' || exit 0
for bug in kv-read-local kv-read-unconfirmed; do
    seed=1
    while ./seedbed run "$scenario" --seed "$seed" --bug "$bug" --quiet \
        --out "$folder/run" >"$folder/said" 2>&1; do
        seed=$((seed + 1))
        [ "$seed" -le 300 ] || fail "$bug was not found"
    done
    echo "$bug: seed $seed"
    sed -n 's/^ *"check" : "\(.*\)",*/\1/p' "$folder/run/run.json" | sort -u \
        >"$folder/checks"
    [ "$(cat "$folder/checks")" = linearizability ] ||
        fail "$bug was found by $(cat "$folder/checks")"
    [ -s "$folder/run/linearizability.svg" ] || fail "$bug: no picture"
    grep -q 'cannot be ordered' "$folder/run/linearizability.txt" ||
        fail "$bug: no words"
    ends 1 ./seedbed check "$folder/run/history.jsonl"
    ends 0 ./seedbed run "$scenario" --seed "$seed" --bug "$bug" --quiet \
        --set expect.linearizable=false --no-out
    ends 0 ./seedbed run "$scenario" --seed "$seed" --quiet --no-out
done
