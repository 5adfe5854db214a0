/* SPDX-License-Identifier: Apache-2.0 */
/* Node programs that are called directly: the default, the fastest. A death
 * there ends the engine's process; crash_box.c has its parent tell how. */
#include "sim/carrier.h"

#include "nodes/host/control.h"
#include "nodes/host/programs.h"
#include "sim/crash_box.h"

typedef struct Inline {
    Carrier carrier;
    const NodeProgram *program;
    void *instance; /* NULL: not running */
} Inline;

static bool inline_start(Carrier *carrier, const NodeSetup *setup,
                         GError **error);
static unsigned inline_step(Carrier *carrier, const Input *inputs,
                            unsigned count, Effects *fx, unsigned *done,
                            CarrierDeath *death);
static void inline_kill(Carrier *carrier);
static void inline_free(Carrier *carrier);

static const CarrierOps ops = {"inline", inline_start, inline_step, inline_kill,
                               inline_free};

/* One input at a time: a call costs nothing, and the effects of a step may
 * point into buffers of the node that its next step changes. */
static unsigned
inline_step(Carrier *carrier, const Input *inputs, unsigned count, Effects *fx,
            unsigned *done, CarrierDeath *death)
{
    Inline *self = (Inline *)carrier;
    ControlError error;

    g_assert(count >= 1 && self->instance != NULL);
    effects_reset(&fx[0]);
    crash_box_enter(carrier->node, &inputs[0]);
    self->program->step(self->instance, &inputs[0], &fx[0]);
    crash_box_leave();
    if (G_UNLIKELY(!control_effects_ok(&fx[0], &error))) {
        memset(death, 0, sizeof *death);
        death->died = true;
        death->nonsense = true;
        g_strlcpy(death->text, error.text, sizeof death->text);
        inline_kill(carrier);
        effects_reset(&fx[0]);
        *done = 0;
        return 0;
    }
    *done = 1;
    return 1;
}

static bool
inline_start(Carrier *carrier, const NodeSetup *setup, GError **error)
{
    Inline *self = (Inline *)carrier;
    char text[256] = "";

    g_assert(setup->self == carrier->node && setup->config != NULL);
    inline_kill(carrier);
    self->instance = self->program->make(setup, text, sizeof text);
    if (self->instance == NULL) {
        g_set_error(error, CARRIER_ERROR, 0, "node %u: %s", carrier->node,
                    text[0] != '\0' ? text : "refused its configuration");
    }
    return self->instance != NULL;
}

static void
inline_kill(Carrier *carrier)
{
    Inline *self = (Inline *)carrier;

    if (self->instance != NULL) {
        self->program->free(self->instance);
        self->instance = NULL;
    }
}

static void
inline_free(Carrier *carrier)
{
    inline_kill(carrier);
    g_free(carrier);
}

Carrier *
cluster_inline_new(const CarrierConfig *config, NodeId node, GError **error)
{
    char text[256] = "";
    const NodeProgram *program =
        programs_find(config->program, text, sizeof text);

    if (program == NULL) {
        g_set_error_literal(error, CARRIER_ERROR, 0, text);
        return NULL;
    }
    return cluster_inline_program(program, node);
}

Carrier *
cluster_inline_program(const NodeProgram *program, NodeId node)
{
    Inline *self = g_new0(Inline, 1);

    self->carrier.ops = &ops;
    self->carrier.node = node;
    self->program = program;
    return &self->carrier;
}
