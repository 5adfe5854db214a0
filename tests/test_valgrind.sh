#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Valgrind's memcheck over short runs of the main scenarios, in both
# isolations: no error, nothing definitely lost. `make check-valgrind`.
set -eu

srcdir=${srcdir:-.}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
status=0

command -v valgrind >/dev/null || exit 77
! grep -q '^#define SEEDBED_SANITIZE 1' config.h || exit 77

# GLib's own pools look like leaks.
G_SLICE=always-malloc
export G_SLICE

# name, options
check() {
    name=$1
    shift
    code=0
    valgrind --quiet --trace-children=yes --leak-check=full \
        --show-leak-kinds=definite --errors-for-leak-kinds=definite \
        --error-exitcode=99 --log-file="$folder/%p.log" \
        ./seedbed run "$srcdir/tests/scenarios/$name.yaml" --seed 1 \
        --set duration="3 s" "$@" --out "$folder/run" \
        >"$folder/said" 2>&1 || code=$?
    # A short run may miss what the whole scenario expects: exit 1 is fine.
    # What a node's process did wrong is in its own log only.
    if [ $code -gt 1 ] || cat "$folder"/*.log | grep -q '^==.*[^ ]'; then
        echo "test_valgrind: $name $*: exit code $code"
        cat "$folder"/*.log "$folder/said" | head -n 60
        status=1
    fi
    rm -f "$folder"/*.log
}

for name in echo-ring raft-chaos raft-disk raft-partition raft-streams; do
    check "$name"
done
check raft-chaos --workers 2
check raft-chaos --isolation process
check raft-chaos --trace text --capture pcap
exit $status
