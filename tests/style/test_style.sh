#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Every rule of the style check and every banned name, broken once: a rule
# that cannot fire guards nothing.
set -u

top=${srcdir:-$(dirname "$0")/../..}
top=$(cd "$top" && pwd) || exit 99
compiler=${CC:-cc} # may be of several words, such as "ccache gcc"
work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT
passed=0
failed=0

report() {
    if [ "$1" = 0 ]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAIL: $2"
    fi
}

# Put standard input into file $1 of an otherwise sound tree; the check has
# to say $2, or nothing when that is empty.
expect() {
    local file=$1 want=$2 said

    rm -rf "$work/tree"
    mkdir -p "$work/tree/$(dirname "$file")"
    mkdir -p "$work/tree/sim"
    printf '%s\n' '/* SPDX-License-Identifier: Apache-2.0 */' \
        'extern int queue_x;' >"$work/tree/sim/queue.c"
    cat >"$work/tree/$file"
    said=$("$top/tests/style/check_style.sh" "$work/tree" 2>&1)
    if [ -n "$want" ]; then
        grep -qF -- "$want" <<<"$said"
    else
        grep -q '^check_style: no mistakes' <<<"$said"
    fi
    report $? "expected '$want' of $file, found: $said"
}

spdx='/* SPDX-License-Identifier: Apache-2.0 */'

expect nodes/good.c '' <<<"$spdx"
expect nodes/bad.c 'nodes/bad.c:1: found no SPDX line' <<<'/* Nothing. */'
expect plots/bad.gp 'plots/bad.gp:1: found no SPDX line' <<<'# Nothing.'
expect nodes/bad.c 'nodes/bad.c:2: found 84 columns' <<END
$spdx
/* $(printf '%078d' 0) */
END
expect nodes/bad.c '' <<END
$spdx
/* clang-format off */
/* $(printf '%078d' 0) */
/* clang-format on */
END
expect nodes/bad.c 'nodes/bad.c:2: found a tab' <<END
$spdx
/*$(printf '\t') */
END
expect nodes/bad.c 'nodes/bad.c:2: found a space at the end' <<END
$spdx
/* */ 
END
for line in 'proto/x.h nodes/a.h' 'nodes/x.h netmodel/a.h' \
    'nodes/x.h sim/a.h' 'netmodel/x.h sim/a.h' 'sim/x.h tests/a.h'; do
    expect "${line% *}" "found ${line#* }, which is to the right" <<END
$spdx
#include "${line#* }"
END
done
expect nodes/x.h 'found nodes/host/ring.h in a node program' <<END
$spdx
#include "nodes/host/ring.h"
END
expect sim/x.h '' <<END
$spdx
#include "nodes/host/ring.h"
END
expect nodes/queue.c 'found the stem of nodes/queue' <<<"$spdx"
expect ARCHITECTURE.md 'found no sim/queue.c on the map' <<<'No map.'
expect ARCHITECTURE.md '' <<<'| `queue` | it |'
expect ARCHITECTURE.md 'found gone on the map' <<<'| `queue`, `gone` | it |'
expect sim/x.c 'sim/x.c:4: found 2 draws in one expression' <<END
$spdx
int x(void)
{
    return f(stream_u64(a), stream_below(a, 3));
}
END
expect sim/x.c 'found a draw inside MIN()' <<END
$spdx
int x = MIN(3,
            stream_u64(a));
END
expect sim/x.c '' <<END
$spdx
int x = stream_u64(a) > 3 && stream_u64(a) > 4;
END
expect sim/x.c 'sim/x.c:2: found %p' <<END
$spdx
const char *x = "%p";
END
if command -v clang-format >/dev/null 2>&1; then
    cp "$top/.clang-format" "$work"
    expect sim/x.c 'sim/x.c:2: not as clang-format' <<END
$spdx
int   x;
END
fi
if command -v shellcheck >/dev/null 2>&1; then
    expect tests/x.sh 'tests/x.sh:3' <<'END'
#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
cd $1
END
fi

# An object file that exports what is not its own.
rm -rf "$work/tree" "$work/built"
mkdir -p "$work/tree/sim" "$work/built/sim"
printf '%s\n' "$spdx" 'int pop;' 'int queue_x;' 'static int y;' \
    >"$work/tree/sim/queue.c"
$compiler -c -o "$work/built/sim/libsim_a-queue.o" \
    "$work/tree/sim/queue.c" 2>/dev/null
said=$("$top/tests/style/check_style.sh" "$work/tree" "$work/built" 2>&1)
[ "$(grep -c 'found .* exported' <<<"$said")" = 1 ] &&
    grep -qF 'sim/queue.c:1: found pop exported, expected queue_' <<<"$said"
report $? "an export that is not its own: $said"

# The banned names: each stops the compiler, and none does so by itself.
flags=$(pkg-config --cflags glib-2.0)
# What the compiler says about standard input; nothing when it compiles.
compile() {
    # shellcheck disable=SC2086  # words
    LC_ALL=C $compiler $flags -include "$top/nodes/banned.h" -c \
        -o "$work/x.o" -x c - 2>&1
}
said=$(compile <<<'struct x { int time, clock, rand; };')
[ -z "$said" ]
report $? "a member called time has to compile: $said"
for name in time clock sleep rand random; do
    case $name in
    time | sleep) call="$name(0)" ;;
    *) call="$name()" ;;
    esac
    said=$(compile <<<"long x(void) { return (long)$call; }")
    grep -q "banned_${name}_" <<<"$said"
    report $? "$name has to be banned: $said"
done
for name in $(sed -n 's/^#pragma GCC poison//p' "$top/nodes/banned.h"); do
    compile <<<"void *x(void) { return (void *)$name; }" | grep -q poisoned
    report $? "$name has to be poisoned"
done

# The line that libcheck prints, so that one counter serves all tests.
echo "$((100 * passed / (passed + failed)))%: Checks: $((passed + failed))," \
    "Failures: $failed, Errors: 0"
[ "$failed" = 0 ]
