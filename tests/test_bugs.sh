#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The planted bugs measure the tester: each must be found by the scenario it
# belongs to, within LIMIT seeds; and the measurement itself: tries are
# remembered whatever kills it, and none is run twice. Without planted bugs in
# the build only the list and the refusal are looked at.
set -eu

srcdir=${srcdir:-.}
limit=${LIMIT:-1000}
SEEDBED_SCENARIOS=$srcdir/tests/scenarios
SEEDBED_PLOTS=$(cd "$srcdir" && pwd)/plots
export SEEDBED_SCENARIOS SEEDBED_PLOTS
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
status=0

complain() {
    echo "$1"
    status=1
}

# refuse WORDS... -- TEXT: exit code 254, and TEXT in the one line.
refuse() {
    words=$1 text=$2 code=0
    # shellcheck disable=SC2086
    ./seedbed bugs $words >"$folder/said" 2>&1 || code=$?
    [ "$code" = 254 ] || complain "bugs $words: exit code $code"
    grep -q -e "$text" "$folder/said" ||
        complain "bugs $words: $(cat "$folder/said")"
}

rows=$(./seedbed bugs | grep -c -E '^(raft|kv)-[a-z-]+ +(raft|kv) ')
[ "$rows" -ge 24 ] || complain "only $rows planted bugs are listed"
refuse '--tries 3' 'expected --measure with it'

if ! ./seedbed bugs | grep -q '^Compiled in'; then
    refuse --measure 'configure with --enable-bugs'
    exit $status
fi
refuse '--measure --bug raft-nobody' "found 'raft-nobody'"
refuse '--measure --tries 0' "found '0', expected 1 to 1000"
refuse '--measure --cap soon' "found 'soon'"
refuse '--measure --out /proc/nowhere' '/proc/nowhere'

# Killed at any moment it goes on where it was; the file had a line cut short.
some="--bug raft-double-vote --bug raft-stale-vote-counted --tries 6 --shrink 1"
# shellcheck disable=SC2086
timeout -s KILL 2 ./seedbed bugs --measure $some --out "$folder/some" \
    >/dev/null 2>&1 || true
printf '{"bug":"raft-double-vote","try":1,"fo' >>"$folder/some/tries.jsonl"
# shellcheck disable=SC2086
./seedbed bugs --measure $some --out "$folder/some" >"$folder/said" 2>&1 ||
    complain "after a kill: $(tail -n 3 "$folder/said")"
for name in raft-double-vote raft-stale-vote-counted; do
    for try in 1 2 3 4 5 6; do
        count=$(grep -c "\"bug\":\"$name\",\"try\":$try,\"found\":true" \
            "$folder/some/tries.jsonl") || true
        [ "$count" = 1 ] || complain "$name, try $try: $count lines"
    done
done
cp "$folder/some/tries.jsonl" "$folder/before"
# shellcheck disable=SC2086
./seedbed bugs --measure $some --out "$folder/some" >"$folder/said" 2>&1 ||
    complain "once more: $(tail -n 3 "$folder/said")"
cmp -s "$folder/before" "$folder/some/tries.jsonl" ||
    complain "tries that were there were run again"
grep -q '"faults":' "$folder/before" || complain "nothing was shrunk"
sed -n 's/.*"try":\([0-9]*\),.*"seed":\([0-9]*\),.*/\1 \2/p' "$folder/before" |
    while read -r try seed; do
        [ "$try" = $((seed / 1000000)) ] ||
            echo "try $try found seed $seed, which is another's"
    done >"$folder/strange"
[ ! -s "$folder/strange" ] || complain "$(cat "$folder/strange")"

# Two at once would run tries twice.
if command -v flock >"$folder/said"; then
    code=0
    # shellcheck disable=SC2086
    flock "$folder/some/tries.jsonl" ./seedbed bugs --measure $some \
        --out "$folder/some" >"$folder/said" 2>&1 || code=$?
    [ "$code" = 254 ] && grep -q 'another measurement' "$folder/said" ||
        complain "two at once: exit code $code: $(cat "$folder/said")"
fi

# All of them.
code=0
./seedbed bugs --measure --tries 1 --shrink 0 --seeds "$limit" \
    --out "$folder/all" >"$folder/said" 2>"$folder/progress" || code=$?
sed -n '2,/^$/p' "$folder/said"
[ "$code" = 0 ] ||
    complain "bugs --measure: exit code $code: $(tail -n 1 "$folder/said")"
[ "$(grep -c '^| `' "$folder/all/README.md")" = "$rows" ] ||
    complain "README.md does not have $rows rows"
exit $status
