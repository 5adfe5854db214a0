/* SPDX-License-Identifier: Apache-2.0 */
/* Every 10 ms the leader replicates, a client writes, and somebody answers.
 * All of it is plausible, none of it is a protocol. */
#include "tests/maker_run.h"

#include "sim/plan.h"

#define BEAT (10 * SIM_MS)

typedef struct Run {
    Maker *maker;
    unsigned node_count, client_count;
    NodeId leader; /* 0: none */
    uint64_t term, index;
    SimTime now;
    Stream dice;
} Run;

static void elect(Run *run, NodeId candidate, NodeId silent);
static void replicate(Run *run, NodeId silent);
static void operate(Run *run, NodeId client, uint64_t id);
static void answer(Run *run, NodeId client, uint64_t id, SimTime invoked);
static void connect_client(Run *run, NodeId client, uint32_t number);
static void partition(Run *run, bool heal);
static void crash(Run *run, NodeId node, bool restart);
static void step(Run *run, SimTime later, NodeId cell);

void
maker_run(Maker *maker, unsigned node_count, unsigned client_count,
          unsigned seconds, bool faults)
{
    Run run = {maker, node_count, client_count, 0, 0, 0, 0, {42, 0}};
    unsigned beats = seconds * 100;
    NodeId silent = 0;

    for (NodeId node = 1; node <= node_count; node++) {
        step(&run, node, node);
        maker_start(maker, 1, NULL, 0);
        maker_probe(maker, PROBE_RAFT_ROLE, 0, 0, 0);
        maker_end(maker);
    }
    for (unsigned i = 0; i < client_count; i++) {
        connect_client(&run, node_count + 1 + i, 0);
    }
    for (unsigned beat = 1; beat < beats; beat++) {
        run.now = beat * BEAT;
        if (beat == 15) {
            elect(&run, 1, 0);
        }
        if (faults && beat == beats / 3) {
            partition(&run, false);
            silent = 1;
            run.leader = 0;
        }
        if (faults && node_count > 1 && beat == beats / 3 + 40) {
            elect(&run, 2, 1);
        }
        if (faults && beat == beats / 2) {
            partition(&run, true);
            silent = 0;
        }
        if (faults && node_count > 2 && beat == beats * 2 / 3) {
            crash(&run, node_count, false);
            silent = node_count;
        }
        if (faults && node_count > 2 && beat == beats * 5 / 6) {
            crash(&run, node_count, true);
            silent = 0;
        }
        if (run.leader != 0) {
            replicate(&run, silent);
        }
        for (unsigned i = 0; i < client_count; i++) {
            if ((beat + i) % 3 == 0) {
                operate(&run, node_count + 1 + i, beat);
            }
        }
    }
}

static void
elect(Run *run, NodeId candidate, NodeId silent)
{
    run->term++;
    step(run, SIM_US, candidate);
    maker_timer(run->maker, 1);
    maker_probe(run->maker, PROBE_RAFT_ROLE, 2, run->term, 0);
    for (NodeId node = 1; node <= run->node_count; node++) {
        if (node != candidate) {
            Fact *fact = maker_send(
                run->maker, node, CHANNEL_RAFT,
                maker_vote_request(run->term, run->index, false), 2 * SIM_MS);

            if (node == silent) {
                fact->fate.copy_count = 0;
                fact->fate.drop = FATE_PARTITION;
            }
        }
    }
    maker_end(run->maker);
    for (NodeId node = 1; node <= run->node_count; node++) {
        if (node != candidate && node != silent) {
            step(run, SIM_US, node);
            maker_message(run->maker, candidate, link_datagram(candidate),
                          CHANNEL_RAFT,
                          maker_vote_request(run->term, run->index, false));
            maker_probe(run->maker, PROBE_RAFT_ROLE, 0, run->term, 0);
            maker_probe(run->maker, PROBE_RAFT_VOTE, run->term, candidate, 0);
            maker_end(run->maker);
        }
    }
    step(run, 2 * SIM_MS, candidate);
    if (run->node_count > 1) {
        NodeId voter = candidate == 2 ? 3 : 2;

        maker_message(run->maker, voter, link_datagram(voter), CHANNEL_RAFT,
                      maker_vote_reply(run->term, true));
    } else {
        maker_timer(run->maker, 2);
    }
    maker_probe(run->maker, PROBE_RAFT_ROLE, 3, run->term, candidate);
    maker_end(run->maker);
    run->leader = candidate;
}

static void
replicate(Run *run, NodeId silent)
{
    unsigned entry_count = run->index % 50 == 49 ? 200 : 2;
    Slice request =
        maker_append_request(run->term, run->index, entry_count, 40);

    step(run, SIM_US, run->leader);
    maker_timer(run->maker, 2);
    for (NodeId node = 1; node <= run->node_count; node++) {
        if (node == run->leader) {
            continue;
        }

        Fact *fact =
            maker_send(run->maker, node, CHANNEL_RAFT, request, SIM_MS);

        if (node == silent) {
            fact->fate.copy_count = 0;
            fact->fate.drop =
                run->now % (7 * BEAT) == 0 ? FATE_NODE_DOWN : FATE_PARTITION;
        }
    }
    run->index++;
    maker_probe(run->maker, PROBE_RAFT_COMMIT, run->index, run->term, 0);
    maker_end(run->maker);
    for (NodeId node = 1; node <= run->node_count; node++) {
        if (node != run->leader && node != silent) {
            for (unsigned copy = 0; copy < (run->index % 20 == 0 ? 2u : 1u);
                 copy++) {
                step(run, SIM_US, node);
                maker_message(run->maker, run->leader,
                              link_datagram(run->leader), CHANNEL_RAFT,
                              run->index % 100 == 0 ? maker_flip(request, 9)
                                                    : request);
                maker_end(run->maker);
            }
        }
    }
}

