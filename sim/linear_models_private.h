/* SPDX-License-Identifier: Apache-2.0 */
/* The built-in models, for the table of linear_models.c. */
#ifndef SEEDBED_LINEAR_MODELS_PRIVATE_H
#define SEEDBED_LINEAR_MODELS_PRIVATE_H

#include "sim/linear_model.h"

extern const LinearModel linear_models_register;
extern const LinearModel linear_models_cas_register;
extern const LinearModel linear_models_kv;
extern const LinearModel linear_models_kv_whole;
extern const LinearModel linear_models_counter;
extern const LinearModel linear_models_queue;
extern const LinearModel linear_models_set;

#endif
