/* SPDX-License-Identifier: Apache-2.0 */
/* The bytes of streams back into messages: many streams, each cut by length
 * prefixes (4 bytes big-endian) wherever the network happened to cut it. */
#ifndef SEEDBED_FRAMES_H
#define SEEDBED_FRAMES_H

#include "nodes/node.h"

/* A message that claims to be longer is no message: the rest of its stream
 * is given up. */
#define FRAMES_MESSAGE_MAX (64u * 1024u * 1024u)

typedef struct Frames Frames;

/* One whole message; @data is borrowed for the call. */
typedef void (*FramesFunction)(void *data, const uint8_t *bytes, size_t size);

Frames *frames_new(void);
void frames_free(Frames *frames);
/* Append @size bytes to stream @link of @cell (the two are its name) and
 * call @function for every message that is now whole. Returns the number of
 * bytes still waiting for the rest of theirs; -1 when the stream is given
 * up. */
long frames_push(Frames *frames, uint32_t cell, LinkId link,
                 const uint8_t *bytes, size_t size, FramesFunction function,
                 void *data);
/* Call @function for every message of @bytes and return true, when these are
 * whole messages and nothing else; else do nothing. */
bool frames_whole(const uint8_t *bytes, size_t size, FramesFunction function,
                  void *data);
/* Forget what waits on one stream, or on all of @cell. */
void frames_drop(Frames *frames, uint32_t cell, LinkId link);
void frames_drop_cell(Frames *frames, uint32_t cell);

#endif
