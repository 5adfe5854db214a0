/* SPDX-License-Identifier: Apache-2.0 */
/* The table of models, and the loader of all others. */
#include "sim/linear_models.h"

#include <gmodule.h>
#include <inttypes.h>
#include <string.h>

#include "sim/linear_models_private.h"

#define VALUE_SHOWN 24u

#define MODELS_ERROR (g_quark_from_static_string("seedbed-models"))

static const LinearModel *load(const char *path, GError **error);

static const LinearModel *const models[] = {
    &linear_models_register, &linear_models_cas_register, &linear_models_kv,
    &linear_models_kv_whole, &linear_models_counter,      &linear_models_queue,
    &linear_models_set,
};

const LinearModel *
linear_models_find(const char *name, GError **error)
{
    if (strchr(name, '/') != NULL) {
        return load(name, error);
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(models); i++) {
        if (strcmp(models[i]->name, name) == 0) {
            return models[i];
        }
    }
    g_set_error(error, MODELS_ERROR, 0,
                "found model '%s', expected one of `seedbed list models`, or "
                "the path, with a '/', of a shared object",
                name);
    return NULL;
}

const LinearModel *
linear_models_get(unsigned number)
{
    return number < G_N_ELEMENTS(models) ? models[number] : NULL;
}

static const LinearModel *
load(const char *path, GError **error)
{
    GModule *module = g_module_open(path, G_MODULE_BIND_LOCAL);
    const LinearModel *(*get)(void) = NULL;
    const LinearModel *model;

    if (module == NULL) {
        g_set_error(error, MODELS_ERROR, 0, "cannot load %s", g_module_error());
        return NULL;
    }
    if (!g_module_symbol(module, "seedbed_linear_model",
                         (gpointer *)(void *)&get) ||
        get == NULL || (model = get()) == NULL) {
        g_set_error(error, MODELS_ERROR, 0,
                    "%s: does not export seedbed_linear_model()", path);
    } else if (model->abi != LINEAR_MODEL_ABI) {
        g_set_error(error, MODELS_ERROR, 0,
                    "%s: built for ABI %u, this is ABI %u", path, model->abi,
                    LINEAR_MODEL_ABI);
    } else if (model->name == NULL || model->begin == NULL ||
               model->asked == NULL || model->told == NULL ||
               model->step == NULL) {
        g_set_error(error, MODELS_ERROR, 0,
                    "%s: its model lacks a name, begin, asked, told or step",
                    path);
    } else {
        g_module_make_resident(module);
        return model;
    }
    g_module_close(module);
    return NULL;
}

void
linear_models_value_text(LinearTools *tools, uint64_t word, char *text,
                         size_t size)
{
    LinearValue value = tools->value_of(tools, word);
    size_t at = strlen(text);
    const uint8_t *data = value.data;

    if (value.kind == LINEAR_NULL) {
        g_strlcat(text, "null", size);
    } else if (value.kind == LINEAR_NUMBER) {
        g_snprintf(text + at, size - at, "%" PRId64, value.number);
    } else {
        size_t shown = MIN(value.size, VALUE_SHOWN);
        GString *quoted = g_string_new("\"");

        for (size_t i = 0; i < shown; i++) {
            if (data[i] >= 0x20 && data[i] < 0x7f && data[i] != '"' &&
                data[i] != '\\') {
                g_string_append_c(quoted, (char)data[i]);
            } else {
                g_string_append_printf(quoted, "\\x%02x", data[i]);
            }
        }
        g_string_append(quoted, shown < value.size ? "...\"" : "\"");
        g_strlcat(text, quoted->str, size);
        g_string_free(quoted, TRUE);
    }
}
