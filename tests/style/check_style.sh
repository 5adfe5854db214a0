#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The rules of HACKING.md that a machine can judge. Prints one line for each
# mistake, `file:line: what`, and exits 1 when there was one.
#
#     tests/style/check_style.sh [SOURCE [BUILD]]
#
# SOURCE is the checkout. With BUILD, a folder in which it was built, the names
# that its object files export are judged too.
set -u
export LC_ALL=C

here=$(cd "$(dirname "$0")" && pwd)
source=${1:-$here/../..}
build=${2:-}
[ -z "$build" ] || build=$(cd "$build" && pwd) || exit 255
cd "$source" || exit 255
mistakes=0

# Each line of standard input is a mistake.
complain() {
    local line

    while IFS= read -r line; do
        echo "$line"
        mistakes=$((mistakes + 1))
    done
}

sources() {
    find proto nodes netmodel sim tests plots .ci -type f "$@" \
        ! -name '*.pb-c.[ch]' 2>/dev/null | sort
}

c_sources() {
    sources \( -name '*.c' -o -name '*.h' \)
}

has_spdx() {
    {
        sources \( -name '*.[ch]' -o -name '*.def' -o -name '*.mk' \
            -o -name '*.proto' -o -name '*.sh' -o -name '*.py' \
            -o -name '*.gp' -o -name '*.lua' -o -path '.ci/run' \)
        ls Makefile.am configure.ac autogen.sh 2>/dev/null
    } | while IFS= read -r file; do
        head -n 3 "$file" | grep -q 'SPDX-License-Identifier: Apache-2.0' ||
            echo "$file:1: found no SPDX line in the first three"
    done
}

# Tables that are wider say so to clang-format as well.
is_narrow() {
    c_sources | xargs -r awk '
        FNR == 1 { table = 0 }
        /clang-format off/ { table = 1 }
        /clang-format on/ { table = 0 }
        # Bytes that continue a UTF-8 character have no width.
        { line = $0; gsub(/[\200-\277]/, "", line) }
        !table && length(line) > 80 {
            print FILENAME ":" FNR ": found " length(line) " columns"
        }
        /\t/ { print FILENAME ":" FNR ": found a tab" }
        /[ \t]$/ { print FILENAME ":" FNR ": found a space at the end" }'
}

# proto -> nodes -> netmodel -> sim; only host files know nodes/host.
is_layered() {
    c_sources | xargs -r awk '
        BEGIN {
            rank["proto"] = 1; rank["nodes"] = 2; rank["netmodel"] = 3
            rank["sim"] = 4; rank["tests"] = 5
        }
        FNR == 1 { split(FILENAME, from, "/") }
        /^#include "/ {
            split($2, to, "\"")
            split(to[2], folder, "/")
            if (rank[folder[1]] > rank[from[1]]) {
                print FILENAME ":" FNR ": found " to[2] ", which is to the " \
                    "right of " from[1]
            }
            if (to[2] ~ /^nodes\/host\// && from[1] == "nodes" &&
                FILENAME !~ /^nodes\/host\// && FILENAME !~ /_process\.c$/) {
                print FILENAME ":" FNR ": found " to[2] " in a node program"
            }
        }'
}

# A stem is one noun in the whole project.
has_unique_stems() {
    c_sources | awk -F/ '
        {
            file = $0
            stem = $NF
            folder = substr(file, 1, length(file) - length(stem) - 1)
            sub(/\.[ch]$/, "", stem)
            # A program of tests/ may be called as what it tests.
            if (folder ~ /^tests/) {
                next
            }
            if (stem in where && where[stem] != folder) {
                print file ":1: found the stem of " where[stem] "/" stem
            }
            where[stem] = folder
        }'
}

# ARCHITECTURE.md has a line for every file, and none for files that are gone.
is_on_the_map() {
    local file stem name

    [ -f ARCHITECTURE.md ] || return
    find nodes netmodel sim -name '*.[ch]' ! -name '*.pb-c.[ch]' -o \
        -name '*.def' | sort | while IFS= read -r file; do
        name=$(basename "$file")
        stem=${name%.*}
        grep -qF -e "\`$name\`" -e "\`$stem\`" ARCHITECTURE.md ||
            echo "ARCHITECTURE.md:1: found no $file on the map"
    done
    # Only the tables: their rows begin with the files.
    sed -n 's/^| \(`[^|]*\)|.*/\1/p' ARCHITECTURE.md | grep -o '`[^`]*`' |
        tr -d '\`' | while IFS= read -r name; do
        case $name in
        *.*) find proto nodes netmodel sim -name "$name" ;;
        *) find nodes netmodel sim -name "$name.[ch]" ;;
        esac | grep -q . ||
            echo "ARCHITECTURE.md:1: found $name on the map, and no such file"
    done
}

