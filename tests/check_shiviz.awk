# SPDX-License-Identifier: Apache-2.0
# Is the input a log for ShiViz's default parser, with true vector clocks? Each
# happening is two lines; a host's own entry is one more than before, no entry
# ever shrinks, and what arrives has seen what its sender had when it sent.
# Prints the number of happenings and of messages that arrived, or what is
# wrong.
function wrong(what)
{
    print "line " NR ": " what ": " $0
    failed = 1
    exit 1
}

function read_clock(text,    parts, count, i, pair)
{
    split("", clock)
    if (text !~ /^\{("[A-Za-z0-9]+":[0-9]+(, )?)+\}$/) {
        wrong("not a clock")
    }
    gsub(/[{}" ]/, "", text)
    count = split(text, parts, ",")
    for (i = 1; i <= count; i++) {
        split(parts[i], pair, ":")
        clock[pair[1]] = pair[2] + 0
    }
}

NR % 2 == 1 {
    if ($0 !~ /^\[[0-9]+\.[0-9]+\] [<>*!] /) {
        wrong("not a happening")
    }
    event = $0
    next
}

{
    host = $1
    read_clock(substr($0, length(host) + 2))
    if (clock[host] != own[host] + 1) {
        wrong("own entry after " own[host] + 0)
    }
    own[host] = clock[host]
    for (other in clock) {
        if (clock[other] < last[host, other]) {
            wrong("the entry of " other " shrinks")
        }
        last[host, other] = clock[other]
        if (clock[other] > own[other]) {
            wrong("knows of " other " what has not happened")
        }
    }
    count = split(event, words, " ")
    if (match(event, / m[0-9]+\.[0-9]+/)) {
        message = substr(event, RSTART + 1, RLENGTH - 1)
        if (words[2] == ">" && event !~ /lost:/) {
            sent_by[message] = host
            sent_at[message] = clock[host]
        } else if (words[2] == "<") {
            if (!(message in sent_by)) {
                wrong("nobody sent " message)
            }
            sender = sent_by[message]
            if (clock[sender] < sent_at[message]) {
                wrong("has not seen that " sender " sent " message)
            }
            arrived++
        }
    }
    happened++
}

END {
    if (failed) {
        exit 1
    }
    if (NR % 2 != 0 || happened == 0) {
        print "cut off after line " NR
        exit 1
    }
    print happened, arrived + 0
}
