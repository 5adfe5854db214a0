#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# The main job, for a first look: one run with a capture and a trace, its
# pictures, and what to type next. `make demo` and `./autogen.sh demo` run it.
#
#     tests/demo.sh SOURCE BUILD
set -eu

source=$1
build=$2
out=$build/out/demo
scenario=$source/tests/scenarios/raft-partition.yaml

"$build/seedbed" run "$scenario" --seed 1 --trace text --capture pcap \
    --out "$out"
"$build/seedbed" plot "$out" >/dev/null
echo
echo "  capture     $out/capture.pcap"
echo "  trace       $out/trace.txt"
for picture in "$out"/*.svg; do
    echo "  picture     $picture"
done
echo "  once more   $build/seedbed replay $out"
