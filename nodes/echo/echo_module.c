/* SPDX-License-Identifier: Apache-2.0 */
/* Echo as a shared object: `program: ./echo.so` in a scenario. */
#include "echo.h"

NODE_EXPORT const NodeProgram *
seedbed_node_program(void)
{
    return &echo_program;
}
