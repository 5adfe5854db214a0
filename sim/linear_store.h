/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes as words: equal bytes, equal word. A checker's values and states live
 * here once each, and are compared as numbers.
 *
 * What no word refers to any more can be let go, so that a history of any
 * length is checked in bounded memory: linear_store_mark() what is still
 * needed, then linear_store_sweep(). Words keep their meaning. */
#ifndef SEEDBED_LINEAR_STORE_H
#define SEEDBED_LINEAR_STORE_H

#include "sim/linear_model.h"

typedef struct LinearStore LinearStore;

LinearStore *linear_store_new(void);
void linear_store_free(LinearStore *store);
/* As a model sees it; borrowed. */
LinearTools *linear_store_tools(LinearStore *store);
/* Bytes held. */
size_t linear_store_size(const LinearStore *store);
/* @word is needed, and so is every word in its bytes. What is no word of
 * this store is passed over. */
void linear_store_mark(LinearStore *store, uint64_t word);
/* Let go what was not marked since the last sweep. */
void linear_store_sweep(LinearStore *store);

#endif
