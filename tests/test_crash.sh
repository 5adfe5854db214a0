#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# A node that asserts, segfaults, exits, hangs or writes nonsense gives verdict
# `violated` (check `crash`) with node, virtual time, and signal or assertion,
# in both isolations alike; nothing is left behind.
set -u

seedbed=${SEEDBED:-./seedbed}
module=${BAD_MODULE:-$PWD/tests/bad_module.so}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
# Under a name of its own: other tests may run beside this one.
node=$folder/node-that-crashes
cp "${SEEDBED_NODE:-$(dirname "$seedbed")/seedbed-node}" "$node"
export SEEDBED_NODE=$node
passed=0 failed=0

cat >"$folder/bad.yaml" <<YAML
title: One node of three misbehaves
duration: "4 s"
nodes: {count: 3, program: "$module"}
network: {links: "delay 1ms"}
YAML

# misdeed number, what crash.txt must say
while read -r number want; do
    for isolation in inline process; do
        out=$folder/$isolation
        "$seedbed" run "$folder/bad.yaml" --set nodes.config.misdeed="$number" \
            --isolation $isolation --out "$out" >"$folder/said" 2>&1
        code=$?
        if [ $code = 1 ] && grep -q '"check" : "crash"' "$out/run.json" &&
            grep -q '"node" : 2' "$out/run.json" &&
            grep -Eq '"at_ns" : 20000' "$out/run.json" &&
            grep -Eq "^node 2 at 2\.0000.*$want" "$out/crash.txt" &&
            grep -q '<pre class="death">node 2 at 2' "$out/report.html" &&
            [ -s "$out/last_events.txt" ]; then
            passed=$((passed + 1))
        else
            failed=$((failed + 1))
            echo "misdeed $number, $isolation: exit $code, wanted '$want'"
            head -5 "$folder/said" "$out/crash.txt" 2>&1
        fi
    done
    digests=$(grep -h '"digest"' "$folder"/{inline,process}/run.json | sort -u | wc -l)
    if [ "$digests" = 1 ]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "misdeed $number: the isolations differ"
    fi
done <<EOT
2 signal 11
3 signal 6.*misdeed == 0
4 signal 6.*misdeed == 0
5 exit status 7
6 signal 9
9 nonsense.*datagram
10 nonsense.*name
EOT

# Killed half-way, by hand or for good: nothing is left, not even the folder.
scenarios=${SCENARIOS:-$(dirname "$0")/scenarios}
for isolation in inline process; do
    for signal in TERM KILL; do
        mkdir "$folder/half"
        "$seedbed" run "$scenarios/raft-chaos.yaml" --isolation $isolation \
            --set duration="5000 s" --out "$folder/half/run" \
            >"$folder/said" 2>&1 &
        victim=$!
        for _ in $(seq 100); do
            [ -n "$(ls -A "$folder/half")" ] && break
            sleep 0.1
        done
        sleep 0.3
        kill -$signal $victim
        wait $victim 2>/dev/null
        for _ in $(seq 100); do
            [ -z "$(ls -A "$folder/half")" ] && ! pgrep -f "$folder/half" \
                >/dev/null && break
            sleep 0.1
        done
        if [ -z "$(ls -A "$folder/half")" ] &&
            ! pgrep -f "$folder/half" >/dev/null; then
            passed=$((passed + 1))
        else
            failed=$((failed + 1))
            echo "SIG$signal, $isolation: left $(ls -A "$folder/half")"
        fi
        rm -rf "$folder/half"
    done
done

# No stray process, no zombie.
if pgrep -f "$node" >/dev/null; then
    echo "stray node processes:"
    pgrep -af "$node"
    failed=$((failed + 1))
else
    passed=$((passed + 1))
fi
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
