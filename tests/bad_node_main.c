/* SPDX-License-Identifier: Apache-2.0 */
/* The bad node as a process. */
#include "nodes/host/child.h"
#include "tests/bad_node.h"

int
main(void)
{
    return child_main(&bad_node);
}
