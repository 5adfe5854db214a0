/* SPDX-License-Identifier: Apache-2.0 */
/* The table of built-in programs, and the loader of all others. */
#include "nodes/host/programs.h"

#include <gmodule.h>
#include <stdio.h>
#include <string.h>

#include "nodes/echo/echo.h"
#include "nodes/raft/raft_kv.h"

static const NodeProgram *load(const char *path, char *error,
                               size_t error_size);

static const NodeProgram *const builtin[] = {
    &echo_program,
    &raft_kv_program,
};

const NodeProgram *
programs_find(const char *name, char *error, size_t error_size)
{
    if (strchr(name, '/') != NULL) {
        return load(name, error, error_size);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(builtin); i++) {
        if (strcmp(builtin[i]->name, name) == 0) {
            return builtin[i];
        }
    }
    snprintf(error, error_size,
             "no program is called '%s'; `seedbed list` names them all, and "
             "a path with a '/' loads a shared object",
             name);
    return NULL;
}

const NodeProgram *
programs_builtin(unsigned number)
{
    return number < G_N_ELEMENTS(builtin) ? builtin[number] : NULL;
}

static const NodeProgram *
load(const char *path, char *error, size_t error_size)
{
    GModule *module = g_module_open(path, G_MODULE_BIND_LOCAL);
    const NodeProgram *(*get)(void) = NULL;
    const NodeProgram *program;

    if (module == NULL) {
        snprintf(error, error_size, "cannot load %s", g_module_error());
        return NULL;
    }
    if (!g_module_symbol(module, "seedbed_node_program",
                         (gpointer *)(void *)&get) ||
        get == NULL || (program = get()) == NULL) {
        snprintf(error, error_size,
                 "%s: does not export seedbed_node_program()", path);
    } else if (program->abi != NODE_ABI) {
        snprintf(error, error_size, "%s: built for ABI %u, this is ABI %u",
                 path, program->abi, NODE_ABI);
    } else if (program->make == NULL || program->step == NULL ||
               program->free == NULL || program->name == NULL) {
        snprintf(error, error_size,
                 "%s: its program lacks a name, make, step or free", path);
    } else {
        g_module_make_resident(module);
        return program;
    }
    g_module_close(module);
    return NULL;
}
