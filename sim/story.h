/* SPDX-License-Identifier: Apache-2.0 */
/* What happened in a run, in plain words and order: elections, faults, who
 * refused or lost requests, when service came back. At most STORY_LINES
 * lines; of a longer story the middle is left out. */
#ifndef SEEDBED_STORY_H
#define SEEDBED_STORY_H

#include "sim/record.h"

#define STORY_LINES 26u
#define STORY_SIZE  4096u

typedef struct Story Story;

Story *story_new(unsigned node_count);
void story_observe(Story *story, const Record *record);
/* Write the story into @text (STORY_SIZE bytes) and release @story. */
void story_finish(Story *story, char *text);

#endif
