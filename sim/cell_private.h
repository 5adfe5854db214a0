/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of a cell share. cell.c takes events and steps the program,
 * cell_effects.c carries out what it asks for, cell_life.c is what befalls
 * the host, cell_output.c keeps what happened until everybody has seen it. */
#ifndef SEEDBED_CELL_PRIVATE_H
#define SEEDBED_CELL_PRIVATE_H

#include "sim/cell.h"

void cell_effects_apply(Cell *cell);
void cell_effects_datagram(Cell *cell, NodeId peer, Channel channel,
                           uint64_t seq, Bytes *bytes);
void cell_effects_release(Cell *cell, Token token, bool ok);
void cell_effects_waiting_clear(CellWaiting *waiting);
void cell_nonsense(Cell *cell, const char *format, ...) G_GNUC_PRINTF(2, 3);
void cell_die(Cell *cell);
void cell_end_process(Cell *cell);
void cell_stop_program(Cell *cell);
SimTime cell_explored(Cell *cell, SimTime at, uint64_t seq);

#endif
