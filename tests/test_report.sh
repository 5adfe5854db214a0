#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The page about a run: there after a violation, made by `seedbed report` for
# any run, self-contained, the same twice; what the files hold stays text; what
# is no run is one clear line.
set -eu

srcdir=${srcdir:-.}
source=$(cd "$srcdir" && pwd)
seedbed=$(pwd)/seedbed
SEEDBED_PLOTS=$source/plots
export SEEDBED_PLOTS

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

fail() {
    echo "test_report: $*" >&2
    exit 1
}

has() {
    grep -q -F -e "$2" "$1" || fail "$1: no $2"
}

has_not() {
    if grep -n -F -e "$2" "$1" | cut -c 1-200 | grep .; then
        fail "$1: has $2"
    fi
}

# page: nothing of it comes from elsewhere, and what opens closes.
judge() {
    [ -s "$1" ] || fail "no $1"
    if grep -n -E -i '<(link|iframe|object|embed|base)|@import|src="[^d]|href=' \
        "$1" | cut -c 1-200 | grep .; then
        fail "$1: not self-contained"
    fi
    for tag in html head body section div svg g text title style script pre \
        details table figure dl ul; do
        opened=$(grep -o -E "<${tag}[ >]" "$1" | wc -l)
        closed=$(grep -o "</$tag>" "$1" | wc -l)
        [ "$opened" -eq "$closed" ] ||
            fail "$1: $opened <$tag>, $closed </$tag>"
    done
    has "$1" "default-src 'none'"
    has "$1" 'id="timeline"'
    has "$1" '>virtual time (s)</text>'
}

# A violation leaves the page by itself: of a title that means harm, too.
harm='<script>alert("1")</script> & "so" on'
run=$folder/run
if "$seedbed" run "$source/tests/scenarios/raft-partition.yaml" --seed 7 \
    --set "title=$harm" --set duration="6 s" \
    --set 'expect.elections=40..' --quiet --out "$run"; then
    fail "40 elections: pass"
fi
page=$run/report.html
judge "$page"
has "$page" '✗ VIOLATED'
has "$page" 'expected elections &gt;= 40'
has "$page" '<tr class="broken"><td>✗</td><td>elections &gt;= 40</td>'
has "$page" "seedbed replay $run"
has "$page" 'fault 1 of the plan: partition'
has "$page" 'id="diagram"'
has "$page" 'class="m arrived"'
has "$page" 'is elected leader of term 1'
has "$page" '&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt; &amp;'
has_not "$page" '<script>alert'
tail -n 1 "$run/last_events.txt" | sed 's/&/\&amp;/g; s/</\&lt;/g;
    s/>/\&gt;/g; s/"/\&quot;/g' >"$folder/last"
has "$page" "$(cat "$folder/last")"
if command -v gnuplot >/dev/null; then
    has "$page" '<img alt="latency" src="data:image/svg+xml;base64,'
else
    has "$page" 'Not drawn: gnuplot is not installed'
fi

# What any other file says is text as well; a picture stays a picture.
cp -r "$run" "$folder/harm"
printf '<svg xmlns="http://www.w3.org/2000/svg"><script>x</script></svg>' \
    >"$folder/harm/linear.svg"
sed 's/expected elections/<script>x<\/script>/; s/"elections"/"<b>"/' \
    "$run/run.json" >"$folder/harm/run.json"
printf '# </pre><script>x</script>\n' >>"$folder/harm/plan.yaml"
printf '[  5.999999999] node 1 * </title><script>x</script>\n' \
    >>"$folder/harm/last_events.txt"
sed '2s/partition/<script>x<\/script>/' "$run/faults.csv" \
    >"$folder/harm/faults.csv"
"$seedbed" report "$folder/harm" >"$folder/out"
[ "$(cat "$folder/out")" = "$folder/harm/report.html" ] || fail "said otherwise"
judge "$folder/harm/report.html"
has_not "$folder/harm/report.html" '<script>x'
has "$folder/harm/report.html" '&lt;script&gt;x'
has "$folder/harm/report.html" '<img alt="linear"'

# The same twice; and without gnuplot it says so.
cp "$folder/harm/report.html" "$folder/first"
"$seedbed" report "$folder/harm" --quiet
cmp "$folder/first" "$folder/harm/report.html" || fail "not the same twice"
rm -f "$folder/harm"/*.svg "$folder/harm"/*.png
PATH=/nowhere "$seedbed" report "$folder/harm" --quiet
judge "$folder/harm/report.html"
has "$folder/harm/report.html" 'Not drawn: gnuplot is not installed'

# A run that passes has no page until it is asked for; a trace gives it its
# last events.
"$seedbed" run "$source/tests/scenarios/echo-ring.yaml" --quiet \
    --out "$folder/pass"
[ ! -e "$folder/pass/report.html" ] || fail "a page nobody asked for"
"$seedbed" report "$folder/pass" --quiet
judge "$folder/pass/report.html"
has "$folder/pass/report.html" '✓ PASS'
has "$folder/pass/report.html" 'seedbed replay --trace text'
"$seedbed" replay "$folder/pass" --trace text --quiet
"$seedbed" report "$folder/pass" --quiet
has "$folder/pass/report.html" 'class="m arrived"'

# What is no run, or not all of one: one line, 254, and no page.
refuse() {
    rm -f "$folder/odd/report.html"
    if "$seedbed" report "$folder/odd" >"$folder/out" 2>"$folder/err"; then
        fail "$1: taken"
    elif [ $? -ne 254 ] || [ "$(wc -l <"$folder/err")" -ne 1 ] ||
        [ -s "$folder/out" ]; then
        fail "$1: $(cat "$folder/err")"
    fi
    has "$folder/err" "$1"
    [ ! -e "$folder/odd/report.html" ] || fail "$1: a page is left"
}
refuse 'not a folder'
mkdir "$folder/odd"
refuse 'no run.json in it'
while IFS='|' read -r file text line; do
    rm -rf "$folder/odd"
    cp -r "$run" "$folder/odd"
    if [ -n "$text" ]; then
        # shellcheck disable=SC2059
        printf "$text" >"$folder/odd/$file"
    else
        rm "$folder/odd/$file"
    fi
    refuse "$line"
done <<'END'
run.json|{|run.json: 
run.json|[]|expected the JSON object of a run
run.json|{"scenario": 7}|key "scenario" is missing
run.json|{"scenario": "a", "seed": "1", "verdict": []}|key "verdict" is missing
roles.csv||no roles.csv in it
roles.csv|a,b\n|found other columns
roles.csv|node,role,term,start_ns,end_ns\n1,9,0,0,1\n|roles.csv:2: found '1,9,0,0,1'
roles.csv|node,role,term,start_ns,end_ns\n1,1\n|roles.csv:2: found '1,1'
faults.csv||no faults.csv in it
faults.csv|line,kind,start_ns,end_ns,whom\n1,crash,9,8,n1\n|faults.csv:2: found
END
# Older ones without the rest still get their page.
rm -rf "$folder/odd"
mkdir "$folder/odd"
cp "$run/run.json" "$run/roles.csv" "$folder/odd"
echo 'line,kind,start_ns,end_ns,whom' >"$folder/odd/faults.csv"
"$seedbed" report "$folder/odd" --quiet
judge "$folder/odd/report.html"
