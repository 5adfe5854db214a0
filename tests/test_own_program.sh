#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Bring your own program: the example built in, as a shared object and as a
# process of its own gives one digest in both isolations. A death of the
# program is a violation, and nothing outlives a simulator that is killed.
# test_own_program.sh [SEEDBED ECHO.SO ECHO]; default: those of the build.
set -eu

srcdir=${srcdir:-.}
seedbed=${1:-./seedbed}
object=${2:-$PWD/tests/echo.so}
process=${3:-$PWD/tests/echo}
scenario=$srcdir/tests/scenarios/echo-ring.yaml
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

fail() {
    echo "test_own_program: $*" >&2
    exit 1
}

# program, isolation -> digest
digest() {
    "$seedbed" run "$scenario" --set "nodes.program=$1" --isolation "$2" \
        --json --out "$folder/run" >"$folder/json" ||
        fail "$1 ($2) ended with $?"
    sed -n 's/.*"digest" *: *"\([0-9a-f]*\)".*/\1/p' "$folder/json"
}

want=$(digest echo inline)
[ ${#want} -eq 32 ] || fail "no digest but '$want'"
for run in "echo process" "$object inline" "$object process" \
    "$process process"; do
    got=$(digest "${run% *}" "${run##* }")
    [ "$got" = "$want" ] || fail "$run: digest $got, built in: $want"
done

# /bin/true is no node: one line, and an error of the user's.
if "$seedbed" run "$scenario" --set nodes.program=/bin/true \
    --isolation process --out "$folder/run" >"$folder/out" 2>&1; then
    fail "/bin/true was taken for a node"
fi
grep -q '/bin/true: ended with status 0' "$folder/out" ||
    fail "of /bin/true it says: $(cat "$folder/out")"

# Kill -9: the nodes, recognised by a copy with a name of its own, go too.
cp "$process" "$folder/echo-copy"
"$seedbed" run "$scenario" --set "nodes.program=$folder/echo-copy" \
    --set duration="100000 s" --isolation process --quiet \
    --out "$folder/long" >/dev/null 2>&1 &
simulator=$!
count() {
    for exe in /proc/[0-9]*/exe; do
        readlink "$exe" 2>/dev/null || true
    done | grep -c "^$folder/echo-copy" || true
}
tries=0
while [ "$(count)" -lt 5 ]; do
    tries=$((tries + 1))
    [ $tries -lt 200 ] || fail "the nodes did not start"
    sleep 0.05
done
kill -9 $simulator
wait $simulator 2>/dev/null || true
tries=0
while [ "$(count)" -gt 0 ]; do
    tries=$((tries + 1))
    [ $tries -lt 200 ] || fail "$(count) nodes outlived the simulator"
    sleep 0.05
done
