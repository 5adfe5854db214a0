#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# `seedbed verify` on every scenario, and its digest beside the committed one
# of tests/golden/digests.txt. With --update it writes that file instead. The
# variable SEEDS says which seeds (1 2 3); others are not compared.
set -eu
srcdir=$(cd "${srcdir:-.}" && pwd)
golden=$srcdir/tests/golden/digests.txt
seeds=${SEEDS:-1 2 3}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
fresh=$folder/fresh
: >"$fresh"
bad=0

for scenario in "$srcdir"/tests/scenarios/*.yaml; do
    name=$(basename "$scenario" .yaml)
    for seed in $seeds; do
        code=0
        ./seedbed verify "$scenario" --seed "$seed" >"$folder/said" ||
            code=$?
        if [ $code -eq 0 ]; then
            digest=$(sed -n 's/^one digest //p' "$folder/said")
            echo "$name $seed $digest" | tee -a "$fresh"
        else
            cat "$folder/said"
            echo "check-determinism: $name, seed $seed: exit code $code" >&2
            bad=1
        fi
    done
done
if [ "${1:-}" = --update ] && [ $bad -eq 0 ]; then
    {
        echo "# scenario seed digest; \`make update-digests\` writes this."
        cat "$fresh"
    } >"$golden"
elif [ $bad -eq 0 ] && ! awk -v seeds=" $seeds " '
    !/^#/ && index(seeds, " " $2 " ")' "$golden" | diff - "$fresh"; then
    echo "check-determinism: not the digests of tests/golden/digests.txt (<)" >&2
    bad=1
fi
exit $bad