# Without comments and texts, a statement at a time: two draws whose order the
# compiler may choose, and draws that MIN() and the like would repeat.
draws_in_order() {
    c_sources | grep -E '^(nodes|netmodel|sim)/' | xargs -r perl -0777 -ne '
        my $text = $_;
        # Keep newlines, so that lines can be counted.
        $text =~ s{(/\*.*?\*/|"(?:\\.|[^"\\])*")}
                  {my $gone = $1; $gone =~ s/[^\n]/ /g; $gone}gse;
        my $draw = qr/\b(?:stream_(?:u64|below)|dice_(?:u64|below)
                      |draw_\w+|\w+_draw)\s*\(/x;
        my $state = qr/\b(?:stream_(?:u64|below)|draw_\w+|\w+_draw)\s*\(/x;
        while ($text =~ /\b(MIN|MAX|CLAMP|ABS)\s*(\((?:[^()]++|(?2))*\))/g) {
            my ($macro, $inside, $at) = ($1, $2, $-[0]);
            next if $inside !~ $draw;
            my $line = 1 + (substr($text, 0, $at) =~ tr/\n//);
            print "$ARGV:$line: found a draw inside $macro()\n";
        }
        while ($text =~ /([^;{}]+)/g) {
            my ($statement, $at) = ($1, $-[0]);
            next if $statement =~ /^\s*#/m;
            # These have an order of their own.
            for my $part (split /&&|\|\||[?:]/, $statement) {
                my $count = () = $part =~ /$state/g;
                next if $count < 2;
                my $line = 1 + (substr($text, 0, $at) =~ tr/\n//);
                $line += ($statement =~ /^(\s*)/)[0] =~ tr/\n//;
                print "$ARGV:$line: found $count draws in one expression\n";
            }
        }'
}

# Addresses differ from run to run; nobody prints one.
prints_no_address() {
    c_sources | grep -E '^(nodes|netmodel|sim)/' |
        xargs -r grep -nE '"[^"]*%p' /dev/null |
        sed 's/^\([^:]*:[0-9]*\):.*/\1: found %p/'
}

is_formatted() {
    if ! command -v clang-format >/dev/null 2>&1; then
        echo "check_style: no clang-format, formatting is not judged" >&2
        return
    fi
    c_sources | grep -v distribution_tables.c |
        xargs -r clang-format --dry-run -Werror 2>&1 |
        sed -n 's/^\([^ ]*:[0-9]*\):[0-9]*: error: .*/\1: not as clang-format/p' |
        awk -F: '!seen[$1]++ { print $0 " would have it; run clang-format -i " $1 }'
}

scripts_are_sound() {
    if ! command -v shellcheck >/dev/null 2>&1; then
        echo "check_style: no shellcheck, scripts are not judged" >&2
        return
    fi
    {
        sources \( -name '*.sh' -o -path '.ci/run' \)
        ls autogen.sh 2>/dev/null
    } | xargs -r shellcheck -S warning -f gcc
}

# A name that a file exports begins with the file's stem, or with the first
# word of it where a noun was split into several files.
exports_its_stem() {
    local object stem folder name

    [ -n "$build" ] || return
    (cd "$build" && find nodes netmodel sim -name '*.o' ! -name '*.pb-c.o') |
        sort | while IFS= read -r object; do
        folder=$(dirname "$object")
        stem=$(basename "$object" .o)
        # Automake puts the program or library before a dash.
        stem=${stem##*-}
        [ -f "$folder/$stem.c" ] || continue
        while IFS= read -r name; do
            echo "$folder/$stem.c $name"
        done < <(nm -g --defined-only "$build/$object" |
            awk '$2 ~ /[TDBRVW]/ { print $3 }')
    done | sort -u | while read -r file name; do
        [ "$name" != main ] || continue
        # Instrumentation brings names of its own.
        case $name in __*) continue ;; esac
        grep -qsxF "$file $name" "$here/exports.allow" && continue
        stem=$(basename "$file" .c)
        case $name in
        "$stem" | "$stem"_* | "${stem%%_*}"_*) ;;
        *) echo "$file:1: found $name exported, expected ${stem}_..." ;;
        esac
    done
}

for rule in has_spdx is_narrow is_layered has_unique_stems \
    is_on_the_map draws_in_order prints_no_address is_formatted \
    scripts_are_sound exports_its_stem; do
    complain < <("$rule")
done
if [ "$mistakes" -gt 0 ]; then
    echo "check_style: $mistakes mistakes" >&2
    exit 1
fi
echo "check_style: no mistakes"
