/* SPDX-License-Identifier: Apache-2.0 */
/* The catalogue of planted bugs. */
#include "nodes/bugs.h"

#include <string.h>

uint64_t bugs_mask;

static const BugRow rows[] = {
#define BUG_ROW(name, text, protocol, scenario, broken, source)                \
    {text, protocol, scenario, broken, source},
#include "nodes/bugs.def"
#undef BUG_ROW
};

_Static_assert(BUG_COUNT <= 64, "bugs_mask has 64 bits");

int
bugs_find(const char *name)
{
    for (int i = 0; i < BUG_COUNT; i++) {
        if (strcmp(rows[i].name, name) == 0) {
            return i;
        }
    }
    return -1;
}

const BugRow *
bugs_row(int number)
{
    return &rows[number];
}
