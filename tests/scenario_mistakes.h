/* SPDX-License-Identifier: Apache-2.0 */
/* Broken scenarios, or --set options laid over a good one, and the line that
 * each is answered with. Read them as a user would: does the line help? */
#ifndef SEEDBED_TESTS_SCENARIO_MISTAKES_H
#define SEEDBED_TESTS_SCENARIO_MISTAKES_H

static const struct {
    const char *text; /* of x.yaml */
    const char *set;  /* or NULL */
    const char *want;
} mistakes[] = {
    {"nodes:\n  cuont: 3\n", NULL,
     "x.yaml:2:3: nodes.cuont: found an unknown key, did you mean \"count\"?"},
    {"nodes:\n  count: many\n", NULL,
     "x.yaml:2:10: nodes.count: found \"many\", expected a whole number such "
     "as 5"},
    {"nodes:\n  count: 0\n", NULL,
     "x.yaml:2:10: nodes.count: found \"0\", expected 1..1024"},
    {"nodes:\n  count: 2000\n", NULL,
     "x.yaml:2:10: nodes.count: found \"2000\", expected 1..1024"},
    {"nodes:\n  count: -1\n", NULL,
     "x.yaml:2:10: nodes.count: found \"-1\", expected a whole number such as "
     "5"},
    {"nodes: 5\n", NULL,
     "x.yaml:1:8: nodes: found \"5\", expected a map of keys"},
    {"nodes: [5]\n", NULL,
     "x.yaml:1:8: nodes: found a list, expected a map of keys"},
    {"duration: 5\n", NULL,
     "x.yaml:1:11: duration: found \"5\", expected a duration with a unit such "
     "as \"30 s\""},
    {"duration: 5 parsecs\n", NULL,
     "x.yaml:1:11: duration: found \"5 parsecs\", expected a duration with a "
     "unit such as \"30 s\""},
    {"duration: 0 s\n", NULL,
     "x.yaml:1:11: duration: found \"0 s\", expected 1 ns..30 d"},
    {"duration: 400 d\n", NULL,
     "x.yaml:1:11: duration: found \"400 d\", expected 1 ns..30 d"},
    {"duration: 100000000000 s\n", NULL,
     "x.yaml:1:11: duration: found \"100000000000 s\", expected 1 ns..30 d"},
    {"duration: 100000000000 parsecs\n", NULL,
     "x.yaml:1:11: duration: found \"100000000000 parsecs\", expected a "
     "duration with a unit such as \"30 s\""},
    {"nodes:\n  count: 1000000000000000000000000\n", NULL,
     "x.yaml:2:10: nodes.count: found \"1000000000000000000000000\", expected "
     "1..1024"},
    {"nodes:\n  memory: 99999999999999999999 GiB\n", NULL,
     "x.yaml:2:11: nodes.memory: found \"99999999999999999999 GiB\", expected "
     "0 B..1048576 TiB"},
    {"duration: 1 s\n",
     "nodes=", "--set nodes=: nodes: found nothing, expected a map of keys"},
    {"duration: 1 s\n", "nodes.config=",
     "--set nodes.config=: nodes.config: found nothing, expected a map of "
     "keys"},
    {"duration: 1 s\n", "clients=",
     "--set clients=: clients: found nothing, expected a list of maps"},
    {"network:\n  regions: us\nnodes:\n  regions: [us-east-1]\n", NULL,
     "x.yaml:2:3: network.regions: found it beside nodes.regions, expected one "
     "or the other"},
    {"faults:\n  timed:\n"
     "    - {at: 1 s, kind: partition, groups: [[n1, n2], [n2, n3]]}\n",
     NULL,
     "x.yaml:3:42: faults.timed.0.groups: found n2 in two groups, expected "
     "groups without a common node"},
    {"duration:\n", NULL,
     "x.yaml:1:10: duration: found nothing, expected a duration with a unit "
     "such as \"30 s\""},
    {"duration: [1 s]\n", NULL,
     "x.yaml:1:11: duration: found a list, expected a duration with a unit "
     "such as \"30 s\""},
    {"duration: {choose: []}\n", NULL,
     "x.yaml:1:11: duration: found a map, expected a value or {choose: [...]}"},
    {"duration: {chose: [1 s]}\n", NULL,
     "x.yaml:1:11: duration: found a map, expected a value or {choose: [...]}"},
    {"duration: 9..5 s\n", NULL,
     "x.yaml:1:11: duration: found \"9..5 s\", expected a duration with a unit "
     "such as \"30 s\""},
    {"duration: 1 s\nduration: 2 s\n", NULL,
     "x.yaml:2:1: found the key \"duration\" again, expected it once (first in "
     "line 1)"},
    {"durration: 5 s\n", NULL,
     "x.yaml:1:1: durration: found an unknown key, did you mean \"duration\"?"},
    {"frobnicate: 5 s\n", NULL,
     "x.yaml:1:1: frobnicate: found an unknown key, expected one of name, "
     "title, duration, nodes, network, disk, clients, faults, expect, "
     "buggify, explore"},
    {"faults: {nemesis: partition}\n", NULL,
     "x.yaml:1:19: faults.nemesis: found \"partition\", expected a list of "
     "packages such as [partition, kill]"},
    {"faults: {nemesis: [partition, earthquake]}\n", NULL,
     "x.yaml:1:31: faults.nemesis.1: found \"earthquake\", expected one of "
     "partition, kill, pause, clock, packet, disk"},
    {"faults: {nemesis: [kill, kill]}\n", NULL,
     "x.yaml:1:26: faults.nemesis.1: found \"kill\", expected each package at "
     "most once"},
    {"faults: {swarm: {on: 50}}\n", NULL,
     "x.yaml:1:22: faults.swarm.on: found \"50\", expected a percentage such "
     "as \"99%\""},
    {"faults: {swarm: {on: \"50%\", strength: 4..1}}\n", NULL,
     "x.yaml:1:39: faults.swarm.strength: found \"4..1\", expected a number or "
     "a range such as \"0.25..4\""},
    {"faults: {swarm: {on: \"50%\", strength: 0..1}}\n", NULL,
     "x.yaml:1:39: faults.swarm.strength: found \"0..1\", expected "
     "0.001..1000"},
    {"name: a/b\n", NULL,
     "x.yaml:1:7: name: found \"a/b\", expected a name of letters, digits, - _ "
     "and ."},
    {"name: .hidden\n", NULL,
     "x.yaml:1:7: name: found \".hidden\", expected a name of letters, digits, "
     "- _ and ."},
    {"title: \"two\\nlines\"\n", NULL,
     "x.yaml:1:8: title: found \"two\\nlines\", expected text of one line"},
    {"network:\n  links: delay 10\n", NULL,
     "x.yaml:2:10: network.links: delay: found '10', expected a time with ns, "
     "us, ms, s or min, such as 100ms, whole nanoseconds below 52 days"},
    {"network:\n  links: delai 10ms\n", NULL,
     "x.yaml:2:10: network.links: found 'delai', expected one of delay, loss, "
     "duplicate, corrupt, reorder, rate, limit, limit-bytes, mtu"},
    {"network:\n  links: [delay]\n", NULL,
     "x.yaml:2:10: network.links: found a list, expected netem words such as "
     "\"delay 10ms 2ms\""},
    {"network:\n  floor: 0\n", NULL,
     "x.yaml:2:10: network.floor: found \"0\", expected 1 ns..30 d"},
    {"network:\n  topology: pentagram\n", NULL,
     "x.yaml:2:13: network.topology: found 'pentagram', expected mesh, ring, "
     "line, star or an edge such as 1-2 or 1>2 between two of the nodes 1..5"},
    {"network:\n  topology: \"1-9\"\n", NULL,
     "x.yaml:2:13: network.topology: found '1-9', expected mesh, ring, line, "
     "star or an edge such as 1-2 or 1>2 between two of the nodes 1..5"},
    {"network:\n  rules: {from: n1}\n", NULL,
     "x.yaml:2:10: network.rules: found a map, expected a list of maps"},
    {"network:\n  rules:\n    - {from: n1}\n", NULL,
     "x.yaml:3:7: network.rules.0: found no key \"netem\", expected one"},
    {"network:\n  rules:\n    - {from: n9, netem: loss 1%}\n", NULL,
     "x.yaml:3:14: network.rules.0.from: found \"n9\", expected a node n1..n5"},
    {"network:\n  rules:\n    - {form: n1, netem: loss 1%}\n", NULL,
     "x.yaml:3:8: network.rules.0.form: found an unknown key, did you mean "
     "\"from\"?"},
    {"network:\n  stream:\n    retry: fast\n", NULL,
     "x.yaml:3:12: network.stream.retry: found \"fast\", expected a duration "
     "with a unit such as \"30 s\""},
    {"network:\n  stream: 5\n", NULL,
     "x.yaml:2:11: network.stream: found \"5\", expected a map of keys"},
    {"network:\n  regions: mars\n", NULL,
     "x.yaml:2:12: network.regions: found \"mars\", expected one of us, "
     "europe, atlantic, pacific, global, world"},
    {"nodes:\n  regions: [atlantis]\n", NULL,
     "x.yaml:2:13: nodes.regions: found \"atlantis\", expected one of "
     "us-east-1, us-east-2, us-west-2, ca-central-1, sa-east-1, eu-west-1, "
     "eu-west-2, eu-central-1, eu-north-1, af-south-1, ap-south-1, "
     "ap-southeast-1, ap-southeast-2, ap-northeast-1"},
    {"nodes:\n  regions: eu\n", NULL,
     "x.yaml:2:12: nodes.regions: found \"eu\", expected a list of regions"},
    {"nodes:\n  count: 1\n  regions: [us-east-1, us-east-2]\n", NULL,
     "x.yaml:3:12: nodes.regions: found 2 regions, expected at most one for "
     "each of the 1 nodes"},
    {"nodes:\n  clock:\n    drift: 5\n", NULL,
     "x.yaml:3:12: nodes.clock.drift: found \"5\", expected parts per million "
     "such as \"50 ppm\""},
    {"nodes:\n  clock:\n    drift: 2000000 ppm\n", NULL,
     "x.yaml:3:12: nodes.clock.drift: found \"2000000 ppm\", expected 0 "
     "ppm..100000 ppm"},
    {"nodes:\n  memory: lots\n", NULL,
     "x.yaml:2:11: nodes.memory: found \"lots\", expected a size such as \"64 "
     "KiB\""},
    {"nodes:\n  config: [a]\n", NULL,
     "x.yaml:2:11: nodes.config: found a list, expected a map of keys for the "
     "program"},
    {"nodes:\n  config:\n    a=b: 1\n", NULL,
     "x.yaml:3:5: nodes.config: found a key that is no word, expected letters, "
     "digits, - and _"},
    {"nodes:\n  config:\n    a: [1]\n", NULL,
     "x.yaml:3:8: nodes.config.a: found a list, expected text of one line, "
     "{draw: \"A..B\"} or {choose: [...]}"},
    {"nodes:\n  config:\n    a: {draw: wide}\n", NULL,
     "x.yaml:3:15: nodes.config.a: found \"wide\", expected a range such as "
     "\"150..300 ms\""},
    {"disk:\n  rate: 5\n", NULL,
     "x.yaml:2:9: disk.rate: found \"5\", expected a rate such as \"100 "
     "MiB/s\" or \"10 Mbit\""},
    {"disk:\n  size: 1 MHz\n", NULL,
     "x.yaml:2:9: disk.size: found \"1 MHz\", expected a size such as \"64 "
     "KiB\""},
    {"clients: 5\n", NULL,
     "x.yaml:1:10: clients: found \"5\", expected a list of maps"},
    {"clients:\n  - 5\n", NULL,
     "x.yaml:2:5: clients.0: found \"5\", expected a map of keys"},
    {"clients:\n  - {cout: 5}\n", NULL,
     "x.yaml:2:6: clients.0.cout: found an unknown key, did you mean "
     "\"count\"?"},
    {"clients:\n  - {rate: 5}\n", NULL,
     "x.yaml:2:12: clients.0.rate: found \"5\", expected operations per time "
     "such as \"100/s\""},
    {"clients:\n  - {rate: \"5/s\", think: 1 ms}\n", NULL,
     "x.yaml:2:19: clients.0.think: found a key of closed-loop clients beside "
     "rate, expected one or the other"},
    {"clients:\n  - {rate: \"5/s\",\n     outstanding: 2}\n", NULL,
     "x.yaml:3:6: clients.0.outstanding: found a key of closed-loop clients "
     "beside rate, expected one or the other"},
    {"clients:\n  - {mix: 5}\n", NULL,
     "x.yaml:2:11: clients.0.mix: found \"5\", expected a map of weights such "
     "as {read: 50, write: 50}"},
    {"clients:\n  - {mix: {reed: 5}}\n", NULL,
     "x.yaml:2:12: clients.0.mix: found an unknown operation, expected one of "
     "read, write, cas, append, delete"},
    {"clients:\n  - {mix: {read: 0}}\n", NULL,
     "x.yaml:2:11: clients.0.mix: found no weight above 0, expected one"},
    {"clients:\n  - {mix: {read: x}}\n", NULL,
     "x.yaml:2:18: clients.0.mix.read: found \"x\", expected a whole number "
     "such as 5"},
    {"clients:\n  - {value_size: 4 B}\n", NULL,
     "x.yaml:2:18: clients.0.value_size: found \"4 B\", expected 8 B..1 MiB"},
    {"clients:\n  - {value_size: 2 MiB}\n", NULL,
     "x.yaml:2:18: clients.0.value_size: found \"2 MiB\", expected 8 B..1 MiB"},
    {"clients:\n  - {start: 5 s, stop: 4 s}\n", NULL,
     "x.yaml:2:24: clients.0.stop: found \"4 s\", expected a time after the "
     "group's start"},
    {"clients:\n  - {zipf: steep}\n", NULL,
     "x.yaml:2:12: clients.0.zipf: found \"steep\", expected a number such as "
     "0.99"},
    {"clients:\n  - {count: 4000}\n  - {count: 4000}\n", NULL,
     "x.yaml:2:3: clients: found 8005 nodes and clients, expected at most "
     "4095"},
    {"clients:\n  - {region: moon}\n", NULL,
     "x.yaml:2:14: clients.0.region: found \"moon\", expected one of "
     "us-east-1, us-east-2, us-west-2, ca-central-1, sa-east-1, eu-west-1, "
     "eu-west-2, eu-central-1, eu-north-1, af-south-1, ap-south-1, "
     "ap-southeast-1, ap-southeast-2, ap-northeast-1"},
    {"faults:\n  budget: lots\n", NULL,
     "x.yaml:2:11: faults.budget: found \"lots\", expected quorum or none"},
    {"faults:\n  start: 5 s\n  stop: 4 s\n", NULL,
     "x.yaml:3:9: faults.stop: found \"4 s\", expected a time after "
     "faults.start"},
    {"faults:\n  timed: 5\n", NULL,
     "x.yaml:2:10: faults.timed: found \"5\", expected a list of maps"},
    {"faults:\n  timed:\n    - crash\n", NULL,
     "x.yaml:3:7: faults.timed.0: found \"crash\", expected a fault such as "
     "{at: \"5 s\", kind: crash, nodes: one}"},
    {"faults:\n  timed:\n    - {kind: crash, nodes: one}\n", NULL,
     "x.yaml:3:7: faults.timed.0: found no key \"at\", expected one"},
    {"faults:\n  timed:\n    - {at: 1 s, nodes: one}\n", NULL,
     "x.yaml:3:7: faults.timed.0: found no key \"kind\", expected one"},
    {"faults:\n  timed:\n    - {at: 1 s, kind: crahs, nodes: one}\n", NULL,
     "x.yaml:3:23: faults.timed.0.kind: found \"crahs\", expected a fault "
     "kind: did you mean \"crash\"?"},
    {"faults:\n  timed:\n    - {at: 1 s, kind: meteor, nodes: one}\n", NULL,
     "x.yaml:3:23: faults.timed.0.kind: found \"meteor\", expected one of "
     "crash, kill, pause, slow, memory, partition, partition-one-way, "
     "partition-bridge, partition-ring, flap, clog, clog-swizzle, link, "
     "clock-step, clock-drift, disk-slow, disk-full, disk-eio, disk-lost-sync, "
     "disk-bit-flip, disk-misdirect, disk-wipe, heal-core, redraw"},
    {"faults:\n  random:\n    - {kind: heal-core, every: 3 s}\n", NULL,
     "x.yaml:3:14: faults.random.0.kind: found \"heal-core\", expected a fault "
     "that comes more than once: expect.liveness heals a core"},
    {"faults:\n  timed:\n    - {at: 1 s, kind: crash}\n", NULL,
     "x.yaml:3:7: faults.timed.0: found no key \"nodes\", expected one: crash "
     "needs it"},
    {"faults:\n  timed:\n    - {at: 1 s, kind: crash, nodes: n6}\n", NULL,
     "x.yaml:3:37: faults.timed.0.nodes: found \"n6\", expected a node n1..n5"},
    {"faults:\n  timed:\n    - {at: 1 s, kind: crash, nodes: everyone}\n", NULL,
     "x.yaml:3:37: faults.timed.0.nodes: found \"everyone\", expected all, "
     "one, minority, majority, leader, followers, clients, rest, n1, "
     "region:NAME or a list such as [n1, n2]"},
    {"faults:\n  timed:\n    - {at: 1 s, kind: crash, nodes: []}\n", NULL,
     "x.yaml:3:37: faults.timed.0.nodes: found an empty list, expected all, "
     "one, minority, majority, leader, followers, clients, rest, n1, "
     "region:NAME or a list such as [n1, n2]"},
    {"faults:\n  timed:\n    - {at: 1 s, kind: crash, nodes: one, netem: loss "
     "1%}\n",
     NULL,
     "x.yaml:3:42: faults.timed.0.netem: found a key that crash does not take, "
     "expected none"},
    {"faults:\n  timed:\n    - {at: 1 s, kind: slow, nodes: one}\n", NULL,
     "x.yaml:3:7: faults.timed.0: found no key \"amount\", expected one: slow "
     "needs it"},
    {"faults:\n  timed:\n    - {at: 1 s, kind: slow, nodes: one, amount: 5 "
     "MiB}\n",
     NULL,
     "x.yaml:3:49: faults.timed.0.amount: found \"5 MiB\", expected a duration "
     "with a unit such as \"30 s\""},
    {"faults:\n  timed:\n    - {at: 1 s, kind: memory, nodes: one, amount: 5 "
     "ms}\n",
     NULL,
     "x.yaml:3:51: faults.timed.0.amount: found \"5 ms\", expected a size such "
     "as \"64 KiB\""},
    {"faults:\n  timed:\n    - {at: 1 s, kind: clock-drift, nodes: one, "
     "amount: 5 ms}\n",
     NULL,
     "x.yaml:3:56: faults.timed.0.amount: found \"5 ms\", expected parts per "
     "million such as \"50 ppm\""},
    {"faults:\n  timed:\n    - {at: 1 s, kind: flap, nodes: one}\n", NULL,
     "x.yaml:3:7: faults.timed.0: found no key \"period\", expected one: flap "
     "needs it"},
    {"faults:\n  timed:\n    - {at: 1 s, kind: link, nodes: one}\n", NULL,
     "x.yaml:3:7: faults.timed.0: found no key \"netem\", expected one: link "
     "needs it"},
    {"faults:\n  timed:\n    - {at: 1 s, kind: link, nodes: one, netem: los "
     "1%}\n",
     NULL,
     "x.yaml:3:48: faults.timed.0.netem: found 'los', expected one of delay, "
     "loss, duplicate, corrupt, reorder, rate, limit, limit-bytes, mtu"},
    {"faults:\n  timed:\n    - {at: 1 s, kind: partition, groups: [n1]}\n",
     NULL,
     "x.yaml:3:42: faults.timed.0.groups: found a list, expected two or more "
     "groups such as [[n1, n2], rest]"},
    {"faults:\n  timed:\n    - {at: 1 s, kind: partition, groups: [n1, n2], "
     "to: n3}\n",
     NULL,
     "x.yaml:3:7: faults.timed.0: found groups beside nodes or to, expected "
     "one or the other"},
    {"faults:\n  timed:\n    - {n: 1, at: 1 s, kind: crash, nodes: one}\n    - "
     "{n: 1, at: 2 s, kind: crash, nodes: one}\n",
     NULL,
     "x.yaml:4:11: faults.timed.1.n: found \"1\", expected a number that no "
     "earlier line has"},
    {"faults:\n  random:\n    - {kind: crash}\n", NULL,
     "x.yaml:3:7: faults.random.0: found no key \"every\", expected one"},
    {"faults:\n  random:\n    - {kind: crash, every: 1 us}\n", NULL,
     "x.yaml:3:28: faults.random.0.every: found \"1 us\", expected 1 ms..30 d"},
    {"faults:\n  random:\n    - {kind: crash, every: 1 ms}\n    - {kind: kill, "
     "every: 1 ms}\n    - {kind: pause, every: 1 ms}\n",
     NULL,
     "x.yaml:3:5: faults.random: found rates for about 30000 faults, expected "
     "at most 20000"},
    {"faults:\n  random:\n    - {kind: crash, every: 1 s, for: 3..1 s}\n", NULL,
     "x.yaml:3:38: faults.random.0.for: found \"3..1 s\", expected a duration "
     "or a range such as \"150..300 ms\""},
    {"faults:\n  random:\n    - {kind: crash, every: 1 s, for: 0}\n", NULL,
     "x.yaml:3:38: faults.random.0.for: found \"0\", expected 1 ns..30 d"},
    {"faults:\n  random:\n    - {kind: crash, every: 1 s, amount: 5}\n", NULL,
     "x.yaml:3:33: faults.random.0.amount: found a key that crash does not "
     "take, expected none"},
    {"faults:\n  random:\n    - {kind: clock-step, every: 1 s}\n", NULL,
     "x.yaml:3:7: faults.random.0: found no key \"amount\", expected one: "
     "clock-step needs it"},
    {"faults:\n  budget: quorum\n  random:\n    - {kind: crash, every: 1 s, "
     "nodes: majority}\n",
     NULL,
     "x.yaml:4:40: faults.random.0.nodes: found \"majority\", expected at most "
     "a minority, as faults.budget is quorum"},
    {"expect:\n  safety: maybe\n", NULL,
     "x.yaml:2:11: expect.safety: found \"maybe\", expected true or false"},
    {"expect:\n  elections: 5..1\n", NULL,
     "x.yaml:2:14: expect.elections: found \"5..1\", expected whole numbers "
     "A..B or A.."},
    {"expect:\n  elections: few\n", NULL,
     "x.yaml:2:14: expect.elections: found \"few\", expected whole numbers "
     "A..B or A.."},
    {"expect:\n  availability: 101%\n", NULL,
     "x.yaml:2:17: expect.availability: found \"101%\", expected a percentage "
     "such as \"99%\""},
    {"expect:\n  availability: 0.9\n", NULL,
     "x.yaml:2:17: expect.availability: found \"0.9\", expected a percentage "
     "such as \"99%\""},
    {"expect:\n  leader_within: soon\n", NULL,
     "x.yaml:2:18: expect.leader_within: found \"soon\", expected a duration "
     "with a unit such as \"30 s\""},
    {"expect:\n  criteria: availability\n", NULL,
     "x.yaml:2:13: expect.criteria: found \"availability\", expected a list of "
     "lines such as \"availability >= 99%\""},
    {"expect:\n  criteria: [leader within 2 s of start, latency.p99 < 5 ms]\n",
     NULL,
     "x.yaml:2:42: expect.criteria.1: found \"<\", expected >= or <= and a "
     "value"},
    {"expect:\n  criteria: [{a: b}]\n", NULL,
     "x.yaml:2:14: expect.criteria.0: found a map, expected a line such as "
     "\"availability >= 99%\""},
    {"expect:\n  liveness: {within: 5}\n", NULL,
     "x.yaml:2:22: expect.liveness.within: found \"5\", expected a duration "
     "with a unit such as \"30 s\""},
    {"expect:\n  liveness: {core: minority}\n", NULL,
     "x.yaml:2:20: expect.liveness.core: found \"minority\", expected at least "
     "a majority of the nodes"},
    {"explore:\n  spread: wide\n", NULL,
     "x.yaml:2:11: explore.spread: found \"wide\", expected a duration with a "
     "unit such as \"30 s\""},
    {"explore.spread: 1 ms\n", NULL,
     "x.yaml:1:1: explore.spread: found an unknown key, expected one of name, "
     "title, duration, nodes, network, disk, clients, faults, expect, "
     "buggify, explore"},
    {"network:\n  rules:\n    - # nothing\n", NULL,
     "x.yaml:3:6: network.rules.0: found no key \"netem\", expected one"},
    {"faults:\n  random:\n    - null\n", NULL,
     "x.yaml:3:7: faults.random.0: found no key \"kind\", expected one"},
    {"nodes:\n  program:\n", NULL,
     "x.yaml:2:11: nodes.program: found nothing, expected a program's name or "
     "path"},
    {"nodes: {count: 3\n", NULL,
     "x.yaml:2:1: not YAML: did not find expected ',' or '}' while parsing a "
     "flow mapping"},
    {"\tnodes: 3\n", NULL,
     "x.yaml:1:1: not YAML: found character that cannot start any token while "
     "scanning for the next token"},
    {"nodes: &a {count: 3}\n", NULL,
     "x.yaml:1:8: found an anchor (&name), expected a plain value"},
    {"nodes: *a\n", NULL,
     "x.yaml:1:8: found an alias (*name), expected the value itself"},
    {"nodes: !x {count: 3}\n", NULL,
     "x.yaml:1:8: found a tag (!name), expected a plain value"},
    {"[1, 2]: 3\n", NULL, "x.yaml:1:1: found a list as a key, expected a word"},
    {"--- 1\n--- 2\n", NULL,
     "x.yaml:2:1: found a second document, expected one"},
    {"- nodes\n", NULL, "x.yaml:1:1: found a list, expected a map of keys"},
    {"just text\n", NULL,
     "x.yaml:1:1: found \"just text\", expected a map of keys"},
    {"title: \"\\0\"\n", NULL,
     "x.yaml:1:8: found a NUL character, expected text"},
    {"a: 1: 2\n", NULL,
     "x.yaml:1:5: not YAML: mapping values are not allowed in this context"},
    {"nodes: {count: 3}\n", "nodes.count",
     "--set nodes.count: found no \"=\", expected path.to.key=value"},
    {"nodes: {count: 3}\n", "=5",
     "--set =5: found no \"path\", expected path.to.key=value"},
    {"nodes: {count: 3}\n", "nodes..count=5",
     "--set nodes..count=5: found an empty word in the path \"nodes..count\", "
     "expected path.to.key=value"},
    {"nodes: {count: 3}\n", "nodes.cuont=5",
     "--set nodes.cuont=5: nodes.cuont: found an unknown key, did you mean "
     "\"count\"?"},
    {"nodes: {count: 3}\n", "nodes.count=x",
     "--set nodes.count=x: nodes.count: found \"x\", expected a whole number "
     "such as 5"},
    {"nodes: {count: 3}\n", "nodes.count.x=5",
     "--set nodes.count.x=5: found \"3\" before \"x\", expected a map or a "
     "list"},
    {"nodes: {count: 3}\n", "clients.5.count=1",
     "--set clients.5.count=1: found \"5\" in a list, expected an index 0..0"},
    {"nodes: {count: 3}\n", "clients.x.count=1",
     "--set clients.x.count=1: clients: found a map, expected a list of maps"},
    {"nodes: {count: 3}\n", "duration={",
     "--set duration={: not YAML: did not find expected node content while "
     "parsing a flow node"},
    {"nodes: {count: 3}\n", "duration=",
     "--set duration=: duration: found nothing, expected a duration with a "
     "unit such as \"30 s\""},
    {"nodes: {count: 3}\n", "clients.0.count=[1]",
     "--set clients.0.count=[1]: clients.0.count: found a list, expected a "
     "whole number such as 5"},
    {"nodes: {count: 3}\n", "title=*a",
     "--set title=*a: found an alias (*name), expected the value itself"},
};

#endif
