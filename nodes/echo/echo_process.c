/* SPDX-License-Identifier: Apache-2.0 */
/* Echo as a program of its own: `program: ./echo` in a scenario that runs
 * with --isolation process. */
#include "echo.h"
#include "nodes/host/child.h"

int
main(void)
{
    return child_main(&echo_program);
}
