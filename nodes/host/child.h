/* SPDX-License-Identifier: Apache-2.0 */
/* A simulated process: a node program behind the control protocol on fd 3.
 * The simulator starts it, asks it step by step, and kills it when the node
 * is to crash. A program of one's own becomes such a process with
 *
 *     int
 *     main(void)
 *     {
 *         return child_main(&my_program);
 *     }
 */
#ifndef SEEDBED_CHILD_H
#define SEEDBED_CHILD_H

#include "nodes/node.h"

/* Serve @program until the simulator says so or goes away. Returns the exit
 * status: 0, or 2 when not started by a simulator. */
int child_main(const NodeProgram *program);

/* As child_main(), but the simulator names the program: @find returns it, or
 * NULL with one line in @error. @bugs is the mask of nodes/bugs.h. */
typedef const NodeProgram *(*ChildFind)(const char *name, uint64_t bugs,
                                        char *error, size_t error_size);
int child_run(ChildFind find);

#endif
