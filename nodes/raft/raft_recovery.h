/* SPDX-License-Identifier: Apache-2.0 */
/* What a restart makes of the files that survived: term and vote, the newest
 * snapshot, the log behind it. Nobody says which bytes are wrong; damage
 * below what was known durable is corruption, and the node refuses to go on
 * (a vote or an acknowledgement may be lost); above it, a torn tail. */
#ifndef SEEDBED_RAFT_RECOVERY_H
#define SEEDBED_RAFT_RECOVERY_H

#include "nodes/raft/raft.h"

void raft_recovery_begin(Raft *raft, const Input *input, Effects *fx);
/* A READ or SYNC is done. */
void raft_recovery_read(Raft *raft, const Input *input, Effects *fx);
void raft_recovery_synced(Raft *raft, Token token, int error, Effects *fx);
void raft_recovery_free(Raft *raft);

#endif