static void
operate(Run *run, NodeId client, uint64_t id)
{
    NodeId server = run->leader != 0 ? run->leader : 1;
    uint64_t invoke[] = {client, id % 5, 2, 5};
    LinkId link = link_stream(server, CHANNEL_CLIENT, 0);
    Slice request = maker_kv_request(id, (int)(id % 5), "k3", "value");

    step(run, SIM_US, client);

    SimTime invoked = run->now;

    maker_timer(run->maker, 1);
    effects_probe(&run->maker->fx, PROBE_CLIENT_INVOKE, invoke, 4,
                  slice_text("k3value"));

    Fact *fact = maker_fact(run->maker, FACT_SEND);

    fact->link = link;
    fact->channel = CHANNEL_CLIENT;
    fact->bytes = request;
    maker_end(run->maker);
    for (unsigned half = 0; half < 2; half++) {
        step(run, SIM_US, server);
        maker_message(run->maker, client, link_far_end(link, client),
                      CHANNEL_CLIENT,
                      slice_sub(request, half * 5, half == 0 ? 5 : 100));
        maker_end(run->maker);
    }
    answer(run, client, id, invoked);
}

static void
answer(Run *run, NodeId client, uint64_t id, SimTime invoked)
{
    NodeId server = run->leader != 0 ? run->leader : 1;
    LinkId link = link_stream(server, CHANNEL_CLIENT, 0);
    uint64_t draw = stream_below(&run->dice, 1000);
    unsigned outcome = run->leader == 0 ? 2 + id % 2 : draw < 20 ? 3 : 1;
    uint64_t values[] = {client, outcome, id % 5, 0};
    SimTime now = run->now;

    (void)invoked;
    step(run, 300 * SIM_US + draw * draw * 5, client);
    maker_message(run->maker, server, link, CHANNEL_CLIENT,
                  maker_kv_reply(id, outcome == 1 ? 0 : 4, "abcdefgh",
                                 id % 40 == 0 ? 70000 : 8));
    effects_probe(&run->maker->fx, PROBE_CLIENT_OUTCOME, values, 4, (Slice){0});
    maker_end(run->maker);
    run->now = now;
}

static void
connect_client(Run *run, NodeId client, uint32_t number)
{
    for (NodeId server = 1; server <= run->node_count && server <= 2;
         server++) {
        LinkId link = link_stream(server, CHANNEL_CLIENT, number);

        step(run, SIM_US, server);
        maker_link(run->maker, link_far_end(link, client), LINK_UP);
        maker_end(run->maker);
        step(run, SIM_US, client);
        maker_link(run->maker, link, LINK_UP);
        maker_end(run->maker);
    }
}

static void
partition(Run *run, bool heal)
{
    step(run, SIM_US, 0);

    Fact *fact = maker_fact(run->maker, heal ? FACT_HEAL : FACT_FAULT);

    fact->value = 1;
    fact->fault_kind = FAULT_PARTITION;
    fact->text = heal ? NULL : "partition n1 | n2 n3 n4 n5";
    maker_end(run->maker);
    for (unsigned i = 0; i < run->client_count && !heal; i++) {
        NodeId client = run->node_count + 1 + i;
        LinkId link = link_stream(1, CHANNEL_CLIENT, 0);

        step(run, SIM_US, client);
        maker_link(run->maker, link, i == 0 ? LINK_RESET : LINK_DOWN);
        maker_end(run->maker);
        step(run, SIM_US, 1);
        maker_link(run->maker, link_far_end(link, client),
                   i == 0 ? LINK_RESET : LINK_DOWN);
        maker_end(run->maker);
        connect_client(run, client, 0);
    }
}

static void
crash(Run *run, NodeId node, bool restart)
{
    static const FileInfo file = {"raft-log-1", 4096};
    Fact *fact;

    step(run, SIM_US, 0);
    if (!restart) {
        fact = maker_fact(run->maker, FACT_FAULT);
        fact->value = 2;
        fact->fault_kind = FAULT_CRASH;
        fact->text = "crash n5";
        fact = maker_fact(run->maker, FACT_CRASH);
        fact->node = node;
        maker_end(run->maker);
        return;
    }
    fact = maker_fact(run->maker, FACT_HEAL);
    fact->value = 2;
    maker_end(run->maker);
    step(run, SIM_US, node);
    fact = maker_fact(run->maker, FACT_RESTART);
    fact->value = 2;
    maker_start(run->maker, 2, &file, 1);
    maker_probe(run->maker, PROBE_RAFT_ROLE, 0, run->term, 0);
    maker_end(run->maker);
}

static void
step(Run *run, SimTime later, NodeId cell)
{
    run->now += later;
    maker_begin(run->maker, run->now, cell);
}
